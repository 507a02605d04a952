"""The whole network in small: it is trained, saved, loaded and read, as main.py does in large.

What every check of a single method lets pass and this road does not would otherwise end a training.
"""

import io
from functools import partial

import numpy as np

from support import weights
from support.gradient_check import numerical, source
from support.gradient_check.judge import FaultError
from support.gradient_check.layers import LAYERS, TOLERANCE
from support.gradient_check.limits import last_frame, message_of
from support.gradient_check.numerical import relative_error
from support.language import say

IN_FEATURES, HIDDEN, CLASSES = 3, 4, 2
FULL_BATCH, LEFT_OVER = 4, 3
EPOCHS = 2
LAYER_NAMED = {layer.name: layer for layer in LAYERS}
LEARNING_RATE, MOMENTUM, WEIGHT_DECAY = 0.1, 0.9, 1e-4


class WrongError(Exception):
    """Something on the road is wrong; the argument says what."""


def check_network(model):
    """Walk the whole road; return '' if all goes well, raise FaultError otherwise."""
    try:
        with np.errstate(all="ignore"):
            _walk(model)
    except WrongError as error:
        wrong, place = str(error), None
    except (Exception, SystemExit) as error:
        wrong, place = message_of(error), last_frame(error, model.__file__)[1]
        if place:
            method = _method_at(place)
            wrong += say(
                f"\nin {method}: `{place.source}`", f"\n出错的是 {method}：`{place.source}`"
            )
    else:
        return ""
    about = f"MLP({IN_FEATURES}, [{HIDDEN}], {CLASSES})"
    raise FaultError("network", f"{about}: {wrong}", place=place)


def _method_at(place):
    """Return the dotted name of the function that a line belongs to."""
    lines = source.lines_of(place.path)
    above = [name for name, line in lines.items() if line <= place.line]
    return max(above, key=lines.get, default="model.py")


def _walk(model):
    rng = np.random.default_rng(4)
    network = model.MLP(IN_FEATURES, [HIDDEN], CLASSES, rng)
    _check_layers(network)
    loss_function = model.CrossEntropyLoss()
    x = rng.normal(size=(FULL_BATCH + LEFT_OVER, IN_FEATURES)).astype(np.float32)
    y = np.eye(CLASSES, dtype=np.float32)[rng.integers(0, CLASSES, len(x))]
    velocities = [(np.zeros_like(linear.W), np.zeros_like(linear.b)) for linear in network.linears]

    for _ in range(EPOCHS):
        for rows in (slice(0, FULL_BATCH), slice(FULL_BATCH, None)):
            y_hat = network.forward(x[rows])
            float(loss_function.forward(y_hat, y[rows]))
            network.backward(loss_function.backward())
            _compare_gradients(network, x[rows], y[rows])
            _step(network.linears, velocities)
        # As after each epoch: forward alone, of other rows than in the training.
        float(loss_function.forward(network.forward(x), y))

    _save_load_and_read(model, network, x)


def _check_layers(network):
    """Raise WrongError if MLP is made of other layers than the checks know, or in a wrong order."""
    names = [type(layer).__name__ for layer in network.layers]
    for i, name in enumerate(names):
        if name not in LAYER_NAMED:
            raise WrongError(
                say(f"layers[{i}] is of the class {name}", f"layers[{i}] 的类是 {name}")
                + say(", which the checks do not know", "，检查程序不认识它")
            )
        is_last = i == len(names) - 1
        if is_last != (name == "Softmax"):
            raise WrongError(
                say(f"layers[{i}] is a {name}", f"layers[{i}] 是 {name}")
                + say("; the last layer, and no other, is Softmax", "；只有最后一层是 Softmax")
            )


def _compare_gradients(network, x, y):
    """Raise WrongError if a gradient is not that found by nudging every weight."""
    for i, linear in enumerate(network.linears):
        for name, got in (("W", linear.grad_W), ("b", linear.grad_b)):
            weight = np.asarray(getattr(linear, name), np.float64)
            right = numerical.slopes(partial(_slow_loss, network, x, y, linear, name), weight)
            worst = np.max(relative_error(got, right))
            if worst > TOLERANCE["float32"]:
                error = say(f"relative error {worst:.2g}", f"相对误差 {worst:.2g}")
                raise WrongError(f"linears[{i}].grad_{name}: {error}")


def _slow_loss(network, x, y, changed, weight, array):
    """Return the network's loss by the slow formulas, with `array` as a weight of `changed`."""
    for layer in network.layers:
        known = LAYER_NAMED[type(layer).__name__]
        arrays = {"x": x}
        for name in known.weights:
            arrays[name] = np.asarray(getattr(layer, name), np.float64)
        if layer is changed:
            arrays[weight] = array
        x = known.output_for(arrays)
    return numerical.cross_entropy(x.tolist(), y.tolist())


def _step(linears, velocities):
    """Move the weights as SGD in main.py does."""
    for linear, velocity in zip(linears, velocities, strict=True):
        velocity_W, velocity_b = velocity
        velocity_W *= MOMENTUM
        velocity_W += linear.grad_W + WEIGHT_DECAY * linear.W
        velocity_b *= MOMENTUM
        velocity_b += linear.grad_b
        linear.W -= LEARNING_RATE * velocity_W
        linear.b -= LEARNING_RATE * velocity_b


def _save_load_and_read(model, network, x):
    """Raise WrongError if a network that was saved and loaded reads other than before."""
    content = weights.packed(network)
    loaded, _ = weights.load(io.BytesIO(content), model.MLP)
    one = x[:1]
    before, after = network.forward(one), loaded.forward(one)
    if np.max(relative_error(after, before)) > TOLERANCE["float32"]:
        raise WrongError(
            say("saved and loaded, it gives other numbers", "保存后再读取，结果就不同了")
        )
