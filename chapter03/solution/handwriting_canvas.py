"""The window in which you draw a digit, and your network reads it while the pen moves."""

import contextlib
import os
import sys
import time
from pathlib import Path

# One image at a time is too little work to share, and a training beside it needs the other cores.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("MKL_NUM_THREADS", "1")

import numpy as np

import strokes
from arguments import Parser
from folders import FOLDER, shown, weights_path
from interruption import leave_at_ctrl_c
from reader import Reader, ReaderError, percent, verdict

try:
    import tkinter as tk
    from tkinter import font, ttk
except ImportError:
    tk = None

NO_TK = (
    "Python's window library Tk is missing. Install it, then run again: sudo apt install "
    "python3-tk (Debian, Ubuntu), brew install python-tk (macOS), or run Python's installer, "
    "choose Modify and tick tcl/tk (Windows)."
)
NO_DISPLAY = (
    "Tk cannot open a window ({}). Run this on the computer's own desktop, or set DISPLAY, as "
    "ssh -X does."
)

# Every text has a contrast of at least 4.5 to what is behind it, as WCAG AA asks.
INK, GREY, BLUE, PALE_BLUE = "#1d1d1f", "#5f6368", "#1a5fb4", "#a8c3e6"
PAPER, TRACK, BORDER, BACKGROUND = "#ffffff", "#eeeff2", "#c9cbd0", "#f4f4f6"
SOFT_INK = "#8e8e8f"  # halfway from ink to paper

HEIGHT = 434  # of the drawing area and of the results, in units
POLL = 300  # milliseconds between looks for new weights, and until Ctrl-C is noticed
PROBLEM_STAYS = 10  # seconds


class Paper:
    """The drawing area, and the strokes on it, which keep their shape when it is resized.

    `drawing` is a list of strokes, each a list of points [x, y] in pixels of the page: the canvas
    as large as it was when the last stroke began. `on_change` is called after every change.
    """

    def __init__(self, parent, unit, on_change):
        self.drawing, self._on_change = [], on_change
        self._pen_is_down = False
        self.canvas = _card(parent, HEIGHT, unit)
        self.canvas.configure(cursor="pencil")
        self._size = self._page = self.canvas.winfo_reqwidth(), self.canvas.winfo_reqheight()
        self._scale, self._offset = 1, (0, 0)
        self._hint = self.canvas.create_text(
            0, 0, text="Draw a digit here", fill=GREY, font=_font(18, unit)
        )
        self.canvas.bind("<Configure>", self._resize)
        self.canvas.bind("<Button-1>", self._put_pen)
        self.canvas.bind("<B1-Motion>", self._move_pen)
        self.canvas.bind("<ButtonRelease-1>", self._lift_pen)

    def clear(self):
        self.drawing.clear()
        self.canvas.delete("line")
        self._changed(pen_is_down=False)

    def undo(self):
        if self.drawing:
            self.canvas.delete(self._last())
            self.drawing.pop()
            self._changed(pen_is_down=False)

    def _put_pen(self, event):
        self.canvas.focus_set()
        # From now on the page is the canvas as it is now, so that all of it can be drawn on.
        self.drawing[:] = [self._on_canvas(stroke).tolist() for stroke in self.drawing]
        self._page, self._scale, self._offset = self._size, 1, (0, 0)
        point = self._on_page(event)
        self.drawing.append([point])
        # Tk's lines have hard edges: a slightly wider one in a softer colour lies below.
        for kind, colour in (("edge", SOFT_INK), ("ink", INK)):
            self.canvas.create_line(
                point, point, fill=colour, capstyle="round", joinstyle="round",
                tags=("line", kind, self._last()),
            )  # fmt: skip
        self.canvas.tag_lower("edge")
        self._set_line_width()
        self._changed(pen_is_down=True)

    def _move_pen(self, event):
        point = self._on_page(event)
        if self._pen_is_down and point != self.drawing[-1][-1]:
            self.drawing[-1].append(point)
            self.canvas.insert(self._last(), "end", self._on_canvas(point).tolist())
            self._changed(pen_is_down=True)

    def _lift_pen(self, event):
        self._move_pen(event)
        self._pen_is_down = False

    def _changed(self, pen_is_down):
        self._pen_is_down = pen_is_down
        self.canvas.itemconfigure(self._hint, state="hidden" if self.drawing else "normal")
        self._on_change()

    def _resize(self, event):
        self._size = event.width, event.height
        self._scale = np.divide(self._size, self._page).min()
        self._offset = np.subtract(self._size, np.multiply(self._page, self._scale)) / 2
        self.canvas.coords(self._hint, event.width / 2, event.height / 2)
        for number, stroke in enumerate(self.drawing):
            points = self._on_canvas(stroke[:1] + stroke).ravel().tolist()
            for line in self.canvas.find_withtag(f"stroke{number}"):
                self.canvas.coords(line, *points)
        self._set_line_width()

    def _set_line_width(self):
        width = round(min(self._size) / 30)
        self.canvas.itemconfigure("ink", width=width)
        self.canvas.itemconfigure("edge", width=width if _is_mac(self.canvas) else width + 2)

    def _last(self):
        return f"stroke{len(self.drawing) - 1}"

    def _on_canvas(self, points):
        return np.multiply(points, self._scale) + self._offset

    def _on_page(self, event):
        """Return the event's point on the page; from outside the canvas, the nearest one inside."""
        inside = np.clip((event.x, event.y), 0, np.subtract(self._size, 1))
        return ((inside - self._offset) / self._scale).tolist()


