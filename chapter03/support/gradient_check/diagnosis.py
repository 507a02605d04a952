"""From what a trial shows to the mistake that it looks like: how common_mistakes.py is used."""

import ast
import difflib
import re

import numpy as np

from support.gradient_check.mistakes import (
    BESIDES,
    CHANGED,
    FAR,
    MISTAKES,
    STUMBLES,
    TRIED,
    UNKNOWN,
)
from support.gradient_check.numerical import relative_error
from support.gradient_check.student_code import message_of, misfit
from support.gradient_check.trials import TOLERANCE


def looks_like(observation, trial, trials):
    """Say which mistake an Observation of `trial` resembles; `trials` are all calls in a row."""
    if observation.kind == "changed":
        return CHANGED.get(observation.result, CHANGED[""])
    if observation.kind in ("missing", "type", "dtype"):
        return {"missing": _missing, "type": _wrong_type, "dtype": _wrong_dtype}[observation.kind](
            observation, trial
        )
    mistake = _known_mistake(observation, trial, trials)
    if mistake:
        formula, text = mistake
        if observation.kind == "error":
            return f"{text}\nThe same shapes meet in: {formula}"
        if "right" in formula:
            return text
        old = " (old_: of the call before)" if "old_" in formula else ""
        return f"{text}\nYour numbers are those of: {formula}{old}"
    if observation.kind == "error":
        return _stumble(trial, trials)
    return _unknown(observation, trial, trials)


def absent(cls, layer, method):
    """Say what may have become of a method that its class does not have."""
    own = [name for name, value in vars(cls).items() if callable(value) and name[:2] != "__"]
    close = difflib.get_close_matches(method, own, 1, 0.5)
    became = f"it is called {close[0]}" if close else "its `def` is not indented by four spaces"
    return (
        f"the method was renamed or deleted, or {became}. It has to start with "
        f"`{_definition(layer, method)}`"
    )


def _definition(layer, method):
    return f"def {method}({', '.join(('self', *layer.parameters(method)))}):"


def _known_mistake(observation, trial, trials):
    """Return (formula, text) of the mistake in the table that explains the trial best, or None.

    It has to explain this trial, and the first. The others decide between formulas that agree on
    these, as those of the softmax with and without its maximum do until a row is far from zero.
    """
    method, result = f"{trial.layer.name}.{trial.method}", observation.result
    if observation.kind == "error":
        rows = [row for key, rows in MISTAKES.items() if key[0] == method for row in _tried(rows)]
        met = trial.misfit
        return next((row for row in rows if met and _fails_alike(row[0], met, trial, trials)), None)

    def fits(row):
        # At an extreme the results of different calls are often equal, and what is left over from
        # the call before would have shown itself earlier.
        by_chance = trial.batch.is_extreme and "old_" in row[0]
        in_both = (_gives_the_same(row[0], result, t, trials) for t in (trial, trials[0]))
        return not by_chance and next(in_both) and next(in_both) is not False

    def explained(row):
        return sum(bool(_gives_the_same(row[0], result, t, trials)) for t in trials)

    # What is said about this method comes before what is said about all, and one mistake before
    # two at a time.
    own = MISTAKES.get((method, result), {})
    for rows in (_tried(own), _tried(MISTAKES["", ""]), _twofold(own)):
        fitting = [row for row in rows if fits(row)]
        if fitting:
            return max(fitting, key=explained)
    return None


def _tried(rows):
    """Yield (formula, text) of each row, with every number in place of a name of TRIED."""
    for formula, text in rows.items():
        names = [name for name in TRIED if re.search(rf"\b{name}\b", formula)]
        for number in TRIED[names[0]] if names else ("",):
            if number:
                tried = re.sub(rf"\b{names[0]}\b", number, formula)
                yield tried, text.replace(f"{{{names[0]}}}", number)
            else:
                yield formula, text


def _twofold(rows):
    """Yield (formula, text) of each row together with each of the simplest other mistakes."""
    for formula, text in _tried(rows):
        *assignments, result = formula.split("; ")
        for second, remark in BESIDES.items():
            both = "; ".join([*assignments, second.replace("result", f"({result})")])
            yield both, f"{text} {remark}"


def _gives_the_same(formula, result, trial, trials):
    """Whether the formula gives the trial's result; None if that would need a call before it."""
    if trial.error is not None:
        return False
    try:
        value = _evaluated(formula, _namespace(result, trial, trials))
    except NameError:
        return None
    except Exception:
        return False  # the shapes do not fit
    return _same_numbers(trial.copies[result], value, TOLERANCE[trial.batch.dtype.name])


def _fails_alike(formula, met, trial, trials):
    namespace = _namespace(None, trial, trials)
    try:
        _evaluated(formula, namespace)
    except Exception:
        found = misfit(ast.parse(formula), namespace)
        return found is not None and found.shapes == met.shapes
    return False


def _evaluated(formula, namespace):
    *assignments, result = formula.split("; ")
    with np.errstate(all="ignore"):
        for assignment in assignments:
            exec(assignment, namespace)
        return eval(result, namespace)


