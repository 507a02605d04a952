"""The tables of mistakes: each text earns its place, in two languages that say the same."""

import ast
import re

import make_startup
from submissions import SOLUTION, module
from support.gradient_check import calls, diagnosis, judge, mistakes
from test_diagnosis import LAYER, WRONG, report

SINGLE = "SIZE ONES THREE_AXES CONSTANT ABSENT NO_RETURN NOT_RETURNED NOT_KEPT OTHER_NAME"


def pairs():
    """Yield (method or '', English, Chinese) of everything that is said of a mistake."""
    for (method, _), rows in mistakes.MISTAKES.items():
        for row in rows:
            yield method, *row[:2]
    for row in mistakes.RELATIONS:
        yield "", *row[:2]
    for row in mistakes.STUMBLES:
        yield "", *row[1:]
    for table in ("CHANGED", "TYPES", "FACTS"):
        for pair in getattr(mistakes, table).values():
            yield "", *pair
    for name in SINGLE.split():
        yield "", *getattr(mistakes, name)[:2]


def test_every_text_of_the_tables_is_said_of_some_submission():
    reports = [(submission.blamed, report(submission)[1]) for submission in WRONG]
    unsaid = []
    for method, english, _ in pairs():
        pattern = re.sub(r"\\\{.*?\\\}", ".*", re.escape(english))
        texts = [text for blamed, text in reports if method in ("", blamed)]
        if not any(re.match(pattern, text) for text in texts):
            unsaid.append((method, english))
    assert not unsaid, "\n".join(map(str, unsaid))


def test_both_languages_say_the_same_places_and_chinese_has_its_own_punctuation():
    for _, english, chinese in pairs():
        places = [sorted(re.findall(r"\{\w+", text)) for text in (english, chinese)]
        assert places[0] == places[1], english
        assert re.search("[\u4e00-\u9fff]", chinese)
        assert not re.search("[\u4e00-\u9fff][,;:?!.()A-Za-z0-9]", chinese), chinese
        assert not re.search("[,;:?!()A-Za-z0-9][\u4e00-\u9fff]", chinese), chinese


def test_no_formula_of_the_table_is_right():
    model = module(SOLUTION)
    for (name, result), rows in mistakes.MISTAKES.items():
        layer, _, method = name.partition(".")
        right = tuple(calls.in_a_row(model, LAYER[layer], method))
        claims = [judge.FaultError("value", "", result, call=call, calls=right) for call in right]
        for _, _, *formulas in rows:
            for formula in formulas:
                assert not all(diagnosis.match(formula, claim) for claim in claims), formula


def test_each_message_has_two_texts_with_the_same_placeholders():
    def placeholders(text):
        parts = [part for part in ast.walk(text) if isinstance(part, ast.FormattedValue)]
        return sorted(ast.unparse(part).replace("chinese", "english") for part in parts)

    for path in make_startup.CHAPTER.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in ("say", "UserError"):
                if isinstance(node.args[0], ast.Starred):  # a pair of a table
                    continue
                english, chinese = map(placeholders, node.args)
                assert english == chinese, f"{path}:{node.lineno}"
