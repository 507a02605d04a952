"""The window's story: a drawn digit is read, asked about, and read by new weights."""

import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import hand as hands
import handwriting_canvas
import model
from data import standardise
from hand import (  # noqa: F401 - fixtures
    a_hand,
    a_pointer,
    a_tidy_end,
    a_way_to_open_windows,
    saved_weights,
    what_was_there_before_is_left_alone,
)
from support import console, gradient_check, strokes, weights
from support import window as ui
from virtual_display import FOUR

pytestmark = hands.needs_a_display


@pytest.fixture(autouse=True)
def warnings_stay_as_they_are():
    with np.errstate():
        yield


def four(x, y, size):
    """Return the strokes of a 4 at this place of the drawing area, in whole pixels."""
    return [np.rint(np.array(stroke) / 100 * size + (x, y)).astype(int) for stroke in FOUR]


SEVEN = [[(100, 80), (200, 80), (300, 90), (200, 300)]]


@pytest.fixture
def changed_model(tmp_path):
    """Return a function that loads model.py with some of its texts replaced by others."""

    def changed_model(*changes):
        text = Path(model.__file__).read_text(encoding="utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "model.py"
        path.write_text(text, encoding="utf-8")
        return gradient_check.load(path)

    return changed_model


# Reading.


def test_a_digit_is_read_as_its_strokes_are_wherever_and_however_large(hand, saved):
    network, _ = weights.load(saved, model.MLP)
    for x, y, size in ((200, 60, 50), (10, 200, 200), (20, 10, 400)):
        drawing = four(x, y, size)
        hand.draw(drawing)
        image = strokes.render(drawing)
        answers = [standardise(image.reshape(1, 784))]
        for layer in network.layers:
            answers.append(layer.forward(answers[-1]))
        expected = answers[-1][0]

        for channel in range(3):
            np.testing.assert_allclose(hand.seen()[..., channel], image, atol=1)
        np.testing.assert_allclose(hand.percentages(), 100 * expected, atol=0.6)
        assert any(text.startswith(str(expected.argmax())) for text in hand.texts())
        lengths = hand.bar_lengths()
        assert lengths[-11] == pytest.approx(expected.max() * lengths[-1])

        # 32 answers as 4 x 8, 24 as 3 x 8, blue where 1 and pale where 0.
        captions = [text for text in hand.texts() if "Linear" in text]
        assert captions == ["Linear(784, 32) -> Sigmoid", "Linear(32, 24) -> Sigmoid"]
        pale, blue = (np.array(list(bytes.fromhex(c[1:]))) for c in (ui.PALE_BLUE, ui.BLUE))
        for shown, answer in zip(hand.pictures()[1:], (answers[2], answers[4]), strict=True):
            colours = pale + (blue - pale) * answer.reshape(-1, 8, 1)
            np.testing.assert_allclose(hands.shrunk(shown, answer.size // 8, 8), colours, atol=1)
        hand.key("Escape")


def test_the_reading_is_live(hand):
    hand.move(150, 150)
    hand.press()
    seen = [hand.percentages()]
    for place in ((150, 300), (300, 300), (300, 150), (400, 150)):
        hand.move(*place)
        seen.append(hand.percentages())
    assert len(seen[0]) == 10
    assert all(one != other for one, other in pairwise(seen))


def test_movements_that_come_at_once_are_read_once(hand, monkeypatch):
    readings = []
    read = hand.window.reader.read
    monkeypatch.setattr(
        hand.window.reader,
        "read",
        lambda drawing: readings.append(len(drawing[-1])) or read(drawing),
    )
    hand.draw([[(150, 150)]])
    readings.clear()
    canvas = hand.window.paper.canvas
    canvas.event_generate("<Button-1>", x=10, y=10)
    for x in range(20, 200, 10):
        canvas.event_generate("<B1-Motion>", x=x, y=10)
    assert not readings
    hand.wait()
    assert readings == [19]


RELU = """\
class ReLU:
    def forward(self, x):
        self.x = x
        return np.maximum(x, 0)

    def backward(self, grad_y):
        return grad_y * (self.x > 0)


class MLP:"""


def test_a_network_of_relus_shows_its_answers_too(changed_model, open_window, tmp_path):
    module = changed_model(("class MLP:", RELU), ("[linear, Sigmoid()]", "[linear, ReLU()]"))
    network = module.MLP(784, [16, 64], 10, np.random.default_rng(3))
    weights.save(tmp_path / "relu.npz", network)
    hand = open_window(module, tmp_path / "relu.npz")
    hand.draw(SEVEN)

    captions = [text for text in hand.texts() if "Linear" in text]
    assert captions == ["Linear(784, 16) -> ReLU", "Linear(16, 64) -> ReLU"]
    _, answers = hand.window.reader.read(hand.window.paper.drawing)
    first = answers[1].reshape(4, 4, 1)
    assert first.max() > 1
    pale, blue = (np.array(list(bytes.fromhex(c[1:]))) for c in (ui.PALE_BLUE, ui.BLUE))
    shown = hands.shrunk(hand.pictures()[1], 4, 4)
    np.testing.assert_allclose(shown, pale + (blue - pale) * first / first.max(), atol=1)


def test_if_it_is_not_sure_it_says_between_which_two(chinese):
    probabilities = np.array([0.01, 0, 0, 0, 0.3, 0, 0.02, 0.05, 0, 0.62])
    assert handwriting_canvas.conclude(probabilities) == ("9 还是 4？", "不确定")
    assert handwriting_canvas.conclude(0.9 * np.eye(10)[7]) == ("7", "90% 的把握")


@pytest.mark.parametrize(("share", "verdict"), [(0.79, "not sure"), (0.81, "81 % sure")])
def test_it_is_sure_from_four_fifths_on(share, verdict):
    assert handwriting_canvas.conclude(share * np.eye(10)[7])[1] == verdict


# Asking.


def is_asked(hand, digit):
    """Return whether the caption and colours of what the network sees say so."""
    seen = hand.seen()
    has_colours = (seen[..., 0] != seen[..., 2]).any()
    return has_colours and f"red: add ink, blue: erase,\nto get closer to {digit}" in hand.texts()


def nothing_is_asked(hand):
    seen = hand.seen()
    has_colours = (seen[..., 0] != seen[..., 2]).any()
    assert has_colours != ("what it sees" in hand.texts())
    return not has_colours


def strengths(hand):
    """Return what the colours say: 1 is the strongest red and -1 the strongest blue, (28, 28)."""
    image, _ = hand.window.reader.read(hand.window.paper.drawing)
    seen = hand.seen() / (1 - 0.6 * image[..., None] / 255)
    neither, red, blue = (
        np.array(list(bytes.fromhex(c[1:]))) for c in (ui.NEITHER, ui.MORE_INK, ui.LESS_INK)
    )
    from_red = (neither - seen)[..., 2] / (neither - red)[2]
    from_blue = (neither - seen)[..., 0] / (neither - blue)[0]
    return np.where(seen[..., 0] > seen[..., 2], from_red, -from_blue)


def test_pointing_at_a_bar_asks_for_its_digit_until_the_pointer_leaves(hand):
    hand.draw(SEVEN)
    assert nothing_is_asked(hand)
    for digit in (7, 0, 9):
        for aside in (-7, 0, 7):
            hand.point_at_bar(digit, aside)
            assert is_asked(hand, digit)
    before = hand.seen()
    hand.point_at_bar(3)
    assert is_asked(hand, 3)
    assert (hand.seen() != before).any()
    hand.move(100, 100)
    assert nothing_is_asked(hand)


BESIDE = {
    "image": (200, 100),
    "above": (200, 270),
    "below": (200, 468),
    "left": (3, 340),
    "right": (349, 340),
}


def test_beside_the_bars_nothing_is_asked(hand):
    hand.draw(SEVEN)
    canvas = hand.window.results.canvas
    for name, beside in BESIDE.items():
        for x, y in ((150, 340), beside):
            hand.pointer.move(canvas.winfo_rootx() + x, canvas.winfo_rooty() + y)
            hand.wait()
            assert nothing_is_asked(hand) == ((x, y) == beside), name


def test_other_keys_ask_nothing(hand):
    hand.draw(SEVEN)
    for names in (("q",), ("Shift_L", "7"), ("Return",)):
        hand.key(*names)
        assert nothing_is_asked(hand), names


@pytest.mark.parametrize("num_lock", [False, True])
def test_a_digits_key_asks_until_it_is_pressed_again(hand, num_lock):
    hand.draw(SEVEN)
    for key, digit in (("4", 4), ("KP_7", 7), ("KP_0", 0), ("9", 9)):
        if num_lock:
            hand.key("Num_Lock")
        hand.key(key)
        assert is_asked(hand, digit)
        hand.key(key)
        assert nothing_is_asked(hand)
        if num_lock:
            hand.key("Num_Lock")

    hand.key("4")
    hand.key("5")
    assert is_asked(hand, 5)
    hand.point_at_bar(8)
    assert is_asked(hand, 8)
    hand.key("2")
    assert is_asked(hand, 2)


def test_escape_first_ends_the_question_and_then_clears(hand):
    hand.draw(SEVEN)
    hand.key("7")
    hand.key("Escape")
    assert nothing_is_asked(hand)
    assert hand.percentages()
    hand.point_at_bar(3)
    hand.key("Escape")
    assert nothing_is_asked(hand)
    assert hand.percentages()
    hand.key("Escape")
    assert not hand.percentages()


def test_the_colours_follow_the_pen_and_undo_works_meanwhile(hand):
    hand.draw(SEVEN)
    hand.key("1")
    before = strengths(hand)
    hand.draw([[(100, 200), (250, 200)]])
    assert is_asked(hand, 1)
    assert np.abs(strengths(hand) - before).max() > 0.1
    hand.key("Control_L", "z")
    np.testing.assert_allclose(strengths(hand), before, atol=0.02)
    hand.key("Control_L", "z")
    assert nothing_is_asked(hand)  # there is nothing to be asked about
    hand.draw(SEVEN)
    assert is_asked(hand, 1)


def test_the_colours_are_what_a_little_more_ink_does_to_the_probability(open_window, tmp_path):
    """A central difference through the window's path, from image to probability."""
    network = model.MLP(784, [32], 10, np.random.default_rng(1))
    weights.save(tmp_path / "weights.npz", network)
    hand = open_window(model, tmp_path / "weights.npz")
    hand.draw(SEVEN)
    hand.key("3")
    image, _ = hand.window.reader.read(hand.window.paper.drawing)
    shown = strengths(hand)
    order = np.argsort(shown, axis=None)

    slopes = []
    for pixel in (order[0], order[150], order[400], order[-150], order[-1]):
        probabilities = []
        for change in (4.0, -4.0):
            pixels = image.reshape(1, 784).astype(np.float64)
            pixels[0, pixel] += change
            probabilities.append(network.forward(standardise(pixels))[0, 3])
        slopes.append((probabilities[0] - probabilities[1]) / 8)
    pixels = [order[0], order[150], order[400], order[-150], order[-1]]
    expected = np.array(slopes) / np.abs(slopes).max()
    assert expected.min() < -0.5
    assert expected.max() > 0.5
    np.testing.assert_allclose(shown.ravel()[pixels], expected, atol=0.03)


WRONG_BACKWARD = [
    ('raise NotImplementedError("Linear.backward")', "Linear.backward is still blank."),
    ("raise RuntimeError(self)", "model.py fails: RuntimeError: "),
    ("return None", "model.py fails: "),
    ("return 'no'", "model.py fails: "),
    ("return grad_y @ self.W", "model.py fails: ValueError: "),
    ("return np.full_like(self.x, np.nan)", "nan or inf"),
    ("return np.full_like(self.x, np.inf)", "nan or inf"),
    ("return self.x[0, 0]", "model.py fails: ValueError: "),
    ("return self.x * 1e300", "nan or inf"),
    ("return np.zeros_like(self.x)", None),
    ("return self.x.T", "model.py fails: ValueError: "),
    ("return self.x.view(np.matrix)", "model.py fails: ValueError: "),
    ("return self.x.astype(complex)", None),
]


@pytest.mark.parametrize(("code", "told"), WRONG_BACKWARD, ids=range(len(WRONG_BACKWARD)))
@pytest.mark.filterwarnings("ignore")
def test_a_wrong_backward_is_told_and_all_else_goes_on(
    code, told, changed_model, open_window, saved
):
    module = changed_model(("return grad_y @ self.W.T", code))
    hand = open_window(module, saved)
    hand.draw(SEVEN)
    before = hand.percentages()
    hand.key("7")
    assert (told or "weights.npz") in hand.status()
    assert len(hand.percentages()) == 10
    hand.draw([[(100, 200), (200, 200)]])
    assert hand.percentages() != before
    hand.key("7")
    assert "test accuracy 90.00 %" in hand.status()
    assert "what it sees" in hand.texts()


# New weights.


@pytest.fixture
def looks_often(monkeypatch):
    """Let the window look for new weights so often that a test need not wait for it."""
    monkeypatch.setattr(handwriting_canvas, "POLL", 20)


def save_network(path, hidden_dims, epoch, seed=5):
    network = model.MLP(784, hidden_dims, 10, np.random.default_rng(seed))
    weights.save(path, network, dataset="mnist", epoch=epoch, test_accuracy=0.5)


def test_new_weights_are_picked_up_at_once(hand, saved):
    hand.draw(four(50, 50, 300))
    before = hand.percentages()
    for epoch, hidden_dims in ((5, []), (6, [7, 6, 5]), (7, [20])):
        save_network(saved, hidden_dims, epoch)
        start = time.monotonic()
        hand.wait_until_status_has(
            f"mnist · epoch {epoch} · test accuracy 50.00 % · new weights at "
        )
        assert time.monotonic() - start < 2
        captions = [f"Linear({d}, {m}) -> Sigmoid" for d, m in pairwise([784, *hidden_dims])][:2]
        assert [text for text in hand.texts() if "Linear" in text] == captions
        assert hand.percentages() != before


@pytest.mark.parametrize("content", [None, b"PK"], ids=["good", "bad"])
def test_a_file_is_loaded_once(looks_often, hand, saved, content, monkeypatch):
    loads = []
    load = weights.load
    monkeypatch.setattr(weights, "load", lambda *args: loads.append(args) or load(*args))
    looks = []
    version_of = ui.version_of
    monkeypatch.setattr(ui, "version_of", lambda path: looks.append(path) or version_of(path))
    save_network(saved, [8], 9)
    if content:
        saved.write_bytes(content)
    hand.wait_until(lambda: len(looks) == 6)
    assert len(loads) == 1


def spoil(path):
    path.write_bytes(path.read_bytes()[:1000])


def overflow(path):
    network = model.MLP(784, [], 10, np.random.default_rng(0))
    network.linears[0].W[:] = 3e38  # inf - inf in Softmax
    weights.save(path, network)


def change_sizes(path):
    weights.save(path, model.MLP(784, [], 9, np.random.default_rng(0)))


@pytest.mark.parametrize(
    ("harm", "told"),
    [
        (spoil, "is not a usable weights file"),
        (Path.unlink, "There are no weights at"),
        (overflow, "nan or inf"),
        (change_sizes, "has the sizes [784, 9]"),
    ],
)
@pytest.mark.filterwarnings("ignore")
def test_after_a_bad_file_the_old_network_reads_until_a_good_one_comes(
    looks_often, hand, saved, harm, told
):
    hand.draw(four(50, 50, 300))
    before = hand.percentages()
    harm(saved)
    hand.wait_until_status_has("The old network still reads. ")
    assert told in hand.status()
    hand.draw([[(20, 20), (21, 20)]])
    hand.key("Control_L", "z")
    assert hand.percentages() == before
    assert told in hand.status()
    save_network(saved, [8], 9)
    hand.wait_until_status_has("epoch 9")
    assert hand.percentages() != before


@pytest.mark.parametrize(
    ("meta", "shown"),
    [
        ({}, "weights.npz · ?\n"),
        # What is no plain word or number is left out.
        ({"dataset": "half \ud800 a character"}, "weights.npz · ?\n"),
        ({"dataset": "$\\frac$"}, "$\\frac$"),
        ({"dataset": "long " * 10_000}, "weights.npz · ?\n"),
        ({"test_accuracy": 1e300}, "weights.npz · ?\n"),
    ],
    ids=["none", "surrogate", "formula", "book", "huge"],
)
def test_a_strangers_words_about_the_network_do_no_harm(meta, shown, open_window, tmp_path):
    network = model.MLP(784, [4], 10, np.random.default_rng(0))
    weights.save(tmp_path / "weights.npz", network, **meta)
    hand = open_window(model, tmp_path / "weights.npz")
    hand.draw(SEVEN)
    assert shown in hand.status()
    assert len(hand.percentages()) == 10
    assert hand.window.paper.canvas.winfo_height() > 300


# Errors.

FORWARD = "return x @ self.W + self.b"
GOOD = [784, [], 10]


@pytest.mark.parametrize(
    ("code", "content", "told", "advice"),
    [
        (FORWARD, b"PK", "is not a usable weights file", "Run: "),
        (FORWARD, [20, [3], 10], "has the sizes [20, 3, 10]", "Run: "),
        (FORWARD, [784, [3], 9], "has the sizes [784, 3, 9]", "Run: "),
        ('raise NotImplementedError("forward")', GOOD, "forward is still blank.", "Run: "),
        ("return x @ self.W.T", GOOD, "model.py fails: ValueError: m", "Run: "),
        ("return x.w", GOOD, "model.py fails: AttributeError: ", "Run: "),
        ("return [][0]", GOOD, "model.py fails: IndexError: ", "Run: "),
        ("assert False, 'why'", GOOD, "model.py fails: AssertionError: why", "Run: "),
        ("return self.forward(x)", GOOD, "model.py fails: RecursionError: ", "Run: "),
        ("return x * np.nan @ self.W", GOOD, "nan or inf", "Run: "),
        ("return (x @ self.W)[:, 1:]", GOOD, "cannot reshape array of size 9", "Run: "),
        ("return None", GOOD, "model.py fails: ", "Run: "),
        ("return (", GOOD, "'(' was never closed", "Run: "),
        (FORWARD, GOOD, "Error: Tk cannot open a window", "set DISPLAY"),
        (FORWARD, GOOD, "has no Tk: install", "python3-tk"),
        (FORWARD, None, "Error: There is no file ", "Without --weights, "),
    ],
    ids=range(16),
)
def test_an_error_is_a_sentence(code, content, told, advice, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("DISPLAY", "")  # what is taken wrongly opens no window
    monkeypatch.setattr(handwriting_canvas, "HERE", tmp_path)
    if "no Tk" in told:
        monkeypatch.setattr(ui, "tk", None)
    text = Path(model.__file__).read_text(encoding="utf-8")
    (tmp_path / "model.py").write_text(text.replace(FORWARD, code), encoding="utf-8")
    path = tmp_path / "weights.npz"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content:
        weights.save(path, model.MLP(*content, np.random.default_rng(0)))
    assert console.run(handwriting_canvas.main, ["--weights", str(path)]) == 1
    error = capsys.readouterr().err
    assert error.startswith("Error: ")
    assert told in error
    assert advice in error.splitlines()[-1]
    assert ("main.py" in error) == (advice == "Run: ")


def test_where_nothing_was_trained_yet_the_command_that_trains_is_told(
    monkeypatch, tmp_path, capsys
):
    monkeypatch.setattr(handwriting_canvas, "WEIGHTS", tmp_path / "weights.npz")
    assert console.run(handwriting_canvas.main, []) == 1
    error = capsys.readouterr().err
    assert "There are no weights at" in error
    assert error.splitlines()[-1].startswith("Run: ")
    assert error.splitlines()[-1].endswith("main.py")


def test_a_home_folder_may_be_written_as_a_tilde(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mine.npz").write_bytes(b"PK")
    assert console.run(handwriting_canvas.main, ["--weights", "~/mine.npz"]) == 1
    assert "is not a usable weights file" in capsys.readouterr().err


def test_a_python_without_a_console_gets_a_message_box(pointer, monkeypatch, tmp_path):
    shown = []
    monkeypatch.setattr(ui.messagebox, "showerror", lambda **options: shown.append(options))
    monkeypatch.setattr(handwriting_canvas, "WEIGHTS", tmp_path / "weights.npz")
    monkeypatch.setattr(sys, "stderr", None)
    assert console.run(handwriting_canvas.main, []) == 1
    sys.stderr.close()
    assert shown[0]["message"].startswith("Error: There are no weights at ")
    assert "\nRun: " in shown[0]["message"]


def test_with_a_console_there_is_no_message_box(pointer, monkeypatch, tmp_path, capsys):
    monkeypatch.delattr(ui.messagebox, "showerror")
    monkeypatch.setattr(handwriting_canvas, "WEIGHTS", tmp_path / "weights.npz")
    assert console.run(handwriting_canvas.main, []) == 1
    assert "There are no weights" in capsys.readouterr().err


def test_ctrl_c_in_the_terminal_closes_the_window_and_nothing_is_printed_until_then(
    pointer, tmp_path
):
    network = model.MLP(784, [16], 10, np.random.default_rng(0))
    network.linears[0].W *= 1e6  # a plain sigmoid overflows
    weights.save(tmp_path / "weights.npz", network)
    text = Path(model.__file__).read_text(encoding="utf-8")
    start = text.index("        # BEGIN SOLUTION", text.index("class Sigmoid"))
    end = text.index("        # END SOLUTION", start)
    sigmoid = "        self.y = 1 / (1 + np.exp(-x))\n        return self.y\n"
    here = tmp_path / "chapter" / "mine"
    here.mkdir(parents=True)
    (here / "model.py").write_text(text[:start] + sigmoid + text[end:], encoding="utf-8")
    for name in ("data.py", "handwriting_canvas.py"):
        (here / name).write_bytes(handwriting_canvas.HERE.joinpath(name).read_bytes())
    (here.parent / "support").symlink_to(handwriting_canvas.HERE.parent / "support")

    command = [sys.executable, here / "handwriting_canvas.py", "--weights", "weights.npz"]
    # Otherwise a program that tests in the background would leave SIGINT ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        signal.signal(signal.SIGINT, before)
        neighbour = ui.tk.Tk()
        while not any("mine" in name for name in neighbour.winfo_interps()):
            assert process.poll() is None
        neighbour.destroy()
        time.sleep(0.3)  # the first readings
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=3) == 130
        assert process.stderr.read() == ""
