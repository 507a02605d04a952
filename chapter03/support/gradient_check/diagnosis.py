"""From what was seen to the mistake that it betrays; nothing is said that was not tried out."""

import ast
import contextlib
import difflib
import inspect
import re
import textwrap
from dataclasses import replace
from functools import cache
from typing import NamedTuple

import numpy as np

from support.gradient_check import mistakes, repairs
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


# In a text, what a formula may be multiplied by.
FACTORS = [
    f"{sign}({{}}){scale}"
    for scale in ("", " * N", " / N", " / D", " * D", " / (N * D)", " / 2", " * N / 2", " * N / D")
    for sign in ("", "-")
]
# What says little without numbers beside it.
WEAK_FACTS = ("far", "special", "one sample", "one row", "rows meet", "carried")


class Match(NamedTuple):
    """A formula gives the student's numbers; `k` is the number in it, None if it has none."""

    k: float | None


class Found(NamedTuple):
    """A formula of the tables that fits, and what is said of it."""

    formula: str
    k: float | None
    text: str


class Explanation(NamedTuple):
    """What is said of a fault: what it looks like, and numbers to compare if that says little."""

    looks_like: str
    example: str


def explain(fault):
    """Return the Explanation of a FaultError."""
    said = looks_like(fault)
    weak = [say(*mistakes.FACTS[key]).partition("{")[0] for key in WEAK_FACTS]
    if said and not said.startswith(tuple(filter(None, weak))):
        return Explanation(said, "")
    return Explanation(said, example(fault))


def looks_like(fault):
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
    thrown_away = _thrown_away(call)
    is_returned = not wanted.startswith("self.")
    for name, value in kept_by(call.alone().subject).items():
        if same(value, call.right[fault.result], call.batch.dtype.name):
            if is_returned:
                return say(*mistakes.NOT_RETURNED).format(name)
            return say(*mistakes.OTHER_NAME).format(name, wanted)
    if is_returned:
        return thrown_away or say(*mistakes.NO_RETURN)
    return thrown_away or say(*mistakes.NOT_KEPT).format(wanted)


def _type(fault):
    got = fault.call.results[fault.result]
    name = type(got).__name__
    if isinstance(got, tuple) and len(got) == 1:
        name = "comma"
    if callable(got):
        name = "function"
    if name == "list" and fault.result == "loss":
        return say(*mistakes.FACTS["loss"])
    return say(*mistakes.TYPES.get(name, ("", "")))


def _numbers(fault):
    """Explain numbers or shapes that are not right: the surest comes first."""
    repaired = _repaired(mistakes.REPAIRS_FIRST, fault)
    if repaired:
        return repaired
    said = _exchanged(fault) or _thrown_away(fault.call)
    if said:
        return said
    found = formula(fault)
    if found:
        return found.text
    return (
        _of_loss(fault)
        or _unused_weights(fault)
        or _never_set(fault)
        or _forward_again(fault.call)
        or _repaired(mistakes.REPAIRS, fault)
        or _takes_a_diagonal(fault.call)
        or _fact(fault)
    )


def _of_loss(fault):
    """Say what is wrong with a loss that is no single number, or has a part too much."""
    lines = []
    if fault.result != "loss":
        return ""
    if fault.kind == "shape":
        lines.append(say(*mistakes.FACTS["loss"]))
    if re.search(r"log\(\s*1\.?0?\s*-", source_of(fault.call)):
        lines.append(say(*mistakes.BINARY))
    return "\n".join(lines)


def _repaired(table, fault):
    """Name the change of the code that makes the method right, '' if none of the table does."""
    for name, text in table.items():
        piece = repairs.found_by(name, fault)
        if piece is not None:
            return say(*text).format(piece)
    return ""


# ---- formulas


def formula(fault):
    """Return the Found of the formula that gives this and all ordinary calls, or None.

    What is particular to the method comes before what is true of any.
    """
    call, result = fault.call, fault.result
    own = mistakes.MISTAKES.get((f"{call.layer.name}.{call.method}", result), [])
    words = _words(source_of(call))
    # Of numbers that are all the same, nothing else can be said: many formulas would fit.
    constant = mistakes.CONSTANT
    if "grad_y" in call.layer.parameters(call.method):
        constant = mistakes.CONSTANT_BACKWARD
    for found in (
        list(_fitting([constant], fault, words)),
        [_with_formula(one) for one in _fitting(own, fault, words)],
        list(_fitting(mistakes.RELATIONS, fault, words)),
        [_with_formula(one) for one in _fitting_but_for_a_factor(own, fault)],
    ):
        if found:
            # The one whose words resemble the student's own most: those in common less the others.
            return max(found, key=lambda one: _resemblance(one.formula, words))
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


