"""Calls of a student's methods with small batches, and what each of them shows to be wrong."""

import warnings
from dataclasses import dataclass, field, replace
from functools import cache, partial

import numpy as np

from support.gradient_check import numerical, student_code
from support.gradient_check.numerical import relative_error
from support.gradient_check.student_code import Place, last_frame, message_of
from support.language import say

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
    """Inputs for one call, by name, and what is special about them, in English and Chinese.

    `tolerance` None: the exact result is infinite, any large finite number will do.
    """

    about: tuple
    given: dict
    tolerance: float | None = TOLERANCE["float64"]
    is_extreme: bool = False  # far from zero, or exactly zero where a logarithm is taken

    @property
    def dtype(self):
        return next(iter(self.given.values())).dtype


@cache
def right_results(layer, method, batch):
    """Return the right results by name; those of backward with that of forward among them."""
    arrays = {name: array.astype(np.float64) for name, array in batch.given.items()}
    if batch.tolerance is None:
        # Only signs and shapes are needed, so a small number may stand in for 0.
        arrays["y_hat"] = np.maximum(arrays["y_hat"], 1e-3)

    def output(**changed):
        values = {**arrays, **changed}
        lists = [values[name].tolist() for name in (*layer.inputs, *layer.weights)]
        return np.array(layer.formula(*lists))

    right = {layer.forward[0]: output()}
    for result in layer.backward if method == "backward" else ():
        name = result.removeprefix("grad_")
        # grad_y is dL/dY of some loss L further on; the simplest such L is sum(grad_y * Y).
        right[result] = numerical.slopes(
            lambda array, name=name: np.sum(output(**{name: array}) * arrays.get("grad_y", 1)),
            arrays[name],
        )
    return right


@cache
def batches_for(layer):
    """Return batches that tell mistakes apart.

    n, d and m differ, or a transposed matrix might fit. grad_y is random: if it were all ones or
    summed to zero, the diagonal of Softmax's Jacobian could pass for the whole. The second batch
    is as large as the first, or what is left over from the first would hide behind an exception.
    Not all have 4 columns, or "times 4" would pass for "times the number of columns".
    """
    rng = np.random.default_rng(2)
    sizes = [(5, 4), (5, 4), (2, 4), (1, 4), (4, 6)]
    batches = [_ordinary(layer, n, columns, rng) for n, columns in sizes]
    batches += _extremes(layer, rng)
    for batch in batches[:1] + batches[len(sizes) :]:
        given = {name: array.astype(np.float32) for name, array in batch.given.items()}
        tolerance = batch.tolerance and TOLERANCE["float32"]
        batches.append(replace(batch, given=given, tolerance=tolerance))
    return tuple(batches)


def _ordinary(layer, n, columns, rng):
    about = f"a batch of {n} rows", f"{n} 行的一批"
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
    extreme = partial(Batch, is_extreme=True)
    if layer.name == "CrossEntropyLoss":
        y, elsewhere = np.eye(4)[[0, 2]], np.eye(4)[[2, 0]]
        about = "y_hat 1 for the right class, else 0", "正确类别的 y_hat 恰为 1、其余为 0 的一批"
        yield extreme(about, {"y_hat": y, "y": y}, tolerance=1e-3)  # y_hat may be clipped at 1e-7
        about = "y_hat exactly 0 for the right class", "正确类别的 y_hat 恰为 0 的一批"
        yield extreme(about, {"y_hat": elsewhere, "y": y}, tolerance=None)
    elif not layer.weights:
        about = "rows about 0, 1000 and -1000", "各行大小悬殊（0、±1000 左右）的一批"
        x = np.array([[0.0, 1, 2], [1000, 999, 0], [1000, 0, -1000], [-1001, -1000, -999]])
        yield extreme(about, {"x": x, "grad_y": rng.normal(size=x.shape)})


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
    changed: str = ""  # the array that the call should have left alone
    warned: object = None
    error: BaseException | None = None
    place: Place | None = None  # of the error
    misfit: student_code.Misfit | None = None  # the shapes that met in the error

    @property
    def names(self):
        return getattr(self.layer, self.method)

    @property
    def right(self):
        return right_results(self.layer, self.method, self.batch)

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
        noisy = np.errstate(all="warn", under="ignore")
        with warnings.catch_warnings(record=True) as caught, noisy:
            warnings.simplefilter("always")
            try:
                self._call(subject, given, forward, caught)
            except student_code.Stopped:
                raise
            except BaseException as error:
                # At once: the next call changes what the names in the frame stand for.
                frame, self.place = last_frame(error, self.model.__file__)
                self.error = error
                if frame and isinstance(error, ValueError):
                    self.misfit = student_code.shapes_that_met(frame, self.place)
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
        changed = ["output"] if forward and not _same(output, output_was) else []
        for name, array in given.items():
            in_self = name in self.layer.weights
            now = getattr(subject, name, None) if in_self else array
            if not _same(now, self.batch.given[name]):
                changed.insert(0, f"self.{name}" if in_self else name)
        self.changed = changed[0] if changed else ""

    def alone(self, writeable=True):
        """Return the trial of the same batch with an object that was never called before."""
        trial = Trial(self.model, self.layer, self.method, self.batch)
        return trial.call(self.new_object(), writeable=writeable)


