"""Calls of a student's methods with small batches, and what each of them shows to be wrong."""

import warnings
from dataclasses import dataclass, field, replace
from functools import cache, partial

import numpy as np

from support.gradient_check import numerical
from support.gradient_check.numerical import relative_error
from support.gradient_check.student_code import (
    Misfit,
    Place,
    Stopped,
    is_blank,
    last_frame,
    message_of,
    misplaced,
    shapes_that_met,
)
from support.language import is_chinese, say

# Nudging is good for about nine digits; a wrong formula is wrong in the first or second. Between
# the two there is room for log(y_hat + 1e-6), and for float32, which holds seven digits.
TOLERANCE = {"float64": 1e-4, "float32": 1e-3}


@dataclass(frozen=True)
class Layer:
    """A class of model.py, its formula, and the names of what goes in and comes out.

    A result named grad_x is the gradient with respect to the input x.
    """

    name: str
    section: int  # of the handout
    formula: object
    inputs: tuple
    weights: tuple
    forward: tuple
    backward: tuple

    def parameters(self, method):
        if method == "forward":
            return self.inputs
        return ("grad_y",) if self.inputs == ("x",) else ()

    def source(self, method, result):
        """Say where a result is found, as the student would write it."""
        if result.removeprefix("grad_") in self.weights:
            return f"self.{result}"
        return f"{method}({', '.join(self.parameters(method))})"

    def expected(self, given, method):
        """Return the right results by name; those of backward with that of forward among them."""
        arrays = {name: array.astype(np.float64) for name, array in given.items()}

        def output(**changed):
            values = {**arrays, **changed}
            lists = [values[name].tolist() for name in (*self.inputs, *self.weights)]
            return np.array(self.formula(*lists))

        right = {self.forward[0]: output()}
        for result in self.backward if method == "backward" else ():
            name = result.removeprefix("grad_")
            # grad_y is dL/dY of some loss L further on; the simplest such L is sum(grad_y * Y).
            right[result] = numerical.slopes(
                lambda array, name=name: np.sum(output(**{name: array}) * arrays.get("grad_y", 1)),
                arrays[name],
            )
        return right


LAYERS = (
    Layer("Linear", 2, numerical.linear, ("x",), ("W", "b"), ("y",),
          ("grad_W", "grad_b", "grad_x")),
    Layer("Sigmoid", 3, numerical.sigmoid, ("x",), (), ("y",), ("grad_x",)),
    Layer("Softmax", 4, numerical.softmax, ("x",), (), ("y",), ("grad_x",)),
    Layer("CrossEntropyLoss", 5, numerical.cross_entropy, ("y_hat", "y"), (), ("loss",),
          ("grad_y_hat",)),
)  # fmt: skip


# What goes in -------------------------------------------------------------------------------------

# -log(1e-3) is 7: no right answer to y_hat = 0 is less, however it avoids log(0).
LEAST_LOSS_OF_ZERO = 6.9


@dataclass(frozen=True, eq=False)
class Batch:
    """Inputs for one call, by name, and in words what is special about them.

    `tolerance` None: the exact result is infinite, any large finite number will do.
    """

    about: str
    given: dict
    tolerance: float | None = TOLERANCE["float64"]
    is_extreme: bool = False  # far from zero, or exactly zero where a logarithm is taken

    def in_float32(self):
        given = {name: array.astype(np.float32) for name, array in self.given.items()}
        about = say(f"{self.about}, in float32", f"{self.about}，float32")
        tolerance = self.tolerance and TOLERANCE["float32"]
        return replace(self, about=about, given=given, tolerance=tolerance)

    @property
    def dtype(self):
        return next(iter(self.given.values())).dtype

    @property
    def columns(self):
        return [array.shape[-1] for array in self.given.values()]


def batches_for(layer):
    """Return batches that tell mistakes apart.

    n, d and m differ, or a transposed matrix might fit. grad_y is random: if it were all ones or
    summed to zero, the diagonal of Softmax's Jacobian could pass for the whole. The second batch
    is as large as the first, or what is left over from the first would hide behind an exception.
    Not all have 4 columns, or "times 4" would pass for "times the number of columns".
    """
    return _batches(layer, is_chinese())


