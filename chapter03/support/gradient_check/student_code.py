"""Code that may do anything: run it for a limited time, say where it stumbled, read its text."""

import ast
import collections
import contextlib
import ctypes
import difflib
import linecache
import re
import sys
import threading
import time
import traceback
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np

from support import shown

SHOWN_PRINTS = 5
_parse = cache(ast.parse)  # the same text is asked for again and again


class OutOfTimeError(Exception):
    """The code did not come to an end; the argument is the Place where it was, or None."""


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
                raise OutOfTimeError(_last(frames, path)[1])
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


_SIGNS = {
    ast.MatMult: "@", ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/",
    "dot": "@", "matmul": "@", "multiply": "*",
}  # fmt: skip


class Misfit(NamedTuple):
    """Two operands whose shapes cannot be combined; `text` shows the expressions and shapes."""

    text: str
    operator: str
    operands: tuple  # the two arrays
    shapes: tuple  # theirs


def shapes_that_met(frame, place):
    """Return the Misfit of the operands on this line of a frame, or None."""
    nodes = [node for node in ast.walk(_tree(place.path)) if isinstance(node, ast.stmt)]
    around = [node for node in nodes if node.lineno <= place.line <= node.end_lineno]
    node = max(around, key=lambda node: node.lineno, default=None)
    # The head of a loop, not the loop: its body has statements of its own.
    head = getattr(node, "test", getattr(node, "iter", node))
    return misfit(head, {**frame.f_globals, **frame.f_locals}) if head else None


def misfit(tree, namespace):
    """Return the Misfit of the first two operands in a syntax tree that do not fit, or None."""
    for child in ast.iter_child_nodes(tree):  # in the order in which Python evaluates them
        found = misfit(child, namespace)
        if found:
            return found
    sign = None
    match tree:
        case ast.BinOp(left, op, right) | ast.AugAssign(left, op, right):
            sign = _SIGNS.get(type(op))
        case ast.Call(ast.Attribute(attr=name), [left, right]):  # np.dot and the like
            sign = _SIGNS.get(name)
        case ast.Call(ast.Attribute(left, "dot"), [right]):
            sign = "@"
    # Operands are evaluated once more: only if that calls nothing but methods and NumPy.
    if not sign or any(
        isinstance(node, ast.Call) and not isinstance(node.func, ast.Attribute)
        for node in (*ast.walk(left), *ast.walk(right))
    ):
        return None
    texts, operands = [ast.unparse(left), ast.unparse(right)], ()
    try:
        with np.errstate(all="ignore"):
            operands = tuple(eval(text, namespace) for text in texts)
            eval(f"a {sign} b", dict(zip("ab", operands, strict=True)))
    except Exception as error:
        if operands and isinstance(error, ValueError):
            a, b = (f"({text})" if " " in text else text for text in texts)
            shapes = tuple(map(np.shape, operands))
            return Misfit(f"{a} {shapes[0]} {sign} {b} {shapes[1]}", sign, operands, shapes)
    return None


def blank(path, name):
    """Return the Place of the `raise` if the function `name` does nothing else, or None."""
    function = dict(_definitions(_tree(path))).get(name)  # the last of that name, as in Python
    if function is None or not _only_raises(function):
        return None
    return Place(path, function.body[-1].lineno)


def lines_of(path):
    """Return {dotted name: line} of all classes and functions in a file."""
    return {where: node.lineno for where, node in _definitions(_tree(path))}


def misplaced(path, name, method):
    """Return (Place, dotted name) of code that seems to be meant for `name`.`method`, or None.

    It is asked where that method is absent or still blank.
    """
    lines, seen, above = lines_of(path), [], ""  # `above`: the last class at the left margin
    for where, node in _definitions(_tree(path)):
        around, _, last = where.rpartition(".")
        if isinstance(node, ast.ClassDef):
            above = above if around else last
            fits = name not in lines and _alike(last, name)
        elif f"{name}.{method}" in lines and _only_raises(node):
            continue
        elif around == name:  # twice, the second time blank, or under another name
            other = {"forward": "__call__", "backward": "gradient"}[method]
            fits = last == other or (last[0] != "_" and _alike(last, method))
        else:  # badly indented, or in another class
            fits = last == method and (where in seen or (above == name and around != above))
        if fits:
            return Place(path, node.lineno), where
        seen.append(where)
    return None


def _alike(name, wanted):
    name, wanted = name.lower(), wanted.lower()
    return wanted[:4] in name or difflib.SequenceMatcher(None, name, wanted).ratio() > 0.7


def _only_raises(function):
    body = function.body[bool(ast.get_docstring(function)) :]
    return len(body) == 1 and "raise NotImplementedError" in ast.unparse(body[0])


def _definitions(node, around=""):
    """Yield (dotted name, syntax node) of every class and function within a node, in order."""
    for child in ast.iter_child_nodes(node):
        inner = around
        if isinstance(child, ast.ClassDef | ast.FunctionDef):
            yield around + child.name, child
            inner = f"{around}{child.name}."
        yield from _definitions(child, inner)


def _tree(path):
    return _parse("".join(linecache.getlines(path)))
