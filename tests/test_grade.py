"""The grading of many submissions: each gets its row, whatever it is, and none stops the rest."""

import ast
import csv
import itertools
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import pytest

import grade
import make_startup
from support.gradient_check.report import TIME_LIMIT
from support.gradient_check.source import TIME_LIMIT as LOADING_LIMIT
from support.language import UserError

GIVEN = grade.GIVEN.read_text(encoding="utf-8")
SOLUTION = (make_startup.CHAPTER / "solution" / "model.py").read_text(encoding="utf-8")
BLANK = make_startup.blanked(SOLUTION)
WRONG = SOLUTION.replace("grad_y * self.y *", "self.y *")
COUNT = SOLUTION.count("# BEGIN SOLUTION")  # of the methods
ENDLESS = SOLUTION.replace("return x @", "while 1: pass\n        return x @")
FLOOD = "import sys\nwhile 1: sys.stdout.write('x' * 999)"
SAYS = """import os, sys
print("no", file=sys.stderr)
print("=1+1", file=sys.stderr, flush=True)
os._exit(1)"""
LEFT = "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60.25)'])"

unix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such files and no such limits")


def folder(path):
    path.mkdir()


def link_to(target):
    return lambda path: path.symlink_to(target)


def pipe(path):
    os.mkfifo(path)


def socket_at(path):
    # Its whole path would be too long.
    here = os.open(".", os.O_RDONLY)
    os.chdir(path.parent)
    with socket.socket(socket.AF_UNIX) as end:
        end.bind(path.name)
    os.chdir(here)
    os.close(here)


LONG = "long" * 62
NOT = "not graded"

# A text is what stands in a file.
# entry, what it is, then of its row: name, points, how the first mistake begins, look at
ENTRIES = [
    # A student's file, or model.py in a student's folder, perhaps in that of a class.
    ("张三/model.py", SOLUTION, "张三", COUNT, "", ""),
    ("李四.py", BLANK + r"x = '\d'", "李四", 0, "Linear.forward, model.py:", ""),
    ("class 2/wang/model.py", WRONG, "class 2/wang", COUNT - 1,
     "Sigmoid.backward, model.py:", ""),
    ("class 2/qian.py", "", "class 2/qian", 0, "Error: model.py is empty",
     "no report, exit code 1"),
    ("class 2/li", folder, "class 2/li", 0, NOT, "an empty folder"),
    ("class 2/zhao.docx", "", "class 2/zhao", 0, NOT, "zhao.docx is no .py file"),

    # A source that does something else.
    ("syntax/model.py", "x = (1\n", "syntax", 0, "Error: model.py:1: ", "no report, exit code 1"),
    ("loop/model.py", ENDLESS, "loop", COUNT - 2, "Linear.forward, model.py:", ""),
    ("leaves/model.py", SOLUTION + "import os\nos._exit(0)", "leaves", 0, "no report",
     "import os; no report, exit code 0"),
    ("says/model.py", SAYS, "says", 0, "'=1+1", "import os, sys; no report, exit code 1"),
    ("forges/model.py", "open('report.json', 'w').write('{}')\nraise SystemExit", "forges", 0,
     "Error: model.py:2: ", "open; a report that is not the checker's, exit code 1"),
]  # fmt: skip
UNIX_ENTRIES = [
    ("floods.py", FLOOD, "floods", 0, "Error: model.py:2: ", "import sys; no report, exit code 1"),
]  # fmt: skip

