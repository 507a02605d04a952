"""The benchmark that reads people's pen strokes."""

import numpy as np
import pytest

import canvas_accuracy
import model
from support import weights

# A 7 of two strokes and a 1.
UNIPEN = """\
.SEGMENT DIGIT 0 ? "7"
.PEN_DOWN
 0 500
 300 500
 100 0
.PEN_UP
.PEN_DOWN
 50 250
 250 250
.PEN_UP

.SEGMENT DIGIT 1-2 ? "1"
.PEN_DOWN
 10.5 400
 10.5 1e2
.PEN_UP
"""


@pytest.fixture
def run(tmp_path, capsys):
    """Return a function: UNIPEN text and options -> exit code, output, errors. It reads only 7s."""
    network = model.MLP(784, [4], 10, np.random.default_rng(0))
    network.linears[-1].W[:] = 0
    network.linears[-1].b[0, 7] = 1
    weights.save(tmp_path / "weights.npz", network)

    def run(text, *options):
        path = tmp_path / "strokes.txt"
        path.write_text(text)
        words = [path, "--weights", tmp_path / "weights.npz", *options]
        return canvas_accuracy.main(map(str, words)), *capsys.readouterr()

    return run


def test_each_digit_is_read_from_strokes_with_y_down(run, tmp_path, chinese):
    code, output, _ = run(UNIPEN)
    lines = output.splitlines()
    assert code == 0
    assert lines[1 + 7].split() == [*"70000000100", "100.0%"]
    assert lines[1 + 1].split() == [*"10000000100", "0.0%"]
    assert lines[-1] == "accuracy 0.5000 (1/2)"
    (seven, _), labels = canvas_accuracy.read_unipen(tmp_path / "strokes.txt")
    assert labels == [7, 1]
    assert seven[0].tolist() == [[0, -500], [300, -500], [100, 0]]


def test_text_that_is_not_unipen_is_one_sentence_with_its_line(run):
    for text, line in (("", 1), (UNIPEN.replace("300 500", "300"), 4)):
        code, output, errors = run(text)
        assert (code, output, errors.count("\n")) == (1, "", 1)
        assert f"strokes.txt, line {line}, is not as in UNIPEN text" in errors


def test_the_misread_digits_become_a_picture(run, tmp_path):
    assert "1 misread digits" in run(UNIPEN, "--errors", tmp_path / "errors.png")[1]
    assert (tmp_path / "errors.png").read_bytes().startswith(b"\x89PNG")
