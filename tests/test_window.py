"""The parts of the window: the paper, the results beside it, keys, buttons, status and errors."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import hand as hands
import virtual_display
from hand import (  # noqa: F401 - fixtures
    a_hand,
    a_pointer,
    a_tidy_end,
    a_way_to_open_windows,
    saved_weights,
    what_was_there_before_is_left_alone,
)
from support import window as ui
from support.language import UserError

pytestmark = hands.needs_a_display

CHAPTER = Path(ui.__file__).parents[1]


def four(x, y, size):
    """Return the strokes of a 4 at this place of the drawing area, in whole pixels."""
    strokes = [np.array(stroke) / 100 * size + (x, y) for stroke in virtual_display.FOUR]
    return [np.rint(stroke).astype(int) for stroke in strokes]


# The paper.


def test_the_pen_stays_on_the_paper(hand):
    hand.draw([[(150, 150), (300, 150), (1000, 150)]])
    canvas = hand.window.paper.canvas
    (line,) = canvas.find_withtag("line")
    assert canvas.coords(line)[-4:] == [300, 150, canvas.winfo_width() - 1, 150]


def test_a_stroke_has_soft_edges_and_is_as_wide_as_the_pen(hand):
    hand.draw([[(100, 100), (300, 100)], [(100, 200), (300, 200)]])
    canvas = hand.window.paper.canvas
    order = [canvas.gettags(item)[0] for item in canvas.find_all() if canvas.gettags(item)]
    assert order == ["edge", "edge", "rim", "rim", "line", "line"]

    for width, height in ((1300, 740), (700, 560)):
        hand.resize(width, height)
        pen = min(canvas.winfo_width(), canvas.winfo_height()) / 30
        for tag, wider in (("edge", 1), ("rim", 0), ("line", -1)):
            for line in canvas.find_withtag(tag):
                assert float(canvas.itemcget(line, "width")) == pytest.approx(pen + wider)


def test_undo_and_clear_by_keys_and_buttons(hand):
    paper = hand.window.paper.canvas

    def is_empty():
        (text,) = (i for i in paper.find_all() if paper.type(i) == "text")
        has_hint = paper.itemcget(text, "state") != "hidden"
        has_lines = any(paper.type(i) == "line" for i in paper.find_all())
        assert has_hint != has_lines
        return has_hint and not hand.percentages() and not hand.seen().any()

    first, second = four(50, 50, 300)
    assert is_empty()
    hand.draw([first])
    assert not is_empty()
    before = hand.percentages()
    for keys in (("Control_L", "z"), ("Caps_Lock", "Control_L", "z")):
        hand.draw([second])
        assert hand.percentages() != before
        for key in keys[:-2]:
            hand.key(key)
        hand.key(*keys[-2:])
        (line,) = paper.find_withtag("line")
        assert paper.coords(line)[:2] == first[0].tolist()
        for key in keys[:-2]:
            hand.key(key)
        assert hand.percentages() == before
    hand.key("Tab")
    hand.key("space")
    assert is_empty()
    hand.key("Control_L", "z")
    hand.draw([first])
    hand.key("Tab")
    hand.key("space")
    assert is_empty()
    hand.move(100, 100)
    hand.press()
    hand.key("Escape")  # in the midst of a stroke
    hand.move(200, 200)
    assert is_empty()


# The window's size.


def extents(hand):
    """Return the widths and heights of the drawing and of what stands among the results."""
    canvases = hand.window.paper.canvas, hand.window.results.canvas
    boxes = np.array([canvases[0].bbox("line"), canvases[1].bbox("all")])
    for box, canvas in zip(boxes, canvases, strict=True):
        assert box.min() >= 0
        assert box[2] <= canvas.winfo_width()
        assert box[3] <= canvas.winfo_height()
    return boxes[:, 2:] - boxes[:, :2]


def test_a_resized_window_shows_and_reads_the_same_also_with_a_long_message(hand):
    hand.draw(four(20, 20, 390))
    hand.key("7")
    percentages = hand.percentages()
    first = extents(hand)
    seen = hand.seen()
    hand.window.news = "model/solution/weights.npz " * 15
    label = hand.window.status.label
    for width, height, growth in ((1360, 740, 1.1), (700, 560, 0.45), (862, 680, 0.9)):
        hand.resize(width, height)
        assert label.winfo_reqwidth() <= label.winfo_width()
        assert label.winfo_y() + label.winfo_reqheight() <= height
        assert (extents(hand) > growth * first).all()
        np.testing.assert_allclose(hand.seen(), seen, atol=8)
        np.testing.assert_allclose(hand.percentages(), percentages, atol=1)


def test_in_a_narrow_window_the_paper_gives_way_and_not_the_results(hand):
    hand.window.news = "short"
    hand.draw(four(20, 20, 390))
    first = extents(hand)
    hand.resize(660, hand.window.root.winfo_height())
    narrow = extents(hand)
    np.testing.assert_allclose(narrow[1], first[1], atol=1)
    assert narrow[0, 0] < 0.7 * first[0, 0]
    hand.resize(1300, hand.window.root.winfo_height())
    assert hand.window.paper.canvas.winfo_width() > 600
    results = hand.window.results.canvas
    assert results.winfo_width() > 450
    left, _, right, _ = results.bbox("all")
    assert left == pytest.approx(results.winfo_width() - right, abs=15)
    hand.resize(660, 760)
    _, top, _, bottom = results.bbox("all")
    assert top == pytest.approx(results.winfo_height() - bottom, abs=15)


def test_the_window_does_not_shrink_to_nothing(hand):
    hand.draw(four(20, 20, 390))
    hand.resize(10, 10)
    assert hand.window.root.winfo_width() >= 600
    assert hand.window.root.winfo_height() >= 380
    assert extents(hand).min() > 100


IN_ANOTHER_PROCESS = """
import os, sys
from itertools import combinations
import numpy as np
import handwriting_canvas, model
from support import weights, window
conclude = handwriting_canvas.conclude

