"""The four layers against numerical gradients and known values, and the network of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from model import MLP, CrossEntropyLoss, Linear, Sigmoid, Softmax

sizes = st.integers(1, 5)
seeds = st.integers(0, 2**32 - 1)


def numerical_gradient(f, x, step=1e-6):
    """Return df/dx of the number f(), entry by entry, by central differences."""
    grad = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        kept = x[i]
        x[i] = kept + step
        above = f()
        x[i] = kept - step
        below = f()
        x[i] = kept
        grad[i] = (above - below) / (2 * step)
    return grad


def assert_same(got, expected):
    assert got.shape == expected.shape
    np.testing.assert_allclose(got, expected, rtol=1e-6, atol=1e-8)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(sizes, sizes, seeds)
def test_sigmoid_softmax_and_loss_agree_with_central_differences(n, d, seed):
    rng = np.random.default_rng(seed)
    x, grad_y = rng.normal(size=(2, n, d))
    for layer in (Sigmoid(), Softmax()):
        layer.forward(x)
        grad_x = layer.backward(grad_y)
        assert_same(grad_x, numerical_gradient(lambda f=layer.forward: np.sum(f(x) * grad_y), x))
    y_hat, y, loss = (
        rng.uniform(0.1, 1, (n, d)),
        np.eye(d)[rng.integers(0, d, n)],
        CrossEntropyLoss(),
    )
    loss.forward(y_hat, y)
    assert_same(loss.backward(), numerical_gradient(lambda: loss.forward(y_hat, y), y_hat))


@settings(max_examples=10, deadline=None, derandomize=True)
@given(st.lists(sizes, min_size=2, max_size=5), sizes, seeds)
def test_the_whole_network_agrees_with_central_differences(dims, n, seed):
    rng = np.random.default_rng(seed)
    network, loss = MLP(dims[0], dims[1:-1], dims[-1], rng), CrossEntropyLoss()
    for linear in network.linears:
        linear.W, linear.b = linear.W.astype(np.float64), rng.normal(size=linear.b.shape)
    x, y = rng.normal(size=(n, dims[0])), np.eye(dims[-1])[rng.integers(0, dims[-1], n)]

    def whole():
        return loss.forward(network.forward(x), y)

    whole()
    assert_same(network.backward(loss.backward()), numerical_gradient(whole, x))
    whole()
    network.backward(loss.backward())
    grads = [(linear.grad_W, linear.grad_b) for linear in network.linears]
    for linear, (grad_W, grad_b) in zip(network.linears, grads, strict=True):
        assert_same(grad_W, numerical_gradient(whole, linear.W))
        assert_same(grad_b, numerical_gradient(whole, linear.b))


def test_new_weights_fill_the_range_that_glorot_and_bengio_advise():
    linear = Linear(200, 100, np.random.default_rng(0))
    lowest, highest = linear.W.min(), linear.W.max()
    np.testing.assert_allclose([-lowest, highest], np.sqrt(6 / (200 + 100)), rtol=0.01)
    np.testing.assert_array_equal(linear.b, np.zeros((1, 100)))
    assert linear.W.dtype == linear.b.dtype == np.float32


def test_known_values():
    linear = Linear(2, 1, np.random.default_rng(0))
    linear.W, linear.b = np.array([[1.0], [4]]), np.array([[0.5]])
    assert_same(linear.forward(np.array([[1.0, -1]])), np.array([[-2.5]]))
    assert_same(Sigmoid().forward(np.array([[0, np.log(3)]])), np.array([[0.5, 0.75]]))
    logits = np.log(np.array([[1.0, 2, 5], [3, 3, 2]]))
    assert_same(Softmax().forward(logits), np.array([[0.125, 0.25, 0.625], [0.375, 0.375, 0.25]]))
    y_hat, y = np.array([[0.5, 0.5], [0.25, 0.75]]), np.array([[1.0, 0], [1, 0]])
    assert CrossEntropyLoss().forward(y_hat, y) == pytest.approx(1.5 * np.log(2))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_extreme_inputs_stay_finite_without_warnings_and_keep_their_dtype(dtype):
    x = np.array([[1000, -1000, 0], [-1000, -1000, -1000], [0, 1, 1000]], dtype=dtype)
    y, loss = np.eye(3, dtype=dtype), CrossEntropyLoss()
    for layer in (Sigmoid(), Softmax()):
        for result in (layer.forward(x), layer.backward(np.ones_like(x))):
            assert result.dtype == dtype
            assert np.all(np.isfinite(result))
    assert np.isfinite(loss.forward(1 - y, y))  # certain, and wrong about every row
    assert np.all(np.isfinite(loss.backward()))
    assert loss.backward().dtype == dtype
    assert loss.forward(y, y) == 0


def test_a_second_step_finds_new_gradients_in_float32_and_leaves_the_inputs_alone():
    network, loss = MLP(6, [5], 3, np.random.default_rng(0)), CrossEntropyLoss()
    x, y = np.ones((4, 6), dtype=np.float32), np.eye(3, dtype=np.float32)[[0, 1, 2, 0]]
    seen = []
    for _ in range(2):
        assert isinstance(loss.forward(network.forward(x), y), float)
        network.backward(loss.backward())
        seen.append(network.linears[0].grad_W)
    np.testing.assert_array_equal(*seen)
    np.testing.assert_array_equal(x, 1)
    np.testing.assert_array_equal(y, np.eye(3)[[0, 1, 2, 0]])
    assert seen[0].dtype == network.linears[0].grad_b.dtype == np.float32
