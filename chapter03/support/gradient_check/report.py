"""The report on the methods: the list, the next one to correct or to write, what to do."""

import json
import os
import re
import shutil
import sys
import unicodedata
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from support.console import is_terminal, shown
from support.gradient_check import diagnosis, judge, limits, source
from support.gradient_check.layers import LAYERS, METHODS
from support.gradient_check.network import check_network
from support.language import UserError, is_chinese, say

TIME_LIMIT = 4  # seconds for one method, which needs a few milliseconds
WIDEST = 100  # columns: longer lines are hard to read
NAMES = [f"{layer.name}.{method}" for layer in LAYERS for method in METHODS]
SECTION_OF_THE_NETWORK = 7


@dataclass
class Result:
    """The state of one method or of the whole network."""

    name: str
    section: int  # of the handout
    place: limits.Place
    formula: str = ""
    state: str = "PASS"  # or FAIL, TODO, WAITS
    note: str = ""  # a remark on a PASS
    waits_for: str = ""
    fault: judge.FaultError | None = None  # of a FAIL
    looks_like: str = ""  # what is said of the fault, of the next FAIL alone
    example: str = ""
    to_correct: tuple = ()  # (name, Place) of the method that is to blame, if it is another


def network_name():
    """Return what the row after the methods is called."""
    return say("the whole network", "整个网络")


def run(model, report=None):
    """Check the module `model`, print the report, and return whether everything is right.

    With a path `report`, the report is also written there, as JSON.
    """
    with limits.limited_prints(model) as prints:
        checked = results(model)
    _print_report(checked, prints, source.second_files(model.__file__))
    if report is not None:
        _save(report, _as_json(checked))
    return all(result.state == "PASS" for result in checked)


def _save(path, content):
    try:
        Path(path).write_text(content, encoding="utf-8")
    except OSError as error:
        why = error.strerror
        raise UserError(
            f"{shown(path)} could not be written: {why}. Choose another place for --report.",
            f"无法写入 {shown(path)}：{why}。请为 --report 换一个位置。",
        ) from None


def results(model):
    """Return the Results of the methods in the handout's order, and of the network.

    Only of what is next it is said what it looks like.
    """
    checked = []
    for layer in LAYERS:
        forward = _checked(model, layer, "forward")
        checked.append(forward)
        if forward.state == "PASS":
            backward = _checked(model, layer, "backward")
            if forward.note:
                backward.note = ""  # most often the same again
        else:
            backward = _unchecked(model, layer, "backward")
            backward.state, backward.waits_for = "WAITS", forward.name
        checked.append(backward)
    checked.append(_checked_network(model, checked))

    following = next_of(checked)
    if following and following.fault and following.state == "FAIL":
        _explain(following, model)
    return checked


def next_of(checked):
    """Return the Result that is next to be corrected or written, or None."""
    for result in checked:
        if result.state in ("FAIL", "TODO"):
            return result
    return None


def _unchecked(model, layer, method):
    name = f"{layer.name}.{method}"
    formula = layer.forward if method == "forward" else layer.backward
    return Result(name, layer.section, _place(model.__file__, name), formula)


def _checked(model, layer, method):
    result = _unchecked(model, layer, method)
    _check(result, model, partial(judge.check_method, model, layer, method))
    return result


def _checked_network(model, methods):
    result = Result(network_name(), SECTION_OF_THE_NETWORK, _place(model.__file__, "MLP.forward"))
    if all(method.state == "PASS" for method in methods):
        _check(result, model, partial(check_network, model))
    else:
        result.state = "WAITS"
        result.waits_for = say(f"all {len(NAMES)}", f"以上 {len(NAMES)} 个方法")
    return result


def _place(path, name):
    lines = source.lines_of(path)
    class_name = name.partition(".")[0]
    return limits.Place(path, lines.get(name, lines.get(class_name, 1)))


