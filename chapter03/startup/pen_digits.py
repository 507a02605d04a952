"""Handwritten digits without a data set: a simulated pen writes them in the styles people use.

A style is a text of points that the pen passes, in a box of 10 units across and 14 down. The line
through them is smooth, except at a point marked `*`, a corner; `;` lifts the pen. No two writings
are alike: each has a slant, a width, a pen and a wobble of its own.

    python chapter03/solution/pen_digits.py --output pen_digits.png    shows a page of them
"""

import argparse
from pathlib import Path

import numpy as np

import strokes

# (digit, share of the digit's writings, the pen's way)
STYLES = [
    # 0: closed, or open at the top; narrow to wide; ending in a curl or crossing its start
    (0, 4, "5,0 2,2 1,7 2,12 5,14 8,12 9,7 8,2 5,0 | 5,0 0,2 -2,7 0,12 5,14 10,12 12,7 10,2 5,0"),
    (0, 2, "4,0 1,4 1,10 5,14 9,10 9,4 6,0 3,1 | 2,1 -1,5 0,11 5,14 10,10 10,4 7,1 3,2"),
    (0, 1, "8,2 5,0 1,4 1,10 5,14 9,10 9,4 6,1 4,4 | 10,0 4,0 -1,5 1,12 6,14 11,10 10,4 6,1 2,3"),
    (0, 1, "3,2 1,7 2,12 5,14 8,12 9,7 8,2 6,0 | 0,3 -1,8 1,13 5,14 10,12 11,6 9,1 5,0"),
    (0, 0.4, "5,0 1,3 1,11 5,14 9,11 9,3 5,0; 9,1 5,7 1,13 | 5,0 0,4 0,10 5,14 10,10 10,4 5,0; 8,3 5,7 2,11"),
    # 1: bare, or with a flag from a tick to a long upstroke; with or without a foot
    (1, 6, "5,0 5,5 5,9 5,14 | 5,0 6,5 5,9 4,14"),
    (1, 3, "4,2 6,0* 6,5 6,10 6,14 | 0,7 6,0* 6,5 5,10 5,14"),
    (1, 2, "3,3 5,2 6,0* 6,5 6,10 6,14 | -3,6 2,4 6,0* 6,5 5,10 4,14"),
    (1, 2, "4,2 6,0* 6,7 6,14; 3,14 6,14 9,14 | 0,5 6,0* 6,7 6,14; 0,14 6,14 12,14"),
    (1, 1, "4,2 6,0* 6,7 6,14* 2,14* 10,14 | 0,5 6,0* 6,7 6,14* 1,14* 12,14"),
    # 2: a sharp corner or a loop at the foot; the base straight, wavy or falling; the top hooked
    (2, 4, "1,4 2,1 5,0 8,1 8,5 5,10 1,14* 5,14 9,14 | 0,2 3,0 6,0 8,2 7,5 4,9 0,13* 5,13 11,13"),
    (2, 3, "1,4 2,1 5,0 8,2 7,7 3,12 1,13 2,11 5,13 9,14 | 0,3 2,0 6,0 8,4 6,9 3,13 0,13 1,10 5,12 11,13"),
    (2, 2, "1,2 3,0 6,0 8,3 7,8 4,13 1,14 0,12 3,11 6,13 10,13 | 0,3 2,0 6,0 9,4 8,9 5,14 1,14 -1,11 3,9 8,11 12,12"),
    (2, 2, "3,4 1,3 4,0 8,2 7,7 4,11 1,14* 4,13 6,14 9,13 | 2,5 0,3 3,0 8,1 8,6 5,10 1,13* 3,12 7,14 10,13"),
    (2, 1, "1,0 4,0 8,1 6,6 1,14* 5,14 9,14 | 0,1 5,0 9,0 5,7 0,14* 5,14 11,14"),
    (2, 2, "2,4 3,1 5,0 6,2 6,7 4,11 2,14* 6,14 9,14 | 1,3 2,1 4,0 6,2 5,7 4,10 2,14* 8,13 13,14"),
    # 3: a cusp, a curl or a plain bend in the middle; the top round or flat
    (3, 4, "1,2 4,0 8,1 8,4 5,6* 9,8 9,11 6,14 1,12 | 0,1 4,0 9,1 7,5 3,7* 8,8 8,12 4,14 -1,13"),
    (3, 1, "1,2 5,0 8,2 7,5 4,6 5,7 9,9 8,13 4,14 0,12 | 0,2 5,0 8,2 6,5 3,7 3,6 8,7 9,12 4,14 0,11"),
    (3, 2, "1,0 5,0 9,0* 6,3 4,6* 8,7 9,11 6,14 1,13 | 0,1 4,1 8,0* 6,3 4,5* 9,6 9,12 5,14 0,12"),
    (3, 1, "1,2 5,0 8,2 8,5 6,7 9,10 7,13 4,14 1,13 | 1,1 5,0 9,2 9,5 7,7 9,10 8,13 4,14 1,13"),
    (3, 1, "1,3 3,0 7,0 8,3 6,6* 8,8 8,12 5,14 2,13 0,11 | 0,2 4,0 9,0 8,4 4,7* 7,9 7,12 4,14 1,14 -1,12"),
    # 4: open or closed, in one stroke or two; the second stroke long or short
    (4, 3, "2,0 1,4 0,8* 5,8 10,8; 7,1 7,7 7,14 | 4,0 2,4 0,8* 5,9 10,7; 8,3 7,8 5,14"),
    (4, 2, "2,0 1,5 2,8 5,8 9,7; 8,1 8,7 7,14 | 3,0 1,4 1,7 4,9 10,8; 9,0 8,7 6,14"),
    (4, 2, "5,0 3,4 0,9* 5,9 10,9; 6,5 6,9 6,14 | 6,0 3,5 0,8* 5,9 11,8; 7,3 6,8 4,14"),
    (4, 2, "3,0 2,5 2,10* 5,10 8,9; 6,6 6,10 6,14 | 6,0 3,5 1,10* 4,11 8,10; 6,7 6,10 5,14"),
    (4, 2, "7,0 4,4 0,9* 5,9 10,9; 7,0 7,7 7,14 | 8,0 4,5 0,10* 5,10 11,9; 8,1 8,7 7,14"),
    (4, 1, "7,14 7,7 7,0* 4,4 0,9* 5,9 10,9 | 6,14 7,7 8,0* 4,5 0,10* 5,10 11,9"),
    (4, 1, "6,1 3,4 0,8* 5,9 10,8 9,4 7,0* 6,7 6,14 | 6,0 3,4 0,9* 4,9 9,7 10,3 8,0* 7,7 6,14"),
    (4, 3, "2,0 1,5 2,8 5,8 8,6 8,1* 8,7 8,14 | 1,0 0,4 2,8 6,8 9,4 9,2* 8,7 6,14"),
    (4, 2, "3,0 2,4 3,8 5,9 8,8 8,5* 8,9 7,14 | 2,0 1,4 2,8 4,8 7,6 8,4* 7,9 5,14"),
    # 5: in one stroke, with a corner or as an S; or its bar as a second stroke
    (5, 3, "9,0 6,0 2,0* 2,3 1,6* 5,5 9,8 8,12 4,14 1,13 | 11,0 6,0 3,1* 2,3 1,6* 5,5 7,8 6,12 3,14 -1,13"),
    (5, 2, "9,0 5,0 2,2 2,5 5,7 8,9 7,13 4,14 1,13 | 10,0 6,1 3,2 3,5 6,7 7,10 5,13 2,14 -1,13"),
    (5, 3, "2,1 2,3 1,6* 5,5 9,8 8,12 4,14 1,13; 2,0 6,0 9,0 | 3,1 2,4 2,6* 5,6 7,9 6,13 2,14 -1,12; 3,1 7,0 12,0"),
    (5, 1, "2,1 2,3 2,6 5,6 9,8 8,12 4,14 1,13; 2,0 6,0 9,0 | 2,2 2,5 3,7 6,7 8,9 7,13 3,14 0,12; 1,1 6,1 11,0"),
    (5, 1, "8,0 5,0 2,0* 2,3 1,6* 5,4 9,7 9,12 5,14 1,13 0,10 | 10,-1 5,0 2,1* 2,4 1,7* 5,6 8,8 8,12 5,14 2,14 1,11"),
    # 6: the loop small or large, closed or not; the stem curved or straight
    (6, 4, "7,0 4,3 1,7 1,11 4,14 8,12 8,9 5,7 2,10 | 9,0 4,3 1,8 1,12 5,14 9,12 8,9 5,8 1,11"),
    (6, 2, "4,0 2,4 1,8 1,12 4,14 8,12 8,9 5,7 2,9 | 3,0 1,5 0,10 2,13 5,14 8,12 7,9 4,8 1,10"),
    (6, 1, "8,2 6,0 3,3 1,8 2,12 5,14 8,12 8,9 5,8 3,10 | 9,2 6,0 2,3 0,8 1,13 5,14 9,11 8,8 4,8 3,11"),
    (6, 3, "4,0 1,5 1,11 4,14 8,12 9,8 7,7 5,9 5,13 | 3,0 -1,5 0,11 4,14 10,11 12,7 9,5 6,8 5,13"),
    (6, 2, "5,0 3,4 2,8 2,12 4,14 7,13 7,11 5,9 2,11 | 8,0 5,3 2,8 1,12 4,14 7,13 7,11 5,10 2,12"),
    # 7: with a bar or a serif or neither; the stem straight, bent or curled
    (7, 4, "1,1 5,1 9,0* 7,5 5,9 4,14 | 0,1 5,0 9,0* 7,5 6,9 6,14"),
    (7, 2, "1,3 1,1* 5,1 9,0* 7,5 5,9 4,14 | 0,6 1,0* 5,1 9,0* 7,5 6,9 5,14"),
    (7, 2, "1,2 4,0 8,1 8,4 6,9 4,14 | 0,2 3,1 7,0 9,2 8,7 7,14"),
    (7, 3, "1,1 5,1 9,0* 7,5 5,9 4,14; 3,7 6,7 9,7 | 0,1 5,0 9,0* 7,5 6,9 6,14; 2,8 6,7 11,6"),
    (7, 2, "1,2 4,0 8,1 8,4 6,9 4,14; 3,7 6,7 9,6 | 0,3 2,0 7,0 9,2 7,8 6,14; 1,10 6,10 12,9"),
    (7, 1, "0,4 1,0* 5,1 8,0* 7,5 5,9 4,14; 3,7 6,7 9,7 | 0,3 1,1* 5,2 8,1* 7,5 5,9 5,14; 1,8 6,8 12,8"),
    # 8: in one stroke from the top right, the top left or the middle; or two rings
    (8, 4, "8,2 5,0 2,2 3,5 6,8 8,11 5,14 2,12 3,9 6,6 8,3 8,1 | 9,1 5,0 2,2 3,5 6,8 8,11 4,14 1,12 3,8 6,6 8,4 9,3"),
    (8, 2, "8,1 5,0 3,2 4,5 6,8 7,11 5,14 3,12 4,9 6,6 8,3 10,-1 | 6,1 4,1 3,3 4,5 6,7 8,11 6,14 3,13 4,9 6,7 8,5 11,1"),
    (8, 1, "2,3 5,0 8,3 6,6 2,10 5,14 8,11 5,7 2,3 3,1 | 1,2 4,0 8,2 6,6 2,11 5,14 9,12 6,8 2,4 3,1"),
    (8, 1, "5,7 2,4 3,1 6,0 8,3 5,7 2,10 4,14 7,13 8,10 5,7 | 5,6 3,4 3,1 6,0 8,3 5,6 1,9 2,13 7,14 9,10 5,6"),
    (8, 1, "5,0 3,1 2,4 5,7 8,4 7,1 5,0; 5,7 2,9 2,12 5,14 8,12 8,9 5,7 | 5,0 2,2 3,5 5,6 7,5 8,2 5,0; 5,6 1,9 1,12 5,14 9,12 9,9 5,6"),
    (8, 1, "1,6 4,7 7,5 8,2 5,0 3,2 4,5 7,10 5,14 2,12 3,9 5,7 | -1,7 4,7 8,5 8,2 5,0 2,2 4,6 8,11 5,14 2,12 4,8 9,5"),
    # 9: the leg straight, bent or curling below; the loop closed, open, or a ring of its own
    (9, 3, "8,3 5,0 2,2 2,6 5,7 8,3* 8,8 8,14 | 8,2 5,0 1,3 2,6 5,7 9,2* 8,8 6,14"),
    (9, 3, "8,3 5,0 2,2 2,6 5,7 8,3* 8,8 7,12 4,14 1,13 | 8,2 4,0 1,3 2,6 6,6 8,2* 9,8 8,13 4,14 -1,12"),
    (9, 2, "8,5 4,7 2,3 5,0 8,3 8,8 7,14 | 7,6 2,6 2,1 6,0 9,4 8,9 5,14"),
    (9, 3, "7,1 3,1 2,5 5,7 8,4 8,1* 8,7 7,12 3,14 0,12 | 8,0 3,0 1,3 4,5 8,4 9,2* 8,8 7,13 2,14 -3,14"),
    (9, 1, "5,0 2,2 2,5 5,7 8,5 8,2 5,0; 8,2 8,7 8,14 | 4,0 1,2 1,5 4,7 7,5 7,2 4,0; 8,1 8,7 6,14"),
    (9, 2, "7,1 4,1 4,4 7,4 8,0* 7,5 5,9 4,14 | 7,1 3,2 3,4 7,3 9,1* 8,6 6,11 4,14"),
    (9, 2, "7,1 5,0 2,1 3,4 6,4 8,1* 8,7 8,12 5,14 1,14 0,13 | 6,2 4,0 1,1 2,4 5,5 8,2* 9,8 9,13 4,14 -1,14 -2,12"),
    (9, 2, "8,1 5,0 2,2 3,5 6,5 9,3 9,7 7,12 3,14 0,13 | 6,2 4,0 1,2 2,4 5,5 8,4 9,8 7,13 3,14 -2,13"),
]

