"""How many of people's pen strokes does a trained network read rightly?

    python benchmarks/canvas_accuracy.py STROKES [--weights FILE] [--errors FILE.png]

STROKES is UNIPEN text (Guyon et al. 1994, "UNIPEN project of on-line data exchange and recognizer
benchmarks"), for instance `pendigits-orig.tra` of the data set "Pen-Based Recognition of
Handwritten Digits" at UCI. Each digit is rendered and read as in the drawing window. Prints a
confusion matrix, a row for each digit that was meant and a column for each that was read, and the
accuracy.
"""

import argparse
import math
import re
import sys
from pathlib import Path

import numpy as np

import solution  # noqa: F401 - lets the modules below be found

# isort: split
import folders
import model
import pen_digits
import storage
import strokes


class UnipenError(Exception):
    """A file of strokes cannot be read or used; the message says which, where and why."""


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("strokes", type=Path, metavar="STROKES", help="a file of UNIPEN text")
    parser.add_argument(
        "--weights", type=Path, default=folders.weights_path(), metavar="FILE",
        help="the network (default: model/solution/weights.npz)",
    )  # fmt: skip
    parser.add_argument(
        "--errors", type=Path, metavar="FILE.png", help="write a picture of the misread digits"
    )
    arguments = parser.parse_args(argv)
    try:
        drawings, labels = read_unipen(arguments.strokes)
        network = load_network(arguments.weights)
        readings = [int(strokes.read(network, drawing).argmax()) for drawing in drawings]
        print(confusion_table(labels, readings))
        if arguments.errors:
            print(write_errors(arguments.errors, drawings, labels, readings))
    except (UnipenError, storage.WeightsError, storage.StorageError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    right = sum(label == reading for label, reading in zip(labels, readings, strict=True))
    print(f"accuracy {right / len(labels):.4f} ({right}/{len(labels)})")
    return 0


def read_unipen(path):
    """Return the drawings of a UNIPEN file, lists of strokes (k, 2) with y down, and their labels.

    `.SEGMENT DIGIT n ? "7"` opens a drawing of a 7; the lines `x y` between `.PEN_DOWN` and
    `.PEN_UP` are a stroke, with y up. Other lines are passed over. Raises UnipenError alone.
    """
    try:
        # In Latin-1 any byte is a character: what is wrong is found below, where it stands.
        lines = Path(path).read_text(encoding="latin-1").splitlines()
    except OSError as error:
        raise UnipenError(f"{path} could not be read: {error.strerror or error}") from None
    drawings, labels = [], []
    points = None  # of the stroke being read; None while the pen is up
    for number, line in enumerate(lines, start=1):
        where = f"{path}, line {number}"
        if line.startswith(".SEGMENT DIGIT"):
            labels.append(_label(line, where))
            drawings.append([])
            points = None
        elif line.startswith(".PEN_DOWN"):
            if not drawings:
                raise UnipenError(f"{where}: a stroke before the first .SEGMENT DIGIT")
            points = []
        elif line.startswith(".PEN_UP"):
            if points:
                drawings[-1].append(np.array(points))
            points = None
        elif points is not None and line.strip() and not line.startswith("."):
            points.append(_point(line, where))
    if points is not None:
        raise UnipenError(f"{path} ends within a stroke: it is not complete")
    if not drawings:
        raise UnipenError(f"{path} holds no digits: UNIPEN text has lines with .SEGMENT DIGIT")
    return drawings, labels


def load_network(path):
    """Return the network saved at `path`; WeightsError if there is none that reads digits."""
    if not path.exists():
        raise storage.WeightsError(
            f"There are no weights at {path}; train a network first: "
            "python chapter03/solution/main.py"
        )
    network, meta = model.MLP.load(path)
    if (meta["dims"][0], meta["dims"][-1]) != (strokes.SIDE**2, 10):
        raise storage.WeightsError(
            f"{path} holds a network of sizes {meta['dims']}; to read digits it takes 784 pixels "
            "and gives 10 probabilities"
        )
    return network


def confusion_table(labels, readings):
    """Return the counts as text: rows for what was meant, columns for what was read."""
    counts = np.zeros((10, 10), dtype=int)
    np.add.at(counts, (labels, readings), 1)
    lines = ["meant  read as" + "".join(f"{digit:6}" for digit in range(10)) + "   right"]
    for digit, row in enumerate(counts):
        share = f"{row[digit] / row.sum():8.1%}" if row.sum() else " " * 7 + "-"
        lines.append(f"{digit:5}         " + "".join(f"{count:6}" for count in row) + share)
    return "\n".join(lines)


def write_errors(path, drawings, labels, readings):
    """Write a picture of the misread drawings, by label and reading; return what was done."""
    wrong = [i for i, label in enumerate(labels) if label != readings[i]]
    if not wrong:
        return f"No digit was misread: {path} is not written."
    wrong.sort(key=lambda i: (labels[i], readings[i]))
    from matplotlib import image  # only here: it is slow to import

    images = np.array([strokes.render(drawings[i]) for i in wrong])
    sheet = pen_digits.contact_sheet(images, columns=30)
    with storage.replacing(path) as file:
        image.imsave(file, sheet, cmap="gray", vmin=0, vmax=255, format="png")
    return f"{len(wrong)} misread digits, by the digit meant and then by the one read: {path}"


def _label(line, where):
    match = re.search(r'"([0-9])"\s*$', line)
    if not match:
        raise UnipenError(f'{where}: a digit\'s label, as in "7", is missing: {line[:60]!r}')
    return int(match[1])


def _point(line, where):
    try:
        x, y = map(float, line.split()[:2])
    except ValueError:
        x = y = math.nan
    if not (math.isfinite(x) and math.isfinite(y)):
        raise UnipenError(f"{where}: not a point x y of two numbers: {line[:60]!r}")
    return x, -y


if __name__ == "__main__":
    sys.exit(main())
