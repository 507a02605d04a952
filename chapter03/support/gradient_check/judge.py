"""What is wrong with what a call shows, and which calls a method has to stand."""

import linecache
from dataclasses import dataclass, replace

import numpy as np

from support.gradient_check import mistakes, source
from support.gradient_check.calls import Call, filled_empty, in_a_row, made, replaced_in_numpy
from support.gradient_check.layers import batches_for
from support.gradient_check.limits import Place, message_of
from support.gradient_check.numerical import relative_error
from support.language import say

# -log(1e-3) is 7: no right answer to y_hat = 0 is less, however it avoids log(0).
LEAST_LOSS_OF_ZERO = 6.9


@dataclass(eq=False)
class FaultError(Exception):
    """A method is wrong, and `call`, one of `calls`, shows it. Nothing changes it once it is made.

    kind: blank, absent, init, set, error, changed, missing, type, shape, value, order, shared,
    time, endless, unusable or network. diagnosis.py looks for the mistake behind it.
    """

    kind: str
    seen: str  # for the student
    result: str = ""  # the name of what is wrong
    place: Place | None = None  # the line, if it is known
    call: Call | None = None
    calls: tuple = ()


def check_method(model, layer, method):
    """Return a note, perhaps empty, on a right method; raise FaultError."""
    _look_for(model, layer, method)
    if method == "forward" and layer.weights:
        _check_init(model, layer)
    calls = list(in_a_row(model, layer, method))
    _judge(calls)
    _check_empty(calls)

    note = _note(calls)
    if method == "backward":
        frees = _check_second_backward(*calls[:2])
        _check_two_objects(*calls[:2])
        if frees and not note:
            note = say(*mistakes.FREES)
    return note


def _check_empty(calls):
    """Raise FaultError if a result is right by what lay in the memory that np.empty gave."""
    first = calls[0]
    if not any("np.empty" in line for line in linecache.getlines(first.model.__file__)):
        return
    with replaced_in_numpy(first.model, filled_empty(np.nan)):
        _judge([first.alone()])


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
    never_made = Call(model, layer, method, batches_for(layer)[0])
    raise FaultError("absent", text, place=place, call=never_made)


def _check_init(model, layer):
    """Raise FaultError if the weights of a new object are not those that the layer begins with."""
    batch = batches_for(layer)[0]
    try:
        subject = made(model, layer, batch)
    except (Exception, SystemExit):
        return  # the first call shows it
    for name in layer.weights:
        wrong = _wrong_with_weights(subject, name, batch.given[name].shape)
        if wrong:
            d, m = batch.given[layer.weights[0]].shape
            new = say(
                f"of a new {layer.name}({d}, {m}, rng), ", f"新建的 {layer.name}({d}, {m}, rng) 的 "
            )
            raise FaultError("init", new + wrong, place=_place_of_init(model, layer))


def _wrong_with_weights(subject, name, wanted):
    if not hasattr(subject, name):
        return say(f"self.{name} is missing", f"self.{name} 不存在")
    weights = getattr(subject, name)
    if not _is_plain(weights) or weights.dtype.kind != "f":
        kind = type(weights).__name__
        return say(
            f"self.{name} is of type {kind}, and should be an array of floats",
            f"self.{name} 的类型是 {kind}，应为浮点数的数组",
        )
    if weights.shape != wanted:
        return say(
            f"self.{name} is of shape {weights.shape}, and should be of shape {wanted}",
            f"self.{name} 形状是 {weights.shape}，应为 {wanted}",
        )
    return ""


def _is_plain(value):
    """Return whether a value is an array, and no matrix or masked array: these differ in `*`."""
    return isinstance(value, np.ndarray) and not isinstance(value, np.matrix | np.ma.MaskedArray)


def _place_of_init(model, layer):
    line = source.lines_of(model.__file__).get(f"{layer.name}.__init__")
    return Place(model.__file__, line) if line else None


