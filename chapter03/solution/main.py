"""检查 model.py 的八个方法，再用 data.py 的图像训练网络。下一个文件：handwriting_canvas.py。
Check the eight methods of model.py, then train a network on the images of data.py and save it.
Next comes handwriting_canvas.py, where the saved network reads what you draw.
"""

import os
import sys

# Python looks in these two folders as well, for support/ and for the files beside this one. console
# comes first, since it says so if NumPy is missing ("isort: split" keeps editors from moving it).
FOLDER = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.dirname(FOLDER))
sys.path.append(FOLDER)
from support import console  # isort: split

import argparse
import time
from collections import namedtuple
from pathlib import Path

import numpy as np

from data import DATA_DIR, Batches, load_mnist, one_hot, standardise
from support import gradient_check, pen_digits
from support.jitter import Jitter
from support.language import UserError, say
from support.results import Results, print_how_to_train, print_that_mnist_is_missing

HERE = Path(FOLDER)
MODEL = HERE / "model.py"
MODEL_DIR = HERE.parent.parent / "model"

HELD_OUT = 5_000  # images for validation: of MNIST's training images, or as many pen digits
FALL = 0.3  # in the last 30 % the learning rate falls to 0, and the jitter is weaker
WEIGHT_DECAY = 5e-5  # keeps W small: with a large W, sigmoids are nearly constant (section 8)
PEN_DIGITS_BESIDE_MNIST = 30_000  # digits that a simulated pen writes (support/pen_digits.py)
PEN_DIGITS_ALONE = 60_000

# Each of training, validation and test is a pair: images (N, 784) and labels (N,).
Dataset = namedtuple("Dataset", ["name", "training", "validation", "test"])


def main(argv=None):
    """Run the command with the arguments `argv`; return the exit code or raise UserError."""
    options = parse(argv)
    model = gradient_check.load(options.model)  # like `import model`, of the file in --model

    if not options.skip_checks:
        all_right = gradient_check.run(model, options.report)
        if not all_right:
            return 1
    if options.check_only:
        print_how_to_train(options.model.with_name("main.py"))  # the one beside the checked file
        return 0

    dataset = load(options)
    results = Results(HERE, dataset.name, options, FALL)
    try:
        with np.errstate(all="ignore"):  # no warning if numbers grow too large: the loss shows it
            train(model, dataset, options, results)
    except KeyboardInterrupt:
        results.say_what_is_saved()
        raise
    except NotImplementedError as error:  # its text is the name of a method to be written yet
        raise UserError(f"{error} is still blank.", f"{error} 还没有写。") from None
    return 0


def load(options):
    """Return the data set that --dataset names: MNIST, pen digits, or both (both in training)."""
    # train() draws the weights with `seed`; [seed, 1] gives other random numbers for the digits.
    rng = np.random.default_rng([options.seed, 1])
    if options.dataset == "pen":
        return pen_digits_alone(rng)

    try:
        images, labels, test_images, test_labels = load_mnist(options.data_dir)
    except UserError as error:
        if options.dataset == "mnist":
            raise
        print_that_mnist_is_missing(error)
        return pen_digits_alone(rng)

    # copy(): a slice is a view, and would keep all of MNIST in memory after concatenate below.
    validation = (images[-HELD_OUT:].copy(), labels[-HELD_OUT:])
    images = images[:-HELD_OUT]
    labels = labels[:-HELD_OUT]
    test = (test_images, test_labels)
    if options.dataset == "mnist":
        return Dataset("mnist", (images, labels), validation, test)

    pen_images, pen_labels = pen_digits.generate(PEN_DIGITS_BESIDE_MNIST, rng)
    images = np.concatenate([images, pen_images])
    labels = np.concatenate([labels, pen_labels])
    return Dataset("mnist+pen", (images, labels), validation, test)


def pen_digits_alone(rng):
    training = pen_digits.generate(PEN_DIGITS_ALONE, rng)
    validation = pen_digits.generate(HELD_OUT, rng)
    test = pen_digits.generate(HELD_OUT, rng)
    return Dataset("pen", training, validation, test)


def train(model, dataset, options, results):
    """Train a new network by SGD; after each epoch, `results` saves it and prints its losses."""
    rng = np.random.default_rng(options.seed)
    network = model.MLP(784, options.hidden_dims, 10, rng)
    loss_function = model.CrossEntropyLoss()
    images, labels = dataset.training
    batches = Batches(images, labels, options.batch_size, rng)
    weight_decay = WEIGHT_DECAY if options.momentum > 0 else 0  # plain SGD has none
    optimizer = SGD(network.linears, options.momentum, weight_decay)

    # A few images, to try how long a step takes; no weight changes.
    trial = (standardise(images[:64]), one_hot(labels[:64]))
    results.start(network, loss_function, trial, len(images))
    # The star passes images and labels as two arguments.
    untrained_loss, _, _ = evaluate(network, loss_function, *dataset.validation)
    results.show_untrained_loss(untrained_loss)

    step = 0
    total_steps = options.epochs * len(batches)
    for epoch in range(1, options.epochs + 1):
        if not options.no_jitter:
            strength = 1 if epoch <= (1 - FALL) * options.epochs else 0.5  # weaker at the end
            batches.augment = Jitter(rng, strength)  # Batches calls it to move its images a little

        losses = []
        start = time.perf_counter()
        with results.bar(batches, epoch) as bar:  # the batches, and a progress bar
            for x, y in bar:
                y_hat = network.forward(x)
                losses.append(float(loss_function.forward(y_hat, y)))  # perhaps a NumPy number
                network.backward(loss_function.backward())
                optimizer.step(learning_rate(step, total_steps, options.lr))
                step += 1
                bar.set_postfix_str(f"loss {losses[-1]:.4f}", refresh=False)
        seconds = time.perf_counter() - start

        validation_loss, accuracy, _ = evaluate(network, loss_function, *dataset.validation)
        results.add_epoch(network, seconds, losses, validation_loss, accuracy)

    _, accuracy, y_hat = evaluate(network, loss_function, *dataset.test)
    results.finish(network, *dataset.test, y_hat, accuracy)


