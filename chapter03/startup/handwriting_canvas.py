"""用鼠标写数字，由 main.py 训练好的网络来读：笔画 -> 图像 -> 网络 -> 概率条。这是最后一个文件。
Draw a digit, and the network that main.py has trained reads it while the pen moves: from strokes
to an image, to the answers of the layers, to ten bars. This is the last of the four files.
"""

import os
import sys

# Neighbours and chapter03/support, also where Python does not look here by itself (-P, -I, -m).
sys.path.extend(os.path.abspath(f"{__file__}/{up}") for up in ("..", "../.."))
import support  # isort: split

import argparse
import time
from pathlib import Path

import numpy as np

from data import standardise
from support import gradient_check, strokes, weights
from support import window as ui
from support.language import say

HERE = Path(__file__).resolve().parent
WEIGHTS = HERE.parent.parent / "model" / HERE.name / "weights.npz"

# Of 7,494 digits that 30 people wrote with a pen, 3 in 100 get no higher probability than this, and
# two thirds of the misread ones are among them. Of the others, 99.5 % are read rightly.
SURE = 0.8
HEIGHT, RESULTS_WIDTH = 470, 352  # of the drawing area, a square, and of the results, in units
POLL = 300  # milliseconds between looks for new weights, and until Ctrl-C is noticed


def main(argv=None):
    """Run the command with the arguments `argv` and return its exit code."""
    parser = argparse.ArgumentParser(
        description=say(
            "Draw digits, and see how a trained network reads them.",
            "手写数字，看训练好的网络怎样读。",
        )
    )
    parser.add_argument(
        "--weights", metavar="FILE", default=WEIGHTS,
        type=lambda text: Path(text).expanduser(),
        help=say("the network", "网络的权重文件") + f" ({support.shown(WEIGHTS)})",
    )  # fmt: skip
    path = parser.parse_args(argv).weights
    np.seterr(all="ignore")  # as in training
    try:
        reader = Reader(gradient_check.load(HERE / "model.py"), path)
        root = ui.new_root(say("Draw a digit", "写一个数字") + f" ({HERE.name})")
        Window(root, reader)
        root.mainloop()
    except ui.WindowError as error:
        ui.tell(error)
        return 1
    except (gradient_check.ModelError, ReadingError, weights.WeightsError) as error:
        ui.tell(error, support.command(support.shown(HERE / "main.py")))
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def read(network, drawing):
    """Return the image (28, 28) of a list of strokes (k, 2), and what each layer answers, (m,)."""
    image = strokes.render(drawing)
    x = standardise(image.reshape(1, -1))
    answers = []
    for layer in network.layers:
        x = layer.forward(x)
        answers.append(x[0])
    return image, answers


class ReadingError(Exception):
    """The network of this model.py and these weights cannot read; the message says why."""


class Reader:
    """The network that the module `model` makes of the weights file at `path`.

    Raises ReadingError or WeightsError if they do not read digits.
    """

    def __init__(self, model, path):
        self.model, self.path = model, support.shown(path)
        self._load()

    def read(self, drawing, network=None):
        """Return what `read` does, or raise ReadingError, whatever the student's code does."""
        try:
            image, answers = read(network or self.network, drawing)
            if answers[-1].shape != (10,) or not np.isfinite(answers[-1]).all():
                raise ValueError("the result is not ten probabilities")
        except NotImplementedError as blank:
            raise ReadingError(say(f"{blank} is still blank.", f"{blank} 还没有写。")) from None
        except Exception as error:
            why = f"{type(error).__name__}: {error}"
            raise ReadingError(
                say(f"model.py cannot read: {why}.", f"model.py 读不了数字：{why}。")
            ) from None
        answers[-1] = np.clip(answers[-1], 0, 1)
        return image, answers

    def refresh(self):
        """Load the file again if it has changed, and return whether it has.

        If it is of no use any more, an error is raised, once; the network stays as it was.
        """
        changed = self._version() != self._loaded
        if changed:
            self._load()
        return changed

    def _load(self):
        self._loaded = self._version()
        network, meta = weights.load(self.path, self.model.MLP)
        if (network.dims[0], network.dims[-1]) != (strokes.SIDE**2, 10):
            sizes = "-".join(map(str, network.dims))
            raise weights.WeightsError(
                say(
                    f"{self.path} holds a network of sizes {sizes}; to read digits it must take "
                    "784 pixels and give 10 probabilities.",
                    f"{self.path} 里的网络是 {sizes}；要读数字，须是 784 个输入、10 个输出。",
                )
            )
        self.read([], network)
        self.network, self.meta = network, meta

    def _version(self):
        try:
            stat = os.stat(self.path)
        except OSError:
            return None
        return stat.st_mtime_ns, stat.st_size, stat.st_ino

    def describe(self):
        """Return what the network was trained on, for how long and how well, as far as known."""
        facts = [self.path, self.meta.get("dataset", "?")[:40]]
        if "epoch" in self.meta:
            facts.append(say(f"epoch {self.meta['epoch']}", f"第 {self.meta['epoch']} 轮"))
        if "test_accuracy" in self.meta:
            accuracy = f"{100 * self.meta['test_accuracy']:.2f} %"
            facts.append(say(f"test accuracy {accuracy}", f"测试准确率 {accuracy}"))
        return " · ".join(facts)