# What it is called and where it lies is the same whatever stands in it.
NAMED_ENTRIES = [
    ("one/two/3/4/5/6/7/8/9/model.py", BLANK, "one/two/3/4/5/6/7/8/9", 0, "Linear.forward", ""),
    ("I/II/3/4/5/6/7/8/9/10/model.py", BLANK, "I/II/3/4/5/6/7/8/9", 0, NOT,
     "too many folders within each other"),
    ("whole/chapter03/startup/model.py", BLANK, "whole", 0, "Linear.forward", ""),
    ("whole/tools/model.py", SOLUTION),
    ("chapter/startup/model.py", BLANK, "chapter", 0, "Linear.forward", ""),
    ("chapter/solution/model.py", SOLUTION),

    # As a browser, a learning platform or an editor calls it.
    ("ben/model (1).py", BLANK, "ben", 0, "Linear.forward", "model (1).py"),
    ("carl/model-1.py", BLANK, "carl", 0, "Linear.forward", "model-1.py"),
    ("dan/Model.PY", BLANK, "dan", 0, "Linear.forward", "Model.PY"),
    ("both/model.py", BLANK, "both", 0, "Linear.forward", "also there: model (1).py"),
    ("both/model (1).py", SOLUTION),
    ("mia.py", BLANK, "mia", 0, "Linear.forward", "all of them/mia.py"),
    ("mia/model-1.py", BLANK, "mia", 0, "Linear.forward", "all of them/mia/model-1.py; model-1.py"),
    ("Model.py", BLANK, "all of them", 0, "Linear.forward", "Model.py"),

    # Whatever else may lie there.
    ("eve/linear.py", SOLUTION, "eve", 0, NOT, "no model.py, but linear.py"),
    ("fay/model.py", folder, "fay", 0, NOT, "model.py is a folder"),
    ("gus", folder, "gus", 0, NOT, "an empty folder"),
    ("hal.ipynb", "", "hal", 0, NOT, "hal.ipynb is no .py file"),
    ("ivy/model.py.txt", SOLUTION, "ivy", 0, NOT, "no model.py, but model.py.txt"),
    ("big.py", "#" * 20_000_000, "big", 0, NOT, "big.py has 20.0 MB"),
    # No student's.
    ("._ken.py", SOLUTION),
    ("__MACOSX/ken.py", SOLUTION),
    ("main.py", SOLUTION),

    # In Excel.
    ("0012345.py", BLANK, "'0012345", 0, "Linear.forward", ""),
    ("202411040312.zip", "", "'202411040312", 0, NOT, "202411040312.zip is no .py file"),
    ("=1+1.txt", "", "'=1+1", 0, NOT, "'=1+1.txt is no .py file"),
]  # fmt: skip
if os.name != "nt":
    NAMED_ENTRIES += [
        ("jon.py", link_to("nowhere"), "jon", 0, NOT, "jon.py is a link to nowhere"),
        ("kim/model.py", link_to("../nia/model.py"), "kim", 0, NOT,
         "model.py is a link to ../nia/model.py"),
        ("self.py", link_to("self.py"), "self", 0, NOT, "self.py is a link to self.py"),
        ("outside", link_to("../.."), "outside", 0, NOT, "outside is a link to ../.."),
        ("nia/model.py", BLANK, "nia", 0, "Linear.forward", ""),
        ("ole/startup", link_to("../nia"), "ole", 0, NOT, "no model.py, but startup"),
        ("pipe.py", pipe, "pipe", 0, NOT,
         "pipe.py is no regular file, but a pipe, a socket or a device"),
        ("socket/model.py", socket_at, "socket", 0, NOT,
         "model.py is no regular file, but a pipe, a socket or a device"),
        # With .txt at its end this name would be too long, and then like the other.
        (f"{LONG}1234.py", BLANK, f"{LONG}1234", 0, "Linear.forward", ""),
        (f"{LONG}5678.py", BLANK, f"{LONG}5678", 0, "Linear.forward", ""),
    ]  # fmt: skip
