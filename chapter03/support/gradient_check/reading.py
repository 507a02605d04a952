"""From the bytes of a student's file to code, or to a sentence that says why that cannot be."""

import importlib.util
import io
import linecache
import re
import tokenize
import unicodedata
from pathlib import Path

from support.console import shown
from support.gradient_check.limits import Place
from support.language import UserError, say

# How files begin that are no Python: what a browser, an editor or a learning platform has saved.
OTHER_KINDS = (
    (rb"PK\x03\x04.{26}\[Content_Types\]", "a Word document", "Word 文档"),
    (rb"PK[\x03\x05]", "a zip archive", "zip 压缩包"),
    (rb"Rar!|7z\xbc\xaf|\x1f\x8b|.{257}ustar", "an archive", "压缩包"),
    (rb"%PDF", "a PDF document", "PDF 文档"),
    (rb"\{\\rtf", "a document with formatting (RTF)", "带格式的文档（RTF）"),
    (rb"\xd0\xcf\x11\xe0", "a document of Microsoft Office", "Office 文档"),
    (rb"\x89PNG|\xff\xd8\xff|GIF8|BM.{4}\0\0\0\0", "a picture", "图片"),
    (rb"(?i)\s*<(!doctype|html|!--|\?xml)", "a web page", "网页"),
    (rb"..\r\n.{0,12}\0", "a compiled file (.pyc)", "编译后的文件（.pyc）"),
    (rb'\s*\{\s*"(cells|nbformat|nbformat_minor|metadata)"', "a Jupyter notebook",
     "Jupyter 笔记本（notebook）"),
)  # fmt: skip
# What was meant by characters that NFKC does not turn into Python's. A Chinese keyboard types ——
# where _ is.
TYPED_FOR = {
    "“": '"', "”": '"', "‘": "'", "’": "'", "′": "'", "、": ",", "。": ".", "【": "[", "】": "]",
    "——": "_", "—": "-", "–": "-", "−": "-", "‐": "-", "‑": "-", "×": "*", "·": "*", "∗": "*",
    "÷": "/", "²": "**2", "³": "**3", "≤": "<=", "≥": ">=", "≠": "!=",
}  # fmt: skip

# What Python says of a line that it cannot read, in Chinese; {0}, {1} are the parts in parentheses.
SYNTAX = (
    (r"invalid syntax\. Perhaps you forgot a comma", "语法不对，可能漏了逗号"),
    (r"invalid syntax\. Maybe you meant '=='", "语法不对，判断相等要写 =="),
    (r"invalid syntax", "语法不对"),
    (r"'(.)' was never closed", "括号 {0} 没有闭合"),
    (r"unmatched '(.)'", "多了一个 {0}"),
    (
        r"closing parenthesis '(.)' does not match opening parenthesis '(.)'",
        "括号 {1} 和 {0} 不配对",
    ),
    (r"unexpected indent", "缩进多了"),
    (r"unindent does not match", "缩进和上面哪一层都对不上"),
    (r"expected an indented block after .* on line (\d+)", "第 {0} 行之后应该有缩进的代码"),
    (r"unterminated triple-quoted", "三引号没有配对"),
    (r"unterminated", "引号没有配对"),
    (r"cannot assign to", "= 的左边不能是这个"),
    (r"'return' outside function", "return 不在方法里"),
    (r"invalid decimal literal", "名字不能以数字开头"),
    (r"expected ':'", "少了冒号"),
)


def code_of(path):
    """Return the code in the file `path`, and keep its lines for whoever quotes them."""
    data = _bytes(path)
    text = _text(data, path)
    # Split as Python splits them; str.splitlines also does so at form feeds, U+2028 and others.
    lines = io.StringIO(text).readlines()
    linecache.cache[path] = len(text), None, lines, path
    try:
        return compile(text, path, "exec", dont_inherit=True)
    except SyntaxError as error:
        if _is_misread(data):
            raise _wrong_coding_line(data, path) from None
        raise _unreadable(error, path) from None


def _bytes(path):
    file = Path(path)
    if file.exists() and not file.is_file():
        raise UserError(
            f"{shown(path)} is a folder, or no ordinary file. Is the path right?",
            f"{shown(path)} 是文件夹，或者不是普通文件。请检查路径。",
        )
    try:
        return file.read_bytes()
    except OSError as error:
        raise UserError(
            f"{shown(path)} cannot be read: {error.strerror}. Is the path right?",
            f"读不到文件 {shown(path)}：{error.strerror}。请检查路径。",
        ) from None


