"""The report on the eight methods: the list, the next one to correct or to write, what to do."""

import contextlib
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
    Stopped,
    limited_prints,
    lines_of,
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
    `example` numbers to compare if it resembles none. `note` is a remark on a PASS, or what a
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
    fault: FaultError | None = None


def check(model):
    """Check the module `model`, print the report, and return whether everything is right."""
    with limited_prints(model) as prints:
        checked = results(model)
    _print_report(checked, prints)
    return all(result.state == "PASS" for result in checked)


def results(model):
    """Return nine Results: of the eight methods in the handout's order, and of the network.

    Of what is next alone, `looks_like` and `example` are looked for.
    """
    checks = [
        (f"{layer.name}.{method}", layer.section, partial(check_method, model, layer, method))
        for layer in LAYERS
        for method in ("forward", "backward")
    ]
    checked, lines = [], lines_of(model.__file__)
    for name, section, check in [*checks, (NETWORK, 7, partial(check_network, model))]:
        where = "MLP.forward" if name == NETWORK else name
        line = lines.get(where, lines.get(where.partition(".")[0], 1))
        result = Result(name, section, Place(model.__file__, line))
        before = checked[-1] if checked else None
        if name == NETWORK and any(other.state != "PASS" for other in checked):
            result.state, result.note = "WAITS", say("all eight", "以上八个方法")
        elif name.endswith("backward") and before.state != "PASS":
            result.state, result.note = "WAITS", before.name
        else:
            _check(result, check, model)
            if name.endswith("backward") and before.note:
                result.note = ""  # most often the same again
        checked.append(result)
    following = _next(checked)
    if following and following.fault:
        _explain(following, following.fault, model)
    return checked


def _next(checked):
    return next((result for result in checked if result.state in ("FAIL", "TODO")), None)


def _check(result, check, model):
    try:
        result.note = run_limited(check, TIME_LIMIT, model.__file__)
    except BlankError as blank:
        result.state, result.place = "TODO", blank.args[0]
    except FaultError as fault:
        result.state, result.seen, result.fault = "FAIL", fault.observation.text, fault
        result.place = fault.observation.place or result.place
    except OutOfTimeError as error:
        result.state, result.place = "FAIL", error.args[0] or result.place
        seconds, line = TIME_LIMIT, result.place.source
        result.seen = say(
            f"still running after {seconds} seconds in `{line}`",
            f"运行 {seconds} 秒还没有结束，停在 `{line}`",
        )
        result.looks_like = say(
            "an endless loop: does its condition ever become false?",
            "死循环：循环条件会变为假吗？",
        )
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        # Whatever a method does, the student sees neither a traceback of ours nor a PASS.
        unusable = say("what it returned cannot be used: ", "返回的结果无法使用：")
        result.state, result.seen = "FAIL", unusable + message_of(error)


def _explain(result, fault, model):
    def explained(function, *arguments):
        def explanation():
            try:
                return function(*arguments)
            except Stopped:
                raise
            except BaseException:  # of the student's code, called once more
                return ""

        # No explanation is better than to wait for one.
        with contextlib.suppress(OutOfTimeError):
            return run_limited(explanation, TIME_LIMIT, model.__file__)
        return ""

    trial, observation = fault.trial, fault.observation
    if fault.hint:
        result.looks_like = fault.hint
    elif observation.kind == "absent":
        result.looks_like = explained(diagnosis.absent, model, trial.layer, trial.method)
    else:
        result.looks_like = explained(diagnosis.looks_like, observation, trial, fault.trials)
        if not result.looks_like:
            result.example = explained(diagnosis.example, model, trial.layer, trial.method)


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
    if prints.count:
        count = prints.count
        print(f"{note_on}{prints.place}")
        print(say(f"  printed {count} times: remove it.", f"  print 执行了 {count} 次，请删掉。"))
    for result in checked if all(result.state != "FAIL" for result in checked) else ():
        if result.state == "PASS" and result.note:
            print(f"{note_on}{result.name}{say(', ', '  ')}{result.place}")
            print(_paragraph("  ", result.note))
    if _next(checked):
        _print_next(_next(checked))


def _print_next(result):
    """Print what is known of a FAIL, and that it, or a TODO, is the next to be done."""
    name, place = result.name, result.place
    section = say(f"chapter03/README.en.md section {result.section}", f"讲义第 {result.section} 节")
    if result.state == "FAIL":
        print(f"\n{_coloured('FAIL', 'FAIL')}  {name}{say(', ', '  ')}{place}")
        for english, chinese, text in (
            ("  Seen:        ", "    现象：    ", result.seen),
            ("  Looks like:  ", "    可能原因：", result.looks_like),
            ("  Example:     ", "    手算对照：", result.example),
            ("  Read:        ", "    参考：    ", f"{section}\n{mistakes.FORMULAS.get(name, '')}"),
        ):
            if text:
                print(_paragraph(say(english, chinese), text))
        what = say(f"correct {name}, {place},", f"改正 {name}  {place} ，")
    else:
        what = say(f"write {name}, {place} ({section}),", f"写 {name}  {place} （{section}），")
    print(say(f"\nNext: {what} and run this again.", f"\n下一步：{what}再运行一次。"))


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
    old = os.name == "nt" and not (os.environ.get("WT_SESSION") or os.environ.get("ANSICON"))
    if plain or old or not is_terminal(sys.stdout):
        return text
    code = {"PASS": 32, "FAIL": 31, "TODO": 33, "WAITS": 2}[state]
    return f"\x1b[{code}m{text}\x1b[0m"
