"""startup/ as it is generated; whether the one in the tree is up to date is for --check to say."""

import re

import pytest

import grade
import make_startup

SOURCE = '''
class Linear:
    """Y = XW + b (handout, section 2)."""

    def __init__(self):
        """Say what it is given."""

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
RELU = SOURCE.replace("Linear", "ReLU").replace("section 2", "section 13")


def test_a_solution_becomes_a_todo_and_a_blank_and_all_else_stays():
    assert make_startup.blanked(SOURCE) == SOURCE[: SOURCE.index("# BEGIN")] + BLANK
    after = "\n    def backward(self):\n        pass\n"
    two = make_startup.blanked(SOURCE + after + RELU)
    assert two.startswith(make_startup.blanked(SOURCE) + after)
    assert two.endswith(
        "        # TODO: ReLU.forward，讲义第 13 节 (handout, section 13)\n"
        '        raise NotImplementedError("ReLU.forward")\n'
    )


def test_the_blanks_of_the_course_are_what_main_checks():
    source = (make_startup.CHAPTER / "solution" / "model.py").read_text(encoding="utf-8")
    blanks = re.findall(r'raise NotImplementedError\("(.*)"\)', make_startup.blanked(source))
    assert blanks[:2] == ["Linear.forward", "Linear.backward"]
    assert [*blanks, "the whole network"] == grade.methods_of_the_checker()


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        # Otherwise students would get the solution.
        ("        # END SOLUTION\n", "", "needs an `# END SOLUTION`"),
        ("        # END", "    # END", "needs an `# END SOLUTION`"),
        ("        # END SOLUTION\n", RELU, "needs an `# END SOLUTION`"),
        ("        # BEGIN SOLUTION\n", "", "needs an `# END SOLUTION`"),
        (" (handout, section 2)", "", r'docstring of Linear lacks "\(handout, section 2\)"'),
        ('    """Y = XW + b (handout, section 2)."""\n', "", r"docstring of Linear lacks"),
        ("    def forward(self, x):\n", "    if True:\n", r"line 10: .* outside a method"),
    ],
    ids=[
        "no end",
        "indented",
        "swallowed",
        "no beginning",
        "no section",
        "no docstring",
        "no method",
    ],
)
def test_what_cannot_become_a_blank_is_an_error(old, new, error):
    assert old in SOURCE
    with pytest.raises(make_startup.CannotWriteError, match=error):
        make_startup.blanked(SOURCE.replace(old, new))


@pytest.fixture
def chapter(tmp_path, monkeypatch):
    (tmp_path / "solution").mkdir()
    for name in make_startup.NAMES:
        (tmp_path / "solution" / name).write_text("# given\n", encoding="utf-8")
    (tmp_path / "solution" / "model.py").write_text(SOURCE, encoding="utf-8")
    monkeypatch.setattr(make_startup, "CHAPTER", tmp_path)
    return tmp_path


def test_check_names_what_differs_and_writing_mends_it_and_deletes_nothing(chapter, capsys):
    assert make_startup.main(["--check"]) == 1
    assert len(re.findall(r"^differs: .*\.py$", capsys.readouterr().out, re.MULTILINE)) == 4
    assert not (chapter / "startup").exists()

    assert make_startup.main([]) == 0
    (chapter / "startup" / "experiment.py").write_text("mine", encoding="utf-8")
    (chapter / "solution" / "data.py").write_text("# changed\n", encoding="utf-8")
    capsys.readouterr()
    assert make_startup.main([]) == make_startup.main(["--check"]) == 0
    assert capsys.readouterr().out == f"written: {chapter / 'startup' / 'data.py'}\n"

    names = sorted(path.name for path in (chapter / "startup").iterdir())
    assert names == sorted([*make_startup.NAMES, "experiment.py"])
    assert (chapter / "startup" / "data.py").read_bytes() == b"# changed\n"


@pytest.mark.parametrize("blank", ["return x", "return (", ""])
def test_a_filled_in_model_is_kept_unless_forced_and_then_kept_beside(blank, chapter):
    make_startup.main([])
    model = chapter / "startup" / "model.py"
    generated = model.read_text(encoding="utf-8")
    filled_in = generated.replace(BLANK, blank)
    model.write_text(filled_in, encoding="utf-8")
    with pytest.raises(make_startup.CannotWriteError, match="is filled in; --force replaces it"):
        make_startup.main([])
    assert model.read_text(encoding="utf-8") == filled_in

    assert make_startup.main(["--force"]) == 0
    assert model.read_text(encoding="utf-8") == generated
    assert (chapter / "startup" / "model.py.bak").read_text(encoding="utf-8") == filled_in


def test_a_layer_may_be_added_and_removed_while_all_is_blank(chapter):
    model = chapter / "startup" / "model.py"
    for solution in (SOURCE, SOURCE + RELU, RELU):
        (chapter / "solution" / "model.py").write_text(solution, encoding="utf-8")
        assert make_startup.main([]) == 0
        assert model.read_text(encoding="utf-8") == make_startup.blanked(solution)
    assert not model.with_name("model.py.bak").exists()


def test_without_the_solution_it_says_so(chapter):
    (chapter / "solution").rename(chapter / "elsewhere")
    with pytest.raises(make_startup.CannotWriteError, match="solution is not there to copy from"):
        make_startup.main([])
