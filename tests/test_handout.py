"""The handout, README.md and README.en.md: what it says is true, and both versions say the same."""

import argparse
import contextlib
import io
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import arguments
import download
import main
import make_pictures
import make_startup
from model import CrossEntropyLoss, Linear, Sigmoid, Softmax
from tutor import common_mistakes, slow_formulas, trials

ROOT = make_startup.CHAPTER.parent
CHINESE = (ROOT / "README.md").read_text(encoding="utf-8")
ENGLISH = (ROOT / "README.en.md").read_text(encoding="utf-8")
LANGUAGES = pytest.mark.parametrize("text", [CHINESE, ENGLISH], ids=["Chinese", "English"])

CODE_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FORMULA = re.compile(r"^\$\$\n(.*?)^\$\$$", re.MULTILINE | re.DOTALL)
INLINE_FORMULA = re.compile(r"\$([^$\n]+)\$")
INLINE_CODE = re.compile(r"`([^`\n]+)`")
FENCES = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def prose(text):
    """Return the text without its code, of which `$` and `#` could be taken for something else."""
    return INLINE_CODE.sub("", FENCES.sub("", text))


def sections(text):
    return re.split(r"^## ", text, flags=re.MULTILINE)


def rows_after(text, beginning):
    """Return the cells of each row of the table whose head begins so."""
    table = text[text.index(f"\n{beginning}") :].lstrip("\n").split("\n\n")[0]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table.split("\n")[2:]]


# Both versions say the same ----------------------------------------------------------------------


def test_both_have_the_same_headings():
    levels = [
        re.findall(r"^(#+) ", FENCES.sub("", text), re.MULTILINE) for text in (CHINESE, ENGLISH)
    ]
    assert levels[0] == levels[1]


@LANGUAGES
def test_the_sections_have_the_numbers_that_code_and_checks_refer_to(text):
    titles = re.findall(r"^## (?:(\d+)\. (\w+))?", FENCES.sub("", text), re.MULTILINE)
    assert [number for number, _ in titles] == [*map(str, range(1, 11)), ""]
    classes = [layer.name for layer in trials.LAYERS]
    assert [titles[layer.section - 1][1] for layer in trials.LAYERS] == classes


def test_both_have_the_same_code():
    assert CODE_BLOCK.findall(CHINESE) == CODE_BLOCK.findall(ENGLISH)


def test_both_have_the_same_formulas_on_lines_of_their_own():
    assert FORMULA.findall(CHINESE) == FORMULA.findall(ENGLISH)


@pytest.mark.parametrize("found", [INLINE_FORMULA, re.compile(r"\d[\d.,]*\d|\d"), INLINE_CODE])
def test_both_have_the_same_formulas_numbers_and_names_in_their_sentences(found):
    for chinese, english in zip(sections(CHINESE), sections(ENGLISH), strict=True):
        counts = []
        for text in (chinese, english):
            text = FENCES.sub("", text)
            if found is not INLINE_CODE:
                text = INLINE_CODE.sub("", text)
            counts.append(Counter(found.findall(text)))
        assert counts[0] == counts[1], english.split("\n")[0]


def test_both_have_the_same_pictures():
    pictures = [re.findall(r"!\[[^\]]+\]\((.*?)\)", text) for text in (CHINESE, ENGLISH)]
    assert pictures[0] == pictures[1]
    assert {f"pictures/{name}.png" for name in make_pictures.PICTURE} == set(pictures[0])


# What it says is there ---------------------------------------------------------------------------


@LANGUAGES
def test_no_figure_is_still_to_be_measured(text):
    assert "FIGURE" not in text


@LANGUAGES
def test_every_link_leads_to_a_file(text):
    for target in re.findall(r"\]\((?!https://)([^)]+)\)", prose(text)):
        assert (ROOT / target).is_file(), target


def test_the_pictures_are_small_png():
    files = list((ROOT / "pictures").iterdir())
    assert sum(path.stat().st_size for path in files) < 600_000
    assert all(path.read_bytes().startswith(b"\x89PNG\r\n") for path in files)


