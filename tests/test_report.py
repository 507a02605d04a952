"""The printed report: the list, what is next, the notes; and the same as JSON."""

import json
import os
import re
import unicodedata

import numpy as np
import pytest

import make_startup
from submissions import METHODS, SOLUTION, solved
from support import gradient_check
from support.gradient_check import limits, report
from support.language import UserError

COUNT = len(METHODS)
X = "return x @ self.W + self.b"
Y = "return grad_y * self.y * (1 - self.y)"
TWO_WRONG = solved("", f"{X} => {X} + 1\n{Y} => {Y} + 1")
PLAIN = "self.y = 1 / (1 + np.exp(-x))"


@pytest.fixture
def model(tmp_path, monkeypatch):
    """Return a function that writes a model.py, into a folder with a space, and loads it."""
    folder = tmp_path / "my homework"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(report, "TIME_LIMIT", 1)

    def load(source):
        (folder / "model.py").write_text(source, encoding="utf-8")
        return gradient_check.load("model.py")

    return load


def width(line):
    return sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in line)


def test_the_untouched_startup_is_a_list_of_things_to_do(model, capsys):
    blank = make_startup.blanked(SOLUTION)
    assert not gradient_check.run(model(blank))
    *lines, last = capsys.readouterr().out.splitlines()
    expected = [["TODO", name] if "forward" in name else ["WAITS", name] for name in METHODS]
    assert [line.split()[:2] for line in lines[:COUNT]] == expected
    assert lines[-2] == f"0 of {COUNT} done"
    line = blank.splitlines().index('        raise NotImplementedError("Linear.forward")') + 1
    place = f"model.py:{line} (chapter03/README.en.md section 2)"
    assert last == f"Next: write Linear.forward, {place}, and run this again."


def test_of_several_that_fail_only_the_next_is_explained_and_no_note_is_printed(model, capsys):
    source = TWO_WRONG.replace("self.y = (1 + np.tanh(x / 2)) / 2", PLAIN)
    assert not gradient_check.run(model(source))
    output = capsys.readouterr().out
    assert f"{COUNT - 3} of {COUNT} done" in output
    assert output.count("FAIL") == 3
    assert re.search(r"\n\nFAIL  Linear.forward, model.py:\d+\n", output)
    *_, read, formula, _, last = output.splitlines()
    assert read == "  Read:        chapter03/README.en.md section 2"
    assert formula == " " * 15 + "Y = X W + b"
    assert re.fullmatch(r"Next: correct Linear.forward, model.py:\d+, and run this again.", last)
    assert "Note" not in output


def test_where_nothing_fails_the_notes_are_printed(model, capsys):
    assert gradient_check.run(model(solved("Sigmoid.forward", f"{PLAIN}; return self.y")))
    output = capsys.readouterr().out
    assert "\n8 of 8 done\n" in output
    assert re.search(r"\nNote on Sigmoid.forward, model.py:\d+\n  right, but NumPy warns", output)


