"""A display that nobody sees, with a pointer and keys moved by a program: Xvfb and XTEST."""

import contextlib
import ctypes
import os
import shutil
import subprocess
from ctypes.util import find_library

XVFB, XTEST = shutil.which("Xvfb"), find_library("Xtst")
MISSING = None if XVFB and XTEST else "Xvfb or libXtst is not installed (apt install xvfb xdotool)"


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
