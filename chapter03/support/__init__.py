"""What must be true before NumPy is imported: Python 3.10, four packages, one thread.

The scripts import this first. It parses in Python 3.6, so that an old interpreter says so.
"""

import os
import sys

# Of a folder that stands in the path twice only the last place counts: the scripts add their own
# folder at the end, so that a student's random.py beside model.py does not hide Python's.
_places = [os.path.realpath(place) for place in sys.path]
sys.path[:] = [place for i, place in enumerate(sys.path) if _places[i] not in _places[i + 1 :]]

import importlib.util
import shlex
import shutil
import subprocess

from support.language import say

PACKAGES = ("numpy", "matplotlib", "tqdm", "requests")


def is_terminal(stream):
    """Return whether `stream` is a real terminal; IDLE's claims to be one and has no file."""
    try:
        return stream.isatty() and os.isatty(stream.fileno())
    except (AttributeError, OSError, ValueError):
        return False


def shown(path):
    """Return `path` as a text, relative to the working directory if that is shorter."""
    whole = os.path.abspath(str(path))
    try:
        return min(os.path.relpath(whole), whole, key=len)
    except ValueError:  # on another drive of Windows
        return whole


def command(*words):
    """Return the line that, pasted into this console, runs this Python with the words given."""
    words = [_python(), *map(str, words)]
    if os.name != "nt":
        return " ".join(map(shlex.quote, words))
    line = subprocess.list2cmdline(words)
    return "& " + line if line.startswith('"') else line  # PowerShell asks for the &


def _python():
    for name in ("python", "python3"):
        found = shutil.which(name)
        if found and os.path.abspath(found) == os.path.abspath(sys.executable):
            return name
    return shown(sys.executable)


def _prepare():
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # pythonw has no console
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))
        elif hasattr(stream, "reconfigure"):
            # A console that lacks a character shows its code; a pipe gets each line at once.
            stream.reconfigure(errors="backslashreplace", line_buffering=True)

    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < (3, 10):
        sys.exit(
            say(
                f"Error: this needs Python 3.10 or newer, and {sys.executable} is Python "
                f"{version}. Choose a newer Python in your editor, or install one.",
                f"错误：需要 Python 3.10 或更新的版本，而 {sys.executable} 是 Python {version}。"
                "请在编辑器里换一个新的解释器，或安装新版 Python。",
            )
        )
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        install = command("-m", "pip", "install", *missing)
        names = ", ".join(missing)
        sys.exit(
            say(
                f"Error: {sys.executable} (Python {version}) lacks {names}. Run this, or choose "
                f"the Python that has them in your editor:\n{install}",
                f"错误：{sys.executable}（Python {version}）缺少 {names}。"
                f"请运行下面的命令，或在编辑器里换成装有它们的解释器：\n{install}",
            )
        )
    if "numpy" not in sys.modules:
        # BLAS threads wait for each other in busy loops: beside two busy programs an epoch on two
        # threads took 19 to 85 seconds, on one 1.9. A value set outside wins.
        for variable in (
            "OPENBLAS_NUM_THREADS",
            "MKL_NUM_THREADS",
            "OMP_NUM_THREADS",
            "VECLIB_MAXIMUM_THREADS",
        ):
            os.environ.setdefault(variable, "1")


_prepare()
