"""How the text of a model.py is read, and what is said of one that Python cannot read."""

import json
import re

import pytest

from submissions import SOLUTION
from support import gradient_check
from support.language import UserError

X = "return x @ self.W + self.b"
LINE = SOLUTION[: SOLUTION.index(X)].count("\n") + 1  # where X stands
BYTES = SOLUTION.encode()
GBK = SOLUTION.encode("gbk")


def with_line(line):
    """Return the solution with another line in place of X."""
    return SOLUTION.replace(X, line)


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Return a function that writes a model.py, into a folder with a space, and loads it."""
    folder = tmp_path / "my homework"
    folder.mkdir()
    monkeypatch.chdir(folder)

    def load(content):
        if isinstance(content, str):
            content = content.encode()
        (folder / "model.py").write_bytes(content)
        return gradient_check.load("model.py")

    return load


def refusal(load, content):
    with pytest.raises(UserError) as error:
        load(content)
    assert "\n" not in str(error.value)
    return str(error.value)


READABLE = {
    "BOM": b"\xef\xbb\xbf" + BYTES,
    "BOM and a coding line": b"\xef\xbb\xbf# -*- coding: utf-8 -*-\n" + BYTES,
    "GBK, as it says": b"# coding: gbk\n" + GBK,
    "Latin-1, in comments alone": b"# coding: latin-1\n" + BYTES,
    "line ends of Windows": BYTES.replace(b"\n", b"\r\n"),
    "line ends of an old Mac": BYTES.replace(b"\n", b"\r"),
    "no last line end": BYTES.rstrip(),
    "form feeds between classes": BYTES.replace(b"\n\n\n", b"\n\n\x0c\n"),
    "odd characters in strings": BYTES + "s = '（“−\u200b\u3000\xa0'  # ，\u2028 ∑\n".encode(),
}


@pytest.mark.parametrize("name", READABLE)
def test_what_python_reads_is_read(name, load):
    assert load(READABLE[name]).Linear.forward


WHAT_ENDS_NO_LINE = {
    "form feed": "\x0c",
    "vertical tab": "# \x0b",
    "file separator": "# \x1c",
    "next line": "# \x85",
    "line separator": "# \u2028",
    "paragraph separator": "# \u2029",
}


@pytest.mark.parametrize("name", WHAT_ENDS_NO_LINE)
def test_lines_are_counted_as_python_counts_them(name, load):
    begin = "import numpy as np\n"
    text = with_line("return x +* 1").replace(begin, f"{begin}{WHAT_ENDS_NO_LINE[name]}\n")
    assert f"model.py:{LINE + 1}: Python cannot read `return x +* 1`" in refusal(load, text)


NOT_UTF8 = {
    # what stands in the file, the line that is named, what is to be done
    "GBK": (GBK, 1, "Save it again in your editor, as UTF-8."),
    "GBK from the tenth line on": (
        b"# ascii\n" * 9 + "# 你好".encode("gbk"), 10, "Save it again in your editor, as UTF-8."
    ),
    "GBK, and it says UTF-8": (b"# coding: utf-8\n" + GBK, 2, "as UTF-8."),
    "GBK beyond GB2312": (
        b"# coding: gb2312\n" + "# 镕".encode("gbk"), 2, "as UTF-8. Delete line 1 as well."
    ),
    "GBK and a coding unheard of": (
        b"#\n# coding: gkb\n" + GBK, 3, "as UTF-8. Delete line 2 as well."
    ),
    "old Mac": (b"# a\r# b\r" + "# 你好".encode("gbk"), 3, "as UTF-8."),
    "UTF-16": (SOLUTION.encode("utf-16"), 1, "as UTF-8."),
    "UTF-16 without a mark": (SOLUTION.encode("utf-16-le"), 1, "as UTF-8."),
    "UTF-16, the other way round": (SOLUTION.encode("utf-16-be"), 1, "as UTF-8."),
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_UTF8)
def test_another_encoding_is_named_with_its_first_line(name, load):
    content, line, remedy = NOT_UTF8[name]
    said = refusal(load, content)
    assert said.startswith(f"model.py:{line}: the file is not saved as UTF-8. ")
    assert said.endswith(remedy)


CODING_LINES = {
    # what comes before the text in UTF-8, the line to be deleted
    "gbk": (b"# -*- coding: gbk -*-\n", 1),
    "gb18030": (b"#coding=gb18030\n", 1),
    "in the second line": (b"#!/usr/bin/python\n# vim: set fileencoding=gbk :\n", 2),
    "uft-8": (b"# -*- coding: uft-8 -*-\n", 1),
    "utf8mb4": (b"#\n# coding: utf8mb4\n", 2),
    "no text at all": (b"# coding: base64\n", 1),
    "utf-16": (b"# coding: utf-16\n", 1),
    "behind a BOM": (b"\xef\xbb\xbf# coding: gbk\n", 1),
}


@pytest.mark.parametrize("name", CODING_LINES)
def test_a_coding_line_that_is_not_true_is_to_be_deleted(name, load):
    lines, number = CODING_LINES[name]
    text = lines.splitlines()[number - 1].decode("utf-8-sig")
    said = refusal(load, lines + BYTES)
    assert said.startswith(f"model.py:{number}: `{text}` is not true, ")
    assert said.endswith(f": delete line {number}.")


def test_a_coding_line_is_blamed_for_what_it_makes_of_full_width_signs(load):
    wrong = with_line("return （x)").encode()
    assert "delete line 1" in refusal(load, b"# coding: latin-1\n" + wrong)


def test_a_coding_line_is_not_blamed_for_a_mistake_of_another_kind(load):
    wrong = b"# coding: gbk\n" + with_line("return (x").encode("gbk")
    assert "never closed" in refusal(load, wrong)
    assert "never closed" in refusal(load, b"# coding: utf-8\nx = (1\n")
    assert "never closed" in refusal(load, b"\xef\xbb\xbf# coding: utf-8\nx = (1  # \xe4\xbd\xa0\n")


CHARACTERS = {
    # a line in place of X, its column, what is said of it
    "full-width": (
        "return （x)",
        8,
        "a full-width `（` (FULLWIDTH LEFT PARENTHESIS): type it again",
    ),
    "full-width comma": ("return f(x， x)", 11, "(FULLWIDTH COMMA): type it again, as `,`."),
    "full-width digit": ("return x * １", 12, "(FULLWIDTH DIGIT ONE): type it again, as `1`."),
    "Chinese stop": ("return x。", 9, "`。` (IDEOGRAPHIC FULL STOP): type it again, as `.`."),
    "behind one in a string": ("s = '，'， 2", 8, "(FULLWIDTH COMMA): type it again, as `,`."),
    "behind Chinese": ("s = '中文'； t = 1", 9, "(FULLWIDTH SEMICOLON): type it again, as `;`."),
    "minus": ("return x − 1", 10, "holds `−` (MINUS SIGN): type it again, as `-`."),
    "dash": ("return x – 1", 10, "holds `–` (EN DASH): type it again, as `-`."),
    "underscore": ("self.grad——W = 1", 10, "holds `——` (EM DASH): type it again, as `_`."),
    "times": ("return x × 2", 10, "(MULTIPLICATION SIGN): type it again, as `*`."),
    "square": ("return x²", 9, "(SUPERSCRIPT TWO): type it again, as `**2`."),
    "at most": ("while x ≤ 2: pass", 9, "type it again, as `<=`."),
    "quotes": ("s = “W”", 5, '(LEFT DOUBLE QUOTATION MARK): type it again, as `"`.'),
    "mixed quotes": ('s = "中文，W”', 10, '(RIGHT DOUBLE QUOTATION MARK): type it again, as `"`.'),
    "mixed single quotes": ("s = 'W’", 7, "(RIGHT SINGLE QUOTATION MARK): type it again, as `'`."),
    "within an f-string": ("s = f'{x，1}'", 9, "(FULLWIDTH COMMA): type it again, as `,`."),
    "sum sign": ("return ∑x", 8, "`∑` (N-ARY SUMMATION), which means nothing to Python."),
    "emoji": ("return 😀", 8, "holds `😀` (GRINNING FACE), which means nothing to Python."),
    "zero width": ("return\u200b x", 7, "an invisible character, ZERO WIDTH SPACE (U+200B). "),
    "no-break": ("return\xa0x", 7, "an invisible character, NO-BREAK SPACE (U+00A0). "),
    "full-width space": ("return\u3000x", 7, "IDEOGRAPHIC SPACE (U+3000). "),
    "soft hyphen": ("return x\xad", 9, "SOFT HYPHEN (U+00AD). "),
    "left-to-right mark": ("return 1\u200e", 9, "LEFT-TO-RIGHT MARK (U+200E). "),
    "line separator": ("return 1\u2028", 9, "LINE SEPARATOR (U+2028). "),
    "BOM in the middle": ("return \ufeffx", 8, "ZERO WIDTH NO-BREAK SPACE (U+FEFF). "),
    "Ctrl-Z": ("return x\x1a", 9, "without a name (U+001A). "),
}


@pytest.mark.parametrize("name", CHARACTERS)
def test_a_character_that_python_does_not_take_is_named_with_its_column(name, load):
    line, column, said = CHARACTERS[name]
    message = refusal(load, with_line(line))
    assert message.startswith(f"model.py:{LINE}: column {column + 8} holds ")
    assert said in message
    assert "type it again" in message


def test_of_an_invisible_character_it_is_said_how_many_lines_hold_it(load):
    once = refusal(load, with_line("return\xa0x"))
    assert once.endswith("type it again.")
    line = "        self.x = x\n"
    twice = refusal(load, SOLUTION.replace(line, line.replace(" ", "\xa0", 8) * 2, 1))
    assert twice.endswith("type it again. (2 lines hold one.)")


MISTAKES = {
    # what stands in model.py, what is said
    "bracket": (with_line("return (x"), f"model.py:{LINE}: .*'\\(' was never closed"),
    "no quote at the end": (with_line('s = "中文，'), f"model.py:{LINE}: .*unterminated string"),
    "no end of a docstring": ('x = """中文，“\n', "unterminated triple-quoted string"),
    "no end of a docstring before another": (
        SOLUTION.replace('."""\n        # BEGIN', ".\n        # BEGIN", 1),
        r"`\"\"\"设置 grad_W 和 grad_b，.* is text, not code. Is a `\"\"\"` missing above it",
    ),
    "no end of a docstring of one line": (
        SOLUTION.replace('like x."""', "like x.", 1), "model.py:6[0-9]: `.*` is text, not code."
    ),
    "comment without a sign": (with_line("这里算出结果。"), f"model.py:{LINE}: .*`#` before it"),
    "tab": (SOLUTION.replace("        self.x = x\n", "\tself.x = x\n"), "tabs and spaces are"),
    "unexpected tab": ("x = 1\n\ty = 2\n", "model.py:2: tabs and spaces are mixed"),
    "seven spaces": (SOLUTION.replace("        self.x = x\n", "       self.x = x\n"),
                     f"model.py:{LINE - 1}: .*begins with 7 spaces; in a class, a `def` line"),
    "return outside": ("class A:\n    def f(self):\n        '''d'''\n    return 1\n",
                       "model.py:4: .*'return' outside function. It begins with 4 spaces"),
    "no body": ("class A:\n    def f(self):\n    return 1\n",
                "model.py:3: .*expected an indented block .*It begins with 4 spaces"),
    "no body at the end": ("if True:\n\n\n", r"the end: expected an indented block.* 1\.$"),
    "colon missing": (with_line("if x  # so"), "a colon is missing at the end of `if x  # so`"),
    "colon missing within": (with_line("def f(x) return 1"), r"expected ':'\.$"),
    "a prompt": (">>> x = 1\n", "model.py:1: `>>>` is what an interactive Python shows, not"),
    "a prompt of Jupyter": ("In [12]: def f(x):\n", r"`In \[12\]:` is what an interactive"),
    "MATLAB's transpose": (with_line("return x'"), r"has no partner. If it is MATLAB's transpose"),
    "no sign of a product": (
        with_line("return x self.y (1 - self.y)"),
        r"an operator is missing between `x` and `self.y`",
    ),
    "no sign of a matrix product": (
        with_line("self.grad_W = self.x.T grad_y  # for all rows"),
        r"missing between `self.x.T` and `grad_y`",
    ),
    "no end of a line": (with_line("n = len(x) self.x = x"), r"cannot read .*: invalid syntax"),
    "no comma": (with_line("f = lambda x y: x"), r"cannot read .*: invalid syntax"),
    "no dot": (with_line("return np exp(x)"), r"cannot read .*: invalid syntax"),
    "no brackets": (with_line("return np.exp x"), r"cannot read .*: invalid syntax"),
    "misspelt return": (with_line("retrun x * y"), r"cannot read .*: invalid syntax"),
    "MATLAB's product": (with_line("return x .* 2"), r"`\.\*` in .* is MATLAB's. In NumPy `\*`"),
    "MATLAB's quotient": (with_line("return 1 ./ x"), r"In NumPy `/`"),
    "Java's else if": (with_line("else if x > 0:"), r"`elif`"),
    "a quotient as a name": (with_line("dy/dx = x"), r"a division and no name. Call it `dy_dx`"),
    "MATLAB's power": (with_line("return (x).^2"), r"`\.\^` in .* is MATLAB's. In NumPy `\*\*`"),
    "MATLAB's not": (with_line("return 1./x ? 2"), r"invalid syntax"),
    "nested": (f"x = {'(' * 300}{')' * 300}\n", "model.py:1: .*too many nested parentheses"),
    "merge": (f"<<<<<<< HEAD\n{SOLUTION}", "model.py:1: Python cannot read `<<<<<<< HEAD`"),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_python_s_own_words_are_passed_on_with_the_line(name, load):
    content, said = MISTAKES[name]
    with pytest.raises(UserError, match=said):
        load(content)


