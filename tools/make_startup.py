"""Write the four files of chapter03/startup/ from chapter03/solution/, model.py with its blanks.

    python tools/make_startup.py            write startup/
    python tools/make_startup.py --check    change nothing; exit code 1 if a file differs

What stands between `# BEGIN SOLUTION` and `# END SOLUTION` in a method becomes a TODO line and a
`raise NotImplementedError`; every other line is copied as it is.
"""

import argparse
import ast
import re
import sys
from pathlib import Path

CHAPTER = Path(__file__).resolve().parent.parent / "chapter03"
NAMES = ("model.py", "data.py", "main.py", "handwriting_canvas.py")


class CannotWriteError(Exception):
    """What the maintainer can mend: a sentence in English."""


SOLUTION = re.compile(
    r"^(?P<indent> *)# BEGIN SOLUTION\n.*?^(?P=indent)# END SOLUTION\n", re.MULTILINE | re.DOTALL
)
MARK = re.compile(r"# (BEGIN|END) SOLUTION")
SECTION = re.compile(r"handout, section (\d+)")
BLANK = re.compile(r'raise NotImplementedError\("(.+)"\)')


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only say which files differ")
    parser.add_argument(
        "--force", action="store_true", help="also where model.py is filled in; it becomes .bak"
    )
    options = parser.parse_args(argv)
    if not (CHAPTER / "solution").is_dir():
        raise CannotWriteError(f"{CHAPTER / 'solution'} is not there to copy from.")

    differing = 0
    for name in NAMES:
        path = CHAPTER / "startup" / name
        old = path.read_text(encoding="utf-8") if path.exists() else ""
        new = blanked((CHAPTER / "solution" / name).read_text(encoding="utf-8"))
        if old == new:
            continue
        differing += 1
        if options.check:
            print(f"differs: {path}")
        else:
            replace(path, old, new, options.force)
            print(f"written: {path}")
    return 1 if options.check and differing else 0


def blanked(source):
    """Return the source of a module with each marked solution replaced by a blank."""
    methods = list(methods_in(source))

    def blank(match):
        line = source.count("\n", 0, match.start()) + 1
        name, section = method_at(line, methods)
        indent = match["indent"]
        return (
            f"{indent}# TODO: {name}，讲义第 {section} 节 (handout, section {section})\n"
            f'{indent}raise NotImplementedError("{name}")\n'
        )

    result = SOLUTION.sub(blank, source)
    marks = MARK.findall(source)
    if marks != ["BEGIN", "END"] * (len(marks) // 2) or MARK.search(result):
        raise CannotWriteError("each `# BEGIN SOLUTION` needs an `# END SOLUTION`, indented alike.")
    return result


def methods_in(source):
    """Yield (class, method), two syntax nodes, of each method in a module."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef):
            for method in node.body:
                if isinstance(method, ast.FunctionDef):
                    yield node, method


def method_at(line, methods):
    """Return the dotted name of the method at a line, and the section that its class names."""
    for layer, method in methods:
        if method.lineno <= line <= method.end_lineno:
            name = f"{layer.name}.{method.name}"
            section = SECTION.search(ast.get_docstring(layer) or "")
            if section is None:
                raise CannotWriteError(
                    f'the docstring of {layer.name} lacks "(handout, section 2)", or another.'
                )
            return name, section[1]
    raise CannotWriteError(f"line {line}: a solution begins outside a method.")


def replace(path, old, new, force):
    """Write the text `new` to a file; what a student has filled in stays unless forced."""
    if is_filled_in(old, BLANK.findall(new)):
        if not force:
            raise CannotWriteError(f"{path} is filled in; --force replaces it.")
        path.replace(path.with_name(f"{path.name}.bak"))
    path.parent.mkdir(exist_ok=True)
    path.write_text(new, encoding="utf-8", newline="\n")


def is_filled_in(source, blanks):
    """Return whether one of the methods named in `blanks` is no longer blank in a source."""
    try:
        methods = list(methods_in(source))
    except SyntaxError:  # a student is at it
        return bool(blanks)

    # A class that is not there yet is a new layer's.
    classes = {layer.name for layer, _ in methods}
    expected = {name for name in blanks if name.split(".")[0] in classes}
    return not expected.issubset(BLANK.findall(source))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except CannotWriteError as error:
        sys.exit(f"Error: {error}")
