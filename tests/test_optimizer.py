"""The steps of SGD, against the formula worked out by hand."""

from types import SimpleNamespace

import numpy as np
import pytest

from optimizer import SGD


def a_layer():
    ones = np.ones((1, 1), dtype=np.float32)
    return SimpleNamespace(W=ones.copy(), b=ones.copy(), grad_W=2 * ones, grad_b=-ones)


@pytest.mark.parametrize(
    ("momentum", "W_after_two_steps", "b_after_two_steps"),
    [
        (0, 1 - 0.1 * (2 + 2), 1 + 0.1 * (1 + 1)),
        (0.5, 1 - 0.1 * (2 + (1 + 2)), 1 + 0.1 * (1 + (0.5 + 1))),
    ],
)
def test_two_steps_follow_the_formula(momentum, W_after_two_steps, b_after_two_steps):
    layer = a_layer()
    optimizer = SGD([layer], learning_rate=0.1, momentum=momentum, steps=1000)
    optimizer.step()
    optimizer.step()
    assert layer.W.item() == pytest.approx(W_after_two_steps)
    assert layer.b.item() == pytest.approx(b_after_two_steps)
    assert layer.W.dtype == np.float32


def test_the_learning_rate_falls_to_nothing_over_the_last_three_tenths():
    layer = a_layer()
    optimizer = SGD([layer], learning_rate=0.1, momentum=0, steps=10)
    values = []
    for _ in range(10):
        before = layer.W.item()
        optimizer.step()
        values.append((before - layer.W.item()) / 2)
    assert values == pytest.approx([0.1] * 8 + [0.1 * 2 / 3, 0.1 / 3], abs=1e-6)
