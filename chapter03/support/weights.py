"""weights.npz: the trained network in a file that is saved whole or not at all, and loaded checked.

It holds float32 arrays W0 (d, m), b0 (1, m), W1, b1, ... and `meta`, a JSON text with a format
version, the layer sizes `dims`, and what the training tells (data set, epoch, history, options).
"""

import contextlib
import io
import json
import os
import zipfile
from itertools import pairwise

import numpy as np

from support import console
from support.files import replace_whole
from support.language import UserError

FORMAT_VERSION = 1
MAX_PARAMETERS = 1 << 26  # ten times what --hidden_dims 2048 2048 needs
MAX_LAYERS = 1000
MAX_META = 1 << 24  # bytes: the history of some 60,000 epochs
MAX_PACKED = 1 << 26  # bytes that may be packed: save() packs nothing, and a bomb is all zeros


def save(path, network, **meta):
    """Make `path` the weights of `network` (an MLP) with `meta` beside them; raise UserError."""
    content = packed(network, **meta)
    try:
        replace_whole(path, content)
    except OSError as error:
        why = error.strerror or error
        shown = console.shown(path)
        raise UserError(
            f"{shown} could not be written: {why}. What was there before is unchanged; free "
            "some space or choose another folder, then run again.",
            f"无法写入 {shown}：{why}。原有内容没有改动；请腾出空间或换一个文件夹，再运行一次。",
        ) from None


def packed(network, **meta):
    """Return the content of weights.npz: the weights of `network` (an MLP) and `meta`."""
    arrays = {}
    for i, linear in enumerate(network.linears):
        arrays[f"W{i}"] = np.float32(linear.W)
        arrays[f"b{i}"] = np.float32(linear.b)
    text = json.dumps({"format": FORMAT_VERSION, "dims": network.dims, **meta})

    content = io.BytesIO()
    np.savez(content, meta=np.array(text), **arrays)
    return content.getvalue()


def load(path, MLP):
    """Return (network, meta): the class `MLP` with the weights of `path`; raise UserError.

    `path` may also be an open file.
    The sizes of the network come from the file. No code in the file is ever run.
    """
    with _opened(path) as archive:
        meta = _read_meta(archive)
        arrays = _read_arrays(archive, meta["dims"])

    in_features, *hidden_dims, out_features = meta["dims"]
    network = MLP(in_features, hidden_dims, out_features, np.random.default_rng(0))
    for i, linear in enumerate(network.linears):
        linear.W = arrays[f"W{i}"]
        linear.b = arrays[f"b{i}"]
    return network, meta


def check_sizes(path, dims, in_features, out_features):
    """Raise UserError unless the network of the file `path` has so many inputs and outputs."""
    if (dims[0], dims[-1]) == (in_features, out_features):
        return
    shown = console.shown(path)
    raise UserError(
        f"{shown} has the sizes {dims}; digits need {in_features} in and {out_features} out.",
        f"{shown} 里的网络是 {dims}；识别数字需要 {in_features} 个输入、{out_features} 个输出。",
    )


def load_meta(path):
    """Return what the file at `path` tells of its training, without the arrays."""
    with _opened(path) as archive:
        return _read_meta(archive)


@contextlib.contextmanager
def _opened(path):
    """Yield the archive at `path`; what cannot be read of it becomes a UserError."""
    shown = console.shown(path)
    try:
        _refuse_what_has_no_end(path)
        with zipfile.ZipFile(path) as archive:
            _refuse_bombs(archive)
            yield archive
    except FileNotFoundError:
        raise UserError(
            f"There are no weights at {shown} yet: train a network first.",
            f"{shown} 还不存在：请先训练网络。",
        ) from None
    except Exception as error:
        # A damaged archive makes zipfile, zlib, json and numpy raise almost anything.
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        why = " ".join(reason.split())[:200]
        raise UserError(
            f"{shown} is not a usable weights file ({why}). Train again to replace it.",
            f"{shown} 不是可用的权重文件（{why}）。请重新训练，生成新的文件。",
        ) from None


def _refuse_what_has_no_end(path):
    """Raise ValueError if a pipe or a device lies at `path`, which may also be an open file."""
    if not isinstance(path, io.BytesIO) and os.path.exists(path) and not os.path.isfile(path):
        raise ValueError("a folder, a pipe or a device")


