"""Trying out what a student's code does with other inputs, to say what is true of it."""

import ast
import inspect
import itertools
import re
import sys
from dataclasses import replace
from functools import partial

import numpy as np

from support.gradient_check import mistakes
from support.gradient_check.calls import Call, filled_empty, kept_by, replaced_in_numpy
from support.gradient_check.changes import head_of
from support.gradient_check.formulas import right_for_row, same, source_of, tree_of
from support.gradient_check.layers import is_by_entries
from support.gradient_check.limits import Place
from support.language import say


def exchanged(fault):
    """Say that a layer with two inputs would be right with the two exchanged."""
    call = fault.call
    if len(call.layer.inputs) != 2:
        return ""
    a, b = call.layer.inputs
    fits = {"exchanged": True, "exchanged, too large": True}
    differs = False
    for other in fault.calls:
        batch = other.batch
        if batch.is_extreme:
            continue
        swapped = _with_others(other, {a: batch.given[b], b: batch.given[a]}).run()
        got, right = swapped.results.get(fault.result), other.right[fault.result]
        differs |= not same(got, other.results.get(fault.result), batch.dtype.name)
        fits["exchanged"] &= same(got, right, batch.dtype.name)
        fits["exchanged, too large"] &= same(got, right * batch.rows, batch.dtype.name)
    if not differs:
        return ""
    if fits["exchanged"] and _keeps_exchanged(call):
        return say(*mistakes.FACTS["kept exchanged"])
    if fits["exchanged"] and not _has_given_parameters(call):
        return say(*mistakes.FACTS["exchanged parameters"]).format(call.layer.first_line("forward"))
    return next((say(*mistakes.FACTS[key]) for key, does_fit in fits.items() if does_fit), "")


def _keeps_exchanged(call):
    """Return whether forward has kept y_hat as self.y, and y as self.y_hat."""
    kept, given = kept_by(call.alone().subject), call.batch.given
    is_of_backward = call.method == "backward" and {"y", "y_hat"} <= set(kept)
    return is_of_backward and same(kept["y"], given["y_hat"]) and same(kept["y_hat"], given["y"])


def _has_given_parameters(call):
    """Return whether a method's parameters have the names that are given, in that order."""
    names = tuple(inspect.signature(call.function).parameters)[1:]
    return names == call.layer.parameters(call.method)


def forward_again(call):
    """Say that backward calls forward once more with something else than went into it, if so."""
    if call.method != "backward" or "self.forward(" not in source_of(call):
        return ""
    if call.layer.output == "loss":
        return say(*mistakes.FACTS["loss again"])
    subject = Call(call.model, call.layer, "forward", call.batch).run().subject
    forward = getattr(subject, "forward", None)
    given = call.batch.given[call.layer.inputs[0]]
    said = []

    def watched(*arrays):
        if len(arrays) != 1 or not same(arrays[0], given, call.batch.dtype.name):
            said.append(say(*mistakes.FACTS["forward again"]))
        return forward(*arrays)

    subject.forward = watched
    Call(call.model, call.layer, "backward", call.batch).run(subject, forward=False)
    return said[0] if said else ""


def takes_a_diagonal(call):
    """Say that np.diag is given the batch, if it is."""
    is_given = _is_given_the_batch(call, "diag")
    return say(*mistakes.FACTS["diagonal"]) if is_given else ""


def takes_outer_of_batch(call):
    """Return whether np.outer is given the batch, and not its rows."""
    return _is_given_the_batch(call, "outer")


def _is_given_the_batch(call, name):
    """Return whether the function np.`name` is given an array of all rows."""
    if f"np.{name}(" not in source_of(call):
        return False
    function = getattr(np, name)
    shapes = []

    def watched(array, *rest):
        shapes.append(np.shape(array))
        return function(array, *rest)

    with replaced_in_numpy(call.model, {name: watched}):
        call.alone()
    rows = call.batch.rows
    return any(len(shape) == 2 and shape[0] == rows != shape[1] for shape in shapes)


def takes_kron(call):
    """Say what np.kron is, in the derivative of a softmax, where it is taken for a delta."""
    text = source_of(call)
    # Where there is a diagonal as well, it is taken for something else.
    is_taken = "np.kron(" in text and not re.search("eye|identity|diag", text)
    return say(*mistakes.FACTS["kron"]) if is_taken and call.layer.name == "Softmax" else ""


