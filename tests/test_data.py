"""MNIST's files, good and bad; what is read from them; and the batches made of it."""

import bz2
import gzip
import math
import os
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import canvas_accuracy
import data
import mirror
from bytes_gone_wrong import mutations_of
from mirror import CONTENTS, LARGEST, ZIPPED, Mirror, idx


@pytest.fixture
def server(monkeypatch):
    monkeypatch.delenv("MNIST_MIRROR", raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with Mirror(mirror.serves_the_files) as server:
        mirror.use([server.url], monkeypatch.setattr)
        yield server


def fetch(folder):
    return data.main(["--data_dir", str(folder)])


@pytest.mark.parametrize("form", ["zipped", "unzipped", "both", "mixed"])
def test_files_that_are_there_are_read_and_nothing_is_asked_of_the_network(form, server, tmp_path):
    for i, (name, content) in enumerate(CONTENTS.items()):
        if form in ("zipped", "both") or (form == "mixed" and i % 2):
            (tmp_path / f"{name}.gz").write_bytes(ZIPPED[f"{name}.gz"])
        if form in ("unzipped", "both") or (form == "mixed" and not i % 2):
            (tmp_path / name).write_bytes(content)
    before = sorted(tmp_path.iterdir())
    images, labels, test_images, test_labels = data.load_mnist(tmp_path)
    assert images.dtype == labels.dtype == np.uint8
    assert images.tobytes() == CONTENTS["train-images-idx3-ubyte"][16:]
    assert labels.tobytes() == CONTENTS["train-labels-idx1-ubyte"][8:]
    assert (images.shape, labels.shape) == ((60, 784), (60,))
    assert (test_images.shape, test_labels.shape) == ((20, 784), (20,))
    assert not server.requests
    assert sorted(tmp_path.iterdir()) == before


def test_data_that_is_complete_is_read_from_a_folder_that_takes_no_lock(server, tmp_path):
    mirror.put(tmp_path)
    (tmp_path / ".lock").mkdir()
    assert fetch(tmp_path) == 0


RIGHT, ZIPPED_RIGHT = CONTENTS[LARGEST[:-3]], ZIPPED[LARGEST]
OTHER = RIGHT[:-1] + bytes([RIGHT[-1] ^ 1])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"", "wrong size (0 of 47,056 bytes)", id="empty"),
        pytest.param(ZIPPED_RIGHT[:-1], "damaged", id="a byte short"),
        pytest.param(ZIPPED_RIGHT[:20], "damaged", id="twenty bytes long"),
        pytest.param(ZIPPED_RIGHT[:99] + b"\0" + ZIPPED_RIGHT[100:], "", id="one byte other"),
        pytest.param(ZIPPED_RIGHT + b"x", "damaged", id="followed by something"),
        pytest.param(2 * ZIPPED_RIGHT, "more than 47,056", id="twice in a row"),
        pytest.param(RIGHT, "not a gzip file", id="not zipped"),
        pytest.param(b"<html>Please log in</html>", "not a gzip file", id="a log-in page"),
        pytest.param(b"PK\3\4" + bytes(100), "not a gzip file", id="a ZIP archive"),
        pytest.param(bz2.compress(RIGHT), "not a gzip file", id="zipped by bzip2"),
        pytest.param(gzip.compress(ZIPPED_RIGHT), "wrong", id="zipped twice"),
        pytest.param(gzip.compress(OTHER), "another SHA-256", id="of one other pixel"),
        pytest.param(gzip.compress(RIGHT[:-1]), "47,055 of 47,056", id="one pixel short"),
        pytest.param(ZIPPED["t10k-images-idx3-ubyte.gz"], "wrong size", id="another of the four"),
        pytest.param(gzip.compress(bytes(9_999_999)), "more than 47,056", id="a bomb"),
    ],
)
def test_a_wrong_file_is_named_set_aside_and_fetched_again_if_it_is(
    content, said, server, tmp_path, capsys
):
    mirror.put(tmp_path)
    (tmp_path / LARGEST).write_bytes(content)
    (tmp_path / f"{LARGEST}.wrong1").write_bytes(b"set aside by an earlier run")
    assert fetch(tmp_path) == 0
    output = capsys.readouterr()
    assert output.err == ""
    line = output.out.splitlines()[0]
    assert line.startswith(str(tmp_path / LARGEST))
    assert said in line
    assert line.endswith(f"set aside as {LARGEST}.wrong2.")
    assert [path for path, _ in server.requests] == [f"/mnist/{LARGEST}"]
    assert (tmp_path / LARGEST).read_bytes() == ZIPPED_RIGHT
    assert (tmp_path / f"{LARGEST}.wrong1").read_bytes() == b"set aside by an earlier run"
    assert (tmp_path / f"{LARGEST}.wrong2").read_bytes() == content


