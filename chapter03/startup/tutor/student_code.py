"""Code that may do anything: import it, run it for a limited time, say where it stumbled."""

import ast
import importlib
import linecache
import os
import sys
import threading
import time
from dataclasses import dataclass

import numpy as np

from folders import FOLDER, shown

IMPORT_LIMIT = 10  # seconds, for code that someone left at the end of model.py
# While one of these is at work, there is no limit.
DEBUGGERS = {"pdb", "bdb", "pydevd", "debugpy", "_pydevd_bundle"}


class ModelError(Exception):
    """model.py cannot be used; the message says where, why and what to do."""


class OutOfTimeError(Exception):
    """The code did not come to an end; `place` is the line where it was, or None."""

    def __init__(self, limit, place):
        super().__init__(f"still running after {limit:g} seconds")
        self.place = place


class Stopped(BaseException):
    """Raised inside a thread that ran out of time, past any `except Exception` there."""


@dataclass(frozen=True)
class Place:
    """A line of code."""

    path: str
    line: int

    def __str__(self):
        return f"{shown(os.path.abspath(self.path))}:{self.line}"

    @property
    def source(self):
        return linecache.getline(self.path, self.line).strip()


@dataclass(frozen=True)
class Misfit:
    """Two operands whose shapes cannot be combined; `text` shows the expressions and shapes."""

    text: str
    operator: str
    left: tuple
    right: tuple

    @property
    def shapes(self):
        return self.operator, self.left, self.right


def import_model():
    """Import the neighbour model.py and return it; ModelError if that fails."""
    path = str(FOLDER / "model.py")
    try:
        return run_limited(lambda: importlib.import_module("model"), IMPORT_LIMIT, path)
    except OutOfTimeError as error:
        raise ModelError(
            f"{error.place or shown(path)}: model.py is {error} while it is imported. Move what "
            "does not belong to a class into a file of its own."
        ) from None
    except SyntaxError as error:
        raise ModelError(_unreadable(error, path)) from None
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise ModelError(_not_importable(error, path)) from None


def run_limited(function, limit, path):
    """Return function(), run in a thread; OutOfTimeError after `limit` seconds.

    What the function raises is raised here, even SystemExit. Only this thread sees Ctrl-C.
    """
    outcome = {}

    def work():
        try:
            outcome["value"] = function()
        except BaseException as error:
            outcome["error"] = error

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    deadline = time.monotonic() + limit
    try:
        while thread.is_alive():
            # In slices, because on Windows Ctrl-C waits until a join is over.
            thread.join(0.1)
            frames = _frames_up(sys._current_frames().get(thread.ident))
            if frames and time.monotonic() > deadline and not _has_debugger(frames):
                raise OutOfTimeError(limit, last_place(frames, path))
    finally:
        _stop(thread)
    if "error" in outcome:
        raise outcome["error"]
    return outcome["value"]


def message_of(error):
    """Return an exception's type and message in one line."""
    text = " ".join(str(error).split())
    return type(error).__name__ + (f": {text[:200]}" if text else "")


def last_place(frames, path):
    """Return the Place of the innermost of (frame, line) pairs, outermost first, within `path`."""
    places = [Place(path, line) for frame, line in frames if _is_same(frame, path)]
    return places[-1] if places else None


def last_frame(error, path):
    """Return (frame, Place) where `error` left the file `path`, or (None, None)."""
    found = None, None
    for frame, line in _frames_down(error.__traceback__):
        if _is_same(frame, path):
            found = frame, Place(path, line)
    return found


def shapes_that_met(frame, place):
    """Return the Misfit of the operands on this line of a frame, or None."""
    try:
        statement = _statement_at(place)
    except (SyntaxError, ValueError):
        return None
    return misfit(statement, {**frame.f_globals, **frame.f_locals}) if statement else None


def misfit(tree, namespace):
    """Return the Misfit of the first two operands in a syntax tree that do not fit, or None.

    The innermost operation comes first, as it does when Python evaluates the expression.
    """
    for node in reversed(list(ast.walk(tree))):
        operator, operands = _operation(node)
        if operator is None or not all(_is_harmless(operand) for operand in operands):
            continue
        try:
            left, right = (np.shape(eval(ast.unparse(operand), namespace)) for operand in operands)
        except Exception:
            continue
        if not _fit(operator, left, right):
            a, b = (ast.unparse(operand) for operand in operands)
            a, b = (f"({text})" if " " in text else text for text in (a, b))
            return Misfit(f"{a} {left} {operator} {b} {right}", operator, left, right)
    return None