def unused(fault):
    """Say on which inputs a result depends by its formula, but not in the student's code."""
    call = fault.call
    got = call.results.get(fault.result)
    # Where all cancels, or is inf or nan, all may be used.
    if same(got, np.zeros(np.shape(got))) or not np.all(np.isfinite(got)):
        return ""
    names = [
        name
        for name in call.layer.concerned(call.method)
        if _changes_right(fault, name) and not _changes(fault, name, _VARIED)
    ]
    if not names:
        return ""
    if names == ["y"]:
        return say(*mistakes.FACTS["unused labels"])
    weights = call.layer.weights
    shown = say(", ", "、").join(f"self.{name}" if name in weights else name for name in names)
    has_others = any(
        not re.search(rf"self\.{name}\b(?!\.shape)", source_of(call))
        for name in names
        if name in weights
    )
    return say(*mistakes.FACTS["no weights" if has_others else "unused"]).format(shown)


def is_always_zero(fault):
    """Return whether a result that is 0 stays 0, whatever is put in."""
    for call in fault.calls:
        got = np.asarray(call.results.get(fault.result, 0), dtype=np.float64)
        is_precise = call.batch.dtype == np.float64
        if is_precise and not same(np.nan_to_num(got), np.zeros(got.shape)):
            return False
    # By another column, an array may come into what is computed.
    rolled = [partial(np.roll, shift=k, axis=1) for k in range(2, fault.call.batch.columns)]
    names = fault.call.layer.concerned(fault.call.method)
    return not any(_changes(fault, name, [*_VARIED, *rolled]) for name in names)


def not_wanted(fault):
    """Say on which inputs a result depends, although its formula does not have them."""
    call = fault.call
    names = [
        name
        for name in call.layer.concerned(call.method)
        if not _changes_right(fault, name) and _changes(fault, name, _VARIED[:1])
    ]
    if not names:
        return ""
    return say(*mistakes.FACTS["not wanted"]).format(say(", ", "、").join(names))


def _changes_right(fault, name):
    """Return whether the right result depends on what `name` holds."""
    call = fault.call
    other = _with_others(call, {name: _varied(call.batch.given[name])})
    return not same(other.right[fault.result], call.right[fault.result], call.batch.dtype.name)


def _changes(fault, name, ways):
    """Return whether the student's result depends on what `name` holds: if it fails, it does."""
    call = fault.call
    before = call.alone().results.get(fault.result)
    for way in ways:
        other = _with_others(call, {name: way(call.batch.given[name])}).run()
        after = other.results.get(fault.result)
        if np.shape(before) != np.shape(after) or not same(after, before, call.batch.dtype.name):
            return True
    return False


def _with_others(call, arrays):
    """Return the same call, to be made, with others in place of some of its arrays."""
    batch = replace(call.batch, given={**call.batch.given, **arrays})
    return Call(call.model, call.layer, call.method, batch)


def _varied(array):
    if set(np.unique(array)) == {0, 1}:
        return np.roll(array, 1, axis=1)  # labels
    # Not the same for all: a softmax does not see what is added to a whole row.
    steps = np.arange(array.size, dtype=array.dtype).reshape(array.shape) % 7
    return array * (1 - 0.03 * steps) + 0.01 * steps


def _thinned(array):
    """Return an array with the same label in all rows, or with zeros."""
    if set(np.unique(array)) == {0, 1}:
        return np.repeat(array[:1], len(array), axis=0)
    return array * (np.arange(array.size).reshape(array.shape) % 2)


def _rolled(array):
    return np.roll(array, 1, axis=1)


_VARIED = (_varied, _thinned, _rolled)


def not_linear(fault):
    """Say that twice the grad_y does not give twice the gradient, or 0 does not give 0."""
    call = fault.call
    if "grad_y" not in call.layer.parameters(call.method):
        return ""
    gradients = []
    for factor in (0, 1, 2):
        other = _with_others(call, {"grad_y": factor * call.batch.given["grad_y"]}).run()
        gradients.append(other.results.get(fault.result))
    of_zero, before, after = gradients
    if len(set(map(np.shape, gradients))) > 1 or before is None:
        return ""
    if same(after, 2 * np.asarray(before), call.batch.dtype.name):
        return ""
    differs_by_a_term = same(after - of_zero, 2 * (before - of_zero), call.batch.dtype.name)
    return say(*mistakes.FACTS["a term without" if differs_by_a_term else "not linear"])


