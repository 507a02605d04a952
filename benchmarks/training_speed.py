"""How long does a training run take beside the same run in PyTorch?

    pip install -r benchmarks/requirements.txt
    python benchmarks/training_speed.py [--rounds 5] [--data_dir DIR]

Three tables in Markdown, each of commands that take turns round by round, so that all meet the
same weather on the machine; medians count. The first compares an epoch of MNIST, one thread each;
the second main.py as it comes with a PyTorch script as it comes that does the same job; the third
repeats the second beside two programs that keep the processor busy.
"""

import os
import sys

# Before support, which then does not choose one thread for PyTorch as well.
import numpy as np

# The folders of main.py and of support/, and this one also where Python leaves it out.
FOLDER = os.path.dirname(os.path.realpath(__file__))
CHAPTER = os.path.join(FOLDER, "..", "chapter03")
sys.path[:] = [CHAPTER, *sys.path, os.path.join(CHAPTER, "solution"), FOLDER]
from support import console  # isort: split

import argparse
import math
import re
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import main
from data import DATA_DIR, standardise

THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
BUSY = "while True: sum(range(10_000))"
PROJECT = "this project"


def benchmark(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="runs of each (%(default)s)")
    parser.add_argument("--data_dir", type=Path, default=DATA_DIR, metavar="DIR")
    parser.add_argument("--torch", choices=("loader", "index"), help=argparse.SUPPRESS)
    options, rest = parser.parse_known_args(argv)
    data = ["--data_dir", str(options.data_dir)]
    if options.torch:  # this is one of the processes that are measured
        return train_with_torch(options.torch, main.parse([*rest, *data]))
    if find_spec("torch") is None:
        sys.exit("Error: PyTorch is missing: pip install -r benchmarks/requirements.txt")

    ours = [sys.executable, str(main.HERE / "main.py"), *data]
    torch = [sys.executable, __file__, *data, "--torch"]
    whole = {PROJECT: ours, "PyTorch, `DataLoader`": [*torch, "loader"]}
    mnist = ["--dataset", "mnist", "--epochs", "4", "--no_jitter"]
    epochs = {name: [*command, *mnist] for name, command in whole.items()}
    epochs["PyTorch, indexed tensor"] = [*torch, "index", *mnist]

    compare("an epoch of MNIST, one thread", 0, epochs, options.rounds, threads=1)
    compare("the whole command as it comes", 1, whole, options.rounds)
    busy = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(2)]
    try:
        compare("the same beside two busy programs", 1, whole, 1)
    finally:
        for program in busy:
            program.kill()
    return 0


def compare(title, which, commands, rounds, threads=None):
    """Print a table of commands that take turns: of the medians of `run`, the one at `which`."""
    environment = dict(os.environ)
    if threads:
        environment.update(dict.fromkeys(THREADS, str(threads)))

    runs = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            with tempfile.TemporaryDirectory() as folder:
                runs[name].append(run([*command, "--model_dir", folder], environment))
    medians = {name: np.median(values, axis=0) for name, values in runs.items()}

    print(f"| {title} | seconds | this project's time relative to that row | peak memory |")
    print("| --- | --- | --- | --- |")
    for name, values in medians.items():
        relative = medians[PROJECT][which] / values[which]
        print(f"| {name} | {values[which]:.2f} | {relative:.2f} | {values[2]:.0f} MB |")
    print(flush=True)


