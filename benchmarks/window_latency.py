"""How long after a movement of the pen do the window's bars show it?

    python benchmarks/window_latency.py [--weights FILE] [--events N]

The window opens on a virtual display (Xvfb). Real pointer events draw digits in it, and each one is
timed from when it is sent to when the display has drawn the new bars and image. The display and
the window share one core.
"""

import argparse
import os
import sys
import time
from pathlib import Path

import solution  # noqa: F401 - lets the modules below be found

# isort: split
import numpy as np

import folders
import handwriting_canvas
import reader
import virtual_display

POINTS = 100  # of a digit


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--weights", type=Path, default=folders.weights_path(), metavar="FILE",
        help="the network (default: model/solution/weights.npz)",
    )  # fmt: skip
    parser.add_argument("--events", type=int, default=1000, metavar="N", help="default: 1000")
    arguments = parser.parse_args(argv)
    if virtual_display.MISSING:
        print(f"Error: {virtual_display.MISSING}", file=sys.stderr)
        return 1
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])
    try:
        network = reader.Reader(arguments.weights)
    except reader.ReaderError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    with virtual_display.virtual_display():
        milliseconds = 1000 * np.array(latencies(network, arguments.events))
    print(f"From a pointer event to the updated bars, {len(milliseconds)} events on one core, ms:")
    for name, value in (
        ("median", np.median(milliseconds)),
        ("90th percentile", np.percentile(milliseconds, 90)),
        ("99th percentile", np.percentile(milliseconds, 99)),
        ("longest", milliseconds.max()),
    ):
        print(f"{name:16}{value:6.2f}")
    return 0


def latencies(network, events):
    """Return the seconds from each of the pointer's movements to the bars that show it."""
    root = handwriting_canvas.new_root()
    window = handwriting_canvas.Window(root, network, "benchmark")
    pointer = virtual_display.Pointer()
    canvas = window.paper.canvas
    root.update()
    left, top, side = canvas.winfo_rootx(), canvas.winfo_rooty(), canvas.winfo_height()
    readings = []
    show = window.results.show
    window.results.show = lambda *result: readings.append(show(*result))
    seconds = []
    for event in range(events):
        angle = 2 * np.pi * event / POINTS
        if event % POINTS == 0:
            pointer.release()
            root.update()
            window.paper.clear()
        x = left + side * (0.5 + 0.2 * np.sin(2 * angle))
        y = top + side * (0.5 - 0.4 * np.cos(angle))
        if event % POINTS == 0:
            pointer.move(x - 1, y)
            pointer.press()
            root.update()
        readings.clear()
        start = time.perf_counter()
        pointer.move(x, y)
        while not readings:
            root.tk.dooneevent()
        root.update()
        root.winfo_pointerxy()  # the display answers when it has drawn all that came before
        seconds.append(time.perf_counter() - start)
    root.destroy()
    return seconds


if __name__ == "__main__":
    sys.exit(main())
