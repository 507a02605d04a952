"""The window on a virtual display: a real pointer draws, real keys are pressed, bars are read."""

import contextlib
import gc
import os
import signal
import subprocess
import sys
import time
import tracemalloc
from itertools import pairwise

import numpy as np
import pytest

import handwriting_canvas as canvas_module
import model
import pen_digits
import screenshot
import strokes
import virtual_display
from data import Batches
from optimizer import SGD
from reader import Reader

MISSING = "Tk is not installed" if canvas_module.tk is None else virtual_display.MISSING
pytestmark = pytest.mark.skipif(
    bool(MISSING) and not os.environ.get("CI"), reason=f"no window can be tested: {MISSING}"
)

# Written by hand for these tests, in a box of 100 x 100.
DIGITS = {
    0: [[(55, 8), (30, 20), (22, 50), (32, 85), (55, 92), (75, 75), (78, 40), (66, 14), (52, 8)]],
    1: [[(35, 25), (55, 8), (54, 50), (52, 92)]],
    2: [[(25, 28), (38, 10), (62, 10), (72, 28), (58, 55), (25, 90), (50, 88), (80, 90)]],
    4: [[(45, 10), (30, 38), (20, 60), (50, 58), (80, 56)], [(62, 35), (58, 60), (55, 92)]],
    7: [[(20, 12), (50, 12), (80, 10), (60, 45), (42, 92)], [(32, 50), (72, 48)]],
}


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Weights of a small network that has learned digits of the simulated pen."""
    rng = np.random.default_rng(0)
    images, labels = pen_digits.generate(4000, rng)
    network = model.MLP(784, [32], 10, rng)
    loss = model.CrossEntropyLoss()
    batches = Batches(images, labels, 32, rng)
    optimizer = SGD(network.linears, 0.1, 0.9, 4 * len(batches))
    for _ in range(4):
        for x, y in batches:
            loss.forward(network.forward(x), y)
            network.backward(loss.backward())
            optimizer.step()
    path = tmp_path_factory.mktemp("model") / "weights.npz"
    network.save(path, dataset="pen", epoch=4, test_accuracy=0.9)
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

    def press(self):
        self.pointer.press()
        self.wait()

    def release(self):
        self.pointer.release()
        self.wait()

    def draw(self, drawing):
        for stroke in drawing:
            self.move(*stroke[0])
            self.press()
            for point in stroke[1:]:
                self.move(*point)
            self.release()

    def key(self, *names):
        self.pointer.key(*names)
        self.wait()

    def resize(self, width, height):
        self.window.root.geometry(f"{width}x{height}")
        self.wait()
        self.wait()


@pytest.fixture
def window(pointer, weights):
    root = canvas_module.new_root()
    errors = []
    root.report_callback_exception = lambda *error: errors.append(error)
    yield canvas_module.Window(root, Reader(weights), "solution")
    with contextlib.suppress(canvas_module.tk.TclError):
        root.destroy()
    assert not errors


@pytest.fixture
def hand(window, pointer):
    yield Hand(window, pointer)
    pointer.release()


def at(digit, x, y, size):
    """Return the strokes of a digit at this place of the drawing area, in whole pixels."""
    return [np.rint(np.array(s) / 100 * size + (x, y)).astype(int) for s in DIGITS[digit]]


def texts(window):
    canvas = window.results.canvas
    return [canvas.itemcget(i, "text") for i in canvas.find_all() if canvas.type(i) == "text"]


def bars(window):
    """Return the ten percentages, or None for an empty one."""
    return [int(text.split()[0]) if text else None for text in texts(window)[4::2]]


def headline(window):
    return texts(window)[1]


def preview(window):
    """Return the image (28, 28) that is shown, from the middles of its enlarged pixels."""
    canvas, name = window.results.canvas, str(window.results._image)
    side = int(canvas.tk.call("image", "width", name)) // 28
    return np.array(
        [[canvas.tk.call(name, "get", x * side + 1, y * side + 1)[0] for x in range(28)]
         for y in range(28)]
    )  # fmt: skip


@pytest.mark.parametrize("digit", DIGITS)
def test_a_digit_is_read_as_its_strokes_are_wherever_and_however_large(
    window, hand, weights, digit
):
    network, _ = model.MLP.load(weights)
    for x, y, size in ((200, 60, 50), (10, 200, 200), (20, 10, 400)):
        drawing = at(digit, x, y, size)
        hand.draw(drawing)
        expected = strokes.read(network, drawing)
        assert bars(window) == np.round(100 * expected).astype(int).tolist()
        assert (preview(window) == strokes.render(drawing)).all()
        assert str(strokes.read(network, DIGITS[digit]).argmax()) == str(expected.argmax())
        assert headline(window)[0] == str(digit)
        hand.key("Escape")


def test_the_reading_is_live_while_the_pen_is_down(window, hand):
    first, *rest = at(7, 50, 50, 300)[0]
    hand.move(*first)
    hand.press()
    seen = [bars(window)]
    for point in rest:
        hand.move(*point)
        seen.append(bars(window))
    assert None not in seen[0]
    assert sum(a != b for a, b in pairwise(seen)) >= 3


def test_an_empty_paper_invites_to_draw_and_nothing_is_read(window, hand):
    def hint_is_shown():
        canvas = window.paper.canvas
        hints = [i for i in canvas.find_all() if canvas.type(i) == "text"]
        return canvas.itemcget(hints[0], "state") != "hidden"

    assert hint_is_shown()
    assert bars(window) == [None] * 10
    hand.draw(at(1, 50, 50, 300))
    assert not hint_is_shown()
    hand.key("Control_L", "z")
    assert hint_is_shown()
    assert bars(window) == [None] * 10
    assert headline(window) == ""
    assert not preview(window).any()


def test_undo_takes_back_the_last_stroke_and_no_more_than_there_are(window, hand):
    first, second = at(4, 50, 50, 300)
    hand.draw([first])
    before = bars(window)
    hand.draw([second])
    hand.key("Control_L", "z")
    assert bars(window) == before
    hand.key("Control_L", "z")
    hand.key("Control_L", "z")
    assert window.paper.drawing == []


@pytest.mark.parametrize("keys", [["Escape"], ["c"], ["Shift_L", "c"]])
def test_a_key_clears_even_in_the_middle_of_a_stroke(window, hand, keys):
    hand.draw(at(4, 50, 50, 300))
    hand.move(100, 100)
    hand.press()
    hand.key(*keys)
    hand.move(200, 200)
    hand.release()
    assert window.paper.drawing == []
    assert not window.paper.canvas.find_withtag("line")
    hand.draw(at(1, 50, 50, 300))
    assert len(window.paper.drawing) == 1


def test_copying_does_not_clear(window, hand):
    hand.draw(at(1, 50, 50, 300))
    hand.key("Control_L", "c")
    assert len(window.paper.drawing) == 1


def test_ctrl_q_quits(window, hand):
    hand.move(10, 10)
    hand.pointer.key("Control_L", "q")
    window.root.mainloop()


def test_the_keyboard_reaches_every_button_and_presses_it(window, hand):
    hand.draw(at(4, 50, 50, 300))
    hand.key("Tab")
    assert "Undo" in window.root.focus_get()["text"]
    hand.key("space")
    assert len(window.paper.drawing) == 1
    hand.key("Tab")
    assert "Clear" in window.root.focus_get()["text"]
    hand.key("Return")
    assert window.paper.drawing == []
    hand.key("Tab")
    assert "Undo" in window.root.focus_get()["text"]


def test_a_click_is_a_dot_and_other_buttons_do_not_draw(window, hand):
    hand.move(100, 100)
    hand.pointer.press(3)
    hand.move(150, 150)
    hand.pointer.release(3)
    assert window.paper.drawing == []
    hand.press()
    hand.release()
    assert window.paper.drawing == [[[150, 150]]]
    assert preview(window).any()


def test_outside_the_paper_the_pen_follows_its_edge(window, hand):
    hand.move(100, 100)
    hand.press()
    hand.move(1000, 120)
    hand.release()
    edge = window.paper.canvas.winfo_width() - 1
    assert window.paper.drawing == [[[100, 100], [edge, 120]]]


def test_a_drawing_keeps_its_shape_and_stays_inside_when_the_window_changes(window, hand):
    hand.draw(at(4, 20, 20, 390))
    canvas = window.paper.canvas
    before, image = bars(window), preview(window)
    for width, height in ((1200, 560), (540, 740), (1300, 740), (540, 560), (800, 560)):
        hand.resize(width, height)
        size = np.array([canvas.winfo_width(), canvas.winfo_height()])
        points = [np.reshape(canvas.coords(line), (-1, 2)) for line in canvas.find_withtag("ink")]
        for line in points:
            assert (line >= 0).all()
            assert (line < size).all()
        # Each line begins with its first point twice, so that a click is seen as a dot.
        assert (strokes.render([line[1:] for line in points]) == image).all()
        assert bars(window) == before
    _, second = at(4, 20, 20, 390)
    hand.draw([second])
    np.testing.assert_allclose(window.paper.drawing[-1], second)
    assert len(window.paper.drawing) == 3


def test_new_weights_are_picked_up_and_bad_ones_are_not(window, hand, weights, tmp_path):
    original = weights.read_bytes()
    try:
        hand.draw(at(2, 50, 50, 300))
        before = bars(window)
        network = model.MLP(784, [20], 10, np.random.default_rng(5))
        network.save(weights, dataset="mnist", epoch=5, test_accuracy=0.5)
        wait_until(hand, lambda: "new weights" in window.status["text"])
        assert "trained on MNIST · epoch 5 · test accuracy 50.00 %" in window.status["text"]
        after = bars(window)
        assert after != before
        weights.write_bytes(original[:1000])
        wait_until(hand, lambda: "still reads" in window.status["text"])
        assert "not a usable weights file" in window.status["text"]
        assert bars(window) == after
        weights.unlink()
        weights.write_bytes(original)
        wait_until(hand, lambda: "epoch 4" in window.status["text"])
        assert bars(window) == before
    finally:
        weights.write_bytes(original)


def wait_until(hand, condition, seconds=5):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        hand.wait()
        time.sleep(0.01)


def test_if_it_is_not_sure_it_says_between_which_two(window, hand):
    probabilities = np.full(10, 0.01)
    probabilities[[4, 9]] = 0.3, 0.62
    window.reader.read = lambda drawing: probabilities
    hand.draw(at(4, 50, 50, 300))
    assert "9 or 4?" in texts(window)
    assert "not sure" in texts(window)


def test_a_thousand_random_actions_raise_nothing_and_leave_no_growing_memory(window, hand):
    rng = np.random.default_rng(7)
    root = window.root

    def some_actions(count):
        for action in rng.integers(0, 12, count):
            x, y = rng.integers(-50, 900, 2)
            if action < 3:
                hand.draw([rng.integers(-50, 600, (rng.integers(1, 6), 2))])
            elif action < 5:
                hand.move(x, y)
            elif action == 5:
                hand.press()
            elif action == 6:
                hand.release()
            elif action == 7:
                hand.resize(*rng.integers(400, 760, 2))
            elif action == 8:
                hand.key("Control_L", "z")
            elif action == 9:
                hand.key("Escape")
            elif action == 10:
                hand.key("Tab")
            else:
                hand.key("space")
        hand.release()
        hand.key("Escape")
        return len(root.tk.call("info", "commands")), len(window.paper.canvas.find_all())

    left_behind = some_actions(300)
    tracemalloc.start()
    try:
        some_actions(50)
        before, _ = tracemalloc.get_traced_memory()
        assert some_actions(650) == left_behind
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 50_000


def contrast(one, other):
    """Return the contrast of two colours as WCAG defines it, from 1 to 21."""

    def luminance(colour):
        channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
        linear = np.where(
            channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4
        )
        return linear @ [0.2126, 0.7152, 0.0722] + 0.05

    high, low = sorted([luminance(one), luminance(other)], reverse=True)
    return high / low


def test_every_text_has_the_contrast_that_wcag_aa_asks(window, hand):
    hand.draw(at(4, 50, 50, 300))
    for canvas in (window.paper.canvas, window.results.canvas):
        for item in canvas.find_all():
            if canvas.type(item) == "text":
                assert contrast(canvas.itemcget(item, "fill"), canvas["background"]) >= 4.5
    assert contrast(canvas_module.INK, canvas_module.BACKGROUND) >= 4.5


IN_ANOTHER_PROCESS = """
import sys
import numpy as np
import handwriting_canvas, reader
root = handwriting_canvas.new_root()
window = handwriting_canvas.Window(root, reader.Reader(sys.argv[1]), "solution")
window.results.show(np.zeros((28, 28), np.uint8), np.array([0.52, 0.48] + 8 * [0]))
root.update()
print(root.winfo_width(), root.winfo_height())
canvas = window.results.canvas
print(canvas.winfo_width(), canvas.winfo_height(), *canvas.bbox("all"))
for item in canvas.find_all():
    if canvas.type(item) in ("text", "image"):
        print(canvas.type(item), *canvas.bbox(item))
