"""A small MNIST, and mirrors on 127.0.0.1 that serve it as well or as badly as they are told to."""

import contextlib
import gzip
import hashlib
import http.server
import struct
import threading

import numpy as np

import data
from support import download


def data_set(seed):
    """Return {name: content} in MNIST's form, of 60 images for training and 20 for testing."""
    rng = np.random.default_rng(seed)

    def idx(*shape):
        header = struct.pack(f">BBBB{len(shape)}I", 0, 0, 8, len(shape), *shape)
        # Noise, which gzip hardly shortens, so that a file takes several pieces on its way.
        return header + rng.integers(0, 200, shape, dtype=np.uint8).tobytes()

    return {
        "train-images-idx3-ubyte": idx(60, 28, 28),
        "train-labels-idx1-ubyte": idx(60),
        "t10k-images-idx3-ubyte": idx(20, 28, 28),
        "t10k-labels-idx1-ubyte": idx(20),
    }


def table_of(contents):
    """Return the table of files that asks for these contents."""
    return [
        download.File(name, len(content), hashlib.sha256(content).hexdigest())
        for name, content in contents.items()
    ]


CONTENTS = data_set(seed=0)
FILES = table_of(CONTENTS)
PACKED = {f"{name}.gz": gzip.compress(content, mtime=0) for name, content in CONTENTS.items()}
LARGEST = "train-images-idx3-ubyte.gz"


def put(folder, *but):
    """Write the four files into `folder`, except those whose names are given."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, packed in PACKED.items():
        if name not in but:
            (folder / name).write_bytes(packed)


def use(mirrors, patch):
    """Let `patch(module, name, value)`, such as setattr, make the course load the small MNIST."""
    patch(data, "FILES", FILES)
    patch(data, "MIRRORS", mirrors)
    patch(download, "SILENT_SECONDS", 5)
    patch(download, "PAUSE_SECONDS", 0.005)


class Request(http.server.BaseHTTPRequestHandler):
    """One request to a mirror, with what a behaviour needs to answer it."""

    def do_GET(self):
        self.body = PACKED.get(self.path.rpartition("/")[2], b"")
        self.start = int(self.headers.get("Range", "bytes=0-")[6:-1])
        self.rest = self.body[self.start :]
        self.server.requests.append((self.path, self.start))
        self.number = sum(path == self.path for path, _ in self.server.requests)
        with contextlib.suppress(ConnectionError):
            self.server.behave(self)

    def reply(self, body=b"", status=200, length=True, status_text=None, **headers):
        self.send_response(status, status_text)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if length:
            self.send_header("Content-Length", str(len(body) if length is True else length))
        self.end_headers()
        self.wfile.write(body)

    def reply_rest(self, rest, count=None):
        """Send what was asked for, the bytes `rest`, but break off after `count` of them."""
        self.reply(rest[:count], 206 if self.start else 200, length=len(rest))

    def wait(self, seconds=30):
        """Do nothing; return whether the mirror was shut down meanwhile."""
        return self.server.closing.wait(seconds)

    def log_message(self, *_):
        pass


class Mirror(http.server.ThreadingHTTPServer):
    """A server on 127.0.0.1 whose `behave(request)` answers; `requests` lists (path, start)."""

    def __init__(self, behave):
        super().__init__(("127.0.0.1", 0), Request)
        self.behave, self.requests, self.closing = behave, [], threading.Event()
        self.url = f"http://127.0.0.1:{self.server_port}/mnist/"

    def handle_error(self, *_):
        pass

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.closing.set()
        self.shutdown()
        self.server_close()


def serves_the_files(request):
    request.reply_rest(request.rest)
