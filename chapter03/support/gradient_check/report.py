"""What main.py checks before it trains: are forward and backward of the four layers right?

Each method is called with small random batches (tutor/trials.py). What it gives is compared with
the handout's formulas, computed slowly (tutor/slow_formulas.py), and if they differ the mistake is
looked for among those that are often made (tutor/common_mistakes.py). Handout, section 6.
"""

import os
import sys
import textwrap
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from support.gradient_check import (
    diagnosis,
    mistakes as common_mistakes,
    numerical as slow_formulas,
)
from support.gradient_check.numerical import relative_error
from support.gradient_check.student_code import (
    ModelError,
    OutOfTimeError,
    Place,
    is_blank,
    last_frame,
    message_of,
    run_limited,
)
from support.gradient_check.trials import (
    LAYERS,
    TOLERANCE,
    Observation,
    Trial,
    batches_for,
    observe,
    same,
)

__all__ = ["ModelError", "Result", "check", "print_report", "run"]

TIME_LIMIT = 4  # seconds for one method, which needs a few milliseconds
NETWORK = "the whole network"


@dataclass
class Result:
    """The state of one method or of the whole network: PASS, FAIL, TODO or WAITS.

    Of a FAIL, `seen` is what was observed and `looks_like` the mistake that it resembles. `note`
    is a remark on a PASS, or what a WAITS is waiting for.
    """

    name: str
    section: int  # of the handout
    state: str
    place: Place | None
    seen: str = ""
    looks_like: str = ""
    note: str = ""


def check(model):
    """Check the module `model`, print the report, and return whether everything is right."""
    results = run(model)
    print_report(results)
    return all(result.state == "PASS" for result in results)


def run(model):
    """Return nine Results: of the eight methods in the handout's order, and of the network."""
    results = []
    for layer in LAYERS:
        forward = _tried(model, layer, "forward", partial(_check_forward, model, layer))
        if forward.state == "PASS":
            backward = _tried(model, layer, "backward", partial(_check_backward, model, layer))
        else:
            backward = _waiting(model, layer, "backward", forward.name)
        results += [forward, backward]
    if all(result.state == "PASS" for result in results):
        network = _tried(model, None, NETWORK, partial(_check_network, model))
    else:
        network = _waiting(model, None, NETWORK, "all eight")
    return [*results, network]


def print_report(results):
    """Print the list, the count, each FAIL, and at the very end what to do next."""
    for result in results:
        waits = f"  (needs {result.note})" if result.state == "WAITS" else ""
        mark = _coloured(f"{result.state:5}", result.state)
        _say(f"  {mark}  {result.name:25} {result.place or ''}{waits}")
    done = sum(result.state == "PASS" for result in results if result.name != NETWORK)
    _say(f"\n{done} of 8 done")
    for result in results:
        if result.state == "PASS" and result.note:
            _say(f"\nNote on {result.name}, {result.place}")
            _say(_paragraph("  ", result.note))
    unfinished = [result for result in results if result.state in ("FAIL", "TODO")]
    # The first one is the next to be done, and so it stands last, where the eye is.
    for result in [*unfinished[1:], *unfinished[:1]]:
        if result.state == "FAIL":
            _print_fail(result)
    for result in unfinished[:1]:
        verb = "correct" if result.state == "FAIL" else "write"
        read = "" if result.state == "FAIL" else f" (README.md section {result.section})"
        _say(f"\nNext: {verb} {result.name}, {result.place}{read}, and run this again.")


def _print_fail(result):
    formula = common_mistakes.FORMULAS.get(result.name, "")
    _say(f"\n{_coloured('FAIL', 'FAIL')}  {result.name}, {result.place}")
    _say(_paragraph("  Seen:        ", result.seen))
    _say(_paragraph("  Looks like:  ", result.looks_like))
    _say(_paragraph("  Read:        ", f"README.md section {result.section}\n{formula}"))


def _say(text):
    # A student's own line or message may hold characters that the console cannot show.
    encoding = sys.stdout.encoding or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding))


def _paragraph(head, text):
    lines = []
    for part in text.splitlines():
        lines += textwrap.wrap(part, 98 - len(head), break_on_hyphens=False)
    return head + ("\n" + " " * len(head)).join(lines)


def _coloured(text, state):
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not sys.stdout.isatty():
        return text
    # The old Windows console shows the codes themselves; the new terminal says that it is there.
    if os.name == "nt" and not (os.environ.get("WT_SESSION") or os.environ.get("ANSICON")):
        return text
    code = {"PASS": 32, "FAIL": 31, "TODO": 33, "WAITS": 2}[state]
    return f"\x1b[{code}m{text}\x1b[0m"


