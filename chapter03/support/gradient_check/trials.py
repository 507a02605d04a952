"""Calls of a student's methods with small batches, and what each of them shows to be wrong."""

import warnings
from dataclasses import dataclass, field, replace
from functools import cache, partial

import numpy as np

from support.gradient_check import limits, mistakes, numerical, shapes, source
from support.gradient_check.limits import Place, last_frame, message_of
from support.gradient_check.numerical import relative_error
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
    output: str

    def results(self, method):
        gradients = [f"grad_{name}" for name in (*self.weights, self.inputs[0])]
        return gradients if method == "backward" else [self.output]

    def parameters(self, method):
        if method == "forward":
            return self.inputs
        return ("grad_y",) if self.output == "y" else ()

    def given(self, method):
        return dict.fromkeys((*self.inputs, *self.weights, *self.parameters(method)))

    def first_line(self, method):
        return f"def {method}({', '.join(('self', *self.parameters(method)))}):"

    def source(self, method, result):
        """Say where a result is found, as the student would write it."""
        if result.removeprefix("grad_") in self.weights:
            return f"self.{result}"
        return f"{method}({', '.join(self.parameters(method))})"


LAYERS = (
    Layer("Linear", 2, numerical.linear, ("x",), ("W", "b"), "y"),
    Layer("Sigmoid", 3, numerical.sigmoid, ("x",), (), "y"),
    Layer("Softmax", 4, numerical.softmax, ("x",), (), "y"),
    Layer("CrossEntropyLoss", 5, numerical.cross_entropy, ("y_hat", "y"), (), "loss"),
)
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

    @property
    def columns(self):
        return next(iter(self.given.values())).shape[1]


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

    right = {layer.output: output()}
    for result in layer.results("backward") if method == "backward" else ():
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
    subject: object = None  # the object
    results: dict = field(default_factory=dict)
    changed: str = ""  # the array that the call should have left alone
    warned: str = ""  # a line, and NumPy's first warning there
    error: BaseException | None = None
    place: Place | None = None  # of the error
    misfit: shapes.Misfit | None = None  # the shapes that met in the error

    @property
    def names(self):
        return self.layer.results(self.method)

    @property
    def right(self):
        return right_results(self.layer, self.method, self.batch)

    def call(self, subject=None, forward=True, writeable=True):
        """Call the method of `subject`, by default a new object; note what happens, raise nothing.

        `forward` says whether forward is called before a backward.
        """
        given = {name: array.copy() for name, array in self.batch.given.items()}
        for array in given.values():
            array.flags.writeable = writeable
        sizes = (*given["W"].shape, np.random.default_rng(0)) if self.layer.weights else ()
        noisy = np.errstate(all="warn", under="ignore")
        with warnings.catch_warnings(record=True) as caught, noisy:
            warnings.simplefilter("always")
            try:
                self.subject = subject or getattr(self.model, self.layer.name)(*sizes)
                self._call(given, forward, caught)
            except limits.Stopped:
                raise
            except BaseException as error:
                # At once: the next call changes what the names in the frame stand for.
                frame, self.place = last_frame(error, self.model.__file__)
                self.error = error
                if frame and isinstance(error, ValueError):
                    self.misfit = shapes.shapes_that_met(frame, self.place)
        # NumPy's, of an overflow and the like; a DeprecationWarning is not the student's trouble.
        for warning in (w for w in caught if w.category is RuntimeWarning):
            place = Place(warning.filename, warning.lineno)
            self.warned = self.warned or f"`{place.source}`: {warning.message}"
        return self

    def _call(self, given, forward, caught):
        subject, weights = self.subject, self.layer.weights
        if forward:
            vars(subject).update({name: given[name] for name in weights})
            returned = subject.forward(*(given[name] for name in self.layer.inputs))
        if self.method == "backward":
            caught.clear()  # forward was judged on its own
            returned = subject.backward(*(given[n] for n in self.layer.parameters("backward")))
        for name in self.names:
            in_self = name.removeprefix("grad_") in weights
            value = getattr(subject, name, None) if in_self else returned
            self.results[name] = value.copy() if isinstance(value, np.ndarray) else value
        for name, array in given.items():
            now = getattr(subject, name, None) if name in weights else array
            if not np.array_equal(now, self.batch.given[name]):
                self.changed = f"self.{name}" if name in weights else name

    def alone(self, writeable=True):
        """Return the trial of the same batch with an object that was never called before."""
        trial = Trial(self.model, self.layer, self.method, self.batch)
        return trial.call(writeable=writeable)


@dataclass(eq=False)
class FaultError(Exception):
    """The method is wrong: `trial`, one of `trials`, shows it."""

    kind: str  # error, changed, missing, type, shape, value, blank; or one that the hint explains
    text: str  # for the student
    result: str = ""  # the name of what is wrong
    place: Place | None = None  # the line, if it is known
    hint: str = ""  # why, if it is known
    example: str = ""  # numbers to compare, if it is not
    trial: Trial | None = None
    trials: tuple = ()


