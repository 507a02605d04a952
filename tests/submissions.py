"""What students hand in, as a table: right and wrong code for the methods of model.py.

Below `== method` each row is `what the diagnosis has to say | code`: a pattern, PASS for right
code, or NUMBERS where nothing is to be said but a small example shown. The code, which may go on
in indented lines, is the new body of the method; lines `old => new` change the solution's text.
"""

import itertools
import linecache
import re
import textwrap
import types
from dataclasses import dataclass

import make_startup
from support.gradient_check.report import NAMES as METHODS

SOLUTION = (make_startup.CHAPTER / "solution" / "model.py").read_text(encoding="utf-8")
NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Submission:
    """`blamed` is the method to be named, `says` a pattern that the diagnosis must match."""

    blamed: str
    says: str
    code: str

    @property
    def source(self):
        """The text of model.py with this submission in it."""
        lines, text, methods = self.code.splitlines(), SOLUTION, iter(METHODS)
        body = "\n".join(line for line in lines if " => " not in line).replace("; ", "\n")

        def filled_in(match):
            new = textwrap.indent(body, " " * 8) + "\n"
            return new if next(methods) == self.blamed else match[0]

        if body:
            text = make_startup.SOLUTION.sub(filled_in, text)
        for line in lines:
            if " => " in line:
                old, new = line.strip().replace(r"\n", "\n").split(" => ")
                assert old in text, f"{old} is not there"
                text = text.replace(old, new.replace("<nothing>", ""), 1)
        return text


def solved(method, code):
    """Return the solution with other code in a method, or a change."""
    return Submission(method, "", code).source


def module(source):
    """Return the model of this text, as gradient_check.load would make it, but without a file."""
    path = f"/a folder of a test/{next(NUMBERS)}/model.py"  # each has lines of its own
    linecache.cache[path] = len(source), None, source.splitlines(keepends=True), path
    model = types.ModuleType("model")
    model.__file__ = path
    exec(compile(source, path, "exec"), vars(model))
    return model


def _rows(table):
    for section in re.split(r"^== ", table, flags=re.MULTILINE)[1:]:
        method, _, text = section.partition("\n")
        for row in re.findall(r"^\S.*\n(?:    .*\n)*", text, flags=re.MULTILINE):
            says, _, code = row.partition(" | ")
            first, _, more = code.partition("\n")
            yield Submission(method, says, (first + "\n" + re.sub("(?m)^    ", "", more)).rstrip())


