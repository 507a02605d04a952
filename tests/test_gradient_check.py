"""The checks of a student's model.py: what passes, what is caught, and how it is told."""

import ast
import re
import threading
import unicodedata

import numpy as np
import pytest

import make_startup
from support import gradient_check
from support.gradient_check import numerical, report, student_code

SOLUTION = (make_startup.CHAPTER / "solution" / "model.py").read_text(encoding="utf-8")
METHODS = [
    f"{name}.{method}"
    for name in ("Linear", "Sigmoid", "Softmax", "CrossEntropyLoss")
    for method in ("forward", "backward")
]


def solved(method="", body="", old="", new="", top=""):
    """Return the solution with another body of a method, or with a piece of its text replaced."""
    bodies = {METHODS.index(method): body} if method else {}
    found = iter(range(8))

    def filled_in(match):
        lines = bodies.get(next(found), "").strip().splitlines()
        return "".join(f"        {line}\n" for line in lines) or match[0]

    text = make_startup.SOLUTION.sub(filled_in, SOLUTION)
    assert old in text
    return text.replace(old, new, 1).replace("import numpy", f"{top}\nimport numpy", 1)


@pytest.fixture
def model(tmp_path, monkeypatch):
    """Return a function that writes a model.py, into a folder with a space, and loads it."""
    monkeypatch.setattr(report, "TIME_LIMIT", 1)
    monkeypatch.setattr(gradient_check, "TIME_LIMIT", 0.3)
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


# The file to read about gradient checking


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


# What passes

RIGHT = [
    # a method, its body, what the note says of it
    ("Sigmoid.forward", "self.y = 1 / (1 + np.exp(-x))\nreturn self.y", "overflow encountered"),
    ("Sigmoid.forward", "self.y = np.where(x > 0, 1, np.exp(np.minimum(x, 0)))\n"
     "self.y = self.y / (1 + np.exp(-np.abs(x)))\nreturn self.y", ""),
    ("Sigmoid.forward", "import math\nself.y = np.zeros(x.shape)\nfor i, v in np.ndenumerate(x):\n"
     "    self.y[i] = (1 + math.tanh(v / 2)) / 2\nreturn self.y", "is float64 for float32"),
    ("Linear.forward", "self.x = x\nreturn (x @ self.W + self.b).astype(np.float32)", ""),
    ("Linear.backward", "self.grad_W = np.zeros(self.W.shape, np.float32)\n"
     "self.grad_W += np.einsum('ni,nj->ij', self.x, grad_y)\n"
     "self.grad_b = sum(g for g in grad_y).reshape(1, -1)\n"
     "return np.array([self.W @ g for g in grad_y])", ""),
    ("Softmax.backward", "grad = np.zeros(grad_y.shape)\nfor i, y in enumerate(self.y):\n"
     "    grad[i] = (np.diag(y) - np.outer(y, y)) @ grad_y[i]\nreturn grad", "float64 for float32"),
    ("Softmax.forward", "self.one = np.eye(x.shape[1])\ne = np.exp(x - x.max(-1)[:, None])\n"
     "e /= e.sum(-1)[:, None]\nself.y = e\nreturn e.copy()", ""),
    ("CrossEntropyLoss.forward", "self.y, self.y_hat = y, np.clip(y_hat, 1e-7, 1 - 1e-7)\n"
     "return np.mean(-np.sum(y * np.log(self.y_hat), axis=1))", ""),
    ("CrossEntropyLoss.forward", "self.y, self.y_hat = y, y_hat + 1e-6\n"
     "return np.where(y > 0, -np.log(y_hat + 1e-30), 0).sum() / len(y)", ""),
    ("CrossEntropyLoss.backward", "rows = np.arange(len(self.y))\ngrad = np.zeros_like(self.y)\n"
     "grad[rows, self.y.argmax(1)] = -1 / self.y_hat[rows, self.y.argmax(1)]\n"
     "return grad / len(rows)", ""),
]  # fmt: skip


@pytest.mark.parametrize(("method", "body", "note"), RIGHT)
def test_what_is_numerically_right_passes_and_gets_at_most_a_note(method, body, note, model):
    results = report.results(model(solved(method, body)))
    assert states(results) == ["PASS"] * 9
    notes = {result.name: result.note for result in results if result.note}
    assert list(notes) == ([method] if note else [])
    assert note in notes.get(method, "")