def _copy(value):
    return value.copy() if isinstance(value, np.ndarray) else value


def _same(now, before):
    """Whether an array is what it was; True for anything that is no array of numbers."""
    if not isinstance(before, np.ndarray) or before.dtype.kind not in "fiub":
        return True
    return isinstance(now, np.ndarray) and np.array_equal(now, before, equal_nan=True)


@dataclass
class Observation:
    """What a trial shows to be wrong, and on which line, if it is known."""

    kind: str  # error, changed, missing, type, shape, value, stale, or one that a hint explains
    text: str  # for the student
    result: str = ""  # its name
    place: Place | None = None


def observe(trial):
    """Return the first Observation that shows the trial to be wrong, or None if all is right."""
    if trial.error is not None:
        text = message_of(trial.error) + _inputs(trial) + _line(trial.place)
        if trial.misfit:
            text += say("\nThe shapes that met there: ", "\n相遇的形状：") + trial.misfit.text
        return Observation("error", text, place=trial.place)
    if trial.changed:
        return _change(trial)
    looks = (look(trial, name) for look in (_type, _shape, _value, _stale) for name in trial.names)
    return next(filter(None, looks), None)


def _change(trial):
    array = say(f"the array {trial.changed}", f"数组 {trial.changed}")
    if trial.changed == "output":
        array = say("the array that forward returned", "数组（forward 的返回值）")
    # With arrays that cannot be changed, the line that tries to gives itself away.
    place = trial.alone(writeable=False).place
    text = say(f"{trial.method} changes {array}", f"{trial.method} 改动了{array}")
    return Observation("changed", text + _inputs(trial) + _line(place), place=place)


def _line(place):
    return say("\nin ", "\n所在行：") + f"`{place.source}`" if place else ""


def _type(trial, name):
    got, source = trial.copies[name], trial.layer.source(trial.method, name)
    if got is None:
        verb = say("is not set", "没有设置")
        if not source.startswith("self."):
            verb = say("returns None", "返回的是 None")
        return Observation("missing", f"{source} {verb}", name)
    dtype = ""
    if isinstance(got, np.ndarray | np.number | float | int):
        dtype = np.asarray(got).dtype
        if dtype.kind in "fiub":
            return None
    kind = f"{dtype} {type(got).__name__}".strip()
    text = say(f"{source} is of type {kind}, and should be floats of NumPy",
               f"{source} 的类型是 {kind}，应为 NumPy 的浮点数")  # fmt: skip
    return Observation("type", text, name)


def _shape(trial, name):
    got, right = np.shape(trial.copies[name]), trial.right[name].shape
    if got == right:
        return None
    should = say(f"and should be of shape {right}", f"形状应为 {right}")
    if () in (got, right):
        should += say(", where () is one number", "，其中 () 表示一个数")
    source = trial.layer.source(trial.method, name)
    text = say(f"{source} is an array of shape {got}, ", f"{source} 是形状为 {got} 的数组，")
    return Observation("shape", text + should + _inputs(trial), name)