class Results:
    """What the network sees, what its hidden layers answer, and ten bars of probabilities."""

    def __init__(self, parent, unit):
        self.canvas = ui.card(parent, RESULTS_WIDTH, HEIGHT, unit)
        self._shown = None
        self._lay_out(self.canvas.winfo_reqwidth(), self.canvas.winfo_reqheight())
        self.canvas.bind("<Configure>", lambda event: self._lay_out(event.width, event.height))

    def _lay_out(self, width, height):
        self._unit = min(width / RESULTS_WIDTH, height / HEIGHT)
        self._left = (width - RESULTS_WIDTH * self._unit) / 2
        self._top = (height - HEIGHT * self._unit) / 2
        self.canvas.delete("all")
        self._seen = self._image(276, 132)
        self._text(276, 138, say("what it sees", "网络看到的"), anchor="n")
        self._headline = self._text(116, 76, fill=ui.BLUE)
        self._verdict = self._text(116, 138, anchor="n")
        self._hidden = [
            (self._image(x, 250), self._text(x, 255, anchor="n", size=10)) for x in (92, 260)
        ]
        self._rows = [self._row(digit, 285 + 18 * digit) for digit in range(10)]
        if self._shown:
            self.show(*self._shown)

    def _at(self, x, y):
        return self._left + x * self._unit, self._top + y * self._unit

    def _text(self, x, y, text="", anchor="center", fill=ui.GREY, size=12):
        style = {"anchor": anchor, "fill": fill, "font": ui.font_of(size, self._unit)}
        return self.canvas.create_text(*self._at(x, y), text=text, **style)

    def _image(self, x, y):
        image = ui.tk.PhotoImage(master=self.canvas)
        self.canvas.create_image(*self._at(x, y), anchor="s", image=image)
        return image

    def _row(self, digit, y):
        track = *self._at(40, y - 6), *self._at(284, y + 6)
        label = self._text(26, y, digit)
        self.canvas.create_rectangle(*track, width=0, fill=ui.TRACK)
        bar = self.canvas.create_rectangle(*track, width=0)
        return label, bar, self._text(336, y, anchor="e"), track

    def show(self, image, hidden, probabilities=None):
        """Show an image (28, 28), pairs of a caption and answers (m,), and probabilities (10,)."""
        self._shown = image, hidden, probabilities
        zoom = max(1, int(4 * self._unit))  # whole pixels keep the image crisp
        self._seen.configure(data=ui.picture(image / 255, zoom, "#000000", "#ffffff"))
        for i, (pixels, caption) in enumerate(self._hidden):
            text, answers = hidden[i] if i < len(hidden) else ("", None)
            self.canvas.itemconfigure(caption, text=text)
            pixels.blank()
            if text:
                square = as_image(answers)
                zoom = max(1, int(82 * self._unit / square.shape[1]))
                pixels.configure(data=ui.picture(square, zoom, ui.PALE, ui.BLUE))
        headline, verdict = ("", "") if probabilities is None else conclude(probabilities)
        size = 60 if len(headline) == 1 else 24
        change = self.canvas.itemconfigure
        change(self._headline, text=headline, font=ui.font_of(size, self._unit, "bold"))
        change(self._verdict, text=verdict)
        for digit, (label, bar, value, (left, top, right, bottom)) in enumerate(self._rows):
            share = 0 if probabilities is None else probabilities[digit]
            wins = share > 0 and digit == probabilities.argmax()
            style = {"font": ui.font_of(13, self._unit, "bold" if wins else "normal")}
            change(label, fill=ui.BLUE if wins else ui.INK, **style)
            text = "" if probabilities is None else percent(share)
            change(value, fill=ui.BLUE if wins else ui.GREY, text=text, **style)
            self.canvas.coords(bar, left, top, left + share * (right - left), bottom)
            # Tk draws even an empty rectangle one pixel wide.
            state = "normal" if share * (right - left) >= 1 else "hidden"
            change(bar, fill=ui.BLUE if wins else ui.PALE_BLUE, state=state)


