"""Check the model.py of each student and write a table that opens in Excel.

    python tools/grade.py submissions --output grades.csv

Every entry of the folder gets a row. 张三/model.py and 李四.py are graded: main.py checks each in a
process of its own, and what it prints is kept beside the table. Of whatever else lies there, the
row says what it is. This is no sandbox: see docs/teaching.md.
"""

import os
import sys

# chapter03/ for support/, and this folder also where Python leaves it out (-P, -I, -m).
FOLDER = os.path.dirname(os.path.realpath(__file__))
sys.path[:] = [os.path.join(FOLDER, "..", "chapter03"), *sys.path, FOLDER]
from support import console  # isort: split

import argparse
import ast
import contextlib
import csv
import json
import re
import shutil
import signal
import stat
import subprocess
import tempfile
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from tqdm import tqdm

from support.language import UserError, say

try:
    import resource
except ImportError:  # on Windows, which has no such limits
    resource = None

STARTUP = Path(FOLDER).parent / "chapter03" / "startup"
GIVEN = STARTUP / "model.py"

# The system's own files, and those of the course that may lie beside a model.py.
PASSED_OVER = ("__pycache__", "__MACOSX", "Thumbs.db", "desktop.ini")
OF_THE_COURSE = ("main.py", "data.py", "handwriting_canvas.py")
DEEPEST = 8  # folders within each other

LARGEST_SOURCE = 250_000  # bytes; the solution has 6,000
LARGEST_FILE = 4 << 20  # bytes, of any file that a process writes
MEMORY = 2 << 30  # bytes that a process may have
SECONDS = 60  # main.py itself ends endless loops, but in each of five places after seconds

REPORT = "report.json"
STATES = {"PASS", "FAIL", "TODO", "WAITS"}
SUSPICIOUS_NAMES = ("exec", "eval", "open", "__import__")
LONGEST_CELL = 500  # characters


def main(argv=None):
    options = parse(argv)
    reports = options.output.with_suffix("")
    own_files = [os.path.abspath(options.output), os.path.abspath(reports)]
    try:
        submissions = []
        for place in options.submissions:
            submissions += find(place, own_files)
        add_paths_to_equal_names(submissions)

        limit_processes()
        methods = methods_of_the_checker()
        reports.mkdir(parents=True, exist_ok=True)
        write_table(options.output, methods, submissions, report_paths(reports, submissions))
    except OSError as error:
        path = error.filename or options.output
        raise UserError(
            f"{path}: {error.strerror}. Is the path right, and the file closed?",
            f"{path}：{error.strerror}。请检查路径，并关闭打开着它的程序。",
        ) from None
    print(say("Table and reports:", "成绩表和报告："), console.shown(options.output))


def parse(argv):
    parser = argparse.ArgumentParser(description=say("Grade each model.py.", "检查每个 model.py。"))
    parser.add_argument("submissions", nargs="+", type=Path, metavar="FILE_OR_FOLDER")
    parser.add_argument("--output", type=Path, default=Path("grades.csv"), metavar="CSV")
    return parser.parse_args(argv)


# What has been handed in


@dataclass
class Submission:
    """What gets a row: a source to be graded, or a problem, in words, that leaves none."""

    name: str  # of the student
    path: Path
    source: bytes = b""
    problem: str = ""
    look_at: list = field(default_factory=list)  # what a person should look at


def find(place, own_files):
    """Return the Submissions in a folder, or of the one file, that the teacher has named."""
    place.stat()  # an error if nothing is there
    if not place.is_dir():
        return [_of_file(place, _student_of(place))]

    submissions = []
    for path in _entries(place):
        if os.path.abspath(path) not in own_files:
            submissions += _of_entry(path, within="")
    return submissions


def _entries(folder):
    paths = []
    for path in sorted(folder.iterdir()):
        if not path.name.startswith(".") and path.name not in PASSED_OVER:
            paths.append(path)
    return paths


def _student_of(path):
    """A file is named after its student, or is the model.py of a folder that is."""
    return path.parent.resolve().name if path.name.lower() == "model.py" else path.stem


