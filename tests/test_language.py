"""Which of the two languages is spoken."""

import ast
import io
import sys

import pytest

import make_startup
from support import language
from support.language import UserError, percent, say


@pytest.mark.parametrize(
    ("settings", "of_the_system", "chinese"),
    [
        ({"LANGUAGE": "zh_CN:en", "LC_ALL": "en_US.UTF-8"}, None, True),
        ({"LANGUAGE": "en:zh_CN", "LC_ALL": "zh_CN.UTF-8"}, None, False),
        ({"LC_ALL": "zh_CN.UTF-8", "LANG": "en_US.UTF-8"}, None, True),
        ({"LC_MESSAGES": "en_US", "LANG": "zh_CN.UTF-8"}, "zh_CN", False),
        ({"LANG": "zh_TW.UTF-8"}, "en_US", True),
        ({}, "Chinese (Simplified)_China", True),  # Windows
        ({}, "zh_CN", True),
        ({}, "English_United States", False),
        ({}, None, False),  # macOS, without a terminal
    ],
)
def test_the_first_setting_counts_then_the_system_s_own(
    settings, of_the_system, chinese, monkeypatch
):
    monkeypatch.delenv("LANGUAGE")
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(language.locale, "getlocale", lambda: (of_the_system, "UTF-8"))
    assert say("English", "中文") == ("中文" if chinese else "English")


def test_percent_signs_stand_close_in_chinese(monkeypatch):
    assert percent(0.98765) == "99 %"
    assert percent(0.98765, 2) == "98.77 %"
    monkeypatch.setenv("LANGUAGE", "zh_CN")
    assert percent(0.98765, 2) == "98.77%"


@pytest.mark.parametrize(
    ("encoding", "can_print"),
    [("utf-8", True), ("gbk", True), (None, True), ("latin-1", False), ("cp437", False)],
)
def test_a_console_that_cannot_print_chinese_gets_english(
    encoding, can_print, chinese, monkeypatch
):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding) if encoding else io.StringIO()
    monkeypatch.setattr(sys, "stdout", stream)
    assert str(UserError("English", "中文")) == ("中文" if can_print else "English")


def test_each_message_has_two_texts_with_the_same_placeholders():
    def placeholders(text):
        parts = [part for part in ast.walk(text) if isinstance(part, ast.FormattedValue)]
        return sorted(ast.unparse(part).replace("chinese", "english") for part in parts)

    for path in make_startup.CHAPTER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("say", "UserError"):
                if any(isinstance(text, ast.Starred | ast.Name) for text in node.args):
                    continue  # a pair of a table, or a text with a name
                english, chinese = map(placeholders, node.args)
                assert english == chinese, f"{path}:{node.lineno}"
