"""The parts of the drawing window: the paper, the results beside it, buttons and a status line.

handwriting_canvas.py says what is shown and when; here is how Tk shows it, and where. Lengths are
in units: pixels of a screen of 96 dpi.
"""

import contextlib
import ctypes
import functools
import os
import sys
import time

import numpy as np

from support import console
from support.language import UserError, percent, say

try:
    import tkinter as tk
    from tkinter import font, messagebox, ttk
except ImportError:  # a Python that was built without Tk
    tk = None

INK = "#1d1d1f"
GREY = "#5f6368"
BLUE = "#1a5fb4"
LIGHT_BLUE = "#a8c3e6"
PALE_BLUE = "#e9f0fa"
TRACK = "#eeeff2"
BORDER = "#c9cbd0"
WHITE = "#ffffff"
BACKGROUND = "#f4f4f6"

# The colour map RdBu_r, in which mistakes.png shows what a hidden unit looks for.
MORE_INK = "#b2182b"
LESS_INK = "#2166ac"
NEITHER = "#f7f7f7"

MAC = sys.platform == "darwin"

# What a stroke consists of, from below: tag, colour, and what its width has beyond the pen's. Tk's
# lines have hard edges, but on macOS; two softer lines that look out at the edge smooth them.
LINES = [("edge", "#c8c8c8", 1), ("rim", "#787878", 0), ("line", INK, -1)]
if MAC:
    LINES = [("line", INK, 0)]
PEN = 1 / 30  # the pen's width, of the paper's shorter side

# The window.
GAP = 12
PAPER_SIDE = 470
RESULTS_WIDTH = 352
RESULTS_HEIGHT = 470
HEIGHT_BELOW = 120  # buttons and status line
SMALLEST = (640, 400)
LONGEST = 500  # characters of the news
TASK_BAR = 100  # pixels of the screen that a window's own title bar and the system's bar take

# Within the results. An image hangs from the middle of its lower edge, a caption from its upper.
HEADLINE = (116, 74)
VERDICT = (116, 133)
IMAGE = (276, 128)
IMAGE_CAPTION = (276, 133)
PIXEL = 4  # the side of one of the image's 28 x 28
HIDDEN = (92, 260)  # the middles of two hidden layers
HIDDEN_BOTTOM = 252
HIDDEN_CAPTION = 257
HIDDEN_SIDE = 82
FIRST_BAR = 287
BAR_STEP = 18
BAR_HEIGHT = 12
BAR_LEFT = 40
BAR_LENGTH = 244
DIGIT = 30
PERCENT = 336

DIGITS = list("0123456789")
# The keypad's keys while Num Lock is off, from 0 to 9.
KEYPAD = ["KP_Insert", "KP_End", "KP_Down", "KP_Next", "KP_Left"]
KEYPAD += ["KP_Begin", "KP_Right", "KP_Home", "KP_Up", "KP_Prior"]


def new_root(title):
    """Return Tk's main window, empty, as sharp and as native as the system can make it."""
    if tk is None:
        raise UserError(
            f"this Python ({sys.executable}) has no Tk: install python3-tk or python-tk.",
            f"这个 Python（{sys.executable}）没有窗口库 Tk，请安装 python3-tk 或 python-tk。",
        )
    if os.name == "nt":
        # Otherwise Windows enlarges a window drawn for 96 dpi, and blurs it.
        ctypes.windll.shcore.SetProcessDpiAwareness(1)
    try:
        root = tk.Tk(className=title)
    except tk.TclError as error:
        raise UserError(
            f"Tk cannot open a window ({error}). Run this on the computer's own desktop, or "
            "set DISPLAY, as ssh -X does.",
            f"Tk 打不开窗口（{error}）。请在本机桌面上运行，或像 ssh -X 那样设置 DISPLAY。",
        ) from None
    root.title(title)
    report = root.report_callback_exception

    def stop_or_report(kind, error, trace):
        if kind is KeyboardInterrupt:  # Ctrl-C in the midst of a reading
            raise error
        report(kind, error, trace)

    root.report_callback_exception = stop_or_report
    if os.name != "nt" and not MAC:  # the others have native widgets
        style = ttk.Style(root)
        style.theme_use("clam")
        style.configure(".", background=BACKGROUND, foreground=INK)
    return root