def _is_folder(path):
    return os.path.isdir(path) and not os.path.islink(path)


def _of_entry(path, within):
    """Return the Submissions of a student's file or folder, or of a class of students."""
    if _is_folder(path):
        return _of_folder(path, within + path.name)
    if path.name in OF_THE_COURSE:
        return []
    return [_of_file(path, within + _student_of(path))]


def _of_folder(folder, name):
    try:
        paths = _entries(folder)
    except OSError as error:
        return [Submission(name, folder, problem=error.strerror)]

    # A browser, an editor or a learning platform makes "model (1).py" or "model-1.py" of it.
    models = [path for path in paths if "model" in path.stem.lower() and _is_python(path)]
    if models:
        return _of_models(models, name)

    # Some hand in the whole course.
    for startup in (folder / "startup", folder / "chapter03" / "startup"):
        if os.path.isdir(startup) and startup.resolve().is_relative_to(folder.resolve()):
            return _of_folder(startup, name)

    if not any(_is_folder(path) for path in paths):
        there = ", ".join(path.name for path in paths)
        problem = say(f"no model.py, but {there}", f"没有 model.py，只有 {there}")
        if not paths:
            problem = say("an empty folder", "空文件夹")
        return [Submission(name, folder, problem=problem)]
    if name.count("/") == DEEPEST:
        problem = say("too many folders within each other", "文件夹套得太深")
        return [Submission(name, folder, problem=problem)]

    submissions = []
    for path in paths:
        submissions += _of_entry(path, within=f"{name}/")
    return submissions


def _of_models(models, name):
    """Return the Submission of model.py, or those of all files that are called like it."""
    for path in models:
        if path.name == "model.py":
            submission = _of_file(path, name)
            if len(models) > 1:
                others = ", ".join(other.name for other in models if other != path)
                submission.look_at.append(say(f"also there: {others}", f"另有 {others}"))
            return [submission]
    return [_of_file(path, name) for path in models]


def _is_python(path):
    return path.suffix.lower() == ".py"


def _of_file(path, name):
    submission = Submission(name, path)
    if not _is_python(path) and not os.path.islink(path):
        submission.problem = say(f"{path.name} is no .py file", f"{path.name} 不是 .py 文件")
        return submission

    if path.name != "model.py" and path.stem != name.split("/")[-1]:
        submission.look_at.append(path.name)
    try:
        submission.source = read_regular(path, LARGEST_SOURCE)
    except UserError as error:
        submission.problem = str(error)
    return submission


def read_regular(path, largest):
    """Return the content of a file; UserError says why it is none that can be read.

    Links are not followed: they lead to another student's file, or to a device without an end.
    """
    try:
        status = os.lstat(path)
        if stat.S_ISREG(status.st_mode) and status.st_size <= largest:
            return path.read_bytes()
        target = os.readlink(path) if stat.S_ISLNK(status.st_mode) else None
    except OSError as error:
        raise UserError(
            f"{path.name}: {error.strerror}", f"{path.name}：{error.strerror}"
        ) from None

    if target is not None:
        raise UserError(f"{path.name} is a link to {target}", f"{path.name} 是指向 {target} 的链接")
    if stat.S_ISDIR(status.st_mode):
        raise UserError(f"{path.name} is a folder", f"{path.name} 是文件夹")
    if not stat.S_ISREG(status.st_mode):
        raise UserError(
            f"{path.name} is no regular file, but a pipe, a socket or a device",
            f"{path.name} 不是普通文件，而是管道、套接字或设备",
        )
    size = f"{status.st_size / 1e6:.1f} MB"
    raise UserError(f"{path.name} has {size}", f"{path.name} 有 {size}")


def add_paths_to_equal_names(submissions):
    counts = Counter(submission.name for submission in submissions)
    for submission in submissions:
        if counts[submission.name] > 1:
            submission.look_at.insert(0, console.shown(submission.path))


# The checks


@dataclass
class Outcome:
    """What main.py has left after it has checked a source."""

    exit_code: int | None  # None: it had to be ended
    printed: bytes
    errors: bytes
    report: bytes | None = None  # JSON, if it was written


