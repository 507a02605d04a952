"""The numbers that a report shows where a sentence would say little."""

import pytest

from submissions import module, solved
from support.gradient_check import judge
from support.gradient_check.examples import example, shown
from support.gradient_check.layers import LAYERS

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
        "x[1] = [1000, 999, 0]",
        "forward(x)[1] gives [0.25, 0.25, 0.5]",
        "and should give [1, 1, 0.5]",
    ]


def test_an_error_is_set_beside_what_should_come_out():
    assert example_of("Sigmoid.forward", "return x[9]") == [
        "x = [[1, 2, 3], [0, 1, -1]]",
        "forward(x) should give [[0.7311, 0.8808, 0.9526], [0.5, 0.7311, 0.2689]]",
    ]


def test_a_large_array_is_said_in_words():
    assert shown([[1.0] * 6] * 6) == "an array of shape (6, 6)"
