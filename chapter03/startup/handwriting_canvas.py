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
from pathlib import Path

import numpy as np

from data import one_hot, standardise
from support import gradient_check, strokes, weights, window
from support.language import UserError, say

HERE = Path(FOLDER)
WEIGHTS = HERE.parent.parent / "model" / HERE.name / "weights.npz"

# Of 7,494 digits that 30 people wrote with a pen, 2 in 100 get no higher probability than this, and
# 6 in 10 of the misread ones are among them. Of the others, 99.5 % are read rightly.
SURE = 0.8

POLL = 300  # milliseconds between two looks for new weights


def main(argv=None):
    """Open the window, with the arguments `argv`, until it is closed; raise UserError."""
    about = say("Draw digits; a trained network reads them.", "手写数字，看训练好的网络怎样读。")
    file = say("the network (%(default)s)", "网络的权重文件（%(default)s）")
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--weights", type=Path, default=WEIGHTS, metavar="FILE", help=file)
    path = parser.parse_args(argv).weights.expanduser()

    np.seterr(all="ignore")  # as in training
    try:
        reader = find_reader(path)
        root = window.new_root(say("Draw a digit", "写一个数字") + f" ({HERE.name})")
        Window(root, reader)
        root.mainloop()
    except UserError as error:
        window.show_without_a_console(error)
        raise


def find_reader(path):
    """Return a Reader with the weights file `path`, or raise UserError with what helps."""
    if path.absolute() != WEIGHTS and not path.exists():
        raise UserError(
            f"There is no file {path}. Without --weights, {console.shown(WEIGHTS)} is opened.",
            f"没有 {path} 这个文件。不写 --weights，打开的就是 {console.shown(WEIGHTS)}。",
        )
    try:
        return Reader(gradient_check.load(HERE / "model.py"), path)
    except UserError as error:
        training = console.command(console.shown(HERE / "main.py"))
        raise UserError(f"{error}\nRun: {training}", f"{error}\n请运行：{training}") from None


class Reader:
    """Reads drawings with the network of a weights file, made of the classes of `model`.

    Whatever the student's code does, only UserError is raised.
    """

    def __init__(self, model, path):
        self.model = model
        self.path = console.shown(path)
        self.version = window.version_of(path)
        with window.student_code():
            self.network, self.meta = weights.load(self.path, model.MLP)

        dims = self.network.dims
        if dims[0] != 784 or dims[-1] != 10:
            raise UserError(
                f"{self.path} has the sizes {dims}; digits need 784 in and 10 out.",
                f"{self.path} 里的网络是 {dims}；读数字须有 784 个输入、10 个输出。",
            )
        self.read([])  # a network that cannot read is refused here

    def read(self, drawing):
        """Return the image (28, 28) of a drawing, and what each layer answers to it, (m,)."""
        image = strokes.render(drawing)
        x = standardise(image.reshape(1, 784))

        answers = []
        with window.student_code():
            for layer in self.network.layers:
                x = layer.forward(x)
                answers.append(window.finite(x).ravel())
            answers[-1] = answers[-1].reshape(10)  # fails unless it is ten numbers
        return image, answers

    def ask(self, image, digit):
        """Return for each pixel (28, 28) of an image how much more ink there speaks for `digit`."""
        x = standardise(image.reshape(1, 784))

        with window.student_code():
            loss_function = self.model.CrossEntropyLoss()
            loss_function.forward(self.network.forward(x), one_hot([digit]))
            grad_x = self.network.backward(loss_function.backward())
            # Where the gradient is positive, more ink makes the loss grow: it speaks against it.
            return -window.finite(grad_x).reshape(28, 28)


def conclude(probabilities):
    """Return in two short texts what the probabilities (10,) say, such as ("4", "99 % sure")."""
    second, first = np.argsort(probabilities)[-2:]
    if probabilities[first] < SURE:
        return say(f"{first} or {second}?", f"{first} 还是 {second}？"), say("not sure", "不确定")

    percent = f"{100 * probabilities[first]:.0f} %"
    return str(first), say(f"{percent} sure", f"{percent} 的把握")


class Window:
    """Has the drawing read anew whenever the drawing, the window or the weights have changed."""

    def __init__(self, root, reader):
        self.root = root
        self.reader = reader
        self.version = reader.version
        self.news = window.describe(reader.path, reader.meta)
        self.reading_is_due = False

        self.paper, self.results, self.status = window.furnish(root)
        self.paper.on_change = self.read_when_idle  # the pen has moved
        self.results.on_resize = self.read_when_idle  # the window has another size
        self.results.on_ask = self.read_when_idle  # a bar is pointed at, or a digit's key pressed
        root.after(POLL, self.look_for_weights)

    def read_when_idle(self):
        # Idle means that all movements of the pen up to now are drawn: one reading is enough.
        if not self.reading_is_due:
            self.reading_is_due = True
            self.root.after_idle(self.read)

    def read(self):
        """Read the drawing and show what came of it."""
        self.reading_is_due = False
        drawing = self.paper.drawing
        layers = self.reader.network.layers
        message = self.news
        try:
            image, answers = self.reader.read(drawing)
            self.results.show_image(image)
            if drawing:
                headline, verdict = conclude(answers[-1])
                self.results.show_answers(layers, answers, headline, verdict)
            else:
                self.results.show_no_answers(layers, answers)

            if drawing and self.results.asked is not None:
                self.results.show_question(image, self.reader.ask(image, self.results.asked))
        except UserError as error:
            message = error
        self.status.say(message)

    def look_for_weights(self):
        version = window.version_of(self.reader.path)
        if version != self.version:
            self.version = version
            self.weights_changed()
        self.root.after(POLL, self.look_for_weights)

    def weights_changed(self):
        try:
            self.reader = Reader(self.reader.model, self.reader.path)
        except UserError as error:
            self.news = say(f"The old network still reads. {error}", f"仍用原来的网络。{error}")
        else:
            self.news = window.describe_new(self.reader.path, self.reader.meta)
        self.read()


if __name__ == "__main__":
    sys.exit(console.run(main))