# How much writings differ; lengths as shares of the digit's half height. Standard deviations.
BEYOND = 0.1
SWAY_LENGTH = 0.5
WHITE = 0.1
WOBBLE = 0.12  # of each point
LIFT = 0.08  # of each stroke's place as a whole, so that strokes miss or cross each other
ENDS = 0.2  # of a stroke's first and last step, which come short or overshoot
BEND = 0.08  # of the page's smooth distortion, in x and in y
WIDTH = 0.22  # of the logarithm of the width
SLANT = (0.15, 0.22)  # mean and deviation of the lean to the right, as dx / dy
TURN = 0.1  # radians
PEN = (strokes.PEN, 0.3)  # pixels, and the deviation of its logarithm

_HALF_HEIGHT = 7
_CHUNK = 64  # images made at once: their points and pixels fit the processor's cache


def generate(count, rng):
    """Return images (count, 784) uint8 and labels (count,) uint8, the digits in equal shares.

    The same state of `rng`, a numpy.random.Generator, gives the same digits.
    """
    labels = rng.permutation(np.arange(count) % 10).astype(np.uint8)
    images = np.empty((count, strokes.SIDE**2), dtype=np.uint8)
    for digit in range(10):
        styles = [_Style(way) for d, _, way in STYLES if d == digit]
        shares = np.array([share for d, share, _ in STYLES if d == digit])
        wanted = np.flatnonzero(labels == digit)
        chosen = rng.choice(len(styles), size=len(wanted), p=shares / shares.sum())
        for i, style in enumerate(styles):
            rows = wanted[chosen == i]
            for start in range(0, len(rows), _CHUNK):
                chunk = rows[start : start + _CHUNK]
                paths = style.write(len(chunk), rng)
                radius = np.clip(PEN[0] * np.exp(rng.normal(0, PEN[1], len(chunk))), 0.7, 2)
                images[chunk] = strokes.render_paths(paths, radius).reshape(len(chunk), -1)
    return images, labels


