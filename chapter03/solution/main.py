"""检查 model.py 的八个方法，再用 data.py 的图像训练网络。下一个文件：handwriting_canvas.py。
Check the eight methods of model.py, then train a network on the images of data.py and save it.
Next comes handwriting_canvas.py, where the saved network reads what you draw.
"""

import os
import sys

# chapter03/ for support/, and this folder also where Python leaves it out (-P, -I, -m, notebooks).
FOLDER = os.path.dirname(os.path.realpath(__file__))
sys.path[:] = [os.path.dirname(FOLDER), *sys.path, FOLDER]
from support import console  # isort: split

import argparse
import contextlib
import time
from pathlib import Path

import numpy as np
from tqdm import tqdm

from data import DATA_DIR, Batches, load_mnist, one_hot, standardise
from support import gradient_check, pen_digits, pictures, remarks, weights
from support.jitter import Jitter
from support.language import UserError, say

HERE = Path(FOLDER)
MODEL = HERE / "model.py"
MODEL_DIR = HERE.parent.parent / "model"

HELD_OUT = 5_000  # of MNIST's training images: epochs are judged by them, the test comes last
FALL = 0.3  # of the steps, the last ones: the learning rate falls, and the jitter is weaker
WEIGHT_DECAY = 5e-5  # large steps would drive W up until the sigmoids saturate (section 8)
PEN_DIGITS_BESIDE_MNIST = 30_000
PEN_DIGITS_ALONE = 60_000
REMEMBERED = "hidden_dims", "lr", "momentum", "batch_size", "epochs", "seed", "no_jitter"


def main(argv=None):
    """Run the command with the arguments `argv` and return its exit code."""
    options = parse(argv)
    try:
        model = gradient_check.load(options.model)
        if not options.skip_checks and not gradient_check.run(model):
            return 1
        if not options.check_only:
            with np.errstate(all="ignore"):  # an overflow ends in a loss that is not finite
                train(model, load(options), options)
    except KeyboardInterrupt:
        print(say("\nInterrupted; finished epochs are saved.", "\n已中断，完成的轮次都已保存。"))
        return 130
    except BrokenPipeError:  # as in `main.py | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except NotImplementedError as blank:  # only with --skip_checks
        print(say(f"Error: {blank} is still blank.", f"错误：{blank} 还没有写。"), file=sys.stderr)
        return 1
    except (UserError, MemoryError) as error:
        print(say(f"Error: {error}", f"错误：{error}"), file=sys.stderr)
        return 1
    return 0


def load(options):
    """Return the name of the data set, then (images, labels) for training, validation and test."""
    # Apart from the training's generator: the digits do not depend on the sizes of the network.
    rng = np.random.default_rng([options.seed, 1])
    if options.dataset != "pen":
        try:
            images, labels, *test = load_mnist(options.data_dir)
        except UserError as error:
            if options.dataset == "mnist":
                raise
            only_pen = say(
                "NO MNIST: training on the digits of a simulated pen alone (--dataset pen).",
                "没有 MNIST：只用模拟笔写的数字来训练（--dataset pen）。",
            )
            print(error, "-" * 78, only_pen, "-" * 78, sep="\n")
        else:
            # A copy: a view would keep all of MNIST in memory beside the array of both.
            validation = images[-HELD_OUT:].copy(), labels[-HELD_OUT:]
            images, labels = images[:-HELD_OUT], labels[:-HELD_OUT]
            if options.dataset == "mnist":
                return "mnist", (images, labels), validation, test
            pen_images, pen_labels = pen_digits.generate(PEN_DIGITS_BESIDE_MNIST, rng)
            images = np.concatenate([images, pen_images])
            labels = np.concatenate([labels, pen_labels])
            return "mnist+pen", (images, labels), validation, test
    counts = PEN_DIGITS_ALONE, HELD_OUT, HELD_OUT
    return "pen", *(pen_digits.generate(count, rng) for count in counts)


