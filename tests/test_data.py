"""MNIST's files under any name, whole or damaged; what is read from them; the batches made of it.

None of these tests may ask the network for a file that lies there.
"""

import gzip
import hashlib
import math
import os
import tracemalloc

import numpy as np
import pytest

import data
import mirror
from mirror import CONTENTS, LARGEST, PACKED


@pytest.fixture(autouse=True)
def no_mirror(monkeypatch):
    mirror.use(["no address"], monkeypatch.setattr)


NAMES = {  # what the file {name} is called, and whether it is packed there
    "as the mirrors send it": ("{name}.gz", True),
    "unpacked": ("{name}", False),
    "unpacked by 7-Zip": ("{dotted}", False),
    "unpacked but still called .gz": ("{name}.gz", False),
    "packed but not called .gz": ("{name}", True),
    "downloaded twice": ("{name} (1).gz", True),
    "downloaded twice by wget": ("{name}.gz.1", True),
    "of torchvision": ("MNIST/raw/{name}", False),
    "of Kaggle": ("archive/{name}/{name}", False),
    "with a name of one's own": ("第 {number} 个文件", True),
}


@pytest.mark.parametrize("form", NAMES)
def test_files_that_lie_there_are_read_whatever_their_name_and_left_alone(form, tmp_path, capsys):
    pattern, packed = NAMES[form]
    folder = tmp_path / "my [data] 数据"
    for number, (name, content) in enumerate(CONTENTS.items()):
        dotted = name.replace("-idx", ".idx")
        path = folder / pattern.format(name=name, dotted=dotted, number=number)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(PACKED[f"{name}.gz"] if packed else content)
    (folder / "notes.txt").write_text("mine")
    before = sorted(folder.rglob("*"))
    images, labels, test_images, test_labels = data.load_mnist(folder)
    assert images.dtype == labels.dtype == test_images.dtype == test_labels.dtype == np.uint8
    assert (images.shape, labels.shape) == ((60, 784), (60,))
    assert (test_images.shape, test_labels.shape) == ((20, 784), (20,))
    assert images.tobytes() == CONTENTS["train-images-idx3-ubyte"][16:]
    assert labels.tobytes() == CONTENTS["train-labels-idx1-ubyte"][8:]
    assert test_images.tobytes() == CONTENTS["t10k-images-idx3-ubyte"][16:]
    assert test_labels.tobytes() == CONTENTS["t10k-labels-idx1-ubyte"][8:]
    assert sorted(folder.rglob("*")) == before
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("end", [".gz", ""])
def test_no_other_file_is_opened_where_those_of_the_usual_names_are_right(
    end, tmp_path, monkeypatch
):
    for name, content in CONTENTS.items():
        (tmp_path / f"{name}{end}").write_bytes(PACKED[f"{name}.gz"] if end else content)
    (tmp_path / "notes.txt").write_text("mine")
    opened = []

    def recording(path, mode):
        opened.append(os.path.basename(path))
        return open(path, mode)

    monkeypatch.setattr(data, "open", recording, raising=False)
    data.load_mnist(tmp_path)
    assert opened == [f"{name}{end}" for name in CONTENTS]


def test_the_right_file_is_found_beside_a_damaged_one_of_the_usual_name(tmp_path):
    mirror.put(tmp_path)
    (tmp_path / LARGEST).write_bytes(b"junk")
    (tmp_path / "train-images (1)").write_bytes(PACKED[LARGEST])
    assert len(data.load_mnist(tmp_path)[0]) == 60
    assert (tmp_path / LARGEST).read_bytes() == b"junk"


def test_files_deeper_than_two_folders_are_not_looked_for(tmp_path):
    mirror.put(tmp_path / "1" / "2" / "3")
    with pytest.raises(data.DataError):
        data.load_mnist(tmp_path)


