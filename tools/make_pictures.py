"""Make the pictures of the handout anew: pictures/*.png.

    python tools/make_pictures.py [NAME ...]

NAME is one of shapes, broadcasting, graph, sigmoid, step_size, pen_digits, loss, mistakes,
questions and window; without it, all are made. The last four train the solution's network first,
for a minute or two. `window` makes a picture in each language, and needs Xvfb, xdotool and a font
with Chinese characters.
"""

import os
import sys

FOLDER = os.path.dirname(os.path.realpath(__file__))
FOLDERS = "chapter03", "chapter03/solution", "tests"
sys.path[:0] = [os.path.join(FOLDER, "..", name) for name in FOLDERS]
from support import console  # isort: split

import argparse
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.image import imsave
from matplotlib.patches import Rectangle

from data import one_hot, standardise
from support import gradient_check, weights
from support import pen_digits as pen

ROOT = Path(__file__).resolve().parent.parent
SOLUTION = ROOT / "chapter03" / "solution"
PICTURES = ROOT / "pictures"
STEPS = 10.0 ** -np.arange(1, 13)

VALUE, GRADIENT = "black", "tab:red"
FILL, REPEATED, WRONG = "#cfe0f5", "#f4f7fb", "#f9d8d4"

# A network with round numbers (handout, section 5): one sample of the first of two classes.
STEP = {
    "x": np.array([[1.0, 2.0]]),
    "y": np.array([[1, 0]]),
    "W1": np.array([[np.log(3), -np.log(3)], [0, 0]]),
    "W2": np.array([[1.0, -1.0], [-3.0, 3.0]]),
}

# A digit, which of those that the simulated pen writes, and the digit that is asked for.
QUESTIONS = [(1, 3, 7), (4, 6, 9), (7, 3, 2), (5, 4, 6)]


def shapes(path, trained):
    """Y = XW + b as boxes, and b stretched over the rows."""
    figure, axes = _empty_figure(7.2, 2.5)
    left = 0
    for sign, name, shape, rows, columns in (
        ("", "X", "(N, d)", 4, 3),
        ("@", "W", "(d, m)", 3, 2),
        ("+", "b", "(1, m)", 4, 2),
        ("=", "Y", "(N, m)", 4, 2),
    ):
        axes.text(left - 0.6, 2, sign, ha="center", va="center", size=20)
        solid = 1 if name == "b" else rows
        _draw_grid(axes, left, 2 - rows / 2, rows, columns, solid)
        axes.text(left + columns / 2, -0.35, name, ha="center", va="bottom", size=18)
        axes.text(left + columns / 2, 4.4, shape, ha="center", va="top", size=16)
        left += columns + 1.2
    axes.set(xlim=(-0.3, left - 1), ylim=(5.3, -1.3))
    figure.savefig(path, dpi=125)


def broadcasting(path, trained):
    """A maximum for each row: subtracted from the rows with keepdims, from the columns without."""
    figure, axes = _empty_figure(7.2, 5.2)
    values = np.arange(9).reshape(3, 3)
    kept, lost = values.max(axis=1, keepdims=True), values.max(axis=1)
    for top, title, maxima, stretched, colour in (
        (0, "keepdims=True", kept, "(3, 1), stretched to the right", FILL),
        (5.4, "no keepdims", lost, "(3,) counts as (1, 3), stretched down", WRONG),
    ):
        axes.text(0, top - 0.3, title, va="bottom", size=17, family="monospace")
        arrays = values, np.broadcast_to(maxima, (3, 3)), values - maxima
        for left, sign, array in zip((0, 4.2, 8.4), ("", "−", "="), arrays, strict=True):
            axes.text(left - 0.6, top + 1.5, sign, ha="center", va="center", size=20)
            rows, columns = maxima.shape if maxima.ndim == 2 else (1, 3)
            solid = (rows, columns) if sign == "−" else (3, 3)
            _draw_grid(axes, left, top, 3, 3, *solid, colour=colour)
            for (row, column), value in np.ndenumerate(array):
                inside = row < solid[0] and column < solid[1]
                axes.text(
                    left + column + 0.5,
                    top + row + 0.5,
                    f"{value}".replace("-", "−"),
                    ha="center",
                    va="center",
                    size=17,
                    color=VALUE if inside else "0.6",
                )
        axes.text(5.7, top + 3.2, stretched, ha="center", va="top", size=15)
    axes.set(xlim=(-0.2, 11.6), ylim=(9.6, -1.2))
    figure.savefig(path, dpi=125)