def limit_processes():
    """Limit the memory and the files of this process and of those that it starts."""
    if resource is None:
        return
    # macOS does not know the first, and a stricter limit of the system's own stays.
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))


def methods_of_the_checker():
    """Return the names of what main.py checks: those in its report on the given model.py."""
    outcome = check(read_regular(GIVEN, LARGEST_SOURCE))
    try:
        return [result["name"] for result in json.loads(outcome.report)["results"]]
    except (TypeError, ValueError):
        errors = last_line(outcome.errors)
        raise UserError(
            f"{console.shown(GIVEN)} itself cannot be checked. {errors}",
            f"{console.shown(GIVEN)} 本身就无法检查。{errors}",
        ) from None


def check(source):
    """Let main.py check a source in a process of its own and return the Outcome."""
    own = Path(tempfile.mkdtemp())
    try:
        (own / "model.py").write_bytes(source)
        with tempfile.TemporaryFile() as printed, tempfile.TemporaryFile() as errors:
            exit_code = run_main(own, printed, errors)
            printed.seek(0)
            errors.seek(0)
            outcome = Outcome(exit_code, printed.read(), errors.read())
        with contextlib.suppress(UserError):
            outcome.report = read_regular(own / REPORT, LARGEST_FILE)
        return outcome
    finally:
        # Python cannot remove folders that are nested a thousand deep.
        with contextlib.suppress(RecursionError):
            shutil.rmtree(own, ignore_errors=True)


def run_main(folder, printed, errors):
    """Check the model.py in a folder; return the exit code, or None if it had to be ended."""
    options = ["--check_only", "--model", "model.py", "--report", str(folder / REPORT)]
    process = subprocess.Popen(
        [sys.executable, STARTUP / "main.py", *options],
        cwd=folder,
        env={**os.environ, "PYTHONUTF8": "1", "LANGUAGE": say("en", "zh")},
        stdin=subprocess.DEVNULL,
        stdout=printed,
        stderr=errors,
        start_new_session=True,
    )
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(SECONDS)
    exit_code = process.poll()

    # What it has started ends with it.
    if os.name == "nt":
        command = ["taskkill", "/F", "/T", "/PID", str(process.pid)]
        subprocess.run(command, check=False, capture_output=True)
    else:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return exit_code


def results_of(outcome, methods):
    """Return the results in a report, or None if main.py would not have written it."""
    try:
        results = json.loads(outcome.report)["results"]
        states = [result["state"] for result in results]
        if [result["name"] for result in results] != methods or not STATES.issuperset(states):
            return None
        for result in results:
            for key in ("place", "seen", "looks_like", "example"):
                if not isinstance(result[key], str):
                    return None
    except (TypeError, ValueError, LookupError, RecursionError):
        return None

    # main.py ends with 0 if and only if all is right.
    is_all_right = set(states) == {"PASS"}
    return results if is_all_right == (outcome.exit_code == 0) else None


def last_line(output):
    """Return main.py's own sentence, or else the last line that says anything."""
    lines = [line.strip() for line in output.decode("utf-8", "replace").split("\n")]
    lines = [line for line in lines if line]
    # Behind it, Python may complain that the last output could not be written.
    sentences = [line for line in lines if line.startswith(say("Error: ", "错误："))]
    return ["", *lines, *sentences][-1]


# The table


def write_table(path, methods, submissions, reports):
    head = [
        say("name", "姓名"),
        say(f"points of {len(methods) - 1}", f"满分 {len(methods) - 1}"),
        *methods,
        say("first mistake", "第一个错误"),
        say("look at", "请人工查看"),
    ]
    given_imports = imports_in(ast.parse(GIVEN.read_bytes()))
    # Python's remarks on a student's source.
    warnings.simplefilter("ignore", SyntaxWarning)

    def row(submission, report):
        return row_of(submission, methods, given_imports, report)

    # Opened before the work is done: on Windows nobody may write to what Excel shows.
    # Excel knows UTF-8 by the mark that utf-8-sig writes.
    with (
        open(path, "w", encoding="utf-8-sig", errors="backslashreplace", newline="") as file,
        ThreadPoolExecutor(2) as pool,
    ):
        table = csv.writer(file)
        table.writerow(head)
        no_bar = not console.is_terminal(sys.stderr)
        rows = pool.map(row, submissions, reports)
        for cells in tqdm(rows, total=len(submissions), unit="", disable=no_bar):
            table.writerow(cells)


