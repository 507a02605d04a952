"""What a teacher would remark on a training run, by its figures (handout, section 8).

What SGD moves by in a long descent is lr / (1 - momentum) times the gradient. With Xavier weights,
standardised images and sigmoids, 0.5 was measured to be good from one hidden layer to five.
"""

import collections
import math
import time

import numpy as np

from support.language import UserError, say

GUESS = math.log(10)  # the loss of random guessing among ten classes
GOOD_STEP = 0.5
FEW_STEPS = 200  # by then a network of one to three hidden layers does better than guessing
PATIENCE = 300  # seconds: nothing is said of an epoch that takes less


def before_training(network, loss_function, x, y, image_count):
    """Return a remark if an epoch of `image_count` images will take long, by one batch, or ''."""
    _seconds_by_method(network, loss_function, x[:2], y[:2])  # a first call may compile something
    seconds = _seconds_by_method(network, loss_function, x, y)
    epoch = sum(seconds.values()) * image_count / len(x)
    if epoch < PATIENCE:
        return ""

    method, longest = seconds.most_common(1)[0]
    share = longest / sum(seconds.values())
    long = say(
        f"An epoch will take about {_duration(epoch)}, {100 * share:.0f} % of it in {method}",
        f"一轮大约要 {_duration(epoch)}，其中 {100 * share:.0f}% 花在 {method} 上",
    )
    if longest < 20 * _seconds_of_products(network, x):
        return long + say(": this is a large network.", "：这个网络很大。")
    return long + say(
        ": a loop over entries, where NumPy would do it at once? Ctrl-C stops the training.",
        "：是不是用循环逐个元素地算，而 NumPy 可以一次算完？按 Ctrl-C 可以停止训练。",
    )


def _seconds_by_method(network, loss_function, x, y):
    """Return how long each method takes for the batch (x, y), all layers of a class together."""
    seconds = collections.Counter()

    def call(layer, name, *arguments):
        start = time.perf_counter()
        result = getattr(layer, name)(*arguments)
        seconds[f"{type(layer).__name__}.{name}"] += time.perf_counter() - start
        return result

    for layer in network.layers:
        x = call(layer, "forward", x)
    call(loss_function, "forward", x, y)
    grad = call(loss_function, "backward")
    for layer in reversed(network.layers):
        grad = call(layer, "backward", grad)
    return seconds


def _seconds_of_products(network, x):
    """Return how long NumPy takes for a matrix product with the weights of each Linear."""
    start = time.perf_counter()
    for linear in network.linears:
        np.ones((len(x), linear.W.shape[0]), np.float32) @ np.float32(linear.W)
    return time.perf_counter() - start


def _duration(seconds):
    if seconds < 2 * 3600:
        minutes = round(seconds / 60)
        return say(f"{minutes} minutes", f"{minutes} 分钟")
    hours = round(seconds / 3600)
    return say(f"{hours} hours", f"{hours} 小时")


def check_steps(epoch, train_loss, options, checked):
    """Raise UserError if steps so large made the network worse than a guess."""
    if math.isfinite(train_loss) and (train_loss <= 2.4 or _step(options) <= 1):
        return
    smaller = f"--lr {options['lr'] / 10:g}"
    english = "the steps are too large"
    chinese = "步子太大了"
    if not checked:
        english += ", or a method is wrong (the checks were skipped)"
        chinese += "，或者有方法写错了（这次跳过了检查）"
    raise UserError(
        f"epoch {epoch} ended with a mean loss of {train_loss:.3g}, and random guessing costs "
        f"{GUESS:.2f}: {english}. Try {smaller}. This epoch was not saved.",
        f"第 {epoch} 轮的平均损失是 {train_loss:.3g}，而瞎猜的损失是 {GUESS:.2f}：{chinese}。"
        f"请试试 {smaller}。这一轮没有保存。",
    )


