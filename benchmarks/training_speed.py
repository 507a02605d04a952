"""How long does a training take beside the same training in PyTorch?

    pip install -r benchmarks/requirements.txt
    python benchmarks/training_speed.py [--rounds 5] [--data_dir DIR]

Three tables in Markdown, each of commands that take turns round by round, so that all meet the
same weather on the machine; medians count. The first compares an epoch of MNIST, one thread each;
the second main.py as it comes with a PyTorch script as it comes that does the same job; the third
repeats the second beside two programs that keep the processor busy.
"""

import os
import sys

sys.path.extend(os.path.abspath(f"{__file__}/../../chapter03{sub}") for sub in ("/solution", ""))
# Before main: support, finding NumPy there, does not choose one thread for PyTorch as well.
import numpy as np  # isort: split

import argparse
import re
import subprocess
import tempfile
import time
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import main
from data import DATA_DIR, standardise

THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
BUSY = "while True: sum(range(10_000))"
PROJECT = "this project"


def train_with_torch(batching, options):
    """Do with PyTorch what main.py does: load, jitter, train, validate, save, draw, test."""
    import torch
    from matplotlib import pyplot as plt
    from torch import nn
    from torch.nn.functional import affine_grid, grid_sample
    from torch.utils.data import DataLoader, TensorDataset

    torch.manual_seed(options.seed)
    _, *parts = main.load(options)
    (x, y), validation, test = (
        (torch.from_numpy(standardise(images)), torch.from_numpy(labels.astype(int)))
        for images, labels in parts
    )
    loader = DataLoader(TensorDataset(x, y), batch_size=options.batch_size, shuffle=True)
    widths = [x.shape[1], *options.hidden_dims]
    layers = [layer for d, m in pairwise(widths) for layer in (nn.Linear(d, m), nn.Sigmoid())]
    network = nn.Sequential(*layers, nn.Linear(widths[-1], 10))
    loss_function = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(
        network.parameters(), options.lr, options.momentum, weight_decay=main.WEIGHT_DECAY
    )
    steps = options.epochs * len(loader)
    falling = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: main.learning_rate(step, steps, 1)
    )
    # support.jitter's limits; shifts are in halves of an image. Black is not 0 once standardised.
    limits = torch.tensor([[0.1, 0.17, 0.11], [0.17, 0.1, 0.11]])
    black = x.min()

    def jitter(images, strength):
        maps = torch.eye(2, 3) + strength * limits * (2 * torch.rand(2, 3) - 1)
        images = images.view(-1, 1, 28, 28) - black
        grid = affine_grid(maps.expand(len(images), 2, 3), images.shape, align_corners=False)
        moved = grid_sample(images, grid, mode="nearest", align_corners=False)
        return moved.view(len(images), -1) + black

    def evaluate(x, y):
        with torch.no_grad():
            logits = network(x)
        return loss_function(logits, y).item(), (logits.argmax(1) == y).float().mean().item()

    history = []
    for epoch in range(1, options.epochs + 1):
        start, losses = time.perf_counter(), []
        batches = loader
        if batching == "index":
            rows = torch.randperm(len(x)).split(options.batch_size)
            batches = ((x[some], y[some]) for some in rows)
        for images, labels in batches:
            if not options.no_jitter:
                images = jitter(images, 1 if epoch <= (1 - main.FALL) * options.epochs else 0.5)
            optimizer.zero_grad()
            loss = loss_function(network(images), labels)
            loss.backward()
            optimizer.step()
            falling.step()
            losses.append(loss.item())
        seconds = time.perf_counter() - start
        history.append((sum(losses) / len(losses), *evaluate(*validation)))
        torch.save(network.state_dict(), options.model_dir / "weights.pt")
        plt.plot(history)
        plt.savefig(options.model_dir / "loss.png")
        plt.close()
        print(f"epoch {epoch} accuracy {history[-1][2]:.4f}  {seconds:.2f} s", flush=True)
    print(f"test accuracy {evaluate(*test)[1]:.4f}")


def compare(title, which, commands, rounds, threads=None):
    """Print a table of commands that take turns: of the medians of `run`, the one at `which`."""
    environment = {**os.environ, **dict.fromkeys(THREADS, str(threads))} if threads else None
    runs = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            with tempfile.TemporaryDirectory() as folder:
                runs[name].append(run([*command, "--model_dir", folder], environment))
    medians = {name: np.median(values, axis=0) for name, values in runs.items()}
    print(f"| {title} | seconds | this project takes | peak memory |\n| --- | --- | --- | --- |")
    for name, values in medians.items():
        ratio = medians[PROJECT][which] / values[which]
        print(f"| {name} | {values[which]:.2f} | {ratio:.2f} of it | {values[2]:.0f} MB |")
    print(flush=True)


def run(command, environment):
    """Return the seconds of an epoch and of the whole, and the peak memory (MB; Unix only)."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    output = process.stdout.read()
    usage = os.wait4(process.pid, 0)[2] if hasattr(os, "wait4") else None
    seconds = time.perf_counter() - start
    epochs = [float(text) for text in re.findall(r"^epoch.* ([\d.]+) s$", output, re.MULTILINE)]
    if not epochs:
        sys.exit(f"Error: {' '.join(command)} ended without an epoch:\n{output}")
    return np.median(epochs), seconds, usage.ru_maxrss / 1000 if usage else np.nan


def benchmark(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="runs of each (%(default)s)")
    parser.add_argument("--data_dir", type=Path, default=DATA_DIR, metavar="DIR")
    parser.add_argument("--torch", choices=("loader", "index"), help=argparse.SUPPRESS)
    options, rest = parser.parse_known_args(argv)
    data = ["--data_dir", str(options.data_dir)]
    if options.torch:
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


if __name__ == "__main__":
    sys.exit(benchmark())