def report_paths(folder, submissions):
    """Return a path for each report, named after the student, no two alike."""
    paths = []
    taken = set()
    for submission in submissions:
        # A name of a file has at most 255 bytes, of which a character takes up to four.
        name = re.sub(r"[/\\:]", " ", submission.name)[:60]
        numbered = name
        number = 1
        while numbered.casefold() in taken:
            number += 1
            numbered = f"{name} {number}"
        taken.add(numbered.casefold())
        paths.append(folder / f"{numbered}.txt")
    return paths


def row_of(submission, methods, given_imports, report):
    """Return the cells of a submission, and write what main.py printed to the file `report`."""
    states = [""] * len(methods)
    mistake = say("not graded", "未批改")
    look_at = [*submission.look_at]
    if submission.problem:
        look_at.append(submission.problem)
    else:
        outcome = check(submission.source)
        report.write_bytes(
            outcome.printed[: LARGEST_FILE // 2] + outcome.errors[: LARGEST_FILE // 2]
        )
        look_at += suspicious_in(submission.source, given_imports)
        results = results_of(outcome, methods)
        if results:
            states = [result["state"] for result in results]
            mistake = first_mistake(results)
        else:
            look_at.append(without_results(outcome))
            mistake = last_line(outcome.errors) or say("no report", "没有报告")

    points = states[:-1].count("PASS")
    texts = [as_text(submission.name), as_text(mistake), as_text("; ".join(look_at))]
    return [texts[0], points, *states, *texts[1:]]


def first_mistake(results):
    for state in ("FAIL", "TODO"):
        for result in results:
            if result["state"] == state:
                return _described(result)
    return ""


def _described(result):
    text = f"{result['name']}, {result['place']}: "
    if result["state"] == "TODO":
        return text + say("still blank", "还没有写")
    text += result["seen"]
    if result["looks_like"]:
        text += say(" Looks like: ", " 可能原因：") + result["looks_like"]
    if result["example"]:
        text += say(" Example: ", " 手算对照：") + result["example"]
    return text


def without_results(outcome):
    if outcome.exit_code is None:
        return say(f"ended after {SECONDS} seconds", f"{SECONDS} 秒后被终止")
    if outcome.report is None:
        return say(
            f"no report, exit code {outcome.exit_code}", f"没有报告，退出码 {outcome.exit_code}"
        )
    return say(
        f"a report that is not the checker's, exit code {outcome.exit_code}",
        f"报告不是检查程序写的，退出码 {outcome.exit_code}",
    )


def suspicious_in(source, given_imports):
    """Return the imports that neither the given model.py has nor bring NumPy, and some calls."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []

    found = []
    for text, packages in imports_in(tree).items():
        if text not in given_imports and packages != {"numpy"}:
            found.append(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in SUSPICIOUS_NAMES and node.id not in found:
            found.append(node.id)
    return found


def imports_in(tree):
    """Return {statement: packages that it imports from} of a syntax tree."""
    imports = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            modules = ["." * node.level + (node.module or "")]
        else:
            continue
        imports[ast.unparse(node)] = {module.split(".")[0] for module in modules}
    return imports


def as_text(text):
    """Return a cell that Excel shows as it is: no formula, no date, no number without its zeros."""
    text = " ".join(text.split())[:LONGEST_CELL]
    is_formula = text.startswith(("=", "+", "-", "@"))
    is_number = text != "" and text.strip("0123456789.,:/-+eE ") == ""
    return f"'{text}" if is_formula or is_number else text


if __name__ == "__main__":
    sys.exit(console.run(main))