def _check(result, model, check):
    """Call `check`, which returns a note or raises FaultError, and put down what comes of it."""
    try:
        result.note = limits.run_limited(check, TIME_LIMIT, model.__file__)
        return
    except judge.FaultError as fault:
        result.fault = fault
    except limits.OutOfTimeError as error:
        place = error.place or result.place
        text = say(
            f"still running after {TIME_LIMIT} seconds in `{place.source}`",
            f"运行 {TIME_LIMIT} 秒还没有结束，停在 `{place.source}`",
        )
        if error.library:
            text += say(f"; {error.library} was at work", f"，当时在运行的是 {error.library}")
        kind = "endless" if source.endless_loop(error.places) else "time"
        result.fault = judge.FaultError(kind, text, place=place)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        # Whatever a method does, the student sees neither a traceback of ours nor a PASS.
        unusable = say("what it returned cannot be used: ", "返回的结果无法使用：")
        result.fault = judge.FaultError("unusable", unusable + limits.message_of(error))
    result.state = "TODO" if result.fault.kind == "blank" else "FAIL"
    result.place = result.fault.place or result.place


def _explain(result, model):
    """Put down what a FAIL looks like, or else an example."""
    run_limited = partial(limits.run_limited, limit=TIME_LIMIT, path=model.__file__)
    # The student's code is called once more. A report without an explanation is better than none;
    # the tests call diagnosis themselves, so that what it raises does not hide here.
    try:
        explanation = run_limited(partial(diagnosis.explain, result.fault))
    except Exception:
        return
    result.looks_like, result.example, name = explanation
    if name:
        result.to_correct = name, _place(model.__file__, name)


def _as_json(checked):
    rows = []
    for result in checked:
        rows.append(
            {
                "name": result.name,
                "state": result.state,
                "place": str(result.place),
                "section": result.section,
                "note": result.note,
                "seen": result.fault.seen if result.fault else "",
                "looks_like": result.looks_like,
                "example": result.example,
            }
        )
    content = {"done": done(checked), "total": len(NAMES), "results": rows}
    return json.dumps(content, indent=1)  # in ASCII: a student's message may hold any character


def done(checked):
    """Return how many methods are right; the network is not counted."""
    return sum(result.state == "PASS" for result in checked[:-1])


def _print_report(checked, prints, second_files):
    """Print the list, the count, the notes if nothing fails, and what is next."""
    for result in checked:
        print(_row(result))
    print(say(f"\n{done(checked)} of {len(NAMES)} done", f"\n已完成 {done(checked)}/{len(NAMES)}"))
    if prints:
        _print_note_on_prints(prints)
    for name in second_files:
        _print_note_on_second_file(name)
    if all(result.state != "FAIL" for result in checked):
        for result in checked:
            if result.note:
                head = say("\nNote on ", "\n提示：")
                print(f"{head}{result.name}{say(', ', '  ')}{result.place}")
                print(_paragraph("  ", result.note))
    following = next_of(checked)
    if following and following.state == "TODO":
        _print_todo(following)
    elif following:
        _print_fail(following)


def _row(result):
    """Return a row of the list; what waits has no place yet, so that no row wraps."""
    mark = _coloured(f"{result.state:5}", result.state)
    name = result.name + " " * (25 - _columns(result.name))
    if result.state == "WAITS":
        needs = say(f"(needs {result.waits_for})", f"（需先通过：{result.waits_for}）")
        return f"  {mark}  {name} {needs}"
    place = str(result.place)
    if _columns(f"  PASS   {name} {place}") > _width():
        place = f"{Path(result.place.path).name}:{result.place.line}"
    return f"  {mark}  {name} {place}"


def _print_note_on_prints(prints):
    """Say where the student's code prints, and how often."""
    count, place = prints.total(), next(iter(prints))
    english, chinese = f"printed {count} times", f"print 了 {count} 次"
    if count > limits.SHOWN_PRINTS:
        english += f", of which {limits.SHOWN_PRINTS} are shown"
        chinese += f"（只显示了前 {limits.SHOWN_PRINTS} 次）"
    print(say("\nNote on ", "\n提示：") + str(place))
    print(say(f"  {english}: remove it.", f"  {chinese}，请删掉。"))


