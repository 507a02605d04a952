"""The benchmark that reads people's pen strokes."""

import numpy as np
import pytest

import canvas_accuracy
import model
from support import weights

# A 7 of two strokes and a 1.
UNIPEN = """\
.SEGMENT DIGIT 0 ? "7"
.COMMENT 7 8 9
.PEN_DOWN
 0 500
 300 500
 100 0
.PEN_UP
.DT 100
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
        path.write_bytes(text.encode("latin-1"))
        words = str(path), "--weights", str(tmp_path / "weights.npz"), *map(str, options)
        return canvas_accuracy.main(words), *capsys.readouterr()

    return run


def test_the_strokes_are_lists_of_points_with_y_down(run, tmp_path):
    run(UNIPEN)
    drawings, labels = canvas_accuracy.read_unipen(tmp_path / "strokes.txt")
    assert labels == [7, 1]
    assert [[len(stroke) for stroke in drawing] for drawing in drawings] == [[3, 2], [2]]
    assert drawings[0][0].tolist() == [[0, -500], [300, -500], [100, 0]]


def test_rows_are_what_was_meant_and_the_last_line_is_the_accuracy(run, chinese):
    code, output, _ = run(UNIPEN)
    lines = output.splitlines()
    assert code == 0
    assert lines[1 + 7].split() == [*"70000000100", "100.0%"]
    assert lines[1 + 1].split() == [*"10000000100", "0.0%"]
    assert lines[-1] == "accuracy 0.5000 (1/2)"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("\x00\xff not text", 2),
        (".PEN_DOWN\n1 2\n.PEN_UP\n", 1),
        (UNIPEN.replace('"7"', '"12"'), 1),
        (UNIPEN.replace("300 500", "300"), 5),
        (UNIPEN.replace("300 500", "300 nan"), 5),
        (UNIPEN[: UNIPEN.rindex(".PEN_UP")], 18),
    ],
)
def test_text_that_is_not_unipen_is_one_sentence_with_its_line(run, text, line):
    code, output, errors = run(text)
    assert (code, output, errors.count("\n")) == (1, "", 1)
    assert f"strokes.txt, line {line}, is not as in UNIPEN text" in errors


def test_files_that_are_missing_are_one_sentence(run, tmp_path):
    for options, problem in (
        (("--weights", tmp_path / "none.npz"), "There are no weights"),
        (("--errors", tmp_path / "strokes.txt" / "errors.png"), "could not be written"),
    ):
        code, _, errors = run(UNIPEN, *options)
        assert (code, errors.count("\n")) == (1, 1)
        assert problem in errors
    assert canvas_accuracy.main([str(tmp_path / "none.txt")]) == 1


def test_the_misread_digits_become_a_picture(run, tmp_path):
    assert "1 misread digits" in run(UNIPEN, "--errors", tmp_path / "errors.png")[1]
    assert (tmp_path / "errors.png").read_bytes().startswith(b"\x89PNG")
    assert "No digit was misread" in run(UNIPEN.replace('2 ? "1"', '2 ? "7"'), "--errors", "x")[1]
