"""The report on the eight methods: the list, the next one to correct or to write, what to do."""

import contextlib
import os
import re
import shutil
import sys
import unicodedata
from dataclasses import dataclass
from functools import partial
from itertools import product

from support.console import is_terminal
from support.gradient_check import diagnosis, limits, mistakes, source, trials
from support.language import is_chinese, say

TIME_LIMIT = 4  # seconds for one method, which needs a few milliseconds
NETWORK = "the whole network"


@dataclass
class Result:
    """The state of one method or of the whole network."""

    name: str
    section: int  # of the handout
    place: limits.Place
    state: str = "PASS"  # or FAIL, TODO, WAITS
    fault: trials.FaultError | None = None  # of a FAIL
    note: str = ""  # a remark on a PASS, or what a WAITS is waiting for


def check(model, report=None):
    """Check the module `model`, print the report, and return whether everything is right."""
    with limits.limited_prints(model) as prints:
        checked = results(model)
    _print_report(checked, prints)
    return all(result.state == "PASS" for result in checked)


def results(model):
    """Return nine Results: of the eight methods in the handout's order, and of the network.

    Only for what is next a hint or an example is looked for.
    """
    checked = []
    for layer, method in product(trials.LAYERS, ("forward", "backward")):
        name = f"{layer.name}.{method}"
        result = Result(name, layer.section, _place(model, name))
        if method == "backward" and checked[-1].state != "PASS":
            result.state, result.note = "WAITS", checked[-1].name
        else:
            _check(result, model, trials.check_method, layer, method)
            if method == "backward" and checked[-1].note:
                result.note = ""  # most often the same again
        checked.append(result)
    network = Result(NETWORK, 7, _place(model, "MLP.forward"))
    if any(result.state != "PASS" for result in checked):
        network.state, network.note = "WAITS", say("all eight", "以上八个方法")
    else:
        _check(network, model, trials.check_network)
    checked.append(network)
    following = _next(checked)
    if following and following.state == "FAIL":
        fault = following.fault
        run = partial(limits.run_limited, limit=TIME_LIMIT, path=model.__file__)
        # The student's code is called once more: no explanation is better than to wait for one.
        with contextlib.suppress(BaseException):
            fault.hint = fault.hint or run(partial(diagnosis.looks_like, fault))
        with contextlib.suppress(BaseException):
            fault.example = "" if fault.hint else run(partial(diagnosis.example, fault.trial))
    return checked


def _place(model, name):
    lines = source.lines_of(model.__file__)
    return limits.Place(model.__file__, lines.get(name, lines.get(name.partition(".")[0], 1)))


def _next(checked):
    return next((result for result in checked if result.state in ("FAIL", "TODO")), None)


def _check(result, model, check, *arguments):
    try:
        check = partial(check, model, *arguments)
        result.note = limits.run_limited(check, TIME_LIMIT, model.__file__)
    except trials.FaultError as fault:
        result.fault = fault
    except limits.OutOfTimeError as error:
        place, seconds = error.args[0] or result.place, TIME_LIMIT
        text = say(
            f"still running after {seconds} seconds in `{place.source}`",
            f"运行 {seconds} 秒还没有结束，停在 `{place.source}`",
        )
        result.fault = trials.FaultError("time", text, place=place, hint=say(*mistakes.ENDLESS))
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        # Whatever a method does, the student sees neither a traceback of ours nor a PASS.
        unusable = say("what it returned cannot be used: ", "返回的结果无法使用：")
        result.fault = trials.FaultError("unusable", unusable + limits.message_of(error))
    if result.fault:
        result.state = "TODO" if result.fault.kind == "blank" else "FAIL"
        result.place = result.fault.place or result.place


def _print_report(checked, prints):
    """Print the list, the count, the notes if nothing fails, and what is next."""
    for result in checked:
        mark, needs = _coloured(f"{result.state:5}", result.state), ""
        if result.state == "WAITS":
            needs = say(f"  (needs {result.note})", f"  （需先通过：{result.note}）")
        print(f"  {mark}  {result.name:25} {result.place}{needs}")
    done = sum(result.state == "PASS" for result in checked[:-1])
    print(say(f"\n{done} of 8 done", f"\n已完成 {done}/8"))
    note_on = say("\nNote on ", "\n提示：")
    if prints:
        count, place = prints.total(), f"{note_on}{next(iter(prints))}\n  "
        print(place + say(f"printed {count} times: remove it.", f"print 了 {count} 次，请删掉。"))
    for result in checked if all(result.state != "FAIL" for result in checked) else ():
        if result.state == "PASS" and result.note:
            print(f"{note_on}{result.name}{say(', ', '  ')}{result.place}")
            print(_paragraph("  ", result.note))
    if _next(checked):
        _print_next(_next(checked))


def _print_next(result):
    """Print what is known of a FAIL, and that it, or a TODO, is the next to be done."""
    fault, where = result.fault, f"{result.name}{say(', ', '  ')}{result.place}"
    section = say(f"chapter03/README.en.md section {result.section}", f"讲义第 {result.section} 节")
    if result.state == "TODO":
        print(say(f"\nNext: write {where} ({section}), and run this again.",
                  f"\n下一步：写 {where} （{section}），再运行一次。"))  # fmt: skip
        return
    print(f"\n{_coloured('FAIL', 'FAIL')}  {where}")
    for english, chinese, text in (
        ("  Seen:        ", "    现象：    ", fault.text),
        ("  Looks like:  ", "    可能原因：", fault.hint),
        ("  Example:     ", "    手算对照：", fault.example),
        (
            "  Read:        ",
            "    参考：    ",
            f"{section}\n{mistakes.FORMULAS.get(result.name, '')}",
        ),
    ):
        if text:
            print(_paragraph(say(english, chinese), text))
    print(say(f"\nNext: correct {where}, and run this again.",
              f"\n下一步：改正 {where} ，再运行一次。"))  # fmt: skip


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
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    # The old Windows console shows the codes themselves; the new terminal says that it is there.
    if plain or (os.name == "nt" and "WT_SESSION" not in os.environ) or not is_terminal(sys.stdout):
        return text
    code = {"PASS": 32, "FAIL": 31, "TODO": 33, "WAITS": 2}[state]
    return f"\x1b[{code}m{text}\x1b[0m"
