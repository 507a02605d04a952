"""What the drawing window needs of Tk beside its story: a sharp root, a paper, pictures, advice."""

import contextlib
import os
import sys

import numpy as np

from support.language import say

try:
    import tkinter as tk
    from tkinter import font, messagebox, ttk
except ImportError:  # a Python that was built without Tk
    tk = None

# Every text has a contrast of at least 4.5 to what is behind it, as WCAG AA asks.
INK, GREY, BLUE, PALE_BLUE, PALE = "#1d1d1f", "#5f6368", "#1a5fb4", "#a8c3e6", "#e9f0fa"
PAPER, TRACK, BORDER, BACKGROUND = "#ffffff", "#eeeff2", "#c9cbd0", "#f4f4f6"
SOFT_INK = "#8e8e8f"  # halfway from ink to paper


class WindowError(Exception):
    """No window can be opened; the message says why and what to do."""


def new_root(title):
    """Return Tk's main window, empty, as sharp and as native as the system can make it."""
    if tk is None:
        raise WindowError(_how_to_get_tk())
    if os.name == "nt":
        import ctypes  # its windll is only there

        # Otherwise Windows enlarges a window drawn for 96 dpi, and blurs it.
        with contextlib.suppress(AttributeError, OSError):
            ctypes.windll.shcore.SetProcessDpiAwareness(1)
    try:
        root = tk.Tk(className=title)
    except tk.TclError as error:
        raise WindowError(
            say(
                f"Tk cannot open a window ({error}). Run this on the computer's own desktop, or "
                "set DISPLAY, as ssh -X does.",
                f"Tk 打不开窗口（{error}）。请在本机桌面上运行，或像 ssh -X 那样设置 DISPLAY。",
            )
        ) from None
    root.title(title)
    report = root.report_callback_exception

    def stop_or_report(kind, error, trace):
        if kind is KeyboardInterrupt:  # Ctrl-C in the midst of a reading
            raise error
        report(kind, error, trace)

    root.report_callback_exception = stop_or_report
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


def unit_of(root, width, height):
    """Return how many pixels are one of a screen of 96 dpi, fewer if width x height did not fit.

    The buttons' font, which follows the screen by itself, shrinks with it.
    """
    natural = 1 if is_mac(root) else root.winfo_fpixels("1i") / 96
    fitting = min(root.winfo_screenwidth() / width, (root.winfo_screenheight() - 100) / height)
    if fitting < natural:
        default = font.nametofont("TkDefaultFont", root)
        default.configure(size=round(default.cget("size") * fitting / natural))
    return min(natural, fitting)


def is_mac(widget):
    return widget.tk.call("tk", "windowingsystem") == "aqua"


def font_of(pixels, unit, weight="normal"):
    return font.nametofont("TkDefaultFont").actual("family"), -round(pixels * unit), weight


def card(parent, width, height, unit):
    """Return a white canvas of this size in units, with a thin border."""
    return tk.Canvas(
        parent, width=round(width * unit), height=round(height * unit), background=PAPER,
        highlightthickness=1, highlightbackground=BORDER, highlightcolor=BORDER,
    )  # fmt: skip


def picture(values, zoom, low, high):
    """Return `values` (h, w) from 0 to 1 as data of a PhotoImage: squares from `low` to `high`."""
    low, high = (
        np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) for colour in (low, high)
    )
    colours = (low + (high - low) * np.clip(values, 0, 1)[..., None]).astype(np.uint8)
    colours = colours.repeat(zoom, axis=0).repeat(zoom, axis=1)
    return f"P6 {colours.shape[1]} {colours.shape[0]} 255\n".encode() + colours.tobytes()


def add_commands(frame, undo, clear, gap):
    """Return a row of two buttons in `frame`, and let keys of the window do the same."""
    root = frame.winfo_toplevel()
    key, sign = ("Command", "⌘") if is_mac(root) else ("Control", "Ctrl+")
    buttons = ttk.Frame(frame)
    for text, command in (
        (say("Undo", "撤销") + f"  {sign}Z", undo),
        (say("Clear", "清空") + "  Esc", clear),
    ):
        button = ttk.Button(buttons, text=text, command=command)
        button.bind("<Return>", lambda event: event.widget.invoke())
        button.pack(side="left", padx=(0, gap))
    for command, *sequences in (
        (clear, "<Escape>", "c", "C"),
        (undo, f"<{key}-z>", f"<{key}-Z>"),
        (root.destroy, f"<{key}-q>", f"<{key}-Q>"),
        (lambda: None, f"<{key}-c>"),  # copying is not clearing
    ):
        for sequence in sequences:
            root.bind(sequence, lambda event, command=command: command())
    return buttons


def tell(message, command=None):
    """Print an error and the command that helps; without a console show them in a message box."""
    text = say(f"Error: {message}", f"错误：{message}")
    if command:
        text += "\n" + say(f"Run: {command}", f"请运行：{command}")
    print(text, file=sys.stderr)
    if getattr(sys.stderr, "name", "") == os.devnull:  # pythonw, and nobody to read it
        with contextlib.suppress(WindowError):
            root = new_root(say("Draw a digit", "写一个数字"))
            root.withdraw()
            messagebox.showerror(message=text, parent=root)
            root.destroy()


def _how_to_get_tk():
    version = ".".join(map(str, sys.version_info[:3]))
    if os.path.isdir(os.path.join(sys.base_prefix, "conda-meta")):
        remedy = "conda install tk"
    elif "pyenv" in sys.base_prefix:
        remedy = f"sudo apt install tk-dev; pyenv install --force {version}"
    elif sys.platform == "darwin":
        remedy = "brew install python-tk"
    elif os.name == "nt":
        remedy = say(
            "run Python's installer again, choose Modify and tick tcl/tk",
            "重新运行 Python 安装程序，选 Modify，勾上 tcl/tk",
        )
    else:
        remedy = "sudo apt install python3-tk"
    return say(
        f"this Python ({sys.executable}) has no Tk, the library of windows. Get it by: {remedy}",
        f"这个 Python（{sys.executable}）没有窗口库 Tk。安装方法：{remedy}",
    )


class Paper:
    """The drawing area, and the strokes on it, which keep their shape when it is resized.

    `drawing` is a list of strokes, each a list of points [x, y] in pixels of the page: the canvas
    as large as it was when the last stroke began. `on_change` is called after every change.
    """

    def __init__(self, parent, height, unit, on_change):
        self.drawing, self._on_change = [], on_change
        self._pen_is_down = False
        self.canvas = card(parent, height, height, unit)
        self.canvas.configure(cursor="pencil")
        self.canvas.focus_set()
        self._size = self._page = self.canvas.winfo_reqwidth(), self.canvas.winfo_reqheight()
        self._scale, self._offset = 1, (0, 0)
        text = say("Draw a digit here", "在这里写一个数字")
        self._hint = self.canvas.create_text(0, 0, text=text, fill=GREY, font=font_of(18, unit))
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
        self.canvas.itemconfigure("edge", width=width if is_mac(self.canvas) else width + 2)

    def _last(self):
        return f"stroke{len(self.drawing) - 1}"

    def _on_canvas(self, points):
        return np.multiply(points, self._scale) + self._offset

    def _on_page(self, event):
        """Return the event's point on the page; from outside the canvas, the nearest one inside."""
        inside = np.clip((event.x, event.y), 0, np.subtract(self._size, 1))
        return ((inside - self._offset) / self._scale).tolist()
