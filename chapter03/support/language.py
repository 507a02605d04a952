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


def is_chinese():
    """Return whether the user's language is Chinese and the console can print it."""
    settings = [os.environ.get(name) for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")]
    setting = next(filter(None, settings), None) or locale.getlocale()[0] or ""
    try:
        "中文".encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        return False
    return setting.lower().startswith(("zh", "chinese"))
