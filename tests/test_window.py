"""The window on a virtual display: a real pointer draws, real keys are pressed, bars are read."""

import contextlib
import gc
import os
import signal
import subprocess
import sys
import time
from itertools import combinations, pairwise
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

UNDO = "Control_L", "z"

# Written by hand for these tests, in a box of 100 x 100.
DIGITS = {
    0: [[(55, 8), (30, 20), (22, 50), (32, 85), (55, 92), (75, 75), (78, 40), (66, 14), (52, 8)]],
    1: [[(35, 25), (55, 8), (54, 50), (52, 92)]],
    2: [[(25, 28), (38, 10), (62, 10), (72, 28), (58, 55), (25, 90), (50, 88), (80, 90)]],
    4: [[(45, 10), (30, 38), (20, 60), (50, 58), (80, 56)], [(62, 35), (58, 60), (55, 92)]],
    7: [[(20, 12), (50, 12), (80, 10), (60, 45), (42, 92)], [(32, 50), (72, 48)]],
}


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
def window(pointer, saved):
    root = ui.new_root("Draw a digit")
    errors = []
    root.report_callback_exception = lambda *error: errors.append(error)
    yield canvas_module.Window(root, canvas_module.Reader(model, saved))
    with contextlib.suppress(ui.tk.TclError):
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
    return [int(text.split()[0]) if text else None for text in texts(window)[6::2]]


def headline(window):
    return texts(window)[1]


def pixels(window, image, zoom, rows=28, columns=28):
    """Return the colours (rows, columns, 3) of an image's enlarged pixels, at their middles."""
    get = window.results.canvas.tk.call
    return np.array(
        [[get(str(image), "get", x * zoom + 1, y * zoom + 1) for x in range(columns)]
         for y in range(rows)]
    )  # fmt: skip


