"""The pictures of a training hold the figures of the training."""

import os
import subprocess
import sys
from pathlib import Path

import matplotlib
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


def legend_of(figure):
    return [text.get_text() for text in figure.legends[0].get_texts()]


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
    assert losses.get_ylim()[0] == 0
    assert [axes.get_xlabel() for axes in figure.axes] == ["epoch", "epoch"]
    assert losses.get_ylabel() == "loss"
    assert legend_of(figure) == ["training", "validation", "solution, lr 0.1"]


def test_without_another_network_there_are_two_lines(figures, tmp_path):
    for other in ({}, {"dataset": "mnist", "history": []}):
        pictures.draw_losses(tmp_path / "loss.png", META, "solution", other)
        assert legend_of(figures[-1]) == ["training", "validation"]


def test_equal_curves_of_both_networks_can_be_told_apart(figures, tmp_path):
    pictures.draw_losses(tmp_path / "loss.png", META, "startup", META)
    assert legend_of(figures[0])[2] == "startup"
    for axes in figures[0].axes:
        for color in {line.get_color() for line in axes.lines} - {"gray"}:
            lines = [line for line in axes.lines if line.get_color() == color]
            own, other = sorted(lines, key=lambda line: line.get_linewidth())
            assert (own.get_linestyle(), other.get_linestyle()) == ("-", "--")
            # The wide one shows on both sides of the narrow one, which lies above it.
            assert other.get_linewidth() >= own.get_linewidth() + 2
            assert other.get_zorder() < own.get_zorder()


def test_settings_of_the_user_s_neither_count_nor_change(figures, tmp_path):
    with matplotlib.rc_context({"axes.facecolor": "black"}):
        pictures.draw_losses(tmp_path / "loss.png", META, "solution", {})
        assert matplotlib.rcParams["axes.facecolor"] == "black"
    for axes in figures[0].axes:
        assert matplotlib.colors.to_hex(axes.get_facecolor()) == "#ffffff"


@pytest.mark.parametrize("epochs", [1, 2, 3, 7, 100])
def test_epochs_are_whole_numbers(epochs, figures, tmp_path):
    meta = {**META, "options": {**OPTIONS, "epochs": epochs}, "history": META["history"][:epochs]}
    pictures.draw_losses(tmp_path / "loss.png", meta, "solution", {})
    for axes in figures[0].axes:
        low, high = axes.get_xlim()
        shown = [tick for tick in axes.get_xticks() if low <= tick <= high]
        assert shown
        assert all(float(tick).is_integer() for tick in shown)


FAR = {
    "hidden_dims": [64] * 40, "lr": 0.001, "momentum": 0.123456789, "batch_size": 1000,
    "epochs": 3, "seed": 123456789, "no_jitter": True,
}  # fmt: skip


@pytest.mark.parametrize(
    "other",
    [OTHER, {**OTHER, "options": FAR}, {**OTHER, "options": {"hidden_dims": [1000] * 900}}],
    ids=["one option", "all options", "900 layers"],
)
def test_the_legend_is_within_the_picture(other, figures, tmp_path):
    pictures.draw_losses(tmp_path / "loss.png", META, "startup", other)
    (figure,) = figures
    legend = figure.legends[0].get_window_extent()
    assert legend.x0 >= 0
    assert legend.y0 >= 0
    assert legend.x1 <= 900
    for axes in figure.axes:
        assert axes.get_window_extent().height > 150
        assert axes.get_window_extent().y0 > legend.y1


def test_signs_of_a_formula_are_shown_as_they_are(figures, tmp_path):
    strange = {**OTHER, "dataset": r"$\frac$"}
    pictures.draw_losses(tmp_path / "loss.png", META, "startup", strange)
    assert r"$\frac$" in legend_of(figures[0])[2]


def test_the_label_names_what_was_chosen_otherwise():
    theirs = {"dataset": "pen", "options": {**OPTIONS, "lr": 0.1, "seed": 3}}
    assert pictures.label(META, "startup", theirs) == "startup, lr 0.1, seed 3, dataset pen"
    assert pictures.label(META, "startup", META) == "startup"
    assert pictures.label(META, "startup", {}) == "startup"
    theirs = {"options": {"hidden_dims": [8] * 100_000}}
    assert len(pictures.label(META, "startup", theirs)) < 400


def visible(figure):
    return [[axes for axes in half.axes if axes.get_visible()] for half in figure.subfigs]


