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
    server = subprocess.Popen(
        [
            XVFB,
            "-displayfd",
            "1",
            "-screen",
            "0",
            f"{width}x{height}x24",
            "-dpi",
            str(dpi),
            "-terminate",
            "-nolisten",
            "tcp",
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    before = os.environ.get("DISPLAY")
    try:
        os.environ["DISPLAY"] = f":{server.stdout.readline().strip()}"
        yield
    finally:
        os.environ.pop("DISPLAY")
        if before is not None:
            os.environ["DISPLAY"] = before
        server.terminate()
        server.communicate()


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

    def key(self, *names):
        """Press keys together, such as "Control_L", "z", and release them."""
        for down in (True, False):
            for name in names:
                keysym = ctypes.c_ulong(self._x11.XStringToKeysym(name.encode()))
                code = self._x11.XKeysymToKeycode(self._display, keysym)
                self._xtst.XTestFakeKeyEvent(self._display, code, down, ctypes.c_ulong(0))
        self._sync()

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

        with subprocess.Popen([sys.executable, SCRIPT, "--weights", shown], cwd=folder) as window:
            try:
                while not ImageGrab.grab().getbbox():  # black until the window stands there
                    if window.poll() is not None:
                        raise SystemExit(window.returncode)
                time.sleep(1)
                for stroke in FOUR:
                    for x, y in stroke:
                        pointer.move(MARGIN + PAPER / 100 * x, MARGIN + PAPER / 100 * y)
                        pointer.press()
                        time.sleep(0.05)  # Tk leaves out movements that come faster
                    pointer.press(down=False)
                pointer.move(1300, 700)
                time.sleep(1)  # until the last movement is shown
                picture = ImageGrab.grab()
            finally:
                window.terminate()
    picture.crop(picture.getbbox()).quantize(128).save(path, optimize=True)