def preview(window):
    image = window.results._seen
    return pixels(window, image, image.width() // 28)[..., 0]


@pytest.mark.parametrize("digit", DIGITS)
def test_a_digit_is_read_as_its_strokes_are_wherever_and_however_large(window, hand, saved, digit):
    network, _ = weights.load(saved, model.MLP)
    for x, y, size in ((200, 60, 50), (10, 200, 200), (20, 10, 400)):
        drawing = at(digit, x, y, size)
        hand.draw(drawing)
        _, (*_, expected) = canvas_module.read(network, drawing)
        assert bars(window) == np.round(100 * expected).astype(int).tolist()
        assert (preview(window) == strokes.render(drawing)).all()
        assert headline(window)[0] == str(expected.argmax())
        hand.key("Escape")


def test_the_first_two_hidden_layers_are_shown_as_they_answer(window, hand, saved):
    network, _ = weights.load(saved, model.MLP)
    drawing = at(4, 50, 50, 300)
    hand.draw(drawing)
    x = canvas_module.standardise(strokes.render(drawing).reshape(1, 784))
    first = network.layers[1].forward(network.layers[0].forward(x))
    second = network.layers[3].forward(network.layers[2].forward(first))
    assert texts(window)[3:5] == ["Linear(784, 32) -> Sigmoid", "Linear(32, 24) -> Sigmoid"]
    # 32 answers as 4 x 8, 24 as 3 x 8, blue where 1 and pale where 0.
    pale, blue = (np.array([int(c[i : i + 2], 16) for i in (1, 3, 5)]) for c in (ui.PALE, ui.BLUE))
    for (image, _), answer in zip(window.results._hidden, (first, second), strict=True):
        shown = pixels(window, image, image.width() // 8, answer.size // 8, 8)
        expected = pale + (blue - pale) * answer.reshape(-1, 8, 1)
        np.testing.assert_allclose(shown, expected, atol=1)


def test_a_dot_far_from_the_digit_stays_on_the_paper_and_out_of_the_image(window, hand):
    hand.draw(at(4, 20, 20, 200))
    before = preview(window)
    hand.draw([[(420, 440)]])
    assert len(window.paper.drawing) == 3
    assert (preview(window) == before).all()


@pytest.mark.parametrize("hidden_dims", [[], [300], [7, 6, 5]])
def test_no_hidden_layer_or_many_are_shown_up_to_the_second(hidden_dims, window, hand, saved):
    weights.save(saved, model.MLP(784, hidden_dims, 10, np.random.default_rng(5)))
    wait_until(hand, lambda: "new weights" in window.status["text"])
    hand.draw(at(4, 20, 20, 200))
    dims = [784, *hidden_dims]
    captions = [f"Linear({d}, {m}) -> Sigmoid" for d, m in pairwise(dims)]
    assert texts(window)[3:5] == [*captions, "", ""][:2]
    shown = [
        image.width() > 0 and not image.transparency_get(0, 0)
        for image, _ in window.results._hidden
    ]
    assert shown == [len(hidden_dims) > 0, len(hidden_dims) > 1]


def test_the_results_grow_with_the_window_and_stay_in_its_middle(window, hand):
    hand.draw(at(4, 20, 20, 200))
    canvas = window.results.canvas
    left, _, right, _ = canvas.bbox("all")
    before = preview(window), bars(window), right - left
    hand.resize(1360, 740)
    left, _, right, _ = canvas.bbox("all")
    assert right - left > 1.2 * before[2]
    assert (preview(window) == before[0]).all()
    assert bars(window) == before[1]
    hand.resize(1360, 600)
    left, _, right, _ = canvas.bbox("all")
    assert left == pytest.approx(canvas.winfo_width() - right, abs=12)


def test_a_long_message_is_wrapped_and_takes_no_place_from_the_results(window, hand):
    window.status.configure(text="model/solution/weights.npz " * 20)
    for width in (1300, 640):
        hand.resize(width, 560)
        root, status = window.root, window.status
        assert status.winfo_reqwidth() <= status.winfo_width()
        assert status.winfo_y() + status.winfo_reqheight() <= root.winfo_height()
        assert window.results.canvas.winfo_height() >= canvas_module.HEIGHT


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
    hand.key(*UNDO)
    assert hint_is_shown()
    assert bars(window) == [None] * 10
    assert headline(window) == ""
    assert not preview(window).any()


def test_undo_takes_back_the_last_stroke_and_no_more_than_there_are(window, hand):
    first, second = at(4, 50, 50, 300)
    hand.draw([first])
    before = bars(window)
    hand.draw([second])
    hand.key(*UNDO)
    assert bars(window) == before
    hand.key(*UNDO)
    hand.key(*UNDO)
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
    hand.key("Control_L", "c")  # copying is not clearing
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
    page = np.array([canvas.winfo_width(), canvas.winfo_height()])
    before, image, tall = bars(window), preview(window), canvas.bbox("ink")
    for width, height in ((1200, 560), (540, 740), (1300, 740), (540, 560), (800, 560)):
        hand.resize(width, height)
        size = np.array([canvas.winfo_width(), canvas.winfo_height()])
        points = [np.reshape(canvas.coords(line), (-1, 2)) for line in canvas.find_withtag("ink")]
        for line in points:
            assert (line >= 0).all()
            assert (line < size).all()
        _, top, _, bottom = canvas.bbox("ink")
        assert bottom - top == pytest.approx((tall[3] - tall[1]) * min(size / page), abs=4)
        # Each line begins with its first point twice, so that a click is seen as a dot.
        assert (strokes.render([line[1:] for line in points]) == image).all()
        assert bars(window) == before
    _, second = at(4, 20, 20, 390)
    hand.draw([second])
    np.testing.assert_allclose(window.paper.drawing[-1], second)
    assert len(window.paper.drawing) == 3


def test_new_weights_are_picked_up_and_bad_ones_are_not(window, hand, saved):
    original = saved.read_bytes()
    network = model.MLP(784, [20], 10, np.random.default_rng(5))
    status = window.status
    hand.draw(at(2, 50, 50, 300))
    before = bars(window)
    weights.save(saved, network, dataset="mnist", epoch=5, test_accuracy=0.5)
    wait_until(hand, lambda: "new weights" in status["text"])
    assert "mnist · epoch 5 · test accuracy 50.00 %" in status["text"]
    after = bars(window)
    assert after != before
    saved.write_bytes(original[:1000])
    wait_until(hand, lambda: "still reads" in status["text"])
    assert "not a usable weights file" in status["text"]
    network.linears[1].W[:] = 3e38
    weights.save(saved, network)
    wait_until(hand, lambda: "model.py cannot read" in status["text"])
    hand.draw([[(20, 20), (21, 20)]])
    hand.key(*UNDO)
    assert bars(window) == after
    saved.unlink()
    saved.write_bytes(original)
    wait_until(hand, lambda: "epoch 4" in status["text"])
    assert bars(window) == before


def wait_until(hand, condition, seconds=5):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        hand.wait()
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("best", "headline", "verdict"),
    [({9: 0.62, 4: 0.3}, "9 or 4?", "not sure"), ({7: 0.9, 1: 0.09}, "7", "90 % sure")],
)
def test_if_it_is_not_sure_it_says_between_which_two(best, headline, verdict):
    probabilities = np.full(10, 0.001)
    probabilities[list(best)] = list(best.values())
    assert canvas_module.conclude(probabilities) == (headline, verdict)


def test_random_actions_raise_nothing_and_leave_nothing_behind(window, hand):
    rng = np.random.default_rng(7)
    actions = [
        *[lambda: hand.draw([rng.integers(-50, 600, (rng.integers(1, 6), 2))])] * 3,
        *[lambda: hand.move(*rng.integers(-50, 900, 2))] * 2,
        hand.press,
        hand.release,
        lambda: hand.resize(*rng.integers(400, 760, 2)),
        *[lambda keys=keys: hand.key(*keys) for keys in (UNDO, ["Escape"], ["Tab"], ["space"])],
    ]

    def some_actions(count):
        for number in rng.integers(0, len(actions), count):
            actions[number]()
        hand.release()
        hand.key("Escape")
        commands = window.root.tk.call("info", "commands")
        return len(commands), len(window.paper.canvas.find_all())

    left_behind = some_actions(100)
    assert some_actions(200) == left_behind


def luminance(colour):
    """Return the relative luminance of "#rrggbb" as WCAG defines it, and 0.05."""
    channels = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722] + 0.05


