"""Each layer once: its formulas, the names of what goes in and comes out, the batches that try it.

To add a layer, write its class in model.py, its formula entry by entry in numerical.py, and its
entry in LAYERS. The list, the count and the grades follow.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np

from support.gradient_check import numerical

# Nudging is good for about nine digits; a wrong formula is wrong in the first or second. Between
# the two there is room for log(y_hat + 1e-6), and for float32, which holds seven digits.
TOLERANCE = {"float64": 1e-4, "float32": 1e-3}
METHODS = ("forward", "backward")


@dataclass(frozen=True, eq=False)
class Batch:
    """Inputs for one call, by name, and what is special about them, in English and Chinese.

    `tolerance` None: the exact result is infinite, any large finite number will do.
    """

    about: tuple
    given: dict
    tolerance: float | None = TOLERANCE["float64"]
    is_extreme: bool = False  # far from zero; of a loss, with y_hat at or near 0 or 1

    @property
    def dtype(self):
        return next(iter(self.given.values())).dtype

    @property
    def rows(self):
        return len(next(iter(self.given.values())))

    @property
    def columns(self):
        return next(iter(self.given.values())).shape[1]

    def row(self, i, weights):
        """Return a batch of row i alone; the arrays named in `weights` belong to every row."""
        given = {
            name: array if name in weights else array[i : i + 1]
            for name, array in self.given.items()
        }
        return replace(self, given=given)


def rows_of_x(rows, columns, rng):
    """Return what goes into most layers; some entries are beyond 3, where a sigmoid is flat."""
    return {"x": 2 * rng.normal(size=(rows, columns))}


def rows_far_from_zero():
    """Yield the extremes of most layers: (about, given, tolerance)."""
    about = "a batch with numbers from -1001 to 1000", "数值从 -1001 到 1000 的一批"
    # The first is far off: np.vectorize takes the type of its first result for all. At -10.5 and 7
    # a sigmoid is close to 0 and 1, but not there: some code cuts it off too early.
    x = np.array([[1000.0, 999, 0], [-10.5, 0, 7], [1000, 0, -1000], [-1001, -1000, -999]])
    yield about, {"x": x}, TOLERANCE["float64"]
    # And alone: some choose one formula for a whole batch.
    about = "a batch of one row, near 1000", "只有一行、接近 1000 的一批"
    yield about, {"x": x[:1]}, TOLERANCE["float64"]
    about = "a batch of one row, near -1000", "只有一行、接近 -1000 的一批"
    yield about, {"x": x[-1:]}, TOLERANCE["float64"]


def no_extremes():
    return ()


@dataclass(frozen=True, eq=False)
class Layer:
    """A class of model.py.

    A result named grad_x is the gradient with respect to the input x. A layer with weights is
    made by Name(d, m, rng), any other by Name().
    """

    name: str
    section: int  # of the handout
    formula: Callable  # of numerical.py: lists of numbers in, by `inputs` and `weights`
    forward: str  # the two formulas that a report quotes
    backward: str
    example: dict  # small numbers, to be followed by hand
    example_texts: dict = field(default_factory=dict)  # how a report shows them, if not as they are
    inputs: tuple = ("x",)
    weights: tuple = ()
    output: str = "y"  # or "loss"; only a layer with an output y has a backward(grad_y)
    given: Callable = rows_of_x
    extremes: Callable = rows_far_from_zero

    def results(self, method):
        """Return the names of what a method has to compute."""
        if method == "forward":
            return [self.output]
        return [f"grad_{name}" for name in (*self.weights, self.inputs[0])]

    def parameters(self, method):
        """Return the names of a method's parameters."""
        if method == "forward":
            return self.inputs
        return ("grad_y",) if self.output == "y" else ()

    def concerned(self, method):
        """Return the names of all arrays that a method has to do with."""
        return list(dict.fromkeys((*self.inputs, *self.weights, *self.parameters(method))))

    def first_line(self, method):
        return f"def {method}({', '.join(('self', *self.parameters(method)))}):"

    def source(self, method, result):
        """Say where a result is found, as the student would write it."""
        if result.removeprefix("grad_") in self.weights:
            return f"self.{result}"
        return f"{method}({', '.join(self.parameters(method))})"

    def output_for(self, arrays):
        """Return the right output for arrays by name, by the slow formula."""
        return np.array(
            self.formula(*(arrays[name].tolist() for name in (*self.inputs, *self.weights)))
        )


