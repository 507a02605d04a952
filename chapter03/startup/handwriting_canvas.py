"""用鼠标写数字，由 main.py 训练好的网络来读：笔画 -> 图像 -> 网络 -> 概率条。这是最后一个文件。
Draw a digit, and the network that main.py has trained reads it while the pen moves: from strokes
to an image, to the answers of the layers, to ten bars. This is the last of the four files.
"""

import os
import sys

# Python looks in these two folders as well, for support/ and for the files beside this one. console
# comes first, since it says so if NumPy is missing ("isort: split" keeps editors from moving it).
FOLDER = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.dirname(FOLDER))
sys.path.append(FOLDER)
from support import console  # isort: split

import argparse
from pathlib import Path

import numpy as np

from data import one_hot, standardise
from support import gradient_check, strokes, weights, window
from support.language import UserError, percent, say

HERE = Path(FOLDER)
WEIGHTS = HERE.parent.parent / "model" / HERE.name / "weights.npz"

# Below this probability the answer is "not sure". Of 7,494 digits that 30 people wrote with a pen,
# the network is at least this sure of 98 %, and reads 99.5 % of those rightly.
SURE = 0.8
POLL = 300  # milliseconds between two looks for new weights


def main(argv=None):
    """Open the window, with the arguments `argv`, until it is closed; raise UserError."""
    about = say("Draw digits; a trained network reads them.", "手写数字，看训练好的网络怎样读。")
    file = say("the network", "网络的权重文件") + f" ({console.shown(WEIGHTS)})"
    parser = argparse.ArgumentParser(description=about)
    add = parser.add_argument
    add("--weights", type=console.path, default=WEIGHTS, metavar="FILE", help=file)
    path = parser.parse_args(argv).weights

    np.seterr(all="ignore")  # as in training
    try:
        reader = find_reader(path)
        root = window.new_root(say("Draw a digit", "写一个数字") + f" ({HERE.name})")
        Window(root, reader)  # root calls its methods from now on
        root.mainloop()  # Tk shows the window until it is closed
    except UserError as error:
        window.show_if_there_is_no_console(error)
        raise


def find_reader(path):
    """Return a Reader with the weights file `path`, or raise a UserError that says what to do."""
    # A file that the user names may be misspelt; if the usual one is missing, training helps.
    if path.absolute() != WEIGHTS and not os.path.exists(path):
        raise UserError(
            f"There is no file {path}. Without --weights, {console.shown(WEIGHTS)} is opened.",
            f"没有 {path} 这个文件。不写 --weights，打开的就是 {console.shown(WEIGHTS)}。",
        )
    try:
        model = gradient_check.load(HERE / "model.py")  # like `import model`, as in main.py
        return Reader(model, path)
    except UserError as error:
        training = console.command(console.shown(HERE / "main.py"))
        raise UserError(f"{error}\nRun: {training}", f"{error}\n请运行：{training}") from None


class Reader:
    """Reads drawings with a network: its classes come from `model`, its weights from a file."""

    def __init__(self, model, path):
        self.model = model
        self.path = path
        self.version = window.version_of(path)  # changes whenever the file does
        with window.errors_as_sentences():  # any error in here becomes a UserError
            self.network, self.meta = weights.load(path, model.MLP)
            weights.check_sizes(path, self.network.dims, 784, 10)
        self.read([])  # a trial: if the network cannot read, the error comes here

    def read(self, drawing):
        """Return the image (28, 28) of a drawing, and what each layer answers to it, (m,)."""
        image = strokes.render(drawing)
        x = standardise(image.reshape(1, 784))

        answers = []
        with window.errors_as_sentences():
            for layer in self.network.layers:
                x = layer.forward(x)
                answers.append(window.finite(x).reshape(-1))  # an error if there is nan or inf
            # An error unless there are ten numbers, whatever the student's last layer returns.
            answers[-1] = answers[-1].reshape(10)
        return image, answers

    def ask(self, image, digit):
        """Return (28, 28): positive where more ink in the image would speak for `digit`."""
        x = standardise(image.reshape(1, 784))

        with window.errors_as_sentences():
            y_hat = self.network.forward(x)
            loss_function = self.model.CrossEntropyLoss()
            loss_function.forward(y_hat, one_hot([digit]))  # keeps what backward needs
            grad_x = self.network.backward(loss_function.backward())
            # Where the gradient is positive, more ink would make the loss larger.
            return -window.finite(grad_x).reshape(28, 28)


def conclude(probabilities):
    """Return in two short texts what the probabilities (10,) say, such as ("4", "99 % sure")."""
    second, first = np.argsort(probabilities)[-2:]  # the largest comes last
    if probabilities[first] < SURE:
        return say(f"{first} or {second}?", f"{first} 还是 {second}？"), say("not sure", "不确定")

    share = percent(probabilities[first])
    return str(first), say(f"{share} sure", f"{share} 的把握")


class Window:
    """Reads the drawing again whenever the drawing, the window or the weights have changed."""

    def __init__(self, root, reader):
        self.root = root
        self.reader = reader
        self.version = reader.version  # of the file tried last, which may be a bad one
        self.news = window.describe(reader.path, reader.meta)  # what the status line says
        self.update_is_planned = False

        # The three parts of the window call these functions when something has happened.
        self.paper, self.results, self.status = window.build(root)
        self.paper.on_change = self.plan_update  # the pen has moved
        self.results.on_resize = self.plan_update  # the window has another size
        self.results.on_ask = self.plan_update  # a bar is pointed at, or a digit's key pressed
        root.after(POLL, self.look_for_weights)

    def plan_update(self):
        # The pen moves faster than a drawing can be read. after_idle asks Tk to call update later,
        # when all movements so far are drawn; until then it need not be asked again.
        if not self.update_is_planned:
            self.update_is_planned = True
            self.root.after_idle(self.update)

    def update(self):
        """Read the drawing and show what came of it."""
        self.update_is_planned = False
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
                self.results.show_empty(layers, answers)

            # The user may ask about a digit: what would turn the drawing into it?
            asked = self.results.asked
            if drawing and asked is not None:
                self.results.show_question(image, self.reader.ask(image, asked))
        except UserError as error:
            message = error
        self.status.say(message)

    def look_for_weights(self):
        version = window.version_of(self.reader.path)
        if version != self.version:
            self.version = version  # before loading, so that a bad file is tried only once
            self.weights_changed()
        self.root.after(POLL, self.look_for_weights)  # and again in 300 ms

    def weights_changed(self):
        try:
            self.reader = Reader(self.reader.model, self.reader.path)
        except UserError as error:
            self.news = say(f"The old network still reads. {error}", f"仍用原来的网络。{error}")
        else:
            self.news = window.describe_new(self.reader.path, self.reader.meta)
        self.update()


if __name__ == "__main__":
    sys.exit(console.run(main))
