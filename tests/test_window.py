"""The window on a virtual display: a real pointer draws, real keys are pressed, bars are read."""

import gc
import os
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import handwriting_canvas as canvas_module
import model
import virtual_display
from support import strokes, weights
from support import window as ui

MISSING = "Tk is not installed" if ui.tk is None else virtual_display.MISSING
pytestmark = pytest.mark.skipif(
    bool(MISSING) and not os.environ.get("CI"), reason=f"no window can be tested: {MISSING}"
)


@pytest.fixture
def saved(tmp_path):
    """Weights of a small network that was never trained, but has decided opinions."""
    network = model.MLP(784, [32, 24], 10, np.random.default_rng(0))
    for linear in network.linears:
        linear.W *= 4
    path = tmp_path / "weights.npz"
    weights.save(path, network, dataset="pen", epoch=4, test_accuracy=0.9)
    return path


@pytest.fixture(scope="session")
def pointer():
    """The pointer of one display for all tests: Tk ends the process when its display does."""
    assert MISSING is None, MISSING
    with virtual_display.virtual_display():
        yield virtual_display.Pointer()


@pytest.fixture(autouse=True)
def tidy():
    yield
    # Now, in the thread to which Tk belongs: elsewhere its end would end the process.
    gc.collect()


class Hand:
    """Draws in the window and presses keys, and lets the window answer after each movement."""

    def __init__(self, window, pointer):
        self.window, self.pointer = window, pointer
        self.wait()

    def wait(self):
        self.window.root.winfo_pointerxy()  # by the answer, the display has sent all events
        self.window.root.update()

    def move(self, x, y):
        canvas = self.window.paper.canvas
        self.pointer.move(canvas.winfo_rootx() + x, canvas.winfo_rooty() + y)
        self.wait()

    def press(self, down=True):
        self.pointer.press(down=down)
        self.wait()

    def draw(self, drawing):
        for first, *others in drawing:
            self.move(*first)
            self.press()
            for point in others:
                self.move(*point)
            self.press(down=False)

    def key(self, *names):
        self.pointer.key(*names)
        self.wait()

    def wait_until_status_has(self, text):
        deadline = time.monotonic() + 5
        while text not in str(self.window.status["text"]):
            assert time.monotonic() < deadline
            self.wait()
            time.sleep(0.01)


@pytest.fixture
def window(pointer, saved):
    root = ui.new_root("Draw a digit")
    errors = []
    root.report_callback_exception = lambda *error: errors.append(error)
    yield canvas_module.Window(root, canvas_module.Reader(model, saved))
    root.destroy()
    assert not errors


@pytest.fixture
def hand(window, pointer):
    yield Hand(window, pointer)
    pointer.press(down=False)


def four(x, y, size):
    """Return the strokes of a 4 at this place of the drawing area, in whole pixels."""
    return [np.rint(np.array(s) / 100 * size + (x, y)).astype(int) for s in virtual_display.FOUR]


def texts(window):
    canvas = window.results.canvas
    return [canvas.itemcget(i, "text") for i in canvas.find_all() if canvas.type(i) == "text"]


def bars(window):
    """Return the percentages beside the bars: ten of them, or none."""
    return [int(text[:-2]) for text in texts(window) if text.endswith(" %")]


def pixels(image, rows, columns):
    """Return the colours (rows, columns, 3) of an enlarged image's pixels, at their middles."""
    zoom = image.width() // columns
    places = [[(x * zoom + 1, y * zoom + 1) for x in range(columns)] for y in range(rows)]
    return np.array([[image.get(*place) for place in row] for row in places])


def preview(window):
    return pixels(window.results.images[0], 28, 28)[..., 0]