# What is caught: a change of the solution, the method to be blamed and on which line, what is seen
# and what it looks like. How mistakes are told apart, test_diagnosis.py tries.

X = "return x @ self.W + self.b"
Y = "return grad_y * self.y * (1 - self.y)"
WRONG = [
    ("value", Y, f"{Y} + 1", "Sigmoid.backward", "def back", r"\[0, 0\] is .* 20 of 20", ""),
    ("two values", Y, f"g = {Y[7:]}\n        g[3:, 1] *= 1.01\n        return g",
     "Sigmoid.backward", "def back", r"\[3, 1\] is .* 2 of 20 entries are wrong", ""),
    ("nan", "exp_x = np.exp(x - x.max(axis=1, keepdims=True))", "exp_x = np.exp(x)",
     "Softmax.forward", "def for", r"is nan(.|\n)*rows about(.|\n)*NumPy warned in `exp_x", ""),
    ("log(0)", "np.maximum(y_hat, np.finfo(y_hat.dtype).tiny)", "y_hat", "CrossEntropyLoss.forward",
     "def for", r"is nan, and should be", ""),
    ("log(0) is 0", "np.log(self.y_hat)", "np.log(np.where(y_hat < 1e-9, 1, y_hat))",
     "CrossEntropyLoss.forward", "def for", r"is -?0, and should be large and finite", ""),
    ("always 4 columns", ".sum() / len(y))", ".sum() / len(y) * y.shape[1] / 4)",
     "CrossEntropyLoss.forward", "def for", "for a batch of 4 rows: y_hat .4, 6.", ""),
    ("shape", "grad_y.sum(axis=0, keepdims=True)", "grad_y.sum(axis=0)", "Linear.backward",
     "def back", r"self.grad_b is an array of shape \(4,\), and should be .* \(1, 4\)", ""),
    ("float16", X, f"{X[:6]} ({X[7:]}).astype(np.float16)", "Linear.forward", "def for", "rel", ""),
    ("None", X, X[7:], "Linear.forward", "def for", r"forward\(x\) returns None", ""),
    ("not set", "self.grad_b = ", "grad_b = ", "Linear.backward", "def back", "grad_b is not", ""),
    ("type", X, f"{X}, x", "Linear.forward", "def for", "is of type tuple, and should be fl", ""),
    ("objects", X, f"{X[:6]} ({X[7:]}).astype(object)", "Linear.forward", "", "object nd", ""),
    ("input", Y, f"grad_y *= 2\n        {Y}", "Sigmoid.backward", "grad_y *= 2",
     "backward changes the array grad_y", ""),
    ("weights", X, f"self.W = self.W + 1\n        {X}", "Linear.forward", "def for",
     "forward changes the array self.W", ""),
    ("output", Y, "self.y *= 1 - self.y\n        return grad_y * self.y", "Sigmoid.backward",
     "def back", "backward changes the array that forward returned", ""),
    ("buffer", Y, f"self.g = getattr(self, 'g', grad_y * 0)\n        self.g = np.resize(self.g, "
     f"grad_y.shape) if self.g.shape != grad_y.shape else self.g\n        self.g[:] = {Y[7:]}\n"
     "        return self.g", "Sigmoid.backward", "def back", "next call changes", "make a new"),
    ("used up", Y, f"self.y, y = 0, self.y\n        {Y.replace('self.', '')}", "Sigmoid.backward",
     "def back", "a second backward after one forward", "alters what forward has kept"),
    ("not the latest", "self.x = x", "if hasattr(self, 'grad_W') or not hasattr(self, 'x'):\n"
     "            self.x = x\n        self.__dict__.pop('grad_W', 0)",
     "Linear.backward", "def back", "two calls of forward", "has to replace what is kept"),
    ("shared", "self.x = x", "Linear.x = x", "Linear.backward", "def back",
     "two Linear objects in turn", "share what they keep"),
    ("__init__", "limit = np.sqrt", "limit = sqrt", "Linear.forward", "limit = sqrt",
     "making a Linear: NameError", "which is given, was changed"),
    ("exit in __init__", "limit = np.sqrt", "exit()\n        limit = np.sqrt", "Linear.forward",
     "exit()", "making a Linear: SystemExit", "which is given, was changed"),
    ("endless", Y, "while True:\n            pass", "Sigmoid.backward", "", "after 1 s", "endless"),
    ("exit", X, f"exit()\n        {X}", "Linear.forward", "exit()", "SystemExit", ""),
    ("raise", X, "raise NotImplementedError", "Linear.forward", "raise N", "NotImplementedErr", ""),
    ("operands", X, "return x @ self.W.T + self.b", "Linear.forward", "return x @ self.W.T",
     r"The shapes that met there: x \(5, 3\) @ self.W.T \(4, 3\)", ""),
    ("dot", X, "return self.b + (x[0]\n            * 2).dot(self.W.T)", "Linear.forward", "",
     r"met there: \(x\[0\] \* 2\) \(3,\) @ self.W.T \(4, 3\)", ""),
    ("class", "class Softmax:", "class SoftMax:", "Softmax.forward", "class SoftMax",
     "there is no class Softmax, but `SoftMax`", ""),
    ("name", "def backward(self, grad_y)", "def backwrad(self, grad_y)", "Linear.backward",
     "def backwrad", "no method backward, but `Linear.backwrad`", ""),
    ("margin", "    def backward(self):", "def backward(self):", "CrossEntropyLoss.backward",
     "def backward(self):", "no method backward, but `backward`", ""),
    ("gone", "    def backward(self):", "    def other(self):", "CrossEntropyLoss.backward",
     "class CrossEntropyLoss", "has no method backward$", ""),
    ("no MLP", "class MLP:", "class Network:", "the whole network", "", "attribute 'MLP'", "given"),
    ("MLP", "[linear, Sigmoid()]", "[linear, Softmax()]", "the whole network", "def forward(self",
     r"linears\[0\].grad_W: relative error", "or was the class MLP"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "blamed", "line", "seen", "looks_like"),
    [row[1:] for row in WRONG],
    ids=[row[0] for row in WRONG],
)
def test_what_is_wrong_is_caught_at_its_method_and_line(
    old, new, blamed, line, seen, looks_like, model
):
    results = report.results(model(solved(old=old, new=new)))
    wrong = next_of(results)
    assert (wrong.name, wrong.state) == (blamed, "FAIL")
    assert states(results).count("FAIL") == 1
    assert line in wrong.place.source
    assert re.search(seen, wrong.seen)
    assert looks_like in wrong.looks_like


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


