"""MNIST：需要时下载，读入，把像素变成网络的输入，再一批一批地交给 main.py（讲义第 6 节）。
MNIST: downloaded if need be, read, turned into what the network takes, and handed out in batches
(handout, section 6). Before this comes model.py, the network; next comes main.py, which trains it.
"""

import os
import sys

# Python looks in these two folders as well, for support/ and for the files beside this one. console
# comes first, since it says so if NumPy is missing ("isort: split" keeps editors from moving it).
FOLDER = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.dirname(FOLDER))
sys.path.append(FOLDER)
from support import console  # isort: split

import argparse
import math
from pathlib import Path

import numpy as np

from support import download
from support.language import say

DATA_DIR = Path(FOLDER).parent.parent / "data"

# MNIST's four files, under the names that MNIST gives them. A file is recognised by its content,
# whatever it is called: unpacked, it must have this size in bytes and this SHA-256, a fingerprint.
FILES = [
    download.File(
        name="train-images-idx3-ubyte",
        size=47_040_016,
        sha256="ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    download.File(
        name="train-labels-idx1-ubyte",
        size=60_008,
        sha256="65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    download.File(
        name="t10k-images-idx3-ubyte",
        size=7_840_016,
        sha256="0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    download.File(
        name="t10k-labels-idx1-ubyte",
        size=10_008,
        sha256="ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
]

# Addresses to download from, tried in this order until one works. (The environment variable
# MNIST_MIRROR names one to be tried before these.)
BEIJING = "https://dataset.bj.bcebos.com/mnist/"
MIRRORS = [
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    BEIJING,
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
]

# Mean and standard deviation of MNIST's training pixels, black 0 and white 1.
PIXEL_MEAN = 0.1307
PIXEL_STD = 0.3081


def load_mnist(data_dir):
    """Return (train_images, train_labels, test_images, test_labels).

    Images are uint8 (N, 784), labels uint8 (N,), with N 60,000 for training and 10,000 for testing.
    What is not in the folder `data_dir` is downloaded into it. Raises UserError, an error with a
    message for the user.
    """
    # If all downloads fail, the message names an address for the browser: to a Chinese reader the
    # one in Beijing. say(english, chinese) returns the one for the user's language.
    address_for_browser = say(MIRRORS[0], BEIJING)
    contents = download.find_or_fetch(FILES, MIRRORS, data_dir, address_for_browser)

    train_images = read_images(contents["train-images-idx3-ubyte"])
    train_labels = read_labels(contents["train-labels-idx1-ubyte"])
    test_images = read_images(contents["t10k-images-idx3-ubyte"])
    test_labels = read_labels(contents["t10k-labels-idx1-ubyte"])
    return train_images, train_labels, test_images, test_labels


def read_images(content):
    """Return the images (N, 784) in a file: a header of 16 bytes, then a byte for each pixel."""
    pixels = np.frombuffer(content, np.uint8, offset=16)
    return pixels.reshape(-1, 28 * 28)


def read_labels(content):
    """Return the labels (N,) in a file: a header of 8 bytes, then a byte for each label."""
    return np.frombuffer(content, np.uint8, offset=8)


def standardise(images):
    """Return the pixels (any shape, 0 to 255) as float32, scaled for the network.

    MNIST's training pixels then have mean 0 and standard deviation 1.
    """
    x = images.astype(np.float32)
    x /= 255
    x -= PIXEL_MEAN
    x /= PIXEL_STD
    return x


def one_hot(labels):
    """Return float32 (N, 10) with a 1 in the column of each label (N,)."""
    identity = np.eye(10, dtype=np.float32)  # row 3 has its 1 in column 3
    return identity[labels]


class Batches:
    """Shuffled mini-batches (x, y): standardised images (N, 784) and one-hot labels (N, 10).

    `for x, y in batches:` is a pass over all images, each time in a new order drawn from `rng`. The
    last batch holds what is left. The function `augment`, if there is one, is called with each
    batch of uint8 images and returns slightly different ones.
    """

    def __init__(self, images, labels, batch_size, rng, augment=None):
        self.images = images
        self.labels = labels
        self.batch_size = batch_size
        self.rng = rng
        self.augment = augment

    def __len__(self):
        return math.ceil(len(self.images) / self.batch_size)

    def __iter__(self):
        """Called by `for x, y in batches:`; yield one batch after another."""
        order = self.rng.permutation(len(self.images))
        for start in range(0, len(order), self.batch_size):
            chosen = order[start : start + self.batch_size]
            images = self.images[chosen]
            labels = self.labels[chosen]
            if self.augment is not None:
                images = self.augment(images)
            yield standardise(images), one_hot(labels)


def main(argv=None):
    """Download and verify MNIST, for those with a slow internet connection. Raises UserError."""
    about = say("Download and verify MNIST.", "下载并核对 MNIST。")
    place = say("place of MNIST", "MNIST 的文件夹") + f" ({console.shown(DATA_DIR)})"
    parser = argparse.ArgumentParser(description=about, allow_abbrev=False)
    parser.add_argument("--data_dir", default=DATA_DIR, metavar="DIR", help=place)
    options = parser.parse_args(argv)

    folder = os.path.expanduser(options.data_dir)
    load_mnist(folder)
    shown = console.shown(folder)
    print(say(f"MNIST is complete in {shown}.", f"{shown} 中的 MNIST 已经齐全。"))


if __name__ == "__main__":
    sys.exit(console.run(main))
