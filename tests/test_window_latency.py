"""The benchmark of the window's latency, with a few events on a virtual display."""

import subprocess
import sys

import numpy as np
import pytest

import handwriting_canvas
import model
import virtual_display
from support import weights

BENCHMARK = handwriting_canvas.HERE.parent.parent / "benchmarks" / "window_latency.py"


@pytest.mark.skipif(virtual_display.MISSING is not None, reason=str(virtual_display.MISSING))
def test_each_event_is_timed_with_and_without_a_question(tmp_path):
    network = model.MLP(784, [8], 10, np.random.default_rng(0))
    weights.save(tmp_path / "weights.npz", network)
    command = [sys.executable, BENCHMARK, "--weights", tmp_path / "weights.npz", "--events", "5"]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert output.count("5 events on one core, ms:") == 2
    assert output.count("% take at most") == 8