IN_CHINESE = {
    "x = (1, 2\n": "括号 ( 没有闭合。",
    "x = 1)\n": "多了一个 )。",
    "x = [1)\n": "括号 [ 和 ) 不配对。",
    "  x = 1\n": "缩进多了。",
    "def f():\n    x = 1\n  y = 2\n": "缩进和上面哪一层都对不上。",
    "if True:\nx = 1\n": "第 1 行之后应该有缩进的代码。",
    "x = 'a\n": "引号没有配对。",
    'x = """a\n': "三引号没有配对。",
    "1 = x\n": "= 的左边不能是这个。",
    "return 1\n": "return 不在方法里。",
    "x = 2y\n": "名字不能以数字开头。",
    "x = (1 2)\n": "语法不对，可能漏了逗号。",
    "if x = 1:\n    pass\n": "语法不对，判断相等要写 ==。",
    "x = = 1\n": "语法不对。",
    "def f(x) return 1\n": "少了冒号。",
    "x = 1 if 2\n": "expected 'else' after 'if' expression。",
}


@pytest.mark.parametrize("content", IN_CHINESE)
def test_in_chinese_the_usual_words_of_python_are_chinese(content, load, chinese):
    with pytest.raises(UserError, match=re.escape(IN_CHINESE[content])):
        load(content)


