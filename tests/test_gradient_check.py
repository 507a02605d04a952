"""The checks of a student's model.py: what passes, what is caught, and how it is told."""

import ast
import re
import unicodedata

import numpy as np
import pytest

import make_startup
from submissions import METHODS, SOLUTION, Submission
from support import gradient_check
from support.gradient_check import limits, numerical, report, source
from support.language import UserError


def solved(method, code):
    """Return the solution with other code in a method, or a change; see submissions.py."""
    return Submission(method, "", code).source


@pytest.fixture
def model(tmp_path, monkeypatch):
    """Return a function that writes a model.py, into a folder with a space, and loads it."""
    monkeypatch.setattr(report, "TIME_LIMIT", 1)
    monkeypatch.setattr(source, "TIME_LIMIT", 0.3)
    folder = tmp_path / "my homework"
    folder.mkdir()
    monkeypatch.chdir(folder)

    def load(source):
        (folder / "model.py").write_bytes(source if isinstance(source, bytes) else source.encode())
        return gradient_check.load("model.py")

    return load


def states(results):
    return [result.state for result in results]


def next_of(results):
    return next(result for result in results if result.state in ("FAIL", "TODO"))


def test_slopes_are_the_derivatives_that_everybody_knows():
    x = np.array([[0.5, -2.0], [1.0, 3.0]])
    np.testing.assert_allclose(numerical.slopes(lambda v: np.sum(v**3), x), 3 * x**2, rtol=1e-8)


def test_relative_error_of_nan_is_infinite_and_that_of_equal_infinities_zero():
    error = numerical.relative_error(np.array([np.nan, np.inf, 2.0]), np.array([1, np.inf, 1]))
    np.testing.assert_array_equal(error, [np.inf, 0, 0.5])


def test_the_slow_formulas_give_what_can_be_computed_on_paper():
    assert numerical.linear([[1, 2]], [[1, 2], [3, 4]], [[10, 20]]) == [[17, 30]]
    assert numerical.sigmoid([[np.log(3), -1000, 1000]]) == [[pytest.approx(0.75), 0, 1]]
    assert numerical.softmax([[1000, 1000], [0, np.log(3)]])[1] == pytest.approx([0.25, 0.75])
    assert numerical.cross_entropy([[0.25, 0.75], [1, 0]], [[1, 0], [1, 0]]) == np.log(2)


RIGHT = [
    # a method, its code, what the note says of it; more of them stand in submissions.py
    ("Sigmoid.forward", "self.y = 1 / (1 + np.exp(-x)); return self.y", "overflow encountered"),
    ("Linear.forward", "self.x = x; return (x @ self.W + self.b).astype(float)", "float64 for flo"),
    ("Linear.forward", "self.x = x; return (x @ self.W + self.b).astype(np.float32)", ""),
]


@pytest.mark.parametrize(("method", "code", "note"), RIGHT)
def test_what_is_numerically_right_passes_and_gets_at_most_a_note(method, code, note, model):
    results = report.results(model(solved(method, code)))
    assert states(results) == ["PASS"] * 9
    notes = {result.name: result.note for result in results if result.note}
    assert list(notes) == ([method] if note else [])
    assert note in notes.get(method, "")


X = "return x @ self.W + self.b"
Y = "return grad_y * self.y * (1 - self.y)"
WRONG = [
    # a method, its code, the line to be blamed, what is seen and what that looks like
    ("Sigmoid.backward", "g = grad_y * self.y * (1 - self.y); g[3:, 1] *= 1.01; return g",
     "def back", r"\[3, 1\] is .* 2 of 20 entries are wrong"),
    ("Softmax.forward", "exp_x = np.exp(x); return exp_x / exp_x.sum(axis=1, keepdims=True)",
     "def for", "is nan.*rows about.*NumPy warned in `exp_x"),
    ("Linear.backward", "grad_y.sum(axis=0, keepdims=True) => grad_y.sum(axis=0)", "def back",
     r"self.grad_b is an array of shape \(4,\), and should be .* \(1, 4\)"),
    ("Linear.forward", X[7:], "def for", r"forward\(x\) is None"),
    ("Linear.backward", "self.grad_b = => grad_b =", "def back", "grad_b is None"),
    ("Sigmoid.backward", f"grad_y *= 2; {Y}", "grad_y *= 2", "backward changes the array grad_y"),
    ("Sigmoid.backward", f"self.y, y = 0, self.y; {Y.replace('self.', '')}", "def back",
     "a second backward after one forward.*alters what forward has kept"),
    ("Linear.backward", "self.x = x => Linear.x = x", "def back",
     "two Linear objects in turn.*share what they keep"),
    ("Sigmoid.backward", "while True:\n    pass", "", "after 1 s.*endless"),
    ("Linear.forward", "exit()", "exit()", "SystemExit"),
    ("Linear.forward", "limit = np.sqrt => limit = sqrt", "limit = sqrt",
     "NameError.*NumPy's functions need np"),
    ("Linear.forward", "return x @ self.W.T + self.b", "return x @ self.W.T",
     r"The shapes that met there: x \(5, 3\) @ self.W.T \(4, 3\)"),
    ("Linear.forward", "return self.b + (x[0]\n    * 2).dot(self.W.T)", "",
     r"met there: \(x\[0\] \* 2\) \(3,\) @ self.W.T \(4, 3\)"),
    ("Softmax.forward", "class Softmax: => class SoftMax:", "class SoftMax",
     "Softmax.forward is blank or missing, but `SoftMax`"),
    ("Linear.backward", "def backward(self, grad_y) => def backwrad(self, grad_y)",
     "def backwrad", "Linear.backward is blank or missing, but `Linear.backwrad`"),
    ("the whole network", "[linear, Sigmoid()] => [linear, Softmax()]", "def forward(self",
     r"linears\[0\].grad_W: relative error.*or was MLP altered"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "code", "line", "said"), WRONG)
