"""Say it in Chinese or English, whichever the user's computer speaks."""

import locale
import os
import sys


class UserError(Exception):
    """What the user can mend: the message, in both languages, says what happened and what to do."""

    def __init__(self, english, chinese):
        super().__init__(say(english, chinese))


def say(english, chinese):
    """Return the one of the two texts that the user reads; English if Chinese cannot be shown."""
    return chinese if is_chinese() else english


def percent(share, decimals=0):
    """Return a share from 0 to 1 as the user writes it: "98.9 %", and in Chinese "98.9%"."""
    number = f"{100 * share:.{decimals}f}"
    return say(f"{number} %", f"{number}%")


def is_chinese():
    """Return whether the user's language is Chinese and the console can print it."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        "中文".encode(encoding)
    except UnicodeEncodeError:
        return False
    return _language().lower().startswith(("zh", "chinese"))


def _language():
    """Return the user's language as the environment or else the system names it."""
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        if os.environ.get(name):
            return os.environ[name]
    return locale.getlocale()[0] or ""  # on Windows "Chinese (Simplified)_China"