NOTEBOOK = {"cells": [{"source": ["x"], "execution_count": None}], "metadata": {}, "nbformat": 4}
OTHER_FILES = {
    "notebook": (json.dumps(NOTEBOOK).encode(), "a Jupyter notebook"),
    "notebook of Colab": (b'{\n "nbformat": 4, "cells": []}', "a Jupyter notebook"),
    "notebook with a BOM": (b'\xef\xbb\xbf{"cells": []}', "a Jupyter notebook"),
    "zip": (b"PK\x03\x04" + bytes(60), "a zip archive"),
    "empty zip": (b"PK\x05\x06" + bytes(18), "a zip archive"),
    "docx": (b"PK\x03\x04" + bytes(26) + b"[Content_Types].xml", "a Word document"),
    "rar": (b"Rar!\x1a\x07", "an archive"),
    "gz": (b"\x1f\x8b\x08\x00", "an archive"),
    "tar": (b"model.py".ljust(257, b"\0") + b"ustar", "an archive"),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3", "a PDF document"),
    "rtf": (b"{\\rtf1\\ansi import numpy}", "a document with formatting"),
    "doc": (b"\xd0\xcf\x11\xe0\xa1\xb1", "a document of Microsoft Office"),
    "png": (b"\x89PNG\r\n\x1a\n\0\0", "a picture"),
    "html": (b"\n\n<!DOCTYPE html>\n<html>", "a web page"),
    "html of old": (b"<HTML><pre>import numpy", "a web page"),
    "pyc": (b"\xa7\r\r\n\0\0\0\0", "a compiled file"),
}


