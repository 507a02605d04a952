"""What the checks accept walks the whole road: it trains, is saved, loads and reads a drawing."""

import numpy as np
import pytest

import main
import small_training
from data import standardise
from submissions import SUBMISSIONS
from support import pictures, strokes, weights

RIGHT = [submission for submission in SUBMISSIONS if submission.says == "PASS"]
# A seven, as the pen goes: points (x, y).
SEVEN = [np.array([[0.0, 0.0], [20.0, 0.0], [8.0, 30.0]])]


def name_of(submission):
    return f"{submission.blamed}-{RIGHT.index(submission)}"


@pytest.mark.parametrize("submission", RIGHT, ids=name_of)
def test_right_code_trains_is_saved_loads_and_reads(submission, tmp_path, monkeypatch, capsys):
    path = tmp_path / "model.py"
    path.write_text(submission.source, encoding="utf-8")
    walk(path, tmp_path, monkeypatch)
    assert capsys.readouterr().err == ""


def walk(path, tmp_path, monkeypatch):
    """Train the file `path` for two epochs, with left-over rows; then load it and read a seven."""
    small_training.stripes_for_mnist(monkeypatch, training=80, validation=30, test=20)
    small_training.let_the_model_be(path, monkeypatch)
    monkeypatch.setattr(pictures, "draw_losses", lambda *arguments: None)
    monkeypatch.setattr(pictures, "draw_mistakes", lambda *arguments: None)
    options = "--skip_checks --dataset mnist --hidden_dims 6 5 --batch_size 32 --epochs 2"
    assert small_training.run(options, tmp_path) == 0

    model = main.gradient_check.load(path)
    network, meta = weights.load(tmp_path / "solution" / "weights.npz", model.MLP)
    assert len(meta["history"]) == 2
    image = strokes.render(SEVEN)
    y_hat = network.forward(standardise(image.reshape(1, 784)))
    assert y_hat.shape == (1, 10)
    assert y_hat.sum() == pytest.approx(1, abs=1e-5)
