"""What the drawing window needs of Tk beside its story: a sharp root, a paper, pictures, advice."""

import contextlib
import ctypes
import os
import sys
from functools import partial

import numpy as np

from support.language import UserError, say

try:
    import tkinter as tk
    from tkinter import font, messagebox, ttk
except ImportError:  # a Python that was built without Tk
    tk = None

INK, GREY, BLUE, PALE_BLUE, PALE = "#1d1d1f", "#5f6368", "#1a5fb4", "#a8c3e6", "#e9f0fa"
PAPER, TRACK, BORDER, BACKGROUND = "#ffffff", "#eeeff2", "#c9cbd0", "#f4f4f6"
MAC = sys.platform == "darwin"
# Tk's lines have hard edges, but on macOS: a slightly wider one in a softer colour lies below.
STROKE = {"edge": ("#8e8e8f", 0 if MAC else 2), "line": (INK, 0)}


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


def unit_of(root, width, height):
    """Return how many pixels are one of a screen of 96 dpi, fewer if width x height did not fit."""
    natural = 1 if MAC else root.winfo_fpixels("1i") / 96
    screen = root.winfo_screenwidth(), root.winfo_screenheight() - 100
    unit = min(natural, screen[0] / width, screen[1] / height)
    font.nametofont("TkDefaultFont", root).configure(size=-round(13 * unit))  # the buttons'
    return unit


def font_of(pixels, unit, weight="normal"):
    return font.nametofont("TkDefaultFont").actual("family"), -round(pixels * unit), weight


def card(parent, width, height, unit):
    """Return a white canvas of this size in units, with a thin border."""
    style = {"background": PAPER, "highlightthickness": 1, "highlightbackground": BORDER}
    return tk.Canvas(parent, width=round(width * unit), height=round(height * unit), **style)


def picture(values, zoom, low, high):
    """Return `values` (h, w) from 0 to 1 as data of a PhotoImage: squares from `low` to `high`."""
    low, high = (np.array(list(bytes.fromhex(colour[1:]))) for colour in (low, high))
    colours = (low + (high - low) * np.clip(values, 0, 1)[..., None]).astype(np.uint8)
    colours = colours.repeat(zoom, axis=0).repeat(zoom, axis=1)
    return f"P6 {colours.shape[1]} {colours.shape[0]} 255\n".encode() + colours.tobytes()


def add_commands(frame, undo, clear, gap):
    """Return a row of two buttons in `frame`, and let keys of the window do the same."""
    key, sign = ("Command", "⌘") if MAC else ("Control", "Ctrl+")
    buttons, window = ttk.Frame(frame), frame.winfo_toplevel()
    window.bind(f"<{key}-z>", lambda event: undo())
    window.bind("<Escape>", lambda event: clear())
    undo_text, clear_text = say("Undo", "撤销") + f"  {sign}Z", say("Clear", "清空") + "  Esc"
    for text, command in ((undo_text, undo), (clear_text, clear)):
        ttk.Button(buttons, text=text, command=command).pack(side="left", padx=(0, gap))
    return buttons


def tell(message, command=None):
    """Print an error and the command that helps; without a console show them in a message box."""
    text = say(f"Error: {message}", f"错误：{message}")
    if command:
        text += "\n" + say(f"Run: {command}", f"请运行：{command}")
    print(text, file=sys.stderr)
    if getattr(sys.stderr, "name", "") == os.devnull:  # pythonw, and nobody to read it
        with contextlib.suppress(UserError):
            root = new_root(say("Draw a digit", "写一个数字"))
            root.withdraw()
            messagebox.showerror(message=text, parent=root)


class Paper:
    """The drawing area, and the strokes on it, which grow and shrink with it.

    `drawing` is a list of strokes, each a list of points [x, y] from the middle of the canvas, in
    lengths of its shorter side. `on_change` is called after every change.
    """

    def __init__(self, parent, height, unit, on_change):
        self.drawing, self._on_change = [], on_change
        self._lines = ()  # what the pen is drawing
        self.canvas = card(parent, height, height, unit)
        self.canvas.configure(cursor="pencil")
        text = say("Draw a digit here", "在这里写一个数字")
        self._hint = self.canvas.create_text(0, 0, text=text, fill=GREY, font=font_of(18, unit))
        self.canvas.bind("<Configure>", self._resize)
        self.canvas.bind("<Button-1>", self._put_pen)
        self.canvas.bind("<B1-Motion>", self._move_pen)

    def clear(self):
        self.canvas.delete(*STROKE)
        self.drawing.clear()
        self._changed()

    def undo(self):
        if self.drawing:
            self.canvas.delete(*(self.canvas.find_withtag(tag)[-1] for tag in STROKE))
            self.drawing.pop()
            self._changed()

    def _changed(self):
        self._lines = ()
        self.canvas.itemconfigure(self._hint, state="hidden" if self.drawing else "normal")
        self._on_change()

    def _put_pen(self, event):
        self.drawing.append([])
        self._changed()
        ends = event.x, event.y, event.x, event.y  # two points, so that a click is seen as a dot
        draw = partial(self.canvas.create_line, *ends, capstyle="round", joinstyle="round")
        self._lines = [
            draw(tags=tag, fill=fill, width=self._side / 30 + wider)
            for tag, (fill, wider) in STROKE.items()
        ]
        self.canvas.tag_lower("edge")
        self._move_pen(event)

    def _move_pen(self, event):
        if self._lines:
            point = np.clip((event.x, event.y), 0, 2 * self._middle - 1)  # or at the nearest edge
            self.drawing[-1].append(((point - self._middle) / self._side).tolist())
            for line in self._lines:
                self.canvas.insert(line, "end", point.tolist())
            self._on_change()

    def _resize(self, event):
        self._middle = np.array([event.width, event.height]) / 2
        self._side = min(event.width, event.height)
        self.canvas.coords(self._hint, *self._middle)
        for tag, (_, wider) in STROKE.items():
            for line, stroke in zip(self.canvas.find_withtag(tag), self.drawing, strict=True):
                points = np.array(stroke[:1] + stroke) * self._side + self._middle
                self.canvas.coords(line, *points.ravel().tolist())
            self.canvas.itemconfigure(tag, width=self._side / 30 + wider)
