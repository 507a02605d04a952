"""main.py: a training that is compared with the formulas, its options, errors and interruptions."""

import shutil
import subprocess
import sys
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

import main
import make_startup
import model
from data import DATA_DIR, Batches, one_hot, standardise
from support import pictures, weights
from support.jitter import Jitter
from support.language import UserError

CHAPTER = Path(main.__file__).resolve().parent.parent


def stripes(count, shift):
    """Return images of stripes and their labels: a network learns them in few steps."""
    labels = (np.arange(count) * 7 % 10).astype(np.uint8)
    columns = np.arange(28) + shift
    rows = np.where(columns // 2 % 10 == labels[:, None], 255, columns % 16).astype(np.uint8)
    return np.repeat(rows[:, None], 28, axis=1).reshape(count, 784), labels


@pytest.fixture
def stripes_for_mnist(monkeypatch):
    """Let MNIST be 320 images to train on, 657 for validation and 211 for the test."""
    training, validation, test = stripes(320, 0), stripes(657, 1), stripes(211, 2)
    images, labels = (np.concatenate(pair) for pair in zip(training, validation, strict=True))
    monkeypatch.setattr(main, "HELD_OUT", 657)
    monkeypatch.setattr(main, "load_mnist", lambda data_dir: (images, labels, *test))
    return training, validation, test


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run the command in this process with results below tmp_path, on few pen digits."""
    monkeypatch.setattr(main, "PEN_DIGITS_ALONE", 300)
    monkeypatch.setattr(main, "PEN_DIGITS_BESIDE_MNIST", 64)
    return lambda options: main.main([*options.split(), "--model_dir", str(tmp_path)])


def textbook_training(dataset, dims, lr, batch_size, epochs, momentum, seed, jittered):
    """Train with the handout's formulas; return the network and the history, an epoch at a time."""
    (images, labels), validation, _ = dataset
    rng = np.random.default_rng(seed)
    network, loss_function = model.MLP(784, dims, 10, rng), model.CrossEntropyLoss()
    batches = Batches(images, labels, batch_size, rng)
    velocity = [(0, 0) for _ in network.linears]
    step, steps = 0, epochs * -(-len(images) // batch_size)
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
        yield network, [np.mean(losses), loss, accuracy]


@pytest.mark.parametrize(
    ("options", "settings"),
    [
        ("--momentum 0 --no_jitter", {"momentum": 0, "jittered": False}),
        ("", {}),
        ("--lr 0.02", {"lr": 0.02}),
        ("--batch_size 50", {"batch_size": 50}),
        ("--epochs 5 --seed 3", {"epochs": 5, "seed": 3}),
        ("--hidden_dims 7 6 5", {"dims": [7, 6, 5]}),
    ],
)
def test_a_training_is_what_the_formulas_say(
    options, settings, stripes_for_mnist, run, monkeypatch, tmp_path
):
    saved = []
    save = weights.save

    def save_and_look(path, network, **meta):
        save(path, network, **meta)
        saved.append((path, *weights.load(path, model.MLP)))

    monkeypatch.setattr(weights, "save", save_and_look)
    monkeypatch.setattr(main, "WEIGHT_DECAY", 0.1)  # so much that it shows within a few steps
    asked = {"dims": [8], "lr": 0.01, "batch_size": 32, "epochs": 3, "momentum": 0.98, "seed": 0,
             "jittered": True, **settings}  # fmt: skip
    base = "--skip_checks --dataset mnist --hidden_dims 8 --batch_size 32 --epochs 3 "
    assert run(base + options) == 0
    history = []
    for epoch, (network, figures) in enumerate(textbook_training(stripes_for_mnist, **asked), 1):
        history.append(figures)
        path, trained, meta = saved[epoch - 1]
        assert (meta["epoch"], meta["dims"]) == (epoch, network.dims)
        assert path == tmp_path / "solution" / "weights.npz"
        assert "test_accuracy" not in meta  # the test comes once, at the end
        np.testing.assert_allclose(meta["history"], history, rtol=2e-4)
        for mine, theirs in zip(network.linears, trained.linears, strict=True):
            np.testing.assert_allclose(mine.W, theirs.W, rtol=1e-3, atol=1e-5)
            np.testing.assert_allclose(mine.b, theirs.b, rtol=1e-3, atol=1e-5)
    assert len(saved) == epoch + 1 == asked["epochs"] + 1
    images, labels = stripes_for_mnist[2]
    right = network.forward(standardise(images)).argmax(axis=1) == labels
    assert saved[-1][2]["test_accuracy"] == pytest.approx(right.mean())
    assert saved[-1][2]["options"]["lr"] == asked["lr"]


LOSSES = {
    "the handout's own suggestion": "return -np.sum(y * np.log(self.y_hat)) / len(y)",
    "a mean": "return np.mean(-np.sum(y * np.log(self.y_hat), axis=1))",
    "an array of no dimension": "return np.array(-np.sum(y * np.log(self.y_hat)) / len(y))",
    "a loop over rows": "return sum(-np.log(p[t == 1][0]) for p, t in zip(self.y_hat, y)) / len(y)",
}


@pytest.mark.parametrize("last_line", LOSSES.values(), ids=LOSSES)
def test_a_right_loss_of_any_type_trains_and_is_saved(last_line, stripes_for_mnist, run, tmp_path):
    source = Path(model.__file__).read_text(encoding="utf-8")
    given = "return float(-(y * np.log(self.y_hat)).sum() / len(y))"
    assert given in source
    path = tmp_path / "model.py"
    path.write_text(source.replace(given, last_line), encoding="utf-8")
    with mock.patch.object(
        main.gradient_check, "load", lambda _, load=main.gradient_check.load: load(path)
    ):
        assert run("--dataset mnist --hidden_dims 8 --epochs 2 --batch_size 32") == 0
    meta = weights.load(tmp_path / "solution" / "weights.npz", model.MLP)[1]
    assert len(meta["history"]) == 2


def test_the_learning_rate_falls_over_the_last_30_percent_and_is_zero_past_the_end():
    rates = [main.learning_rate(step, 10, 0.3) for step in (0, 6, 7, 8, 9, 10, 11)]
    np.testing.assert_allclose(rates, [0.3, 0.3, 0.3, 0.2, 0.1, 0, 0])


def test_the_output_is_one_line_before_the_first_epoch_one_each_and_what_comes_next(
    stripes_for_mnist, run, capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    drawn, draw = [], pictures.draw_losses

    def draw_and_look(path, meta, *other):
        drawn.append((path.name, len(meta["history"])))
        draw(path, meta, *other)

    monkeypatch.setattr(pictures, "draw_losses", draw_and_look)
    other = model.MLP(784, [4], 10, np.random.default_rng(0))
    weights.save("startup/weights.npz", other, dataset="pen", test_accuracy=0.625)
    assert run("--skip_checks --dataset mnist --hidden_dims 8 --epochs 2 --batch_size 32") == 0
    assert drawn == [("loss.png", 1), ("loss.png", 2)]  # the curves after each epoch
    names = sorted(path.name for path in Path("solution").iterdir())
    assert names == ["loss.png", "mistakes.png", "weights.npz"]
    start, *epochs, accuracy, place, canvas = capsys.readouterr().out.splitlines()
    untrained = model.MLP(784, [8], 10, np.random.default_rng(0))
    images, labels = stripes_for_mnist[1]
    loss = model.CrossEntropyLoss().forward(untrained.forward(standardise(images)), one_hot(labels))
    assert f"784-8-10 on 320 images (mnist). Its loss is {loss:.2f}" in start
    assert "ln 10 = 2.30" in start
    assert [line[:10] for line in epochs] == ["epoch  1/2", "epoch  2/2"]
    meta = weights.load("solution/weights.npz", model.MLP)[1]
    for line, (train_loss, validation_loss, share) in zip(epochs, meta["history"], strict=True):
        assert f"training loss {train_loss:.4f}  validation loss {validation_loss:.4f}" in line
        assert f"validation accuracy {100 * share:.2f} %" in line
    assert f"{100 * meta['test_accuracy']:.2f} % (startup, dataset pen: 62.50 %)" in accuracy
    assert "solution" in place
    assert f"--weights {Path('solution/weights.npz')}" in canvas


def test_pen_digits_stand_beside_mnist_or_in_its_place(stripes_for_mnist, run, capsys, monkeypatch):
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
    assert "on 300 images (pen)" in output
    assert run(small + " --dataset mnist") == 1
    assert capsys.readouterr().err == "Error: No mirror answered.\n"


def test_pen_digits_of_validation_and_test_are_others_than_those_trained_on(run, monkeypatch):
    monkeypatch.setattr(main, "HELD_OUT", 300)
    _, *parts = main.load(main.parse(["--dataset", "pen"]))
    (training, _), (validation, _), (test, _) = parts
    different = {image.tobytes() for image in (*training, *validation, *test)}
    assert len(different) > 890


def test_steps_that_are_too_large_end_the_training_and_leave_the_weights(
    stripes_for_mnist, run, capsys, tmp_path
):
    base = "--skip_checks --dataset mnist --hidden_dims 8 --batch_size 32 --epochs 2"
    assert run(base) == 0
    kept = (tmp_path / "solution" / "weights.npz").read_bytes()
    capsys.readouterr()
    for lr in ("1000", "1e20"):
        assert run(f"{base} --lr {lr}") == 1
        error = capsys.readouterr().err
        assert f"--lr {float(lr) / 10:g}" in error
        assert error.count("\n") == 1
        assert (tmp_path / "solution" / "weights.npz").read_bytes() == kept


@pytest.mark.parametrize(
    "options",
    ["--hidden_dims 0", "--hidden_dims 1e3", "--lr nan", "--lr 0", "--batch_size 0", "--epochs x",
     "--momentum 1", "--seed -1", "--dataset cifar", "--check_only --skip_checks", "--epoch 3",
     "weights.npz"],
)  # fmt: skip
def test_a_wrong_argument_names_itself_and_ends_with_exit_code_2(options, capsys):
    with pytest.raises(SystemExit) as exit_:
        main.main(options.split())
    assert exit_.value.code == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert options.split()[0] in error or options.split()[-1] in error


def test_a_blank_met_without_the_checks_is_one_sentence(
    stripes_for_mnist, run, monkeypatch, capsys
):
    blank = NotImplementedError("Softmax.forward")
    monkeypatch.setattr(main, "standardise", mock.Mock(side_effect=blank))
    assert run("--skip_checks --dataset mnist --hidden_dims 3") == 1
    assert capsys.readouterr().err == "Error: Softmax.forward is still blank.\n"


def test_the_last_finished_epoch_survives_an_interruption(
    stripes_for_mnist, run, monkeypatch, capsys, tmp_path
):
    def draw_and_interrupt(path, meta, *_):
        if len(meta["history"]) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(pictures, "draw_losses", draw_and_interrupt)
    assert run("--skip_checks --dataset mnist --hidden_dims 3") == 130
    assert "Interrupted; finished epochs are saved." in capsys.readouterr().out
    assert weights.load(tmp_path / "solution" / "weights.npz", model.MLP)[1]["epoch"] == 2


def test_a_student_gets_from_0_of_8_to_8_of_8_without_solution(tmp_path):
    """The folder that a teacher hands out: its name has a space, and solution/ is not there."""
    chapter = tmp_path / "my homework" / "chapter03"
    (chapter / "startup").mkdir(parents=True)
    for name in make_startup.NAMES:
        text = (CHAPTER / "solution" / name).read_text(encoding="utf-8")
        (chapter / "startup" / name).write_text(make_startup.blanked(text), encoding="utf-8")
    solution = (CHAPTER / "solution" / "model.py").read_text(encoding="utf-8")
    shutil.copytree(CHAPTER / "support", chapter / "support")
    for done in (0, 5, 8):
        startup = make_startup.blanked(solution.replace("# BEGIN SOLUTION", "# solved", done))
        (chapter / "startup" / "model.py").write_text(startup, encoding="utf-8")
        command = [sys.executable, chapter / "startup" / "main.py", "--check_only"]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        assert f"{done} of 8" in result.stdout
        assert (result.returncode, result.stderr) == (0 if done == 8 else 1, "")


@pytest.mark.skipif(len(list(DATA_DIR.glob("*ubyte*"))) < 4, reason="data/ has no MNIST")
def test_one_epoch_on_the_real_mnist_reads_nine_of_ten_test_digits(tmp_path):
    options = ["--dataset", "mnist", "--epochs", "1", "--no_jitter", "--model_dir", str(tmp_path)]
    assert main.main(options) == 0
    assert weights.load(tmp_path / "solution" / "weights.npz", model.MLP)[1]["test_accuracy"] > 0.9
