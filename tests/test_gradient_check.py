"""How a student's model.py is loaded, and what is said if it cannot be."""

import pytest

from submissions import SOLUTION, solved
from support import gradient_check
from support.gradient_check import limits, report, source
from support.language import UserError


@pytest.fixture
def model(tmp_path, monkeypatch):
    """Return a function that writes a model.py, into a folder with a space, and loads it."""
    monkeypatch.setattr(source, "TIME_LIMIT", 0.3)
    folder = tmp_path / "my homework"
    folder.mkdir()
    monkeypatch.chdir(folder)

    def load(source):
        (folder / "model.py").write_bytes(source if isinstance(source, bytes) else source.encode())
        return gradient_check.load("model.py")

    return load


X = "return x @ self.W + self.b"
UNREADABLE = [
    # what stands in model.py, what is said
    (SOLUTION.replace(X, "return (x @ self.W + self.b"), r"model\.py:31: .*\(.*never closed"),
    (SOLUTION.replace(X, "return （x)"), "model.py:31: column 16 holds .* `（`.* `\\(`"),
    (SOLUTION.replace(X, f"{X}；"), "model.py:31: column .* holds .* `；`.* `;`"),
    (SOLUTION.replace("        self.x = x\n", "\tself.x = x\n"), "model.py:30: tabs and spaces"),
    (SOLUTION.replace("        self.x = x\n", "    self.x = x\n", 1), "model.py:31: .*indent"),
    (SOLUTION.encode("gbk"), "model.py:1: the file is not saved as UTF-8"),
    (SOLUTION.replace("import numpy", "import nunpy"), "model.py:1[0-9]: .*No module named 'nun"),
    (SOLUTION + "exit()", r"model\.py:\d+: this line raises SystemExit"),
    (SOLUTION + "x = undefined", r"model\.py:\d+: .*NameError: name 'undefined'"),
    (SOLUTION + "while True: print(1)", r"model\.py:\d+: .*still running after 0.3 seconds"),
]


@pytest.mark.parametrize(("source", "said"), UNREADABLE)
def test_a_file_that_cannot_be_used_is_explained_in_one_line(
    source, said, model, monkeypatch, capsys
):
    for language, pattern in (("en", said), ("zh_CN", "[\u4e00-\u9fff]{2}")):
        monkeypatch.setenv("LANGUAGE", language)
        with pytest.raises(UserError, match=pattern) as error:
            model(source)
        assert "\n" not in str(error.value)
        assert capsys.readouterr().out.count("1") <= limits.SHOWN_PRINTS


def test_a_path_that_is_no_file_is_named(model):
    with pytest.raises(UserError, match=r"absent\.py cannot be read: "):
        gradient_check.load("absent.py")


def test_a_file_is_read_as_python_reads_it_and_afresh_each_time(model):
    gbk = b"# coding: gbk\n" + solved("Linear.forward", "raise ValueError(x) # 你好").encode("gbk")
    assert "你好" in report.next_of(report.results(model(gbk))).fault.seen
    assert gradient_check.run(model(b"\xef\xbb\xbf" + SOLUTION.encode()))
    for text in ("形状", "大小"):  # as long, and within the same second
        loaded = model(solved("Linear.forward", f"raise ValueError # {text}"))
        assert text in report.next_of(report.results(loaded)).fault.seen
