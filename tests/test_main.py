"""The command: its options, a short training run, and a student's way from 0 of 8 to a network."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import main as main_module
import make_startup
from data import FILES
from folders import DATA_DIR
from model import MLP

CHAPTER = Path(main_module.__file__).resolve().parent.parent
TRAIN_ON_PEN = ["--dataset", "pen", "--hidden_dims", "16", "--batch_size", "32", "--lr", "0.05"]


@pytest.fixture
def few_digits(monkeypatch):
    monkeypatch.setattr(main_module, "PEN_DIGITS_ALONE", 600)
    monkeypatch.setattr(main_module, "PEN_TEST_DIGITS", 200)


def train(tmp_path, *options):
    return main_module.main([*TRAIN_ON_PEN, "--model_dir", str(tmp_path), *options])


def test_training_lowers_the_loss_and_leaves_weights_and_a_plot(few_digits, tmp_path, capsys):
    assert train(tmp_path, "--epochs", "3") == 0
    output = capsys.readouterr().out
    losses = [float(part.split()[0]) for part in output.split("train loss")[1:]]
    assert len(losses) == 3
    assert losses[2] < losses[0]
    network, meta = MLP.load(tmp_path / "solution" / "weights.npz")
    assert network.dims == [784, 16, 10]
    assert (meta["dataset"], meta["epoch"]) == ("pen", 3)
    assert 0.2 < meta["test_accuracy"] <= 1
    assert (tmp_path / "solution" / "loss.png").read_bytes().startswith(b"\x89PNG\r\n")
    assert sorted(p.name for p in (tmp_path / "solution").iterdir()) == ["loss.png", "weights.npz"]


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(few_digits, tmp_path):
    weights = []
    for i, seed in enumerate("112"):
        assert train(tmp_path / str(i), "--epochs", "1", "--seed", seed) == 0
        weights.append(MLP.load(tmp_path / str(i) / "solution" / "weights.npz")[0].linears[0].W)
    np.testing.assert_array_equal(weights[0], weights[1])
    assert not np.array_equal(weights[0], weights[2])


def test_without_momentum_and_jitter_it_is_the_textbook_s_sgd(few_digits, tmp_path):
    assert train(tmp_path, "--epochs", "1", "--momentum", "0", "--no_jitter") == 0


def test_a_loss_that_is_not_finite_stops_training_and_keeps_the_weights(
    few_digits, tmp_path, capsys
):
    assert train(tmp_path, "--epochs", "1") == 0
    kept = (tmp_path / "solution" / "weights.npz").read_bytes()
    capsys.readouterr()
    assert train(tmp_path, "--epochs", "1", "--lr", "1e38", "--skip_checks") == 1
    output = capsys.readouterr()
    assert "no longer a finite number" in output.err
    assert output.err.count("\n") == 1
    assert (tmp_path / "solution" / "weights.npz").read_bytes() == kept


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ("--hidden_dims 0", "--hidden_dims: 0"),
        ("--hidden_dims 64 -3", "--hidden_dims: -3"),
        ("--hidden_dims 1e3", "--hidden_dims: 1e3"),
        ("--hidden_dims 100000 100000", "--hidden_dims"),
        ("--hidden_dims", "--hidden_dims"),
        ("--lr nan", "--lr: nan"),
        ("--lr -1", "--lr: -1"),
        ("--lr 0", "--lr: 0"),
        ("--lr inf", "--lr: inf"),
        ("--batch_size 0", "--batch_size: 0"),
        ("--batch_size 9999999", "--batch_size: 9999999"),
        ("--epochs x", "--epochs: x"),
        ("--epochs 0", "--epochs: 0"),
        ("--momentum 1", "--momentum: 1"),
        ("--momentum -0.1", "--momentum: -0.1"),
        ("--seed -1", "--seed: -1"),
        ("--dataset cifar", "--dataset"),
        (f"--data_dir {Path(__file__).name}", "is a file"),
        (f"--model_dir {Path(__file__).name}", "is a file"),
        ("--check_only --skip_checks", "exclude each other"),
        ("--epoch 3", "--epoch"),
        ("weights.npz", "weights.npz"),
    ],
)
def test_a_wrong_argument_is_one_sentence_and_exit_code_2(options, named, capsys, monkeypatch):
    monkeypatch.chdir(Path(__file__).parent)
    with pytest.raises(SystemExit) as exit_:
        main_module.main(options.split())
    assert exit_.value.code == 2
    error = capsys.readouterr().err
    assert named in error
    assert error.count("\n") == 1


@pytest.fixture
def homework(tmp_path):
    """A startup/ as it is handed out, in a folder of its own whose name has a space."""
    folder = tmp_path / "my homework" / "startup"
    for path, text in make_startup.generated().items():
        copy = folder / path.relative_to(CHAPTER / "startup")
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(text, encoding="utf-8")
    return folder


def run(*command, **kwargs):
    return subprocess.run(
        [sys.executable, *map(str, command)],
        capture_output=True, text=True, timeout=60, check=False, **kwargs,
    )  # fmt: skip


def test_the_untouched_startup_says_what_to_do_and_does_nothing_else(homework):
    result = run(homework / "main.py")
    assert result.returncode == 1
    assert result.stderr == ""
    assert "0 of 8" in result.stdout
    lines = (homework / "model.py").read_text(encoding="utf-8").splitlines()
    blank = next(i for i, line in enumerate(lines, 1) if "NotImplementedError" in line)
    assert f"model.py:{blank}" in result.stdout
    assert sorted(path.name for path in homework.parent.iterdir()) == ["startup"]


def filled_in(count):
    """Return the model.py of a student who has solved the first `count` blanks."""
    solution = (CHAPTER / "solution" / "model.py").read_text(encoding="utf-8")
    solved = (
        make_startup.SOLUTION.sub(
            lambda match: match[0].replace("# BEGIN SOLUTION", "").replace("# END SOLUTION", ""),
            solution,
            count=count,
        )
        if count
        else solution
    )
    return make_startup.blanked(solved)


def test_a_student_who_fills_in_blank_by_blank_gets_from_0_of_8_to_a_trained_network(homework):
    for done in range(9):
        (homework / "model.py").write_text(filled_in(done), encoding="utf-8")
        result = run(homework / "main.py", "--check_only")
        assert f"{done} of 8" in result.stdout
        assert (result.returncode, result.stderr) == (0 if done == 8 else 1, "")
    few = "import sys, main; main.PEN_DIGITS_ALONE = main.PEN_TEST_DIGITS = 300; "
    command = ["-c", few + "sys.exit(main.main())", *TRAIN_ON_PEN, "--epochs", "1"]
    result = run(*command, cwd=homework)
    assert (result.returncode, result.stderr) == (0, "")
    assert (homework.parent / "model" / "startup" / "weights.npz").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such pipes")
def test_a_reader_that_leaves_early_is_no_traceback():
    command = f'"{sys.executable}" "{CHAPTER / "solution" / "main.py"}" --check_only | head -n 1'
    result = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False
    )
    assert (result.stdout.count("\n"), result.stderr) == (1, "")


@pytest.mark.skipif(
    any(not list(DATA_DIR.glob(f"{name}*")) for name, *_ in FILES), reason="data/ has no MNIST"
)
def test_one_epoch_on_the_real_mnist_reads_nine_of_ten_test_digits(tmp_path):
    assert main_module.main(["--dataset", "mnist", "--epochs", "1", "--no_jitter",
                             "--model_dir", str(tmp_path)]) == 0  # fmt: skip
    _, meta = MLP.load(tmp_path / "solution" / "weights.npz")
    assert meta["dataset"] == "mnist"
    assert meta["test_accuracy"] > 0.9
