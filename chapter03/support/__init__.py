"""What must be true before NumPy is imported: Python 3.10, four packages, one thread.

The scripts import this first. It parses in Python 3.6, so that an old interpreter says so.
Besides, what all of them need of consoles and files.
"""

import os
import sys

# Of a folder that stands in the path twice only the last place counts: the scripts add their own
# folder at the end, so that a student's random.py beside model.py does not hide Python's.
_places = [os.path.realpath(place) for place in sys.path]
sys.path[:] = [place for i, place in enumerate(sys.path) if _places[i] not in _places[i + 1 :]]

import contextlib
import importlib.util
import shlex
import shutil
import subprocess
import time

from support.language import say


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
    python = shown(sys.executable)
    for name in ("python3", "python"):
        if os.path.abspath(shutil.which(name) or "") == os.path.abspath(sys.executable):
            python = name
    words = [python, *map(str, words)]
    if os.name != "nt":
        return " ".join(map(shlex.quote, words))
    line = subprocess.list2cmdline(words)
    return "& " + line if line.startswith('"') else line  # PowerShell asks for the &


def replace_whole(path, content):
    """Make the bytes `content` the file `path`, which at any moment is the old or the new one."""
    folder, name = os.path.split(os.path.abspath(str(path)))
    temporary = os.path.join(folder, f".{name}.{os.getpid()}.tmp")
    try:
        os.makedirs(folder, exist_ok=True)
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # or a power cut could leave the new name without its content
        for _ in range(40 if os.name == "nt" else 0):
            with contextlib.suppress(PermissionError):  # the window perhaps has it open
                return os.replace(temporary, path)
            time.sleep(0.05)
        os.replace(temporary, path)
    finally:
        with contextlib.suppress(OSError):
            os.remove(temporary)


def _prepare():
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # pythonw has no console
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))
        elif hasattr(stream, "reconfigure"):
            # A console that lacks a character shows its code; a pipe gets each line at once.
            stream.reconfigure(errors="backslashreplace", line_buffering=True)
    this = f"{sys.executable} (Python {'.'.join(map(str, sys.version_info[:3]))})"
    if sys.version_info < (3, 10):
        english = "this needs Python 3.10 or newer: choose it in your editor, or install it"
        chinese = "需要 Python 3.10 或更新的版本：请在编辑器里换一个新的解释器，或安装新版"
        sys.exit(say(f"Error: {this} is too old; {english}.", f"错误：{this} 太旧，{chinese}。"))
    packages = "numpy", "matplotlib", "tqdm", "requests"
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    if missing:
        names, install = ", ".join(missing), command("-m", "pip", "install", *missing)
        english = f"{names}. Run this, or choose a Python that has them in your editor:\n{install}"
        chinese = f"{names}。请运行下面的命令，或在编辑器里换成装有它们的解释器：\n{install}"
        sys.exit(say(f"Error: {this} lacks {english}", f"错误：{this} 缺少 {chinese}"))
    if "numpy" not in sys.modules:
        # BLAS threads wait for each other in busy loops: beside two busy programs an epoch on two
        # threads took 19 to 85 seconds, on one 1.9. A value set outside wins.
        for library in ("OPENBLAS_NUM", "MKL_NUM", "OMP_NUM", "VECLIB_MAXIMUM"):
            os.environ.setdefault(f"{library}_THREADS", "1")


_prepare()