@pytest.mark.parametrize("form", [LARGEST, LARGEST[:-3]])
def test_a_folder_with_the_name_of_a_file_is_set_aside_with_all_it_holds(form, server, tmp_path):
    mirror.put(tmp_path, LARGEST)
    (tmp_path / form).mkdir()
    (tmp_path / form / "notes.txt").write_text("mine")
    assert fetch(tmp_path) == 0
    assert (tmp_path / f"{form}.wrong1" / "notes.txt").read_text() == "mine"
    assert (tmp_path / LARGEST).read_bytes() == ZIPPED_RIGHT


@pytest.mark.skipif(os.name == "nt", reason="symbolic links need a privilege there")
@pytest.mark.parametrize("target", ["nowhere", "elsewhere", LARGEST])
def test_a_link_that_leads_nowhere_to_a_wrong_file_or_to_itself_harms_nothing(
    target, server, tmp_path, capsys
):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_bytes(b"precious")
    mirror.put(tmp_path / "data", LARGEST)
    link = tmp_path / "data" / LARGEST
    link.symlink_to(link if target == LARGEST else tmp_path / target)
    if target == LARGEST:
        assert fetch(tmp_path / "data") == 1
        assert f"{link} could not be read" in capsys.readouterr().err
    else:
        assert fetch(tmp_path / "data") == 0
        assert link.read_bytes() == ZIPPED_RIGHT
    assert elsewhere.read_bytes() == b"precious"


def test_a_wrong_zipped_file_beside_a_right_unzipped_one_is_set_aside_and_nothing_fetched(
    server, tmp_path
):
    mirror.put(tmp_path)
    (tmp_path / LARGEST).write_bytes(b"junk")
    (tmp_path / LARGEST[:-3]).write_bytes(RIGHT)
    assert fetch(tmp_path) == 0
    assert not server.requests
    assert (tmp_path / f"{LARGEST}.wrong1").read_bytes() == b"junk"
    assert not (tmp_path / LARGEST).exists()


@pytest.mark.parametrize("zipped", [True, False])
def test_a_file_of_any_size_takes_no_more_memory_than_the_right_one(zipped, monkeypatch, tmp_path):
    monkeypatch.setattr(data, "FILES", mirror.FILES[:1])
    path = tmp_path / (LARGEST if zipped else LARGEST[:-3])
    content = bytes(50_000_000)
    path.write_bytes(gzip.compress(content, 1) if zipped else content)
    del content
    tracemalloc.start()
    fault = data._what_is_wrong(path, mirror.FILES[0])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "more than" in fault
    assert peak < 10 * mirror.FILES[0][1]


def test_a_wrong_file_that_cannot_be_renamed_is_one_sentence(server, tmp_path, monkeypatch, capsys):
    mirror.put(tmp_path)
    (tmp_path / LARGEST).write_bytes(b"junk")

    def read_only(*_):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr(type(tmp_path), "rename", read_only)
    assert fetch(tmp_path) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"Error: {tmp_path / LARGEST} has wrong content")
    assert error.count("\n") == 1
    assert (tmp_path / LARGEST).read_bytes() == b"junk"


