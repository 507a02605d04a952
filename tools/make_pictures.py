"""Make the pictures of the handout anew: pictures/*.png.

    python tools/make_pictures.py [NAME ...]

NAME is one of sigmoid, step_size, pen_digits, loss and window; without it, all are made. `loss`
and `window` train the solution's network first, for half a minute; `window` needs Xvfb and xdotool.
"""

import argparse
import io
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

import screenshot

ROOT = Path(__file__).resolve().parent.parent
SOLUTION = ROOT / "chapter03" / "solution"
PICTURES = ROOT / "pictures"
STEPS = 10.0 ** -np.arange(1, 13)


def sigmoid(folder):
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
    return _drawn(figure)


def step_size(folder):
    """The error of central differences against the step, in float64 and in float32."""
    figure = Figure(figsize=(7.2, 3.2), layout="constrained")
    axes = figure.subplots()
    for dtype, marker in ((np.float64, "o"), (np.float32, "s")):
        axes.loglog(STEPS, central_difference_errors(dtype), marker=marker, label=dtype.__name__)
    axes.set(xlabel="step h", ylabel="relative error", xlim=(0.3, 3e-13))
    axes.legend()
    axes.grid(alpha=0.3)
    return _drawn(figure)


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


def pen_digits(folder):
    """The page of digits that pen_digits.py writes."""
    path = folder / "pen_digits.png"
    _run("pen_digits.py", "--output", path)
    return Image.open(path).convert("L")


def loss(folder):
    """The plot that a training with the defaults leaves behind."""
    _train(folder)
    return Image.open(folder / "solution" / "loss.png").quantize(64)


def window(folder):
    """The window with a digit drawn in it and read by the network."""
    _train(folder)
    return screenshot.take(folder / "solution" / "weights.npz").quantize(128)


PICTURE = {
    function.__name__: function for function in (sigmoid, step_size, pen_digits, loss, window)
}


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(PICTURE))
    arguments = parser.parse_args(argv)
    unknown = set(arguments.names) - set(PICTURE)
    if unknown:
        parser.error(f"no such picture: {', '.join(sorted(unknown))}")
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        for name in arguments.names or PICTURE:
            path = PICTURES / f"{name}.png"
            PICTURE[name](Path(folder)).save(path, optimize=True)
            print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")
    return 0


def _drawn(figure):
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=125)
    return Image.open(buffer).convert("RGB").quantize(64)


def _train(folder):
    if not (folder / "solution" / "weights.npz").exists():
        _run("main.py", "--model_dir", folder)


def _run(script, *options):
    command = [sys.executable, SOLUTION / script, *options]
    subprocess.run([str(part) for part in command], check=True)


if __name__ == "__main__":
    sys.exit(main())
