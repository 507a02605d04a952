"""The pictures of a training run: losses and accuracy by epoch, and mistakes (handout, section 8).

Whatever goes wrong here is raised; results.py makes it a warning.
"""

import contextlib
import io
import os
import sys
import textwrap

import numpy as np

from support.files import replace_whole

SHOWN = 20  # misread digits, and hidden units
LABEL_LENGTH = 300
LABEL_WIDTH = 60


def draw_losses(path, meta, rival_name, rival_meta):
    """Make the file `path` a picture of the history in `meta`, as weights.py describes both.

    Behind it, wide, pale and dashed, stand the curves of the folder `rival_name` where
    `rival_meta` has a history.
    """
    with _picture(path, (9, 4.2)) as figure:
        losses, accuracies = figure.subplots(1, 2)
        losses.set(xlabel="epoch", ylabel="loss")
        accuracies.set(xlabel="epoch", ylabel="accuracy of the validation images (%)")

        own = {"linestyle": "-", "marker": ".", "linewidth": 1.5}
        training, validation = _draw_history(losses, accuracies, meta["history"], own)
        training.set_label("training")
        validation.set_label("validation")

        if rival_meta.get("history"):
            # So wide, and behind, that both can be seen where the networks have the same curves.
            wide = {"linestyle": "--", "linewidth": 5, "alpha": 0.35, "zorder": 1}
            _draw_history(losses, accuracies, rival_meta["history"], wide)
            text = textwrap.fill(label(meta, rival_name, rival_meta), LABEL_WIDTH)
            losses.plot([], color="gray", label=text, **wide)

        for axes in (losses, accuracies):
            axes.set_xlim(0.5, meta["options"]["epochs"] + 0.5)
            axes.xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
            axes.grid(alpha=0.3)
        losses.set_ylim(bottom=0)
        legend = figure.legend(loc="outside lower center", ncols=3, handlelength=4, frameon=False)
        for text in legend.get_texts():
            text.set_parse_math(False)


def _draw_history(losses, accuracies, history, style):
    """Draw the three curves, and return the lines of the two losses."""
    epochs = range(1, len(history) + 1)
    training_loss, validation_loss, accuracy = np.transpose(history)
    (training,) = losses.plot(epochs, training_loss, color="tab:blue", **style)
    (validation,) = losses.plot(epochs, validation_loss, color="tab:orange", **style)
    accuracies.plot(epochs, 100 * accuracy, color="tab:green", **style)
    return training, validation


def label(meta, rival_name, rival_meta):
    """Return the rival's name and what was chosen otherwise, as in "startup, lr 0.001"."""
    ours = {**meta.get("options", {}), "dataset": meta.get("dataset")}
    theirs = dict(rival_meta.get("options", {}))
    if "dataset" in rival_meta:
        theirs["dataset"] = rival_meta["dataset"]

    parts = [rival_name]
    for name, value in theirs.items():
        if value != ours.get(name):
            parts.append(f"{name} {value}")
    text = ", ".join(parts)
    return text if len(text) <= LABEL_LENGTH else text[:LABEL_LENGTH] + " ..."


def draw_mistakes(path, images, labels, y_hat, W):
    """Make `path` a picture of the surest misreadings and of the first layer's weights.

    `images` (N, 784), `labels` (N,) and the network's `y_hat` (N, 10) are of the test;
    column j of W (784, m) is what hidden unit j multiplies the pixels with.
    """
    read = y_hat.argmax(axis=1)
    sure = y_hat.max(axis=1)
    misread = np.flatnonzero(read != labels)
    surest = misread[np.argsort(-sure[misread], kind="stable")][:SHOWN]
    strongest = np.sort(np.argsort(-np.linalg.norm(W, axis=0), kind="stable")[:SHOWN])

    with _picture(path, (10, 5.8)) as figure:
        left, right = figure.subfigures(1, 2, wspace=0.04)

        left.suptitle("Most confident mistakes on the test set")
        for axes, i in zip(_squares(left, len(surest)), surest, strict=True):
            axes.imshow(images[i].reshape(28, 28), cmap="gray_r")
            axes.set_title(f"{labels[i]} read as {read[i]}\n{100 * sure[i]:.1f} %", size=8)

        right.suptitle("What the first layer looks for: red more ink, blue less")
        for axes, j in zip(_squares(right, len(strongest)), strongest, strict=True):
            limit = np.abs(W[:, j]).max()
            axes.imshow(W[:, j].reshape(28, 28), cmap="RdBu_r", vmin=-limit, vmax=limit)
            axes.set_title(f"hidden unit {j}", size=8)


def _squares(figure, count):
    """Return `count` of twenty small axes without ticks; the others stay invisible."""
    squares = figure.subplots(4, 5).ravel()
    for i, axes in enumerate(squares):
        axes.set(xticks=[], yticks=[], visible=i < count)
        axes.spines[:].set_color("0.8")
    return squares[:count]


@contextlib.contextmanager
def _picture(path, size):
    """Yield an empty figure, and save it; settings of the user's neither count nor change."""
    matplotlib = _import_matplotlib()
    content = io.BytesIO()
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        figure = matplotlib.figure.Figure(figsize=size, dpi=100, layout="constrained")
        yield figure
        figure.savefig(content, format="png")
    replace_whole(path, content.getbuffer())


def _import_matplotlib():
    backend = os.environ.pop("MPLBACKEND", None)  # it may name one that this Python cannot import
    said = io.StringIO()
    try:
        # NumPy 2 prints pages about a matplotlib that was built for NumPy 1, and then it fails.
        with contextlib.redirect_stderr(said):
            # Only here: it takes 0.4 seconds, and neither the checks nor the window need it.
            import matplotlib.figure
    finally:
        if backend is not None:
            os.environ["MPLBACKEND"] = backend
    sys.stderr.write(said.getvalue())
    return matplotlib
