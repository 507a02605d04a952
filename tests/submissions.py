"""What students might hand in: wrong and right bodies for the methods of model.py, in one table.

A submission replaces the bodies of some methods of the solution. It is written as a student would
type it: a line `Linear.forward:`, and below it, indented, the new body. What stands before the
first such line goes to the top of the module.
"""

import re
import textwrap
from dataclasses import dataclass

import make_startup

SOLUTION = (make_startup.CHAPTER / "solution" / "model.py").read_text(encoding="utf-8")
CLASSES = ("Linear", "Sigmoid", "Softmax", "CrossEntropyLoss")
METHODS = [f"{name}.{method}" for name in CLASSES for method in ("forward", "backward")]


@dataclass(frozen=True)
class Submission:
    """`blamed` is the method to be named, `mentions` a pattern that the diagnosis must match."""

    name: str
    code: str
    blamed: str = ""
    mentions: str = ""
    edit: tuple = ("", "")  # a text of model.py and what stands there instead

    @property
    def source(self):
        """The text of model.py with this submission in it."""
        code = self.code.strip("\n") + "\n"
        top, *parts = re.split(rf"^({'|'.join(METHODS)}):\n", code, flags=re.MULTILINE)
        bodies = dict(zip(parts[::2], parts[1::2], strict=True))
        methods = iter(METHODS)

        def filled_in(match):
            body = bodies.pop(next(methods), None)
            return textwrap.indent(textwrap.dedent(body), " " * 8) if body else match[0]

        text = make_startup.SOLUTION.sub(filled_in, SOLUTION)
        assert not bodies, f"{self.name}: {bodies} replace nothing"
        old, new = self.edit
        assert old in text
        return text.replace("import storage\n", f"import storage\n\n{top}", 1).replace(old, new, 1)


def wrong(blamed, name, mentions, code="", edit=("", "")):
    return Submission(name, code, blamed, mentions, edit)


