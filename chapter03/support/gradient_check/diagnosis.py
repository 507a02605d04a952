"""From what was seen to the mistake that it betrays; nothing is said that was not tried out."""

import ast
import contextlib
import difflib
import inspect
import re
from dataclasses import replace
from functools import cache
from typing import NamedTuple

import numpy as np

from support.gradient_check import mistakes
from support.gradient_check.calls import Call, kept_by
from support.gradient_check.layers import example_for, right_results
from support.gradient_check.limits import message_of
from support.gradient_check.shapes import misfit
from support.language import say

# How near numbers have to be to count as the same.
SAME = {"float64": 1e-5, "float32": 1e-3}
FUNCTIONS = {
    "np": np,
    "sigmoid": lambda x: (1 + np.tanh(x / 2)) / 2,
    "softmax": lambda x: 1 / np.exp(x[:, None, :] - x[:, :, None]).sum(axis=2),
}


class Match(NamedTuple):
    """A formula gives the student's numbers; `k` is the number in it, None if it has none."""

    k: float | None


class Found(NamedTuple):
    """A formula of the tables that fits, and what is said of it."""

    formula: str
    k: float | None
    text: str


def explain(fault):
    """Return what a FaultError looks like, '' if there is nothing true to be said."""
    explainers = {
        "absent": _absent,
        "changed": _changed,
        "missing": _missing,
        "type": _type,
        "error": _error,
        "value": _numbers,
        "shape": _numbers,
    }
    if fault.kind in explainers:
        return explainers[fault.kind](fault)
    return say(*mistakes.SITUATIONS.get(fault.kind, ("", "")))


def _absent(fault):
    layer, method = fault.call.layer, fault.call.method
    return say(*mistakes.ABSENT).format(layer.name, layer.first_line(method))


def _changed(fault):
    name = fault.call.changed
    if name in fault.call.layer.weights:
        return say(*mistakes.CHANGED["weights"])
    if name == fault.call.layer.output:
        return say(*mistakes.CHANGED["output"])
    return say(*mistakes.CHANGED["input"])


def _missing(fault):
    call = fault.call
    wanted = call.layer.source(call.method, fault.result)
    if not wanted.startswith("self."):
        return say(*mistakes.NO_RETURN)
    for name, value in kept_by(call.alone().subject).items():
        if same(value, call.right[fault.result], call.batch.dtype.name):
            return say(*mistakes.OTHER_NAME).format(name, wanted)
    return say(*mistakes.NOT_KEPT).format(wanted)


def _type(fault):
    got = fault.call.results[fault.result]
    name = type(got).__name__
    if isinstance(got, tuple) and len(got) == 1:
        name = "comma"
    return say(*mistakes.TYPES.get(name, ("", "")))


def _numbers(fault):
    """Explain numbers or shapes that are not right."""
    found = formula(fault)
    return found.text if found else _fact(fault)


# ---- formulas


def formula(fault):
    """Return the Found of the formula that gives this and all ordinary calls, or None.

    What is particular to the method comes before what is true of any.
    """
    call, result = fault.call, fault.result
    own = mistakes.MISTAKES.get((f"{call.layer.name}.{call.method}", result), [])
    words = _words(source_of(call))
    # Of numbers that are all the same, nothing else can be said: many formulas would fit.
    for rows in ([mistakes.CONSTANT], own, mistakes.RELATIONS):
        found = list(_fitting(rows, fault, words))
        if found:
            # The one whose words resemble the student's own most: those in common less the others.
            best = max(found, key=lambda one: _resemblance(one.formula, words))
            return _with_formula(best) if rows is own else best
    return None


def _fitting(rows, fault, words):
    for english, chinese, *formulas in rows:
        for text in formulas:
            fit = match(text, fault)
            if fit is None:
                continue
            # A fixed number in place of N has to stand in the code.
            if "N * k" in text and f"{1 / fit.k:.6g}" not in words:
                continue
            inverse = 1 / fit.k if fit.k else fit.k
            yield Found(text, fit.k, say(english, chinese).format(k=fit.k, inverse=inverse))


def _with_formula(found):
    shown = found.formula if found.k is None else re.sub(r"\bk\b", f"{found.k:.4g}", found.formula)
    text = found.text + say("\nYour numbers are those of: ", "\n你的结果等于 ") + shown
    return found._replace(text=text)


def _resemblance(text, words):
    own = _words(text)
    return 2 * len(own & words) - len(own)


