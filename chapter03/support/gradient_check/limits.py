"""Code that may do anything: limit its time, its prints and its input, say where it stumbled."""

import builtins
import collections
import contextlib
import ctypes
import io
import linecache
import os
import re
import sys
import threading
import time
import traceback
import warnings
from concurrent.futures import Future
from dataclasses import dataclass

from support.console import shown
from support.language import say

SHOWN_PRINTS = 5
LONGEST_PRINT = 2000  # characters
# The first import of a large library may take long, above all on a cold disk.
IMPORT_LIMIT = 60  # seconds
# What lies beside model.py without being the student's.
GIVEN = ("data.py", "main.py", "handwriting_canvas.py", "support")


class OutOfTimeError(Exception):
    """The code did not come to an end.

    place: the Place of the student's where it was, or None
    places: this one and those that called it, from there outwards
    library: the package that was at work for that line, or ""
    """

    def __init__(self, place, places=(), library=""):
        super().__init__(place)
        self.place = place
        self.places = places
        self.library = library


class Stopped(BaseException):
    """Raised inside a thread that ran out of time, past any `except Exception` there."""


@dataclass(frozen=True)
class Place:
    """A line of code."""

    path: str
    line: int

    def __str__(self):
        return f"{shown(self.path)}:{self.line}"

    @property
    def source(self):
        return linecache.getline(self.path, self.line).strip()[:100]


@contextlib.contextmanager
def limited_prints(module):
    """Keep the student's code from flooding the console; give a Counter of the Places that print.

    The code is that of the module, and of other files of the student's that it imports.
    """
    prints = collections.Counter()
    real_print = builtins.print

    def limited_print(*values, **options):
        frame = sys._getframe(1)
        filename = frame.f_code.co_filename
        is_own = frame.f_globals is vars(module) or is_students(filename, module.__file__)
        on_console = options.get("file") in (None, sys.stdout, sys.stderr)
        if not (is_own and on_console):
            real_print(*values, **options)
            return

        prints[Place(filename, frame.f_lineno)] += 1
        if prints.total() > SHOWN_PRINTS:
            return
        text = io.StringIO()
        real_print(*values, **{**options, "file": text, "flush": False})
        text = text.getvalue()
        if len(text) > LONGEST_PRINT:
            text = text[:LONGEST_PRINT] + " ...\n"
        real_print(text, end="", file=options.get("file"), flush=True)

    builtins.print = limited_print
    try:
        yield prints
    finally:
        builtins.print = real_print


def run_limited(function, limit, path):
    """Return function(), run in a thread; OutOfTimeError after `limit` seconds.

    `path` is the student's file. What the function raises is raised here, even SystemExit. Only
    this thread sees Ctrl-C.
    """
    outcome = Future()

    def work():
        try:
            outcome.set_result(function())
        except BaseException as error:
            outcome.set_exception(error)

    thread = threading.Thread(target=work, daemon=True)
    with _surroundings():
        try:
            thread.start()
        except RuntimeError:  # there is none to be had: better no limit than no check
            return function()
        try:
            _wait(thread, limit, path)
        finally:
            _stop(thread)
    return outcome.result()


@contextlib.contextmanager
def _surroundings():
    """Let the student's code find no keyboard and no screen, and keep its warning filters apart."""
    stdin = sys.stdin
    backend = os.environ.get("MPLBACKEND")
    # A thread that waits for the real stdin would crash the interpreter's exit.
    sys.stdin = _EmptyStdin(stdin)
    # A window of this thread would break the exit too; matplotlib asks for it when it is imported.
    os.environ["MPLBACKEND"] = "Agg"
    try:
        with warnings.catch_warnings():
            for message in ("FigureCanvasAgg is non-interactive", "Matplotlib is currently using"):
                warnings.filterwarnings("ignore", message)
            yield
    finally:
        sys.stdin = stdin
        os.environ.pop("MPLBACKEND", None)
        if backend is not None:
            os.environ["MPLBACKEND"] = backend