@LANGUAGES
def test_every_file_of_the_course_that_is_named_exists(text):
    for name in INLINE_CODE.findall(FENCES.sub("", text)):
        if re.fullmatch(r"[\w./]+\.py|(?:chapter03|tests|tools|benchmarks|pictures)/[\w./]*", name):
            places = (ROOT, ROOT / "chapter03" / "solution", ROOT / "chapter03")
            assert any((place / name).exists() for place in places), name


@LANGUAGES
def test_every_reference_is_named_where_it_is_said_to_be_used(text):
    references = re.findall(r"^- (\w+).*?(?:Section |第 )(\d+)", sections(text)[-1], re.MULTILINE)
    assert len(references) == 10
    for name, section in references:
        assert name in sections(text)[int(section)]


def test_the_two_commands_stand_at_the_top():
    top = CHINESE.split("\n## ")[0]
    make = "python3 -m venv .venv && .venv/bin/python -m pip install -r {} && .venv/bin/python {}"
    commands = [block for language, block in CODE_BLOCK.findall(top) if language == "sh"]
    assert commands == [
        make.format("requirements.txt", "chapter03/solution/main.py") + "\n",
        make.format("requirements-dev.txt", "-m pytest") + "\n",
    ]
    # .ci/run takes the line with `-m pytest` for the command.
    assert CHINESE.count("-m pytest") == 1


def commands():
    """Return (script, options) of every command in the handout that runs a script of the course."""
    text = "\n".join(
        [*(block for _, block in CODE_BLOCK.findall(ENGLISH)), *INLINE_CODE.findall(ENGLISH)]
    )
    found = re.findall(r"python ((?:chapter03|tools|benchmarks)/[\w/]+\.py)([^\n]*)", text)
    return sorted({(script, options.partition("#")[0].strip()) for script, options in found})


@pytest.mark.parametrize(("script", "options"), commands())
def test_every_command_names_a_script_and_options_that_it_has(script, options):
    source = (ROOT / script.replace("startup/", "solution/")).read_text(encoding="utf-8")
    if script.endswith("/main.py"):
        arguments.parse_training(options.split())
    else:
        assert all(option in source for option in re.findall(r"--\w+", options))


# What it says of the command is so ---------------------------------------------------------------


@pytest.fixture
def parser(monkeypatch):
    """The parser of main.py's options."""
    parsers = []
    parse_args = argparse.ArgumentParser.parse_args
    monkeypatch.setattr(
        argparse.ArgumentParser,
        "parse_args",
        lambda self, argv: parsers.append(self) or parse_args(self, argv),
    )
    arguments.parse_training([])
    return parsers[0]


@pytest.mark.parametrize(
    ("text", "head", "off"), [(CHINESE, "| 选项 ", "关"), (ENGLISH, "| option ", "off")]
)
def test_the_table_of_options_agrees_with_the_parser(text, head, off, parser):
    def shown(default):
        if default is False:
            return off
        if isinstance(default, Path):
            default = default.name
        return f"`{' '.join(map(str, default)) if isinstance(default, list) else default}`"

    table = [(cells[0].strip("`").split()[0], cells[1]) for cells in rows_after(text, head)]
    actions = [action for action in parser._actions if action.dest != "help"]
    assert table == [(action.option_strings[0], shown(action.default)) for action in actions]


@LANGUAGES
def test_the_experiments_are_options_that_the_command_takes(text):
    options = re.findall(r"^\| `(--[^`]+)` \|", text, re.MULTILINE)
    assert len(options) > 15
    for option in options:
        if "DIR" not in option and re.search(r" (N|F|NAME)\b", option) is None:
            arguments.parse_training(option.split() if option != "--dataset" else [])


