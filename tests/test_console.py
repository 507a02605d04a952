"""What the scripts share: exit codes, consoles of every kind, paths and commands as printed."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import main
from support import console
from support.language import UserError

CHAPTER = os.path.dirname(main.HERE)
SCRIPT = f"""
import sys, time
sys.path.append({CHAPTER!r})
from support import console
def main(argv):
"""


def start(body, **settings):
    """Start a script whose main does what `body` says."""
    body = "".join(f"    {line}\n" for line in body.splitlines())
    command = [sys.executable, "-c", f"{SCRIPT}{body}\nsys.exit(console.run(main))"]
    settings = {"env": {**os.environ, "PYTHONUNBUFFERED": ""}, **settings}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **settings)


def raises(error):
    def main(argv):
        raise error

    return main


@pytest.mark.parametrize(
    ("main", "code", "output", "error"),
    [
        (lambda argv: None, 0, "", ""),
        (lambda argv: 1, 1, "", ""),
        (lambda argv: len(argv), 3, "", ""),
        (raises(UserError("No disk. Buy one.", "")), 1, "", "Error: No disk. Buy one.\n"),
        (raises(MemoryError("9 GB")), 1, "", "Error: there is not enough memory: "),
        (raises(KeyboardInterrupt()), 130, "\nInterrupted.\n", ""),
    ],
    ids=["done", "its own code", "the arguments", "what a user can mend", "memory", "Ctrl-C"],
)
def test_what_main_does_becomes_an_exit_code_and_at_most_a_sentence(
    main, code, output, error, capsys
):
    assert console.run(main, ["a", "b", "c"]) == code
    said = capsys.readouterr()
    assert said.out == output
    assert said.err.startswith(error)
    assert said.err.count("\n") == bool(error)


def test_a_mistake_of_ours_is_not_hidden():
    with pytest.raises(ZeroDivisionError):
        console.run(raises(ZeroDivisionError()))


def test_errors_are_in_chinese_too(chinese, capsys):
    console.run(raises(UserError("", "磁盘满了。")))
    assert capsys.readouterr().err == "错误：磁盘满了。\n"


@pytest.mark.skipif(os.name == "nt", reason="pipes are closed otherwise on Windows")
def test_a_reader_that_has_left_is_no_traceback():
    with start("for _ in range(100_000): print('a line of some length')") as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 1


def test_a_pipe_gets_each_line_at_once():
    with start("print('first')\ntime.sleep(60)") as process:
        start_of_reading = time.perf_counter()
        assert process.stdout.readline().split() == [b"first"]
        assert time.perf_counter() - start_of_reading < 30
        process.kill()


def test_a_console_that_lacks_a_character_shows_its_code():
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    with start("print('\u2713 \u4e2d')", env=environment) as process:
        output, error = process.communicate()
    assert (output.split(), error) == ([b"\\u2713", b"\\u4e2d"], b"")


def test_a_process_without_a_console_can_print(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", None)
    assert console.run(lambda argv: sys.stdout.write("seen by nobody\n") and None) == 0
    assert console.run(raises(UserError("Nobody reads it.", ""))) == 1
    sys.stdout.close()
    sys.stderr.close()


@pytest.mark.parametrize(
    ("system", "executable", "activated", "line"),
    [
        ("posix", "/usr/bin/python", True, "python 'my file.py' --weights a"),
        ("nt", "/usr/bin/python", True, 'python "my file.py" --weights a'),
        ("posix", "/my venv/bin/python", False, "'/my venv/bin/python' 'my file.py' --weights a"),
        # PowerShell asks for the ampersand.
        ("nt", "/my venv/python", False, '& "/my venv/python" "my file.py" --weights a'),
    ],
)
def test_a_printed_command_can_be_pasted(system, executable, activated, line, monkeypatch):
    monkeypatch.setattr(console.os, "name", system)
    monkeypatch.setattr(console, "shown", str)
    monkeypatch.setattr(sys, "executable", executable)
    found = executable if activated else "/usr/local/bin/python"
    monkeypatch.setattr(console.shutil, "which", lambda name: found)
    assert console.command("my file.py", "--weights", "a") == line


def test_a_path_is_shown_from_here_if_that_is_shorter(tmp_path, monkeypatch):
    near = tmp_path / "a folder" / "weights.npz"
    deep = tmp_path.joinpath(*"abcdefghijklmnopqrst")
    deep.mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert console.shown(near) == os.path.join("a folder", "weights.npz")
    monkeypatch.chdir(deep)
    assert console.shown("/weights.npz") == os.path.abspath("/weights.npz")


def test_a_tilde_is_the_user_s_own_folder_and_that_of_nobody_stays_a_name():
    assert console.path("~/mine") == Path.home() / "mine"
    assert console.path("~no such user/mine") == Path("~no such user/mine")


class Shell:
    """A stream as IDLE's: it says that it is a terminal and has no file."""

    def isatty(self):
        return True


def test_only_a_stream_with_a_terminal_s_file_is_a_terminal():
    assert not console.is_terminal(Shell())
    assert not console.is_terminal(None)
    if os.name == "nt":
        return
    ours, theirs = os.openpty()
    with open(ours, "wb") as _, open(theirs, "wb") as terminal, open(os.devnull) as file:
        assert console.is_terminal(terminal)
        assert not console.is_terminal(file)
