"""Code that may do anything: load it, run it for a limited time, say where it stumbled."""

import ast
import ctypes
import difflib
import importlib.util
import linecache
import os
import re
import sys
import threading
import time
import traceback
import types
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from support import shown
from support.language import say

LOAD_LIMIT = 10  # seconds, for code that someone left at the end of model.py
# While one of these is at work, there is no limit.
DEBUGGERS = {"pdb", "bdb", "pydevd", "debugpy", "_pydevd_bundle"}
# What a Chinese input method types, and those that NFKC does not turn into what Python wants.
FULL_WIDTH = "[“”‘’×÷−—–\u3000-\u303f\uff01-\uff5e]"
HALF_WIDTH = str.maketrans("“”‘’、。−–—×÷", "\"\"'',.---*/")


class ModelError(Exception):
    """model.py cannot be used; the message says where, why and what to do."""


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


class Printed:
    """Stands in for `print` in a student's module: counts, keeps the place and the first lines."""

    def __init__(self):
        self.count, self.place, self.lines = 0, None, []

    def __call__(self, *values, sep=" ", **options):
        frame = sys._getframe(1)
        self.place = self.place or Place(frame.f_code.co_filename, frame.f_lineno)
        self.count += 1
        if len(self.lines) < 5:
            self.lines += (" " if sep is None else sep).join(map(str, values)).split("\n")


def load(path):
    """Return the module in the file `path`, read afresh; ModelError if that fails."""
    path = os.path.abspath(path)
    linecache.cache.pop(path, None)
    module = types.ModuleType("model")
    module.__file__ = path
    try:
        # Not by importlib, which takes an old .pyc for a file that changed within the same second.
        code = compile(_text(path), path, "exec")
        run_limited(lambda: exec(code, vars(module)), LOAD_LIMIT, path)
        return module
    except (KeyboardInterrupt, ModelError):
        raise
    except OSError as error:
        raise ModelError(
            say(
                f"{shown(path)} cannot be read: {error.strerror}. Is the path right?",
                f"读不到文件 {shown(path)} ：{error.strerror}。请检查路径。",
            )
        ) from None
    except SyntaxError as error:
        raise ModelError(_unreadable(error, path)) from None
    except BaseException as error:
        raise ModelError(_not_importable(error, path)) from None


def _text(path):
    data = Path(path).read_bytes()
    try:
        return importlib.util.decode_source(data)
    except (UnicodeDecodeError, SyntaxError):
        before, wrong, _ = data.decode("utf-8", "replace").partition("\ufffd")
        if not wrong:  # an encoding that Python does not know stands in the first line
            raise
    place = Place(path, before.count("\n") + 1)
    raise ModelError(
        say(
            f"{place}: the file is not saved as UTF-8, which Python expects. Choose UTF-8 in your "
            "editor and save it again, or make `# coding: gbk` the first line if it is in GBK.",
            f"文件 {place} 这一行不是 UTF-8 编码，Python 读不了。请在编辑器里选择 UTF-8 编码重新"
            "保存；如果文件是 GBK 编码，也可以在第一行写上 `# coding: gbk`。",
        )
    )


def _unreadable(error, path):
    place = Place(path, error.lineno or 1)
    line = linecache.getline(path, place.line).rstrip()
    # Within strings and comments every character may stand.
    bare = re.sub(r"""#.*|"[^"]*"|'[^']*'""", lambda match: " " * len(match[0]), line)
    wide = re.search("[“”‘’]" if "unterminated" in error.msg else FULL_WIDTH, bare)
    if wide and "triple" not in error.msg:
        half = unicodedata.normalize("NFKC", wide[0].translate(HALF_WIDTH))
        english, chinese = ("space", "空格") if half == " " else (f"`{half}`", f" `{half}`")
        return say(
            f"{place}: column {wide.start() + 1} holds the full-width character `{wide[0]}`, where "
            f"Python wants a half-width {english}. Type it again with an English input method.",
            f"文件 {place} 这一行第 {wide.start() + 1} 列是全角字符 `{wide[0]}`，Python 只认半角的"
            f"{chinese}。请切换到英文输入法重新输入。",
        )
    if isinstance(error, TabError) or (isinstance(error, IndentationError) and "\t" in line):
        return say(
            f"{place}: tabs and spaces are mixed. Indent every line with spaces, four a level.",
            f"文件 {place} 这一行的缩进混用了 Tab 和空格。请一律用空格缩进，每层四个。",
        )
    return say(
        f"{place}: Python cannot read `{line.strip()}`: {error.msg}. (It may be the line above.)",
        f"Python 读不懂 {place} 这一行 `{line.strip()}`：{error.msg}（也可能是上一行的问题）。",
    )


def _not_importable(error, path):
    place = last_frame(error, path)[1] or shown(path)
    what = say(f"raises {message_of(error)}", f"出错：{message_of(error)}")
    if isinstance(error, OutOfTimeError):
        place = error.args[0] or place
        what = say(
            f"is still running after {LOAD_LIMIT} seconds", f"运行 {LOAD_LIMIT} 秒还没有结束"
        )
    if isinstance(error, SystemExit):
        what = say("ends the program", "结束了整个程序")
    return say(
        f"{place}: this line {what} while model.py is imported. Correct or remove it: model.py "
        "needs NumPy and its classes, nothing else.",
        f"导入 model.py 时，{place} 这一行{what}。请改正或删掉它：model.py 只需要 NumPy 和那几个类。",
    )


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
            if frames and time.monotonic() > deadline and not _has_debugger(frames):
                raise OutOfTimeError(_last(frames, path)[1])
    finally:
        # A thread cannot be killed, but CPython can raise an exception in it. If it ran on, it
        # would slow down the checks that follow, and could crash the interpreter's exit.
        if thread.is_alive():
            raise_in_thread = ctypes.pythonapi.PyThreadState_SetAsyncExc
            raise_in_thread(ctypes.c_ulong(thread.ident), ctypes.py_object(Stopped))
            thread.join(0.5)
    if "error" in outcome:
        raise outcome["error"]
    return outcome["value"]


