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


# --lr 0.001 --momentum 0 --no_jitter: it ends at an accuracy of 68.70 %.
TINY_LR = [2.2283, 2.1505, 2.0716, 1.9963, 1.9678]
# With the diagonal of Softmax's Jacobian in place of the whole, which only --skip_checks trains.
DIAGONAL = [5.7025, 9.9235, 12.3410, 11.4185, 10.0730]


def remark(losses, accuracy=0.1, gradients=(1, 1, 1), steps=4300, checked=True, **options):
    """Return what is said about a training with these validation losses."""
    linears = [
        SimpleNamespace(W=np.ones((40, 30)), grad_W=np.full((40, 30), gradient))
        for gradient in gradients
    ]
    meta = {
        "history": [[loss, loss, accuracy] for loss in losses],
        "options": {**DEFAULT, "epochs": len(losses), **options},
    }
    network = SimpleNamespace(linears=linears)
    return remarks.after_training(network, meta, steps, checked, 0.7)


VANISHING = {"gradients": (1e-5, 1e-3, 0.1, 1)}


@pytest.mark.parametrize(
    ("losses", "facts", "said"),
    [
        (BY_DEFAULT, {"accuracy": 0.99}, ""),
        (BY_DEFAULT, {"accuracy": 0.99, "checked": False}, ""),
        (GUESSING, {"lr": 1e-6}, "1 - momentum) = 5e-05. Try --lr 0.01."),
        (GUESSING, {"lr": 1e-6, "momentum": 0.35}, "Try --lr 0.3."),
        (GUESSING, {"lr": 0.5, "momentum": 0.99}, "1 - momentum) = 50. Try --lr 0.005."),
        (GUESSING[:2], {"batch_size": 50_000, "steps": 4}, "only 4 steps. Try --batch_size 64."),
        (GUESSING[:2], {"batch_size": 32, "steps": 4}, "only 4 steps. Try --epochs 4."),
        (GUESSING, VANISHING, "1e-05 times the last one's. Try --hidden_dims 30 30."),
        (GUESSING, {**VANISHING, "checked": False}, "--hidden_dims 30 30."),
        (GUESSING, {"gradients": (1e-5, 1e-3, 1)}, "and random guessing costs 2.30."),
        (GUESSING, {}, "ended at 2.30, and random guessing costs 2.30."),
        (DIAGONAL, {"checked": False}, "ended at 10.07, and random guessing costs 2.30. The check"),
        (DIAGONAL, {"checked": False, "lr": 0.001}, "The checks were skipped"),
        ([0.3, 2.31], {}, "ended at 2.31"),
        (
            TINY_LR,
            {"lr": 0.001, "momentum": 0, "accuracy": 0.687},
            "by 4 % an epoch when the learning rate began to fall; --lr 0.5 should bring it lower.",
        ),
        (
            TINY_LR,
            {"lr": 0.001, "momentum": 0, "accuracy": 0.687, "checked": False},
            "lower. The checks were skipped",
        ),
        (TINY_LR[:2], {"lr": 0.001, "momentum": 0, "accuracy": 0.46}, ""),
        (SMALL_LR, {"lr": 0.001, "accuracy": 0.98}, "--lr 0.01 should bring it lower."),
        (SMALL_LR, {"lr": 0.001, "accuracy": 0.98, "checked": False}, "should bring it lower."),
        ([0.1554, 0.0914, 0.0748, 0.0581, 0.0534], {"accuracy": 0.98}, "--epochs 10 should"),
    ],
    ids=range(20),
)
def test_a_remark_says_what_the_figures_show(losses, facts, said):
    text = remark(losses, **facts)
    if said.endswith("."):
        assert text.endswith(said)
    assert said in text
    assert bool(text) == bool(said)
    assert ("guess" in text) == (losses[-1] > 2 and facts.get("accuracy", 0.1) < 0.2)
    assert ("skipped" in text) == ("skipped" in said or "The check" in said)
    assert not text.endswith(" ")