WRONG = [
    # Linear.forward
    wrong("Linear.forward", "no bias", "bias", """
Linear.forward:
    self.x = x
    return np.dot(x, self.W)
"""),
    wrong("Linear.forward", "W transposed", "transpose", """
Linear.forward:
    self.x = x
    return x @ self.W.T + self.b
"""),
    wrong("Linear.forward", "W transposed in np.dot", "transpose", """
Linear.forward:
    self.input = x
    out = np.dot(x, np.transpose(self.W))
    return out + self.b
"""),
    wrong("Linear.forward", "x transposed", "transpose", """
Linear.forward:
    self.x = x
    return np.matmul(x.T, self.W) + self.b
"""),
    wrong("Linear.forward", "W x instead of x W", "order", """
Linear.forward:
    self.x = x
    return self.W @ x + self.b
"""),
    wrong("Linear.forward", "columns as samples", "order|columns", """
Linear.forward:
    self.x = x
    return self.W.T @ x.T + self.b.T
"""),
    wrong("Linear.forward", "entry by entry product", "entry by entry|matrix product", """
Linear.forward:
    self.x = x
    return x * self.W + self.b
"""),
    wrong("Linear.forward", "bias subtracted", "sign|subtract", """
Linear.forward:
    self.x = x
    return x @ self.W - self.b
"""),
    wrong("Linear.forward", "nothing returned", "return", """
Linear.forward:
    self.x = x
    self.y = x @ self.W + self.b
"""),
    wrong("Linear.forward", "print instead of return", "return", """
Linear.forward:
    self.x = x
    print(x @ self.W + self.b)
"""),
    wrong("Linear.forward", "pass", "return", """
Linear.forward:
    pass
"""),
    wrong("Linear.forward", "x modified in place", "in place", """
Linear.forward:
    x -= x.mean(axis=0)
    x += x.mean(axis=0) + 1
    self.x = x
    return x @ self.W + self.b
"""),
    wrong("Linear.forward", "float64 returned for float32", "float64", """
Linear.forward:
    self.x = x
    y = np.zeros((x.shape[0], self.W.shape[1]))
    y += x @ self.W + self.b
    return y
"""),
    wrong("Linear.forward", "casts to float32", "float32", """
Linear.forward:
    self.x = x
    return (x @ self.W + self.b).astype(np.float32)
"""),
    wrong("Linear.forward", "a list returned", "list", """
Linear.forward:
    self.x = x
    return [row @ self.W + self.b[0] for row in x]
"""),
    wrong("Linear.forward", "weights kept from the first call", "old|earlier|kept", """
Linear.forward:
    self.x = x
    if not hasattr(self, "first_W"):
        self.first_W = self.W
    return x @ self.first_W + self.b
"""),
    wrong("Linear.forward", "result kept from the first call", "earlier", """
Linear.forward:
    self.x = x
    if getattr(self, "y", None) is None:
        self.y = x @ self.W + self.b
    return self.y
"""),
    wrong("Linear.forward", "batch size written into the code", "size|rows", """
Linear.forward:
    self.x = x
    y = np.zeros((5, self.W.shape[1]), dtype=x.dtype)
    for i in range(5):
        y[i] = x[i] @ self.W + self.b[0]
    return y
"""),
    wrong("Linear.forward", "random noise", "random", """
Linear.forward:
    self.x = x
    return x @ self.W + self.b + np.random.default_rng().normal(size=(1, 4))
"""),
    wrong("Linear.forward", "an endless loop", "endless|loop", """
Linear.forward:
    self.x = x
    i = 0
    y = []
    while i < len(x):
        y.append(x[i] @ self.W + self.b[0]) if len(y) < 9 else None
    return np.array(y)
"""),
    wrong("Linear.forward", "a name without self", r"self\.W", """
Linear.forward:
    self.x = x
    return x @ W + self.b
"""),
    wrong("Linear.forward", "sigmoid applied too", "sigmoid", """
Linear.forward:
    self.x = x
    return 1 / (1 + np.exp(-(x @ self.W + self.b)))
"""),
    wrong("Linear.forward", "exit", "exit", """
Linear.forward:
    print("here")
    raise SystemExit(3)
"""),
    wrong("Linear.forward", "the raise is still there", "still|delete", """
Linear.forward:
    self.x = x
    raise NotImplementedError("Linear.forward")
    return x @ self.W + self.b
"""),
    wrong("Linear.forward", "self is missing", "self", edit=(
        'def forward(self, x):\n        """Return Y', 'def forward(x):\n        """Return Y')),
    wrong("Linear.forward", "the class is renamed", "renamed",
          edit=("class Linear:", "class Lineal:")),
    # Linear.backward
    wrong("Linear.backward", "grad_W averaged", "averag|divided", """
Linear.backward:
    n = self.x.shape[0]
    self.grad_W = self.x.T @ grad_y / n
    self.grad_b = grad_y.sum(axis=0, keepdims=True)
    return grad_y @ self.W.T
"""),
    wrong("Linear.backward", "all averaged", "averag|divided", """
Linear.backward:
    n = grad_y.shape[0]
    self.grad_W = 1 / n * np.dot(self.x.T, grad_y)
    self.grad_b = np.mean(grad_y, axis=0, keepdims=True)
    return np.dot(grad_y, self.W.T)
"""),
    wrong("Linear.backward", "grad_b averaged", "averag|divided", """
Linear.backward:
    self.grad_W = self.x.T @ grad_y
    self.grad_b = np.mean(grad_y, axis=0, keepdims=True)
    return grad_y @ self.W.T
"""),
    wrong("Linear.backward", "grad_b summed over axis 1", "axis", """
Linear.backward:
    self.grad_W = self.x.T @ grad_y
    self.grad_b = np.sum(grad_y, axis=1, keepdims=True)
    return grad_y @ self.W.T
"""),
    wrong("Linear.backward", "grad_b without keepdims", "keepdims", """
Linear.backward:
    self.grad_W = self.x.T @ grad_y
    self.grad_b = np.sum(grad_y, axis=0)
    return grad_y @ self.W.T
"""),
    wrong("Linear.backward", "grad_b summed to one number", "whole array", """
Linear.backward:
    self.grad_W = self.x.T @ grad_y
    self.grad_b = np.sum(grad_y)
    return grad_y @ self.W.T
"""),
    wrong("Linear.backward", "grad_b not summed", "not summed", """
Linear.backward:
    self.grad_W = self.x.T @ grad_y
    self.grad_b = grad_y
    return grad_y @ self.W.T
"""),
    wrong("Linear.backward", "grad_b forgotten", r"self\.grad_b", """
Linear.backward:
    self.grad_W = self.x.T @ grad_y
    return grad_y @ self.W.T
"""),
    wrong("Linear.backward", "gradients under other names", r"self\.dW", """
Linear.backward:
    self.dW = self.x.T @ grad_y
    self.db = grad_y.sum(axis=0, keepdims=True)
    return grad_y @ self.W.T
"""),
    wrong("Linear.backward", "grad_W transposed", "transpose", """
Linear.backward:
    self.grad_W = grad_y.T @ self.x
    self.grad_b = grad_y.sum(axis=0, keepdims=True)
    return grad_y @ self.W.T
"""),
    wrong("Linear.backward", "x not transposed", "transpose", """
Linear.backward:
    self.grad_W = np.dot(self.x, grad_y)
    self.grad_b = grad_y.sum(axis=0, keepdims=True)
    return grad_y @ self.W.T
"""),
    wrong("Linear.backward", "W not transposed", "transpose", """
Linear.backward:
    self.grad_W = self.x.T @ grad_y
    self.grad_b = grad_y.sum(axis=0, keepdims=True)
    return grad_y @ self.W
"""),
    wrong("Linear.backward", "minus", "sign", """
Linear.backward:
    self.grad_W = -self.x.T @ grad_y
    self.grad_b = -grad_y.sum(axis=0, keepdims=True)
    return -grad_y @ self.W.T
"""),
    wrong("Linear.backward", "nothing returned", "return", """
Linear.backward:
    self.grad_W = self.x.T @ grad_y
    self.grad_b = grad_y.sum(axis=0, keepdims=True)
    self.grad_x = grad_y @ self.W.T
"""),
    wrong("Linear.backward", "grad_W returned", "grad_W is returned", """
Linear.backward:
    self.grad_W = self.x.T @ grad_y
    self.grad_b = grad_y.sum(axis=0, keepdims=True)
    return self.grad_W
"""),
    wrong("Linear.backward", "a tuple returned", "several|tuple", """
Linear.backward:
    self.grad_W = self.x.T @ grad_y
    self.grad_b = grad_y.sum(axis=0, keepdims=True)
    return grad_y @ self.W.T, self.grad_W, self.grad_b
"""),
    wrong("Linear.backward", "accumulated", "accumulate|call to call", """
Linear.backward:
    if not hasattr(self, "grad_W"):
        self.grad_W = np.zeros_like(self.W)
        self.grad_b = np.zeros_like(self.b)
    self.grad_W = self.grad_W + self.x.T @ grad_y
    self.grad_b = self.grad_b + grad_y.sum(axis=0, keepdims=True)
    return grad_y @ self.W.T
"""),
    wrong("Linear.backward", "accumulated until the next forward", "anew|add", """
Linear.forward:
    self.x = x
    self.grad_W = np.zeros_like(self.W)
    self.grad_b = np.zeros_like(self.b)
    return x @ self.W + self.b
Linear.backward:
    self.grad_W += self.x.T @ grad_y
    self.grad_b += grad_y.sum(axis=0, keepdims=True)
    return grad_y @ self.W.T
"""),
    wrong("Linear.backward", "x kept from the first call", "earlier", """
Linear.forward:
    if not hasattr(self, "x"):
        self.x = x
    return x @ self.W + self.b
"""),
    wrong("Linear.backward", "x kept in the class", "share|class attribute", """
Linear.forward:
    Linear.x = x
    return x @ self.W + self.b
"""),
    wrong("Linear.backward", "x kept in a global", "share|global", """
cache = {}
Linear.forward:
    cache["x"] = x
    return x @ self.W + self.b
Linear.backward:
    x = cache["x"]
    self.grad_W = x.T @ grad_y
    self.grad_b = grad_y.sum(axis=0, keepdims=True)
    return grad_y @ self.W.T
"""),
    wrong("Linear.backward", "a queue of batches", "earlier|latest", """
Linear.forward:
    if not hasattr(self, "queue"):
        self.queue = []
    self.queue.append(x)
    return x @ self.W + self.b
Linear.backward:
    x = self.queue.pop(0)
    self.queue.insert(0, x) if not self.queue else None
    self.grad_W = x.T @ grad_y
    self.grad_b = grad_y.sum(axis=0, keepdims=True)
    return grad_y @ self.W.T
"""),
    wrong("Linear.backward", "forward does not keep x", r"self\.x", """
Linear.forward:
    return x @ self.W + self.b
"""),
    wrong("Linear.backward", "an update inside", "update|optimizer", """
Linear.backward:
    self.grad_W = self.x.T @ grad_y
    self.grad_b = grad_y.sum(axis=0, keepdims=True)
    grad_x = grad_y @ self.W.T
    self.W -= 0.01 * self.grad_W
    self.b -= 0.01 * self.grad_b
    return grad_x
"""),
    wrong("Linear.backward", "grad_y modified in place", "in place", """
Linear.backward:
    grad_y /= len(grad_y)
    self.grad_W = self.x.T @ grad_y * len(grad_y)
    self.grad_b = grad_y.sum(axis=0, keepdims=True) * len(grad_y)
    return grad_y @ self.W.T * len(grad_y)
"""),
    wrong("Linear.backward", "a loop keeps only the last row", "last row", """
Linear.backward:
    for x_i, g_i in zip(self.x, grad_y):
        self.grad_W = np.outer(x_i, g_i)
    self.grad_b = grad_y.sum(axis=0, keepdims=True)
    return grad_y @ self.W.T
"""),
    wrong("Linear.backward", "grad_x is grad_y", "unchanged", """
Linear.backward:
    self.grad_W = self.x.T @ grad_y
    self.grad_b = grad_y.sum(axis=0, keepdims=True)
    return grad_y
"""),
    # Sigmoid.forward
    wrong("Sigmoid.forward", "exp(x)", "sign", """
Sigmoid.forward:
    self.y = 1 / (1 + np.exp(x))
    return self.y
"""),
    wrong("Sigmoid.forward", "tanh", "tanh", """
Sigmoid.forward:
    self.y = np.tanh(x)
    return self.y
"""),
    wrong("Sigmoid.forward", "overflow at -1000", "overflow", """
Sigmoid.forward:
    self.y = 1 / (1 + np.exp(-x))
    return self.y
"""),
    wrong("Sigmoid.forward", "overflow at 1000", "overflow", """
Sigmoid.forward:
    e = np.exp(x)
    self.y = e / (e + 1)
    return self.y
"""),
    wrong("Sigmoid.forward", "ReLU", "ReLU", """
Sigmoid.forward:
    self.y = np.maximum(0, x)
    return self.y
"""),
    wrong("Sigmoid.forward", "parentheses", "parenthes", """
Sigmoid.forward:
    self.y = 1 / 1 + np.exp(-np.clip(x, -500, 500))
    return self.y
"""),
    wrong("Sigmoid.forward", "math.exp", r"np\.exp", """
import math
Sigmoid.forward:
    self.y = 1 / (1 + math.exp(-x))
    return self.y
"""),
    wrong("Sigmoid.forward", "abs without the other branch", "branch|negative", """
Sigmoid.forward:
    self.y = 1 / (1 + np.exp(-np.abs(x)))
    return self.y
"""),
    wrong("Sigmoid.forward", "in place", "in place", """
Sigmoid.forward:
    np.negative(x, out=x)
    np.minimum(x, 80, out=x)
    np.exp(x, out=x)
    self.y = 1 / (1 + x)
    return self.y
"""),
    wrong("Sigmoid.forward", "a buffer that every call returns", "same array|overwrite", """
Sigmoid.forward:
    if getattr(self, "y", None) is None or self.y.shape != x.shape or self.y.dtype != x.dtype:
        self.y = np.empty_like(x)
    self.y[:] = 0.5 * (1 + np.tanh(x / 2))
    return self.y
"""),
    wrong("Sigmoid.forward", "if on an array", r"np\.where", """
Sigmoid.forward:
    if x > 0:
        self.y = 1 / (1 + np.exp(-x))
    else:
        self.y = np.exp(x) / (1 + np.exp(x))
    return self.y
"""),
    wrong("Sigmoid.forward", "clipped at 5", "clip", """
Sigmoid.forward:
    self.y = 1 / (1 + np.exp(-np.clip(x, -5, 5)))
    return self.y
"""),
    # Sigmoid.backward
    wrong("Sigmoid.backward", "derivative at the input", "input", """
Sigmoid.forward:
    self.x = x
    return 0.5 + 0.5 * np.tanh(0.5 * x)
Sigmoid.backward:
    return grad_y * self.x * (1 - self.x)
"""),
    wrong("Sigmoid.backward", "incoming gradient forgotten", "grad_y is forgotten", """
Sigmoid.backward:
    return self.y * (1 - self.y)
"""),
    wrong("Sigmoid.backward", "tanh's derivative", "tanh", """
Sigmoid.backward:
    return grad_y * (1 - self.y ** 2)
"""),
    wrong("Sigmoid.backward", "1 - y only", "factor y", """
Sigmoid.backward:
    return grad_y * (1 - self.y)
"""),
    wrong("Sigmoid.backward", "sign", "sign", """
Sigmoid.backward:
    return grad_y * self.y * (self.y - 1)
"""),
    wrong("Sigmoid.backward", "matrix product", "matrix product|entry by entry", """
Sigmoid.backward:
    return grad_y @ (self.y * (1 - self.y))
"""),
    wrong("Sigmoid.backward", "unchanged", "unchanged", """
Sigmoid.backward:
    return grad_y
"""),
    wrong("Sigmoid.backward", "averaged", "averag|divided", """
Sigmoid.backward:
    return grad_y * self.y * (1 - self.y) / grad_y.shape[0]
"""),
    wrong("Sigmoid.backward", "sigmoid twice", "twice", """
Sigmoid.backward:
    s = self.forward(self.y)
    return grad_y * s * (1 - s)
"""),
    wrong("Sigmoid.backward", "cache used up", "alter|keeps|kept|in place", """
Sigmoid.backward:
    self.y *= 1 - self.y
    return grad_y * self.y
"""),
    wrong("Sigmoid.backward", "overflow in the derivative", "overflow", """
Sigmoid.forward:
    self.x = x
    return 0.5 + 0.5 * np.tanh(0.5 * x)
Sigmoid.backward:
    e = np.exp(-self.x)
    return grad_y * e / (1 + e) ** 2
"""),
    # Softmax.forward
    wrong("Softmax.forward", "over the batch", "batch", """
Softmax.forward:
    e = np.exp(x - x.max())
    self.y = e / e.sum(axis=0)
    return self.y
"""),
    wrong("Softmax.forward", "over the whole array", "whole array", """
Softmax.forward:
    e = np.exp(x - np.max(x))
    self.y = e / np.sum(e)
    return self.y
"""),
    wrong("Softmax.forward", "no maximum", "maximum", """
Softmax.forward:
    e = np.exp(x)
    self.y = e / e.sum(axis=1, keepdims=True)
    return self.y
"""),
    wrong("Softmax.forward", "one maximum for the batch", "one maximum", """
Softmax.forward:
    e = np.exp(x - x.max())
    self.y = e / e.sum(axis=1, keepdims=True)
    return self.y
"""),
    wrong("Softmax.forward", "keepdims missing in the sum", "keepdims", """
Softmax.forward:
    e = np.exp(x - x.max(axis=1, keepdims=True))
    self.y = e / np.sum(e, axis=1)
    return self.y
"""),
    wrong("Softmax.forward", "keepdims missing in the max", "keepdims", """
Softmax.forward:
    shifted = x - np.max(x, axis=1)
    self.y = np.exp(shifted) / np.exp(shifted).sum(axis=1, keepdims=True)
    return self.y
"""),
    wrong("Softmax.forward", "not normalised", "normalise", """
Softmax.forward:
    self.y = np.exp(x - x.max(axis=1, keepdims=True))
    return self.y
"""),
    wrong("Softmax.forward", "log-softmax", "logarithm", """
Softmax.forward:
    x = x - x.max(axis=1, keepdims=True)
    self.y = x - np.log(np.exp(x).sum(axis=1, keepdims=True))
    return self.y
"""),
    wrong("Softmax.forward", "in place", "in place", """
Softmax.forward:
    x -= np.max(x, axis=1, keepdims=True)
    e = np.exp(x)
    self.y = e / e.sum(axis=1, keepdims=True)
    return self.y
"""),
    wrong("Softmax.forward", "clipped", "clip", """
Softmax.forward:
    e = np.exp(np.clip(x, -500, 500))
    self.y = e / e.sum(axis=1, keepdims=True)
    return self.y
"""),
    # Softmax.backward
    wrong("Softmax.backward", "diagonal only", "diagonal", """
Softmax.backward:
    return grad_y * self.y * (1 - self.y)
"""),
    wrong("Softmax.backward", "unchanged", "unchanged", """
Softmax.backward:
    return grad_y
"""),
    wrong("Softmax.backward", "sum over the batch", "batch", """
Softmax.backward:
    return self.y * (grad_y - np.sum(grad_y * self.y, axis=0, keepdims=True))
"""),
    wrong("Softmax.backward", "sum without keepdims", "keepdims", """
Softmax.backward:
    return self.y * (grad_y - np.sum(grad_y * self.y, axis=1))
"""),
    wrong("Softmax.backward", "sum over everything", "whole array", """
Softmax.backward:
    return self.y * (grad_y - np.sum(grad_y * self.y))
"""),
    wrong("Softmax.backward", "plus", "sign", """
Softmax.backward:
    return self.y * (grad_y + np.sum(grad_y * self.y, axis=1, keepdims=True))
"""),
    wrong("Softmax.backward", "y forgotten in the sum", "inside the sum", """
Softmax.backward:
    return self.y * (grad_y - np.sum(grad_y, axis=1, keepdims=True))
"""),
    wrong("Softmax.backward", "y - grad_y", "shortcut|label", """
Softmax.backward:
    return (self.y - grad_y) / len(grad_y)
"""),
    wrong("Softmax.backward", "Jacobian of the first row", "first row", """
Softmax.backward:
    p = self.y[0]
    jacobian = np.diag(p) - np.outer(p, p)
    return grad_y @ jacobian
"""),
    wrong("Softmax.backward", "incoming gradient forgotten", "grad_y is forgotten|diagonal", """
Softmax.backward:
    return self.y * (1 - self.y)
"""),
    wrong("Softmax.backward", "y kept from the first call", "earlier", """
Softmax.forward:
    e = np.exp(x - x.max(axis=1, keepdims=True))
    y = e / e.sum(axis=1, keepdims=True)
    try:
        self.y
    except AttributeError:
        self.y = y
    return y
"""),
    # CrossEntropyLoss.forward
    wrong("CrossEntropyLoss.forward", "not divided by N", "division by N", """
CrossEntropyLoss.forward:
    self.y, self.y_hat = y, y_hat + 1e-12
    return float(-np.sum(y * np.log(self.y_hat)))
"""),
    wrong("CrossEntropyLoss.forward", "divided by the classes", "number of classes", """
CrossEntropyLoss.forward:
    self.y, self.y_hat = y, y_hat + 1e-12
    return float(-np.sum(y * np.log(self.y_hat)) / y.shape[1])
"""),
    wrong("CrossEntropyLoss.forward", "np.mean of everything", "all elements", """
CrossEntropyLoss.forward:
    self.y, self.y_hat = y, np.clip(y_hat, 1e-7, 1 - 1e-7)
    return -np.mean(y * np.log(self.y_hat))
"""),
    wrong("CrossEntropyLoss.forward", "plus", "sign|minus", """
CrossEntropyLoss.forward:
    self.y, self.y_hat = y, y_hat + 1e-12
    return np.sum(y * np.log(self.y_hat)) / len(y)
"""),
    wrong("CrossEntropyLoss.forward", "log2", "base", """
CrossEntropyLoss.forward:
    self.y, self.y_hat = y, y_hat + 1e-12
    return -np.sum(y * np.log2(self.y_hat)) / len(y)
"""),
    wrong("CrossEntropyLoss.forward", "log10", "base", """
CrossEntropyLoss.forward:
    self.y, self.y_hat = y, y_hat + 1e-12
    return -np.sum(y * np.log10(self.y_hat)) / len(y)
"""),
    wrong("CrossEntropyLoss.forward", "log(0)", r"log\(0\)", """
CrossEntropyLoss.forward:
    self.y, self.y_hat = y, y_hat
    return -np.sum(y * np.log(y_hat)) / len(y)
"""),
    wrong("CrossEntropyLoss.forward", "log(0) of the right class", r"log\(0\)", """
CrossEntropyLoss.forward:
    self.y, self.y_hat = y, y_hat
    return -np.mean(np.log(y_hat[y == 1]))
"""),
    wrong("CrossEntropyLoss.forward", "binary", "binary", """
CrossEntropyLoss.forward:
    self.y, self.y_hat = y, np.clip(y_hat, 1e-12, 1 - 1e-12)
    p = self.y_hat
    return -np.sum(y * np.log(p) + (1 - y) * np.log(1 - p)) / len(y)
"""),
    wrong("CrossEntropyLoss.forward", "one loss for each row", "array", """
CrossEntropyLoss.forward:
    self.y, self.y_hat = y, y_hat + 1e-12
    return -np.sum(y * np.log(self.y_hat), axis=1)
"""),
    wrong("CrossEntropyLoss.forward", "an array with one number", "array", """
CrossEntropyLoss.forward:
    self.y, self.y_hat = y, y_hat + 1e-12
    return -np.sum(y * np.log(self.y_hat), keepdims=True) / len(y)
"""),
    wrong("CrossEntropyLoss.forward", "nothing summed", "array", """
CrossEntropyLoss.forward:
    self.y, self.y_hat = y, y_hat + 1e-12
    return -y * np.log(self.y_hat)
"""),
    wrong("CrossEntropyLoss.forward", "swapped", "swapped", """
CrossEntropyLoss.forward:
    self.y, self.y_hat = y, y_hat
    return -np.sum(y_hat * np.log(y + 1e-12)) / len(y)
"""),
    wrong("CrossEntropyLoss.forward", "squared error", "squared", """
CrossEntropyLoss.forward:
    self.y, self.y_hat = y, y_hat
    return np.mean((y_hat - y) ** 2)
"""),
    wrong("CrossEntropyLoss.forward", "log1p", "log1p|1 added", """
CrossEntropyLoss.forward:
    self.y, self.y_hat = y, y_hat
    return -np.sum(y * np.log1p(y_hat)) / len(y)
"""),
    wrong("CrossEntropyLoss.forward", "large epsilon", "large|distort", """
CrossEntropyLoss.forward:
    self.y, self.y_hat = y, y_hat + 1e-2
    return -np.sum(y * np.log(self.y_hat)) / len(y)
"""),
    wrong("CrossEntropyLoss.forward", "a fixed batch size", "fixed number|64", """
CrossEntropyLoss.forward:
    self.y, self.y_hat = y, y_hat + 1e-12
    return -np.sum(y * np.log(self.y_hat)) / 64
"""),
    wrong("CrossEntropyLoss.forward", "softmax again", "softmax", """
CrossEntropyLoss.forward:
    e = np.exp(y_hat)
    p = e / e.sum(axis=1, keepdims=True)
    self.y, self.y_hat = y, p
    return -np.sum(y * np.log(p)) / len(y)
"""),
    wrong("CrossEntropyLoss.forward", "y_hat clipped in place", "in place", """
CrossEntropyLoss.forward:
    np.clip(y_hat, 1e-7, 1 - 1e-7, out=y_hat)
    self.y, self.y_hat = y, y_hat
    return -np.sum(y * np.log(y_hat)) / len(y)
"""),
    # CrossEntropyLoss.backward
    wrong("CrossEntropyLoss.backward", "fused", "Softmax", """
CrossEntropyLoss.backward:
    return (self.y_hat - self.y) / len(self.y)
"""),
    wrong("CrossEntropyLoss.backward", "not divided by N", "division by N", """
CrossEntropyLoss.backward:
    return -self.y / self.y_hat
"""),
    wrong("CrossEntropyLoss.backward", "divided by the classes", "number of classes", """
CrossEntropyLoss.backward:
    return -self.y / self.y_hat / self.y.shape[1]
"""),
    wrong("CrossEntropyLoss.backward", "divided by the size", "all elements", """
CrossEntropyLoss.backward:
    return -self.y / self.y_hat / self.y.size
"""),
    wrong("CrossEntropyLoss.backward", "plus", "sign", """
CrossEntropyLoss.backward:
    return self.y / self.y_hat / len(self.y)
"""),
    wrong("CrossEntropyLoss.backward", "division by zero", "0", """
CrossEntropyLoss.forward:
    self.y, self.y_hat = y, y_hat
    return -np.sum(y * np.log(y_hat + 1e-12)) / len(y)
"""),
    wrong("CrossEntropyLoss.backward", "binary", "binary", """
CrossEntropyLoss.backward:
    y, p = self.y, self.y_hat
    return (-y / p + (1 - y) / (1 - p + 1e-12)) / len(y)
"""),
    wrong("CrossEntropyLoss.backward", "labels not used", "labels", """
CrossEntropyLoss.backward:
    return -1 / self.y_hat / len(self.y)
"""),
    wrong("CrossEntropyLoss.backward", "multiplied", "multiplied", """
CrossEntropyLoss.backward:
    return -self.y * self.y_hat / len(self.y)
"""),
    wrong("CrossEntropyLoss.backward", "renamed", "gradient|called|renamed",
          edit=("def backward(self):", "def backwards(self):")),
    wrong("CrossEntropyLoss.backward", "a row for the batch", "sum", """
CrossEntropyLoss.backward:
    return -np.sum(self.y / self.y_hat, axis=0, keepdims=True) / len(self.y)
"""),
]  # fmt: skip