def after_training(network, meta, step_count, checked, at_full_rate):
    """Return a remark on a finished training or ''.

    `step_count` steps were taken, the share `at_full_rate` of them before the learning rate fell;
    `checked` says whether model.py was.
    """
    options = meta["options"]
    losses = [validation_loss for _, validation_loss, _ in meta["history"]]
    accuracy = meta["history"][-1][2]
    is_poor = losses[-1] > 0.85 * GUESS

    if is_poor and accuracy < 0.2:
        why = _why_no_better_than_a_guess(network.linears, options, step_count, checked)
        return say(
            f"The validation loss ended at {losses[-1]:.2f}, and random guessing costs "
            f"{GUESS:.2f}. {why}",
            f"验证损失最后是 {losses[-1]:.2f}，而瞎猜的损失是 {GUESS:.2f}。{why}",
        ).strip()
    if len(losses) < 4:
        return ""
    remark = _is_it_still_falling(losses[: int(at_full_rate * len(losses))], options)
    if remark and is_poor and not checked:
        remark += say(" ", "") + _checks_were_skipped()
    return remark


def _is_it_still_falling(losses, options):
    """Return a remark if the losses before the fall of the rate say that more could be learned."""
    recent = np.log(losses[-max(2, len(losses) // 2) :])
    slope, _ = np.polyfit(range(len(recent)), recent, 1)
    fall = 1 - math.exp(slope)
    # Runs with good steps fall by 3 % an epoch even after 10 epochs; small steps go on for longer.
    is_small = _step(options) < GOOD_STEP / 2
    if fall < (0.02 if is_small else 0.06):
        return ""

    better = _good_rate(options) if is_small else f"--epochs {2 * options['epochs']}"
    return say(
        f"The validation loss was still falling by {100 * fall:.0f} % an epoch when the learning "
        f"rate began to fall; {better} should bring it lower.",
        f"学习率开始衰减时，验证损失每轮还在下降 {100 * fall:.0f}%；用 {better} 应该能降得更低。",
    )


def _why_no_better_than_a_guess(linears, options, step_count, checked):
    """Return in a sentence what the figures show, or '' where they show nothing."""
    first, *_, last = (np.linalg.norm(linear.grad_W) / linear.W.size**0.5 for linear in linears)
    if len(linears) > 3 and first < 0.01 * last:
        fewer = "--hidden_dims " + " ".join(str(linear.W.shape[1]) for linear in linears[:2])
        return say(
            "Through so many sigmoid layers the gradient vanishes: the first Linear's grad_W is "
            f"{first / last:.0e} times the last one's. Try {fewer}.",
            "层层 Sigmoid 使梯度消失了：第一个 Linear 的 grad_W 只有最后一个的 "
            f"{first / last:.0e} 倍。请试试 {fewer}。",
        )
    if not checked:
        return _checks_were_skipped()
    if not 0.5 < _step(options) / GOOD_STEP < 2:
        return say(
            f"The steps have an unusual size, lr / (1 - momentum) = {_step(options):.2g}. "
            f"Try {_good_rate(options)}.",
            f"步子的大小不寻常：lr / (1 - momentum) = {_step(options):.2g}。"
            f"请试试 {_good_rate(options)}。",
        )
    if step_count < FEW_STEPS:
        more = f"--epochs {2 * options['epochs']}"
        better = "--batch_size 64" if options["batch_size"] > 64 else more
        return say(
            f"It took only {step_count} steps. Try {better}.",
            f"总共只走了 {step_count} 步。请试试 {better}。",
        )
    return ""


def _checks_were_skipped():
    return say(
        "The checks were skipped: is a method wrong? Run this with --check_only.",
        "这次跳过了检查：会不会有方法写错了？请用 --check_only 运行一次。",
    )


def _good_rate(options):
    return f"--lr {GOOD_STEP * (1 - options['momentum']):.1g}"


def _step(options):
    return options["lr"] / (1 - options["momentum"])
