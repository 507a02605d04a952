"""A student's model.py: load it, and find in its text blanks, methods and endless loops."""

import ast
import difflib
import importlib.machinery
import importlib.util
import linecache
import os
import re
import sys
import warnings
from functools import cache

from support.console import shown
from support.gradient_check.limits import (
    GIVEN,
    OutOfTimeError,
    Place,
    is_students,
    last_frame,
    limited_prints,
    message_of,
    run_limited,
)
from support.gradient_check.reading import about_indentation, code_of
from support.language import UserError, say

NAME = "model"  # of the module, whatever the file is called
TIME_LIMIT = 10  # seconds, for code that someone left at the end of model.py

_loaded = []  # the path of the file loaded last, if there is one


class _Loader(importlib.machinery.SourceFileLoader):
    """Loads a file as it is now, never from a .pyc: that may be older by less than a second."""

    def get_code(self, fullname):
        return code_of(self.path)


def load(path):
    """Return the module in the file `path`, read afresh; UserError if that fails."""
    path = os.path.abspath(path)
    _forget_what_was_loaded(path)
    _look_beside(path)

    loader = _Loader(NAME, path)
    spec = importlib.util.spec_from_file_location(NAME, path, loader=loader)
    module = importlib.util.module_from_spec(spec)
    # Dataclasses, pickle and sys.modules[__name__] look for it there.
    sys.modules[NAME] = module
    try:
        with limited_prints(module):
            run_limited(lambda: loader.exec_module(module), TIME_LIMIT, path)
        _look_whether_it_is_empty(path)
    except BaseException as error:
        sys.modules.pop(NAME, None)
        if isinstance(error, KeyboardInterrupt | UserError):
            raise
        if isinstance(error, SyntaxError) and is_students(error.filename or "", path):
            code_of(error.filename)  # says why
        raise _not_importable(error, path) from None
    return module


def _look_whether_it_is_empty(path):
    if not "".join(linecache.getlines(path)).strip():
        raise UserError(
            f"{shown(path)} is empty. Was it saved in your editor?",
            f"文件 {shown(path)} 是空的。在编辑器里保存了吗？",
        )


def second_files(path):
    """Return the names of the files and folders beside model.py that it has imported.

    They are the student's own: data.py and the other files given do not count.
    """
    path = os.path.abspath(path)
    folder = os.path.dirname(path)
    found = []
    for entry in sorted(os.listdir(folder)):
        module = sys.modules.get(entry.removesuffix(".py"))
        if module is None or entry in (*GIVEN, os.path.basename(path)):
            continue
        places = [getattr(module, "__file__", None), *getattr(module, "__path__", [])]
        there = os.path.realpath(os.path.join(folder, entry))
        if any(place and os.path.realpath(place) == there for place in places):
            found.append(entry)
    return found


def _forget_what_was_loaded(path):
    """Let all that was imported beside the last file, or beside this one, be read anew."""
    for file in [*_loaded, path]:
        if not os.path.isdir(os.path.dirname(file)):
            continue
        for entry in second_files(file):
            top = entry.removesuffix(".py")
            for name in list(sys.modules):
                if name.partition(".")[0] == top:
                    del sys.modules[name]


def _look_beside(path):
    """Let the file import others that lie beside it."""
    for file in _loaded:
        if os.path.dirname(file) in sys.path:
            sys.path.remove(os.path.dirname(file))
    _loaded[:] = [path]

    # Before the folder of the script, which comes last, and behind all else: a student's random.py
    # hides nothing.
    folder = os.path.dirname(path)
    sys.path.insert(-1, folder)
    sys.path_importer_cache[folder] = importlib.machinery.FileFinder(
        folder,
        (importlib.machinery.ExtensionFileLoader, importlib.machinery.EXTENSION_SUFFIXES),
        (_Loader, importlib.machinery.SOURCE_SUFFIXES),
    )


def _not_importable(error, path):
    place = last_frame(error, path)[1]
    message = message_of(error)
    what = say(f"raises {message}", f"出错：{message}")
    remedy = say("Correct or remove it.", "请改正或删掉它。")
    if isinstance(error, OutOfTimeError):
        place = error.place
        what = say(
            f"is still running after {TIME_LIMIT} seconds", f"运行 {TIME_LIMIT} 秒还没有结束"
        )
        remedy = _why_so_long(error) or remedy
    elif isinstance(error, NameError) and place:
        remedy = _why_unknown(error.name, place) or remedy

    where = place or shown(path)
    line = f" `{place.source}`" if place and place.source else ""
    return UserError(
        f"{where}: this line {what} while model.py is imported:{line}. {remedy}",
        f"导入 model.py 时，{where} 这一行{line} {what}。{remedy}",
    )


