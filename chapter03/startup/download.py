"""Fetch files from mirrors over an unreliable network: resumed, retried, verified, then renamed."""

import contextlib
import os
import threading
import time

import requests
import urllib3
from tqdm import tqdm

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://dataset.bj.bcebos.com/mnist/",  # Beijing: near to students in China
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
# Seconds that looking for a mirror that answers may take, over all mirrors.
SEARCH_SECONDS = 14
# Seconds without a byte after which a mirror is given up.
STALL_SECONDS = 10
# Attempts at one mirror that bring no new byte, with pauses of 0.5, 1, ... seconds between them.
ATTEMPTS = 4
PIECE_BYTES = 1 << 16


class DownloadError(Exception):
    """The files cannot be had; the message says why and what to do."""


class _MirrorFault(Exception):
    """Why a mirror did not give a file, in a few words: go on to the next mirror."""


class _PassingFault(_MirrorFault):
    """A fault that another attempt at the same mirror may not meet."""


class _Unreachable(_MirrorFault):
    """The mirror does not answer at all: do not ask it for the other files either."""


def fetch(files, folder, what_is_wrong):
    """Download <name>.gz into `folder` for each of `files`, tuples that start with (name, size).

    `size` is that of the decompressed content; `what_is_wrong(path, file)` returns None for a file
    with the right content and otherwise a few words. Raises DownloadError. A file takes its name
    only once it is right; what has arrived of it waits in <name>.gz.part for the next run.
    """
    own_mirror = os.environ.get("MNIST_MIRROR", "").strip()
    mirrors = [own_mirror.rstrip("/") + "/"] if own_mirror else []
    mirrors += MIRRORS
    faults = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone_in(folder):
            for file in files:
                path = folder / f"{file[0]}.gz"
                # Another run may have fetched it while this one waited.
                if path.exists() and what_is_wrong(path, file) is None:
                    continue
                if not _fetch_from_any(mirrors, path, file, what_is_wrong, faults):
                    raise DownloadError(_by_hand(mirrors, faults, folder, files))
    except OSError as error:
        raise DownloadError(
            f"The files of MNIST cannot be written to {folder}: {error.strerror or error}. "
            "Free some space or choose another folder with --data_dir, then run again."
        ) from None


def _by_hand(mirrors, faults, folder, files):
    """Return the message for someone whom no mirror could serve."""
    lines = [f"  {mirror}  {faults[mirror]}" for mirror in mirrors]
    names = " ".join(f"{name}.gz" for name, *_ in files)
    return "\n".join(
        [
            "MNIST could not be downloaded. What each mirror answered:",
            *lines,
            f"Run again to try again, or put these files into {folder} by hand: {names}",
        ]
    )


def _fetch_from_any(mirrors, path, file, what_is_wrong, faults):
    """Return whether one of the mirrors gave the file; note in `faults` why the others did not."""
    for mirror in mirrors:
        if isinstance(faults.get(mirror), _Unreachable):
            continue
        try:
            _fetch_from(mirror, path, file, what_is_wrong, SEARCH_SECONDS / len(mirrors))
            return True
        except _MirrorFault as fault:
            faults[mirror] = fault
            print(f"{mirror}{path.name}: {fault}")
    return False


def _fetch_from(mirror, path, file, what_is_wrong, patience):
    """Bring `path` from one mirror, in several attempts if need be; raise _MirrorFault if not."""
    part = path.with_name(f"{path.name}.part")
    # Compression that gains nothing adds a few bytes for each block of some thousand.
    most_bytes = file[1] + file[1] // 100 + 1000
    fruitless, most_so_far = 0, _size(part)
    while True:
        begun_with = _size(part)
        try:
            _download(mirror + path.name, part, most_bytes, patience)
            fault = what_is_wrong(part, file)
            if fault is None:
                return os.replace(part, path)
            part.unlink(missing_ok=True)
            if not begun_with:
                raise _MirrorFault(f"wrong content: {fault}")
            # The beginning may have been another mirror's: once more, from the first byte.
            most_so_far = 0
        except _PassingFault as fault:
            fruitless = 0 if _size(part) > most_so_far else fruitless + 1
            most_so_far = max(most_so_far, _size(part))
            if fruitless == ATTEMPTS:
                raise
            time.sleep(0.5 * 2 ** max(fruitless - 1, 0))


