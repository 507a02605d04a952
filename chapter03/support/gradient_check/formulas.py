"""The formulas of the tables of mistakes: whether one gives the numbers of a student's calls."""

import ast
import contextlib
import inspect
import re
from functools import cache
from typing import NamedTuple

import numpy as np

from support.gradient_check import mistakes
from support.gradient_check.layers import is_by_entries, right_results
from support.gradient_check.shapes import misfit
from support.language import say

# How near numbers have to be to count as the same.
SAME = {"float64": 1e-5, "float32": 1e-3}
# Below it, numbers may be all that rounding has left of a 0.
ROUNDING = {"float64": 1e-12, "float32": 1e-3}
FUNCTIONS = {
    "np": np,
    "sigmoid": lambda x: (1 + np.tanh(x / 2)) / 2,
    "softmax": lambda x: 1 / np.exp(x[:, None, :] - x[:, :, None]).sum(axis=2),
}


# Of these, one has to stand in a code that is said to add up.
SUMMING = {"sum", "mean", "average", "dot", "matmul", "einsum", "add", "cumsum", "trace", "@", "+"}

# In a text, what a formula may be multiplied by.
FACTORS = [
    f"{sign}({{}}){scale}"
    for scale in ("", " * N", " / N", " / D", " * D", " / (N * D)", " / 2", " * N / 2", " * N / D")
    for sign in ("", "-")
]


class Match(NamedTuple):
    """A formula gives the student's numbers; `k` is the number in it, None if it has none."""

    k: float | None


class Found(NamedTuple):
    """A formula of the tables that fits, and what is said of it."""

    formula: str
    k: float | None
    text: str


def formula(fault):
    """Return the Found of the formula that gives this and all ordinary calls, or None.

    What is particular to the method comes before what is true of any.
    """
    call, result = fault.call, fault.result
    own = mistakes.MISTAKES.get((call.method_name, result), [])
    words = words_of(source_of(call))
    for found in (
        _constant(fault, words),
        [_with_formula(one) for one in _fitting(own, fault, words)],
        list(_fitting(mistakes.RELATIONS, fault, words)),
        list(_fitting_but_for_a_sign(mistakes.RELATIONS, fault)),
        [_with_formula(one) for one in _fitting_but_for_a_factor(own, fault)],
    ):
        if found:
            # The one whose words resemble the student's own most: those in common less the others.
            return max(found, key=lambda one: _resemblance(one.formula, words))
    return None


def _constant(fault, words):
    """Return what is said of numbers that are all the same: many formulas would fit.

    Not of zeros: where all cancels, the code may be nearly right.
    """
    constant = mistakes.CONSTANT
    if "grad_y" in fault.call.layer.parameters(fault.call.method):
        constant = mistakes.CONSTANT_BACKWARD
    if _is_zero(fault):
        return []
    return [one for one in _fitting([constant], fault, words) if _is_always(one.k, fault)]


def _is_always(k, fault):
    """Return whether every call, of extremes too, gives the constant k where it gives numbers."""
    for call in fault.calls:
        got = call.results.get(fault.result)
        is_given = call.error is None and got is not None
        if is_given and not same(got, np.full(np.shape(got), k), call.batch.dtype.name):
            return False
    return True


def _fitting(rows, fault, words):
    for english, chinese, *formulas in rows:
        for text in formulas:
            fit = match(text, fault)
            if fit is None:
                continue
            is_sum = re.match(r"right\.(?:sum|mean)\(", text)
            if is_sum and (_is_zero(fault) or not words & SUMMING):
                continue
            # A fixed number in place of N has to stand in the code.
            if "N * k" in text and f"{1 / fit.k:.6g}" not in words:
                continue
            inverse = 1 / fit.k if fit.k else fit.k
            yield Found(text, fit.k, say(english, chinese).format(k=fit.k, inverse=inverse))


def _is_zero(fault):
    """Return whether a result is 0 but for rounding, as the sums of some gradients are."""
    got = fault.call.results[fault.result]
    return same(got, np.zeros(np.shape(got)))


def _fitting_but_for_a_sign(rows, fault):
    """Yield what is wrong besides the sign: a factor that is a matter of N or D."""
    for english, chinese, *formulas in rows:
        for text in formulas:
            is_factor = re.fullmatch(r"right( [*/] (N|D|m|\(N \* [Dm]\)))+", text)
            if is_factor and match(f"-{text}", fault):
                besides = say(*mistakes.SIGN_TOO) + "\n" + say(english, chinese)
                yield Found(f"-{text}", None, besides)


def _fitting_but_for_a_factor(rows, fault):
    if is_by_entries(fault.call.layer):
        return  # what is no sum has neither N nor D in it
    for english, chinese, *formulas in rows:
        for text in formulas:
            if re.search(r"\bk\b", text) or not _is_proportional(text, fault):
                continue
            *settings, last = text.split("; ")
            for factor in FACTORS:
                scaled = "; ".join([*settings, factor.format(last)])
                # What is said of a formula that is right is no reason why numbers are wrong.
                if match(scaled, fault) and not _is_right_for_ordinary_numbers(text, fault):
                    yield Found(scaled, None, say(english, chinese))


def _is_right_for_ordinary_numbers(text, fault):
    ordinary = [call for call in fault.calls if not call.batch.is_extreme]
    return all(
        same(value(text, namespace(fault.result, call)), call.right[fault.result])
        for call in ordinary
    )


def _is_proportional(text, fault):
    """Return whether a formula gives the numbers of the call that failed, but for a factor."""
    got = fault.call.results[fault.result]
    try:
        given = value(text, namespace(fault.result, fault.call))
        largest = np.unravel_index(np.argmax(np.abs(given)), np.shape(given))
        with np.errstate(all="ignore"):
            factor = np.asarray(got)[largest] / np.asarray(given)[largest]
            return same(got, given * factor)
    except (ArithmeticError, IndexError, NameError, TypeError, ValueError):
        return False