def build(root):
    """Put the parts into the window `root`, and return its paper, its results and its status line.

    Above stand the paper and the results, below them two buttons and the status line.
    """
    unit = _unit_of(root)
    root.minsize(round(SMALLEST[0] * unit), round(SMALLEST[1] * unit))
    gap = round(GAP * unit)
    frame = ttk.Frame(root, padding=gap)
    frame.pack(fill="both", expand=True)

    paper = Paper(frame, unit)
    results = Results(frame, unit)
    buttons = _buttons(frame, paper, gap)
    status = Status(frame)

    # In a wide window both grow; in a narrow one the paper gives way, and the results stay legible.
    frame.rowconfigure(0, weight=1)
    frame.columnconfigure(0, weight=PAPER_SIDE)
    results_width = results.canvas.winfo_reqwidth() + gap
    frame.columnconfigure(1, weight=RESULTS_WIDTH, minsize=results_width)
    paper.canvas.grid(row=0, column=0, sticky="nsew")
    results.canvas.grid(row=0, column=1, sticky="nsew", padx=(gap, 0))
    buttons.grid(row=1, column=0, columnspan=2, sticky="w", pady=gap)
    status.label.grid(row=2, column=0, columnspan=2, sticky="ew")
    _bind_keys(root, paper, results)
    return paper, results, status


def _unit_of(root):
    """Return how many pixels a unit has, less than the screen's own if that would not fit."""
    natural = 1 if MAC else root.winfo_fpixels("1i") / 96
    widest = root.winfo_screenwidth() / (PAPER_SIDE + RESULTS_WIDTH + 4 * GAP)
    highest = (root.winfo_screenheight() - TASK_BAR) / (RESULTS_HEIGHT + HEIGHT_BELOW)
    unit = min(natural, widest, highest)
    font.nametofont("TkDefaultFont", root).configure(size=-round(13 * unit))  # the buttons'
    return unit


def _font(size, unit, weight="normal"):
    return _family(), -round(size * unit), weight


@functools.cache
def _family():
    return font.nametofont("TkDefaultFont").actual("family")


def _card(parent, width, height, unit):
    """Return a white canvas of this size, with a thin border."""
    size = {"width": round(width * unit), "height": round(height * unit)}
    border = {"highlightthickness": 1, "highlightbackground": BORDER}
    return tk.Canvas(parent, background=WHITE, **size, **border)


def _buttons(frame, paper, gap):
    sign = "⌘" if MAC else "Ctrl+"
    buttons = ttk.Frame(frame)
    undo = ttk.Button(buttons, text=say("Undo", "撤销") + f"  {sign}Z", command=paper.undo)
    clear = ttk.Button(buttons, text=say("Clear", "清空") + "  Esc", command=paper.clear)
    undo.pack(side="left", padx=(0, gap))
    clear.pack(side="left")
    return buttons


def _bind_keys(root, paper, results):
    def escape(event):
        if results.asked is None:
            paper.clear()
        else:
            results.ask_no_more()

    def press(event):
        if event.keysym in KEYPAD:
            results.press(KEYPAD.index(event.keysym))
        elif event.char in DIGITS:
            results.press(int(event.char))

    key = "Command" if MAC else "Control"
    root.bind(f"<{key}-z>", lambda event: paper.undo())
    root.bind(f"<{key}-Z>", lambda event: paper.undo())  # with Caps Lock
    root.bind("<Escape>", escape)
    root.bind("<Key>", press)