if sys.platform == "linux":
    not_utf8 = os.fsdecode("张".encode("gbk"))
    NAMED_ENTRIES.append((f"{not_utf8}.py", BLANK, "\\udcd5\\udcc5", 0, "Linear.forward", ""))
    greedy = f"x = bytearray({grade.MEMORY})"
    UNIX_ENTRIES.append(
        ("greedy.py", greedy, "greedy", 0, "Error: model.py:1: ", "no report, exit code 1")
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Return a function that runs a copy of the grader, whose checks end endless loops sooner."""
    course = tmp_path_factory.mktemp("course")
    for name in ("startup", "support"):
        shutil.copytree(make_startup.CHAPTER / name, course / "chapter03" / name)
    (course / "tools").mkdir()
    shutil.copy(grade.__file__, course / "tools")
    limits = course / "chapter03" / "support" / "gradient_check" / "report.py"
    text = limits.read_text(encoding="utf-8")
    patient = f"TIME_LIMIT = {TIME_LIMIT} "
    assert text.count(patient) == 1
    limits.write_text(text.replace(patient, "TIME_LIMIT = 0.5 "), encoding="utf-8")

    def run(*words, cwd, **environment):
        result = subprocess.run(
            [sys.executable, course / "tools" / "grade.py", *words],
            cwd=cwd,
            env={**os.environ, **environment},
            check=False,
            capture_output=True,
            encoding="utf-8",
        )
        return result.returncode, result.stderr

    return run


def table(path):
    """Return the head and the rows of a table."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        head, *rows = csv.reader(file)
    return head, rows


def make(place, entries):
    for name, what, *_ in entries:
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if callable(what):
            what(path)
        else:
            path.write_text(what, encoding="utf-8")


def check_rows(rows, entries):
    """Compare the rows with what is expected of those entries that have one."""
    expected = sorted(row for _, _, *row in entries if row)
    for row, (name, points, mistake, look_at) in zip(sorted(rows), expected, strict=True):
        # 120 is what Python itself ends with when its last output cannot be written.
        seen = row[-1].replace("exit code 120", "exit code 1").replace("\\", "/")
        assert (row[0], row[1], seen) == (name, str(points), look_at)
        assert row[-2].startswith(mistake), name
        assert row[2:-3].count("PASS") == points


def test_every_entry_of_the_folder_gets_its_row(run, tmp_path):
    make(tmp_path / "all of them", ENTRIES)
    assert run("all of them", "--output", "out/marks.csv", cwd=tmp_path) == (0, "")
    assert (tmp_path / "out" / "marks.csv").read_bytes().startswith(b"\xef\xbb\xbf")

    head, rows = table(tmp_path / "out" / "marks.csv")
    assert head[:4] == ["name", f"points of {COUNT}", "Linear.forward", "Linear.backward"]
    assert head[-3:] == ["the whole network", "first mistake", "look at"]
    assert {len(row) for row in rows} == {len(head)}
    names = [row[0] for row in rows if "/" in row[0]]
    assert names == sorted(names)
    check_rows(rows, ENTRIES)

    reports = {path.name: path for path in (tmp_path / "out" / "marks").iterdir()}
    assert len(reports) == sum(row[-2] != NOT for row in rows)
    assert "FAIL  Sigmoid.backward" in reports["class 2 wang.txt"].read_text("utf-8")
    assert "Error: model.py:1: " in reports["syntax.txt"].read_text("utf-8")


@unix
def test_what_only_unix_ends_gets_its_row_as_well(run, tmp_path):
    make(tmp_path / "all of them", UNIX_ENTRIES)
    assert run("all of them", "--output", "marks.csv", cwd=tmp_path) == (0, "")

    _, rows = table(tmp_path / "marks.csv")
    check_rows(rows, UNIX_ENTRIES)
    sizes = [path.stat().st_size for path in (tmp_path / "marks").iterdir()]
    assert len(sizes) == len(UNIX_ENTRIES)
    assert max(sizes) <= grade.LARGEST_FILE


def test_an_entry_is_found_or_named_whatever_it_is_called(tmp_path, monkeypatch, capsys):
    make(tmp_path / "all of them", NAMED_ENTRIES)
    monkeypatch.setattr(grade, "check", cache(grade.check))  # many hand in the same
    monkeypatch.setattr(grade, "limit_processes", lambda: None)  # they would be the tests' own
    monkeypatch.chdir(tmp_path)
    grade.main(["all of them", "--output", "marks.csv"])
    assert capsys.readouterr().err == ""

    _, rows = table(tmp_path / "marks.csv")
    names = [row[0] for row in rows if "/" in row[0]]
    assert names == sorted(names)
    check_rows(rows, NAMED_ENTRIES)
    reports = list((tmp_path / "marks").iterdir())
    assert len(reports) == sum(row[-2] != NOT for row in rows)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_what_may_not_be_read_gets_its_row_as_well(run, tmp_path):
    make(tmp_path / "all of them", [("file.py", SOLUTION), ("folder", folder)])
    for path in (tmp_path / "all of them").iterdir():
        path.chmod(0)
    assert run("all of them", cwd=tmp_path) == (0, "")
    _, rows = table(tmp_path / "grades.csv")
    assert [row[-2:] for row in rows] == [
        [NOT, "file.py: Permission denied"],
        [NOT, "Permission denied"],
    ]


def test_files_and_folders_can_be_named_one_by_one_and_the_table_is_no_entry(run, tmp_path):
    make(
        tmp_path,
        [
            ("anna/model.py", BLANK),
            ("emma.py", "x = (1"),
            ("model.py", BLANK),
            ("class/anna", folder),
            # What an earlier run has left.
            ("class/marks.csv", "name"),
            ("class/marks/anna.txt", "FAIL"),
        ],
    )
    words = ["anna/model.py", "emma.py", "model.py", "class", "--output", "class/marks.csv"]
    expected = [
        ["anna", str(Path("anna/model.py"))],
        ["emma", "没有报告，退出码 1"],
        [tmp_path.name, ""],
        ["anna", f"{Path('class/anna')}; 空文件夹"],
    ]
    assert run(*words, cwd=tmp_path, LANGUAGE="zh") == (0, "")
    head, rows = table(tmp_path / "class" / "marks.csv")
    assert head[:2] == ["姓名", f"满分 {COUNT}"]
    assert head[-3:] == ["整个网络", "第一个错误", "请人工查看"]
    assert [[row[0], row[-1]] for row in rows] == expected
    assert rows[0][-2].endswith("还没有写")
    assert rows[1][-2].startswith("错误：")
    reports = sorted(path.name for path in (tmp_path / "class" / "marks").iterdir())
    assert reports == sorted(["anna.txt", "emma.txt", f"{tmp_path.name[:60]}.txt"])


def test_main_py_itself_has_time_to_end_whatever_is_endless():
    assert LOADING_LIMIT + (COUNT + 1) * TIME_LIMIT < grade.SECONDS


@unix
def test_what_never_ends_is_ended_with_all_that_it_started(monkeypatch):
    monkeypatch.setattr(grade, "SECONDS", 1)
    endless = f"import subprocess, sys\n{LEFT}\nwhile 1:\n    try:\n        while 1: pass\n"
    source = endless + "    except BaseException: pass\n"
    start = time.perf_counter()
    outcome = grade.check(source.encode())
    assert time.perf_counter() - start < 5
    assert outcome.exit_code is None
    assert grade.without_results(outcome) == "ended after 1 seconds"
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    assert "time.sleep(60.25)" not in running.stdout


def test_a_check_leaves_nothing_behind_and_is_not_stopped_by_what_cannot_be_removed(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(grade.tempfile, "tempdir", str(tmp_path))
    source = SOLUTION + "import os\nos.mkdir('folder')\nos.chdir('folder')"
    assert grade.check(source.encode()).report
    assert not list(tmp_path.iterdir())

    def too_deep(path, **options):
        raise RecursionError

    monkeypatch.setattr(grade.shutil, "rmtree", too_deep)
    assert grade.check(b"").exit_code == 1


def test_reports_are_named_after_students_and_no_two_alike():
    names = ["张三", "Anna", "anna", "ANNA", "a/b", "a b", "long" * 63, "long" * 62]
    submissions = [grade.Submission(name, Path()) for name in names]
    paths = grade.report_paths(Path("reports"), submissions)
    expected = ["张三", "Anna", "anna 2", "ANNA 3", "a b", "a b 2", "long" * 15, "long" * 15 + " 2"]
    assert paths == [Path("reports") / f"{name}.txt" for name in expected]


METHODS = ["Linear.forward", "the whole network"]


def result(name, state, **more):
    texts = dict.fromkeys(("place", "seen", "looks_like", "example"), "")
    return {**texts, "name": name, "state": state, **more}


def report(*states, **more):
    results = [result(name, state, **more) for name, state in zip(METHODS, states, strict=True)]
    return json.dumps({"results": results})


@pytest.mark.parametrize(
    ("exit_code", "text", "is_ours"),
    [
        (0, report("PASS", "PASS"), True),
        (1, report("FAIL", "WAITS"), True),
        (1, report("TODO", "WAITS"), True),
        (1, report("PASS", "PASS"), False),
        (0, report("PASS", "FAIL"), False),
        (None, report("PASS", "PASS"), False),
        (1, report("PASS", "GOOD"), False),
        (1, report("PASS", ["PASS"]), False),
        (1, report("FAIL", "WAITS", seen=None), False),
        (0, report("PASS", "PASS").replace("Linear", "Sigmoid"), False),
        (0, json.dumps({"results": [result("Linear.forward", "PASS")]}), False),
        (0, json.dumps({"results": [{"name": name, "state": "PASS"} for name in METHODS]}), False),
        (0, '{"results": 8}', False),
        (0, "{}", False),
        (0, "[]", False),
        (0, "", False),
        (0, "[" * 100_000, False),
        (0, "\xff", False),
        (0, None, False),
    ],
    ids=itertools.count(),
)
def test_only_a_report_that_main_could_have_written_counts(exit_code, text, is_ours):
    content = None if text is None else text.encode("latin-1")
    outcome = grade.Outcome(exit_code, b"", b"", content)
    assert bool(grade.results_of(outcome, METHODS)) == is_ours


def test_the_first_mistake_is_what_was_seen_and_what_it_looks_like():
    blank = result("A", "TODO", place="model.py:3")
    wrong = result("B", "FAIL", place="model.py:5", seen="it is 1.", looks_like="a sign.")
    alike = result("C", "FAIL", place="model.py:7", seen="it is 2.", example="x = 1\ny = 2")
    assert grade.first_mistake([result("A", "PASS"), result("B", "PASS")]) == ""
    assert grade.first_mistake([blank, result("B", "WAITS")]) == "A, model.py:3: still blank"
    found = "B, model.py:5: it is 1. Looks like: a sign."
    assert grade.first_mistake([blank, wrong, alike]) == found
    assert grade.first_mistake([alike]) == "C, model.py:7: it is 2. Example: x = 1\ny = 2"


@pytest.mark.parametrize(
    ("source", "look_at"),
    [
        (GIVEN, []),
        (SOLUTION, []),
        ("import numpy\nimport numpy.linalg as la\nfrom numpy import exp", []),
        ("from main import pictures", ["from main import pictures"]),
        ("import numpy, os", ["import numpy, os"]),
        ("def f():\n    import math as m", ["import math as m"]),
        (
            "from . import layers\nfrom .numpy import x",
            ["from . import layers", "from .numpy import x"],
        ),
        ("eval('1'); open('a'); open('b'); __import__('os')", ["eval", "open", "__import__"]),
        ("exec", ["exec"]),
        ("x = (1", []),
        ("x = '\\d'", []),
        ("\0", []),
        ("-" * 100_000 + "1", []),
    ],
    ids=itertools.count(),
)
def test_suspicious_are_imports_that_the_given_file_has_not_and_some_calls(source, look_at):
    given = grade.imports_in(ast.parse(GIVEN))
    assert grade.suspicious_in(source.encode(), given) == look_at


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("", ""),
        ("张三", "张三"),
        ("202411040312_张三", "202411040312_张三"),
        ("007", "'007"),
        ("12-3", "'12-3"),
        ("1e5", "'1e5"),
        ("=1+1", "'=1+1"),
        ("+x", "'+x"),
        ("-x", "'-x"),
        ("@x", "'@x"),
        (" \n=x\ty ", "'=x y"),
        ("x" * 900, "x" * 500),
    ],
    ids=itertools.count(),
)
def test_excel_shows_texts_as_they_are(text, cell):
    assert grade.as_text(text) == cell