def look(path, width, height, least_height, language, hidden_dims):
    os.environ["LANGUAGE"] = language
    handwriting_canvas.conclude = conclude
    network = model.MLP(784, hidden_dims, 10, np.random.default_rng(0))
    weights.save(path, network, dataset="mnist+pen", epoch=20, test_accuracy=0.98765)
    root = window.new_root("Draw a digit")
    opened = handwriting_canvas.Window(root, handwriting_canvas.Reader(model, path))
    root.update()
    opened.paper.canvas.event_generate("<Button-1>", x=100, y=100)
    opened.paper.canvas.event_generate("<B1-Motion>", x=100, y=200)
    opened.results.press(8)
    root.update()
    handwriting_canvas.conclude = None
    layers = opened.reader.network.layers
    _, answers = opened.reader.read(opened.paper.drawing)
    answers[-1] = np.array([0.52, 0.48] + 8 * [0])
    for headline in "0 or 1?", "0 还是 1？", "8":
        opened.results.show_answers(layers, answers, headline, "100 % sure")
        root.update_idletasks()
        assert root.winfo_width() <= width
        assert root.winfo_height() >= least_height
        assert root.winfo_height() <= height - 70  # a title bar and a task bar
        label = opened.status.label
        assert label.winfo_y() + label.winfo_height() <= root.winfo_height()
        canvas = opened.results.canvas
        left, top, right, bottom = canvas.bbox("all")
        margins = [left, top, canvas.winfo_width() - right, canvas.winfo_height() - bottom]
        assert min(margins) >= 6, margins
        boxes = [canvas.bbox(i) for i in canvas.find_all() if canvas.type(i) in ("text", "image")]
        assert len(boxes) == 2 + 2 * min(2, len(hidden_dims)) + 2 + 20
        for one, other in combinations(boxes, 2):
            apart = [one[i] >= other[i + 2] or other[i] >= one[i + 2] for i in (0, 1)]
            assert any(apart), (one, other)
    root.destroy()

path, *numbers = sys.argv[1:]
for language, hidden_dims in networks:
    look(path, *map(int, numbers), language, hidden_dims)