def _fitting_but_for_a_factor(rows, fault):
    for english, chinese, *formulas in rows:
        for text in formulas:
            if re.search(r"\bk\b", text) or not _is_proportional(text, fault):
                continue
            *settings, last = text.split("; ")
            for factor in FACTORS:
                scaled = "; ".join([*settings, factor.format(last)])
                if match(scaled, fault):
                    yield Found(scaled, None, say(english, chinese))


def _is_proportional(text, fault):
    """Return whether a formula gives the numbers of the call that failed, but for a factor."""
    got = fault.call.results[fault.result]
    try:
        given = value(text, _namespace(fault.result, fault.call))
        largest = np.unravel_index(np.argmax(np.abs(given)), np.shape(given))
        with np.errstate(all="ignore"):
            factor = np.asarray(got)[largest] / np.asarray(given)[largest]
            return same(got, given * factor)
    except (ArithmeticError, IndexError, NameError, TypeError, ValueError):
        return False


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
    found = _forward_again(call)
    if found:
        return found
    if call.misfit:
        found = _meeting(call)
    elif re.search(r"\((\d+),\1\)", str(call.error)) and re.search("eye|iden", source_of(call)):
        found = say(*mistakes.ONE_JACOBIAN)
    if found:
        return found
    found = _written_size(call)
    if not found and isinstance(call.error, ValueError):
        found = _repaired(mistakes.REPAIRS, fault) or _thrown_away(call)
    return found or _takes_a_diagonal(call) or _one_sample(fault) or _stumble(fault)


def _meeting(call):
    """Name the formula of the tables in which the same two arrays meet, or what they tell."""
    names, met = _namespace(None, call), call.misfit
    method = f"{call.layer.name}.{call.method}"
    for result in call.names:
        for english, chinese, *formulas in mistakes.MISTAKES.get((method, result), ()):
            for text in formulas:
                if _meets_alike(text, names, met):
                    meet = say(
                        "\nThe same arrays meet in: ", "\n相遇的两个数组和这个式子里的一样："
                    )
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
    if "np.outer" in source and call.layer.weights:
        return say(*mistakes.FACTS["outer"])
    if _takes_a_diagonal(call):
        return _takes_a_diagonal(call)
    sizes = {size for shape in met.shapes for size in shape}
    has_jacobians = any(
        row[:2] == mistakes.ONE_JACOBIAN
        for result in call.names
        for row in mistakes.MISTAKES.get((f"{call.layer.name}.{call.method}", result), ())
    )
    is_of_all = (rows, rows) in met.shapes or sizes & {rows * columns, rows**2, columns**2}
    if has_jacobians and is_of_all and re.search(r"eye|identity|diag|outer|kron|tile", source):
        return say(*mistakes.ONE_JACOBIAN)
    is_transposed = ".T" in met.text or "transpose" in met.text
    if is_transposed and met.operator != "@" and met.shapes[0] == met.shapes[1][::-1]:
        return say(*mistakes.FACTS["no transpose"])
    if met.operator == "@" and max(map(len, met.shapes)) > 2 and is_transposed:
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
    line = call.place.source if call.place else ""
    text = f"{call.layer.name}.{call.method}: {message_of(error)}\n{line}"
    for pattern, english, chinese in mistakes.STUMBLES:
        found = re.search(pattern, text)
        if found:
            groups = [group for group in found.groups() if group]
            first = call.layer.first_line(call.method)
            return say(english, chinese).format(*groups, close=_close(call), first=first)
    return ""


def _close(call):
    """Return a question with a name that resembles the one that is not there."""
    error = call.error
    wanted, there = str(getattr(error, "name", None)), getattr(error, "obj", None)
    if isinstance(error, NameError):
        names = [*call.layer.parameters(call.method), *source_names(call)]
    else:
        names = [name for name in dir(there) if not name.startswith("_")]
    names = [name for name in names if name != wanted]
    found = [name for name in names if name.lower() == wanted.lower()]
    found = found or difflib.get_close_matches(wanted, names, 1, 0.7)
    return say(f" Is `{found[0]}` meant?", f"是不是想写 `{found[0]}`？") if found else ""


def source_names(call):
    """Return the names that the student's method gives to something."""
    return re.findall(r"^\s*(\w+)\s*=[^=]", source_of(call), re.MULTILINE)


# ---- what was found by trying something out


def _exchanged(fault):
    """Say that a layer with two inputs would be right with the two exchanged."""
    call = fault.call
    if len(call.layer.inputs) != 2:
        return ""
    a, b = call.layer.inputs
    fits = {"exchanged": True, "exchanged, too large": True}
    for other in fault.calls:
        batch = other.batch
        if batch.is_extreme:
            continue
        given = {**batch.given, a: batch.given[b], b: batch.given[a]}
        swapped = Call(call.model, call.layer, call.method, replace(batch, given=given)).run()
        got, right = swapped.results.get(fault.result), other.right[fault.result]
        fits["exchanged"] &= same(got, right, batch.dtype.name)
        fits["exchanged, too large"] &= same(got, right * batch.rows, batch.dtype.name)
    for key, does_fit in fits.items():
        if does_fit:
            return say(*mistakes.FACTS[key])
    return ""