class Paper:
    """The drawing area, and the strokes on it, which grow and shrink with it.

    `drawing` is a list of strokes, each a list of points [x, y] from the middle of the canvas, in
    lengths of its shorter side. `on_change` is called after every change.
    """

    def __init__(self, parent, unit):
        self.drawing = []
        self.on_change = lambda: None
        self._lines = []  # what the pen is drawing
        self.canvas = _card(parent, PAPER_SIDE, PAPER_SIDE, unit)
        self.canvas.configure(cursor="pencil")
        text = say("Draw a digit here", "在这里写一个数字")
        self._hint = self.canvas.create_text(0, 0, text=text, fill=GREY, font=_font(18, unit))
        self.canvas.bind("<Configure>", self._resize)
        self.canvas.bind("<Button-1>", self._put_pen)
        self.canvas.bind("<B1-Motion>", self._move_pen)

    def clear(self):
        for tag, _, _ in LINES:
            self.canvas.delete(tag)
        self.drawing.clear()
        self._strokes_changed()

    def undo(self):
        if self.drawing:
            for tag, _, _ in LINES:
                self.canvas.delete(self.canvas.find_withtag(tag)[-1])
            self.drawing.pop()
            self._strokes_changed()

    def _strokes_changed(self):
        self._lines = []
        self.canvas.itemconfigure(self._hint, state="hidden" if self.drawing else "normal")
        self.on_change()

    def _put_pen(self, event):
        self.drawing.append([])
        self._strokes_changed()
        points = [event.x, event.y, event.x, event.y]  # two, so that a click is seen as a dot
        ends = {"capstyle": "round", "joinstyle": "round"}
        for tag, colour, wider in LINES:
            style = {"tags": tag, "fill": colour, "width": self._side * PEN + wider, **ends}
            self._lines.append(self.canvas.create_line(points, **style))
        for tag, _, _ in reversed(LINES):
            self.canvas.tag_lower(tag)
        self._move_pen(event)

    def _move_pen(self, event):
        if not self._lines:  # cleared in the midst of a stroke
            return
        point = np.clip((event.x, event.y), 0, 2 * self._middle - 1)  # or at the nearest edge
        self.drawing[-1].append(((point - self._middle) / self._side).tolist())
        for line in self._lines:
            self.canvas.insert(line, "end", point.tolist())
        self.on_change()

    def _resize(self, event):
        self._middle = np.array([event.width, event.height]) / 2
        self._side = min(event.width, event.height)
        self.canvas.coords(self._hint, *self._middle)
        for tag, _, wider in LINES:
            self.canvas.itemconfigure(tag, width=self._side * PEN + wider)
            for line, stroke in zip(self.canvas.find_withtag(tag), self.drawing, strict=True):
                points = np.array(stroke[:1] + stroke) * self._side + self._middle
                self.canvas.coords(line, *points.ravel().tolist())


