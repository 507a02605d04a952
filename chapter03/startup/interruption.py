"""Ctrl-C ends a command at once with one line and exit code 130, wherever it strikes.

Python's own way, raising KeyboardInterrupt in whatever runs, gets lost in places: NumPy then calls
its installation broken, matplotlib a class wrong. To leave on the spot does no harm, since every
file that the course writes is whole or not there at any moment.
"""

import contextlib
import os
import signal
import sys


def leave_at_ctrl_c():
    """Let Ctrl-C end this process, unless it was started with Ctrl-C ignored, as nohup does."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave)


def _leave(*_):
    with contextlib.suppress(Exception):  # it may have struck in the middle of a print
        sys.stdout.flush()
    line = b"Interrupted. What was finished before is in place.\n"
    with contextlib.suppress(OSError):
        if os.isatty(2):  # there may be a bar on the line
            line = b"\r" + b" " * (os.get_terminal_size(2).columns - 1) + b"\r" + line
        os.write(2, line)
    os._exit(130)
