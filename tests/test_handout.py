"""What the handout and the front page say is so, and both languages say the same."""

import argparse
import contextlib
import io
import re

import numpy as np
import pytest

import main
import make_pictures
import make_startup
from data import MIRRORS
from model import CrossEntropyLoss, Linear, Sigmoid, Softmax
from support import gradient_check, pictures
from support.gradient_check import layers, numerical

ROOT = make_startup.CHAPTER.parent
TEXTS = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for folder in (ROOT, make_startup.CHAPTER, ROOT / "docs")
    for path in sorted(folder.glob("*.md"))
}
CHINESE, ENGLISH = TEXTS["chapter03/README.md"], TEXTS["chapter03/README.en.md"]
EACH_TEXT = pytest.mark.parametrize("name", TEXTS)
BOTH = pytest.mark.parametrize(("text", "language"), [(CHINESE, "zh"), (ENGLISH, "en")])

BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FORMULA = re.compile(r"^\$\$\n(.*?)^\$\$$", re.MULTILINE | re.DOTALL)
INLINE_CODE = re.compile(r"`([^`\n]+)`")
PROGRAMS = [block for _, block in BLOCK.findall(ENGLISH) if block.startswith("import")]


def rows_after(text, beginning):
    """Return the cells of each row of the table whose head begins so."""
    table = text[text.index(f"\n{beginning}") :].lstrip("\n").split("\n\n")[0]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table.split("\n")[2:]]


@pytest.mark.parametrize("english", [name for name in TEXTS if name.endswith(".en.md")])
def test_both_languages_have_the_same_code_formulas_pictures_and_figures(english):
    def common(text):
        code = [block for kind, block in BLOCK.findall(text) if kind != "text"]
        figures = re.findall(r"\| ([\d.e+-]+(?: %)?) (?=\|)", text)
        return code, figures, FORMULA.findall(text), re.findall(r"!\[.*\]\((.*?)\)", text)

    assert common(TEXTS[english.replace(".en", "")]) == common(TEXTS[english])


@EACH_TEXT
def test_every_link_and_every_command_leads_to_a_file_and_its_options(name):
    for target in re.findall(r"\]\((?!https://)([^)]+)\)", TEXTS[name]):
        assert ((ROOT / name).parent / target).is_file(), target
    code = [block for _, block in BLOCK.findall(TEXTS[name])] + INLINE_CODE.findall(TEXTS[name])
    command = r"python ((?:chapter03|tools|benchmarks)/[\w/]+\.py)(.*)"
    for script, options in re.findall(command, "\n".join(code)):
        source = (ROOT / script.replace("startup/", "solution/")).read_text(encoding="utf-8")
        assert all(option in source for option in re.findall(r"--\w+", options)), options
        if script.endswith("/main.py"):
            main.parse(options.split())


@BOTH
def test_options_and_numbers_are_those_of_the_code(text, language, monkeypatch):
    parsers, parse_args = [], argparse.ArgumentParser.parse_args
    keep = lambda self, argv: parsers.append(self) or parse_args(self, argv)  # noqa: E731
    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", keep)
    main.parse([])
    off, head = {"zh": ("关", "| 选项 "), "en": ("off", "| option ")}[language]
    table = [(cells[0].strip("`").split()[0], cells[1]) for cells in rows_after(text, head)]
    for action, row in zip(parsers[0]._actions[1:], table, strict=True):
        value = getattr(action.default, "name", action.default)
        value = " ".join(map(str, value)) if isinstance(value, list) else value
        is_off = value is False or value is None
        assert row == (action.option_strings[0], off if is_off else f"`{value}`")
    for options in re.findall(r"^\| `(--\w+ [\d.][^`]*)` \|", text, re.MULTILINE):  # experiments
        main.parse(options.split())
    for number in (main.PEN_DIGITS_BESIDE_MNIST, main.PEN_DIGITS_ALONE, main.HELD_OUT):
        assert f" {number:,} " in text
    assert all(f"`{mirror}`" in TEXTS["docs/developing.md"] for mirror in MIRRORS)
    assert (main.WEIGHT_DECAY, main.FALL) == (5e-5, 0.3)
    assert (numerical.H, layers.TOLERANCE) == (1e-5, {"float64": 1e-4, "float32": 1e-3})