def reaches(fault):
    """Say that an entry of the result depends on too many or too few entries of its row."""
    call = fault.call
    if call.layer.weights or call.layer.output == "loss" or fault.kind != "value":
        return ""
    right_is_alone, is_alone = [], []
    name = "grad_y" if call.method == "backward" else "x"
    before = call.alone().results[fault.result]
    for column in range(call.batch.columns):
        array = call.batch.given[name].copy()
        array[0, np.arange(call.batch.columns) != column] *= -1.5
        other = _with_others(call, {name: array}).run()
        right, after = other.right[fault.result], other.results.get(fault.result)
        if other.error is not None or np.shape(after) != np.shape(right):
            return ""
        is_alone.append(same(after[0, column], before[0, column]))
        right_is_alone.append(same(right[0, column], call.right[fault.result][0, column]))
    if all(right_is_alone) and not all(is_alone):
        return say(*mistakes.FACTS["entries mix"])
    if name == "grad_y" and all(is_alone) and not any(right_is_alone):
        return say(*mistakes.FACTS["own grad_y alone"])
    return ""


def wrong_classes(fault):
    """Say that the probabilities of the wrong classes count in a loss or its gradient."""
    call = fault.call
    if call.layer.output != "loss" or fault.kind != "value":
        return ""
    y, y_hat = call.batch.given["y"], call.batch.given["y_hat"]
    if call.method == "backward":
        got, right = (where[fault.result] * (y == 0) for where in (call.results, call.right))
        if np.any(got) and not np.any(right):
            return say(*mistakes.FACTS["zero"])
    other = _with_others(call, {"y_hat": np.where(y == 1, y_hat, 0.9 * y_hat)}).run()
    before, after = (one.results.get(fault.result) for one in (call.alone(), other))
    right = other.right[fault.result]
    is_same = other.error is not None or same(after, before)
    should_be_same = same(right, call.right[fault.result])
    return say(*mistakes.FACTS["wrong classes"]) if should_be_same and not is_same else ""


def exp_of_output(fault):
    """Say that backward takes np.exp of what forward has returned."""
    call = fault.call
    if call.method != "backward" or "exp" not in source_of(call):
        return ""
    output = call.right[call.layer.output]
    seen = []

    def exp(array, *rest, **options):
        seen.append(same(np.abs(array), output, call.batch.dtype.name))
        return np.exp(array, *rest, **options)

    with replaced_in_numpy(call.model, {"exp": exp}):
        call.alone()
    return say(*mistakes.FACTS["exp of output"]) if any(seen) else ""


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


def never_reached(call, method, name):
    """Return the line that sets self.`name` in a method, but stands after a `return`, or ''."""
    for node in ast.walk(tree_of(Call(call.model, call.layer, method, call.batch))):
        for block in (getattr(node, "body", []), getattr(node, "orelse", [])):
            returns = False
            for statement in block if isinstance(block, list) else []:
                line = head_of(statement)
                if returns and line.startswith(f"self.{name} ="):
                    return line
                returns = returns or isinstance(statement, ast.Return)
    return ""


def uses_loss(fault):
    """Say that the loss has no place in its gradient, if backward uses what forward returned."""
    call = fault.call
    if call.method != "backward" or call.layer.output != "loss":
        return ""
    for name, value in kept_by(call.alone().subject).items():
        if f"self.{name}" in source_of(call) and same(value, call.right["loss"]):
            return say(*mistakes.FACTS["loss as factor"])
    return ""


def kept_before(call):
    """Say what forward has kept in an earlier call and not replaced since, if anything."""
    if call.method != "backward":
        return ""
    kept, dtype = kept_by(call.subject), call.batch.dtype.name
    for name, value in _kept_for_backward(call, call.alone().subject).items():
        if f"self.{name}" in source_of(call) and not same(kept.get(name), value, dtype):
            return say(*mistakes.FACTS["kept before"]).format(name)
    return ""


def _kept_for_backward(call, subject):
    """Return {name: array} of what forward has kept: no weights, and nothing that backward sets."""
    others = (*call.layer.weights, *call.names)
    return {
        name: value
        for name, value in kept_by(subject).items()
        if name not in others and isinstance(value, np.ndarray)
    }


