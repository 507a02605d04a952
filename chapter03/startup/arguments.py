"""The options of main.py, and a parser that answers a wrong one with one sentence."""

import argparse
import math
from itertools import pairwise
from pathlib import Path

from folders import DATA_DIR, FOLDER, MODEL_DIR, shown

MOST = 1_000_000  # larger widths, batches and numbers of epochs are slips of the finger


class Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are one sentence instead of a page, with exit code 2."""

    def __init__(self, description):
        super().__init__(description=description, allow_abbrev=False)

    def error(self, message):
        self.exit(2, f"{self.prog}: {message} (--help lists the options)\n")


def parse_training(argv=None):
    """Return the options of main.py found in `argv`, by default those of the command line."""
    parser = Parser("Check the eight methods of model.py, then train a network and save it.")

    def add(name, meaning, **options):
        default = options.get("default")
        if isinstance(default, list):
            meaning += f" (default: {' '.join(map(str, default))})"
        elif default is not None:
            meaning += f" (default: {shown(default) if isinstance(default, Path) else default})"
        parser.add_argument(name, help=meaning, **options)

    size = {"type": _size, "metavar": "N"}
    folder = {"type": existing_or_new_folder, "metavar": "DIR"}
    add("--hidden_dims", "widths of the hidden layers", default=[256, 128], nargs="+", **size)
    add("--lr", "learning rate", default=0.01, type=_learning_rate, metavar="F")
    add("--batch_size", "images in a step", default=64, **size)
    add("--epochs", "passes over the training images", default=20, **size)
    add("--momentum", "0 is the textbook's SGD", default=0.9, type=_momentum, metavar="F")
    add("--seed", "the same seed gives the same weights", default=0, type=_seed, metavar="N")
    add(
        "--dataset",
        "auto: MNIST and 10,000 digits of a simulated pen, or the pen's alone if MNIST cannot "
        "be had; mnist: MNIST alone; pen: the pen's alone, no network needed",
        default="auto",
        choices=("auto", "mnist", "pen"),
    )
    add("--no_jitter", "show every training image always as it is", action="store_true")
    add("--check_only", "check model.py and do not train", action="store_true")
    add("--skip_checks", "train without checking model.py", action="store_true")
    add("--data_dir", "where MNIST is or will be", default=DATA_DIR, **folder)
    add("--model_dir", f"its folder {FOLDER.name} takes the results", default=MODEL_DIR, **folder)

    arguments = parser.parse_args(argv)
    if arguments.check_only and arguments.skip_checks:
        parser.error("--check_only and --skip_checks exclude each other")
    from storage import MAX_PARAMETERS  # only now: NumPy takes a tenth of a second to import

    dims = [784, *arguments.hidden_dims, 10]
    if sum((d + 1) * m for d, m in pairwise(dims)) > MAX_PARAMETERS:
        parser.error(f"--hidden_dims make a network of more than {MAX_PARAMETERS:,} weights")
    return arguments


def existing_or_new_folder(text):
    """Return the path `text`; for argparse's `type`."""
    path = Path(text)
    if path.exists() and not path.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is a file, not a folder")
    return path


def _size(text):
    return _number(text, int, f"a whole number from 1 to {MOST}", lambda n: 1 <= n <= MOST)


def _seed(text):
    return _number(text, int, "a whole number from 0", lambda n: n >= 0)


def _learning_rate(text):
    return _number(text, float, "a number above 0", lambda f: 0 < f < math.inf)


def _momentum(text):
    return _number(text, float, "a number from 0 to below 1", lambda f: 0 <= f < 1)


def _number(text, kind, wanted, fits):
    try:
        number = kind(text)
    except ValueError:
        number = None
    if number is None or not fits(number):
        raise argparse.ArgumentTypeError(f"{text} is not {wanted}")
    return number
