"""startup/ as it is generated; whether the one in the tree is up to date is for --check to say."""

import re

import pytest

import make_startup

SOURCE = '''
class Linear:
    """Y = XW + b (handout, section 2)."""

    def forward(self, x):
        """Say what it returns."""
        # BEGIN SOLUTION
        self.x = x

        return x
        # END SOLUTION
'''
BLANK = """# TODO: Linear.forward，讲义第 2 节 (handout, section 2)
        raise NotImplementedError("Linear.forward")
"""


def test_a_solution_becomes_a_todo_and_a_blank_and_all_else_stays():
    assert make_startup.blanked(SOURCE) == SOURCE[: SOURCE.index("# BEGIN")] + BLANK
    source = (make_startup.CHAPTER / "solution" / "model.py").read_text(encoding="utf-8")
    blanks = re.findall(r'raise NotImplementedError\("(.*)"\)', make_startup.blanked(source))
    classes = ("Linear", "Sigmoid", "Softmax", "CrossEntropyLoss")
    assert blanks == [f"{name}.{method}" for name in classes for method in ("forward", "backward")]


@pytest.fixture
def chapter(tmp_path, monkeypatch):
    (tmp_path / "solution").mkdir()
    for name in make_startup.NAMES:
        (tmp_path / "solution" / name).write_text("# given\n", encoding="utf-8")
    solution = SOURCE + "\n".join(SOURCE.replace("Linear", f"Layer{i}") for i in range(7))
    (tmp_path / "solution" / "model.py").write_text(solution, encoding="utf-8")
    monkeypatch.setattr(make_startup, "CHAPTER", tmp_path)
    return tmp_path


def test_check_names_what_differs_and_writing_mends_it_and_deletes_nothing(chapter, capsys):
    assert make_startup.main(["--check"]) == 1
    assert "model.py" in capsys.readouterr().out
    assert not (chapter / "startup").exists()
    assert make_startup.main([]) == 0
    (chapter / "startup" / "experiment.py").write_text("mine", encoding="utf-8")
    assert make_startup.main([]) == make_startup.main(["--check"]) == 0
    names = sorted(path.name for path in (chapter / "startup").iterdir())
    assert names == sorted([*make_startup.NAMES, "experiment.py"])


def test_a_filled_in_model_is_kept_unless_forced_and_then_kept_beside(chapter, capsys):
    make_startup.main([])
    model = chapter / "startup" / "model.py"
    generated = model.read_text(encoding="utf-8")
    filled_in = generated.replace(BLANK, "return x")
    model.write_text(filled_in, encoding="utf-8")
    assert make_startup.main([]) == 1
    assert "--force" in capsys.readouterr().err
    assert model.read_text(encoding="utf-8") == filled_in
    assert make_startup.main(["--force"]) == 0
    assert model.read_text(encoding="utf-8") == generated
    assert (chapter / "startup" / "model.py.bak").read_text(encoding="utf-8") == filled_in
