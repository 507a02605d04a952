"""What a teacher would remark on a training, by its validation loss (handout, section 8).

What SGD moves by in a long descent is lr / (1 - momentum) times the gradient. With Xavier weights,
standardised images and sigmoids, 0.5 was measured to be good from one hidden layer to five.
"""

import math

import numpy as np

from support.language import UserError, say

GUESS = math.log(10)  # the loss of a guess among ten classes
GOOD_STEP = 0.5


def check_steps(epoch, train_loss, options):
    """Raise UserError if steps so large made the network worse than a guess."""
    if math.isfinite(train_loss) and (train_loss <= 2.4 or _step(options) <= 1):
        return
    smaller = f"--lr {options['lr'] / 10:g}"
    raise UserError(
        f"epoch {epoch} ended with a mean loss of {train_loss:.3g}, and a guess costs {GUESS:.2f}: "
        f"the steps are too large. Try {smaller}. This epoch was not saved.",
        f"第 {epoch} 轮的平均损失是 {train_loss:.3g}，而瞎猜的损失是 {GUESS:.2f}：步子太大了。"
        f"请试试 {smaller}。这一轮没有保存。",
    )


def after_training(network, meta, at_full_rate):
    """Return a remark on a finished training or ''; `at_full_rate`: its share before the fall."""
    losses = [validation_loss for _, validation_loss, _ in meta["history"]]
    if min(losses) > 0.85 * GUESS:
        return _no_better_than_a_guess(network.linears, min(losses), meta["options"])
    if len(losses) < 4:
        return ""
    before = losses[: int(at_full_rate * len(losses))]
    recent = np.log(before[-max(2, len(before) // 2) :])
    fall = 1 - math.exp(np.polyfit(range(len(recent)), recent, 1)[0])
    # Runs with good steps fall by 3 % an epoch even after 10 epochs; small steps go on for longer.
    small = _step(meta["options"]) < GOOD_STEP / 2
    if fall < (0.02 if small else 0.06):
        return ""
    better = _good_rate(meta["options"]) if small else f"--epochs {2 * len(losses)}"
    return say(
        f"The validation loss was still falling by {100 * fall:.0f} % an epoch when the learning "
        f"rate began to fall; {better} should bring it lower.",
        f"学习率开始衰减时，验证损失每轮还在下降 {100 * fall:.0f} %；用 {better} 应该能降得更低。",
    )


def _no_better_than_a_guess(linears, loss, options):
    first, *_, last = (np.linalg.norm(linear.grad_W) / linear.W.size**0.5 for linear in linears)
    if len(linears) > 3 and first < 0.01 * last:
        better = "--hidden_dims " + " ".join(str(linear.W.shape[1]) for linear in linears[:2])
        why = say("through so many sigmoid layers the gradient vanishes: the first Linear's grad_W "
                  f"is {first / last:.0e} times the last one's",
                  "层层 Sigmoid 使梯度消失了，第一个 Linear 的 grad_W 只有最后一个的 "
                  f"{first / last:.0e} 倍")  # fmt: skip
    elif 0.5 < _step(options) / GOOD_STEP < 2:
        more = f"--epochs {2 * options['epochs']}"
        better = "--batch_size 64" if options["batch_size"] > 64 else more
        why = say("the steps were too few", "步数太少了")
    else:
        better, why = _good_rate(options), say("the steps have the wrong size", "步子的大小不合适")
    return say(
        f"The loss hardly left that of a guess ({loss:.2f} of {GUESS:.2f}); {why}. Try {better}.",
        f"损失几乎没有离开瞎猜的水平（{loss:.2f}，瞎猜是 {GUESS:.2f}）：{why}。请试试 {better}。",
    )


def _good_rate(options):
    return f"--lr {GOOD_STEP * (1 - options['momentum']):.1g}"


def _step(options):
    return options["lr"] / (1 - options["momentum"])
