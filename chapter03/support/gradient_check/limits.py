"""Code that may do anything: run it for a limited time, limit its prints, say where it stumbled."""

import collections
import contextlib
import ctypes
import linecache
import re
import sys
import threading
import time
import traceback
from concurrent.futures import Future
from dataclasses import dataclass

from support.console import shown

SHOWN_PRINTS = 5


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
    """Keep the module from flooding the console; give a Counter of the Places that print."""
    prints = collections.Counter()

    def limited_print(*values, **options):
        frame = sys._getframe(1)
        prints[Place(frame.f_code.co_filename, frame.f_lineno)] += 1
        if prints.total() <= SHOWN_PRINTS:
            print(*values, **options)

    module.print = limited_print
    try:
        yield prints
    finally:
        del module.print


def run_limited(function, limit, path):
    """Return function(), run in a thread; OutOfTimeError after `limit` seconds.

    What the function raises is raised here, even SystemExit. Only this thread sees Ctrl-C.
    """
    outcome = Future()

    def work():
        try:
            outcome.set_result(function())
        except BaseException as error:
            outcome.set_exception(error)

    thread = threading.Thread(target=work, daemon=True)
    try:
        thread.start()
    except RuntimeError:  # there is none to be had: better no limit than no check
        return function()
    deadline = time.monotonic() + limit
    try:
        while thread.is_alive():
            # In slices, because on Windows Ctrl-C waits until a join is over.
            thread.join(0.1)
            frame = sys._current_frames().get(thread.ident)
            frames = list(traceback.walk_stack(frame))[::-1] if frame else []
            names = [str(frame.f_globals.get("__name__")) for frame, _ in frames]
            is_debugged = any(re.match("[pb]db|_?pydevd|debugpy", name) for name in names)
            if frames and time.monotonic() > deadline and not is_debugged:
                place = _last(frames, path)[1]
                raise OutOfTimeError(place, [place] if place else [])
    finally:
        # A thread cannot be killed, but CPython can raise an exception in it. If it ran on, it
        # would slow down the checks that follow, and could crash the interpreter's exit.
        if thread.is_alive():
            raise_in_thread = ctypes.pythonapi.PyThreadState_SetAsyncExc
            raise_in_thread(ctypes.c_ulong(thread.ident), ctypes.py_object(Stopped))
            thread.join(0.5)
    return outcome.result()


def message_of(error):
    """Return an exception's type and message in one line."""
    text = " ".join(str(error).split())
    return type(error).__name__ + (f": {text[:200]}" if text else "")


def last_frame(error, path):
    """Return (frame, Place) where `error` left the file `path`, or (None, None)."""
    return _last(traceback.walk_tb(error.__traceback__), path)


def _last(frames, path):
    inside = [(frame, Place(path, n)) for frame, n in frames if frame.f_code.co_filename == path]
    return inside[-1] if inside else (None, None)
