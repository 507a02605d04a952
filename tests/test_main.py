"""main.py: a training that is compared with the formulas, its data, options and interruptions."""

import math
import os
import re
import shlex
import shutil
import struct
import subprocess
import sys
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

import main
import make_startup
import model
import small_training
from data import DATA_DIR, Batches, one_hot, standardise
from support import pictures, weights
from support.gradient_check.report import NAMES
from support.jitter import Jitter
from support.language import UserError

try:
    import fcntl
    import termios
except ImportError:  # on Windows
    fcntl = None

CHAPTER = Path(main.__file__).resolve().parent.parent
SMALL = "--skip_checks --dataset mnist --hidden_dims 8 --batch_size 32 "


@pytest.fixture
def mnist(monkeypatch):
    """Small training, validation and test images in place of MNIST's."""
    return small_training.stripes_for_mnist(monkeypatch)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run the command in this process with results below tmp_path, on few pen digits.

    No pictures are drawn, which takes longer than all the rest.
    """
    monkeypatch.setattr(pictures, "draw_losses", lambda *arguments: None)
    monkeypatch.setattr(pictures, "draw_mistakes", lambda *arguments: None)
    monkeypatch.setattr(main, "PEN_DIGITS_ALONE", 300)
    monkeypatch.setattr(main, "PEN_DIGITS_BESIDE_MNIST", 64)
    return lambda options: small_training.run(options, tmp_path)


def trained(tmp_path):
    return weights.load(tmp_path / "solution" / "weights.npz", model.MLP)


def textbook_training(dataset, dims, lr, batch_size, epochs, momentum, seed, jittered):
    """Train with the handout's formulas; return the network and the history, an epoch at a time."""
    (images, labels), validation, _ = dataset
    rng = np.random.default_rng(seed)
    network = model.MLP(784, dims, 10, rng)
    loss_function = model.CrossEntropyLoss()
    batches = Batches(images, labels, batch_size, rng)
    velocity = [(0, 0) for _ in network.linears]
    history = []
    step = 0
    steps = epochs * math.ceil(len(images) / batch_size)
    for epoch in range(1, epochs + 1):
        losses = []
        if jittered:
            batches.augment = Jitter(rng, strength=0.5 if epoch > 0.7 * epochs else 1)
        for x, y in batches:
            losses.append(loss_function.forward(network.forward(x), y))
            network.backward(loss_function.backward())
            rate = lr if step <= 0.7 * steps else lr * (steps - step) / (0.3 * steps)
            for i, linear in enumerate(network.linears):
                grads = linear.grad_W + (0.1 * linear.W if momentum else 0), linear.grad_b
                velocity[i] = [momentum * v + g for v, g in zip(velocity[i], grads, strict=True)]
                linear.W = linear.W - rate * velocity[i][0]
                linear.b = linear.b - rate * velocity[i][1]
            step += 1

        y_hat = network.forward(standardise(validation[0]))
        loss = -np.log(y_hat[np.arange(len(y_hat)), validation[1]]).mean()
        accuracy = (y_hat.argmax(axis=1) == validation[1]).mean()
        history.append([np.mean(losses), loss, accuracy])
        yield network, history


@pytest.mark.parametrize(
    ("options", "settings"),
    [
        ("--momentum 0 --no_jitter", {"momentum": 0, "jittered": False}),
        ("", {}),
        ("--lr 0.02", {"lr": 0.02}),
        ("--batch_size 50", {"batch_size": 50}),
        ("--epochs 5 --seed 3", {"epochs": 5, "seed": 3}),
        ("--epochs 10", {"epochs": 10}),
        ("--hidden_dims 7 6 5", {"dims": [7, 6, 5]}),
    ],
)
def test_a_training_is_what_the_formulas_say(options, settings, mnist, run, monkeypatch, tmp_path):
    saved = []
    save = weights.save

    def save_and_look(path, network, **meta):
        save(path, network, **meta)
        saved.append((path, *weights.load(path, model.MLP)))

    monkeypatch.setattr(weights, "save", save_and_look)
    monkeypatch.setattr(main, "WEIGHT_DECAY", 0.1)  # so much that it shows within a few steps
    asked = {
        "dims": [8],
        "lr": 0.01,
        "batch_size": 32,
        "epochs": 3,
        "momentum": 0.98,
        "seed": 0,
        "jittered": True,
        **settings,
    }
    assert run(SMALL + "--epochs 3 " + options) == 0

    for epoch, (network, history) in enumerate(textbook_training(mnist, **asked), 1):
        path, found, meta = saved[epoch - 1]
        assert (meta["epoch"], meta["dims"]) == (epoch, network.dims)
        assert path == tmp_path / "solution" / "weights.npz"
        assert "test_accuracy" not in meta  # the test comes once, at the end
        np.testing.assert_allclose(meta["history"], history, rtol=2e-4)
        for expected, linear in zip(network.linears, found.linears, strict=True):
            np.testing.assert_allclose(linear.W, expected.W, rtol=1e-3, atol=1e-5)
            np.testing.assert_allclose(linear.b, expected.b, rtol=1e-3, atol=1e-5)

    assert len(saved) == epoch + 1 == asked["epochs"] + 1
    images, labels = mnist[2]
    right = network.forward(standardise(images)).argmax(axis=1) == labels
    assert saved[-1][2]["test_accuracy"] == pytest.approx(right.mean())