def _judge(calls):
    """Raise a FaultError for the first of the calls that is not right."""
    for call in calls:
        fault = fault_of(call)
        if fault:
            raise replace(fault, calls=tuple(calls))


def fault_of(call, names=None):
    """Return the FaultError that the call shows, or None if all is right.

    names: of the results that are looked at, by default all.
    """
    if call.error is not None:
        if call.stage in ("make", "set"):
            kind = "init" if call.stage == "make" else "set"
            place = call.place or _place_of_init(call.model, call.layer)
            return _fault(call, kind, message_of(call.error), place=place)
        return _fault(call, "error", message_of(call.error), place=call.place)
    if call.changed:
        return _changed(call)
    for look in (_type, _shape, _value):
        for name in names or call.names:
            fault = look(call, name)
            if fault:
                return fault
    return None


def _fault(call, kind, text, result="", place=None):
    """Return a FaultError whose text says, after `text`, which call it was."""
    lines = [text, say("for ", "输入：") + inputs_of(call)]
    if place:
        lines.append(say("in ", "所在行：") + f"`{place.source}`")
    if call.misfit:
        lines.append(say("The shapes that met there: ", "运算两边的形状：") + call.misfit.text)
    if call.warned:
        lines.append(say("NumPy warned in ", "NumPy 的警告：") + call.warned)
    return FaultError(kind, "\n".join(lines), result, place, call, (call,))


def _changed(call):
    name = call.changed
    if name == call.layer.output:
        text = say(
            f"backward changes the array {name} that forward returned",
            f"backward 改动了 forward 返回的数组 {name}",
        )
        return _fault(call, "changed", text)
    array = f"self.{name}" if name in call.layer.weights else name
    text = say(f"{call.method} changes the array {array}", f"{call.method} 改动了数组 {array}")
    # With an array that cannot be changed, the line that tries to gives itself away.
    return _fault(call, "changed", text, place=call.alone(frozen=(name,)).place)


def _type(call, name):
    got, where = call.results[name], call.layer.source(call.method, name)
    if got is None:
        text = say(f"{where} is None", f"{where} 是 None")
        if where.startswith("self.") and not hasattr(call.subject, name):
            text = say(f"{where} is not set", f"没有设置 {where}")
        return _fault(call, "missing", text, name)
    is_numeric = _is_plain(got) or isinstance(got, np.number | float | int)
    if is_numeric and np.asarray(got).dtype.kind in "fiub":
        return None
    kind = f"{getattr(got, 'dtype', '')} {type(got).__name__}".strip()
    wanted = say("a NumPy array of floats", " NumPy 的浮点数组")
    if name == "loss":
        wanted = say("a float", "一个浮点数")
    text = say(
        f"{where} is of type {kind}, and should be {wanted}",
        f"{where} 的类型是 {kind}，应为{wanted}",
    )
    return _fault(call, "type", text, name)


def _shape(call, name):
    got, right = np.shape(call.results[name]), call.right[name].shape
    if got == right:
        return None
    where = call.layer.source(call.method, name)
    text = say(
        f"{where} is {_array_of(got)}, and should be {_array_of(right)}",
        f"{where} 是{_array_of(got)}，应为{_array_of(right)}",
    )
    return _fault(call, "shape", text, name)


def _array_of(shape):
    if shape == ():
        return say("one number", "一个数")
    return say(f"an array of shape {shape}", f"形状为 {shape} 的数组")


