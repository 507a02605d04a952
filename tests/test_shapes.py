"""The two arrays whose shapes met in an error, and how they are shown."""

import ast
import linecache

import numpy as np
import pytest

from support.gradient_check import shapes
from support.gradient_check.limits import last_frame

MET = {
    # code in which x is (5, 3), W is (4, 3) and b is (1, 4), what is said to have met
    "product": ("return x @ W", "x (5, 3) @ W (4, 3)"),
    "sum": ("return x + W", "x (5, 3) + W (4, 3)"),
    "difference": ("return x - W", "x (5, 3) - W (4, 3)"),
    "entries": ("return x * W", "x (5, 3) * W (4, 3)"),
    "quotient": ("return x / W", "x (5, 3) / W (4, 3)"),
    "inner": ("return 2 * (x @ W.T + x)", "(x @ W.T) (5, 4) + x (5, 3)"),
    "first of two": ("return x @ W + W @ x", "x (5, 3) @ W (4, 3)"),
    "second of two": ("return x @ W.T + W @ x", "W (4, 3) @ x (5, 3)"),
    "np.dot": ("return np.dot(x, W)", "x (5, 3) @ W (4, 3)"),
    "np.matmul": ("return np.matmul(x, W)", "x (5, 3) @ W (4, 3)"),
    "np.multiply": ("return np.multiply(x, W)", "x (5, 3) * W (4, 3)"),
    "np.add": ("return np.add(x, W)", "x (5, 3) + W (4, 3)"),
    "np.subtract": ("return np.subtract(x, W)", "x (5, 3) - W (4, 3)"),
    "np.divide": ("return np.divide(x, W)", "x (5, 3) / W (4, 3)"),
    "method dot": ("return x.dot(W)", "x (5, 3) @ W (4, 3)"),
    "in place": ("b += x", "b (1, 4) += x (5, 3)"),
    "in place, too small": ("b += x @ W.T", "b (1, 4) += (x @ W.T) (5, 4)"),
    "in place, an attribute": ("o.b -= x", "o.b (1, 4) -= x (5, 3)"),
    "over two lines": ("return (x[0]\n        * 2).dot(x)", "(x[0] * 2) (3,) @ x (5, 3)"),
    "in an argument": ("return np.exp(x @ W)", "x (5, 3) @ W (4, 3)"),
    "with a function of NumPy": ("return np.exp(x) @ W", "np.exp(x) (5, 3) @ W (4, 3)"),
    "with a method of arrays": ("return x.sum(0) @ W", "x.sum(0) (3,) @ W (4, 3)"),
    "with a norm": ("return np.linalg.norm(x) @ W", "np.linalg.norm(x) () @ W (4, 3)"),
    "condition": ("if (x @ W).any():\n        pass", "x (5, 3) @ W (4, 3)"),
    "loop": ("for row in x @ W:\n        y = row + row", "x (5, 3) @ W (4, 3)"),
    "within a loop": ("for row in x:\n        row @ W", "row (3,) @ W (4, 3)"),
    "loop of one line": ("for row in x: y = row @ W", "row (3,) @ W (4, 3)"),
    "number": ("return x @ 2", "x (5, 3) @ 2 ()"),
}  # fmt: skip
NOT_MET = {
    "another error": "return x.reshape(4, 4)",
    "another error in a loop's head": "for row in x.reshape(4, 4):\n        row = x @ W",
    "own function": "return double(x) @ W",
    "own method": "return o.double(x) @ W",
    "a stack that would be popped again": "return kept.pop() @ W",
    "own method of NumPy's name": "return o.add(x, W)",
    "power": "return x ** W",
}


class Own:
    """An object with methods of the student's own; those count their calls."""

    def __init__(self):
        self.b = np.ones((1, 4))
        self.calls = 0

    def double(self, x):
        self.calls += 1
        return x

    def add(self, x, W):
        self.calls += 1
        raise ValueError


def failed(code):
    """Run code that fails; return the frame, the place, and the object whose calls are counted."""
    path = "/students/model.py"
    text = f"import numpy as np\ndef double(x): return x\ndef f(x, W, b, o, kept):\n    {code}\n"
    linecache.cache[path] = len(text), None, text.splitlines(keepends=True), path
    namespace = {}
    exec(compile(text, path, "exec"), namespace)
    own, kept = Own(), [np.ones((5, 3))]
    with pytest.raises(ValueError) as error:  # noqa: PT011
        namespace["f"](np.ones((5, 3)), np.ones((4, 3)), np.ones((1, 4)), own, kept)
    return *last_frame(error.value, path), own


@pytest.mark.parametrize("name", MET)
def test_the_arrays_that_met_are_shown_with_their_shapes(name):
    code, said = MET[name]
    frame, place, _ = failed(code)
    before = {key: np.copy(value) for key, value in frame.f_locals.items() if key in "xWb"}
    met = shapes.shapes_that_met(frame, place)
    assert met.text == said
    assert met.operator in said
    assert met.operator in "@+-*/"
    assert tuple(np.shape(operand) for operand in met.operands) == met.shapes
    for key, value in before.items():
        np.testing.assert_array_equal(frame.f_locals[key], value)


@pytest.mark.parametrize("name", NOT_MET)
def test_nothing_is_said_of_what_cannot_be_looked_at_again(name):
    frame, place, own = failed(NOT_MET[name])
    calls = own.calls
    assert shapes.shapes_that_met(frame, place) is None
    assert own.calls == calls


def test_looking_for_a_misfit_changes_nothing():
    names = {"x": np.ones((5, 3)), "b": np.ones((1, 3))}
    assert shapes.misfit(ast.parse("x += b"), names) is None
    np.testing.assert_array_equal(names["x"], 1)


def test_operands_that_fit_or_are_not_known_are_no_misfit():
    names = {"x": np.ones((5, 3)), "W": np.ones((4, 3))}
    assert shapes.misfit(ast.parse("x @ W.T"), names) is None
    assert shapes.misfit(ast.parse("x @ unknown"), names) is None
    assert shapes.misfit(ast.parse("x + 'text'"), names) is None
    assert shapes.misfit(ast.parse("x @ W"), names).shapes == ((5, 3), (4, 3))