# How one method is checked ------------------------------------------------------------------------


class _FaultError(Exception):
    """The method is wrong."""

    def __init__(self, observation, looks_like):
        super().__init__(observation.text)
        self.observation, self.looks_like = observation, looks_like


class _BlankError(Exception):
    """The method is still to be written."""

    def __init__(self, place):
        super().__init__()
        self.place = place


def _check_forward(model, layer):
    return _note_on_warnings(_judged(_in_a_row(model, layer, "forward")))


def _check_backward(model, layer):
    trials = _judged(_in_a_row(model, layer, "backward"))
    _check_again(model, layer, *trials[:2])
    _check_latest(model, layer, *trials[:2])
    _check_two_objects(model, layer, *trials[:2])
    return _note_on_warnings(trials)


def _check_again(model, layer, first, second):
    """backward twice after one forward, with different gradients."""
    subject = first.new_object()
    before = Trial(model, layer, "backward", first.batch).call(subject)
    given = dict(first.batch.given)
    if "grad_y" in given:
        given["grad_y"] = second.batch.given["grad_y"]
    batch = replace(first.batch, given=given, about="a second backward after one forward")
    trial = Trial(model, layer, "backward", batch, before).call(subject, forward=False)
    _judged([trial], common_mistakes.USED_UP)


def _check_latest(model, layer, first, second):
    """Two calls of forward, then backward, as when the loss of a test set is computed between."""
    subject = first.new_object()
    before = Trial(model, layer, "forward", first.batch).call(subject)
    batch = replace(second.batch, about="two calls of forward, then backward of the second")
    trial = Trial(model, layer, "backward", batch, before).call(subject)
    _judged([trial], common_mistakes.NOT_THE_LATEST)


def _check_two_objects(model, layer, first, second):
    """forward of one object and of another, then backward of the first, as in a network."""
    subject, other = first.new_object(), first.new_object()
    Trial(model, layer, "forward", first.batch).call(subject)
    before = Trial(model, layer, "forward", second.batch).call(other)
    batch = replace(first.batch, about=f"two {layer.name} objects in turn, as in a network")
    trial = Trial(model, layer, "backward", batch, before).call(subject, forward=False)
    _judged([trial], common_mistakes.SHARED)


def _in_a_row(model, layer, method):
    """Call one object with every batch in turn and return the trials."""
    batches = batches_for(layer)
    subject = _new_object(model, layer, batches[0])
    if not callable(getattr(subject, method, None)):
        raise _FaultError(
            Observation("absent", f"class {layer.name} has no method named {method}"),
            diagnosis.absent(type(subject), layer, method),
        )
    trials = []
    for batch in batches:
        trial = Trial(model, layer, method, batch, trials[-1] if trials else None).call(subject)
        blank = isinstance(trial.error, NotImplementedError) and trial.place
        if not trials and blank and is_blank(trial.place):
            raise _BlankError(trial.place)
        trials.append(trial)
    return trials


def _new_object(model, layer, batch):
    if not isinstance(getattr(model, layer.name, None), type):
        raise _FaultError(
            Observation("absent", f"model.py has no class named {layer.name}"),
            f"the class was renamed or deleted. Its name has to be {layer.name}, exactly.",
        )
    try:
        return Trial(model, layer, "forward", batch).new_object()
    except Exception as error:
        _, place = last_frame(error, model.__file__)
        text = f"making a {layer.name} fails: {message_of(error)}"
        raise _FaultError(
            Observation("error", text, place=place), common_mistakes.INIT_CHANGED
        ) from None


def _judged(trials, looks_like=""):
    """Return the trials if all of them are right; raise a _FaultError for the first that is not."""
    for trial in trials:
        observation = observe(trial)
        if observation:
            looks_like = looks_like or diagnosis.looks_like(observation, trial, trials)
            raise _FaultError(observation, looks_like)
    for trial in trials:
        for name, copy in trial.copies.items():
            source = trial.layer.source(trial.method, name)
            # A gradient in self may be overwritten by the next; what was returned is the caller's.
            if not source.startswith("self.") and not same(trial.results[name], copy):
                text = f"the array that {source} returned is changed by the next call"
                raise _FaultError(Observation("changed", text), common_mistakes.ONE_ARRAY)
    return trials


