"""MNIST: fetched if need be, verified, read, and handed out in batches (handout, section 8).

Images stay uint8 rows of 784 pixels, (n, 784); only the batch at hand becomes float32.
Run by itself, this module fetches and verifies the four files and says where they are.
"""

import sys

import interruption

if __name__ == "__main__":
    interruption.leave_at_ctrl_c()  # before NumPy, whose import takes a tenth of a second

import gzip
import hashlib
import math
import os
import zlib
from pathlib import Path

import numpy as np

from arguments import Parser, existing_or_new_folder
from folders import DATA_DIR, shown

# Name, size in bytes and SHA-256 of the decompressed content: any mirror's compression will do.
FILES = (
    (
        "train-images-idx3-ubyte",
        47_040_016,
        "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    ),
    (
        "train-labels-idx1-ubyte",
        60_008,
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    ),
    (
        "t10k-images-idx3-ubyte",
        7_840_016,
        "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    ),
    (
        "t10k-labels-idx1-ubyte",
        10_008,
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ),
)
# Mean and standard deviation of MNIST's training pixels, black 0 and white 1.
PIXEL_MEAN, PIXEL_STD = 0.1307, 0.3081
CLASSES = 10


class DataError(Exception):
    """MNIST cannot be had; the message says which file, why and what to do."""


def load_mnist(data_dir):
    """Return (train_images, train_labels, test_images, test_labels).

    Images are uint8 (n, 784), labels uint8 (n,), with n 60,000 for training and 10,000 for testing.
    What `data_dir` does not hold is downloaded, and a file with wrong content is set aside and
    fetched again. Raises DataError if that fails.
    """
    contents = _read_all(Path(data_dir))
    images, labels, test_images, test_labels = (parse_idx(content) for content in contents)
    return images.reshape(-1, 784), labels, test_images.reshape(-1, 784), test_labels


def parse_idx(content):
    """Return the uint8 array that the bytes of an IDX file describe, without copying them.

    The format, from the page where MNIST was published: two zero bytes, 8 for unsigned bytes, the
    number of dimensions, each dimension as a big-endian 32-bit integer, then the values.
    Raises DataError if the bytes are not such a file of images (3 dimensions) or labels (1).
    """
    if len(content) < 4 or bytes(content[:3]) != b"\0\0\x08" or content[3] not in (1, 3):
        raise DataError("not an IDX file of images or labels: its magic number is another")
    header_size = 4 + 4 * content[3]
    if len(content) < header_size:
        raise DataError("an IDX file that ends within its header")
    shape = [int(size) for size in np.frombuffer(content[4:header_size], dtype=">u4")]
    if not 0 < math.prod(shape) == len(content) - header_size:
        raise DataError(f"an IDX file that announces {shape} values and holds another number")
    return np.frombuffer(content, dtype=np.uint8, offset=header_size).reshape(shape)


def standardise(images):
    """Return the pixels (any shape, 0 to 255) as float32 of MNIST's mean 0 and deviation 1."""
    x = images.astype(np.float32)
    x *= np.float32(1 / (255 * PIXEL_STD))
    x -= np.float32(PIXEL_MEAN / PIXEL_STD)
    return x


def one_hot(labels):
    """Return float32 (n, 10) with a 1 in the column of each label (n,)."""
    return np.eye(CLASSES, dtype=np.float32)[labels]


class Batches:
    """Shuffled mini-batches (x, y): standardised images (n, 784) and one-hot labels (n, 10).

    Each pass is in a new order drawn from `rng`; the last batch holds what is left. `augment`, if
    given, turns each batch of uint8 images into a slightly different one.
    """

    def __init__(self, images, labels, batch_size, rng, augment=None):
        self.images, self.labels = images, labels
        self.batch_size, self.rng, self.augment = batch_size, rng, augment

    def __len__(self):
        return math.ceil(len(self.images) / self.batch_size)

    def __iter__(self):
        order = self.rng.permutation(len(self.images))
        for start in range(0, len(order), self.batch_size):
            rows = order[start : start + self.batch_size]
            images = self.images[rows]
            if self.augment is not None:
                images = self.augment(images)
            yield standardise(images), one_hot(self.labels[rows])


def _read_all(folder):
    """Return the verified content of the four files, downloading those that are not there."""
    contents = [_read(folder, file) for file in FILES]
    if None not in contents:
        return contents
    import download  # only now: requests takes a quarter of a second to import

    try:
        with download.alone_in(folder):
            for i, file in enumerate(FILES):
                contents[i] = contents[i] or _read(folder, file, set_aside=True)
            missing = [i for i, content in enumerate(contents) if content is None]
            download.fetch([FILES[i] for i in missing], folder, _what_is_wrong)
            for i in missing:
                contents[i] = _read(folder, FILES[i])
    except download.DownloadError as error:
        raise DataError(str(error)) from None
    if None in contents:
        raise DataError(f"The files in {folder} changed while they were read: run again.")
    return contents


def _read(folder, file, set_aside=False):
    """Return the content of <name>.gz or <name>, or None if it is missing or wrong."""
    for path in (folder / f"{file[0]}.gz", folder / file[0]):
        try:
            return _read_verified(path, *file)
        except FileNotFoundError:
            continue
        except DataError as error:
            if not set_aside:
                return None
            print(f"{shown(path)} {error}: it is set aside as {_set_aside(path).name}.")
        except OSError as error:
            raise DataError(
                f"{path} could not be read: {error.strerror or error}. Delete it or make it "
                "readable, then run again."
            ) from None
    return None


def _what_is_wrong(path, file):
    try:
        _read_verified(path, *file)
    except DataError as error:
        return str(error)
    return None


def _read_verified(path, name, size, sha256):
    """Return the decompressed content of `path`; DataError says what is wrong with it."""
    if path.exists() and not path.is_file():
        raise DataError("is a folder or a device, not a file")
    content = bytearray()
    digest = hashlib.sha256()
    opener = open if path.name == name else gzip.open
    with opener(path, "rb") as file:
        # In pieces, and no more than one byte too many: a gzip bomb must not fill the memory.
        try:
            while piece := file.read(min(1 << 20, size + 1 - len(content))):
                content += piece
                digest.update(piece)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise DataError(f"is damaged or not a gzip file ({error})") from None
    if len(content) != size:
        many = f"more than {size:,}" if len(content) > size else f"{len(content):,} of {size:,}"
        raise DataError(f"has the wrong size ({many} bytes)")
    if digest.hexdigest() != sha256:
        raise DataError("has the wrong content (another SHA-256)")
    return content


def _set_aside(path):
    """Rename `path` out of the way, onto no other file, and return its new path."""
    number = 1
    while os.path.lexists(aside := path.with_name(f"{path.name}.wrong{number}")):
        number += 1
    try:
        return path.rename(aside)
    except OSError as error:
        raise DataError(
            f"{path} has wrong content and cannot be set aside: {error.strerror or error}. "
            "Delete it, or choose another folder with --data_dir, then run again."
        ) from None


def main(argv=None):
    parser = Parser("Fetch and verify the four files of MNIST.")
    parser.add_argument(
        "--data_dir", type=existing_or_new_folder, default=DATA_DIR, metavar="DIR",
        help=f"where MNIST is or will be (default: {shown(DATA_DIR)})",
    )  # fmt: skip
    arguments = parser.parse_args(argv)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")
    try:
        _, labels, _, test_labels = load_mnist(arguments.data_dir)
    except DataError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    print(
        f"MNIST is complete in {shown(arguments.data_dir)}: {len(labels):,} training images and "
        f"{len(test_labels):,} test images."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
