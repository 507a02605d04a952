"""Files that are whole or not there: safe replacement, and the format of `weights.npz`.

`weights.npz` holds float32 arrays W0, b0, W1, b1, ... and `meta`, a JSON string. It is read without
pickle, so that opening a file from a stranger never runs the stranger's code.
"""

import contextlib
import json
import os
import time
import zipfile
from pathlib import Path

import numpy as np

FORMAT_VERSION = 1
# Five times what `--hidden_dims 2048 2048` needs: a file that claims more is not one of ours.
MAX_PARAMETERS = 32_000_000
MAX_META_BYTES = 1_000_000


class StorageError(Exception):
    """A file could not be written; the message says which, why and what to do."""


class WeightsError(Exception):
    """A weights file is missing or not usable; the message says which, why and what to do."""


@contextlib.contextmanager
def replacing(path):
    """Open a temporary binary file that becomes `path` if the `with` block succeeds.

    Whatever happens, even a kill or a power cut, `path` is the old file or the whole new one.
    Raises StorageError if the file cannot be written.
    """
    path = Path(path)
    # The process number keeps two runs at the same time out of each other's temporary file.
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(path)
        with open(temporary, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _replace(temporary, path)
    except OSError as error:
        raise StorageError(
            f"{path} could not be written: {error.strerror or error}; what was there before is "
            "unchanged. Free some space or choose another folder, then run again."
        ) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def write_weights(path, arrays, meta):
    """Replace `path` by a weights file with float32 `arrays` by name and the dict `meta`."""
    meta = json.dumps({"format": FORMAT_VERSION, **meta})
    with replacing(path) as file:
        np.savez(file, **arrays, meta=np.array(meta))


def read_weights(path):
    """Return (arrays, meta) of a weights file.

    `meta["dims"]` gives the layer sizes; W_i is (dims[i], dims[i + 1]) and b_i (1, dims[i + 1]).
    Raises WeightsError for a file that is missing, damaged, of another format or absurdly large.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            meta = _checked_meta(json.loads(str(_read_array(archive, "meta", MAX_META_BYTES))))
            arrays = {}
            for i, (d, m) in enumerate(zip(meta["dims"], meta["dims"][1:])):
                for name, shape in ((f"W{i}", (d, m)), (f"b{i}", (1, m))):
                    arrays[name] = _checked_weights(archive, name, shape)
        return arrays, meta
    except FileNotFoundError:
        raise WeightsError(f"There are no weights at {path} yet") from None
    except OSError as error:
        raise WeightsError(f"{path} could not be read: {error.strerror or error}") from None
    except _Unfit as error:
        raise WeightsError(f"{path} is not a usable weights file: {error}") from None
    except Exception as error:
        # A damaged archive makes zipfile, zlib, struct, json and numpy raise almost anything.
        raise WeightsError(
            f"{path} is damaged or not a weights file of this course ({type(error).__name__})"
        ) from None


class _Unfit(Exception):
    """What is wrong with the content of a weights file, in a few words."""


def _checked_meta(meta):
    if not isinstance(meta, dict) or meta.get("format") != FORMAT_VERSION:
        raise _Unfit(f"its format is not version {FORMAT_VERSION}")
    dims = meta.get("dims")
    if not isinstance(dims, list) or len(dims) < 2 or any(type(d) is not int for d in dims):
        raise _Unfit("it does not say the sizes of its layers")
    if min(dims) < 1 or sum((d + 1) * m for d, m in zip(dims, dims[1:])) > MAX_PARAMETERS:
        raise _Unfit(f"its layer sizes are absurd: {str(dims)[:60]}")
    for name, kind in (("dataset", str), ("epoch", int), ("test_accuracy", (int, float))):
        if name in meta and not isinstance(meta[name], kind):
            raise _Unfit(f"its {name} is not of the right kind")
    return meta


def _checked_weights(archive, name, shape):
    weights = _read_array(archive, name, max_bytes=4 * shape[0] * shape[1])
    if weights.shape != shape or weights.dtype != np.float32:
        raise _Unfit(f"{name} is {weights.dtype} {weights.shape}, not float32 {shape}")
    if not np.all(np.isfinite(weights)):
        raise _Unfit(f"{name} holds numbers that are not finite")
    return weights


def _read_array(archive, name, max_bytes):
    """Read one .npy member; unlike numpy.load, look at the size before taking the memory."""
    with archive.open(f"{name}.npy") as file:
        if np.lib.format.read_magic(file) != (1, 0):
            raise _Unfit(f"{name} is of an unknown version of NumPy's format")
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
        if dtype.hasobject:
            raise _Unfit(f"{name} holds pickled objects, which are never loaded")
        count = int(np.prod(shape, dtype=object))
        if not 0 < count * dtype.itemsize <= max_bytes:
            raise _Unfit(f"{name} has an absurd size: {dtype} {shape}")
        # Reading to the end makes zipfile compare the checksum as well.
        content = file.read(count * dtype.itemsize + 1)
        return np.frombuffer(content, dtype=dtype).reshape(shape).copy()


def _replace(temporary, path):
    # On Windows a file cannot be replaced during the milliseconds in which another program,
    # for instance the drawing window, has it open.
    for _ in range(40):
        try:
            return os.replace(temporary, path)
        except PermissionError:
            time.sleep(0.05)
    os.replace(temporary, path)


def _remove_leftovers(path):
    """Delete the temporary files of runs that were killed while writing `path`."""
    for leftover in path.parent.glob(f".{path.name}.*.tmp"):
        number = leftover.name.split(".")[-2]
        if not (number.isdecimal() and _is_running(int(number))):
            with contextlib.suppress(OSError):
                leftover.unlink()


def _is_running(process_number):
    if os.name == "nt":
        # os.kill would end the process; but Windows refuses by itself to delete an open file.
        return False
    try:
        os.kill(process_number, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True