def test_a_digit_is_read_as_its_strokes_are_wherever_and_however_large(window, hand, saved):
    network, _ = weights.load(saved, model.MLP)
    for x, y, size in ((200, 60, 50), (10, 200, 200), (20, 10, 400)):
        drawing = four(x, y, size)
        hand.draw(drawing)
        image = strokes.render(drawing)
        answers = [canvas_module.standardise(image.reshape(1, 784))]
        for layer in network.layers:
            answers.append(layer.forward(answers[-1]))
        expected = answers[-1][0]
        np.testing.assert_allclose(preview(window), image, atol=1)
        np.testing.assert_allclose(bars(window), 100 * expected, atol=0.6)
        assert texts(window)[3][0] == str(expected.argmax())
        canvas = window.results.canvas
        boxes = [canvas.coords(i) for i in canvas.find_all() if canvas.type(i) == "rectangle"]
        lengths = sorted(right - left for left, _, right, _ in boxes)
        assert lengths[-11] == pytest.approx(expected.max() * lengths[-1])
        # 32 answers as 4 x 8, 24 as 3 x 8, blue where 1 and pale where 0.
        assert texts(window)[1:3] == ["Linear(784, 32) -> Sigmoid", "Linear(32, 24) -> Sigmoid"]
        pale, blue = (np.array(list(bytes.fromhex(c[1:]))) for c in (ui.PALE, ui.BLUE))
        for shown, answer in zip(window.results.images[1:], (answers[2], answers[4]), strict=True):
            colours = pale + (blue - pale) * answer.reshape(-1, 8, 1)
            np.testing.assert_allclose(pixels(shown, answer.size // 8, 8), colours, atol=1)
        hand.key("Escape")


def test_a_resized_window_shows_and_reads_the_same_also_with_a_long_message(window, hand):
    hand.draw(four(20, 20, 390))
    paper, results = window.paper.canvas, window.results.canvas
    before, image = bars(window), preview(window)

    def extents():
        boxes = np.array([paper.bbox("line"), results.bbox("all")])
        return boxes[:, 2:] - boxes[:, :2]

    first = extents()
    window.status.configure(text="model/solution/weights.npz " * 20)
    for width, height, growth in ((1360, 740, 1.1), (700, 560, 0.6), (862, 680, 0.9)):
        window.root.geometry(f"{width}x{height}")
        hand.wait()
        hand.wait()
        assert window.status.winfo_reqwidth() <= window.status.winfo_width()
        assert window.status.winfo_y() + window.status.winfo_reqheight() <= height
        assert (extents() > growth * first).all()
        for canvas, box in ((paper, paper.bbox("line")), (results, results.bbox("all"))):
            assert min(box) >= 0
            assert box[2] <= canvas.winfo_width()
            assert box[3] <= canvas.winfo_height()
        np.testing.assert_allclose(preview(window), image, atol=1)
        np.testing.assert_allclose(bars(window), before, atol=1)


def test_undo_and_clear_by_keys_and_buttons(window, hand):
    def is_empty():
        hint = window.paper.canvas.itemcget(window.paper._hint, "state") != "hidden"
        lines = window.paper.canvas.find_withtag("line")
        return hint and not lines and not bars(window) and not preview(window).any()

    first, second = four(50, 50, 300)
    assert is_empty()
    hand.draw([first])
    assert not is_empty()
    before = bars(window)
    hand.draw([second])
    hand.key("Control_L", "z")
    assert bars(window) == before
    hand.key("Tab")
    hand.key("space")
    assert is_empty()
    hand.key("Control_L", "z")
    hand.move(100, 100)
    hand.press()
    hand.key("Escape")  # in the middle of a stroke
    hand.move(200, 200)
    assert is_empty()


def test_the_reading_is_live_and_the_pen_stays_on_the_paper(window, hand):
    hand.move(150, 150)
    hand.press()
    seen = [bars(window)]
    for place in ((150, 300), (300, 300), (300, 150), (1000, 150)):
        hand.move(*place)
        seen.append(bars(window))
    assert len(seen[0]) == 10
    assert all(one != other for one, other in pairwise(seen))
    (line,) = window.paper.canvas.find_withtag("line")
    edge = window.paper.canvas.winfo_width() - 1
    assert window.paper.canvas.coords(line)[-4:] == [300, 150, edge, 150]


def test_new_weights_are_picked_up_and_bad_ones_are_not(window, hand, saved):
    hand.draw(four(50, 50, 300))
    before = bars(window)
    for epoch, hidden_dims in ((5, []), (6, [7, 6, 5]), (7, [20])):
        network = model.MLP(784, hidden_dims, 10, np.random.default_rng(5))
        weights.save(saved, network, dataset="mnist", epoch=epoch, test_accuracy=0.5)
        hand.wait_until_status_has(f"mnist · epoch {epoch} · test accuracy 50.00 % · new weights")
        captions = [f"Linear({d}, {m}) -> Sigmoid" for d, m in pairwise([784, *hidden_dims])][:2]
        assert [text for text in texts(window) if "Linear" in text] == captions
        assert bars(window) != before
    after = bars(window)
    saved.write_bytes(saved.read_bytes()[:1000])
    hand.wait_until_status_has("still reads")
    assert "not a usable weights file" in window.status["text"]
    hand.draw([[(20, 20), (21, 20)]])
    hand.key("Control_L", "z")
    assert bars(window) == after


def test_if_it_is_not_sure_it_says_between_which_two():
    probabilities = np.array([0.01, 0, 0, 0, 0.3, 0, 0.02, 0.05, 0, 0.62])
    assert canvas_module.conclude(probabilities) == ("9 or 4?", "not sure")
    assert canvas_module.conclude(0.9 * np.eye(10)[7]) == ("7", "90 % sure")


IN_ANOTHER_PROCESS = """
import sys
from itertools import combinations
import numpy as np
import handwriting_canvas, model
from support import window
root = window.new_root("Draw a digit")
window = handwriting_canvas.Window(root, handwriting_canvas.Reader(model, sys.argv[1]))
root.update()
captions, hidden = ["Linear(2048, 2048) -> Sigmoid"] * 2, [np.ones(256), np.ones(2048)]
window.results.show(np.zeros((28, 28)), captions, hidden, np.array([0.52, 0.48] + 8 * [0]))
assert root.winfo_width() <= int(sys.argv[2])
assert root.winfo_height() <= int(sys.argv[3]) - 70  # a title bar and a task bar
canvas = window.results.canvas
left, top, right, bottom = canvas.bbox("all")
assert min(left, top, canvas.winfo_width() - right, canvas.winfo_height() - bottom) >= 6
boxes = [canvas.bbox(i) for i in canvas.find_all() if canvas.type(i) in ("text", "image")]
for one, other in combinations(boxes, 2):
    apart = [one[i] >= other[i + 2] or other[i] >= one[i + 2] for i in (0, 1)]
    assert any(apart), (one, other)
"""


@pytest.mark.parametrize(
    ("language", "dpi", "size"),
    [("en", 96, (1366, 768)), ("zh", 192, (1366, 768)), ("en", 192, (2560, 1440))],
)
def test_it_fits_the_screen_and_nothing_overlaps(saved, language, dpi, size, monkeypatch):
    monkeypatch.setenv("LANGUAGE", language)
    with virtual_display.virtual_display(*size, dpi):
        words = [sys.executable, "-c", IN_ANOTHER_PROCESS, saved, *map(str, size)]
        subprocess.run(words, check=True, cwd=canvas_module.HERE)


FORWARD = "return x @ self.W + self.b"
GOOD = [784, [], 10]


@pytest.mark.parametrize(
    ("code", "content", "told", "advice"),
    [
        (FORWARD, None, "There are no weights at", "Run: "),
        (FORWARD, b"PK", "is not a usable weights file", "Run: "),
        (FORWARD, [20, [3], 10], "has the sizes [20, 3, 10]", "Run: "),
        ('raise NotImplementedError("forward")', GOOD, "forward is still blank.", "Run: "),
        ("return x @ self.W.T", GOOD, "model.py cannot read: ValueError: m", "Run: "),
        ("return x * np.nan @ self.W", GOOD, "is not ten probabilities", "Run: "),
        ("return (", GOOD, "'(' was never closed", "Run: "),
        (FORWARD, GOOD, "Error: Tk cannot open a window", "set DISPLAY"),
        (FORWARD, GOOD, "has no Tk: install", "python3-tk"),
    ],
)
def test_an_error_is_a_sentence(code, content, told, advice, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("DISPLAY", "")  # what is taken wrongly opens no window
    monkeypatch.setattr(canvas_module, "HERE", tmp_path)
    if "no Tk" in told:
        monkeypatch.setattr(ui, "tk", None)
    text = Path(model.__file__).read_text(encoding="utf-8")
    (tmp_path / "model.py").write_text(text.replace(FORWARD, code), encoding="utf-8")
    path = tmp_path / "weights.npz"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content:
        weights.save(path, model.MLP(*content, np.random.default_rng(0)))
    assert canvas_module.main(["--weights", str(path)]) == 1
    error = capsys.readouterr().err
    assert error.startswith("Error: ")
    assert told in error
    assert advice in error.splitlines()[-1]


def test_a_python_without_a_console_gets_a_message_box(pointer, monkeypatch):
    shown = []
    monkeypatch.setattr(ui.messagebox, "showerror", lambda **options: shown.append(options))
    with open(os.devnull, "w") as nowhere:
        monkeypatch.setattr(sys, "stderr", nowhere)
        ui.tell("There is no network.", "python main.py")
    assert shown[0]["message"] == "Error: There is no network.\nRun: python main.py"


def test_ctrl_c_in_the_terminal_closes_the_window(pointer, saved):
    command = [sys.executable, canvas_module.__file__, "--weights", str(saved)]
    # Otherwise a program that tests in the background would leave SIGINT ignored.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        signal.signal(signal.SIGINT, before)
        neighbour = ui.tk.Tk()
        while not any("solution" in name for name in neighbour.winfo_interps()):
            assert process.poll() is None
        neighbour.destroy()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=3) == 130
        assert process.stderr.read() == ""