def _empty_figure(width, height):
    figure = Figure(figsize=(width, height))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    return figure, axes


def _draw_grid(axes, left, top, rows, columns, solid_rows, solid_columns=None, colour=FILL):
    """Draw an array's entries as squares; those that broadcasting repeats are pale and dashed."""
    for row in range(rows):
        for column in range(columns):
            solid = row < solid_rows and (solid_columns is None or column < solid_columns)
            square = Rectangle(
                (left + column, top + row),
                1,
                1,
                facecolor=colour if solid else REPEATED,
                edgecolor="0.3" if solid else "0.7",
                linestyle="-" if solid else ":",
            )
            axes.add_patch(square)


def step_in_numbers():
    """Return the values of STEP's forward pass by name, and the gradients of the loss by name.

    Written without model.py: the tests compare the two.
    """
    x, y, W1, W2 = STEP["x"], STEP["y"], STEP["W1"], STEP["W2"]
    z1 = x @ W1
    h = 1 / (1 + np.exp(-z1))
    z2 = h @ W2
    y_hat = np.exp(z2) / np.exp(z2).sum()
    values = {**STEP, "z1": z1, "h": h, "z2": z2, "y_hat": y_hat, "L": -np.log(y_hat[0, 0])}

    grad_z2 = y_hat - y
    grad_h = grad_z2 @ W2.T
    grad_z1 = grad_h * h * (1 - h)
    gradients = {
        "L": np.array(1.0),
        "y_hat": -y / y_hat,
        "z2": grad_z2,
        "h": grad_h,
        "z1": grad_z1,
        "x": grad_z1 @ W1.T,
        "W1": x.T @ grad_z1,
        "W2": h.T @ grad_z2,
    }
    return values, gradients


# What the picture calls each quantity.
LABELS = {
    "x": "$x$",
    "W1": "$W_1$",
    "z1": "$z_1$",
    "h": "$h$",
    "W2": "$W_2$",
    "z2": "$z_2$",
    "y_hat": r"$\hat y$",
    "y": "$y$",
    "L": "$L$",
}
LINE = 0.42  # the height of a line of numbers
BOX = 0.98  # the width of a layer's box


def graph(path, trained):
    """The computation graph of one step: values above the lines, gradients below, in red.

    Two rows, one below the other, so that the numbers can be read on a phone.
    """
    figure, axes = _empty_figure(7.2, 8.3)
    upper, lower = 3.6, 10.0

    end = _draw_row(
        axes,
        upper,
        arrows=[("x", 1.05), ("z1", 1.4), ("h", 0.9)],
        layers=[("Linear", "W1"), ("Sigmoid", None)],
    )
    _draw_row(
        axes,
        lower,
        arrows=[("h", 0.9), ("z2", 1.0), ("y_hat", 0.95), ("L", 1.05)],
        layers=[("Linear", "W2"), ("Softmax", None), ("Loss", "y")],
    )

    # The upper row goes on in the lower one.
    between = 6.4
    corners = [(end, upper), (end, between), (0.03, between), (0.03, lower)]
    axes.plot(*zip(*corners, strict=True), color="0.6", linewidth=1.5, linestyle="--")

    left = 5.65
    axes.text(left, 1.2, "forward:", size=16)
    axes.text(left, 1.7, "values", size=16, color=VALUE)
    axes.text(left, 2.5, "backward:", size=16)
    axes.text(left, 3.0, "gradients", size=16, color=GRADIENT)
    axes.set(xlim=(-0.05, 7.25), ylim=(12.4, 0.1))
    figure.savefig(path, dpi=125)


