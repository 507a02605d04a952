"""A small MNIST, and mirrors on 127.0.0.1 that serve it as well or as badly as they are told to."""

import contextlib
import gzip
import hashlib
import http.server
import re
import struct
import threading
import time

import numpy as np

import data
import download


def idx(array):
    """Return the bytes of the IDX file that holds the uint8 `array`."""
    return struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape) + array.tobytes()


_rng = np.random.default_rng(0)
# Noise, which gzip cannot shorten, so that a file takes several pieces on its way.
CONTENTS = {
    "train-images-idx3-ubyte": idx(_rng.integers(0, 256, (60, 28, 28), dtype=np.uint8)),
    "train-labels-idx1-ubyte": idx(_rng.integers(0, 10, 60, dtype=np.uint8)),
    "t10k-images-idx3-ubyte": idx(_rng.integers(0, 256, (20, 28, 28), dtype=np.uint8)),
    "t10k-labels-idx1-ubyte": idx(_rng.integers(0, 10, 20, dtype=np.uint8)),
}
FILES = tuple(
    (name, len(content), hashlib.sha256(content).hexdigest()) for name, content in CONTENTS.items()
)
ZIPPED = {f"{name}.gz": gzip.compress(content, mtime=0) for name, content in CONTENTS.items()}
LARGEST = "train-images-idx3-ubyte.gz"


def put(folder, *but):
    """Write the four files into `folder`, except those whose names are given."""
    folder.mkdir(exist_ok=True)
    for name, zipped in ZIPPED.items():
        if name not in but:
            (folder / name).write_bytes(zipped)


def use(mirrors, patch):
    """Let `patch(module, name, value)`, such as setattr, make the course load the small MNIST."""
    patch(data, "FILES", FILES)
    patch(download, "MIRRORS", tuple(mirrors))
    patch(download, "SEARCH_SECONDS", 0.5 * len(mirrors))
    patch(download, "STALL_SECONDS", 0.4)
    patch(download, "FIRST_PAUSE", 0.01)


class Request(http.server.BaseHTTPRequestHandler):
    """One request to a mirror, with what a behaviour needs to answer it."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.name = self.path.rpartition("/")[2]
        self.body = ZIPPED.get(self.name, b"")
        match = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        self.start = int(match[1]) if match else 0
        self.server.requests.append((self.path, self.start))
        self.number = sum(path == self.path for path, _ in self.server.requests)
        self.close_connection = True
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

    def wait(self, seconds=30):
        """Do nothing until the mirror is shut down."""
        self.server.closing.wait(seconds)

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


# What mirrors do, in the words of someone who watches them.


def serves_the_files(request):
    if request.name not in ZIPPED:
        request.reply(b"no such file", 404)
    elif request.start >= len(request.body):
        request.reply(b"", 416)
    elif request.start:
        last = len(request.body) - 1
        place = f"bytes {request.start}-{last}/{last + 1}"
        request.reply(request.body[request.start :], 206, Content_Range=place)
    else:
        request.reply(request.body)


def ignores_ranges(request):
    request.reply(request.body)


def resumes_from_the_first_byte(request):
    if request.start:
        place = f"bytes 0-{len(request.body) - 1}/{len(request.body)}"
        request.reply(request.body, 206, Content_Range=place)
    else:
        request.reply(request.body)


def resumes_with_other_bytes(request):
    """Serve the whole file rightly, but end a resumed one in zeros."""
    if request.start:
        length = len(request.body) - request.start
        place = f"bytes {request.start}-{len(request.body) - 1}/{len(request.body)}"
        request.reply(bytes(length), 206, Content_Range=place)
    else:
        request.reply(request.body)


def sends_no_length(request):
    request.reply(request.body, length=False)


def sends_in_chunks(request):
    request.reply(length=False, Transfer_Encoding="chunked")
    for piece in (request.body[:1], request.body[1:], b""):
        request.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))


def labels_the_file_as_encoded(request):
    request.reply(request.body, Content_Encoding="gzip", Content_Type="application/x-gzip")


def redirects(request):
    if "elsewhere" in request.path:
        serves_the_files(request)
    else:
        request.reply(b"", 302, Location=f"/elsewhere/{request.name}")


def redirects_for_ever(request):
    request.reply(b"", 302, Location=request.path)


def redirects_to_a_file_of_the_reader(request):
    request.reply(b"", 302, Location="file:///etc/passwd")


def shows_a_log_in_page(request):
    request.reply(
        b"<!DOCTYPE html><title>Campus network</title>Please log in", Content_Type="text/html"
    )


def sends_nothing_with_status_200(request):
    request.reply(b"")


def sends_the_file_unzipped(request):
    request.reply(CONTENTS[request.name[:-3]])


def sends_another_file(request):
    request.reply(gzip.compress(bytes(len(CONTENTS[request.name[:-3]]))))


def sends_a_damaged_file(request):
    half = len(request.body) // 2
    request.reply(request.body[:half] + b"\0" * (len(request.body) - half))


def sends_half_of_the_file_as_the_whole(request):
    request.reply(request.body[: len(request.body) // 2])


def sends_a_bomb(request):
    request.reply(gzip.compress(bytes(10_000_000)))


def sends_bytes_without_end(request):
    request.reply(length=False)
    while not request.server.closing.is_set():
        request.wfile.write(b"\x1f\x8b" * 4096)


def announces_a_terabyte(request):
    request.reply(request.body, length=1 << 40)
    request.wait()


def answers(status):
    def behave(request):
        request.reply(b"sorry", status)

    return _named(behave, f"answers {status}")


def answers_first(status):
    """Fail the first two requests for each file, then serve it."""

    def behave(request):
        if request.number <= 2:
            request.reply(b"sorry", status)
        else:
            serves_the_files(request)

    return _named(behave, f"answers {status} at first")


def hangs_up(request):
    """Close the connection without an answer."""


def hangs_up_after(byte_count):
    """Close each connection after so many bytes of the body, but always a few further on."""

    def behave(request):
        rest = request.body[request.start :]
        headers = {}
        if request.start:
            last = len(request.body) - 1
            headers["Content_Range"] = f"bytes {request.start}-{last}/{last + 1}"
        status = 206 if request.start else 200
        request.reply(rest[:byte_count], status, length=len(rest), **headers)

    return _named(behave, f"hangs up after {byte_count} bytes")


def never_answers(request):
    request.wait()


def stalls_in_the_middle(request):
    request.reply(request.body[: len(request.body) // 2], length=len(request.body))
    request.wait()


def sends_a_byte_now_and_then(request):
    request.reply(length=len(request.body))
    for i in range(len(request.body)):
        request.wfile.write(request.body[i : i + 1])
        if request.server.closing.wait(0.1):
            return


def sends_headers_without_end(request):
    request.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while not request.server.closing.wait(0.1):
        request.wfile.write(b"X-More: 1\r\n")


def speaks_another_language(request):
    request.wfile.write(b"220 ftp.example.org FTP server ready\r\n")


def is_slow_but_steady(request):
    request.reply(length=len(request.body))
    for start in range(0, len(request.body), 8192):
        request.wfile.write(request.body[start : start + 8192])
        time.sleep(0.05)


def drops_then_lies(request):
    """Let every first attempt break off and every resumed one end in zeros."""
    (resumes_with_other_bytes if request.start else hangs_up_after(1000))(request)


def _named(behave, name):
    behave.__name__ = name  # by which pytest calls it
    return behave