def _given_to_linear(rows, columns, rng):
    # d and m differ from each other and from the rows, or a transposed matrix might fit. Once they
    # are equal, as in hidden layers: code that takes W or W.T, whichever fits, has to fail there.
    d, m = {4: (3, 4), 6: (6, 2), 5: (5, 5)}[columns]
    given = {"x": 2 * rng.normal(size=(rows, d))}
    given["W"] = rng.normal(size=(d, m))
    given["b"] = rng.normal(size=(1, m))
    return given


def _given_to_the_loss(rows, columns, rng):
    y_hat = rng.uniform(0.6, 1.5, size=(rows, columns))
    y_hat /= y_hat.sum(axis=1, keepdims=True)
    # With a label in the first and in the last column, loops that leave one out are seen.
    labels = [0, columns - 1, *rng.integers(0, columns, 9)][:rows]
    rng.shuffle(labels)
    return {"y_hat": y_hat, "y": np.eye(columns)[labels]}


def _extremes_of_the_loss():
    y, elsewhere = np.eye(4)[[0, 2]], np.eye(4)[[2, 0]]
    about = (
        "a batch with y_hat exactly 1 for the right class, else 0",
        "正确类别的 y_hat 恰为 1、其余为 0 的一批",
    )
    yield about, {"y_hat": y, "y": y}, 1e-3  # y_hat may be clipped at 1e-7
    few = 0.0005 * y + 0.3335 * elsewhere + 0.333 * (1 - y - elsewhere)
    about = "a batch with y_hat 0.0005 for the right class", "正确类别的 y_hat 只有 0.0005 的一批"
    yield about, {"y_hat": few, "y": y}, 5e-3  # y_hat may be raised by 1e-6
    about = "a batch with y_hat exactly 0 for the right class", "正确类别的 y_hat 恰为 0 的一批"
    yield about, {"y_hat": elsewhere, "y": y}, None


LAYERS = (
    Layer(
        name="Linear",
        section=2,
        formula=numerical.linear,
        forward="Y = X W + b",
        backward="dL/dW = X^T dL/dY,  dL/db = sum_n dL/dY_n,  dL/dX = dL/dY W^T",
        weights=("W", "b"),
        given=_given_to_linear,
        extremes=no_extremes,
        example={
            "x": [[1, 2, 3], [0, 1, -1]],
            "W": [[1, 0], [2, -1], [0, 1]],
            "b": [[1, -1]],
            "grad_y": [[1, 2], [3, -1]],
        },
    ),
    Layer(
        name="Sigmoid",
        section=3,
        formula=numerical.sigmoid,
        forward="y = 1 / (1 + exp(-x))",
        backward="dL/dx = dL/dy * y * (1 - y)",
        example={"x": [[1, 2, 3], [0, 1, -1]], "grad_y": [[1, 2, -1], [4, 0, 2]]},
    ),
    Layer(
        name="Softmax",
        section=4,
        formula=numerical.softmax,
        forward="y_ni = exp(x_ni) / sum_j exp(x_nj)",
        backward="dL/dx_ni = y_ni * (dL/dy_ni - sum_j dL/dy_nj y_nj)",
        example={"x": np.log([[2, 3, 5], [1, 1, 2]]), "grad_y": [[1, 2, -1], [4, 0, 2]]},
        example_texts={"x": "[[ln 2, ln 3, ln 5], [0, 0, ln 2]]"},
    ),
    Layer(
        name="CrossEntropyLoss",
        section=5,
        formula=numerical.cross_entropy,
        forward="L = -1/N sum_n sum_i y_ni log(y_hat_ni)",
        backward="dL/dy_hat_ni = -1/N y_ni / y_hat_ni",
        inputs=("y_hat", "y"),
        output="loss",
        given=_given_to_the_loss,
        extremes=_extremes_of_the_loss,
        example={
            "y_hat": [[0.25, 0.25, 0.5], [0.5, 0.25, 0.25]],
            "y": [[0, 0, 1], [0, 1, 0]],
        },
    ),
)


