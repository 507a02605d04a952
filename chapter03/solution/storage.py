"""Files that are whole or not there: safe replacement, and the format of `weights.npz`.

`weights.npz` holds float32 arrays W0, b0, W1, b1, ... and `meta`, a JSON string. It is read without
pickle, so that opening a file from a stranger never runs the stranger's code.
"""

import contextlib
import io
import json
import os
import time
import zipfile
from itertools import pairwise
from pathlib import Path

import numpy as np

FORMAT_VERSION = 1
# Five times what `--hidden_dims 2048 2048` needs: a file that claims more is not one of ours.
MAX_PARAMETERS = 32_000_000
MAX_META_BYTES = 1_000_000
MAX_FILE_BYTES = 4 * MAX_PARAMETERS + 2 * MAX_META_BYTES


class StorageError(Exception):
    """A file could not be written; the message says which, why and what to do."""


class WeightsError(Exception):
    """A weights file is missing or not usable; the message says which, why and what to do."""


@contextlib.contextmanager
def replacing(path):
    """Collect in memory what the `with` block writes, then make it the content of `path`.

    Whatever happens, even a kill or a power cut, `path` is the old file or the whole new one.
    Raises StorageError if the file cannot be written.
    """
    content = io.BytesIO()
    yield content
    _write_whole(Path(path), content.getbuffer())


def write_weights(path, arrays, meta):
    """Replace `path` by a weights file with float32 `arrays` by name and the dict `meta`."""
    arrays = {name: np.ascontiguousarray(array, np.float32) for name, array in arrays.items()}
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise StorageError(
            f"{path} was not written: the network's weights are no longer finite numbers; what "
            "was there before is unchanged. Try a smaller --lr."
        )
    meta = json.dumps({"format": FORMAT_VERSION, **meta})
    with replacing(path) as file:
        np.savez(file, **arrays, meta=np.array(meta))


def read_weights(path):
    """Return (arrays, meta) of a weights file.

    `meta["dims"]` gives the layer sizes; W_i is (dims[i], dims[i + 1]) and b_i (1, dims[i + 1]).
    Raises WeightsError for a file that is missing, damaged, of another format or absurdly large.
    """
    try:
        if os.path.exists(path) and not os.path.isfile(path):
            raise _UnfitError("it is a folder or a device")
        with open(path, "rb") as file:
            return _read(file)
    except FileNotFoundError:
        raise WeightsError(f"There are no weights at {path} yet: train a network first.") from None
    except _UnfitError as error:
        raise WeightsError(
            f"{path} is not a usable weights file: {error}. Train again to replace it."
        ) from None
    except OSError as error:
        raise WeightsError(f"{path} could not be read: {error.strerror or error}.") from None


class _UnfitError(Exception):
    """What is wrong with the content of a weights file, in a few words."""


def _read(file):
    if os.stat(file.fileno()).st_size > MAX_FILE_BYTES:
        raise _UnfitError("it is too large")
    try:
        with zipfile.ZipFile(file) as archive:
            meta = _checked_meta(json.loads(str(_read_array(archive, "meta", MAX_META_BYTES))))
            arrays = {}
            for i, (d, m) in enumerate(pairwise(meta["dims"])):
                for name, shape in ((f"W{i}", (d, m)), (f"b{i}", (1, m))):
                    arrays[name] = _checked_weights(archive, name, shape)
            if len(archive.namelist()) != 1 + len(arrays):
                raise _UnfitError("it holds more than weights")
        return arrays, meta
    except _UnfitError:
        raise
    except Exception as error:
        # A damaged archive makes zipfile, zlib, struct, json and numpy raise almost anything.
        raise _UnfitError(f"it is damaged or something else ({type(error).__name__})") from None


