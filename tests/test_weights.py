"""Weights that are saved whole or not at all, and files that nobody should trust."""

import io
import json
import os
import pickle
import subprocess
import sys
import time
import tracemalloc
import zipfile
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

from model import MLP
from support import weights
from support.language import UserError

OPTIONS = {
    "hidden_dims": [256, 128], "lr": 0.01, "momentum": 0.98, "batch_size": 64, "epochs": 20,
    "seed": 0, "no_jitter": False,
}  # fmt: skip
META = {
    "dataset": "mnist+pen", "epoch": 4, "history": [[2.0, 1.9, 0.5]], "options": OPTIONS,
    "test_accuracy": 0.875,
}  # fmt: skip


def network(hidden_dims):
    return MLP(2, hidden_dims, 2, np.random.default_rng(0))


def weights_file(arrays=(), **meta):
    """Return the bytes of a file that is right but for the arrays and facts given."""
    file = io.BytesIO()
    right = {"W0": np.ones((2, 3)), "b0": np.zeros((1, 3)), "W1": np.ones((3, 2)),
             "b1": np.zeros((1, 2))}  # fmt: skip
    meta = json.dumps({"format": weights.FORMAT_VERSION, "dims": [2, 3, 2], **META, **meta})
    members = {"meta": np.array(meta), **right, **dict(arrays)}
    np.savez(file, **{name: array for name, array in members.items() if array is not None})
    return file.getvalue()


GOOD = weights_file()


def test_a_saved_network_loads_with_the_same_answers_and_facts(tmp_path):
    for hidden_dims in ([], [7, 6, 5]):
        path, saved = tmp_path / "new folder" / "weights.npz", network(hidden_dims)
        weights.save(path, saved, **META)
        loaded, meta = weights.load(path, MLP)
        x = np.random.default_rng(1).normal(size=(5, 2)).astype(np.float32)
        np.testing.assert_array_equal(loaded.forward(x), saved.forward(x))
        assert meta == {"format": weights.FORMAT_VERSION, "dims": [2, *hidden_dims, 2], **META}
        assert weights.load_meta(path) == meta
        assert [file.name for file in path.parent.iterdir()] == ["weights.npz"]


def test_a_network_in_float64_is_saved_in_float32():
    large = network([3])
    large.linears[0].W = large.linears[0].W.astype(np.float64)
    with np.load(io.BytesIO(weights.packed(large))) as arrays:
        dtypes = {arrays[name].dtype for name in arrays if name != "meta"}
    assert dtypes == {np.dtype(np.float32)}


@pytest.mark.parametrize("step", ["open", "os.replace"])
def test_a_full_disk_is_named_and_leaves_what_was_there(step, tmp_path, monkeypatch):
    path = tmp_path / "weights.npz"
    path.write_bytes(GOOD)
    refuse = OSError(28, "No space left on device")
    monkeypatch.setattr(f"support.files.{step}", mock.Mock(side_effect=refuse), raising=False)
    with pytest.raises(UserError, match="could not be written: No space left"):
        weights.save(path, network([3]), **META)
    assert path.read_bytes() == GOOD
    assert weights.load(path, MLP)[0].linears[0].W.dtype == np.float32
    assert list(tmp_path.iterdir()) == [path]


SAVING = """
import itertools, sys
sys.path.append(sys.argv[1])
import numpy as np
from support import weights
class Layer: pass
class Network: linears, dims = [Layer()], [300, 200]
for epoch in itertools.count(int(sys.argv[2])):
    Network.linears[0].W = np.full((300, 200), epoch)
    Network.linears[0].b = np.full((1, 200), epoch)
    weights.save(sys.argv[3], Network, epoch=epoch)
    print(epoch, flush=True)
"""


def test_a_kill_while_saving_leaves_the_weights_of_a_finished_epoch(tmp_path):
    path, epoch = tmp_path / "weights.npz", 0
    for i in range(8):
        chapter = Path(weights.__file__).parent.parent
        process = subprocess.Popen(
            [sys.executable, "-c", SAVING, chapter, str(epoch + 1), path],
            stdout=subprocess.PIPE,
            text=True,
        )
        finished = process.stdout.readline()
        time.sleep(0.004 * i)
        process.kill()
        finished += process.communicate()[0]
        loaded, meta = weights.load(path, MLP)
        epoch = meta["epoch"]
        assert epoch - int(finished.split()[-1]) in (0, 1)
        assert set(loaded.linears[0].W.ravel()) == {epoch}


