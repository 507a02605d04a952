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
import model
from data import MIRRORS, standardise
from model import MLP, CrossEntropyLoss, Linear, Sigmoid, Softmax
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
FORMULA = re.compile(r"\$\$(.*?)\$\$", re.DOTALL)
INLINE_CODE = re.compile(r"`([^`\n]+)`")
PROGRAMS = [block for _, block in BLOCK.findall(ENGLISH) if block.startswith("import")]


def section(text, number):
    return re.split(r"^## ", text, flags=re.MULTILINE)[number]


def rows_after(text, beginning):
    """Return the cells of each row of the table whose head begins so."""
    table = text[text.index(f"\n{beginning}") :].lstrip("\n").split("\n\n")[0]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in table.split("\n")[2:]]


@pytest.mark.parametrize("english", [name for name in TEXTS if name.endswith(".en.md")])
def test_both_languages_have_the_same_code_formulas_pictures_and_figures(english):
    def common(text):
        code = [block for kind, block in BLOCK.findall(text) if kind != "text"]
        figures = re.findall(r"\| ([\d.e+-]+%?) (?=\|)", text.replace(" %", "%"))
        pictures = re.findall(r"!\[.*\]\((.*?)\)", text.replace("window.zh.png", "window.png"))
        return code, figures, FORMULA.findall(text), pictures

    assert common(TEXTS[english.replace(".en", "")]) == common(TEXTS[english])


@BOTH
def test_the_first_blank_comes_soon_and_the_whole_is_not_long(text, language):
    assert len(text.splitlines()) <= 798
    following = {"zh": "### 看懂检查的结果", "en": "### How to read the checks"}[language]
    before = text[: text.index(following)]
    assert "Y = XW + b" in before
    assert "python chapter03/startup/main.py" in before
    assert len(re.findall("[\u4e00-\u9fff]", before)) <= 1000


@BOTH
def test_the_first_blank_is_shown_as_it_stands_in_the_file(text, language):
    startup = (make_startup.CHAPTER / "startup" / "model.py").read_text(encoding="utf-8")
    shown = next(block for kind, block in BLOCK.findall(text) if kind == "python")
    eight_spaces = {"zh": "八个空格", "en": "eight spaces"}[language]
    assert eight_spaces in text
    assert "".join(f"        {line}\n" for line in shown.splitlines()) in startup


def test_the_pictures_are_small():
    files = (ROOT / "pictures").iterdir()
    assert sum(file.stat().st_size for file in files) <= 600_000


@pytest.mark.parametrize("name", ["chapter03/README.md", "chapter03/README.en.md", "model.py"])
def test_a_batch_has_capital_n_rows(name):
    text = TEXTS.get(name) or (make_startup.CHAPTER / "solution" / name).read_text("utf-8")
    assert "(N, d)" in text
    assert not re.search(r"\(n, |, n\)", text)


@EACH_TEXT
def test_every_link_and_every_command_leads_to_a_file_and_its_options(name):
    for target in re.findall(r"\]\((?!https?://)([^)]+)\)", TEXTS[name]):
        assert ((ROOT / name).parent / target).is_file(), target
    code = [block for _, block in BLOCK.findall(TEXTS[name])] + INLINE_CODE.findall(TEXTS[name])
    command = r"python ((?:chapter03|tools|benchmarks)/[\w/]+\.py)(.*)"
    for script, options in re.findall(command, "\n".join(code)):
        if script.endswith("/experiment.py"):
            continue  # the reader writes it
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


def matrices(number):
    """Return the matrices of a section of the handout in their order."""
    for matrix in re.findall(r"\\begin\{pmatrix\} (.*?) \\end", section(ENGLISH, number)):
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
    y_hat, y, grad_y = matrices(5)
    L = loss.forward(y_hat, y)
    np.testing.assert_allclose(loss.backward(), grad_y)
    by_classes, by_entries, by_nothing = L * 2 / 3, L * 2 / 6, L * 2
    for number in (L, by_classes, by_entries, by_nothing):
        assert f"{number:.4f}" in section(ENGLISH, 5)
        assert f"{number:.4f}" in section(CHINESE, 5)
    loss.forward(softmax.y, np.array([[0, 1, 0]]))
    assert "$(0.2, -0.7, 0.5)$" in section(ENGLISH, 5)
    assert "$(0.2, -0.7, 0.5)$" in section(CHINESE, 5)
    grad_y_hat = loss.backward()
    assert (grad_y_hat * softmax.y).sum() == pytest.approx(-1)  # the answer to question 2
    np.testing.assert_allclose(softmax.backward(grad_y_hat), [[0.2, -0.7, 0.5]])