def test_what_is_wrong_is_caught_at_its_method_and_line(method, code, line, said, model):
    results = report.results(model(solved(method, code)))
    wrong = next_of(results)
    assert (wrong.name, wrong.state) == (method, "FAIL")
    assert states(results).count("FAIL") == 1
    assert line in wrong.place.source
    assert re.search(f"(?s){said}", f"{wrong.fault.text}\n{wrong.fault.hint}")


def test_the_untouched_startup_is_a_list_of_things_to_do(model, capsys):
    blank = make_startup.blanked(SOLUTION)
    assert not gradient_check.run(model(blank))
    *lines, last = capsys.readouterr().out.splitlines()
    expected = [["TODO", name] if "forward" in name else ["WAITS", name] for name in METHODS]
    assert [line.split()[:2] for line in lines[:8]] == expected
    assert lines[-2] == "0 of 8 done"
    line = blank.splitlines().index('        raise NotImplementedError("Linear.forward")') + 1
    place = f"model.py:{line} (chapter03/README.en.md section 2)"
    assert last == f"Next: write Linear.forward, {place}, and run this again."


TWO_WRONG = solved("", f"{X} => {X} + 1\n{Y} => {Y} + 1")


def test_of_several_that_fail_only_the_next_is_explained_and_no_note_is_printed(model, capsys):
    plain = "self.y = 1 / (1 + np.exp(-x))"
    source = TWO_WRONG.replace("self.y = (1 + np.tanh(x / 2)) / 2", plain)
    assert not gradient_check.run(model(source))
    output = capsys.readouterr().out
    assert "5 of 8 done" in output
    assert output.count("FAIL") == 3
    assert re.search(r"\n\nFAIL  Linear.forward, model.py:\d+\n", output)
    *_, read, formula, _, last = output.splitlines()
    assert read == "  Read:        chapter03/README.en.md section 2"
    assert formula.startswith(" " * 15 + "Y = ")
    assert re.fullmatch(r"Next: correct Linear.forward, model.py:\d+, and run this again.", last)
    assert "Note" not in output
    assert gradient_check.run(model(solved("Sigmoid.forward", f"{plain}; return self.y")))
    output = capsys.readouterr().out
    assert re.search(r"\nNote on Sigmoid.forward, model.py:\d+\n  right, but NumPy warns", output)


@pytest.mark.parametrize("columns", [60, 200])
@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_lines_wrap_at_the_terminal_s_width(columns, language, model, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("LANGUAGE", language)
    monkeypatch.setattr(report.diagnosis, "looks_like", lambda *_: "一二三四，" * 40 + "x" * 150)
    gradient_check.run(model(TWO_WRONG))
    lines = capsys.readouterr().out.split("\n\n")[2].split("\n")
    wide = [sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in line) for line in lines]
    assert min(columns, 100) - 12 < max(wide) <= min(columns, 100)
    assert not any(line.lstrip().startswith(("，", "。", "）")) for line in lines)


def test_the_report_is_in_chinese_and_nothing_is_glued_to_a_place(model, chinese, capsys):
    gradient_check.run(model(TWO_WRONG))
    output = capsys.readouterr().out
    for part in ("（需先通过：Linear.forward）", "已完成 5/8", "\n    现象：", "\n    参考："):
        assert part in output
    assert output.splitlines()[-1].startswith("下一步：改正 Linear.forward  model.py:")
    assert not re.search(r"model.py:\d+[^\s\d]", output)


