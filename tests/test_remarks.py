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
    0.1554, 0.0914, 0.0748, 0.0670, 0.0603, 0.0759, 0.0636, 0.0625, 0.0544, 0.0615,
    0.0543, 0.0548, 0.0553, 0.0500, 0.0548, 0.0511, 0.0429, 0.0440, 0.0415, 0.0405,
]  # fmt: skip
SMALL_LR = [
    0.4418, 0.3403, 0.2512, 0.1982, 0.1575, 0.1348, 0.1224, 0.1029, 0.0934, 0.0867,
    0.0839, 0.0802, 0.0735, 0.0719, 0.0668, 0.0634, 0.0613, 0.0584, 0.0588, 0.0589,
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
        ([0.1554, 0.0914, 0.0748, 0.0581, 0.0534], {}, "--epochs 10 should"),
    ],
)
def test_a_remark_names_the_option_that_helps(losses, options, said):
    text = remark(losses, **options)
    assert said in text
    assert bool(text) == bool(said)
    assert ("guess" in text) == (min(losses) > 2)


def test_steps_too_large_are_told_by_the_loss_and_the_step():
    for loss, lr, told in ((2.41, 0.021, True), (2.39, 0.021, False), (2.7, 0.019, False)):
        expected = pytest.raises(UserError, match=f"Try --lr {lr / 10:g}. This epoch")
        with expected if told else contextlib.nullcontext():
            remarks.check_steps(3, loss, {"lr": lr, "momentum": 0.98})
    with pytest.raises(UserError):
        remarks.check_steps(3, np.nan, {"lr": 0.001, "momentum": 0})
