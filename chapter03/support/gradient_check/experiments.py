"""Trying out what a student's code does with other inputs, to say what is true of it."""

import itertools
import linecache
import re
import sys
from dataclasses import replace

import numpy as np

from support.gradient_check import mistakes, repairs
from support.gradient_check.calls import Call, kept_by
from support.gradient_check.formulas import right_for_row, same, source_of
from support.gradient_check.layers import right_results
from support.language import say


def exchanged(fault):
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


def forward_again(call):
    if call.method == "backward" and re.search(r"self\.forward\(grad_y", source_of(call)):
        return say(*mistakes.FACTS["forward again"])
    return ""


def takes_a_diagonal(call):
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


def unused_weights(fault):
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


def exchanged_results(fault):
    """Say which two results of a method would be right if they were exchanged."""
    ordinary = [call for call in fault.calls if not call.batch.is_extreme and call.error is None]
    layer, method = fault.call.layer, fault.call.method
    for a, b in itertools.combinations(fault.call.names, 2):
        are_exchanged = [
            same(call.results[a], call.right[b], call.batch.dtype.name)
            and same(call.results[b], call.right[a], call.batch.dtype.name)
            for call in ordinary
        ]
        if are_exchanged and all(are_exchanged):
            names = layer.source(method, a), layer.source(method, b)
            return say(*mistakes.FACTS["results exchanged"]).format(*names)
    return ""


def overwritten(call):
    """Say that forward has kept its output under the name of its input."""
    if call.method != "backward" or not call.layer.weights:
        return ""
    forward = Call(call.model, call.layer, "forward", call.batch).run()
    text, given = source_of(forward), call.layer.inputs[0]
    kept = re.search(rf"self\.(\w+)\s*=\s*{given}\b", text)
    changed = re.search(rf"^\s*{given}\s*[-+*/@]*=[^=]", text, re.MULTILINE)
    if forward.error is None and kept and changed and changed.start() < kept.start():
        output = forward.right[call.layer.output]
        if same(getattr(forward.subject, kept[1], None), output, call.batch.dtype.name):
            return say(*mistakes.FACTS["overwritten"]).format(given, kept[1])
    return ""


def counts_samples(call):
    """Say which loop counts samples, although its index is compared as that of a class."""
    compared = re.search(r"\b(\w+) *[=!]= *(\w+)\b", source_of(call))
    if call.layer.weights or not compared or call.batch.rows == call.batch.columns:
        return ""
    loops = {}

    def counting(*numbers):
        frame = sys._getframe(1)
        line = linecache.getline(frame.f_code.co_filename, frame.f_lineno)
        loop = re.search(r"for (\w+) in range\(.*\)(?=:)", line)
        if loop and loop[1] in compared.groups():
            loops[loop[0]] = len(range(*numbers))
        return range(*numbers)

    vars(call.model)["range"] = counting
    try:
        call.alone()
    finally:
        del vars(call.model)["range"]
    for loop, turns in loops.items():
        if turns == call.batch.rows:
            return say(*mistakes.FACTS["samples counted"]).format(loop, compared[0])
    return ""


def rows_mix(fault):
    """Say that the first row of a result depends on other rows of what went in."""
    call = fault.call
    if call.layer.weights or fault.result == "loss" or call.batch.rows < 2:
        return ""
    if "self.forward" in source_of(call):  # which may mix the rows by right, as the loss does
        return ""
    given = {name: array.copy() for name, array in call.batch.given.items()}
    for array in given.values():
        array[1:] = array[:0:-1] + 1
    batch = replace(call.batch, given=given)
    other = Call(call.model, call.layer, call.method, batch).run()
    before, after = (one.results.get(fault.result) for one in (call.alone(), other))
    if other.error is not None or np.shape(after) != np.shape(before):
        return ""
    depends = not same(after[0], before[0], call.batch.dtype.name)
    return say(*mistakes.FACTS["rows mix"]) if depends else ""


def never_set(fault):
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


def one_sample(fault):
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
    right = right_for_row(layer, call.method, call.batch, i)

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