def _forward_again(call):
    if call.method == "backward" and re.search(r"self\.forward\(grad_y", source_of(call)):
        return say(*mistakes.FACTS["forward again"])
    return ""


def _takes_a_diagonal(call):
    """Say that np.diag is given a two-dimensional array, if it is."""
    if "np.diag(" not in source_of(call):
        return ""
    seen = set()

    def diag(array, *k):
        seen.add(np.ndim(array))
        return np.diag(array, *k)

    with repairs.replaced_in_numpy(call.model, {"diag": diag}):
        call.alone()
    return say(*mistakes.FACTS["diagonal"]) if 2 in seen else ""


def _unused_weights(fault):
    """Say which weights a result depends on by its formula, but not in the student's code."""
    call = fault.call
    unused = []
    for name in call.layer.weights:
        given = {**call.batch.given, name: call.batch.given[name] + 1}
        batch = replace(call.batch, given=given)
        depends = not same(
            right_results(call.layer, call.method, batch)[fault.result], call.right[fault.result]
        )
        other = Call(call.model, call.layer, call.method, batch).run()
        results = other.results.get(fault.result), call.alone().results.get(fault.result)
        if depends and other.error is None and same(*results):
            unused.append(f"self.{name}")
    return say(*mistakes.FACTS["no weights"]).format(say(", ", "、").join(unused)) if unused else ""


def _never_set(fault):
    """Say that an np.empty is not filled, if nan comes out where nan is put in its place."""
    call = fault.call
    if "np.empty" not in source_of(call):
        return ""

    def not_a_number(shape, dtype=float, **options):
        return np.full(shape, np.nan)

    def not_a_number_like(array, dtype=float, **options):
        return np.full(np.shape(array), np.nan)

    replaced = {"empty": not_a_number, "empty_like": not_a_number_like}
    with repairs.replaced_in_numpy(call.model, replaced):
        got = call.alone().results.get(fault.result)
    is_set = same(got, got) and np.isfinite(np.asarray(got, dtype=np.float64)).all()
    return "" if is_set else say(*mistakes.FACTS["empty"])


def _thrown_away(call):
    """Say which line of the method computes something that nobody gets, if there is one."""
    for node in ast.walk(ast.parse(textwrap.dedent(source_of(call)))):
        if isinstance(node, ast.Expr) and _only_computes(node.value):
            return say(*mistakes.FACTS["thrown away"]).format(ast.unparse(node))
    return ""


def _only_computes(node):
    if isinstance(node, ast.BinOp | ast.UnaryOp | ast.Compare):
        return True
    return (
        isinstance(node, ast.Call)
        and bool(
            re.match(
                r"np\.(exp|log|dot|matmul|sum|max|maximum|clip|where|transpose|reshape)\(|"
                r"[\w.]+\.(reshape|transpose|sum|astype|dot)\(",
                ast.unparse(node),
            )
        )
        and not any(keyword.arg == "out" for keyword in node.keywords)
    )


def _fact(fault):
    """Say something true about numbers that no formula gives, '' if there is nothing to say."""
    call, result = fault.call, fault.result
    if fault.kind == "shape":
        shape = np.shape(call.results[result])
        if shape == (call.batch.rows * call.batch.columns,) * 2:
            return say(*mistakes.ONE_JACOBIAN)
        if shape == () or (len(shape) == 1 and call.layer.output == "loss"):
            return say(*mistakes.FACTS["lost axis"])
        return _one_sample(fault)
    got, dtype = np.asarray(call.results[result], dtype=np.float64), call.batch.dtype.name
    if not np.all(np.isfinite(got)):
        return _not_finite(call)
    if call.batch.tolerance is None:
        return say(*mistakes.FACTS["small loss"]) if result == "loss" else ""
    if not same(call.alone().results.get(result), got, dtype):
        return say(*mistakes.FACTS["earlier"])
    if call is not fault.calls[0]:
        if call.batch.is_extreme:
            return say(*mistakes.FACTS["far"]).format(say(*call.batch.about))
        return say(*mistakes.FACTS["special"]).format(say(*fault.calls[0].batch.about))
    return _one_sample(fault)


def _not_finite(call):
    """Say what makes inf or nan, if the student's code has it."""
    source = source_of(call)
    for key, pattern in (("exp", "exp"), ("log", "log"), ("division", "/|power|\\*\\* *-")):
        if re.search(pattern, source):
            return say(*mistakes.FACTS[key])
    return ""


