"""Small changes of a wrong method: what each kind finds and quotes, and what is not believed."""

import pytest

from support.gradient_check import changes, mistakes, repairs
from test_repairs import fault_of

LOOP = "y = np.zeros((len(x), self.b.size)); self.x = x\n"
FOUND = [
    # the change, the method, its code, what is quoted
    ("floor", "Sigmoid.forward", "return 1 // (1 + np.exp(-x))", "1 // (1 + np.exp(-x))"),
    ("rounded", "Sigmoid.forward", "return np.round(1 / (1 + np.exp(-x)), 2)",
     ("np.round(1 / (1 + np.exp(-x)), 2)", "1 / (1 + np.exp(-x))")),
    ("integers", "Sigmoid.forward", "y = np.zeros(x.shape, dtype=int)\n"
     "y[:] = 1 / (1 + np.exp(-x))\nreturn y", "np.zeros(x.shape, dtype=int)"),
    ("limited", "Sigmoid.forward", "return 1 / (1 + np.exp(-np.clip(x, -3, 3)))",
     ("np.clip(x, -3, 3)", "x")),
    ("limited", "Sigmoid.forward",
     "x = np.minimum(np.maximum(x, -5), 5); return 1 / (1 + np.exp(-x))",
     ("np.minimum(np.maximum(x, -5), 5)", "x")),
    ("epsilon", "CrossEntropyLoss.forward", "return -(y * np.log(y_hat + 0.1)).sum() / len(y)",
     "y_hat + 0.1"),
    ("activation", "Linear.backward", "return grad_y @ self.W.T => "
     "return grad_y @ self.W.T * self.x * (1 - self.x)", "self.x * (1 - self.x)"),
    ("entry by entry", "Linear.forward", "return x * self.W + self.b", ("x * self.W", "*")),
    ("product", "Sigmoid.backward", "return np.dot(grad_y.T, self.y * (1 - self.y)).T",
     "np.dot(grad_y.T, self.y * (1 - self.y)).T"),
    ("outer", "Softmax.backward", "dx = np.zeros_like(grad_y)\nfor i, y in enumerate(self.y):\n"
     "    dx[i] = (np.diag(y) - y @ y.T) @ grad_y[i]\nreturn dx", ("y @ y.T", "np.outer(y, y)")),
    ("einsum", "Linear.forward", "return np.einsum('nd,dm->m', x, self.W) + self.b",
     ("nd,dm->m", "nm")),
    ("einsum letters", "Softmax.backward", "y = self.y\n"
     "J = y[:, None] * np.eye(y.shape[1]) - np.einsum('ni,nj->nij', y, y)\n"
     "return np.einsum('nij,nk->nk', J, grad_y)", ("nij,nk->nk", "i, j")),
    ("picked", "CrossEntropyLoss.forward",
     "k = y.argmax(axis=1); return -np.log(y_hat[:, k] + 1e-12).mean()",
     ("y_hat[:, k]", "y_hat[np.arange(len(k)), k]")),
    ("largest", "Softmax.forward", "e = np.exp(x - x.mean(axis=1, keepdims=True))\n"
     "return e / e.sum(axis=1, keepdims=True)", ("x.mean(axis=1, keepdims=True)", "mean", "max")),
    ("base", "Sigmoid.forward", "return 1 / (1 + 2.718 ** -x)", "2.718 ** (-x)"),
    ("surplus", "Sigmoid.backward", "return (grad_y + 1) * self.y * (1 - self.y)", ("+ 1", "")),
    ("surplus", "Linear.forward", "return x @ self.W + self.b + (x[:, :1] - 1)",
     ("+ (x[:, :1] - 1)", "")),
    ("wrapped", "CrossEntropyLoss.backward", "return -self.y / np.log(self.y_hat) / len(self.y)",
     ("np.log( )", "self.y_hat", "")),
    ("wrapped", "Sigmoid.backward", "g = grad_y * self.y\n"
     "return g - self.y * (g * 1).sum(axis=1, keepdims=True)",
     (".sum(axis=1, keepdims=True)", "g * 1", "")),
    ("builtin", "Softmax.forward",
     "e = np.exp(x - max(x)); return e / e.sum(axis=1, keepdims=True)",
     ("max(x)", "np.max(x, axis=1, keepdims=True)")),
    ("axis", "Softmax.forward", "e = np.exp(x - x.max(axis=1, keepdims=True))\n"
     "return e / e.sum()", ("e.sum()", "e.sum(axis=1, keepdims=True)")),
    ("reshaped", "Linear.backward", "self.x.T @ grad_y => self.x.reshape(-1, len(self.x)) @ grad_y",
     "self.x.reshape(-1, len(self.x))"),
    ("range", "Linear.forward", f"{LOOP}for i in range(1, len(x)):\n    y[i] = x[i] @ self.W\n"
     "return y + self.b", ("range(1, len(x))", "range(len(x))")),
    ("counted", "Linear.forward", f"{LOOP}for j in range(x.shape[1]):\n"
     "    y[:, j] = x @ self.W[:, j]\nreturn y + self.b",
     ("x.shape[1]", "self.W.shape[1]", "for j in range(x.shape[1]):")),
    ("unpacked", "Sigmoid.backward", "D, N = grad_y.shape; dx = np.zeros((N, D))\n"
     "for i in range(N):\n    dx[i] = grad_y[i] * self.y[i] * (1 - self.y[i])\nreturn dx",
     "D, N = grad_y.shape"),
    ("made", "Linear.forward", "y = np.zeros_like(x); y[:] = x @ self.W + self.b; return y",
     ("np.zeros_like(x)", "np.zeros((len(x), self.W.shape[1]))")),
    ("transposed", "Linear.forward", "return x @ self.W + self.b.T", "self.b.T"),
    ("not transposed", "Linear.backward", "self.x.T @ grad_y => self.x @ grad_y",
     ("self.x", "self.grad_W = self.x @ grad_y", "")),
    ("brackets", "Sigmoid.forward", "return 1 / 1 + np.exp(-x)",
     ("1 / 1 + np.exp(-x)", "1 / (1 + np.exp(-x))")),
    ("brackets", "Softmax.backward",
     "return grad_y * self.y - (grad_y * self.y).sum(axis=1, keepdims=True)",
     ("grad_y * self.y - (grad_y * self.y).sum(axis=1, keepdims=True)",
      "self.y * (grad_y - (grad_y * self.y).sum(axis=1, keepdims=True))")),
    ("return in loop", "Sigmoid.backward", "dx = np.zeros_like(grad_y)\n"
     "for i in range(len(dx)):\n    for j in range(dx.shape[1]):\n"
     "        dx[i, j] = grad_y[i, j] * self.y[i, j] * (1 - self.y[i, j])\n        return dx",
     "return dx"),
    ("set in loop", "Linear.backward", "self.grad_b = grad_y.sum(axis=0)[None]\n"
     "for x, g in zip(self.x, grad_y):\n    self.grad_W = np.outer(x, g)\nreturn grad_y @ self.W.T",
     None),  # to what would it be added?
    ("never begun", "CrossEntropyLoss.forward", "for p, t in zip(y_hat, y):\n"
     "    loss = -t @ np.log(p + 1e-12)\nreturn loss / len(y)",
     ("loss = -t @ np.log(p + 1e-12)", "loss")),
    ("set in loop", "Softmax.forward", "e = np.exp(x - x.max(axis=1)[:, None])\n"
     "s = np.zeros((len(x), 1))\nfor j in range(x.shape[1]):\n    s[:, 0] = e[:, j]\nreturn e / s",
     "s[:, 0] = e[:, j]"),
    ("added in loop", "Sigmoid.backward", "dx = np.zeros_like(grad_y)\n"
     "for i in range(len(dx)):\n    dx += grad_y[i] * self.y[i] * (1 - self.y[i])\nreturn dx",
     ("dx += grad_y[i] * self.y[i] * (1 - self.y[i])", "dx[i]")),
    ("operator", "Sigmoid.forward", "return 1 / (1 - np.exp(-x))",
     ("1 - np.exp(-x)", "1 + np.exp(-x)")),
    ("inside", "Softmax.forward", "z = x - x.max(axis=1, keepdims=True)\n"
     "return np.exp(z / np.exp(z).sum(axis=1, keepdims=True))",
     ("np.exp(z / np.exp(z).sum(axis=1, keepdims=True))",
      "np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)")),
    ("cases", "CrossEntropyLoss.backward",
     "return np.where(self.y == 1, 0, -1 / self.y_hat / len(self.y))",
     "np.where(self.y == 1, 0, -1 / self.y_hat / len(self.y))"),
    ("name", "Sigmoid.backward", "return grad_y * self.y * (1 - grad_y)",
     ("return grad_y * self.y * (1 - grad_y)", "grad_y", "self.y",
      ": `return grad_y * self.y * (1 - self.y)`")),
    ("function", "CrossEntropyLoss.backward", "grad = np.ones_like(self.y); k = self.y == 1\n"
     "grad[k] = -1 / self.y_hat[k] / len(k)\nreturn grad",
     ("grad = np.ones_like(self.y)", "ones_like", "zeros_like", "")),
    ("function", "CrossEntropyLoss.backward", "grad = self.y_hat.copy(); k = self.y == 1\n"
     "grad[k] = -1 / self.y_hat[k] / len(k)\nreturn grad",
     ("grad = self.y_hat.copy()", "copy", "np.zeros_like",
      ": `grad = np.zeros_like(self.y_hat)`")),
    ("complement", "Sigmoid.backward", "return grad_y * self.y * self.y",
     ("return grad_y * self.y * self.y", "self.y", "(1 - self.y)",
      ": `return grad_y * self.y * (1 - self.y)`")),
    ("minus", "Softmax.forward", "m = x.max(axis=1, keepdims=True); e = np.exp(m - x)\n"
     "return e / e.sum(axis=1, keepdims=True)", ("e = np.exp(m - x)", "m - x", "-(m - x)", "")),
    ("unwrapped", "Softmax.forward", "z = x - x.max(axis=1, keepdims=True)\n"
     "return np.exp(z) / z.sum(axis=1, keepdims=True)", ("z", "np.exp( ... )",
      ": `return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)`")),
    ("missing", "Softmax.backward", "a = grad_y * self.y\nb = a.sum(axis=1, keepdims=True)\n"
     "return a - b", ("a.sum(axis=1, keepdims=True)", "* self.y",
      "a.sum(axis=1, keepdims=True) * self.y", "")),
    ("missing", "Softmax.forward", "m = x.max(axis=1, keepdims=True)\n"
     "return np.exp(x - m) / np.exp(x).sum(axis=1, keepdims=True)", ("x", "- m", "x - m",
      ": `return np.exp(x - m) / np.exp(x - m).sum(axis=1, keepdims=True)`")),
    ("surplus", "CrossEntropyLoss.backward",
     "k = 3.0\nreturn -k * self.y / self.y_hat / len(self.y)", ("k *", "")),
    ("entry of row", "Linear.forward", "y = x @ self.W\n"
     "for j in range(y.shape[1]):\n    y[:, j] += self.b[j]\nreturn y",
     ("self.b[j]", "self.b[0, j]")),
    ("returned", "Linear.forward", "y = x @ self.W; out = y + self.b; return y",
     ("return y", "return out")),
    ("wrapped", "Sigmoid.forward", "y = np.zeros_like(x)\nfor i in range(len(x)):\n"
     "    y[i] = 1 / (1 + np.exp(-x[i, 0]))\nreturn y[0]", None),
    ("name", "Sigmoid.forward", "self.y = np.zeros_like(x)\nfor i in np.ndindex(x.shape):\n"
     "    self.y[i] = 1 / (1 + np.exp(-x[i]))\n    if x[i] < 0:\n"
     "        self.y[i] = np.exp(-x[i]) / (1 + np.exp(-x[i]))\nreturn self.y", None),
    ("wrapped", "Sigmoid.forward",
     "return np.where(x > 0, 1 / (1 + np.exp(-x)), np.exp(-x) / (1 + np.exp(-x)))",
     ("-", "x", ": `return np.where(x > 0, 1 / (1 + np.exp(-x)), np.exp(x) / (1 + np.exp(-x)))`")),
    ("limited", "Sigmoid.forward", "return 1 / (1 + np.exp(-np.clip(x, -10, 10)))",
     ("np.clip(x, -10, 10)", "x")),
    ("limited", "Softmax.forward", "x = np.clip(x, -900, 900); e = np.exp(x)\n"
     "return e / e.sum(axis=1, keepdims=True)",
     ("np.clip(x, -900, 900)", "x - np.max(x, axis=1, keepdims=True)")),
    ("out of loop", "CrossEntropyLoss.forward", "loss = 0\nfor p, t in zip(y_hat, y):\n"
     "    loss -= np.sum(t * np.log(p + 1e-12))\n    loss /= len(y)\nreturn loss",
     "loss /= len(y)"),
    ("begun in loop", "Softmax.forward", "y = np.zeros_like(x); s = 0; n = len(x)\n"
     "for i in range(n):\n    for j in range(x.shape[1]):\n"
     "        y[i, j] = np.exp(x[i, j] - x[i].max())\n        s += y[i, j]\n"
     "    y[i] /= s\nreturn y",
     ("s = 0", "for i in range(n):")),
    ("sequence", "Softmax.forward", "e = np.exp(x); x = x - x.max(axis=1, keepdims=True)\n"
     "return np.exp(x) / e.sum(axis=1, keepdims=True)",
     ("x = x - x.max(axis=1, keepdims=True)", "e = np.exp(x)")),
    # The same mistake twice: what stands first is quoted.
    ("floor", "Linear.backward", "self.x.T @ grad_y => (self.x // 1).T @ grad_y // 1",
     "(self.x // 1).T @ grad_y // 1"),
    ("rounded", "Sigmoid.forward", "y = np.round(x, 1); return np.round(1 / (1 + np.exp(-y)), 2)",
     ("np.round(x, 1)", "x")),
    # Nothing is quoted that may stay.
    ("axis", "Softmax.forward", "m = x.max(axis=1, keepdims=True); e = np.exp(x - m)\n"
     "return e / e.sum(axis=1)", ("e.sum(axis=1)", "e.sum(axis=1, keepdims=True)")),
    # The same mistake with one variable, where others are set as well.
    ("set in loop", "Softmax.backward", "dx = np.zeros_like(grad_y)\n"
     "for n, y in enumerate(self.y):\n    g = grad_y[n]\n"
     "    for i in range(len(y)):\n        for j in range(len(y)):\n"
     "            if i == j:\n                dx[n, i] = g[j] * y[i] * (1 - y[i])\n"
     "            else:\n                dx[n, i] = -g[j] * y[i] * y[j]\nreturn dx",
     "dx[n, i] = g[j] * y[i] * (1 - y[i])"),
    # Of several results, it is asked for the one that was found wrong.
    ("axis", "Linear.backward", "self.x.T @ grad_y => (self.x.T @ grad_y) * 2\n"
     "grad_y.sum(axis=0, keepdims=True) => grad_y.sum(axis=1)",
     ("grad_y.sum(axis=1)", "grad_y.sum(axis=0, keepdims=True)")),
    # No other change than one that makes it right is believed.
    ("surplus", "Sigmoid.forward", "return np.tanh(x) + 1", None),
    # Nor is one tried that may run for ever.
    ("floor", "Sigmoid.forward", "while True:\n    return 1 // (1 + np.exp(-x))", None),
    ("name", "Sigmoid.backward", "rows = []\nfor g, y in zip(grad_y, self.y):\n"
     "    row = g * y * (1 - y)\n    rows.append(grad_y)\nreturn np.array(rows)[:, 0]", None),
]  # fmt: skip


@pytest.mark.parametrize(("change", "method", "code", "piece"), FOUND, ids=range(len(FOUND)))
def test_a_change_is_named_only_if_it_makes_the_method_right(change, method, code, piece):
    repair = repairs.found_by(change, fault_of(method, code))
    assert (repair and repair.piece) == piece


def test_every_kind_of_change_finds_a_mistake_and_has_a_text():
    texts = {**mistakes.REPAIRS_FIRST, **mistakes.REPAIRS_OF_THE_FIRST}
    texts |= {**mistakes.REPAIRS, **mistakes.REPAIRS_OF_NUMBERS}
    assert set(changes.CHANGES) == set(texts)
    assert set(changes.CHANGES) == {change for change, _, _, piece in FOUND if piece}
