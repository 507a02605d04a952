"""Calls of a student's methods with small batches, and what each of them shows to be wrong."""

import warnings
from dataclasses import dataclass, field, replace
from functools import cache, partial
from itertools import product

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
    batches += [replace(batch, is_extreme=True) for batch in _extremes(layer, rng)]
    for batch in batches[:1] + batches[len(sizes) :]:
        given = {name: array.astype(np.float32) for name, array in batch.given.items()}
        about = say(f"{batch.about}, in float32", f"{batch.about}，float32")
        tolerance = batch.tolerance and TOLERANCE["float32"]
        batches.append(replace(batch, about=about, given=given, tolerance=tolerance))
    return tuple(batches)


def _ordinary(layer, n, columns, rng):
    about = say(f"a batch of {n} rows", f"{n} 行的一批")
    if layer.name == "CrossEntropyLoss":
        y_hat = rng.uniform(0.6, 1.5, size=(n, columns))
        y_hat /= y_hat.sum(axis=1, keepdims=True)
        labels = [0, columns - 1, *rng.integers(0, columns, 9)][:n]
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
            yield Batch(f"x = {v}", {"x": np.array([[v, v / 40, 0, -v / 1000]]), "grad_y": grad_y})
    if layer.name == "Softmax":
        about = say("rows about 0, 1000 and -1000", "各行大小悬殊（0、±1000 左右）的一批")
        x = np.array([[0.0, 1, 2], [1000, 999, 0], [1000, 0, -1000], [-1001, -1000, -999]])
        yield Batch(about, {"x": x, "grad_y": rng.normal(size=x.shape)})
    if layer.name == "CrossEntropyLoss":
        y, elsewhere = np.eye(4)[[0, 2]], np.eye(4)[[2, 0]]
        about = say(
            "y_hat 1 for the right class, else 0", "正确类别的 y_hat 恰为 1、其余为 0 的一批"
        )
        yield Batch(about, {"y_hat": y, "y": y}, tolerance=1e-3)  # y_hat may be clipped at 1e-7
        about = say("y_hat exactly 0 for the right class", "正确类别的 y_hat 恰为 0 的一批")
        yield Batch(about, {"y_hat": elsewhere, "y": y}, tolerance=None)


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
                # At once: the next call changes what the names in the frame stand for.
                frame, self.place = last_frame(error, self.model.__file__)
                self.error = error
                if frame and isinstance(error, ValueError):
                    self.misfit = shapes_that_met(frame, self.place)
        # NumPy's, of an overflow and the like; a DeprecationWarning is not the student's trouble.
        self.warned = next((w for w in caught if w.category is RuntimeWarning), None)
        return self

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