@BOTH
def test_the_report_of_the_checks_is_what_they_print(text, language, tmp_path, monkeypatch, capsys):
    source = (make_startup.CHAPTER / "solution" / "model.py").read_text(encoding="utf-8")
    wrong = "        return grad_y * self.y * (1 - self.y)\n"
    inside = lambda match: "".join(match[0].splitlines(True)[1:-1])  # noqa: E731
    source = make_startup.SOLUTION.sub(wrong, make_startup.SOLUTION.sub(inside, source, 5), 1)
    file = tmp_path / "chapter03" / "startup" / "model.py"
    file.parent.mkdir(parents=True)
    file.write_text(make_startup.blanked(source), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANGUAGE", language)
    monkeypatch.setenv("COLUMNS", "100")
    assert not gradient_check.run(gradient_check.load(file))
    report = re.search(r"softmax_diagonal \w+ -->\n```text\n(.*?)```", text, re.DOTALL)[1]
    assert capsys.readouterr().out.replace("\\", "/") == report


@BOTH
def test_a_training_prints_lines_like_those_shown(text, language, tmp_path, monkeypatch, capsys):
    def like(output):
        return re.sub(r"[\d.,]*\d", "0", output).replace("mnist+pen", "pen").splitlines()

    monkeypatch.setattr(main, "PEN_DIGITS_ALONE", 64)
    monkeypatch.setattr(main, "HELD_OUT", 20)
    monkeypatch.setattr(pictures, "draw_losses", lambda *args: None)
    monkeypatch.setattr(pictures, "draw_mistakes", lambda *args: None)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANGUAGE", language)
    options = "--skip_checks --dataset pen --hidden_dims 4 3 --model_dir model"
    assert main.main(options.split()) == 0
    output = capsys.readouterr().out.replace("\\", "/").replace("model/solution", "model/startup")
    shown = re.search(r"training \w+ -->\n```text\n(.*?)```", text, re.DOTALL)[1]
    *lines, _ = shown.replace("...\n", "").split("\n来写" if language == "zh" else "\nNow draw")
    assert set(like(lines[0])) <= set(like(output))


def matrices(section):
    """Return the matrices of a section of the handout in their order."""
    text = re.split(r"^## ", ENGLISH, flags=re.MULTILINE)[section]
    for matrix in re.findall(r"\\begin\{pmatrix\} (.*?) \\end", text):
        code = re.sub(r"\\ln (\d)", r"np.log(\1)", matrix).replace(r"\cdot", "*")
        yield np.array([[eval(cell) for cell in row.split("&")] for row in code.split(r"\cr")])


def test_the_examples_by_hand_are_right():
    linear, sigmoid = Linear(3, 2, np.random.default_rng(0)), Sigmoid()
    softmax, loss = Softmax(), CrossEntropyLoss()
    x, linear.W, linear.b, grad_y, *right = matrices(2)
    found = linear.forward(x), linear.backward(grad_y), linear.grad_W, linear.grad_b
    for mine, handout in zip(found, right, strict=True):
        np.testing.assert_array_equal(mine, handout)
    x, y, grad_y, grad_x = matrices(3)
    np.testing.assert_allclose([sigmoid.forward(x), sigmoid.backward(grad_y)], [y, grad_x])
    x, y, grad_y, jacobian, product, grad_x, diagonal = matrices(4)
    found = softmax.forward(x), softmax.backward(grad_y), grad_y @ jacobian, grad_y * y * (1 - y)
    np.testing.assert_allclose(found, [y, grad_x, product, diagonal])
    np.testing.assert_allclose(jacobian, np.diag(y[0]) - y.T @ y)
    y_hat, y, grad_y, together = matrices(5)
    assert loss.forward(y_hat, y) == pytest.approx(1.0397, abs=5e-5)
    np.testing.assert_allclose(loss.backward(), grad_y)
    loss.forward(softmax.y, np.array([[0, 1, 0]]))
    np.testing.assert_allclose(softmax.backward(loss.backward()), together)


def test_the_table_of_step_sizes_is_right():
    columns = map(make_pictures.central_difference_errors, (np.float64, np.float32))
    measured = dict(zip(make_pictures.STEPS.round(12), zip(*columns, strict=True), strict=True))
    for row in rows_after(ENGLISH, "| step h"):
        step, *errors = map(float, row)
        # Processors round differently.
        assert np.abs(np.log(np.divide(errors, measured[step]))).max() < np.log(4)


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_programs_print_what_the_handout_says(program):
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(program, {})
    if "above" in program:
        mine, numerical_gradient = map(float, output.getvalue().split())
        assert mine == pytest.approx(numerical_gradient, rel=1e-9)
    else:
        assert output.getvalue() == "True\n" or f"```text\n{output.getvalue()}```" in ENGLISH
