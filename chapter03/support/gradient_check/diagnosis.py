"""From what was seen to the mistake that it betrays, tried out wherever that can be done."""

import re
import warnings
from typing import NamedTuple

import numpy as np

from support.gradient_check import experiments, mistakes, source, stumbles
from support.gradient_check.calls import kept_by
from support.gradient_check.errors import error
from support.gradient_check.examples import example
from support.gradient_check.formulas import SUMMING, formula, same, source_of, words_of
from support.gradient_check.repairs import (
    first_repair,
    first_repairs_for,
    repairs_for,
    repairs_of_loops,
)
from support.language import say

# What says little without numbers beside it.
WEAK_FACTS = (
    "far", "special", "one sample", "one sample of weights", "one row", "rows meet",
    "rows mix", "carried",
)  # fmt: skip
# What shows in backward, and is to be corrected in forward.
FACTS_ON_FORWARD = (
    "keeps another", "overwritten", "forward, after return", "kept none", "kept before",
    "kept exchanged",
)  # fmt: skip


class Explanation(NamedTuple):
    """What is said of a fault: what it looks like, and numbers to compare if that says little.

    to_correct: the method, if it is not the one that failed.
    """

    looks_like: str
    example: str
    to_correct: str = ""


def explain(fault):
    """Return the Explanation of a FaultError."""
    # What is tried may overflow; of odd code Python has warned when it read the file.
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        said = looks_like(fault)
    if _begins_as(said, FACTS_ON_FORWARD) or _is_never_set(fault, said):
        return Explanation(said, "", f"{fault.call.layer.name}.forward")
    if said and not _begins_as(said, WEAK_FACTS):
        return Explanation(said, "")
    return Explanation(said, example(fault))


def _begins_as(said, keys):
    return said.startswith(tuple(map(_beginning, keys)))


def _beginning(key):
    """Return the first words of a fact, by which it is known."""
    return say(*mistakes.FACTS[key]).partition("{")[0]


def _is_never_set(fault, said):
    """Return whether no more was said than that forward has not kept what backward needs."""
    if fault.kind != "error" or fault.call.method != "backward":
        return False
    name = getattr(fault.call.error, "name", None)
    return said == say(*stumbles.NEVER_SET).format(name, close="", kept="")


def looks_like(fault):
    """Return what a FaultError looks like, '' if there is nothing true to be said."""
    explainers = {
        "absent": _absent,
        "changed": _changed,
        "missing": _missing,
        "type": _type,
        "error": error,
        "value": _numbers,
        "shape": _numbers,
    }
    if fault.kind in explainers and fault.kind != "absent":
        said = _twice(fault.call)
        if said:
            return said
    if fault.kind in explainers:
        return explainers[fault.kind](fault)
    if fault.kind == "init" and fault.call and not fault.call.layer.weights:
        is_of_call = "__init__() " in str(fault.call.error)
        key = "own init" if is_of_call else "error in init"
        return say(*mistakes.SITUATIONS[key]).format(fault.call.layer.name)
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
        subject = fault.call.subject
        for kept, value in kept_by(subject).items():
            if kept != name and value is getattr(subject, name):
                return say(*mistakes.CHANGED["alias"]).format(kept, name)
        return say(*mistakes.CHANGED["weights"])
    if name == fault.call.layer.output:
        return say(*mistakes.CHANGED["output"])
    return say(*mistakes.CHANGED["input"]).format(name)


def _missing(fault):
    call = fault.call
    wanted = call.layer.source(call.method, fault.result)
    computed_in_vain = experiments.thrown_away(call)
    is_returned = not wanted.startswith("self.")
    for name, value in kept_by(call.alone().subject).items():
        if same(value, call.right[fault.result], call.batch.dtype.name):
            if is_returned:
                return say(*mistakes.NOT_RETURNED).format(name)
            return say(*mistakes.OTHER_NAME).format(name, wanted)
    if is_returned:
        return computed_in_vain or say(*mistakes.NO_RETURN)
    line = experiments.never_reached(call, call.method, fault.result)
    if line:
        return say(*mistakes.FACTS["after return"]).format(line)
    return computed_in_vain or say(*mistakes.NOT_KEPT).format(wanted)


