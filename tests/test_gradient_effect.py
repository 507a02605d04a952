"""The benchmark that follows the gradient which the window shows."""

import numpy as np
import pytest

import gradient_effect
import model
from support import weights
from test_canvas_accuracy import UNIPEN


@pytest.fixture
def run(tmp_path, capsys):
    """Return a function: options -> output. Ink in the upper left corner is a 1, without it a 0."""
    network = model.MLP(784, [], 10, np.random.default_rng(0))
    W = np.zeros((28, 28, 10))
    W[:3, :3, 1] = 10
    network.linears[0].W = W.reshape(784, 10)
    network.linears[0].b = np.array([[2.0, -20, -90, -90, -90, -90, -90, -90, -90, -90]])
    weights.save(tmp_path / "weights.npz", network)
    (tmp_path / "strokes.txt").write_text(UNIPEN)

    def run(*options):
        words = [tmp_path / "strokes.txt", "--weights", tmp_path / "weights.npz", *options]
        gradient_effect.main([str(word) for word in words])
        return capsys.readouterr().out

    return run


def test_enough_pixels_make_all_drawings_the_second_likeliest_digit(run):
    output = run("--drawings", "2", "--pixels", "9")
    assert "gains 1.00 of probability" in output
    assert output.endswith("100.0% of the drawings become that digit (2/2)\n")


def test_too_few_pixels_make_none(run):
    output = run("--drawings", "2", "--pixels", "1")
    assert "1 of 784 pixels changed" in output
    assert output.endswith("0.0% of the drawings become that digit (0/2)\n")