def _print_note_on_second_file(name):
    note_on = say("\nNote on ", "\n提示：")
    note = say(
        "model.py imports it, but only model.py is handed in: move what it needs into model.py.",
        "model.py 导入了它，但只交 model.py：请把用到的代码移进 model.py。",
    )
    print(f"{note_on}{name}")
    print(_paragraph("  ", note))


def _section(result):
    return say(f"chapter03/README.en.md section {result.section}", f"讲义第 {result.section} 节")


def _print_todo(result):
    name = result.name
    section = _section(result)
    print(
        say(
            f"\nNext: write {name}, {result.place} ({section}), and run this again.",
            f"\n下一步：写 {name}（{section}），再运行一次。位置是 {result.place}",
        )
    )


def _print_fail(result):
    """Print what is known of a FAIL, and that it is the next to be corrected."""
    name = result.name
    if result.fault.kind == "init":
        name = name.partition(".")[0] + ".__init__"
    where = f"{name}{say(', ', '  ')}{result.place}"
    print(f"\n{_coloured('FAIL', 'FAIL')}  {where}")
    paragraphs = [
        (say("  Seen:        ", "    现象：    "), result.fault.seen),
        (say("  Looks like:  ", "    可能原因："), result.looks_like),
        (say("  Example:     ", "    小例子：  "), result.example),
        (say("  Read:        ", "    参考：    "), f"{_section(result)}\n{result.formula}"),
    ]
    for head, text in paragraphs:
        if text:
            print(_paragraph(head, text))
    place = result.place
    if result.to_correct:
        name, place = result.to_correct
    print(
        say(
            f"\nNext: correct {name}, {place}, and run this again.",
            f"\n下一步：改正 {name}，再运行一次。位置是 {place}",
        )
    )


def _width():
    """Return how many columns of the terminal are used; in its last one, some consoles wrap."""
    return max(20, min(WIDEST, shutil.get_terminal_size((WIDEST + 1, 24)).columns - 1))


def _paragraph(head, text):
    """Return the text wrapped at the width of the terminal, indented below its head."""
    indent = _columns(head)
    width = max(20, _width() - indent)
    # A line may end between Chinese characters, but not before a comma or after a parenthesis.
    # Nor within code, where that fits into one.
    code = rf"`[^`]{{1,{max(1, width - 4)}}}`[,.;:)]*"
    piece = rf" +|[（“《]*(?:{code}|[!-~]{{1,{width}}}|.)[，。；：！？、）”》]*"
    lines = []
    for part in text.splitlines():
        lines += _wrapped(re.findall(piece, part), width)
    return head + f"\n{' ' * indent}".join(lines)


def _wrapped(words, width):
    """Return lines of these words; no Chinese character stands alone on the last."""
    lines = [[]]
    for word in words:
        before = "".join(lines[-1])
        if before.strip() and _columns(before + word.rstrip()) > width:
            lines.append([word.lstrip()])
        else:
            lines[-1].append(word)
    if len(lines) > 1 and len(lines[-1]) == 1 and len(lines[-2]) > 1:
        are_chinese = not (lines[-1][0][0].isascii() or lines[-2][-1][0].isascii())
        if are_chinese:
            lines[-1].insert(0, lines[-2].pop())
    return ["".join(line).rstrip() for line in lines]


def _columns(text):
    # "A" is wide in the fonts of a Chinese console.
    wide = "WFA" if is_chinese() else "WF"
    return sum(1 + (unicodedata.east_asian_width(character) in wide) for character in text)


def _coloured(text, state):
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    # The old Windows console shows the codes themselves; the new terminal says that it is there.
    if plain or (os.name == "nt" and "WT_SESSION" not in os.environ) or not is_terminal(sys.stdout):
        return text
    code = {"PASS": 32, "FAIL": 31, "TODO": 33, "WAITS": 2}[state]
    return f"\x1b[{code}m{text}\x1b[0m"