def _one_sample(fault):
    """Say that the code is right for one sample, if each row of the batch alone shows it."""
    call = fault.call
    if call is not fault.calls[0]:
        return ""
    for shape in ((-1,), (-1, 1)):
        if all(_is_right_for_row(call, i, shape) for i in range(call.batch.rows)):
            return say(*mistakes.FACTS["one sample"])
    if not all(_is_right_for_row(call, i, (1, -1)) for i in range(call.batch.rows)):
        return ""
    if call.layer.weights and call.method == "backward":
        return say(*mistakes.FACTS["outer" if "np.outer" in source_of(call) else "rows meet"])
    if fault.kind == "value" and fault.result != "loss":
        got, right = call.results[fault.result], call.right[fault.result]
        if len(right) > 1 and same(got[0], right[0]):
            return say(*mistakes.FACTS["carried"])
    return say(*mistakes.FACTS["one row"])


def _is_right_for_row(call, i, shape):
    """Return whether row i alone, of this shape, gives the right results.

    A backward is also tried with the row's shape given to all that forward has kept of it.
    """
    layer, batch = call.layer, call.batch.row(i, call.layer.weights)
    given = {
        name: array if name in layer.weights else array.reshape(shape)
        for name, array in batch.given.items()
    }
    reshaped = replace(batch, given=given)
    right = _right_for_row(layer, call.method, call.batch, i)

    def is_right(results):
        return bool(results) and all(
            same(np.ravel(results[name]), np.ravel(right[name])) for name in call.names
        )

    if is_right(Call(call.model, layer, call.method, reshaped).run().results):
        return True
    if call.method == "forward":
        return False
    subject = Call(call.model, layer, "forward", batch).run().subject
    for name, value in kept_by(subject).items():
        if name not in layer.weights and isinstance(value, np.ndarray) and value.shape[:1] == (1,):
            setattr(subject, name, value.reshape(shape))
    return is_right(Call(call.model, layer, "backward", reshaped).run(subject, False).results)


# ---- examples


MOST_ENTRIES = 16  # of an array that is shown


def example(fault):
    """Return numbers to compare: a small example, or the call that failed, where it differs."""
    layer, method = fault.call.layer, fault.call.method
    small = Call(fault.call.model, layer, method, example_for(layer, method)).run()
    lines = _compared(small)
    if lines:
        given = [
            f"{name} = {layer.example_texts.get(name) or shown(array)}"
            for name, array in small.batch.given.items()
        ]
        return "\n".join(given + lines)
    if fault.kind == "value":
        return "\n".join(_where_it_differs(fault.call, fault.result))
    return ""


def _compared(call):
    """Return lines that set the results of a call beside the right ones, where they differ."""
    lines = []
    for name in call.names:
        right, got = call.expected(name), call.results.get(name)
        where = call.layer.source(call.method, name)
        if call.error is None and same(got, right):
            continue
        if call.error is None and isinstance(got, np.ndarray | np.number | float | int | list):
            lines.append(say(f"{where} gives {shown(got)}", f"{where} 算得 {shown(got)}"))
            lines.append(say(f"and should give {shown(right)}", f"应为 {shown(right)}"))
        else:
            lines.append(say(f"{where} should give {shown(right)}", f"{where} 应为 {shown(right)}"))
    return lines


def _where_it_differs(call, result):
    """Return lines that show one row of what went in, where the result differs most."""
    right, got = call.expected(result), np.asarray(call.results[result], dtype=np.float64)
    row = ()
    if right.ndim and len(right) == call.batch.rows:
        with np.errstate(all="ignore"):
            error = np.where(np.isfinite(got), np.abs(got - right), np.inf)
        row = (int(np.argmax(error.max(axis=1))),)
    entry = f"[{row[0]}]" if row else ""
    lines = []
    for name in call.layer.concerned(call.method):
        array = call.batch.given[name]
        is_of_row = bool(row) and name not in call.layer.weights
        lines.append(
            f"{name}{entry} = {shown(array[row])}" if is_of_row else f"{name} = {shown(array)}"
        )
    where = call.layer.source(call.method, result) + entry
    lines.append(say(f"{where} gives {shown(got[row])}", f"{where} 算得 {shown(got[row])}"))
    lines.append(say(f"and should give {shown(right[row])}", f"应为 {shown(right[row])}"))
    return lines


def shown(value):
    """Return an array as a text in one line; of a large one, only the shape."""
    try:
        value = np.round(np.asarray(value, dtype=np.float64), 4) + 0.0
    except (TypeError, ValueError):
        return repr(value)[:200]
    if value.size > MOST_ENTRIES:
        return say(f"an array of shape {value.shape}", f"形状为 {value.shape} 的数组")
    text = np.array2string(value, separator=", ", formatter={"float_kind": "{:g}".format})
    return " ".join(text.split())