def test_a_method_that_stands_twice_or_in_another_class_is_pointed_at(model):
    blank = make_startup.blanked(SOLUTION)
    head = '    def forward(self, x):\n        """由 X'
    method = "    def forward(self, x):\n        self.x = x\n        return x @ self.W + self.b\n\n"
    wrong = next_of(report.results(model(blank.replace(head, method + head))))
    assert (wrong.name, wrong.state) == ("Linear.forward", "FAIL")
    assert wrong.seen.startswith("Linear.forward is blank, but `Linear.forward` (model.py:29)")
    start, end = SOLUTION.index("    def backward"), SOLUTION.index("\n\nclass Sigmoid")
    moved = SOLUTION[:start] + SOLUTION[end:]
    moved = moved.replace("\n\nclass Softmax", SOLUTION[start - 1 : end] + "\n\nclass Softmax")
    wrong = next_of(report.results(model(moved)))
    line = moved[: moved.index(SOLUTION[start:end])].count("\n") + 1
    assert (wrong.name, wrong.place.line) == ("Linear.backward", line)
    assert "`Sigmoid.backward`" in wrong.seen


# How it is told

TWO_WRONG = solved(old=X, new=f"{X} + 1").replace(Y, f"{Y} + 1")


def test_of_several_that_fail_only_the_next_is_explained_and_no_note_is_printed(model, capsys):
    plain = "self.y = 1 / (1 + np.exp(-x))"
    source = TWO_WRONG.replace("self.y = (1 + np.tanh(x / 2)) / 2", plain)
    assert not gradient_check.run(model(source))
    output = capsys.readouterr().out
    assert "5 of 8 done" in output
    assert output.count("FAIL") == 3
    *_, read, formula, _, last = output.splitlines()
    assert re.fullmatch(
        r"FAIL  Linear.forward, model.py:\d+", output.split("\n\n")[2].split("\n")[0]
    )
    assert read == "  Read:        chapter03/README.en.md section 2"
    assert formula.startswith(" " * 15 + "Y = ")
    assert re.fullmatch(r"Next: correct Linear.forward, model.py:\d+, and run this again.", last)
    assert "Note" not in output
    assert gradient_check.run(model(solved("Sigmoid.forward", f"{plain}\nreturn self.y")))
    output = capsys.readouterr().out
    assert re.search(r"\nNote on Sigmoid.forward, model.py:\d+\n  right, but NumPy warns", output)


