"""Where students press Run: interpreters, editors, packages, folders and files of their own."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import main
from support.gradient_check import report

CHAPTER = Path(main.__file__).resolve().parent.parent
MAIN = CHAPTER / "solution" / "main.py"


def start(*command, cwd=None, **environment):
    """Start Python with this command line."""
    return subprocess.Popen(
        [sys.executable, *map(str, command)],
        cwd=cwd,
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    )


def end_of(process):
    """Return exit code, output and errors of a Python that was started."""
    output, errors = process.communicate(timeout=60)
    return process.returncode, output, errors


def run(*command, cwd=None, **environment):
    """Return exit code, output and errors of Python with this command line."""
    return end_of(start(*command, cwd=cwd, **environment))


@pytest.fixture
def clone(tmp_path):
    """What a clone holds of the chapter, in a folder with a space, the chapter renamed."""
    chapter = tmp_path / "my clone" / "第三章"
    shutil.copytree(CHAPTER, chapter, ignore=shutil.ignore_patterns("__pycache__", "startup"))
    return chapter


FLAGS_AND_ENVIRONMENTS = [
    ([], {}),
    (["-I"], {}),
    ([], {"PYTHONSAFEPATH": "1"}),
    ([], {"PYTHONIOENCODING": "ascii", "LANGUAGE": "zh_CN"}),
]


def test_the_checks_start_from_any_folder_with_any_flags_and_console(clone, tmp_path):
    main = clone / "solution" / "main.py"
    processes = []
    for flags, environment in FLAGS_AND_ENVIRONMENTS:
        processes.append(start(*flags, main, "--check_only", cwd=tmp_path, **environment))
    for process, started_with in zip(processes, FLAGS_AND_ENVIRONMENTS, strict=True):
        code, output, errors = end_of(process)
        assert (code, errors) == (0, ""), started_with
        assert output.count("PASS") == len(report.NAMES) + 1, started_with


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


def test_a_console_that_is_no_file_gets_plain_text():
    place = """
class Shell(io.StringIO):  # as IDLE's: a terminal without a file, and without reconfigure
    def isatty(self): return True
with contextlib.redirect_stdout(Shell()) as written, contextlib.redirect_stderr(written):
    code = go("--check_only")
print(code, written.getvalue())
"""
    code, output, errors = run("-c", GO + place)
    assert (code, errors) == (0, "")
    assert output.startswith("0 ")
    assert output.count("PASS") == len(report.NAMES) + 1
    assert "\x1b" not in output


def test_a_python_without_a_console_works():
    place = "sys.stdout = sys.stderr = None\ncode = go('--check_only')\nos._exit(10 + code)"
    assert run("-c", GO + place)[0] == 10


LACKS = """
import importlib.util, sys, sysconfig
find_spec = importlib.util.find_spec
there = {there!r}
def find(name, *rest):
    if name in ("pip", "numpy", "matplotlib", "tqdm", "requests"):
        return "a spec" if name in there else None
    return find_spec(name, *rest)