@cache
def _batches(layer, _chinese):
    rng = np.random.default_rng(2)
    sizes = [(5, 4), (5, 4), (2, 4), (1, 4), (4, 6)]
    batches = [_ordinary(layer, n, columns, rng) for n, columns in sizes]
    extremes = [replace(batch, is_extreme=True) for batch in _extremes(layer, rng)]
    return (*batches, *extremes, *(batch.in_float32() for batch in (batches[0], *extremes)))


def _ordinary(layer, n, columns, rng):
    about = say(f"a batch of {n} rows", f"{n} 行的一批")
    if layer.name == "CrossEntropyLoss":
        y_hat = rng.uniform(0.6, 1.5, size=(n, columns))
        labels = [0, columns - 1, *rng.integers(0, columns, 9)][:n]
        y_hat /= y_hat.sum(axis=1, keepdims=True)
        return Batch(about, {"y_hat": y_hat, "y": np.eye(columns)[labels]})
    d, m = {4: (3, 4), 6: (6, 2)}[columns] if layer.weights else (columns, columns)
    given = {"x": 2 * rng.normal(size=(n, d)), "grad_y": rng.normal(size=(n, m))}
    if layer.weights:
        given |= {"W": rng.normal(size=(d, m)), "b": rng.normal(size=(1, m))}
    return Batch(about, given)


def _extremes(layer, rng):
    if layer.name == "Sigmoid":
        grad_y = rng.normal(size=(1, 4))
        for v in (1000, -1000):
            yield Batch(f"x = {v}", {"x": np.array([[v, v / 40, 0.0, 1.0]]), "grad_y": grad_y})
    if layer.name == "Softmax":
        about = say("rows about 0, 1000 and -1000", "各行大小悬殊（0、±1000 左右）的一批")
        x = [
            [0.0, 1, 2, -1],
            [1000, 999, 998, 0],
            [1000, 0, -1, -1000],
            [-1001, -1000, -1002, -999],
        ]
        yield Batch(about, {"x": np.array(x), "grad_y": rng.normal(size=(4, 4))})
    if layer.name == "CrossEntropyLoss":
        y, elsewhere = np.eye(4)[[0, 2]], np.eye(4)[[2, 0]]
        about = say(
            "y_hat 1 for the right class, else 0", "正确类别的 y_hat 恰为 1、其余为 0 的一批"
        )
        yield Batch(about, {"y_hat": y, "y": y}, tolerance=1e-3)  # y_hat may be clipped at 1e-7
        about = say("y_hat exactly 0 for the right class", "正确类别的 y_hat 恰为 0 的一批")
        yield Batch(about, {"y_hat": elsewhere, "y": y}, tolerance=None)


# A call -------------------------------------------------------------------------------------------


@dataclass
class Trial:
    """One call of a method: what went in, what came out, what happened to the inputs."""

    model: object
    layer: Layer
    method: str
    batch: Batch
    before: "Trial | None" = None  # the call before this one, of the same object
    results: dict = field(default_factory=dict)
    copies: dict = field(default_factory=dict)  # of the results, as they were right after the call
    initial: dict = field(default_factory=dict)  # W and b as __init__ made them
    others: dict = field(default_factory=dict)  # attributes of the object that nobody asked for
    changed: str = ""  # the array that the call should have left alone
    warned: object = None
    error: BaseException | None = None
    place: Place | None = None  # of the error
    misfit: Misfit | None = None  # the shapes that met in the error

    @property
    def names(self):
        return getattr(self.layer, self.method)

    @property
    def right(self):
        return _right(self.layer, self.method, self.batch)

    def new_object(self):
        cls = getattr(self.model, self.layer.name)
        if self.layer.weights:
            return cls(*self.batch.given["W"].shape, np.random.default_rng(0))
        return cls()

    def call(self, subject, forward=True, writeable=True):
        """Call the method of the object `subject`; note what happens, raise nothing."""
        given = {name: array.copy() for name, array in self.batch.given.items()}
        for array in given.values():
            array.flags.writeable = writeable
        self.initial = {name: _copy(getattr(subject, name, None)) for name in self.layer.weights}
        noisy = np.errstate(all="warn", under="ignore")
        with warnings.catch_warnings(record=True) as caught, noisy:
            warnings.simplefilter("always")
            try:
                self._call(subject, given, forward, caught)
            except Stopped:
                raise
            except BaseException as error:
                self._note(error)
        # NumPy's, of an overflow and the like; a DeprecationWarning is not the student's trouble.
        self.warned = next((w for w in caught if w.category is RuntimeWarning), None)
        return self

    def _note(self, error):
        # At once, because the next call changes what the names in the frame stand for.
        frame, self.place = last_frame(error, self.model.__file__)
        self.error = error
        if frame and isinstance(error, ValueError):
            self.misfit = shapes_that_met(frame, self.place)

    def _call(self, subject, given, forward, caught):
        if forward:
            for name in self.layer.weights:
                setattr(subject, name, given[name])
            returned = output = subject.forward(*(given[name] for name in self.layer.inputs))
            output_was = _copy(output)
        if self.method == "backward":
            caught.clear()  # forward was judged on its own
            arguments = [given[name] for name in self.layer.parameters("backward")]
            returned = subject.backward(*arguments)
        for name in self.names:
            in_self = name.removeprefix("grad_") in self.layer.weights
            self.results[name] = getattr(subject, name, None) if in_self else returned
            self.copies[name] = _copy(self.results[name])
        for name, array in given.items():
            in_self = name in self.layer.weights
            now = getattr(subject, name, None) if in_self else array
            if not self.changed and not _same(now, self.batch.given[name]):
                self.changed = f"self.{name}" if in_self else name
        if forward and not self.changed and not _same(output, output_was):
            self.changed = "output"
        kept = {*self.layer.weights, *self.names, *given}
        attributes = getattr(subject, "__dict__", {})
        self.others = {k: v for k, v in attributes.items() if k not in kept}

    def alone(self, writeable=True):
        """Return the trial of the same batch with an object that was never called before."""
        trial = Trial(self.model, self.layer, self.method, self.batch)
        return trial.call(self.new_object(), writeable=writeable)