@pytest.mark.parametrize("columns", [60, 80, 200])
@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_lines_wrap_at_the_terminal_s_width_and_at_100(
    columns, language, model, monkeypatch, capsys
):
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("LANGUAGE", language)
    monkeypatch.setattr(report.diagnosis, "looks_like", lambda *_: "一二三四，" * 40 + "x" * 150)
    gradient_check.run(model(solved(old=X, new="return x @ self.W.T + self.b")))
    shown = capsys.readouterr().out.split("\n\n")[2]
    wide = [
        sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in s) for s in shown.split("\n")
    ]
    assert min(columns, 100) - 12 < max(wide) <= min(columns, 100)
    assert not re.search(r"\n *[，。）]", shown)


def test_the_report_is_in_chinese_and_nothing_is_glued_to_a_place(model, chinese, capsys):
    gradient_check.run(model(TWO_WRONG))
    output = capsys.readouterr().out
    assert "（需先通过：Linear.forward）" in output
    assert "已完成 5/8" in output
    heads = [
        line[:9].strip()
        for line in output.splitlines()
        if line.startswith("    ") and line[4] > "~"
    ]
    assert heads[0][:3] == "现象："
    assert heads[-1][:3] == "参考："
    assert output.splitlines()[-1].startswith("下一步：改正 Linear.forward  model.py:")
    assert not re.search(r"model.py:\d+[^\s\d]", output)


def test_where_no_mistake_is_recognised_the_example_is_shown(model, monkeypatch, capsys):
    monkeypatch.setattr(report.diagnosis, "looks_like", lambda *_: "")
    monkeypatch.setattr(report.diagnosis, "example", lambda *_: "1 + 1 = 2")
    gradient_check.run(model(TWO_WRONG))
    output = capsys.readouterr().out
    assert "\n  Example:     1 + 1 = 2\n" in output
    assert "Looks like" not in output


@pytest.mark.parametrize(
    "body", ["raise ValueError", "raise KeyboardInterrupt", "while True: pass"]
)
def test_no_explanation_is_a_traceback_or_endless(body, model, monkeypatch, capsys):
    explained = {}
    exec(f"def looks_like(*_):\n    {body}", explained)
    monkeypatch.setattr(report.diagnosis, "looks_like", explained["looks_like"])
    monkeypatch.setattr(report.diagnosis, "example", explained["looks_like"])
    monkeypatch.setattr(report, "TIME_LIMIT", 0.2)
    gradient_check.run(model(TWO_WRONG))
    assert "Next: correct Linear.forward" in capsys.readouterr().out


def test_a_flood_of_prints_is_cut_and_named_once_and_the_print_works_again(model, capsys):
    source = solved(
        old=X, new=f"print('here', end='!')\n        input() if x is None else 0\n        {X}"
    )
    loaded = model(source)
    assert gradient_check.run(loaded)
    output = capsys.readouterr().out
    assert output.startswith("here!" * student_code.SHOWN_PRINTS + "  PASS")
    assert re.search(r"\nNote on model.py:\d+\n  printed \d\d times: remove it", output)
    linear = loaded.Linear(1, 1, np.random.default_rng(0))
    for _ in range(9):
        linear.forward(np.ones((1, 1)))
    assert capsys.readouterr().out == "here!" * 9