def run(command, environment):
    """Return the seconds of an epoch and of the whole, and the peak memory (MB; Unix only)."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    output = process.stdout.read()
    peak_memory = np.nan
    if hasattr(os, "wait4"):
        _, _, usage = os.wait4(process.pid, 0)
        peak_memory = usage.ru_maxrss / 1000
    seconds = time.perf_counter() - start

    epochs = [float(text) for text in re.findall(r"^epoch.* ([\d.]+) s$", output, re.MULTILINE)]
    if not epochs:
        sys.exit(f"Error: {' '.join(command)} ended without an epoch:\n{output}")
    return np.median(epochs), seconds, peak_memory


def train_with_torch(batching, options):
    """Do with PyTorch what main.py does: load, jitter, train, validate, save, draw, test."""
    import torch
    from torch import nn

    torch.manual_seed(options.seed)
    (x, y), validation, test = torch_dataset(options)
    network = torch_network(x.shape[1], options.hidden_dims)
    loss_function = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(
        network.parameters(), options.lr, options.momentum, weight_decay=main.WEIGHT_DECAY
    )
    batches = torch_batches(batching, x, y, options.batch_size)
    steps = options.epochs * len(batches)
    falling = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: main.learning_rate(step, steps, 1)
    )
    black = x.min()  # which is not 0 once standardised

    history = []
    for epoch in range(1, options.epochs + 1):
        strength = 1 if epoch <= (1 - main.FALL) * options.epochs else 0.5
        start = time.perf_counter()
        losses = []
        for images, labels in batches:
            shown = images if options.no_jitter else torch_jitter(images, strength, black)
            optimizer.zero_grad()
            loss = loss_function(network(shown), labels)
            loss.backward()
            optimizer.step()
            falling.step()
            losses.append(loss.item())
        seconds = time.perf_counter() - start

        history.append((sum(losses) / len(losses), *torch_evaluate(network, *validation)))
        torch_save(network, history, options.model_dir)
        print(f"epoch {epoch} accuracy {history[-1][2]:.4f}  {seconds:.2f} s", flush=True)
    print(f"test accuracy {torch_evaluate(network, *test)[1]:.4f}")


def torch_evaluate(network, x, y):
    """Return the network's mean loss and accuracy."""
    import torch

    with torch.no_grad():
        logits = network(x)
    loss = torch.nn.functional.cross_entropy(logits, y)
    return loss.item(), (logits.argmax(1) == y).float().mean().item()


def torch_save(network, history, folder):
    """Write the weights, and a plot of what each epoch has brought."""
    import torch
    from matplotlib import pyplot as plt

    torch.save(network.state_dict(), folder / "weights.pt")
    plt.plot(history)
    plt.savefig(folder / "loss.png")
    plt.close()


def torch_dataset(options):
    """Return main.py's training, validation and test data as pairs of tensors."""
    import torch

    _, *parts = main.load(options)
    tensors = []
    for images, labels in parts:
        x = torch.from_numpy(standardise(images))
        y = torch.from_numpy(labels.astype(int))
        tensors.append((x, y))
    return tensors


def torch_network(features, hidden_dims):
    from torch import nn

    layers = []
    width = features
    for hidden_dim in hidden_dims:
        layers += [nn.Linear(width, hidden_dim), nn.Sigmoid()]
        width = hidden_dim
    return nn.Sequential(*layers, nn.Linear(width, 10))


def torch_batches(batching, x, y, batch_size):
    """Return what gives the batches of an epoch, in an order drawn anew, each time it is asked."""
    import torch
    from torch.utils.data import DataLoader, TensorDataset

    if batching == "loader":
        return DataLoader(TensorDataset(x, y), batch_size=batch_size, shuffle=True)

    class IndexedTensor:
        def __len__(self):
            return math.ceil(len(x) / batch_size)

        def __iter__(self):
            for rows in torch.randperm(len(x)).split(batch_size):
                yield x[rows], y[rows]

    return IndexedTensor()


def torch_jitter(images, strength, black):
    """Move a batch as support.jitter does; affine_grid's shifts are in halves of an image."""
    import torch
    from torch.nn.functional import affine_grid, grid_sample

    limits = torch.tensor([[0.1, 0.17, 0.11], [0.17, 0.1, 0.11]])
    maps = torch.eye(2, 3) + strength * limits * (2 * torch.rand(2, 3) - 1)
    images = images.view(-1, 1, 28, 28) - black
    grid = affine_grid(maps.expand(len(images), 2, 3), images.shape, align_corners=False)
    moved = grid_sample(images, grid, mode="nearest", align_corners=False)
    return moved.view(len(images), -1) + black


if __name__ == "__main__":
    sys.exit(console.run(benchmark))