class Results:
    """What the network says: a headline, ten bars, and the image as the network sees it."""

    def __init__(self, parent, unit):
        self.canvas = _card(parent, 302, unit)
        self._unit = unit
        self._zoom = max(1, round(4 * unit))  # whole pixels keep the image crisp
        side = strokes.SIDE * self._zoom
        self._image = tk.PhotoImage(master=parent, width=side, height=side)
        left, right, top, caption = 20 * unit, 282 * unit, 20 * unit, 27 * unit + side
        text = self.canvas.create_text
        small = {"anchor": "n", "fill": GREY, "font": _font(12, unit)}
        self.canvas.create_image(right, top, anchor="ne", image=self._image)
        text(right - side / 2, caption, text="what it sees", **small)
        middle = (left + right - side) / 2
        self._headline = text(middle, top + side / 2, fill=BLUE)
        self._remark = text(middle, caption, **small)
        self._rows = [self._row(digit, (190 + 24 * digit) * unit) for digit in range(10)]

    def _row(self, digit, y):
        left, right, half = 44 * self._unit, 230 * self._unit, 7 * self._unit
        track = (left, y - half, right, y + half)
        label = self.canvas.create_text(26 * self._unit, y, text=digit)
        self.canvas.create_rectangle(*track, width=0, fill=TRACK)
        bar = self.canvas.create_rectangle(*track, width=0)
        value = self.canvas.create_text(282 * self._unit, y, anchor="e")
        return label, bar, value, track

    def show(self, image, probabilities=None):
        """Show an image (28, 28) uint8 and probabilities (10,), or None if nothing is read."""
        enlarged = image.repeat(self._zoom, axis=0).repeat(self._zoom, axis=1)
        header = f"P5 {len(enlarged)} {len(enlarged)} 255\n"
        self._image.configure(data=header.encode() + enlarged.tobytes())

        nothing = probabilities is None
        headline, remark = ("", "") if nothing else verdict(probabilities)
        size = 60 if len(headline) == 1 else 28
        change = self.canvas.itemconfigure
        change(self._headline, text=headline, font=_font(size, self._unit, "bold"))
        change(self._remark, text=remark)
        for digit, (label, bar, value, track) in enumerate(self._rows):
            wins = not nothing and digit == probabilities.argmax()
            style = {"font": _font(13, self._unit, "bold" if wins else "normal")}
            change(label, fill=BLUE if wins else INK, **style)
            text = "" if nothing else percent(probabilities[digit])
            change(value, fill=BLUE if wins else GREY, text=text, **style)
            left, top, right, bottom = track
            length = 0 if nothing else probabilities[digit] * (right - left)
            self.canvas.coords(bar, left, top, left + length, bottom)
            # Tk draws even an empty rectangle one pixel wide.
            state = "normal" if length >= 1 else "hidden"
            change(bar, fill=BLUE if wins else PALE_BLUE, state=state)