def _value(trial, name):
    got, right = np.asarray(trial.copies[name], dtype=np.float64), trial.right[name]
    error = relative_error(got, right)
    if trial.batch.tolerance is None:
        too_small = name == "loss" and got < LEAST_LOSS_OF_ZERO
        wrong = ~np.isfinite(got) | too_small | (np.sign(got) * np.sign(right) < 0)
    else:
        wrong = error > trial.batch.tolerance
    if not np.any(wrong):
        return None
    index = tuple(int(i) for i in np.argwhere(wrong)[0])
    source = trial.layer.source(trial.method, name)
    wanted = say("large and finite, of the right sign", "很大但有限、符号正确的数")
    if trial.batch.tolerance is not None:
        detail = say("relative error", "相对误差") + f" {error[index]:.2g}"
        if index:
            k, size = wrong.sum(), wrong.size
            detail += say(f"; {k} of {size} entries are wrong", f"，错了 {k}/{size} 个元素")
        wanted = f"{right[index] + 0.0:.6g}" + say(f" ({detail})", f"（{detail}）")
    got, source = f"{got[index]:.6g}", source + (str(list(index)) if index else "")
    text = say(f"{source} is {got}, and should be {wanted}", f"{source} 算得 {got}，应为 {wanted}")
    text += _inputs(trial)
    if trial.warned:
        text += say("\nNumPy warned in ", "\nNumPy 的警告：") + _warning(trial)
    return Observation("value", text, name)


def _stale(trial, name):
    got = trial.layer.source(trial.method, name)
    # A gradient in self may be overwritten by the next; what was returned is the caller's.
    if got.startswith("self.") or _same(trial.results[name], trial.copies[name]):
        return None
    text = say(f"the next call changes what {got} returned", f"下一次调用改动了 {got} 的返回值")
    return Observation("stale", text, name)


def _inputs(trial):
    names = [*trial.layer.inputs, *trial.layer.weights]
    if trial.method == "backward":
        names += trial.layer.parameters("backward")
    shapes = say(", ", "，").join(f"{name} {trial.batch.given[name].shape}" for name in names)
    about = say(*trial.batch.about)
    if trial.batch.dtype == np.float32:
        about += say(", in float32", "，float32")
    return say(f"\nfor {about}: {shapes}", f"\n输入：{about}，{shapes}")


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
        _check_as_in_training(*trials[:2])
    return _note(trials)


def in_a_row(model, layer, method):
    """Call one object with batch after batch, a new one where columns differ; return the trials."""
    cls, place = (
        getattr(model, layer.name, None),
        student_code.blank(model.__file__, f"{layer.name}.{method}"),
    )
    if not callable(getattr(cls, method, None)) or place:
        raise _absent(Trial(model, layer, method, batches_for(layer)[0]), cls, place)
    trials = []
    for batch in batches_for(layer):
        trial, columns = Trial(model, layer, method, batch), batch.given[layer.inputs[0]].shape[1]
        if trials and trials[-1].batch.given[layer.inputs[0]].shape[1] == columns:
            trial.before = trials[-1]
        else:
            subject = _new_object(trial)
        trials.append(trial.call(subject))
    return trials


def _absent(trial, cls, blank_place):
    name, method = trial.layer.name, trial.method
    place, like = student_code.misplaced(trial.model.__file__, name, method) or (None, "")
    if blank_place:
        if not place:
            return BlankError(blank_place)
        text = say(f"{name}.{method} is blank", f"{name}.{method} 还是空白")
    elif isinstance(cls, type):
        text = say(f"class {name} has no method {method}", f"类 {name} 里没有方法 {method}")
    else:
        text = say(f"there is no class {name}", f"没有名为 {name} 的类")
    if place:
        like = f"`{like}` ({place})"
        text += say(f", but {like} looks like it", f"，不过 {like} 看起来就是它")
    return FaultError(Observation("absent", text, place=place), trial=trial)


def _new_object(trial):
    try:
        return trial.new_object()
    except (Exception, SystemExit) as error:
        text = say(f"making a {trial.layer.name}: ", f"创建 {trial.layer.name} 时出错：")
        place = last_frame(error, trial.model.__file__)[1]
        hint = say("its __init__, which is given, was changed.", "给定的 __init__ 被改动了。")
        seen = Observation("init", text + message_of(error), place=place)
        raise FaultError(seen, hint, trial) from None


def _judge(trials, hint=("", "")):
    """Raise a FaultError for the first of the trials that is not right."""
    for trial in trials:
        observation = observe(trial)
        if observation:
            raise FaultError(observation, say(*hint), trial, trials)


# What the orders of calls in a training bring to light.
SECOND_BACKWARD = (
    "backward alters what forward has kept, or adds to its earlier gradients.",
    "backward 改动了 forward 保存的量，或者把梯度累加到了上一次的结果上。",
)
TWO_FORWARDS = (
    "backward belongs to the latest forward, which has to replace what is kept.",
    "backward 对应最近的一次 forward：forward 每次都要替换保存的量。",
)
TWO_OBJECTS = ("the objects share what they keep, globally or in the class: keep it in self.",
               "几个对象共用了保存的量（全局变量或类属性）：要存进各自的 self。")  # fmt: skip