class _Style:
    """One way of writing a digit."""

    def __init__(self, way):
        ways = []
        for way in way.split("|"):
            texts = [stroke.split() for stroke in way.split(";")]
            corner = [[p.endswith("*") for p in stroke] for stroke in texts]
            ways.append([np.array([[float(v) for v in p.rstrip("*").split(",")] for p in stroke])
                    for stroke in texts])
        points = ways[0]
        self.controls = np.array([np.concatenate(w) for w in ways]) - [5, _HALF_HEIGHT]
        self.controls /= _HALF_HEIGHT
        self.stroke_of = np.repeat(np.arange(len(points)), [len(p) for p in points])
        rest = self.controls[0]
        place = self.stroke_of * 9 + np.concatenate(
            [np.concatenate([[0], np.cumsum(np.hypot(*np.diff(p, axis=0).T))]) for p in points]
        ) / _HALF_HEIGHT
        near = np.exp(-((place[:, None] - place) ** 2) / (2 * SWAY_LENGTH**2))
        self.sway = np.linalg.cholesky((1 - WHITE) * near + WHITE * np.eye(len(rest)))
        blocks = [_basis(p, c) for p, c in zip(points, corner)]
        self.basis = np.zeros((sum(len(b) for b in blocks), len(self.controls[0])))
        row = column = 0
        for block in blocks:
            self.basis[row : row + len(block), column : column + block.shape[1]] = block
            row += len(block)
            column += block.shape[1]

    def write(self, n, rng):
        """Return the paths (n, k, 2) of n writings."""
        c = self.controls
        if len(c) > 1:
            t = rng.uniform(-BEYOND, 1 + BEYOND, (n, 1, 2))
            c = c[0] + t * (c[1] - c[0])
        points = c + self.sway @ rng.normal(0, WOBBLE, (n, len(self.stroke_of), 2))
        strokes_ = self.stroke_of[-1] + 1
        points += rng.normal(0, LIFT, (n, strokes_, 2))[:, self.stroke_of]
        for s in range(strokes_):
            at = np.flatnonzero(self.stroke_of == s)
            if len(at) > 1:
                for end, inner in ((at[0], at[1]), (at[-1], at[-2])):
                    more = rng.normal(0, ENDS, (n, 1))
                    points[:, end] += more * (points[:, end] - points[:, inner])
        x, y = np.moveaxis(points, -1, 0)
        square = np.stack([x * x, x * y, y * y], 1)
        points += np.einsum("nck,ncd->nkd", square, rng.normal(0, BEND, (n, 3, 2)))
        width = np.exp(rng.normal(0, WIDTH, n))
        slant = rng.normal(*SLANT, n)
        turn = rng.normal(0, TURN, n)
        cos, sin = np.cos(turn), np.sin(turn)
        shape = np.array([[width, 0 * width], [-slant, 1 + 0 * width]])
        rotate = np.array([[cos, sin], [-sin, cos]])
        matrix = np.einsum("ijn,jkn->nik", shape, rotate)
        return self.basis @ (points @ matrix)


