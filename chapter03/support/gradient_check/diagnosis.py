"""From what a call shows to the mistake that it betrays; nothing is said that was not tried out."""

import ast
import contextlib
import difflib
import inspect
import re
from dataclasses import replace
from functools import cache

import numpy as np

from support.gradient_check import mistakes
from support.gradient_check.limits import message_of
from support.gradient_check.shapes import misfit
from support.gradient_check.trials import Batch, Trial, right_results
from support.language import say

# How near numbers have to be to count as the same.
SAME = {"float64": 1e-5, "float32": 1e-3}
FUNCTIONS = {
    "np": np,
    "sigmoid": lambda x: (1 + np.tanh(x / 2)) / 2,
    "softmax": lambda x: 1 / np.exp(x[:, None, :] - x[:, :, None]).sum(axis=2),
}


def looks_like(fault):
    """Say which mistake a FaultError without a hint betrays, or ''."""
    kind, result, trial, trials = fault.kind, fault.result, fault.trial, fault.trials
    if kind == "changed":
        return say(*mistakes.CHANGED.get(trial.changed, mistakes.CHANGED[""]))
    if kind == "missing":
        return _missing(result, trial)
    if kind == "type":
        got = trial.results[result]
        name = "comma" if isinstance(got, tuple) and len(got) == 1 else type(got).__name__
        return say(*mistakes.TYPES.get(name, ("", "")))
    if kind == "error":
        one = re.search(r"\((\d+),\1\)", str(trial.error)) and re.search("eye|iden", _source(trial))
        found = _met(trial) if trial.misfit else say(*mistakes.ONE_JACOBIAN) if one else ""
        return found or _size(trial) or _one_sample(trial, trials) or _stumble(trial, trials)
    return formula(result, trial, trials)[1] or _fact(kind, result, trial, trials)


def formula(result, trial, trials):
    """Return the formula of the tables that gives this and all ordinary calls, and what to say.

    What is particular to the method comes before what is true of any.
    """
    # Of extremes, only that one counts which failed.
    calls = [trial] + [t for t in trials if t is not trial and not t.batch.is_extreme]
    calls = [(t, _namespace(result, t)) for t in calls if t.error is None]
    own = mistakes.MISTAKES[f"{trial.layer.name}.{trial.method}", result]
    words = _words(_source(trial))
    # Of numbers that are all the same, nothing else can be said: many formulas would fit.
    for tried in ([mistakes.CONSTANT], own, mistakes.RELATIONS):
        found = []
        for english, chinese, *formulas in tried:
            for text in formulas:
                k = _number(text, result, calls)
                # A fixed number in place of n has to stand in the code.
                if k is not None and ("n * k" not in text or f"{1 / k:.6g}" in words):
                    found.append((text, k, say(english, chinese)))
        if found:
            # The one whose words resemble the student's own most: those in common less the others.
            text, k, said = max(
                found, key=lambda row: 2 * len(_words(row[0]) & words) - len(_words(row[0]))
            )
            said = said.format(k=k, inverse=1 / k if k else k)
            if tried is own:
                said += say("\nYour numbers are those of: ", "\n你的结果等于 ")
                said += re.sub(r"\bk\b", f"{k:.4g}", text)
            return text, said
    return "", ""


def _number(text, result, calls):
    """Return the k with which the formula gives the results of all calls, None if there is none.

    Without a k in the formula, 0 stands for "it does".
    """
    k, by_number = 0.0, re.search(r"\bk\b", text)
    for i, (trial, names) in enumerate(calls):
        got = trial.results.get(result)
        if i > 0 and "before" in text and np.shape(names["before"]) != np.shape(got):
            continue  # the first of its object
        try:
            if i == 0 and by_number:
                k = _solved(text, names, np.asarray(got, dtype=np.float64))
            value = _value(text, {**names, "k": k})
        except Exception:
            return None  # shapes that do not fit
        if not same(got, value, trial.batch.dtype.name):
            return None
    return k


def _solved(text, names, got):
    """Return the k at which a formula that is linear in k gives `got`."""
    zero, one = (_value(text, {**names, "k": k}) for k in (0, 1))
    slope = np.broadcast_to(one - zero, got.shape)
    largest = np.unravel_index(np.argmax(np.abs(slope)), got.shape)
    k = np.round(float((got - zero)[largest] / slope[largest]), 12) + 0.0
    # With such a number, the formula would be the right one, or another.
    if not np.isfinite(k) or ("ones_like" not in text and (abs(k - 1) < 1e-3 or abs(k) < 1e-6)):
        raise ValueError
    return k


