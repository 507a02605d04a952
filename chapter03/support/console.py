"""What the scripts share: errors as exit codes, terminals, paths and commands that can be pasted.

It parses in Python 3.6 and needs the standard library alone.
"""

import os
import shlex
import shutil
import subprocess
import sys

from support.language import UserError, say


def run(main, argv=None):
    """Call `main(argv)` and return the exit code: what it returns, or 0 if that is None.

    An error that a user can mend is one sentence and 1, Ctrl-C is 130.
    """
    _prepare_streams()
    try:
        code = main(argv)
    except KeyboardInterrupt:
        print(say("\nInterrupted.", "\n已中断。"))
        return 130
    except BrokenPipeError:
        # As in `main.py | head`. Python writes what is left when it ends, and would fail again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except MemoryError as error:
        print_error(
            say(
                f"there is not enough memory: close other programs, or ask for less. {error}",
                f"内存不够：请关闭其他程序，或者把网络、批次改小一些。{error}",
            )
        )
        return 1
    except UserError as error:
        print_error(error)
        return 1
    return 0 if code is None else code


def print_error(message):
    print(say(f"Error: {message}", f"错误：{message}"), file=sys.stderr)


def _prepare_streams():
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # pythonw has no console
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))
        elif hasattr(stream, "reconfigure"):
            # A console that lacks a character shows its code; a pipe gets each line at once.
            stream.reconfigure(errors="backslashreplace", line_buffering=True)


def is_terminal(stream):
    """Return whether `stream` is a real terminal; IDLE's claims to be one and has no file."""
    try:
        return os.isatty(stream.fileno())
    except (AttributeError, OSError, ValueError):
        return False


def shown(path):
    """Return `path` as a text, relative to the working directory if that is shorter."""
    whole = os.path.abspath(str(path))
    try:
        relative = os.path.relpath(whole)
    except ValueError:  # on another drive of Windows
        return whole
    return min(relative, whole, key=len)


def command(*words, python=None):
    """Return the line that, pasted into this console, runs this Python, or `python`, with words."""
    python = python or sys.executable
    line = [shown(python)]
    for name in ("python3", "python"):
        if os.path.abspath(shutil.which(name) or "") == os.path.abspath(python):
            line = [name]
    line += [str(word) for word in words]

    if os.name != "nt":
        return " ".join(shlex.quote(word) for word in line)
    text = subprocess.list2cmdline(line)
    return "& " + text if text.startswith('"') else text  # PowerShell asks for the &
