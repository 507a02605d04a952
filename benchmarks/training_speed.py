"""How fast is an epoch, and the whole command, beside PyTorch, scikit-learn and bare products?

    pip install -r benchmarks/requirements.txt
    python benchmarks/training_speed.py [--rounds 7] [--data_dir DIR]

Every contestant is a process of its own that trains the same network (784-256-128-10, sigmoid,
batch 64, SGD with momentum 0.9, float32) on the same 60,000 images. They take turns, an epoch
each, round by round, so that all meet the same weather on the machine; medians count. Prints
Markdown tables.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path

import solution

DIMS = [784, 256, 128, 10]
BATCH, LEARNING_RATE, MOMENTUM = 64, 0.01, 0.9
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


# Contestants: each function prepares its data and returns one that trains for an epoch.


def this_project(data_dir, dataset="mnist", dims=DIMS, batch=BATCH, share=1.0):
    import main  # before NumPy: it chooses the number of threads

    # isort: split
    import numpy as np
    from tqdm import tqdm

    import model
    from arguments import parse_training
    from data import Batches
    from jitter import Jitter
    from optimizer import SGD

    arguments = parse_training(["--dataset", dataset, "--data_dir", str(data_dir)])
    _, images, labels, *_ = main.load(arguments)
    images, labels = images[: int(share * len(images))], labels[: int(share * len(images))]
    rng = np.random.default_rng(0)
    network = model.MLP(dims[0], dims[1:-1], dims[-1], rng)
    loss_function = model.CrossEntropyLoss()
    batches = Batches(images, labels, batch, rng, Jitter(rng) if dataset == "auto" else None)
    optimizer = SGD(network.linears, LEARNING_RATE, MOMENTUM, steps=1000 * len(batches))
    return lambda: main.train_epoch(network, loss_function, optimizer, tqdm(batches, disable=True))


def everything_on(data_dir):
    return this_project(data_dir, "auto")


def _torch_training(data_dir):
    import torch
    from torch import nn

    import data

    images, labels, *_ = data.load_mnist(data_dir)
    images = torch.from_numpy(data.standardise(images))
    labels = torch.tensor(labels, dtype=torch.long)
    network = nn.Sequential(
        nn.Linear(DIMS[0], DIMS[1]), nn.Sigmoid(),
        nn.Linear(DIMS[1], DIMS[2]), nn.Sigmoid(),
        nn.Linear(DIMS[2], DIMS[3]),
    )  # fmt: skip
    loss_function = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(network.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM)

    def step(x, y):
        optimizer.zero_grad()
        loss_function(network(x), y).backward()
        optimizer.step()

    return images, labels, network, step


def torch_dataloader(data_dir):
    from torch.utils.data import DataLoader, TensorDataset

    images, labels, _, step = _torch_training(data_dir)
    batches = DataLoader(TensorDataset(images, labels), batch_size=BATCH, shuffle=True)

    def epoch():
        for x, y in batches:
            step(x, y)

    return epoch


def torch_index(data_dir):
    import torch

    images, labels, _, step = _torch_training(data_dir)

    def epoch():
        for rows in torch.randperm(len(images)).split(BATCH):
            step(images[rows], labels[rows])

    return epoch


def scikit_learn(data_dir):
    from sklearn.neural_network import MLPClassifier

    import data

    images, labels, *_ = data.load_mnist(data_dir)
    images = data.standardise(images)
    network = MLPClassifier(
        DIMS[1:-1], activation="logistic", solver="sgd", alpha=0, batch_size=BATCH,
        learning_rate_init=LEARNING_RATE, momentum=MOMENTUM, nesterovs_momentum=False,
    )  # fmt: skip
    return lambda: network.partial_fit(images, labels, classes=range(10))


def products_alone(data_dir):
    """The floor: forward, grad_W and, but for the first layer, grad_x; nothing else."""
    import numpy as np

    rng = np.random.default_rng(0)
    widths = list(pairwise(DIMS))
    values = [rng.normal(size=(BATCH, width)).astype(np.float32) for width in DIMS]
    grads = [rng.normal(size=(BATCH, width)).astype(np.float32) for width in DIMS]
    Ws = [rng.normal(size=shape).astype(np.float32) for shape in widths]
    grad_Ws = [np.empty_like(W) for W in Ws]

    def epoch():
        for _ in range(-(-60_000 // BATCH)):
            for i, W in enumerate(Ws):
                np.matmul(values[i], W, out=values[i + 1])
            for i in reversed(range(len(Ws))):
                np.matmul(values[i].T, grads[i + 1], out=grad_Ws[i])
                if i > 0:
                    np.matmul(grads[i + 1], Ws[i].T, out=grads[i])

    return epoch


def half_the_samples(data_dir):
    return this_project(data_dir, share=0.5)


def twice_the_hidden_units(data_dir):
    return this_project(data_dir, dims=[784, 512, 256, 10])


def four_times_the_batch(data_dir):
    return this_project(data_dir, batch=4 * BATCH)


class Contestant:
    """A process that trains for an epoch whenever it is told to."""

    def __init__(self, function, data_dir, threads=None):
        environment = dict(os.environ)
        if threads:
            environment |= dict.fromkeys(THREADS, str(threads))
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--contestant", function.__name__, "--data_dir", data_dir],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
        self.seconds = []

    def run_epoch(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            sys.exit(f"A contestant ended early: {' '.join(self.process.args)}")
        self.seconds.append(float(answer))

    def median(self):
        return statistics.median(self.seconds[1:])  # the first is for warming up


def serve(function, data_dir):
    """Run one epoch for each line on standard input and print its seconds."""
    epoch = function(data_dir)
    for _ in sys.stdin:
        start = time.perf_counter()
        epoch()
        print(time.perf_counter() - start, flush=True)


def compare(entries, data_dir, rounds):
    """Return {name: median seconds per epoch} of contestants that take turns."""
    contestants = {name: Contestant(function, data_dir, n) for name, (function, n) in entries}
    for _ in range(rounds + 1):
        for contestant in contestants.values():
            contestant.run_epoch()
    for contestant in contestants.values():
        contestant.process.stdin.close()
        contestant.process.wait()
    return {name: contestant.median() for name, contestant in contestants.items()}


def print_table(head, rows):
    for row in (head, ["---"] * len(head), *rows):
        print("| " + " | ".join(row) + " |")
    print(flush=True)


def print_epochs(data_dir, rounds):
    cores = os.cpu_count()
    project, floor = "this project", "products alone, 1 thread"
    entries = [
        (project, (this_project, None)),
        ("this project with pen digits and jitter", (everything_on, None)),
        ("PyTorch, `DataLoader`", (torch_dataloader, None)),
        ("PyTorch, indexed tensor", (torch_index, None)),
        ("scikit-learn, `MLPClassifier`", (scikit_learn, None)),
        (floor, (products_alone, 1)),
        ("products alone, 2 threads", (products_alone, 2)),
        (f"products alone, all {cores} threads", (products_alone, cores)),
    ]
    medians = compare(entries, data_dir, rounds)
    print_table(
        ["an epoch", "seconds", "this project takes"],
        [
            [name, f"{seconds:.2f}", f"{medians[project] / seconds:.2f} of it"]
            for name, seconds in medians.items()
        ],
    )


def print_growth(data_dir, rounds):
    project = "60,000 samples, 256 and 128 hidden units, batch 64"
    half = "half the samples"
    entries = [
        (project, (this_project, None)),
        (half, (half_the_samples, None)),
        ("twice the hidden units", (twice_the_hidden_units, None)),
        ("four times the batch", (four_times_the_batch, None)),
    ]
    medians = compare(entries, data_dir, rounds)
    # Multiplications per sample: forward, grad_W, and grad_x but for the first layer.
    arithmetic = {"twice the hidden units": _products([784, 512, 256, 10]) / _products(DIMS)}
    arithmetic[half] = 0.5
    print_table(
        ["one thing changed", "seconds an epoch", "time", "arithmetic"],
        [
            [name, f"{s:.2f}", f"x {s / medians[project]:.2f}", f"x {arithmetic.get(name, 1):.2f}"]
            for name, s in medians.items()
        ],
    )


def _products(dims):
    pairs = [d * m for d, m in pairwise(dims)]
    return 3 * sum(pairs) - pairs[0]


def torch_script(data_dir, folder, epochs):
    """The whole job as one would write it with PyTorch: load, train, test, save, plot."""
    import torch
    from matplotlib import pyplot as plt
    from torch.utils.data import DataLoader, TensorDataset

    import data

    images, labels, network, step = _torch_training(data_dir)
    *_, test_images, test_labels = data.load_mnist(data_dir)
    test_images = torch.from_numpy(data.standardise(test_images))
    test_labels = torch.tensor(test_labels, dtype=torch.long)
    batches = DataLoader(TensorDataset(images, labels), batch_size=BATCH, shuffle=True)
    history = []
    for epoch in range(1, epochs + 1):
        for x, y in batches:
            step(x, y)
        with torch.no_grad():
            logits = network(test_images)
            loss = torch.nn.functional.cross_entropy(logits, test_labels).item()
            accuracy = (logits.argmax(1) == test_labels).float().mean().item()
        history.append(loss)
        torch.save(network.state_dict(), Path(folder) / "weights.pt")
        plt.plot(history)
        plt.savefig(Path(folder) / "loss.png")
        plt.close()
        print(f"epoch {epoch} test loss {loss:.4f} accuracy {accuracy:.4f}")


def print_whole_commands(data_dir, rounds):
    with tempfile.TemporaryDirectory() as folder:
        main = [sys.executable, str(solution.FOLDER / "main.py"), "--data_dir", str(data_dir)]
        commands = {
            "main.py, 20 epochs, everything on": [*main, "--model_dir", folder],
            "main.py, 40 epochs": [*main, "--model_dir", folder, "--epochs", "40"],
            "PyTorch script, 20 epochs of MNIST": [
                sys.executable, __file__, "--torch_script", folder, "--data_dir", str(data_dir),
            ],
            "main.py --check_only": [*main, "--check_only"],
        }  # fmt: skip
        results = {name: [] for name in commands}
        for _ in range(rounds):
            for name, command in commands.items():
                results[name].append(_run(command))
    ours = statistics.median(s for s, _ in results["main.py, 20 epochs, everything on"])
    rows = []
    for name, runs in results.items():
        seconds = statistics.median(s for s, _ in runs)
        peak = max(peak for _, peak in runs)
        share = "" if "--check_only" in name else f"{ours / seconds:.2f} of it"
        rows.append([name, f"{seconds:.2f}", share, f"{peak:.0f} MB"])
    print_table(["a whole command", "seconds", "main.py's 20 epochs take", "peak memory"], rows)


def _run(command):
    """Return the wall time (s) and the peak memory (MB; 0 on Windows, which does not tell)."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    if os.name == "nt":
        process.wait()
        return time.perf_counter() - start, 0
    _, _, usage = os.wait4(process.pid, 0)
    kilobyte = 1024 if sys.platform != "darwin" else 1
    return time.perf_counter() - start, usage.ru_maxrss * kilobyte / 1e6


def main():
    from folders import DATA_DIR

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--rounds", type=int, default=7, help="epochs of each (default: 7; 0: none)"
    )
    parser.add_argument(
        "--commands", type=int, default=3, help="whole runs of each (default: 3; 0: none)"
    )
    parser.add_argument("--data_dir", default=str(DATA_DIR), metavar="DIR")
    parser.add_argument("--contestant", help=argparse.SUPPRESS)
    parser.add_argument("--torch_script", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.contestant:
        return serve(globals()[arguments.contestant], arguments.data_dir)
    if arguments.torch_script:
        return torch_script(arguments.data_dir, arguments.torch_script, epochs=20)
    # Not imported: a command started from here would be charged with their memory.
    missing = [name for name in ("torch", "sklearn") if find_spec(name) is None]
    if missing:
        sys.exit(f"{' and '.join(missing)} missing: pip install -r benchmarks/requirements.txt")
    if arguments.rounds:
        print_epochs(arguments.data_dir, arguments.rounds)
        print_growth(arguments.data_dir, arguments.rounds)
    if arguments.commands:
        print_whole_commands(arguments.data_dir, arguments.commands)


if __name__ == "__main__":
    main()
