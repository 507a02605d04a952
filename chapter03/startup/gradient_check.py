"""The check that stands before training: are forward and backward of the four layers right?

It knows the answers without knowing how to compute them fast. The formulas of the handout are
written out below entry by entry, in plain loops. A gradient is not derived at all: each entry of
the input is nudged up and down by a small h, and

    dL/dx  is nearly  (L(x + h) - L(x - h)) / 2h

What model.py computes has to agree with that to five digits (handout, section 6).
"""

import copy
import math
import os
import sys
import warnings
from dataclasses import dataclass, field

import numpy as np

import student_code
from student_code import ModelError, Place, import_model

__all__ = ["ModelError", "check", "import_model", "print_report", "run"]

# The nudge. A smaller one drowns in rounding (float64 holds 16 digits, and the subtraction loses
# what the two losses have in common), a larger one sees the bend of the curve.
H = 1e-5
# Nudging is good for about nine digits, a wrong formula is wrong in the first or second. Between
# them is room for log(y_hat + 1e-7). float32 holds seven digits, of which sums lose some.
TOLERANCE = {"float64": 1e-5, "float32": 1e-3}
TIME_LIMIT = 4  # seconds for one method, which needs some milliseconds


# The formulas of the handout ---------------------------------------------------------------------


def linear(x, W, b):
    """Y = XW + b: y[i, j] = sum_k x[i, k] W[k, j] + b[0, j]."""
    n, d, m = len(x), len(W), len(W[0])
    return [[sum(x[i][k] * W[k][j] for k in range(d)) + b[0][j] for j in range(m)] for i in range(n)]


def sigmoid(x):
    """y = 1 / (1 + exp(-x)), which is exp(x) / (1 + exp(x)), whichever does not overflow."""

    def one(v):
        return 1 / (1 + math.exp(-v)) if v > 0 else math.exp(v) / (1 + math.exp(v))

    return [[one(v) for v in row] for row in x]


def softmax(x):
    """y[i, j] = exp(x[i, j]) / sum_k exp(x[i, k]), the largest of the row subtracted first."""
    exp_x = [[math.exp(v - max(row)) for v in row] for row in x]
    return [[v / sum(row) for v in row] for row in exp_x]


def cross_entropy(y_hat, y):
    """L = -1/N sum_n sum_i y[n, i] log(y_hat[n, i]), where 0 log 0 counts as 0."""
    terms = [
        y_ni * math.log(y_hat_ni)
        for y_hat_n, y_n in zip(y_hat, y)
        for y_hat_ni, y_ni in zip(y_hat_n, y_n)
        if y_ni != 0
    ]
    return -sum(terms) / len(y)


def slopes(loss, array):
    """Return dL/d(array) for the number L = loss(array): nudge every entry up, then down."""
    grad = np.zeros(array.shape)
    for index in np.ndindex(array.shape):
        above, below = array.copy(), array.copy()
        above[index] += H
        below[index] -= H
        # Next to 1000, H itself is rounded: the step that was really made is measured.
        grad[index] = (loss(above) - loss(below)) / (above[index] - below[index])
    return grad


def relative_error(got, expected):
    """Return |got - expected| / the larger of the two, entry by entry; nan counts as infinite.

    The difference alone would not do: 0.001 is much in a gradient of 0.002 and nothing in one of
    5000. An entry below 0.1 is measured against 0.1, or the rounding of a 0 would look enormous.
    """
    with np.errstate(all="ignore"):
        size = np.maximum(np.maximum(np.abs(got), np.abs(expected)), 0.1)
        error = np.where(got == expected, 0.0, np.abs(got - expected) / size)
    return np.where(np.isnan(error), np.inf, error)


# What is tried ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Layer:
    """One class of model.py and how to call it.

    `results` are what forward and backward yield; a name in `inputs` or `weights` that stands
    behind "grad_" there is what the loss is differentiated by.
    """

    name: str
    section: int
    formula: object
    inputs: tuple
    weights: tuple = ()
    forward_results: tuple = ("y",)
    backward_results: tuple = ("grad_x",)

    def new(self, model, given):
        layer = getattr(model, self.name)
        if self.weights:
            return layer(*given["W"].shape, np.random.default_rng(0))
        return layer()

    def expected(self, given):
        """Return the right result for each name, as float64, however slowly."""
        arrays = {k: v.astype(np.float64) for k, v in given.items()}

        def formula(**changed):
            values = {**arrays, **changed}
            return np.array(
                self.formula(*(values[k].tolist() for k in (*self.inputs, *self.weights)))
            )

        # A layer's outputs are weighted by grad_y and summed: that is the L with dL/dY = grad_y.
        weighting = arrays.get("grad_y", 1.0)
        right = {self.forward_results[0]: formula()}
        for result in self.backward_results:
            name = result.removeprefix("grad_")
            right[result] = slopes(
                lambda array, name=name: np.sum(formula(**{name: array}) * weighting), arrays[name]
            )
        return right


