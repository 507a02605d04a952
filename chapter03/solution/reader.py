"""The network that reads drawings, replaced as soon as training has written a newer one."""

import os
import traceback
from pathlib import Path

import numpy as np

import gradient_check
import storage
import strokes

# Of 7,494 digits that 30 people wrote with a pen, 5 in 100 get no higher probability than this, and
# three quarters of the misread ones are among them. Of the others, 99.4 % are read rightly.
SURE = 0.8

DATASETS = {"mnist": "MNIST", "mnist+pen": "MNIST and pen digits", "pen": "pen digits"}


class ReaderError(Exception):
    """There is no network that can read; the message says why and what to do."""


class Reader:
    """The network that this folder's model.py makes of the weights file at `path`.

    ReaderError is raised if model.py or the file is missing, damaged or does not read digits.
    """

    def __init__(self, path):
        self.path = path
        self._version = self._version_on_disk()
        try:
            self._model = gradient_check.import_model()
            self._network, self.meta = self._load()
        except gradient_check.ModelError as error:
            raise ReaderError(str(error)) from None
        except storage.WeightsError as error:
            raise ReaderError(f"{error}{_blanks(self._model)}") from None

    def read(self, drawing):
        """Return the probabilities (10,) of the digits for a list of strokes (k, 2)."""
        return _read(self._network, drawing)

    def refresh(self):
        """Load the file again if it has changed, and return whether it has.

        If it is of no use any more, ReaderError is raised, once; the network stays as it was.
        """
        version = self._version_on_disk()
        if version == self._version:
            return False
        self._version = version
        try:
            self._network, self.meta = self._load()
        except storage.WeightsError as error:
            raise ReaderError(str(error)) from None
        return True

    def describe(self):
        """Return what the network was trained on, for how long and how well, as far as known."""
        dataset = self.meta.get("dataset", "unknown data")
        facts = [f"trained on {DATASETS.get(dataset, dataset[:40])}"]
        if "epoch" in self.meta:
            facts.append(f"epoch {self.meta['epoch']}")
        if "test_accuracy" in self.meta:
            facts.append(f"test accuracy {100 * self.meta['test_accuracy']:.2f} %")
        return " · ".join(facts)

    def _load(self):
        network, meta = self._model.MLP.load(self.path)
        dims = meta["dims"]
        if (dims[0], dims[-1]) != (strokes.SIDE**2, 10):
            raise storage.WeightsError(
                f"{self.path} holds a network of sizes {'-'.join(map(str, dims))}; to read digits "
                "it must take 784 pixels and give 10 probabilities."
            )
        _read(network, [])
        return network, meta

    def _version_on_disk(self):
        try:
            stat = os.stat(self.path)
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_size, stat.st_ino


def verdict(probabilities):
    """Return in two short texts what the probabilities (10,) say, such as ("4", "99 % sure")."""
    second, first = np.argsort(probabilities)[-2:]
    if probabilities[first] < SURE:
        return f"{first} or {second}?", "not sure"
    return f"{first}", f"{percent(probabilities[first])} sure"


def percent(probability):
    return f"{100 * probability:.0f} %"


def _read(network, drawing):
    try:
        probabilities = np.asarray(strokes.read(network, drawing), dtype=np.float64)
        if probabilities.shape != (10,) or not np.isfinite(probabilities).all():
            raise ValueError("the result is not ten probabilities")
    except Exception as error:
        calls = traceback.extract_tb(error.__traceback__)
        lines = [call.lineno for call in calls if Path(call.filename).name == "model.py"]
        where = f"model.py, line {lines[-1]}" if lines else "model.py"
        raise ReaderError(f"{where} cannot read: {type(error).__name__}: {error}.") from None
    return np.clip(probabilities, 0, 1)


def _blanks(model):
    """Return a sentence that names the methods of model.py which are to be filled in next."""
    names = [result.name for result in gradient_check.run(model) if result.state == "TODO"]
    return f" Still blank in model.py: {', '.join(names)}." if names else ""