def match(text, fault):
    """Return the Match of a formula with the results of all calls that count, or None.

    These are the call that failed and every ordinary one; of extremes, only the one that failed.
    """
    result = fault.result
    others = [call for call in fault.calls if call is not fault.call and not call.batch.is_extreme]
    k = None
    for call in [fault.call, *others]:
        if call.error is not None:
            continue
        got, names = call.results.get(result), _namespace(result, call)
        is_first_of_its_object = np.shape(names["before"]) != np.shape(got)
        if call is not fault.call and "before" in text and is_first_of_its_object:
            continue
        try:
            if call is fault.call and re.search(r"\bk\b", text):
                k = _solved(text, names, np.asarray(got, dtype=np.float64))
            fits = same(got, value(text, {**names, "k": k}), call.batch.dtype.name)
        except (ArithmeticError, IndexError, NameError, TypeError, ValueError):
            return None  # shapes that do not fit, or a name that such a call does not have
        if not fits:
            return None
    return Match(k)


def _solved(text, names, got):
    """Return the k at which a formula that is linear in k gives `got`."""
    zero, one = (value(text, {**names, "k": k}) for k in (0, 1))
    slope = np.broadcast_to(one - zero, got.shape)
    largest = np.unravel_index(np.argmax(np.abs(slope)), got.shape)
    k = np.round(float((got - zero)[largest] / slope[largest]), 12) + 0.0
    is_another_formula = abs(k - 1) < 1e-3 or abs(k) < 1e-6
    if not np.isfinite(k) or (is_another_formula and "ones_like" not in text):
        raise ValueError
    return k


def value(text, names):
    """Return the value of a formula of the tables."""
    settings, last = _compiled(text)
    names = dict(names)
    with np.errstate(all="ignore"):
        for setting in settings:
            exec(setting, names)
        return eval(last, names)


@cache
def _compiled(text):
    *settings, last = text.split("; ")
    return [compile(setting, text, "exec") for setting in settings], compile(last, text, "eval")


def _namespace(result, call):
    """Return the variables that a formula may use."""
    batch, layer = call.batch, call.layer
    names = {**FUNCTIONS, **call.right, **batch.given}
    names["N"], names["D"] = batch.rows, batch.columns
    names["m"] = batch.columns if layer.output == "loss" else call.right[layer.output].shape[1]
    if result:
        names["right"] = call.right[result]
        names["before"] = call.before.results.get(result) if call.before else None
    if result and not batch.is_extreme:
        names["first"] = _right_for_row(layer, call.method, batch, 0)[result]
        names["last"] = _right_for_row(layer, call.method, batch, batch.rows - 1)[result]
    return names


@cache
def _right_for_row(layer, method, batch, i):
    return right_results(layer, method, batch.row(i, layer.weights))


def same(got, value, dtype="float64"):
    """Return whether all entries agree, relative to the entry or to a tenth of the largest."""
    try:
        got = np.asarray(got, dtype=np.float64)
        value = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        return False
    tolerance = SAME.get(dtype, SAME["float32"])
    nearly_zero = tolerance * np.max(np.abs(value), where=np.isfinite(value), initial=1e-3) / 10
    if got.shape != value.shape:
        return False
    return np.allclose(got, value, rtol=tolerance, atol=nearly_zero, equal_nan=True)


def source_of(call):
    """Return the text of the student's method, without its comments and docstring."""
    text = inspect.getsource(getattr(getattr(call.model, call.layer.name), call.method))
    return re.sub(r'"""(?s:.)*?"""|#.*', "", text)


def _words(text):
    return set(re.findall(r"\*\*|[^\W\d]\w*|\d+|[-+*/@]", text)) - {"np", "self"}


# ---- errors


def _error(fault):
    call = fault.call
    found = ""
    if call.misfit:
        found = _meeting(call)
    elif re.search(r"\((\d+),\1\)", str(call.error)) and re.search("eye|iden", source_of(call)):
        found = say(*mistakes.ONE_JACOBIAN)
    return found or _written_size(call) or _one_sample(fault) or _stumble(fault)


def _meeting(call):
    """Name the formula of the tables in which the same two arrays meet, or what they tell."""
    names, met = _namespace(None, call), call.misfit
    method = f"{call.layer.name}.{call.method}"
    for result in call.names:
        for english, chinese, *formulas in mistakes.MISTAKES.get((method, result), ()):
            for text in formulas:
                if _meets_alike(text, names, met):
                    meet = say("\nThe same arrays meet in: ",
                               "\n相遇的两个数组和这个式子里的一样：")  # fmt: skip
                    return say(english, chinese) + meet + text
    return _meeting_of_shapes(call)


def _meets_alike(text, names, met):
    names = dict(names)
    with contextlib.suppress(ArithmeticError, TypeError, ValueError):
        for setting in _compiled(text)[0]:
            exec(setting, names)
    hit = misfit(ast.parse(text), names)
    if not hit or (hit.operator, hit.shapes) != (met.operator, met.shapes):
        return False
    return all(map(same, hit.operands, met.operands))