class Window:
    """The paper and the results side by side, and below them two buttons and the status line."""

    def __init__(self, root, reader, name):
        self.root, self.reader, self._name = root, reader, name
        self._reading_is_due = False
        root.title(f"Draw a digit ({FOLDER.name})")
        unit = _unit(root)
        gap = round(12 * unit)
        frame = ttk.Frame(root, padding=gap)
        frame.pack(fill="both", expand=True)
        frame.columnconfigure(0, weight=1)
        frame.rowconfigure(0, weight=1)
        self.paper = Paper(frame, unit, self._drawing_changed)
        self.paper.canvas.grid(row=0, column=0, sticky="nsew")
        self.results = Results(frame, unit)
        self.results.canvas.grid(row=0, column=1, sticky="ns", padx=(gap, 0))
        buttons = ttk.Frame(frame)
        buttons.grid(row=1, column=0, columnspan=2, sticky="w", pady=gap)
        width = self.paper.canvas.winfo_reqwidth() + gap + self.results.canvas.winfo_reqwidth()
        self.status = ttk.Label(frame, wraplength=width)
        self.status.grid(row=2, column=0, columnspan=2, sticky="w")
        frame.bind(
            "<Configure>", lambda event: self.status.configure(wraplength=event.width - 2 * gap)
        )
        key, sign = ("Command", "⌘") if _is_mac(root) else ("Control", "Ctrl+")
        for text, command in (
            (f"Undo  {sign}Z", self.paper.undo),
            ("Clear  Esc", self.paper.clear),
        ):
            button = ttk.Button(buttons, text=text, command=command)
            button.bind("<Return>", lambda event: event.widget.invoke())
            button.pack(side="left", padx=(0, gap))
        self._bind(self.paper.clear, "<Escape>", "c", "C")
        self._bind(self.paper.undo, f"<{key}-z>", f"<{key}-Z>")
        self._bind(root.destroy, f"<{key}-q>", f"<{key}-Q>")
        self._bind(lambda: None, f"<{key}-c>")  # copying is not clearing
        self.paper.canvas.focus_set()
        self._read()
        self._say(self._network())
        root.update_idletasks()
        # A long message takes more lines, not the results' place.
        self.status.bind(
            "<Configure>", lambda event: root.minsize(round(520 * unit), frame.winfo_reqheight())
        )
        root.after(POLL, self._look_for_weights)

    def _bind(self, command, *sequences):
        for sequence in sequences:
            self.root.bind(sequence, lambda event: command())

    def _drawing_changed(self):
        # Idle means that every movement of the pen up to now is drawn; then they are read at once.
        if not self._reading_is_due:
            self._reading_is_due = True
            self.root.after_idle(self._read)

    def _read(self):
        self._reading_is_due = False
        drawing = [np.array(stroke) for stroke in self.paper.drawing]
        probabilities = None
        try:
            if drawing:
                probabilities = self.reader.read(drawing)
        except ReaderError as error:
            self._say(error)
        self.results.show(strokes.render(drawing), probabilities)

    def _look_for_weights(self):
        try:
            if self.reader.refresh():
                self._say(f"{self._network()} · new weights at {time.strftime('%X')}")
                self._read()
        except ReaderError as error:
            self._say(f"The network from before still reads. {error}")
        self.root.after(POLL, self._look_for_weights)

    def _network(self):
        return f"{self._name} · {self.reader.describe()}"

    def _say(self, text):
        self.status.configure(text=text)