def test_there_is_colour_on_a_terminal_only(model, monkeypatch, capsys):
    for terminal, other in (
        (True, {}),
        (True, {"NO_COLOR": "1"}),
        (True, {"TERM": "dumb"}),
        (False, {}),
    ):
        monkeypatch.setattr(report, "is_terminal", lambda _, terminal=terminal: terminal)
        for name in ("NO_COLOR", "TERM"):
            monkeypatch.delenv(name, raising=False)
        for name, value in other.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("WT_SESSION", "1")
        gradient_check.run(model(SOLUTION))
        assert ("\x1b[32mPASS" in capsys.readouterr().out) == (terminal and not other)


def test_without_a_thread_the_checks_run_without_a_time_limit(model, monkeypatch):
    def start(_):
        raise RuntimeError("can't start new thread")

    loaded = model(SOLUTION)
    monkeypatch.setattr(threading.Thread, "start", start)
    assert states(report.results(loaded)) == ["PASS"] * 9


# How it is loaded

UNREADABLE = [
    # what stands in model.py, what is said
    (SOLUTION.replace(X, "return (x @ self.W + self.b"), r"model\.py:33: .*\(.*never closed"),
    (
        SOLUTION.replace("self.x = x\n", "self.x = x；\n", 1),
        "model.py:32: column 19 holds .* `；`.* `;`",
    ),
    (SOLUTION.replace(X, "return （x)"), "model.py:33: column 16 holds .* `（`.* `\\(`"),
    (SOLUTION.replace("        self.x = x\n", "\tself.x = x\n"), "model.py:32: tabs and spaces"),
    (SOLUTION.replace("        self.x = x\n", "    self.x = x\n", 1), "model.py:33: .*indent"),
    (SOLUTION.encode("gbk"), "model.py:1: the file is not saved as UTF-8"),
    (SOLUTION.encode("utf-16"), "model.py:1: the file is not saved as UTF-8"),
    (b"# coding: gkb\n" + SOLUTION.encode(), "unknown encoding: gkb"),
    ("x = 1\0", "null bytes"),
    (
        SOLUTION.replace("import numpy", "import nunpy"),
        "model.py:1[0-9]: .*No module named 'nunpy'",
    ),
    (SOLUTION + "exit()", r"model\.py:\d+: this line ends the program"),
    (SOLUTION + "x = undefined", r"model\.py:\d+: .*NameError: name 'undefined'"),
    (SOLUTION + "input()", r"model\.py:\d+: .*EOFError"),
    (SOLUTION + "while True: print(1)", r"model\.py:\d+: .*still running after 0.3 seconds"),
    (SOLUTION + "class E(Exception):\n    __str__ = 1\nraise E", "this line raises E while"),
]


@pytest.mark.parametrize(("source", "said"), UNREADABLE)
def test_a_file_that_cannot_be_used_is_explained_in_one_line(source, said, model, capsys):
    with pytest.raises(gradient_check.ModelError, match=said) as error:
        model(source)
    assert "\n" not in str(error.value)
    assert capsys.readouterr().out.count("1") <= student_code.SHOWN_PRINTS


@pytest.mark.parametrize("path", ["absent.py", "."])
def test_a_path_that_is_no_file_is_named(path, model):
    with pytest.raises(gradient_check.ModelError, match=f"{re.escape(path)} cannot be read: "):
        gradient_check.load(path)


def test_a_file_is_read_as_python_reads_it_and_afresh_each_time(model):
    gbk = b"# coding: gbk\n" + solved("Linear.forward", "raise ValueError(x) # 你好").encode("gbk")
    assert "你好" in next_of(report.results(model(gbk))).seen
    assert states(report.results(model(b"\xef\xbb\xbf" + SOLUTION.encode()))) == ["PASS"] * 9
    for text in ("形状", "大小"):  # as long, and within the same second
        result = next_of(
            report.results(model(solved("Linear.forward", f"raise ValueError # {text}")))
        )
        assert text in result.seen


def test_each_message_has_two_texts_with_the_same_placeholders():
    def placeholders(text):
        parts = [part for part in ast.walk(text) if isinstance(part, ast.FormattedValue)]
        return sorted(ast.unparse(part).replace("chinese", "english") for part in parts)

    for path in make_startup.CHAPTER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "say":
                if isinstance(node.args[0], ast.Starred):  # a pair of a table
                    continue
                english, chinese = map(placeholders, node.args)
                assert english == chinese, f"{path}:{node.lineno}"
