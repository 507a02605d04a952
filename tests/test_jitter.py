"""The random movement of the training images."""

import numpy as np

from support.jitter import Jitter

BAR = np.zeros((28, 28), dtype=np.uint8)  # upright, in the middle
BAR[6:22, 12:16] = 200


class Largest:
    """A generator that draws the upper end of the range at `place`, and otherwise 0."""

    def __init__(self, place):
        self.place = place

    def uniform(self, low, high):
        return np.where(np.arange(len(high)) == self.place, high, 0)


def moved(place, **limit):
    return Jitter(Largest(place), **limit)(BAR.reshape(1, 784)).reshape(28, 28)


def test_scale_shear_rotation_and_shift_are_what_they_are_called():
    np.testing.assert_array_equal(moved(0, rotation=90), BAR.T)
    # A pixel's source is twice as far from the middle.
    for place, shape in ((1, (8, 4)), (2, (16, 2))):
        rows, columns = np.nonzero(moved(place, scale=1))
        assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == shape
    rows, columns = np.nonzero(moved(3, shear=0.5))
    assert np.corrcoef(rows, columns)[0, 1] < -0.8
    np.testing.assert_array_equal(moved(4, shift=5), np.roll(BAR, -5, axis=0))
    np.testing.assert_array_equal(moved(5, shift=5), np.roll(BAR, -5, axis=1))


def test_black_comes_from_beyond_the_border():
    down = Jitter(Largest(4), shift=8)(np.full((1, 784), 255, np.uint8)).reshape(28, 28)
    assert (down[:20] == 255).all()
    assert not down[20:].any()


def test_a_batch_shares_its_movement_and_the_next_has_another():
    jitter = Jitter(np.random.default_rng(0))
    batch = np.tile(BAR.reshape(784), (4, 1))
    first, second = jitter(batch), jitter(batch)
    assert len(np.unique(first, axis=0)) == 1
    assert not np.array_equal(first, second)
    assert first.dtype == np.uint8


def test_the_strength_is_a_factor_of_every_movement():
    for place, limits in enumerate(
        ({"rotation": 90}, {"scale": 1}, {"scale": 1}, {"shear": 0.5}, {"shift": 8}, {"shift": 8})
    ):
        ((name, limit),) = limits.items()
        half = Jitter(Largest(place), strength=0.5, **limits)(BAR.reshape(1, 784))
        np.testing.assert_array_equal(half.reshape(28, 28), moved(place, **{name: limit / 2}))


def test_the_limits_hold_in_both_directions():
    class Recorder:
        def uniform(self, low, high):
            self.low, self.high = low, high
            return np.zeros(6)

    recorder = Recorder()
    images = np.arange(2 * 784, dtype=np.uint8).reshape(2, 784)
    np.testing.assert_array_equal(Jitter(recorder)(images), images)
    np.testing.assert_allclose(recorder.high, [np.radians(10), 0.1, 0.1, 0.15, 1.5, 1.5])
    np.testing.assert_array_equal(recorder.low, -recorder.high)
