"""MNIST's files under any name, whole or damaged; what is read from them; the batches made of it.

None of these tests may ask the network for a file that lies there.
"""

import gzip
import math
import tracemalloc

import numpy as np
import pytest

import data
import mirror
from mirror import CONTENTS, LARGEST, PACKED
from support.language import UserError


@pytest.fixture(autouse=True)
def no_mirror(monkeypatch):
    mirror.use(["no address"], monkeypatch.setattr)


NAMES = {  # what the file {name} is called, and whether it is packed there
    "as the mirrors send it": ("{name}.gz", True),
    "unpacked": ("{name}", False),
    "unpacked but still called .gz": ("{name}.gz", False),
    "downloaded twice": ("{name} (1).gz", True),
    "of Kaggle": ("archive/{name}/{name}", False),
    "with a name of one's own": ("数据 {initials}", True),
}


@pytest.mark.parametrize("form", NAMES)
def test_files_that_lie_there_are_read_whatever_their_name_and_left_alone(form, tmp_path, capsys):
    pattern, packed = NAMES[form]
    folder = tmp_path / "my [data] 数据"
    for name, content in CONTENTS.items():
        path = folder / pattern.format(name=name, initials=name[:8])
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(PACKED[f"{name}.gz"] if packed else content)
    before = sorted(folder.rglob("*"))
    images, labels, test_images, test_labels = data.load_mnist(folder)
    assert images.dtype == labels.dtype == test_images.dtype == test_labels.dtype == np.uint8
    assert (images.shape, test_images.shape) == ((60, 784), (20, 784))
    loaded = images, labels, test_images, test_labels
    for array, content in zip(loaded, CONTENTS.values(), strict=True):
        assert array.tobytes() == content[-array.size :]
    assert sorted(folder.rglob("*")) == before
    assert capsys.readouterr().out == ""


def test_files_deeper_than_two_folders_are_not_looked_for(tmp_path):
    mirror.put(tmp_path / "1" / "2" / "3")
    with pytest.raises(UserError):
        data.load_mnist(tmp_path)


RIGHT, PACKED_RIGHT = CONTENTS[LARGEST[:-3]], PACKED[LARGEST]
DAMAGED = {
    "empty": b"",
    "a byte short": PACKED_RIGHT[:-1],
    "with one other byte": PACKED_RIGHT[:99] + b"\0" + PACKED_RIGHT[100:],
    "of one other pixel": gzip.compress(RIGHT[:-1] + bytes([RIGHT[-1] ^ 1])),
    "another of the four": PACKED["t10k-images-idx3-ubyte.gz"],
    "a log-in page": b"<html>Please log in</html>",
}


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
@pytest.mark.parametrize("name", [LARGEST, LARGEST[:-3]])
def test_a_damaged_file_is_named_and_left_alone_until_the_right_one_has_come(
    name, content, tmp_path, capsys, monkeypatch
):
    mirror.put(tmp_path, LARGEST)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError):
        data.load_mnist(tmp_path)
    assert f"{name} is damaged" in capsys.readouterr().out
    assert (tmp_path / name).read_bytes() == content
    with mirror.Mirror(mirror.serves_the_files) as server:
        mirror.use([server.url], monkeypatch.setattr)
        assert len(data.load_mnist(tmp_path)[0]) == 60
    assert server.requests == [(f"/mnist/{LARGEST}", 0)]
    assert (tmp_path / LARGEST).read_bytes() == PACKED_RIGHT


def test_a_bomb_and_a_huge_file_take_little_memory(tmp_path):
    zeros = bytes(50_000_000)
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(zeros))
    (tmp_path / LARGEST).write_bytes(zeros)
    del zeros
    tracemalloc.start()
    with pytest.raises(UserError):
        data.load_mnist(tmp_path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000


def test_pixels_are_standardised_and_labels_one_hot():
    pixels = np.array([0, 255], dtype=np.uint8)
    x = data.standardise(pixels)
    y = data.one_hot(np.array([2, 0, 9], dtype=np.uint8))
    assert x.dtype == y.dtype == np.float32
    np.testing.assert_allclose(x, [-0.1307 / 0.3081, (1 - 0.1307) / 0.3081], rtol=1e-6)
    np.testing.assert_array_equal(pixels, [0, 255])
    np.testing.assert_array_equal(y, np.arange(10) == [[2], [0], [9]])


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
    passes = [
        list(data.Batches(images, labels, 4, np.random.default_rng(3), np.invert)) for _ in range(2)
    ]
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
