"""What must be true before NumPy is imported: Python 3.10, the four packages, one BLAS thread.

The scripts import this first. It parses in Python 3.6, so that an old interpreter says so.
"""

import os
import sys

# A script adds its folder at the end of the path. Where Python itself puts it, at the beginning, a
# student's random.py beside model.py would hide Python's own, so this comes before other imports.
_script_folder = os.path.realpath(sys.path[-1])
_others = [place for place in sys.path if os.path.realpath(place) != _script_folder]
sys.path[:] = [*_others, _script_folder]

import importlib.machinery
import importlib.util
import sysconfig

from support.console import command, shown
from support.language import say

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
PACKAGES = ("numpy", "matplotlib", "tqdm", "requests")


def _look_for_what_hides_data():
    ours = os.path.join(_script_folder, "data.py")
    if not os.path.exists(ours):
        return
    found = importlib.machinery.PathFinder.find_spec("data").origin
    if not os.path.samefile(found, ours):
        sys.exit(
            say(
                f"Error: {shown(found)} hides {shown(ours)}: take its folder out of PYTHONPATH.",
                f"错误：{shown(found)} 挡住了 {shown(ours)}：请把它的文件夹从 PYTHONPATH 里去掉。",
            )
        )


def _look_at_python():
    if sys.version_info >= (3, 10):
        return
    english = "this needs Python 3.10 or newer: choose it in your editor, or install it"
    chinese = "需要 Python 3.10 或更新的版本：请在编辑器里换一个新的解释器，或安装新版"
    sys.exit(say(f"Error: {_this()} is too old; {english}.", f"错误：{_this()} 太旧，{chinese}。"))


def _look_for_packages():
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if not missing:
        return
    names = ", ".join(missing)
    venv = _virtual_environment_of_the_course()
    if venv:
        line = command(*sys.argv, python=venv)
        english = f"{names}. The Python in .venv has them. Choose it in your editor, or run this:"
        chinese = f"{names}。.venv 里的 Python 有这些包：请在编辑器里换成它，或运行下面的命令："
    else:
        line = _installation(missing)
        english = f"{names}. Choose a Python that has them in your editor, or run this:"
        chinese = f"{names}。请在编辑器里换成装有它们的解释器，或运行下面的命令："
    sys.exit(
        say(f"Error: {_this()} lacks {english}\n{line}", f"错误：{_this()} 缺少 {chinese}\n{line}")
    )


def _this():
    return f"{sys.executable} (Python {'.'.join(map(str, sys.version_info[:3]))})"


def _virtual_environment_of_the_course():
    """Return the interpreter of the folder .venv if all packages are there, otherwise None."""
    base = os.path.join(ROOT, ".venv")
    for python, library in (
        (os.path.join(base, "bin", "python"), os.path.join(base, "lib")),
        (os.path.join(base, "Scripts", "python.exe"), os.path.join(base, "Lib")),
    ):
        there = {name for _, folders, _ in os.walk(library) for name in folders}
        if os.path.exists(python) and there.issuperset(PACKAGES):
            return python
    return None


def _installation(missing):
    """Return the command that installs packages for this Python, or makes one that has them."""
    stdlib = sysconfig.get_path("stdlib")
    is_virtual = sys.prefix != sys.base_prefix
    is_managed = os.path.exists(os.path.join(stdlib, "EXTERNALLY-MANAGED"))  # Debian, Homebrew
    if importlib.util.find_spec("pip") and (is_virtual or not is_managed):
        return command("-m", "pip", "install", *missing)

    # README's commands, for somebody who stands anywhere.
    venv = os.path.join(ROOT, ".venv")
    requirements = os.path.join(ROOT, "requirements.txt")
    python = os.path.join(venv, *(["Scripts", "python"] if os.name == "nt" else ["bin", "python"]))
    base = getattr(sys, "_base_executable", sys.executable)
    making = ["-m", "venv", shown(venv)]
    if os.path.islink(python) and not os.path.exists(python):
        making.insert(2, "--clear")  # its Python was removed by an update, and venv keeps the link
    steps = [
        command(*making, python=base),
        command("-m", "pip", "install", "-r", shown(requirements), python=python),
        command(*sys.argv, python=python),
    ]
    return "\n".join(steps) if os.name == "nt" else " && ".join(steps)


def _use_one_thread():
    # BLAS threads wait for each other in busy loops: beside two busy programs an epoch on two
    # threads took 19 to 85 seconds, on one 1.9. A value set outside wins, and once NumPy is
    # loaded, as in a notebook, it is too late.
    if "numpy" in sys.modules:
        return
    for library in ("OPENBLAS_NUM", "MKL_NUM", "OMP_NUM", "VECLIB_MAXIMUM"):
        os.environ.setdefault(f"{library}_THREADS", "1")


_look_at_python()
_look_for_what_hides_data()
_look_for_packages()
_use_one_thread()
