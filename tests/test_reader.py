"""The part of the window that works without Tk: a network that reads, and says why if it cannot."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gradient_check
import handwriting_canvas
import make_startup
import model
import reader
import strokes
from reader import Reader, ReaderError, verdict

SOLUTION = Path(reader.__file__).parent
SEVEN = [np.array([[10.0, 12.0], [100.0, 14.0], [45.0, 170.0]]), np.array([[30.0, 90.0], [95, 86]])]


def save(path, seed=0, dims=(784, 8, 10), **meta):
    first, *hidden, last = dims
    network = model.MLP(first, hidden, last, np.random.default_rng(seed))
    network.save(path, **meta)
    return network


def touch(path):
    """Give the file another time than it had, as if it had been written later."""
    now = os.stat(path).st_mtime_ns
    os.utime(path, ns=(now, now + 1_000_000_000))


def imported(path):
    spec = importlib.util.spec_from_file_location("model", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "weights.npz"
    save(path, dataset="mnist+pen", epoch=3, test_accuracy=0.98765)
    return path


@pytest.fixture
def use_model(monkeypatch, tmp_path):
    """Let Reader find a model.py with the given text."""

    def use(text):
        path = tmp_path / "model.py"
        path.write_text(text, encoding="utf-8")
        monkeypatch.setattr(gradient_check, "import_model", lambda: imported(path))

    return use


def test_it_reads_what_the_network_says_of_the_rendered_strokes(weights):
    network, _ = model.MLP.load(weights)
    np.testing.assert_allclose(Reader(weights).read(SEVEN), strokes.read(network, SEVEN))


def test_it_says_what_the_network_was_trained_on_how_long_and_how_well(weights):
    assert Reader(weights).describe() == (
        "trained on MNIST and pen digits · epoch 3 · test accuracy 98.77 %"
    )


def test_a_network_that_says_nothing_of_its_training_is_read_all_the_same(tmp_path):
    save(tmp_path / "weights.npz")
    assert Reader(tmp_path / "weights.npz").describe() == "trained on unknown data"


def test_new_weights_are_loaded_once(weights):
    opened = Reader(weights)
    before = opened.read(SEVEN)
    assert not opened.refresh()
    save(weights, seed=1, dims=(784, 6, 5, 10), epoch=4)
    touch(weights)
    assert opened.refresh()
    assert opened.meta["epoch"] == 4
    assert not np.array_equal(opened.read(SEVEN), before)
    assert not opened.refresh()


@pytest.mark.parametrize("fate", ["deleted", "truncated", "other sizes"])
def test_weights_gone_wrong_are_reported_once_and_the_network_stays(weights, fate):
    opened = Reader(weights)
    before = opened.read(SEVEN)
    if fate == "deleted":
        weights.unlink()
    elif fate == "truncated":
        weights.write_bytes(weights.read_bytes()[:-100])
    else:
        save(weights, dims=(784, 8, 3))
    with pytest.raises(ReaderError):
        opened.refresh()
    assert not opened.refresh()
    np.testing.assert_array_equal(opened.read(SEVEN), before)
    save(weights, epoch=9)
    assert opened.refresh()
    assert opened.meta["epoch"] == 9


@pytest.mark.parametrize("dims", [(100, 10), (784, 8, 3)])
def test_a_network_of_other_sizes_is_refused_by_name(tmp_path, dims):
    save(tmp_path / "weights.npz", dims=dims)
    with pytest.raises(ReaderError, match="784 pixels and give 10") as error:
        Reader(tmp_path / "weights.npz")
    assert "-".join(map(str, dims)) in str(error.value)


def test_pickled_objects_are_never_loaded(tmp_path):
    path = tmp_path / "weights.npz"

    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "exploded"),)

    np.savez(path, W0=np.array([Bomb()]), meta=np.array([Bomb()]))
    with pytest.raises(ReaderError, match="not a usable weights file"):
        Reader(path)
    assert not (tmp_path / "exploded").exists()


def test_blanks_are_named_with_and_without_weights(weights, use_model, tmp_path):
    use_model(make_startup.blanked((SOLUTION / "model.py").read_text(encoding="utf-8")))
    with pytest.raises(ReaderError, match=r"NotImplementedError: Linear\.forward"):
        Reader(weights)
    with pytest.raises(ReaderError, match=r"no weights .* Still blank .*Linear\.forward, Sigm"):
        Reader(tmp_path / "none.npz")


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ("return x @ self.W.T + self.b", r"model\.py, line \d+ cannot read: ValueError: matmul"),
        ("return (x @ self.W + self.b)[:, :9]", "cannot read: "),
        ("return x @ self.W * np.nan", "not ten probabilities"),
        ("pass", "cannot read: "),
    ],
)
def test_a_wrong_model_is_one_sentence(weights, use_model, wrong, problem):
    text = (SOLUTION / "model.py").read_text(encoding="utf-8")
    assert "return x @ self.W + self.b" in text
    use_model(text.replace("return x @ self.W + self.b", wrong))
    with pytest.raises(ReaderError, match=problem) as error:
        Reader(weights)
    assert "\n" not in str(error.value)


def test_sure_or_torn_between_the_best_two():
    probabilities = np.full(10, 0.001)
    probabilities[[4, 9]] = 0.9, 0.092
    assert verdict(probabilities) == ("4", "90 % sure")
    probabilities[[4, 9]] = 0.4, 0.592
    assert verdict(probabilities) == ("9 or 4?", "not sure")


def run(*command, **environment):
    return subprocess.run(
        [sys.executable, *map(str, command)], capture_output=True, text=True, timeout=30,
        check=False, env={**os.environ, "DISPLAY": "", **environment},
    )  # fmt: skip


@pytest.mark.parametrize("options", [["--weight", "x"], ["weights.npz"], ["--weights"]])
def test_a_wrong_argument_is_one_sentence_and_exit_code_2(options, capsys, monkeypatch):
    monkeypatch.setattr(handwriting_canvas, "leave_at_ctrl_c", lambda: None)
    with pytest.raises(SystemExit) as exit_:
        handwriting_canvas.main(options)
    assert exit_.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_without_tk_it_says_what_to_install(weights):
    code = "import sys; sys.modules['tkinter'] = None; import handwriting_canvas as canvas; "
    result = run("-c", code + "sys.exit(canvas.main())", PYTHONPATH=str(SOLUTION))
    assert result.returncode == 1
    assert "python3-tk" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.skipif(handwriting_canvas.tk is None, reason="Tk is not installed")
@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="there is always a display")
def test_without_a_display_it_says_what_to_set(weights):
    result = run(SOLUTION / "handwriting_canvas.py", "--weights", weights)
    assert result.returncode == 1
    assert "DISPLAY" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.skipif(handwriting_canvas.tk is None, reason="Tk is not installed")
@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="there is always a display")
def test_the_untouched_startup_names_the_blanks_and_the_command(tmp_path):
    folder = tmp_path / "my homework" / "startup"
    for path, text in make_startup.generated().items():
        copy = folder / path.relative_to(make_startup.CHAPTER / "startup")
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(text, encoding="utf-8")
    result = run(folder / "handwriting_canvas.py")
    assert result.returncode == 1
    assert "Still blank in model.py: Linear.forward, " in result.stderr
    assert re.search(r'^Run: python ".*my homework.startup.main.py"$', result.stderr, re.MULTILINE)
    assert "Traceback" not in result.stderr
