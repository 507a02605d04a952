"""The text of a student's model.py: load it, say why Python cannot, find blanks in it."""

import ast
import difflib
import importlib.util
import linecache
import os
import re
import types
import unicodedata
from functools import cache
from pathlib import Path

from support.console import shown
from support.gradient_check.limits import (
    OutOfTimeError,
    Place,
    last_frame,
    limited_prints,
    message_of,
    run_limited,
)
from support.language import UserError, say

TIME_LIMIT = 10  # seconds, for code that someone left at the end of model.py
# What a Chinese input method types, and those that NFKC does not turn into what Python wants.
FULL_WIDTH = "[“”‘’×÷−—–\u3000-\u303f\uff01-\uff5e]"
HALF_WIDTH = str.maketrans("“”‘’、。−–—×÷", "\"\"'',.---*/")


def load(path):
    """Return the module in the file `path`, read afresh; UserError if that fails."""
    path = os.path.abspath(path)
    module = types.ModuleType("model")
    module.__file__ = path
    try:
        # Not by importlib, which takes an old .pyc for a file that changed within the same second.
        text = _text(path)
        linecache.cache[path] = len(text), None, text.splitlines(keepends=True), path
        code = compile(text, path, "exec")
        with limited_prints(module):
            run_limited(lambda: exec(code, vars(module)), TIME_LIMIT, path)
        return module
    except (KeyboardInterrupt, UserError):
        raise
    except SyntaxError as error:
        # Of model.py, or of another file of the student's that it imports.
        raise _unreadable(error, error.filename or path) from None
    except BaseException as error:
        raise _not_importable(error, path) from None


def _text(path):
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise UserError(
            f"{shown(path)} cannot be read: {error.strerror}. Is the path right?",
            f"读不到文件 {shown(path)} ：{error.strerror}。请检查路径。",
        ) from None
    try:
        return importlib.util.decode_source(data)
    except (UnicodeDecodeError, SyntaxError):
        before, *_ = data.decode("utf-8", "replace").partition("\ufffd")
        place = Place(path, before.count("\n") + 1)
        raise UserError(
            f"{place}: the file is not saved as UTF-8. Save it again in your editor, as UTF-8.",
            f"文件 {place} 这一行不是 UTF-8 编码。请在编辑器里选择 UTF-8 编码重新保存。",
        ) from None


def _unreadable(error, path):
    place = Place(path, error.lineno or 1)
    line = linecache.getline(path, place.line).rstrip()
    # Within strings and comments every character may stand.
    bare = re.sub(r"""#.*|"[^"]*"|'[^']*'""", lambda match: " " * len(match[0]), line)
    wide = re.search("[“”‘’]" if "unterminated" in error.msg else FULL_WIDTH, bare)
    if wide and "triple" not in error.msg:
        half = unicodedata.normalize("NFKC", wide[0].translate(HALF_WIDTH))
        return UserError(
            f"{place}: column {wide.start() + 1} holds a full-width `{wide[0]}`: use `{half}`.",
            f"文件 {place} 这一行第 {wide.start() + 1} 列是全角的 `{wide[0]}`，应该是 `{half}`。",
        )
    if isinstance(error, TabError) or (isinstance(error, IndentationError) and "\t" in line):
        return UserError(
            f"{place}: tabs and spaces are mixed. Indent with spaces alone, four a level.",
            f"文件 {place} 这一行的缩进混用了 Tab 和空格。请一律用空格缩进，每层四个。",
        )
    return UserError(
        f"{place}: Python cannot read `{place.source}`: {error.msg}. (It may be the line above.)",
        f"Python 读不懂 {place} 这一行 `{place.source}`：{error.msg}（也可能是上一行的问题）。",
    )


def _not_importable(error, path):
    place, message = last_frame(error, path)[1], message_of(error)
    what = say(f"raises {message}", f"出错：{message}")
    if isinstance(error, OutOfTimeError):
        place, limit = error.args[0], TIME_LIMIT
        what = say(f"is still running after {limit} seconds", f"运行 {limit} 秒还没有结束")
    place = place or shown(path)
    return UserError(
        f"{place}: this line {what} while model.py is imported. Correct or remove it.",
        f"导入 model.py 时，{place} 这一行{what}。请改正或删掉它。",
    )


_parse = cache(ast.parse)  # the same text is asked for again and again


def second_files(path):
    """Return the names of the files beside model.py that it has imported and that are not given."""
    return []


def endless_loop(places):
    """Return the Place of a `while` around one of the places that cannot end, or None."""
    for place in places:
        for node in ast.walk(_tree(place.path)):
            if isinstance(node, ast.While) and node.lineno <= place.line <= node.end_lineno:
                return Place(place.path, node.lineno)
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
