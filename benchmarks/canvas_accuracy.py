"""How many of people's pen strokes does a trained network read rightly?

    python benchmarks/canvas_accuracy.py STROKES [--weights FILE] [--errors FILE.png]

STROKES is UNIPEN text (Guyon et al. 1994, "UNIPEN project of on-line data exchange and recognizer
benchmarks"), for instance `pendigits-orig.tra` of the data set "Pen-Based Recognition of
Handwritten Digits" at UCI. Each digit is read as in the drawing window. Prints a confusion matrix,
a row for each digit that was meant and a column for each that was read, and the accuracy.
"""

import os
import sys

FOLDER = os.path.dirname(os.path.realpath(__file__))
sys.path[:0] = [os.path.join(FOLDER, "..", name) for name in ("chapter03", "chapter03/solution")]
from support import console  # isort: split

import argparse
import math
import re
from pathlib import Path

import numpy as np

import handwriting_canvas as canvas
from support import gradient_check
from support.language import UserError, say

IN_A_ROW = 30  # digits of the picture of misread ones


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=say(
            "How many of people's pen strokes does a trained network read rightly?",
            "真人用笔写的数字，训练好的网络能读对多少？",
        )
    )
    path = {"type": lambda text: Path(text).expanduser()}
    parser.add_argument("strokes", help=say("UNIPEN text", "UNIPEN 格式的笔画"), **path)
    network = say("the network", "网络的权重文件") + f" ({console.shown(canvas.WEIGHTS)})"
    parser.add_argument("--weights", metavar="FILE", default=canvas.WEIGHTS, help=network, **path)
    picture = say("make a picture of the misread digits", "把读错的数字画成一张图")
    parser.add_argument("--errors", metavar="FILE.png", help=picture, **path)
    options = parser.parse_args(argv)
    try:
        drawings, labels = read_unipen(options.strokes)
        model = gradient_check.load(canvas.HERE / "model.py")
        reader = canvas.Reader(model, console.shown(options.weights))
        images = []
        readings = []
        for drawing in drawings:
            image, answers = reader.read(drawing)
            images.append(image)
            readings.append(int(answers[-1].argmax()))
        print(confusion_table(labels, readings))
        if options.errors:
            print(draw_errors(options.errors, images, labels, readings))
    except (OSError, UserError) as error:
        print(say(f"Error: {error}", f"错误：{error}"), file=sys.stderr)
        return 1
    right = int(np.equal(labels, readings).sum())
    print(f"accuracy {right / len(labels):.4f} ({right}/{len(labels)})")
    return 0


def read_unipen(path):
    """Return the drawings of a UNIPEN file, lists of strokes (k, 2) with y down, and their labels.

    `.SEGMENT DIGIT n ? "7"` opens a drawing of a 7; the lines `x y` between `.PEN_DOWN` and
    `.PEN_UP` are a stroke, with y up. Other lines are passed over.
    """
    drawings, labels = [], []
    stroke = None  # None while the pen is up
    # In Latin-1 any byte is a character: what is wrong is found below, where it stands.
    lines = [*path.read_text(encoding="latin-1").splitlines(), ".END"]
    for number, line in enumerate(lines, start=1):
        try:
            if line.startswith(".SEGMENT DIGIT"):
                labels.append(int(re.search(r'"([0-9])"\s*$', line)[1]))
                drawings.append([])
            elif line.startswith(".PEN_DOWN"):
                stroke = []
                drawings[-1].append(stroke)
            elif line.startswith(".PEN_UP"):
                stroke = None
            elif line == ".END" and (stroke is not None or not labels):
                raise ValueError
            elif stroke is not None and line.strip() and not line.startswith("."):
                x, y = map(float, line.split()[:2])
                if not math.isfinite(x + y):
                    raise ValueError
                stroke.append((x, -y))
        except (TypeError, IndexError, ValueError):
            raise UserError(
                f"{path}, line {number}, is not as in UNIPEN text of single digits: "
                f"{line[:60]!r}. Take the file as it was published.",
                f"{path} 第 {number} 行不像单个数字的 UNIPEN 文本：{line[:60]!r}。"
                "请使用原来发布的文件。",
            ) from None
    return [[np.array(stroke) for stroke in drawing] for drawing in drawings], labels


def confusion_table(labels, readings):
    """Return the counts as text: rows for what was meant, columns for what was read."""
    counts = np.zeros((10, 10), dtype=int)
    np.add.at(counts, (labels, readings), 1)
    lines = [say("meant  read as", "写的　　　读成") + "".join(f"{d:6}" for d in range(10))]
    for digit, row in enumerate(counts):
        share = f"{row[digit] / row.sum():8.1%}" if row.sum() else ""
        lines.append(f"{digit:5}         " + "".join(f"{count:6}" for count in row) + share)
    return "\n".join(lines)


def draw_errors(path, images, labels, readings):
    """Make `path` a picture of the misread images, by label and reading; return what was done."""
    wrong = [i for i, label in enumerate(labels) if label != readings[i]]
    if not wrong:
        return say(f"No digit was misread; {path} is not made.", f"没有读错的数字，不生成 {path}。")
    wrong.sort(key=lambda i: (labels[i], readings[i]))
    from matplotlib import image  # only here: it is slow to import

    rows = math.ceil(len(wrong) / IN_A_ROW)
    sheet = np.zeros((rows * IN_A_ROW, 28, 28), dtype=np.uint8)
    sheet[: len(wrong)] = [images[i] for i in wrong]
    sheet = sheet.reshape(rows, IN_A_ROW, 28, 28).swapaxes(1, 2).reshape(rows * 28, IN_A_ROW * 28)
    image.imsave(path, 255 - sheet, cmap="gray", vmin=0, vmax=255, format="png")
    return say(
        f"{len(wrong)} misread digits, by the digit meant and then by the one read: {path}",
        f"读错的 {len(wrong)} 个数字（先按写的、再按读成的排列）：{path}",
    )


if __name__ == "__main__":
    sys.exit(console.run(main))