@cache
def _right(layer, method, batch):
    given = batch.given
    if batch.tolerance is None:
        # Only signs and shapes are needed, so a small number may stand in for 0.
        given = {**given, "y_hat": np.maximum(given["y_hat"], 1e-3)}
    return layer.expected(given, method)


def _copy(value):
    return value.copy() if isinstance(value, np.ndarray) else value


def _same(now, before):
    """Whether an array is what it was; True for anything that is no array of numbers."""
    if not isinstance(before, np.ndarray) or before.dtype.kind not in "fiub":
        return True
    return isinstance(now, np.ndarray) and np.array_equal(now, before, equal_nan=True)


# What it shows ------------------------------------------------------------------------------------


@dataclass
class Observation:
    """What a trial shows to be wrong.

    `kind` is error, changed, missing, type, shape or value, or what a hint of ours explains;
    `result` the name of the result it is about; `text` says it to the student; `place` is the
    line, if it is known.
    """

    kind: str
    text: str
    result: str = ""
    place: Place | None = None


def observe(trial):
    """Return the first Observation that shows the trial to be wrong, or None if all is right."""
    if trial.error is not None:
        return _error(trial)
    if trial.changed:
        return _change(trial)
    observations = [_type(trial, name) or _shape(trial, name) for name in trial.names]
    if not any(observations):
        observations = [_value(trial, name) for name in trial.names]
    return next(filter(None, observations), None)


def _error(trial):
    about, message = trial.batch.about, message_of(trial.error)
    text = say(f"for {about}: {message}", f"输入{about}时出错：{message}")
    if trial.place:
        text += say(f"\nin `{trial.place.source}`", f"\n出错的一行：`{trial.place.source}`")
    if trial.misfit:
        text += say("\nThe shapes that met there: ", "\n相遇的形状：") + trial.misfit.text
    return Observation("error", text, place=trial.place)


def _change(trial):
    name, about = trial.changed, trial.batch.about
    what = say("the array that forward returned", "forward 返回的数组")
    if name != "output":
        what = name if name.startswith("self.") else say(f"the array {name}", f"传入的数组 {name}")
    text = say(
        f"{what} is changed by {trial.method} ({about})", f"{trial.method} 改动了{what}（{about}）"
    )
    # With arrays that cannot be changed, the line that tries to gives itself away.
    place = trial.alone(writeable=False).place
    if place:
        text += say(f"\nin `{place.source}`", f"\n改动它的一行：`{place.source}`")
    return Observation("changed", text, name, place)