LAYERS = (
    Layer("Linear", 2, linear, ("x",), ("W", "b"), backward_results=("grad_W", "grad_b", "grad_x")),
    Layer("Sigmoid", 3, sigmoid, ("x",)),
    Layer("Softmax", 4, softmax, ("x",)),
    Layer(
        "CrossEntropyLoss", 5, cross_entropy, ("y_hat", "y"),
        forward_results=("loss",), backward_results=("grad_y_hat",),
    ),
)  # fmt: skip


@dataclass
class Batch:
    """Inputs for one call; `about` says in words what is special about them."""

    given: dict
    about: str
    only_finite: bool = False

    def as_float32(self):
        given = {k: v.astype(np.float32) for k, v in self.given.items()}
        return Batch(given, f"{self.about}, in float32", self.only_finite)


def batches_for(layer, rng):
    """Return batches that tell mistakes apart.

    The sizes differ, n is not d and d is not m, or a transposed matrix might fit. grad_y is
    random: neither all ones nor of sum zero, where the Jacobian's diagonal could pass for the
    whole. The second batch has as many rows as the first, or what is left over from the first
    would show itself only as an error.
    """
    if layer.name == "CrossEntropyLoss":
        return [_predictions(n, rng) for n in (5, 5, 2, 1)] + _certain_predictions()
    d, m = (3, 4) if layer.name == "Linear" else (4, 4)
    batches = []
    for n in (5, 5, 2, 1):
        given = {"x": rng.normal(size=(n, d)), "grad_y": rng.normal(size=(n, m))}
        if layer.name == "Linear":
            given |= {"W": rng.normal(size=(d, m)), "b": rng.normal(size=(1, m))}
        batches.append(Batch(given, "a single row" if n == 1 else f"a batch of {n} rows"))
    if layer.name == "Sigmoid":
        for about, row in (
            ("x = 1000", [1000.0, 30, 1000, 0]),
            ("x = -1000", [-1000.0, -30, -1000, 0]),
        ):
            batches.append(Batch({"x": np.array([row]), "grad_y": rng.normal(size=(1, 4))}, about))
    if layer.name == "Softmax":
        x = np.array([[0.0, 1, 2, -1], [1000, 999, 998, 0], [-1001, -1000, -1002, -1000]])
        given = {"x": x, "grad_y": rng.normal(size=x.shape)}
        batches.append(Batch(given, "rows of very different size, 0, 1000 and -1000"))
    return batches


def _predictions(n, rng):
    y_hat = rng.uniform(0.5, 2.0, size=(n, 4))
    y_hat /= y_hat.sum(axis=1, keepdims=True)
    y = np.eye(4)[rng.integers(0, 4, size=n)]
    about = "a single row" if n == 1 else f"a batch of {n} rows"
    return Batch({"y_hat": y_hat, "y": y}, about)


def _certain_predictions():
    sure = np.array([[1.0, 0, 0, 0], [0, 0, 1, 0]])
    return [
        Batch({"y_hat": sure, "y": sure}, "y_hat exactly 1 for the right class and 0 elsewhere"),
        Batch(
            {"y_hat": sure, "y": sure[::-1]}, "y_hat exactly 0 for the right class", only_finite=True
        ),
    ]


@dataclass
class Trial:
    """One call of a method: what went in, what came out."""

    layer: Layer
    method: str
    batch: Batch
    before: dict | None = None  # what went into the call before, of the same object
    results: dict = field(default_factory=dict)
    kept: dict = field(default_factory=dict)  # copies, as the results were right after the call
    error: BaseException | None = None
    changed: list = field(default_factory=list)
    warned: list = field(default_factory=list)

    @property
    def names(self):
        return getattr(self.layer, f"{self.method}_results")

    @property
    def right(self):
        if not hasattr(self, "_right"):
            self._right = self.layer.expected(self.batch.given)
        return self._right


class Fault(Exception):
    """A method is wrong: what was seen, what mistake it looks like, and the line if it is known."""

    def __init__(self, seen, looks_like="", place=None):
        super().__init__(seen)
        self.seen, self.looks_like, self.place = seen, looks_like, place


