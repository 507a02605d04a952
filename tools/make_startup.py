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
BLANKS = 8
SOLUTION = re.compile(
    r"^(?P<indent> *)# BEGIN SOLUTION\n.*?^(?P=indent)# END SOLUTION\n", re.MULTILINE | re.DOTALL
)


def blanked(source):
    """Return the source of a module with each marked solution replaced by a blank."""
    methods = [
        (method.lineno, method.end_lineno, f"{node.name}.{method.name}", ast.get_docstring(node))
        for node in ast.parse(source).body
        if isinstance(node, ast.ClassDef)
        for method in node.body
        if isinstance(method, ast.FunctionDef)
    ]

    def blank(match):
        line = source.count("\n", 0, match.start()) + 1
        name, about = next((name, about) for a, b, name, about in methods if a <= line <= b)
        section = re.search(r"handout, section (\d+)", about)[1]
        indent = match["indent"]
        return (
            f"{indent}# TODO: {name}，讲义第 {section} 节 (handout, section {section})\n"
            f'{indent}raise NotImplementedError("{name}")\n'
        )

    return SOLUTION.sub(blank, source)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only say which files differ")
    parser.add_argument(
        "--force", action="store_true", help="also where model.py is filled in; it becomes .bak"
    )
    options = parser.parse_args(argv)
    if not (CHAPTER / "solution").is_dir():
        print(f"Error: {CHAPTER / 'solution'} is not there to copy from.", file=sys.stderr)
        return 1
    differing = 0
    for name in NAMES:
        path = CHAPTER / "startup" / name
        new = blanked((CHAPTER / "solution" / name).read_text(encoding="utf-8"))
        old = path.read_text(encoding="utf-8") if path.exists() else None
        if old == new:
            continue
        differing += 1
        if options.check:
            print(f"differs: {path}")
            continue
        if name == "model.py" and old and old.count("raise NotImplementedError(") < BLANKS:
            if not options.force:
                print(f"Error: {path} is filled in; --force replaces it.", file=sys.stderr)
                return 1
            path.replace(path.with_name("model.py.bak"))
        path.parent.mkdir(exist_ok=True)
        path.write_text(new, encoding="utf-8", newline="\n")
        print(f"written: {path}")
    return 1 if options.check and differing else 0


if __name__ == "__main__":
    sys.exit(main())