def _refuse_bombs(archive):
    """Raise ValueError if a small file would fill the memory once it is unpacked."""
    packed = [member for member in archive.infolist() if member.compress_type != zipfile.ZIP_STORED]
    # Other methods than NumPy's are unpacked in one go, whatever length they are said to have.
    if any(member.compress_type != zipfile.ZIP_DEFLATED for member in packed):
        raise ValueError("packed, but not by NumPy")
    if sum(member.file_size for member in packed) > MAX_PACKED:
        raise ValueError("packed, and too large once unpacked")


def _read_meta(archive):
    """Return the format, the layer sizes, and of the rest what is of the right kind.

    Anybody may have written the file: what the window and the pictures show is a plain number or
    a plain word, and what is not is left out.
    """
    shape, dtype = _read_header(archive, "meta")
    if shape != () or dtype.kind != "U" or dtype.itemsize > MAX_META:
        raise ValueError("its meta is not a text of a usual length")
    told = json.loads(str(_read_array(archive, "meta")))
    if told["format"] != FORMAT_VERSION:
        raise ValueError(f"its format is {told['format']!r}, not {FORMAT_VERSION}")
    dims = told["dims"]
    if not _are_sizes(dims):
        raise ValueError(f"its layer sizes are {dims}"[:80])

    meta = {"format": FORMAT_VERSION, "dims": dims}
    for name, is_right in RIGHT.items():
        if name in told and is_right(told[name]):
            meta[name] = told[name]
    if isinstance(told.get("options"), dict):
        options = told["options"]
        meta["options"] = {
            name: options[name]
            for name, is_right in RIGHT_OPTIONS.items()
            if name in options and is_right(options[name])
        }
    return meta


def _read_arrays(archive, dims):
    arrays = {}
    for i, (d, m) in enumerate(pairwise(dims)):
        for name, expected in ((f"W{i}", (d, m)), (f"b{i}", (1, m))):
            # The header is looked at first: the numbers behind it may be more than memory holds.
            shape, dtype = _read_header(archive, name)
            if shape != expected or dtype not in (np.float32, np.float64):
                raise ValueError(f"{name} is {dtype} {shape}, not float32 {expected}")
            array = _read_array(archive, name).astype(np.float32)
            if not np.isfinite(array).all():
                raise ValueError(f"{name} has entries that are not finite")
            arrays[name] = array
    return arrays


def _read_header(archive, name):
    """Return the shape and the dtype of an array of the archive."""
    with archive.open(f"{name}.npy") as member:
        version = np.lib.format.read_magic(member)
        if version == (1, 0):
            shape, _, dtype = np.lib.format.read_array_header_1_0(member)
        else:
            shape, _, dtype = np.lib.format.read_array_header_2_0(member)
    return shape, dtype


def _read_array(archive, name):
    with archive.open(f"{name}.npy") as member:
        return np.lib.format.read_array(member, allow_pickle=False)


def _are_sizes(dims):
    if not _is_list_of_counts(dims) or not 2 <= len(dims) <= MAX_LAYERS:
        return False
    parameters = sum((d + 1) * m for d, m in pairwise(dims))
    return parameters <= MAX_PARAMETERS


def _is_word(value):
    return isinstance(value, str) and len(value) <= 40 and value.isascii() and value.isprintable()


def _is_number(value):
    return type(value) in (int, float) and abs(value) <= 10_000  # and so neither inf nor nan


def _is_count(value):
    return type(value) is int and 0 < value <= 1_000_000


def _is_seed(value):
    return type(value) is int and 0 <= value < 1 << 63


def _is_switch(value):
    return isinstance(value, bool)


def _is_list_of_counts(value):
    return isinstance(value, list) and all(map(_is_count, value))


def _is_share(value):
    return _is_number(value) and 0 <= value <= 1


def _is_history(value):
    """Return whether `value` is a list of [training loss, validation loss, accuracy]."""
    return isinstance(value, list) and all(
        isinstance(figures, list) and len(figures) == 3 and all(map(_is_number, figures))
        for figures in value
    )


# What of `meta` is shown anywhere, and of which kind it has to be.
RIGHT = {
    "dataset": _is_word,
    "epoch": _is_count,
    "history": _is_history,
    "test_accuracy": _is_share,
}
RIGHT_OPTIONS = {
    "hidden_dims": _is_list_of_counts,
    "lr": _is_number,
    "momentum": _is_number,
    "batch_size": _is_count,
    "epochs": _is_count,
    "seed": _is_seed,
    "no_jitter": _is_switch,
}
