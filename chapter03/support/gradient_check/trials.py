"""Calls of a student's method with small batches, and what each of them shows to be wrong."""

import warnings
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np

from support.gradient_check import numerical as slow_formulas
from support.gradient_check.numerical import relative_error
from support.gradient_check.student_code import (
    Misfit,
    Place,
    Stopped,
    last_frame,
    message_of,
    shapes_that_met,
)

# Nudging is good for about nine digits; a wrong formula is wrong in the first or second. Between
# the two there is room for log(y_hat + 1e-6), and for float32, which holds seven digits.
TOLERANCE = {"float64": 1e-4, "float32": 1e-3}


@dataclass(frozen=True)
class Layer:
    """A class of model.py, its formula, and the names of what goes in and comes out.

    A result named grad_x is the gradient with respect to the input x.
    """

    name: str
    section: int  # of the handout
    formula: object
    inputs: tuple
    weights: tuple
    forward: tuple
    backward: tuple

    def parameters(self, method):
        if method == "forward":
            return self.inputs
        return ("grad_y",) if self.inputs == ("x",) else ()

    def source(self, method, result):
        """Say where a result is found, as the student would write it."""
        if result.removeprefix("grad_") in self.weights:
            return f"self.{result}"
        return f"{method}({', '.join(self.parameters(method))})"

    def expected(self, given, method):
        """Return the right results by name; those of backward with that of forward among them."""
        arrays = {name: array.astype(np.float64) for name, array in given.items()}

        def output(**changed):
            values = {**arrays, **changed}
            lists = [values[name].tolist() for name in (*self.inputs, *self.weights)]
            return np.array(self.formula(*lists))

        right = {self.forward[0]: output()}
        for result in self.backward if method == "backward" else ():
            name = result.removeprefix("grad_")
            # grad_y is dL/dY of some loss L further on; the simplest such L is sum(grad_y * Y).
            right[result] = slow_formulas.slopes(
                lambda array, name=name: np.sum(output(**{name: array}) * arrays.get("grad_y", 1)),
                arrays[name],
            )
        return right