def _draw_row(axes, y, arrows, layers):
    """Draw arrows, each with what flows along it, and the layers between; return where they end.

    Each arrow is a name and a length, each layer a title and the name of what enters from above.
    """
    values, gradients = step_in_numbers()
    x = 0
    for i, (name, length) in enumerate(arrows):
        style = {"arrowstyle": "-|>", "linewidth": 1.5}
        axes.annotate("", (x + length - 0.02, y), (x + 0.03, y), arrowprops=style)
        _write_value(axes, x + length / 2, y - 0.15, name, values[name])
        _write_array(axes, x + length / 2, y + 0.15, gradients[name], GRADIENT)
        x += length

        if i < len(layers):
            title, enters = layers[i]
            middle = x + BOX / 2
            axes.add_patch(Rectangle((x, y - 0.4), BOX, 0.8, facecolor=FILL, edgecolor="0.3"))
            axes.text(middle, y, title, ha="center", va="center", size=14)
            if enters is not None:
                axes.plot([middle, middle], [y - 1.8, y - 0.4], color="0.6", linewidth=1)
                _write_value(axes, middle, y - 1.85, enters, values[enters])
            if enters in gradients:
                axes.plot([middle, middle], [y + 0.4, y + 1.25], color="0.6", linewidth=1)
                _write_array(axes, middle, y + 1.35, gradients[enters], GRADIENT)
            x += BOX
    return x


def _write_value(axes, x, bottom, name, array):
    """Write an array above a height, and its name above the array."""
    top = bottom - LINE * len(_as_column(array))
    _write_array(axes, x, top, array, VALUE)
    axes.text(x, top - 0.2, LABELS[name], ha="center", va="bottom", size=17)


def _write_array(axes, x, top, array, colour):
    """Write a matrix in brackets, or a row of numbers one below the other."""
    rows = _as_column(array)
    count, columns = rows.shape
    texts = [[_as_text(value) for value in row] for row in rows]
    width = 0.125 * max(len(text) for row in texts for text in row)
    for row in range(count):
        for column in range(columns):
            place = x + (width + 0.25) * (column - (columns - 1) / 2)
            height = top + LINE * (row + 0.5)
            text = texts[row][column]
            axes.text(place, height, text, ha="center", va="center", color=colour, size=14.5)

    if columns > 1:
        bottom = top + LINE * count
        half = width + 0.22
        for edge, inwards in ((x - half, 0.1), (x + half, -0.1)):
            xs = [edge + inwards, edge, edge, edge + inwards]
            axes.plot(xs, [top, top, bottom, bottom], color=colour, linewidth=1.2)


def _as_text(value):
    text = f"{value:.4f}".rstrip("0").rstrip(".").replace("-", "−")
    return "0" if text == "−0" else text


def _as_column(array):
    """Return a matrix as it is, and a single row as a column, which takes less width."""
    return array.reshape(-1, 1) if len(np.atleast_2d(array)) == 1 else array


def sigmoid(path, trained):
    """The sigmoid and its derivative, with the range in which it is saturated in grey."""
    x = np.linspace(-10, 10, 401)
    y = 1 / (1 + np.exp(-x))
    figure = Figure(figsize=(7.2, 7), layout="constrained")
    above, below = figure.subplots(2, 1)
    for axes, values, title in ((above, y, "y"), (below, y * (1 - y), "slope: y (1 − y)")):
        axes.axvspan(-10, -5, color="0.9", linewidth=0)
        axes.axvspan(5, 10, color="0.9", linewidth=0)
        axes.plot(x, values, linewidth=2.5)
        axes.set(xlim=(-10, 10), xticks=range(-10, 11, 5))
        axes.set_title(title, size=18)
        axes.tick_params(labelsize=16)
        axes.grid(alpha=0.3)
    above.set_yticks([0, 0.25, 0.5, 0.75, 1])
    below.set_yticks([0, 0.1, 0.2, 0.25])
    below.set_xlabel("x", size=18)
    figure.savefig(path, dpi=125)


def step_size(path, trained):
    """The error of central differences against the step, in float64 and in float32."""
    figure = Figure(figsize=(7.2, 5), layout="constrained")
    axes = figure.subplots()
    for dtype, marker in ((np.float64, "o"), (np.float32, "s")):
        axes.loglog(
            STEPS,
            central_difference_errors(dtype),
            marker=marker,
            markersize=8,
            linewidth=2,
            label=dtype.__name__,
        )
    axes.set(xlim=(0.3, 3e-13))
    axes.set_xlabel("step h", size=18)
    axes.set_ylabel("relative error", size=18)
    axes.tick_params(labelsize=16)
    axes.legend(fontsize=16)
    axes.grid(alpha=0.3)
    figure.savefig(path, dpi=125)