def _text(data, path):
    content = data.removeprefix(b"\xef\xbb\xbf")
    for beginning, english, chinese in OTHER_KINDS:
        if re.match(beginning, content, re.DOTALL):
            raise UserError(
                f"{shown(path)} is {english}, not Python code. Put the code itself there, "
                "as plain text.",
                f"{shown(path)} 其实是“{chinese}”，不是 Python 代码。请把代码本身以纯文本存进去。",
            )
    if re.search(rb"d\0e\0f", data):  # UTF-16 with no mark at its beginning
        raise _not_utf8(path, 1)
    if b"\0" in data:
        place = Place(path, _line_at(data, data.index(b"\0")))
        raise UserError(
            f"{place}: the file is damaged, from here on it holds NUL characters. Look for an "
            "earlier copy, or move the code that is left into a new file.",
            f"文件 {place} 这一行起损坏了，里面有 NUL 字符。请找回以前的版本，"
            "或把还完好的代码移到新文件里。",
        )
    try:
        return importlib.util.decode_source(data)
    except (UnicodeError, SyntaxError, LookupError):
        raise _undecodable(data, path) from None


def _line_at(data, position):
    before = data[:position].replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return before.count(b"\n") + 1


def _undecodable(data, path):
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        return _not_utf8(path, _line_at(data, error.start), _coding_line(data))
    return _wrong_coding_line(data, path)


def _not_utf8(path, line, coding_line=None):
    place = Place(path, line)
    also = ""
    if coding_line and "utf" not in coding_line[1].lower():
        also = say(f" Delete line {coding_line[0]} as well.", f"第 {coding_line[0]} 行也请删掉。")
    return UserError(
        f"{place}: the file is not saved as UTF-8. Save it again in your editor, as UTF-8.{also}",
        f"文件 {place} 这一行不是 UTF-8 编码。请在编辑器里选择 UTF-8 编码重新保存。{also}",
    )


def _coding_line(data):
    """Return (number, text) of the line that says how the file is saved, or None (PEP 263)."""
    for number, line in enumerate(data.splitlines()[:2], 1):
        if re.search(rb"#.*coding[:=]", line):
            return number, line.decode("utf-8-sig", "replace").strip()
    return None


def _is_misread(data):
    """Return whether the file is UTF-8 and says at its beginning that it is something else."""
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    if encoding.startswith("utf-8"):
        return False
    try:
        return data.decode(encoding) != data.decode("utf-8")
    except UnicodeDecodeError:
        return False


def _wrong_coding_line(data, path):
    number, text = _coding_line(data)
    place = Place(path, number)
    return UserError(
        f"{place}: `{text}` is not true, the file is saved as UTF-8: delete line {number}.",
        f"文件 {place} 这一行 `{text}` 与实际不符，文件是 UTF-8 编码：请删掉第 {number} 行。",
    )


def _unreadable(error, path):
    """Return the UserError that explains a SyntaxError in the file `path`."""
    place = Place(path, error.lineno)
    line = linecache.getline(path, place.line).rstrip("\n")
    index = _odd_character(error, line)
    if index is not None:
        return _about_character(error, place, line, index)
    is_indented_wrongly = isinstance(error, IndentationError)
    if isinstance(error, TabError) or (is_indented_wrongly and "\t" in line):
        return UserError(
            f"{place}: tabs and spaces are mixed. Indent with spaces alone, four per level.",
            f"文件 {place} 这一行的缩进混用了 Tab 和空格。请一律用空格缩进，每层四个。",
        )

    said = (
        _without_colon(error, place, line)
        or _of_prompt(place)
        or _of_else_if(place, line)
        or _of_quotient(place, line)
        or _of_product(error, place, line)
        or _of_matlab(place, line)
        or _of_matlabs_transpose(error, place, line)
    )
    if said:
        return said
    quoted = f"`{place.source}`" if place.source else say("the end", "（结尾）")
    why = say(error.msg.rstrip("?"), _in_chinese(error.msg))
    remark = ""
    if error.msg.startswith("invalid syntax"):
        remark = say(" (It may be the line above.)", "（也可能是上一行的问题。）")
    if place.source and (is_indented_wrongly or "outside function" in error.msg):
        remark = say(" ", "") + about_indentation(line)
    return UserError(
        f"{place}: Python cannot read {quoted}: {why}.{remark}",
        f"Python 读不懂 {place} 这一行 {quoted}：{why}。{remark}",
    )


