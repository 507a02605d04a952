"""MNIST：必要时下载并核对，读入，分批交给 main.py 训练 model.py 的网络（讲义第 6 节）。
MNIST: downloaded if need be, verified, read, and handed out in batches (handout, section 6).
Before this comes model.py, the network; next comes main.py, which trains it on these batches.
"""

import os
import sys

# Neighbours and chapter03/support, also where Python does not look here by itself (-P, -I, -m).
sys.path.extend(os.path.abspath(f"{__file__}/{up}") for up in ("..", "../.."))
import support  # isort: split

import argparse
import contextlib
import glob
import gzip
import hashlib
import http.client
import io
import itertools
import socket
import ssl
import time
import zlib
from pathlib import Path

import numpy as np
import requests
from tqdm import tqdm
from urllib3.exceptions import HTTPError, ProtocolError, ReadTimeoutError

from support.language import say

DATA_DIR = Path(__file__).resolve().parent.parent.parent / "data"

# SHA-256 of the unpacked content: a file counts by this, whatever its name and packing.
FILES = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
SIZES = 47_040_016, 60_008, 7_840_016, 10_008
LARGEST_PACKED = 12_000_000  # bytes; gzip -1 makes 11.4 million of the training images
GZIP_MAGIC = b"\x1f\x8b"
# The environment variable MNIST_MIRROR puts one before these.
MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://dataset.bj.bcebos.com/mnist/",  # Beijing
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
CONNECT_SECONDS, SILENT_SECONDS, PAUSE_SECONDS = 3, 10, 0.5
ATTEMPTS, BYTES_PER_ATTEMPT = 3, 1_000_000  # one more attempt for each megabyte that has come
SLOWEST_BYTES = 10_000  # in SILENT_SECONDS
PASSING = ProtocolError, ReadTimeoutError, ConnectionResetError  # faults that a retry may not meet

# Mean and standard deviation of MNIST's training pixels, black 0 and white 1.
PIXEL_MEAN, PIXEL_STD = 0.1307, 0.3081


class DataError(Exception):
    """MNIST cannot be had; the message says why and what to do."""


class _MirrorError(Exception):
    """Why a mirror does not give a file, in a few words."""


def load_mnist(data_dir):
    """Return (train_images, train_labels, test_images, test_labels).

    Images are uint8 (n, 784), labels uint8 (n,), with n 60,000 for training and 10,000 for testing.
    What is not in the folder `data_dir` is downloaded into it. Raises DataError.
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
    usual = (str(folder / f"{name}{end}") for name in FILES for end in (".gz", ""))
    # Other names: browsers and archives add " (1)" and folders, two deep at most.
    places = (os.path.join(glob.escape(str(folder)), place) for place in ("*", "*/*", "*/*/*"))
    others = (path for place in places for path in sorted(glob.glob(place)))
    for path in itertools.chain(usual, others):
        with contextlib.suppress(OSError):
            if len(contents) < len(FILES) and os.path.isfile(path):
                with open(path, "rb") as file:
                    contents.update(_recognise(file))
    return contents


def _recognise(file):
    """Return {name: content} if the open `file` is one of MNIST's, packed or not, otherwise {}."""
    packed = file.read(2) == GZIP_MAGIC
    file_size = file.seek(0, io.SEEK_END)
    file.seek(0)
    if file_size > LARGEST_PACKED if packed else file_size not in SIZES:
        return {}
    try:
        # No more than it takes to see that it is too much: a gzip bomb must not fill the memory.
        content = (gzip.GzipFile(fileobj=file) if packed else file).read(max(SIZES) + 1)
    except (OSError, EOFError, zlib.error):  # damaged
        return {}
    digest = hashlib.sha256(content).hexdigest()
    return {name: content for name in FILES if FILES[name] == digest}


