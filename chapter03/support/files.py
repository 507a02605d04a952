"""A file is the old or the new one at any moment, whatever happens while it is written."""

import contextlib
import os
import time
from pathlib import Path

WINDOWS_SECONDS = 2  # for a program that has the old file open, such as the drawing window


def replace_whole(path, content):
    """Make the bytes `content` the file `path`; OSError leaves what was there before."""
    path = Path(path)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # or a power cut could leave the new name without its content
        _rename(temporary, path)
    finally:
        with contextlib.suppress(OSError):
            os.remove(temporary)


def _rename(temporary, path):
    deadline = time.monotonic() + WINDOWS_SECONDS
    while True:
        try:
            os.replace(temporary, path)
            return
        except PermissionError:
            # Windows refuses while somebody has the file open; elsewhere it is a lack of rights.
            if os.name != "nt" or time.monotonic() > deadline:
                raise
            time.sleep(0.05)
