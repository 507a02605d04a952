"""How long does a training take beside the same training in PyTorch?

    pip install -r benchmarks/requirements.txt
    python benchmarks/training_speed.py [--rounds 5] [--busy 2] [--data_dir DIR]

Three tables in Markdown, each of commands that take turns round by round, so that all meet the
same weather on the machine; medians count. The first compares an epoch of MNIST, one thread each.
The second compares main.py as it comes with a PyTorch script as it comes that does the same job
but for the jitter. The third repeats that beside other programs that keep the processor busy.
"""

import os
import sys

sys.path.extend(os.path.abspath(f"{__file__}/../../chapter03{sub}") for sub in ("/solution", ""))
# Before main: support, finding NumPy there, does not choose one thread for PyTorch as well.
import numpy  # noqa: F401

# isort: split

import argparse
import contextlib
import re
import statistics
import subprocess
import tempfile
import time
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import main
from data import DATA_DIR, one_hot, standardise

THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
BUSY = "while True: sum(range(10_000))"
PROJECT, LOADER, INDEX = "this project", "PyTorch, `DataLoader`", "PyTorch, indexed tensor"


def train_with_torch(batching, options):
    """Do with PyTorch what main.py does: load, train, validate, save, draw, test."""
    import torch
    from matplotlib import pyplot as plt
    from torch import nn
    from torch.utils.data import DataLoader, TensorDataset

    torch.manual_seed(options.seed)
    _, *parts = main.load(options)
    (x, y), validation, test = (
        (torch.from_numpy(standardise(images)), torch.from_numpy(one_hot(labels)).argmax(1))
        for images, labels in parts
    )
    loader = DataLoader(TensorDataset(x, y), batch_size=options.batch_size, shuffle=True)
    widths = [x.shape[1], *options.hidden_dims]
    layers = [(nn.Linear(d, m), nn.Sigmoid()) for d, m in pairwise(widths)]
    network = nn.Sequential(
        *[layer for pair in layers for layer in pair], nn.Linear(widths[-1], 10)
    )
    loss_function = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(network.parameters(), options.lr, momentum=options.momentum)
    steps = options.epochs * len(loader)
    falling = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: main.learning_rate(step, steps, 1)
    )

    def evaluate(x, y):
        with torch.no_grad():
            logits = network(x)
        return loss_function(logits, y).item(), (logits.argmax(1) == y).float().mean().item()

    history = []
    for epoch in range(1, options.epochs + 1):
        start, loss_sum = time.perf_counter(), 0.0
        if batching == "index":
            batches = (
                (x[rows], y[rows]) for rows in torch.randperm(len(x)).split(loader.batch_size)
            )
        else:
            batches = loader
        for images, labels in batches:
            optimizer.zero_grad()
            loss = loss_function(network(images), labels)
            loss.backward()
            optimizer.step()
            falling.step()
            loss_sum += loss.item()
        seconds = time.perf_counter() - start
        history.append((loss_sum / len(loader), *evaluate(*validation)))
        torch.save(network.state_dict(), options.model_dir / "weights.pt")
        plt.plot(history)
        plt.savefig(options.model_dir / "loss.png")
        plt.close()
        print(
            f"epoch {epoch} validation accuracy {history[-1][2]:.4f}  {seconds:.2f} s", flush=True
        )
    print(f"test accuracy {evaluate(*test)[1]:.4f}")


def compare(commands, rounds, threads=None):
    """Return {name: (median seconds of an epoch, of the whole, peak MB)} of commands in turns."""
    environment = {**os.environ, **dict.fromkeys(THREADS, str(threads))} if threads else None
    runs = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            with tempfile.TemporaryDirectory() as folder:
                runs[name].append(run([*command, "--model_dir", folder], environment))
    return {
        name: (
            statistics.median(seconds for epochs, *_ in results for seconds in epochs),
            statistics.median(whole for _, whole, _ in results),
            max(peak for *_, peak in results),
        )
        for name, results in runs.items()
    }


def run(command, environment=None):
    """Return the seconds of each epoch and of the whole, and the peak memory (MB)."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    output = process.stdout.read()
    usage = os.wait4(process.pid, 0)[2] if hasattr(os, "wait4") else process.wait()
    seconds = time.perf_counter() - start
    epochs = [float(text) for text in re.findall(r"^epoch.* ([\d.]+) s$", output, re.MULTILINE)]
    if not epochs:
        sys.exit(f"Error: {' '.join(command)} ended without an epoch:\n{output}")
    unit = 1e6 if sys.platform == "darwin" else 1e3
    return epochs[1:] or epochs, seconds, getattr(usage, "ru_maxrss", 0) / unit


def print_table(column, medians, which):
    ours = medians[PROJECT][which]
    print(f"| {column} | seconds | this project takes | peak memory |\n| --- | --- | --- | --- |")
    for name, values in medians.items():
        seconds = values[which]
        print(f"| {name} | {seconds:.2f} | {ours / seconds:.2f} of it | {values[2]:.0f} MB |")
    print(flush=True)


@contextlib.contextmanager
def busy(count):
    """Keep `count` programs computing."""
    programs = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(count)]
    try:
        yield
    finally:
        for program in programs:
            program.kill()


def benchmark(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="runs of each (%(default)s)")
    parser.add_argument("--busy", type=int, default=2, help="programs beside (%(default)s)")
    parser.add_argument("--data_dir", type=Path, default=DATA_DIR, metavar="DIR")
    parser.add_argument("--torch", choices=("loader", "index"), help=argparse.SUPPRESS)
    ours, rest = parser.parse_known_args(argv)
    if ours.torch:
        return train_with_torch(ours.torch, main.parse([*rest, "--data_dir", str(ours.data_dir)]))
    if find_spec("torch") is None:
        sys.exit("Error: PyTorch is missing: pip install -r benchmarks/requirements.txt")
    data = ["--data_dir", str(ours.data_dir)]
    project = [sys.executable, str(main.HERE / "main.py"), *data]
    torch = [sys.executable, __file__, *data, "--torch"]
    mnist = ["--dataset", "mnist", "--epochs", "4"]
    epochs = {
        PROJECT: [*project, *mnist, "--no_jitter"],
        LOADER: [*torch, "loader", *mnist],
        INDEX: [*torch, "index", *mnist],
    }
    print_table("an epoch of MNIST, one thread", compare(epochs, ours.rounds, threads=1), 0)
    whole = {PROJECT: project, LOADER: [*torch, "loader"]}
    alone = compare(whole, ours.rounds)
    print_table("the whole command as it comes", alone, 1)
    with busy(ours.busy):
        beside = compare(whole, 1)
    print_table(f"the same beside {ours.busy} busy programs", beside, 1)
    for name, values in beside.items():
        print(f"{name}: {values[1] / alone[name][1]:.2f} times as long as alone")
    return 0


if __name__ == "__main__":
    sys.exit(benchmark())
