"""Files that are replaced whole or not at all, and weights files that nobody should trust."""

import io
import json
import pickle
import subprocess
import sys
import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import storage
from bytes_gone_wrong import mutations_of

ARRAYS = {
    "W0": np.arange(6, dtype=np.float32).reshape(2, 3),
    "b0": np.zeros((1, 3), dtype=np.float32),
    "W1": np.ones((3, 2), dtype=np.float32),
    "b1": np.zeros((1, 2), dtype=np.float32),
}
META = {"dims": [2, 3, 2], "dataset": "pen", "epoch": 4, "test_accuracy": 0.5}


def weights_file(changes=None, meta=None, save=np.savez):
    """Return the bytes of a weights file that is right but for `changes` of its arrays."""
    file = io.BytesIO()
    members = {**ARRAYS, **(changes or {})}
    meta = json.dumps({"format": storage.FORMAT_VERSION, **META, **(meta or {})})
    members = {"meta": np.array(meta), **members}
    save(file, **{name: array for name, array in members.items() if array is not None})
    return file.getvalue()


GOOD = weights_file()


def assert_right(arrays, meta):
    assert meta == {"format": storage.FORMAT_VERSION, **META}
    assert list(arrays) == list(ARRAYS)
    for name, array in ARRAYS.items():
        assert arrays[name].dtype == np.float32
        np.testing.assert_array_equal(arrays[name], array)


def test_weights_are_read_as_they_were_written(tmp_path):
    path = tmp_path / "new folder" / "weights.npz"
    storage.write_weights(path, ARRAYS, META)
    assert_right(*storage.read_weights(path))
    assert [file.name for file in path.parent.iterdir()] == ["weights.npz"]


def test_weights_of_another_order_or_precision_are_written_as_float32_by_rows(tmp_path):
    path = tmp_path / "weights.npz"
    arrays = {name: np.asfortranarray(array, np.float64) for name, array in ARRAYS.items()}
    storage.write_weights(path, arrays, META)
    assert_right(*storage.read_weights(path))


def test_an_array_stored_by_columns_is_read_rightly(tmp_path):
    path = tmp_path / "weights.npz"
    path.write_bytes(weights_file({"W0": np.asfortranarray(ARRAYS["W0"])}))
    assert_right(*storage.read_weights(path))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_not_written(value, tmp_path):
    path = tmp_path / "weights.npz"
    path.write_bytes(GOOD)
    with pytest.raises(storage.StorageError, match="no longer finite"):
        storage.write_weights(path, {**ARRAYS, "b0": np.full((1, 3), value)}, META)
    assert path.read_bytes() == GOOD


def write_and_raise(path, error):
    with storage.replacing(path) as file:
        file.write(b"new")
        raise error