def test_mistakes_are_the_surest_first_and_each_says_what_was_read(figures, tmp_path):
    images = np.arange(30, dtype=np.uint8)[:, None].repeat(784, axis=1)
    labels = np.arange(30) % 10
    y_hat = np.full((30, 10), 0.02)
    y_hat[np.arange(30), (labels + (np.arange(30) >= 4)) % 10] = 0.5 + np.arange(30) / 100
    W = np.random.default_rng(0).normal(size=(784, 30)) * np.arange(1, 31)
    pictures.draw_mistakes(tmp_path / "mistakes.png", images, labels, y_hat, W)
    left, _ = figures[0].subfigs
    assert left.get_suptitle() == "Most confident mistakes on the test set"
    digits, units = visible(figures[0])
    titles = [axes.get_title() for axes in digits[:2]]
    assert titles == ["9 read as 0\n79.0 %", "8 read as 9\n78.0 %"]
    assert digits[0].images[0].get_array().mean() == 29
    assert len(digits) == 20
    # The units with the largest weights, in their order.
    assert [axes.get_title() for axes in units] == [f"hidden unit {j}" for j in range(10, 30)]
    np.testing.assert_array_equal(units[3].images[0].get_array().ravel(), W[:, 13])
    low, high = units[3].images[0].get_clim()
    assert (-low, high) == (np.abs(W[:, 13]).max(),) * 2


@pytest.mark.parametrize(("mistakes", "units"), [(3, 300), (0, 1)])
def test_few_mistakes_and_units_leave_no_empty_axes(mistakes, units, figures, tmp_path):
    images, labels = np.zeros((30, 784), np.uint8), np.zeros(30, int)
    y_hat = np.eye(10)[[1] * mistakes + [0] * (30 - mistakes)]
    pictures.draw_mistakes(tmp_path / "mistakes.png", images, labels, y_hat, np.ones((784, units)))
    assert [len(half) for half in visible(figures[0])] == [mistakes, min(units, 20)]


def test_a_picture_that_cannot_be_written_leaves_the_old_one(tmp_path):
    (tmp_path / "loss.png").mkdir()
    with pytest.raises(OSError, match=r"loss\.png"):
        pictures.draw_losses(tmp_path / "loss.png", META, "solution", {})
    assert [path.name for path in tmp_path.iterdir()] == ["loss.png"]


DRAW = """
import os, sys
sys.path.insert(0, sys.argv[1])
from support import pictures
meta = {"history": [[1, 1, 0.5]], "options": {"epochs": 1}}
for _ in range(2):
    try:
        pictures.draw_losses(sys.argv[2], meta, "startup", {})
    except ImportError as error:
        print(error)
print(os.environ.get("MPLBACKEND"))
"""


def draw_in_a_process(tmp_path, **environment):
    chapter = Path(pictures.__file__).parent.parent
    result = subprocess.run(
        [sys.executable, "-c", DRAW, str(chapter), str(tmp_path / "loss.png")],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return result.stdout, result.stderr


def test_a_backend_of_the_user_s_is_neither_needed_nor_lost(tmp_path):
    assert draw_in_a_process(tmp_path, MPLBACKEND="nonsense") == ("nonsense\n", "")
    assert (tmp_path / "loss.png").exists()


def test_a_matplotlib_that_cannot_be_imported_prints_no_pages(tmp_path):
    broken = tmp_path / "matplotlib"
    broken.mkdir()
    (broken / "__init__.py").write_text(
        "import sys\nprint('Traceback: pages of NumPy', file=sys.stderr)\n"
        "raise ImportError('numpy.core.multiarray failed to import')\n"
    )
    output, errors = draw_in_a_process(tmp_path, PYTHONPATH=str(tmp_path), MPLBACKEND="agg")
    assert output == "numpy.core.multiarray failed to import\n" * 2 + "agg\n"
    assert errors == ""


def test_what_matplotlib_says_while_it_is_imported_is_not_lost(tmp_path):
    (tmp_path / "matplotlib").mkdir()
    (tmp_path / "matplotlib" / "__init__.py").write_text(
        "import sys, importlib\nprint('building the font cache', file=sys.stderr)\n"
        "sys.path.remove(sys.path[sys.path.index(__file__.rsplit('matplotlib', 1)[0][:-1])])\n"
        "del sys.modules['matplotlib']\nimportlib.import_module('matplotlib')\n"
    )
    _, errors = draw_in_a_process(tmp_path, PYTHONPATH=str(tmp_path))
    assert errors == "building the font cache\n"
