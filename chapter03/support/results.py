"""What is kept of a training run: the lines on the screen, and what lies in model/<folder name>/.

After each epoch weights.npz and loss.png are saved, after the last one mistakes.png. What the run
before left moves to previous/ as soon as there is something to put in its place.
"""

import os
import sys

from tqdm import tqdm

from support import console, pictures, remarks, weights
from support.files import replace_whole
from support.language import UserError, percent, say

REMEMBERED = ("hidden_dims", "lr", "momentum", "batch_size", "epochs", "seed", "no_jitter")


def print_how_to_train(script):
    """Print the command that trains by the file `script`, if there is one: all checks passed."""
    if script.exists():
        command = console.command(console.shown(script))
        print(say(f"\nNext: train the network.\n{command}", f"\n下一步：训练网络。\n{command}"))


def print_that_mnist_is_missing(error):
    """Print why, and that pen digits alone are what is trained on."""
    line = "-" * 78
    english = "NO MNIST: training on the digits of a simulated pen alone (--dataset pen)."
    chinese = "没有 MNIST：只用模拟手写的数字来训练（--dataset pen）。"
    print(error, line, say(english, chinese), line, sep="\n")


class Results:
    """The results of one training run.

    `here` is the folder of main.py; over the last share `fall` of the steps the learning rate
    falls. The rival is the network of the other folder, startup/ or solution/, if there is one.
    """

    def __init__(self, here, dataset_name, options, fall):
        self.here = here
        self.options = options
        self.fall = fall
        self.folder = options.model_dir / here.name
        self.saved_epochs = 0
        self.step_count = 0
        self.has_warned = False

        remembered = {name: getattr(options, name) for name in REMEMBERED}
        self.meta = {"dataset": dataset_name, "history": [], "options": remembered}

        self.rival_name = "startup" if here.name == "solution" else "solution"
        try:
            self.rival_meta = weights.load_meta(options.model_dir / self.rival_name / "weights.npz")
        except UserError:
            self.rival_meta = {}

    def start(self, network, loss_function, batch, image_count):
        """Say what is trained, and how long it will take if the `batch` (x, y) takes long."""
        sizes = "-".join(map(str, network.dims))
        name = self.meta["dataset"]
        print(
            say(
                f"Training {sizes} on {image_count:,} images ({name}).",
                f"用 {image_count:,} 张图像（{name}）训练 {sizes}。",
            )
        )
        remark = remarks.before_training(network, loss_function, *batch, image_count)
        if remark:
            print(remark)

    def show_untrained_loss(self, loss):
        guess = f"ln 10 = {remarks.GUESS:.2f}"
        print(
            say(
                f"Its loss is {loss:.2f} before the first step; random guessing costs {guess}.",
                f"训练前损失为 {loss:.2f}；十类里瞎猜，损失是 {guess}。",
            )
        )

    def bar(self, batches, epoch):
        """Return the batches with a progress bar, which only a terminal shows."""
        title = f"epoch {epoch}/{self.options.epochs}"
        hidden = not console.is_terminal(sys.stderr)
        return tqdm(batches, title, leave=False, disable=hidden)

    def add_epoch(self, network, seconds, losses, validation_loss, accuracy):
        """Keep an epoch with the `losses` of its batches: save, draw, and print one line."""
        epoch = len(self.meta["history"]) + 1
        # A student's code may give numbers of NumPy's, which JSON does not know.
        train_loss = float(sum(losses) / len(losses))
        validation_loss = float(validation_loss)
        accuracy = float(accuracy)
        checked = not self.options.skip_checks
        remarks.check_steps(epoch, train_loss, self.meta["options"], checked)

        if epoch == 1:
            self._keep_previous()
        self.meta["history"].append([train_loss, validation_loss, accuracy])
        self.meta["epoch"] = epoch
        self.step_count += len(losses)
        self._save(network)
        self.saved_epochs = epoch
        rival = (self.rival_name, self.rival_meta)
        self._draw("loss.png", pictures.draw_losses, self.meta, *rival)

        share = percent(accuracy, 2)
        line = say(
            f"training loss {train_loss:.4f}  validation loss {validation_loss:.4f}  "
            f"validation accuracy {share}  {seconds:.1f} s",
            f"训练损失 {train_loss:.4f}  验证损失 {validation_loss:.4f}  "
            f"验证准确率 {share}  {seconds:.1f} 秒",
        )
        print(f"epoch {epoch:2d}/{self.options.epochs}  {line}")

    def finish(self, network, images, labels, y_hat, accuracy):
        """Keep what the test showed, and say how good the network is and what comes next."""
        self.meta["test_accuracy"] = float(accuracy)
        self._save(network)
        W = network.linears[0].W
        self._draw("mistakes.png", pictures.draw_mistakes, images, labels, y_hat, W)

        checked = not self.options.skip_checks
        at_full_rate = 1 - self.fall
        remark = remarks.after_training(network, self.meta, self.step_count, checked, at_full_rate)
        if remark:
            print(remark)

        canvas = [console.shown(self.here / "handwriting_canvas.py")]
        if self.folder.parent.resolve() != self.here.parent.parent / "model":
            canvas += ["--weights", console.shown(self.folder / "weights.npz")]
        print(say("Test accuracy:       ", "测试准确率：    "), self._test_accuracy())
        print(say("Weights and pictures:", "权重和图：      "), console.shown(self.folder))
        print(say("Now draw a digit:    ", "来写一个数字：  "), console.command(*canvas))

    def say_what_is_saved(self):
        """Say after an interruption which epochs are saved, if any is."""
        if self.saved_epochs == 0:
            return
        folder = console.shown(self.folder)
        print(
            say(
                f"\nThe weights after epoch {self.saved_epochs} are saved in {folder}.",
                f"\n第 {self.saved_epochs} 轮之后的权重已保存在 {folder}。",
            )
        )

    def _test_accuracy(self):
        """Return the accuracy as a text, beside it the rival's."""
        text = percent(self.meta["test_accuracy"], 2)
        if "test_accuracy" not in self.rival_meta:
            return text
        label = pictures.label(self.meta, self.rival_name, self.rival_meta)
        return f"{text} ({label}: {percent(self.rival_meta['test_accuracy'], 2)})"

    def _save(self, network):
        weights.save(self.folder / "weights.npz", network, **self.meta)

    def _keep_previous(self):
        """Put what the run before left into previous/, in place of what lies there."""
        weights_file = self.folder / "weights.npz"
        if not os.path.isfile(weights_file):
            return
        previous = self.folder / "previous"
        try:
            # A copy: the old weights stay where they are until the new ones replace them.
            replace_whole(previous / "weights.npz", weights_file.read_bytes())
        except OSError as error:
            why = error.strerror or error
            raise UserError(
                f"{previous} could not be written: {why}. The weights of the run before are "
                "unchanged; free some space or choose another folder, then run again.",
                f"无法写入 {previous}：{why}。上一次训练的权重没有改动；"
                "请腾出空间或换一个文件夹，再运行一次。",
            ) from None
        for name in ("loss.png", "mistakes.png"):
            self._move_picture(self.folder / name, previous / name)
        shown = console.shown(previous)
        print(
            say(
                f"The results of the run before are now in {shown}",
                f"上一次训练的结果已移到 {shown}",
            )
        )

    def _move_picture(self, picture, target):
        try:
            if picture.exists():
                os.replace(picture, target)
            else:
                target.unlink(missing_ok=True)  # it belongs to an even older run
        except OSError as error:  # Windows moves no picture that a viewer has open
            self._warn(picture, error)

    def _draw(self, name, draw, *arguments):
        """Draw a picture; no error of any kind is worth the training."""
        path = self.folder / name
        try:
            draw(path, *arguments)
        except Exception as error:
            self._warn(path, error)

    def _warn(self, path, error):
        """Say once that a picture is missing: the reason is most often the same for all."""
        if self.has_warned:
            return
        self.has_warned = True
        reason = str(getattr(error, "strerror", None) or error) or type(error).__name__
        why = " ".join(reason.split())[:200]
        text = say(
            f"Warning: {path} could not be written: {why}. The training goes on without it.",
            f"警告：无法写入 {path}：{why}。训练继续进行，只是没有这张图。",
        )
        print(text, file=sys.stderr)
