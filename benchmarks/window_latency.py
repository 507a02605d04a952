"""How long after a movement of the pen do the window's bars show it?

    python benchmarks/window_latency.py [--weights FILE] [--events N]

Real pointer events draw digits on a virtual display (Xvfb), which shares one core with the window.
Each one is timed from when it is sent to when the display has drawn the new bars and images.
"""

import os
import sys

FOLDER = os.path.dirname(os.path.realpath(__file__))
sys.path[:0] = [
    os.path.join(FOLDER, "..", name) for name in ("chapter03", "chapter03/solution", "tests")
]
from support import console  # isort: split

import argparse
import time
from pathlib import Path

import numpy as np

import handwriting_canvas as canvas
import virtual_display
from support import gradient_check, window


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", type=Path, default=canvas.WEIGHTS, metavar="FILE")
    parser.add_argument("--events", type=int, default=1000, metavar="N", help="default: 1000")
    options = parser.parse_args(argv)
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])
    reader = canvas.Reader(gradient_check.load(canvas.HERE / "model.py"), options.weights)
    with virtual_display.virtual_display():
        milliseconds = 1000 * np.array(latencies(reader, options.events))
    print(f"From a pointer event to the updated bars, {len(milliseconds)} events on one core, ms:")
    for percent in (50, 90, 99, 100):
        print(f"{percent:3} % take at most{np.percentile(milliseconds, percent):7.2f}")


def latencies(reader, events):
    """Return the seconds from each of the pointer's movements to the bars that show it."""
    root = window.new_root("benchmark")
    opened = canvas.Window(root, reader)
    pointer, paper = virtual_display.Pointer(), opened.paper.canvas
    root.update()
    left, top, side = paper.winfo_rootx(), paper.winfo_rooty(), paper.winfo_height()
    readings, seconds = [], []
    show = opened.results.show
    opened.results.show = lambda *result: readings.append(show(*result))
    for event in range(events):
        angle = 2 * np.pi * event / 100
        x = left + side * (0.5 + 0.2 * np.sin(2 * angle))
        y = top + side * (0.5 - 0.4 * np.cos(angle))
        if event % 100 == 0:  # the next digit
            pointer.press(down=False)
            root.update()
            opened.paper.clear()
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
    sys.exit(console.run(main))
