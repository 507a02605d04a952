"""The slow formulas and the gradients by nudging, against what can be computed on paper."""

import numpy as np
import pytest

from support.gradient_check import numerical


def test_slopes_are_the_derivatives_that_everybody_knows():
    x = np.array([[0.5, -2.0], [1.0, 3.0]])
    np.testing.assert_allclose(numerical.slopes(lambda v: np.sum(v**3), x), 3 * x**2, rtol=1e-8)


def test_the_slopes_on_both_sides_of_a_kink_differ_and_elsewhere_agree():
    x = np.array([[0.0, 2.0, -2.0]])
    below, above = numerical.slopes_on_both_sides(lambda v: np.sum(np.abs(v)), x)
    np.testing.assert_allclose(below, [[-1, 1, -1]], rtol=1e-8)
    np.testing.assert_allclose(above, [[1, 1, -1]], rtol=1e-8)


def test_relative_error_of_nan_is_infinite_and_that_of_equal_infinities_zero():
    error = numerical.relative_error(np.array([np.nan, np.inf, 2.0]), np.array([1, np.inf, 1]))
    np.testing.assert_array_equal(error, [np.inf, 0, 0.5])


def test_the_slow_formulas_give_what_can_be_computed_on_paper():
    assert numerical.linear([[1, 2]], [[1, 2], [3, 4]], [[10, 20]]) == [[17, 30]]
    assert numerical.sigmoid([[np.log(3), -1000, 1000]]) == [[pytest.approx(0.75), 0, 1]]
    assert numerical.softmax([[1000, 1000], [0, np.log(3)]])[1] == pytest.approx([0.25, 0.75])
    assert numerical.cross_entropy([[0.25, 0.75], [1, 0]], [[1, 0], [1, 0]]) == np.log(2)
