"""The picture of a training run: losses and test accuracy, epoch by epoch (handout, section 7)."""

import math

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from PIL import Image


class LossPlot:
    """A figure that grows by a point of each line per epoch and is saved each time.

    Axes, labels and legend are drawn once and kept as pixels, since they take ten times as long as
    the lines, and again only when a value falls outside them.
    """

    def __init__(self, title, epochs):
        figure = Figure(figsize=(9, 4), dpi=100, layout="constrained")
        self.canvas = FigureCanvasAgg(figure)
        figure.suptitle(title)
        self.loss_axes, self.accuracy_axes = figure.subplots(1, 2)
        for axes, name in ((self.loss_axes, "loss"), (self.accuracy_axes, "test accuracy (%)")):
            axes.set(xlabel="epoch", ylabel=name, xlim=(0.5, epochs + 0.5))
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            axes.grid(alpha=0.3)
        style = {"marker": ".", "animated": True}
        self.lines = (
            *self.loss_axes.plot([], [], label="training", color="tab:blue", **style),
            *self.loss_axes.plot([], [], label="test", color="tab:orange", **style),
            *self.accuracy_axes.plot([], [], color="tab:green", **style),
        )
        self.loss_axes.legend()
        self.history = []
        self.limits = self.background = None

    def add(self, train_loss, test_loss, test_accuracy):
        """Append one epoch: two losses, and the accuracy from 0 to 1."""
        self.history.append((train_loss, test_loss, 100 * test_accuracy))
        for line, values in zip(self.lines, zip(*self.history, strict=True), strict=True):
            line.set_data(range(1, len(values) + 1), values)

    def save(self, file):
        """Write the figure as PNG to the open binary `file`."""
        self._fit_axes()
        self.canvas.restore_region(self.background)
        for line in self.lines:
            line.axes.draw_artist(line)
        picture = Image.fromarray(np.asarray(self.canvas.buffer_rgba()))
        picture.convert("RGB").save(file, format="png", compress_level=1)

    def _fit_axes(self):
        train_losses, test_losses, accuracies = zip(*self.history, strict=True)
        limits = (
            1.05 * max(train_losses + test_losses),
            10 * math.floor(min(90, *accuracies) / 10),
        )
        if limits != self.limits:
            self.limits = limits
            self.loss_axes.set_ylim(0, limits[0])
            self.accuracy_axes.set_ylim(limits[1], 100)
            self.canvas.draw()
            self.background = self.canvas.copy_from_bbox(self.canvas.figure.bbox)
