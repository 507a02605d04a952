"""A hand that draws in the window, presses keys and sees what is shown, and fixtures of its tests.

The tests of the window import these fixtures.
"""

import gc
import os
import time

import numpy as np
import pytest

import handwriting_canvas
import model
import virtual_display
from support import weights
from support import window as ui

MISSING = "Tk is not installed" if ui.tk is None else virtual_display.MISSING
needs_a_display = pytest.mark.skipif(
    bool(MISSING) and not os.environ.get("CI"), reason=f"no window can be tested: {MISSING}"
)


@pytest.fixture(name="pointer", scope="session")
def a_pointer():
    """The pointer of one display for all tests: Tk ends the process when its display does."""
    assert MISSING is None, MISSING
    with virtual_display.virtual_display():
        yield virtual_display.Pointer()


@pytest.fixture(name="saved")
def saved_weights(tmp_path):
    """Weights of a small network that was never trained, but has decided opinions."""
    network = model.MLP(784, [32, 24], 10, np.random.default_rng(0))
    for linear in network.linears:
        linear.W *= 4
    path = tmp_path / "weights.npz"
    weights.save(path, network, dataset="pen", epoch=4, test_accuracy=0.9)
    return path


@pytest.fixture(name="open_window")
def a_way_to_open_windows(pointer):
    """Return a function that opens the window, without a traceback, with a module's classes."""
    errors = []
    roots = []

    def open_window(module, path):
        root = ui.new_root("Draw a digit")
        root.report_callback_exception = lambda *error: errors.append(error)
        roots.append(root)
        return Hand(
            handwriting_canvas.Window(root, handwriting_canvas.Reader(module, path)), pointer
        )

    yield open_window
    pointer.press(down=False)
    pointer.move(0, 767)
    for root in roots:
        root.destroy()
    assert not errors


@pytest.fixture(name="old_objects_are_left_alone", scope="module", autouse=True)
def what_was_there_before_is_left_alone():
    """Let no collection within the module look at what was made before: that takes 0.2 s each."""
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.fixture(name="tidy", autouse=True)
def a_tidy_end():
    yield
    # Now, in the thread to which Tk belongs: elsewhere its end would end the process.
    gc.collect()


@pytest.fixture(name="hand")
def a_hand(open_window, saved):
    return open_window(model, saved)


class Hand:
    """Draws in a window and presses keys, lets it answer after each movement, and sees it."""

    def __init__(self, window, pointer):
        self.window = window
        self.pointer = pointer
        self.wait()
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

    def point_at_bar(self, digit, aside=0):
        """Move the pointer to where the digit stands beside its bar, or so many pixels below."""
        canvas = self.window.results.canvas
        for item in _items(canvas, "text"):
            if (
                canvas.itemcget(item, "text") == str(digit)
                and canvas.itemcget(item, "anchor") == "e"
            ):
                left, top, right, bottom = canvas.bbox(item)
        x = canvas.winfo_rootx() + (left + right) / 2
        y = canvas.winfo_rooty() + (top + bottom) / 2 + aside
        self.pointer.move(x, y)
        self.wait()

    def resize(self, width, height):
        self.window.root.geometry(f"{width}x{height}")
        self.wait()
        self.wait()

    def wait_until(self, is_so):
        deadline = time.monotonic() + 5
        while not is_so():
            assert time.monotonic() < deadline
            self.wait()
            time.sleep(0.01)

    def wait_until_status_has(self, text):
        self.wait_until(lambda: text in self.status())

    def status(self):
        return str(self.window.status.label["text"])

    def texts(self):
        canvas = self.window.results.canvas
        return [canvas.itemcget(i, "text") for i in _items(canvas, "text")]

    def percentages(self):
        """Return the numbers beside the bars: ten of them, or none."""
        return [int(text[:-2]) for text in self.texts() if text.endswith(" %")]

    def bar_lengths(self):
        """Return the widths of all bars and their tracks in pixels, from short to long."""
        canvas = self.window.results.canvas
        boxes = [canvas.coords(i) for i in _items(canvas, "rectangle")]
        return sorted(right - left for left, _, right, _ in boxes)

    def pictures(self):
        """Return the colours (h, w, 3) of the images: what the network sees, then hidden layers."""
        canvas = self.window.results.canvas
        items = sorted(_items(canvas, "image"), key=lambda item: canvas.coords(item)[::-1])
        pictures = []
        for item in items:
            rows = canvas.tk.call(canvas.itemcget(item, "image"), "data")
            colours = bytes.fromhex("".join(rows).replace("#", "").replace(" ", ""))
            pictures.append(np.array(list(colours)).reshape(len(rows), -1, 3))
        return pictures

    def seen(self):
        """Return the colours (28, 28, 3) of what the network sees."""
        return shrunk(self.pictures()[0], 28, 28)


def shrunk(picture, rows, columns):
    """Return colours (rows, columns, 3) of an enlarged picture's squares, at their middles."""
    height, width, _ = picture.shape
    row = (np.arange(rows) + 0.5) * height / rows
    column = (np.arange(columns) + 0.5) * width / columns
    return picture[np.ix_(row.astype(int), column.astype(int))]


def _items(canvas, kind):
    return [i for i in canvas.find_all() if canvas.type(i) == kind]
