"""The handout's formulas, entry by entry, and gradients by nudging: slow, and hard to get wrong.

Nothing here is derived. To learn how L depends on one number v, nudge v up and down a little:

    dL/dv  is nearly  (L(v + h) - L(v - h)) / 2h

Arrays are lists of rows; every number is a Python float, which is a float64 (handout, section 7).
"""

import math

import numpy as np

# A smaller nudge drowns in rounding: float64 holds 16 digits, and the subtraction cancels those
# that the two losses have in common. A larger one sees the bend of the curve.
H = 1e-5


def linear(x, W, b):
    """y[i][j] = sum_k x[i][k] W[k][j] + b[0][j]."""
    d, m = len(W), len(W[0])
    return [[sum(row[k] * W[k][j] for k in range(d)) + b[0][j] for j in range(m)] for row in x]


def sigmoid(x):
    """y = 1 / (1 + exp(-x)), entry by entry."""
    return [[_sigmoid(v) for v in row] for row in x]


def _sigmoid(v):
    # Two ways to write the same fraction; in each, exp is given no positive number.
    return 1 / (1 + math.exp(-v)) if v > 0 else math.exp(v) / (1 + math.exp(v))


def softmax(x):
    """y[i][j] = exp(x[i][j]) / sum_k exp(x[i][k]), above and below divided by exp(max of row)."""
    exp_x = [[math.exp(v - max(row)) for v in row] for row in x]
    return [[v / sum(row) for v in row] for row in exp_x]


def cross_entropy(y_hat, y):
    """L = -1/N sum_n sum_i y[n][i] log(y_hat[n][i]), where 0 log(0) is 0."""
    total = 0.0
    for y_hat_n, y_n in zip(y_hat, y, strict=True):
        for y_hat_ni, y_ni in zip(y_hat_n, y_n, strict=True):
            if y_ni != 0:
                total += y_ni * math.log(y_hat_ni)
    return -total / len(y)


def slopes(loss, array):
    """Return dL/d(array), shaped like `array`, of the number L = loss(array)."""
    grad = np.zeros(array.shape)
    for index in np.ndindex(array.shape):
        above, below = array.copy(), array.copy()
        above[index] += H
        below[index] -= H
        # Near 1000, H itself is rounded: divide by the step that was really made.
        grad[index] = (loss(above) - loss(below)) / (above[index] - below[index])
    return grad


def slopes_on_both_sides(loss, array):
    """Return dL/d(array) found by nudging down only, and by nudging up only.

    They differ where the curve has a kink; every slope between the two is right there.
    """
    below, above = np.zeros(array.shape), np.zeros(array.shape)
    here = loss(array)
    for index in np.ndindex(array.shape):
        for side, step in ((below, -H), (above, H)):
            nudged = array.copy()
            nudged[index] += step
            side[index] = (loss(nudged) - here) / (nudged[index] - array[index])
    return below, above


def relative_error(got, expected):
    """Return |got - expected| / max(|got|, |expected|), entry by entry; of a nan it is infinite.

    The difference alone says little: 0.001 is much in a gradient of 0.002 and nothing in one of
    5000. Entries below 0.1 count as 0.1, or the rounding error of a 0 would look enormous.
    """
    with np.errstate(all="ignore"):
        size = np.maximum(np.maximum(np.abs(got), np.abs(expected)), 0.1)
        error = np.where(got == expected, 0.0, np.abs(got - expected) / size)
    return np.where(np.isnan(error), np.inf, error)
