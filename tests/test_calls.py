"""One call of a method: what is noted of it."""

from itertools import pairwise

import numpy as np
import pytest

from submissions import SOLUTION, module, solved
from support.gradient_check.calls import Call, filled_empty, in_a_row, kept_by, replaced_in_numpy
from support.gradient_check.layers import LAYERS, batches_for
from support.gradient_check.limits import Stopped

LINEAR, SIGMOID = LAYERS[:2]


def called(method, code, layer=LINEAR):
    """Return the first call of a method of the solution with other code."""
    name = method.partition(".")[2]
    return Call(module(solved(method, code)), layer, name, batches_for(layer)[0]).run()


def test_a_right_call_gives_results_and_nothing_else():
    call = Call(module(SOLUTION), LINEAR, "forward", batches_for(LINEAR)[0]).run()
    assert call.stage == "done"
    assert list(call.results) == ["y"]
    assert call.error is None
    assert call.changed == call.warned == ""


@pytest.mark.parametrize(
    ("code", "stage"),
    [("rng): => a, b, rng):", "make"), ("def forward(self, x) => def forward(self)", "forward")],
)
def test_it_is_known_how_far_a_call_came(code, stage):
    call = called("Linear.forward", code)
    assert call.stage == stage
    assert "argument" in str(call.error)


def test_the_line_of_an_error_and_the_shapes_that_met_there_are_noted():
    call = called("Linear.forward", "y = x @ self.W.T; return y")
    assert call.place.source == "y = x @ self.W.T"
    assert call.misfit.shapes == ((5, 3), (4, 3))


@pytest.mark.parametrize(
    ("method", "code", "changed"),
    [
        ("Linear.forward", "x += 1; return x @ self.W", "x"),
        ("Linear.forward", "self.b = self.b + 1; return x @ self.W", "b"),
        ("Sigmoid.backward", "self.y *= 1 - self.y; return grad_y * self.y", "y"),
    ],
)
def test_an_array_that_was_changed_is_named(method, code, changed):
    layer = LINEAR if "Linear" in method else SIGMOID
    assert called(method, code, layer).changed == changed


def test_a_warning_of_numpy_s_is_quoted_with_its_line():
    call = called("Sigmoid.forward", "return np.log(-np.abs(x))", SIGMOID)
    assert call.warned == "`return np.log(-np.abs(x))`: invalid value encountered in log"


def test_a_warning_in_forward_is_not_quoted_of_backward():
    model = module(solved("Sigmoid.forward", "self.y = np.log(-np.abs(x)); return self.y"))
    call = Call(model, SIGMOID, "backward", batches_for(SIGMOID)[0]).run()
    assert call.stage == "done"
    assert call.warned == ""


def test_a_warning_that_is_not_numpy_s_is_not_quoted():
    code = "import warnings; warnings.warn('old', DeprecationWarning); return x"
    assert called("Sigmoid.forward", code, SIGMOID).warned == ""


def test_what_stops_a_thread_is_no_error_of_the_method():
    code = "from support.gradient_check import limits; raise limits.Stopped"
    with pytest.raises(Stopped):
        called("Sigmoid.forward", code, SIGMOID)


def test_what_an_object_keeps_is_found_in_slots_too():
    class Slotted:
        __slots__ = ("b", "x")

    class Child(Slotted):
        def __init__(self):
            self.x, self.y = 1, 2

    assert kept_by(Child()) == {"y": 2, "x": 1}


def test_calls_in_a_row_share_an_object_as_long_as_the_columns_are_the_same():
    calls = in_a_row(module(solved("", "")), LINEAR, "forward")
    columns = [call.batch.columns for call in calls]
    for before, call in pairwise(calls):
        assert (call.subject is before.subject) == (call.batch.columns == before.batch.columns)
    assert len(set(columns)) > 1


def test_numpy_is_another_one_for_a_while_and_for_the_model_alone():
    model = module(SOLUTION)
    with replaced_in_numpy(model, {"exp": len}):
        assert model.np.exp is len
        assert model.np.log is np.log
        assert np.exp is not len
    assert model.np is np


def test_np_empty_can_be_filled_where_it_holds_floats():
    model = module(SOLUTION)
    with replaced_in_numpy(model, filled_empty(np.nan)):
        assert np.isnan(model.np.empty((2, 3))).all()
        assert np.isnan(model.np.empty_like(np.ones(2, np.float32))).all()
        assert model.np.empty(2, dtype=int).dtype == int
