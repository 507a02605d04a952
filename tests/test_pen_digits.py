"""Digits written by a simulated pen."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import pen_digits

MODULE = Path(pen_digits.__file__)


@pytest.fixture(scope="module")
def digits():
    return pen_digits.generate(1000, np.random.default_rng(0))


def test_every_digit_comes_equally_often_in_mixed_order(digits):
    images, labels = digits
    assert images.shape == (1000, 784)
    assert labels.shape == (1000,)
    assert images.dtype == labels.dtype == np.uint8
    np.testing.assert_array_equal(np.bincount(labels), [100] * 10)
    assert len(set(labels[:50])) == 10


def test_the_same_seed_writes_the_same_digits_and_another_seed_others(digits):
    images, labels = pen_digits.generate(1000, np.random.default_rng(0))
    np.testing.assert_array_equal(images, digits[0])
    np.testing.assert_array_equal(labels, digits[1])
    others, _ = pen_digits.generate(1000, np.random.default_rng(1))
    assert not np.array_equal(others, digits[0])


def test_no_two_writings_are_alike(digits):
    assert len(np.unique(digits[0], axis=0)) == 1000


@pytest.mark.parametrize("count", [0, 1, 7])
def test_any_number_of_digits_can_be_had(count):
    images, labels = pen_digits.generate(count, np.random.default_rng(0))
    assert images.shape == (count, 784)
    assert labels.shape == (count,)


def test_the_digits_are_inked_like_mnists(digits):
    """MNIST's training pixels have the mean 0.1307 and the standard deviation 0.3081."""
    pixels = digits[0] / 255
    assert pixels.mean() == pytest.approx(0.1307, abs=0.03)
    assert pixels.std() == pytest.approx(0.3081, abs=0.03)


def test_every_style_has_two_ways_that_move_the_pen_alike():
    for digit, share, *ways in pen_digits.STYLES:
        assert digit in range(10)
        assert share > 0
        shapes = [
            [[word.endswith("*") for word in stroke.split()] for stroke in way.split(";")]
            for way in ways
        ]
        assert len(ways) == 2
        assert shapes[0] == shapes[1], ways
        assert min(map(len, shapes[0])) > 1, ways


def test_a_line_passes_its_points_and_turns_sharply_only_at_corners():
    style = pen_digits._Style("0,0 5,5* 0,10 5,14; 0,0 9,9", "0,0 5,5* 0,10 5,14; 0,0 9,9")
    path = style.line @ style.ways[0]
    for point in style.ways[0]:
        assert np.min(np.hypot(*(path - point).T)) < 1e-9
    steps = np.diff(path, axis=0)
    angles = np.unwrap(np.arctan2(steps[:, 1], steps[:, 0])[np.hypot(*steps.T) > 1e-9])
    sharp = np.abs(np.diff(angles)) > 1
    assert sharp.sum() == 3  # at the corner, and where the pen is lifted and put down again


def test_a_quick_learner_tells_the_digits_apart(digits):
    """Each of 300 new digits is named after the nearest of 1,000: chance would be 10 %."""
    images, labels = (array.astype(np.float32) for array in digits)
    new, new_labels = pen_digits.generate(300, np.random.default_rng(2))
    new = new.astype(np.float32)
    distance = (images**2).sum(axis=1) - 2 * new @ images.T
    assert np.mean(labels[distance.argmin(axis=1)] == new_labels) > 0.6


def test_the_command_writes_a_page_of_digits(tmp_path, monkeypatch, capsys):
    page = tmp_path / "page.png"
    assert pen_digits.main(["--output", str(page)]) == 0
    assert page.read_bytes().startswith(b"\x89PNG")
    assert str(page) in capsys.readouterr().out


def test_a_page_that_cannot_be_written_is_one_sentence_and_exit_code_1(tmp_path, capsys):
    assert pen_digits.main(["--output", str(tmp_path / "missing" / "page.png")]) == 1
    assert "could not be written" in capsys.readouterr().err


def test_generating_digits_does_not_load_matplotlib():
    program = "import sys, pen_digits; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=MODULE.parent).returncode == 0