@LANGUAGES
def test_numbers_that_stand_in_the_code_are_those_of_the_code(text):
    for number in (main.PEN_DIGITS_BESIDE_MNIST, main.PEN_DIGITS_ALONE, main.PEN_TEST_DIGITS):
        assert f" {number:,} " in text
    for mirror in download.MIRRORS:
        assert f"`{mirror}`" in text
    assert slow_formulas.H == 1e-5
    assert trials.TOLERANCE == {"float64": 1e-4, "float32": 1e-3}
    assert "$10^{-4}$" in text
    assert "$10^{-3}$" in text


def test_the_example_of_a_row_stands_in_the_table_of_mistakes():
    block = next(block for _, block in CODE_BLOCK.findall(ENGLISH) if "MISTAKES" in block)
    source = Path(common_mistakes.__file__).read_text(encoding="utf-8")
    assert all(line in source for line in block.splitlines())


def student_folder(path, sixth):
    """Write a startup/ in which five blanks are filled in rightly and the sixth with `sixth`."""
    source = (make_startup.CHAPTER / "solution" / "model.py").read_text(encoding="utf-8")
    solutions = iter(range(8))

    def written(match):
        number = next(solutions)
        inside = "\n".join(match[0].split("\n")[1:-2]) + "\n"
        return [inside, f"        {sixth}\n", match[0]][(number > 4) + (number > 5)]

    for file, text in make_startup.generated().items():
        file = path / file.relative_to(ROOT)
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.name == "model.py":
            text = make_startup.blanked(make_startup.SOLUTION.sub(written, source))
        file.write_text(text, encoding="utf-8")


