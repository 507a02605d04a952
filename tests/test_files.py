"""A file is the old or the new one at any moment: full disks, two processes, Windows."""

import os
import subprocess
import sys
import types
from pathlib import Path
from unittest import mock

import pytest

from support import files
from support.files import replace_whole

CHAPTER = Path(files.__file__).resolve().parent.parent


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")
    return path


def content_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize(
    "content",
    [b"new", bytearray(b"new"), memoryview(b"new")],
    ids=["bytes", "bytearray", "memoryview"],
)
def test_the_new_content_replaces_the_old_and_nothing_is_left_beside_it(content, path):
    replace_whole(str(path), content)
    assert content_of(path.parent) == {"file": b"new"}


def test_folders_that_are_missing_are_made(tmp_path):
    replace_whole(tmp_path / "a" / "b" / "file", b"new")
    assert content_of(tmp_path / "a" / "b") == {"file": b"new"}


def test_the_content_is_on_the_disk_before_the_name(path, monkeypatch):
    steps = mock.Mock()
    steps.fsync.side_effect = lambda number: steps.size(os.fstat(number).st_size)
    steps.replace.side_effect = os.replace
    monkeypatch.setattr(os, "fsync", steps.fsync)
    monkeypatch.setattr(os, "replace", steps.replace)
    replace_whole(path, b"new content")
    assert [call[0] for call in steps.mock_calls] == ["fsync", "size", "replace"]
    steps.size.assert_called_once_with(len(b"new content"))


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_full_disk_leaves_the_old_file_and_no_other(step, path, monkeypatch):
    full = OSError(28, "No space left on device")
    monkeypatch.setattr(os, step, mock.Mock(side_effect=full))
    with pytest.raises(OSError, match="No space left"):
        replace_whole(path, b"new")
    assert content_of(path.parent) == {"file": b"old"}


def test_ctrl_c_leaves_the_old_file_and_no_other(path, monkeypatch):
    monkeypatch.setattr(os, "fsync", mock.Mock(side_effect=KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        replace_whole(path, b"new")
    assert content_of(path.parent) == {"file": b"old"}


def test_two_processes_have_a_temporary_file_each(path, monkeypatch):
    code = f"from support.files import replace_whole; replace_whole({str(path)!r}, b'theirs')"
    seen = []

    def meanwhile(number):
        monkeypatch.undo()
        environment = {**os.environ, "PYTHONPATH": str(CHAPTER)}
        subprocess.run([sys.executable, "-c", code], env=environment, check=True)
        seen.append(path.read_bytes())

    monkeypatch.setattr(os, "fsync", meanwhile)
    replace_whole(path, b"ours")
    assert seen == [b"theirs"]
    assert content_of(path.parent) == {"file": b"ours"}


@pytest.fixture
def system(monkeypatch):
    """Let replace_whole() see a system of this name, where renaming fails so many times."""
    held = PermissionError(13, "The process cannot access the file")

    def use(name, times, error=held):
        replace = mock.Mock(side_effect=[error] * times + [None])
        monkeypatch.setattr(
            files, "os", types.SimpleNamespace(**{**vars(os), "name": name, "replace": replace})
        )
        return replace

    return use


def test_on_windows_a_file_that_is_held_is_tried_again(path, system):
    replace = system("nt", times=2)
    replace_whole(path, b"new")
    assert replace.call_count == 3


def test_on_windows_a_file_that_is_held_for_long_is_an_error(path, system, monkeypatch):
    monkeypatch.setattr(files, "WINDOWS_SECONDS", 0.1)
    replace = system("nt", times=1000)
    with pytest.raises(PermissionError):
        replace_whole(path, b"new")
    assert 2 <= replace.call_count <= 5
    assert content_of(path.parent) == {"file": b"old"}


def test_elsewhere_a_lack_of_rights_is_an_error_at_once(path, system):
    replace = system("posix", times=1)
    with pytest.raises(PermissionError):
        replace_whole(path, b"new")
    assert replace.call_count == 1


def test_on_windows_a_full_disk_is_an_error_at_once(path, system):
    replace = system("nt", times=1, error=OSError(28, "No space left on device"))
    with pytest.raises(OSError, match="No space left"):
        replace_whole(path, b"new")
    assert replace.call_count == 1