def test_a_remark_claims_nothing_that_it_has_not_looked_at():
    nothing_known = remark(GUESSING)
    assert nothing_known == "The validation loss ended at 2.30, and random guessing costs 2.30."


def test_remarks_are_chinese_where_the_user_is(chinese):
    assert "花" not in remark(GUESSING)
    assert remark(TINY_LR, 0.687, lr=0.001, momentum=0) == (
        "学习率开始衰减时，验证损失每轮还在下降 4%；用 --lr 0.5 应该能降得更低。"
    )
    assert remark(GUESSING, lr=1e-6).startswith("验证损失最后是 2.30，而瞎猜的损失是 2.30。步子")


def test_steps_too_large_are_told_by_the_loss_and_the_step():
    for loss, lr, told in ((2.41, 0.021, True), (2.39, 0.021, False), (2.7, 0.019, False)):
        expected = pytest.raises(UserError, match=f"too large. Try --lr {lr / 10:g}. This epoch")
        with expected if told else contextlib.nullcontext():
            remarks.check_steps(3, loss, {"lr": lr, "momentum": 0.98}, True)
    with pytest.raises(UserError, match="epoch 3 ended with a mean loss of nan"):
        remarks.check_steps(3, np.nan, {"lr": 0.001, "momentum": 0}, True)
    with pytest.raises(UserError, match=r"or a method is wrong \(the checks"):
        remarks.check_steps(1, 40, {"lr": 0.1, "momentum": 0.98}, False)


class Clock:
    now = 100.0


class Linear:
    """A layer that takes so many seconds for each row."""

    def __init__(self, clock, forward=0.0, backward=0.0, compiling=0.0):
        self.W = np.ones((3, 3))
        self.clock, self.compiling = clock, compiling
        self.seconds = {"forward": forward, "backward": backward}

    def _pass(self, name, x):
        self.clock.now += self.seconds[name] * len(x) + self.compiling
        self.compiling = 0
        return x

    def forward(self, x):
        return self._pass("forward", x)

    def backward(self, grad):
        return self._pass("backward", grad)


class Softmax(Linear):
    pass


class Loss:
    def forward(self, y_hat, y):
        self.y = y
        return 1.0

    def backward(self):
        return self.y


@pytest.mark.parametrize(
    ("layers", "image_count", "said"),
    [
        ([{}, {}], 10_000_000, ""),
        ([{"forward": 0.001}, {}], 290_000, ""),
        ([{"compiling": 1000}, {}], 60_000, ""),
        ([{"forward": 0.001}, {}], 310_000, "about 5 minutes, 100 % of it in Linear.forward: a lo"),
        ([{"backward": 0.03}, {"backward": 0.01}], 60_000, "40 minutes, 100 % of it in Linear.bac"),
        ([{"forward": 0.3, "backward": 0.9}, {}], 60_000, "20 hours, 75 % of it in Linear.backwar"),
    ],
    ids=["fast", "fast enough", "compiled once", "a loop", "two loops", "forward and backward"],
)
def test_a_slow_method_is_named_before_the_first_epoch(layers, image_count, said, monkeypatch):
    clock = Clock()
    monkeypatch.setattr(remarks.time, "perf_counter", lambda: clock.now)
    linears = [Linear(clock, **facts) for facts in layers]
    network = SimpleNamespace(linears=linears, layers=[*linears, Softmax(clock)])
    x = np.ones((64, 3), np.float32)
    text = remarks.before_training(network, Loss(), x, x, image_count)
    assert said in text
    assert bool(text) == bool(said)


def test_a_large_network_is_not_accused_of_loops(monkeypatch):
    clock = Clock()

    def tick():  # every look at the clock takes a second: NumPy's own products are slow, too
        clock.now += 1
        return clock.now

    monkeypatch.setattr(remarks.time, "perf_counter", tick)
    linear = Linear(clock)
    network = SimpleNamespace(linears=[linear], layers=[linear])
    x = np.ones((64, 3), np.float32)
    text = remarks.before_training(network, Loss(), x, x, 60_000)
    assert text.endswith(": this is a large network.")
