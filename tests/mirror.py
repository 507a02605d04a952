"""A small MNIST, and mirrors on 127.0.0.1 that serve it as well or as badly as they are told to."""

import contextlib
import gzip
import hashlib
import http.server
import re
import struct
import threading

import numpy as np

import data


def _idx(array):
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


_rng = np.random.default_rng(0)
# Noise, which gzip cannot shorten, so that a file takes several pieces on its way.
CONTENTS = {
    "train-images-idx3-ubyte": _idx(_rng.integers(0, 256, (60, 28, 28), dtype=np.uint8)),
    "train-labels-idx1-ubyte": _idx(_rng.integers(0, 10, 60, dtype=np.uint8)),
    "t10k-images-idx3-ubyte": _idx(_rng.integers(0, 256, (20, 28, 28), dtype=np.uint8)),
    "t10k-labels-idx1-ubyte": _idx(_rng.integers(0, 10, 20, dtype=np.uint8)),
}
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
    digests = {name: hashlib.sha256(content).hexdigest() for name, content in CONTENTS.items()}
    for name, value in {
        "FILES": digests,
        "SIZES": tuple(map(len, CONTENTS.values())),
        "LARGEST_PACKED": 60_000,
        "MIRRORS": tuple(mirrors),
        "SILENT_SECONDS": 5,
        "PAUSE_SECONDS": 0.005,
    }.items():
        patch(data, name, value)


class Request(http.server.BaseHTTPRequestHandler):
    """One request to a mirror, with what a behaviour needs to answer it."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.name = self.path.rpartition("/")[2]
        self.body = PACKED.get(self.name, b"")
        match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        self.start = int(match[1]) if match else 0
        self.server.requests.append((self.path, self.start))
        self.number = sum(path == self.path for path, _ in self.server.requests)
        self.close_connection = True
        with contextlib.suppress(ConnectionError):
            self.server.behave(self)

    def reply(self, body=b"", status=200, length=True, **headers):
        self.send_response(status)
        self.send_header("Connection", "close")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if length:
            self.send_header("Content-Length", str(len(body) if length is True else length))
        self.end_headers()
        self.wfile.write(body)

    def reply_from(self, start, rest, count=None):
        """Resume at the byte `start` with the bytes `rest`, of which only `count` are sent."""
        last = start + len(rest) - 1
        headers = {"Content_Range": f"bytes {start}-{last}/{last + 1}"} if self.start else {}
        self.reply(rest[:count], 206 if self.start else 200, length=len(rest), **headers)

    def wait(self, seconds=30):
        """Do nothing until the mirror is shut down; return whether it was."""
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
    if request.name not in PACKED:
        request.reply(b"no such file", 404)
    elif request.start >= len(request.body):
        request.reply(b"", 416)
    else:
        request.reply_from(request.start, request.body[request.start :])