def is_only_a_raise(place):
    """Whether the function around this line does nothing but raise, its docstring aside."""
    try:
        function = _around(place, ast.FunctionDef)
    except (SyntaxError, ValueError):
        return True
    return function is None or len(function.body) - bool(ast.get_docstring(function)) == 1


def _unreadable(error, path):
    place = f"{shown(error.filename or path)}:{error.lineno or 1}"
    if "utf-8" in error.msg.lower() or "codec" in error.msg:
        return f"{place}: the file is not saved as UTF-8. Choose UTF-8 in your editor and save it."
    if isinstance(error, TabError):
        return f"{place}: tabs and spaces are mixed. Indent every line with spaces, four a level."
    line = (error.text or "").strip()
    return f"{place}: Python cannot read `{line}`: {error.msg}. (It may be the line above.)"


def _not_importable(error, path):
    place = last_frame(error, path)[1] or shown(path)
    if isinstance(error, ModuleNotFoundError) and error.name == "numpy":
        return f"{place}: NumPy is not installed. Run: pip install -r requirements.txt"
    if isinstance(error, ModuleNotFoundError):
        return (
            f"{place}: there is no module {error.name}. model.py needs only NumPy and the files "
            "that stand beside it; is one missing, or the name misspelt?"
        )
    if isinstance(error, SystemExit):
        return f"{place}: the line ends the program while model.py is imported. Remove it."
    return f"{place}: model.py cannot be imported, because of {message_of(error)}."


def _frames_down(traceback):
    while traceback:
        yield traceback.tb_frame, traceback.tb_lineno
        traceback = traceback.tb_next


def _frames_up(frame):
    frames = []
    while frame:
        frames.append((frame, frame.f_lineno))
        frame = frame.f_back
    return frames[::-1]


def _is_same(frame, path):
    return os.path.abspath(frame.f_code.co_filename) == os.path.abspath(path)


def _has_debugger(frames):
    names = (frame.f_globals.get("__name__", "") for frame, _ in frames)
    return not DEBUGGERS.isdisjoint(name.partition(".")[0] for name in names)


def _stop(thread):
    # A thread cannot be killed, but CPython can raise an exception in it. If it ran on, it would
    # slow down the checks that follow, and could crash the interpreter's exit.
    if thread.is_alive():
        import ctypes

        raise_in_thread = ctypes.pythonapi.PyThreadState_SetAsyncExc
        raise_in_thread(ctypes.c_ulong(thread.ident), ctypes.py_object(Stopped))
        thread.join(0.5)


def _statement_at(place):
    innermost = _around(place, ast.stmt)
    # The head of a loop, not the loop: its body has statements of its own.
    for part in ("test", "iter"):
        if hasattr(innermost, "body") and hasattr(innermost, part):
            return getattr(innermost, part)
    return innermost


def _around(place, kind):
    """Return the innermost syntax node of this kind around a line, or None."""
    tree = ast.parse("".join(linecache.getlines(place.path)))
    around = [
        node
        for node in ast.walk(tree)
        if isinstance(node, kind) and node.lineno <= place.line <= node.end_lineno
    ]
    return max(around, key=lambda node: node.lineno, default=None)


_OPERATORS = {ast.MatMult: "@", ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}


def _operation(node):
    """Return the operator and the two operand nodes of an operation on arrays, or (None, ())."""
    if isinstance(node, ast.BinOp):
        return _OPERATORS.get(type(node.op)), (node.left, node.right)
    if isinstance(node, ast.AugAssign):
        return _OPERATORS.get(type(node.op)), (node.target, node.value)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        name, arguments = node.func.attr, node.args
        if name == "dot" and len(arguments) == 1:
            return "@", (node.func.value, arguments[0])
        if name in ("dot", "matmul") and len(arguments) == 2:
            return "@", tuple(arguments)
        elementwise = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/"}
        if name in elementwise and len(arguments) == 2:
            return elementwise[name], tuple(arguments)
    return None, ()


def _is_harmless(tree):
    """Whether evaluating it once more does nothing: it calls methods and NumPy's functions only."""
    return not any(
        (isinstance(node, ast.Call) and not isinstance(node.func, ast.Attribute))
        or isinstance(node, ast.NamedExpr | ast.Yield | ast.Await)
        for node in ast.walk(tree)
    )


def _fit(operator, left, right):
    try:
        if operator != "@":
            np.broadcast_shapes(left, right)
            return True
        return bool(left and right) and left[-1] == right[-2 if len(right) > 1 else 0]
    except ValueError:
        return False
