"""Runs of main.py that are killed, interrupted, or find no room: what is on disk stays right."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import data
import main
import mirror
import storage

SOLUTION = Path(data.__file__).parent
SMALL = ["--dataset", "pen", "--hidden_dims", "16"]
# A training set of seconds, as no option makes one, and no way to the real mirrors.
PATCH = """
import interruption, sys
interruption.leave_at_ctrl_c()
import data, download, main, mirror
main.PEN_DIGITS_ALONE, main.PEN_DIGITS_BESIDE_MNIST, main.PEN_TEST_DIGITS = 300, 100, 100
mirror.use([], setattr)
"""
INTERRUPTED = "Interrupted. What was finished before is in place.\n"
unix = pytest.mark.skipif(os.name == "nt", reason="needs signals, terminals or limits of Unix")


def start(*options, patch="", command="main.main()", **streams):
    """Start a command of the course in a process of its own."""
    streams = streams or {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    code = f"{PATCH}\n{patch}\nsys.exit({command})"
    path = os.pathsep.join([str(SOLUTION), str(Path(__file__).parent)])
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, options)],
        env={**os.environ, "PYTHONPATH": path}, **streams,
    )  # fmt: skip


def run(*options, **kwargs):
    process = start(*options, **kwargs)
    output, errors = process.communicate(timeout=60)
    return process.returncode, output, errors


def results(model_dir):
    """Return the epoch of the weights, which must be right, and the names beside them."""
    folder = model_dir / "solution"
    _, meta = storage.read_weights(folder / "weights.npz")
    return meta["epoch"], sorted(path.name for path in folder.iterdir())


SAVING = """
import itertools, sys
import numpy as np
import storage
start, path = int(sys.argv[1]), sys.argv[2]
for epoch in itertools.count(start):
    arrays = {"W0": np.full((300, 200), epoch), "b0": np.full((1, 200), epoch)}
    storage.write_weights(path, arrays, {"dims": [300, 200], "epoch": epoch})
    print(epoch, flush=True)
"""


def test_a_kill_while_saving_leaves_the_weights_of_a_finished_epoch(tmp_path):
    path = tmp_path / "weights.npz"
    epoch = 0
    for i in range(10):
        process = subprocess.Popen(
            [sys.executable, "-c", SAVING, str(epoch + 1), path],
            cwd=SOLUTION, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        finished = process.stdout.readline()
        time.sleep(0.003 * i)
        process.kill()
        finished += process.communicate()[0]
        arrays, meta = storage.read_weights(path)
        epoch = meta["epoch"]
        # Killed between the renaming and the printing, it has finished one more.
        assert epoch - int(finished.split()[-1]) in (0, 1)
        assert all((array == epoch).all() for array in arrays.values())
        assert len(list(tmp_path.iterdir())) <= 2  # at most the last one's temporary file
    storage.write_weights(path, {"W0": [[0.0]], "b0": [[0.0]]}, {"dims": [1, 1]})
    assert list(tmp_path.iterdir()) == [path]


@unix
@pytest.mark.parametrize("after", ["", "8 of 8", "Training", "epoch  3"])
def test_ctrl_c_ends_training_with_one_line_and_the_last_finished_epoch(after, tmp_path):
    options = [*SMALL, "--epochs", "100000", "--model_dir", tmp_path]
    process = start(*options, patch="print('started', flush=True)")
    output = ""
    while after not in output or "started" not in output:
        line = process.stdout.readline()
        assert line, process.stderr.read()
        output += line
    time.sleep(0.03)
    process.send_signal(signal.SIGINT)
    rest, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == INTERRUPTED
    finished = (output + rest).count("test accuracy")
    if finished:
        epoch, names = results(tmp_path)
        assert epoch - finished in (0, 1)
        assert {"loss.png", "weights.npz"} >= {name for name in names if "tmp" not in name}


STRIKE_AT_IMPORT = """
import os, signal
class Strike:
    def find_spec(self, name, *_):
        if name == {module!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Strike())
for name in [name for name in sys.modules if name.partition(".")[0] == {module!r}]:
    del sys.modules[name]
