"""The report on the eight methods: the list, the next one to correct or to write, what to do."""

import os
import re
import shutil
import sys
import unicodedata
from dataclasses import dataclass
from functools import partial

from support import is_terminal
from support.gradient_check import diagnosis, mistakes
from support.gradient_check.student_code import (
    OutOfTimeError,
    Place,
    limited_prints,
    message_of,
    run_limited,
)
from support.gradient_check.trials import (
    LAYERS,
    BlankError,
    FaultError,
    check_method,
    check_network,
)
from support.language import is_chinese, say

TIME_LIMIT = 4  # seconds for one method, which needs a few milliseconds
NETWORK = "the whole network"


@dataclass
class Result:
    """The state of one method or of the whole network: PASS, FAIL, TODO or WAITS.

    Of a FAIL, `seen` is what was observed, `looks_like` the mistake that it resembles, and
    `example` numbers to compare where it resembles none. `note` is a remark on a PASS, or what a
    WAITS is waiting for.
    """

    name: str
    section: int  # of the handout
    place: Place
    state: str = "PASS"
    seen: str = ""
    looks_like: str = ""
    example: str = ""
    note: str = ""


def check(model):
    """Check the module `model`, print the report, and return whether everything is right."""
    with limited_prints(model) as prints:
        checked = results(model)
    print_report(checked)
    if prints.count:
        print(
            say(
                f"\nNote on {prints.place}: it printed {prints.count} times during the checks. "
                "Remove the print before you train.",
                f"\n提示：{prints.place} 这一行的 print 在检查中执行了 {prints.count} 次，"
                "训练之前请删掉它。",
            )
        )
    return all(result.state == "PASS" for result in checked)


def results(model):
    """Return nine Results: of the eight methods in the handout's order, and of the network."""
    checked = []
    for layer in LAYERS:
        for method in ("forward", "backward"):
            waits_for = ""
            if method == "backward" and checked[-1].state != "PASS":
                waits_for = checked[-1].name
            checked.append(_checked(model, layer, method, waits_for))
    waits_for = (
        "" if all(result.state == "PASS" for result in checked) else say("all eight", "全部八个")
    )
    return [*checked, _checked(model, None, "forward", waits_for)]


def _checked(model, layer, method, waits_for):
    cls = getattr(model, layer.name if layer else "MLP", None)
    code = getattr(getattr(cls, method, None), "__code__", None)
    place = Place(model.__file__, code.co_firstlineno if code else 1)
    result = Result(
        f"{layer.name}.{method}" if layer else NETWORK, layer.section if layer else 6, place
    )
    if waits_for:
        result.state, result.note = "WAITS", waits_for
        return result
    check = partial(check_method, model, layer, method) if layer else partial(check_network, model)
    try:
        result.note = run_limited(check, TIME_LIMIT, model.__file__)
    except BlankError as blank:
        result.state, result.place = "TODO", blank.args[0]
    except FaultError as fault:
        result.state, result.seen, result.looks_like = "FAIL", fault.observation.text, fault.hint
        result.place = fault.observation.place or place
        if not fault.hint:
            _explain(result, fault, model, layer, method)
    except OutOfTimeError as error:
        result.state, result.place = "FAIL", error.place or place
        result.seen = say(
            f"it was still running after {TIME_LIMIT} seconds in `{result.place.source}`",
            f"运行 {TIME_LIMIT} 秒还没有结束，停在 `{result.place.source}`",
        )
        result.looks_like = say(
            "an endless loop: does its condition ever become false? Right code takes a few "
            "milliseconds for these small batches.",
            "死循环：循环的条件会变为假吗？对这样小的一批，正确的代码只需几毫秒。",
        )
    except Exception as error:
        # Whatever a method returns, the student sees neither a traceback of ours nor a PASS.
        result.state = "FAIL"
        result.seen = say("what it returned cannot be used: ", "返回的结果无法使用：") + message_of(
            error
        )
    return result