class Results:
    """What the network sees, what its hidden layers answer, and ten bars of probabilities.

    A digit is asked for while its bar is pointed at, or from one press of its key to the next.
    `on_ask` is called when that changes, and `on_resize` when all is to be shown anew.
    """

    def __init__(self, parent, unit):
        self.on_ask = lambda: None
        self.on_resize = lambda: None
        self._pointed_at = None
        self._pressed = None
        self.canvas = _card(parent, RESULTS_WIDTH, RESULTS_HEIGHT, unit)
        self._image = tk.PhotoImage(master=self.canvas)
        self._hidden_images = [tk.PhotoImage(master=self.canvas) for _ in HIDDEN]
        self.canvas.bind("<Configure>", self._resize)
        self.canvas.bind("<Motion>", lambda event: self._point_at(self._bar_at(event)))
        self.canvas.bind("<Leave>", lambda event: self._point_at(None))

    @property
    def asked(self):
        """The digit that is asked for, or None."""
        return self._pressed if self._pointed_at is None else self._pointed_at

    def press(self, digit):
        self._pressed = None if self._pressed == digit else digit
        self._pointed_at = None
        self.on_ask()

    def ask_no_more(self):
        self._pressed = None
        self._pointed_at = None
        self.on_ask()

    def _point_at(self, digit):
        if digit != self._pointed_at:
            self._pointed_at = digit
            self.on_ask()

    def _bar_at(self, event):
        x = (event.x - self._left) / self._unit
        y = (event.y - self._top) / self._unit
        digit = round((y - FIRST_BAR) / BAR_STEP)
        return digit if 0 <= digit <= 9 and DIGIT - BAR_STEP <= x <= PERCENT else None

    def show_image(self, image):
        """Show what the network sees, (28, 28) from 0 to 255."""
        with self._replacing("image"):
            self._squares(self._image, IMAGE, np.stack([image, image, image], axis=-1), PIXEL)
            self._text(IMAGE_CAPTION, say("what it sees", "网络看到的"), anchor="n")

    def show_question(self, image, wanted):
        """Show also where more ink is wanted (28, 28) for the digit that is asked for."""
        with self._replacing("image"):
            self._squares(self._image, IMAGE, tinted(image, wanted), PIXEL)
            caption = say(
                f"red: add ink, blue: erase,\nto get closer to {self.asked}",
                f"红色处添墨、蓝色处减墨，\n会更像 {self.asked}",
            )
            self._text(IMAGE_CAPTION, caption, size=11, anchor="n")

    def show_answers(self, layers, answers, headline, verdict):
        """Show what each layer answers, (m,), and what the last answers say in two short texts."""
        self._show_hidden(layers, answers)
        probabilities = answers[-1]
        with self._replacing("bars"):
            size = 60 if len(headline) == 1 else 24
            self._text(HEADLINE, headline, size, BLUE, weight="bold")
            self._text(VERDICT, verdict, anchor="n")
            for digit, share in enumerate(probabilities):
                if digit == probabilities.argmax():
                    self._bar(digit, share, BLUE)
                    self._beside_bar(DIGIT, digit, digit, BLUE, "bold")
                    self._beside_bar(PERCENT, digit, percent(share), BLUE, "bold")
                else:
                    self._bar(digit, share, LIGHT_BLUE)
                    self._beside_bar(DIGIT, digit, digit, INK)
                    self._beside_bar(PERCENT, digit, percent(share), GREY)

    def show_empty(self, layers, answers):
        """Show the same while nothing is drawn: no bars, and hidden layers that are all 0."""
        self._show_hidden(layers, [0 * answer for answer in answers])
        with self._replacing("bars"):
            for digit in range(10):
                self._beside_bar(DIGIT, digit, digit, INK)

    def _show_hidden(self, layers, answers):
        hidden = _hidden(layers, answers)[: len(HIDDEN)]
        with self._replacing("hidden"):
            for i, (caption, answer) in enumerate(hidden):
                square = _as_square(answer)
                colours = _between(PALE_BLUE, BLUE, square / max(1, square.max()))
                place = HIDDEN[i], HIDDEN_BOTTOM
                self._squares(self._hidden_images[i], place, colours, HIDDEN_SIDE / square.shape[1])
                self._text((HIDDEN[i], HIDDEN_CAPTION), caption, size=10, anchor="n")

    @contextlib.contextmanager
    def _replacing(self, part):
        """Let what is drawn within replace what was drawn before as this part of the results."""
        old = self.canvas.find_withtag(part)
        self._part = part
        yield
        self.canvas.delete(*old)  # only now, so that Tk keeps the fonts

    def _resize(self, event):
        self._unit = min(event.width / RESULTS_WIDTH, event.height / RESULTS_HEIGHT)
        self._left = (event.width - RESULTS_WIDTH * self._unit) / 2
        self._top = (event.height - RESULTS_HEIGHT * self._unit) / 2
        with self._replacing("tracks"):
            for digit in range(10):
                self._bar(digit, 1, TRACK)
        self.on_resize()

    def _at(self, x, y):
        return self._left + x * self._unit, self._top + y * self._unit

    def _bar(self, digit, share, colour):
        y = FIRST_BAR + BAR_STEP * digit
        left, top = self._at(BAR_LEFT, y - BAR_HEIGHT / 2)
        right, bottom = self._at(BAR_LEFT + BAR_LENGTH * share, y + BAR_HEIGHT / 2)
        if right - left >= 1:  # Tk draws even an empty rectangle one pixel wide
            style = {"tags": self._part, "width": 0, "fill": colour}
            self.canvas.create_rectangle(left, top, right, bottom, **style)

    def _beside_bar(self, x, digit, text, colour, weight="normal"):
        place = x, FIRST_BAR + BAR_STEP * digit
        self._text(place, text, 13, colour, anchor="e", weight=weight)

    def _text(self, place, text, size=12, colour=GREY, anchor="center", weight="normal"):
        style = {"fill": colour, "font": _font(size, self._unit, weight), "tags": self._part}
        x, y = self._at(*place)
        self.canvas.create_text(x, y, text=text, anchor=anchor, justify="center", **style)

    def _squares(self, image, place, colours, side):
        """Let `image` show colours (h, w, 3) as squares of this side, in units."""
        zoom = max(1, int(side * self._unit))  # whole pixels keep the image crisp
        colours = colours.repeat(zoom, axis=0).repeat(zoom, axis=1)
        height, width, _ = colours.shape
        image.configure(data=f"P6 {width} {height} 255\n".encode() + colours.tobytes())
        x, y = self._at(*place)
        self.canvas.create_image(x, y, anchor="s", image=image, tags=self._part)


