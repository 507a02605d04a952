"""Checks of a student's model.py: `load` brings it in, `run` checks its eight methods."""

import importlib.util
import linecache
import os
import re
import types
import unicodedata
from pathlib import Path

from support import shown
from support.gradient_check import student_code
from support.gradient_check.report import check as run
from support.gradient_check.student_code import Place, last_frame, limited_prints, message_of
from support.language import UserError, say

__all__ = ["load", "run"]

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
            student_code.run_limited(lambda: exec(code, vars(module)), TIME_LIMIT, path)
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
    if isinstance(error, student_code.OutOfTimeError):
        place, limit = error.args[0], TIME_LIMIT
        what = say(f"is still running after {limit} seconds", f"运行 {limit} 秒还没有结束")
    place = place or shown(path)
    return UserError(
        f"{place}: this line {what} while model.py is imported. Correct or remove it.",
        f"导入 model.py 时，{place} 这一行{what}。请改正或删掉它。",
    )
