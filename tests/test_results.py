"""What is kept of a training run, what is said of it, and what becomes of the run before."""

import contextlib
import os
import shutil
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import numpy as np
import pytest

import model
from support import pictures, remarks, weights
from support.language import UserError
from support.results import Results

HERE = Path(model.__file__).resolve().parent
NAMES = ("weights.npz", "loss.png", "mistakes.png")


@pytest.fixture(autouse=True)
def fast_pictures(monkeypatch):
    """Write a word where a picture would be drawn."""
    monkeypatch.setattr(pictures, "draw_losses", lambda path, *_: path.write_text("new"))
    monkeypatch.setattr(pictures, "draw_mistakes", lambda path, *_: path.write_text("new"))


def options(tmp_path):
    return SimpleNamespace(
        hidden_dims=[4],
        lr=0.01,
        momentum=0.98,
        batch_size=64,
        epochs=3,
        seed=0,
        no_jitter=False,
        skip_checks=False,
        model_dir=tmp_path,
    )


@pytest.fixture
def results(tmp_path):
    return Results(HERE, "mnist", options(tmp_path), 0.3)


def network(seed=0):
    network = model.MLP(784, [4], 10, np.random.default_rng(seed))
    for linear in network.linears:
        linear.grad_W = np.ones_like(linear.W)
    return network


def finish(results, accuracy=0.5):
    images = np.zeros((10, 784), np.uint8)
    results.finish(network(), images, np.arange(10), np.eye(10), accuracy)


def test_numbers_of_a_student_s_code_become_python_s_own(results, tmp_path):
    numbers = [np.float32(2.5)], np.array(1.5), np.float64(0.25)
    results.add_epoch(network(), 1.0, *numbers)
    finish(results, np.float32(0.5))
    assert results.meta["history"] == [[2.5, 1.5, 0.25]]
    assert {type(number) for number in results.meta["history"][0]} == {float}
    meta = weights.load_meta(tmp_path / "solution" / "weights.npz")
    assert (meta["history"], meta["epoch"], meta["test_accuracy"]) == ([[2.5, 1.5, 0.25]], 1, 0.5)


def test_percent_signs_stand_close_in_chinese(results, chinese, capsys):
    results.add_epoch(network(), 1.04, [0.5], 0.25, 0.9804)
    finish(results, 0.9712)
    epoch, accuracy, *_ = capsys.readouterr().out.splitlines()
    assert epoch == "epoch  1/3  训练损失 0.5000  验证损失 0.2500  验证准确率 98.04%  1.0 秒"
    assert accuracy.endswith(" 97.12%")


def test_a_slow_epoch_is_announced_below_the_first_line(results, monkeypatch, capsys):
    batch = (np.zeros((2, 784), np.float32), np.eye(10)[:2])
    results.start(network(), model.CrossEntropyLoss(), batch, 60_000)
    assert capsys.readouterr().out == "Training 784-4-10 on 60,000 images (mnist).\n"
    monkeypatch.setattr(remarks, "PATIENCE", 0)
    results.start(network(), model.CrossEntropyLoss(), batch, 60_000)
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("Training ")
    assert second.startswith("An epoch will take about ")


def test_the_remark_at_the_end_knows_how_many_steps_there_were(results, capsys):
    for _ in range(2):
        results.add_epoch(network(), 1, [2.3] * 5, 2.3, 0.1)
    finish(results)
    assert "It took only 10 steps. Try --epochs 6." in capsys.readouterr().out


# Each a generation: what lies there before a run, as {name: who made it}.
OLD = dict.fromkeys(NAMES, "old")
OLDER = dict.fromkeys(NAMES, "older")


def lay(folder, generation):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in generation.items():
        (folder / name).write_text(text)


def found(folder):
    """Return {name: who made it} of the files of a run in `folder`."""
    texts = {}
    for name in NAMES:
        if (folder / name).exists():
            content = (folder / name).read_bytes()
            texts[name] = content.decode() if len(content) < 9 else "new"
    return texts