def evaluate(network, loss_function, images, labels, batch_size=500):
    """Return the mean loss, the accuracy (0 to 1) and the network's y_hat (N, 10) of all images."""
    parts = []
    for start in range(0, len(images), batch_size):
        x = standardise(images[start : start + batch_size])
        # copy(), in case a student's layer writes every answer into the same array.
        parts.append(network.forward(x).copy())
    y_hat = np.concatenate(parts)
    loss = loss_function.forward(y_hat, one_hot(labels))
    accuracy = np.mean(y_hat.argmax(axis=1) == labels)
    return loss, accuracy, y_hat


def learning_rate(step, total_steps, peak):
    """Return the rate at step 0, 1, ...: `peak`, falling to 0 over the last 30 % of the steps."""
    remaining = (total_steps - step) / (FALL * total_steps)  # above 1 until the fall begins
    return peak * min(1, max(0, remaining))


class SGD:
    """Updates W and b of the `linears` by the gradients that backward has set (section 8).

    v <- momentum * v + grad_W + weight_decay * W,  then  W <- W - learning_rate * v

    For b it is the same without weight decay. With momentum and weight_decay 0 it is plain SGD.
    """

    def __init__(self, linears, momentum, weight_decay):
        self.linears = linears
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.velocities = [(np.zeros_like(each.W), np.zeros_like(each.b)) for each in linears]

    def step(self, learning_rate):
        for linear, velocity in zip(self.linears, self.velocities, strict=True):
            velocity_W, velocity_b = velocity

            # *= and += change these arrays themselves, so that self.velocities keeps them.
            velocity_W *= self.momentum
            velocity_W += linear.grad_W + self.weight_decay * linear.W
            velocity_b *= self.momentum
            velocity_b += linear.grad_b
            linear.W -= learning_rate * velocity_W
            linear.b -= learning_rate * velocity_b


def parse(argv):
    """Return the options of the command line."""
    about = say("Check model.py, then train a network and save it.", "检查 model.py，再训练网络。")
    parser = argparse.ArgumentParser(description=about, allow_abbrev=False)
    parser.formatter_class = console.HelpFormatter
    # What an option accepts: a number from ... to ..., or a path.
    count = console.number(int, 1, 1_000_000)
    rate = console.number(float, 1e-30, 1e30)
    share = console.number(float, 0, 0.9999)
    seed = console.number(int, 0, 2**62)
    path = console.path

    add = parser.add_argument
    add(
        "--hidden_dims", type=count, nargs="+", default=[256, 128], help=say("widths", "隐藏层宽度")
    )
    add("--lr", type=rate, default=0.01, help=say("learning rate", "学习率"))
    add("--batch_size", type=count, default=64, help=say("images in a step", "每一步的图像数"))
    add("--epochs", type=count, default=20, help=say("passes over the images", "训练轮数"))
    add("--momentum", type=share, default=0.98, help=say("0: plain SGD", "动量，0 即普通的 SGD"))
    add("--seed", type=seed, default=0, help=say("same seed, same weights", "种子相同，权重相同"))
    auto = say("auto: MNIST if it can be had, and pen digits", "auto：模拟手写，能取得时加 MNIST")
    add("--dataset", choices=["auto", "mnist", "pen"], default="auto", help=auto)
    add("--no_jitter", action="store_true", help=say("show images as they are", "不做数据增强"))
    checks = parser.add_mutually_exclusive_group()
    checks.add_argument("--check_only", action="store_true", help=say("do not train", "只检查"))
    checks.add_argument("--skip_checks", action="store_true", help=say("only train", "不检查"))
    add("--model", type=path, default=MODEL, help=say("file for --check_only", "要检查的文件"))
    add("--report", type=path, help=say("JSON file for --check_only", "检查结果（JSON）存入的文件"))
    add("--data_dir", type=path, default=DATA_DIR, help=say("place of MNIST", "MNIST 的文件夹"))
    add("--model_dir", type=path, default=MODEL_DIR, help=say("place of results", "结果的文件夹"))
    options = parser.parse_args(argv)

    if not options.check_only and (options.model != MODEL or options.report):
        english = "--model and --report go only with --check_only"
        parser.error(say(english, "--model 和 --report 只能与 --check_only 一起用"))
    return options


if __name__ == "__main__":
    sys.exit(console.run(main))