LAYERS = (
    Layer("Linear", 2, slow_formulas.linear, ("x",), ("W", "b"), ("y",),
          ("grad_W", "grad_b", "grad_x")),
    Layer("Sigmoid", 3, slow_formulas.sigmoid, ("x",), (), ("y",), ("grad_x",)),
    Layer("Softmax", 4, slow_formulas.softmax, ("x",), (), ("y",), ("grad_x",)),
    Layer("CrossEntropyLoss", 5, slow_formulas.cross_entropy, ("y_hat", "y"), (), ("loss",),
          ("grad_y_hat",)),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Batch:
    """Inputs for one call, by name, and in words what is special about them.

    `tolerance` None: the exact result is infinite, any large finite number will do.
    """

    about: str
    given: dict
    tolerance: float | None = TOLERANCE["float64"]
    is_extreme: bool = False  # far from zero, or exactly zero where a logarithm is taken

    def in_float32(self):
        given = {name: array.astype(np.float32) for name, array in self.given.items()}
        tolerance = self.tolerance and TOLERANCE["float32"]
        return replace(self, about=f"{self.about}, in float32", given=given, tolerance=tolerance)

    @property
    def dtype(self):
        return next(iter(self.given.values())).dtype


@cache
def batches_for(layer):
    """Return batches that tell mistakes apart.

    n, d and m differ, or a transposed matrix might fit. grad_y is random: if it were all ones or
    summed to zero, the diagonal of Softmax's Jacobian could pass for the whole. The second batch
    is as large as the first, or what is left over from the first would hide behind an exception.
    """
    rng = np.random.default_rng(2)
    ordinary = _predictions if layer.name == "CrossEntropyLoss" else _activations
    batches = [ordinary(layer, n, rng) for n in (5, 5, 2, 1)]
    extremes = EXTREMES[layer.name](rng) if layer.name in EXTREMES else []
    extremes = [replace(batch, is_extreme=True) for batch in extremes]
    return (*batches, *extremes, *(batch.in_float32() for batch in (batches[0], *extremes)))


def _activations(layer, n, rng):
    d, m = (3, 4) if layer.weights else (4, 4)
    given = {"x": rng.normal(size=(n, d)), "grad_y": rng.normal(size=(n, m))}
    if layer.weights:
        given |= {"W": rng.normal(size=(d, m)), "b": rng.normal(size=(1, m))}
    return Batch(_rows(n), given)


def _predictions(layer, n, rng):
    y_hat = rng.uniform(0.6, 1.5, size=(n, 4))
    y_hat /= y_hat.sum(axis=1, keepdims=True)
    return Batch(_rows(n), {"y_hat": y_hat, "y": np.eye(4)[rng.integers(0, 4, n)]})


def _rows(n):
    return "a single row" if n == 1 else f"a batch of {n} rows"


def _far_from_zero(rng):
    grad_y = rng.normal(size=(1, 4))
    return [
        Batch(f"x = {v}", {"x": np.array([[v, v / 40, 0.0, 1.0]]), "grad_y": grad_y})
        for v in (1000, -1000)
    ]


def _rows_of_different_size(rng):
    x = np.array([
        [0.0, 1, 2, -1],
        [1000, 999, 998, 0],
        [1000, 0, -1, -1000],
        [-1001, -1000, -1002, -1000],
        [3, 3, 3, 3],
    ])  # fmt: skip
    about = "rows of very different size (about 0, 1000 and -1000)"
    return [Batch(about, {"x": x, "grad_y": rng.normal(size=x.shape)})]


def _certain(rng):
    y, elsewhere = np.eye(4)[[0, 2]], np.eye(4)[[2, 0]]
    # Wide enough for y_hat clipped at 1e-7 or so.
    sure = Batch("y_hat exactly 1 for the right class, 0 elsewhere", {"y_hat": y, "y": y}, 1e-3)
    mistaken = Batch("y_hat exactly 0 for the right class", {"y_hat": elsewhere, "y": y}, None)
    return [sure, mistaken]


EXTREMES = {
    "Sigmoid": _far_from_zero,
    "Softmax": _rows_of_different_size,
    "CrossEntropyLoss": _certain,
}
# -log(1e-3) is 7: no right answer to y_hat = 0 is less, however it avoids log(0).
LEAST_LOSS_OF_ZERO = 6.9


@dataclass
class Trial:
    """One call of a method: what went in, what came out, what happened to the inputs."""

    model: object
    layer: Layer
    method: str
    batch: Batch
    before: "Trial | None" = None  # the call before this one
    results: dict = field(default_factory=dict)
    copies: dict = field(default_factory=dict)  # of the results, as they were right after the call
    initial: dict = field(default_factory=dict)  # W and b as __init__ made them
    others: dict = field(default_factory=dict)  # attributes of the object that nobody asked for
    changed: str = ""  # the array that the call should have left alone
    warned: object = None
    error: BaseException | None = None
    place: Place | None = None  # of the error
    misfit: Misfit | None = None  # the shapes that met in the error

    @property
    def names(self):
        return getattr(self.layer, self.method)

    @property
    def right(self):
        return _right(self.layer, self.method, self.batch)

    def new_object(self):
        cls = getattr(self.model, self.layer.name)
        if self.layer.weights:
            return cls(*self.batch.given["W"].shape, np.random.default_rng(0))
        return cls()

    def call(self, subject, forward=True, writeable=True):
        """Call the method of the object `subject`; note what happens, raise nothing."""
        given = {name: array.copy() for name, array in self.batch.given.items()}
        for array in given.values():
            array.flags.writeable = writeable
        self.initial = {name: _copy(getattr(subject, name, None)) for name in self.layer.weights}
        noisy = np.errstate(all="warn", under="ignore")
        with warnings.catch_warnings(record=True) as caught, noisy:
            warnings.simplefilter("always")
            try:
                self._call(subject, given, forward, caught)
            except Stopped:
                raise
            except BaseException as error:
                self._note(error)
        # NumPy's, of an overflow and the like; a DeprecationWarning is not the student's trouble.
        self.warned = next((w for w in caught if w.category is RuntimeWarning), None)
        return self

    def _note(self, error):
        # At once, because the next call changes what the names in the frame stand for.
        frame, self.place = last_frame(error, self.model.__file__)
        self.error = error
        if frame and isinstance(error, ValueError):
            self.misfit = shapes_that_met(frame, self.place)

    def _call(self, subject, given, forward, caught):
        if forward:
            for name in self.layer.weights:
                setattr(subject, name, given[name])
            returned = output = subject.forward(*(given[name] for name in self.layer.inputs))
            output_was = _copy(output)
        if self.method == "backward":
            caught.clear()  # forward was judged on its own
            arguments = [given[name] for name in self.layer.parameters("backward")]
            returned = subject.backward(*arguments)
        for name in self.names:
            in_self = name.removeprefix("grad_") in self.layer.weights
            self.results[name] = getattr(subject, name, None) if in_self else returned
            self.copies[name] = _copy(self.results[name])
        for name, array in given.items():
            in_self = name in self.layer.weights
            now = getattr(subject, name, None) if in_self else array
            if not self.changed and not same(now, self.batch.given[name]):
                self.changed = f"self.{name}" if in_self else name
        if forward and not self.changed and not same(output, output_was):
            self.changed = "output"
        kept = {*self.layer.weights, *self.names, *given}
        attributes = getattr(subject, "__dict__", {})
        self.others = {k: v for k, v in attributes.items() if k not in kept}

    def alone(self, writeable=True):
        """Return the trial of the same batch with an object that was never called before."""
        trial = Trial(self.model, self.layer, self.method, self.batch)
        return trial.call(self.new_object(), writeable=writeable)


@cache
def _right(layer, method, batch):
    given = batch.given
    if batch.tolerance is None:
        # Only signs and shapes are needed, so a small number may stand in for 0.
        given = {**given, "y_hat": np.maximum(given["y_hat"], 1e-3)}
    return layer.expected(given, method)


def _copy(value):
    return value.copy() if isinstance(value, np.ndarray) else value


def same(now, before):
    """Whether an array is what it was; True for anything that is no array of numbers."""
    if not isinstance(before, np.ndarray) or before.dtype.kind not in "fiub":
        return True
    return isinstance(now, np.ndarray) and np.array_equal(now, before, equal_nan=True)


@dataclass
class Observation:
    """What a trial shows to be wrong.

    `kind` is error, changed, missing, type, shape, dtype or value; `result` the name of the result
    it is about; `text` says it to the student; `place` is the line, if it is known.
    """

    kind: str
    text: str
    result: str = ""
    place: Place | None = None


def observe(trial):
    """Return the first Observation that shows the trial to be wrong, or None if all is right."""
    if trial.error is not None:
        return _error(trial)
    if trial.changed:
        return _change(trial)
    for name in trial.names:
        found = _type(trial, name) or _shape(trial, name) or _dtype(trial, name)
        if found:
            return found
    for name in trial.names:
        found = _value(trial, name)
        if found:
            return found
    return None


def _error(trial):
    text = f"for {trial.batch.about}: {message_of(trial.error)}"
    if trial.place:
        text += f"\nin `{trial.place.source[:100]}`"
    if trial.misfit:
        text += f"\nThe shapes that met there: {trial.misfit.text}"
    return Observation("error", text, place=trial.place)


def _change(trial):
    what = {
        "x": "the array x that was given to forward",
        "grad_y": "the array grad_y that was given to backward",
        "y_hat": "the array y_hat that was given to forward",
        "y": "the array y that was given to forward",
        "self.W": "self.W",
        "self.b": "self.b",
        "output": "the array that forward returned",
    }[trial.changed]
    verb = "has been changed by backward" if trial.changed == "output" else "is changed by the call"
    text = f"{what} {verb} ({trial.batch.about})"
    # With arrays that cannot be changed, the line that tries to gives itself away.
    place = trial.alone(writeable=False).place
    if place:
        text += f"\nin `{place.source[:100]}`"
    return Observation("changed", text, trial.changed, place)


def _type(trial, name):
    got, source = trial.copies[name], trial.layer.source(trial.method, name)
    if got is None:
        verb = "is not set" if source.startswith("self.") else "returns None"
        return Observation("missing", f"{source} {verb}", name)
    numbers = isinstance(got, np.ndarray | np.number | float | int)
    if numbers and np.asarray(got).dtype.kind in "fiub":
        return None
    kind = f"an array of {got.dtype}" if isinstance(got, np.ndarray) else f"a {type(got).__name__}"
    if isinstance(got, tuple | list):
        kind += f" of {len(got)} values"
    wanted = "a number" if name == "loss" else "an array of floats"
    return Observation("type", f"{source} is {kind}, and should be {wanted}", name)


def _shape(trial, name):
    got, right = trial.copies[name], trial.right[name]
    if np.shape(got) == right.shape:
        return None
    shapes = [f"an array of shape {shape}" if shape else "one number"
              for shape in (np.shape(got), right.shape)]  # fmt: skip
    source = trial.layer.source(trial.method, name)
    text = f"{source} is {shapes[0]}, and should be {shapes[1]}\nfor {_inputs(trial)}"
    return Observation("shape", text, name)


def _dtype(trial, name):
    got, wanted = trial.copies[name], trial.batch.dtype
    if name == "loss" or got.dtype == wanted:
        return None
    source = trial.layer.source(trial.method, name)
    text = f"{source} is {got.dtype} for {wanted} inputs, and should keep their dtype, {wanted}"
    return Observation("dtype", text, name)


def _value(trial, name):
    got, right = np.asarray(trial.copies[name], dtype=np.float64), trial.right[name]
    if trial.batch.tolerance is None:
        too_small = name == "loss" and got < LEAST_LOSS_OF_ZERO
        wrong = ~np.isfinite(got) | too_small | (np.sign(got) * np.sign(right) < 0)
    else:
        error = relative_error(got, right)
        wrong = error > trial.batch.tolerance
    if not np.any(wrong):
        return None
    index = tuple(int(i) for i in np.argwhere(wrong)[0])
    entry = f"[{', '.join(map(str, index))}]" if index else ""
    text = f"{trial.layer.source(trial.method, name)}{entry} is {got[index]:.6g}, and should be "
    if trial.batch.tolerance is None:
        text += "large, but finite" if name == "loss" else "finite, and not of the other sign"
    else:
        text += f"{right[index] + 0.0:.6g} (relative error {error[index]:.2g}"
        text += f"; {wrong.sum()} of {wrong.size} entries are wrong)" if index else ")"
    text += f"\nfor {_inputs(trial)}"
    if trial.warned:
        place = Place(trial.warned.filename, trial.warned.lineno)
        text += f"\nNumPy warned in `{place.source[:100]}`: {trial.warned.message}"
    return Observation("value", text, name)


def _inputs(trial):
    layer = trial.layer
    names = [*layer.inputs, *layer.weights]
    if trial.method == "backward":
        names += layer.parameters("backward")
    shapes = [f"{name} {trial.batch.given[name].shape}" for name in names]
    return f"{trial.batch.about}: {', '.join(shapes)}"
