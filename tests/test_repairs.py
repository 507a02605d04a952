"""Small changes tried on a wrong method: which one makes it right, and which are none."""

import contextlib

import numpy as np
import pytest

from submissions import SOLUTION, module, solved
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
    ("floor", "Sigmoid.forward", "return 1 // (1 + np.exp(-x))", "1 // (1 + np.exp(-x))"),
    ("transposed", "Linear.forward", "return x @ self.W + self.b.T", "self.b.T"),
    # The same mistake twice.
    ("floor", "Linear.backward", "self.x.T @ grad_y => (self.x // 1).T @ grad_y // 1",
     "(self.x // 1).T @ grad_y // 1"),
    ("rounded", "Sigmoid.forward", "y = np.round(x, 1); return np.round(1 / (1 + np.exp(-y)), 2)",
     ("np.round(x, 1)", "np.round")),
    # Of several results, it is asked for the one that was found wrong.
    ("axis", "Linear.backward", "self.x.T @ grad_y => (self.x.T @ grad_y) * 2\n"
     "grad_y.sum(axis=0, keepdims=True) => grad_y.sum(axis=1)", "grad_y.sum(axis=1)"),
    # What is quoted can be taken away as it stands.
    ("surplus", "Sigmoid.backward", "return (grad_y + 1) * self.y * (1 - self.y)", "+ 1"),
    ("surplus", "Linear.forward", "self.x = x; return x @ self.W + self.b + (x[:, :1] - 1)",
     "+ (x[:, :1] - 1)"),
    ("wrapped", "CrossEntropyLoss.backward", "return -self.y / np.log(self.y_hat) / len(self.y)",
     ("np.log( )", "self.y_hat")),
    ("wrapped", "Softmax.forward", "exp_x = np.exp(x - x.max(axis=1, keepdims=True))\n"
     "self.y = exp_x / exp_x.sum(axis=1, keepdims=True)\nreturn self.y.argmax(axis=1)",
     (".argmax(axis=1)", "self.y")),
    # No other change than one that makes it right is believed.
    ("surplus", "Sigmoid.forward", "return np.tanh(x) + 1", None),
]  # fmt: skip


@pytest.mark.parametrize(("change", "method", "code", "piece"), FOUND, ids=range(len(FOUND)))
def test_a_change_is_named_only_if_it_makes_the_method_right(change, method, code, piece):
    assert repairs.found_by(change, fault_of(method, code)) == piece


def test_what_a_changed_method_prints_is_not_shown(capsys):
    fault = fault_of("Sigmoid.forward", "print('!'); return 1 // (1 + np.exp(-x))")
    capsys.readouterr()
    assert repairs.found_by("floor", fault)
    assert capsys.readouterr().out == ""


def test_numpy_is_another_one_for_a_while_and_for_the_model_alone():
    model = module(SOLUTION)
    with repairs.replaced_in_numpy(model, {"exp": len}):
        assert model.np.exp is len
        assert model.np.log is np.log
        assert np.exp is not len
    assert model.np is np
