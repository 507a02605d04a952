"""Remarks on trainings, by the figures of real runs on MNIST."""

import contextlib
from types import SimpleNamespace

import numpy as np
import pytest

from support import remarks
from support.language import UserError

DEFAULT = {"lr": 0.01, "momentum": 0.98, "batch_size": 64, "epochs": 20}
GUESSING = [2.3052, 2.3061, 2.3035, 2.3043, 2.3047]
# Validation losses of main.py with the options given, seed 0.
BY_DEFAULT = [
    0.1434, 0.0871, 0.0849, 0.0671, 0.0675, 0.0644, 0.0636, 0.0568, 0.0640, 0.0587,
    0.0518, 0.0546, 0.0516, 0.0502, 0.0466, 0.0486, 0.0475, 0.0430, 0.0426, 0.0409,
]  # fmt: skip
SMALL_LR = [
    0.4864, 0.2946, 0.2415, 0.2129, 0.1906, 0.1750, 0.1624, 0.1513, 0.1434, 0.1348,
    0.1270, 0.1210, 0.1157, 0.1118, 0.1076, 0.1062, 0.1034, 0.1017, 0.1006, 0.1003,
]  # fmt: skip


def remark(losses, last_gradients=(1, 1, 1), **options):
    """Return what is said about a training with these validation losses."""
    linears = [
        SimpleNamespace(W=np.ones((40, 30)), grad_W=np.full((40, 30), gradient))
        for gradient in last_gradients
    ]
    meta = {
        "history": [[loss, loss, 0.5] for loss in losses],
        "options": {**DEFAULT, "epochs": len(losses), **options},
    }
    return remarks.after_training(SimpleNamespace(linears=linears), meta, 0.7)


@pytest.mark.parametrize(
    ("losses", "options", "said"),
    [
        (BY_DEFAULT, {}, ""),
        (GUESSING, {"lr": 1e-6}, "--lr 0.01."),
        (GUESSING, {"lr": 0.5, "momentum": 0.99}, "--lr 0.005."),
        (GUESSING[:2], {"batch_size": 50_000}, "--batch_size 64."),
        (GUESSING, {"last_gradients": (1e-5, 1e-3, 0.1, 1)}, "--hidden_dims 30 30."),
        (SMALL_LR, {"lr": 0.001}, "--lr 0.01 should"),
        ([0.1603, 0.1117, 0.0827, 0.0769, 0.0694], {}, "--epochs 10 should"),
    ],
)
def test_a_remark_names_the_option_that_helps(losses, options, said):
    text = remark(losses, **options)
    assert said in text
    assert bool(text) == bool(said)
    assert ("guess" in text) == (min(losses) > 2)


def test_steps_too_large_are_told_by_the_loss_and_the_step():
    for loss, lr, told in ((2.41, 0.021, True), (2.39, 0.021, False), (2.7, 0.019, False)):
        expected = pytest.raises(UserError, match=f"Try --lr {lr / 10:g}. The saved")
        with expected if told else contextlib.nullcontext():
            remarks.check_steps(3, loss, {"lr": lr, "momentum": 0.98})
    with pytest.raises(UserError):
        remarks.check_steps(3, np.nan, {"lr": 0.001, "momentum": 0})