def _type(trial, name):
    got, source = trial.copies[name], trial.layer.source(trial.method, name)
    if got is None:
        in_self = source.startswith("self.")
        verb = say("is not set", "没有设置") if in_self else say("returns None", "返回的是 None")
        return Observation("missing", f"{source} {verb}", name)
    numbers = isinstance(got, np.ndarray | np.number | float | int)
    if numbers and np.asarray(got).dtype.kind in "fiub":
        return None
    kind = type(got).__name__
    if numbers:
        kind = f"{np.asarray(got).dtype} {kind}"
    if isinstance(got, tuple | list):
        kind += say(f" of {len(got)} values", f"（{len(got)} 个值）")
    wanted = say("a number", "一个数") if name == "loss" else say("an array of floats", "浮点数组")
    text = say(f"{source} is a {kind}, and should be {wanted}", f"{source} 是 {kind}，应为{wanted}")
    return Observation("type", text, name)


def _shape(trial, name):
    shapes = np.shape(trial.copies[name]), trial.right[name].shape
    if shapes[0] == shapes[1]:
        return None
    got, right = (
        say(f"an array of shape {shape}", f"形状为 {shape} 的数组")
        if shape
        else say("one number", "一个数")
        for shape in shapes
    )
    source = trial.layer.source(trial.method, name)
    text = say(f"{source} is {got}, and should be {right}", f"{source} 是{got}，应为{right}")
    return Observation("shape", text + _inputs(trial), name)


def _value(trial, name):
    got, right = np.asarray(trial.copies[name], dtype=np.float64), trial.right[name]
    if trial.batch.tolerance is None:
        too_small = name == "loss" and got < LEAST_LOSS_OF_ZERO
        wrong = ~np.isfinite(got) | too_small | (np.sign(got) * np.sign(right) < 0)
    else:
        error = relative_error(got, right)
        wrong = error > trial.batch.tolerance
    if not np.any(wrong):
        return None
    index = tuple(int(i) for i in np.argwhere(wrong)[0])
    source = trial.layer.source(trial.method, name)
    if index:
        source += f"[{', '.join(map(str, index))}]"
    if trial.batch.tolerance is None:
        wanted = say("a finite number, large and of the right sign", "有限的数，很大，且符号正确")
    else:
        wanted = f"{right[index] + 0.0:.6g}"
        relative = say(f"relative error {error[index]:.2g}", f"相对误差 {error[index]:.2g}")
        k, size = wrong.sum(), wrong.size
        if index:
            how_many = "全错" if k == size else f"中错了 {k} 个"
            relative += say(f"; {k} of {size} entries are wrong", f"，{size} 个元素{how_many}")
        wanted += say(f" ({relative})", f"（{relative}）")
    text = say(
        f"{source} is {got[index]:.6g}, and should be {wanted}",
        f"{source} 算得 {got[index]:.6g}，应为 {wanted}",
    )
    text += _inputs(trial)
    if trial.warned:
        text += say("\nNumPy warned in ", "\nNumPy 的警告：") + _warning(trial)
    return Observation("value", text, name)


def _inputs(trial):
    names = [*trial.layer.inputs, *trial.layer.weights]
    if trial.method == "backward":
        names += trial.layer.parameters("backward")
    shapes = ", ".join(f"{name} {trial.batch.given[name].shape}" for name in names)
    return say(f"\nfor {trial.batch.about}: {shapes}", f"\n输入：{trial.batch.about}，{shapes}")


def _warning(trial):
    place = Place(trial.warned.filename, trial.warned.lineno)
    return f"`{place.source}`: {trial.warned.message}"


# A check: many calls ------------------------------------------------------------------------------


class FaultError(Exception):
    """The method is wrong: `trial`, one of `trials`, showed it, or `hint` says all there is."""

    def __init__(self, observation, hint="", trial=None, trials=()):
        super().__init__(observation.text)
        self.observation, self.hint, self.trial, self.trials = observation, hint, trial, trials


class BlankError(Exception):
    """The method is still to be written; the argument is its Place."""


def check_method(model, layer, method):
    """Return a note, perhaps empty, on a right method; raise FaultError or BlankError."""
    trials = in_a_row(model, layer, method)
    _judge(trials)
    if method == "backward":
        _check_as_in_training(model, layer, *trials[:2])
    return _note(trials)


