"""Where students press Run: interpreters, editors, notebooks, consoles, folders of their own."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import main
import make_startup
import support

CHAPTER = Path(main.__file__).resolve().parent.parent
MAIN = CHAPTER / "solution" / "main.py"
CANVAS = MAIN.with_name("handwriting_canvas.py")


def run(*command, cwd=None, **environment):
    """Return exit code, output and errors of Python with this command line."""
    result = subprocess.run(
        [sys.executable, *map(str, command)], cwd=cwd, env={**os.environ, **environment},
        capture_output=True, encoding="utf-8", errors="replace", check=False, timeout=60,
    )  # fmt: skip
    return result.returncode, result.stdout, result.stderr


@pytest.fixture
def clone(tmp_path):
    """What a clone holds of the chapter, in a folder with a space, the chapter renamed."""
    chapter = tmp_path / "my clone" / "第三章"
    shutil.copytree(CHAPTER, chapter, ignore=shutil.ignore_patterns("__pycache__", "startup"))
    return chapter


@pytest.mark.parametrize(
    ("flags", "environment"),
    [
        ([], {}),
        (["-I"], {}),
        ([], {"PYTHONSAFEPATH": "1"}),
        ([], {"MPLBACKEND": "nonsense"}),
        ([], {"PYTHONIOENCODING": "ascii", "LANGUAGE": "zh_CN"}),
        ([], {"PYTHONIOENCODING": "gbk", "LANGUAGE": "zh_CN"}),
        ([], {"LANGUAGE": "", "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
    ],
)
def test_the_checks_start_from_any_folder_with_any_flags_and_console(
    flags, environment, clone, tmp_path
):
    code, output, errors = run(
        *flags, clone / "solution" / "main.py", "--check_only", cwd=tmp_path, **environment
    )
    assert (code, errors) == (0, "")
    assert output.count("PASS") == 9


def test_python_m_works_and_a_clone_may_move(clone):
    command = ["-m", f"{clone.name}.solution.main", "--check_only"]
    assert run(*command, cwd=clone.parent)[0] == 0
    moved = clone.parent.rename(clone.parent.with_name("moved"))
    assert run(*command, cwd=moved)[0] == 0


# A place is a piece of Python in which `go(*options)` runs main.py as its own IDE would.
GO = f"""
import contextlib, io, os, runpy, sys
def go(*options, script={str(MAIN)!r}):
    sys.argv = [script, *options]
    sys.path[0] = os.path.dirname(script)
    try:
        runpy.run_path(script, run_name="__main__")
    except SystemExit as exit:
        return exit.code or 0
"""
IDLE = """
class Shell(io.TextIOBase):  # as IDLE's: a terminal without a file, and without reconfigure
    encoding, errors = "utf-8", "strict"
    def isatty(self): return True
    def write(self, text): return written.write(text)
written = io.StringIO()
console = sys.stdout
sys.stdout = sys.stderr = Shell()
code = go("--check_only")
sys.stdout = console
"""


@pytest.mark.parametrize(
    "place",
    [
        "written = io.StringIO()\nwith contextlib.redirect_stdout(written): "
        "code = go('--check_only')",
        IDLE,
    ],
)
def test_a_console_that_is_no_file_gets_plain_text(place):
    code, output, errors = run("-c", f"{GO}{place}\nprint(code, written.getvalue())")
    assert (code, errors) == (0, "")
    assert output.startswith("0 ")
    assert output.count("PASS") == 9
    assert "\x1b" not in output


def test_a_python_without_a_console_works():
    place = "sys.stdout = sys.stderr = None\ncode = go('--check_only')\nos._exit(10 + code)"
    assert run("-c", GO + place)[0] == 10


def test_the_second_run_in_a_notebook_judges_the_file_as_it_is_now(clone):
    model = clone / "solution" / "model.py"
    solved = model.read_text(encoding="utf-8")
    model.write_text(make_startup.blanked(solved), encoding="utf-8")
    script = str(model.with_name("main.py"))
    place = f"""
codes = [go("--check_only", script={script!r})]
open({str(model)!r}, "w", encoding="utf-8").write({solved!r})
print("codes", *codes, go("--check_only", script={script!r}))
"""
    assert "codes 1 0" in run("-c", GO + place)[1]


@pytest.mark.skipif(os.name == "nt", reason="Windows raises no such signal")
def test_an_interrupt_in_a_notebook_ends_the_training_and_not_the_kernel(tmp_path):
    place = """