class Bomb:
    """An object whose unpickling creates a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def packed(name, array, method=zipfile.ZIP_DEFLATED):
    """Return the bytes of a right file in which one array is packed to a thousandth."""
    content = io.BytesIO()
    np.save(content, array)
    return with_packed_member(name, content.getvalue(), method)


def with_packed_member(name, content, method=zipfile.ZIP_DEFLATED):
    file = io.BytesIO(weights_file({name: None}))
    with zipfile.ZipFile(file, "a", method) as archive:
        archive.writestr(f"{name}.npy", content)
    return file.getvalue()


# The second version of NumPy's format says in four bytes how long the header is.
LONG_HEADER = b"\x93NUMPY\x02\0" + (80_000_000).to_bytes(4, "little") + bytes(80_000_000)


STRANGE = {
    "nothing": b"",
    "a byte short": GOOD[:-1],
    "another checksum": GOOD.replace(b"\0\0\xf0\x3f", b"\0\0\xe0\x3f"),
    "no meta": weights_file({"meta": None}),
    "a missing array": weights_file({"b1": None}),
    "another shape": weights_file({"W0": np.ones((3, 2))}),
    "another shape of b": weights_file({"b0": np.ones((3, 1))}),
    "NaN": weights_file({"W0": np.full((2, 3), np.nan)}),
    "an infinite b": weights_file({"b1": np.full((1, 2), np.inf)}),
    "whole numbers": weights_file({"W0": np.ones((2, 3), np.int8)}),
    "half precision": weights_file({"W0": np.ones((2, 3), np.float16)}),
    "complex numbers": weights_file({"W0": np.ones((2, 3), complex)}),
    "text for weights": weights_file({"W0": np.full((2, 3), "1")}),
    "pickled weights": weights_file({"W0": np.array([[Bomb("W0")]], dtype=object)}),
    "pickled meta": weights_file({"meta": np.array([Bomb("meta")], dtype=object)}),
    "bytes for meta": weights_file({"meta": np.array(b"{}")}),
    "two metas": weights_file({"meta": np.array(["{}", "{}"])}),
    "a list for meta": weights_file({"meta": np.array("[]")}),
    "no JSON": weights_file({"meta": np.array("{")}),
    "deep JSON": weights_file({"meta": np.array("[" * 100_000)}),
    "a meta of 20 MB": weights_file(much="x" * 5_000_000),
    "a pickle": pickle.dumps(Bomb("pickle")),
    "another version": weights_file(format=2),
    "an unpacked array of 64 MB": packed("W0", np.zeros((8_000, 1000))),
    "a header of 80 MB": with_packed_member("W0", LONG_HEADER),
    "packed in another way": packed("W0", np.zeros((2, 3)), zipfile.ZIP_BZIP2),
}


@pytest.mark.parametrize("content", STRANGE.values(), ids=STRANGE)
def test_a_strange_weights_file_is_one_sentence_and_runs_nothing(content, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "weights.npz"
    path.write_bytes(content)
    tracemalloc.start()
    with pytest.raises(UserError) as raised:
        weights.load(path, MLP)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    message = str(raised.value)
    assert message.startswith("weights.npz is not a usable weights file (")
    assert "\n" not in message
    assert len(message) < len(str(path)) + 300
    assert list(tmp_path.iterdir()) == [path]
    assert peak < 60_000_000


WRONG_SIZES = {
    "none": None,
    "one": [2],
    "texts": ["2", "3", "2"],
    "zero": [2, 0, 2],
    "below zero": [2, -3, 2],
    "True": [2, True, 2],
    "many": [2] * 2000,
    "more than memory holds": [10_000, 10_000],
    "in all more than memory holds": [5_000] * 5,
}


@pytest.mark.parametrize("dims", WRONG_SIZES.values(), ids=WRONG_SIZES)
def test_strange_sizes_are_refused_before_any_array_is_read(dims, tmp_path):
    path = tmp_path / "weights.npz"
    path.write_bytes(weights_file(dims=dims))
    for read in (lambda path: weights.load(path, MLP), weights.load_meta):
        with pytest.raises(UserError, match="its layer sizes are"):
            read(path)


def test_a_network_of_the_largest_usual_sizes_opens(tmp_path):
    path = tmp_path / "weights.npz"
    path.write_bytes(weights_file(dims=[784, 4096, 4096, 10]))
    assert weights.load_meta(path)["dims"] == [784, 4096, 4096, 10]


WRONG_FACTS = {
    "dataset": [7, None, ["mnist"], "$\\frac$" * 9, "\ud800", "two\nlines", "\x1b[31mred", "中文"],
    "epoch": ["4", 4.5, True, 0, -1, 10**400, [4]],
    "test_accuracy": ["0.9", True, -0.1, 1.01, float("nan"), 10**400, None, {}],
    "history": [
        "long", {}, 3, [[1, 2]], [[1, 2, 3, 4]], [1, 2, 3], [["1", 2, 3]], [[1, 2, None]],
        [[float("nan"), 1, 1]], [[1, float("inf"), 1]], [[1e300, 1, 1]], [[10**400, 1, 1]],
        [[True, 1, 1]], [[[1], 2, 3]],
    ],
    "options": [None, "lr", [], 7],
}  # fmt: skip
WRONG_OPTIONS = {
    "hidden_dims": [256, "256", ["256"], [0], [True], {}],
    "lr": ["0.01", None, float("nan"), float("inf"), 1e300, True, "$\\frac$"],
    "momentum": ["0.98", [0.98]],
    "batch_size": [6.5, "64", -64],
    "epochs": [0, "20", None],
    "seed": [-1, 1.5, 1 << 70, "\ud800"],
    "no_jitter": [0, 1, "true"],
}


@pytest.mark.parametrize("name", WRONG_FACTS)
def test_a_fact_that_is_not_of_its_kind_is_left_out(name, tmp_path):
    path = tmp_path / "weights.npz"
    right = {key: value for key, value in META.items() if key != name}
    for value in WRONG_FACTS[name]:
        path.write_bytes(weights_file(**{name: value}))
        _, meta = weights.load(path, MLP)
        assert meta == {"format": weights.FORMAT_VERSION, "dims": [2, 3, 2], **right}, value


@pytest.mark.parametrize("name", WRONG_OPTIONS)
def test_an_option_that_is_not_of_its_kind_is_left_out(name, tmp_path):
    path = tmp_path / "weights.npz"
    right = {key: value for key, value in OPTIONS.items() if key != name}
    for value in WRONG_OPTIONS[name]:
        path.write_bytes(weights_file(options={**OPTIONS, name: value}))
        assert weights.load_meta(path)["options"] == right, value


def test_facts_that_nobody_asked_for_are_left_out(tmp_path):
    path = tmp_path / "weights.npz"
    path.write_bytes(weights_file(extra="x", options={"lr": 1, "extra": "x"}))
    meta = weights.load_meta(path)
    assert "extra" not in meta
    assert meta["options"] == {"lr": 1}


def test_weights_in_float64_or_in_another_order_of_memory_open(tmp_path):
    path = tmp_path / "weights.npz"
    W = np.array([[1.0, 2, 3], [4, 5, 6]], order="F")
    path.write_bytes(weights_file({"W0": W}))
    loaded, _ = weights.load(path, MLP)
    np.testing.assert_array_equal(loaded.linears[0].W, W)
    assert loaded.linears[0].W.dtype == np.float32


def test_packed_weights_of_a_usual_size_open(tmp_path):
    path = tmp_path / "weights.npz"
    path.write_bytes(packed("W0", np.ones((2, 3))))
    loaded, _ = weights.load(path, MLP)
    np.testing.assert_array_equal(loaded.linears[0].W, np.ones((2, 3)))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a pipe with a name")
def test_a_pipe_is_not_waited_for(tmp_path):
    path = tmp_path / "weights.npz"
    os.mkfifo(path)
    for read in (lambda path: weights.load(path, MLP), weights.load_meta):
        with pytest.raises(UserError, match="a folder, a pipe or a device"):
            read(path)


def test_missing_weights_are_one_sentence(tmp_path):
    for read in (lambda path: weights.load(path, MLP), weights.load_meta):
        with pytest.raises(UserError, match="There are no weights at"):
            read(tmp_path / "weights.npz")