@cache
def batches_for(layer):
    """Return batches that tell mistakes apart.

    grad_y is random: if it were all ones or summed to zero, the diagonal of Softmax's Jacobian
    could pass for the whole. The second batch is as large as the first, or what is left over from
    the first would hide behind an exception. Not all have 4 columns, or "times 4" would pass for
    "times the number of columns".
    """
    rng = np.random.default_rng(2)
    batches = []
    for rows, columns in [(5, 4), (5, 4), (2, 4), (1, 4), (4, 6), (3, 5)]:
        given = _with_gradient(layer, layer.given(rows, columns, rng), rng)
        batches.append(Batch((f"a batch of {rows} rows", f"{rows} 行的一批"), given))
    extremes = [
        Batch(about, _with_gradient(layer, given, rng), tolerance, is_extreme=True)
        for about, given, tolerance in layer.extremes()
    ]
    in_float32 = [_as_float32(batch) for batch in (batches[0], *extremes)]
    return (*batches, *extremes, *in_float32)


def _with_gradient(layer, given, rng):
    if not layer.parameters("backward"):
        return given
    return {**given, "grad_y": rng.normal(size=layer.output_for(given).shape)}


def _as_float32(batch):
    given = {name: array.astype(np.float32) for name, array in batch.given.items()}
    return replace(batch, given=given, tolerance=batch.tolerance and TOLERANCE["float32"])


def example_for(layer, method):
    """Return the small numbers that a report shows, as a batch."""
    names = layer.concerned(method)
    given = {name: np.array(layer.example[name], dtype=np.float64) for name in names}
    return Batch(("the small example", "这个小例子"), given)


@cache
def right_results(layer, method, batch):
    """Return the right results by name; those of backward with that of forward among them."""
    arrays = _in_float64(batch)
    right = {layer.output: layer.output_for(arrays)}
    if method == "backward":
        for result in layer.results("backward"):
            loss, array = _loss_of(layer, arrays, result)
            right[result] = numerical.slopes(loss, array)
    return right


@cache
def is_by_entries(layer):
    """Return whether each entry of the output depends on its own entry of the input alone."""
    if layer.weights or layer.output == "loss":
        return False
    row = batches_for(layer)[0].row(0, ())
    column = replace(row, given={name: array.T for name, array in row.given.items()})
    of_row, of_column = (right_results(layer, "forward", batch) for batch in (row, column))
    return np.allclose(of_row[layer.output].T, of_column[layer.output])


@cache
def slopes_at_kinks(layer, batch, result):
    """Return (below, above, is_kink): the gradient on both sides, and where the two differ.

    They differ at a kink, as ReLU has at 0, and every gradient between the two is right there.
    """
    below, above = numerical.slopes_on_both_sides(*_loss_of(layer, _in_float64(batch), result))
    is_kink = numerical.relative_error(below, above) > TOLERANCE["float32"]
    return below, above, is_kink


def _in_float64(batch):
    arrays = {name: array.astype(np.float64) for name, array in batch.given.items()}
    if batch.tolerance is None:
        # Only signs and shapes are needed, so a small number may stand in for 0.
        arrays["y_hat"] = np.maximum(arrays["y_hat"], 1e-3)
    return arrays


def _loss_of(layer, arrays, result):
    """Return (the loss as a function of the array that `result` is the gradient of, the array)."""
    name = result.removeprefix("grad_")

    # grad_y is dL/dY of some loss L further on; the simplest such L is sum(grad_y * Y).
    def loss(array):
        return np.sum(layer.output_for({**arrays, name: array}) * arrays.get("grad_y", 1))

    return loss, arrays[name]
