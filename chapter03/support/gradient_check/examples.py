"""Numbers to compare: what goes in, what comes out, and what should come out."""

import numpy as np

from support.gradient_check.calls import Call
from support.gradient_check.formulas import same
from support.gradient_check.layers import example_for
from support.language import say

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
