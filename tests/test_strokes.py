"""Pen strokes become images made as MNIST's were."""

import numpy as np
import pytest

from support import strokes

SEVEN = [
    np.array([[10.0, 12.0], [60.0, 10.0], [100.0, 14.0], [70.0, 80.0], [45.0, 170.0]]),
    np.array([[30.0, 90.0], [95.0, 86.0]]),
]


def ink_box(image):
    """Return the height and the width of the ink in pixels."""
    rows, columns = np.nonzero(image)
    return np.ptp(rows) + 1, np.ptp(columns) + 1


def centre_of_mass(image):
    mass = image / image.sum()
    return np.arange(28) @ mass.sum(axis=1), np.arange(28) @ mass.sum(axis=0)


def test_the_ink_fills_20_pixels_of_28_and_has_its_mass_in_the_middle():
    image = strokes.render(SEVEN)
    assert image.shape == (28, 28)
    assert image.dtype == np.uint8
    assert image.max() == 255
    assert max(ink_box(image)) == 20
    np.testing.assert_allclose(centre_of_mass(image), 14, atol=0.51)  # moved by whole pixels


def test_the_pen_is_as_thick_as_mnists():
    image = strokes.render([[[0, 0], [0, 100]]])
    assert image[14].sum() / 255 == pytest.approx(2.8, abs=0.1)


@pytest.mark.parametrize(
    ("scale", "shift"),
    [(1, 1e6), (1, -300), (7, 0), (1e-6, 0), (1e-300, 0), (1e300, 0), (1e305, -1e307)],
)
def test_neither_place_nor_size_of_the_drawing_matters(scale, shift):
    moved = [stroke * scale + shift for stroke in SEVEN]
    difference = strokes.render(moved).astype(int) - strokes.render(SEVEN)
    assert np.abs(difference).max() <= 1


def test_neither_the_density_of_the_points_nor_the_direction_matters():
    dense = []
    for stroke in SEVEN:
        at = np.sort(np.random.default_rng(0).uniform(0, len(stroke) - 1, 20_000))
        at = np.concatenate([at, np.arange(len(stroke))])
        at.sort()
        dense.append(
            np.stack([np.interp(at, range(len(stroke)), stroke[:, i]) for i in (0, 1)], axis=1)
        )
    for same in (dense, [stroke[::-1] for stroke in SEVEN[::-1]]):
        difference = strokes.render(same).astype(int) - strokes.render(SEVEN)
        assert np.abs(difference).max() <= 20  # of 255, at the pen's edge


@pytest.mark.parametrize(
    ("name", "drawing", "height", "width"),
    [
        ("nothing", [], 0, 0),
        ("an empty stroke", [np.empty((0, 2))], 0, 0),
        ("a dot", [[[3, 4]]], 4, 4),
        ("a point repeated", [[[3, 4]] * 50, [[3, 4]]], 4, 4),
        ("a point repeated but for rounding", [[[0.1 + 0.2, 1], [0.3, 1]]], 4, 4),
        ("a line straight down", [[[5, 0], [5, 9]]], 20, 4),
        ("a line straight across", [[[0, 5], [9, 5]]], 4, 20),
        ("a line in two halves", [[[5, 0], [5, 4]], [[5, 4], [5, 9]]], 20, 4),
        ("a colon", [[[5, 0]], [[5, 9]]], 20, 4),
    ],
)
def test_drawings_without_width_or_height_are_not_blown_up(name, drawing, height, width):
    image = strokes.render(drawing)
    assert image.shape == (28, 28)
    assert (ink_box(image) if image.any() else (0, 0)) == (height, width)


@pytest.mark.parametrize(
    "stroke", [[[0, np.nan]], [[np.inf, 0], [0, 0]], [1, 2, 3], [[1, 2, 3]], [[[1, 2]]]]
)
def test_what_is_not_a_stroke_is_refused(stroke):
    with pytest.raises(ValueError, match="a stroke"):
        strokes.render([SEVEN[0], stroke])


def test_many_drawings_at_once_are_rendered_like_each_alone():
    paths = np.random.default_rng(0).uniform(0, 9, (5, 300, 2)).cumsum(axis=1)
    radius = np.array([0.8, 1.0, 1.4, 1.7, 2.0])
    together = strokes.render_paths(paths, radius)
    for path, r, image in zip(paths, radius, together, strict=True):
        np.testing.assert_array_equal(strokes.render_paths(path[None], r)[0], image)


def test_ink_is_as_dark_as_its_distance_from_the_pen_says():
    """An oracle without the renderer's shortcuts: every pixel against every point."""
    paths = np.random.default_rng(1).normal(size=(1, 400, 2)).cumsum(axis=1)
    image = strokes.render_paths(paths, 1.5)[0]
    points = paths[0] - (paths[0].min(axis=0) + paths[0].max(axis=0)) / 2
    points *= (20 - 2 * 1.5) / np.ptp(paths[0], axis=0).max()
    y, x = np.mgrid[:28, :28] - 13.5
    distance = np.hypot(x[..., None] - points[:, 0], y[..., None] - points[:, 1]).min(axis=2)
    ink = 255 * np.clip(1.5 + 0.5 - distance, 0, 1)
    down, right = np.rint(14 - np.array(centre_of_mass(ink))).astype(int)
    expected = np.roll(ink, (down, right), axis=(0, 1))
    np.testing.assert_allclose(image, expected, atol=1)


@pytest.mark.parametrize(
    ("dot", "is_drawn"),
    [((200, 200), False), ((-60, 90), False), ((105, 90), True), ((60, 60), True)],
)
def test_only_a_dot_far_from_the_rest_is_a_slip(dot, is_drawn):
    x, y = dot
    for point in ([[x, y]], [[x, y], [x + 2, y + 1]]):
        image = strokes.render([*SEVEN, point])
        assert (image != strokes.render(SEVEN)).any() == is_drawn