def _download(url, part, most_bytes, patience):
    """Append to `part` what it lacks of `url`, or begin anew if the server cannot resume."""
    have = _size(part)
    # identity: some servers would otherwise undo or repeat the compression of a .gz file.
    headers = {"Accept-Encoding": "identity"}
    if have:
        headers["Range"] = f"bytes={have}-"
    with _get(url, headers, patience) as response:
        status = response.status_code
        if status == 416 and have:
            return  # nothing comes after what we have
        if status >= 500 or status in (408, 429):
            raise _PassingFault(f"HTTP status {status}")
        if status not in (200, 206):
            raise _MirrorFault(f"HTTP status {status}")
        resumed = status == 206
        if resumed and not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
            part.unlink(missing_ok=True)
            raise _PassingFault("resumed at another place than asked")
        if not resumed:
            have = 0
        length = response.headers.get("Content-Length", "")
        total = have + int(length) if length.isdecimal() else None
        pieces = _pieces(response)
        first = next(pieces, b"")
        if not resumed and not first.startswith(b"\x1f\x8b"):
            # Captive portals answer every address with their log-in page and status 200.
            raise _MirrorFault("not the file but something else, perhaps a network's log-in page")
        with (
            open(part, "ab" if resumed else "wb") as file,
            tqdm(desc=part.stem, total=total, initial=have, unit="B", unit_scale=True,
                 disable=None) as bar,
        ):
            piece = first
            while piece:
                file.write(piece)
                have += len(piece)
                bar.update(len(piece))
                if have > most_bytes:
                    break
                piece = next(pieces, b"")
    if have > most_bytes:
        part.unlink()
        raise _MirrorFault("more bytes than the file can have")
    if total is not None and have < total:
        raise _PassingFault("connection lost")


def _get(url, headers, patience):
    """Return the response to a GET, its body not yet read, within `patience` seconds."""
    outcome = []

    def ask():
        try:
            outcome.append(
                requests.get(url, headers=headers, stream=True, timeout=(patience, STALL_SECONDS))
            )
        except Exception as error:
            outcome.append(error)

    # In a thread, because looking up a name can block for longer than any time-out of requests.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(patience)
    if not outcome:
        raise _Unreachable("no answer")
    (response,) = outcome
    if not isinstance(response, Exception):
        return response
    raise _fault_of(response) from None


def _fault_of(error):
    if isinstance(error, requests.exceptions.SSLError):
        return _Unreachable("its certificate is not valid")
    if isinstance(error, requests.exceptions.ProxyError):
        return _Unreachable("the proxy does not let us through")
    if isinstance(error, requests.Timeout):
        return _Unreachable("no answer")
    if isinstance(error, requests.ConnectionError):
        if error.args and isinstance(error.args[0], urllib3.exceptions.ProtocolError):
            return _PassingFault("connection lost")
        return _Unreachable("no connection")
    return _MirrorFault(f"{error}")


def _pieces(response):
    """Yield the body as it is sent, with faults of the network as _MirrorFault."""
    try:
        yield from response.raw.stream(PIECE_BYTES, decode_content=False)
    except urllib3.exceptions.ReadTimeoutError:
        raise _MirrorFault(f"no data for {STALL_SECONDS} seconds") from None
    except (urllib3.exceptions.HTTPError, OSError):
        raise _PassingFault("connection lost") from None


def _size(path):
    return path.stat().st_size if path.exists() else 0


@contextlib.contextmanager
def _alone_in(folder):
    """Wait until no other process is downloading into `folder`, and keep others waiting."""
    with open(folder / ".lock", "ab") as lock:
        if not _try_lock(lock):
            print(f"Another run is downloading to {folder}; waiting for it to finish.")
            while not _try_lock(lock):
                time.sleep(0.2)
        yield  # closing the file releases the lock, as does the end of a killed process


if os.name == "nt":
    import msvcrt

    def _try_lock(file):
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(file):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