def _with_formula(found):
    shown = found.formula if found.k is None else re.sub(r"\bk\b", f"{found.k:.4g}", found.formula)
    text = found.text + say("\nYour numbers are those of: ", "\n你的结果等于 ") + written(shown)
    return found._replace(text=text)


def written(text):
    """Return a formula as a report shows it: what it sets behind it."""
    *settings, last = text.split("; ")
    last = re.sub(r"^(-?)\((.*) / N\) \* N$", r"\1\2", last).removeprefix("--")
    return last + "".join(say(", where ", "，其中 ") + setting for setting in settings)


def _resemblance(text, words):
    own = words_of(text)
    return 2 * len(own & words) - len(own)


def match(text, fault):
    """Return the Match of a formula with the results of all calls that count, or None.

    These are the call that failed and every ordinary one; of extremes, only the one that failed.
    """
    result = fault.result
    others = [call for call in fault.calls if call is not fault.call and not call.batch.is_extreme]
    k = None
    has_numbers = False
    for call in [fault.call, *others]:
        if call.error is not None:
            continue
        got, names = call.results.get(result), namespace(result, call)
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
        has_numbers = has_numbers or np.any(np.isfinite(np.asarray(got, dtype=np.float64)))
    return Match(k) if has_numbers else None  # nan is like nan


def _solved(text, names, got):
    """Return the k at which a formula that is linear in k gives `got`."""
    zero, one = (value(text, {**names, "k": k}) for k in (0, 1))
    slope = np.broadcast_to(one - zero, got.shape)
    largest = np.unravel_index(np.argmax(np.abs(slope)), got.shape)
    k = np.round(float((got - zero)[largest] / slope[largest]), 12) + 0.0
    is_another_formula = abs(abs(k) - 1) < 1e-3 or abs(k) < 1e-6
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


def namespace(result, call):
    """Return the variables that a formula may use."""
    batch, layer = call.batch, call.layer
    names = {**FUNCTIONS, **call.right, **batch.given}
    names["N"], names["D"] = batch.rows, batch.columns
    names["m"] = batch.columns if layer.output == "loss" else call.right[layer.output].shape[1]
    if result:
        names["right"] = call.right[result]
        names["before"] = call.before.results.get(result) if call.before else None
    if result and not batch.is_extreme:
        names["first"] = right_for_row(layer, call.method, batch, 0)[result]
        names["last"] = right_for_row(layer, call.method, batch, batch.rows - 1)[result]
    return names


@cache
def right_for_row(layer, method, batch, i):
    return right_results(layer, method, batch.row(i, layer.weights))


def same(got, value, dtype="float64"):
    """Return whether all entries agree, relative to the entry or to a tenth of the largest."""
    try:
        got = np.asarray(got, dtype=np.float64)
        value = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        return False
    tolerance = SAME.get(dtype, SAME["float32"])
    largest = np.max(np.abs(value), where=np.isfinite(value), initial=0)
    if largest < ROUNDING.get(dtype, ROUNDING["float32"]):
        largest = 1e-3
    nearly_zero = tolerance * largest / 10
    if got.shape != value.shape:
        return False
    return np.allclose(got, value, rtol=tolerance, atol=nearly_zero, equal_nan=True)


def tree_of(call):
    """Return a syntax tree that holds the student's method, and nothing if that is no statement."""
    text = inspect.getsource(call.function)
    # In a block it may stay indented, whatever a comment or a text puts into the first column.
    with contextlib.suppress(SyntaxError):  # as of one of two lambdas
        return ast.parse(f"if True:\n{text}" if text[0].isspace() else text)
    return ast.Module([], [])


def source_of(call):
    """Return the code of the student's method, without its comments, and texts that do nothing."""
    return ast.unparse(_WithoutTexts().visit(tree_of(call)))


class _WithoutTexts(ast.NodeTransformer):
    """Puts `pass` in place of a docstring, or of code that was taken out by three quotes."""

    def visit_Expr(self, node):
        return ast.Pass() if isinstance(node.value, ast.Constant) else node


def words_of(text):
    return set(re.findall(r"\*\*|[^\W\d]\w*|\d+|[-+*/@]", text)) - {"np", "self"}


def meeting(call):
    """Name the formula of the tables in which the same two arrays meet that an error is about."""
    names = namespace(None, call)
    # A line that sets one result is compared with the formulas of that one.
    results = [name for name in call.names if f"self.{name}" in call.place.source] or call.names
    if call.place.source.startswith("return"):
        results = call.names[-1:]
    for result in results:
        for english, chinese, *formulas in mistakes.MISTAKES.get((call.method_name, result), ()):
            for text in formulas:
                met = _meeting_in(text, names, call.misfit)
                if met:
                    in_effect = say("\nYou wrote, in effect: ", "\n你写的相当于：")
                    return say(english, chinese) + in_effect + written(met)
    return ""


def _meeting_in(text, names, met):
    """Return the part of a formula in which the same two arrays meet, or None."""
    names = dict(names)
    with contextlib.suppress(ArithmeticError, TypeError, ValueError):
        for setting in _compiled(text)[0]:
            exec(setting, names)
    hit = misfit(ast.parse(text), names)
    if not hit or (hit.operator, hit.shapes) != (met.operator, met.shapes):
        return None
    if not all(map(same, hit.operands, met.operands)):
        return None
    *settings, _ = text.split("; ")
    return "; ".join([*settings, hit.expression])