def _checked_meta(meta):
    if not isinstance(meta, dict) or meta.get("format") != FORMAT_VERSION:
        raise _UnfitError(f"its format is not version {FORMAT_VERSION}")
    dims = meta.get("dims")
    if not isinstance(dims, list) or len(dims) < 2 or any(type(d) is not int for d in dims):
        raise _UnfitError("it does not say the sizes of its layers")
    if min(dims) < 1 or sum((d + 1) * m for d, m in pairwise(dims)) > MAX_PARAMETERS:
        raise _UnfitError(f"its layer sizes are absurd: {str(dims)[:60]}")
    for name, kind in (("dataset", str), ("epoch", int), ("test_accuracy", (int, float))):
        if name in meta and not isinstance(meta[name], kind):
            raise _UnfitError(f"its {name} is not of the right kind")
    return meta


def _checked_weights(archive, name, shape):
    weights = _read_array(archive, name, max_bytes=4 * shape[0] * shape[1])
    if weights.shape != shape or weights.dtype != np.float32:
        raise _UnfitError(f"{name} is {weights.dtype} {weights.shape}, not float32 {shape}")
    if not np.all(np.isfinite(weights)):
        raise _UnfitError(f"{name} holds numbers that are not finite")
    return weights


def _read_array(archive, name, max_bytes):
    """Read one .npy member; unlike numpy.load, look at the size before taking the memory."""
    if archive.getinfo(f"{name}.npy").compress_type != zipfile.ZIP_STORED:
        raise _UnfitError(f"{name} is compressed")  # a few bytes could unfold to fill the memory
    with archive.open(f"{name}.npy") as file:
        if np.lib.format.read_magic(file) != (1, 0):
            raise _UnfitError(f"{name} is of an unknown version of NumPy's format")
        shape, by_columns, dtype = np.lib.format.read_array_header_1_0(file)
        if dtype.hasobject:
            raise _UnfitError(f"{name} holds pickled objects, which are never loaded")
        count = int(np.prod(shape, dtype=object))
        if not 0 < count * dtype.itemsize <= max_bytes:
            raise _UnfitError(f"{name} has an absurd size: {dtype} {shape}")
        # Reading to the end makes zipfile compare the checksum as well.
        content = file.read(count * dtype.itemsize + 1)
        array = np.frombuffer(content, dtype=dtype).reshape(shape, order="F" if by_columns else "C")
        return array.copy(order="C")


def _write_whole(path, content):
    # A name of its own for each writing keeps two runs at the same time apart.
    temporary = path.with_name(f".{path.name}.{os.urandom(4).hex()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(path)
        for attempts_left in reversed(range(5)):
            _write_and_sync(temporary, content)
            try:
                return rename_onto(temporary, path)
            except FileNotFoundError:
                # In the moments in which it was not locked, another run took it for a leftover.
                if not attempts_left:
                    raise
    except OSError as error:
        raise StorageError(
            f"{path} could not be written: {error.strerror or error}; what was there before is "
            "unchanged. Free some space or choose another folder, then run again."
        ) from None
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def _write_and_sync(temporary, content):
    with open(temporary, "wb") as file:
        with contextlib.suppress(OSError):
            try_lock(file)  # so that _remove_leftovers of another run leaves it alone
        file.write(content)
        file.flush()
        # Or a power cut could leave the new name with the content not yet on the disk. The
        # folder needs no fsync: without it a power cut at worst brings the old file back.
        os.fsync(file.fileno())


def _remove_leftovers(path):
    """Delete the temporary files of runs that were killed while writing `path`."""
    for leftover in path.parent.glob(f".{path.name}.*.tmp"):
        with contextlib.suppress(OSError):
            with open(leftover, "r+b") as file:
                abandoned = try_lock(file)
            if abandoned:
                leftover.unlink()


def rename_onto(source, target):
    """Give the file `source` the name `target`, which any file of that name loses."""
    # On Windows a file cannot be replaced during the milliseconds in which another program, for
    # instance the drawing window or a virus scanner, has it open.
    for _ in range(40 if os.name == "nt" else 0):
        try:
            return os.replace(source, target)
        except PermissionError:
            time.sleep(0.05)
    os.replace(source, target)


# The operating system unlocks a file that is closed, and closes the files of a process that ends,
# even by a kill: no lock is ever left behind. Either function locks the open file and returns True,
# or returns False if it is locked already; OSError says that this file system has no locks.
if os.name == "nt":
    import msvcrt

    def try_lock(file):
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

else:
    import fcntl

    def try_lock(file):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