def in_a_row(model, layer, method):
    """Call one object with batch after batch, a new one where columns differ; return the trials."""
    cls = getattr(model, layer.name, None)
    if not isinstance(cls, type):
        text = say(f"there is no class {layer.name}", f"没有名为 {layer.name} 的类")
        raise FaultError(_absent(model, layer, method, text))
    if not callable(getattr(cls, method, None)):
        text = f"class {layer.name}"
        text = say(f"{text} has no method {method}", f"{text} 里没有方法 {method}")
        raise FaultError(_absent(model, layer, method, text))
    trials = []
    for batch in batches_for(layer):
        before = trials[-1] if trials else None
        if not before or before.batch.columns != batch.columns:
            subject, before = _new_object(model, layer, batch), None
        trial = Trial(model, layer, method, batch, before).call(subject)
        blank = isinstance(trial.error, NotImplementedError) and trial.place
        if not trials and blank and is_blank(trial.place):
            text = say(f"{layer.name}.{method} is blank", f"{layer.name}.{method} 还是空白")
            absent = _absent(model, layer, method, text)
            raise FaultError(absent) if absent.place else BlankError(trial.place)
        trials.append(trial)
    return trials


def _absent(model, layer, method, text):
    place, name = misplaced(model.__file__, layer.name, method) or (None, "")
    if place:
        like = f"`{name}` ({place})"
        text += say(f", but {like} looks like it", f"，不过 {like} 看起来就是它")
    return Observation("absent", text, place=place)


def _new_object(model, layer, batch):
    try:
        return Trial(model, layer, "forward", batch).new_object()
    except Exception as error:
        text = say(f"making a {layer.name} fails: ", f"创建 {layer.name} 时出错：")
        place = last_frame(error, model.__file__)[1]
        hint = say(
            "its __init__ was changed. It is given, and the network relies on it as it was.",
            "它的 __init__ 被改动了。__init__ 是给定的，整个网络都靠它，请恢复原样。",
        )
        observation = Observation("init", text + message_of(error), place=place)
        raise FaultError(observation, hint) from None


def _judge(trials, hint=""):
    """Raise a FaultError for the first of the trials that is not right."""
    for trial in trials:
        observation = observe(trial)
        if observation:
            raise FaultError(observation, hint, trial, trials)
    for trial in trials:
        for name, copy in trial.copies.items():
            source = trial.layer.source(trial.method, name)
            # A gradient in self may be overwritten by the next; what was returned is the caller's.
            if not source.startswith("self.") and not _same(trial.results[name], copy):
                text = say(
                    f"the array that {source} returned is changed by the next call",
                    f"{source} 返回的数组被下一次调用改动了",
                )
                hint = say(
                    "every call returns the same array, which the object keeps. Make a new one.",
                    "每次返回的都是对象里保存的同一个数组。请在每次调用时新建一个数组。",
                )
                raise FaultError(Observation("one array", text), hint)


def _check_as_in_training(model, layer, first, second):
    """Call forward and backward in the orders in which a training may call them."""
    one, two = first.batch, second.batch
    other = {name: two.given[name] for name in layer.parameters("backward")}
    once_more = replace(one, given={**one.given, **other})
    cases = (
        # what is called before (of which object, method, batch), and then of the first: backward
        (
            [(0, "backward", one)],
            (once_more, False),
            say("a second backward after one forward", "同一次 forward 后的第二次 backward"),
            say(
                "backward alters what forward has kept, or adds to the gradients of the call "
                "before. It has to set them anew in every call and leave the kept values alone.",
                "backward 改动了 forward 保存的量，或者把梯度累加到了上一次的结果上。每次调用都应"
                "重新设置梯度，也不改动保存的量。",
            ),
        ),
        (
            [(0, "forward", one)],
            (two, True),
            say("two calls of forward, then backward", "连续两次 forward 后的 backward"),
            say(
                "backward uses a batch of an earlier call. It belongs to the latest forward: "
                "forward has to replace what it keeps in every call, not append it to a list.",
                "backward 用了以前某一次的数据。它对应最近的一次 forward：forward 每次都要替换保存"
                "的量，而不是追加到列表里。",
            ),
        ),
        (
            [(0, "forward", one), (1, "forward", two)],
            (one, False),
            say(f"two {layer.name} objects in turn", f"交替使用的两个 {layer.name} 对象"),
            say(
                "the objects share what they keep, in a global variable or a class attribute. A "
                "network has several layers of one class: each keeps its own values in self.",
                "几个对象共用了保存的量（全局变量或类属性）。网络里同一个类有好几层，每层都要把"
                "自己的量存进 self。",
            ),
        ),
    )
    for calls, (batch, forward), about, hint in cases:
        objects = first.new_object(), first.new_object()
        for which, method, earlier in calls:
            before = Trial(model, layer, method, earlier).call(objects[which])
        trial = Trial(model, layer, "backward", replace(batch, about=about), before)
        _judge([trial.call(objects[0], forward)], hint)


