"""Check the eight methods of model.py, then train a network on handwritten digits and save it."""

import sys

import interruption

if __name__ == "__main__":
    interruption.leave_at_ctrl_c()  # before the imports, which take most of the first second

import math
import os
import time
from pathlib import Path

from arguments import parse_training
from folders import shown, weights_path

# How many threads share a matrix product; it must be said before NumPy is imported, and a value set
# outside wins. They wait for each other in busy loops, so one core is left to other programs: with
# a thread on each of four cores an epoch took 0.6 seconds, and 35 beside two other programs. More
# than three gain little at a batch of 64.
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
for library in ("OPENBLAS", "MKL"):
    os.environ.setdefault(f"{library}_NUM_THREADS", str(max(1, min(3, CORES - 1))))

PEN_DIGITS_BESIDE_MNIST = 10_000
PEN_DIGITS_ALONE = 60_000
PEN_TEST_DIGITS = 5_000


class TrainingError(Exception):
    """Training cannot go on; the message says why and what to do."""


def main(argv=None):
    """Run the command with the arguments `argv` and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        # A console that lacks a character, of a path for instance, shows its code instead; and who
        # follows the training through a pipe sees each line at once.
        stream.reconfigure(errors="backslashreplace", line_buffering=True)
    try:
        return run(parse_training(argv))
    except BrokenPipeError:
        # Who read our output, `head` for instance, has left; nobody is there to be told.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


# Each step imports what it needs itself: a wrong argument is answered at once, and the checks wait
# neither for the library of the plot nor for that of the download.
def run(arguments):
    import gradient_check
    import storage
    from data import DataError

    try:
        model = gradient_check.import_model()
        if not arguments.skip_checks and not gradient_check.check(model):
            return 1
        if not arguments.check_only:
            train(model, load(arguments), arguments)
    except (
        gradient_check.ModelError,
        DataError,
        TrainingError,
        storage.StorageError,
    ) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    return 0


def load(arguments):
    """Return the name of the data set and its training and test images and labels."""
    import numpy as np

    import pen_digits
    from data import DataError, load_mnist

    # Apart from the training's generator: the digits do not depend on the sizes of the network.
    rng = np.random.default_rng([arguments.seed, 1])
    if arguments.dataset != "pen":
        try:
            train_images, train_labels, test_images, test_labels = load_mnist(arguments.data_dir)
            if arguments.dataset == "mnist":
                return "mnist", train_images, train_labels, test_images, test_labels
            images, labels = pen_digits.generate(PEN_DIGITS_BESIDE_MNIST, rng)
            train_images = np.concatenate([train_images, images])
            train_labels = np.concatenate([train_labels, labels])
            return "mnist+pen", train_images, train_labels, test_images, test_labels
        except DataError as error:
            if arguments.dataset == "mnist":
                raise
            rule = "-" * 78
            print(f"{error}\n{rule}")
            print("NO MNIST: training on the digits of a simulated pen alone (--dataset pen).")
            print(rule)
    train_images, train_labels = pen_digits.generate(PEN_DIGITS_ALONE, rng)
    return "pen", train_images, train_labels, *pen_digits.generate(PEN_TEST_DIGITS, rng)


def train(model, dataset, arguments):
    """Train a new network by SGD; after each epoch say how it does, and save it and the plot."""
    import numpy as np
    from tqdm import tqdm

    import storage
    from data import Batches
    from jitter import Jitter
    from optimizer import SGD
    from plot import LossPlot

    np.seterr(all="ignore")  # overflows end in a loss that is not finite, which is looked for below
    name, train_images, train_labels, test_images, test_labels = dataset
    rng = np.random.default_rng(arguments.seed)
    network = model.MLP(train_images.shape[1], arguments.hidden_dims, 10, rng)
    loss_function = model.CrossEntropyLoss()
    jitter = None if arguments.no_jitter else Jitter(rng)
    batches = Batches(train_images, train_labels, arguments.batch_size, rng, jitter)
    steps = arguments.epochs * len(batches)
    optimizer = SGD(network.linears, arguments.lr, arguments.momentum, steps)
    weights = weights_path(arguments.model_dir)
    sizes = "-".join(map(str, network.dims))
    plot = LossPlot(f"{weights.parent.name}: {sizes} on {name}", arguments.epochs)

    print(f"Training {sizes} on {len(train_images):,} images ({name})")
    for epoch in range(1, arguments.epochs + 1):
        start = time.perf_counter()
        with tqdm(batches, f"epoch {epoch}/{arguments.epochs}", leave=False, disable=None) as bar:
            train_loss = train_epoch(network, loss_function, optimizer, bar)
        test_loss, test_accuracy = evaluate(network, loss_function, test_images, test_labels)
        if not math.isfinite(train_loss + test_loss):
            raise TrainingError(diverged(epoch, arguments, weights))
        network.save(weights, dataset=name, epoch=epoch, test_accuracy=test_accuracy)
        plot.add(train_loss, test_loss, test_accuracy)
        with storage.replacing(weights.with_name("loss.png")) as file:
            plot.save(file)
        print(
            f"epoch {epoch:2d}/{arguments.epochs}  train loss {train_loss:.4f}  "
            f"test loss {test_loss:.4f}  test accuracy {100 * test_accuracy:.2f} %  "
            f"{time.perf_counter() - start:.1f} s"
        )
    print(f"Weights: {shown(weights)}\nPlot:    {shown(weights.with_name('loss.png'))}")
    canvas = shown(Path(__file__).with_name("handwriting_canvas.py"))
    print(f"Now draw a digit: python {canvas}")


def train_epoch(network, loss_function, optimizer, bar):
    """Take one step for each batch (x, y) of `bar`, a tqdm bar; return the mean of the losses."""
    losses = []
    for x, y in bar:
        y_hat = network.forward(x)
        losses.append(loss_function.forward(y_hat, y))
        network.backward(loss_function.backward())
        optimizer.step()
        bar.set_postfix_str(f"loss {losses[-1]:.4f}", refresh=False)
        if not math.isfinite(losses[-1]):
            break
    return sum(losses) / len(losses)


def evaluate(network, loss_function, images, labels, batch_size=500):
    """Return the mean loss and the accuracy (0 to 1) of the network on all images."""
    from data import one_hot, standardise

    loss_sum = right = 0
    for start in range(0, len(images), batch_size):
        batch, truth = images[start : start + batch_size], labels[start : start + batch_size]
        y_hat = network.forward(standardise(batch))
        loss_sum += loss_function.forward(y_hat, one_hot(truth)) * len(batch)
        right += int((y_hat.argmax(axis=1) == truth).sum())
    return loss_sum / len(images), right / len(images)


def diverged(epoch, arguments, weights):
    kept = f"hold epoch {epoch - 1}" if epoch > 1 else "are as they were before"
    return (
        f"In epoch {epoch} the loss is no longer a finite number: the learning rate "
        f"{arguments.lr:g} is too large for this network, so try --lr {arguments.lr / 10:g}. "
        f"The weights in {shown(weights)} {kept}."
    )


if __name__ == "__main__":
    sys.exit(main())
