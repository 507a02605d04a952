"""From what was seen to the mistake that it betrays; nothing is said that was not tried out."""

import ast
import difflib
import re
import textwrap
from typing import NamedTuple

import numpy as np

from support.gradient_check import mistakes, repairs, source
from support.gradient_check.calls import kept_by
from support.gradient_check.examples import example
from support.gradient_check.experiments import (
    counts_samples,
    exchanged,
    exchanged_results,
    forward_again,
    never_set,
    one_sample,
    overwritten,
    rows_mix,
    takes_a_diagonal,
    unused_weights,
)
from support.gradient_check.formulas import formula, meeting, same, source_of, words_of
from support.gradient_check.limits import message_of
from support.language import say

# What says little without numbers beside it.
WEAK_FACTS = ("far", "special", "one sample", "one row", "rows meet", "rows mix", "carried")


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
    if fault.kind in explainers and fault.kind != "absent":
        said = _twice(fault.call)
        if said:
            return said
    if fault.kind in explainers:
        return explainers[fault.kind](fault)
    return say(*mistakes.SITUATIONS.get(fault.kind, ("", "")))


def _absent(fault):
    layer, method = fault.call.layer, fault.call.method
    found = source.misplaced(fault.call.model.__file__, layer.name, method)
    around, _, name = found[1].rpartition(".") if found else ("", "", "")
    if around == layer.name and name != method:
        return say(*mistakes.RENAMED).format(method, layer.first_line(method))
    return say(*mistakes.ABSENT).format(layer.name, layer.first_line(method))


def _twice(call):
    """Say that the class, or the method within it, stands twice in the file."""
    found = source.twice(call.model.__file__, call.layer.name, call.method)
    return say(*mistakes.TWICE).format(*found) if found else ""


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
    said = _repaired(mistakes.REPAIRS_FIRST, fault) or exchanged(fault) or overwritten(fault.call)
    if said:
        return said
    thrown_away = _thrown_away(fault.call)
    found = formula(fault)
    if found:
        return f"{found.text}\n{thrown_away}" if thrown_away else found.text
    return (
        _of_loss(fault)
        or thrown_away
        or exchanged_results(fault)
        or unused_weights(fault)
        or never_set(fault)
        or forward_again(fault.call)
        or _repaired(mistakes.REPAIRS, fault)
        or takes_a_diagonal(fault.call)
        or counts_samples(fault.call)
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
            pieces = piece if isinstance(piece, tuple) else (piece,)
            return say(*text).format(*pieces)
    return ""


# ---- errors


def _error(fault):
    call = fault.call
    found = forward_again(call) or overwritten(call)
    if found:
        return found
    if call.misfit:
        found = meeting(call) or _meeting_of_shapes(call)
    elif re.search(r"\((\d+),\1\)", str(call.error)) and re.search("eye|iden", source_of(call)):
        found = say(*mistakes.ONE_JACOBIAN)
    if found:
        return found
    found = _written_size(call)
    if not found and isinstance(call.error, ValueError):
        found = _repaired(mistakes.REPAIRS, fault) or _thrown_away(call)
    found = found or takes_a_diagonal(call) or counts_samples(call)
    return found or one_sample(fault) or _stumble(fault)


def _meeting_of_shapes(call):
    met, text = call.misfit, source_of(call)
    rows, columns = call.batch.rows, call.batch.columns
    if "np.outer" in text and call.layer.weights:
        return say(*mistakes.FACTS["outer"])
    if takes_a_diagonal(call):
        return takes_a_diagonal(call)
    sizes = {size for shape in met.shapes for size in shape}
    has_jacobians = any(
        row[:2] == mistakes.ONE_JACOBIAN
        for result in call.names
        for row in mistakes.MISTAKES.get((f"{call.layer.name}.{call.method}", result), ())
    )
    is_of_all = (rows, rows) in met.shapes or sizes & {rows * columns, rows**2, columns**2}
    if has_jacobians and is_of_all and re.search(r"eye|identity|diag|outer|kron|tile", text):
        return say(*mistakes.ONE_JACOBIAN)
    is_transposed = ".T" in met.text or "transpose" in met.text
    if is_transposed and met.operator != "@" and met.shapes[0] == met.shapes[1][::-1]:
        return say(*mistakes.FACTS["no transpose"])
    if met.operator == "@" and max(map(len, met.shapes)) > 2 and is_transposed:
        return say(*mistakes.THREE_AXES)
    if met.shapes[0] == (rows, columns + 1) and re.search("stack|concat|append|c_", text):
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
    for word in sorted(words_of(source_of(call)) & shown):
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
    if not found:
        return ""
    close = f"self.{found[0]}" if isinstance(there, type(call.subject)) else found[0]
    return say(f" Is `{close}` meant?", f"是不是想写 `{close}`？")


def source_names(call):
    """Return the names that the student's method gives to something."""
    return re.findall(r"^\s*(\w+)\s*=[^=]", source_of(call), re.MULTILINE)


# ---- what was found by trying something out


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
        return one_sample(fault)
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
    return one_sample(fault) or rows_mix(fault)


def _not_finite(call):
    """Say what makes inf or nan, if the student's code has it."""
    text = source_of(call)
    for key, pattern in (("exp", "exp"), ("log", "log"), ("division", "/|power|\\*\\* *-")):
        if re.search(pattern, text):
            return say(*mistakes.FACTS[key])
    return ""
