"""用鼠标写数字，由 main.py 训练好的网络来读：笔画 -> 图像 -> 网络 -> 概率条。这是最后一个文件。
Draw a digit, and the network that main.py has trained reads it while the pen moves: from strokes
to an image, to the answers of the layers, to ten bars. This is the last of the four files.
"""

import os
import sys

# chapter03/ for support/, and this folder also where Python leaves it out (-P, -I, -m, notebooks).
FOLDER = os.path.dirname(os.path.realpath(__file__))
sys.path[:] = [os.path.dirname(FOLDER), *sys.path, FOLDER]
from support import console  # isort: split

import argparse
import time
from pathlib import Path

import numpy as np

from data import standardise
from support import gradient_check, strokes, weights
from support import window as ui
from support.language import UserError, say

HERE = Path(FOLDER)
WEIGHTS = HERE.parent.parent / "model" / HERE.name / "weights.npz"

# Of 7,494 digits that 30 people wrote with a pen, 2 in 100 get no higher probability than this, and
# 6 in 10 of the misread ones are among them. Of the others, 99.5 % are read rightly.
SURE = 0.8
HEIGHT, RESULTS_WIDTH = 470, 352  # of the drawing area, a square, and of the results, in units
POLL = 300  # milliseconds between looks for new weights, and until Ctrl-C is noticed


def main(argv=None):
    """Run the command with the arguments `argv` and return its exit code."""
    about = say("Draw digits; a trained network reads them.", "手写数字，看训练好的网络怎样读。")
    parser = argparse.ArgumentParser(description=about)
    network = say("the network", "网络的权重文件") + f" ({console.shown(WEIGHTS)})"
    settings = {"type": lambda text: Path(text).expanduser(), "metavar": "FILE"}
    parser.add_argument("--weights", default=WEIGHTS, help=network, **settings)
    path = parser.parse_args(argv).weights
    np.seterr(all="ignore")  # as in training
    remedy = console.command(console.shown(HERE / "main.py"))
    try:
        reader, remedy = Reader(gradient_check.load(HERE / "model.py"), path), ""
        root = ui.new_root(say("Draw a digit", "写一个数字") + f" ({HERE.name})")
        Window(root, reader)
        root.mainloop()
    except UserError as error:
        ui.tell(error, remedy)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


class Reader:
    """The network that the module `model` makes of the weights file at `path`, or UserError."""

    def __init__(self, model, path):
        self.model, self.path = model, console.shown(path)
        self.load()

    def read(self, drawing, network=None):
        """Return the image (28, 28) of strokes (k, 2), and what each layer answers, (m,).

        Whatever the student's code does, only UserError is raised.
        """
        image = strokes.render(drawing)
        x = standardise(image.reshape(1, -1))
        answers = []
        try:
            for layer in (network or self.network).layers:
                x = layer.forward(x)
                answers.append(x[0])
            if x.shape != (1, 10) or not np.isfinite(x).all():
                raise ValueError("the result is not ten probabilities")
        except NotImplementedError as blank:
            raise UserError(f"{blank} is still blank.", f"{blank} 还没有写。") from None
        except Exception as error:
            why = f"{type(error).__name__}: {error}"
            raise UserError(f"model.py cannot read: {why}.", f"model.py 读不了：{why}。") from None
        return image, answers

    def load(self):
        """Load the file; if it is of no use, the network stays as it was."""
        self.loaded = self.version()
        network, meta = weights.load(self.path, self.model.MLP)
        if (network.dims[0], network.dims[-1]) != (strokes.SIDE**2, 10):
            raise UserError(
                f"{self.path} has the sizes {network.dims}; digits need 784 in and 10 out.",
                f"{self.path} 里的网络是 {network.dims}；读数字须有 784 个输入、10 个输出。",
            )
        self.read([], network)
        self.network, self.meta = network, meta

    def version(self):
        return os.path.exists(self.path) and os.path.getmtime(self.path)

    def describe(self):
        """Return what the network was trained on, for how long and how well, as far as known."""
        facts = [self.path, self.meta.get("dataset", "?")]
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
        self.images = [ui.tk.PhotoImage(master=self.canvas) for _ in range(3)]

    def show(self, image, captions, hidden, probabilities=None):
        """Show an image (28, 28), captions of hidden answers (m,), and probabilities (10,)."""
        width, height = self.canvas.winfo_width(), self.canvas.winfo_height()
        self._unit = min(width / RESULTS_WIDTH, height / HEIGHT)
        self._left = (width - RESULTS_WIDTH * self._unit) / 2
        self._top = (height - HEIGHT * self._unit) / 2
        old = self.canvas.find_all()
        self._image(self.images[0], 276, 132, image / 255, 4, "#000000", "#ffffff")
        self._text(276, 138, say("what it sees", "网络看到的"), anchor="n")
        places = zip(self.images[1:], (92, 260), captions, hidden)  # noqa: B905 - or fewer
        for pixels, x, caption, answers in places:
            square = as_image(answers)
            self._image(pixels, x, 250, square, 82 / square.shape[1], ui.PALE, ui.BLUE)
            self._text(x, 255, caption, anchor="n", size=10)
        if probabilities is not None:
            headline, verdict = conclude(probabilities)
            size = 60 if len(headline) == 1 else 24
            self._text(116, 76, headline, fill=ui.BLUE, size=size, weight="bold")
            self._text(116, 138, verdict, anchor="n")
        for digit in range(10):
            y, wins = (
                285 + 18 * digit,
                probabilities is not None and digit == probabilities.argmax(),
            )
            style = {"size": 13, **({"weight": "bold", "fill": ui.BLUE} if wins else {})}
            self._text(26, y, digit, **{"fill": ui.INK, **style})
            self._bar(y, 1, ui.TRACK)
            if probabilities is not None:
                self._bar(y, probabilities[digit], ui.BLUE if wins else ui.PALE_BLUE)
                self._text(336, y, f"{100 * probabilities[digit]:.0f} %", "e", **style)
        self.canvas.delete(*old)  # now, so that Tk keeps fonts and images

    def _bar(self, y, share, fill):
        (left, top), (right, bottom) = self._at(40, y - 6), self._at(40 + 244 * share, y + 6)
        if right - left >= 1:  # Tk draws even an empty rectangle one pixel wide
            self.canvas.create_rectangle(left, top, right, bottom, width=0, fill=fill)

    def _at(self, x, y):
        return self._left + x * self._unit, self._top + y * self._unit

    def _text(self, x, y, text, anchor="center", fill=ui.GREY, size=12, weight="normal"):
        style = {"anchor": anchor, "fill": fill, "font": ui.font_of(size, self._unit, weight)}
        self.canvas.create_text(*self._at(x, y), text=text, **style)

    def _image(self, image, x, y, values, zoom, low, high):
        zoom = max(1, int(zoom * self._unit))  # whole pixels keep the image crisp
        image.configure(data=ui.picture(values, zoom, low, high))
        self.canvas.create_image(*self._at(x, y), anchor="s", image=image)


