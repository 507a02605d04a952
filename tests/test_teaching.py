"""Who follows docs/teaching.md adds a layer in three files, a mistake in two, and all follows."""

import csv
import os
import re
import shutil
import subprocess
import sys

import pytest

import make_startup
from support.gradient_check.layers import LAYERS, METHODS

ROOT = make_startup.CHAPTER.parent
TEXT = (ROOT / "docs" / "teaching.en.md").read_text(encoding="utf-8")
COUNT = len(LAYERS) * len(METHODS)


def snippets(title):
    """Return the blocks of code of a section."""
    section = TEXT.split(f"### {title}\n")[1].split("\n#")[0]
    # By another name: the layer itself may have been added in the meantime.
    section = section.replace("ReLU", "Rectifier").replace("relu", "rectifier")
    return re.findall(r"^```\w+\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)


def insert(path, before, text):
    source = path.read_text(encoding="utf-8")
    assert source.count(before) == 1
    path.write_text(source.replace(before, text + before), encoding="utf-8")


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """Return a copy of the course in which somebody has done what the text says."""
    root = tmp_path_factory.mktemp("copy")
    for folder in ("chapter03", "tools"):
        shutil.copytree(ROOT / folder, root / folder, ignore=shutil.ignore_patterns("__pycache__"))
    chapter = root / "chapter03"
    shutil.rmtree(chapter / "startup")
    checks = chapter / "support" / "gradient_check"

    model, numerical, layers, _ = snippets("Adding a layer")
    insert(chapter / "solution" / "model.py", "class MLP:", f"{model}\n\n")
    insert(checks / "numerical.py", "def slopes(", f"{numerical}\n\n")
    insert(checks / "layers.py", ")\n\n\n@cache\ndef batches_for", layers)

    row, _, rows, _ = snippets("Adding a mistake")
    insert(checks / "mistakes.py", '  ],\n  ("Softmax.forward", "y"): [', row)
    insert(checks / "mistakes.py", "}\n\n# What may have become of", rows)
    return root


def python(copy, *words):
    """Return what Python prints in the copy, and what it says of errors."""
    environment = {**os.environ, "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    result = subprocess.run(
        [sys.executable, *words],
        cwd=copy,
        env=environment,
        check=False,
        capture_output=True,
        encoding="utf-8",
    )
    return result.stdout + result.stderr


def test_a_layer_added_as_the_text_says_is_checked_blanked_and_graded(copy):
    for command in snippets("Adding a layer")[-1].splitlines():
        output = python(copy, *command.split()[1:])
    assert f"{COUNT + 2} of {COUNT + 2} done" in output
    startup = copy / "chapter03" / "startup"
    assert "  TODO   Rectifier.forward" in python(copy, startup / "main.py", "--check_only")
    blanks = re.findall(r'NotImplementedError\("(.*)"\)', (startup / "model.py").read_text("utf-8"))
    assert len(blanks) == COUNT + 2

    right = (copy / "chapter03" / "solution" / "model.py").read_text(encoding="utf-8")
    (copy / "all").mkdir()
    (copy / "all" / "right.py").write_text(right, encoding="utf-8")
    layer = snippets("Adding a layer")[0]
    wrong = right.replace(layer, layer.replace("grad_y * (self", "-grad_y * (self"))
    (copy / "all" / "wrong.py").write_text(wrong, encoding="utf-8")
    assert "Error" not in python(copy, "tools/grade.py", "all")
    with open(copy / "grades.csv", encoding="utf-8-sig", newline="") as file:
        head, *rows = csv.reader(file)
    assert head[1] == f"points of {COUNT + 2}"
    assert "Rectifier.backward" in head
    assert [row[:2] for row in rows] == [["right", str(COUNT + 2)], ["wrong", str(COUNT + 1)]]
    assert rows[1][-2].startswith("Rectifier.backward, model.py:")
    assert "the sign is wrong" in rows[1][-2]


def test_the_network_follows_an_mlp_with_the_new_layer(copy):
    right = (copy / "chapter03" / "solution" / "model.py").read_text(encoding="utf-8")
    adapted = right.replace("[linear, Sigmoid()]", "[linear, Rectifier()]")
    assert adapted != right
    wrong = adapted.replace("reversed(self.layers)", "reversed(self.layers[:1])")
    for source, code in ((adapted, "PASS"), (wrong, "FAIL")):
        (copy / "model.py").write_text(source, encoding="utf-8")
        output = python(copy, "chapter03/solution/main.py", "--check_only", "--model", "model.py")
        assert f"{COUNT + 2} of {COUNT + 2} done" in output
        assert f"  {code}   the whole network" in output


@pytest.mark.parametrize(
    ("layer", "line"),
    [
        ("Sigmoid", "return grad_y * self.y * (1 - self.y)"),
        ("Rectifier", "return grad_y * (self.x > 0)"),
    ],
    ids=["Sigmoid", "Rectifier"],
)
def test_a_mistake_added_as_the_text_says_is_named(layer, line, copy):
    _, submission, _, of_the_layer = snippets("Adding a mistake")
    submission = {"Sigmoid": submission, "Rectifier": of_the_layer.partition("\n")[2]}[layer]
    says, _, code = submission.strip().partition(" | ")
    right = (copy / "chapter03" / "solution" / "model.py").read_text(encoding="utf-8")
    before, _, after = right.rpartition(line)
    wrong = before + code + after
    (copy / "model.py").write_text(wrong, encoding="utf-8")
    words = ["chapter03/solution/main.py", "--check_only", "--model", "model.py"]
    assert re.search(says, python(copy, *words))
