"""MNIST：必要时下载并核对，读入，分批交给 main.py 训练 model.py 的网络（讲义第 6 节）。
MNIST: downloaded if need be, verified, read, and handed out in batches (handout, section 6).
Before this comes model.py, the network; next comes main.py, which trains it on these batches.
"""

import os
import sys

# chapter03/ for support/, and this folder also where Python leaves it out (-P, -I, -m, notebooks).
FOLDER = os.path.dirname(os.path.realpath(__file__))
sys.path[:] = [os.path.dirname(FOLDER), *sys.path, FOLDER]
from support import console  # isort: split

import argparse
import contextlib
import gzip
import hashlib
import io
import socket
import ssl
import time
import zlib
from pathlib import Path

import numpy as np
import requests
from tqdm import tqdm
from urllib3.exceptions import HTTPError

from support.files import replace_whole
from support.language import UserError, say

DATA_DIR = Path(__file__).resolve().parent.parent.parent / "data"

# SHA-256 of the unpacked content: a file counts by this, whatever its name and packing.
FILES = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
SIZES = 47_040_016, 60_008, 7_840_016, 10_008  # bytes, unpacked
LARGEST, LARGEST_PACKED = max(SIZES), 12_000_000
GZIP_MAGIC = b"\x1f\x8b"
# The environment variable MNIST_MIRROR puts one before these.
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://dataset.bj.bcebos.com/mnist/",  # Beijing
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
ATTEMPTS, PAUSE_SECONDS = 3, 1  # of each mirror
CONNECT_SECONDS, SILENT_SECONDS = 3, 10
SLOWEST_BYTES = 10_000  # in SILENT_SECONDS
PATIENCE_SECONDS = 90  # without so many bytes: nothing is tried any more

# Mean and standard deviation of MNIST's training pixels, black 0 and white 1.
PIXEL_MEAN, PIXEL_STD = 0.1307, 0.3081


def load_mnist(data_dir):
    """Return (train_images, train_labels, test_images, test_labels).

    Images are uint8 (n, 784), labels uint8 (n,), with n 60,000 for training and 10,000 for testing.
    What is not in the folder `data_dir` is downloaded into it. Raises UserError.
    """
    contents = _find(Path(data_dir))
    missing = [name for name in FILES if name not in contents]
    if missing:
        contents.update(_download(missing, Path(data_dir)))
    # IDX: 4 bytes, 4 more for each dimension of (n, 28, 28) or (n,), then the pixels or labels.
    images, labels, test_images, test_labels = (
        np.frombuffer(contents[name], np.uint8, offset=16 if "images" in name else 8)
        for name in FILES
    )
    return images.reshape(-1, 784), labels, test_images.reshape(-1, 784), test_labels


def standardise(images):
    """Return the pixels (any shape, 0 to 255) as float32 of MNIST's mean 0 and deviation 1."""
    x = images.astype(np.float32)
    x *= np.float32(1 / (255 * PIXEL_STD))
    x -= np.float32(PIXEL_MEAN / PIXEL_STD)
    return x


def one_hot(labels):
    """Return float32 (n, 10) with a 1 in the column of each label (n,)."""
    return np.eye(10, dtype=np.float32)[labels]


