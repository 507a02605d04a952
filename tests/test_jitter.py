"""The random warp of the training images."""

import numpy as np

from jitter import Jitter


def a_cross(n):
    images = np.zeros((n, 28, 28), dtype=np.uint8)
    images[:, 13:15, 6:22] = images[:, 6:22, 13:15] = 200
    return images.reshape(n, 784)


def still(**limits):
    """Return a jitter that moves in the named way only."""
    none = {"rotation": 0, "scale": 0, "shear": 0, "shift": 0}
    return Jitter(np.random.default_rng(0), **{**none, **limits})


def test_without_any_movement_images_stay_as_they_are():
    images = np.random.default_rng(0).integers(0, 256, (5, 784), dtype=np.uint8)
    np.testing.assert_array_equal(still()(images), images)


def test_every_kind_of_movement_moves_the_images_but_keeps_their_ink():
    images = a_cross(3)
    for limits in ({"rotation": 10}, {"scale": 0.1}, {"shear": 0.2}, {"shift": 2}):
        warped = still(**limits)(images)
        assert warped.shape == images.shape
        assert warped.dtype == np.uint8
        assert not np.array_equal(warped, images)
        assert abs(warped.mean() / images.mean() - 1) < 0.25


def test_a_shift_is_the_same_for_all_images_of_a_batch_and_new_for_the_next():
    jitter = still(shift=3)
    first, second = jitter(a_cross(4)), jitter(a_cross(4))
    assert all(np.array_equal(first[0], image) for image in first)
    assert not np.array_equal(first, second)


def test_what_comes_from_beyond_the_border_is_black():
    white = np.full((2, 784), 255, dtype=np.uint8)
    far = still(shift=1000)(white)
    assert far.max() == 0


def test_a_result_is_not_overwritten_by_the_next_call():
    jitter = Jitter(np.random.default_rng(0))
    first = jitter(a_cross(2))
    kept = first.copy()
    jitter(a_cross(2))
    np.testing.assert_array_equal(first, kept)


def test_the_same_seed_gives_the_same_warps():
    one, other = (Jitter(np.random.default_rng(7))(a_cross(2)) for _ in range(2))
    np.testing.assert_array_equal(one, other)
