"""The pictures of a training: losses and accuracy by epoch (handout, section 8)."""

import contextlib
import functools
import io
import os
import sys

import numpy as np

from support.files import replace_whole
from support.language import say

SHOWN = 20  # misread digits, and hidden units


def draw_losses(path, meta, other, other_meta):
    """Make the file `path` a picture of the history in `meta`, as weights.py describes both.

    Behind it, dashed, stand the curves of the folder `other` where `other_meta` has a history.
    """
    with _picture(path, (9, 4.2)) as figure:
        losses, accuracies = figure.subplots(1, 2)
        losses.set(xlabel="epoch", ylabel="loss")
        accuracies.set(xlabel="epoch", ylabel="accuracy of the validation images (%)")
        _draw_history(losses, accuracies, meta, ".-", linewidth=1.5)
        if other_meta.get("history"):
            _draw_history(losses, accuracies, other_meta, "--", linewidth=0.8, label="_")
            losses.plot([], "--", color="gray", linewidth=0.8, label=label(meta, other, other_meta))
        for axes in (losses, accuracies):
            axes.set_xlim(0.5, meta["options"]["epochs"] + 0.5)
            axes.xaxis.get_major_locator().set_params(integer=True)
            axes.grid(alpha=0.3)
        losses.set_ylim(bottom=0)
        figure.legend(loc="outside lower center", ncols=3, frameon=False)


def _draw_history(losses, accuracies, meta, style, **line):
    epochs = range(1, 1 + len(meta["history"]))
    training, validation, accuracy = np.transpose(meta["history"])
    losses.plot(epochs, training, style, color="tab:blue", **{"label": "training", **line})
    losses.plot(epochs, validation, style, color="tab:orange", **{"label": "validation", **line})
    accuracies.plot(epochs, 100 * accuracy, style, color="tab:green", **{"label": "_", **line})


def label(meta, other, other_meta):
    """Return the other folder's name and what was chosen otherwise, as in "startup, lr 0.001"."""
    ours, theirs = (
        {**m.get("options", {}), "dataset": m.get("dataset")} for m in (meta, other_meta)
    )
    chosen = [f"{name} {theirs[name]}" for name in theirs if theirs[name] != ours.get(name)]
    return ", ".join([other, *chosen])


def draw_mistakes(path, images, labels, y_hat, W):
    """Make `path` a picture of the surest misreadings and of the first layer's weights.

    `images` (n, 784), `labels` (n,) and the network's `y_hat` (n, 10) are of the test;
    column j of W (784, m) is what hidden unit j multiplies the pixels with.
    """
    read, sure = y_hat.argmax(axis=1), y_hat.max(axis=1)
    misread = np.flatnonzero(read != labels)
    surest = misread[np.argsort(-sure[misread], kind="stable")][:SHOWN]
    strongest = np.sort(np.argsort(-np.linalg.norm(W, axis=0), kind="stable")[:SHOWN])
    with _picture(path, (10, 5.8)) as figure:
        left, right = figure.subfigures(1, 2, wspace=0.04)
        left.suptitle("Surest of its mistakes in the test")
        for axes, i in zip(_squares(left, len(surest)), surest, strict=True):
            axes.imshow(images[i].reshape(28, 28), cmap="gray_r")
            axes.set_title(f"{labels[i]} read as {read[i]}\n{100 * sure[i]:.1f} %", size=8)
        right.suptitle("What the first layer looks for: red more ink, blue less")
        for axes, j in zip(_squares(right, len(strongest)), strongest, strict=True):
            limit = np.abs(W[:, j]).max()
            axes.imshow(W[:, j].reshape(28, 28), cmap="RdBu_r", vmin=-limit, vmax=limit)
            axes.set_title(f"hidden unit {j}", size=8)


def _squares(figure, count):
    squares = figure.subplots(4, 5).ravel()
    for i, axes in enumerate(squares):
        axes.set(xticks=[], yticks=[], visible=i < count)
        axes.spines[:].set_color("0.8")
    return squares[:count]


@contextlib.contextmanager
def _picture(path, size):
    """Yield an empty figure, and save it; settings of the user's neither count nor change."""
    backend = os.environ.pop("MPLBACKEND", None)  # it may name one that this Python cannot import
    # Only here: matplotlib takes 0.4 seconds, and neither the checks nor the window need it.
    import matplotlib
    from matplotlib.figure import Figure

    if backend is not None:
        os.environ["MPLBACKEND"] = backend
    content = io.BytesIO()
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        figure = Figure(figsize=size, dpi=100, layout="constrained")
        yield figure
        figure.savefig(content, format="png")
    try:
        replace_whole(path, content.getbuffer())
    except OSError as error:
        _warn(path, error.strerror or str(error))


@functools.cache
def _warn(path, why):
    """Say once that a picture could not be written: it is not worth ending the training."""
    text = say(
        f"Warning: {path} could not be written: {why}. The training goes on without it.",
        f"警告：无法写入 {path}：{why}。训练继续进行，只是没有这张图。",
    )
    print(text, file=sys.stderr)
