"""What is read from MNIST's files; pixels and labels as numbers; the batches made of them."""

import math

import numpy as np
import pytest

import data
import mirror
from mirror import CONTENTS, LARGEST
from support import console


@pytest.fixture
def small_mnist(tmp_path, monkeypatch):
    """A folder that holds a small MNIST, the only one there is: there is no mirror."""
    mirror.use(["no address"], monkeypatch.setattr)
    mirror.put(tmp_path)
    return tmp_path


def test_images_and_labels_are_what_follows_the_headers(small_mnist):
    train_images, train_labels, test_images, test_labels = data.load_mnist(small_mnist)
    for images, count, name in (
        (train_images, 60, "train-images-idx3-ubyte"),
        (test_images, 20, "t10k-images-idx3-ubyte"),
    ):
        assert (images.dtype, images.shape) == (np.uint8, (count, 784))
        assert images.tobytes() == CONTENTS[name][16:]
    for labels, count, name in (
        (train_labels, 60, "train-labels-idx1-ubyte"),
        (test_labels, 20, "t10k-labels-idx1-ubyte"),
    ):
        assert (labels.dtype, labels.shape) == (np.uint8, (count,))
        assert labels.tobytes() == CONTENTS[name][8:]


PUBLISHED = {
    "train-images-idx3-ubyte": (
        47_040_016, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    "train-labels-idx1-ubyte": (
        60_008, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    "t10k-images-idx3-ubyte": (
        7_840_016, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    "t10k-labels-idx1-ubyte": (
        10_008, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
}  # fmt: skip


def test_the_table_of_files_and_the_mirrors_are_mnist_s():
    assert {file.name: (file.size, file.sha256) for file in data.FILES} == PUBLISHED
    assert list(data.MIRRORS) == [
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://dataset.bj.bcebos.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ]


@pytest.mark.skipif(
    not (data.DATA_DIR / LARGEST).exists(), reason="MNIST is not in data/: run data.py for it"
)
def test_mnist_as_published_is_what_the_table_of_files_says(monkeypatch):
    monkeypatch.setattr(data, "MIRRORS", ["no address"])
    images, labels, test_images, test_labels = data.load_mnist(data.DATA_DIR)
    assert (images.shape, test_images.shape) == ((60_000, 784), (10_000, 784))
    assert labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert test_labels[:5].tolist() == [7, 2, 1, 0, 4]
    x = data.standardise(images)
    assert abs(x.mean()) < 1e-3
    assert abs(x.std() - 1) < 1e-3


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


@pytest.mark.parametrize("form", ["{}", "~"])
def test_data_py_by_itself_says_that_mnist_is_complete(form, small_mnist, monkeypatch, capsys):
    monkeypatch.setenv("HOME", str(small_mnist))
    monkeypatch.setenv("USERPROFILE", str(small_mnist))
    assert console.run(data.main, ["--data_dir", form.format(small_mnist)]) == 0
    assert capsys.readouterr().out == f"MNIST is complete in {console.shown(small_mnist)}.\n"


@pytest.mark.parametrize(
    ("language", "start", "link"),
    [
        ("en", "Error: MNIST could not be downloaded", "ossci-datasets.s3.amazonaws.com"),
        ("zh_CN", "错误：MNIST 下载失败", "dataset.bj.bcebos.com"),
    ],
)
def test_where_no_mirror_is_reached_the_links_are_those_that_are_near_the_reader(
    language, start, link, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("LANGUAGE", language)
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")  # where nothing listens
    monkeypatch.setattr(data, "FILES", mirror.FILES)
    mirror.put(tmp_path, LARGEST)
    assert console.run(data.main, ["--data_dir", str(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert error.startswith(start)
    assert error.endswith(f"\n  https://{link}/mnist/{LARGEST}\n")


def test_ctrl_c_in_mid_download_is_one_line_and_leaves_no_part_of_a_file(
    tmp_path, monkeypatch, capsys
):
    def interrupt(_):
        raise KeyboardInterrupt

    with mirror.Mirror(lambda request: request.reply_rest(request.rest, 1000)) as server:
        mirror.use([server.url], monkeypatch.setattr)
        monkeypatch.setattr("support.download.time.sleep", interrupt)
        assert console.run(data.main, ["--data_dir", str(tmp_path)]) == 130
    assert capsys.readouterr().out.endswith("\nInterrupted.\n")
    assert list(tmp_path.iterdir()) == []