def as_image(answers):
    """Return answers (m,) as an image: 256 as 16 x 16, 128 as 8 x 16, at most 64 x 64 of them."""
    answers = answers[:4096]
    columns = 2 ** int(np.ceil(np.log2(len(answers)) / 2))
    rows = -(-len(answers) // columns)
    return np.pad(answers, (0, rows * columns - len(answers))).reshape(rows, columns)


def conclude(probabilities):
    """Return in two short texts what the probabilities (10,) say, such as ("4", "99 % sure")."""
    second, first = np.argsort(probabilities)[-2:]
    if probabilities[first] < SURE:
        return say(f"{first} or {second}?", f"{first} 还是 {second}？"), say("not sure", "不确定")
    sure = percent(probabilities[first])
    return f"{first}", say(f"{sure} sure", f"{sure} 的把握")


def percent(probability):
    return f"{100 * probability:.0f} %"


class Window:
    """The paper and the results side by side, and below them two buttons and the status line."""

    def __init__(self, root, reader):
        self.root, self.reader = root, reader
        self._reading_is_due = False
        unit = ui.unit_of(root, HEIGHT + RESULTS_WIDTH + 40, HEIGHT + 110)
        gap = round(12 * unit)
        frame = ui.ttk.Frame(root, padding=gap)
        frame.pack(fill="both", expand=True)
        frame.rowconfigure(0, weight=1)
        frame.columnconfigure(0, weight=HEIGHT)
        frame.columnconfigure(1, weight=RESULTS_WIDTH, minsize=round(300 * unit))
        self.paper = ui.Paper(frame, HEIGHT, unit, self._drawing_changed)
        self.paper.canvas.grid(row=0, column=0, sticky="nsew")
        self.results = Results(frame, unit)
        self.results.canvas.grid(row=0, column=1, sticky="nsew", padx=(gap, 0))
        buttons = ui.add_commands(frame, self.paper.undo, self.paper.clear, gap)
        buttons.grid(row=1, column=0, columnspan=2, sticky="w", pady=gap)
        self.status = ui.ttk.Label(frame)
        self.status.grid(row=2, column=0, columnspan=2, sticky="ew")

        def wrap(event):
            # A long message takes more lines, not the results' place.
            self.status.configure(wraplength=event.width - 2)
            root.minsize(round(640 * unit), frame.winfo_reqheight())

        self.status.bind("<Configure>", wrap)
        self._read()
        self._say(reader.describe())
        root.after(POLL, self._look_for_weights)

    def _drawing_changed(self):
        # Idle means that every movement of the pen up to now is drawn; then they are read at once.
        if not self._reading_is_due:
            self._reading_is_due = True
            self.root.after_idle(self._read)

    def _read(self):
        self._reading_is_due = False
        drawing = [np.array(stroke) for stroke in self.paper.drawing]
        try:
            image, answers = self.reader.read(drawing)
        except ReadingError as error:
            return self._say(error)
        linears = self.reader.network.linears[:-1][:2]
        captions = [f"Linear{linear.W.shape} -> Sigmoid" for linear in linears]
        hidden = answers[1::2] if drawing else [np.zeros(linear.W.shape[1]) for linear in linears]
        pairs = list(zip(captions, hidden))  # noqa: B905 - as Python 3.6 reads it
        return self.results.show(image, pairs, answers[-1] if drawing else None)

    def _look_for_weights(self):
        try:
            if self.reader.refresh():
                when = time.strftime("%H:%M:%S")
                new = say(f"new weights at {when}", f"{when} 换上了新权重")
                self._say(f"{self.reader.describe()} · {new}")
                self._read()
        except (ReadingError, weights.WeightsError) as error:
            self._say(
                say(f"The network from before still reads. {error}", f"仍用原来的网络。{error}")
            )
        self.root.after(POLL, self._look_for_weights)

    def _say(self, text):
        self.status.configure(text=text)


if __name__ == "__main__":
    sys.exit(main())