def _value(call, name):
    got, right = np.asarray(call.results[name], dtype=np.float64), call.expected(name)
    error = relative_error(got, right)
    tolerance = call.batch.tolerance
    if tolerance is None:
        too_small = name == "loss" and got < LEAST_LOSS_OF_ZERO
        wrong = ~np.isfinite(got) | too_small | (np.sign(got) * np.sign(right) < 0)
    else:
        wrong = error > tolerance
    if not np.any(wrong):
        return None

    index = tuple(int(i) for i in np.argwhere(wrong)[0])
    entry = call.layer.source(call.method, name) + (str(list(index)) if index else "")
    if tolerance is None:
        wanted = say("a large finite number of the right sign", "一个很大但有限、符号正确的数")
    else:
        wanted = (
            say("", " ") + f"{right[index] + 0.0:.6g}" + _details(got, right, error, wrong, index)
        )
    shown = f"{got[index] + 0.0:.6g}"  # without the sign of a -0
    text = say(
        f"{entry} is {shown}, and should be {wanted}",
        f"{entry} 算得 {shown}，应为{wanted}",
    )
    return _fault(call, "value", text, name)


def _details(got, right, error, wrong, index):
    """Return, in parentheses, how wrong an entry is, and how many are."""
    details = []
    # Relative to 0, or of inf and nan, the error says nothing.
    if right[index] != 0 and np.isfinite(got[index]):
        details.append(say("relative error ", "相对误差 ") + f"{error[index]:.2g}")
    if index:
        details.append(
            say(
                f"wrong in {wrong.sum()} of {wrong.size} entries",
                f"错了 {wrong.sum()}/{wrong.size} 个元素",
            )
        )
    joined = say("; ", "，").join(details)
    return say(f" ({joined})", f"（{joined}）") if details else ""


def inputs_of(call):
    """Say what went into the call: what is special about it, and the shapes."""
    arrays = {name: call.batch.given[name] for name in call.layer.concerned(call.method)}
    shapes = say(", ", "，").join(f"{name} {array.shape}" for name, array in arrays.items())
    about = say(*call.batch.about)
    if call.batch.dtype == np.float32:
        about += say(", in float32", "，float32")
    return about + say(": ", "，") + shapes


def _check_second_backward(first, second):
    """Call backward twice after one forward; return whether backward frees what it needed.

    A backward that cannot be called again is enough for a training. One that can has to be right.
    """
    given = {name: second.batch.given[name] for name in first.layer.parameters("backward")}
    about = "a second backward after one forward", "同一次 forward 后的第二次 backward"
    batch = replace(first.batch, about=about, given={**first.batch.given, **given})
    again = Call(first.model, first.layer, "backward", batch)
    again.run(first.alone().subject, forward=False)
    if again.error is not None:
        return True
    fault = fault_of(again)
    if fault:
        raise replace(fault, kind="order")
    return False


def _check_two_objects(first, second):
    """Call forward of two objects, then backward of both, as in a network."""
    layer = first.layer
    subject = first.alone().subject
    Call(first.model, layer, "forward", first.batch).run(subject)
    other = Call(first.model, layer, "forward", second.batch).run().subject
    about = f"two {layer.name} objects in turn", f"交替使用的两个 {layer.name} 对象"
    backward = Call(first.model, layer, "backward", replace(first.batch, about=about))
    fault = fault_of(backward.run(subject, forward=False))
    Call(first.model, layer, "backward", second.batch).run(other, forward=False)
    # What the first has kept must still be its own.
    for name in layer.weights:
        backward.results[f"grad_{name}"] = getattr(subject, f"grad_{name}", None)
    fault = fault or fault_of(backward)
    if fault:
        raise replace(fault, kind="shared")


def _note(calls):
    """Say what a right method costs that makes NumPy warn or returns float64; '' if it is fine."""
    for call in calls:
        if call.warned:
            note = say(*mistakes.WARNS).format(call.warned, inputs_of(call))
            section = call.layer.section
            return note + say(
                f"chapter03/README.en.md section {section}.", f"讲义第 {section} 节。"
            )
    for call in calls:
        for name, got in call.results.items():
            seconds = mistakes.SECONDS_IN_FLOAT64.get((call.method_name, name))
            if seconds and got.dtype.itemsize > call.batch.dtype.itemsize:
                where = call.layer.source(call.method, name)
                return say(*mistakes.IN_FLOAT64).format(where, got.dtype, call.batch.dtype, seconds)
    return ""
