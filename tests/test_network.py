"""The whole network in small: what would end a training later fails in the ninth row."""

import re
import time

import pytest

from submissions import SOLUTION, module, solved
from support.gradient_check.judge import FaultError
from support.gradient_check.network import check_network

FAILS = {
    # what is wrong: the code, what is said of it
    "a wrong layer in MLP": (
        "[linear, Sigmoid()] => [linear, Softmax()]",
        r"MLP\(3, \[4\], 2\): layers\[1\] is a Softmax; the last layer, and no other",
    ),
    "no Softmax at the end": (
        "[last, Softmax()] => [last, Sigmoid()]",
        r"layers\[3\] is a Sigmoid; the last layer, and no other, is Softmax",
    ),
    "a layer that the checks do not know": (
        r"class MLP: => class Tanh(Sigmoid):\n    pass\n\n\nclass MLP:"
        "\n[linear, Sigmoid()] => [linear, Tanh()]",
        r"layers\[1\] is of the class Tanh, which the checks do not know",
    ),
    "an activation that is left out on the way back": (
        "in reversed(self.layers): => in (*self.layers[:1:-1], self.layers[0]):",
        r"linears\[0\]\.grad_W: relative error",
    ),
    "something else among the linears": (
        "self.linears.append(linear) => self.linears.append(1)",
        "AttributeError: 'int' object has no attribute",
    ),
    "a queue that evaluation fills": (
        r"self.x = x => self.kept = [*getattr(self, 'kept', []), x]\n        self.x = self.kept[0]",
        "(?s)ValueError.*in Linear.backward: `self.grad_W",
    ),
    "an end": ("self.dims = [ => exit(); self.dims = [", "SystemExit"),
    "no dims": ("self.dims = [ => self.sizes = [", "AttributeError.*dims"),
}


@pytest.mark.parametrize("name", FAILS)
def test_what_would_fail_later_fails_here(name):
    code, said = FAILS[name]
    with pytest.raises(FaultError) as found:
        check_network(module(solved("", code)))
    assert found.value.kind == "network"
    assert re.search(said, found.value.seen)


LOSSES = {
    "float": "float({})",
    "float32": "np.float32({})",
    "float64": "np.float64({})",
    "0-d": "np.array({})",
    "float32 of 0-d": "np.array({}, dtype=np.float32)",
}


@pytest.mark.parametrize("kind", LOSSES)
def test_any_number_will_do_for_a_loss(kind):
    loss = LOSSES[kind].format("-(y * np.log(self.y_hat)).sum() / len(y)")
    code = f"return float(-(y * np.log(self.y_hat)).sum() / len(y)) => return {loss}"
    assert check_network(module(solved("", code))) == ""


def test_the_whole_road_takes_less_than_a_tenth_of_a_second():
    model = module(SOLUTION)
    check_network(model)
    start = time.process_time()
    check_network(model)
    assert time.process_time() - start < 0.1
