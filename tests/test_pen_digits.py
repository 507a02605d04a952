"""Digits written by a simulated pen."""

import numpy as np
import pytest

from support import pen_digits, strokes

# The digits from 0 to 9 as anybody writes them: strokes of points (x, y), y down.
BY_HAND = [
    [[(5, 0), (1, 4), (1, 10), (5, 14), (9, 10), (9, 4), (5, 0)]],
    [[(5, 0), (5, 14)]],
    [[(1, 3), (4, 0), (8, 3), (1, 14), (9, 14)]],
    [[(1, 1), (6, 0), (8, 3), (4, 6), (9, 10), (6, 14), (1, 13)]],
    [[(3, 0), (1, 8), (9, 8)], [(7, 3), (6, 14)]],
    [[(9, 0), (3, 0), (2, 6), (7, 6), (8, 11), (5, 14), (1, 13)]],
    [[(6, 0), (2, 6), (2, 12), (5, 14), (8, 11), (6, 8), (2, 10)]],
    [[(1, 0), (9, 0), (4, 14)]],
    [[(8, 2), (5, 0), (2, 3), (8, 10), (5, 14), (2, 11), (8, 2)]],
    [[(8, 3), (5, 0), (2, 3), (4, 7), (8, 3), (7, 14)]],
]


@pytest.fixture(scope="module")
def digits():
    return pen_digits.generate(1000, np.random.default_rng(0))


def test_every_digit_comes_equally_often_in_mixed_order(digits):
    images, labels = digits
    assert (images.shape, images.dtype, labels.dtype) == ((1000, 784), np.uint8, np.uint8)
    assert np.bincount(labels).tolist() == [100] * 10
    assert len(set(labels[:50].tolist())) == 10
    assert labels.tolist() != 100 * list(range(10))
    assert len(np.unique(images, axis=0)) == 1000  # no two writings are alike


def test_the_same_seed_writes_the_same_digits_and_another_seed_others(digits):
    for seed, same in ((0, True), (1, False)):
        images, _ = pen_digits.generate(1000, np.random.default_rng(seed))
        assert np.array_equal(images, digits[0]) == same


def test_the_digits_are_inked_and_slanted_like_mnists(digits):
    """MNIST's training pixels have the mean 0.1307, and most digits lean to the right."""
    ink = digits[0].mean(axis=0) / 255
    assert ink.mean() == pytest.approx(0.1307, abs=0.03)
    y, x = np.mgrid[:28, :28].reshape(2, -1)
    assert np.cov(x, y, aweights=ink)[0, 1] < -2


def test_the_pens_differ_in_width(digits):
    """A 1 is one stroke, more or less upright, and MNIST's strokes are 2.8 pixels wide."""
    images, labels = digits
    ones = images[labels == 1].reshape(-1, 28, 28)
    widths = np.median(ones[:, 10:18].sum(axis=2) / 255, axis=1)
    assert np.percentile(widths, 10) < 2.5
    assert np.percentile(widths, 50) > 3.4


def test_neighbours_among_other_digits_have_the_same_label(digits):
    """Each of 300 new digits is named after the nearest of 1,000: chance would be 10 %."""
    known, labels = digits[0].astype(np.float32), digits[1]
    new, new_labels = pen_digits.generate(300, np.random.default_rng(2))
    distance = (known**2).sum(axis=1) - 2 * new.astype(np.float32) @ known.T
    assert np.mean(labels[distance.argmin(axis=1)] == new_labels) > 0.6


def test_a_label_is_the_digit_that_is_written(digits):
    """Each digit by hand is named after the nearest of 1,000; at most one is mistaken."""
    known, labels = digits[0].astype(np.float32), digits[1]
    by_hand = np.array([strokes.render(drawing).reshape(784) for drawing in BY_HAND])
    distance = (known**2).sum(axis=1) - 2 * by_hand.astype(np.float32) @ known.T
    assert np.sum(labels[distance.argmin(axis=1)] == np.arange(10)) >= 9