@pytest.mark.parametrize(
    ("before", "previous", "kept"),
    [
        ({}, {}, {}),
        ({}, OLDER, OLDER),
        (OLD, {}, OLD),
        (OLD, OLDER, OLD),
        (
            {"weights.npz": "old", "loss.png": "old"},
            OLDER,
            {"weights.npz": "old", "loss.png": "old"},
        ),
    ],
    ids=["nothing", "only previous", "a run", "two runs", "a stopped run"],
)
def test_the_run_before_moves_when_the_first_epoch_is_saved(
    before, previous, kept, results, tmp_path, capsys
):
    folder = tmp_path / "solution"
    lay(folder, before)
    lay(folder / "previous", previous)
    for _ in range(2):
        results.add_epoch(network(), 1, [2], 2, 0.5)
        assert found(folder) == {"weights.npz": "new", "loss.png": "new"}
        assert found(folder / "previous") == kept
    told = capsys.readouterr().out.count(str(Path("solution") / "previous"))
    assert told == (1 if before else 0)


def test_a_run_stopped_by_its_first_loss_leaves_everything(results, tmp_path):
    folder = tmp_path / "solution"
    lay(folder, OLD)
    lay(folder / "previous", OLDER)
    with pytest.raises(UserError):
        results.add_epoch(network(), 1, [np.nan], 2, 0.1)
    assert found(folder) == OLD
    assert found(folder / "previous") == OLDER
    assert results.saved_epochs == 0


@pytest.mark.parametrize("function", ["os.replace", "open"])
def test_no_weights_are_lost_whichever_step_fails(function, tmp_path, monkeypatch):
    real = os.replace if function == "os.replace" else open
    outcomes = set()
    for failing in range(6):
        folder = tmp_path / str(failing) / "solution"
        lay(folder, OLD)
        lay(folder / "previous", OLDER)
        results = Results(HERE, "mnist", options(folder.parent), 0.3)
        calls = iter(range(100))

        def fail_once(*arguments, calls=calls, failing=failing):
            if next(calls) == failing:
                raise PermissionError(13, "Permission denied")
            return real(*arguments)

        with monkeypatch.context() as patch:
            patch.setattr(f"support.files.{function}", fail_once, raising=False)
            with contextlib.suppress(UserError):
                results.add_epoch(network(), 1, [2], 2, 0.5)

        weights_now = found(folder)["weights.npz"]
        assert weights_now == ("new" if results.saved_epochs else "old")
        assert "old" in (weights_now, found(folder / "previous")["weights.npz"])
        assert not list(folder.rglob("*.tmp"))
        outcomes.add(weights_now)
    assert outcomes == {"old", "new"}


def test_a_picture_that_a_viewer_holds_is_one_warning_and_the_weights_move(
    results, tmp_path, monkeypatch, capsys
):
    folder = tmp_path / "solution"
    lay(folder, OLD)
    real = os.replace

    def refuse_pictures(source, target):
        if str(target).endswith(".png"):
            raise PermissionError(13, "Permission denied")
        real(source, target)

    monkeypatch.setattr(os, "replace", refuse_pictures)
    results.add_epoch(network(), 1, [2], 2, 0.5)
    assert found(folder / "previous") == {"weights.npz": "old"}
    assert found(folder)["weights.npz"] == "new"
    assert capsys.readouterr().err.count("Warning: ") == 1