def _type(fault):
    got = fault.call.results[fault.result]
    name = type(got).__name__
    if isinstance(got, tuple) and len(got) == 1:
        name = "comma"
    if callable(got):
        name = "function"
    if isinstance(got, np.ndarray) and got.dtype == object:
        name = "none inside" if None in got.ravel().tolist() else "objects"
    if name == "list" and fault.result == "loss":
        return say(*mistakes.FACTS["loss"])
    return say(*mistakes.TYPES.get(name, ("", "")))


def _numbers(fault):
    """Explain numbers or shapes that are not right: the surest comes first."""
    said = experiments.never_set(fault)
    if said:
        return first_repair(repairs_of_loops(), fault).text or said
    if fault.call.batch.dtype == np.float32:  # float64 has come before
        return _of_float32(fault)
    said = (
        first_repair(first_repairs_for(fault), fault).text
        or experiments.exchanged(fault)
        or experiments.overwritten(fault.call)
        or experiments.keeps_another(fault)
    )
    if said:
        return said
    computed_in_vain = experiments.thrown_away(fault.call)
    found = formula(fault)
    if found:
        return f"{found.text}\n{computed_in_vain}" if computed_in_vain else found.text
    return (
        _of_loss(fault)
        or computed_in_vain
        or experiments.exchanged_results(fault)
        or _forward_again(fault)
        or _unused_or_repaired(fault)
        or experiments.uses_loss(fault)
        or experiments.takes_a_diagonal(fault.call)
        or experiments.takes_kron(fault.call)
        or experiments.counts_samples(fault.call)
        or _of_inputs(fault)
        or _fact(fault)
    )


def _of_float32(fault):
    """Explain a number that is far enough from the right one only in float32."""
    said = ""
    if np.all(np.isfinite(fault.call.results[fault.result])):  # or what is added is too small
        said = first_repair({"epsilon": mistakes.REPAIRS_FIRST["epsilon"]}, fault).text
    return said or say(*mistakes.FLOAT32)


def _forward_again(fault):
    said = experiments.forward_again(fault.call)
    return said and _joined(said, _jacobians(fault))


def _joined(said, more):
    """Return two texts, each on its own line; the second may be empty."""
    # The first word is capitalized, unless it is code.
    english = re.sub("^(a|[a-z]{2,})(?= )", lambda match: match[0].capitalize(), more)
    return f"{said}\n{say(english, more)}" if more else said


def _jacobians(fault):
    """Say that the backward of a softmax returns a matrix for each row, by its shape."""
    rows, columns = fault.call.batch.rows, fault.call.batch.columns
    is_theirs = np.shape(fault.call.results[fault.result]) == (rows, columns, columns)
    is_softmax = fault.call.method_name == "Softmax.backward"
    return say(*mistakes.FACTS["matrices"]) if is_softmax and is_theirs else ""


def _unused_or_repaired(fault):
    """Say what is not used, though it should be, and which change would make the method right."""
    table = repairs_for(fault)
    said = ""
    if fault.kind == "value" and not fault.call.batch.is_extreme:
        said = experiments.keeps_on(fault) or experiments.unused(fault)
    if said.startswith(_beginning("keeps on")):
        table = {"surplus": table["surplus"]}
    elif said and "name" in table:
        # Others may bring it in by chance; what is taken for something else is a reason.
        reasons = ("set in loop", "never begun", "name", "function")
        table = {name: table[name] for name in reasons}
    repaired = first_repair(table, fault).text
    if said and not repaired and "grad_y" not in said:
        repaired = experiments.not_linear(fault)
    return _joined(said, repaired) if said else repaired


def _of_inputs(fault):
    """Say what the result depends on, and should not, or the other way round."""
    call = fault.call
    if fault.kind == "shape" or call.batch.is_extreme:
        return ""
    if not np.all(np.isfinite(call.results[fault.result])):
        return ""
    return (
        experiments.exp_of_output(fault)
        or experiments.not_linear(fault)
        or experiments.wrong_classes(fault)
        or experiments.not_wanted(fault)
    )