@BOTH
def test_numbers_within_sentences_are_right(text, language):
    linear, sigmoid, softmax = section(text, 2), section(text, 3), section(text, 4)

    parameters = sum(layer.W.size + layer.b.size for layer in default_network().linears)
    assert f"{parameters:,}" in linear
    assert f"{2 * parameters:,}" in linear
    w, x, b, h = 2, 3, -1, 1e-6
    slopes = (((w + h) * x + b) ** 2, (w * (x + h) + b) ** 2, (w * x + b + h) ** 2)
    assert [round((L - 25) / h) for L in slopes] == [30, 20, 10]
    assert f"{(2.001 * x + b) ** 2:.2f}" == "25.03"
    assert "25.03" in linear
    assert "10 w = 20$" in linear

    for dtype, digits in ((np.float32, 7), (np.float64, 16)):
        assert round(-np.log10(np.finfo(dtype).eps)) == digits
        assert re.search(rf"\b{digits} (?:位|and|sig)", section(text, 1))

    for dtype in (np.float64, np.float32):
        largest = int(np.log(np.finfo(dtype).max))
        assert f"$e^{{{largest}}}$" in sigmoid
    assert "1/256" in sigmoid
    assert f"{0.999 * (1 - 0.999):.6f}" in sigmoid

    *_, grad_x, diagonal = matrices(4)
    assert grad_x.sum() == pytest.approx(0)
    assert f"{diagonal.sum():.2f}" in softmax

    for probability, cost in ((0.5, "0.69"), (0.01, "4.6"), (0.1, "2.30")):
        y = np.array([[1.0, 0.0]])
        found = CrossEntropyLoss().forward(np.array([[probability, 1 - probability]]), y)
        assert f"{found:.{len(cost) - 2}f}" == cost
        assert cost in section(text, 5)


def default_network():
    widths = main.parse([]).hidden_dims
    return MLP(784, widths, 10, np.random.default_rng(0))


def test_the_answers_to_check_yourself_are_right():
    rng = np.random.default_rng(0)

    linear = Linear(3, 2, rng)
    linear.forward(rng.normal(size=(5, 3)))
    grad_x = linear.backward(rng.normal(size=(5, 2)))
    assert (grad_x.shape, linear.grad_W.shape, linear.grad_b.shape) == ((5, 3), (3, 2), (1, 2))

    softmax, x = Softmax(), rng.normal(size=(1, 4))
    np.testing.assert_allclose(softmax.forward(x + 100), softmax.forward(x))
    np.testing.assert_allclose(softmax.backward(np.full((1, 4), 7.0)), 0, atol=1e-12)

    network, x, y = MLP(6, [5], 3, rng), rng.normal(size=(4, 6)), np.eye(3)[[0, 2, 1, 1]]
    once, twice = gradients_of(network, x, y), gradients_of(network, [*x, *x], [*y, *y])
    assert once["L"] == pytest.approx(twice["L"])
    np.testing.assert_allclose(twice["y_hat"][:4], once["y_hat"] / 2, rtol=1e-5)
    np.testing.assert_allclose(twice["W1"], once["W1"], rtol=1e-4, atol=1e-8)


def gradients_of(network, x, y):
    """Return the loss and some of its gradients by the names in the computation graph."""
    loss = CrossEntropyLoss()
    L = loss.forward(network.forward(np.array(x)), np.array(y))
    grad_y_hat = loss.backward()
    grad_x = network.backward(grad_y_hat)
    first, *_, last = network.linears
    return {"L": L, "y_hat": grad_y_hat, "x": grad_x, "W1": first.grad_W, "W2": last.grad_W}


def test_the_step_in_numbers_is_what_the_layers_compute():
    values, gradients = make_pictures.step_in_numbers()
    network = MLP(2, [2], 2, np.random.default_rng(0))
    network.linears[0].W, network.linears[1].W = values["W1"], values["W2"]

    x = values["x"]
    for layer, name in zip(network.layers, ("z1", "h", "z2", "y_hat"), strict=True):
        x = layer.forward(x)
        np.testing.assert_allclose(x, values[name], atol=1e-12)
    found = gradients_of(network, values["x"], values["y"])
    assert found.pop("L") == pytest.approx(values["L"])
    for name, gradient in found.items():
        np.testing.assert_allclose(gradient, gradients[name], atol=1e-12)

    grad = gradients["y_hat"]
    for layer, name in zip(network.layers[::-1], ("z2", "h", "z1", "x"), strict=True):
        grad = layer.backward(grad)
        np.testing.assert_allclose(grad, gradients[name], atol=1e-12)
    for text in (CHINESE, ENGLISH):
        assert "$(-0.5, 0.5)$" in text  # the gradients of z2
        assert "$(-1, 3)$" in text  # and of h
    np.testing.assert_allclose(gradients["z2"], [[-0.5, 0.5]])
    np.testing.assert_allclose(gradients["h"], [[-1, 3]])
    assert gradients["x"][0, 0] == pytest.approx(-0.75 * np.log(3))
    for name, number in (("1.0986", values["z1"]), ("0.6931", values["L"])):
        assert f"{np.ravel(number)[0]:.4f}" == name
        assert name in section(CHINESE, 5)
        assert name in section(ENGLISH, 5)
    assert f"{gradients['x'][0, 0]:.3f}" == "-0.824"