def _in_chinese(message):
    for pattern, chinese in SYNTAX:
        found = re.match(pattern, message)
        if found:
            return chinese.format(*found.groups())
    return message


def _without_colon(error, place, line):
    """Return the UserError about a colon that is missing at the end of a line, or None."""
    if error.msg != "expected ':'" or (error.offset or 0) <= len(_bare(line).rstrip()):
        return None
    return UserError(
        f"{place}: a colon is missing at the end of `{place.source}`.",
        f"文件 {place} 这一行 `{place.source}` 的行末少了冒号。",
    )


def _of_else_if(place, line):
    """Return the UserError about `else if`, which is C's and Java's, or None."""
    if not re.match(r"\s*else\s+if\b", line):
        return None
    return UserError(
        f"{place}: `{place.source}`: `else if` is one word in Python, `elif`.",
        f"文件 {place} 这一行 `{place.source}` 里的 else if 在 Python 里写成一个词：`elif`。",
    )


def _of_quotient(place, line):
    """Return the UserError about `dy/dx = ...`, which is no name, or None."""
    found = re.match(r"\s*(\w+) */ *(\w+) *=[^=]", line)
    if not found:
        return None
    whole, name = f"{found[1]}/{found[2]}", f"{found[1]}_{found[2]}"
    return UserError(
        f"{place}: `{place.source}`: `{whole}` is a division and no name. Call it `{name}`.",
        f"文件 {place} 这一行 `{place.source}` 里 `{whole}` 是除法，不是变量名：请写 `{name}`。",
    )


def _of_product(error, place, line):
    """Return the UserError about `a b`, which is a product in mathematics only, or None."""
    value = r"\b(?:self\.\w+|x|y|y_hat|grad_y)\b(?:\.T\b)?"
    number = r"(?<![\w.])\d[\d.]*(?:e-?\d+)?"
    # Before a name that is set, it is the end of a line that is missing.
    is_set = r"(?: *\[[^]]*\])? *[-+*/@]?=[^=]"
    bare = _bare(line)
    found = re.search(rf"(?<!\.)({value}|{number}|\)) +({value})(?!{is_set})", bare)
    # After these words it is a comma or a colon that is missing.
    has_other = re.search(r"\b(def|for|lambda|if|elif|while|with|assert)\b", bare)
    if error.msg != "invalid syntax" or not found or has_other:
        return None
    return UserError(
        f"{place}: in `{place.source}` an operator is missing between `{found[1]}` and "
        f"`{found[2]}`: in Python every product needs its `*` (`@` for matrices).",
        f"文件 {place} 这一行 `{place.source}` 里，`{found[1]}` 和 `{found[2]}` 之间漏了运算符："
        "Python 里的乘号 `*`（矩阵乘法是 `@`）不能省略。",
    )


def _of_matlab(place, line):
    """Return the UserError about an operator such as `.*`, which is MATLAB's, or None."""
    found = re.search(r"(?:\b[^\W\d]\w*|[)\]]|\d(?= )) *(\.[*/^])", _bare(line))
    if not found:
        return None
    meant = {".*": "*", "./": "/", ".^": "**"}[found[1]]
    return UserError(
        f"{place}: `{found[1]}` in `{place.source}` is MATLAB's. In NumPy `{meant}` works entry by "
        "entry as it is.",
        f"文件 {place} 这一行 `{place.source}` 里的 `{found[1]}` 是 MATLAB 的写法。"
        f"NumPy 的 `{meant}` 本来就是逐元素的。",
    )


def _of_matlabs_transpose(error, place, line):
    """Return the UserError about `x'`, which is MATLAB's, or None."""
    if "unterminated string" not in error.msg or not re.search(r"[\w)\]]'", line):
        return None
    return UserError(
        f"{place}: a quotation mark in `{place.source}` has no partner. If it is MATLAB's "
        "transpose: in NumPy that is `x.T`.",
        f"文件 {place} 这一行 `{place.source}` 的引号没有配对。"
        "如果是 MATLAB 的转置：NumPy 里写成 `x.T`。",
    )