def test_results_that_a_layer_writes_over_in_its_next_call_are_kept():
    answers = np.zeros((500, 10))

    class Network:
        def forward(self, x):
            answers[:] = np.eye(10)[(x[:, 0] > 0).astype(int)]
            return answers

    images = np.repeat([[0], [255]], 500, axis=0).repeat(784, axis=1).astype(np.uint8)
    labels = np.repeat([0, 1], 500)
    _, accuracy, y_hat = main.evaluate(Network(), model.CrossEntropyLoss(), images, labels)
    assert accuracy == 1
    np.testing.assert_array_equal(y_hat.argmax(axis=1), labels)


def test_a_loss_that_is_written_over_in_its_next_call_is_kept(mnist, run, tmp_path, monkeypatch):
    assert run(SMALL + "--epochs 1") == 0
    _, usual = trained(tmp_path)
    source = Path(model.__file__).read_text(encoding="utf-8")
    given = "return float(-(y * np.log(self.y_hat)).sum() / len(y))"
    assert given in source
    own = tmp_path / "model.py"
    own.write_text(
        source.replace(
            given, "TOTAL[...] = -(y * np.log(self.y_hat)).sum() / len(y)\n        return TOTAL"
        ).replace("class Linear:", "TOTAL = np.zeros(())\n\n\nclass Linear:"),
        encoding="utf-8",
    )
    small_training.let_the_model_be(own, monkeypatch)
    assert run(SMALL + "--epochs 1") == 0
    np.testing.assert_allclose(trained(tmp_path)[1]["history"], usual["history"])


def test_the_options_of_a_run_are_remembered(mnist, run, tmp_path):
    options = "--lr 0.02 --momentum 0.9 --epochs 1 --seed 7 --no_jitter"
    assert run(SMALL + options) == 0
    assert trained(tmp_path)[1]["options"] == {
        "hidden_dims": [8],
        "lr": 0.02,
        "momentum": 0.9,
        "batch_size": 32,
        "epochs": 1,
        "seed": 7,
        "no_jitter": True,
    }


def test_the_learning_rate_falls_over_the_last_30_percent_and_is_zero_past_the_end():
    rates = [main.learning_rate(step, 10, 0.3) for step in (0, 6, 7, 8, 9, 10, 11)]
    np.testing.assert_allclose(rates, [0.3, 0.3, 0.3, 0.2, 0.1, 0, 0])


def untrained_loss(seed, images, labels):
    network = model.MLP(784, [8], 10, np.random.default_rng(seed))
    y_hat = network.forward(standardise(images))
    return model.CrossEntropyLoss().forward(y_hat, one_hot(labels))