class Batches:
    """Shuffled mini-batches (x, y): standardised images (n, 784) and one-hot labels (n, 10).

    Each pass is in a new order drawn from `rng`; the last batch holds what is left. `augment`, if
    given, turns each batch of uint8 images into a slightly different one.
    """

    def __init__(self, images, labels, batch_size, rng, augment=None):
        self.images, self.labels = images, labels
        self.batch_size, self.rng, self.augment = batch_size, rng, augment

    def __len__(self):
        return -(-len(self.images) // self.batch_size)

    def __iter__(self):
        order = self.rng.permutation(len(self.images))
        for start in range(0, len(order), self.batch_size):
            rows = order[start : start + self.batch_size]
            images = self.images[rows]
            if self.augment is not None:
                images = self.augment(images)
            yield standardise(images), one_hot(self.labels[rows])


def _find(folder):
    """Return {name: content} of what `folder` holds of MNIST, whatever its files are called."""
    contents = {}
    for pattern in ("*", "*/*", "*/*/*"):  # browsers and archives add folders
        for path in sorted(folder.glob(pattern)):
            with contextlib.suppress(OSError), open(path, "rb") as file:  # a folder is no file
                size, start = path.stat().st_size, file.read(2)
                packed = start == GZIP_MAGIC and size <= LARGEST_PACKED
                if len(contents) < len(FILES) and (packed or size in SIZES):
                    contents.update(_recognise(start + file.read()))
    return contents


def _recognise(content):
    """Return {name: content} if the bytes are one of MNIST's files, packed or not, otherwise {}."""
    if content.startswith(GZIP_MAGIC):
        try:
            # No more than shows that it is too much: a gzip bomb must not fill the memory.
            content = gzip.GzipFile(fileobj=io.BytesIO(content)).read(LARGEST + 1)
        except (OSError, EOFError, zlib.error):  # damaged
            return {}
    digest = hashlib.sha256(content).hexdigest()
    return {name: content for name in FILES if FILES[name] == digest}


def _download(names, folder):
    """Save each file as the first mirror that has it sends it, and return {name: content}."""
    own = os.environ.get("MNIST_MIRROR", "").strip()
    mirrors = ([own.rstrip("/") + "/"] if own else []) + list(MIRRORS)
    contents, faults, progress = {}, [], time.monotonic()
    for name in names:
        path, packed, attempt = folder / f"{name}.gz", bytearray(), 0
        for bad in map(console.shown, filter(os.path.isfile, (path, folder / name))):
            print(say(f"{bad} is damaged: fetching it anew.", f"{bad} 已损坏，重新下载。"))
        while name not in contents:
            if not mirrors or time.monotonic() - progress > PATIENCE_SECONDS:
                raise _out_of_reach(faults, names[names.index(name) :], folder)
            url, had, attempt = mirrors[0] + path.name, len(packed), attempt + 1
            if attempt == 1:
                print(say(f"Downloading {url}", f"正在下载 {url}"))
            time.sleep(PAUSE_SECONDS if attempt > 1 else 0)
            try:
                contents[name] = _fetch(url, name, packed)
            except (OSError, HTTPError, UserError, ValueError) as error:  # OSError: of requests
                faults.append(_in_words(url, error))
                # A server with many addresses, all out of reach, takes CONNECT_SECONDS for each.
                unreachable = isinstance(error, requests.ConnectionError) and not packed
                if len(packed) > had + SLOWEST_BYTES:
                    progress = time.monotonic()
                if unreachable or attempt == ATTEMPTS:
                    print(f"  {faults[-1]}")
                    packed, attempt = bytearray(), 0
                    del mirrors[0]
        _save(path, packed)
        progress = time.monotonic()
    return contents


def _out_of_reach(faults, names, folder):
    why, shown = say("; ", "；").join(dict.fromkeys(faults)), console.shown(folder)
    links = "".join(f"\n  {MIRRORS[0]}{name}.gz" for name in names)
    return UserError(
        f"MNIST could not be downloaded: {why}.\n"
        f"Run again later, or download these with a browser into {shown}:{links}",
        f"MNIST 下载失败：{why}。\n请稍后再试，或用浏览器下载这些文件到 {shown}：{links}",
    )


def _fetch(url, name, packed):
    """Add to the bytearray `packed` what it lacks of the file at `url`, and return its content."""
    _receive(url, packed)
    found = _recognise(packed)
    if name not in found:
        packed.clear()
        raise UserError(
            "not the file (a log-in page? log in with a browser first)",
            "收到的不是这个文件（如果是校园网的登录页，请先用浏览器登录）",
        )
    return found[name]


def _receive(url, packed):
    # identity: some servers would otherwise undo or repeat the compression of a .gz file.
    headers = {"Accept-Encoding": "identity"}
    if packed:
        headers["Range"] = f"bytes={len(packed)}-"
    timeout = CONNECT_SECONDS, SILENT_SECONDS
    with requests.get(url, headers=headers, stream=True, timeout=timeout) as response:
        busy = response.status_code == 429 or response.status_code >= 500
        if response.status_code != 206 and not busy:
            packed.clear()
        response.raise_for_status()
        mark, since = len(packed), time.monotonic()
        total = mark + (response.raw.length_remaining or 0)
        read = getattr(response.raw, "read1", response.raw.read)  # old versions have no read1
        hidden = not console.is_terminal(sys.stderr)
        with tqdm(total=total, initial=mark, unit="B", unit_scale=True, disable=hidden) as bar:
            for piece in iter(lambda: read(1 << 14), b""):
                packed += piece
                bar.update(len(piece))
                if len(packed) > LARGEST:
                    return
                if len(packed) > mark + SLOWEST_BYTES:
                    mark, since = len(packed), time.monotonic()
                elif time.monotonic() - since > SILENT_SECONDS:
                    raise TimeoutError(say("it is too slow", "速度太慢"))


def _in_words(url, error):
    """Return the reason that lies beneath `error`, in a few words."""
    cause = error
    while cause.__context__:
        cause = cause.__context__
    words = " ".join(str(cause).split())[:150]
    if "SOCKS" in words:
        words += " " + console.command("-m", "pip", "install", "pysocks")
    if isinstance(error, requests.exceptions.ProxyError) or "SOCKS" in words:
        proxy = requests.utils.select_proxy(url, requests.utils.get_environ_proxies(url))
        return say(f"the proxy {proxy} fails: {words}", f"代理 {proxy} 出错：{words}")
    if isinstance(cause, ssl.SSLCertVerificationError):
        return say(
            "an unknown certificate: if you trust it, let REQUESTS_CA_BUNDLE name its file",
            "不受信任的证书：如果信任它，请用 REQUESTS_CA_BUNDLE 指明证书文件",
        )
    if isinstance(cause, socket.gaierror):
        return say("its address cannot be found (no network?)", "找不到服务器地址（没有联网？）")
    return words


def _save(path, packed):
    """Make `packed` the file `path`, whole or not at all; raise UserError."""
    try:
        replace_whole(path, packed)
    except OSError as error:
        # Windows refuses also while another run, which was quicker, reads the file: all is well.
        if path.stem not in _find(path.parent):
            shown, why = console.shown(path.parent), error.strerror
            raise UserError(
                f"MNIST cannot be saved in {shown} ({why}): free space or change --data_dir.",
                f"无法把 MNIST 存入 {shown}（{why}）：请腾出空间，或用 --data_dir 换文件夹。",
            ) from None


def main(argv=None):
    """Download and verify MNIST with the arguments `argv` and return the exit code."""
    about = say("Download and verify MNIST.", "下载并核对 MNIST。")
    parser = argparse.ArgumentParser(description=about, allow_abbrev=False)
    place = say("place of MNIST", "MNIST 的文件夹") + " (%(default)s)"
    parser.add_argument("--data_dir", default=DATA_DIR, metavar="DIR", help=place)
    folder = Path(os.path.expanduser(parser.parse_args(argv).data_dir))
    try:
        load_mnist(folder)
    except KeyboardInterrupt:
        print(say("\nInterrupted.", "\n已中断。"))
        return 130
    except UserError as error:
        print(say(f"Error: {error}", f"错误：{error}"), file=sys.stderr)
        return 1
    shown = console.shown(folder)
    print(say(f"MNIST is complete in {shown}.", f"{shown} 中的 MNIST 已经齐全。"))
    return 0


if __name__ == "__main__":
    sys.exit(console.run(main))