"""


@pytest.mark.parametrize(
    ("dpi", "size", "least_height", "networks"),
    [
        (96, (1366, 768), 550, [("en", [256, 2048]), ("zh", [2048, 256])]),
        (192, (1366, 768), 600, [("zh", [256]), ("en", [1, 3, 5])]),
        (192, (2560, 1440), 1100, [("en", [256, 128])]),
    ],
)
def test_it_fits_the_screen_and_nothing_overlaps(
    dpi, size, least_height, networks, tmp_path, monkeypatch
):
    monkeypatch.setenv("PYTHONPATH", str(CHAPTER))
    with virtual_display.virtual_display(*size, dpi):
        words = [tmp_path / "weights.npz", *size, least_height]
        code = f"networks = {networks}\n{IN_ANOTHER_PROCESS}"
        command = [sys.executable, "-c", code, *map(str, words)]
        subprocess.run(command, check=True, cwd=CHAPTER / "solution")


def test_of_the_bars_the_longest_alone_is_dark(hand):
    hand.draw(four(50, 50, 300))
    canvas = hand.window.results.canvas
    lengths = {ui.BLUE: [], ui.LIGHT_BLUE: [], ui.TRACK: []}
    for item in canvas.find_all():
        if canvas.type(item) == "rectangle":
            left, _, right, _ = canvas.coords(item)
            lengths[canvas.itemcget(item, "fill")].append(right - left)
    (longest,) = lengths[ui.BLUE]
    assert all(longest > length for length in lengths[ui.LIGHT_BLUE])


def test_while_nothing_is_drawn_the_hidden_layers_are_pale(hand):
    pale = list(bytes.fromhex(ui.PALE_BLUE[1:]))
    _, *hidden = hand.pictures()
    assert len(hidden) == 2
    for picture in hidden:
        assert (picture == pale).all()


def test_a_probability_of_nothing_has_no_bar(hand):
    hand.draw([[(100, 100), (100, 200)]])
    layers = hand.window.reader.network.layers
    _, answers = hand.window.reader.read(hand.window.paper.drawing)
    hand.window.results.show_answers(layers, [*answers[:-1], np.eye(10)[4]], "4", "sure")
    assert len(set(hand.bar_lengths())) == 1
    assert len(hand.bar_lengths()) == 10 + 1


# Colours.


def test_red_is_where_the_gradient_is_positive_and_ink_is_dark():
    image = np.zeros((28, 28), dtype=np.uint8)
    gradient = np.zeros((28, 28), dtype=np.float32)
    gradient[0, :4] = 4, 2, -4, -2
    gradient[1] = gradient[0]
    image[1] = 255
    colours = ui.tinted(image, gradient).astype(int)
    assert colours[0, 0].tolist() == [0xB2, 0x18, 0x2B]
    assert colours[0, 2].tolist() == [0x21, 0x66, 0xAC]
    assert colours[5, 5].tolist() == [0xF7, 0xF7, 0xF7]
    np.testing.assert_allclose(colours[0, 1], (colours[0, 0] + colours[5, 5]) / 2, atol=1)
    np.testing.assert_allclose(colours[0, 3], (colours[0, 2] + colours[5, 5]) / 2, atol=1)
    np.testing.assert_allclose(colours[1], 0.4 * colours[0], atol=1)
    np.testing.assert_array_equal(ui.tinted(image, 1e-30 * gradient), colours)
    np.testing.assert_array_equal(ui.tinted(image, 0 * gradient)[0], np.full((28, 3), 0xF7))


# Words.


def test_the_status_line_says_that_the_bars_can_be_asked(hand, chinese):
    hand.window.status.say("news")
    news, hint = hand.status().split("\n")
    assert news == "news"
    assert "数字键" in hint


@pytest.mark.parametrize("text", ["half \ud800 a character", "long " * 10_000])
def test_whatever_is_said_fits_the_status_line(hand, text):
    hand.window.news = text
    hand.draw([[(100, 100), (100, 200)]])
    assert hand.status().startswith(text[:4])
    assert hand.window.paper.canvas.winfo_height() > 300
    assert hand.window.root.winfo_height() <= 768


def test_an_error_is_shown_in_a_box_only_where_there_is_no_console(pointer, monkeypatch):
    shown = []
    monkeypatch.setattr(ui.messagebox, "showerror", lambda **options: shown.append(options))
    error = UserError("There is no network.", "没有网络。")
    ui.show_if_there_is_no_console(error)
    assert not shown
    with open(os.devnull, "w") as nowhere:
        monkeypatch.setattr(sys, "stderr", nowhere)
        ui.show_if_there_is_no_console(error)
        assert shown[0]["message"] == "Error: There is no network."
        monkeypatch.setattr(ui, "tk", None)
        ui.show_if_there_is_no_console(error)
    assert len(shown) == 1


def test_ctrl_c_in_the_midst_of_a_reading_is_no_error_of_tk(pointer):
    root = ui.new_root("Draw a digit")
    try:
        with pytest.raises(KeyboardInterrupt):
            root.report_callback_exception(KeyboardInterrupt, KeyboardInterrupt(), None)
    finally:
        root.destroy()