importlib.util.find_spec = find
sysconfig.get_path = lambda name: {stdlib!r}
sys.prefix, sys.base_prefix = {prefix!r}, "/usr"
sys.path.append({chapter!r})
sys.argv = ["main.py", "--epochs", "3"]
import support
"""


@pytest.fixture
def lacks_packages(clone):
    """Return what is said to a Python that has the packages `there` and no others."""

    def told(*there, prefix="/usr", stdlib="/nowhere", language="en"):
        place = LACKS.format(there=there, prefix=prefix, stdlib=stdlib, chapter=str(clone))
        environment = {"LANGUAGE": language, "PYTHONUTF8": "1"}
        code, output, errors = run("-c", place, cwd=clone.parent, **environment)
        assert (code, output) == (1, "")
        assert sys.executable in errors
        return errors

    return told


def make_venv(root, *packages):
    for library in ("lib/python3.11/site-packages", "Lib/site-packages"):
        for name in packages:
            (root / ".venv" / library / name).mkdir(parents=True)
    for python in ("bin/python", "Scripts/python.exe"):
        (root / ".venv" / python).parent.mkdir(exist_ok=True)
        (root / ".venv" / python).touch()


def test_a_python_that_has_pip_is_told_to_install_what_it_lacks(lacks_packages, tmp_path):
    assert "lacks numpy, matplotlib, tqdm, requests" in lacks_packages("pip")
    assert "缺少 tqdm" in lacks_packages("pip", "numpy", "matplotlib", "requests", language="zh")
    (tmp_path / "EXTERNALLY-MANAGED").touch()
    for of_debian in ({}, {"prefix": "/my/venv", "stdlib": str(tmp_path)}):
        errors = lacks_packages("pip", "numpy", "tqdm", **of_debian)
        assert errors.endswith(" -m pip install matplotlib requests\n")


def test_a_python_that_must_not_install_is_told_readme_s_steps(lacks_packages, tmp_path):
    (tmp_path / "EXTERNALLY-MANAGED").touch()
    for errors in (lacks_packages(), lacks_packages("pip", stdlib=str(tmp_path))):
        for step in ("-m venv .venv", "-m pip install -r requirements.txt", "main.py --epochs 3"):
            assert step in errors


@pytest.mark.skipif(os.name == "nt", reason="there a venv holds a copy of its Python")
def test_a_venv_whose_python_was_removed_is_made_anew(lacks_packages, clone):
    python = clone.parent / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(clone / "removed")
    assert " -m venv --clear .venv && .venv/bin/python -m pip install -r " in lacks_packages()


def test_a_venv_beside_readme_that_has_the_packages_is_named(lacks_packages, clone):
    root = clone.parent
    make_venv(root, "numpy", "matplotlib", "tqdm", "requests")
    errors = lacks_packages("pip")
    assert "pip" not in errors
    assert re.search(r"\n\S*\.venv\S*python\S* main\.py --epochs 3\n", errors)
    for python in ("bin/python", "Scripts/python.exe"):  # removed by halves
        (root / ".venv" / python).unlink()
    assert "pip install numpy" in lacks_packages("pip")

    shutil.rmtree(root / ".venv")
    make_venv(root, "numpy")
    assert "pip install numpy" in lacks_packages("pip")


def test_a_script_that_lacks_everything_ends_with_a_sentence(clone):
    code, output, errors = run("-S", clone / "solution" / "main.py", cwd=clone.parent)
    assert (code, output) == (1, "")
    assert errors.startswith(f"Error: {sys.executable} (Python 3.")


@pytest.mark.parametrize("name", ["data.py", "main.py", "handwriting_canvas.py"])
def test_an_old_python_gets_a_sentence(name):
    script = str(MAIN.with_name(name))
    given = [CHAPTER / "support" / name for name in ("__init__.py", "console.py", "language.py")]
    for path in (script, *given):
        ast.parse(Path(path).read_text(encoding="utf-8"), feature_version=(3, 6))
    place = f"sys.version_info = (3, 9, 18, 'final', 0)\nprint(go(script={script!r}))"
    code, output, _ = run("-c", GO + place)
    assert code == 0
    assert "needs Python 3.10 or newer" in output
    assert "(Python 3.9.18) is too old" in output
    assert output.count("\n") == 1


def test_files_of_the_students_own_hide_nothing(clone):
    for name in ("random.py", "numpy.py", "types.py", "json.py", "shlex.py", "re.py"):
        (clone / "solution" / name).write_text("raise SystemExit('hidden')\n")
    code, _, errors = run(clone / "solution" / "main.py", "--check_only")
    assert (code, errors) == (0, "")


def test_another_course_on_the_path_hides_nothing_or_is_named(clone, tmp_path):
    other = tmp_path / "other course"
    (other / "support").mkdir(parents=True)
    (other / "support" / "__init__.py").write_text("raise SystemExit('hidden')\n")
    main = clone / "solution" / "main.py"
    (other / "data").mkdir()  # a folder hides no module
    assert run(main, "--check_only", PYTHONPATH=str(other))[0] == 0

    (other / "data.py").write_text("raise SystemExit('hidden')\n")
    code, output, errors = run(main, "--check_only", cwd=other, PYTHONPATH=str(other))
    assert (code, output) == (1, "")
    assert errors.startswith("Error: data.py hides ")
    assert "PYTHONPATH" in errors
    assert errors.count("\n") == 1


THREADS = ["OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS",
           "VECLIB_MAXIMUM_THREADS"]  # fmt: skip


@pytest.mark.parametrize(
    ("before", "set_outside", "expected"),
    [
        ("", {}, ["1", "1", "1", "1"]),
        ("", {"MKL_NUM_THREADS": "4"}, ["1", "4", "1", "1"]),
        # Too late, and the other programs of a notebook want their threads.
        ("import numpy", {}, [None, None, None, None]),
    ],
    ids=["alone", "one set outside", "NumPy is there"],
)
def test_one_thread_is_chosen_unless_it_was_outside_or_numpy_is_there(
    before, set_outside, expected, monkeypatch
):
    for name in THREADS:
        monkeypatch.delenv(name, raising=False)
    place = f"""
import os, sys
{before}
sys.path.append({str(CHAPTER)!r})
import support
print([os.environ.get(name) for name in {THREADS}])
"""
    assert run("-c", place, **set_outside) == (0, f"{expected}\n", "")