def _has_debugger(frames):
    names = (frame.f_globals.get("__name__", "") for frame, _ in frames)
    return not DEBUGGERS.isdisjoint(name.partition(".")[0] for name in names)


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


# The shapes that met ------------------------------------------------------------------------------

_OPERATORS = {ast.MatMult: "@", ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
_FUNCTIONS = {"dot": "@", "matmul": "@", "add": "+", "subtract": "-", "multiply": "*"}


@dataclass(frozen=True, eq=False)
class Misfit:
    """Two operands whose shapes cannot be combined; `text` shows the expressions and shapes."""

    text: str
    operator: str
    left: tuple
    right: tuple
    operands: tuple = ()  # the two arrays

    @property
    def shapes(self):
        return self.operator, self.left, self.right


def shapes_that_met(frame, place):
    """Return the Misfit of the operands on this line of a frame, or None."""
    node = _around(place, ast.stmt)
    # The head of a loop, not the loop: its body has statements of its own.
    head = getattr(node, "test", getattr(node, "iter", node))
    return misfit(head, {**frame.f_globals, **frame.f_locals}) if head else None


def misfit(tree, namespace):
    """Return the Misfit of the first two operands in a syntax tree that do not fit, or None."""
    for node in _as_evaluated(tree):
        operator, operands = _operation(node)
        if operator is None or not all(map(_is_harmless, operands)):
            continue
        texts = [ast.unparse(operand) for operand in operands]
        try:
            values = tuple(eval(text, namespace) for text in texts)
            left, right = map(np.shape, values)
        except Exception:
            continue
        if not _fit(operator, left, right):
            a, b = (f"({text})" if " " in text else text for text in texts)
            return Misfit(f"{a} {left} {operator} {b} {right}", operator, left, right, values)
    return None


def _as_evaluated(node):
    for child in ast.iter_child_nodes(node):
        yield from _as_evaluated(child)
    yield node


def _operation(node):
    """Return the operator and the two operand nodes of an operation on arrays, or (None, ())."""
    if isinstance(node, ast.BinOp):
        return _OPERATORS.get(type(node.op)), (node.left, node.right)
    if isinstance(node, ast.AugAssign):
        return _OPERATORS.get(type(node.op)), (node.target, node.value)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        operands = tuple(node.args)
        if node.func.attr == "dot" and len(operands) == 1:
            operands = node.func.value, *operands
        if len(operands) == 2:
            return _FUNCTIONS.get(node.func.attr), operands
    return None, ()


def _is_harmless(tree):
    """Whether evaluating it once more does nothing: it calls methods and NumPy's functions only."""
    return not any(
        (isinstance(node, ast.Call) and not isinstance(node.func, ast.Attribute))
        or isinstance(node, ast.NamedExpr | ast.Yield | ast.Await)
        for node in ast.walk(tree)
    )


def _fit(operator, left, right):
    if operator == "@":
        return bool(left and right) and left[-1] == right[-2 if len(right) > 1 else 0]
    try:
        np.broadcast_shapes(left, right)
    except ValueError:
        return False
    return True


# What stands in the file --------------------------------------------------------------------------


def is_blank(place):
    """Whether the function around this line does nothing but raise, its docstring aside."""
    function = _around(place, ast.FunctionDef)
    return function is None or _only_raises(function)


def misplaced(path, name, method):
    """Return (Place, dotted name) of code that seems to be meant for `name`.`method`, or None.

    It is asked where that method is absent or still blank.
    """
    seen, above = [], ""  # `above`: the last class at the left margin
    for where, node in _definitions(_tree(path)):
        around, _, last = where.rpartition(".")
        if isinstance(node, ast.ClassDef):
            above = above if around else last
            fits = where != name and _alike(last, name)
        elif _only_raises(node):
            continue
        elif around == name:  # twice, the second time blank, or under another name
            other = {"forward": "__call__", "backward": "grad"}[method]
            fits = last != "__init__" and (_alike(last, method) or other in last)
        else:  # badly indented, or in another class
            outside = above == name and around != above
            fits = last == method and (outside or where in seen)
        if fits:
            return Place(path, node.lineno), where
        seen.append(where)
    return None


def _alike(name, wanted):
    name, wanted = name.lower(), wanted.lower()
    return wanted[:4] in name or difflib.SequenceMatcher(None, name, wanted).ratio() > 0.7


def _only_raises(function):
    body = function.body[bool(ast.get_docstring(function)) :]
    return len(body) == 1 and isinstance(body[0], ast.Raise)


def _definitions(node, around=""):
    """Yield (dotted name, syntax node) of every class and function within a node, in order."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ClassDef | ast.FunctionDef):
            yield around + child.name, child
            yield from _definitions(child, f"{around}{child.name}.")
        else:
            yield from _definitions(child, around)


def _around(place, kind):
    """Return the innermost syntax node of this kind around a line, or None."""
    around = [
        node
        for node in ast.walk(_tree(place.path))
        if isinstance(node, kind) and node.lineno <= place.line <= node.end_lineno
    ]
    return max(around, key=lambda node: node.lineno, default=None)


def _tree(path):
    return ast.parse("".join(linecache.getlines(path)))