RIGHT, PACKED_RIGHT = CONTENTS[LARGEST[:-3]], PACKED[LARGEST]
DAMAGED = {
    "empty": b"",
    "one byte long": b"\x1f",
    "a byte short": PACKED_RIGHT[:-1],
    "twenty bytes long": PACKED_RIGHT[:20],
    "with one other byte": PACKED_RIGHT[:99] + b"\0" + PACKED_RIGHT[100:],
    "followed by something": PACKED_RIGHT + b"x",
    "of one other pixel": RIGHT[:-1] + bytes([RIGHT[-1] ^ 1]),
    "of one other pixel, packed": gzip.compress(RIGHT[:-1] + bytes([RIGHT[-1] ^ 1])),
    "packed twice": gzip.compress(PACKED_RIGHT),
    "another of the four": PACKED["t10k-images-idx3-ubyte.gz"],
    "a log-in page": b"<html>Please log in</html>",
    "a bomb": gzip.compress(bytes(9_999_999)),
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
@pytest.mark.parametrize("name", [LARGEST, LARGEST[:-3]])
def test_a_damaged_file_is_named_and_left_alone_until_the_right_one_has_come(
    name, content, tmp_path, capsys, monkeypatch
):
    mirror.put(tmp_path, LARGEST)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(data.DataError):
        data.load_mnist(tmp_path)
    assert f"{name} is damaged" in capsys.readouterr().out
    assert (tmp_path / name).read_bytes() == content
    with mirror.Mirror(mirror.serves_the_files) as server:
        mirror.use([server.url], monkeypatch.setattr)
        assert len(data.load_mnist(tmp_path)[0]) == 60
    assert server.requests == [(f"/mnist/{LARGEST}", 0)]
    assert (tmp_path / LARGEST).read_bytes() == PACKED_RIGHT


@pytest.mark.parametrize(
    ("content", "unpacked"),
    [
        (bytes(50_000_000), False),
        (gzip.compress(bytes(50_000_000), 1), False),
        (gzip.compress(bytes(50_000_000), 9), True),
    ],
    ids=["unpacked", "packed", "a bomb"],
)
def test_a_file_of_any_size_takes_little_memory(content, unpacked, tmp_path, monkeypatch):
    if not unpacked:  # nor any time
        monkeypatch.setattr(gzip, "GzipFile", None)
        monkeypatch.setattr(hashlib, "sha256", None)
    (tmp_path / LARGEST).write_bytes(content)
    tracemalloc.start()
    with pytest.raises(data.DataError):
        data.load_mnist(tmp_path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


def test_standardised_pixels_have_mean_0_and_deviation_1_over_the_training_images():
    pixels = np.array([0, 255], dtype=np.uint8)
    x = data.standardise(pixels)
    assert x.dtype == np.float32
    np.testing.assert_allclose(x, [-0.1307 / 0.3081, (1 - 0.1307) / 0.3081], rtol=1e-6)
    np.testing.assert_array_equal(pixels, [0, 255])


def test_one_hot_has_a_1_in_the_column_of_the_label():
    y = data.one_hot(np.array([2, 0, 9], dtype=np.uint8))
    assert (y.dtype, y.shape) == (np.float32, (3, 10))
    np.testing.assert_array_equal(y.argmax(axis=1), [2, 0, 9])
    np.testing.assert_array_equal(y.sum(axis=1), 1)


@pytest.mark.parametrize("batch_size", [1, 4, 7, 20, 100])
def test_a_pass_over_the_batches_brings_each_image_once_with_its_label(batch_size):
    labels = np.arange(20, dtype=np.uint8) % 10
    images = np.repeat(np.arange(20, dtype=np.uint8)[:, None], 784, axis=1)
    batches = data.Batches(images, labels, batch_size, np.random.default_rng(0))
    orders = []
    for _ in range(2):
        passed = list(batches)
        assert len(passed) == len(batches) == math.ceil(20 / batch_size)
        assert [len(x) for x, _ in passed[:-1]] == [batch_size] * (len(passed) - 1)
        x, y = (np.concatenate(parts) for parts in zip(*passed, strict=True))
        drawn = np.rint((x[:, 0] * 0.3081 + 0.1307) * 255).astype(int)
        np.testing.assert_array_equal(np.sort(drawn), np.arange(20))
        np.testing.assert_array_equal(y.argmax(axis=1), drawn % 10)
        orders.append(drawn)
    assert not np.array_equal(orders[0], np.arange(20))
    assert not np.array_equal(*orders)


def test_batches_are_augmented_as_images_and_follow_the_seed():
    images, labels = np.zeros((10, 784), dtype=np.uint8), np.arange(10, dtype=np.uint8)
    seen = []

    def invert(batch):
        assert batch.dtype == np.uint8
        seen.append(len(batch))
        return 255 - batch

    passes = [
        list(data.Batches(images, labels, 4, np.random.default_rng(3), invert)) for _ in range(2)
    ]
    assert seen == [4, 4, 2, 4, 4, 2]
    for (x, y), (x_again, y_again) in zip(*passes, strict=True):
        np.testing.assert_array_equal(x, x_again)
        np.testing.assert_array_equal(y, y_again)
        np.testing.assert_allclose(x, (1 - 0.1307) / 0.3081, rtol=1e-6)
    assert not images.any()


@pytest.mark.skipif(
    not (data.DATA_DIR / LARGEST).exists(), reason="MNIST is not in data/: run data.py for it"
)
def test_mnist_as_published_is_what_the_table_of_files_says(monkeypatch):
    monkeypatch.undo()
    images, labels, test_images, test_labels = data.load_mnist(data.DATA_DIR)
    assert (images.shape, test_images.shape) == ((60_000, 784), (10_000, 784))
    assert labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert test_labels[:5].tolist() == [7, 2, 1, 0, 4]
    x = data.standardise(images)
    assert abs(x.mean()) < 1e-3
    assert abs(x.std() - 1) < 1e-3
