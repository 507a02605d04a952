"""Trying small changes on a wrong method: how much is right with one, and what it may cost."""

import contextlib

import pytest

from submissions import module, solved
from support.gradient_check import judge, repairs
from support.gradient_check.layers import LAYERS

LAYER = {layer.name: layer for layer in LAYERS}


def fault_of(method, code):
    name, _, way = method.partition(".")
    with contextlib.suppress(judge.FaultError):
        judge.check_method(module(solved(method, code)), LAYER[name], "forward")
    with pytest.raises(judge.FaultError) as found:
        judge.check_method(module(solved(method, code)), LAYER[name], way)
    return found.value


def test_a_change_that_leaves_extremes_wrong_is_marked():
    ordinary = fault_of("Softmax.forward", "e = np.exp(x); return e / e.sum(axis=1)")
    assert not repairs.found_by("axis", ordinary).is_whole
    whole = fault_of("Sigmoid.forward", "return 1 / 1 + np.exp(-x)")
    assert repairs.found_by("brackets", whole).is_whole


def test_after_a_first_call_that_is_right_less_is_tried():
    later = fault_of("Linear.forward", "y = x @ self.W + self.b; return y * (2 - (len(y) > 2))")
    first = fault_of("Linear.forward", "return (x @ self.W + self.b) * 3")
    assert {"name", "counted"} & set(repairs.repairs_for(later)) == set()
    assert {"name", "counted"} < set(repairs.repairs_for(first))


def test_a_slow_method_is_not_tried_for_long(monkeypatch):
    monkeypatch.setattr(repairs, "SECONDS", -1)
    fault = fault_of("Sigmoid.forward", "return 1 // (1 + np.exp(-x))")
    assert repairs.found_by("floor", fault) is None


def test_what_a_changed_method_prints_is_not_shown(capsys):
    fault = fault_of("Sigmoid.forward", "print('!'); return 1 // (1 + np.exp(-x))")
    capsys.readouterr()
    assert repairs.found_by("floor", fault)
    assert capsys.readouterr().out == ""