def central_difference_errors(dtype):
    """Return, for each of STEPS, the median relative error of the sigmoid's central difference.

    The median over 601 points: at a single one, two rounding errors may cancel by chance.
    """
    points = np.linspace(-3, 3, 601)
    y = 1 / (1 + np.exp(-points))
    right = y * (1 - y)
    x, one = points.astype(dtype), dtype(1)
    errors = []
    for step in STEPS:
        h = dtype(step)
        above, below = one / (one + np.exp(-(x + h))), one / (one + np.exp(-(x - h)))
        found = (above - below) / (2 * h)
        # Relative as section 7 defines it.
        size = np.maximum(np.maximum(np.abs(found), right), 0.1)
        errors.append(np.median(np.abs(found - right) / size))
    return errors


def pen_digits(path, trained):
    """Twelve of each digit as the simulated pen writes them."""
    images, labels = pen.generate(600, np.random.default_rng(0))
    rows = np.array([images[labels == digit][:12] for digit in range(10)])
    sheet = rows.reshape(10, 12, 28, 28).swapaxes(1, 2).reshape(10 * 28, 12 * 28)
    imsave(path, 255 - sheet, cmap="gray")


def loss(path, trained):
    """The plot that a training run with the defaults leaves behind."""
    shutil.copyfile(trained() / "loss.png", path)


def mistakes(path, trained):
    """The most confident mistakes of that network, and its first layer."""
    shutil.copyfile(trained() / "mistakes.png", path)


def questions(path, trained):
    """Four digits, and what would make the network read each as another digit."""
    model = gradient_check.load(SOLUTION / "model.py")
    network, _ = weights.load(trained() / "weights.npz", model.MLP)
    images, labels = pen.generate(600, np.random.default_rng(0))

    figure = Figure(figsize=(7.2, 2.15), layout="constrained")
    for axes, (digit, number, asked) in zip(figure.subplots(1, 4), QUESTIONS, strict=True):
        image = images[labels == digit][number].reshape(28, 28)
        speaks_for = -gradient_of_image(model, network, image, asked)
        limit = np.abs(speaks_for).max()
        axes.imshow(speaks_for, cmap="RdBu_r", vmin=-limit, vmax=limit)
        axes.imshow(np.zeros((28, 28)), cmap="gray", alpha=0.6 * image / 255)
        axes.set(xticks=[], yticks=[])
        axes.set_title(f"from {digit} to {asked}?", size=15)
    figure.savefig(path, dpi=125)


def gradient_of_image(model, network, image, digit):
    """Return dL/d(image), (28, 28), of the loss that takes `digit` for the right answer."""
    loss_function = model.CrossEntropyLoss()
    y_hat = network.forward(standardise(image.reshape(1, -1)))
    loss_function.forward(y_hat, one_hot(np.array([digit])))
    return network.backward(loss_function.backward()).reshape(28, 28)


def window(path, trained):
    """The window with a digit drawn in it and read by the network, in both languages."""
    import virtual_display  # not needed by the others, which are made on any system

    before = os.environ.get("LANGUAGE")
    for language, name in (("en", path.name), ("zh", "window.zh.png")):
        os.environ["LANGUAGE"] = language
        virtual_display.take_picture(path.with_name(name), trained() / "weights.npz")
    os.environ.pop("LANGUAGE")
    if before is not None:
        os.environ["LANGUAGE"] = before


PICTURE = {
    function.__name__: function
    for function in (
        shapes,
        broadcasting,
        graph,
        sigmoid,
        step_size,
        pen_digits,
        loss,
        mistakes,
        questions,
        window,
    )
}


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(PICTURE))
    options = parser.parse_args(argv)
    unknown = set(options.names) - set(PICTURE)
    if unknown:
        parser.error(f"no such picture: {', '.join(sorted(unknown))}")
    with tempfile.TemporaryDirectory() as folder:

        def trained():
            results = Path(folder) / "solution"
            if not results.exists():
                command = [sys.executable, SOLUTION / "main.py", "--model_dir", folder]
                subprocess.run(command, check=True)
            return results

        for name in options.names or PICTURE:
            path = PICTURES / f"{name}.png"
            PICTURE[name](path, trained)
            print(f"{console.shown(path)}: {path.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(console.run(main))