def test_every_text_has_the_contrast_that_wcag_aa_asks(window, hand):
    hand.draw(at(4, 50, 50, 300))
    pairs = [(ui.INK, ui.BACKGROUND)]
    for canvas in (window.paper.canvas, window.results.canvas):
        inks = [canvas.itemcget(i, "fill") for i in canvas.find_all() if canvas.type(i) == "text"]
        pairs += [(ink, canvas["background"]) for ink in inks]
    for ink, paper in pairs:
        assert luminance(paper) / luminance(ink) >= 4.5


IN_ANOTHER_PROCESS = """
import sys
import numpy as np
import support
import handwriting_canvas, model
from support import window
root = window.new_root("Draw a digit")
window = handwriting_canvas.Window(root, handwriting_canvas.Reader(model, sys.argv[1]))
hidden = [(f"Linear(2048, {m}) -> Sigmoid", np.ones(m)) for m in (256, 2048)]
window.results.show(np.zeros((28, 28), np.uint8), hidden, np.array([0.52, 0.48] + 8 * [0]))
root.update()
print(root.winfo_width(), root.winfo_height())
canvas = window.results.canvas
print(canvas.winfo_width(), canvas.winfo_height(), *canvas.bbox("all"))
for item in canvas.find_all():
    if canvas.type(item) in ("text", "image"):
        print(canvas.type(item), *canvas.bbox(item))
"""
CHAPTER = Path(ui.__file__).parent.parent


@pytest.mark.parametrize(
    ("dpi", "width", "height"),
    [(96, 1366, 768), (192, 1366, 768), (192, 2560, 1440), (72, 800, 600)],
)
@pytest.mark.parametrize("language", ["en", "zh_CN"])
def test_it_fits_the_screen_and_nothing_overlaps(saved, language, dpi, width, height):
    with virtual_display.virtual_display(width, height, dpi):
        result = subprocess.run(
            [sys.executable, "-c", IN_ANOTHER_PROCESS, saved], capture_output=True, text=True,
            env={**os.environ, "PYTHONPATH": f"{CHAPTER}{os.pathsep}{CHAPTER / 'solution'}",
                 "LANGUAGE": language, "PYTHONUTF8": "1"}, check=True,
        )  # fmt: skip
    size, results, *items = [line.split() for line in result.stdout.splitlines()]
    assert int(size[0]) <= width
    assert int(size[1]) <= height - 70  # a title bar and a task bar
    card_width, card_height, left, top, right, bottom = map(int, results)
    assert min(left, top, card_width - right, card_height - bottom) >= 6
    boxes = [[int(number) for number in box] for _, *box in items]
    for one, other in combinations(boxes, 2):
        apart = [one[i] >= other[i + 2] or other[i] >= one[i + 2] for i in (0, 1)]
        assert any(apart), (one, other)


@pytest.mark.parametrize(
    ("content", "told"),
    [(None, "There are no weights at"), (b"PK", "is not a usable weights file"),
     ([20, [3], 10], "it must take 784 pixels")],
)  # fmt: skip
def test_weights_that_cannot_read_are_an_error_and_a_command(content, told, tmp_path, capsys):
    path = tmp_path / "weights.npz"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content:
        weights.save(path, model.MLP(*content, np.random.default_rng(0)))
    assert canvas_module.main(["--weights", str(path)]) == 1
    error, command = capsys.readouterr().err.splitlines()
    assert error.startswith("Error: ")
    assert told in error
    assert command.endswith(str(Path("solution", "main.py")))