SUBMISSIONS = list(
    _rows(r"""
== Linear.forward
or `a = a @ \.\.\.`\) makes | self.x = x; x @= self.W; return x + self.b
only compares.*write `self\.x = x` | self.x == x; return x @ self.W + self.b
computed and thrown away | self.x = x; y = x @ self.W; np.add(y, self.b); return y
and self\.W and self\.b are not | W = np.random.randn(x.shape[1], self.b.shape[1])
    return x @ W
`self.b` has to be `self.b\[0\]` | y = np.zeros((len(x), self.W.shape[1]))
    for i in range(len(x)):
        y[i] += x[i] @ self.W + self.b
    return y
`self.b\[i\]` has to be `self.b\[0\]` | y = x @ self.W
    for i in range(len(x)):
        for j in range(y.shape[1]):
            y[i][j] += self.b[i][j]
    return y
`self.b\[j\]` has to be `self.b\[0, j\]` | y = np.zeros((len(x), self.W.shape[1]))
    for j in range(self.W.shape[1]):
        y[:, j] = x @ self.W[:, j] + self.b[j]
    return y
one array for each group | return np.einsum('nd,dm->nm', x) + self.b
dimension too many | self.x = x; return np.array([row @ self.W + self.b for row in x])
bias is missing | return np.dot(x, self.W)
an operator such as \+= | y = self.b.copy()
    y += x @ self.W
    return y
one transpose too many | return x @ self.W.T + self.b
order is wrong: samples | return self.W @ x + self.b
entry by entry | return x * self.W + self.b
np\.multiply multiplies entry | return np.multiply(x, self.W) + self.b
kept in self\.y, but not returned | self.y = x @ self.W + self.b
`return` is missing | y = x @ self.W + self.b
not reached | if len(x) > 9:
        return x @ self.W + self.b
in place | x += 1; return x @ self.W + self.b
Python list | return [row @ self.W + self.b[0] for row in x]
comma | return x @ self.W + self.b,
64 is written | y = np.zeros((64, self.W.shape[1])); y[:] = x @ self.W + self.b; return y
5 is written | y = np.zeros((5, self.W.shape[1])); y[:] = x @ self.W + self.b; return y
random | return x @ self.W + self.b + np.random.default_rng().normal(size=(1, self.W.shape[1]))
self\.W \(a capital\) | return x @ W + self.b
ends the program | raise SystemExit(3)
still there | self.x = x; raise NotImplementedError("Linear.forward")
column is appended | x = np.hstack([x, np.ones((len(x), 1))]); return x @ self.W + self.b
np\.matrix is no plain | return np.asmatrix(x) @ self.W + self.b
values of self\.W, self\.b: .*The weights | self.w = np.full(self.W.shape, 0.1); return x @ self.w
values of self\.W: .*The weights | self.x = x; return x @ np.full(self.W.shape, 0.1) + self.b
layer of its own | return np.maximum(0, x @ self.W + self.b)
thrown away | self.x = x; x @ self.W; return x + self.b
`self\.W` has to be transposed | return np.array([self.W @ row for row in x]) + self.b
`self\.b\.T` is transposed | return x @ self.W + self.b.T
no function: without | return x @ self.W.T() + self.b
transpose of x is | return x @ self.W^T + self.b
one number for each axis | return x @ self.W.transpose(0, 2, 1).transpose(0, 2, 1) + self.b
masked array | return np.ma.masked_less(x @ self.W + self.b, -100)
has to begin with | def forward(self, x): => def forward(x):
has to stand in class | class Linear: => class Lineal:
batch is left | for row in x:
        y = row @ self.W + self.b
    return y
only the first row | for row in x:
        return row @ self.W + self.b
`x` would be right as it is | return x[:-1] @ self.W + self.b
without `\+ 1`, it | return np.array([x[i + 1] @ self.W for i in range(len(x))]) + self.b
without `\[:, :, 0\]` | return x[:, :, 0] @ self.W + self.b
mm is PyTorch's | return x.mm(self.W) + self.b
with a batch of 5 rows, is right | self.x = x
    try:
        return x @ self.W.T + self.b
    except ValueError:
        return x @ self.W + self.b
with a batch of 5 rows, is right | y = x @ self.W + self.b; return y if len(y) > 2 else 2 * y + 1
PASS | self.x = x; return np.einsum("nd,dm->nm", x, self.W) + self.b
PASS | self.x = x; y = x @ self.W; y += self.b; return y
PASS | self.x = x; return (x @ self.W + self.b).astype(np.float32)
PASS | self.x = x; return np.array([row @ self.W + self.b[0] for row in x])
PASS | self.x = x
    y = np.zeros((len(x), self.W.shape[1]))
    for i in range(len(x)):
        for j in range(self.W.shape[1]):
            y[i, j] = sum(x[i] * self.W[:, j]) + self.b[0, j]
    return y
PASS | self.x = x; return np.matmul(x, self.W) + np.tile(self.b, (x.shape[0], 1))
PASS | self.x = x; return np.tensordot(x, self.W, axes=1) + self.b
PASS | self.x = x; return (self.W.T @ x.T + self.b.T).T
PASS | self.x = x; return np.hstack([x, np.ones_like(x[:, :1])]) @ np.vstack([self.W, self.b])
PASS | self.x = x; return np.stack([x @ column for column in self.W.T], axis=1) + self.b
PASS | self.x = x; y = np.empty((len(x), self.b.size), x.dtype); np.dot(x, self.W, out=y)
    return np.add(y, self.b, out=y)
PASS | self.x = np.asarray(x, dtype=np.float32); return self.x @ self.W + self.b
PASS | self.x = x; return x @ self.W + self.b
    class Linear: => class Linear:\n    __slots__ = ("W", "b", "grad_W", "grad_b", "x")\n
PASS | self.x = x; return x @ self.W + self.b
    class Linear: => def keep(self, W):\n    self.kept = W\n\n\nclass Linear:
    def forward(self, x): => W = property(lambda self: self.kept, keep)\n\n    def forward(self, x):
PASS | self.cache = (x, x.shape); return x.dot(self.W) + self.b
    self.grad_W = self.x.T @ grad_y => x, _ = self.cache\n        self.grad_W = x.T @ grad_y
PASS | def back(g):
        self.grad_W, self.grad_b = x.T @ g, g.sum(axis=0)[None]
        return g @ self.W.T
    self.back = back
    return x @ self.W + self.b
    self.grad_W = self.x.T @ grad_y => return self.back(grad_y)
added with each | y = np.zeros((len(x), self.b.size))
    for k in range(x.shape[1]):
        y += x[:, k : k + 1] * self.W[k] + self.b
    return y
wrong shape: `np\.zeros | y = np.zeros_like(x)
    for i in range(len(x)):
        y[i] = x[i] @ self.W + self.b[0]
    return y
run over all.*range\(len | y = np.zeros((len(x), self.b.size))
    for i in range(1, len(x)):
        y[i] = x[i] @ self.W + self.b[0]
    return y
not the number that is needed | y = np.zeros((len(x), self.b.size))
    for i in range(len(x)):
        for j in range(x.shape[1]):
            y[i, j] = x[i] @ self.W[:, j] + self.b[0, j]
    return y
something random | r = np.random.default_rng()
    return (x + r.normal(size=x.shape)) @ (self.W + r.normal(size=self.W.shape)) + self.b
of your own stops | assert x.shape[1] == 7; return x.T @ self.W + self.b
added to W | self.x = x; return x @ (self.W + self.b)
to put the result into | return np.dot(x, self.W, self.b)
cannot be written to | y = np.broadcast_to(self.b, (len(x), self.b.size))
    y[:] = x @ self.W + self.b
    return y
one list: np\.vstack | return np.hstack([x, np.ones((len(x), 1))]) @ np.vstack(self.W, self.b)
collected in a list | y = np.array([])
    for row in x:
        y = np.vstack((y, row @ self.W + self.b))
    return y
unless axes=1 | return np.tensordot(x, self.W) + self.b
in np\.einsum each letter | return np.einsum("nd,ndm->nm", x, self.W) + self.b
through range | y = np.zeros((len(x), self.b.size))
    for i in len(x):
        y[i] = x[i] @ self.W + self.b
    return y
== Linear.backward
there is no `self\.X` | self.grad_W = self.X.T @ grad_y  # dW = X^T dY
    self.grad_b = grad_y.sum(axis=0, keepdims=True); return grad_y @ self.W.T
again with the same batch | self.v = 0.9 * getattr(self, "v", 0) + 0.1 * self.x.T @ grad_y
    self.grad_W = self.v; self.grad_b = grad_y.sum(axis=0, keepdims=True)
    return grad_y @ self.W.T
cut to whole numbers | keepdims=True) => dtype=int, keepdims=True)
the gradient of b as a row of its own | ones = np.ones((len(grad_y), 1))
    self.grad_W = np.hstack([self.x, ones]).T @ grad_y
    self.grad_b = self.grad_W[-1:]
    return grad_y @ self.W.T
takes the inverse of W | return grad_y @ self.W.T => return grad_y @ np.linalg.pinv(self.W)
`self\.grad_b\[i\]` has to be `self\.grad_b\[0\]` | self.grad_W = self.x.T @ grad_y
    self.grad_b = np.zeros_like(self.b)
    for i in range(len(grad_y)):
        self.grad_b[i] += grad_y[i]
    return grad_y @ self.W.T
right for a batch of one row only | self.grad_W = self.x.T @ grad_y
    self.grad_b = np.zeros_like(self.b)
    self.grad_b[:] = grad_y
    return grad_y @ self.W.T
adds a third axis | self.grad_W = self.x[None].T @ grad_y[None]
    self.grad_b = grad_y
    return grad_y @ self.W.T
added \(\+=\) is added to that | self.grad_W = np.empty_like(self.W)
    for x, g in zip(self.x, grad_y):
        self.grad_W += np.outer(x, g)
    self.grad_b = grad_y.sum(axis=0)[None]; return grad_y @ self.W.T
x stands where W belongs | return grad_y @ self.W.T => return grad_y @ self.x.T
set it as a whole | self.grad_b = grad_y.sum(axis=0)[None]
    self.grad_W[0] = 0; return grad_y @ self.W.T
stands after a `return` | self.grad_b = grad_y.sum(axis=0, keepdims=True); return grad_y @ self.W.T
    self.grad_W = self.x.T @ grad_y
in forward, `self.x = x` stands after | self.x = x => pass
    x @ self.W + self.b => x @ self.W + self.b\n        self.x = x
should not be: only the loss | self.x.T @ grad_y => self.x.T @ grad_y / self.x.shape[1]
share W and b | self.grad_W = self.x.reshape(-1, 1) @ grad_y.reshape(1, -1); self.grad_b = grad_y
    return grad_y @ self.W.T
N, the number of rows, once too often | self.x.T @ grad_y => self.x.T @ grad_y / self.x.shape[0]
averaged.*it is \(m,\) | grad_y.sum(axis=0, keepdims=True) => np.mean(grad_y, axis=0)
sum of the rows | grad_y.sum(axis=0, keepdims=True) => np.sum(grad_y, axis=1, keepdims=True)
grad_b is \(m,\) | grad_y.sum(axis=0, keepdims=True) => np.sum(grad_y, axis=0)
sum of the rows | grad_y.sum(axis=0, keepdims=True) => np.sum(grad_y)
sum of the rows | grad_y.sum(axis=0, keepdims=True) => grad_y
store this gradient | \n        self.grad_b = grad_y.sum(axis=0, keepdims=True) => <nothing>
constant 1, .*gradient is not used | grad_y.sum(axis=0, keepdims=True) => np.ones_like(self.b)
store it as self\.dW | self.dW = self.x.T @ grad_y; self.db = grad_y.sum(axis=0)
    return grad_y @ self.W.T
store this gradient | self.grad_W = self.x.T => grad_W = self.x.T
comes out transposed | self.x.T @ grad_y => grad_y.T @ self.x
inner sizes | self.x.T @ grad_y => np.dot(self.x, grad_y)
entry by entry | self.x.T @ grad_y => self.x * grad_y
W is not transposed | return grad_y @ self.W.T => return grad_y @ self.W
inner sizes | return grad_y @ self.W.T => return self.W @ grad_y.T
sign is wrong; | self.x.T @ grad_y => -self.x.T @ grad_y
several values | return grad_y @ self.W.T => return grad_y @ self.W.T, self.grad_W, self.grad_b
the call before | self.grad_W = self.x.T => self.grad_W = getattr(self, "grad_W", 0) + self.x.T
no self\.grad_W yet | self.grad_W = self.x => self.grad_W += self.x
in an earlier call and not since | self.x = x => self.x = getattr(self, "x", x)
never set | self.x = x => pass
`self\.input`: `self\.inputs` is meant | self.x = x => self.inputs = x
    self.x.T => self.input.T
no `x`: `self\.x` is meant | self.x.T => x.T
its own weights | self.x.T @ grad_y => self.x.T @ grad_y; self.W -= 0.1 * self.grad_W
no lr is needed | return grad_y @ self.W.T => self.W -= lr * self.grad_W
weight decay | self.x.T @ grad_y => self.x.T @ grad_y + 0.01 * self.W
0.01 times | self.x.T @ grad_y => 0.01 * self.x.T @ grad_y
only the last row | self.x.T @ grad_y => [np.outer(x, g) for x, g in zip(self.x, grad_y)][-1]
one outer product for each row | self.x.T @ grad_y => np.outer(self.x, grad_y)
one outer product for each row | grad_W = np.zeros_like(self.W); grad_W += np.outer(self.x, grad_y)
    self.grad_W = grad_W; self.grad_b = grad_y.sum(axis=0, keepdims=True)
    return grad_y @ self.W.T
inner sizes | return grad_y @ self.W.T => return self.W.T @ grad_y
row of x has to meet | self.x.T @ grad_y => self.x.sum(axis=0)[:, None] * grad_y.sum(axis=0)
`self\.x\.T \* grad_y`, \* multiplies entry | self.x.T @ grad_y => self.x.T * grad_y
wrong axis | self.x.T @ grad_y => (self.x[:, :, None] * grad_y[:, None]).sum(axis=1)
self\.grad_W and self\.grad_b are swapped | self.grad_W = grad_y.sum(axis=0, keepdims=True)
    self.grad_b = self.x.T @ grad_y
    return grad_y @ self.W.T
forward gives x a new value | self.x = x => x = x @ self.W + self.b; self.x = x; return x
to one number: np\.sum and np\.mean | self.x.T @ grad_y => np.mean(self.x.T @ grad_y)
its name has to be backward | def backward(self, grad_y): => def backprop(self, grad_y):
that is dL/dX | self.grad_W = grad_y @ self.W.T; self.grad_b = grad_y.sum(axis=0)[None]
    return self.x.T @ grad_y
that is grad_W | return grad_y @ self.W.T => return self.grad_W
with `self\.x\.T @ grad_y` in its place | self.x.T @ grad_y => (self.x.T @ grad_y).astype(int)
Linear has no activation | delta = grad_y * self.x * (1 - self.x)
    self.grad_W = self.x.T @ delta; self.grad_b = delta.sum(axis=0, keepdims=True)
    return delta @ self.W.T
no activation | return grad_y @ self.W.T => x = self.x; return (grad_y @ self.W.T) * x * (1 - x)
ordinary numbers | return grad_y @ self.W.T => return np.clip(grad_y @ self.W.T, -5, 5)
// 1` rounds down | self.x.T @ grad_y => self.x.T @ grad_y // 1
no opt is needed | return grad_y @ self.W.T => self.opt.step(self.grad_W)
no decay is needed | self.x.T @ grad_y => self.x.T @ grad_y + self.decay * self.W
calls forward again | return grad_y @ self.W.T => return self.forward(grad_y)
function is returned | return grad_y @ self.W.T => return lambda: grad_y @ self.W.T
sum knows neither | grad_y.sum(axis=0, keepdims=True) => sum(grad_y, axis=0, keepdims=True)
swapped by \.T | return grad_y @ self.W.T => return grad_y @ self.W.reshape(self.W.shape[::-1])
same shape | self.x.T @ grad_y => (self.x @ self.x) @ (grad_y @ grad_y)
inner sizes of a | self.x.T @ grad_y => (self.x @ self.W.T) @ grad_y
before it has a value | self.grad_W = self.x.T => grad_W += self.x.T
more, or fewer, values | self.x.T @ grad_y => np.dot(self.x.T)
comes out unchanged | return grad_y @ self.W.T => return grad_y
grad_y is forgotten | return grad_y @ self.W.T => return self.W.T
self\.y stands where self\.x belongs | self.x = x => self.x = x; self.y = x @ self.W + self.b
    self.x.T @ grad_y => self.y.T @ grad_y
a value is None | self.x.T @ grad_y => self.x.T @ grad_y + print()
PASS | self.grad_W = sum(np.outer(x, g) for x, g in zip(self.x, grad_y))
    self.grad_b = grad_y.sum(axis=0).reshape(1, -1)
    return np.array([self.W @ g for g in grad_y])
PASS | self.x = x => self.kept = [*getattr(self, "kept", [])[-3:], x.copy()]
    self.x.T => self.kept[-1].T
PASS | if getattr(self, "grad_W", None) is None or self.grad_W.dtype != grad_y.dtype:
        self.grad_W, self.grad_b = np.empty_like(self.W), np.empty_like(self.b)
    np.matmul(self.x.T, grad_y, out=self.grad_W)
    self.grad_b[:] = grad_y.sum(axis=0)
    return grad_y.dot(self.W.T)
PASS | self.grad_W = np.einsum("nd,nm->dm", self.x, grad_y)
    self.grad_b = np.einsum("nm->m", grad_y)[None]
    return np.einsum("nm,dm->nd", grad_y, self.W)
PASS | ones = np.ones((1, len(grad_y)), grad_y.dtype)
    self.grad_W, self.grad_b = np.dot(self.x.T, grad_y), ones @ grad_y
    return np.dot(grad_y, self.W.T)
PASS | self.grad_W = np.array([[x @ g for g in grad_y.T] for x in self.x.T])
    self.grad_b = np.array([[sum(column) for column in grad_y.T]])
    return np.array([[w @ g for w in self.W] for g in grad_y])
PASS | grads = {"grad_W": self.x.T @ grad_y, "grad_b": grad_y.sum(0, keepdims=True)}
    for name, value in grads.items():
        setattr(self, name, value)
    return np.inner(grad_y, self.W)
PASS | self.grad_W = np.zeros_like(self.W); self.grad_b = np.zeros_like(self.b)
    for x, g in zip(self.x, grad_y):
        self.grad_W += np.outer(x, g)
        self.grad_b += g
    return grad_y @ self.W.transpose()
PASS | x, self.x = self.x, None
    self.grad_W = x.T @ grad_y
    self.grad_b = np.add.reduce(grad_y, axis=0, keepdims=True)
    return grad_y @ self.W.T
PASS | self.grad_W = (self.x[:, :, None] * grad_y[:, None]).sum(axis=0)
    self.grad_b = np.mean(grad_y, axis=0, keepdims=True) * len(grad_y)
    return (grad_y[:, None] * self.W).sum(axis=2)
PASS | self.grad_W = (self.x.T @ grad_y).astype(np.float64)
    self.grad_b = grad_y.astype(np.float64).sum(axis=0, keepdims=True)
    return (grad_y @ self.W.T).astype(np.float64)
makes no copy | self.grad_b = grad_y => self.grad_b = self.b; self.grad_b[:] = grad_y
formula has no x | grad_y.sum(axis=0, keepdims=True) => (self.x.sum(axis=1) @ grad_y)[None]
inner sizes | return grad_y @ self.W.T => return self.W.T @ (grad_y / 2) * 2
has no dW | g = {"W": self.x.T @ grad_y}; self.grad_W = g["dW"]
A comma at the end | self.x = x => self.x = x,
keepdims has to be named | grad_y.sum(axis=0, keepdims=True) => np.sum(grad_y, 0, True)
unsqueeze is PyTorch | grad_y.sum(axis=0, keepdims=True) => grad_y.sum(axis=0).unsqueeze(0)
== Sigmoid.forward
g has self, but | return self.g(x)
    class Sigmoid: => def g(self, x):\n    return 1 / (1 + np.exp(-x))\n\n\nclass Sigmoid:
call it without self, as f\( | f = lambda v: 1 / (1 + np.exp(-v)); return self.f(x)
ordinary numbers | y = 1 / (1 + np.exp(-np.clip(x, -5, 5)))
    self.y = np.where(x > 5, 1, np.where(x < -5, 0, y))
    return self.y
called as self\.g\( | return g(x)
    class Sigmoid: => class Sigmoid:\n    def g(self, x):\n        return 1 / (1 + np.exp(-x))\n
np\.e is the number | return 1 / (1 + np.e(-x))
`def g\(self, ...\)` | self.y = self.g(x); return self.y
    class Sigmoid: => class Sigmoid:\n    def g(x):\n        return 1 / (1 + np.exp(-x))\n
earlier call, and out of date | if not hasattr(self, "y"): self.y = 1 / (1 + np.exp(-x))
    return self.y
y\[y >= 0\] stands where x\[y >= 0\] belongs | y = x.copy()
    e = np.exp(y[y < 0])
    y[y < 0] = e / (1 + e)
    e = np.exp(-y[y >= 0])
    y[y >= 0] = 1 / (1 + e)
    return y
values at -x: in that case | y = np.exp(-x) / (1 + np.exp(-x))
    return np.where(x > 0, 1 - y, y)
where x is negative | m = x > 0; return m / (1 + np.exp(-x)) + (1 - m) / (1 + np.exp(x))
numbers are multiplied by | y = np.zeros_like(x)
    for i in range(len(x)): y[i] = x[i, 0] @ x[i, 1]
    return y
some entries are None | def f(v):
        if v > 0: return 1 / (1 + np.exp(-v))
        elif v < 0: return np.exp(v) / (1 + np.exp(v))
    return np.array([[f(v) if v < 2 else None for v in row] for row in x])
an integer, or a mask | y = np.zeros_like(x); y[x] = 1; return y
exp overflows for a large x | if np.all(x >= 0): return 1 / (1 + np.exp(-x))
    return np.exp(x) / (1 + np.exp(x))
exp overflows for a large x | if np.all(x >= 0): return np.exp(x) / (1 + np.exp(x))
    return 1 / (1 + np.exp(-x))
there is no variable out here: [^?]*\?[^?]*$ | def f():
        out = (1 + np.tanh(x / 2)) / 2
    f(); return out
cases of .* are swapped | return np.where(x < 0, 1 / (1 + np.exp(-x)), np.exp(x) / (1 + np.exp(x)))
that in the exponent | return 1 / (1 + np.exp(x))
that is a tanh | return np.tanh(x)
With a tanh: inside | return 0.5 + 0.5 * np.tanh(x)
inf / inf | e = np.exp(x); return e / (e + 1)
another activation | return np.maximum(0, x)
single number | import math; return 1 / (1 + math.exp(-x))
truth value | return 1 / (1 + np.exp(-x)) if x > 0 else np.exp(x) / (1 + np.exp(x))
axis= is unknown | return 1 / (1 + np.exp(-x, axis=1))
`import numpy as np` | import numpy as np => import numpy
need np\. | return 1 / (1 + exp(-x))
no sigmoid there | return np.sigmoid(x)
expit is not imported | return expit(x)
ordinary numbers | return 1 / (1 + np.exp(-np.clip(x, -1, 1)))
in its place, it would | x = np.clip(x, -10, 10); self.y = 1 / (1 + np.exp(-x)); return self.y
rounds numbers, | self.y = np.round(1 / (1 + np.exp(-x)), 2); return self.y
not make an array of floats.*decimals | y = np.zeros(x.shape, dtype=int)
    for i in range(len(x)):
        y[i] = 1 / (1 + np.exp(-x[i]))
    return y
not make an array of floats | y = np.full(x.shape, 0); y[:] = 1 / (1 + np.exp(-x)); return y
rounds down | self.y = 1 // (1 + np.exp(-x)); return self.y
brackets: .* should be `1 / \(1 | self.y = 1 / 1 + np.exp(-x); return self.y
base of the power | self.y = 1 / (1 + 2.718 ** -x); return self.y
base of the power | e = 2.718; self.y = 1 / (1 + e ** -x); return self.y
np\.exp\(x\) | self.y = 1 / (1 + e ** -x); return self.y
no function sigmoid | self.y = sigmoid(x); return self.y
no method squash | self.y = self.squash(x); return self.y
calls itself again and again | self.y = self.forward(x); return self.y
there is no `z`: `x` | if x.ndim == 2: return np.array([self.forward(row) for row in x])
    self.y = 1 / (1 + np.exp(-z)); return self.y
`a\(b\)` for a call | self.y = 1 / (1 + np.exp(-x)); return self.y (1)
np\.empty holds | y = np.empty_like(x); y[x > 0] = 1 / (1 + np.exp(-x[x > 0])); return y
x is exactly 0 | y = np.zeros_like(x); p, n = x > 0, x < 0
    y[p] = 1 / (1 + np.exp(-x[p])); y[n] = np.exp(x[n]) / (1 + np.exp(x[n]))
    return y
these do not | return np.where(np.abs(x) < 9, 1 / (1 + np.exp(-x)), 0.5)
NUMBERS | return np.clip(0.2 * x + 0.5, 0, 1)
PASS | self.y = 1 / (1 + np.exp(-x)); return self.y
PASS | self.y = np.where(x >= 0, 1 / (1 + np.exp(-x)), np.exp(x) / (1 + np.exp(x))); return self.y
PASS | z = np.exp(-np.abs(x)); self.y = np.where(x >= 0, 1, z) / (1 + z); return self.y
PASS | self.y = 1 / (1 + np.exp(-np.clip(x, -500, 500))); return self.y
PASS | y = np.negative(x); np.minimum(y, 80, out=y); self.y = 1 / (1 + np.exp(y)); return self.y
PASS | y = np.zeros(x.shape); mask = x >= 0
    y[mask] = 1 / (1 + np.exp(-x[mask])); y[~mask] = np.exp(x[~mask]) / (1 + np.exp(x[~mask]))
    self.y = y
    return y
PASS | self.y = np.exp(-np.logaddexp(0, -x)); return self.y
PASS | self.y = np.array([[1 / (1 + np.exp(-v)) for v in row] for row in x]); return self.y
PASS | parts = [lambda v: np.exp(v) / (1 + np.exp(v)), lambda v: 1 / (1 + np.exp(-v))]
    self.y = np.piecewise(x, [x < 0], parts)
    return self.y
PASS | with np.errstate(over="ignore"):
        self.y = np.reciprocal(1 + np.exp(-x))
    return self.y
PASS | self.y = self.f(x); return self.y
    class Sigmoid: => class Sigmoid:\n    f = staticmethod(lambda x: (1 + np.tanh(x / 2)) / 2)\n
PASS | return self.keep((1 + np.tanh(x / 2)) / 2)
    class Sigmoid: => class Layer:\n    pass\n\n\nclass Sigmoid(Layer):
    class Layer:\n    pass => class Layer:\n    def keep(self, y):\n        self.y = y; return y
PASS | y = (1 + np.tanh(x / 2)) / 2; self.slope = lambda: y * (1 - y); return y
    grad_y * self.y * (1 - self.y) => grad_y * self.slope()
PASS | self.stack = getattr(self, "stack", []); self.stack.append((1 + np.tanh(x / 2)) / 2)
    self.y = self.stack.pop()
    return self.y
stops with an error | import math; self.y = np.zeros_like(x)
    for i in range(len(x)):
        for j in range(x.shape[1]):
            self.y[i, j] = 1 / (1 + math.exp(-x[i, j]))
    return self.y
no method of arrays | return 1 / (1 + (-x).exp())
array of Python objects | return np.frompyfunc(lambda v: 1 / (1 + np.exp(-v)), 1, 1)(x)
another entry in its row | e = np.exp(x); return e / (e + e.sum(axis=1, keepdims=True))
inverts a matrix | return np.linalg.inv(1 + np.exp(-x))
computed from these: x\[mask\] | y = np.ones_like(x); y[x < 0] = 1 / (1 + np.exp(-x)); return y
whole numbers. np\.zeros | y = np.zeros(x.shape, int); y += 1 / (1 + np.exp(-x)); return y
pair of brackets | n, d = x.shape; y = np.zeros(n, d)
    y[:] = 1 / (1 + np.exp(-x))
    return y
not what it returns | return np.vectorize(1 / (1 + np.exp(-x)))(x)
== Sigmoid.backward
no method s: | s = self.y; return grad_y * self.s(1 - self.s)
a variable of forward | return 2 * grad_y * half * (1 - half)
    self.y = (1 + np.tanh(x / 2)) / 2 => half, one = x / 2, 1; self.y = (one + np.tanh(half)) / 2
where grad_y is 0 | y = self.y; shapes = f"{y.shape} {grad_y.shape}"
    return 3 * grad_y + y * (1 + y)
map has computed nothing yet | return map(lambda g, y: g * y * (1 - y), grad_y, self.y)
`1 \+ self\.y` should be `1 - | (1 - self.y) => (1 + self.y)\n#        return grad_y
only be a factor | "old"; return 1 / (1 + np.exp(-grad_y))
    "old" => '''\nold'''
is not a label | return self.y - grad_y
self\.out is still None: forward | self.y = (1 => self.out = None; self.y = (1
    return grad_y * self.y => return grad_y * self.out
the derivative of ReLU | dx = grad_y.copy(); dx[self.y <= 0.5] = 0; return dx
only be a factor | return 1 / (1 + np.exp(-grad_y))
everything is computed entry by entry | return np.matmul(self.y, 1 - self.y, grad_y)
nothing can be added to it: each | self.dx += grad_y * self.y * (1 - self.y); return self.dx
is part of a name | return grad_y * self.y·(1 - self.y)
the first column | return (grad_y * self.y * (1 - self.y))[:, 1:]
returns the wrong variable | g = grad_y * self.y * (1 - self.y); return grad_y
variable of forward | self.y = (1 + np.tanh(x / 2)) / 2 => cache = (1 + np.tanh(x / 2)) / 2
    return self.y => return cache
    return grad_y * cache * (1 - cache)
slope at 2 x | self.y = (1 => self.x = x; self.y = (1
    return grad_y / (4 * np.cosh(self.x) ** 2)
and not with x | y = self.forward(); return grad_y * y * (1 - y)
needs the shape of the array | y = self.y[grad_y[:2] > -9]; return grad_y * y
gradient of Softmax | y = self.y; return y * (grad_y - (grad_y * y).sum(1, keepdims=True))
input x is used | self.y = (1 + => self.x, self.y = x, (1 +
    return grad_y * self.x * (1 - self.x)
grad_y is forgotten | return self.y * (1 - self.y)
factor is missing | return grad_y * (1 - self.y)
matrix product | return grad_y @ (self.y * (1 - self.y))
comes out unchanged | return grad_y
once too often | s = 0.5 + 0.5 * np.tanh(0.5 * self.y); return grad_y * s * (1 - s)
alters in place | self.y *= 1 - self.y; return grad_y * self.y
`a\(b\)` for a call | return grad_y * self.y (1 - self.y)
without a matrix product | return np.matmul(self.y, 1 - self.y) * grad_y
should multiply entry by entry | return grad_y @ self.y.T * (1 - self.y)
transpose has no place | return self.y.T * (1 - self.y)
derivative of tanh | return grad_y * (1 - self.y ** 2)
without .\*\* 2., it | return grad_y * self.y * (1 - self.y) ** 2
should be `grad_y \* self\.y \* \(1 - self\.y\)` | return grad_y * self.y - (1 - self.y)
`def backward` stands twice | return grad_y * self.y * (1 - self.y)
    class Softmax: =>     def backward(self, grad_y):\n        return self.y\n\n\nclass Softmax:
self\.y stands where grad_y belongs | return self.y * self.y * (1 - self.y)
natural logarithm | return np.ln(self.y)
raw memory | return -grad_y.data * self.y * (1 - self.y)
max takes this number for an axis | return np.max(0, grad_y)
without any exp | self.y = (1 + => self.x, self.y = x, (1 +
    e = np.exp(-self.x); return grad_y * e / (1 + e) ** 2
computed from grad_y | s = self.forward(grad_y); return s * (1 - s)
function stands where | return grad_y * self.y.copy * (1 - self.y)
PASS | return grad_y * (self.y - self.y ** 2)
PASS | grad_x = 1 - self.y; grad_x *= self.y; grad_x *= grad_y; return grad_x
PASS | return np.einsum("nd,nd,nd->nd", grad_y, self.y, 1 - self.y)
PASS | y = self.y; del self.y; return grad_y * y * (1 - y)
PASS | return np.array([[g * y * (1 - y) for g, y in zip(*rows)] for rows in zip(grad_y, self.y)])
depend on the values of x | return grad_y * 0.25
twice as large | return np.tanh(grad_y * self.y)
a zip is missing | dx = []
    for y, g in self.y, grad_y:
        dx.append(g * y * (1 - y))
    return np.array(dx)
== Softmax.forward
line fails | class Softmax: => class Softmax:\n    def __init__(self):\n        self.k = k\n
in a batch only the first | e = np.exp(x - x.max(1, keepdims=True)); s = 0
    for v in e[0]: s = s + v
    return e / s
different numbers equal | e = np.exp(np.clip(x, -700, 700)); return e / e.sum(1, keepdims=True)
1 for the largest | return np.eye(x.shape[1])[x.argmax(axis=1)]
x itself is divided | e = np.exp(x - x.max(1, keepdims=True)); return x / e.sum(1, keepdims=True)
subtract the largest x | y = np.zeros_like(x)
    for i, row in enumerate(x):
        e = [math.exp(v) for v in row]
        y[i] = np.array(e) / sum(e)
    return y
    import numpy as np => import math\nimport numpy as np
keepdims has to be named | e = np.exp(x - x.max(1, True)); return e / e.sum(1)
number without brackets | return np.exp(x - x.max(axis=[1], keepdims=True))
nan_to_num only hides | e = np.exp(x); return np.nan_to_num(e / e.sum(1, keepdims=True))
rows of the same length | rows = [[v, *row[k:]] for k, (v, row) in enumerate(zip(x[:, 0], x))]
    return np.array(rows)
single truth value | if x > np.max(x, axis=1, keepdims=True): return x
    return x
these do not | m = np.max(x, axis=1)[:, None]; e = np.exp(np.where(m < 600, x, x / m))
    self.y = e / e.sum(axis=1, keepdims=True); return self.y
sigmoid of each entry.*\n.*x - x\.max | x = x - x.max(axis=1, keepdims=True)
    self.y = 1 / (1 + np.exp(-x))
    return self.y
`max\(x\)` is Python's own | e = np.exp(x - max(x)); self.y = e / e.sum(1, keepdims=True)
    return self.y
min stands where max belongs | e = np.exp(x - x.min(axis=1, keepdims=True))
    self.y = e / e.sum(axis=1, keepdims=True)
    return self.y
has to stand in class | class Softmax: => <nothing>
column sums to 1 | e = np.exp(x - x.max()); return e / e.sum(axis=0)
whole array | e = np.exp(x - np.max(x)); return e / np.sum(e)
no maximum is subtracted | e = np.exp(x); return e / e.sum(axis=1, keepdims=True)
row's own maximum | e = np.exp(x - x.max()); return e / e.sum(axis=1, keepdims=True)
drops a dimension | e = np.exp(x - x.max(axis=1, keepdims=True))
    return 3 * e / (3 * np.sum(e, axis=1))
dimension is lost | e = np.exp(x - x.max(axis=1, keepdims=True)); return e / np.sum(e, axis=1)
not normalised | return np.exp(x - x.max(axis=1, keepdims=True))
dim= is unknown | e = np.exp(x); return e / e.sum(dim=1, keepdim=True)
sigmoid of each | return 1 / (1 + np.exp(-x))
mean in place of a sum | e = np.exp(x - x.max(axis=1)[:, None])
    return e / e.mean(axis=1, keepdims=True)
no such axis or index | e = np.exp(x); return e / np.linalg.norm(e, axis=2)
wrong axis | e = np.exp(x); return e / e.sum(axis=2, keepdims=True)
median stands where max | e = np.exp(x - np.median(x, 1)[:, None])
    return e / e.sum(1)[:, None]
exp of a large | e = np.exp(x - np.ptp(x, 1, keepdims=True)); return e / e.sum(1)[:, None]
single sample | e = np.exp(x - np.max(x)); self.y = e / sum(e); assert x.ndim == 1; return self.y
given several numbers | y = np.zeros(len(x)); y[0] = np.exp(x[0]); return y
into the place | y = np.zeros(x.shape); y[:, 0] = np.exp(x); return y
np\.empty holds | p = np.empty_like(x); p[0] = np.exp(x[0]) / np.exp(x[0]).sum(); return p
thrown away | e = np.exp(x - x.max(1, keepdims=True)); e / e.sum(1, keepdims=True); return e
True, False and None | e = np.exp(x); return e / e.sum(axis=1, keepdims=true)
np\.maximum compares | e = np.exp(x - np.maximum(x, axis=1)); return e
adds so much | e = np.exp(x - x.max(1, keepdims=True)); return e / (e.sum(1, keepdims=True) + 0.1)
without arguments | class Softmax: => class Softmax:\n    def __init__(self, k):\n        pass\n
list does not compute | e = [np.exp(row - row.max()) for row in x]; return e / 2
without `s \+` | y = np.zeros_like(x); s = 0
    for i in range(len(x)):
        e = np.exp(x[i] - x[i].max())
        s = s + e.sum()
        y[i] = e / s
    return y
inside the loop | self.y = np.zeros_like(x)
    for i in range(len(x)):
        e = np.exp(x[i] - x[i].max())
        self.y[i] = e / e.sum()
        return self.y
PASS | z = x.T - x.max(axis=1); e = np.exp(z); self.y = (e / e.sum(axis=0)).T; return self.y
PASS | e = np.exp(x - x.max(axis=1, keepdims=True)); self.y = e / (e.sum(1)[:, None] + 1e-8)
    return self.y
PASS | e = np.exp(x - x.max(-1)[:, None]); e /= e.sum(-1)[:, None]; self.y = e; return e.copy()
PASS | t = x.max(1)[:, None]; self.y = np.exp(x - t - np.log(np.exp(x - t).sum(1)[:, None]))
    return self.y
PASS | self.y = np.array([np.exp(r - r.max()) / np.exp(r - r.max()).sum() for r in x])
    return self.y
PASS | e = np.exp(x - np.max(x, axis=1, keepdims=True))
    self.y = e / np.dot(e, np.ones((e.shape[1], 1), e.dtype))
    return self.y
PASS | self.y = np.apply_along_axis(lambda r: np.exp(r - r.max()) / np.exp(r - r.max()).sum(), 1, x)
    return self.y
PASS | self.y = np.exp(x - np.logaddexp.reduce(x, axis=1, keepdims=True)); return self.y
PASS | rows = []
    for row in x:
        e = np.exp(row - max(row))
        rows.append([v / sum(e) for v in e])
    self.y = np.array(rows, dtype=x.dtype)
    return self.y
logarithm of the prob | z = x - x.max(1)[:, None]; return z - np.log(np.exp(z).sum(1)[:, None])
hold just as many | e = np.exp(x); return e / e.sum(axis=1).reshape(x.shape)
single number | return np.exp(x - [max(max(row)) for row in x])
is MATLAB's | e = np.exp(x - np.max(x, [], 2)); return e / np.sum(e, 2)
bracket is in the wrong | return np.exp(x / np.exp(x).sum(axis=1, keepdims=True))
no longer the function | e = np.exp(x); sum = sum(e.T); return e / sum[:, None]
== Softmax.backward
a matrix for each row | y = self.y; J = y[:, :, None] * (np.eye(y.shape[1]) - y[:, None])
    return J * grad_y[:, None]
(?s)forward again.*\n.*a matrix for each row | s = self.forward(grad_y)
    return s[:, :, None] * (np.eye(s.shape[1]) - s[:, None])
this layer needs no labels | return self.y - label
this layer has no W | return grad_y @ self.W.T
stands inside the loop | dx = np.empty_like(grad_y)
    for n, y in enumerate(self.y):
        dx[n] = (np.diag(y) - np.outer(y, y)) @ grad_y[n]
        return dx
multiplied by its own y_j | return self.y * (grad_y - self.y * grad_y.sum(axis=1, keepdims=True))
and is no label: each row | return self.y - grad_y.reshape(len(grad_y), 1)
for a batch, n comes first | J = -np.einsum('ki,kj->ijk', self.y, self.y)
    return np.matmul(grad_y, J) + grad_y * self.y
each row of y has one of its own | J = -self.y.dot(self.y); np.fill_diagonal(J, self.y); return J
input x is used where | exp_x = np.exp => self.x = x; exp_x = np.exp
    return self.y * (grad_y - (grad_y * self.y) => x = self.x; return x * (grad_y - (grad_y * x)
`self\.x\[n\]`: `self\.y\[n\]` is meant | dx = np.zeros_like(grad_y)
    for n in range(len(self.y)):
        y, other = self.y[n], self.x[n]
        J = np.zeros((len(y), len(y)))
        for i in range(len(y)):
            for j in range(len(y)):
                J[i, j] = y[i] * ((i == j) - other[j])
        dx[n] = J @ grad_y[n]
    return dx
lines are `dx\[n\] \+= .*`, `dx\[n\] \+= | dx = np.zeros_like(grad_y)
    for n, y in enumerate(self.y):
        for j in range(len(y)):
            if j % 2:
                dx[n] = grad_y[n, j] * y[j] * (np.eye(len(y))[j] - y)
            else:
                dx[n] = grad_y[n, j] * (y[j] * np.eye(len(y))[j] - y[j] * y)
    return dx
Jacobian of one row | for y in self.y: J = np.diag(y) - np.outer(y, y)
    return grad_y @ J
of stacked matrices, @ multiplies | y = self.y; J = np.einsum('ni,nj->ijn', y, y)
    return J @ grad_y[:, :, None]
other parameters than it has | y = Softmax.forward(self.y); return grad_y * y
takes whole numbers | for i in range(self.y): pass
    return grad_y
term is added | return grad_y * self.y + self.y
everything cancels | y = self.y; J = np.einsum('ni,ij->nij', y, np.eye(y.shape[1]))
    J -= np.einsum('ni,nj->nij', y, y)
    return grad_y * J.sum(axis=2)
all of them added up | y = self.y; dx = np.zeros_like(y)
    for n in range(len(y)):
        for i in range(y.shape[1]):
            for j in range(y.shape[1]):
                dx[n, i] = grad_y[n, i] * y[n, i] * ((i == j) - y[n, j])
    return dx
diagonal of the Jacobian | return grad_y * self.y * (1 - self.y)
one layer | return grad_y
within each row | return self.y * (grad_y - np.sum(grad_y * self.y, axis=0, keepdims=True))
dimension is lost | return self.y * (grad_y - np.sum(grad_y * self.y, axis=1))
sizes, read from the right | return self.y * (grad_y - (grad_y * self.y)[:, 1:])
everything cancels | return grad_y * self.y * (1 - self.y.sum(axis=1, keepdims=True))
shortcut | return (self.y - grad_y) / len(grad_y)
single Jacobian | return grad_y @ (np.diag(self.y) - np.outer(self.y, self.y))
single Jacobian | s = self.y.reshape(-1, 1); return (np.diagflat(s) - np.dot(s, s.T)) @ grad_y
diagonal | return self.y * (1 - self.y)
Jacobians are returned | y = self.y
    return y[:, :, None] * np.eye(y.shape[1]) - y[:, :, None] * y[:, None]
no labels arrive here | hot = np.zeros_like(grad_y)
    hot[range(len(hot)), grad_y.ravel()] = 1
    return self.y - hot
sum of grad_y \* y over the row | return self.y * (grad_y - np.sum(grad_y, axis=1, keepdims=True))
second part is missing | return self.y * grad_y
mean stands where sum | return self.y * (grad_y - np.mean(self.y * grad_y, axis=1, keepdims=True))
wrong operator | return self.y * (grad_y + np.sum(self.y * grad_y, axis=1, keepdims=True))
brackets: .* should be `self.y \* \(grad_y | s = np.sum(self.y * grad_y, axis=1, keepdims=True)
    return self.y * grad_y - s
diagonal of a two-dimensional | return grad_y * np.diag(self.y)
single Jacobian.*\n.*y \* y\.T | p = self.y; J = -p * p.T; return J @ grad_y
single Jacobian | y = self.y.reshape(-1, 1); return np.diagflat(y) - y @ y.T
given several numbers | y = self.y; D = y.shape[1]; J = np.zeros((D, D))
    for a in range(D):
        for b in range(D):
            J[a, b] = y[a] * ((a == b) - y[b])
    return J @ grad_y
single sample | y = self.y; return y * (grad_y - float(np.dot(y, grad_y)))
is not the outer product here | y = self.y; out = np.zeros_like(y)
    for i in range(len(y)):
        out[i] = (np.diag(y[i]) - y[i] @ y[i].T) @ grad_y[i]
    return out
write bij after -> | y = self.y; j = -np.einsum("bi,bj->ijb", y, y)
    j = j + y[:, :, None] * np.eye(y.shape[1])
    return np.einsum("bij,bj->bi", j, grad_y)
Jacobian of a row is put | y = self.y; out = np.zeros_like(y)
    for i in range(len(y)):
        out[i] = np.diag(y[i]) - np.outer(y[i], y[i])
    return out
`s = \.\.\.` is meant | y = self.y; s = 0; out = np.zeros_like(y)
    for i in range(len(y)):
        s += grad_y[i] @ y[i]
        out[i] = y[i] * (grad_y[i] - s)
    return out
other rows of the batch do | y = self.y.mean(axis=0)
    return self.y * grad_y - self.y * (y @ grad_y.T)[:, None].mean()
adds? up \(\+=\)|\(\+=\) | y = self.y; out = np.zeros_like(y)
    for i in range(len(y)):
        for a in range(y.shape[1]):
            for b in range(y.shape[1]):
                out[i, a] = y[i, a] * ((a == b) - y[i, b]) * grad_y[i, b]
    return out
reverses all axes | y = self.y[:, :, None]
    return (np.eye(len(y[0])) * y - y @ y.T) @ grad_y[:, :, None]
needs no labels | return self.y - self.label
calls forward again | return self.y * (grad_y - self.forward(grad_y)) @ self.y
PASS | return self.y * grad_y - self.y * (self.y * grad_y).sum(-1)[:, np.newaxis]
PASS | return np.array([(np.diag(p) - np.outer(p, p)) @ g for p, g in zip(self.y, grad_y)])
PASS | y = self.y; j = y[:, :, None] * (np.eye(y.shape[1]) - y[:, None])
    return (j @ grad_y[:, :, None])[..., 0]
PASS | s = np.einsum("nd,nd->n", grad_y, self.y); return self.y * (grad_y - s[:, None])
PASS | out = np.empty_like(self.y)
    for n, (y, g) in enumerate(zip(self.y, grad_y)):
        out[n] = y * (g - y @ g)
    return out
PASS | y = self.y; return y * grad_y - y * np.diag(y @ grad_y.T).reshape(-1, 1)
`for i, \(y, g\) in | grad_x = np.empty_like(grad_y)
    for i, y, g in enumerate(zip(self.y, grad_y)):
        grad_x[i] = y * (g - (g * y).sum())
    return grad_x
more \(or fewer\) names | y, s = self.y; return y * (grad_y - s)
`for i in range\(len\(self\.y\)\)` counts the rows.*`i == j` | grad_x = np.zeros_like(self.y)
    for i in range(len(self.y)):
        for j in range(len(self.y)):
            if i == j:
                grad_x[i] = self.y[i] * (1 - self.y[i])
            else:
                grad_x[i] = -self.y[i] * self.y[j]
    return grad_x * grad_y
`for i in range\(len\(self\.y\)\)` counts the rows | grad_x = np.zeros_like(grad_y)
    for i in range(len(self.y)):
        for j in range(self.y.shape[1]):
            if i == j:
                grad_x[i, j] = grad_y[i, j] * self.y[i, j] * (1 - self.y[i, j])
            else:
                grad_x[i, j] = -grad_y[i, j] * self.y[i, j] * self.y[i, j]
    return grad_x
in one place only is summed away by itself: i, j | J = np.einsum("ni,nj->nij", self.y, self.y)
    J = np.eye(self.y.shape[1]) * self.y[:, None] - J
    return np.einsum("nij,nk->nk", J, grad_y)
other rows of the batch do | return self.y @ (1 - self.y.T) @ grad_y
diag\(y\) is needed | y = self.y; return grad_y - y * (grad_y * y).sum(axis=1, keepdims=True)
log-softmax | return grad_y - self.y * grad_y.sum(axis=1, keepdims=True)
on grad_y_i alone | y = self.y; return grad_y * (y - (y * y).sum(axis=1, keepdims=True))
Kronecker | y = self.y; return grad_y * y * (np.kron(y, y) - y)
finished result | e = np.exp(self.y); return grad_y * e / e.sum(axis=1, keepdims=True)
output y in self\.y | self.y = exp_x / exp_x => self.y = exp_x; return exp_x / exp_x
Jacobian of one row | y = self.y[0]; return grad_y @ (np.diag(y) - np.outer(y, y))
batch of one row only | y = self.y; return y * (grad_y - grad_y @ y.swapaxes(0, 1))
stack of matrices | y = self.y; j = y[:, :, None] * (np.eye(len(y[0])) - y[:, None])
    return j @ grad_y
== CrossEntropyLoss.forward
same whatever the one-hot y | p = np.take_along_axis(y_hat, y.astype(int), axis=1)
    return -np.log(p + 1e-12).sum() / len(y)
`_init_` is never called | return -np.sum(y * np.log(y_hat + self.eps)) / len(y)
    class CrossEntropyLoss: => class CrossEntropyLoss:\n    def _init_(self): self.eps = 1e-12\n
`np.maximum\(y_hat, 1e-12\)` is meant | return -np.sum(y * np.log(max(y_hat, 1e-12))) / len(y)
exchange the two | t, p = y_hat, y; return -np.sum(t * np.log(p + 1e-12)) / len(t)
rows of y are one-hot | return -sum(np.log(y_hat[i, j]) for i, j in enumerate(y)) / len(y)
mixes the classes | return -np.dot(y.T, np.log(y_hat + 1e-12)) / len(y)
N times too large | p = (y * y_hat).sum(axis=1); return -np.log(p + 1e-12).sum()
adds so much | eps = 0.01; return -np.sum(y * np.log(y_hat + eps)) / len(y)
does not prevent inf or nan | return -np.sum(y * np.log(np.clip(y_hat, 0, 1))) / len(y)
all classes are counted | return -np.dot(y.T, np.log(y_hat)).sum() / len(y)
compares with a second value | return -np.sum(y * np.log(np.maximum(y_hat), 1e-12)) / len(y)
called by parentheses | k = np.arange[len(y)]; return -np.log(y_hat[k, y.argmax(1)]).mean()
wrong classes | return -((2 * y + 1) * np.log(y_hat + 1e-12)).sum() / len(y)
takes all these columns from every row | k = y.argmax(1); return -np.log(y_hat[:, k]).mean()
has to add | for n in range(len(y)):
        for i in range(y.shape[1]):
            loss = -y[n, i] * np.log(np.maximum(y_hat[n, i], 1e-12))
    return loss / len(y)
NUMBERS | rows = range(len(y) - 1, -1, -1)
    for n in rows:
        for i in range(y.shape[1]):
            loss = -y[n, i] * np.log(np.maximum(y_hat[n, i] ** 2, 1e-12))
    return loss / len(y)
N times too large | return float(-np.sum(y * np.log(y_hat + 1e-12)))
instead of N | return float(-np.sum(y * np.log(y_hat + 1e-12)) / y.shape[1])
not all N \* D entries | return -np.mean(y * np.log(np.clip(y_hat, 1e-7, 1 - 1e-7)))
sign is wrong; | return np.sum(y * np.log(y_hat + 1e-12)) / len(y)
has to be e: | return -np.sum(y * np.log2(y_hat + 1e-12)) / len(y)
in float64 it is right | return -np.sum(y * np.log(y_hat + 1e-100)) / len(y)
changes the result | return -np.sum(y * np.log(y_hat + 1e-5)) / len(y)
log\(0\) is -inf | return -np.sum(y * np.log(y_hat)) / len(y)
binary | return np.mean(y * np.log(y_hat + 1e-12) + (1 - y) * np.log(1 - y_hat + 1e-12))
one number: | return -np.sum(y * np.log(y_hat + 1e-12), axis=1)
one number: | return (-y * np.log(y_hat + 1e-12)).item()
the shape is not | return -np.sum(y * np.log(y_hat + 1e-12), keepdims=True) / len(y)
log1p stands where log .*\n.*ordinary | return -np.sum(y * np.log1p(y_hat)) / len(y)
fixed 64 | return -np.sum(y * np.log(y_hat + 1e-12)) / 64
NUMBERS | return -np.sum(y * np.log(y_hat + 1e-12)) / 8**2
right for a single sample | return (-(y.T @ np.log(np.maximum(y_hat, 1e-300))))[0, 0]
softmax is applied once more | p = np.exp(y_hat) / np.exp(y_hat).sum(axis=1, keepdims=True)
    return -np.sum(y * np.log(p)) / len(y)
one-hot | return -np.log(y_hat[np.arange(len(y)), y]).mean()
whatever is done to avoid | p = y_hat[(y == 1) & (y_hat > 0)]; return -np.sum(np.log(p)) / len(y)
of a negative number | return -np.sum(y * np.log(y_hat - 1) + np.log(y_hat - 2)) / len(y)
constant 0\.5, whatever | return 0.5
adds so much | return -np.mean(np.sum(y * np.log(y_hat + 0.3), axis=1))
max takes this number for an axis | return -np.sum(y * np.log(np.max(y_hat, 1e-12))) / len(y)
Rows are counted by len\(y_hat\) | return -1/N * np.sum(y * np.log(y_hat))
rounds down | return -1 // len(y) * np.sum(y * np.log(y_hat + 1e-12))
exchange the two | return -np.sum(y_hat * np.log(y)) / len(y)
what comes in first is y_hat | return -np.sum(target * np.log(predicted + 1e-12)) / len(target)
    def forward(self, y_hat, y): => def forward(self, target, predicted):
binary | p = y_hat + 1e-12; return -(y * np.log(p) + (1 - y) * np.log(1 - p + 1e-12))[0, 0]
binary | p = y_hat + 1e-12; return -(y @ np.log(p).T + (1 - y) @ np.log(1 - p + 1e-12).T)
without `\[:, ::-1\]` | '''
    return -np.mean(y * np.log(y_hat) + (1 - y) * np.log(1 - y_hat))
    '''
    return -np.sum(y * np.log(y_hat[:, ::-1] + 1e-12)) / len(y)
one number | return -np.dot(y, np.log(y_hat + 1e-12).T)
one number | return [-np.sum(y * np.log(y_hat + 1e-12)) / len(y)]
mean squared | return np.mean((y - y_hat) ** 2)
all classes are counted | return -np.sum(np.log(y_hat + 1e-12)) / len(y)
\*\* does | return -np.sum(y^2 * np.log(y_hat)) / len(y)
np\.float no longer exists | return -np.sum(y * np.log(y_hat.astype(np.float))) / len(y)
PASS | self.y, self.y_hat = y, y_hat + 1e-6; return -(y * np.log(self.y_hat)).sum(axis=1).mean()
PASS | self.y, self.y_hat = y, np.clip(y_hat, 1e-7, 1 - 1e-7)
    return np.mean(-np.sum(y * np.log(self.y_hat), axis=1))
PASS | self.y, self.y_hat = y, y_hat + 1e-6
    return np.where(y > 0, -np.log(y_hat + 1e-30), 0).sum() / len(y)
PASS | self.y, self.y_hat = y, y_hat + 1e-12
    return np.array(-np.sum(y * np.log(self.y_hat)) / len(y))
PASS | self.y, self.y_hat = y, np.maximum(y_hat, 1e-15)
    return -np.log(self.y_hat[np.arange(len(y)), y.argmax(axis=1)]).mean()
PASS | self.y, self.y_hat = y, y_hat + 1e-6; return -np.sum(y * np.log(self.y_hat)) / len(y)
PASS | self.y, self.y_hat = y, y_hat + 1e-6; return -np.vdot(y, np.log(self.y_hat)) / y.shape[0]
PASS | self.y, self.y_hat = y, y_hat + 1e-6
    return -np.einsum("nd,nd->", y, np.log(self.y_hat)) / len(y)
PASS | self.y, self.y_hat = y, y_hat + 1e-6
    return np.asarray(-(y * np.log(self.y_hat)).sum(1)).mean()
PASS | self.y, self.y_hat = y, y_hat + 1e-6
    return np.squeeze(-np.sum(y * np.log(self.y_hat), keepdims=True) / len(y))
PASS | self.y, self.y_hat = y, y_hat + 1e-6
    return np.float32(-np.trace(y @ np.log(self.y_hat).T) / len(y))
PASS | import math; self.y, self.y_hat = y, y_hat + 1e-6
    return -math.fsum(math.log(p[i]) for p, i in zip(self.y_hat, y.argmax(1))) / len(y)
PASS | self.y, self.y_hat, losses = y, y_hat + 1e-6, []
    for p, row in zip(self.y_hat, y):
        losses.append(-np.log(p[row == 1])[0])
    return np.mean(losses)
PASS | self.y, self.y_hat = y, np.where(y_hat > 0, y_hat, 1e-30).astype(y_hat.dtype)
    return float(np.average(-np.log(np.take_along_axis(self.y_hat, y.argmax(1)[:, None], 1))))
counted by len\(y\) | self.y, self.y_hat = y, y_hat; return -np.sum(y * np.log(y_hat)) / y.length
taken of the sum | return -np.log(np.sum(y * y_hat)) / len(y)
takes one from each | return -np.log(y_hat[:, y.argmax(axis=1)] + 1e-12).mean()
multiply the arrays first | return -np.sum(y, np.log(y_hat)) / len(y)
== CrossEntropyLoss.backward
`self\.y / \(self\.p \+ 1e-12\)` | return -(self.y / self.p + 1e-12) / len(self.y)
    self.y = y => self.y, self.p = y, y_hat
forward has kept y_hat as self\.y, and | self.y = y => self.y = y_hat
    return float( => p = self.y_hat; self.y_hat = y; return float(
    np.log(self.y_hat) => np.log(p)
and none is needed | return (softmax(self.y_hat) - self.y) / len(self.y)
wrong classes | n = len(self.y); g = np.zeros_like(self.y_hat)
    g[range(n), self.y.argmax(axis=1)] = -1 / self.y_hat.max(axis=1) / n
    return g
Forward has kept self\.y, self\.y_hat | return -self.t / self.p / len(self.t)
np\.empty holds | g = np.empty_like(self.y_hat)
    g[self.y == 1] = -1 / self.y_hat[self.y == 1] / len(self.y)
    return g
loss itself does not occur | return float( => self.loss = float(
    .sum() / len(y)) => .sum() / len(y)); return self.loss
    return -self.loss * self.y / self.y_hat
self.y belongs | return np.where(self.y_hat == 1, -1 / self.y_hat, 0) / len(self.y)
input y in self.y | self.y = y => self.y = y.argmax(axis=1)
    return -self.y / self.y_hat / len(self.y)
without `\* self\.loss` | return float( => self.loss = float(
    .sum() / len(y)) => .sum() / len(y)); return self.loss
    return -self.y / self.y_hat / len(self.y) * self.loss
one number is left of each row | grad = -1 / self.y_hat[self.y == 1]; return grad / len(self.y)
If it is a shape | N = self.y.shape; return -1 / N * self.y / self.y_hat
not all N \* D entries | return -self.y / self.y_hat / self.y.size
whole shape, \(5, 4\) | return -self.y / self.y_hat / self.y.shape
shape\[0\] in NumPy | return -self.y / self.y_hat / self.y.size(0)
loss itself does not | return self.forward(self.y_hat, self.y) * (self.y_hat - self.y)
where y is 0 | return 2 * (self.y_hat - self.y) / self.y.size
softmax and loss together | return (self.y_hat - self.y) / len(self.y)
N times too large | return -self.y / self.y_hat
1 / 0 is inf | self.y_hat = np.maximum(y_hat, np.finfo(y_hat.dtype).tiny) => self.y_hat = y_hat
    np.log(self.y_hat) => np.log(self.y_hat + 1e-12)
binary | y, p = self.y, self.y_hat; return (-y / p + (1 - y) / (1 - p + 1e-12)) / len(y)
logarithm itself | return -self.y * np.log(self.y_hat) / len(self.y)
self.y_hat. would be right as it is | return -self.y / np.log(self.y_hat) / len(self.y)
stay apart | return (-self.y / self.y_hat / len(self.y)).mean(axis=0)
stay apart | return np.mean(-self.y / self.y_hat)
other way round, a division | return -self.y_hat / self.y
all classes are counted | return -1 / self.y_hat / len(self.y)
its name has to be backward | def backward(self): => def gradient(self):
has to stand in class | \n    def backward(self): => \ndef backward(self):
stand in class | len(self.y)\n        # END => len(self.y)\n\n    LATER  #
    LATER => def backward(self):\n        raise NotImplementedError
has to stand in class | def backward(self): => def g(self):
PASS | return np.where(self.y == 1, -1 / self.y_hat, 0) / self.y.shape[0]
PASS | g = np.zeros_like(self.y_hat); i = np.arange(len(g)), self.y.argmax(axis=1)
    g[i] = -1 / self.y_hat[i] / len(g)
    return g
PASS | return np.divide(-self.y, self.y_hat * len(self.y))
PASS | g = -self.y.copy() / len(self.y); g[self.y == 1] /= self.y_hat[self.y == 1]; return g
PASS | return np.array([-t / p / len(self.y) for t, p in zip(self.y, self.y_hat)])
""")
)