import signal
from support import weights
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where tests run in background
save = weights.save
weights.save = lambda *args, **meta: (save(*args, **meta), signal.raise_signal(signal.SIGINT))
code = go("--skip_checks", "--dataset", "pen", "--hidden_dims", "4", "--model_dir", sys.argv[1])
print("alive after", code)
"""
    few = f"sys.path[:0] = [{str(CHAPTER)!r}]\nimport support.pen_digits as pen\n" + (
        "generate = pen.generate\npen.generate = lambda count, rng: generate(300, rng)\n"
    )
    code, output, errors = run("-c", GO.replace("sys.argv = [", "sys.argv[:] = [") + few
                               + place.replace("sys.argv[1]", repr(str(tmp_path))))  # fmt: skip
    assert "alive after 130" in output, errors
    assert code == 0


@pytest.mark.parametrize("script", [MAIN, CANVAS, MAIN.with_name("data.py")])
@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_a_python_without_the_packages_is_told_how_to_get_them(script, language):
    code, output, errors = run("-S", script, LANGUAGE=language, PYTHONUTF8="1")
    assert (code, output) == (1, "")
    assert "-m pip install numpy matplotlib tqdm requests" in errors
    assert sys.executable in errors
    assert errors.startswith("Error: " if language == "en" else "错误：")


@pytest.mark.parametrize("missing", support.PACKAGES)
def test_one_missing_package_is_named_before_anything_else_is_done(missing):
    place = f"""
import importlib.util as util
find = util.find_spec
util.find_spec = lambda name, *rest: None if name == {missing!r} else find(name, *rest)
print(go("--check_only"))
"""
    code, output, _ = run("-c", GO + place)
    assert code == 0
    assert f"pip install {missing}\n" in output
    assert "PASS" not in output


@pytest.mark.parametrize("name", ["data.py", "main.py", "handwriting_canvas.py"])
def test_an_old_python_gets_a_sentence(name):
    script = str(MAIN.with_name(name))
    for path in (script, CHAPTER / "support" / "__init__.py", CHAPTER / "support" / "language.py"):
        ast.parse(Path(path).read_text(encoding="utf-8"), feature_version=(3, 6))
    place = f"sys.version_info = (3, 9, 18, 'final', 0)\nprint(go(script={script!r}))"
    code, output, _ = run("-c", GO + place)
    assert code == 0
    assert "needs Python 3.10 or newer" in output
    assert "is Python 3.9.18" in output
    assert output.count("\n") == 1


@pytest.mark.parametrize("name", ["random.py", "numpy.py", "types.py", "json.py"])
def test_a_file_of_the_students_own_hides_nothing(name, clone):
    (clone / "solution" / name).write_text("raise SystemExit('hidden')\n")
    code, _, errors = run(clone / "solution" / "main.py", "--check_only")
    assert (code, errors) == (0, "")


def test_without_a_thread_to_be_had_the_checks_run(tmp_path):
    (tmp_path / "sitecustomize.py").write_text(
        'import threading\ndef start(self): raise RuntimeError("can\'t start new thread")\n'
        "threading.Thread.start = start\n"
    )
    code, output, errors = run(MAIN, "--check_only", PYTHONPATH=str(tmp_path))
    assert (code, errors) == (0, "")
    assert output.count("PASS") == 9


@pytest.mark.parametrize(
    ("system", "words", "line"),
    [
        ("posix", ["my file.py", "--weights", "a"], "{python} 'my file.py' --weights a"),
        ("nt", ["my file.py", "--weights", "a"], '{python} "my file.py" --weights a'),
    ],
)
def test_a_printed_command_can_be_pasted(system, words, line, monkeypatch):
    monkeypatch.setattr(support.os, "name", system)
    monkeypatch.setattr(support.shutil, "which", lambda name: sys.executable)
    assert support.command(*words) == line.format(python="python")


@pytest.mark.parametrize(
    ("python", "start"),
    [(".venv/bin/python", ".venv/bin/python"), ("my venv/bin/python", "'my venv/bin/python'")],
)
def test_a_printed_command_names_the_python_that_is_not_activated(
    python, start, monkeypatch, tmp_path
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "executable", str(tmp_path / python))
    monkeypatch.setattr(support.shutil, "which", lambda name: "/usr/bin/python")
    assert support.command("x.py") == f"{start} x.py"


def test_powershell_gets_an_ampersand_before_a_quoted_python(monkeypatch):
    monkeypatch.setattr(support.os, "name", "nt")
    monkeypatch.setattr(support, "shown", str)
    monkeypatch.setattr(sys, "executable", r"C:\my venv\python.exe")
    monkeypatch.setattr(support.shutil, "which", lambda name: None)
    assert support.command("x.py") == r'& "C:\my venv\python.exe" x.py'


@pytest.mark.parametrize(
    ("setting", "chinese"),
    [
        ({"LANGUAGE": "zh_CN:en", "LC_ALL": "en_US.UTF-8"}, True),
        ({"LANGUAGE": "en:zh_CN", "LC_ALL": "zh_CN.UTF-8"}, False),
        ({"LANGUAGE": "", "LC_ALL": "zh_CN.UTF-8", "LANG": "en_US.UTF-8"}, True),
        ({"LANGUAGE": "", "LC_MESSAGES": "C", "LANG": "zh_CN.UTF-8"}, False),
        ({"LANGUAGE": "", "LANG": "zh_TW.UTF-8"}, True),
        ({"LANGUAGE": "zh_CN", "PYTHONIOENCODING": "latin-1"}, False),
    ],
)
def test_the_first_setting_of_the_language_counts_if_the_console_can_print_it(setting, chinese):
    command = ["-X", "utf8", MAIN, "--help"]
    _, output, errors = run(*command, **setting)
    assert errors == ""
    assert ("学习率" in output) == chinese
    assert ("learning rate" in output) != chinese