def train(model, dataset, options):
    """Train a new network by SGD; after each epoch say how it does, save it and draw the curves."""
    name, training, validation, test = dataset
    rng = np.random.default_rng(options.seed)
    network = model.MLP(training[0].shape[1], options.hidden_dims, 10, rng)
    loss_function = model.CrossEntropyLoss()
    batches = Batches(*training, options.batch_size, rng)
    # Without momentum it is the textbook's SGD, which has no weight decay either.
    optimizer = SGD(network.linears, options.momentum, WEIGHT_DECAY if options.momentum else 0)
    steps = options.epochs * len(batches)
    folder = options.model_dir / HERE.name
    reference = options.model_dir / ("startup" if HERE.name == "solution" else "solution")
    compared = reference.name, {}
    with contextlib.suppress(UserError):
        compared = reference.name, weights.load(reference / "weights.npz", model.MLP)[1]
    chosen = {name: getattr(options, name) for name in REMEMBERED}
    meta = {"dataset": name, "history": [], "options": chosen}

    sizes, count = "-".join(map(str, network.dims)), f"{len(training[0]):,}"
    loss, _, _ = evaluate(network, loss_function, *validation)
    first_line = say(
        f"Training {sizes} on {count} images ({name}). Its loss is {loss:.2f} "
        f"before the first step; a guess among ten costs ln 10 = {remarks.GUESS:.2f}.",
        f"用 {count} 张图像（{name}）训练 {sizes}。训练前损失为 {loss:.2f}；"
        f"十类里瞎猜，损失是 ln 10 = {remarks.GUESS:.2f}。",
    )
    print(first_line)
    for epoch in range(1, options.epochs + 1):
        start, losses = time.perf_counter(), []
        if not options.no_jitter:  # in the end, images should look more as they will in the test
            batches.augment = Jitter(rng, 1 if epoch <= (1 - FALL) * options.epochs else 0.5)
        title, no_bar = f"epoch {epoch}/{options.epochs}", not console.is_terminal(sys.stderr)
        with tqdm(batches, title, leave=False, disable=no_bar) as bar:
            for x, y in bar:
                step = (epoch - 1) * len(batches) + len(losses)
                y_hat = network.forward(x)
                losses.append(float(loss_function.forward(y_hat, y)))
                network.backward(loss_function.backward())
                optimizer.step(learning_rate(step, steps, options.lr))
                bar.set_postfix_str(f"loss {losses[-1]:.4f}", refresh=False)
        seconds = time.perf_counter() - start
        train_loss = sum(losses) / len(losses)
        loss, accuracy, _ = evaluate(network, loss_function, *validation)
        remarks.check_steps(epoch, train_loss, chosen)
        meta["history"].append([train_loss, loss, accuracy])
        weights.save(folder / "weights.npz", network, epoch=epoch, **meta)
        pictures.draw_losses(folder / "loss.png", meta, *compared)
        line = say(
            f"training loss {train_loss:.4f}  validation loss {loss:.4f}  "
            f"validation accuracy {100 * accuracy:.2f} %  {seconds:.1f} s",
            f"训练损失 {train_loss:.4f}  验证损失 {loss:.4f}  "
            f"验证准确率 {100 * accuracy:.2f} %  {seconds:.1f} 秒",
        )
        print(f"epoch {epoch:2d}/{options.epochs}  {line}")
    _, meta["test_accuracy"], y_hat = evaluate(network, loss_function, *test)
    weights.save(folder / "weights.npz", network, epoch=epoch, **meta)
    pictures.draw_mistakes(folder / "mistakes.png", *test, y_hat, network.linears[0].W)
    remark = remarks.after_training(network, meta, 1 - FALL)
    if remark:
        print(remark)
    say_what_next(folder, meta, *compared)


def evaluate(network, loss_function, images, labels, batch_size=500):
    """Return the mean loss, the accuracy (0 to 1) and the network's y_hat (n, 10) of all images."""
    starts = range(0, len(images), batch_size)
    batches = (standardise(images[start : start + batch_size]) for start in starts)
    y_hat = np.concatenate([network.forward(x) for x in batches])
    accuracy = float((y_hat.argmax(axis=1) == labels).mean())
    # A student's loss may be a NumPy number, which JSON does not know.
    return float(loss_function.forward(y_hat, one_hot(labels))), accuracy, y_hat


def learning_rate(step, steps, peak):
    """Return the rate at step 0, 1, ...: `peak`, falling to 0 over the last 30 % of the steps."""
    return peak * min(1, max(0, (steps - step) / (FALL * steps)))


