"""The gradient check against the table of submissions, and as a student meets it."""

import contextlib
import re
import shutil
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest

import gradient_check
import make_startup
from submissions import METHODS, RIGHT, SOLUTION, WRONG, Submission
from tutor import common_mistakes, diagnosis, slow_formulas, student_code

SOLUTION_FOLDER = Path(gradient_check.__file__).parent


@pytest.fixture(autouse=True)
def short_time_limit(monkeypatch):
    monkeypatch.setattr(gradient_check, "TIME_LIMIT", 1)


@pytest.fixture
def checked(tmp_path):
    """Return the results for the text of a model.py."""

    def run(source):
        path = tmp_path / "model.py"
        path.write_text(source, encoding="utf-8")
        student_code.linecache.clearcache()
        module = types.ModuleType("model")
        module.__file__ = str(path)
        exec(compile(source, str(path), "exec"), vars(module))
        return gradient_check.run(module)

    return run


def fails(results):
    return [result for result in results if result.state == "FAIL"]


figures = {"caught": 0, "named": 0, "diagnosed": 0, "passed": 0}


@pytest.mark.parametrize("submission", WRONG, ids=lambda s: f"{s.blamed}, {s.name}")
def test_a_wrong_submission_is_caught_its_method_named_and_its_mistake_diagnosed(
    submission, checked
):
    failed = fails(checked(submission.source))
    assert failed
    figures["caught"] += 1
    assert [result.name for result in failed] == [submission.blamed]
    figures["named"] += 1
    assert re.search(submission.mentions, failed[0].looks_like, re.IGNORECASE)
    figures["diagnosed"] += 1


@pytest.mark.parametrize("submission", RIGHT, ids=lambda s: s.name)
def test_a_right_submission_passes_whatever_its_style(submission, checked):
    assert {result.state for result in checked(submission.source)} == {"PASS"}
    figures["passed"] += 1


def test_the_table_is_large_enough_and_its_figures_are_shown(capsys):
    assert len(WRONG) >= 40
    assert len(RIGHT) >= 15
    with capsys.disabled():
        print(
            "\nOf {} wrong submissions {caught} were caught, {named} named by their method and "
            "{diagnosed} diagnosed; of {} right ones {passed} passed.".format(
                len(WRONG), len(RIGHT), **figures
            )
        )


def test_every_method_has_wrong_submissions():
    assert {submission.blamed for submission in WRONG} == set(METHODS)


def test_every_formula_of_the_table_of_mistakes_can_be_evaluated_and_is_wrong():
    layers = {layer.name: layer for layer in gradient_check.LAYERS}
    model = student_code.import_model()
    for (method, result), rows in common_mistakes.MISTAKES.items():
        if not method:
            continue
        layer, direction = layers[method.split(".")[0]], method.split(".")[1]
        trials = gradient_check._in_a_row(model, layer, direction)
        for written, text in rows.items():
            wrong = False
            for formula, said in diagnosis._tried({written: text}):
                assert "{" not in said
                right = [diagnosis._gives_the_same(formula, result, t, trials) for t in trials]
                wrong |= not all(right)
            assert wrong, f"{written} is right: nobody would ever be told about it"
            with contextlib.suppress(ValueError):  # of shapes that do not fit, a mistake too
                namespace = diagnosis._namespace(result, trials[1], trials)
                diagnosis._evaluated(formula, namespace)


def test_slopes_are_the_derivatives_that_everybody_knows():
    x = np.array([[0.5, -2.0], [1.0, 3.0]])
    np.testing.assert_allclose(slow_formulas.slopes(lambda v: np.sum(v**3), x), 3 * x**2, rtol=1e-8)


def test_relative_error_of_nan_is_infinite_and_that_of_equal_infinities_zero():
    error = slow_formulas.relative_error(np.array([np.nan, np.inf, 2.0]), np.array([1, np.inf, 1]))
    np.testing.assert_array_equal(error, [np.inf, 0, 0.5])


# As a student meets it


@pytest.fixture
def homework(tmp_path):
    """Return a function that runs `main.py --check_only` with a given model.py."""
    folder = tmp_path / "my homework"
    shutil.copytree(SOLUTION_FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))

    def run(model, *command, **environment):
        if isinstance(model, str):
            model = model.encode()
        (folder / "model.py").write_bytes(model)
        return subprocess.run(
            [sys.executable, "-X", "utf8", *(command or ["main.py", "--check_only"])],
            cwd=folder, capture_output=True, timeout=30, check=False, encoding="utf-8",
            stdin=subprocess.DEVNULL, env={**student_code.os.environ, **environment},
        )  # fmt: skip

    return run


def test_the_solution_passes(homework):
    result = homework(SOLUTION)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.count("PASS") == 9
    assert "8 of 8 done" in result.stdout