def _value(text, names):
    *settings, last = text.split("; ")
    with np.errstate(all="ignore"):
        for setting in settings:
            exec(setting, names)
        return eval(last, names)


def _namespace(result, trial):
    """Return the variables that a formula may use."""
    names = {**FUNCTIONS, **trial.right, **trial.batch.given}
    names["n"], names["D"] = trial.batch.given[trial.layer.inputs[0]].shape
    if trial.layer.weights:
        names["m"] = trial.batch.given["W"].shape[1]
    if result:
        names["right"] = trial.right[result]
        names["before"] = trial.before.results.get(result) if trial.before else None
    if result and not trial.batch.is_extreme:
        for name, i in (("first", 0), ("last", names["n"] - 1)):
            names[name] = _row(trial.layer, trial.method, trial.batch, i)[1][result]
    return names


@cache
def _row(layer, method, batch, i):
    """Return what of the inputs belongs to row i of the batch, and what is right for it alone."""
    rows = {k: v[i : i + 1] for k, v in batch.given.items() if k not in layer.weights}
    batch = replace(batch, given={**batch.given, **rows})
    return rows, right_results(layer, method, batch)


def same(got, value, dtype="float64"):
    """Whether all entries agree, relative to the entry or to a tenth of the largest."""
    try:
        got, value = np.asarray(got, dtype=np.float64), np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        return False
    tolerance = SAME.get(dtype, 1e-3)
    nearly_zero = tolerance * np.max(np.abs(value), where=np.isfinite(value), initial=1e-3) / 10
    return got.shape == value.shape and np.allclose(got, value, tolerance, nearly_zero, True)


def _source(trial):
    """Return the text of the student's method."""
    return inspect.getsource(getattr(getattr(trial.model, trial.layer.name), trial.method))


def _words(text):
    text = re.sub(r'"""(?s:.)*?"""|#.*', "", text)
    return set(re.findall(r"\*\*|[^\W\d]\w*|\d+|[-+*/@]", text)) - {"np", "self"}


def _met(trial):
    """Name the formula of the table in which the same two arrays meet."""
    names, met, method = _namespace(None, trial), trial.misfit, f"{trial.layer.name}.{trial.method}"
    rows = [row for result in trial.names for row in mistakes.MISTAKES.get((method, result), ())]
    for english, chinese, *formulas in rows:
        for text in formulas:
            with contextlib.suppress(Exception):
                _value(text, names)
            hit = misfit(ast.parse(text), names)
            alike = hit and (hit.operator, hit.shapes) == (met.operator, met.shapes)
            if alike and all(map(same, hit.operands, met.operands)):
                meet = say("\nThe same arrays meet in: ", "\n相遇的两个数组和这个式子里的一样：")
                return say(english, chinese) + meet + text
    shapes, (n, columns) = met.shapes, trial.batch.given[trial.layer.inputs[0]].shape
    of_all = (n, n) in shapes or {n * columns, n * n, columns**2} & set(sum(shapes, ()))
    if of_all and re.search(r"eye|identity|diag|outer|kron|tile", _source(trial)):
        return say(*mistakes.ONE_JACOBIAN)
    if met.operator == "@" and max(map(len, shapes)) > 2 and ".T" in met.text:
        return say(*mistakes.THREE_AXES)
    if shapes[0] == (n, columns + 1) and re.search("stack|concat|append|c_", _source(trial)):
        return say(*mistakes.ONES)
    if met.operator != "@" and sorted(map(len, shapes)) == [1, 2] and (n,) in shapes:
        return say(*mistakes.KEEPDIMS)
    return ""


def _size(trial):
    """Say that a size is written into the code, if it is one that shows in the message."""
    sizes = {size for array in trial.batch.given.values() for size in array.shape}
    shown = set(re.findall(r"\b\d+\b", str(trial.error)))
    if trial.misfit:
        shown |= {str(size) for shape in trial.misfit.shapes for size in shape}
    for word in sorted(_words(_source(trial)) & shown):
        if int(word) > 2 and int(word) not in sizes:
            return say(*mistakes.SIZE).format(word)
    return ""


def _stumble(trial, trials):
    message, first = message_of(trial.error), trial.layer.first_line(trial.method)
    if trials[0].error is None:
        return say(*mistakes.FACTS["special"]).format(say(*trials[0].batch.about))
    for pattern, english, chinese in mistakes.STUMBLES:
        found = re.search(pattern, message)
        if found:
            groups = [group for group in found.groups() if group]
            return say(english, chinese).format(*groups, close=_close(trial.error), first=first)
    return ""


