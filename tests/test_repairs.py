"""Small changes tried on a wrong method: which one makes it right, and which are none."""

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


FOUND = [
    # the change, the method, its code, the piece that is quoted
    # The same mistake twice: what stands first is quoted.
    ("floor", "Linear.backward", "self.x.T @ grad_y => (self.x // 1).T @ grad_y // 1",
     "(self.x // 1).T @ grad_y // 1"),
    ("rounded", "Sigmoid.forward", "y = np.round(x, 1); return np.round(1 / (1 + np.exp(-y)), 2)",
     ("np.round(x, 1)", "x")),
    # Nothing is quoted that may stay.
    ("axis", "Softmax.forward", "m = x.max(axis=1, keepdims=True); e = np.exp(x - m)\n"
     "return e / e.sum(axis=1)", ("e.sum(axis=1)", "e.sum(axis=1, keepdims=True)")),
    # The same mistake with one variable, where others are set as well.
    ("set in loop", "Softmax.backward", "dx = np.zeros_like(grad_y)\n"
     "for n, y in enumerate(self.y):\n    g = grad_y[n]\n"
     "    for i in range(len(y)):\n        for j in range(len(y)):\n"
     "            if i == j:\n                dx[n, i] = g[j] * y[i] * (1 - y[i])\n"
     "            else:\n                dx[n, i] = -g[j] * y[i] * y[j]\nreturn dx",
     "dx[n, i] = g[j] * y[i] * (1 - y[i])"),
    # Of several results, it is asked for the one that was found wrong.
    ("axis", "Linear.backward", "self.x.T @ grad_y => (self.x.T @ grad_y) * 2\n"
     "grad_y.sum(axis=0, keepdims=True) => grad_y.sum(axis=1)",
     ("grad_y.sum(axis=1)", "grad_y.sum(axis=0, keepdims=True)")),
    # No other change than one that makes it right is believed.
    ("surplus", "Sigmoid.forward", "return np.tanh(x) + 1", None),
    # Nor is one tried that may run for ever.
    ("floor", "Sigmoid.forward", "while True:\n    return 1 // (1 + np.exp(-x))", None),
    ("name", "Sigmoid.backward", "rows = []\nfor g, y in zip(grad_y, self.y):\n"
     "    row = g * y * (1 - y)\n    rows.append(grad_y)\nreturn np.array(rows)[:, 0]", None),
]  # fmt: skip


@pytest.mark.parametrize(("change", "method", "code", "piece"), FOUND, ids=range(len(FOUND)))
def test_a_change_is_believed_if_the_method_is_right_with_it(change, method, code, piece):
    repair = repairs.found_by(change, fault_of(method, code))
    assert (repair and repair.piece) == piece


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