@pytest.mark.parametrize("name", OTHER_FILES)
def test_a_file_of_another_kind_is_called_what_it_is(name, load):
    content, kind = OTHER_FILES[name]
    assert refusal(load, content).startswith(f"model.py is {kind}")


DAMAGED = {
    "at the end": (BYTES + bytes(500), BYTES.count(b"\n") + 1),
    "in the middle": (b"x = 1\r\n\0\0y = 2\n", 2),
    "nothing else": (bytes(900), 1),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_file_with_nul_characters_is_called_damaged(name, load):
    content, line = DAMAGED[name]
    said = refusal(load, content)
    assert said.startswith(f"model.py:{line}: the file is damaged, from here on ")


@pytest.mark.parametrize("content", ["", "\n  \n\t\n"], ids=["nothing", "blanks"])
def test_an_empty_file_is_called_empty(content, load):
    assert refusal(load, content) == "model.py is empty. Was it saved in your editor?"


def test_a_path_that_is_no_file_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.py").mkdir()
    for path, said in (
        ("absent.py", r"absent\.py cannot be read: No such file"),
        ("nowhere/model.py", r"nowhere.model\.py cannot be read: No such file"),
        ("folder.py", r"folder\.py is a folder, or no ordinary file"),
    ):
        with pytest.raises(UserError, match=said):
            gradient_check.load(path)


@pytest.mark.parametrize(
    "content",
    [
        GBK,
        b"# coding: gb2312\n" + GBK[:-1] + b"\xff",
        b"# coding: uft-8\n" + BYTES,
        with_line("return （x)"),
        with_line("return\u200b x\u200b"),
        with_line("return ∑x"),
        with_line("return (x"),
        "if True:\n\n",
        "class A:\nx = 1",
        "\tx = 1",
        b"PK\x03\x04" + bytes(60),
        BYTES + b"\0",
        "",
    ],
    ids=range(13),
)
def test_it_is_said_in_chinese_too(content, load, chinese):
    said = refusal(load, content)
    assert "model.py" in said
    assert any("\u4e00" <= character <= "\u9fff" for character in said)
    assert "the " not in said
