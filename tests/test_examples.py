"""The numbers that a report shows where a sentence would say little."""

import pytest

from submissions import module, solved
from support.gradient_check import judge
from support.gradient_check.examples import example, shown
from support.gradient_check.layers import LAYERS, Layer

LAYER = {layer.name: layer for layer in LAYERS}


def example_of(method, code):
    name, _, way = method.partition(".")
    with pytest.raises(judge.FaultError) as found:
        judge.check_method(module(solved(method, code)), LAYER[name], way)
    return example(found.value).splitlines()


def test_the_small_example_is_the_one_of_the_layer():
    assert example_of("Softmax.forward", "self.y = np.abs(x); return self.y") == [
        "x = [[ln 2, ln 3, ln 5], [0, 0, ln 2]]",
        "forward(x) gives [[0.6931, 1.0986, 1.6094], [0, 0, 0.6931]]",
        "and should give [[0.2, 0.3, 0.5], [0.25, 0.25, 0.5]]",
    ]


def test_only_results_that_are_wrong_are_shown():
    lines = example_of("Linear.backward", "self.x.T @ grad_y => self.x.T @ grad_y + 1")
    assert lines[-2:] == [
        "self.grad_W gives [[2, 3], [6, 4], [1, 8]]",
        "and should give [[1, 2], [5, 3], [0, 7]]",
    ]


def test_what_the_small_example_does_not_show_is_cut_from_the_call_that_failed():
    far = "return np.where(np.abs(x) < 9, (1 + np.tanh(x / 2)) / 2, 0.25)"
    assert example_of("Sigmoid.forward", far) == [
        "x[0] = [1000, 999, 0]",
        "forward(x)[0] gives [0.25, 0.25, 0.5]",
        "and should give [1, 1, 0.5]",
    ]


def test_an_error_is_set_beside_what_should_come_out():
    assert example_of("Sigmoid.forward", "return x[9]") == [
        "x = [[1, 2, 3], [0, 1, -1]]",
        "forward(x) should give [[0.7311, 0.8808, 0.9526], [0.5, 0.7311, 0.2689]]",
    ]


RAMP = """
class Ramp:
    def forward(self, x):
        self.x = x
        return np.maximum(x, 0)

    def backward(self, grad_y):
        return grad_y * SLOPE
"""
RAMP_LAYER = Layer(
    name="Ramp",
    section=3,
    formula=lambda x: [[max(v, 0.0) for v in row] for row in x],
    forward="",
    backward="",
    example={"x": [[1, -2, 0], [0, 3, -1]], "grad_y": [[1, 2, -1], [4, -2, 2]]},
)
AT_THE_KINK = {
    # the slope, what the example says of it; at 0, everything from 0 to 1 is right
    "0": ("2 * (self.x > 0)",
          "gives [[2, 0, 0], [0, -4, 0]]", "and should give [[1, 0, 0], [0, -2, 0]]"),
    "1": ("(1 + (self.x > 0)) * (self.x >= 0)",
          "gives [[2, 0, -1], [4, -4, 0]]", "and should give [[1, 0, -1], [4, -2, 0]]"),
    "a half": ("(np.sign(self.x) + 1) * (0.5 + (self.x > 0))",
               "gives [[3, 0, -0.5], [2, -6, 0]]", "and should give [[1, 0, -0.5], [2, -2, 0]]"),
    "too large": ("((self.x > 0) + 7 * (self.x == 0))",
                  "gives [[1, 0, -7], [28, -2, 0]]", "and should give [[1, 0, 0], [0, -2, 0]]"),
    "nan": ("np.maximum(self.x, 0) / self.x",
            "gives [[1, 0, nan], [nan, -2, 0]]", "and should give [[1, 0, 0], [0, -2, 0]]"),
    "error": ("self.z", "backward(grad_y) should give [[1, 0, 0], [0, -2, 0]]"),
    "text": ("0 + 'a'", "backward(grad_y) should give [[1, 0, 0], [0, -2, 0]]"),
    "no array": ("1; return [[1, 2], [3]]", "gives [[1, 2], [3]]",
                 "and should give [[1, 0, 0], [0, -2, 0]]"),
}  # fmt: skip


@pytest.mark.parametrize("name", AT_THE_KINK)
def test_no_slope_that_is_right_at_a_kink_is_marked_wrong(name):
    slope, *said = AT_THE_KINK[name]
    code = RAMP.replace("SLOPE", slope).replace("return grad_y * 1; ", "")
    with pytest.raises(judge.FaultError) as found:
        judge.check_method(module(solved("", "") + code), RAMP_LAYER, "backward")
    lines = example(found.value).splitlines()[-len(said) :]
    assert [line.replace("backward(grad_y) gives", "gives") for line in lines] == said


def test_a_large_array_is_said_in_words():
    assert shown([[1.0] * 6] * 6) == "an array of shape (6, 6)"