def _of_prompt(place):
    """Return the UserError about what an interactive Python shows, or None."""
    found = re.match(r">>>|\.\.\. |In \[\d*\]:|Python \d\.[\d.]+ ", place.source)
    if not found:
        return None
    return UserError(
        f"{place}: `{found[0].strip()}` is what an interactive Python shows, not code: delete it, "
        "and all else like it.",
        f"文件 {place} 这一行的 `{found[0].strip()}` 是交互式 Python 显示的，不是代码："
        "请把它删掉，其他类似的也要删掉。",
    )


def about_indentation(line):
    """Say how a line is indented, and how it would be in a method."""
    spaces = len(line) - len(line.lstrip())
    return say(
        f"It begins with {spaces} spaces; in a class, a `def` line begins with 4, the lines inside "
        "it with 8 or more, all lines of one block with the same number.",
        f"这一行开头有 {spaces} 个空格；类里的 def 前面是 4 个，属于它的每一行至少 8 个，"
        "同一块里的各行一样多。",
    )


def _odd_character(error, line):
    """Return the index of a character that Python does not take, or None."""
    bare = _bare(line)
    if "triple" in error.msg:
        return None
    if "unterminated" in error.msg:
        quote = re.search("[“”‘’＂＇]", bare)
        return quote.start() if quote else None

    named = re.search(r"U\+([0-9A-F]+)", error.msg)
    if named:
        character = chr(int(named[1], 16))
        index = (error.offset or 1) - 1
        # Python 3.10 and 3.11 count from elsewhere in an f-string.
        if line[index : index + 1] != character:
            index = line.find(character)
        return index if index >= 0 else None
    for index, character in enumerate(bare):
        is_python = character in " \t\f" or (character.isascii() and character.isprintable())
        if not (is_python or f"a{character}".isidentifier()):
            return index
    return None


def _bare(line):
    """Blank out strings and comments: within them every character may stand."""
    return re.sub(r"""#.*|"[^"]*"|'[^']*'""", lambda match: " " * len(match[0]), line)


def _is_text(error, line):
    """Return whether a line with a character that is not Python's seems to be no code at all.

    Where a docstring above is not closed, the next one is open where it should be closed.
    """
    if "unterminated" in error.msg:  # all the rest of the line seems to be outside the string
        return False
    return bool(re.search("[\u4e00-\u9fff]", _bare(line)) or re.search("\"{3}|'{3}", line))


def _about_character(error, place, line, index):
    """Return the UserError about a character that Python does not take."""
    if not line[index].isprintable():
        return _invisible(place, index + 1, line[index])
    if _is_text(error, line):
        return UserError(
            f'{place}: `{place.source}` is text, not code. Is a `"""` missing above it, '
            "or a `#` before it?",
            f"文件 {place} 这一行 `{place.source}` 是文字，不是代码。"
            '是不是上面少了 `"""`，或者前面少了 `#`？',
        )
    character = "——" if line.startswith("——", index) else line[index]
    return _to_be_retyped(place, index + 1, character)


def _invisible(place, column, character):
    name = unicodedata.name(character, "without a name") + f" (U+{ord(character):04X})"
    count = sum(character in line for line in linecache.getlines(place.path))
    more = say(f" ({count} lines hold one.)", f"（共有 {count} 行含有它。）") if count > 1 else ""
    return UserError(
        f"{place}: column {column} holds an invisible character, {name}. "
        f"Delete what stands there and type it again.{more}",
        f"文件 {place} 这一行第 {column} 列有一个看不见的字符 {name}。"
        f"请把那里删掉，重新输入。{more}",
    )


def _to_be_retyped(place, column, character):
    name = unicodedata.name(character[0])
    is_wide = name.startswith(("FULLWIDTH", "IDEOGRAPHIC"))
    wide = say("a full-width ", "全角的 ") if is_wide else say("", " ")
    typed = TYPED_FOR.get(character) or unicodedata.normalize("NFKC", character)
    if not typed.isascii():
        return UserError(
            f"{place}: column {column} holds {wide}`{character}` ({name}), which means nothing to "
            "Python. Delete it and type it again in Python's words.",
            f"文件 {place} 这一行第 {column} 列是{wide}`{character}`（{name}），Python 不认识它。"
            "请删掉它，换成 Python 的写法重新输入。",
        )
    return UserError(
        f"{place}: column {column} holds {wide}`{character}` ({name}): type it again, "
        f"as `{typed}`.",
        f"文件 {place} 这一行第 {column} 列是{wide}`{character}`（{name}）："
        f"请切换到英文输入法重新输入 `{typed}`。",
    )
