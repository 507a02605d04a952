"""Pen strokes turned into images made as MNIST's were.

A stroke is what the pen does between touching the paper and leaving it: an array (k, 2) of points
(x, y), x to the right and y down, in any unit. A drawing is a list of strokes. Its image (28, 28)
is made as LeCun et al. (1998, "Gradient-based learning applied to document recognition") describe:
the ink fills a box of 20x20 pixels without distortion, centred by mass in 28x28.
"""

import numpy as np

SIDE = 28  # pixels of an image's side
BOX = 20  # pixels of the longer side of the ink
PEN = 1.4  # the pen's radius in pixels: a stroke's ink in MNIST is 2.8 wide on average

_SPACING = 0.5  # pixels between points of a path; at PEN's radius its edge is true to 0.03 pixels
_REACH = np.arange(-2, 3)  # pixels around a point's own that a pen of up to 2 pixels can touch


def render(strokes):
    """Return the image (28, 28) uint8 of a drawing, black 0 and ink up to 255.

    The image depends neither on the place nor on the size of the drawing. A drawing without
    extent, such as a single point, is a dot; one without points is black.
    """
    strokes = [np.asarray(stroke, dtype=np.float64) for stroke in strokes if len(stroke)]
    if not strokes:
        return np.zeros((SIDE, SIDE), dtype=np.uint8)
    path = _evenly(_without_slips(strokes))
    return render_paths(path[None])[0]


def _without_slips(strokes):
    """Leave out dots far from all else, where the pen touched the paper by a slip."""
    sizes = [np.ptp(stroke, axis=0).max() for stroke in strokes]
    drawn = [s for s, size in zip(strokes, sizes, strict=True) if size >= 0.03 * max(sizes)]
    points = np.concatenate(drawn)
    low = points.min(axis=0)
    high = points.max(axis=0)
    far = 0.25 * (high - low).max()

    kept = []
    for stroke in strokes:
        start = stroke[0]
        outside = np.abs(start - np.clip(start, low, high)).max()
        if outside <= far:
            kept.append(stroke)
    return kept


def render_paths(paths, radius=PEN):
    """Return images (n, 28, 28) uint8 of many drawings at once.

    Parameters
    ----------
    paths : array (n, k, 2), the points of each drawing, so dense that the pen's dots run together:
        half a pixel apart, a fortieth of the drawing's longer side. Where the pen is lifted, the
        points are further apart.
    radius : the pen's radius in pixels, at most 2: one number, or one for each drawing, (n,)
    """
    radius = np.broadcast_to(np.asarray(radius, dtype=np.float32), len(paths))
    low = np.min(paths, axis=1)
    high = np.max(paths, axis=1)
    extent = np.max(high - low, axis=1)
    scale = (BOX - 2 * radius) / np.where(extent > 0, extent, 1)

    # The box's centre falls on a corner of pixels, where a box of 20 pixels covers whole pixels.
    points = (paths - ((low + high) / 2)[:, None]) * scale[:, None, None] + (SIDE - 1) / 2
    distance = _distance_to_nearest(points.astype(np.float32))

    # Ink covers a pixel fully from half a pixel inside the pen's edge, not at all half outside.
    ink = np.clip(radius[:, None, None] + 0.5 - distance, 0, 1)
    return (_centred_by_mass(ink) * 255 + 0.5).astype(np.uint8)


def _evenly(strokes):
    """Return points (m, 2), half a pixel apart, along strokes (k, 2)."""
    points = np.concatenate(strokes)
    x, y = points.T.copy()
    extent = max(np.ptp(x), np.ptp(y))
    if extent == 0:
        return points[:1]

    lengths = [len(stroke) for stroke in strokes]
    last = np.cumsum(lengths) - 1
    steps = np.hypot(np.diff(x), np.diff(y))
    steps[last[:-1]] = 0  # from stroke to stroke: no length, so no points
    along = np.concatenate([[0], np.cumsum(steps)])
    at = np.linspace(0, along[-1], int(along[-1] / extent * BOX / _SPACING) + 2)
    path = np.stack([np.interp(at, along, x), np.interp(at, along, y)], axis=1)

    # The ends of strokes, dots among them, can fall between two of these points.
    return np.concatenate([path, points[last], points[last - lengths + 1]])


def _distance_to_nearest(points):
    """Return every pixel's distance (n, 28, 28) to the nearest of its drawing's points (n, k, 2).

    Only the 5x5 pixels around each point are looked at; other pixels are infinitely far.
    """
    n = len(points)
    margin = _REACH[-1]
    side = SIDE + 2 * margin

    nearest = np.rint(points)
    # Squared distance in x and y from each point to the columns and rows around it: (n, k, 5).
    square = (nearest[..., None] + _REACH.astype(np.float32) - points[..., None]) ** 2
    squares = square[..., 1, :, None] + square[..., 0, None, :]

    # The places of these pixels in a grid with a margin, all drawings' grids one after the other.
    column, row = np.moveaxis(nearest.astype(np.intp) + margin, -1, 0)
    first = (np.arange(n)[:, None] * side + row) * side + column
    index = first[..., None, None] + (_REACH[:, None] * side + _REACH)

    grid = np.full(n * side * side, np.inf, dtype=np.float32)
    np.minimum.at(grid, index.ravel(), squares.ravel())
    grid = grid.reshape(n, side, side)
    return np.sqrt(grid[:, margin:-margin, margin:-margin])


def _centred_by_mass(ink):
    """Return the images (n, 28, 28) moved by whole pixels so that each one's mass is at (14, 14).

    None moves by more than the four pixels around the box of 20, so no ink is lost.
    """
    n = len(ink)
    place = np.arange(SIDE, dtype=np.float32)
    mass = np.maximum(np.sum(ink, axis=(1, 2)), np.finfo(np.float32).tiny)
    limit = (SIDE - BOX) // 2

    # Which row, and which column, comes to each place. Those that leave on one side enter on the
    # other: they are empty.
    sources = []
    for sums in (np.sum(ink, axis=2), np.sum(ink, axis=1)):
        centre = sums @ place / mass
        shift = np.clip(np.rint(SIDE / 2 - centre), -limit, limit).astype(np.intp)
        sources.append((np.arange(SIDE) - shift[:, None]) % SIDE)
    row, column = sources
    return ink[np.arange(n)[:, None, None], row[:, :, None], column[:, None, :]]
