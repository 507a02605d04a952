"""Running code that may do anything: import it, call it for a limited time, say where it stumbled."""

import ast
import importlib
import linecache
import os
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from folders import shown

IMPORT_LIMIT = 10  # seconds, for code that someone left at the end of model.py
DEBUGGERS = {"pdb", "bdb", "pydevd", "debugpy", "_pydevd_bundle"}


class ModelError(Exception):
    """model.py cannot be used; the message says where, why and what to do."""


class OutOfTimeError(Exception):
    """The code did not come to an end; `place` is the line where it was, or None."""

    def __init__(self, limit, place):
        super().__init__(f"still running after {limit:g} seconds")
        self.place = place


class _Stop(BaseException):
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


def import_model():
    """Import the neighbour model.py and return it; ModelError if that fails."""
    try:
        return run_limited(lambda: importlib.import_module("model"), IMPORT_LIMIT, _model_path())
    except OutOfTimeError as error:
        where = error.place or shown(_model_path())
        raise ModelError(
            f"{where} is still running after {IMPORT_LIMIT} seconds while model.py is imported: "
            "move code that does not belong to a class into a file of its own."
        ) from None
    except SyntaxError as error:
        raise ModelError(_explained_syntax_error(error)) from None
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        raise ModelError(_explained_import(error)) from None


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
    while thread.is_alive():
        # In slices, because on Windows Ctrl-C waits until a join is over.
        thread.join(0.1)
        if time.monotonic() > deadline and thread.is_alive():
            frame = sys._current_frames().get(thread.ident)
            if not _is_in_debugger(frame):
                place = last_place(_frames_up(frame), path)
                _stop(thread)
                raise OutOfTimeError(limit, place)
    if "error" in outcome:
        raise outcome["error"]
    return outcome["value"]


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
    """Return (text, shapes) of the operands on this line of a frame that do not fit, or None."""
    try:
        statement = _statement_at(place)
    except (SyntaxError, ValueError):
        return None
    return misfit(statement, {**frame.f_globals, **frame.f_locals}) if statement else None


def misfit(tree, namespace):
    """Return (text, shapes) of the first two operands in a syntax tree that do not fit, or None.

    The innermost operation comes first, as it does when Python evaluates the expression.
    """
    for node in reversed(list(ast.walk(tree))):
        operator, operands = _operation(node)
        if operator is None or not all(_is_harmless(operand) for operand in operands):
            continue
        try:
            left, right = (
                np.shape(eval(ast.unparse(operand), namespace))
                for operand in operands
            )
        except Exception:
            continue
        if not _fit(operator, left, right):
            a, b = (ast.unparse(operand) for operand in operands)
            a, b = (f"({text})" if " " in text else text for text in (a, b))
            return f"{a} {operator} {b}: {left} {operator} {right}", (left, right)
    return None


def _model_path():
    return str(Path(__file__).with_name("model.py"))


def _explained_syntax_error(error):
    place = f"{shown(error.filename)}:{error.lineno}" if error.filename else "model.py"
    reason = error.msg
    if "utf-8" in reason.lower() or "encoding" in reason.lower():
        return f"{place}: the file is not saved as UTF-8; choose UTF-8 in your editor and save it."
    if isinstance(error, TabError):
        reason = "tabs and spaces are mixed at the start of lines; use four spaces for each level"
    line = (error.text or "").strip()
    quoted = f" in `{line}`" if line else ""
    return f"{place}: Python cannot read this line{quoted}: {reason}."


def _explained_import(error):
    frame, place = last_frame(error, _model_path())
    where = place or shown(_model_path())
    if isinstance(error, ModuleNotFoundError):
        return (
            f"{where}: there is no module {error.name!r}; model.py needs NumPy alone "
            "(pip install -r requirements.txt)."
        )
    if isinstance(error, SystemExit):
        return f"{where}: model.py ends the program while it is imported; remove exit()."
    return f"{where}: {type(error).__name__} while model.py is imported: {error}."


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


def _is_in_debugger(frame):
    names = {f.f_globals.get("__name__", "").partition(".")[0] for f, _ in _frames_up(frame)}
    return bool(names & DEBUGGERS)


def _stop(thread):
    # A thread cannot be killed; but CPython can raise an exception in it. Left running, it would
    # slow down the checks that follow and could crash the interpreter's exit.
    import ctypes

    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread.ident), ctypes.py_object(_Stop)
    )
    thread.join(0.5)


def _statement_at(place):
    tree = ast.parse("".join(linecache.getlines(place.path)))
    around = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and node.lineno <= place.line <= node.end_lineno
    ]
    innermost = max(around, key=lambda node: node.lineno, default=None)
    # The head of a loop, not the loop: its body has statements of its own.
    for part in ("test", "iter"):
        if hasattr(innermost, "body") and hasattr(innermost, part):
            return getattr(innermost, part)
    return innermost


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
