"""What the scripts share: errors as exit codes, terminals, paths and commands that can be pasted.

It parses in Python 3.6 and needs the standard library alone.
"""

import argparse
import os
import pathlib
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


def path(text):
    """Return a path of the command line, in which ~ is the user's own folder."""
    return pathlib.Path(os.path.expanduser(text))  # unlike Path's own, it never fails


class HelpFormatter(argparse.HelpFormatter):
    """Shows an option as `--lr F  learning rate (0.01)`, with its default if it has one."""

    def _get_default_metavar_for_optional(self, action):
        return action.type.__name__.upper() if action.type else action.dest

    def _get_help_string(self, action):
        if action.default is None or action.default is False or action.nargs == 0:
            return action.help
        return action.help + " (%(default)s)"


def number(kind, low, high):
    """Return a function that reads a number of this kind, int or float, from the command line."""
    if kind is int:
        english = f"is not a whole number from {low} to {high}"
        chinese = f"不是 {low} 到 {high} 之间的整数"
    else:
        english = f"is not a number from {low} to {high}"
        chinese = f"不是 {low} 到 {high} 之间的数"

    def read(text):
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not low <= value <= high:
            raise argparse.ArgumentTypeError(say(f"{text} {english}", f"{text} {chinese}"))
        return value

    read.__name__ = "n" if kind is int else "f"  # --help shows N or F
    return read
