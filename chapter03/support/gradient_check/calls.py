"""One call of a student's method: what went in, what came out, what happened on the way."""

import contextlib
import re
import types
import warnings
from dataclasses import dataclass, field

import numpy as np

from support.gradient_check import limits, shapes
from support.gradient_check.layers import (
    TOLERANCE,
    Batch,
    Layer,
    batches_for,
    right_results,
    slopes_at_kinks,
)
from support.gradient_check.limits import Place, last_frame
from support.gradient_check.numerical import relative_error


@dataclass(eq=False)
class Call:
    """One call of a method; `run` makes it and notes what happens.

    stage: how far it came: "make" the object, "set" its weights, "forward", "backward", or
    "done". changed: the array that should have been left alone. place: the line of the error.
    misfit: the arrays whose shapes met in the error. warned: a line, and NumPy's warning there.
    """

    model: object
    layer: Layer
    method: str
    batch: Batch
    before: "Call | None" = None  # the call before this one, of the same object
    subject: object = None  # the object
    stage: str = "make"
    results: dict = field(default_factory=dict)
    changed: str = ""
    warned: str = ""
    error: BaseException | None = None
    place: Place | None = None
    misfit: shapes.Misfit | None = None

    @property
    def names(self):
        """Return the names of what has to be computed."""
        return self.layer.results(self.method)

    @property
    def method_name(self):
        """Return the method as it is written, such as Linear.forward."""
        return f"{self.layer.name}.{self.method}"

    @property
    def line(self):
        """Return the student's line of an error, without its comment, or ''."""
        return re.sub("#.*", "", self.place.source).rstrip() if self.place else ""

    @property
    def function(self):
        """Return the student's method, as it stands in the class."""
        return getattr(getattr(self.model, self.layer.name), self.method)

    @property
    def right(self):
        return right_results(self.layer, self.method, self.batch)

    def expected(self, name):
        """Return the right result; at a kink, what came if it is right, or the slope below it."""
        right, got = self.right[name], self.results.get(name)
        if self.method == "forward":
            return right
        fits = isinstance(got, np.ndarray) and got.dtype.kind in "fiub" and got.shape == right.shape
        # Looking for kinks takes as long as all the rest, and most often nothing is wrong.
        if fits and np.max(relative_error(got, right)) < TOLERANCE["float64"]:
            return right
        below, above, is_kink = slopes_at_kinks(self.layer, self.batch, name)
        nearest = below
        if fits:
            nearest = np.clip(got, np.minimum(below, above), np.maximum(below, above))
            is_between = relative_error(got, nearest) < TOLERANCE["float32"]
            nearest = np.where(is_between, nearest, below)
        return np.where(is_kink, nearest, right)

    def run(self, subject=None, forward=True, frozen=()):
        """Call the method of `subject`, by default a new object, and return self; raise nothing.

        forward: whether forward is called before a backward. frozen: names of arrays that cannot
        be changed, so that the line which tries to gives itself away.
        """
        given = {name: array.copy() for name, array in self.batch.given.items()}
        for name in frozen:
            given[name].flags.writeable = False
        noisy = np.errstate(all="warn", under="ignore")
        with warnings.catch_warnings(record=True) as caught, noisy:
            warnings.simplefilter("always")
            try:
                self._run(subject, given, forward, caught)
            except limits.Stopped:
                raise
            except BaseException as error:
                self._note_error(error)
        for warning in caught:
            # NumPy's, of an overflow and the like; others are not the student's trouble.
            if warning.category is RuntimeWarning and not self.warned:
                place = Place(warning.filename, warning.lineno)
                self.warned = f"`{place.source}`: {warning.message}"
        return self

    def _run(self, subject, given, forward, caught):
        self.subject = made(self.model, self.layer, self.batch) if subject is None else subject
        if forward:
            self.stage = "set"
            for name in self.layer.weights:
                setattr(self.subject, name, given[name])
            self.stage = "forward"
            returned = self.subject.forward(*(given[name] for name in self.layer.inputs))
        if self.method == "backward":
            output = returned if forward else None
            output_before = _copy(output)
            caught.clear()  # forward was judged on its own
            self.stage = "backward"
            parameters = self.layer.parameters("backward")
            returned = self.subject.backward(*(given[name] for name in parameters))
            if not _equal(output, output_before):
                self.changed = self.layer.output
        self.stage = "done"
        self._note_results(returned)
        self._note_changes(given)

    def _note_results(self, returned):
        for name in self.names:
            is_kept = name.removeprefix("grad_") in self.layer.weights
            value = getattr(self.subject, name, None) if is_kept else returned
            self.results[name] = _copy(value)

    def _note_changes(self, given):
        for name, array in given.items():
            now = getattr(self.subject, name, None) if name in self.layer.weights else array
            if not self.changed and not _equal(now, self.batch.given[name]):
                self.changed = name

    def _note_error(self, error):
        self.error = error
        # At once: the next call changes what the names in the frame stand for.
        frame, self.place = last_frame(error, self.model.__file__)
        if frame and isinstance(error, ValueError):
            met = shapes.shapes_that_met(frame, self.place)
            # An operand may be anything, np itself for instance, whose `shape` is a function.
            if met and all(isinstance(shape, tuple) for shape in met.shapes):
                self.misfit = met

    def alone(self, frozen=()):
        """Return the call of the same batch with an object that was never called before."""
        return Call(self.model, self.layer, self.method, self.batch).run(frozen=frozen)


def made(model, layer, batch):
    """Return a new object of the layer's class, of the sizes that the batch wants."""
    cls = getattr(model, layer.name)
    if not layer.weights:
        return cls()
    return cls(*batch.given[layer.weights[0]].shape, np.random.default_rng(0))


def kept_by(subject):
    """Return {name: value} of what an object keeps, in its __dict__ or its __slots__."""
    names = list(getattr(subject, "__dict__", {}))
    for cls in type(subject).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        names += [slots] if isinstance(slots, str) else slots
    return {name: getattr(subject, name) for name in names if hasattr(subject, name)}


def in_a_row(model, layer, method):
    """Call one object with batch after batch, a new one where columns differ; yield the calls."""
    before = None
    for batch in batches_for(layer):
        if before is not None and before.batch.columns != batch.columns:
            before = None
        call = Call(model, layer, method, batch, before)
        yield call.run(None if before is None else before.subject)
        before = call


@contextlib.contextmanager
def replaced_in_numpy(model, functions):
    """Let the model's np have other functions of these names for a while."""
    names = {name: value for name, value in vars(model).items() if value is np}
    substitute = types.SimpleNamespace(**{**vars(np), **functions})
    vars(model).update(dict.fromkeys(names, substitute))
    try:
        yield
    finally:
        vars(model).update(names)


def filled_empty(number):
    """Return {name: function} in place of np.empty and its like, for floats filled with a number.

    What they hold is memory as it was before, and may be right by chance.
    """

    def filled(make):
        def other(*arguments, **options):
            array = make(*arguments, **options)
            if array.dtype.kind == "f":
                array.fill(number)
            return array

        return other

    return {"empty": filled(np.empty), "empty_like": filled(np.empty_like)}


def _copy(value):
    return value.copy() if isinstance(value, np.ndarray) else value


def _equal(value, before):
    return not isinstance(before, np.ndarray) or np.array_equal(value, before, equal_nan=True)