def _explain(result, fault, model, layer, method):
    def explained(function, *arguments):
        # No explanation is better than a traceback, or than an endless one.
        try:
            return run_limited(partial(function, *arguments), TIME_LIMIT, model.__file__) or ""
        except Exception:
            return ""

    if fault.observation.kind == "absent":
        result.looks_like = explained(diagnosis.absent, model, layer, method)
    else:
        found = fault.observation, fault.trial, fault.trials
        result.looks_like = explained(diagnosis.looks_like, *found)
        if not result.looks_like:
            result.example = explained(diagnosis.example, model, layer, method)


# How it is printed --------------------------------------------------------------------------------


def print_report(checked):
    """Print the list, the count, and of what is next what was seen, what it is, where to read."""
    for result in checked:
        mark, needs = _coloured(f"{result.state:5}", result.state), ""
        if result.state == "WAITS":
            needs = say(f"  (needs {result.note})", f"  （先完成 {result.note}）")
        print(f"  {mark}  {result.name:25} {result.place}{needs}")
    done = sum(result.state == "PASS" for result in checked[:-1])
    print(say(f"\n{done} of 8 done", f"\n已完成 {done}/8"))
    if all(result.state != "FAIL" for result in checked):
        for result in checked:
            if result.state == "PASS" and result.note:
                print(
                    say(f"\nNote on {result.name}, ", f"\n提示：{result.name}  "),
                    result.place,
                    sep="",
                )
                print(_paragraph("  ", result.note))
    following = next((result for result in checked if result.state in ("FAIL", "TODO")), None)
    if following:
        print_next(following)


def print_next(result):
    """Print what is known of a FAIL, and that it, or a TODO, is the next to be done."""
    name, place = result.name, result.place
    section = say(f"README.md section {result.section}", f"讲义第 {result.section} 节")
    if result.state == "TODO":
        print(
            say(
                f"\nNext: write {name}, {place} ({section}), and run this again.",
                f"\n下一步：写 {name}  {place} （{section}），再运行一次。",
            )
        )
        return
    print(f"\n{_coloured('FAIL', 'FAIL')}  {name}{say(', ', '  ')}{place}")
    formula = mistakes.FORMULAS.get(name, "")
    for english, chinese, text in (
        ("  Seen:        ", "    现象：    ", result.seen),
        ("  Looks like:  ", "    可能原因：", result.looks_like),
        ("  Example:     ", "    手算对照：", result.example),
        ("  Read:        ", "    参考：    ", f"{section}\n{formula}"),
    ):
        if text:
            print(_paragraph(say(english, chinese), text))
    print(
        say(
            f"\nNext: correct {name}, {place}, and run this again.",
            f"\n下一步：改正 {name}  {place} ，再运行一次。",
        )
    )


def _paragraph(head, text):
    """Return the text wrapped at the width of the terminal, indented below its head."""
    indent = _columns(head)
    width = max(20, min(100, shutil.get_terminal_size((101, 24)).columns - 1) - indent)
    # A line may end between Chinese characters, but not before a comma or after a parenthesis.
    piece = rf" +|[（“《]*(?:[!-~]{{1,{width}}}|.)[，。；：！？、）”》]*"
    lines = []
    for part in text.splitlines():
        lines.append("")
        for word in re.findall(piece, part):
            if lines[-1].strip() and _columns(lines[-1] + word.rstrip()) > width:
                lines.append("")
                word = word.lstrip()
            lines[-1] += word
    return head + f"\n{' ' * indent}".join(line.rstrip() for line in lines)


def _columns(text):
    # "A" is wide in the fonts of a Chinese console.
    wide = "WFA" if is_chinese() else "WF"
    return sum(1 + (unicodedata.east_asian_width(character) in wide) for character in text)


def _coloured(text, state):
    if (
        os.environ.get("NO_COLOR")
        or os.environ.get("TERM") == "dumb"
        or not is_terminal(sys.stdout)
    ):
        return text
    # The old Windows console shows the codes themselves; the new terminal says that it is there.
    if os.name == "nt" and not (os.environ.get("WT_SESSION") or os.environ.get("ANSICON")):
        return text
    code = {"PASS": 32, "FAIL": 31, "TODO": 33, "WAITS": 2}[state]
    return f"\x1b[{code}m{text}\x1b[0m"