def _basis(points, corners):
    """Return (m, k): the smooth line's m points as weighted sums of the k points it passes."""
    k = len(points)
    rows = []
    knots = [0] + [i for i in range(1, k - 1) if corners[i]] + [k - 1]
    if k == 1:
        return np.ones((1, 1))
    eye = np.eye(k)
    scale = strokes.BOX / 14 
    for a, b in zip(knots, knots[1:]):
        for i in range(a, b):
            p1, p2 = eye[i], eye[i + 1]
            p0 = eye[i - 1] if i > a else 2 * p1 - p2
            p3 = eye[i + 2] if i + 1 < b else 2 * p2 - p1
            chord = np.hypot(*(points[i + 1] - points[i])) * scale
            m = max(2, int(np.ceil(chord / 0.4)))
            t = np.arange(m + (i + 2 == k))[:, None] / m
            rows.append(
                p1 + t / 2 * (p2 - p0) + t**2 / 2 * (2 * p0 - 5 * p1 + 4 * p2 - p3)
                + t**3 / 2 * (3 * p1 - p0 - 3 * p2 + p3))
    return np.concatenate(rows)


def contact_sheet(images, columns):
    """Return the images (n, 784) side by side as one, (height, width) uint8, dark on light."""
    side = strokes.SIDE
    rows = images.reshape(-1, columns, side, side)
    return 255 - rows.swapaxes(1, 2).reshape(-1, columns * side)


def main():
    """Write a page of digits as a PNG."""
    parser = argparse.ArgumentParser(description="Write a page of digits by the simulated pen.")
    parser.add_argument("--output", default="pen_digits.png", type=Path, metavar="FILE.png")
    arguments = parser.parse_args()
    from matplotlib import image  # only here: the training need not load it

    images, labels = generate(400, np.random.default_rng(0))
    order = np.argsort(labels, kind="stable")
    image.imsave(arguments.output, contact_sheet(images[order], 40), cmap="gray")
    print(f"wrote {arguments.output}")


if __name__ == "__main__":
    main()