def test_the_output_is_two_lines_first_one_for_each_epoch_and_what_comes_next(
    mnist, capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    other = model.MLP(784, [4], 10, np.random.default_rng(0))
    weights.save("startup/weights.npz", other, dataset="pen", test_accuracy=0.625)
    assert small_training.run(SMALL + "--epochs 2 --seed 1", tmp_path) == 0
    assert {path.name for path in Path("solution").iterdir()} == {
        "loss.png",
        "mistakes.png",
        "weights.npz",
    }

    start, untrained, *epochs, accuracy, place, canvas = capsys.readouterr().out.splitlines()
    assert start == "Training 784-8-10 on 320 images (mnist)."
    losses = [f"{untrained_loss(1, *part):.2f}" for part in mnist]
    assert len(set(losses)) == 3
    assert f"Its loss is {losses[1]} before the first step" in untrained
    assert "ln 10 = 2.30" in untrained
    assert [line[:10] for line in epochs] == ["epoch  1/2", "epoch  2/2"]
    _, meta = trained(tmp_path)
    for line, (train_loss, validation_loss, share) in zip(epochs, meta["history"], strict=True):
        assert f"training loss {train_loss:.4f}  validation loss {validation_loss:.4f}" in line
        assert f"validation accuracy {100 * share:.2f} %" in line
    assert f"{100 * meta['test_accuracy']:.2f} % (startup, dataset pen: 62.50 %)" in accuracy
    assert place.endswith(" solution")
    assert f"--weights {Path('solution/weights.npz')}" in canvas


def test_the_first_line_is_there_before_the_network_does_anything(
    mnist, run, capsys, tmp_path, monkeypatch
):
    source = Path(model.__file__).read_text(encoding="utf-8")
    talking = tmp_path / "model.py"
    talking.write_text(
        source.replace("self.x = x", "print('forward')\n        self.x = x"), encoding="utf-8"
    )
    small_training.let_the_model_be(talking, monkeypatch)
    assert run(SMALL + "--epochs 1") == 0
    first, second, *_ = capsys.readouterr().out.splitlines()
    assert first.startswith("Training ")
    assert second == "forward"


def test_an_epoch_lasts_as_long_as_its_steps(mnist, run, capsys, monkeypatch):
    class Clock:
        now = 5000

        def during(self, function, seconds):
            """Return `function`, for which this clock needs so many seconds."""

            def slowly(*arguments, **named):
                self.now += seconds
                return function(*arguments, **named)

            return slowly

    clock = Clock()
    monkeypatch.setattr(main.time, "perf_counter", lambda: clock.now)
    monkeypatch.setattr(main.SGD, "step", clock.during(main.SGD.step, 3))
    for module, name in (
        (main, "standardise"),
        (weights, "save"),
        (pictures, "draw_losses"),
    ):
        monkeypatch.setattr(module, name, clock.during(getattr(module, name), 1000))
    assert run(SMALL + "--epochs 2") == 0
    lasted = re.findall(r"^epoch .*  ([\d.]+) s$", capsys.readouterr().out, re.MULTILINE)
    assert lasted == ["30.0", "30.0"]  # 320 images are ten steps


@pytest.mark.skipif(fcntl is None, reason="there are no pseudo-terminals")
def test_a_terminal_shows_a_bar_for_each_epoch(mnist, run, monkeypatch):
    ours, theirs = os.openpty()
    rows_and_columns = struct.pack("HHHH", 24, 80, 0, 0)
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, rows_and_columns)
    os.set_blocking(ours, False)
    with open(theirs, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        assert run(SMALL + "--epochs 2") == 0
        shown = os.read(ours, 100_000).decode()
    os.close(ours)
    for title in ("epoch 1/2", "epoch 2/2"):
        assert title in shown
    assert "/10 [" in shown


def test_a_file_gets_no_bars(mnist, run, capsys):
    assert run(SMALL + "--epochs 2") == 0
    assert capsys.readouterr().err == ""


def test_pen_digits_stand_beside_mnist_or_in_its_place(mnist, run, capsys, monkeypatch):
    small = "--skip_checks --hidden_dims 4 --epochs 1"
    assert run(small) == 0
    assert "on 384 images (mnist+pen)" in capsys.readouterr().out
    monkeypatch.setattr(main, "HELD_OUT", 40)
    assert run(small + " --dataset pen") == 0
    assert "on 300 images (pen)" in capsys.readouterr().out

    unreachable = UserError("No mirror answered.", "")
    monkeypatch.setattr(main, "load_mnist", mock.Mock(side_effect=unreachable))
    assert run(small) == 0
    output = capsys.readouterr().out
    assert "No mirror answered.\n" in output
    assert "NO MNIST" in output
    assert "on 300 images (pen)" in output
    assert run(small + " --dataset mnist") == 1
    assert capsys.readouterr().err == "Error: No mirror answered.\n"


def test_every_image_keeps_its_label_and_5000_of_mnist_are_held_out(monkeypatch):
    rng = np.random.default_rng(0)

    def numbered(count):
        """Return images that are filled with their labels."""
        labels = rng.integers(0, 10, count, dtype=np.uint8)
        return np.repeat(labels[:, None], 784, axis=1), labels

    mnist = *numbered(5020), *numbered(7)
    monkeypatch.setattr(main, "load_mnist", lambda data_dir: mnist)
    monkeypatch.setattr(main.pen_digits, "generate", lambda count, rng: numbered(count))
    sizes = {"mnist": (20, 5000, 7), "auto": (30_020, 5000, 7), "pen": (60_000, 5000, 5000)}
    for option, expected in sizes.items():
        dataset = main.load(main.parse(["--dataset", option]))
        parts = dataset.training, dataset.validation, dataset.test
        assert tuple(len(images) for images, _ in parts) == expected
        for images, labels in parts:
            np.testing.assert_array_equal(images[:, 0], labels)
        if option != "pen":
            np.testing.assert_array_equal(dataset.validation[1], mnist[1][20:])
            np.testing.assert_array_equal(dataset.test[1], mnist[3])


def test_pen_digits_depend_on_the_seed_and_are_not_drawn_with_the_numbers_of_the_weights(
    mnist, monkeypatch
):
    def numbers_for(*options):
        drawn = []

        def generate(count, rng):
            drawn.append(rng.random())
            return np.zeros((count, 784), np.uint8), np.zeros(count, np.uint8)

        monkeypatch.setattr(main.pen_digits, "generate", generate)
        main.load(main.parse(options))
        return drawn

    numbers = numbers_for("--dataset", "pen", "--seed", "3")
    assert len(set(numbers)) == 3
    assert numbers == numbers_for("--dataset", "pen", "--seed", "3", "--hidden_dims", "5")
    assert set(numbers).isdisjoint(numbers_for("--dataset", "pen", "--seed", "4"))
    assert set(numbers).isdisjoint(np.random.default_rng(3).random(10))


def test_pen_digits_of_validation_and_test_are_others_than_those_trained_on(run, monkeypatch):
    monkeypatch.setattr(main, "HELD_OUT", 300)
    dataset = main.load(main.parse(["--dataset", "pen"]))
    parts = dataset.training, dataset.validation, dataset.test
    different = {image.tobytes() for images, _ in parts for image in images}
    assert len(different) > 890


def test_steps_that_are_too_large_end_the_training_and_leave_the_weights(
    mnist, run, capsys, tmp_path
):
    base = SMALL + "--epochs 2"
    assert run(base) == 0
    kept = (tmp_path / "solution" / "weights.npz").read_bytes()
    capsys.readouterr()
    for lr in ("1000", "1e20"):
        assert run(f"{base} --lr {lr}") == 1
        error = capsys.readouterr().err
        assert f"--lr {float(lr) / 10:g}" in error
        assert error.count("\n") == 1
        assert (tmp_path / "solution" / "weights.npz").read_bytes() == kept


WRONG = """
--hidden_dims 0
--hidden_dims 1e3
--lr nan
--lr 0
--batch_size 0
--epochs x
--momentum 1
--seed -1
--dataset cifar
--check_only --skip_checks
--epoch 3
weights.npz
--model model.py
--report report.json
--skip_checks --model model.py
"""


@pytest.mark.parametrize("options", WRONG.strip().splitlines())
def test_a_wrong_argument_names_itself_and_ends_with_exit_code_2(options, capsys):
    with pytest.raises(SystemExit) as exit_:
        main.main(options.split())
    assert exit_.value.code == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert options.split()[0] in error or options.split()[-2] in error or options in error


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("--epochs 1.5", "1.5 不是 1 到 1000000 之间的整数"),
        ("--momentum 1", "1 不是 0 到 0.9999 之间的数"),
        ("--model model.py", "只能与 --check_only 一起用"),
    ],
)
def test_a_wrong_argument_is_told_in_chinese(options, told, chinese, capsys):
    with pytest.raises(SystemExit):
        main.main(options.split())
    assert told in capsys.readouterr().err


