"""Make the pictures of the handout anew: pictures/*.png.

    python tools/make_pictures.py [NAME ...]

NAME is one of sigmoid, step_size, pen_digits, loss, mistakes and window; without it, all are made.
The last three train the solution's network first, for a minute; `window` needs Xvfb and xdotool.
"""

import os
import sys

FOLDER = os.path.dirname(os.path.realpath(__file__))
sys.path[:0] = [os.path.join(FOLDER, "..", name) for name in ("chapter03", "tests")]
from support import console  # isort: split

import argparse
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.image import imsave

from support import pen_digits as pen

ROOT = Path(__file__).resolve().parent.parent
SOLUTION = ROOT / "chapter03" / "solution"
PICTURES = ROOT / "pictures"
STEPS = 10.0 ** -np.arange(1, 13)


def sigmoid(path, trained):
    """The sigmoid and its derivative, with the range in which it is saturated in grey."""
    x = np.linspace(-10, 10, 401)
    y = 1 / (1 + np.exp(-x))
    figure = Figure(figsize=(7.2, 2.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for axes, values, label in ((left, y, "y"), (right, y * (1 - y), "y (1 - y)")):
        axes.axvspan(-10, -5, color="0.9", linewidth=0)
        axes.axvspan(5, 10, color="0.9", linewidth=0)
        axes.plot(x, values)
        axes.set(xlabel="x", ylabel=label, xlim=(-10, 10))
        axes.grid(alpha=0.3)
    figure.savefig(path, dpi=125)


def step_size(path, trained):
    """The error of central differences against the step, in float64 and in float32."""
    figure = Figure(figsize=(7.2, 3.2), layout="constrained")
    axes = figure.subplots()
    for dtype, marker in ((np.float64, "o"), (np.float32, "s")):
        axes.loglog(STEPS, central_difference_errors(dtype), marker=marker, label=dtype.__name__)
    axes.set(xlabel="step h", ylabel="relative error", xlim=(0.3, 3e-13))
    axes.legend()
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
        errors.append(np.median(np.abs((above - below) / (2 * h) - right) / right))
    return errors


def pen_digits(path, trained):
    """Twenty of each digit as the simulated pen writes them."""
    images, labels = pen.generate(600, np.random.default_rng(0))
    rows = np.array([images[labels == digit][:20] for digit in range(10)])
    sheet = rows.reshape(10, 20, 28, 28).swapaxes(1, 2).reshape(280, 560)
    imsave(path, 255 - sheet, cmap="gray")


def loss(path, trained):
    """The plot that a training with the defaults leaves behind."""
    shutil.copyfile(trained() / "loss.png", path)


def mistakes(path, trained):
    """The surest misreadings of that training, and its first layer."""
    shutil.copyfile(trained() / "mistakes.png", path)


def window(path, trained):
    """The window with a digit drawn in it and read by the network."""
    import virtual_display  # not needed by the others, which are made on any system

    virtual_display.take_picture(path, trained() / "weights.npz")


PICTURE = {
    function.__name__: function
    for function in (sigmoid, step_size, pen_digits, loss, mistakes, window)
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