def test_a_block_that_fails_leaves_what_was_there(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    for error in (ValueError, KeyboardInterrupt):
        with pytest.raises(error):
            write_and_raise(path, error)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("step", ["open", "os.fsync", "os.replace"])
@pytest.mark.parametrize(
    "error",
    [OSError(28, "No space left on device"), OSError(30, "Read-only file system")],
    ids=["full disk", "read-only"],
)
def test_a_disk_that_refuses_leaves_what_was_there_and_is_named(step, error, tmp_path, monkeypatch):
    path = tmp_path / "weights.npz"
    path.write_bytes(GOOD)

    def refuse(*_, **__):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(f"storage.{step}", refuse, raising=False)
        with pytest.raises(storage.StorageError, match=error.strerror) as raised:
            storage.write_weights(path, ARRAYS, {**META, "epoch": 5})
    assert str(raised.value).startswith(f"{path} could not be written")
    assert path.read_bytes() == GOOD
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("blocked", ["weights.npz", "folder"])
def test_a_folder_or_file_in_the_way_is_named_and_kept(blocked, tmp_path):
    path = tmp_path / "folder" / "weights.npz"
    if blocked == "folder":
        path.parent.write_bytes(b"mine")
    else:
        path.mkdir(parents=True)
        (path / "mine").touch()
    with pytest.raises(storage.StorageError, match="could not be written"):
        storage.write_weights(path, ARRAYS, META)
    if blocked == "folder":
        assert path.parent.read_bytes() == b"mine"
    else:
        assert list(path.parent.rglob("*")) == [path, path / "mine"]


def test_leftovers_of_killed_runs_are_removed_and_the_file_of_a_living_one_kept(tmp_path):
    path = tmp_path / "weights.npz"
    code = (
        "import os, storage, sys, pathlib\n"
        "def stop(number):\n"
        "    print('writing', flush=True)\n"
        "    sys.stdin.read()\n"
        "storage.os.fsync = stop\n"
        "storage._write_whole(pathlib.Path(sys.argv[1]), b'theirs')\n"
    )
    runs = []
    for _ in range(2):
        run = subprocess.Popen(
            [sys.executable, "-c", code, path], cwd=Path(storage.__file__).parent,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert run.stdout.readline() == "writing\n"
        runs.append(run)
    killed, living = runs
    killed.kill()
    killed.communicate()
    assert len(list(tmp_path.iterdir())) == 2
    storage.write_weights(path, ARRAYS, META)
    assert len(list(tmp_path.iterdir())) == 2  # ours, and the one that is being written
    living.communicate("")
    assert living.returncode == 0
    assert path.read_bytes() == b"theirs"
    assert list(tmp_path.iterdir()) == [path]


class Bomb:
    """An object whose unpickling creates a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_a_pickle_in_a_weights_file_is_never_run(tmp_path):
    path, trace = tmp_path / "weights.npz", tmp_path / "trace"
    objects = np.array([[Bomb(trace)]], dtype=object)
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "|O", "fortran_order": False, "shape": (1,)}
    )
    for content in (
        weights_file({"W0": objects}),
        weights_file({"meta": objects}),
        pickle.dumps(Bomb(trace)),
        zipped({"meta.npy": header.getvalue() + pickle.dumps(Bomb(trace))}),
        zipped({"meta.npy": pickle.dumps(Bomb(trace))}),
    ):
        path.write_bytes(content)
        with pytest.raises(storage.WeightsError):
            storage.read_weights(path)
    assert not trace.exists()


def zipped(members, compression=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def header_of(shape, descr="<f4"):
    """Return the start of a .npy file that announces an array of this shape."""
    file = io.BytesIO()
    header = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue()


def members_of(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def announcing(shape, descr="<f4"):
    return zipped({**members_of(GOOD), "W0.npy": header_of(shape, descr)})


def twice(name):
    file = io.BytesIO(GOOD)
    with zipfile.ZipFile(file, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr(f"{name}.npy", members_of(GOOD)[f"{name}.npy"])
    return file.getvalue()


def encrypted():
    content = bytearray(GOOD)
    for signature, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        content[content.index(signature) + offset] |= 1
    return bytes(content)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"0.1 0.2 0.3\n" * 100, id="text"),
        pytest.param(bytes(range(256)) * 50, id="other bytes"),
        pytest.param(GOOD[:-1], id="a byte short"),
        pytest.param(GOOD[: len(GOOD) // 2], id="half a file"),
        pytest.param(GOOD[len(GOOD) // 2 :], id="the other half"),
        pytest.param(GOOD.replace(b"\0\0\x80\x3f", b"\0\0\x90\x3f"), id="another checksum"),
        pytest.param(zipped({}), id="an empty archive"),
        pytest.param(zipped({"readme.txt": "hello"}), id="another archive"),
        pytest.param(twice("W0"), id="a member twice"),
        pytest.param(encrypted(), id="encryption"),
        pytest.param(weights_file({"extra": ARRAYS["b0"]}), id="a member too many"),
        pytest.param(weights_file({"meta": None}), id="no meta"),
        pytest.param(weights_file({"b1": None}), id="a missing member"),
        pytest.param(weights_file({"W0": ARRAYS["W0"].T}), id="another shape"),
        pytest.param(weights_file({"b0": np.zeros(3, np.float32)}), id="a flat bias"),
        pytest.param(weights_file({"W0": ARRAYS["W0"].astype(np.float64)}), id="float64"),
        pytest.param(weights_file({"W0": ARRAYS["W0"].astype(">f4")}), id="another byte order"),
        pytest.param(weights_file({"W0": np.zeros((2, 3), np.int32)}), id="whole numbers"),
        pytest.param(weights_file({"W0": np.full((2, 3), "abcd")}), id="letters"),
        pytest.param(weights_file({"W0": np.full((2, 3), np.nan, np.float32)}), id="NaN"),
        pytest.param(weights_file({"b1": np.full((1, 2), -np.inf, np.float32)}), id="infinity"),
        pytest.param(weights_file(meta={"format": 2}), id="another version"),
        pytest.param(weights_file(meta={"dims": None}), id="no sizes"),
        pytest.param(weights_file(meta={"dims": [2]}), id="a single size"),
        pytest.param(weights_file(meta={"dims": [2, 0, 2]}), id="a size of 0"),
        pytest.param(weights_file(meta={"dims": [2, -3, 2]}), id="a negative size"),
        pytest.param(weights_file(meta={"dims": [2, 3.0, 2]}), id="a broken size"),
        pytest.param(weights_file(meta={"dims": [2, True, 2]}), id="a size of true"),
        pytest.param(weights_file(meta={"dims": [2, 10**9, 2]}), id="an absurd size"),
        pytest.param(weights_file(meta={"dims": [10**999, 10**999]}), id="a monstrous size"),
        pytest.param(weights_file(meta={"dims": [1] * 99_999}), id="absurdly many layers"),
        pytest.param(weights_file(meta={"epoch": "four"}), id="an epoch in letters"),
        pytest.param(weights_file({"meta": np.array("[" * 99_999)}), id="deep brackets"),
        pytest.param(weights_file({"meta": np.array("9" * 9_999)}), id="a long number"),
        pytest.param(weights_file({"meta": np.array(3.5)}), id="a number as meta"),
        pytest.param(weights_file({"meta": np.array("x" * 9_999_999)}), id="a huge meta"),
        pytest.param(announcing((1 << 40, 1 << 40)), id="an array of a yottabyte"),
        pytest.param(announcing((-2, -3)), id="an array of negative sizes"),
        pytest.param(announcing((2, 3)), id="an array that is not there"),
        pytest.param(announcing((2, 3), "|V999999999"), id="numbers of a gigabyte each"),
        pytest.param(zipped({"meta.npy": b"\x93NUMPY\x01\0\xff\xff" + b"(" * 65535}),
                     id="a header of brackets"),
        pytest.param(weights_file(save=np.savez_compressed), id="compression"),
    ],
)  # fmt: skip
def test_it_is_one_sentence_and_no_great_memory_if_a_weights_file_holds(content, tmp_path):
    path = tmp_path / "weights.npz"
    path.write_bytes(content)
    tracemalloc.start()
    with pytest.raises(storage.WeightsError) as raised:
        storage.read_weights(path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20_000_000
    message = str(raised.value)
    assert message.startswith(f"{path} is not a usable weights file: ")
    assert "\n" not in message
    assert len(message) < len(str(path)) + 200


def test_a_bomb_in_a_weights_file_is_not_unfolded(tmp_path):
    path = tmp_path / "weights.npz"
    zeros = header_of((2, 3)) + bytes(30_000_000)
    for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2):
        path.write_bytes(zipped({"meta.npy": zeros}, method))
        tracemalloc.start()
        with pytest.raises(storage.WeightsError, match="compressed"):
            storage.read_weights(path)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 1_000_000


def test_missing_weights_a_folder_and_a_huge_file_are_one_sentence_each(tmp_path):
    path = tmp_path / "weights.npz"
    with pytest.raises(storage.WeightsError, match="There are no weights at"):
        storage.read_weights(path)
    path.mkdir()
    with pytest.raises(storage.WeightsError, match="is a folder"):
        storage.read_weights(path)
    path.rmdir()
    with open(path, "wb") as file:
        file.truncate(1 << 33)  # a hole of 8 GB, which takes no room on most disks
    with pytest.raises(storage.WeightsError, match="too large"):
        storage.read_weights(path)


@settings(derandomize=True, deadline=None, max_examples=300)
@given(st.binary(max_size=200) | mutations_of(GOOD))
def test_any_bytes_are_the_right_weights_or_a_weights_error(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "weights.npz"
    path.write_bytes(content)
    try:
        arrays, meta = storage.read_weights(path)
    except storage.WeightsError:
        return
    # Some bytes of an archive, such as its dates, say nothing about what is in it.
    assert_right(arrays, meta)


def test_a_temporary_file_that_another_run_took_for_a_leftover_is_written_again(
    tmp_path, monkeypatch
):
    rename, taken = storage.rename_onto, []

    def rename_after_a_theft(source, target):
        if not taken:
            taken.append(source)
            source.unlink()
        rename(source, target)

    monkeypatch.setattr(storage, "rename_onto", rename_after_a_theft)
    with storage.replacing(tmp_path / "loss.png") as file:
        file.write(b"whole")
    assert taken
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"whole"]