def test_the_transcript_is_what_the_check_prints(tmp_path):
    student_folder(tmp_path, "return grad_y * self.y * (1 - self.y)")
    result = subprocess.run(
        [sys.executable, "chapter03/startup/main.py"],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    transcript = re.search(r"softmax_diagonal -->\n```text\n(.*?)```", ENGLISH, re.DOTALL)[1]
    assert (result.returncode, result.stderr) == (1, "")
    assert result.stdout.replace("\\", "/") == transcript


# The numbers of the worked examples --------------------------------------------------------------


def test_linear_by_hand():
    linear = Linear(3, 2, np.random.default_rng(0))
    linear.W, linear.b = np.array([[1.0, 0], [2, -1], [0, 1]]), np.array([[1.0, -1]])
    y = linear.forward(np.array([[1.0, 2, 3], [0, 1, -1]]))
    np.testing.assert_array_equal(y, [[6, 0], [3, -3]])
    grad_x = linear.backward(np.array([[1.0, 2], [3, -1]]))
    np.testing.assert_array_equal(grad_x, [[1, 0, 2], [3, 7, -1]])
    np.testing.assert_array_equal(linear.grad_W, [[1, 2], [5, 3], [0, 7]])
    np.testing.assert_array_equal(linear.grad_b, [[4, 1]])


def test_sigmoid_by_hand():
    sigmoid = Sigmoid()
    y = sigmoid.forward(np.array([[0, np.log(3), -np.log(3)]]))
    np.testing.assert_allclose(y, [[0.5, 0.75, 0.25]])
    np.testing.assert_allclose(y * (1 - y), [[0.25, 0.1875, 0.1875]])
    np.testing.assert_allclose(sigmoid.backward(np.array([[4.0, 16, -16]])), [[1, 3, -3]])


def test_softmax_by_hand_and_its_diagonal_alone():
    softmax = Softmax()
    y, g = softmax.forward(np.log([[2.0, 3, 5]])), np.array([[1.0, 2, -1]])
    np.testing.assert_allclose(y, [[0.2, 0.3, 0.5]])
    jacobian = np.diag(y[0]) - y.T @ y
    written = [[0.16, -0.06, -0.10], [-0.06, 0.21, -0.15], [-0.10, -0.15, 0.25]]
    np.testing.assert_allclose(jacobian, written)
    assert np.sum(g * y) == pytest.approx(0.3)
    np.testing.assert_allclose(softmax.backward(g), [[0.14, 0.51, -0.65]])
    np.testing.assert_allclose(g @ jacobian, [[0.14, 0.51, -0.65]])
    np.testing.assert_allclose(g * y * (1 - y), [[0.16, 0.42, -0.25]])
    assert np.sum(g * y * (1 - y)) == pytest.approx(0.33)


def test_cross_entropy_by_hand_and_its_three_mistakes():
    y_hat = np.array([[0.25, 0.25, 0.5], [0.5, 0.25, 0.25]])
    y = np.array([[0.0, 0, 1], [0, 1, 0]])
    loss = CrossEntropyLoss()
    assert loss.forward(y_hat, y) == pytest.approx(1.0397, abs=5e-5)
    np.testing.assert_allclose(loss.backward(), [[0, 0, -1], [0, -2, 0]])
    total = -np.sum(y * np.log(y_hat))
    assert [round(total / n, 4) for n in (3, 6, 1)] == [0.6931, 0.3466, 2.0794]
    assert [round(-np.log(p), 2) for p in (0.5, 0.01, 0.1)] == [0.69, 4.61, 2.30]


def test_what_softmax_and_loss_give_together_and_the_diagonal_with_the_loss():
    softmax, loss = Softmax(), CrossEntropyLoss()
    y_hat, y = softmax.forward(np.log([[2.0, 3, 5]])), np.array([[0.0, 1, 0]])
    loss.forward(y_hat, y)
    grad = loss.backward()
    np.testing.assert_allclose(softmax.backward(grad), [[0.2, -0.7, 0.5]])
    np.testing.assert_allclose(grad * y_hat * (1 - y_hat), [[0, -0.7, 0]])


@LANGUAGES
@pytest.mark.parametrize(("column", "dtype"), [(1, np.float64), (2, np.float32)])
def test_the_table_of_step_sizes(text, column, dtype):
    head = "| 步长" if text is CHINESE else "| step"
    measured = dict(
        zip(make_pictures.STEPS, make_pictures.central_difference_errors(dtype), strict=True)
    )
    for cells in rows_after(text, head):
        step = min(measured, key=lambda step: abs(np.log(step / float(cells[0]))))
        # Rounding differs from processor to processor.
        assert 1 / 4 < measured[step] / float(cells[column]) < 4


def python_blocks():
    return [
        block for language, block in CODE_BLOCK.findall(ENGLISH)
        if language == "python" and block.startswith("import")
    ]  # fmt: skip


@pytest.mark.parametrize("block", python_blocks())
def test_the_programs_in_the_handout_run(block):
    output = io.StringIO()
    with contextlib.redirect_stdout(output), np.errstate(all="ignore"):
        exec(block.replace("10_000", "200"), {})
    if "allclose" in block:
        assert output.getvalue() == "True\n"
    elif "above" in block:
        mine, nudged = map(float, output.getvalue().split())
        assert mine == pytest.approx(nudged, rel=1e-8)
    else:
        assert "0% saturated" in output.getvalue()


# Formulas reach the program that typesets them -------------------------------------------------


@LANGUAGES
def test_formulas_hold_nothing_that_markdown_could_change(text):
    for formula in FORMULA.findall(text) + INLINE_FORMULA.findall(prose(text)):
        # A backslash before punctuation is an escape, `<` may open a tag, `*` and a `_` after
        # punctuation may open an emphasis.
        assert not re.search(r"\\[^A-Za-z]|[<>*|]|[^\w\s]_", formula), formula


@LANGUAGES
def test_formulas_stand_where_github_sees_them(text):
    for block in re.findall(r"(.*)\n\$\$\n(?:[^$]+)\$\$\n(.*)", text):
        assert block == ("", "")
    for line in prose(text).splitlines():
        for match in INLINE_FORMULA.finditer(line):
            before, after = line[: match.start()][-1:], line[match.end() :][:1]
            assert before in ("", " ", "("), line
            assert not re.match(r"[0-9A-Za-z$]", after), line
            assert match[1] == match[1].strip(), line
