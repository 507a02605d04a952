"""A small MNIST, and mirrors on 127.0.0.1 that serve it as well or as badly as they are told to."""

import contextlib
import gzip
import hashlib
import http.server
import threading

import numpy as np

import data

_rng = np.random.default_rng(0)
# Noise, which gzip cannot shorten, so that a file takes several pieces on its way.
CONTENTS = {
    "train-images-idx3-ubyte": _rng.bytes(16 + 60 * 784),
    "train-labels-idx1-ubyte": _rng.bytes(8 + 60),
    "t10k-images-idx3-ubyte": _rng.bytes(16 + 20 * 784),
    "t10k-labels-idx1-ubyte": _rng.bytes(8 + 20),
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
    patch(data, "FILES", digests)
    patch(data, "SIZES", set(map(len, CONTENTS.values())))
    patch(data, "LARGEST", max(map(len, CONTENTS.values())) + 10_000)
    patch(data, "MIRRORS", tuple(mirrors))
    patch(data, "SILENT_SECONDS", 5)
    patch(data, "PAUSE_SECONDS", 0.005)


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

    def reply(self, body=b"", status=200, length=True, **headers):
        self.send_response(status)
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