class SGD:
    """v <- momentum * v + grad + weight_decay * W; W <- W - learning_rate * v (handout, section 8).

    b likewise, without decay. With both at 0 this is the textbook's W <- W - learning_rate * grad.
    `linears` are the layers that move, by way of the grad_W and grad_b that backward has set.
    """

    def __init__(self, linears, momentum, weight_decay):
        self.linears, self.momentum, self.weight_decay = linears, momentum, weight_decay
        self.velocities = [(np.zeros_like(linear.W), np.zeros_like(linear.b)) for linear in linears]

    def step(self, learning_rate):
        for linear, (velocity_W, velocity_b) in zip(self.linears, self.velocities, strict=True):
            velocity_W *= self.momentum
            velocity_W += linear.grad_W + self.weight_decay * linear.W
            velocity_b *= self.momentum
            velocity_b += linear.grad_b
            linear.W -= learning_rate * velocity_W
            linear.b -= learning_rate * velocity_b


def say_what_next(folder, meta, other, other_meta):
    """Say how good the network is, where it is, and how to draw for it."""
    accuracy = f"{100 * meta['test_accuracy']:.2f} %"
    if "test_accuracy" in other_meta:
        label = pictures.label(meta, other, other_meta)
        accuracy += f" ({label}: {100 * other_meta['test_accuracy']:.2f} %)"
    canvas = [console.shown(HERE / "handwriting_canvas.py")]
    if folder.parent.resolve() != MODEL_DIR:
        canvas += ["--weights", console.shown(folder / "weights.npz")]
    print(say("Test accuracy:       ", "测试准确率：    "), accuracy)
    print(say("Weights and pictures:", "权重和图：      "), console.shown(folder))
    print(say("Now draw a digit:    ", "来写一个数字：  "), console.command(*canvas))


def parse(argv):
    """Return the options of the command line."""
    about = say("Check model.py, then train a network and save it.", "检查 model.py，再训练网络。")
    parser = argparse.ArgumentParser(description=about, allow_abbrev=False)

    def add(name, english, chinese, to=parser, **settings):
        default = " (%(default)s)" if "default" in settings else ""
        to.add_argument(name, help=say(english, chinese) + default, **settings)

    size = {"type": number(int, 1, 1_000_000), "metavar": "N"}
    rate = {"type": number(float, 1e-30, 1e30), "metavar": "F"}
    share = {"type": number(float, 0, 0.9999), "metavar": "F"}
    seed = {"type": number(int, 0, 1 << 62), "metavar": "N"}
    path = {"type": lambda text: Path(text).expanduser(), "metavar": "PATH"}
    add("--hidden_dims", "hidden widths", "各隐藏层宽度", default=[256, 128], nargs="+", **size)
    add("--lr", "learning rate", "学习率", default=0.01, **rate)
    add("--batch_size", "images in a step", "每一步的图像数", default=64, **size)
    add("--epochs", "passes over the training images", "训练轮数", default=20, **size)
    add("--momentum", "0: the textbook's SGD", "动量，0 即教科书中的 SGD", default=0.98, **share)
    add("--seed", "same seed, same weights", "随机种子，相同则权重相同", default=0, **seed)
    add("--dataset", "auto: MNIST if it can be had, and digits of a simulated pen",
        "auto：MNIST（如果能得到）加上模拟笔写的数字", default="auto",
        choices=("auto", "mnist", "pen"))  # fmt: skip
    add("--no_jitter", "show images always as they are", "不做数据增强", action="store_true")
    checks = parser.add_mutually_exclusive_group()
    add("--check_only", "do not train", "只检查，不训练", to=checks, action="store_true")
    add("--skip_checks", "only train", "不检查，直接训练", to=checks, action="store_true")
    add("--model", "the file for --check_only", "要检查的文件", default=MODEL, **path)
    add("--data_dir", "place of MNIST", "MNIST 的文件夹", default=DATA_DIR, **path)
    add("--model_dir", "place of results", "结果的文件夹", default=MODEL_DIR, **path)
    options = parser.parse_args(argv)
    if options.model != MODEL and not options.check_only:
        parser.error("--model goes only with --check_only")
    return options


def number(kind, low, high):
    """Return argparse's `type` for a number of this kind from `low` to `high`."""

    def read(text):
        with contextlib.suppress(ValueError):
            if low <= kind(text) <= high:
                return kind(text)
        whole = "whole " if kind is int else ""
        raise argparse.ArgumentTypeError(f"{text} is not a {whole}number from {low} to {high}")

    return read


if __name__ == "__main__":
    sys.exit(console.run(main))