@dataclass
class Observation:
    """What a trial shows to be wrong, and on which line, if it is known.

    `kind` is error, changed, missing, type, shape or value, or one that a hint explains; `result`
    is the name of the result it is about; `text` says it to the student.
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
    found = [_type(trial, name) or _shape(trial, name) for name in trial.names]
    if not any(found):
        found = [_value(trial, name) for name in trial.names]
    return next(filter(None, found), None)


def _error(trial):
    text = message_of(trial.error) + _inputs(trial) + _line(trial.place)
    if trial.misfit:
        text += say("\nThe shapes that met there: ", "\n相遇的形状：") + trial.misfit.text
    return Observation("error", text, place=trial.place)


def _change(trial):
    name, method = trial.changed, trial.method
    array = say(f"the array {name}", f"数组 {name}")
    if name == "output":
        array = say("the array that forward returned", "数组（forward 的返回值）")
    # With arrays that cannot be changed, the line that tries to gives itself away.
    place = trial.alone(writeable=False).place
    text = say(f"{method} changes {array}", f"{method} 改动了{array}")
    return Observation("changed", text + _inputs(trial) + _line(place), name, place)


def _line(place):
    return say("\nin ", "\n所在行：") + f"`{place.source}`" if place else ""


def _type(trial, name):
    got, source = trial.copies[name], trial.layer.source(trial.method, name)
    if got is None:
        is_set = not source.startswith("self.")
        verb = say("returns None", "返回的是 None") if is_set else say("is not set", "没有设置")
        return Observation("missing", f"{source} {verb}", name)
    kind = type(got).__name__
    if isinstance(got, np.ndarray | np.number | float | int):
        if np.asarray(got).dtype.kind in "fiub":
            return None
        kind = f"{np.asarray(got).dtype} {kind}"
    should = say("should be floats in an array", "应为浮点数组")
    if name == "loss":
        should = say("should be a number", "应为一个数")
    text = say(f"{source} is of type {kind}, and {should}", f"{source} 的类型是 {kind}，{should}")
    return Observation("type", text, name)


def _shape(trial, name):
    got, right = np.shape(trial.copies[name]), trial.right[name].shape
    if got == right:
        return None
    source, shapes = trial.layer.source(trial.method, name), []
    for shape in (got, right):
        array = say(f"an array of shape {shape}", f"形状为 {shape} 的数组")
        shapes.append(array if shape else say("one number", "一个数"))
    got, right = shapes
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
        wanted = say("large and finite, of the right sign", "很大但有限、符号正确的数")
    else:
        wanted = f"{right[index] + 0.0:.6g}"
        detail = say("relative error", "相对误差") + f" {error[index]:.2g}"
        if index:
            k, size = wrong.sum(), wrong.size
            detail += say(f"; {k} of {size} entries are wrong", f"，错了 {k}/{size} 个元素")
        wanted += say(f" ({detail})", f"（{detail}）")
    got = f"{got[index]:.6g}"
    text = say(f"{source} is {got}, and should be {wanted}", f"{source} 算得 {got}，应为 {wanted}")
    text += _inputs(trial)
    if trial.warned:
        text += say("\nNumPy warned in ", "\nNumPy 的警告：") + _warning(trial)
    return Observation("value", text, name)


def _inputs(trial):
    names = [*trial.layer.inputs, *trial.layer.weights]
    if trial.method == "backward":
        names += trial.layer.parameters("backward")
    shapes = say(", ", "，").join(f"{name} {trial.batch.given[name].shape}" for name in names)
    return say(f"\nfor {trial.batch.about}: {shapes}", f"\n输入：{trial.batch.about}，{shapes}")


def _warning(trial):
    place = Place(trial.warned.filename, trial.warned.lineno)
    return f"`{place.source}`: {trial.warned.message}"


class FaultError(Exception):
    """The method is wrong: `trial`, one of `trials`, shows it, and `hint` says why if we know."""

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
        raise _absent(model, layer, method, text)
    if not callable(getattr(cls, method, None)):
        name = f"class {layer.name}"
        text = say(f"{name} has no method {method}", f"{name} 里没有方法 {method}")
        raise _absent(model, layer, method, text)
    trials = []
    for batch in batches_for(layer):
        before = trials[-1] if trials else None
        if not before or before.batch.columns != batch.columns:
            subject, before = _new_object(model, layer, batch), None
        trial = Trial(model, layer, method, batch, before).call(subject)
        blank = isinstance(trial.error, NotImplementedError) and trial.place
        if not trials and blank and is_blank(trial.place):
            name = f"{layer.name}.{method}"
            fault = _absent(model, layer, method, say(f"{name} is blank", f"{name} 还是空白"))
            raise fault if fault.observation.place else BlankError(trial.place)
        trials.append(trial)
    return trials


def _absent(model, layer, method, text):
    place, name = misplaced(model.__file__, layer.name, method) or (None, "")
    if place:
        like = f"`{name}` ({place})"
        text += say(f", but {like} looks like it", f"，不过 {like} 看起来就是它")
    trial = Trial(model, layer, method, batches_for(layer)[0])
    return FaultError(Observation("absent", text, place=place), "", trial)


def _new_object(model, layer, batch):
    trial = Trial(model, layer, "forward", batch)
    try:
        return trial.new_object()
    except (Exception, SystemExit) as error:
        text = say(f"making a {layer.name}: ", f"创建 {layer.name} 时出错：") + message_of(error)
        place = last_frame(error, model.__file__)[1]
        hint = say("its __init__, which is given, was changed.", "给定的 __init__ 被改动了。")
        raise FaultError(Observation("init", text, place=place), hint, trial) from None


def _judge(trials, hint=""):
    """Raise a FaultError for the first of the trials that is not right."""
    for trial in trials:
        observation = observe(trial)
        if observation:
            raise FaultError(observation, hint, trial, trials)
    for trial in trials:
        for name, copy in trial.copies.items():
            got = trial.layer.source(trial.method, name)
            # A gradient in self may be overwritten by the next; what was returned is the caller's.
            if not got.startswith("self.") and not _same(trial.results[name], copy):
                text = say(
                    f"the next call changes what {got} returned",
                    f"{got} 的返回值被下一次调用改动了",
                )
                hint = say("each call has to make a new array.", "每次调用都要新建一个数组来返回。")
                raise FaultError(Observation("one array", text), hint, trial)


def _check_as_in_training(model, layer, first, second):
    """Call forward and backward in the orders in which a training may call them."""
    one, two, name = first.batch, second.batch, layer.name
    other = {name: two.given[name] for name in layer.parameters("backward")}
    cases = (
        # calls of (object, method, batch), then backward of object 0: batch, forward before or not
        (
            [(0, "backward", one)],
            (replace(one, given={**one.given, **other}), False),
            say("a second backward after one forward", "同一次 forward 后的第二次 backward"),
            say(
                "backward alters what forward has kept, or adds to its earlier gradients.",
                "backward 改动了 forward 保存的量，或者把梯度累加到了上一次的结果上。",
            ),
        ),
        (
            [(0, "forward", one)],
            (two, True),
            say("two calls of forward, then backward", "连续两次 forward 后的 backward"),
            say(
                "backward belongs to the latest forward, which has to replace what is kept.",
                "backward 对应最近的一次 forward：forward 每次都要替换保存的量。",
            ),
        ),
        (
            [(0, "forward", one), (1, "forward", two)],
            (one, False),
            say(f"two {name} objects in turn", f"交替使用的两个 {name} 对象"),
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
    """Say what a right method costs that makes NumPy warn or returns float64; '' if it is fine."""
    warned = next((trial for trial in trials if trial.warned), None)
    if warned:
        remedy = say("Keep 0 away from / and log.", "除法和对数里不出现 0，就没有警告了。")
        if "overflow" in str(warned.warned.message):
            remedy = say(
                "It does no harm, since 1 / inf is 0. To avoid it, limit the exponent, or choose "
                "the form of the fraction by the sign of x.",
                "1 / inf 就是 0，结果不受影响。限制指数的大小，或按 x 的正负换写法，就没有警告。",
            )
        right = say("right, but NumPy warns in ", "数值正确，但 NumPy 有警告：")
        return f"{right}{_warning(warned)}{_inputs(warned)}\n{remedy}"
    for trial in trials:
        for name, got in trial.copies.items():
            wanted, source = trial.batch.dtype, trial.layer.source(trial.method, name)
            if name != "loss" and got.dtype.itemsize > wanted.itemsize:
                return say(
                    f"right, but {source} is {got.dtype} for {wanted} inputs, and training takes "
                    "twice as long. np.zeros, np.eye and astype(float) need dtype=x.dtype.",
                    f"数值正确，但输入是 {wanted} 时 {source} 是 {got.dtype}，训练要慢一倍。"
                    "np.zeros、np.eye 和 astype(float) 要加上 dtype=x.dtype。",
                )
    return ""


def check_network(model):
    """Compare the gradients of a small network with those found by nudging every weight."""
    rng, wrong, place = np.random.default_rng(4), "", None
    try:
        network, loss = model.MLP(3, [4], 2, rng), model.CrossEntropyLoss()
        for linear in network.linears:
            linear.W, linear.b = rng.normal(size=linear.W.shape), rng.normal(size=linear.b.shape)
        for n, i, name in product((5, 3), (0, 1), ("W", "b")):
            x, y = rng.normal(size=(n, 3)), np.eye(2)[rng.integers(0, 2, n)]
            loss.forward(network.forward(x), y)
            network.backward(loss.backward())
            linear = network.linears[i]
            slow_loss = partial(_slow_loss, network, x, y, linear, name)
            right = numerical.slopes(slow_loss, getattr(linear, name))
            worst = np.max(relative_error(getattr(linear, f"grad_{name}"), right))
            if worst > TOLERANCE["float64"] and not wrong:
                error = say(f"relative error {worst:.2g}", f"相对误差 {worst:.2g}")
                wrong = f"MLP(3, [4], 2).linears[{i}].grad_{name}: {error}"
    except (Exception, SystemExit) as error:
        wrong, place = f"MLP(3, [4], 2): {message_of(error)}", last_frame(error, model.__file__)[1]
    if wrong:
        hint = say(
            "each method is right alone, but not together with the others. Do layers change one "
            "another's arrays, or was the class MLP, which is given, altered?",
            "每个方法单独都对，合起来却不对。是不是几个层互相改了数组，或者改动了给定的类 MLP？",
        )
        raise FaultError(Observation("network", wrong, place=place), hint)
    return ""


def _slow_loss(network, x, y, linear, name, array):
    """Return the network's loss by the slow formulas, with `array` for one of the weights."""
    kept = getattr(linear, name)
    setattr(linear, name, array)
    (W0, b0), (W1, b1) = ((linear.W, linear.b) for linear in network.linears)
    setattr(linear, name, kept)
    logits = numerical.linear(numerical.sigmoid(numerical.linear(x, W0, b0)), W1, b1)
    return numerical.cross_entropy(numerical.softmax(logits), y)