def test_a_tilde_is_the_user_s_folder():
    for name in ("data_dir", "model_dir"):
        options = main.parse([f"--{name}", "~/of/mine"])
        assert getattr(options, name) == Path.home() / "of" / "mine"
    for name in ("model", "report"):
        options = main.parse(["--check_only", f"--{name}", "~/of/mine"])
        assert getattr(options, name) == Path.home() / "of" / "mine"


def test_a_blank_met_without_the_checks_is_one_sentence(mnist, run, monkeypatch, capsys, tmp_path):
    source = (CHAPTER / "solution" / "model.py").read_text(encoding="utf-8")
    blank = tmp_path / "model.py"
    blank.write_text(make_startup.blanked(source), encoding="utf-8")
    small_training.let_the_model_be(blank, monkeypatch)
    assert run(SMALL) == 1
    assert capsys.readouterr().err == "Error: Linear.forward is still blank.\n"


def interrupted_in_step(number):
    """Return SGD.step with Ctrl-C pressed in its call of this number; ten are an epoch."""
    step = main.SGD.step
    calls = iter(range(1, number + 1))

    def step_or_stop(self, learning_rate):
        if next(calls) == number:
            raise KeyboardInterrupt
        step(self, learning_rate)

    return step_or_stop


@pytest.mark.parametrize(("step", "saved"), [(1, 0), (10, 0), (11, 1), (25, 2)])
def test_an_interrupted_training_keeps_the_epochs_that_it_says_are_saved(
    step, saved, mnist, run, monkeypatch, capsys, tmp_path
):
    monkeypatch.setattr(main.SGD, "step", interrupted_in_step(step))
    assert run(SMALL + "--epochs 3") == 130
    output = capsys.readouterr().out
    assert output.endswith("\nInterrupted.\n")
    assert (tmp_path / "solution").exists() == (saved > 0)
    assert ("saved" in output) == (saved > 0)
    if saved:
        assert f"The weights after epoch {saved} are saved in" in output
        assert str(tmp_path / "solution") in output
        assert trained(tmp_path)[1]["epoch"] == saved