@pytest.mark.parametrize("columns", [60, 200])
@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_lines_wrap_at_the_terminal_s_width(columns, language, model, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("LANGUAGE", language)
    said = "一二三四，" * 40 + "x" * 150
    monkeypatch.setattr(report.diagnosis, "explain", lambda _: (said, "", ""))
    gradient_check.run(model(TWO_WRONG))
    lines = capsys.readouterr().out.split("\n\n")[2].split("\n")
    widest = max(width(line) for line in lines)
    assert min(columns, 100) - 12 < widest <= min(columns, 100)
    assert not any(line.lstrip().startswith(("，", "。", "）")) for line in lines)


def test_a_sign_that_chinese_fonts_make_wide_counts_twice(model, chinese, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(report.diagnosis, "explain", lambda _: ("±" * 100, "", ""))
    gradient_check.run(model(TWO_WRONG))
    most = max(line.count("±") for line in capsys.readouterr().out.splitlines())
    assert 30 <= most < 40


@pytest.mark.parametrize("language", ["en", "zh_CN"])
@pytest.mark.parametrize("folder", ["chapter03/startup", "a/folder/far/from/chapter03/startup"])
def test_no_row_of_the_list_is_wider_than_80_columns(
    folder, language, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LANGUAGE", language)
    monkeypatch.chdir(tmp_path)
    file = tmp_path / folder / "model.py"
    file.parent.mkdir(parents=True)
    for source in (SOLUTION, make_startup.blanked(SOLUTION)):
        file.write_text(source, encoding="utf-8")
        gradient_check.run(gradient_check.load(file))
        rows = capsys.readouterr().out.splitlines()[: COUNT + 1]
        assert max(map(width, rows)) < 80
        assert re.search(r"model\.py:\d+$", rows[0])


def test_the_report_is_in_chinese_and_nothing_is_glued_to_a_place(model, chinese, capsys):
    gradient_check.run(model(TWO_WRONG))
    output = capsys.readouterr().out
    for part in (
        "（需先通过：Linear.forward）",
        "整个网络",
        f"已完成 {COUNT - 3}/{COUNT}",
        "\n    现象：",
        "\n    参考：",
    ):
        assert part in output
    assert output.splitlines()[-1].startswith(
        "下一步：改正 Linear.forward，再运行一次。位置是 model.py:"
    )
    assert not re.search(r"model.py:\d+[^\s\d]", output)


def test_no_chinese_character_stands_alone_on_a_last_line(model, chinese, monkeypatch, capsys):
    for length in range(30, 50):
        said = "字" * length + "。"
        monkeypatch.setattr(report.diagnosis, "explain", lambda _, said=said: (said, "", ""))
        gradient_check.run(model(TWO_WRONG))
        output = capsys.readouterr().out
        assert output.count("字") == length
        assert not re.search(r"^ *字。$", output, re.MULTILINE)


def test_an_init_that_was_changed_is_named_itself(model, capsys):
    gradient_check.run(model(solved("", "self.W = rng => self.w = rng")))
    output = capsys.readouterr().out
    assert re.search(r"\n\nFAIL  Linear.__init__, model.py:\d+\n", output)
    assert re.search(r"\nNext: correct Linear.__init__, model.py:\d+, and run this again", output)


@pytest.mark.parametrize("change", ["self.x = x => pass", "self.x = x => self.x = None"])
def test_what_forward_has_not_kept_is_to_be_corrected_there(change, model, capsys):
    gradient_check.run(model(solved("", change)))
    output = capsys.readouterr().out
    assert re.search(r"\n\nFAIL  Linear.backward, model.py:\d+\n", output)
    assert re.search(r"\nNext: correct Linear.forward, model.py:\d+, and run this again", output)


@pytest.mark.parametrize("body", ["return '', '', ''", "raise ValueError", "while True: pass"])
def test_without_an_explanation_the_report_is_whole(body, model, monkeypatch, capsys):
    explained = {}
    exec(f"def explain(*_):\n    {body}", explained)
    monkeypatch.setattr(report.diagnosis, "explain", explained["explain"])
    monkeypatch.setattr(report, "TIME_LIMIT", 0.2)
    gradient_check.run(model(TWO_WRONG))
    output = capsys.readouterr().out
    assert "Looks like" not in output
    assert "Next: correct Linear.forward" in output


def test_a_flood_of_prints_is_cut_and_named_once_and_the_print_works_again(model, capsys):
    loaded = model(solved("Linear.forward", f"print('here', end='!'); self.x = x; {X}"))
    assert gradient_check.run(loaded)
    output = capsys.readouterr().out
    assert output.startswith("here!" * limits.SHOWN_PRINTS + "  PASS")
    said = rf"printed \d\d times, of which {limits.SHOWN_PRINTS} are shown: remove it"
    assert re.search(rf"\nNote on model.py:\d+\n  {said}", output)
    linear = loaded.Linear(1, 1, np.random.default_rng(0))
    for _ in range(9):
        linear.forward(np.ones((1, 1)))
    assert capsys.readouterr().out == "here!" * 9


def test_a_few_prints_are_shown_and_counted(model, capsys):
    prints = "Linear.left = getattr(Linear, 'left', 6) - 1; Linear.left > 0 and print('here')"
    assert gradient_check.run(model(solved("Linear.forward", f"{prints}; self.x = x; {X}")))
    output = capsys.readouterr().out
    assert output.count("here\n") == 5 == limits.SHOWN_PRINTS
    assert "\n  printed 5 times: remove it." in output


def test_a_second_file_of_the_student_s_is_named(model, monkeypatch, capsys):
    monkeypatch.setattr(report.source, "second_files", lambda path: ["layers.py"])
    assert gradient_check.run(model(SOLUTION))
    assert "\nNote on layers.py\n  model.py imports it, but only" in capsys.readouterr().out


@pytest.mark.parametrize(("terminal", "no_colour"), [(True, ""), (True, "1"), (False, "")])
def test_there_is_colour_on_a_terminal_only(terminal, no_colour, model, monkeypatch, capsys):
    monkeypatch.setattr(report, "is_terminal", lambda _: terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("WT_SESSION", "1")
    monkeypatch.setenv("NO_COLOR", no_colour)
    gradient_check.run(model(SOLUTION))
    assert ("\x1b[32mPASS" in capsys.readouterr().out) == (terminal and not no_colour)


def test_the_report_as_json_says_the_same(model, tmp_path):
    path = tmp_path / "report.json"
    source = TWO_WRONG.replace('raise NotImplementedError("Softmax', "")
    assert not gradient_check.run(model(source), report=path)
    content = json.loads(path.read_text(encoding="utf-8"))
    assert (content["done"], content["total"]) == (COUNT - 3, COUNT)
    rows = {row["name"]: row for row in content["results"]}
    assert list(rows) == [*METHODS, "the whole network"]
    first = rows["Linear.forward"]
    assert first["state"] == "FAIL"
    assert re.fullmatch(r"model\.py:\d+", first["place"])
    assert first["section"] == 2
    assert first["seen"].startswith("forward(x)[0, 0] is")
    assert first["looks_like"] == "without `+ 1`, it would be right."
    assert first["example"] == first["note"] == ""
    assert rows["Linear.backward"]["state"] == "WAITS"
    assert rows["Sigmoid.backward"]["seen"] != ""
    assert rows["Softmax.forward"]["state"] == "PASS"


def test_a_message_of_any_characters_becomes_json(model, tmp_path):
    path = tmp_path / "report.json"
    source = SOLUTION.replace(X, "raise ValueError('\\ud800 \u4e2d')")
    assert not gradient_check.run(model(source), report=path)
    first = json.loads(path.read_text(encoding="utf-8"))["results"][0]
    assert first["seen"].startswith("ValueError: \ud800 \u4e2d")


def test_a_report_that_cannot_be_written_is_one_sentence(model, tmp_path):
    with pytest.raises(UserError, match=r"could not be written: .+ another place for --report\."):
        gradient_check.run(model(SOLUTION), report=tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a pipe with a name")
def test_a_report_into_a_pipe_leaves_the_pipe_where_it_is(model, tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    pipe = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    gradient_check.run(model(SOLUTION), report=path)
    content = os.read(pipe, 1_000_000)
    os.close(pipe)
    assert json.loads(content)["done"] == COUNT
    assert path.is_fifo()
