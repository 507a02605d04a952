"""How long after a movement of the pen do the window's bars show it?

    python benchmarks/window_latency.py [--weights FILE] [--events N]

Real pointer events draw digits on a virtual display (Xvfb), which shares one core with the window.
Each one is timed from when it is sent to when the display has drawn the new bars and images: first
while nothing is asked, then while the key of a digit asks what would make the drawing that digit.
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

EVENTS_PER_DIGIT = 100


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", type=Path, default=canvas.WEIGHTS, metavar="FILE")
    parser.add_argument("--events", type=int, default=1000, metavar="N", help="default: 1000")
    options = parser.parse_args(argv)

    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:1])
    reader = canvas.Reader(gradient_check.load(canvas.HERE / "model.py"), options.weights)
    with virtual_display.virtual_display():
        root = window.new_root("benchmark")
        opened = canvas.Window(root, reader)
        root.update()
        for asked in (None, 7):
            if asked is not None:
                opened.results.press(asked)
            milliseconds = 1000 * np.array(latencies(opened, options.events))
            while_asked = "" if asked is None else f" while {asked} is asked"
            print(
                f"From a pointer event to the updated bars{while_asked}, "
                f"{len(milliseconds)} events on one core, ms:"
            )
            for percent in (50, 90, 99, 100):
                print(f"{percent:3} % take at most{np.percentile(milliseconds, percent):7.2f}")


def latencies(opened, events):
    """Return the seconds from each of the pointer's movements to what shows it in a Window."""
    root = opened.root
    paper = opened.paper.canvas
    left = paper.winfo_rootx()
    top = paper.winfo_rooty()
    side = paper.winfo_height()
    pointer = virtual_display.Pointer()
    shown = []
    update = opened.update
    opened.update = lambda: shown.append(update())

    seconds = []
    for event in range(events):
        angle = 2 * np.pi * event / EVENTS_PER_DIGIT
        x = left + side * (0.5 + 0.2 * np.sin(2 * angle))
        y = top + side * (0.5 - 0.4 * np.cos(angle))
        if event % EVENTS_PER_DIGIT == 0:  # the next digit
            pointer.press(down=False)
            root.update()
            opened.paper.clear()
            pointer.move(x - 1, y)
            pointer.press()
            root.update()

        shown.clear()
        start = time.perf_counter()
        pointer.move(x, y)
        while not shown:
            root.tk.dooneevent()
        root.update()
        root.winfo_pointerxy()  # the display answers when it has drawn all that came before
        seconds.append(time.perf_counter() - start)
    pointer.press(down=False)
    opened.update = update
    return seconds


if __name__ == "__main__":
    sys.exit(console.run(main))