def test_ctrl_c_while_a_picture_is_drawn_keeps_the_epoch(mnist, run, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(pictures, "draw_losses", mock.Mock(side_effect=KeyboardInterrupt))
    assert run(SMALL + "--epochs 3") == 130
    assert "The weights after epoch 1 are saved" in capsys.readouterr().out
    assert trained(tmp_path)[1]["epoch"] == 1


def test_all_checks_passed_is_followed_by_the_command_that_trains(capsys, tmp_path):
    assert main.main(["--check_only"]) == 0
    *_, following, command = capsys.readouterr().out.splitlines()
    assert following == "Next: train the network."
    assert Path(shlex.split(command)[-1]).resolve() == CHAPTER / "solution" / "main.py"

    alone = shutil.copy(model.__file__, tmp_path / "model.py")
    assert main.main(["--check_only", "--model", str(alone)]) == 0
    assert "Next:" not in capsys.readouterr().out


def test_nothing_is_trained_if_a_check_fails_or_only_checks_are_asked_for(run, monkeypatch):
    monkeypatch.setattr(main, "load", mock.Mock(side_effect=AssertionError))
    assert run("--check_only") == 0
    monkeypatch.setattr(main.gradient_check, "run", lambda model, report: False)
    assert run("") == 1
    assert run("--check_only") == 1


def test_the_model_and_the_file_for_the_report_are_handed_to_the_checks(monkeypatch, tmp_path):
    run = mock.Mock(return_value=True)
    monkeypatch.setattr(main.gradient_check, "run", run)
    own = tmp_path / "model.py"
    own.write_text("class Own: pass", encoding="utf-8")
    report = tmp_path / "report.json"
    main.main(["--check_only", "--model", str(own), "--report", str(report)])
    loaded, report_path = run.call_args.args
    assert loaded.__file__ == str(own)
    assert report_path == report


def test_a_run_that_learned_nothing_ends_with_a_remark(mnist, run, capsys):
    assert run(SMALL + "--epochs 1 --lr 1e-6") == 0
    assert "random guessing costs 2.30. The checks were skipped" in capsys.readouterr().out
    assert run("--dataset mnist --hidden_dims 8 --epochs 1 --lr 1e-6") == 0
    assert "Try --lr 0.01." in capsys.readouterr().out


def test_a_student_gets_from_none_to_all_done_without_solution(tmp_path):
    """The folder that a teacher hands out: its name has a space, and solution/ is not there."""
    chapter = tmp_path / "my homework" / "chapter03"
    (chapter / "startup").mkdir(parents=True)
    for name in make_startup.NAMES:
        text = (CHAPTER / "solution" / name).read_text(encoding="utf-8")
        (chapter / "startup" / name).write_text(make_startup.blanked(text), encoding="utf-8")
    solution = (CHAPTER / "solution" / "model.py").read_text(encoding="utf-8")
    shutil.copytree(CHAPTER / "support", chapter / "support")
    count = len(NAMES)
    for done in (0, 5, count):
        startup = solution
        for mark in ("# BEGIN SOLUTION", "# END SOLUTION"):
            startup = startup.replace(mark, "# solved", done)
        startup = make_startup.blanked(startup)
        (chapter / "startup" / "model.py").write_text(startup, encoding="utf-8")
        command = [sys.executable, chapter / "startup" / "main.py", "--check_only"]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        assert f"{done} of {count}" in result.stdout
        assert (result.returncode, result.stderr) == (0 if done == count else 1, "")


@pytest.mark.skipif(len(list(DATA_DIR.glob("*ubyte*"))) < 4, reason="data/ has no MNIST")
def test_one_epoch_on_the_real_mnist_reads_nine_of_ten_test_digits(run, tmp_path):
    assert run("--dataset mnist --epochs 1 --no_jitter") == 0
    assert trained(tmp_path)[1]["test_accuracy"] > 0.9