def keeps_on(fault):
    """Say that a gradient is made of those of earlier calls too, if a repeated call shows it."""
    call = fault.call
    if not fault.result.startswith("grad_") or call.method != "backward":
        return ""
    once = call.alone()
    before = np.array(once.results.get(fault.result))
    if not same(call.alone().results.get(fault.result), before, call.batch.dtype.name):
        return ""  # by chance
    again = Call(call.model, call.layer, "backward", call.batch).run(once.subject)
    after = again.results.get(fault.result)
    if again.error is not None or same(after, before, call.batch.dtype.name):
        return ""
    return say(*mistakes.FACTS["keeps on"]).format(call.layer.source("backward", fault.result))


def hidden_nan(call):
    """Say that np.nan_to_num hides what went wrong before it."""
    is_hidden = call.batch.is_extreme and "nan_to_num" in source_of(call)
    return say(*mistakes.FACTS["hidden nan"]) if is_hidden else ""


def keeps_another(fault):
    """Say what forward should have kept, if backward is right with that in place of what it has."""
    call = fault.call
    if call.method != "backward" or fault.kind == "missing":
        return ""
    anew = call.alone()
    if fault.result and same(
        anew.results.get(fault.result), call.right[fault.result], call.batch.dtype.name
    ):
        return ""
    batches = [one.batch for one in fault.calls if one is call or not one.batch.is_extreme]
    forward = Call(call.model, call.layer, "forward", call.batch).run()
    shown = {name: say(f"input {name}", f"输入 {name}") for name in call.layer.inputs}
    if call.layer.output == "y":
        shown["y"] = say("output y", "输出 y")
    for attribute, kept in _kept_for_backward(call, forward.subject).items():
        # Exponentials are kept on purpose: where they are divided by their sum, y would do as well.
        if "exp" in attribute:
            continue
        for meant, name in shown.items():
            if _may_be_replaced(forward, attribute, kept, meant) and all(
                _is_right_with(fault, attribute, meant, batch) for batch in batches
            ):
                return say(*mistakes.FACTS["keeps another"]).format(attribute, name)
    return ""


def _of_forward(forward):
    """Return what backward may need of a call of forward: its inputs and its right output."""
    layer, batch = forward.layer, forward.batch
    arrays = {name: batch.given[name] for name in layer.inputs}
    return {**arrays, layer.output: forward.right[layer.output].astype(batch.dtype)}


def _may_be_replaced(forward, attribute, kept, meant):
    """Return whether forward may be to blame for what it keeps in an attribute.

    Backward itself is, where an array that it may need is kept, unless its name is that of another.
    """
    arrays, dtype = _of_forward(forward), forward.batch.dtype.name
    is_proper = any(same(kept, array, dtype) for array in arrays.values())
    return not is_proper or (attribute == meant and not same(kept, arrays[meant], dtype))


def _is_right_with(fault, attribute, meant, batch):
    """Return whether backward is right with an array of forward put into an attribute."""
    layer, call = fault.call.layer, fault.call
    forward = Call(call.model, layer, "forward", batch).run()
    setattr(forward.subject, attribute, _of_forward(forward)[meant])
    backward = Call(call.model, layer, "backward", batch).run(forward.subject, forward=False)
    names = [fault.result] if fault.result else call.names
    got, right = backward.results, backward.right
    return all(same(got.get(name), right[name], batch.dtype.name) for name in names)


def thrown_away(call):
    """Say which line of the method computes something that nobody gets, if there is one."""
    for node in ast.walk(tree_of(call)):
        if isinstance(node, ast.Expr) and _only_computes(node.value):
            return say(*mistakes.FACTS["thrown away"]).format(ast.unparse(node))
    return ""


# How many arguments these functions of NumPy, and methods of an array, take before `out`.
BEFORE_OUT = {"clip": 3, "dot": 2, "max": 2, "reshape": 3, "sum": 3, "transpose": 2, "where": 3}
METHODS_BEFORE_OUT = {"astype": 5, "dot": 1, "reshape": 9, "sum": 2, "transpose": 9}


def _only_computes(node):
    """Return whether an expression does nothing but give a value."""
    match node:
        case ast.BinOp() | ast.UnaryOp() | ast.Compare():
            return True
        case ast.Call(ast.Attribute(ast.Name("np"), name), arguments, keywords):
            function = getattr(np, name, None)
            most = function.nin if isinstance(function, np.ufunc) else BEFORE_OUT.get(name, -1)
        case ast.Call(ast.Attribute(_, name), arguments, keywords):
            most = METHODS_BEFORE_OUT.get(name, -1)
        case _:
            return False
    return len(arguments) <= most and not any(keyword.arg == "out" for keyword in keywords)