def observe(trial):
    """Return the FaultError that the trial shows, or None if all is right."""
    method, array = trial.method, trial.changed
    if trial.error is not None:
        fault = FaultError("error", message_of(trial.error), place=trial.place)
    elif array:
        text = say(f"{method} changes the array {array}", f"{method} 改动了数组 {array}")
        # With arrays that cannot be changed, the line that tries to gives itself away.
        fault = FaultError("changed", text, place=trial.alone(writeable=False).place)
    else:
        looks = (look(trial, name) for look in (_type, _shape, _value) for name in trial.names)
        fault = next(filter(None, looks), None)
    if fault:
        fault.text += _inputs(trial)
        if fault.place:
            fault.text += say("\nin ", "\n所在行：") + f"`{fault.place.source}`"
        if trial.misfit:
            fault.text += say("\nThe shapes that met there: ", "\n相遇的形状：") + trial.misfit.text
        if trial.warned:
            fault.text += say("\nNumPy warned in ", "\nNumPy 的警告：") + trial.warned
    return fault


def _type(trial, name):
    got, source = trial.results[name], trial.layer.source(trial.method, name)
    if got is None:
        return FaultError("missing", say(f"{source} is None", f"{source} 是 None"), name)
    is_numeric = isinstance(got, np.ndarray | np.number | float | int)
    if is_numeric and np.asarray(got).dtype.kind in "fiub":
        return None
    kind = f"{getattr(got, 'dtype', '')} {type(got).__name__}".strip()
    text = say(f"{source} is of type {kind}, and should be floats of NumPy",
               f"{source} 的类型是 {kind}，应为 NumPy 的浮点数")  # fmt: skip
    return FaultError("type", text, name)


def _shape(trial, name):
    got, right = np.shape(trial.results[name]), trial.right[name].shape
    if got == right:
        return None
    one = say(", where () is one number", "，其中 () 表示一个数") if () in (got, right) else ""
    source = trial.layer.source(trial.method, name)
    text = say(f"{source} is an array of shape {got}, and should be of shape {right}",
               f"{source} 是形状为 {got} 的数组，形状应为 {right}")  # fmt: skip
    return FaultError("shape", text + one, name)


def _value(trial, name):
    got, right = np.asarray(trial.results[name], dtype=np.float64), trial.right[name]
    error = relative_error(got, right)
    wrong = error > (trial.batch.tolerance or 0)
    if trial.batch.tolerance is None:
        too_small = name == "loss" and got < LEAST_LOSS_OF_ZERO
        wrong = ~np.isfinite(got) | too_small | (np.sign(got) * np.sign(right) < 0)
    if not np.any(wrong):
        return None
    index = tuple(int(i) for i in np.argwhere(wrong)[0])
    source = trial.layer.source(trial.method, name) + (str(list(index)) if index else "")
    wanted = say("large and finite, of the right sign", "很大但有限、符号正确的数")
    if trial.batch.tolerance is not None:
        k, size = wrong.sum(), wrong.size
        several = say(f"; {k} of {size} entries are wrong", f"，错了 {k}/{size} 个元素")
        detail = f"{error[index]:.2g}" + (several if index else "")
        wanted = f"{right[index] + 0.0:.6g}"
        wanted += say(f" (relative error {detail})", f"（相对误差 {detail}）")
    got = f"{got[index]:.6g}"
    text = say(f"{source} is {got}, and should be {wanted}", f"{source} 算得 {got}，应为 {wanted}")
    return FaultError("value", text, name)


def _inputs(trial):
    arrays = {name: trial.batch.given[name] for name in trial.layer.given(trial.method)}
    shapes = say(", ", "，").join(f"{name} {array.shape}" for name, array in arrays.items())
    about = say(*trial.batch.about)
    if trial.batch.dtype == np.float32:
        about += say(", in float32", "，float32")
    return say(f"\nfor {about}: {shapes}", f"\n输入：{about}，{shapes}")


def check_method(model, layer, method):
    """Return a note, perhaps empty, on a right method; raise FaultError."""
    trials = in_a_row(model, layer, method)
    _judge(trials)
    if method == "backward":
        _check_as_in_training(*trials[:2])
    return _note(trials)


def in_a_row(model, layer, method):
    """Call one object with batch after batch, a new one where columns differ; return the trials."""
    _look_for(model, layer, method)
    trials = []
    for batch in batches_for(layer):
        before = trials[-1] if trials and trials[-1].batch.columns == batch.columns else None
        trial = Trial(model, layer, method, batch, before)
        trials.append(trial.call(before and before.subject))
    return trials