def _why_so_long(error):
    loop = endless_loop(error.places)
    if loop:
        return say(
            f"The loop at {loop} never ends: correct or remove it.",
            f"{loop} 处的循环永远不会结束：请改正或删掉它。",
        )
    if error.library not in ("", "numpy"):
        return say(
            f"{error.library} was at work. If that is slow only the first time, run this again; "
            "otherwise correct or remove it.",
            f"当时在运行的是 {error.library}。如果只是第一次慢，请再运行一次；否则请改正或删掉它。",
        )
    return ""


def _why_unknown(name, place):
    """Say what a NameError at the import means, or ''."""
    if re.search(r"\bself\b", place.source) and not _is_in_function(place):
        return about_indentation(linecache.getline(place.path, place.line))
    head = re.match(r"class +(\w+) *\(", place.source)
    if head and name in lines_of(place.path):
        return say(
            f"`{name}` is defined further down: move it above this line.",
            f"`{name}` 定义在更下面：请把它移到这一行之前。",
        )
    if head:
        return say(
            f"There is no `{name}` in this file, nor is one needed: write `class {head[1]}:`.",
            f"文件里没有 `{name}`，也不需要它：请写成 `class {head[1]}:`。",
        )
    return ""


def _is_in_function(place):
    return any(
        isinstance(node, ast.FunctionDef) and node.lineno <= place.line <= node.end_lineno
        for node in ast.walk(syntax_tree(place.path))
    )


def endless_loop(places):
    """Return the Place of a `while` around one of the places that cannot end, or None.

    Nothing in it leaves it, and nothing in it changes what its condition reads.
    """
    for place in places:
        loops = [node for node in ast.walk(syntax_tree(place.path)) if isinstance(node, ast.While)]
        for loop in loops:
            if loop.lineno <= place.line <= loop.end_lineno and not _can_end(loop):
                return Place(place.path, loop.lineno)
    return None


def _can_end(loop):
    read = {node.id for node in ast.walk(loop.test) if isinstance(node, ast.Name)}
    for node in (inner for statement in loop.body for inner in ast.walk(statement)):
        if isinstance(node, ast.Break | ast.Return | ast.Raise | ast.Yield | ast.Await):
            return True
        may_change = []
        if isinstance(node, ast.Name | ast.Attribute | ast.Subscript):
            if isinstance(node.ctx, ast.Store | ast.Del):
                may_change = [node]
        elif isinstance(node, ast.Call):
            # Of x[i] the function sees an entry, not x.
            given = [*node.args, *(keyword.value for keyword in node.keywords)]
            whole = [argument for argument in given if not isinstance(argument, ast.Subscript)]
            may_change = [node.func, *whole]
        if read & {_root(expression) for expression in may_change}:
            return True
    # What a function says may be another thing each time.
    calls = [node.func for node in ast.walk(loop.test) if isinstance(node, ast.Call)]
    return any(ast.unparse(call) != "len" for call in calls)


def _root(expression):
    """Return the name that an expression such as a.b[0].c begins with, or ''."""
    while isinstance(expression, ast.Attribute | ast.Subscript | ast.Starred):
        expression = expression.value
    return getattr(expression, "id", "")


def blank(path, name):
    """Return the Place of the `raise` if the function `name` does nothing else, or None."""
    function = dict(_definitions(path)).get(name)  # the last of that name, as in Python
    if function is None or not _only_raises(function):
        return None
    return Place(path, function.body[-1].lineno)


def twice(path, name, method):
    """Return (code, line, later line) of the class, or the method in it, that stands twice."""
    classes = _named(syntax_tree(path).body, name)
    if len(classes) > 1:
        return f"class {name}", classes[-2].lineno, classes[-1].lineno
    methods = _named(classes[0].body, method) if classes else []
    if len(methods) > 1:
        return f"def {method}", methods[-2].lineno, methods[-1].lineno
    return None


def _named(statements, name):
    return [node for node in statements if getattr(node, "name", "") == name]


def lines_of(path):
    """Return {dotted name: line} of all classes and functions in a file."""
    return {where: node.lineno for where, node in _definitions(path)}


def misplaced(path, name, method):
    """Return (Place, dotted name) of code that seems to be meant for `name`.`method`, or None.

    It is asked where that method is absent or still blank.
    """
    lines, seen, above = lines_of(path), [], ""  # `above`: the last class at the left margin
    for where, node in _definitions(path):
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


def _definitions(path):
    """Return (dotted name, syntax node) of every class and function in a file, in order."""
    return _definitions_in(syntax_tree(path))


@cache  # the same tree is asked for again and again
def _definitions_in(tree):
    return list(_walked(tree))


def _walked(node, around=""):
    for child in ast.iter_child_nodes(node):
        inner = around
        if isinstance(child, ast.ClassDef | ast.FunctionDef):
            yield around + child.name, child
            inner = f"{around}{child.name}."
        yield from _walked(child, inner)


def syntax_tree(path):
    """Return the syntax tree of a file, as it was when the program read it."""
    return _parsed("".join(linecache.getlines(path)))


@cache  # the same text is asked for again and again
def _parsed(text):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python has given its warnings when it was compiled
        return ast.parse(text)