def counts_samples(call):
    """Say which loop counts samples, although its index is compared as that of a class."""
    text = source_of(call)
    compared = re.search(r"\b([a-zA-Z]\w*) *[=!]= *([a-zA-Z]\w*)\b", text)
    if len(re.findall(r"\bfor\b", text)) != 2:
        return ""
    if call.layer.weights or not compared or call.batch.rows == call.batch.columns:
        return ""
    loops = {}

    def counting(*numbers):
        frame = sys._getframe(1)
        line = Place(frame.f_code.co_filename, frame.f_lineno).source
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
        if turns == call.batch.rows and len(loops) == 2:
            return say(*mistakes.FACTS["samples counted"]).format(loop, compared[0])
    return ""


def rows_mix(fault):
    """Say that the first row of a result depends on other rows of what went in."""
    call = fault.call
    if call.layer.weights or fault.result == "loss" or call.batch.rows < 2:
        return ""
    if "self.forward" in source_of(call):  # which may mix the rows by right, as the loss does
        return ""
    given = {name: _varied(array) for name, array in call.batch.given.items()}
    for name, array in call.batch.given.items():
        given[name][0] = array[0]
    other = _with_others(call, given).run()
    before, after = (one.results.get(fault.result) for one in (call.alone(), other))
    if other.error is not None or np.shape(after) != np.shape(before):
        return ""
    depends = not same(after[0], before[0], call.batch.dtype.name)
    return say(*mistakes.FACTS["rows mix"]) if depends else ""


def never_set(fault):
    """Say that an np.empty is not filled, if what is put in its place comes out."""
    call = fault.call
    if "np.empty" not in source_of(call):
        return ""
    zeros, nans = (_with_empty(fault, number) for number in (0.0, np.nan))
    if np.shape(zeros) == np.shape(nans) and np.array_equal(zeros, nans, equal_nan=True):
        return ""
    adds = "+=" in source_of(call) and same(zeros, call.right[fault.result], call.batch.dtype.name)
    return say(*mistakes.FACTS["added to empty" if adds else "empty"])


def _with_empty(fault, number):
    """Return the result where np.empty holds this number."""
    with replaced_in_numpy(fault.call.model, filled_empty(number)):
        return fault.call.alone().results.get(fault.result)


def one_sample(fault):
    """Say that the code is right for one sample, if each row of the batch alone shows it."""
    call = fault.call
    if call is not fault.calls[0] or is_by_entries(call.layer):
        return ""  # what is computed entry by entry has no rows
    for shape in ((-1,), (-1, 1)):
        if all(_is_right_for_row(call, i, shape) for i in range(call.batch.rows)):
            adds_up = call.layer.weights and call.method == "backward"
            return say(*mistakes.FACTS["one sample of weights" if adds_up else "one sample"])
    if not all(_is_right_for_row(call, i, (1, -1)) for i in range(call.batch.rows)):
        return ""
    if call.layer.weights and call.method == "backward":
        return _of_one_row(fault)
    if fault.kind == "value" and fault.result != "loss":
        got, right = call.results[fault.result], call.right[fault.result]
        if len(right) > 1 and same(got[0], right[0]):
            return say(*mistakes.FACTS["carried"])
    return say(*mistakes.FACTS["one row"])


def _of_one_row(fault):
    """Say what the gradients of weights are, if a code for one row gives them wrongly."""
    if fault.result == "grad_b" or "grad_b" in fault.call.line:
        return say(*mistakes.FACTS["one row"])
    return say(*mistakes.FACTS["outer" if takes_outer_of_batch(fault.call) else "rows meet"])


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
    # Of a vector, a vector will do.
    form = np.ravel if len(shape) == 1 or shape[1] == 1 else np.asarray

    def is_right(results):
        return bool(results) and all(
            same(form(results[name]), form(right[name])) for name in call.names
        )

    alone = Call(call.model, layer, call.method, reshaped).run()
    if is_right(alone.results) and not alone.changed:
        return True
    if call.method == "forward":
        return False
    subject = Call(call.model, layer, "forward", batch).run().subject
    for name, value in _kept_for_backward(call, subject).items():
        if value.shape[:1] == (1,):
            setattr(subject, name, value.reshape(shape))
    return is_right(Call(call.model, layer, "backward", reshaped).run(subject, False).results)
