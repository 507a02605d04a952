"""The tables of mistakes: each text earns its place, in two languages that say the same."""

import re

from submissions import SOLUTION, module
from support.gradient_check import calls, formulas, judge, mistakes, stumbles
from test_diagnosis import LAYER, WRONG, report

SINGLE = "THREE_AXES CONSTANT ABSENT RENAMED TWICE NO_RETURN NOT_RETURNED NOT_KEPT OTHER_NAME"


def pairs():
    """Yield (method or '', English, Chinese) of everything that is said of a mistake."""
    for (method, _), rows in mistakes.MISTAKES.items():
        for row in rows:
            yield method, *row[:2]
    for row in mistakes.RELATIONS:
        yield "", *row[:2]
    for row in stumbles.STUMBLES:
        yield "", *row[1:]
    for table in ("CHANGED", "TYPES", "FACTS", "REPAIRS_FIRST", "REPAIRS"):
        for pair in getattr(mistakes, table).values():
            yield "", *pair
    for pair in (stumbles.SIZE, stumbles.ONES, mistakes.LIMITED_FAR, mistakes.LIMITED_NAN):
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
    notes = [mistakes.WARNS, mistakes.FREES, mistakes.IN_FLOAT64, *mistakes.SITUATIONS.values()]
    notes += [mistakes.IN_PLACES, *mistakes.REMAINS.values(), stumbles.MEANT]
    notes += [*mistakes.REPAIRS_OF_THE_FIRST.values(), *mistakes.REPAIRS_OF_NUMBERS.values()]
    for _, english, chinese in [*pairs(), *(("", *pair) for pair in notes)]:
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
        for _, _, *texts in rows:
            for formula in texts:
                assert not all(formulas.match(formula, claim) for claim in claims), formula
