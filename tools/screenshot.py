"""Take a picture of the drawing window with a digit drawn in it.

    python tools/screenshot.py WEIGHTS PICTURE.png

The window opens on a virtual display and the digit is drawn by the display's pointer, so Xvfb and
xdotool must be installed, and nothing is seen on the screen.
"""

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import ImageGrab

SOLUTION = Path(__file__).resolve().parent.parent / "chapter03" / "solution"

# A 4 in two strokes, as points of a curve on a paper of 100 x 100.
DIGIT = (
    ((46, 16), (40, 30), (31, 47), (24, 58), (37, 57), (52, 55), (66, 53)),
    ((62, 28), (59, 45), (57, 62), (56, 84)),
)
MARGIN, PAPER = 12, 434  # in the window, in pixels


def take(weights):
    """Return a picture (PIL.Image.Image) of the window with a digit read by the network."""
    if not (shutil.which("Xvfb") and shutil.which("xdotool")):
        raise SystemExit("Error: Xvfb and xdotool are needed (apt install xvfb xdotool).")
    with _display() as display, tempfile.TemporaryDirectory() as folder:
        # A copy of the solution beside the weights opens them as its own, without naming a path.
        copy = shutil.copytree(SOLUTION, Path(folder, "solution"))
        Path(folder, "model", "solution").mkdir(parents=True)
        shutil.copy(weights, Path(folder, "model", "solution", "weights.npz"))
        environment = {**os.environ, "DISPLAY": display}
        command = [sys.executable, copy / "handwriting_canvas.py"]
        with subprocess.Popen(command, env=environment) as window:
            try:
                subprocess.run(["xdotool", *_moves()], env=environment, check=True, timeout=60)
                time.sleep(0.5)  # until the last movement is shown
                screen = ImageGrab.grab(xdisplay=display)
            finally:
                window.terminate()
    return screen.crop(screen.getbbox())  # the display around the window is black


@contextlib.contextmanager
def _display():
    read_end, write_end = os.pipe()
    command = ["Xvfb", "-displayfd", str(write_end), "-screen", "0", "1366x768x24", "-dpi", "96"]
    server = subprocess.Popen(command, pass_fds=[write_end], stderr=subprocess.DEVNULL)
    os.close(write_end)
    try:
        with open(read_end) as number:
            yield f":{number.readline().strip()}"
    finally:
        server.terminate()
        server.wait()


def _moves():
    """Return the arguments that let xdotool wait for the window and draw the digit in it."""
    words = ["search", "--sync", "--onlyvisible", "--name", "Draw a digit", "sleep", "0.5"]
    for stroke in DIGIT:
        points = (MARGIN + PAPER / 100 * _curve(np.array(stroke))).round().astype(int)
        for number, (x, y) in enumerate(points):
            words += ["mousemove", str(x), str(y), "sleep", "0.005"]
            words += ["mousedown", "1"] if number == 0 else []
        words += ["mouseup", "1"]
    return [*words, "mousemove", "1300", "700"]


def _curve(points, between=12):
    """Return points (m, 2) of a smooth curve through the given ones (k, 2), by Catmull and Rom."""
    p = np.concatenate([points[:1], points, points[-1:]])[:, None]
    t = np.linspace(0, 1, between, endpoint=False)[:, None]
    pieces = (
        p[1:-2]
        + t / 2 * (p[2:-1] - p[:-3])
        + t**2 / 2 * (2 * p[:-3] - 5 * p[1:-2] + 4 * p[2:-1] - p[3:])
        + t**3 / 2 * (3 * p[1:-2] - 3 * p[2:-1] + p[3:] - p[:-3])
    )
    return np.concatenate([pieces.reshape(-1, 2), points[-1:]])


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("weights", type=Path, metavar="WEIGHTS", help="the network that reads")
    parser.add_argument("picture", type=Path, metavar="PICTURE.png", help="where to write it")
    arguments = parser.parse_args(argv)
    take(arguments.weights).quantize(128).save(arguments.picture, optimize=True)
    print(f"{arguments.picture}: {arguments.picture.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
