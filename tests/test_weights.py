"""Weights that are saved whole or not at all, and files that nobody should trust."""

import io
import json
import pickle
import subprocess
import sys
import time
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

from model import MLP
from support import weights
from support.language import UserError

META = {"dataset": "pen", "epoch": 4, "history": [[2.0, 1.9, 0.5]], "options": {"lr": 0.01}}


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
        assert [file.name for file in path.parent.iterdir()] == ["weights.npz"]


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
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
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


STRANGE = {
    "nothing": b"",
    "a byte short": GOOD[:-1],
    "another checksum": GOOD.replace(b"\0\0\xf0\x3f", b"\0\0\xe0\x3f"),
    "no meta": weights_file({"meta": None}),
    "a missing array": weights_file({"b1": None}),
    "another shape": weights_file({"W0": np.ones((3, 2))}),
    "NaN": weights_file({"W0": np.full((2, 3), np.nan)}),
    "pickled weights": weights_file({"W0": np.array([[Bomb("W0")]], dtype=object)}),
    "pickled meta": weights_file({"meta": np.array([Bomb("meta")], dtype=object)}),
    "a pickle": pickle.dumps(Bomb("pickle")),
    "another version": weights_file(format=2),
    "a history of pairs": weights_file(history=[[1, 2]]),
}


@pytest.mark.parametrize("content", STRANGE.values(), ids=STRANGE)
def test_a_strange_weights_file_is_one_sentence_and_runs_nothing(content, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "weights.npz"
    path.write_bytes(content)
    with pytest.raises(UserError) as raised:
        weights.load(path, MLP)
    message = str(raised.value)
    assert message.startswith(f"{path} is not a usable weights file (")
    assert "\n" not in message
    assert len(message) < len(str(path)) + 300
    assert list(tmp_path.iterdir()) == [path]


def test_missing_weights_are_one_sentence(tmp_path):
    with pytest.raises(UserError, match="There are no weights at"):
        weights.load(tmp_path / "weights.npz", MLP)
