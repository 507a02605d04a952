"""The pictures of a training hold the figures of the training."""

import os
from unittest import mock

import numpy as np
import pytest
from matplotlib.figure import Figure

from support import pictures

OPTIONS = {"hidden_dims": [8], "lr": 0.01, "epochs": 20}
META = {"dataset": "mnist", "options": OPTIONS, "history": [[2.0, 1.5, 0.4], [1.0, 0.7, 0.8]]}
OTHER = {"dataset": "mnist", "options": {**OPTIONS, "lr": 0.1}, "history": [[1.8, 1.2, 0.6]]}


@pytest.fixture
def figures(monkeypatch):
    """The figures that have been saved."""
    saved = []
    savefig = Figure.savefig

    def save_and_look(figure, *args, **kwargs):
        saved.append(figure)
        return savefig(figure, *args, **kwargs)

    monkeypatch.setattr(Figure, "savefig", save_and_look)
    return saved


def curves(axes):
    lines = {(line.get_color(), line.get_linestyle()): line.get_ydata() for line in axes.lines}
    return {style: list(heights) for style, heights in lines.items() if len(heights)}


def test_the_plot_shows_both_losses_the_accuracy_and_dashed_the_other_network_s(figures, tmp_path):
    pictures.draw_losses(tmp_path / "loss.png", META, "solution", OTHER)
    assert (tmp_path / "loss.png").read_bytes().startswith(b"\x89PNG")
    (figure,) = figures
    losses, accuracy = figure.axes
    assert curves(losses) == {
        ("tab:blue", "-"): [2.0, 1.0], ("tab:orange", "-"): [1.5, 0.7],
        ("tab:blue", "--"): [1.8], ("tab:orange", "--"): [1.2],
    }  # fmt: skip
    assert curves(accuracy) == {("tab:green", "-"): [40, 80], ("tab:green", "--"): [60]}
    assert losses.get_xlim() == (0.5, 20.5)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["training", "validation", "solution, lr 0.1"]


def visible(figure):
    return [[axes for axes in half.axes if axes.get_visible()] for half in figure.subfigs]


def test_mistakes_are_the_surest_first_and_each_says_what_was_read(figures, tmp_path):
    images = np.arange(30, dtype=np.uint8)[:, None].repeat(784, axis=1)
    labels = np.arange(30) % 10
    y_hat = np.full((30, 10), 0.02)
    y_hat[np.arange(30), (labels + (np.arange(30) >= 4)) % 10] = 0.5 + np.arange(30) / 100
    W = np.random.default_rng(0).normal(size=(784, 8)) * np.arange(1, 9)
    pictures.draw_mistakes(tmp_path / "mistakes.png", images, labels, y_hat, W)
    digits, units = visible(figures[0])
    titles = [axes.get_title() for axes in digits[:2]]
    assert titles == ["9 read as 0\n79.0 %", "8 read as 9\n78.0 %"]
    assert digits[0].images[0].get_array().mean() == 29
    assert len(digits) == 20
    assert len(units) == 8
    np.testing.assert_array_equal(units[3].images[0].get_array().ravel(), W[:, 3])


def test_few_mistakes_leave_no_empty_axes(figures, tmp_path):
    images, labels = np.zeros((30, 784), np.uint8), np.zeros(30, int)
    y_hat = np.eye(10)[[1] * 3 + [0] * 27]
    pictures.draw_mistakes(tmp_path / "mistakes.png", images, labels, y_hat, np.ones((784, 300)))
    assert [len(half) for half in visible(figures[0])] == [3, 20]


def test_a_picture_that_cannot_be_written_is_one_warning(tmp_path, monkeypatch, capsys):
    refuse = PermissionError(13, "Permission denied")
    monkeypatch.setattr(os, "replace", mock.Mock(side_effect=refuse))
    for _ in range(3):
        pictures.draw_losses(tmp_path / "held.png", META, "solution", {})
    errors = capsys.readouterr().err
    assert errors.startswith(f"Warning: {tmp_path / 'held.png'} could not be written: Permission")
    assert errors.count("\n") == 1
