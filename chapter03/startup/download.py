"""Fetch files from mirrors over an unreliable network: resumed, retried, verified, then renamed."""

import contextlib
import itertools
import os
import queue
import socket
import ssl
import threading
import time

import requests
import urllib3
from tqdm import tqdm

import storage

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://dataset.bj.bcebos.com/mnist/",  # Beijing: near to students in China
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
# Seconds without a new byte that all mirrors together may cost before there is an answer.
SEARCH_SECONDS = 14
# Seconds without a new piece after which a mirror is given up.
STALL_SECONDS = 10
PIECE_BYTES = 1 << 13
# Seconds before the second attempt at a mirror; then twice as many each time.
FIRST_PAUSE = 0.5
# Attempts at one file of one mirror, however little each of them brings.
MAX_ATTEMPTS = 100


class DownloadError(Exception):
    """The files cannot be had; the message says why and what to do."""


class _MirrorError(Exception):
    """Why a mirror did not give a file, in a few words: go on to the next mirror."""


class _PassingError(_MirrorError):
    """A fault that another attempt at the same mirror may not meet."""


class _UnreachableError(_MirrorError):
    """The mirror does not answer at all: do not ask it for the other files either."""


def fetch(files, folder, what_is_wrong):
    """Download <name>.gz into `folder` for each of `files`, tuples that start with (name, size).

    `size` is that of the decompressed content; `what_is_wrong(path, file)` returns None for a file
    with the right content and otherwise a few words. Raises DownloadError. A file takes its name
    only once it is right; what has arrived of it waits in <name>.gz.part for the next run. Call it
    within `alone_in(folder)`.
    """
    own_mirror = os.environ.get("MNIST_MIRROR", "").strip()
    mirrors = [own_mirror.rstrip("/") + "/"] if own_mirror else []
    mirrors += MIRRORS
    faults = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for i, file in enumerate(files):
            path = folder / f"{file[0]}.gz"
            if not _fetch_from_any(mirrors, path, file, what_is_wrong, faults):
                raise DownloadError(_by_hand(mirrors, faults, folder, files[i:]))
    except OSError as error:
        raise DownloadError(
            f"MNIST cannot be downloaded to {error.filename or folder}: "
            f"{error.strerror or error}. Free some space or choose another folder with "
            "--data_dir, then run again."
        ) from None


@contextlib.contextmanager
def alone_in(folder):
    """Wait until no other process is within `alone_in(folder)`, and keep others waiting."""
    with contextlib.ExitStack() as stack:
        # A lock that cannot be had, as in a folder that is read-only, is no reason to stop: what
        # is then to be written says better what is wrong.
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            lock = stack.enter_context(open(folder / ".lock", "ab"))
            if not storage.try_lock(lock):
                print(f"Another run is downloading to {folder}; waiting for it to finish.")
                while not storage.try_lock(lock):
                    time.sleep(0.1)
        yield


def _by_hand(mirrors, faults, folder, files):
    """Return the message for someone whom no mirror could serve."""
    return "\n".join(
        [
            "MNIST could not be downloaded. What each mirror answered:",
            *(f"  {mirror}  {faults[mirror]}" for mirror in mirrors),
            f"Run again to try again, or put these files into {folder} by hand:",
            *(f"  {name}.gz" for name, *_ in files),
        ]
    )


def _fetch_from_any(mirrors, path, file, what_is_wrong, faults):
    """Return whether one of the mirrors gave the file; note in `faults` why the others did not."""
    # Those without a fault first: a mirror that had one file is likely to have the next.
    for mirror in sorted(mirrors, key=faults.__contains__):
        if isinstance(faults.get(mirror), _UnreachableError):
            continue
        print(f"Downloading {mirror}{path.name}")
        try:
            _fetch_from(mirror, path, file, what_is_wrong, SEARCH_SECONDS / len(mirrors))
            return True
        except _MirrorError as fault:
            faults[mirror] = fault
            print(f"  {fault}")
    return False


def _fetch_from(mirror, path, file, what_is_wrong, patience):
    """Bring `path` from one mirror; raise _MirrorError after `patience` seconds without a byte."""
    part = path.with_name(f"{path.name}.part")
    # Compression that gains nothing adds a few bytes for each block of some thousand.
    most_bytes = file[1] + file[1] // 100 + 1000
    most_so_far, restarted = _size(part), False
    deadline, pause = time.monotonic() + patience, FIRST_PAUSE
    for attempts_left in reversed(range(MAX_ATTEMPTS)):
        begun_with = _size(part)
        try:
            _download(mirror + path.name, part, most_bytes, deadline)
        except _PassingError:
            if _size(part) > most_so_far:
                most_so_far = _size(part)
                deadline, pause = time.monotonic() + patience, FIRST_PAUSE
            if not attempts_left or time.monotonic() + pause > deadline:
                raise
            time.sleep(pause)
            pause *= 2
            continue
        fault = what_is_wrong(part, file)
        if fault is None:
            return storage.rename_onto(part, path)
        part.unlink()
        if restarted or not begun_with or not attempts_left:
            raise _MirrorError(f"wrong content: {fault}")
        # The beginning may have been another mirror's: once more, from the first byte.
        most_so_far, restarted = 0, True
        deadline = time.monotonic() + patience