@pytest.mark.parametrize("body", ["return ''", "raise ValueError", "while True: pass"])
def test_without_an_explanation_the_report_is_whole(body, model, monkeypatch, capsys):
    explained = {}
    exec(f"def looks_like(*_):\n    {body}", explained)
    monkeypatch.setattr(report.diagnosis, "looks_like", explained["looks_like"])
    monkeypatch.setattr(report.diagnosis, "example", lambda *_: "1 + 1 = 2")
    monkeypatch.setattr(report, "TIME_LIMIT", 0.2)
    gradient_check.run(model(TWO_WRONG))
    output = capsys.readouterr().out
    assert "\n  Example:     1 + 1 = 2\n" in output
    assert "Looks like" not in output
    assert "Next: correct Linear.forward" in output


def test_a_flood_of_prints_is_cut_and_named_once_and_the_print_works_again(model, capsys):
    loaded = model(solved("Linear.forward", f"print('here', end='!'); self.x = x; {X}"))
    assert gradient_check.run(loaded)
    output = capsys.readouterr().out
    assert output.startswith("here!" * limits.SHOWN_PRINTS + "  PASS")
    assert re.search(r"\nNote on model.py:\d+\n  printed \d\d times: remove it", output)
    linear = loaded.Linear(1, 1, np.random.default_rng(0))
    for _ in range(9):
        linear.forward(np.ones((1, 1)))
    assert capsys.readouterr().out == "here!" * 9


@pytest.mark.parametrize(("terminal", "no_colour"), [(True, ""), (True, "1"), (False, "")])
def test_there_is_colour_on_a_terminal_only(terminal, no_colour, model, monkeypatch, capsys):
    monkeypatch.setattr(report, "is_terminal", lambda _: terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("WT_SESSION", "1")
    monkeypatch.setenv("NO_COLOR", no_colour)
    gradient_check.run(model(SOLUTION))
    assert ("\x1b[32mPASS" in capsys.readouterr().out) == (terminal and not no_colour)


UNREADABLE = [
    # what stands in model.py, what is said
    (SOLUTION.replace(X, "return (x @ self.W + self.b"), r"model\.py:31: .*\(.*never closed"),
    (SOLUTION.replace(X, "return （x)"), "model.py:31: column 16 holds .* `（`.* `\\(`"),
    (SOLUTION.replace(X, f"{X}；"), "model.py:31: column .* holds .* `；`.* `;`"),
    (SOLUTION.replace("        self.x = x\n", "\tself.x = x\n"), "model.py:30: tabs and spaces"),
    (SOLUTION.replace("        self.x = x\n", "    self.x = x\n", 1), "model.py:31: .*indent"),
    (SOLUTION.encode("gbk"), "model.py:1: the file is not saved as UTF-8"),
    (SOLUTION.replace("import numpy", "import nunpy"), "model.py:1[0-9]: .*No module named 'nun"),
    (SOLUTION + "exit()", r"model\.py:\d+: this line raises SystemExit"),
    (SOLUTION + "x = undefined", r"model\.py:\d+: .*NameError: name 'undefined'"),
    (SOLUTION + "while True: print(1)", r"model\.py:\d+: .*still running after 0.3 seconds"),
]


@pytest.mark.parametrize(("source", "said"), UNREADABLE)
def test_a_file_that_cannot_be_used_is_explained_in_one_line(
    source, said, model, monkeypatch, capsys
):
    for language, pattern in (("en", said), ("zh_CN", "[\u4e00-\u9fff]{2}")):
        monkeypatch.setenv("LANGUAGE", language)
        with pytest.raises(UserError, match=pattern) as error:
            model(source)
        assert "\n" not in str(error.value)
        assert capsys.readouterr().out.count("1") <= limits.SHOWN_PRINTS


def test_a_path_that_is_no_file_is_named(model):
    with pytest.raises(UserError, match=r"absent\.py cannot be read: "):
        gradient_check.load("absent.py")


def test_a_file_is_read_as_python_reads_it_and_afresh_each_time(model):
    gbk = b"# coding: gbk\n" + solved("Linear.forward", "raise ValueError(x) # 你好").encode("gbk")
    assert "你好" in next_of(report.results(model(gbk))).fault.text
    assert states(report.results(model(b"\xef\xbb\xbf" + SOLUTION.encode()))) == ["PASS"] * 9
    for text in ("形状", "大小"):  # as long, and within the same second
        loaded = model(solved("Linear.forward", f"raise ValueError # {text}"))
        assert text in next_of(report.results(loaded)).fault.text


def test_each_message_has_two_texts_with_the_same_placeholders():
    def placeholders(text):
        parts = [part for part in ast.walk(text) if isinstance(part, ast.FormattedValue)]
        return sorted(ast.unparse(part).replace("chinese", "english") for part in parts)

    for path in make_startup.CHAPTER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("say", "UserError"):
                if isinstance(node.args[0], ast.Starred):  # a pair of a table
                    continue
                english, chinese = map(placeholders, node.args)
                assert english == chinese, f"{path}:{node.lineno}"