@pytest.mark.parametrize("name", ["shapes", "broadcasting", "graph", "sigmoid", "step_size"])
def test_a_picture_without_training_can_be_made(name, tmp_path):
    make_pictures.PICTURE[name](tmp_path / "picture.png", None)
    assert (tmp_path / "picture.png").stat().st_size > 1000


def test_the_colours_of_the_questions_are_the_gradient_of_the_loss():
    rng = np.random.default_rng(0)
    network, loss = MLP(784, [16], 10, rng), CrossEntropyLoss()
    image = rng.integers(0, 256, (28, 28), dtype=np.uint8)
    gradient = make_pictures.gradient_of_image(model, network, image, digit=7).ravel()

    h, x, seven = 1e-4, standardise(image.reshape(1, -1)).astype(float), np.eye(10)[[7]]
    for pixel in np.argsort(-np.abs(gradient))[:5]:
        step = h * np.eye(784)[[pixel]]
        above = loss.forward(network.forward(x + step), seven)
        below = loss.forward(network.forward(x - step), seven)
        assert gradient[pixel] == pytest.approx((above - below) / (2 * h), rel=1e-3)


@BOTH
def test_the_lines_to_predict_give_the_results_shown(text, language):
    lines = re.search(r"```pycon\n(.*?)```", text, re.DOTALL)[1].replace(">>> ", "").splitlines()
    head = {"zh": "| 输入 | 结果 |", "en": "| input | result |"}[language]
    answers = {cells[0].strip("`"): cells[1] for cells in rows_after(text, head)}
    names = {}
    for line in lines:
        if line not in answers:
            exec(line, names)
            continue
        shown = re.match(r"`(.*?)`", answers.pop(line))[1]
        try:
            result = eval(line, names)
        except ValueError:
            assert shown == "ValueError"
            continue
        result = result.tolist() if isinstance(result, np.ndarray) else result
        assert shown == str(result)
    assert not answers
    right = names["M"] - names["M"].max(axis=1, keepdims=True)
    assert right.tolist() == 3 * [[-2, -1, 0]]


def test_the_table_of_step_sizes_is_right():
    columns = map(make_pictures.central_difference_errors, (np.float64, np.float32))
    measured = dict(zip(make_pictures.STEPS.round(12), zip(*columns, strict=True), strict=True))
    for row in rows_after(ENGLISH, "| step h"):
        step, *errors = map(float, row)
        # Processors round differently.
        assert np.abs(np.log(np.divide(errors, measured[step]))).max() < np.log(4)


@pytest.mark.parametrize("program", PROGRAMS, ids=range(len(PROGRAMS)))
def test_the_programs_print_what_the_handout_says(program):
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(program, {})
    printed = output.getvalue()
    if "above" in program:
        mine, numerical_gradient = map(float, printed.split())
        assert mine == pytest.approx(numerical_gradient, rel=1e-9)
    elif "print(first.grad_W)" in program:
        assert all(f"`{loss}`" in ENGLISH for loss in re.findall(r"L = \d\.\d+", printed))
        _, gradients = make_pictures.step_in_numbers()
        shown = re.findall(r"-?\d+\.\d*", printed.split("L = ")[1].split("\n", 1)[1])
        np.testing.assert_allclose(np.reshape(list(map(float, shown)), (2, 2)), gradients["W1"])
    elif "pen_digits" in program:
        begin = ENGLISH.index("```text\n", ENGLISH.index(program)) + len("```text\n")
        shown = ENGLISH[begin : ENGLISH.index("```", begin)]
        numbers = [np.array(re.findall(r"[\d.]+", text), float) for text in (printed, shown)]
        np.testing.assert_allclose(*numbers, rtol=0.02)  # processors round differently
    else:
        assert printed == "True\n" or f"```text\n{printed}```" in ENGLISH