FORWARD = "return x @ self.W + self.b"


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ('raise NotImplementedError("Linear.forward")', "Linear.forward is still blank."),
        ("return x @ self.W.T + self.b", "model.py cannot read: ValueError: matmul"),
        ("return (x @ self.W + self.b)[:, :9]", "model.py cannot read: ValueError: "),
        ("return x @ self.W * np.nan", "model.py cannot read: ValueError: the result is not ten"),
        ("return", "model.py cannot read: TypeError"),
        ("return (", "'(' was never closed"),
    ],
)
def test_a_model_that_cannot_read_is_one_sentence(code, told, saved, tmp_path, monkeypatch, capsys):
    text = Path(model.__file__).read_text(encoding="utf-8")
    assert FORWARD in text
    monkeypatch.setenv("DISPLAY", "")  # a model that is taken wrongly opens no window
    (tmp_path / "model.py").write_text(text.replace(FORWARD, code), encoding="utf-8")
    monkeypatch.setattr(canvas_module, "HERE", tmp_path)
    assert canvas_module.main(["--weights", str(saved)]) == 1
    error, command = capsys.readouterr().err.rsplit("\n", 2)[:2]
    assert error.startswith("Error: ")
    assert told in error
    assert command.startswith("Run: ")


def test_probabilities_above_one_stay_in_their_bars(saved):
    reader = canvas_module.Reader(model, saved)
    reader.network.layers[-1] = model.Sigmoid()
    reader.network.layers[-1].forward = lambda x: np.full((1, 10), 7.0)
    assert (reader.read([])[1][-1] == 1).all()


def test_a_python_without_a_console_gets_a_message_box(pointer, monkeypatch):
    shown = []
    monkeypatch.setattr(ui.messagebox, "showerror", lambda **options: shown.append(options))
    with open(os.devnull, "w") as nowhere:
        monkeypatch.setattr(sys, "stderr", nowhere)
        ui.tell("There is no network.", "python main.py")
    assert shown[0]["message"] == "Error: There is no network.\nRun: python main.py"


PYENV, CONDA = "/home/a/.pyenv/versions/3.12.1", "/opt/conda"


@pytest.mark.parametrize(
    ("prefix", "advice"),
    [(PYENV, "pyenv install"), (CONDA, "conda install tk"), ("/usr", "apt install python3-tk")],
)
def test_a_python_without_tk_gets_advice_of_its_kind(prefix, advice, saved, monkeypatch, capsys):
    monkeypatch.setattr(ui, "tk", None)
    monkeypatch.setattr(sys, "base_prefix", prefix)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os.path, "isdir", lambda path: path.startswith(CONDA))
    assert canvas_module.main(["--weights", str(saved)]) == 1
    error = capsys.readouterr().err
    assert advice in error
    assert error.count("\n") == 1


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="there is always a display")
def test_without_a_display_it_says_what_to_set(saved, monkeypatch, capsys, chinese):
    monkeypatch.delenv("DISPLAY", raising=False)
    assert canvas_module.main(["--weights", str(saved)]) == 1
    error = capsys.readouterr().err
    assert error.startswith("错误：Tk 打不开窗口")
    assert "DISPLAY" in error
    assert error.count("\n") == 1


def test_the_handout_s_picture_shows_the_whole_window_with_a_digit(saved, tmp_path):
    virtual_display.take_picture(tmp_path / "window.png", saved)
    picture = ui.tk.PhotoImage(file=tmp_path / "window.png", master=ui.tk.Tk())
    assert 800 < picture.width() < 900
    assert 500 < picture.height() < 620
    row = [picture.get(x, 240) for x in range(20, 440)]
    assert 3 < sum(sum(colour) < 200 for colour in row) < 100
    picture.tk.call("destroy", ".")


def test_ctrl_c_in_the_terminal_closes_the_window(pointer, saved):
    # A test run in the background ignores Ctrl-C, and so would the programs that it starts.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    command = [sys.executable, canvas_module.__file__, "--weights", str(saved)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        signal.signal(signal.SIGINT, before)
        neighbour = ui.tk.Tk()
        while not any("solution" in name for name in neighbour.winfo_interps()):
            assert process.poll() is None
        neighbour.destroy()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=3) == 130
        assert "Traceback" not in process.stderr.read()


def test_ctrl_c_in_the_midst_of_a_reading_ends_the_window_too(pointer):
    def interrupt():
        raise KeyboardInterrupt

    root = ui.new_root("Draw a digit")
    root.after(0, interrupt)
    root.after(2000, root.quit)
    with pytest.raises(KeyboardInterrupt):
        root.mainloop()
    root.destroy()
