"""What the checks say of the table of submissions: the right name for a mistake, or none."""

import contextlib
import io
import linecache
import re
import types
from functools import cache

import numpy as np
import pytest

from submissions import SOLUTION, SUBMISSIONS
from support.gradient_check import diagnosis, mistakes, trials
from support.gradient_check.trials import LAYERS, FaultError, Trial

LAYER = {layer.name: layer for layer in LAYERS}
WRONG = [submission for submission in SUBMISSIONS if submission.says != "PASS"]


def module(source):
    """Return the model of this text, as gradient_check.load would make it, but without a file."""
    path = "model.py of a test"
    linecache.cache[path] = len(source), None, source.splitlines(keepends=True), path
    model = types.ModuleType("model")
    model.__file__ = path
    exec(compile(source, path, "exec"), vars(model))
    return model


def first_fault(model, name):
    """Return (method, FaultError) of what is wrong in one class, or None; prints are swallowed."""
    for method in ("forward", "backward"):
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                trials.check_method(model, LAYER[name], method)
        except FaultError as fault:
            return f"{name}.{method}", fault
    return None


def said(fault):
    return fault.hint or diagnosis.looks_like(fault)


@cache
def report(submission):
    """Return (method that fails or PASS, what is said of it, the small example if nothing is)."""
    model = module(submission.source)
    found = first_fault(model, submission.blamed.partition(".")[0])
    if not found:
        return "PASS", "", ""
    method, fault = found
    text = said(fault)
    return method, text, "" if text else diagnosis.example(fault.trial)


@pytest.mark.parametrize("submission", SUBMISSIONS, ids=lambda s: f"{s.blamed} {s.code[:40]}")
def test_right_code_passes_and_wrong_code_is_named_by_method_and_mistake(submission):
    name, text, numbers = report(submission)
    assert name == ("PASS" if submission.says == "PASS" else submission.blamed)
    if submission.says == "NUMBERS":
        assert not text
        assert re.search(r" gives \S.*\nand should give \S", numbers)
    elif name != "PASS":
        assert re.search(submission.says, text)


def pairs():
    """Yield (method or '', English, Chinese) of everything in the tables."""
    for (method, _), rows in mistakes.MISTAKES.items():
        yield from ((method, *row[:2]) for row in rows)
    yield from (("", *row[:2]) for row in mistakes.RELATIONS)
    yield from (("", *row[1:]) for row in mistakes.STUMBLES)
    for table in ("CHANGED", "TYPES", "FACTS"):
        yield from (("", *pair) for pair in getattr(mistakes, table).values())
    single = "SIZE ONES THREE_AXES CONSTANT ABSENT NO_RETURN NOT_KEPT OTHER_NAME"
    for name in single.split():
        yield "", *getattr(mistakes, name)[:2]


def test_every_text_of_the_tables_is_said_of_some_submission():
    reports = [(submission.blamed, report(submission)[1]) for submission in WRONG]
    unsaid = []
    for method, english, _ in pairs():
        pattern = re.sub(r"\\\{.*?\\\}", ".*", re.escape(english))
        texts = [text for blamed, text in reports if method in ("", blamed)]
        if not any(re.match(pattern, text) for text in texts):
            unsaid.append((method, english))
    assert not unsaid, "\n".join(map(str, unsaid))


def test_both_languages_say_the_same_places_and_chinese_has_its_own_punctuation():
    for _, english, chinese in pairs():
        places = [sorted(re.findall(r"\{\w+", text)) for text in (english, chinese)]
        assert places[0] == places[1], english
        assert re.search("[\u4e00-\u9fff]", chinese)
        assert not re.search("[\u4e00-\u9fff][,;:?!.()A-Za-z0-9]", chinese), chinese
        assert not re.search("[,;:?!()A-Za-z0-9][\u4e00-\u9fff]", chinese), chinese


def test_in_chinese_every_mistake_is_told_in_chinese(chinese):
    for submission in WRONG:
        model = module(submission.source)
        text = said(first_fault(model, submission.blamed.partition(".")[0])[1])
        assert bool(text) == (submission.says != "NUMBERS")
        assert not text or re.search("[\u4e00-\u9fff]", text.partition("\n")[0])


def test_no_formula_of_the_table_is_right():
    model = module(SOLUTION)
    for (name, result), rows in mistakes.MISTAKES.items():
        layer, _, method = name.partition(".")
        calls = trials.in_a_row(model, LAYER[layer], method)
        calls = [(trial, diagnosis._namespace(result, trial)) for trial in calls]
        for row in rows:
            for formula in row[2:]:
                assert diagnosis._number(formula, result, calls) is None, formula


def fresh(layer):
    """Return a batch of a size that the checks do not use."""
    rng = np.random.default_rng(9)
    if layer.name == "CrossEntropyLoss":
        y_hat = rng.uniform(0.2, 1, (7, 5))
        y_hat /= y_hat.sum(axis=1, keepdims=True)
        return trials.Batch("", {"y_hat": y_hat, "y": np.eye(5)[rng.integers(0, 5, 7)]})
    shapes = {"x": (7, 5), "grad_y": (7, 3 if layer.weights else 5), "W": (5, 3), "b": (1, 3)}
    names = ["x", "grad_y", *layer.weights]
    return trials.Batch("", {name: rng.normal(size=shapes[name]) for name in names})


def test_what_is_claimed_of_a_submission_holds_for_a_fresh_batch_too():
    claims = 0
    for submission in WRONG:
        model = module(submission.source)
        fault = first_fault(model, submission.blamed.partition(".")[0])[1]
        result, trial = fault.result, fault.trial
        if fault.kind not in ("value", "shape") or trial.batch.is_extreme:
            continue
        formula, _ = diagnosis.formula(result, trial, fault.trials)
        if formula and not re.search(r"\bk\b|before", formula):
            other = Trial(model, trial.layer, trial.method, fresh(trial.layer)).alone()
            value = diagnosis._value(formula, diagnosis._namespace(result, other))
            assert diagnosis.same(other.results[result], value), submission.code
            claims += 1
    assert claims > 40