def _namespace(result, trial, trials):
    """Return the variables that a formula of the table may use."""
    names = {"np": np, **trial.right, **trial.batch.given}
    names["n"], names["d"] = trial.batch.given[trial.layer.inputs[0]].shape
    names["D"] = names["d"]
    if trial.layer.weights:
        names["m"] = trial.batch.given["W"].shape[1]
    names |= {f"{name}_init": array for name, array in trials[0].initial.items()}
    if trial.before:
        earlier = {**trial.before.right, **trial.before.batch.given}
        names |= {f"old_{name}": array for name, array in earlier.items()}
    if result:
        names["right"] = trial.right[result]
        if trial.before and result in trial.before.right:
            names["old_right"] = trial.before.right[result]
    return names


def _same_numbers(got, value, tolerance):
    try:
        got, value = np.asarray(got, dtype=np.float64), np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        return False
    if got.shape != value.shape:
        return False
    both_nan = np.isnan(got) & np.isnan(value)
    return bool(np.all(both_nan | (relative_error(got, value) < tolerance)))


def _stumble(trial, trials):
    if trials[0].error is None and isinstance(trial.error, ValueError | IndexError):
        return UNKNOWN["special case"].format(first=trials[0].batch.about)
    message = message_of(trial.error)
    pattern, text = next((p, text) for p, text in STUMBLES.items() if re.search(p, message))
    groups = [group or "" for group in re.search(pattern, message).groups()]
    return text.format(*groups, definition=_definition(trial.layer, trial.method))


def _missing(observation, trial):
    source = trial.layer.source(trial.method, observation.result)
    if not source.startswith("self."):
        return (
            "a `return` is missing, or is not reached, so that Python returns None. print only "
            "shows a value; return hands it on."
        )
    shape = trial.right[observation.result].shape
    twins = [f"self.{name}" for name, value in trial.others.items() if np.shape(value) == shape]
    if twins:
        return f"it has another name, {' or '.join(twins)}. The optimizer looks for {source}."
    return f"the gradient is not stored: {source} = ... in backward. The optimizer looks for it."


def _wrong_type(observation, trial):
    got = trial.copies[observation.result]
    if isinstance(got, tuple):
        return (
            "several values are returned; or is there a comma too many at the end of the line? "
            "Return one only. The gradients of W and b belong in self.grad_W and self.grad_b."
        )
    if isinstance(got, list):
        return "it is a Python list. Make an array of it, np.array(..., dtype=x.dtype)."
    return "it is of a kind that cannot be calculated with. Return floats as they are."


def _wrong_dtype(observation, trial):
    got = trial.copies[observation.result].dtype
    if got.itemsize > trial.batch.dtype.itemsize:
        return (
            f"{got} comes out whatever goes in. np.zeros, np.ones, np.empty and np.eye make "
            "float64 unless told otherwise: np.zeros_like(x), or dtype=x.dtype; astype(float) is "
            "float64 too. Training runs in float32, which is twice as fast."
        )
    return (
        f"{got} comes out whatever goes in: is there an astype or a dtype= in the code? Keep the "
        "dtype of the input, or digits are lost."
    )


def _unknown(observation, trial, trials):
    """Say something useful about numbers that no formula of the table gives."""
    result, method = observation.result, f"{trial.layer.name}.{trial.method}"
    got, right = trial.copies[result], trial.right[result]
    if observation.kind == "shape":
        fewer = np.ndim(got) - right.ndim
        return UNKNOWN["dimension lost" if fewer < 0 else "dimension gained" if fewer else "sizes"]
    got = np.asarray(got, dtype=np.float64)
    extreme = trial.batch.is_extreme and FAR.get(method)
    if not np.all(np.isfinite(got)):
        return extreme or UNKNOWN["not finite"]
    if trial.batch.tolerance is None:
        return UNKNOWN["small loss"]
    alone, again = (trial.alone().copies.get(result) for _ in range(2))
    if not _same_numbers(alone, again, 1e-6):
        return UNKNOWN["random"]
    if not _same_numbers(alone, got, 1e-6):
        return UNKNOWN["depends on earlier calls"]
    with np.errstate(all="ignore"):
        ratios = (got / right)[np.abs(right) > 1e-3]
    if ratios.size > 1 and np.ptp(ratios) < 1e-4 * abs(ratios[0]):
        return UNKNOWN["ratio"].format(ratio=ratios[0], n=len(got))
    if trials[0] is not trial:
        return extreme or UNKNOWN["special case"].format(first=trials[0].batch.about)
    good = relative_error(got, right) < trial.batch.tolerance
    x = trial.batch.given.get("x", np.zeros(()))
    for side in ("x > 0", "x < 0"):
        if x.ndim and x.shape == good.shape and np.array_equal(good, eval(side, {"x": x})):
            return UNKNOWN["side"].format(side=side)
    good_rows = np.flatnonzero(np.all(good, axis=1)) if got.ndim == 2 else []
    if len(good_rows):
        return UNKNOWN["rows"].format(rows=", ".join(map(str, good_rows)))
    return UNKNOWN[""]