def tinted(image, wanted):
    """Return an image (28, 28) as colours (28, 28, 3): dark ink on red and blue.

    Red is where `wanted` (28, 28) is positive and blue where it is negative, as strong as its share
    of the largest entry.
    """
    strength = wanted / max(np.abs(wanted).max(), np.finfo(np.float32).tiny)
    paper = np.where(
        strength[..., None] > 0,
        _between(NEITHER, MORE_INK, strength),
        _between(NEITHER, LESS_INK, -strength),
    )
    ink = image[..., None] / 255
    return (paper * (1 - 0.6 * ink)).astype(np.uint8)


def _between(low, high, shares):
    """Return colours (h, w, 3) uint8 for shares (h, w): `low` at 0 or less, `high` at 1 or more."""
    low = np.array(list(bytes.fromhex(low[1:])))
    high = np.array(list(bytes.fromhex(high[1:])))
    return (low + (high - low) * np.clip(shares, 0, 1)[..., None]).astype(np.uint8)


def _hidden(layers, answers):
    """Return what the layers between the linear ones answer, each with a caption."""
    hidden = []
    before = ""
    for layer, answer in zip(layers, answers, strict=True):
        name = type(layer).__name__
        if name == "Linear":
            before = f"Linear{layer.W.shape} -> "
        elif name != "Softmax":
            hidden.append((before + name, answer))
    return hidden


def _as_square(answers):
    """Return answers (m,) as an image: 256 as 16 x 16, 128 as 8 x 16."""
    columns = 2 ** int(np.ceil(np.log2(len(answers)) / 2))
    return np.pad(answers, (0, -len(answers) % columns)).reshape(-1, columns)


class Status:
    """The text below all else, wrapped where the window ends: the news, and a hint."""

    def __init__(self, parent):
        self.label = ttk.Label(parent)
        self.label.bind("<Configure>", self._wrap)

    def say(self, news):
        # A stranger's file may hold half a character, which Tk refuses, or a whole book.
        text = str(news).encode("utf-8", "replace").decode()[:LONGEST]
        hint = say(
            "Point at a bar, or press a digit: what would make the drawing that digit?",
            "指着某一条概率，或按数字键：怎样改才更像那个数字？",
        )
        self.label.configure(text=f"{text}\n{hint}")

    def _wrap(self, event):
        self.label.configure(wraplength=event.width - 2)


def describe(path, meta):
    """Return what a network was trained on, for how long and how well, as far as known."""
    facts = [console.shown(path), meta.get("dataset", "?")]
    if "epoch" in meta:
        facts.append(say(f"epoch {meta['epoch']}", f"第 {meta['epoch']} 轮"))
    if "test_accuracy" in meta:
        accuracy = percent(meta["test_accuracy"], 2)
        facts.append(say(f"test accuracy {accuracy}", f"测试准确率 {accuracy}"))
    return " · ".join(facts)


def describe_new(path, meta):
    """Return the same of a network that has just been loaded, with the time."""
    when = time.strftime("%H:%M:%S")
    return describe(path, meta) + say(f" · new weights at {when}", f" · {when} 换上了新权重")


def version_of(path):
    """Return when the file was last written, or None if it is not there."""
    try:
        return os.path.getmtime(path)
    except OSError:
        return None


def finite(array):
    """Return what a method of a student's returned as float32, or raise ValueError."""
    array = np.array(array, dtype=np.float32)
    if not np.isfinite(array).all():
        raise ValueError(say("nan or inf among the numbers", "算出了 nan 或无穷大"))
    return array


@contextlib.contextmanager
def errors_as_sentences():
    """Whatever a student's code raises within `with errors_as_sentences():` becomes a UserError."""
    try:
        yield
    except UserError:
        raise
    except NotImplementedError as blank:
        raise UserError(f"{blank} is still blank.", f"{blank} 还没有写。") from None
    except Exception as error:
        why = f"{type(error).__name__}: {error}"
        raise UserError(f"model.py fails: {why}.", f"model.py 出错：{why}。") from None


def show_if_there_is_no_console(error):
    """Show an error in a message box if no console will: pythonw has none."""
    if getattr(sys.stderr, "name", "") != os.devnull:
        return
    with contextlib.suppress(UserError):  # no window either
        root = new_root(say("Draw a digit", "写一个数字"))
        root.withdraw()
        messagebox.showerror(message=say(f"Error: {error}", f"错误：{error}"), parent=root)