def right(name, code):
    return Submission(name, code)


RIGHT = [
    right("the solution", ""),
    right("einsum everywhere", """
Linear.forward:
    self.x = x
    return np.einsum("nd,dm->nm", x, self.W) + self.b
Linear.backward:
    self.grad_W = np.einsum("nd,nm->dm", self.x, grad_y)
    self.grad_b = np.einsum("nm->m", grad_y)[None, :]
    return np.einsum("nm,dm->nd", grad_y, self.W)
Softmax.backward:
    dot = np.einsum("nd,nd->n", grad_y, self.y)
    return self.y * (grad_y - dot[:, None])
CrossEntropyLoss.forward:
    self.y, self.y_hat = y, y_hat + 1e-10
    return -np.einsum("nd,nd->", y, np.log(self.y_hat)) / len(y)
"""),
    right("loops", """
import math
Linear.forward:
    self.x = x
    n, m = len(x), self.W.shape[1]
    y = np.zeros_like(x, shape=(n, m))
    for i in range(n):
        for j in range(m):
            for k in range(x.shape[1]):
                y[i, j] += x[i, k] * self.W[k, j]
            y[i, j] += self.b[0, j]
    return y
Linear.backward:
    self.grad_W = np.zeros_like(self.W)
    self.grad_b = np.zeros_like(self.b)
    grad_x = np.zeros_like(self.x)
    for i in range(len(grad_y)):
        for j in range(self.W.shape[1]):
            self.grad_b[0, j] += grad_y[i, j]
            for k in range(self.W.shape[0]):
                self.grad_W[k, j] += self.x[i, k] * grad_y[i, j]
                grad_x[i, k] += grad_y[i, j] * self.W[k, j]
    return grad_x
Sigmoid.forward:
    self.y = np.empty_like(x)
    for i, v in np.ndenumerate(x):
        self.y[i] = 1 / (1 + math.exp(-v)) if v >= 0 else math.exp(v) / (1 + math.exp(v))
    return self.y
Softmax.forward:
    rows = []
    for row in x:
        e = [math.exp(v - max(row)) for v in row]
        rows.append([v / sum(e) for v in e])
    self.y = np.array(rows, dtype=x.dtype)
    return self.y
CrossEntropyLoss.forward:
    self.y, self.y_hat = y, y_hat
    total = 0
    for p_row, y_row in zip(y_hat, y):
        for p, t in zip(p_row, y_row):
            if t > 0:
                total -= t * math.log(max(p, 1e-12))
    return total / len(y)
CrossEntropyLoss.backward:
    grad = np.zeros_like(self.y_hat)
    for i, t in np.ndenumerate(self.y):
        if t > 0:
            grad[i] = -t / max(self.y_hat[i], 1e-12) / len(self.y)
    return grad
"""),
    right("an explicit Jacobian", """
Softmax.backward:
    grad_x = np.empty_like(grad_y)
    for i in range(len(grad_y)):
        p = self.y[i].reshape(-1, 1)
        jacobian = np.diagflat(p) - p @ p.T
        grad_x[i] = jacobian @ grad_y[i]
    return grad_x
"""),
    right("Jacobians of the whole batch at once", """
Softmax.backward:
    y = self.y
    jacobians = y[:, :, None] * np.eye(y.shape[1], dtype=y.dtype) - y[:, :, None] * y[:, None, :]
    return (jacobians @ grad_y[:, :, None])[:, :, 0]
"""),
    right("tanh-based sigmoid", """
Sigmoid.forward:
    self.y = 0.5 * (1 + np.tanh(0.5 * x))
    return self.y
"""),
    right("np.where sigmoid", """
Sigmoid.forward:
    self.out = np.where(x >= 0, 1 / (1 + np.exp(-x)), np.exp(x) / (1 + np.exp(x)))
    return self.out
Sigmoid.backward:
    return grad_y * (self.out - self.out ** 2)
"""),
    right("sigmoid with masks", """
Sigmoid.forward:
    y = np.empty_like(x)
    positive = x >= 0
    y[positive] = 1 / (1 + np.exp(-x[positive]))
    e = np.exp(x[~positive])
    y[~positive] = e / (1 + e)
    self.y = y
    return y
"""),
    right("sigmoid with exp(-|x|)", """
Sigmoid.forward:
    z = np.exp(-np.abs(x))
    self.y = np.where(x >= 0, 1, z) / (1 + z)
    return self.y
"""),
    right("sigmoid with a clipped input", """
Sigmoid.forward:
    self.y = 1 / (1 + np.exp(-np.clip(x, -50, 50)))
    return self.y
"""),
    right("sigmoid with an input clipped at 500, which warns in float32", """
Sigmoid.forward:
    self.y = 1 / (1 + np.exp(-np.clip(x, -500, 500)))
    return self.y
"""),
    right("sigmoid through logaddexp", """
Sigmoid.forward:
    self.y = np.exp(-np.logaddexp(0, -x))
    return self.y
"""),
    right("sigmoid with warnings switched off", """
Sigmoid.forward:
    with np.errstate(over="ignore"):
        self.y = 1 / (1 + np.exp(-x))
    return self.y
"""),
    *(right(f"log(p + {eps})", f"""
CrossEntropyLoss.forward:
    self.y, self.y_hat = y, y_hat
    return -(y * np.log(y_hat + {eps})).sum(axis=1).mean()
CrossEntropyLoss.backward:
    return -self.y / (self.y_hat + {eps}) / self.y.shape[0]
""") for eps in ("1e-12", "1e-10", "1e-8", "1e-7", "1e-6")),
    right("clipping at 1e-7", """
CrossEntropyLoss.forward:
    y_hat = np.clip(y_hat, 1e-7, 1 - 1e-7)
    self.y, self.y_hat = y, y_hat
    return -np.sum(y * np.log(y_hat)) / y_hat.shape[0]
"""),
    right("a gradient that is 0 where y_hat is clipped", """
CrossEntropyLoss.forward:
    self.y, self.y_hat = y, y_hat
    return -np.sum(y * np.log(np.maximum(y_hat, 1e-7))) / y_hat.shape[0]
CrossEntropyLoss.backward:
    inside = self.y_hat > 1e-7
    return np.where(inside, -self.y / np.maximum(self.y_hat, 1e-7), 0) / len(self.y)
"""),
    right("class numbers instead of one-hot rows", """
CrossEntropyLoss.forward:
    self.classes = y.argmax(axis=1)
    self.rows = np.arange(len(y))
    self.y_hat = np.maximum(y_hat, 1e-15)
    return -np.log(self.y_hat[self.rows, self.classes]).mean()
CrossEntropyLoss.backward:
    grad = np.zeros_like(self.y_hat)
    grad[self.rows, self.classes] = -1 / self.y_hat[self.rows, self.classes]
    grad /= len(self.rows)
    return grad
"""),
    right("a NumPy scalar in float32", """
CrossEntropyLoss.forward:
    self.y = y
    self.y_hat = y_hat + np.float32(1e-12)
    return np.float32(-np.sum(y * np.log(self.y_hat)) / len(y))
"""),
    right("an array without dimensions", """
CrossEntropyLoss.forward:
    self.y, self.y_hat = y, y_hat + 1e-12
    return np.array(-np.sum(y * np.log(self.y_hat)) / len(y))
"""),
    right("in place on arrays of its own", """
Linear.forward:
    self.x = x
    y = x @ self.W
    y += self.b
    return y
Sigmoid.forward:
    y = np.negative(x)
    np.minimum(y, 80, out=y)
    np.exp(y, out=y)
    y += 1
    np.reciprocal(y, out=y)
    self.y = y
    return y
Sigmoid.backward:
    grad_x = 1 - self.y
    grad_x *= self.y
    grad_x *= grad_y
    return grad_x
Softmax.forward:
    z = x - x.max(axis=1, keepdims=True)
    np.exp(z, out=z)
    z /= z.sum(axis=1, keepdims=True)
    self.y = z
    return z
Softmax.backward:
    g = grad_y * self.y
    g -= self.y * g.sum(axis=1, keepdims=True)
    return g
"""),
    right("gradients written into arrays that stay", """
Linear.backward:
    if getattr(self, "grad_W", None) is None or self.grad_W.dtype != grad_y.dtype:
        self.grad_W = np.empty_like(self.W)
        self.grad_b = np.empty_like(self.b)
    np.matmul(self.x.T, grad_y, out=self.grad_W)
    self.grad_b[:] = grad_y.sum(axis=0)
    return grad_y.dot(self.W.T)
"""),
    right("helpers of its own", """
def stable(x):
    return x - x.max(axis=-1, keepdims=True)

class Cache:
    pass
Softmax.forward:
    self.cache = Cache()
    e = np.exp(stable(x))
    self.cache.y = e / e.sum(axis=-1, keepdims=True)
    return self.cache.y
Softmax.backward:
    y = self.cache.y
    return y * grad_y - y * (y * grad_y).sum(-1)[:, np.newaxis]
"""),
    right("softmax through logsumexp", """
Softmax.forward:
    top = x.max(axis=1, keepdims=True)
    self.y = np.exp(x - (top + np.log(np.exp(x - top).sum(axis=1, keepdims=True))))
    return self.y
"""),
    right("softmax transposed and back", """
Softmax.forward:
    z = x.T - x.max(axis=1)
    e = np.exp(z)
    self.y = (e / e.sum(axis=0)).T
    return self.y
"""),
    right("softmax with a tiny number below", """
Softmax.forward:
    e = np.exp(x - x.max(axis=1, keepdims=True))
    self.y = e / (e.sum(axis=1, keepdims=True) + 1e-8)
    return self.y
"""),
    right("apply_along_axis", """
Softmax.forward:
    def one(row):
        e = np.exp(row - row.max())
        return e / e.sum()
    self.y = np.apply_along_axis(one, 1, x)
    return self.y
"""),
    right("ones and reshape for grad_b", """
Linear.backward:
    n = grad_y.shape[0]
    self.grad_W = np.dot(self.x.T, grad_y)
    self.grad_b = np.ones((1, n), dtype=grad_y.dtype) @ grad_y
    return np.matmul(grad_y, np.transpose(self.W))
"""),
    right("a stack of kept batches", """
Linear.forward:
    self.kept = [*getattr(self, "kept", [])[-3:], x.copy()]
    return x @ self.W + self.b
Linear.backward:
    x = self.kept[-1]
    self.grad_W = x.T @ grad_y
    self.grad_b = np.add.reduce(grad_y).reshape(1, -1)
    return grad_y @ self.W.T
"""),
    right("prints along the way", """
Linear.forward:
    print("\u4f60\u597d", x.shape)
    self.x = x
    return x @ self.W + self.b
"""),
    right("one column of ones for the bias", """
Linear.forward:
    self.x1 = np.hstack([x, np.ones_like(x[:, :1])])
    return self.x1 @ np.vstack([self.W, self.b])
Linear.backward:
    both = self.x1.T @ grad_y
    self.grad_W, self.grad_b = both[:-1], both[-1:]
    return grad_y @ self.W.T
"""),
    right("sigmoid derivative with cosh", """
Sigmoid.forward:
    self.x = x
    return 0.5 * np.tanh(0.5 * x) + 0.5
Sigmoid.backward:
    return grad_y * 0.25 / np.cosh(0.5 * np.clip(self.x, -80, 80)) ** 2
"""),
]  # fmt: skip
