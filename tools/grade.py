"""Check the model.py of each student and write a table that opens in Excel.

A folder may hold 张三/model.py or 张三.py. Each is checked by main.py in a process of its own; the
reports are kept beside the table. This is no sandbox: see docs/teaching.md.
"""

import os
import sys

FOLDER = os.path.dirname(os.path.realpath(__file__))
sys.path[:0] = [os.path.join(FOLDER, "..", "chapter03")]
from support import console  # isort: split

import argparse
import ast
import contextlib
import csv
import re
import signal
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tqdm import tqdm

from support.gradient_check.report import NAMES
from support.language import say

MAIN = Path(__file__).resolve().parent.parent / "chapter03" / "startup" / "main.py"
ROWS = [*NAMES, "the whole network"]
STATE = re.compile(rf"^  (PASS|FAIL|TODO|WAITS) +({'|'.join(ROWS)}) ", re.MULTILINE)
MISTAKE = re.compile(r"^FAIL  (.*?)^  Read:|^((?:Error|Next): .*?)$", re.MULTILINE | re.DOTALL)
USUAL = re.compile(r"import numpy( as \w+)?$|from (numpy|itertools|main)[. ]")
SECONDS = 60  # main.py itself ends endless loops, but in each of five places after seconds
MEMORY, REPORT = 2 << 30, 1 << 20  # bytes that a process may have, and may write


def main(argv=None):
    """Run the command with the arguments `argv` and return its exit code."""
    parser = argparse.ArgumentParser(description=say("Grade each model.py.", "检查每个 model.py。"))
    parser.add_argument("submissions", nargs="+", type=Path, metavar="FILE_OR_FOLDER")
    parser.add_argument("--output", type=Path, default=Path("grades.csv"), metavar="CSV")
    options = parser.parse_args(argv)
    reports = options.output.with_suffix("")
    with contextlib.suppress(ImportError, OSError, ValueError):  # Windows has no such limits
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (REPORT, REPORT))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    try:
        sources = dict(pair for place in options.submissions for pair in _found(place))
        reports.mkdir(parents=True, exist_ok=True)
        # Opened before the work is done: on Windows nobody may write to what Excel shows.
        with open(options.output, "w", encoding="utf-8-sig", newline="") as file:
            points, mistake = say("points of 8", "满分 8"), say("first mistake", "第一个错误")
            head = [say("name", "姓名"), points, *ROWS, mistake, say("look at", "请人工查看")]
            rows = ThreadPoolExecutor(2).map(lambda item: _grade(*item, reports), sources.items())
            csv.writer(file).writerows([head, *tqdm(rows, total=len(sources), unit="")])
    except OSError as error:
        ask = say("Is the path right, and the file closed?", "请检查路径，并关闭打开着它的程序。")
        print(say("Error:", "错误："), f"{error.filename}: {error.strerror}.", ask, file=sys.stderr)
        return 1
    print(say("Table and reports:", "成绩表和报告："), console.shown(options.output))
    return 0


def _found(place):
    """Yield (name of the student, source) of each submission in a file or folder."""
    for path in sorted(place.rglob("*.py")) if place.is_dir() else [place]:
        folder = path.parent if path == place else path.parent.relative_to(place)
        if path.name == "model.py":
            yield str(folder if folder.name else path.resolve().parent.name), path.read_bytes()
        elif path == place or not (folder.name or MAIN.with_name(path.name).exists()):
            yield path.stem, path.read_bytes()


def _grade(name, source, reports):
    """Check one source; return its row of the table."""
    report = reports / (re.sub(r"[/\\:]", " ", name) + ".txt")
    code, look_at = _exit_code(source, report), []
    with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Import | ast.ImportFrom):
                look_at += [text for text in [ast.unparse(node)] if not USUAL.match(text)]
            elif getattr(node, "id", "") in ("exec", "eval", "open", "__import__"):
                look_at.append(node.id)
    text = report.read_text(encoding="utf-8", errors="replace")
    states = [state for state, _ in STATE.findall(text)]
    mistake = " ".join("".join(next(iter(MISTAKE.findall(text)), "")).split())[:500]
    # main.py exits with 0 if and only if all is right: another report was not written by it.
    if len(states) != 9 or (code == 0) != (set(states) == {"PASS"}):
        look_at.append(f"{len(states)} states, exit code {code}")
        states, mistake = [""] * 9, mistake or say("no report", "没有报告")
    return [name, states[:8].count("PASS"), *states, mistake, "; ".join(look_at)]


def _exit_code(source, report):
    """Write the report on a source; return main.py's exit code, or None if it did not end."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as own, open(report, "wb") as out:
        Path(own, "model.py").write_bytes(source)
        process = subprocess.Popen(
            [sys.executable, MAIN, "--check_only", "--model", "model.py"], cwd=own,
            env={**os.environ, "PYTHONUTF8": "1", "LANGUAGE": "en"}, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=out, stderr=out,
        )  # fmt: skip
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(SECONDS)
        code = process.poll()
        if os.name == "nt":  # what it has started ends with it
            subprocess.run(["taskkill", "/F", "/T", "/PID", str(process.pid)], check=False)
        else:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return code


if __name__ == "__main__":
    sys.exit(console.run(main))
