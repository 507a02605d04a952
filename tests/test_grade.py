"""The grading of many submissions: each gets its row, whatever it does, and none stops the rest."""

import csv
import os
import subprocess
import sys
import time

import pytest

import grade
import make_startup

SOLUTION = (make_startup.CHAPTER / "solution" / "model.py").read_text(encoding="utf-8")
PASSED = "".join(f"  PASS   {name:25} model.py:1\n" for name in grade.ROWS)
FORGED = f"print({PASSED!r}, flush=True)\n"
LEFT = "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60.25)'])"
SUBMISSIONS = {
    # where it is: (what stands in it, points, first mistake, look at)
    "张三/model.py": (SOLUTION, "8", "", ""),
    "李四.py": (make_startup.blanked(SOLUTION), "0", "Next: write Linear.forward", ""),
    "class 2/wang/model.py": (SOLUTION.replace("grad_y * self.y *", "self.y *"), "7",
                              "Sigmoid.backward, model.py:60 Seen: backward(grad_y)[0, 0] is", ""),
    "loop/model.py": (SOLUTION.replace("return x @", "while 1: pass\n        return x @"), "6",
                      "Linear.forward, model.py:31 Seen: still running", ""),
    "syntax/model.py": ("x = (1\n", "0", "Error: model.py:1: ", "0 states, exit code 1"),
    "leaves/model.py": (SOLUTION + "import os\nos._exit(0)", "0", "no report",
                        "import os; 0 states, exit code 0"),
    "forges/model.py": (FORGED + "exit()", "0", "Error: model.py:", "9 states, exit code 1"),
    "floods/model.py": ("import sys\nwhile 1: sys.stdout.write('x' * 999)", "0", "no report",
                        "import sys; 0 states, exit code 1"),
    "main.py": ("given", "", "", ""),
}  # fmt: skip
unix = pytest.mark.skipif(os.name == "nt", reason="there is no limit on memory on Windows")


def run(*words, cwd):
    command = [sys.executable, grade.__file__, *words]
    return subprocess.run(command, cwd=cwd, check=False, capture_output=True, encoding="utf-8")


@unix
def test_each_submission_gets_its_row_whatever_it_does(tmp_path):
    for name, (source, *_) in SUBMISSIONS.items():
        path = tmp_path / "all of them" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
    result = run("all of them", "--output", "out/marks.csv", cwd=tmp_path)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "out" / "marks.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    with open(tmp_path / "out" / "marks.csv", encoding="utf-8-sig", newline="") as file:
        head, *rows = csv.reader(file)
    assert head == ["name", "points of 8", *grade.ROWS, "first mistake", "look at"]
    found = {row[0]: row for row in rows}
    expected = {name.removesuffix("/model.py").removesuffix(".py"): row
                for name, row in SUBMISSIONS.items() if row[1]}  # fmt: skip
    assert sorted(found) == sorted(expected)
    for name, (_, points, mistake, look_at) in expected.items():
        row = found[name]
        # 120 is what Python itself ends with when its last output cannot be written.
        seen = row[-1].replace("exit code 120", "exit code 1")
        assert (row[1], seen) == (points, look_at), name
        assert row[-2].startswith(mistake), name
        assert row[2:10].count("PASS") == int(points)
    assert (tmp_path / "out" / "marks" / "floods.txt").stat().st_size <= grade.REPORT
    assert "FAIL  Sigmoid.backward" in (tmp_path / "out/marks/class 2 wang.txt").read_text("utf-8")


@unix
def test_what_never_ends_is_ended_with_all_that_it_started(tmp_path, monkeypatch):
    monkeypatch.setattr(grade, "SECONDS", 1)
    endless = f"import subprocess, sys\n{LEFT}\nwhile 1:\n    try:\n        while 1: pass\n"
    start = time.perf_counter()
    source = endless + "    except BaseException: pass\n"
    assert grade._exit_code(source.encode(), tmp_path / "report.txt") is None
    assert time.perf_counter() - start < 5
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True)
    assert "time.sleep(60.25)" not in running.stdout


def test_a_path_that_is_not_there_is_one_sentence_and_comes_first(tmp_path):
    (tmp_path / "model.py").write_text(SOLUTION, encoding="utf-8")
    result = run("model.py", "absent", cwd=tmp_path)
    assert result.returncode == 1
    assert result.stderr.startswith("Error: absent: No such file or directory.")
    assert result.stderr.count("\n") == 1
