"""startup/ as it is generated; whether the one in the tree is up to date is for --check to say."""

import ast

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

    def size(self):
        return 1
'''


def test_a_solution_becomes_a_todo_and_a_blank_and_all_else_stays():
    assert make_startup.blanked(SOURCE) == SOURCE.replace(
        "# BEGIN SOLUTION\n        self.x = x\n\n        return x\n        # END SOLUTION",
        "# TODO: Linear.forward, handout section 2\n"
        '        raise NotImplementedError("Linear.forward")',
    )


def test_eight_methods_of_the_model_are_blank_and_no_trace_of_a_solution_is_left():
    files = {path.name: text for path, text in make_startup.generated().items()}
    blanks = [
        f"{node.name}.{method.name}"
        for node in ast.parse(files["model.py"]).body
        if isinstance(node, ast.ClassDef)
        for method in node.body
        if isinstance(method, ast.FunctionDef) and isinstance(method.body[-1], ast.Raise)
    ]
    classes = ("Linear", "Sigmoid", "Softmax", "CrossEntropyLoss")
    assert blanks == [f"{name}.{method}" for name in classes for method in ("forward", "backward")]
    assert not any("SOLUTION" in text for text in files.values())


@pytest.fixture
def chapter(tmp_path, monkeypatch):
    (tmp_path / "solution").mkdir()
    (tmp_path / "solution" / "model.py").write_text(SOURCE, encoding="utf-8")
    monkeypatch.setattr(make_startup, "CHAPTER", tmp_path)
    return tmp_path


def test_check_names_the_file_that_differs_and_writing_mends_it(chapter, capsys):
    assert make_startup.main(["--check"]) == 1
    assert "model.py" in capsys.readouterr().out
    assert not (chapter / "startup").exists()
    assert make_startup.main([]) == 0
    (chapter / "startup" / "old.py").write_text("", encoding="utf-8")
    assert make_startup.main(["--check"]) == 1
    assert "old.py" in capsys.readouterr().out
    assert make_startup.main([]) == 0
    assert make_startup.main(["--check"]) == 0
    assert [path.name for path in (chapter / "startup").iterdir()] == ["model.py"]
