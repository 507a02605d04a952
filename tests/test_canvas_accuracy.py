"""The benchmark that reads people's pen strokes."""

import re

import numpy as np
import pytest

import canvas_accuracy
import model
import pen_digits
import strokes

FILE = """\
.INCLUDE dene.doc
.LEXICON "0" "1" "2"
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
def strokes_file(tmp_path):
    path = tmp_path / "strokes.txt"
    path.write_text(FILE)
    return path


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("model") / "weights.npz"
    model.MLP(784, [8], 10, np.random.default_rng(0)).save(path, dataset="none", epoch=1)
    return path


def test_strokes_and_labels_are_read_with_y_turned_down(strokes_file):
    drawings, labels = canvas_accuracy.read_unipen(strokes_file)
    assert labels == [7, 1]
    assert [len(drawing) for drawing in drawings] == [2, 1]
    np.testing.assert_array_equal(drawings[0][0], [[0, -500], [300, -500], [100, 0]])
    np.testing.assert_array_equal(drawings[1][0], [[10.5, -400], [10.5, -100]])


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "holds no digits"),
        ("\x00\xff not text at all", "holds no digits"),
        (".PEN_DOWN\n1 2\n.PEN_UP\n", "line 1: a stroke before the first"),
        (FILE.replace('"7"', "seven"), "line 3: a digit's label"),
        (FILE.replace('"7"', '"12"'), "line 3: a digit's label"),
        (FILE.replace("300 500", "300"), "line 7: not a point"),
        (FILE.replace("300 500", "300 nan"), "line 7: not a point"),
        (FILE.replace("300 500", "300 1e999"), "line 7: not a point"),
        (FILE.replace("300 500", "three 500"), "line 7: not a point"),
        (FILE[: FILE.rindex(".PEN_UP")], "ends within a stroke"),
    ],
)
def test_bad_strokes_are_one_sentence_and_exit_code_1(tmp_path, capsys, weights, content, problem):
    path = tmp_path / "strokes.txt"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(canvas_accuracy.UnipenError, match=problem):
        canvas_accuracy.read_unipen(path)
    assert canvas_accuracy.main([str(path), "--weights", str(weights)]) == 1
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.count("\n") == 1
    assert problem in output.err


def test_a_missing_file_is_one_sentence_and_exit_code_1(tmp_path, capsys, weights):
    assert canvas_accuracy.main([str(tmp_path / "none"), "--weights", str(weights)]) == 1
    assert "could not be read" in capsys.readouterr().err


def test_without_weights_the_command_that_makes_them_is_named(tmp_path, strokes_file, capsys):
    assert canvas_accuracy.main([str(strokes_file), "--weights", str(tmp_path / "none.npz")]) == 1
    assert "python chapter03/solution/main.py" in capsys.readouterr().err


@pytest.mark.parametrize("sizes", [(100, 10), (784, 3)])
def test_a_network_of_other_sizes_is_refused(tmp_path, strokes_file, capsys, sizes):
    path = tmp_path / "weights.npz"
    model.MLP(sizes[0], [4], sizes[1], np.random.default_rng(0)).save(path)
    assert canvas_accuracy.main([str(strokes_file), "--weights", str(path)]) == 1
    assert "784 pixels" in capsys.readouterr().err


def test_the_last_line_is_the_accuracy_and_counts_what_the_window_would_read(
    strokes_file, weights, capsys
):
    assert canvas_accuracy.main([str(strokes_file), "--weights", str(weights)]) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    network, _ = model.MLP.load(weights)
    drawings, labels = canvas_accuracy.read_unipen(strokes_file)
    right = sum(
        strokes.read(network, drawing).argmax() == label
        for drawing, label in zip(drawings, labels, strict=True)
    )
    assert last == f"accuracy {right / 2:.4f} ({right}/2)"


def test_the_confusion_table_has_what_was_meant_in_rows_and_what_was_read_in_columns():
    lines = canvas_accuracy.confusion_table([7, 7, 7, 1], [7, 7, 1, 1]).splitlines()
    assert len(lines) == 11
    assert re.findall(r"\S+", lines[8]) == [*"7010000020", "0", "66.7%"]
    assert re.findall(r"\S+", lines[1]) == [*"00000000000", "-"]


def test_a_picture_of_the_misread_digits_is_written(tmp_path, strokes_file, weights, capsys):
    errors = tmp_path / "errors.png"
    assert (
        canvas_accuracy.main(
            [str(strokes_file), "--weights", str(weights), "--errors", str(errors)]
        )
        == 0
    )
    assert re.match(r"accuracy [01]\.\d{4} \(\d/2\)$", capsys.readouterr().out.splitlines()[-1])
    assert errors.read_bytes().startswith(b"\x89PNG")


def test_a_sheet_shows_each_image_once_and_leaves_the_rest_white():
    images = np.full((3, 784), 255, dtype=np.uint8)
    sheet = pen_digits.contact_sheet(images, columns=2)
    assert sheet.shape == (56, 56)
    assert (sheet == 0).sum() == 3 * 784
    assert (sheet[28:, 28:] == 255).all()