def test_the_untouched_startup_is_a_list_of_things_to_do(homework):
    blank = make_startup.blanked(SOLUTION)
    result = homework(blank)
    assert (result.returncode, result.stderr) == (1, "")
    words = [line.split()[:2] for line in result.stdout.splitlines()[:8]]
    expected = [["TODO", name] if "forward" in name else ["WAITS", name] for name in METHODS]
    assert words == expected
    line = blank.splitlines().index('        raise NotImplementedError("Linear.forward")') + 1
    last = result.stdout.splitlines()[-1]
    assert last.startswith(f"Next: write Linear.forward, model.py:{line} (README.md section 2)")


def test_the_next_thing_to_do_stands_last(homework):
    sources = [s.code for s in WRONG if s.name in ("no bias", "diagonal only")]
    result = homework(Submission("both", "".join(sources)).source)
    assert result.returncode == 1
    assert "5 of 8 done" in result.stdout
    assert result.stdout.index("FAIL  Softmax.backward") < result.stdout.index("FAIL  Linear.forw")
    assert result.stdout.splitlines()[-1].startswith("Next: correct Linear.forward, model.py:")


def test_an_exception_is_shown_with_the_student_s_line_and_the_shapes_that_met(homework):
    wrong = next(s for s in WRONG if s.name == "W transposed")
    output = homework(wrong.source).stdout
    line = wrong.source.splitlines().index("        return x @ self.W.T + self.b") + 1
    assert f"FAIL   Linear.forward            model.py:{line}" in output
    assert "x (5, 3) @ self.W.T (4, 3)" in output
    assert "Traceback" not in output


def test_an_endless_loop_is_stopped_and_the_other_methods_are_checked(homework):
    wrong = Submission("", "Sigmoid.forward:\n    while True:\n        np.exp(x)\n")
    code = "import gradient_check, main; gradient_check.TIME_LIMIT = 0.5; "
    result = homework(wrong.source, "-c", code + "raise SystemExit(main.main(['--check_only']))")
    assert (result.returncode, result.stderr) == (1, "")
    assert "endless loop" in result.stdout
    assert "6 of 8 done" in result.stdout


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("return x @ self.W + self.b", "return (x @ self.W + self.b", r"model\.py:\d+.*never clo"),
        ("        self.x = x\n", "\tself.x = x\n", r"model\.py:\d+: .*(tabs|indent)"),
        ("        self.x = x\n", "    self.x = x\n", r"model\.py:\d+: .*indent"),
        ("import storage", "import storge", "no module storge"),
        ("import storage", "import storage\nexit()", r"model\.py:\d+: .*ends the program"),
        ("import storage", "import storage\nx = undefined", "NameError: name 'undefined'"),
        ("class MLP:", "class MLP(Layer):", "NameError: name 'Layer'"),
    ],
)
def test_a_model_that_cannot_be_imported_is_explained_in_one_line(homework, old, new, said):
    assert old in SOLUTION
    result = homework(SOLUTION.replace(old, new, 1))
    assert (result.returncode, result.stdout) == (1, "")
    assert re.search(said, result.stderr)
    assert result.stderr.count("\n") == 1


def test_a_file_that_is_not_utf_8_is_explained(homework):
    result = homework(SOLUTION.replace("Return Y", "\u4f60\u597d", 1).encode("gbk"))
    assert result.returncode == 1
    assert re.search(r"model\.py:\d+: the file is not saved as UTF-8", result.stderr)


def test_a_console_that_knows_no_chinese_does_not_break_the_report(homework):
    wrong = Submission("", "Sigmoid.forward:\n    raise ValueError('\u5f62\u72b6\u4e0d\u5bf9')\n")
    result = homework(wrong.source, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert (result.returncode, result.stderr) == (1, "")
    assert r"\u5f62" in result.stdout


def test_there_is_no_colour_where_it_cannot_be_shown(homework):
    assert "\x1b" not in homework(SOLUTION).stdout


@pytest.mark.parametrize(
    ("old", "new", "blamed"),
    [
        ("class Softmax:", "class SoftMax:", "Softmax.forward"),
        ("def backward(self, grad_y):", "def backwrad(self, grad_y):", "Linear.backward"),
        ("def forward(self, x):", "def forward(self):", "Linear.forward"),
        ("limit = np.sqrt", "limit = undefined.sqrt", "Linear.forward"),
        ("class MLP:", "class Network:", "the whole network"),
        ("[linear, Sigmoid()]", "[linear, Softmax()]", "the whole network"),
    ],
)
def test_what_was_given_and_is_altered_is_noticed(old, new, blamed, checked):
    assert old in SOLUTION
    results = fails(checked(SOLUTION.replace(old, new, 1)))
    assert [result.name for result in results][:1] == [blamed]