def _download(names, folder):
    """Save each file as the first mirror that has it sends it, and return {name: content}."""
    own = os.environ.get("MNIST_MIRROR", "").strip()
    mirrors = ([own.rstrip("/") + "/"] if own else []) + list(MIRRORS)
    contents, faults, shown = {}, [], support.shown(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in names:
            path = folder / f"{name}.gz"
            for bad in map(support.shown, filter(os.path.isfile, (path, folder / name))):
                print(say(f"{bad} is damaged: fetching it anew.", f"{bad} 已损坏，重新下载。"))
            while mirrors:
                url = mirrors[0] + path.name
                print(say(f"Downloading {url}", f"正在下载 {url}"))
                try:
                    packed, contents[name] = _fetch(url, name)
                    break
                except _MirrorError as fault:
                    print(f"  {fault}")
                    faults.append(str(fault))
                    del mirrors[0]
            else:
                why = say("; ", "；").join(dict.fromkeys(faults))
                links = [f"\n  {MIRRORS[0]}{name}.gz" for name in names if name not in contents]
                advice = say(
                    f"MNIST could not be downloaded: {why}.\n"
                    f"Run again later, or download these with a browser into {shown}:",
                    f"MNIST 下载失败：{why}。\n请稍后再试，或用浏览器下载以下文件，放进 {shown}：",
                )
                raise DataError("".join([advice, *links]))
            _save(path, packed)
    except OSError as error:
        why = error.strerror or error
        raise DataError(
            say(
                f"MNIST could not be saved in {shown} ({why}): free some space or choose another "
                "folder with --data_dir.",
                f"无法把 MNIST 存入 {shown}（{why}）：请腾出空间，或用 --data_dir 换一个文件夹。",
            )
        ) from None
    return contents


def _fetch(url, name):
    """Return the file at `url` as it comes, and its content; raise _MirrorError."""
    packed = bytearray()
    for attempt in itertools.count(1):
        resumed = bool(packed)
        try:
            _receive(url, packed)
            found = _recognise(io.BytesIO(packed))
            if name in found:
                return packed, found[name]
            packed.clear()
            fault = say(
                "it sends something else (a log-in page? log in with a browser first)",
                "发来的是别的内容（可能是校园网的登录页，请先用浏览器登录）",
            )
            # The beginning may have been another version's: once more, from the first byte.
            raise (ProtocolError if resumed else _MirrorError)(fault)
        except (OSError, HTTPError, ValueError) as error:  # those of requests are OSErrors
            causes = [error]
            while causes[-1].__context__:
                causes.append(causes[-1].__context__)
            passing = any(isinstance(cause, PASSING) for cause in causes)
            if not passing or attempt >= ATTEMPTS + len(packed) // BYTES_PER_ATTEMPT:
                raise _MirrorError(_in_words(url, causes)) from None
        time.sleep(PAUSE_SECONDS * attempt)


def _receive(url, packed):
    """Add to the bytearray `packed` what it lacks of `url`."""
    resumed = bool(packed)
    # identity: some servers would otherwise undo or repeat the compression of a .gz file.
    headers = {"Accept-Encoding": "identity"}
    if resumed:
        headers["Range"] = f"bytes={len(packed)}-"
    timeout = CONNECT_SECONDS, SILENT_SECONDS
    with requests.get(url, headers=headers, stream=True, timeout=timeout) as response:
        status = response.status_code
        if status in (408, 429) or status >= 500:
            raise ProtocolError(f"HTTP {status}")
        if status != 206:
            packed.clear()
        if status not in (200, 206):
            raise (ProtocolError if resumed else _MirrorError)(f"HTTP {status}")
        mark, since = len(packed), time.monotonic()
        total = mark + (response.raw.length_remaining or 0)
        read = getattr(response.raw, "read1", response.raw.read)  # old versions have no read1
        hidden = not support.is_terminal(sys.stderr)
        with tqdm(
            total=total, initial=mark, unit="B", unit_scale=True, leave=False, disable=hidden
        ) as bar:
            for piece in iter(lambda: read(1 << 14), b""):
                packed += piece
                bar.update(len(piece))
                # Captive portals answer every address with their log-in page and status 200.
                gzipped = packed.startswith(GZIP_MAGIC[: len(packed)])
                if not gzipped or max(len(packed), total) > LARGEST_PACKED:
                    return
                if len(packed) > mark + SLOWEST_BYTES:
                    mark, since = len(packed), time.monotonic()
                elif time.monotonic() - since > SILENT_SECONDS:
                    raise ProtocolError(say("it is too slow", "速度太慢"))
    if len(packed) < total:
        raise ConnectionResetError


def _in_words(url, causes):
    """Return what the exceptions say, of which each came from the next."""
    words = getattr(causes[-1], "strerror", None) or str(causes[-1])
    words = " ".join(words.split())[:150]

    def is_any(*kinds):
        return any(isinstance(cause, kinds) for cause in causes)

    if is_any(requests.exceptions.ProxyError, requests.exceptions.InvalidSchema):
        proxies = requests.utils.get_environ_proxies(url)
        proxy = requests.utils.select_proxy(url, proxies)
        proxy = next((f"{name}={proxy}" for name in os.environ if os.environ[name] == proxy), proxy)
        if words.startswith("Missing dependencies for SOCKS"):
            install = support.command("-m", "pip", "install", "pysocks")
            raise DataError(
                say(
                    f"The proxy {proxy} needs pysocks: run this, or set an http proxy.\n{install}",
                    f"代理 {proxy} 需要 pysocks：请运行下面的命令，或改用 http 代理。\n{install}",
                )
            )
        if proxy:
            return say(f"the proxy {proxy} fails: {words}", f"代理 {proxy} 出错：{words}")
    if is_any(ssl.SSLCertVerificationError):
        return say(
            "something on the way (a school's network, an antivirus) answers with a certificate "
            "of its own: if you trust it, let REQUESTS_CA_BUNDLE name its file",
            "校园网或杀毒软件换上了自己的证书：如果信任它，请用 REQUESTS_CA_BUNDLE 指明证书文件",
        )
    if is_any(socket.gaierror):
        return say("its address cannot be found (no network?)", "找不到服务器地址（没有联网？）")
    if is_any(TimeoutError):
        return say("no answer in time", "没有及时响应")
    if is_any(http.client.IncompleteRead, ConnectionResetError):
        return say("the connection was lost", "连接中断")
    return words


def _save(path, packed):
    """Make `packed` the file `path`, whole or not at all; raise OSError."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            file.write(packed)
            file.flush()
            os.fsync(file.fileno())  # or a power cut could leave the new name without its content
        os.replace(temporary, path)
    except OSError:
        # Windows refuses also while another run, which was quicker, reads the file: all is well.
        if path.stem not in _find(path.parent):
            raise
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def main(argv=None):
    """Download and verify MNIST with the arguments `argv` and return the exit code."""
    parser = argparse.ArgumentParser(
        description=say("Download and verify MNIST.", "下载并核对 MNIST。"), allow_abbrev=False
    )
    place = say("place of MNIST", "MNIST 的文件夹") + " (%(default)s)"
    parser.add_argument("--data_dir", default=DATA_DIR, metavar="DIR", help=place)
    folder = Path(os.path.expanduser(parser.parse_args(argv).data_dir))
    try:
        load_mnist(folder)
    except KeyboardInterrupt:
        print(say("\nInterrupted.", "\n已中断。"))
        return 130
    except DataError as error:
        print(say(f"Error: {error}", f"错误：{error}"), file=sys.stderr)
        return 1
    shown = support.shown(folder)
    print(say(f"MNIST is complete in {shown}.", f"{shown} 中的 MNIST 已经齐全。"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