"""


@pytest.mark.parametrize(
    ("dpi", "width", "height"),
    [(96, 1366, 768), (192, 1366, 768), (192, 2560, 1440), (72, 800, 600)],
)
def test_it_fits_the_screen_and_nothing_is_clipped_or_overlaps(weights, dpi, width, height):
    with virtual_display.virtual_display(width, height, dpi):
        result = subprocess.run(
            [sys.executable, "-c", IN_ANOTHER_PROCESS, weights], capture_output=True, text=True,
            env={**os.environ, "PYTHONPATH": os.path.dirname(canvas_module.__file__)}, check=True,
        )  # fmt: skip
    size, results, *items = [line.split() for line in result.stdout.splitlines()]
    assert int(size[0]) <= width
    assert int(size[1]) <= height - 70  # a title bar and a task bar
    card_width, card_height, left, top, right, bottom = map(int, results)
    assert left >= 10
    assert top >= 10
    assert right <= card_width - 10
    assert bottom <= card_height - 10
    boxes = [tuple(map(int, box)) for _, *box in items]
    for i, (left, top, right, bottom) in enumerate(boxes):
        for other_left, other_top, other_right, other_bottom in boxes[:i]:
            assert (
                left >= other_right or other_left >= right or top >= other_bottom
                or other_top >= bottom
            )  # fmt: skip


def test_without_weights_the_window_says_so_too_and_closes_by_itself(
    pointer, tmp_path, monkeypatch, capsys
):
    shown = []
    monkeypatch.setattr(canvas_module, "PROBLEM_STAYS", 0)
    label = canvas_module.ttk.Label
    monkeypatch.setattr(
        canvas_module.ttk, "Label",
        lambda *args, **options: shown.append(options["text"]) or label(*args, **options),
    )  # fmt: skip
    monkeypatch.setattr(canvas_module, "leave_at_ctrl_c", lambda: None)
    assert canvas_module.main(["--weights", str(tmp_path / "none.npz")]) == 1
    error = capsys.readouterr().err
    assert "There are no weights at" in error
    assert "main.py" in error
    assert "There are no weights at" in shown[0]


def test_the_handout_s_picture_shows_the_whole_window_with_a_digit(weights):
    picture = np.asarray(screenshot.take(weights).convert("L")).astype(int)
    height, width = picture.shape
    assert 700 < width < 900
    assert 450 < height < 650
    paper = picture[20 : height // 2, 20 : width // 2]
    assert paper.max() == 255
    assert 0.02 < (paper < 50).mean() < 0.2


def start(*options):
    command = [sys.executable, canvas_module.__file__, *map(str, options)]
    # A test run in the background ignores Ctrl-C, and so would the programs that it starts.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_key_closes_the_window_that_says_there_are_no_weights(pointer, tmp_path):
    pointer.move(30, 30)
    with start("--weights", tmp_path / "none.npz") as process:
        deadline = time.monotonic() + 8
        while process.poll() is None and time.monotonic() < deadline:
            pointer.key("Escape")
            time.sleep(0.05)
        assert process.wait(timeout=1) == 1
        assert "There are no weights" in process.stderr.read()


def test_ctrl_c_in_the_terminal_closes_the_window(pointer, weights):
    with start("--weights", weights) as process:
        neighbour = canvas_module.tk.Tk()
        while len(neighbour.winfo_interps()) < 2:
            assert process.poll() is None
        neighbour.destroy()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=3) == 130
        assert "Traceback" not in process.stderr.read()