def _close(error):
    """Return a question with a name that resembles the one that is not there."""
    name, there = getattr(error, "name", None), getattr(error, "obj", None)
    names = [name for name in dir(there) if name[0] != "_"] if there is not None else ()
    found = difflib.get_close_matches(str(name), names, 1, 0.7)
    return say(f" Is `{found[0]}` meant?", f"是不是想写 `{found[0]}`？") if found else ""


def _missing(result, trial):
    wanted = trial.layer.source(trial.method, result)
    if not wanted.startswith("self."):
        return say(*mistakes.NO_RETURN)
    for name, value in vars(trial.alone().subject).items():
        if same(value, trial.right[result], trial.batch.dtype.name):
            return say(*mistakes.OTHER_NAME).format(name, wanted)
    return say(*mistakes.NOT_KEPT).format(wanted)


def _fact(kind, result, trial, trials):
    """Say something true about numbers that no formula gives, '' if there is nothing to say."""
    if kind == "shape":
        return _one_sample(trial, trials)
    got, dtype = np.asarray(trial.results[result], dtype=np.float64), trial.batch.dtype.name
    if not np.all(np.isfinite(got)):
        return say(*mistakes.FACTS["not finite"]) if trial.warned else ""
    if trial.batch.tolerance is None:
        return say(*mistakes.FACTS["small loss"]) if result == "loss" else ""
    if not same(trial.alone().results.get(result), got, dtype):
        return say(*mistakes.FACTS["earlier"])
    if trial is not trials[0]:
        about = say(*trials[0].batch.about)
        return "" if trial.batch.is_extreme else say(*mistakes.FACTS["special"]).format(about)
    return _one_sample(trial, trials)


def _one_sample(trial, trials):
    """Say that the code is right for one sample, if each row of the batch alone shows it."""
    if trial is not trials[0] or trial.layer.name == "Sigmoid":  # which knows no samples
        return ""

    def is_right(i, shape):
        rows, right = _row(trial.layer, trial.method, trial.batch, i)
        given = {name: array.reshape(shape) for name, array in rows.items()}
        one = replace(trial.batch, given={**trial.batch.given, **given})
        results = Trial(trial.model, trial.layer, trial.method, one).call().results
        return results and all(same(np.ravel(results[n]), np.ravel(right[n])) for n in trial.names)

    for shape, key in (((-1,), "one sample"), ((-1, 1), "one sample"), ((1, -1), "one row")):
        if all(is_right(i, shape) for i in range(len(trial.batch.given[trial.layer.inputs[0]]))):
            return say(*mistakes.FACTS[key])
    return ""


EXAMPLES = {
    "Linear.grad_y": "[[1, 2], [3, -1]]", "W": "[[1, 0], [2, -1], [0, 1]]", "b": "[[1, -1]]",
    "x": "[[1, 2, 3], [0, 1, -1]]", "Softmax.x": "[[ln 2, ln 3, ln 5], [0, 0, ln 2]]",
    "grad_y": "[[1, 2, -1], [4, 0, 2]]", "y": "[[0, 0, 1], [0, 1, 0]]",
    "y_hat": "[[0.25, 0.25, 0.5], [0.5, 0.25, 0.25]]",
}  # fmt: skip


def example(trial):
    """Return a small example: what goes in, what comes out, and what should come out."""
    layer, method = trial.layer, trial.method
    names = layer.given(method)
    texts = {name: EXAMPLES.get(f"{layer.name}.{name}") or EXAMPLES[name] for name in names}
    numbers = {name: eval(re.sub(r"ln (\d)", r"np.log(\1)", texts[name])) for name in names}
    batch = Batch("", {name: np.array(numbers[name], dtype=np.float64) for name in names})
    trial = replace(trial, batch=batch).alone()
    lines = []
    for name, got in trial.results.items():
        if not same(got, trial.right[name]):
            source, got, right = layer.source(method, name), _shown(got), _shown(trial.right[name])
            lines.append(say(f"{source} gives {got}", f"{source} 算得 {got}"))
            lines.append(say(f"and should give {right}", f"应为 {right}"))
    return "\n".join([f"{name} = {text}" for name, text in texts.items()] + lines) if lines else ""


def _shown(value):
    value = np.round(np.asarray(value, dtype=np.float64), 4) + 0.0
    return " ".join(np.array2string(value, separator=", ").split())
