"""Write chapter03/startup/ from chapter03/solution/, with the exercise's solutions blanked out.

    python tools/make_startup.py            write startup/
    python tools/make_startup.py --check    change nothing; exit code 1 if startup/ is out of date

What stands between `# BEGIN SOLUTION` and `# END SOLUTION` in a method becomes a TODO line and a
`raise NotImplementedError`; every other line is copied as it is.
"""

import argparse
import ast
import re
import sys
from pathlib import Path

CHAPTER = Path(__file__).resolve().parent.parent / "chapter03"
SOLUTION = re.compile(
    r"^(?P<indent> *)# BEGIN SOLUTION\n.*?^(?P=indent)# END SOLUTION\n", re.MULTILINE | re.DOTALL
)


def blanked(source):
    """Return the source of a module with each marked solution replaced by a blank."""
    methods = _methods(source)

    def blank(match):
        line = source.count("\n", 0, match.start()) + 1
        name, section = next(
            (name, section) for first, last, name, section in methods if first <= line <= last
        )
        indent = match["indent"]
        return (
            f"{indent}# TODO: {name}, handout section {section}\n"
            f'{indent}raise NotImplementedError("{name}")\n'
        )

    return SOLUTION.sub(blank, source)


def _methods(source):
    """Return (first line, last line, "Class.method", handout section) of each method."""
    found = []
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef):
            section = re.search(r"handout, section (\d+)", ast.get_docstring(node) or "")
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and section:
                    name = f"{node.name}.{method.name}"
                    found.append((method.lineno, method.end_lineno, name, section[1]))
    return found


def generated():
    """Return the text of every file of startup/ by its path."""
    solution = CHAPTER / "solution"
    return {
        CHAPTER / "startup" / path.relative_to(solution): blanked(path.read_text(encoding="utf-8"))
        for path in sorted(solution.rglob("*.py"))
    }


def out_of_date(files):
    """Return the files of startup/ that differ from the generated ones, or should not be there."""
    there = set((CHAPTER / "startup").rglob("*.py"))
    return sorted(
        (there - set(files))
        | {p for p in files if p not in there or p.read_text(encoding="utf-8") != files[p]}
    )


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="only say which files are out of date")
    arguments = parser.parse_args(argv)
    files = generated()
    stale = out_of_date(files)
    for path in stale:
        state = "out of date" if arguments.check else "written" if path in files else "removed"
        print(f"{state}: {path.relative_to(CHAPTER.parent)}")
    if arguments.check:
        if stale:
            print("Run: python tools/make_startup.py")
        return 1 if stale else 0
    for path in stale:
        if path in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files[path], encoding="utf-8", newline="\n")
        else:
            path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
