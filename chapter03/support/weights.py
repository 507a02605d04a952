"""weights.npz: the trained network in a file that is saved whole or not at all, and loaded checked.

It holds float32 arrays W0 (d, m), b0 (1, m), W1, b1, ... and `meta`, a JSON text with a format
version, the layer sizes `dims`, and what the training tells (data set, epoch, history, options).
"""

import io
import json
import zipfile
from itertools import pairwise

import numpy as np

from support.files import replace_whole
from support.language import UserError

FORMAT_VERSION = 1
MAX_BYTES = 1 << 28  # ten times what --hidden_dims 2048 2048 needs
KINDS = {"dataset": str, "epoch": int, "test_accuracy": float, "options": dict, "history": list}


def save(path, network, **meta):
    """Make `path` the weights of `network` (an MLP) with `meta` beside them; raise UserError."""
    arrays = {}
    for i, linear in enumerate(network.linears):
        arrays[f"W{i}"], arrays[f"b{i}"] = np.float32(linear.W), np.float32(linear.b)
    content = io.BytesIO()
    meta = json.dumps({"format": FORMAT_VERSION, "dims": network.dims, **meta})
    np.savez(content, meta=np.array(meta), **arrays)
    try:
        replace_whole(path, content.getbuffer())
    except OSError as error:
        why = error.strerror or error
        raise UserError(
            f"{path} could not be written: {why}. What was there before is unchanged; free "
            "some space or choose another folder, then run again.",
            f"无法写入 {path}：{why}。原有内容没有改动；请腾出空间或换一个文件夹，再运行一次。",
        ) from None


def load(path, MLP):
    """Return (network, meta): the class `MLP` with the weights of `path`; raise UserError.

    The sizes of the network come from the file. No code in the file is ever run.
    """
    try:
        arrays, meta = _read(path)
    except FileNotFoundError:
        raise UserError(
            f"There are no weights at {path} yet: train a network first.",
            f"{path} 还不存在：请先训练网络。",
        ) from None
    except Exception as error:
        # A damaged archive makes zipfile, zlib, json and numpy raise almost anything.
        why = " ".join(str(getattr(error, "strerror", None) or error).split())[:200]
        raise UserError(
            f"{path} is not a usable weights file ({why}). Train again to replace it.",
            f"{path} 不是可用的权重文件（{why}）。请重新训练，生成新的文件。",
        ) from None
    in_features, *hidden_dims, out_features = meta["dims"]
    network = MLP(in_features, hidden_dims, out_features, np.random.default_rng(0))
    for i, linear in enumerate(network.linears):
        linear.W, linear.b = arrays[f"W{i}"], arrays[f"b{i}"]
    return network, meta


def _read(path):
    with zipfile.ZipFile(path) as archive:  # of what the members would unfold to
        if sum(member.file_size for member in archive.infolist()) > MAX_BYTES:
            raise ValueError("it is too large")
    with np.load(path, allow_pickle=False) as archive:
        meta = json.loads(str(archive["meta"]))
        if meta["format"] != FORMAT_VERSION:
            raise ValueError(f"its format is {meta['format']}, not {FORMAT_VERSION}")
        for name, kind in KINDS.items():
            if not isinstance(meta.get(name, kind()), kind):
                raise ValueError(f"its {name} is not of the right kind")
        np.reshape(meta.get("history", []), (-1, 3)).astype(np.float64)
        if len(meta["dims"]) < 2 or any(type(d) is not int for d in meta["dims"]):
            raise ValueError(f"its layer sizes are {meta['dims']}"[:80])
        arrays = {}
        for i, (d, m) in enumerate(pairwise(meta["dims"])):
            for name, shape in ((f"W{i}", (d, m)), (f"b{i}", (1, m))):
                arrays[name] = archive[name].astype(np.float32)
                if arrays[name].shape != shape or not np.isfinite(arrays[name]).all():
                    raise ValueError(f"{name} is not a {shape} array of finite numbers")
    return arrays, meta