class Blank(Exception):
    """The method still raises NotImplementedError."""

    def __init__(self, place):
        self.place = place


# How it is tried ----------------------------------------------------------------------------------


def _call(trial, subject, model):
    """Call forward, and backward if the trial is about it, and note everything in the trial."""
    layer, given = trial.layer, {k: v.copy() for k, v in trial.batch.given.items()}
    for name in layer.weights:
        setattr(subject, name, given[name])
    try:
        with warnings.catch_warnings(record=True) as caught, np.errstate(all="warn"):
            warnings.simplefilter("always")
            out = subject.forward(*(given[name] for name in layer.inputs))
            if trial.method == "backward":
                out = subject.backward(*([given["grad_y"]] if "grad_y" in given else []))
    except student_code._Stop:
        raise
    except BaseException as error:
        trial.error = error
        return
    trial.warned = [w for w in caught if issubclass(w.category, RuntimeWarning)]
    for name in trial.names:
        attribute = name.removeprefix("grad_") in layer.weights
        trial.results[name] = getattr(subject, name, None) if attribute else out
    trial.kept = copy.deepcopy(trial.results)
    for name, array in given.items():
        now = getattr(subject, name, None) if name in layer.weights else array
        if not np.array_equal(now, trial.batch.given[name]):
            trial.changed.append(name)


def _check_method(model, layer, method, rng):
    batches = batches_for(layer, rng)
    subject = layer.new(model, batches[0].given)
    trials = []
    for batch in batches:
        before = trials[-1].batch.given if trials else None
        trial = Trial(layer, method, batch, before)
        _call(trial, subject, model)
        trials.append(trial)
        _judge(trial, model)
    return trials


def _judge(trial, model):
    if trial.error:
        frame, place = student_code.last_frame(trial.error, model.__file__)
        if isinstance(trial.error, NotImplementedError):
            raise Blank(place)
        raise Fault(f"{type(trial.error).__name__}: {trial.error}", "", place)
    if trial.changed:
        raise Fault(f"{trial.changed} changed")
    for name in trial.names:
        if trial.batch.only_finite:
            continue
        got, right = trial.kept[name], trial.right[name]
        if got is None:
            raise Fault(f"{name} is None")
        if np.shape(got) != right.shape:
            raise Fault(f"{name} has shape {np.shape(got)}, and should have {right.shape}")
        error = relative_error(np.asarray(got, dtype=float), right)
        if not trial.batch.only_finite and np.max(error) > TOLERANCE["float64"]:
            raise Fault(f"{name} is {got}, and should be {right}")


# The report ---------------------------------------------------------------------------------------


@dataclass
class Result:
    """The state of one method, or of the whole network: PASS, FAIL, TODO or WAITS."""

    name: str
    state: str
    section: int
    place: object = None
    seen: str = ""
    looks_like: str = ""


def run(model):
    """Return a Result for each of the eight methods and one for the whole network."""
    results = []
    for layer in LAYERS:
        for method in ("forward", "backward"):
            if method == "backward" and results[-1].state != "PASS":
                results.append(
                    Result(f"{layer.name}.backward", "WAITS", layer.section, _place(model, layer, method))
                )
                continue
            results.append(_result(model, layer, method))
    return results


def _place(model, layer, method):
    function = getattr(getattr(model, layer.name, None), method, None)
    code = getattr(function, "__code__", None)
    return Place(model.__file__, code.co_firstlineno) if code else None


def _result(model, layer, method):
    name, place = f"{layer.name}.{method}", _place(model, layer, method)
    rng = np.random.default_rng(0)
    try:
        student_code.run_limited(
            lambda: _check_method(model, layer, method, rng), TIME_LIMIT, model.__file__
        )
    except Blank as blank:
        return Result(name, "TODO", layer.section, blank.place or place)
    except Fault as fault:
        return Result(
            name, "FAIL", layer.section, fault.place or place, fault.seen, fault.looks_like
        )
    except student_code.OutOfTimeError as error:
        return Result(name, "FAIL", layer.section, error.place or place, f"{error}")
    return Result(name, "PASS", layer.section, place)


def check(model):
    """Check everything, print the report, and return whether all is right."""
    results = run(model)
    print_report(results)
    return all(result.state == "PASS" for result in results)


def print_report(results):
    for result in results:
        print(f"  {result.state:5}  {result.name:25} {result.place or ''}")
        if result.state == "FAIL":
            print("     ", result.seen)
    done = sum(result.state == "PASS" for result in results[:8])
    print(f"{done} of 8 done")