@pytest.mark.skipif(
    os.name == "nt" or os.geteuid() == 0, reason="permissions hold neither there nor for root"
)
@pytest.mark.parametrize("mode", [0o000, 0o500])
def test_a_folder_without_permission_is_one_sentence(mode, server, tmp_path, capsys):
    folder = tmp_path / "data"
    folder.mkdir(mode=mode)
    assert fetch(folder) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_a_file_in_the_place_of_a_folder_is_a_wrong_argument_or_one_sentence(tmp_path, capsys):
    (tmp_path / "data").write_bytes(b"mine")
    with pytest.raises(SystemExit) as exit_:
        fetch(tmp_path / "data")
    assert exit_.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert fetch(tmp_path / "data" / "mnist") == 1
    assert capsys.readouterr().err.count("\n") == 1
    assert (tmp_path / "data").read_bytes() == b"mine"


IMAGES = idx(np.arange(2 * 3 * 4, dtype=np.uint8).reshape(2, 3, 4))
LABELS = idx(np.array([5, 0, 9], dtype=np.uint8))


def test_an_idx_file_is_an_array():
    np.testing.assert_array_equal(data.parse_idx(LABELS), [5, 0, 9])
    np.testing.assert_array_equal(data.parse_idx(IMAGES), np.arange(24).reshape(2, 3, 4))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        IMAGES[:3],
        IMAGES[:15],
        IMAGES[:-1],
        IMAGES + b"\0",
        b"\1" + IMAGES[1:],
        b"\0\0\x0d" + IMAGES[3:],  # floats
        b"\0\0\x08\x02" + IMAGES[4:],
        b"\0\0\x08\x01" + bytes(4),  # no label
        b"\0\0\x08\x03" + bytes(4) + 8 * b"\xff",  # no image of more pixels than there are numbers
        b"\0\0\x08\x03" + 12 * b"\xff",
        gzip.compress(IMAGES),
    ],
)
def test_what_is_not_an_idx_file_of_images_or_labels_is_refused(content):
    with pytest.raises(data.DataError):
        data.parse_idx(content)


@settings(derandomize=True, deadline=None)
@given(st.binary(max_size=60) | mutations_of(IMAGES, LABELS))
def test_any_bytes_are_an_array_or_a_data_error(content):
    try:
        array = data.parse_idx(content)
    except data.DataError:
        return
    assert array.dtype == np.uint8
    assert array.ndim in (1, 3)
    assert idx(array) == content


@settings(derandomize=True, deadline=None)
@given(mutations_of(ZIPPED["t10k-labels-idx1-ubyte.gz"]))
def test_any_bytes_in_a_file_are_its_right_content_or_a_few_words(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "t10k-labels-idx1-ubyte.gz"
    path.write_bytes(content)
    fault = data._what_is_wrong(path, mirror.FILES[3])
    assert fault or gzip.decompress(content) == CONTENTS["t10k-labels-idx1-ubyte"]


STROKES = b'.SEGMENT DIGIT 0 ? "7"\n.PEN_DOWN\n 1 2\n 30 4\n.PEN_UP\n.PEN_DOWN\n5 6\n.PEN_UP\n'


@settings(derandomize=True, deadline=None)
@given(st.binary(max_size=60) | mutations_of(STROKES))
def test_any_bytes_are_drawings_with_labels_or_a_unipen_error(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "strokes.tra"
    path.write_bytes(content)
    try:
        drawings, labels = canvas_accuracy.read_unipen(path)
    except canvas_accuracy.UnipenError:
        return
    assert len(drawings) == len(labels) > 0
    assert set(labels) <= set(range(10))
    for stroke in (stroke for drawing in drawings for stroke in drawing):
        assert stroke.shape[1:] == (2,)
        assert np.isfinite(stroke).all()


def test_standardised_training_pixels_have_mean_0_and_deviation_1():
    pixels = np.array([0, 255], dtype=np.uint8)
    x = data.standardise(pixels)
    assert x.dtype == np.float32
    np.testing.assert_allclose(x, [-0.1307 / 0.3081, (1 - 0.1307) / 0.3081], rtol=1e-6)
    np.testing.assert_array_equal(pixels, [0, 255])


def test_one_hot_has_a_1_in_the_column_of_the_label():
    y = data.one_hot(np.array([2, 0, 9], dtype=np.uint8))
    assert y.dtype == np.float32
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