def _note_on_warnings(trials):
    """Return a remark if NumPy warned although every result is right."""
    warned = [trial for trial in trials if trial.warned]
    if not warned:
        return ""
    first = warned[0]
    place = Place(first.warned.filename, first.warned.lineno)
    text = f"for {first.batch.about} NumPy warns in `{place.source}`: {first.warned.message}"
    if first.batch.dtype == np.float32:
        return f"right, but {text}. {common_mistakes.ONLY_IN_FLOAT32}"
    # np.where computes both of its sides, and so a right sigmoid may warn for large positive x too.
    if first.layer.name == "Sigmoid" and all(np.max(t.batch.given["x"]) < 100 for t in warned):
        raise _FaultError(Observation("overflow", text, place=place), common_mistakes.OVERFLOW)
    return f"right, but {text}. {common_mistakes.HARMLESS_WARNING}"


# The whole network --------------------------------------------------------------------------------


def _check_network(model):
    """Compare the gradients of a small network with those found by nudging every weight."""
    rng = np.random.default_rng(4)
    try:
        network, loss = model.MLP(3, [4], 2, rng), model.CrossEntropyLoss()
        for linear in network.linears:
            linear.W = rng.normal(size=linear.W.shape)
            linear.b = rng.normal(size=linear.b.shape)
        for n in (5, 3):
            x, y = rng.normal(size=(n, 3)), np.eye(2)[rng.integers(0, 2, n)]
            loss.forward(network.forward(x), y)
            network.backward(loss.backward())
            _compare_gradients(network, x, y)
    except (_FaultError, OutOfTimeError):
        raise
    except Exception as error:
        _, place = last_frame(error, model.__file__)
        raise _FaultError(
            Observation("error", f"MLP(3, [4], 2): {message_of(error)}", place=place),
            common_mistakes.NOT_TOGETHER,
        ) from None


def _compare_gradients(network, x, y):
    for i, linear in enumerate(network.linears):
        for name in ("W", "b"):
            loss = partial(_slow_loss, network, x, y, i, name)
            right = slow_formulas.slopes(loss, getattr(linear, name))
            worst = np.max(relative_error(getattr(linear, f"grad_{name}"), right))
            if worst > TOLERANCE["float64"]:
                text = (
                    f"grad_{name} of layer {i} of MLP(3, [4], 2) has a relative error of "
                    f"{worst:.2g}, for a batch of {len(x)} rows"
                )
                raise _FaultError(Observation("value", text), common_mistakes.NOT_TOGETHER)


def _slow_loss(network, x, y, i, name, array):
    """Return the network's loss by the slow formulas, with `array` for W or b of layer i."""
    values = x.tolist()
    for j, linear in enumerate(network.linears):
        weights = {"W": linear.W, "b": linear.b}
        if j == i:
            weights[name] = array
        values = slow_formulas.linear(values, weights["W"].tolist(), weights["b"].tolist())
        last = j == len(network.linears) - 1
        values = slow_formulas.softmax(values) if last else slow_formulas.sigmoid(values)
    return slow_formulas.cross_entropy(values, y.tolist())


# From a check to its Result -----------------------------------------------------------------------


def _tried(model, layer, method, check):
    """Return the Result of check(), which returns a note, or raises _FaultError or _BlankError."""
    result = _result(model, layer, method)
    try:
        result.note = run_limited(check, TIME_LIMIT, model.__file__) or ""
    except _BlankError as blank:
        result.state, result.place = "TODO", blank.place
    except _FaultError as fault:
        result.state, result.seen = "FAIL", fault.observation.text
        result.place = fault.observation.place or result.place
        result.looks_like = fault.looks_like
    except OutOfTimeError as error:
        result.state, result.seen = "FAIL", f"it was still running after {TIME_LIMIT} seconds"
        if error.args[0]:
            result.place, result.seen = error.args[0], f"{result.seen}\nin `{error.args[0].source}`"
        result.looks_like = common_mistakes.ENDLESS
    except Exception as error:
        # Whatever a method returns, the student sees neither a traceback of ours nor a PASS.
        result.state, result.seen = "FAIL", f"what it returned cannot be used: {message_of(error)}"
        result.looks_like = common_mistakes.UNUSABLE
    return result


def _waiting(model, layer, method, needed):
    return replace(_result(model, layer, method), state="WAITS", note=needed)


def _result(model, layer, method):
    """Return a Result that passes, with the line of the method's `def`; no layer: the network."""
    cls, function = (layer.name, method) if layer else ("MLP", "forward")
    code = getattr(getattr(getattr(model, cls, None), function, None), "__code__", None)
    place = Place(model.__file__, code.co_firstlineno if code else 1)
    if layer is None:
        return Result(NETWORK, 6, "PASS", place)
    return Result(f"{cls}.{method}", layer.section, "PASS", place)