def _check_as_in_training(first, second):
    """Call forward and backward in the orders in which a training may call them."""
    one, two, layer = first.batch, second.batch, first.layer
    subject, other = first.new_object(), first.new_object()

    def judge(batch, about, hint, forward):
        trial = Trial(first.model, layer, "backward", replace(batch, about=about))
        _judge([trial.call(subject, forward)], hint)

    Trial(first.model, layer, "backward", one).call(subject)
    given = {name: two.given[name] for name in layer.parameters("backward")}
    about = "a second backward after one forward", "同一次 forward 后的第二次 backward"
    judge(replace(one, given={**one.given, **given}), about, SECOND_BACKWARD, forward=False)
    Trial(first.model, layer, "forward", one).call(subject)
    about = "two calls of forward, then backward", "连续两次 forward 后的 backward"
    judge(two, about, TWO_FORWARDS, forward=True)
    Trial(first.model, layer, "forward", one).call(subject)
    Trial(first.model, layer, "forward", two).call(other)
    about = f"two {layer.name} objects in turn", f"交替使用的两个 {layer.name} 对象"
    judge(one, about, TWO_OBJECTS, forward=False)


def _note(trials):
    """Say what a right method costs that makes NumPy warn or returns float64; '' if it is fine."""
    for trial in sorted(trials, key=lambda trial: not trial.warned):  # a warning comes first
        if trial.warned:
            remedy = say("Limit the exponent, keep 0 away from / and log, and it will not.",
                         "限制指数的大小，除法和对数里不出现 0，就没有警告了。")  # fmt: skip
            right = say("right, but NumPy warns in ", "数值正确，但 NumPy 有警告：")
            return f"{right}{_warning(trial)}{_inputs(trial)}\n{remedy}"
        for name, got in trial.copies.items():
            wanted, source = trial.batch.dtype, trial.layer.source(trial.method, name)
            if name != "loss" and got.dtype.itemsize > wanted.itemsize:
                return say(
                    f"right, but {source} is {got.dtype} for {wanted} inputs, and training takes "
                    "twice as long: np.zeros and the like need dtype=x.dtype.",
                    f"数值正确，但输入是 {wanted} 时 {source} 是 {got.dtype}，训练要慢一倍："
                    "np.zeros 等要加上 dtype=x.dtype。",
                )
    return ""


def check_network(model):
    """Compare the gradients of a small network with those found by nudging every weight."""
    rng, wrong, place = np.random.default_rng(4), "", None
    try:
        network, loss = model.MLP(3, [4], 2, rng), model.CrossEntropyLoss()
        for linear in network.linears:
            linear.W, linear.b = rng.normal(size=linear.W.shape), rng.normal(size=linear.b.shape)
        weights = {(i, k): getattr(network.linears[i], k) for i in (0, 1) for k in ("W", "b")}
        for n in (5, 3):
            x, y = rng.normal(size=(n, 3)), np.eye(2)[rng.integers(0, 2, n)]
            loss.forward(network.forward(x), y)
            network.backward(loss.backward())
            for (i, name), array in weights.items():
                right = numerical.slopes(partial(_slow_loss, x, y, weights, (i, name)), array)
                got = getattr(network.linears[i], f"grad_{name}")
                worst = np.max(relative_error(got, right))
                if worst > TOLERANCE["float64"] and not wrong:
                    error = say(f"relative error {worst:.2g}", f"相对误差 {worst:.2g}")
                    wrong = f"linears[{i}].grad_{name}: {error}"
    except (Exception, SystemExit) as error:
        wrong, place = message_of(error), last_frame(error, model.__file__)[1]
    if wrong:
        hint = say(
            "each method is right alone. Do layers change each other's arrays, or was the "
            "class MLP (which is given) altered?",
            "每个方法单独都对：是几个层互相改了数组，还是改动了给定的类 MLP？",
        )
        raise FaultError(Observation("network", f"MLP(3, [4], 2): {wrong}", place=place), hint)
    return ""


def _slow_loss(x, y, weights, key, array):
    """Return the network's loss by the slow formulas, with `array` in place of one weight."""
    W0, b0, W1, b1 = {**weights, key: array}.values()
    hidden = numerical.sigmoid(numerical.linear(x, W0, b0))
    return numerical.cross_entropy(numerical.softmax(numerical.linear(hidden, W1, b1)), y)
