"""The exercise: four layers with forward and backward, and the network (given) that stacks them.

A batch is an array with one sample in each row: x of shape (n, d) holds n samples of d features.
`forward` turns the batch into the layer's output and keeps what `backward` will need. `backward`
receives dL/d(output) and returns dL/d(input), both shaped like the values they belong to.
The dtype of the input is kept, gradients are set anew by every call, and no input is modified.
"""

from itertools import pairwise

import numpy as np

import storage


class Linear:
    """Y = XW + b (handout, section 2).

    Attributes
    ----------
    W, b : weights (d, m) and bias (1, m), drawn as Glorot & Bengio (2010) advise
    grad_W, grad_b : dL/dW (d, m) and dL/db (1, m), set by `backward`
    """

    def __init__(self, in_features, out_features, rng):
        limit = np.sqrt(6 / (in_features + out_features))
        self.W = rng.uniform(-limit, limit, (in_features, out_features)).astype(np.float32)
        self.b = np.zeros((1, out_features), dtype=np.float32)

    def forward(self, x):
        """Return Y (n, m) for the batch x (n, d)."""
        # BEGIN SOLUTION
        self.x = x
        return x @ self.W + self.b
        # END SOLUTION

    def backward(self, grad_y):
        """Set grad_W (d, m) and grad_b (1, m), and return dL/dX (n, d), from dL/dY (n, m)."""
        # BEGIN SOLUTION
        self.grad_W = self.x.T @ grad_y
        self.grad_b = grad_y.sum(axis=0, keepdims=True)
        return grad_y @ self.W.T
        # END SOLUTION


class Sigmoid:
    """y = 1 / (1 + exp(-x)), entry by entry (handout, section 3)."""

    def forward(self, x):
        """Return y, shaped like x; no overflow however large |x| is."""
        # BEGIN SOLUTION
        # The same number as 1 / (1 + np.exp(-x)), but with no exp(1000) to overflow.
        self.y = (1 + np.tanh(x / 2)) / 2
        return self.y
        # END SOLUTION

    def backward(self, grad_y):
        """Return dL/dx from dL/dy, both shaped like the x of `forward`."""
        # BEGIN SOLUTION
        return grad_y * self.y * (1 - self.y)
        # END SOLUTION


class Softmax:
    """y_i = exp(x_i) / sum_j exp(x_j), each row on its own (handout, section 4)."""

    def forward(self, x):
        """Return probabilities y (n, D), rows summing to 1, for the logits x (n, D)."""
        # BEGIN SOLUTION
        exp_x = np.exp(x - x.max(axis=1, keepdims=True))
        self.y = exp_x / exp_x.sum(axis=1, keepdims=True)
        return self.y
        # END SOLUTION

    def backward(self, grad_y):
        """Return dL/dx (n, D) from dL/dy (n, D)."""
        # BEGIN SOLUTION
        return self.y * (grad_y - (grad_y * self.y).sum(axis=1, keepdims=True))
        # END SOLUTION


class CrossEntropyLoss:
    """L = -1/N sum_n sum_i y_ni log(y_hat_ni), N the number of samples (handout, section 5)."""

    def forward(self, y_hat, y):
        """Return the mean loss of the batch, a float.

        y_hat (n, D) holds predicted probabilities, y (n, D) one-hot labels.
        """
        # BEGIN SOLUTION
        self.y = y
        # log(0) is -inf: the smallest number that the dtype holds stands in for 0.
        self.y_hat = np.maximum(y_hat, np.finfo(y_hat.dtype).tiny)
        return float(-(y * np.log(self.y_hat)).sum() / len(y))
        # END SOLUTION

    def backward(self):
        """Return dL/dy_hat (n, D) of the last `forward`."""
        # BEGIN SOLUTION
        return -self.y / self.y_hat / len(self.y)
        # END SOLUTION


class MLP:
    """Given: Linear and Sigmoid in turn, a last Linear, and Softmax.

    Parameters
    ----------
    in_features, hidden_dims, out_features : the widths, for example 784, [256, 128], 10
    rng : numpy.random.Generator that draws the weights
    """

    def __init__(self, in_features, hidden_dims, out_features, rng):
        self.dims = [in_features, *hidden_dims, out_features]
        self.linears = [Linear(d, m, rng) for d, m in pairwise(self.dims)]
        self.layers = []
        for linear in self.linears:
            self.layers += [linear, Sigmoid()]
        self.layers[-1] = Softmax()
        self._spares_input_gradient = None

    def forward(self, x):
        """Return class probabilities (n, out_features) for the batch x (n, in_features)."""
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, grad_y):
        """Set grad_W and grad_b of every Linear from dL/dy (n, out_features)."""
        first, *rest = self.layers
        for layer in reversed(rest):
            grad_y = layer.backward(grad_y)
        if self._spares_input_gradient is None:
            self._spares_input_gradient = _same_without_rows(first, grad_y)
        if self._spares_input_gradient:
            _backward_without_rows(first, grad_y)
        else:
            first.backward(grad_y)

    def save(self, path, **meta):
        """Write the weights and `meta` (dataset, epoch, test_accuracy, ...) to `path`, whole."""
        arrays = {}
        for i, linear in enumerate(self.linears):
            arrays[f"W{i}"], arrays[f"b{i}"] = linear.W, linear.b
        storage.write_weights(path, arrays, {"dims": self.dims, **meta})

    @classmethod
    def load(cls, path):
        """Return (network, meta) as written by `save`; storage.WeightsError if it cannot be."""
        arrays, meta = storage.read_weights(path)
        in_features, *hidden_dims, out_features = meta["dims"]
        network = cls(in_features, hidden_dims, out_features, np.random.default_rng(0))
        for i, linear in enumerate(network.linears):
            linear.W, linear.b = arrays[f"W{i}"], arrays[f"b{i}"]
        return network, meta


# Nobody asks for dL/d(image), a third of the first layer's products. While its W has no rows,
# `grad_y @ W.T` has no columns and costs nothing; grad_W and grad_b do not depend on W.


def _backward_without_rows(linear, grad_y):
    W, linear.W = linear.W, linear.W[:0]
    try:
        linear.backward(grad_y)
    finally:
        linear.W = W


def _same_without_rows(linear, grad_y):
    """Return whether this Linear, written in whatever way, sets the same gradients without rows."""
    linear.backward(grad_y)
    grad_W, grad_b = linear.grad_W, linear.grad_b
    try:
        _backward_without_rows(linear, grad_y)
    except Exception:
        return False
    return np.array_equal(linear.grad_W, grad_W) and np.array_equal(linear.grad_b, grad_b)