def _look_for(model, layer, method):
    """Raise FaultError if the method is still to be written, or is not there."""
    name, cls = layer.name, getattr(model, layer.name, None)
    blank = source.blank(model.__file__, f"{name}.{method}")
    if callable(getattr(cls, method, None)) and not blank:
        return
    found = source.misplaced(model.__file__, name, method)
    if blank and not found:
        raise FaultError("blank", "", place=blank)
    text = say(f"{name}.{method} is blank or missing", f"{name}.{method} 还是空白，或者不存在")
    place, like = found or (None, "")
    if place:
        code = f"`{like}` ({place})"
        text += say(f", but {code} looks like it", f"，不过 {code} 看起来就是它")
    hint = say(*mistakes.ABSENT).format(name, layer.first_line(method))
    raise FaultError("absent", text, place=place, hint=hint)


def _judge(trials, hint=("", "")):
    """Raise a FaultError for the first of the trials that is not right."""
    for trial in trials:
        fault = observe(trial)
        if fault:
            fault.hint, fault.trial, fault.trials = say(*hint), trial, trials
            raise fault


def _check_as_in_training(first, second):
    """Call forward and backward in the orders in which a training may call them."""
    one, two, layer = first.batch, second.batch, first.layer

    def judge(subject, batch, about, hint):
        trial = Trial(first.model, layer, "backward", replace(batch, about=about))
        _judge([trial.call(subject, forward=False)], hint)

    subject = first.alone().subject
    given = {name: two.given[name] for name in layer.parameters("backward")}
    about = "a second backward after one forward", "同一次 forward 后的第二次 backward"
    judge(subject, replace(one, given={**one.given, **given}), about, mistakes.SECOND_BACKWARD)
    about = f"two {layer.name} objects in turn", f"交替使用的两个 {layer.name} 对象"
    Trial(first.model, layer, "forward", one).call(subject)
    Trial(first.model, layer, "forward", two).call()
    judge(subject, one, about, mistakes.TWO_OBJECTS)


def _note(trials):
    """Say what a right method costs that makes NumPy warn or returns float64; '' if it is fine."""
    for trial in sorted(trials, key=lambda trial: not trial.warned):  # a warning comes first
        if trial.warned:
            remedy = say("Limit the exponent, keep 0 away from / and log, and it will not.",
                         "限制指数的大小，除法和对数里不出现 0，就没有警告了。")  # fmt: skip
            right = say("right, but NumPy warns in ", "数值正确，但 NumPy 有警告：")
            return f"{right}{trial.warned}{_inputs(trial)}\n{remedy}"
        for name, got in trial.results.items():
            wanted, source = trial.batch.dtype, trial.layer.source(trial.method, name)
            if name != "loss" and got.dtype.itemsize > wanted.itemsize:
                english = f"right, but {source} is {got.dtype} for {wanted} inputs"
                chinese = f"数值正确，但输入是 {wanted} 时 {source} 是 {got.dtype}"
                return say(f"{english}: training takes twice as long. Is a dtype=x.dtype missing?",
                           f"{chinese}，训练要慢一倍：是不是漏了 dtype=x.dtype？")  # fmt: skip
    return ""


def check_network(model):
    """Compare the gradients of a small network with those found by nudging every weight."""
    rng, wrong, place = np.random.default_rng(4), "", None
    weights = [rng.normal(size=size) for size in ((3, 4), (1, 4), (4, 2), (1, 2))]
    try:
        network, loss = model.MLP(3, [4], 2, rng), model.CrossEntropyLoss()
        first, second = network.linears
        first.W, first.b, second.W, second.b = weights
        for n in (5, 3):
            x, y = rng.normal(size=(n, 3)), np.eye(2)[rng.integers(0, 2, n)]
            loss.forward(network.forward(x), y)
            network.backward(loss.backward())
            grads = first.grad_W, first.grad_b, second.grad_W, second.grad_b
            for i, got in enumerate(grads):
                right = numerical.slopes(partial(_slow_loss, x, y, weights, i), weights[i])
                worst = np.max(relative_error(got, right))
                if worst > TOLERANCE["float64"] and not wrong:
                    error = say(f"relative error {worst:.2g}", f"相对误差 {worst:.2g}")
                    wrong = f"linears[{i // 2}].grad_{'Wb'[i % 2]}: {error}"
    except (Exception, SystemExit) as error:
        wrong, place = message_of(error), last_frame(error, model.__file__)[1]
    if wrong:
        hint = say(*mistakes.NETWORK)
        raise FaultError("network", f"MLP(3, [4], 2): {wrong}", place=place, hint=hint)
    return ""


def _slow_loss(x, y, weights, i, array):
    """Return the network's loss by the slow formulas, with `array` in place of weights[i]."""
    W0, b0, W1, b1 = [*weights[:i], array, *weights[i + 1 :]]
    hidden = numerical.sigmoid(numerical.linear(x, W0, b0))
    return numerical.cross_entropy(numerical.softmax(numerical.linear(hidden, W1, b1)), y)
