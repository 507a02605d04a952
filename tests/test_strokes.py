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
    assert (image.shape, image.dtype) == ((28, 28), np.uint8)
    assert image.max() == 255
    assert max(ink_box(image)) == 20
    np.testing.assert_allclose(centre_of_mass(image), 14, atol=0.51)  # moved by whole pixels


def assert_alike(drawing, tolerance):
    difference = strokes.render(drawing).astype(int) - strokes.render(SEVEN)
    assert np.abs(difference).max() <= tolerance


def test_neither_place_nor_size_of_the_drawing_matters():
    assert_alike([stroke * 7 - 300 for stroke in SEVEN], 1)


def test_neither_the_density_of_the_points_nor_the_direction_matters():
    dense = []
    for stroke in SEVEN:
        corners = np.arange(len(stroke))
        at = np.union1d(np.linspace(0, len(stroke) - 1, 20_000), corners)
        dense.append(np.stack([np.interp(at, corners, stroke[:, i]) for i in (0, 1)], axis=1))
    assert_alike(dense, 20)  # of 255, at the pen's edge
    assert_alike([stroke[::-1] for stroke in SEVEN[::-1]], 20)


@pytest.mark.parametrize(
    ("drawing", "height", "width"),
    [
        ([[[3, 4]] * 50, [[3, 4]]], 4, 4),  # a dot
        ([[[5, 0], [5, 9]]], 20, 4),
        ([[[0, 5], [9, 5]]], 4, 20),
        ([[[5, 0]], [[5, 9]]], 20, 4),  # a colon
    ],
)
def test_drawings_without_width_or_height_are_not_blown_up(drawing, height, width):
    assert ink_box(strokes.render(drawing)) == (height, width)
    assert not strokes.render([]).any()


def test_ink_is_as_dark_as_its_distance_from_the_pen_says():
    """An oracle without the renderer's shortcuts: every pixel against every point."""
    paths = np.random.default_rng(1).normal(size=(3, 400, 2)).cumsum(axis=1)
    image = strokes.render_paths(paths, np.array([1.0, 1.5, 2.0]))[1]
    points = paths[1] - (paths[1].min(axis=0) + paths[1].max(axis=0)) / 2
    points *= (20 - 2 * 1.5) / np.ptp(paths[1], axis=0).max()
    y, x = np.mgrid[:28, :28] - 13.5
    distance = np.hypot(x[..., None] - points[:, 0], y[..., None] - points[:, 1]).min(axis=2)
    ink = 255 * np.clip(1.5 + 0.5 - distance, 0, 1)
    down, right = np.rint(14 - np.array(centre_of_mass(ink))).astype(int)
    expected = np.roll(ink, (down, right), axis=(0, 1))
    np.testing.assert_allclose(image, expected, atol=0.51)


@pytest.mark.parametrize(
    ("stroke", "is_drawn"),
    [
        ([(200, 200)], False),
        ([(145, 90)], False),
        ([(135, 90)], True),
        ([(105, 90)], True),
        ([(200, 200), (216, 200)], True),  # too long for a slip
    ],
)
def test_only_a_dot_far_from_the_rest_is_a_slip(stroke, is_drawn):
    image = strokes.render([*SEVEN, stroke])
    assert (image != strokes.render(SEVEN)).any() == is_drawn


def test_between_two_strokes_there_is_no_ink():
    image = strokes.render([[(0, 0), (0, 90)], [(90, 90), (90, 0)]])
    assert not image[:, 10:18].any()
    assert image[:, :10].any()
    assert image[:, 18:].any()


def test_the_edge_of_a_stroke_is_straight():
    image = strokes.render([[(0, 0), (60, 100)]])
    rows, columns = np.nonzero(image)
    centre = (rows.max() + rows.min()) / 2, (columns.max() + columns.min()) / 2
    y, x = np.mgrid[:28, :28]
    distance = np.abs((x - centre[1]) * 100 - (y - centre[0]) * 60) / np.hypot(60, 100)
    expected = 255 * np.clip(1.4 + 0.5 - distance, 0, 1)
    inside = slice(9, 19)
    np.testing.assert_allclose(image[inside], expected[inside], atol=0.04 * 255)


def test_a_stroke_is_as_wide_as_one_in_mnist():
    image = strokes.render([[[0, 5], [90, 5]]])
    widths = image[:, 8:20].sum(axis=0) / 255
    np.testing.assert_allclose(widths, 2.8, atol=0.06)