def _meeting_of_shapes(call):
    met, source = call.misfit, source_of(call)
    rows, columns = call.batch.rows, call.batch.columns
    sizes = {size for shape in met.shapes for size in shape}
    is_of_all = (rows, rows) in met.shapes or sizes & {rows * columns, rows**2, columns**2}
    if is_of_all and re.search(r"eye|identity|diag|outer|kron|tile", source):
        return say(*mistakes.ONE_JACOBIAN)
    if met.operator == "@" and max(map(len, met.shapes)) > 2 and ".T" in met.text:
        return say(*mistakes.THREE_AXES)
    if met.shapes[0] == (rows, columns + 1) and re.search("stack|concat|append|c_", source):
        return say(*mistakes.ONES)
    if met.operator != "@" and sorted(map(len, met.shapes)) == [1, 2] and (rows,) in met.shapes:
        return say(*mistakes.KEEPDIMS)
    return ""


def _written_size(call):
    """Say that a size is written into the code, if it is one that shows in the message."""
    sizes = {size for array in call.batch.given.values() for size in array.shape}
    shown = set(re.findall(r"\b\d+\b", str(call.error)))
    if call.misfit:
        shown |= {str(size) for shape in call.misfit.shapes for size in shape}
    for word in sorted(_words(source_of(call)) & shown):
        if int(word) > 2 and int(word) not in sizes:
            return say(*mistakes.SIZE).format(word)
    return ""


def _stumble(fault):
    call, error = fault.call, fault.call.error
    if fault.calls[0].error is None:
        return say(*mistakes.FACTS["special"]).format(say(*fault.calls[0].batch.about))
    for pattern, english, chinese in mistakes.STUMBLES:
        found = re.search(pattern, message_of(error))
        if found:
            groups = [group for group in found.groups() if group]
            first = call.layer.first_line(call.method)
            return say(english, chinese).format(*groups, close=_close(error), first=first)
    return ""


def _close(error):
    """Return a question with a name that resembles the one that is not there."""
    name, there = getattr(error, "name", None), getattr(error, "obj", None)
    names = [name for name in dir(there) if name[0] != "_"] if there is not None else ()
    found = difflib.get_close_matches(str(name), names, 1, 0.7)
    return say(f" Is `{found[0]}` meant?", f"是不是想写 `{found[0]}`？") if found else ""


# ---- what was found by trying something out


def _fact(fault):
    """Say something true about numbers that no formula gives, '' if there is nothing to say."""
    call, result = fault.call, fault.result
    if fault.kind == "shape":
        return _one_sample(fault)
    got, dtype = np.asarray(call.results[result], dtype=np.float64), call.batch.dtype.name
    if not np.all(np.isfinite(got)):
        return say(*mistakes.FACTS["not finite"]) if call.warned else ""
    if call.batch.tolerance is None:
        return say(*mistakes.FACTS["small loss"]) if result == "loss" else ""
    if not same(call.alone().results.get(result), got, dtype):
        return say(*mistakes.FACTS["earlier"])
    if call is not fault.calls[0]:
        about = say(*fault.calls[0].batch.about)
        return "" if call.batch.is_extreme else say(*mistakes.FACTS["special"]).format(about)
    return _one_sample(fault)


def _one_sample(fault):
    """Say that the code is right for one sample, if each row of the batch alone shows it."""
    call = fault.call
    if call is not fault.calls[0]:
        return ""
    for shape, key in (((-1,), "one sample"), ((-1, 1), "one sample"), ((1, -1), "one row")):
        if all(_is_right_for_row(call, i, shape) for i in range(call.batch.rows)):
            return say(*mistakes.FACTS[key])
    return ""


def _is_right_for_row(call, i, shape):
    layer, batch = call.layer, call.batch.row(i, call.layer.weights)
    given = {
        name: array if name in layer.weights else array.reshape(shape)
        for name, array in batch.given.items()
    }
    results = Call(call.model, layer, call.method, replace(batch, given=given)).run().results
    right = _right_for_row(layer, call.method, call.batch, i)
    return bool(results) and all(
        same(np.ravel(results[name]), np.ravel(right[name])) for name in call.names
    )


def example(fault):
    """Return a small example: what goes in, what comes out, and what should come out."""
    layer, method = fault.call.layer, fault.call.method
    batch = example_for(layer, method)
    call = Call(fault.call.model, layer, method, batch).run()
    lines = []
    for name, got in call.results.items():
        right = call.expected(name)
        if not same(got, right):
            where, got, right = layer.source(method, name), _shown(got), _shown(right)
            lines.append(say(f"{where} gives {got}", f"{where} 算得 {got}"))
            lines.append(say(f"and should give {right}", f"应为 {right}"))
    if not lines:
        return ""
    given = [
        f"{name} = {layer.example_texts.get(name) or _shown(array)}"
        for name, array in batch.given.items()
    ]
    return "\n".join(given + lines)


def _shown(value):
    try:
        value = np.round(np.asarray(value, dtype=np.float64), 4) + 0.0
    except (TypeError, ValueError):
        return repr(value)[:200]
    text = np.array2string(value, separator=", ", formatter={"float_kind": "{:g}".format})
    return " ".join(text.split())