"""


@unix
@pytest.mark.parametrize("module", ["matplotlib.scale", "requests"])
def test_ctrl_c_while_a_library_is_imported_is_no_other_error(module, tmp_path):
    strike = STRIKE_AT_IMPORT.format(module=module)
    code, _, errors = run(
        "--epochs", "1", "--skip_checks", "--data_dir", tmp_path, "--model_dir", tmp_path,
        patch="del sys.modules['download']\n" + strike,
    )  # fmt: skip
    assert (code, errors) == (130, INTERRUPTED)


@unix
def test_the_first_import_of_data_py_is_protected_from_ctrl_c(tmp_path):
    (tmp_path / "numpy.py").write_text("import os, signal; os.kill(os.getpid(), signal.SIGINT)")
    result = subprocess.run(
        [sys.executable, SOLUTION / "data.py"], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )  # fmt: skip
    assert (result.returncode, result.stderr) == (130, INTERRUPTED)


@unix
def test_ctrl_c_during_a_download_is_one_line_and_keeps_what_has_arrived(tmp_path):
    with mirror.Mirror(mirror.stalls_in_the_middle) as server:
        process = start(
            "--data_dir", tmp_path, command="data.main()",
            patch=f"mirror.use([{server.url!r}], setattr); download.STALL_SECONDS = 20",
        )  # fmt: skip
        part = tmp_path / f"{mirror.LARGEST}.part"
        while not (part.exists() and part.stat().st_size):
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 130
    assert errors == INTERRUPTED
    content = part.read_bytes()
    assert content
    assert mirror.ZIPPED[mirror.LARGEST].startswith(content)


@unix
def test_ctrl_c_leaves_a_terminal_whose_last_line_is_the_message(tmp_path):
    import pty

    ours, theirs = pty.openpty()
    process = start(
        *SMALL, "--epochs", "100000", "--model_dir", tmp_path,
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    )  # fmt: skip
    os.close(theirs)
    screen = b""
    while b"epoch  3" not in screen:
        screen += os.read(ours, 1000)
    process.send_signal(signal.SIGINT)
    while True:
        try:
            piece = os.read(ours, 1000)
        except OSError:  # Linux's way to say that the terminal's other end is closed
            break
        if not piece:
            break
        screen += piece
    os.close(ours)
    assert process.wait() == 130
    lines = screen.decode().replace("\r\n", "\n").split("\n")
    # Whatever a bar had written on the last line is overwritten by blanks from its first column on.
    _, blanks, last = lines[-2].rsplit("\r", 2)
    assert (blanks.strip(), last + lines[-1] + "\n") == ("", INTERRUPTED)


@unix
def test_a_full_disk_stops_training_with_one_sentence_and_keeps_the_weights(tmp_path):
    assert run(*SMALL, "--epochs", "2", "--model_dir", tmp_path)[0] == 0
    size = (tmp_path / "solution" / "weights.npz").stat().st_size
    limit = (
        "import resource, signal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({size // 2}, {size // 2}))"
    )
    code, _, errors = run(*SMALL, "--epochs", "3", "--model_dir", tmp_path, patch=limit)
    assert code == 1
    assert "weights.npz could not be written" in errors
    assert "what was there before is unchanged" in errors
    assert errors.count("\n") == 1
    assert results(tmp_path) == (2, ["loss.png", "weights.npz"])


def test_two_runs_at_the_same_time_leave_the_weights_of_one_of_them(tmp_path):
    runs = [
        start(*SMALL, "--epochs", "8", "--seed", seed, "--model_dir", tmp_path, "--skip_checks")
        for seed in (1, 2)
    ]
    stop = threading.Event()
    seen = []

    def watch():
        while not stop.wait(0.005):
            if (tmp_path / "solution" / "weights.npz").exists():
                seen.append(storage.read_weights(tmp_path / "solution" / "weights.npz"))

    watcher = threading.Thread(target=watch)
    watcher.start()
    outputs = [process.communicate(timeout=60) for process in runs]
    stop.set()
    watcher.join()
    assert [process.returncode for process in runs] == [0, 0]
    assert [errors for _, errors in outputs] == ["", ""]
    assert seen
    assert results(tmp_path) == (8, ["loss.png", "weights.npz"])


@pytest.fixture
def small(monkeypatch):
    """The same small training within this process."""
    monkeypatch.setattr(main, "PEN_DIGITS_ALONE", 300)
    monkeypatch.setattr(main, "PEN_DIGITS_BESIDE_MNIST", 100)
    monkeypatch.setattr(main, "PEN_TEST_DIGITS", 100)
    mirror.use([], monkeypatch.setattr)
    monkeypatch.delenv("MNIST_MIRROR", raising=False)
    monkeypatch.setenv("no_proxy", "127.0.0.1")

    def train(*options):
        return main.main(["--epochs", "1", "--skip_checks", *map(str, options)])

    return train


@pytest.mark.parametrize("blocked", ["solution", "solution/weights.npz", "solution/loss.png"])
def test_what_is_in_the_way_of_the_results_is_one_sentence(blocked, small, tmp_path, capsys):
    if blocked == "solution":
        (tmp_path / blocked).write_bytes(b"mine")
    else:
        (tmp_path / blocked).mkdir(parents=True)
    assert small(*SMALL, "--model_dir", tmp_path) == 1
    errors = capsys.readouterr().err
    assert errors.startswith("Error: ")
    assert "could not be written" in errors
    assert errors.count("\n") == 1
    assert (tmp_path / blocked).exists()


def test_without_a_mirror_auto_says_so_and_trains_on_pen_digits_and_mnist_does_not(
    small, tmp_path, capsys
):
    options = ["--hidden_dims", "16", "--data_dir", tmp_path / "data", "--model_dir", tmp_path]
    assert small(*options) == 0
    output = capsys.readouterr()
    assert "NO MNIST" in output.out
    assert output.err == ""
    _, meta = storage.read_weights(tmp_path / "solution" / "weights.npz")
    assert meta["dataset"] == "pen"
    assert small(*options, "--dataset", "mnist") == 1
    output = capsys.readouterr()
    assert output.err.startswith("Error: MNIST could not be downloaded.")
    assert "Training" not in output.out


def test_a_wrong_file_in_data_is_repaired_on_the_way_to_training(
    small, tmp_path, capsys, monkeypatch
):
    mirror.put(tmp_path / "data")
    (tmp_path / "data" / mirror.LARGEST).write_bytes(b"half a file from a friend")
    with mirror.Mirror(mirror.serves_the_files) as server:
        mirror.use([server.url], monkeypatch.setattr)
        options = ["--hidden_dims", "16", "--data_dir", tmp_path / "data", "--model_dir", tmp_path]
        assert small(*options) == 0
    output = capsys.readouterr()
    assert output.err == ""
    assert "set aside" in output.out
    assert "160 images (mnist+pen)" in output.out


def test_startup_and_solution_keep_their_results_apart():
    startup = SOLUTION.parent / "startup"
    code = "import folders; print(folders.weights_path('model'))"
    paths = {
        subprocess.run(
            [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=True
        ).stdout
        for folder in (startup, SOLUTION)
    }
    assert len(paths) == 2
