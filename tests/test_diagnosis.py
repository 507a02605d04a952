"""What the checks say of the table of submissions: the right name for a mistake, or none."""

import ast
import contextlib
import io
import random
import re
import warnings
from functools import cache

import numpy as np
import pytest

from submissions import SOLUTION, SUBMISSIONS, Submission, module
from support.gradient_check import diagnosis, formulas, judge, mistakes, stumbles
from support.gradient_check.calls import Call
from support.gradient_check.judge import FaultError
from support.gradient_check.layers import LAYERS, METHODS, Batch
from support.language import say

LAYER = {layer.name: layer for layer in LAYERS}
WRONG = [submission for submission in SUBMISSIONS if submission.says != "PASS"]


def first_fault(model, name):
    """Return (method, FaultError) of what is wrong in one class, or None; prints are swallowed."""
    for method in METHODS:
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                judge.check_method(model, LAYER[name], method)
        except FaultError as fault:
            return f"{name}.{method}", fault
    return None


@cache
def fault_of(submission):
    """Return (method, FaultError) of what is wrong in a submission, or None, in any language."""
    return first_fault(module(submission.source), submission.blamed.partition(".")[0])


@cache
def report(submission):
    """Return (method that fails or PASS, what is said of it, numbers beside it)."""
    found = fault_of(submission)
    if not found:
        return "PASS", "", ""
    method, fault = found
    return method, *diagnosis.explain(fault)[:2]


def short(submission):
    """Return a name for a submission that fits into a line."""
    return f"{submission.blamed} {SUBMISSIONS.index(submission)}"


@pytest.mark.parametrize("submission", SUBMISSIONS, ids=short)
def test_right_code_passes_and_wrong_code_is_named_by_method_and_mistake(submission):
    name, text, numbers = report(submission)
    assert name == ("PASS" if submission.says == "PASS" else submission.blamed)
    if submission.says == "NUMBERS":
        assert not text
        assert re.search(r" gives \S.*\nand should give \S", numbers)
    elif name != "PASS":
        assert re.search(submission.says, text)


def test_in_chinese_mistakes_are_told_in_chinese(chinese):
    for submission in WRONG[::8]:
        _, fault = fault_of(submission)
        text = diagnosis.explain(fault).looks_like
        assert bool(text) == (submission.says != "NUMBERS")
        assert not text or re.search("[\u4e00-\u9fff]", text.partition("\n")[0])


@pytest.mark.parametrize("language", ["en_US", "zh_CN"])
def test_what_is_to_be_corrected_in_forward_is_known_by_its_first_words(language, monkeypatch):
    monkeypatch.setenv("LANGUAGE", language)
    for key in diagnosis.FACTS_ON_FORWARD:
        beginning = say(*mistakes.FACTS[key]).partition("{")[0]
        texts = [say(*text) for name, text in mistakes.FACTS.items() if name != key]
        texts += [say(*row[1:3]) for row in stumbles.STUMBLES]
        assert not [text for text in texts if text.startswith(beginning)]


def test_of_odd_code_python_warns_only_when_it_reads_the_file():
    submission = Submission("Sigmoid.forward", "", 'note = "\\d"; return 3 * x')
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        _, fault = fault_of(submission)
        of_reading = len(caught)
        diagnosis.explain(fault)
    assert of_reading > 0
    assert len(caught) == of_reading


QUOTED = re.compile(r"`([^`]+)`(?: should be|[^`]*:) `([^`]+)`(?: is meant|[.])")


def changed(source, old, new):
    """Yield texts with code replaced as it stands there: in one place, and in all."""
    text = ast.unparse(ast.parse(source))
    for match in re.finditer(re.escape(old), text):
        yield text[: match.start()] + new + text[match.end() :]
    yield text.replace(old, new)


def is_right(source, method):
    """Return whether a method is not what is blamed in a text of model.py."""
    with contextlib.suppress(SyntaxError):
        fault = first_fault(module(source), method.partition(".")[0])
        return fault is None or fault[0] != method
    return False


def test_what_is_said_to_be_meant_is_right_as_it_is_quoted():
    quoted = []
    for submission in WRONG:
        _, said, _ = report(submission)
        found = QUOTED.search(said)
        if not found or "need more" in said:
            continue
        quoted.append(submission)
        texts = changed(submission.source, *found.groups())
        assert any(is_right(text, submission.blamed) for text in texts), said
    assert len(quoted) > 10


def fresh(layer):
    """Return a batch of a size that the checks do not use."""
    rng = np.random.default_rng(9)
    if layer.name == "CrossEntropyLoss":
        y_hat = rng.uniform(0.2, 1, (7, 5))
        y_hat /= y_hat.sum(axis=1, keepdims=True)
        return Batch("", {"y_hat": y_hat, "y": np.eye(5)[rng.integers(0, 5, 7)]})
    shapes = {"x": (7, 5), "grad_y": (7, 3 if layer.weights else 5), "W": (5, 3), "b": (1, 3)}
    names = ["x", "grad_y", *layer.weights]
    return Batch("", {name: rng.normal(size=shapes[name]) for name in names})


def test_what_is_claimed_of_a_submission_holds_for_a_fresh_batch_too():
    claims = 0
    for submission in WRONG:
        _, fault = fault_of(submission)
        if fault.kind not in ("value", "shape") or fault.call.batch.is_extreme:
            continue
        if "np.empty" in submission.code:
            continue  # which holds something else each time
        found = formulas.formula(fault)
        if found and found.k is None and "before" not in found.formula:
            layer = fault.call.layer
            other = Call(fault.call.model, layer, fault.call.method, fresh(layer)).run()
            claimed = judge.FaultError("value", "", fault.result, call=other, calls=(other,))
            assert formulas.match(found.formula, claimed), submission.code
            claims += 1
    assert claims > 40


OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.MatMult, ast.Pow, ast.FloorDiv)
NAMES = ("x", "y", "grad_y", "self", "np", "y_hat", "T", "W", "sum", "exp", "shape")


def changed_at_random(seed):
    """Return a class's name, and the solution with something else in one place of its methods."""
    chance = random.Random(seed)
    tree = ast.parse(SOLUTION)
    methods = [node for node in ast.walk(tree) if getattr(node, "name", "") in METHODS]
    method = chance.choice(methods[: 2 * len(LAYERS)])
    owners = [node.name for node in tree.body if method in getattr(node, "body", [])]
    node = chance.choice([node for line in method.body[1:] for node in ast.walk(line)])
    match node:
        case ast.BinOp():
            node.op = chance.choice(OPERATORS)()
        case ast.Attribute():
            node.attr = chance.choice(NAMES)
        case ast.Name():
            node.id = chance.choice(NAMES)
        case ast.Constant():
            node.value = chance.choice([0, 1, 2, -1, True, None, 0.5, "a"])
        case ast.Call():
            node.args, node.keywords = node.args[1:], []
        case ast.Return():
            node.value = chance.choice([None, ast.List([node.value], ast.Load())])
    return owners[0], ast.unparse(ast.fix_missing_locations(tree))


@pytest.mark.parametrize("tens", range(10))
def test_whatever_is_wrong_is_explained_without_a_crash(tens):
    for seed in range(10 * tens, 10 * tens + 10):
        name, source = changed_at_random(seed)
        found = first_fault(module(source), name)
        if found:
            said, example, _ = diagnosis.explain(found[1])
            assert isinstance(said, str)
            assert isinstance(example, str)
