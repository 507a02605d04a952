"""Does the gradient that the window shows point at what makes a drawing another digit?

    python benchmarks/gradient_effect.py STROKES [--weights FILE] [--drawings N] [--pixels N]

STROKES is UNIPEN text, as for canvas_accuracy.py. Each drawing is asked about the digit that the
network takes for the second likeliest. Then the pixels that the gradient points at most strongly
are changed, to ink where more of it speaks for that digit and to none where less does; how many of
the drawings are that digit now?
"""

import os
import sys

FOLDER = os.path.dirname(os.path.realpath(__file__))
sys.path[:0] = [os.path.join(FOLDER, "..", name) for name in ("chapter03", "chapter03/solution")]
from support import console  # isort: split

import argparse
from pathlib import Path

import numpy as np

import handwriting_canvas as canvas
from canvas_accuracy import read_unipen
from data import standardise
from support import gradient_check


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("strokes", type=Path, metavar="STROKES")
    parser.add_argument("--weights", type=Path, default=canvas.WEIGHTS, metavar="FILE")
    parser.add_argument("--drawings", type=int, default=200, metavar="N", help="default: 200")
    parser.add_argument("--pixels", type=int, default=20, metavar="N", help="default: 20")
    options = parser.parse_args(argv)

    reader = canvas.Reader(gradient_check.load(canvas.HERE / "model.py"), options.weights)
    drawings, _ = read_unipen(options.strokes)
    # From the whole file, since it is sorted by writers.
    places = np.linspace(0, len(drawings) - 1, options.drawings).astype(int)
    changed = 0
    rises = []
    for place in places:
        became_it, rise = effect(reader, drawings[place], options.pixels)
        changed += became_it
        rises.append(rise)

    print(f"{options.pixels} of 784 pixels changed where the gradient points most strongly:")
    print(f"the second likeliest digit gains {np.mean(rises):.2f} of probability on the mean, and")
    count = len(places)
    print(f"{changed / count:.1%} of the drawings become that digit ({changed}/{count})")


def effect(reader, drawing, pixels):
    """Return whether a drawing becomes its second likeliest digit, and what that one gains."""
    image, answers = reader.read(drawing)
    before = answers[-1]
    digit = int(np.argsort(before)[-2])
    wanted = reader.ask(image, digit).ravel()

    # A pixel that is full of ink already cannot get more of it.
    target = np.where(wanted > 0, 255, 0)
    change = target - image.ravel().astype(int)
    strongest = np.argsort(wanted * change)[-pixels:]
    new_image = image.ravel().copy()
    new_image[strongest] = target[strongest]

    after = reader.network.forward(standardise(new_image.reshape(1, 784)))[0]
    return int(after.argmax()) == digit, float(after[digit] - before[digit])


if __name__ == "__main__":
    sys.exit(console.run(main))