def _note(trials):
    """Say what a right method costs that makes NumPy warn or changes the dtype; '' if it is fine."""
    for trial in trials:
        if not trial.warned:
            continue
        about, warning = trial.batch.about, _warning(trial)
        remedy = say("Keep 0 away from / and log.", "让 0 不进入除法和对数，警告就没有了。")
        if "overflow" in warning:
            remedy = say(
                "Nothing is lost, since 1 / inf is 0; but if the exponent is limited, or the form "
                "of the fraction chosen by the sign of x, exp does not overflow.",
                "1 / inf 是 0，所以没有损失；限制指数的大小，或按 x 的正负选用分式的形式，"
                "exp 就不会溢出。",
            )
        return say(
            f"right, but for {about} NumPy warns in {warning}. {remedy}",
            f"数值正确，但输入{about}时 NumPy 有警告：{warning}。{remedy}",
        )
    for trial in trials:
        for name, got in trial.copies.items():
            wanted, source = trial.batch.dtype, trial.layer.source(trial.method, name)
            if name != "loss" and got.dtype != wanted:
                return say(
                    f"right, but {source} is {got.dtype} for {wanted} inputs. Training runs in "
                    "float32; in float64 it takes twice as long. np.zeros, np.eye and "
                    "astype(float) make float64 unless they are given dtype=x.dtype.",
                    f"数值正确，但输入是 {wanted} 时 {source} 是 {got.dtype}。训练用 float32，换成 "
                    "float64 要慢一倍。np.zeros、np.eye 和 astype(float) 默认得到 float64，"
                    "写上 dtype=x.dtype 就能和输入一致。",
                )
    return ""


# The whole network --------------------------------------------------------------------------------


def check_network(model):
    """Compare the gradients of a small network with those found by nudging every weight."""
    place = None
    try:
        text = _wrong_gradient(model)
    except Exception as error:
        text, place = f"MLP(3, [4], 2): {message_of(error)}", last_frame(error, model.__file__)[1]
    if text:
        hint = say(
            "each method is right alone, but not together with the others. Do layers change one "
            "another's arrays, or was the class MLP, which is given, altered?",
            "每个方法单独都对，合起来却不对。是不是几个层互相改了数组，或者改动了给定的类 MLP？",
        )
        raise FaultError(Observation("network", text, place=place), hint)


def _wrong_gradient(model):
    rng = np.random.default_rng(4)
    network, loss = model.MLP(3, [4], 2, rng), model.CrossEntropyLoss()
    for linear in network.linears:
        linear.W = rng.normal(size=linear.W.shape)
        linear.b = rng.normal(size=linear.b.shape)
    for n in (5, 3):
        x, y = rng.normal(size=(n, 3)), np.eye(2)[rng.integers(0, 2, n)]
        loss.forward(network.forward(x), y)
        network.backward(loss.backward())
        for i, linear in enumerate(network.linears):
            for name in ("W", "b"):
                right = numerical.slopes(
                    partial(_slow_loss, network, x, y, linear, name), getattr(linear, name)
                )
                worst = np.max(relative_error(getattr(linear, f"grad_{name}"), right))
                if worst > TOLERANCE["float64"]:
                    return say(
                        f"grad_{name} of linears[{i}] of MLP(3, [4], 2) has a relative error of "
                        f"{worst:.2g}, for a batch of {n} rows",
                        f"MLP(3, [4], 2) 的 linears[{i}].grad_{name} 相对误差为 {worst:.2g}"
                        f"（{n} 行的一批）",
                    )
    return ""


def _slow_loss(network, x, y, nudged, name, array):
    """Return the network's loss by the slow formulas, with `array` for one of the weights."""
    values = x.tolist()
    for linear in network.linears:
        weights = {"W": linear.W, "b": linear.b}
        if linear is nudged:
            weights[name] = array
        if linear is not network.linears[0]:
            values = numerical.sigmoid(values)
        values = numerical.linear(values, weights["W"].tolist(), weights["b"].tolist())
    return numerical.cross_entropy(numerical.softmax(values), y.tolist())