class _EmptyStdin(io.StringIO):
    """Nothing to read; only a debugger that the student has started reads the real stdin."""

    def __init__(self, real):
        super().__init__()
        self.real = real

    def readline(self, *size):
        names = [_module(frame) for frame, _ in traceback.walk_stack(sys._getframe())]
        if _is_debugged(names):
            return self.real.readline(*size)
        return ""


def _is_debugged(names):
    return any(re.match("[pb]db|_?pydevd|debugpy", name) for name in names)


def _module(frame):
    return str(frame.f_globals.get("__name__"))


def _wait(thread, limit, path):
    """Return when the thread ends; OutOfTimeError if that takes too long."""
    seconds = 0
    seconds_of_imports = 0
    now = time.monotonic()
    while thread.is_alive():
        # In slices, because on Windows Ctrl-C waits until a join is over.
        thread.join(0.1)
        before = now
        now = time.monotonic()
        frame = sys._current_frames().get(thread.ident)
        if frame is None:
            continue

        frames = list(traceback.walk_stack(frame))  # the innermost first
        places = [
            Place(frame.f_code.co_filename, line)
            for frame, line in frames
            if is_students(frame.f_code.co_filename, path)
        ]
        names = _names_within(frames, path)
        if _is_debugged(_module(frame) for frame, _ in frames):
            continue
        if any(name.startswith("importlib.") for name in names):
            seconds_of_imports += now - before
        else:
            seconds += now - before
        if seconds > limit or seconds_of_imports > IMPORT_LIMIT:
            packages = [name.partition(".")[0] for name in reversed(names)]
            others = [package for package in packages if package != "importlib"]
            place = places[0] if places else None
            raise OutOfTimeError(place, places, others[0] if places and others else "")


def _names_within(frames, path):
    """Return the names of the modules that the student's innermost line has called."""
    names = []
    for frame, _ in frames:
        if is_students(frame.f_code.co_filename, path):
            break
        names.append(_module(frame))
    return names


def _stop(thread):
    """Stop a thread that would slow down the checks that follow and could crash the exit.

    A thread cannot be killed, but CPython can raise an exception in it; again and again, since the
    code may swallow it.
    """
    raise_in_thread = ctypes.pythonapi.PyThreadState_SetAsyncExc
    for _ in range(25):
        if thread.is_alive():
            raise_in_thread(ctypes.c_ulong(thread.ident), ctypes.py_object(Stopped))
            thread.join(0.02)


def is_students(filename, path):
    """Return whether a file of code is `path`, or another of the student's beside it.

    A package beside it, that is a folder of files, counts as well.
    """
    if filename == path:
        return True
    folder = os.path.dirname(path)
    around = os.path.dirname(filename)
    is_given = os.path.basename(filename) in GIVEN or os.path.basename(around) in GIVEN
    return folder in (around, os.path.dirname(around)) and not is_given


def message_of(error):
    """Return an exception's type and message in one line."""
    text = type(error).__name__
    message = " ".join(str(error).split())[:200]
    if message:
        text += f": {message}"
    if isinstance(error, RecursionError):
        text += _what_recurs(error)
    if message == "EOF when reading a line":
        text += say(" (input() cannot be used here)", "（这里不能使用 input()）")
    return text


def _what_recurs(error):
    calls = collections.Counter(
        frame.f_code.co_name for frame, _ in traceback.walk_tb(error.__traceback__)
    )
    if calls.total() < 100:  # raised by hand
        return ""
    name, _ = calls.most_common(1)[0]
    return say(f" ({name} calls itself, without end)", f"（{name} 不停地调用自己）")


def last_frame(error, path):
    """Return (frame, Place) where `error` left the student's code, or (None, None).

    `path` is the student's file; others of the student's beside it count too.
    """
    found = None, None
    for frame, line in traceback.walk_tb(error.__traceback__):
        filename = frame.f_code.co_filename
        if is_students(filename, path):
            found = frame, Place(filename, line)
    return found
