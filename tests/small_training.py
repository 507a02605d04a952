"""What tests of a whole training share: a data set that is learned in a few steps, and commands."""

import numpy as np

import main
from support import console

HELD_OUT = 657


def stripes(count, shift):
    """Return images of stripes and their labels: a network learns them in few steps."""
    labels = (np.arange(count) * 7 % 10).astype(np.uint8)
    columns = np.arange(28) + shift
    rows = np.where(columns // 2 % 10 == labels[:, None], 255, columns % 16).astype(np.uint8)
    return np.repeat(rows[:, None], 28, axis=1).reshape(count, 784), labels


def stripes_for_mnist(monkeypatch):
    """Let MNIST be 320 images to train on, 657 for validation and 211 for the test."""
    training = stripes(320, 0)
    validation = stripes(HELD_OUT, 1)
    test = stripes(211, 2)
    images = np.concatenate([training[0], validation[0]])
    labels = np.concatenate([training[1], validation[1]])
    monkeypatch.setattr(main, "HELD_OUT", HELD_OUT)
    monkeypatch.setattr(main, "load_mnist", lambda data_dir: (images, labels, *test))
    return training, validation, test


def run(options, model_dir):
    """Run the command as its script does, with results below `model_dir`; return the exit code."""
    return console.run(main.main, [*options.split(), "--model_dir", str(model_dir)])


def let_the_model_be(path, monkeypatch):
    """Let main.py check and train the file `path` in place of the model.py beside it."""
    load = main.gradient_check.load
    monkeypatch.setattr(main.gradient_check, "load", lambda _: load(path))
