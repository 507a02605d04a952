"""How a student's model.py is loaded, with the files beside it, and what is found in its text."""

import importlib
import pickle
import re
import sys
from pathlib import Path

import pytest

from submissions import SOLUTION
from support import gradient_check
from support.gradient_check import report, source
from support.gradient_check.limits import Place
from support.language import UserError

LAYERS = "import numpy as np\n\n\ndef softmax(x):\n    return np.exp(x)\n"


@pytest.fixture(autouse=True)
def _what_was_imported_is_forgotten(monkeypatch):
    monkeypatch.setattr(source, "TIME_LIMIT", 0.5)
    monkeypatch.setattr(sys, "path", [*sys.path])
    model = sys.modules.get("model")
    yield
    for name in list(sys.modules):
        if name.partition(".")[0] in ("model", "layers", "mylib", "helper"):
            del sys.modules[name]
    if model is not None:
        sys.modules["model"] = model


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a space, in which the student stands."""
    folder = tmp_path / "my homework"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def write(folder, **files):
    """Write files; `layers` is layers.py, `mylib__layers` is mylib/layers.py."""
    for name, text in files.items():
        path = folder / (name.replace("__", "/", 1) + ".py")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8", errors="surrogateescape")


def refusal(path="model.py"):
    with pytest.raises(UserError) as error:
        gradient_check.load(path)
    assert "\n" not in str(error.value)
    return str(error.value)


LOADED = {
    "dataclass": "from __future__ import annotations\nfrom dataclasses import dataclass\n"
    "@dataclass\nclass Cache:\n    x: int = 1\nassert Cache().x == 1",
    "own module": "import sys\nassert sys.modules[__name__].__dict__ is globals()",
    "pickle": "import pickle\nclass A: pass\nassert type(pickle.loads(pickle.dumps(A()))) is A",
    "deepcopy": "import copy\nclass A: pass\nassert type(copy.deepcopy(A())) is A",
    "named tuple": "import typing\nclass A(typing.NamedTuple):\n    x: int\nassert A(1).x == 1",
    "type hints": "import typing\nclass A:\n    x: 'A'\nassert typing.get_type_hints(A)['x'] is A",
    "source": "import inspect\nclass A: pass\nassert inspect.getsource(A) == 'class A: pass\\n'",
    "resources": "assert __file__.endswith('model.py') and __spec__.origin == __file__",
    "reading stdin": "import sys\nassert sys.stdin.read() == '' and list(sys.stdin) == []",
    "main guard": "if __name__ == '__main__':\n    from main import nothing",
    "exit in main guard": "if __name__ == '__main__':\n    exit()",
    "given files": "from data import one_hot",
}


@pytest.mark.parametrize("name", LOADED)
def test_what_runs_by_itself_runs_here(name, folder):
    write(folder, model=LOADED[name])
    module = gradient_check.load("model.py")
    assert sys.modules["model"] is module


def test_objects_of_the_module_can_be_pickled_while_it_lives(folder):
    write(folder, model=SOLUTION)
    module = gradient_check.load("model.py")
    again = pickle.loads(pickle.dumps(module.Sigmoid()))
    assert isinstance(again, module.Sigmoid)


def test_a_file_of_another_name_is_loaded_as_the_model(folder):
    write(folder, ben=SOLUTION)
    assert gradient_check.load(Path("ben.py")).__name__ == "model"


def test_a_file_that_fails_leaves_no_module_and_does_not_hinder_the_next(folder):
    write(folder, model="import layers\n1 / 0", layers="number = 1")
    assert "ZeroDivisionError" in refusal()
    assert "model" not in sys.modules
    write(folder, model="from layers import number", layers="number = 2")
    assert gradient_check.load("model.py").number == 2


def test_each_load_reads_the_file_and_those_that_it_imports_afresh(folder):
    for number in (1, 2, 3):  # files of the same size, within the same second
        write(folder, model=f"from layers import b\na = {number}", layers=f"b = {number}")
        module = gradient_check.load("model.py")
        assert (module.a, module.b) == (number, number)
    assert not list(folder.glob("__pycache__"))


def test_a_package_is_read_afresh_as_well(folder):
    write(folder, model="from mylib.layers import a", mylib____init__="", mylib__layers="a = 1")
    assert gradient_check.load("model.py").a == 1
    write(folder, mylib__layers="a = 1 + 1")
    assert gradient_check.load("model.py").a == 2


def test_files_beside_the_model_are_found_wherever_it_lies(folder, tmp_path):
    for name in ("anna", "ben"):
        there = tmp_path / name
        there.mkdir()
        write(there, model="from layers import who", layers=f"who = '{name}'")
        assert gradient_check.load(there / "model.py").who == name
    sys.path.append(str(tmp_path / "anna"))  # as the folder of a script
    assert gradient_check.load(tmp_path / "ben" / "model.py").who == "ben"
    write(folder, model="from layers import who")
    sys.path.remove(str(tmp_path / "anna"))
    assert "No module named 'layers'" in refusal()


def test_files_beside_the_model_hide_nothing(folder, tmp_path):
    library = tmp_path / "library"
    library.mkdir()
    write(library, helper="who = 'library'")
    sys.path.insert(0, str(library))
    write(folder, model="import helper, wave\nwave.open", helper="1 / 0", wave="1 / 0")
    assert gradient_check.load("model.py").helper.who == "library"
    assert source.second_files("model.py") == []


SECOND_FILES = {
    # model.py, the others, what counts
    "none": ("import numpy, json", {"layers": ""}, []),
    "a file": ("from layers import softmax", {"layers": LAYERS}, ["layers.py"]),
    "a package": ("import mylib.layers", {"mylib____init__": "", "mylib__layers": ""}, ["mylib"]),
    "a folder": ("import mylib.layers", {"mylib__layers": ""}, ["mylib"]),
    "one by another": (
        "import layers", {"layers": "import helper", "helper": ""}, ["helper.py", "layers.py"]
    ),
    "by name": ("import importlib; importlib.import_module('layers')", {"layers": ""},
                ["layers.py"]),
    "not the given": ("import data, support.console", {"data": "", "main": "", "layers": ""}, []),
    "only of that name": ("import json", {"json": "1 / 0"}, []),
}  # fmt: skip


@pytest.mark.parametrize("name", SECOND_FILES)
def test_the_student_s_other_files_are_named(name, folder):
    text, files, expected = SECOND_FILES[name]
    write(folder, model=text, **files)
    gradient_check.load("model.py")
    assert source.second_files("model.py") == expected


def test_a_file_that_a_method_imports_later_is_named_too(folder):
    write(folder, model="def forward(x):\n    import layers", layers="")
    module = gradient_check.load("model.py")
    assert source.second_files(module.__file__) == []
    module.forward(1)
    assert source.second_files(module.__file__) == ["layers.py"]


def test_support_is_not_the_student_s(folder):
    chapter = Path(source.__file__).parents[2]
    assert source.second_files(chapter / "model.py") == []


WRONG_SECOND_FILES = {
    # model.py, the other files, what is said
    "absent": ("from layers import softmax", {}, "model.py:1: .*No module named 'layers'"),
    "absent name": ("from layers import softmx", {"layers": LAYERS},
                    "model.py:1: .*cannot import name 'softmx'"),
    "relative": ("from .layers import softmax", {"layers": LAYERS}, "model.py:1: .*relative"),
    "raises": ("import layers", {"layers": "x = 1\n1 / 0"},
               "layers.py:2: this line raises ZeroDivisionError.*: `1 / 0`"),
    "unreadable": ("import layers", {"layers": "x = （1)"}, "layers.py:1: column 5 holds"),
    "of another kind": ("import layers", {"layers": '{"cells": []}'}, "layers.py is a Jupyter"),
    "in a package": ("import mylib.layers", {"mylib____init__": "", "mylib__layers": "x = （1)"},
                     "mylib.layers.py:1: column 5 holds"),
    "in a package, not UTF-8": ("import mylib.layers", {"mylib__layers": "x = '\udcc4\udce3'"},
                                "mylib.layers.py:1: the file is not saved as UTF-8"),
    "fails when called": ("import layers\nlayers.softmax(None)", {"layers": LAYERS},
                          "layers.py:5: this line raises TypeError"),
    "endless": ("import layers", {"layers": "i = 0\nwhile i < 3: pass"},
                "layers.py:2: this line is still running after 0.5 .*layers.py:2 never ends"),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG_SECOND_FILES)
def test_an_error_in_a_second_file_is_told_with_its_place(name, folder):
    text, files, said = WRONG_SECOND_FILES[name]
    write(folder, model=text, **files)
    with pytest.raises(UserError, match=said):
        gradient_check.load("model.py")


def test_the_lines_quoted_of_a_second_file_are_those_that_ran(folder):
    for text in ("1 / 0  # a", "1 / 0  # b"):
        write(folder, model="import layers", layers=text)
        assert f"`{text}`" in refusal()


def test_the_report_names_a_second_file_and_the_place_of_an_error_in_it(folder, capsys):
    wrong = SOLUTION.replace("return x @ self.W", "import layers; return layers.product(x, self.W)")
    write(folder, model=wrong, layers="def product(x, W):\n    return x @ W.T")
    assert not gradient_check.run(gradient_check.load("model.py"))
    output = capsys.readouterr().out
    assert "Note on layers.py\n  model.py imports it" in output
    assert "Note on model.py" not in output
    assert "FAIL  Linear.forward, layers.py:2\n" in output


def test_the_report_says_which_library_took_so_long(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(report, "TIME_LIMIT", 0.4)
    library = tmp_path / "library"
    library.mkdir()
    write(library, helper=LIBRARY["slow library"])
    sys.path.insert(0, str(library))
    slow = SOLUTION.replace("return x @ self.W", "import helper; helper.jit(); return x @ self.W")
    write(folder, model=slow)
    assert not gradient_check.run(gradient_check.load("model.py"))
    output = " ".join(capsys.readouterr().out.split())
    assert "still running after 0.4 seconds in `import helper; helper.jit();" in output
    assert "helper was at work" in output
    assert "endless" not in output


FAILING = {
    # what stands in model.py, what is said
    "library": ("import nunpy", "model.py:1: .*No module named 'nunpy'.*: `import nunpy`"),
    "exit": ("x = 1\nexit()", "model.py:2: this line raises SystemExit"),
    "sys.exit": ("import sys\nsys.exit(0)", "model.py:2: this line raises SystemExit: 0"),
    "input": ("x = input()", r"model.py:1: .*EOFError.*\(input\(\) cannot be used here\)"),
    "name": ("x = undefined", "model.py:1: .*'undefined' is not defined.* Correct or remove it."),
    "recursion": ("def f(x):\n    return f(x)\nf(1)", "model.py:2: .*f calls itself, without end"),
    "eval": ("x = 1\neval('1 +* 2')", "model.py:2: this line raises SyntaxError"),
    "old library": ("import helper", "model.py:1: this line raises SyntaxError"),
    "wanted base": ("class Sigmoid(Layer):\n    pass",
                    "There is no `Layer` in this file, .* write `class Sigmoid:`."),
    "wanted library": ("class Linear(nn.Module):\n    pass", "write `class Linear:`."),
    "base below": ("class Sigmoid(Layer):\n    pass\nclass Layer:\n    pass",
                   "`Layer` is defined further down: move it above this line."),
    "self in a class": ("class A:\n    def f(self, x):\n        ''\n    self.x = x",
                        "model.py:4: .*'x' is not defined.* It begins with 4 spaces; in a class"),
    "self outside": ("self.x = 1", "'self' is not defined.* It begins with 0 spaces; in a class"),
    "self in a method": ("class A:\n    def f(self):\n        self.x = y\nA().f()",
                         "'y' is not defined.* Correct or remove it."),
}  # fmt: skip
UNENDING = {
    # what stands in model.py, what is said
    "endless": ("while True: print(1)", "still running after 0.2 .* The loop at model.py:1 never"),
    "not endless": ("import time\ntime.sleep(0.8)",
                    "is still running after 0.2 seconds while .*sleep.0.8.`. Correct or remove"),
    "slow library": ("import helper\nhelper.jit()",
                     "model.py:2: .* helper was at work. If that is slow only the first time, run"),
    "NumPy": ("import numpy as np\nfor i in range(10**9): np.atleast_1d(i)",
              "still running after 0.2 .* Correct or remove it."),
}  # fmt: skip
LIBRARY = {
    "old library": "print 'of Python 2'",
    "slow library": "import time\ndef jit():\n    for i in range(99): time.sleep(0.02)",
}


def explained_in_chinese_and_english(name, text, folder, monkeypatch):
    """Return what is said in English of a model.py that fails, after a look at the Chinese."""
    write(folder, model=text)
    library = folder.with_name("library")
    library.mkdir()
    write(library, helper=LIBRARY.get(name, ""))
    sys.path.insert(0, str(library))
    monkeypatch.setenv("LANGUAGE", "zh_CN")
    assert any("\u4e00" <= character <= "\u9fff" for character in refusal())
    monkeypatch.setenv("LANGUAGE", "en")
    sys.modules.pop("helper", None)
    return refusal()


@pytest.mark.parametrize("name", FAILING)
def test_code_that_fails_is_explained_in_one_line(name, folder, monkeypatch):
    text, said = FAILING[name]
    assert re.search(said, explained_in_chinese_and_english(name, text, folder, monkeypatch))


@pytest.mark.parametrize("name", UNENDING)
def test_code_that_does_not_end_is_explained_in_one_line(name, folder, monkeypatch):
    monkeypatch.setattr(source, "TIME_LIMIT", 0.2)
    text, said = UNENDING[name]
    assert re.search(said, explained_in_chinese_and_english(name, text, folder, monkeypatch))


def test_ctrl_c_is_not_explained(folder, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    write(folder, model="")
    monkeypatch.setattr(source, "run_limited", interrupted)
    with pytest.raises(KeyboardInterrupt):
        gradient_check.load("model.py")


LOOPS = {
    # a loop, and whether it is known to be endless
    "true": ("while True:\n    x = 1", True),
    "one": ("while 1:\n    x = 1", True),
    "forgotten step": ("while i < n:\n    total = total + x[i]", True),
    "forgotten step, with calls": ("while i < len(x):\n    y.append(np.exp(x[i]))", True),
    "step in another name": ("while i < n:\n    j += 1", True),
    "step": ("while i < n:\n    i += 1", False),
    "step in a branch": ("while i < n:\n    if x:\n        i = i + 1", False),
    "break": ("while True:\n    if x:\n        break", False),
    "return": ("def f(x):\n    while True:\n        return x", False),
    "raise": ("while True:\n    raise StopIteration", False),
    "yield": ("def f(x):\n    while True:\n        yield x", False),
    "pop": ("while stack:\n    stack.pop()", False),
    "shrunk by another": ("while len(stack) > 0:\n    shrink(stack)", False),
    "shrunk by name": ("while stack:\n    shrink(what=self.stack, of=stack)", False),
    "an entry": ("while x[0] < 3:\n    x[0] += 1", False),
    "an attribute": ("while self.i < n:\n    self.i += 1", False),
    "deleted": ("while x:\n    del x[0]", False),
    "unpacked": ("while i < n:\n    i, j = j, i", False),
    "asked each time": ("while running():\n    x = 1", False),
    "for": ("for i in range(3):\n    x = 1", False),
    "loop within a loop": ("for i in x:\n    while j < i:\n        k = 1", True),
}


@pytest.mark.parametrize("name", LOOPS)
def test_only_a_loop_that_cannot_end_is_called_endless(name, folder):
    text, is_endless = LOOPS[name]
    write(folder, model=text)
    lines = text.splitlines()
    inside = Place(str(folder / "model.py"), len(lines))
    head = next((number for number, line in enumerate(lines, 1) if "while" in line), None)
    expected = Place(inside.path, head) if is_endless else None
    assert source.endless_loop([inside]) == expected


def test_an_endless_loop_further_out_is_found_and_one_elsewhere_is_not(folder):
    write(folder, model="def f():\n    x = 1\nwhile True:\n    f()\ny = 1")
    inner, outer, behind = (Place(str(folder / "model.py"), line) for line in (2, 4, 5))
    assert source.endless_loop([inner, outer]) == Place(outer.path, 3)
    assert source.endless_loop([inner]) is None
    assert source.endless_loop([behind]) is None


BLANKS = '''class Linear:
    def forward(self, x):
        """Text."""
        # TODO
        raise NotImplementedError("Linear.forward")

    def backward(self, grad_y):
        self.x = 1
        raise NotImplementedError("Linear.backward")

    def step(self):
        return 1

    def step(self):
        raise NotImplementedError("again")

    def check(self):
        raise NotImplementedError("above the code")
        return 1
'''


def test_a_blank_is_a_method_that_does_nothing_but_raise(folder):
    write(folder, model=BLANKS)
    path = str(folder / "model.py")
    assert source.blank(path, "Linear.forward") == Place(path, 5)
    assert source.blank(path, "Linear.backward") is None
    assert source.blank(path, "Linear.step") == Place(path, 15)  # the last of that name counts
    assert source.blank(path, "Linear.check") is None
    assert source.blank(path, "Linear.nothing") is None


def test_a_class_or_a_method_that_stands_twice_is_found(folder):
    write(folder, model=BLANKS, other=f"{BLANKS}\n{BLANKS}")
    path = str(folder / "model.py")
    assert source.twice(path, "Linear", "step") == ("def step", 11, 14)
    assert source.twice(path, "Linear", "forward") is None
    assert source.twice(path, "Sigmoid", "forward") is None
    assert source.twice(str(folder / "other.py"), "Linear", "forward") == ("class Linear", 1, 21)


def test_the_lines_of_all_classes_and_functions_are_found(folder):
    write(folder, model=BLANKS)
    assert source.lines_of(str(folder / "model.py")) == {
        "Linear": 1,
        "Linear.forward": 2,
        "Linear.backward": 7,
        "Linear.step": 14,
        "Linear.check": 17,
    }


MISPLACED = {
    # model.py, the class and the method that are looked for, what is found
    "class misspelt": ("class SoftMax:\n    def forward(self): pass", "Softmax.forward", "SoftMax"),
    "class of a longer name": ("class SigmoidActivation:\n    def forward(self): pass",
                               "Sigmoid.forward", "SigmoidActivation"),
    "method misspelt": ("class Linear:\n    def backwrad(self): pass", "Linear.backward",
                        "Linear.backwrad"),
    "another name": ("class Linear:\n    def __call__(self): pass", "Linear.forward",
                     "Linear.__call__"),
    "gradient": ("class Linear:\n    def gradient(self): pass", "Linear.backward",
                 "Linear.gradient"),
    "at the margin": ("class Linear:\n    x = 1\ndef forward(self): pass", "Linear.forward",
                      "forward"),
    "within a method": ("class Linear:\n    def f(self):\n        def forward(self): pass",
                        "Linear.forward", "Linear.f.forward"),
    "behind a class within": (
        "class Linear:\n    class Cache:\n        pass\ndef forward(self): pass",
        "Linear.forward", "forward"),
    "in another class": ("class Linear:\n    pass\nclass A:\n    def forward(self): pass",
                         "Linear.forward", None),
    "of the class above": ("class A:\n    x = 1\ndef forward(self): pass", "Linear.forward", None),
    "blank where it should be": (
        "class Linear:\n    def backward(self):\n        raise NotImplementedError",
        "Linear.backward", None),
    "a helper": ("class Linear:\n    def _forward(self): pass", "Linear.forward", None),
    "nothing alike": ("class Linear:\n    def step(self): pass", "Linear.forward", None),
}  # fmt: skip


@pytest.mark.parametrize("name", MISPLACED)
def test_code_that_seems_to_be_meant_for_a_method_is_found(name, folder):
    text, wanted, expected = MISPLACED[name]
    write(folder, model=text)
    path = str(folder / "model.py")
    found = source.misplaced(path, *wanted.split("."))
    if expected is None:
        assert found is None
    else:
        assert found == (Place(path, source.lines_of(path)[expected]), expected)


def test_no_module_of_python_s_own_is_hidden_by_what_the_tests_wrote():
    assert importlib.import_module("wave").open