def test_a_path_that_is_not_there_is_one_sentence_and_comes_first(run, tmp_path):
    make(tmp_path, [("model.py", SOLUTION), ("taken.csv", folder)])
    code, errors = run("model.py", "absent", cwd=tmp_path)
    assert (code, errors.count("\n")) == (1, 1)
    assert re.match(r"Error: absent: .+\. Is the path right, and the file closed\?\n", errors)
    assert not (tmp_path / "grades.csv").exists()

    code, errors = run("model.py", "--output", "taken.csv", cwd=tmp_path)
    assert (code, errors.count("\n")) == (1, 1)
    assert errors.startswith("Error: taken.csv: ")
    assert not list((tmp_path / "taken").iterdir())


def test_a_given_file_that_cannot_be_checked_is_named(tmp_path, monkeypatch):
    given = tmp_path / "model.py"
    given.write_text("x = (1", encoding="utf-8")
    monkeypatch.setattr(grade, "GIVEN", given)
    with pytest.raises(
        UserError, match=r"model\.py itself cannot be checked\. Error: model.py:1: "
    ):
        grade.methods_of_the_checker()


def test_a_full_disk_is_one_sentence(monkeypatch):
    def full(place, own_files):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(grade, "find", full)
    with pytest.raises(UserError, match=r"^marks\.csv: No space left on device\. "):
        grade.main(["all", "--output", "marks.csv"])