def _of_loss(fault):
    """Say what is wrong with a loss that is no single number, or has a part too much."""
    lines = []
    if fault.result != "loss":
        return ""
    if fault.kind == "shape":
        rows, columns = fault.call.batch.rows, fault.call.batch.columns
        shape = np.shape(fault.call.results["loss"])
        is_matrix = rows != columns and shape in ((rows, rows), (columns, columns))
        lines.append(say(*mistakes.FACTS["matrix loss" if is_matrix else "loss"]))
    text = source_of(fault.call)
    if re.search(r"log\(\s*1\.?0?\s*-", text) and text.count("log(") > 1:
        lines.append(say(*mistakes.BINARY))
    return "\n".join(lines)


def _fact(fault):
    """Say something true about numbers that no formula gives, '' if there is nothing to say."""
    call, result = fault.call, fault.result
    if fault.kind == "shape":
        return _fact_on_shape(fault)
    got, dtype = np.asarray(call.results[result], dtype=np.float64), call.batch.dtype.name
    if call.batch.is_extreme and _is_wrong_at_zero_alone(call, result):
        return say(*mistakes.FACTS["at zero"])
    wrong = got[_where_wrong(call, result)]
    if wrong.size and not np.any(np.isfinite(wrong)):
        return _not_finite(call)
    if call.batch.tolerance is None:
        return say(*mistakes.FACTS["small loss"]) if result == "loss" else ""
    anew = call.alone().results.get(result)
    if not same(anew, got, dtype):
        return _on_another_object(call, same(anew, call.right[result], dtype))
    if call is not fault.calls[0]:
        return _on_later_call(fault)
    if same(got, np.zeros(np.shape(got))) and experiments.is_always_zero(fault):
        return _on_zero(fault)
    said = experiments.one_sample(fault)
    if said == say(*mistakes.FACTS["one row"]):
        said = experiments.rows_mix(fault) or said
    return said or experiments.rows_mix(fault) or experiments.reaches(fault)


def _on_another_object(call, is_right):
    """Say why a new object gives other numbers, which may be right."""
    if is_right:
        return experiments.kept_before(call) or say(*mistakes.FACTS["left over"])
    uses_weights = re.search(r"self\.W\b(?!\.shape)", source_of(call))
    is_of_weights = call.layer.weights and call.method == "forward"
    return say(*mistakes.FACTS["own weights" if is_of_weights and not uses_weights else "earlier"])


def _on_later_call(fault):
    """Say what sets a call apart from the first, which was right."""
    call = fault.call
    if not call.batch.is_extreme:
        return say(*mistakes.FACTS["special"]).format(say(*fault.calls[0].batch.about))
    far = say(*mistakes.FACTS["far"]).format(say(*call.batch.about))
    return experiments.hidden_nan(call) or far


def _on_zero(fault):
    call = fault.call
    may_be_sum_of_jacobian = call.layer.name == "Softmax" and call.method == "backward"
    # Where it is 0 but for rounding, something was computed.
    if may_be_sum_of_jacobian and np.any(call.results[fault.result]):
        return say(*mistakes.FACTS["cancels"])
    return say(*mistakes.ZERO)


def _is_wrong_at_zero_alone(call, result):
    x = call.batch.given.get("x")
    wrong = _where_wrong(call, result)
    return np.shape(x) == np.shape(wrong) and np.array_equal(wrong, x == 0)


def _where_wrong(call, result):
    """Return which entries of a result differ from the right ones."""
    return ~np.isclose(call.results[result], call.right[result], rtol=1e-3, atol=1e-3)


def _fact_on_shape(fault):
    call = fault.call
    shape = np.shape(call.results[fault.result])
    if shape == (call.batch.rows * call.batch.columns,) * 2:
        return say(*mistakes.ONE_JACOBIAN)
    if same(call.results[fault.result], np.zeros(shape)) and experiments.is_always_zero(fault):
        return say(*mistakes.ZERO)
    is_reduced = shape == () or (len(shape) == 1 and call.layer.output == "loss")
    if is_reduced and words_of(source_of(call)) & SUMMING:
        return say(*mistakes.FACTS["lost axis"])
    return _jacobians(fault) or experiments.one_sample(fault) or experiments.unused(fault)


def _not_finite(call):
    """Say what makes inf or nan, if the student's code has it."""
    text = source_of(call)
    return next((say(*mistakes.FACTS[key]) for key in ("exp", "log") if key in text), "")