def as_image(answers):
    """Return answers (m,) as an image: 256 as 16 x 16, 128 as 8 x 16."""
    columns = 2 ** int(np.ceil(np.log2(len(answers)) / 2))
    return np.pad(answers, (0, -len(answers) % columns)).reshape(-1, columns)


def conclude(probabilities):
    """Return in two short texts what the probabilities (10,) say, such as ("4", "99 % sure")."""
    second, first = np.argsort(probabilities)[-2:]
    if probabilities[first] < SURE:
        return say(f"{first} or {second}?", f"{first} 还是 {second}？"), say("not sure", "不确定")
    return f"{first}", f"{100 * probabilities[first]:.0f} %" + say(" sure", " 的把握")


class Window:
    """The paper and the results side by side, and below them two buttons and the status line."""

    def __init__(self, root, reader):
        self.root, self.reader = root, reader
        self._reading_is_due = False
        unit = ui.unit_of(root, HEIGHT + RESULTS_WIDTH + 40, HEIGHT + 110)
        root.minsize(round(640 * unit), round(400 * unit))
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
        self.results.canvas.bind("<Configure>", lambda event: self._drawing_changed())
        buttons = ui.add_commands(frame, self.paper.undo, self.paper.clear, gap)
        buttons.grid(row=1, column=0, columnspan=2, sticky="w", pady=gap)
        self.status = ui.ttk.Label(frame, text=reader.describe())
        self.status.grid(row=2, column=0, columnspan=2, sticky="ew")
        wrap = lambda event: self.status.configure(wraplength=event.width - 2)  # noqa: E731
        self.status.bind("<Configure>", wrap)
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
        except UserError as error:
            self.status.configure(text=error)
            return
        linears = self.reader.network.linears[:-1]
        captions = [f"Linear{linear.W.shape} -> Sigmoid" for linear in linears]
        hidden = answers[1::2] if drawing else [np.zeros(linear.W.shape[1]) for linear in linears]
        self.results.show(image, captions, hidden, answers[-1] if drawing else None)

    def _look_for_weights(self):
        try:
            if self.reader.loaded != self.reader.version():
                self.reader.load()
                when = time.strftime("%H:%M:%S")
                new = say(f"new weights at {when}", f"{when} 换上了新权重")
                self.status.configure(text=f"{self.reader.describe()} · {new}")
                self._read()
        except UserError as error:
            message = say(f"The old network still reads. {error}", f"仍用原来的网络。{error}")
            self.status.configure(text=message)
        self.root.after(POLL, self._look_for_weights)


if __name__ == "__main__":
    sys.exit(console.run(main))