def main(argv=None):
    """Run the command with the arguments `argv` and return its exit code."""
    leave_at_ctrl_c()
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")
    parser = Parser("Draw digits, and see how a trained network reads them.")
    parser.add_argument(
        "--weights", type=Path, metavar="FILE",
        help=f"the network (default: {shown(weights_path())})",
    )  # fmt: skip
    weights = parser.parse_args(argv).weights
    name = f"{FOLDER.name} with {shown(weights)}" if weights else FOLDER.name
    np.seterr(all="ignore")  # as in training
    if tk is None:
        print(f"Error: {NO_TK}", file=sys.stderr)
        return 1
    try:
        reader = Reader(shown(weights or weights_path()))
    except ReaderError as error:
        print(f"Error: {error}\nRun: {_command()}", file=sys.stderr, flush=True)
        with contextlib.suppress(tk.TclError):
            _show_problem(str(error))
        return 1
    try:
        root = new_root()
    except tk.TclError as error:
        print(f"Error: {NO_DISPLAY.format(error)}", file=sys.stderr)
        return 1
    Window(root, reader, name)
    root.mainloop()
    return 0


def _show_problem(message):
    """Show the message, and the command that may help, until it is closed or for ten seconds."""
    root = new_root()
    root.title(f"Draw a digit ({FOLDER.name})")
    gap = round(16 * _unit(root))
    frame = ttk.Frame(root, padding=gap)
    frame.pack()
    ttk.Label(frame, text=f"{message}\n\nRun:", wraplength=28 * gap).pack(anchor="w")
    command = ttk.Entry(frame, font="TkFixedFont", width=len(_command()) + 2)
    command.insert(0, _command())
    command.configure(state="readonly")  # it can be selected and copied
    command.pack(anchor="w", pady=(gap // 4, gap))
    button = ttk.Button(frame, command=root.destroy)
    button.pack(anchor="e")
    button.focus_set()
    for key in ("<Escape>", "<Return>"):
        root.bind(key, lambda event: root.destroy())

    def count_down(seconds):
        if seconds == 0:
            return root.destroy()
        button.configure(text=f"Close ({seconds})")
        return root.after(1000, count_down, seconds - 1)

    count_down(PROBLEM_STAYS)
    root.mainloop()


def _command():
    path = str(shown(FOLDER / "main.py"))
    return f'python "{path}"' if " " in path else f"python {path}"


def new_root():
    """Return Tk's main window, empty, as sharp and as native as the system can make it."""
    if os.name == "nt":
        import ctypes

        # Otherwise Windows enlarges a window drawn for 96 dpi, and blurs it.
        with contextlib.suppress(AttributeError, OSError):
            ctypes.windll.shcore.SetProcessDpiAwareness(1)
    root = tk.Tk(className="Draw a digit")
    if root.tk.call("tk", "windowingsystem") == "x11":
        # The other systems have native widgets; here these are made plain.
        style = ttk.Style(root)
        style.theme_use("clam")
        style.configure(".", background=BACKGROUND, foreground=INK, focuscolor=BLUE)
        style.configure(
            "TButton", background=PAPER, bordercolor=BORDER, lightcolor=PAPER, darkcolor=PAPER
        )
        style.map("TButton", background=[("active", TRACK)], bordercolor=[("focus", BLUE)])
    return root


def _is_mac(widget):
    return widget.tk.call("tk", "windowingsystem") == "aqua"


def _unit(root):
    """Return how many pixels are one of a screen of 96 dpi; fewer if the window would not fit.

    The buttons' font, which follows the screen by itself, shrinks with it.
    """
    natural = 1 if _is_mac(root) else root.winfo_fpixels("1i") / 96
    unit = min(natural, root.winfo_screenwidth() / 800, (root.winfo_screenheight() - 100) / 540)
    if unit < natural:
        default = font.nametofont("TkDefaultFont", root)
        default.configure(size=round(default.cget("size") * unit / natural))
    return unit


def _font(pixels, unit, weight="normal"):
    return font.nametofont("TkDefaultFont").actual("family"), -round(pixels * unit), weight


def _card(parent, width, unit):
    return tk.Canvas(
        parent, width=round(width * unit), height=round(HEIGHT * unit), background=PAPER,
        highlightthickness=1, highlightbackground=BORDER, highlightcolor=BORDER,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