def _download(url, part, most_bytes, deadline, resume=True):
    """Add to `part` what it lacks of `url`, or write it anew if the server cannot resume."""
    have = _size(part) if resume else 0
    # identity: some servers would otherwise undo or repeat the compression of a .gz file.
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    with contextlib.closing(_answer(url, headers, deadline)) as answer:
        response = next(answer)
        status = response.status_code
        if status == 416 and have:
            return  # nothing comes after what we have
        if status >= 500 or status in (408, 429):
            raise _PassingError(f"HTTP status {status}")
        if status not in (200, 206):
            raise _MirrorError(f"HTTP status {status}")
        place = response.headers.get("Content-Range", "")
        if status == 206 and not place.startswith(f"bytes {have}-"):
            if not have:
                raise _MirrorError("a part of the file instead of the whole")
            answer.close()
            return _download(url, part, most_bytes, deadline, resume=False)
        if status == 200:
            have = 0
        length = response.headers.get("Content-Length", "")
        total = have + int(length) if length.isdecimal() else None
        first = next(answer, b"")
        # Captive portals answer every address with their log-in page and status 200.
        if status == 200 and (not first or not first.startswith(b"\x1f\x8b"[: len(first)])):
            raise _MirrorError("not the file but something else, perhaps a network's log-in page")
        if total is not None and total > most_bytes:
            raise _MirrorError("more bytes than the file can have")
        part.touch()
        # Written over what is there, which is shortened only when all has come: a connection lost
        # before that does not cost what an earlier one has brought.
        with open(part, "r+b") as file, tqdm(
            desc=part.stem, total=total, initial=have, unit="B", unit_scale=True, disable=None
        ) as bar:  # fmt: skip
            file.seek(have)
            for piece in itertools.chain([first], answer):
                file.write(piece)
                have += len(piece)
                bar.update(len(piece))
                if have > most_bytes:
                    raise _MirrorError("more bytes than the file can have")
            if total is not None and have < total:
                raise _PassingError("connection lost")
            file.truncate()


def _answer(url, headers, deadline):
    """Yield the response to a GET, then its body piece by piece; raise _MirrorError.

    A thread asks and puts what comes into a queue: waiting for the queue ends in time even where
    the time-outs of requests do not reach, as while a name is looked up or bytes come singly.
    """
    arrived = queue.Queue(maxsize=64)
    given_up = threading.Event()

    def ask():
        try:
            with requests.get(url, headers=headers, stream=True, timeout=60) as response:
                arrived.put(response)
                for piece in response.raw.stream(PIECE_BYTES, decode_content=False):
                    if given_up.is_set():
                        return
                    arrived.put(piece)
            arrived.put(None)
        except Exception as error:
            arrived.put(_fault_of(error))

    threading.Thread(target=ask, daemon=True).start()
    wait, silence = deadline - time.monotonic(), _UnreachableError("no answer")
    try:
        while True:
            try:
                item = arrived.get(timeout=max(0, wait))
            except queue.Empty:
                raise silence from None
            if item is None:
                return
            if isinstance(item, Exception):
                raise item
            yield item
            wait, silence = STALL_SECONDS, _MirrorError(f"no data for {STALL_SECONDS} seconds")
    finally:
        given_up.set()
        with contextlib.suppress(queue.Empty):
            while True:
                arrived.get_nowait()  # makes room, if the thread waits for that


def _fault_of(error):
    """Return the _MirrorError for an exception of requests or urllib3."""
    causes = []
    while error:
        causes.append(error)
        error = error.__cause__ or error.__context__
    for kinds, fault in (
        (ssl.SSLCertVerificationError,
         _UnreachableError("its certificate is not valid; is the date of this computer right?")),
        (requests.exceptions.ProxyError,
         _UnreachableError("the proxy set in the environment does not let us through")),
        (socket.gaierror, _UnreachableError("its name is not known; is there a network?")),
        (ConnectionRefusedError, _UnreachableError("connection refused")),
        ((requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError),
         _UnreachableError("no answer")),
        ((ssl.SSLError, urllib3.exceptions.SSLError), _PassingError("no secure connection")),
        ((urllib3.exceptions.ProtocolError, ConnectionError), _PassingError("connection lost")),
        (requests.ConnectionError, _UnreachableError("no connection")),
        (requests.TooManyRedirects, _MirrorError("it redirects without end")),
    ):  # fmt: skip
        if any(isinstance(cause, kinds) for cause in causes):
            return fault
    # What is left comes from settings, such as an address that is none, and requests says it well.
    return _UnreachableError(f"{causes[0]}"[:150])


def _size(path):
    return path.stat().st_size if path.exists() else 0