@pytest.mark.parametrize(
    "error",
    [
        ImportError("numpy.core.multiarray failed to import"),
        ModuleNotFoundError("No module named 'kiwisolver'"),
        PermissionError(13, "Permission denied", "loss.png"),
        ValueError("several\nlines"),
        RuntimeError(),
        MemoryError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_whatever_a_picture_raises_is_one_warning_and_the_training_goes_on(
    error, results, monkeypatch, capsys, tmp_path
):
    monkeypatch.setattr(pictures, "draw_losses", mock.Mock(side_effect=error))
    monkeypatch.setattr(pictures, "draw_mistakes", mock.Mock(side_effect=error))
    for _ in range(3):
        results.add_epoch(network(), 1, [2], 2, 0.5)
    finish(results)
    output, errors = capsys.readouterr()
    assert errors.startswith(f"Warning: {tmp_path / 'solution' / 'loss.png'} could not be written")
    assert errors.count("\n") == 1
    assert (error.args[-1] if error.args else type(error).__name__).split()[0] in errors or (
        "Permission denied" in errors
    )
    assert output.count("epoch ") == 3


def test_the_other_folder_s_network_is_compared_and_damaged_ones_are_not(tmp_path, capsys):
    other = tmp_path / "startup" / "weights.npz"
    weights.save(other, network(), dataset="mnist", test_accuracy=0.75, options={"lr": 0.5})
    for damage, shown in ((False, True), (True, False)):
        if damage:
            other.write_bytes(other.read_bytes()[:-30])
        results = Results(HERE, "mnist", options(tmp_path), 0.3)
        results.add_epoch(network(), 1, [2], 2, 0.5)
        finish(results)
        assert ("50.00 % (startup, lr 0.5: 75.00 %)" in capsys.readouterr().out) == shown


def test_startup_is_compared_with_solution(tmp_path, capsys):
    other = tmp_path / "solution" / "weights.npz"
    weights.save(other, network(), dataset="mnist", test_accuracy=0.75)
    results = Results(HERE.with_name("startup"), "mnist", options(tmp_path), 0.3)
    results.add_epoch(network(), 1, [2], 2, 0.5)
    finish(results)
    assert "(solution: 75.00 %)" in capsys.readouterr().out
    assert (tmp_path / "startup" / "weights.npz").exists()


def test_the_window_s_command_names_the_weights_only_where_they_are_elsewhere(tmp_path, capsys):
    here = tmp_path / "course" / "chapter03" / "solution"
    here.mkdir(parents=True)
    for model_dir, named in (("course/model", False), ("elsewhere", True)):
        results = Results(here, "mnist", options(tmp_path / model_dir), 0.3)
        results.add_epoch(network(), 1, [2], 2, 0.5)
        finish(results)
        command = capsys.readouterr().out.splitlines()[-1]
        assert "handwriting_canvas.py" in command
        assert ("--weights" in command) == named


def test_only_saved_epochs_are_claimed(results, capsys):
    results.say_what_is_saved()
    assert capsys.readouterr().out == ""
    results.add_epoch(network(), 1, [2], 2, 0.5)
    interrupted = mock.patch.object(weights, "save", side_effect=KeyboardInterrupt)
    with interrupted, pytest.raises(KeyboardInterrupt):
        results.add_epoch(network(), 1, [2], 2, 0.5)
    capsys.readouterr()
    results.say_what_is_saved()
    assert "after epoch 1 are saved in" in capsys.readouterr().out


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path):
    lay(tmp_path / "solution", OLD)
    shutil.copy(tmp_path / "solution" / "loss.png", tmp_path / "solution" / "previous")
    results = Results(HERE, "mnist", options(tmp_path), 0.3)
    with pytest.raises(UserError, match=r"previous could not be written: .*unchanged"):
        results.add_epoch(network(), 1, [2], 2, 0.5)
    assert found(tmp_path / "solution") == OLD


@pytest.mark.parametrize("name", ["a file", "x" * 300, "a folder"], ids=["file", "long", "folder"])
def test_a_place_where_no_weights_can_be_is_one_sentence(name, tmp_path):
    (tmp_path / "a file").touch()
    (tmp_path / "a folder" / "solution" / "weights.npz").mkdir(parents=True)
    results = Results(HERE, "mnist", options(tmp_path / name), 0.3)
    with pytest.raises(UserError, match=r"weights\.npz could not be written: "):
        results.add_epoch(network(), 1.0, [2.5], 2.5, 0.1)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a pipe with a name")
def test_a_pipe_in_the_weights_place_is_not_waited_for(results, tmp_path):
    (tmp_path / "solution").mkdir()
    os.mkfifo(tmp_path / "solution" / "weights.npz")
    results.add_epoch(network(), 1.0, [2.5], 2.5, 0.1)
    assert weights.load_meta(tmp_path / "solution" / "weights.npz")["epoch"] == 1
