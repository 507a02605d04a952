"""What tests of a whole training share: a data set that is learned in a few steps, and commands."""

import numpy as np

import main
from support import console


def stripes(count, shift):
    """Return images of stripes and their labels: a network learns them in few steps."""
    labels = (np.arange(count) * 7 % 10).astype(np.uint8)
    columns = np.arange(28) + shift
    rows = np.where(columns // 2 % 10 == labels[:, None], 255, columns % 16).astype(np.uint8)
    return np.repeat(rows[:, None], 28, axis=1).reshape(count, 784), labels


def stripes_for_mnist(monkeypatch, training=320, validation=657, test=211):
    """Let MNIST be so many images, and return the three pairs (images, labels)."""
    pairs = stripes(training, 0), stripes(validation, 1), stripes(test, 2)
    images = np.concatenate([pairs[0][0], pairs[1][0]])
    labels = np.concatenate([pairs[0][1], pairs[1][1]])
    monkeypatch.setattr(main, "HELD_OUT", validation)
    monkeypatch.setattr(main, "load_mnist", lambda data_dir: (images, labels, *pairs[2]))
    return pairs


def run(options, model_dir):
    """Run the command as its script does, with results below `model_dir`; return the exit code."""
    return console.run(main.main, [*options.split(), "--model_dir", str(model_dir)])


def let_the_model_be(path, monkeypatch):
    """Let main.py check and train the file `path` in place of the model.py beside it."""
    load = main.gradient_check.load
    monkeypatch.setattr(main.gradient_check, "load", lambda _: load(path))
