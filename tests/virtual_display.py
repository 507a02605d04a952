"""A display that nobody sees, with a pointer and keys moved by a program: Xvfb and XTEST."""

import contextlib
import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
import time
from ctypes.util import find_library
from pathlib import Path

import numpy as np

SCRIPT = Path(__file__).resolve().parents[1] / "chapter03" / "solution" / "handwriting_canvas.py"

XVFB, XTEST = shutil.which("Xvfb"), find_library("Xtst")
MISSING = None if XVFB and XTEST else "Xvfb or libXtst is not installed (apt install xvfb xdotool)"

# A 4 in two strokes, drawn by hand on a paper of 100 x 100.
FOUR = (
    ((46, 16), (40, 30), (31, 47), (24, 58), (37, 57), (52, 55), (66, 53)),
    ((62, 28), (59, 45), (57, 62), (56, 84)),
)
MARGIN, PAPER = 12, 470  # in the window, in pixels


@contextlib.contextmanager
def virtual_display(width=1366, height=768, dpi=96):
    """Start a display of this size and let DISPLAY name it inside the `with` block.

    It ends with the block, or before, when the last program that has used it has ended.
    """
    read_end, write_end = os.pipe()
    server = subprocess.Popen(
        [XVFB, "-displayfd", str(write_end), "-screen", "0", f"{width}x{height}x24",
         "-dpi", str(dpi), "-terminate", "-nolisten", "tcp"],
        pass_fds=[write_end], stderr=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(write_end)
    before = os.environ.get("DISPLAY")
    try:
        with open(read_end) as number:
            os.environ["DISPLAY"] = f":{number.readline().strip()}"
        yield
    finally:
        os.environ.pop("DISPLAY")
        if before is not None:
            os.environ["DISPLAY"] = before
        server.terminate()
        server.wait()


class Pointer:
    """The mouse and the keyboard of the display: what they do has happened when a method returns.

    An X client that asks the server anything afterwards has been sent the events before.
    """

    def __init__(self):
        self._x11, self._xtst = ctypes.CDLL(find_library("X11")), ctypes.CDLL(XTEST)
        self._x11.XOpenDisplay.restype = ctypes.c_void_p
        self._x11.XStringToKeysym.restype = ctypes.c_ulong
        self._display = ctypes.c_void_p(self._x11.XOpenDisplay(None))

    def move(self, x, y):
        self._xtst.XTestFakeMotionEvent(self._display, -1, int(x), int(y), ctypes.c_ulong(0))
        self._sync()

    def press(self, button=1, down=True):
        self._xtst.XTestFakeButtonEvent(self._display, button, down, ctypes.c_ulong(0))
        self._sync()

    def release(self, button=1):
        self.press(button, down=False)

    def key(self, *names):
        """Press keys together, such as "Control_L", "z", and release them."""
        codes = [self._code(name) for name in names]
        for code in codes:
            self._xtst.XTestFakeKeyEvent(self._display, code, True, ctypes.c_ulong(0))
        for code in reversed(codes):
            self._xtst.XTestFakeKeyEvent(self._display, code, False, ctypes.c_ulong(0))
        self._sync()

    def _code(self, name):
        keysym = self._x11.XStringToKeysym(name.encode())
        return self._x11.XKeysymToKeycode(self._display, ctypes.c_ulong(keysym))

    def _sync(self):
        self._x11.XSync(self._display, False)


def take_picture(path, weights):
    """Make `path` a PNG of the window in which the network in `weights` reads a drawn 4."""
    from PIL import ImageGrab  # comes with matplotlib; only pictures need it

    with virtual_display(), tempfile.TemporaryDirectory() as folder:
        # So that the window shows the path that a student's window shows.
        shown = Path("model", "solution", "weights.npz")
        (folder / shown).parent.mkdir(parents=True)
        shutil.copy(weights, folder / shown)
        pointer = Pointer()

        def screen():
            return ImageGrab.grab(xdisplay=os.environ["DISPLAY"])

        with subprocess.Popen(
            [sys.executable, SCRIPT, "--weights", str(shown)], cwd=folder
        ) as window:
            try:
                while not screen().getbbox():  # black until the window stands there
                    if window.poll() is not None:
                        raise SystemExit(window.returncode)
                    time.sleep(0.1)
                time.sleep(1)
                for stroke in FOUR:
                    for number, (x, y) in enumerate(MARGIN + PAPER / 100 * _curve(stroke)):
                        pointer.move(round(x), round(y))
                        if number == 0:
                            pointer.press()
                        time.sleep(0.005)
                    pointer.release()
                pointer.move(1300, 700)
                time.sleep(1)  # until the last movement is shown
                picture = screen()
            finally:
                window.terminate()
    picture.crop(picture.getbbox()).quantize(128).save(path, optimize=True)


def _curve(points, between=12):
    """Return points (m, 2) of a smooth curve through the given ones (k, 2), by Catmull and Rom."""
    points = np.array(points)
    p = np.concatenate([points[:1], points, points[-1:]])[:, None]
    t = np.linspace(0, 1, between, endpoint=False)[:, None]
    pieces = (
        p[1:-2]
        + t / 2 * (p[2:-1] - p[:-3])
        + t**2 / 2 * (2 * p[:-3] - 5 * p[1:-2] + 4 * p[2:-1] - p[3:])
        + t**3 / 2 * (3 * p[1:-2] - 3 * p[2:-1] + p[3:] - p[:-3])
    )
    return np.concatenate([pieces.reshape(-1, 2), points[-1:]])
