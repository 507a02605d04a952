"""Wrong formulas and exceptions that are often met, and what to say about each: a table, no code.

diagnosis.py evaluates the formulas on the inputs of the call that went wrong. The one that gives
the student's numbers (or fails where the student's code failed, on the same shapes) is taken for
the mistake. To add a mistake, add a row. A formula may use

    x, W, b, grad_y, y_hat, y      what went into the call, and for a layer y, what has to come out
    grad_x, grad_W, grad_b, loss   the other right results
    right                          the right result in question
    old_x, old_y, old_right, ...   the same of the call before
    W_init, b_init                 the weights that __init__ made
    n, d, m (D is d)               rows of the batch, columns of the input and of the output
    coarse, tiny, limit, ...       any of the numbers in TRIED; {coarse} in the text is that number

and may begin with assignments: `e = np.exp(x); e / e.sum()`.
"""

# fmt: off
TRIED = {
    "coarse": ("1", "0.5", "0.3", "0.2", "0.1", "0.05", "0.01", "5e-3", "1e-3", "1e-4", "5e-5",
               "2e-5", "1e-5"),
    "tiny": ("1e-5", "1e-6", "1e-7", "1e-8", "1e-9", "1e-10", "1e-12", "1e-15", "1e-16", "1e-20"),
    "limit": ("1", "2", "3", "5", "6", "8", "10", "12", "20", "30", "50", "80", "88", "100", "200",
              "300", "500", "700", "709"),
    "places": ("1", "2", "3", "4"),
    "size": ("5", "10", "32", "60", "64", "100", "128", "256", "784", "1000"),
}

# What the report quotes beside a mistake.
FORMULAS = {
    "Linear.forward": "Y = XW + b",
    "Linear.backward": "dL/dW = X^T dL/dY,  dL/db = sum of the rows of dL/dY,  dL/dX = dL/dY W^T",
    "Sigmoid.forward": "y = 1 / (1 + exp(-x))",
    "Sigmoid.backward": "dL/dx = dL/dy * y * (1 - y)",
    "Softmax.forward": "y_i = exp(x_i) / sum_j exp(x_j), each row on its own",
    "Softmax.backward": "dL/dx_i = y_i * (dL/dy_i - sum_j dL/dy_j y_j), each row on its own",
    "CrossEntropyLoss.forward": "L = -1/N sum_n sum_i y_ni log(y_hat_ni), N the number of rows",
    "CrossEntropyLoss.backward": "dL/dy_hat = -y / y_hat / N, N the number of rows",
}

# MISTAKES[method, result]: {formula: what it is}; the first that fits is taken.
MISTAKES = {}

NO_BIAS = "the bias is missing. Y = XW + b: add self.b; its one row is added to every row."
W_TRANSPOSED = (
    "W is transposed, and should not be. x is (n, d) and W (d, m): the inner sizes d agree in "
    "x @ W, and the result is (n, m)."
)
X_TRANSPOSED = (
    "x is transposed, and should not be. Each row of x is a sample: (n, d) @ (d, m) is (n, m)."
)
ORDER = (
    "the factors of the product stand in the wrong order. Samples are rows here, so it is XW, "
    "x @ W, where other books write W x with samples as columns."
)
RESHAPED = (
    "reshape does not transpose: it keeps the order of the numbers and cuts them into other rows."
)
OLD_W = (
    "the weights are old ones: a copy of W or b was kept from an earlier call or from __init__. "
    "Training changes them, so use self.W and self.b afresh in every call."
)
MISTAKES["Linear.forward", "y"] = {
    "x @ W": NO_BIAS,
    "x @ W - b": "the sign of the bias is wrong, b is subtracted. Y = XW + b.",
    "x @ W.T + b": W_TRANSPOSED,
    "x.T @ W + b": X_TRANSPOSED,
    "x.T @ W.T + b": "x and W are both transposed, and neither should be: x @ W.",
    "W @ x + b": ORDER,
    "W.T @ x + b": ORDER,
    "W @ x.T + b": ORDER,
    "W.T @ x.T + b": ORDER + " (b, a row, then does not fit either.)",
    "W.T @ x.T": ORDER + " The bias is missing too.",
    "W.T @ x.T + b.T": ORDER + " Your result is the transposed one.",
    "x * W + b": "x * W multiplies entry by entry. The matrix product is x @ W.",
    "x @ W * b": "the bias is multiplied, and should be added: Y = XW + b.",
    "x @ (W + b)": "the bias is added to W before the product; add it after: (x @ W) + b.",
    "x @ W + b.sum()": "the bias is summed to one number. Each column has its own: + self.b.",
    "x @ W + b.mean()": "the bias is averaged to one number. Each column has its own: + self.b.",
    "x @ W + b[0, 0]":
        "one number of the bias is added to all columns. Each has its own: + self.b.",
    "x @ W + b.T": "the bias is transposed to a column. It is a row, (1, m), added to each row.",
    "x @ W + 1": "1 is added where the bias should be: + self.b.",
    "x @ W + 2 * b": "the bias is added twice.",
    "1 / (1 + np.exp(-(x @ W + b)))": "a sigmoid is applied too. That is a layer of its own.",
    "np.maximum(x @ W + b, 0)": "a ReLU is applied too. Linear ends with the bias: XW + b.",
    "np.tanh(x @ W + b)": "a tanh is applied too. Linear ends with the bias: XW + b.",
    "x * W.T + b": "`*` multiplies entry by entry. The matrix product is x @ W.",
    "np.abs(x @ W + b)": "signs are lost: is an absolute value taken?",
    "x @ W.reshape(m, d).T + b": RESHAPED,
    "x.reshape(d, n) @ W": RESHAPED,
    "x @ W_init + b_init": OLD_W,
    "x @ W_init + b": OLD_W,
    "x @ W + b_init": OLD_W,
    "x @ old_W + old_b": OLD_W,
    "x @ old_W + b": OLD_W,
    "x @ W + old_b": OLD_W,
    "old_x @ W + b": "the input is the one of an earlier call. Use the argument x of this call.",
}

GRAD_W_SHAPES = (
    "a factor of grad_W is transposed wrongly, or their order is wrong. dL/dW = X^T dL/dY: "
    "self.x.T @ grad_y is (d, n) @ (n, m) = (d, m), the shape of W."
)
AVERAGED = (
    "the gradient is averaged over the batch (divided by n), and should be summed. The 1/N of the "
    "mean is already in grad_y: the loss has put it there."
)
ACCUMULATED = (
    "the gradients are accumulated from call to call (+=). Every backward has to set them anew (=)."
)
STALE_X = (
    "x comes from an earlier call. Linear.forward has to keep the x of every call anew "
    "(self.x = x), not only the first time."
)
FORGOT_GRAD_Y = "the incoming gradient grad_y is forgotten. By the chain rule it is a factor."
MISTAKES["Linear.backward", "grad_W"] = {
    "grad_y.T @ x": "grad_W is transposed. dL/dW = X^T dL/dY, x.T @ grad_y, is shaped like W.",
    "x @ grad_y": GRAD_W_SHAPES,
    "x @ grad_y.T": GRAD_W_SHAPES,
    "x.T @ grad_y.T": GRAD_W_SHAPES,
    "grad_y @ x": GRAD_W_SHAPES,
    "grad_y @ x.T": GRAD_W_SHAPES,
    "grad_y.T @ x.T": GRAD_W_SHAPES,
    "x * grad_y": "x * grad_y multiplies entry by entry. dL/dW is a matrix product, x.T @ grad_y.",
    "x.T * grad_y": "`*` multiplies entry by entry. dL/dW is a matrix product, x.T @ grad_y.",
    "x.T @ grad_y / n": AVERAGED,
    "x.T @ grad_y / d": "the gradient is divided by d. There is nothing to average: x.T @ grad_y.",
    "x.T @ grad_y / m": "the gradient is divided by m. There is nothing to average: x.T @ grad_y.",
    "x.T @ np.ones_like(grad_y)": FORGOT_GRAD_Y,
    "x.T @ y": "the output y stands where the incoming gradient grad_y should: x.T @ grad_y.",
    "x.T @ grad_y * W": "grad_W is multiplied by W. Y = XW + b is linear in W: x.T @ grad_y.",
    "x[:1].T @ grad_y[:1]": "only the first row of the batch counts. Sum over all rows.",
    "x[-1:].T @ grad_y[-1:]":
        "only the last row of the batch counts: a loop over the rows that sets grad_W each time, "
        "where it should add up?",
    "np.outer(x.sum(axis=0), grad_y.sum(axis=0))":
        "x and grad_y are summed over the batch before they are multiplied. Each sample's x "
        "belongs to its own grad_y: x.T @ grad_y.",
    "np.outer(x.mean(axis=0), grad_y.sum(axis=0))":
        "x is averaged over the batch before the product. Each sample's x belongs to its own "
        "grad_y: x.T @ grad_y.",
    "np.outer(x.mean(axis=0), grad_y.mean(axis=0))":
        "x and grad_y are averaged over the batch before the product. Each sample's x belongs to "
        "its own grad_y: x.T @ grad_y.",
    "y.T @ grad_y": "the output y stands where the input x should: x.T @ grad_y.",
    "x.reshape(d, n) @ grad_y": RESHAPED,
    "x.T @ grad_y + coarse * W":
        "{coarse} W is added, as weight decay does. That is not part of dL/dW.",
    "np.clip(x.T @ grad_y, -limit, limit)":
        "the gradient is clipped at {limit}. Give it as it is.",
    "g = x.T @ grad_y; g / np.linalg.norm(g)":
        "the gradient is divided by its norm. Give it as it is.",
    "old_x.T @ grad_y": STALE_X,
    "x.T @ old_grad_y": "grad_y comes from an earlier call. Use the argument of this one.",
    "old_grad_W + grad_W": ACCUMULATED,
    "W": "grad_W is W itself.",
    "x.T": "the incoming gradient grad_y is forgotten: dL/dW = X^T dL/dY.",
}

GRAD_B_AXIS = (
    "grad_b is summed over the wrong axis. b is added to every row, so its gradient is the sum "
    "over the rows (axis=0), one number for each of the m columns."
)
KEEPDIMS = "grad_b is (m,), but b is (1, m), and its gradient has b's shape: use keepdims=True."
MISTAKES["Linear.backward", "grad_b"] = {
    "grad_y.sum(axis=0)": KEEPDIMS,
    "grad_y.sum(axis=0)[:, None]": "grad_b is a column. b is a row, (1, m): keepdims=True.",
    "grad_y.sum(axis=1, keepdims=True)": GRAD_B_AXIS,
    "grad_y.sum(axis=1)": GRAD_B_AXIS,
    "grad_y.sum()":
        "grad_b is summed over the whole array. Sum over the rows only (axis=0), with "
        "keepdims=True: one number for each column.",
    "grad_y.sum(keepdims=True)":
        "grad_b is summed over the whole array. Sum over the rows only: axis=0.",
    "grad_y.mean(axis=0, keepdims=True)": AVERAGED,
    "grad_y.mean(axis=0)": AVERAGED + " And b is (1, m): keepdims=True.",
    "grad_y.mean(axis=1, keepdims=True)": GRAD_B_AXIS,
    "grad_y.mean(axis=1)": GRAD_B_AXIS,
    "grad_y.mean()": "grad_b is averaged over the whole array. Sum over the rows (axis=0).",
    "grad_y":
        "grad_y is not summed over the batch. Each of its rows has gone through the same b: sum "
        "over the rows, axis=0, keepdims=True.",
    "grad_y[:1]": "only the first row of the batch counts. Sum over all rows, axis=0.",
    "grad_y[0]": "only the first row of the batch counts. Sum over all rows, axis=0.",
    "grad_y[-1:]": "only the last row of the batch counts. Sum over all rows, axis=0.",
    "grad_y[-1]": "only the last row of the batch counts. Sum over all rows, axis=0.",
    "np.ones_like(b)": FORGOT_GRAD_Y + " grad_b sums grad_y over the rows.",
    "np.ones_like(b) * n": FORGOT_GRAD_Y + " grad_b sums grad_y over the rows.",
    "grad_y.sum(axis=0, keepdims=True) * b": "grad_b is multiplied by b. Y = XW + b: dY/db is 1.",
    "old_grad_b + grad_b": ACCUMULATED,
    "b": "grad_b is b itself.",
    "grad_W.sum(axis=0, keepdims=True)":
        "grad_W is summed, and grad_y should be: axis=0, keepdims=True.",
    "old_grad_y.sum(axis=0, keepdims=True)": "grad_y comes from an earlier call.",
}

GRAD_X_SHAPES = (
    "a factor of dL/dX is transposed wrongly, or their order is wrong. dL/dX = dL/dY W^T: "
    "grad_y @ self.W.T is (n, m) @ (m, d) = (n, d), the shape of x."
)
MISTAKES["Linear.backward", "grad_x"] = {
    "grad_y @ W": "W is not transposed. dL/dX = dL/dY W^T: grad_y @ self.W.T is (n, m) @ (m, d).",
    "W @ grad_y": GRAD_X_SHAPES,
    "W.T @ grad_y": GRAD_X_SHAPES,
    "W @ grad_y.T": "the result is transposed. dL/dX = dL/dY W^T, grad_y @ W.T, is shaped like x.",
    "W.T @ grad_y.T": GRAD_X_SHAPES,
    "grad_y.T @ W": GRAD_X_SHAPES,
    "grad_y.T @ W.T": GRAD_X_SHAPES,
    "grad_y * W": "`*` multiplies entry by entry. dL/dX is a matrix product, grad_y @ self.W.T.",
    "grad_y * W.T": "`*` multiplies entry by entry. dL/dX is a matrix product, grad_y @ self.W.T.",
    "grad_y": "the incoming gradient is passed on unchanged. dL/dX = dL/dY W^T.",
    "grad_W": "grad_W is returned. Keep it in self.grad_W; what is returned is dL/dX.",
    "grad_b": "grad_b is returned. Keep it in self.grad_b; what is returned is dL/dX.",
    "grad_y @ W.T / n": AVERAGED,
    "np.ones_like(grad_y) @ W.T": FORGOT_GRAD_Y,
    "W.T": FORGOT_GRAD_Y,
    "y @ W.T": "the output y stands where the incoming gradient grad_y should: grad_y @ W.T.",
    "grad_y @ W.T * x": "it is multiplied by x. Y = XW + b is linear in x: grad_y @ W.T.",
    "grad_y @ W.T + b": "the bias is added. It does not depend on x: grad_y @ W.T.",
    "grad_y @ W.T @ W": "it is multiplied by W once too often.",
    "grad_y @ W.reshape(m, d)": RESHAPED,
    "grad_y @ W.T * x * (1 - x)":
        "the sigmoid's derivative is multiplied in. The layer Sigmoid does that itself.",
    "grad_W @ W.T": "grad_W stands where grad_y should: grad_y @ self.W.T.",
    "grad_y @ old_W.T": OLD_W,
    "grad_y @ W_init.T": OLD_W,
    "old_grad_y @ W.T": "grad_y comes from an earlier call. Use the argument of this one.",
    "x": "x is returned, and dL/dX should be: grad_y @ self.W.T.",
}

MISTAKES["Sigmoid.forward", "y"] = {
    "1 / (1 + np.exp(x))": "the sign of the exponent is wrong: it is exp(-x), with a minus.",
    "np.exp(-x) / (1 + np.exp(-x))":
        "the sign of the exponent is wrong: this is the sigmoid of -x. The fraction is 1 / (1 + "
        "exp(-x)).",
    "np.exp(x) / (1 + np.exp(x))":
        "exp(x) overflows at x = 1000, and inf / inf is nan. This form is good for x < 0 only; for "
        "x > 0 write 1 / (1 + exp(-x)).",
    "np.tanh(x)": "that is tanh, which goes from -1 to 1. The sigmoid goes from 0 to 1.",
    "np.tanh(x / 2)": "that is tanh(x / 2), from -1 to 1. The sigmoid is (1 + tanh(x / 2)) / 2.",
    "(1 + np.tanh(x)) / 2": "with tanh, x has to be halved: (1 + tanh(x / 2)) / 2.",
    "np.maximum(x, 0)": "that is ReLU. The sigmoid is 1 / (1 + exp(-x)).",
    "1 / 1 + np.exp(-x)":
        "parentheses are missing: 1 / 1 + exp(-x) is 1 + exp(-x). Write 1 / (1 + exp(-x)).",
    "1 / (1 - np.exp(-x))": "a sign is wrong below: 1 + exp(-x), not 1 - exp(-x).",
    "1 / np.exp(-x)": "the 1 + is missing below: 1 / (1 + exp(-x)).",
    "np.exp(-x)": "that is exp(-x) alone. The sigmoid is 1 / (1 + exp(-x)).",
    "np.exp(x)": "that is exp(x) alone. The sigmoid is 1 / (1 + exp(-x)).",
    "1 + np.exp(-x)": "that is the denominator. The sigmoid is 1 / (1 + exp(-x)).",
    "1 / (1 + np.exp(-np.abs(x)))":
        "the branch for x < 0 is missing: exp(-|x|) avoids overflow, but for negative x the "
        "fraction is exp(x) / (1 + exp(x)).",
    "1 / (1 + np.exp(-x ** 2))": "x is squared. The sigmoid is 1 / (1 + exp(-x)).",
    "1 / (1 + 2 ** -x)": "the base is 2, and should be e: np.exp.",
    "1 / (1 + 10 ** -x)": "the base is 10, and should be e: np.exp.",
    "1 / (1 + x)": "exp is missing: 1 / (1 + exp(-x)).",
    "1 / (1 - x)": "exp is missing: 1 / (1 + exp(-x)).",
    "x / (1 + np.abs(x))": "that is softsign. The sigmoid is 1 / (1 + exp(-x)).",
    "np.log(1 + np.exp(x))": "that is softplus. The sigmoid is 1 / (1 + exp(-x)).",
    "np.log(1 / (1 + np.exp(-x)))": "that is the logarithm of the sigmoid.",
    "y * (1 - y)": "that is the derivative. forward returns y itself, 1 / (1 + exp(-x)).",
    "x * y": "the sigmoid is multiplied by x.",
    "1 - y": "that is 1 - sigmoid(x), the sigmoid of -x: the sign of the exponent is wrong.",
    "1 / (1 + np.exp(-y))": "the sigmoid is applied twice.",
    "np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)":
        "that is Softmax. The sigmoid takes each entry on its own: 1 / (1 + exp(-x)).",
    "np.exp(x) / np.exp(x).sum()":
        "that is a softmax of the whole array. The sigmoid takes each entry on its own: 1 / (1 + "
        "exp(-x)).",
    "1 / (1 + np.exp(-x / 2))": "x is halved. The sigmoid is 1 / (1 + exp(-x)).",
    "1 / (1 + np.exp(-2 * x))": "x is doubled. The sigmoid is 1 / (1 + exp(-x)).",
    "np.clip(0.2 * x + 0.5, 0, 1)":
        "that is a straight line (hard sigmoid). The sigmoid is 1 / (1 + exp(-x)).",
    "x": "x is returned as it came. The sigmoid is 1 / (1 + exp(-x)).",
    "(x > 0) * 1.0": "that is a step. The sigmoid is 1 / (1 + exp(-x)).",
    "np.round(y)": "the result is rounded.",
    "1 / (1 + np.exp(-np.clip(x, -limit, limit)))":
        "x is clipped at {limit}, which is too coarse: the sigmoid is visibly wrong beyond. exp "
        "holds up to 88 in float32, 709 in float64.",
}

MISTAKES["Sigmoid.backward", "grad_x"] = {
    "y * (1 - y)": FORGOT_GRAD_Y + " dL/dx = grad_y * y * (1 - y).",
    "grad_y * x * (1 - x)":
        "the derivative is taken at the input x. y * (1 - y) needs the output y = sigmoid(x): keep "
        "y in forward and use that.",
    "x * (1 - x)":
        "the derivative is taken at the input x, and grad_y is forgotten. It is grad_y * y * (1 - "
        "y), with the output y.",
    "grad_y * (1 - y)": "a factor y is missing: the derivative is y * (1 - y).",
    "grad_y * y": "a factor (1 - y) is missing: the derivative is y * (1 - y).",
    "grad_y * (1 - y ** 2)":
        "1 - y**2 is the derivative of tanh. That of the sigmoid is y * (1 - y).",
    "grad_y * y * (1 + y)": "a sign is wrong: y * (1 - y), not y * (1 + y).",
    "grad_y * y * (y - 1)": "the sign is wrong: y * (1 - y), not y * (y - 1).",
    "grad_y * (y - y ** 2) / 2": "there is a factor 1/2 too much.",
    "grad_y * y ** 2": "y is squared: the derivative is y * (1 - y).",
    "grad_y * y ** 2 * (1 - y)": "there is a factor y too much: the derivative is y * (1 - y).",
    "grad_y * y * (1 - y) ** 2": "there is a factor (1 - y) too much.",
    "grad_y * y - y": "parentheses are missing: grad_y * y * (1 - y).",
    "grad_y * y * 1 - y": "parentheses are missing: grad_y * y * (1 - y).",
    "grad_y": "the incoming gradient is passed on unchanged. Multiply it by y * (1 - y).",
    "grad_y + y * (1 - y)":
        "grad_y is added. By the chain rule it is multiplied: grad_y * y * (1 - y).",
    "grad_y * (1 - grad_y)": "grad_y stands where the output y should: grad_y * y * (1 - y).",
    "grad_y * grad_y * (1 - grad_y)":
        "grad_y stands where the output y should: grad_y * y * (1 - y).",
    "y * (1 - y) * x": "x stands where the incoming gradient should: grad_y * y * (1 - y).",
    "grad_y * y * (1 - y) * x": "there is a factor x too much.",
    "grad_y / (1 + np.exp(-y)) * (1 - 1 / (1 + np.exp(-y)))":
        "the sigmoid is applied twice: y is sigmoid(x) already. The derivative is y * (1 - y).",
    "1 / (1 + np.exp(-grad_y)) * (1 - 1 / (1 + np.exp(-grad_y)))":
        "the sigmoid of grad_y is taken. The derivative is that at the input of forward: grad_y * "
        "y * (1 - y).",
    "grad_y * np.exp(-x) / (1 + np.exp(-x)) ** 2":
        "exp(-x) overflows at x = -1000, and inf / inf is nan. Use the output that forward has "
        "kept: y * (1 - y).",
    "grad_y * np.exp(x) / (1 + np.exp(x)) ** 2":
        "exp(x) overflows at x = 1000, and inf / inf is nan. Use the output that forward has kept: "
        "y * (1 - y).",
    "grad_y * np.exp(-x) / (1 + np.exp(-x))":
        "the square below is missing: exp(-x) / (1 + exp(-x))**2, which is y * (1 - y).",
    "grad_y @ (y * (1 - y))": "`@` is the matrix product. The sigmoid works entry by entry: `*`.",
    "grad_y @ (y * (1 - y)).T": "`@` is the matrix product. The sigmoid works entry by entry: `*`.",
    "grad_y.T @ (y * (1 - y))": "`@` is the matrix product. The sigmoid works entry by entry: `*`.",
    "grad_y * (x > 0)": "that is the derivative of ReLU. The sigmoid's is y * (1 - y).",
    "grad_y * y - (grad_y * y).sum(axis=1, keepdims=True) * y":
        "that is the gradient of Softmax. The sigmoid works entry by entry: grad_y * y * (1 - y).",
    "grad_y * y * (1 - grad_y)":
        "grad_y stands where the output y should: grad_y * y * (1 - y).",
    "y * (1 - grad_y)": "grad_y stands where the output y should: grad_y * y * (1 - y).",
    "grad_y * y * (1 - x)":
        "the input x stands where the output y should: grad_y * y * (1 - y).",
    "grad_y * y - y ** 2": "grad_y is a factor of both terms: grad_y * (y - y**2).",
    "grad_y - y * (1 - y)":
        "grad_y is not multiplied. By the chain rule it is a factor: grad_y * y * (1 - y).",
    "grad_y / (y * (1 - y))": "it is divided by the derivative. Multiply: grad_y * y * (1 - y).",
    "grad_y * 0.25": "0.25 is the derivative at x = 0 only: grad_y * y * (1 - y).",
    "grad_y * y.T": "something is transposed. The sigmoid works entry by entry, without .T.",
    "grad_y * old_y * (1 - old_y)":
        "y comes from an earlier call. Sigmoid.forward has to keep its output anew in every call.",
    "old_grad_y * y * (1 - y)": "grad_y comes from an earlier call. Use the argument.",
}

EACH_ROW = "Each row is a sample and is normalised on its own: axis=1, keepdims=True."
NO_MAX = (
    "the maximum is not subtracted: exp(1000) overflows to inf, and exp(-1000) is 0, so that a row "
    "becomes inf / inf or 0 / 0, which is nan. Subtract from each row its own maximum before exp."
)
ROW_MAX = "Subtract from each row its own maximum: x.max(axis=1, keepdims=True)."
NO_KEEPDIMS = (
    "keepdims=True is missing. A sum or max over axis=1 has the shape (n,), which does not line up "
    "with the rows of an (n, D) array; with keepdims it is (n, 1)."
)
BOTH_PLACES = "Use the same exp(x - max) in both places."
NORM = "it is divided by the norm, the root of the sum of squares, and should be by the sum."
CLIPPED = (
    "x is clipped at {limit}, which makes 998, 999 and 1000 the same. Subtract the row's maximum, "
    "and do not clip."
)
MISTAKES["Softmax.forward", "y"] = {
    "e = np.exp(x); e / e.sum(axis=0)":
        "it is normalised over the batch (axis=0): the columns sum to 1, and the rows should. "
        + EACH_ROW,
    "e = np.exp(x - x.max()); e / e.sum(axis=0)":
        "it is normalised over the batch (axis=0): the columns sum to 1, and the rows should. "
        + EACH_ROW,
    "e = np.exp(x - x.max(axis=0)); e / e.sum(axis=0)":
        "it is normalised over the batch (axis=0): the columns sum to 1, and the rows should. "
        + EACH_ROW,
    "e = np.exp(x - x.max(axis=1, keepdims=True)); e / e.sum(axis=0)":
        "it is normalised over the batch (axis=0): the columns sum to 1, and the rows should. "
        + EACH_ROW,
    "e = np.exp(x); e / e.sum()": "it is normalised over the whole array. " + EACH_ROW,
    "e = np.exp(x - x.max()); e / e.sum()": "it is normalised over the whole array. " + EACH_ROW,
    "e = np.exp(x - x.max(axis=1, keepdims=True)); e / e.sum()":
        "it is normalised over the whole array. " + EACH_ROW,
    "e = np.exp(x); e / e.sum(axis=1, keepdims=True)": NO_MAX,
    "e = np.exp(x - x.max()); e / e.sum(axis=1, keepdims=True)":
        "one maximum is subtracted for the whole batch: a row far below it becomes 0 / 0, nan. "
        + ROW_MAX,
    "e = np.exp(x - x.max(axis=0)); e / e.sum(axis=1, keepdims=True)":
        "the maximum of each column (axis=0) is subtracted. " + ROW_MAX,
    "e = np.exp(x - x.min(axis=1, keepdims=True)); e / e.sum(axis=1, keepdims=True)":
        "the minimum is subtracted, and exp of a large difference overflows. " + ROW_MAX,
    "e = np.exp(x - x.mean(axis=1, keepdims=True)); e / e.sum(axis=1, keepdims=True)":
        "the mean is subtracted, and exp of a large difference overflows. " + ROW_MAX,
    "e = np.exp(x + x.max(axis=1, keepdims=True)); e / e.sum(axis=1, keepdims=True)":
        "the maximum is added, and exp overflows. " + ROW_MAX,
    "e = np.exp(x); e / e.sum(axis=1)": NO_KEEPDIMS,
    "x - x.max(axis=1)": NO_KEEPDIMS,
    "e = np.exp(x - x.max(axis=1, keepdims=True)); e / np.exp(x).sum(axis=1, keepdims=True)":
        "the maximum is subtracted above the fraction line but not below. " + BOTH_PLACES,
    "e = np.exp(x - x.max(axis=1, keepdims=True)); np.exp(x) / e.sum(axis=1, keepdims=True)":
        "the maximum is subtracted below the fraction line but not above. " + BOTH_PLACES,
    "np.exp(x)": "it is not normalised: divide by the sum over the row. " + EACH_ROW,
    "e = np.exp(x); e / e.sum(axis=1).reshape(1, -1)": NO_KEEPDIMS,
    "x - x.max(axis=1).reshape(1, -1)": NO_KEEPDIMS,
    "np.exp(x - x.max(axis=1, keepdims=True))":
        "it is not normalised: divide by the sum over the row. " + EACH_ROW,
    "np.exp(x - x.max())": "it is not normalised: divide by the sum over the row. " + EACH_ROW,
    "x / x.sum(axis=1, keepdims=True)": "exp is missing: exp(x_i) / sum_j exp(x_j).",
    "e = np.exp(-x); e / e.sum(axis=1, keepdims=True)":
        "the sign of the exponent is wrong: exp(x), without a minus.",
    "e = np.exp(x); e / e.mean(axis=1, keepdims=True)":
        "it is divided by the mean over the row, and should be by the sum.",
    "e = np.exp(x - x.max(axis=1, keepdims=True)); e / e.mean(axis=1, keepdims=True)":
        "it is divided by the mean over the row, and should be by the sum.",
    "x - np.log(np.exp(x).sum(axis=1, keepdims=True))":
        "that is the logarithm of the softmax. Return the probabilities themselves.",
    "e = np.exp(x); e / (1 + e.sum(axis=1, keepdims=True))": "there is a 1 too much below.",
    "e = np.exp(x - x.max(axis=1, keepdims=True)); e / (1 + e.sum(axis=1, keepdims=True))":
        "there is a 1 too much below.",
    "e = np.exp(x / 2); e / e.sum(axis=1, keepdims=True)": "x is halved (a temperature?).",
    "e = np.exp(x / np.sqrt(D)); e / e.sum(axis=1, keepdims=True)":
        "x is divided by a number (a temperature?).",
    "e = np.exp(np.abs(x)); e / e.sum(axis=1, keepdims=True)":
        "signs are lost: is an absolute value taken?",
    "x.argmax(axis=1)":
        "that is the number of the largest entry in each row (argmax). Return all probabilities.",
    "y.max(axis=1)": "only the largest probability of each row is there. Return all of them.",
    "1 / (1 + np.exp(-x))":
        "that is the sigmoid of each entry. Softmax divides exp by its sum over the row.",
    "e = 2 ** x; e / e.sum(axis=1, keepdims=True)": "the base is 2, and should be e: np.exp.",
    "np.eye(D)[x.argmax(axis=1)]":
        "that is 1 for the largest entry and 0 elsewhere (argmax). Softmax shares the 1 out.",
    "e = np.exp(y); e / e.sum(axis=1, keepdims=True)": "Softmax is applied twice.",
    "e = np.exp(x); e / np.linalg.norm(e, axis=1, keepdims=True)": NORM,
    "e = np.exp(x - x.max(axis=1, keepdims=True)); e / np.linalg.norm(e, axis=1, keepdims=True)":
        NORM,
    "x": "x is returned as it came.",
    "e = np.exp(np.clip(x, -limit, limit)); e / e.sum(axis=1, keepdims=True)": CLIPPED,
    "e = np.exp(np.minimum(x, limit)); e / e.sum(axis=1, keepdims=True)": CLIPPED,
}

ONE_JACOBIAN = (
    "y is a whole batch here, and each of its rows has its own Jacobian, diag(y_row) - "
    "outer(y_row, y_row). Do it row by row, or use the sum below, which needs no Jacobian."
)
MISTAKES["Softmax.backward", "grad_x"] = {
    "grad_y * y * (1 - y)":
        "only the diagonal of the Jacobian is used: how y_i changes with its own x_i, by "
        "y_i (1 - y_i), as in the sigmoid. But x_i also changes every other y_j of its row, by "
        "-y_i y_j, because they share one sum. Older notes leave that out.",
    "grad_y":
        "the incoming gradient is passed on unchanged, as if Softmax and loss were one function. "
        "Here each has its own backward.",
    "y * (1 - y)":
        "the incoming gradient grad_y is forgotten, and only the Jacobian's diagonal is there.",
    "y * (grad_y - (grad_y * y).sum())":
        "the sum runs over the whole array. It runs over each row: axis=1, keepdims=True.",
    "y * (grad_y - (grad_y * y).sum(axis=0))":
        "the sum runs over the batch (axis=0). It runs over each row: axis=1, keepdims=True.",
    "y * (grad_y - (grad_y * y).sum(axis=1))": NO_KEEPDIMS,
    "y * (grad_y - (grad_y * y).mean(axis=1, keepdims=True))":
        "the mean over the row is subtracted, and should be the sum.",
    "y * (grad_y - grad_y.sum(axis=1, keepdims=True))": "a factor y is missing inside the sum.",
    "y * (grad_y - grad_y.mean(axis=1, keepdims=True))": "the mean of grad_y is subtracted.",
    "grad_y - (grad_y * y).sum(axis=1, keepdims=True)": "the factor y in front is missing.",
    "grad_y - y * (grad_y * y).sum(axis=1, keepdims=True)":
        "a factor y is missing at the first grad_y.",
    "grad_y * y - (grad_y * y).sum(axis=1, keepdims=True)": "the factor y is missing at the sum.",
    "y * (grad_y + (grad_y * y).sum(axis=1, keepdims=True))":
        "a sign is wrong: the sum is subtracted, because -y_i y_j stands beside the diagonal.",
    "grad_y * (y - (y * y).sum(axis=1, keepdims=True))":
        "grad_y stands outside the sum, and belongs inside.",
    "grad_y * y * (1 - y.sum(axis=1, keepdims=True))":
        "the rows of y sum to 1, so that this is 0. grad_y belongs inside the sum.",
    "-y * ((grad_y * y).sum(axis=1, keepdims=True) - grad_y * y)":
        "the diagonal of the Jacobian is missing, only -y_i y_j beside it is used.",
    "-y * (grad_y * y).sum(axis=1, keepdims=True)": "the first term is missing.",
    "y * (grad_y * y).sum(axis=1, keepdims=True)": "the first term is missing.",
    "grad_y * y": "the sum over the row is missing.",
    "grad_y * (1 - y)": "that is neither the diagonal nor the sum.",
    "y - grad_y":
        "that is the shortcut y_hat - y of Softmax and loss together. grad_y is not the label but "
        "the incoming gradient.",
    "(y - grad_y) / n":
        "that is the shortcut (y_hat - y) / N of Softmax and loss together. grad_y is not the "
        "label but the incoming gradient.",
    "grad_y - y": "grad_y is not the label but the incoming gradient.",
    "y * (grad_y - y)": "y stands where the sum should.",
    "y * (1 - grad_y)": "the sum over the row is missing.",
    "x * (grad_y - (grad_y * x).sum(axis=1, keepdims=True))":
        "the input x is used, and should be the output y of forward.",
    "grad_y * x * (1 - x)":
        "the input x is used in place of the output y, and only the diagonal of the Jacobian.",
    "grad_y @ (np.diag(y[0]) - np.outer(y[0], y[0]))":
        "the Jacobian of the first row is used for all rows. Each row has its own.",
    "grad_y @ (np.diag(y[-1]) - np.outer(y[-1], y[-1]))":
        "the Jacobian of the last row is used for all rows. Each row has its own.",
    "grad_y @ (np.diag(y.mean(axis=0)) - y.T @ y / n)":
        "one averaged Jacobian is used for all rows. Each row has its own.",
    "grad_y @ (np.diag(y.sum(axis=0)) - y.T @ y)":
        "one Jacobian is used for all rows. Each row has its own.",
    "np.diag(y) - y @ y.T": ONE_JACOBIAN,
    "np.diag(y) - y.T @ y": ONE_JACOBIAN,
    "np.diag(y) - np.outer(y, y)": ONE_JACOBIAN,
    "np.diag(y.ravel()) @ grad_y": ONE_JACOBIAN,
    "grad_y @ (np.diag(y[0]) - y.T @ y)": ONE_JACOBIAN,
    "grad_y @ (np.eye(D) - y.T @ y)": ONE_JACOBIAN,
    "y * (grad_y - grad_y.max(axis=1, keepdims=True))":
        "the largest entry is subtracted, and should be the sum over the row of grad_y * y.",
    "(y[:, :, None] * np.eye(D) - y[:, :, None] * y[:, None, :]).sum(axis=1)": FORGOT_GRAD_Y,
    "y[:, :, None] * np.eye(D) - y[:, :, None] * y[:, None, :]":
        "the Jacobian itself is returned, one matrix for each row. Multiply each by its row of "
        "grad_y.",
    "old_y * (grad_y - (grad_y * old_y).sum(axis=1, keepdims=True))":
        "y comes from an earlier call. Softmax.forward has to keep its output anew in every call.",
    "y * (old_grad_y - (old_grad_y * y).sum(axis=1, keepdims=True))":
        "grad_y comes from an earlier call. Use the argument.",
}

LOG_0 = (
    "log(0) is -inf, and 0 * -inf is nan. Keep the logarithm away from 0: log(y_hat + 1e-12), or "
    "clip y_hat first."
)
ARRAY = "The loss is one number: sum over everything, divide by N."
N_MISSING = (
    "the division by N, the number of samples (rows), is missing. The loss is the mean over them."
)
MISTAKES["CrossEntropyLoss.forward", "loss"] = {
    "-(y * np.log(y_hat)).sum() / n": LOG_0,
    "-np.log((y * y_hat).sum(axis=1)).mean()": LOG_0,
    "-(y * np.log(y_hat)).sum()": N_MISSING,
    "-(y * np.log(y_hat)).sum() / D":
        "it is divided by the number of classes (columns), and should be by N, the number of "
        "samples (rows).",
    "-(y * np.log(y_hat)).sum() / (n * D)":
        "it is averaged over all elements, rows times classes (np.mean?), and should be divided by "
        "N, the number of samples (rows), only.",
    "-(y * np.log(y_hat)).sum() / n ** 2": "it is divided by N twice.",
    "(y * np.log(y_hat)).sum() / n":
        "the sign is wrong: the minus in front is missing. log(y_hat) is negative, the loss is "
        "positive.",
    "(y * np.log(y_hat)).sum()":
        "the minus in front is missing (sign), and so is the division by N, the number of samples.",
    "(y * np.log(y_hat)).sum() / (n * D)":
        "the minus in front is missing (sign), and it is averaged over all elements instead of the "
        "N rows.",
    "-(y * np.log2(y_hat)).sum() / n":
        "the base of the logarithm is 2 (log2), and should be e: np.log.",
    "-(y * np.log10(y_hat)).sum() / n":
        "the base of the logarithm is 10 (log10), and should be e: np.log.",
    "-(y * np.log2(y_hat)).sum()":
        "the base of the logarithm is 2, and should be e; and " + N_MISSING,
    "-(y * np.log10(y_hat)).sum()":
        "the base of the logarithm is 10, and should be e; and " + N_MISSING,
    "-(y * np.log1p(y_hat)).sum() / n": "np.log1p(v) is log(1 + v). The loss needs np.log(v).",
    "(y * np.log1p(y_hat)).sum() / n": "np.log1p(v) is log(1 + v). The loss needs -np.log(v).",
    "-(y * np.log(y_hat)).sum(axis=1)":
        "that is an array, one loss for each row, and not their mean. " + ARRAY,
    "-(y * np.log(y_hat)).sum(axis=1, keepdims=True)":
        "that is an array, one loss for each row. " + ARRAY,
    "-(y * np.log(y_hat)).sum(axis=1) / n":
        "that is an array, one number for each row: the sum over the rows is missing. " + ARRAY,
    "-(y * np.log(y_hat)).sum(axis=1, keepdims=True) / n":
        "that is an array, one number for each row: the sum over the rows is missing. " + ARRAY,
    "-(y * np.log(y_hat)).sum(axis=0) / n":
        "that is an array, one number for each class. " + ARRAY,
    "-(y * np.log(y_hat)).mean(axis=0)": "that is an array, one number for each class. " + ARRAY,
    "-(y * np.log(y_hat)).sum(axis=0)": "that is an array, one number for each class. " + ARRAY,
    "-(y * np.log(y_hat)).mean(axis=1)": "that is an array, one number for each row. " + ARRAY,
    "-y * np.log(y_hat)": "that is an array, nothing is summed yet. " + ARRAY,
    "-y * np.log(y_hat) / n": "that is an array, nothing is summed yet. " + ARRAY,
    "-np.log(y_hat)": "that is an array, and the labels y are not used. " + ARRAY,
    "np.array([-(y * np.log(y_hat)).sum() / n])":
        "that is an array holding one number. Return the number: float(...).",
    "np.array([[-(y * np.log(y_hat)).sum() / n]])":
        "that is an array holding one number. Return the number, without keepdims.",
    "-(y * np.log(y_hat) + (1 - y) * np.log(1 - y_hat)).sum() / n":
        "that is the binary cross-entropy. With one-hot classes the term (1 - y) log(1 - y_hat) "
        "does not belong here.",
    "-(y * np.log(y_hat) + (1 - y) * np.log(1 - y_hat)).mean()":
        "that is the binary cross-entropy, averaged over all elements. The term (1 - y) log(1 - "
        "y_hat) does not belong here, and the mean is over the N rows.",
    "-(y * np.log(y_hat) + (1 - y) * np.log(1 - y_hat)).sum()":
        "that is the binary cross-entropy. The term (1 - y) log(1 - y_hat) does not belong here; "
        "and " + N_MISSING,
    "y @ np.log(y_hat)":
        "`@` and np.dot are the matrix product. Here it is entry by entry: y * np.log(y_hat).",
    "-(y @ np.log(y_hat).T)":
        "`@` and np.dot are the matrix product. Here it is entry by entry: y * np.log(y_hat).",
    "-(y @ np.log(y_hat).T).sum() / n":
        "`@` and np.dot pair every row with every other. Here it is entry by entry: "
        "y * np.log(y_hat).",
    "-np.log(y_hat[np.arange(n), y.argmax()]).mean()":
        "argmax() without axis=1 is one number for the whole batch. Each row has its own class.",
    "-np.log(y_hat[y.argmax(axis=1)]).mean()":
        "the class number is used as a row number: y_hat[np.arange(n), classes].",
    "-(y_hat * np.log(y)).sum() / n":
        "y and y_hat are swapped: the logarithm is of the prediction y_hat, y is the weight in "
        "front.",
    "-(y_hat * np.log(y)).sum()": "y and y_hat are swapped: the logarithm is of the prediction.",
    "-(y_hat * np.log(y + tiny)).sum() / n":
        "y and y_hat are swapped: the logarithm is of the prediction y_hat, y is the weight in "
        "front.",
    "-(y_hat * np.log(np.clip(y, tiny, 1 - tiny))).sum() / n":
        "y and y_hat are swapped: the logarithm is of the prediction y_hat, y is the weight in "
        "front.",
    "-np.log(y_hat).sum() / n":
        "the labels y are not used: only the probability of the right class counts, y * "
        "log(y_hat).",
    "-np.log(y_hat).sum()": "the labels y are not used: y * log(y_hat).",
    "-np.log(y_hat).mean()":
        "the labels y are not used: y * log(y_hat), and the mean is over the N rows.",
    "-np.log((y * y_hat).sum() / n)":
        "the mean is taken before the logarithm. Take the logarithm of each row's probability, "
        "then the mean.",
    "-np.log((y * y_hat).sum())":
        "the sum is taken before the logarithm. Take the logarithm of each row's probability, then "
        "the mean.",
    "-(y * y_hat).sum() / n": "the logarithm is missing: y * log(y_hat).",
    "(y * y_hat).sum() / n": "the logarithm and the minus are missing: -y * log(y_hat).",
    "-(y_hat * np.log(y_hat)).sum() / n":
        "that is the entropy of y_hat, the labels y are not used: y * log(y_hat).",
    "-(y - np.log(y_hat)).sum() / n": "y is to be multiplied by the logarithm: y * log(y_hat).",
    "((y_hat - y) ** 2).sum() / n":
        "that is the squared error. Cross-entropy is -sum y log(y_hat) / N.",
    "((y_hat - y) ** 2).sum() / (2 * n)": "that is the squared error, not cross-entropy.",
    "((y_hat - y) ** 2).sum() / 2": "that is the squared error, not cross-entropy.",
    "((y_hat - y) ** 2).mean()": "that is the squared error (MSE), not cross-entropy.",
    "((y_hat - y) ** 2).sum()": "that is the squared error, not cross-entropy.",
    "np.abs(y_hat - y).sum() / n": "that is the absolute error, not cross-entropy.",
    "np.abs(y_hat - y).mean()": "that is the absolute error, not cross-entropy.",
    "-(y * np.log(y_hat))[0].sum()":
        "only the first row of the batch counts. Take the mean over all.",
    "-(y * np.log(y_hat))[-1].sum()":
        "only the last row of the batch counts. Take the mean over all: does a loop set the loss "
        "where it should add?",
    "-(y * np.log(y_hat))[0].sum() / n": "only the first row of the batch counts.",
    "-(y * np.log(y_hat))[-1].sum() / n": "only the last row of the batch counts.",
    "(-(y * np.log(y_hat)).sum(axis=1)).max()":
        "the largest loss of the rows is returned, not the mean.",
    "-(y * np.log(np.exp(y_hat) / np.exp(y_hat).sum(axis=1, keepdims=True))).sum() / n":
        "a softmax is applied again: y_hat already holds probabilities.",
    "-(y * y_hat).sum() / n + np.log(np.exp(y_hat).sum(axis=1)).mean()":
        "a softmax is applied again: y_hat already holds probabilities.",
    "-(y * np.log(y_hat + coarse)).sum() / n":
        "the {coarse} added inside the logarithm is so large that it distorts the loss. 1e-12 is "
        "enough to avoid log(0).",
    "-(y * np.log(np.clip(y_hat, coarse, 1 - coarse))).sum() / n":
        "y_hat is clipped at {coarse}, which is so coarse that it distorts the loss. Clip at "
        "1e-12 or so.",
    "-(y * np.log(np.maximum(y_hat, coarse))).sum() / n":
        "y_hat is clipped at {coarse}, which is so coarse that it distorts the loss. Clip at "
        "1e-12 or so.",
    "np.exp(-(y * np.log(y_hat)).sum() / n)": "that is exp of the loss (the perplexity).",
}

ONE_OVER_0 = (
    "it divides by 0 where y_hat is 0: -1 / 0 is -inf, 0 / 0 is nan. Keep y_hat away from 0 as "
    "in the logarithm: y_hat + 1e-12, or clip it."
)
FUSED = (
    "that is the gradient of Softmax and loss together, the shortcut (y_hat - y) / N. backward() "
    "here gives that of the loss alone, with respect to y_hat: -y / y_hat / N; Softmax.backward "
    "does the rest."
)
MISTAKES["CrossEntropyLoss.backward", "grad_y_hat"] = {
    "-y / y_hat / n": ONE_OVER_0,
    "np.where(y == 1, -y / y_hat / n, 0)": ONE_OVER_0,
    "(y_hat - y) / n": FUSED,
    "y_hat - y": FUSED + " (And the division by N is missing.)",
    "(y - y_hat) / n": FUSED + " (And its sign is wrong.)",
    "y - y_hat": FUSED + " (And its sign is wrong, and the division by N is missing.)",
    "(y_hat - y) / (n * D)": FUSED + " (And N is the number of rows only.)",
    "-y / y_hat": N_MISSING + " So its gradient is divided by N too.",
    "-y / y_hat / D":
        "it is divided by the number of classes (columns), and should be by N, the number of "
        "samples (rows).",
    "-y / y_hat / (n * D)":
        "it is divided by the number of all elements, rows times classes, and should be by N, the "
        "number of samples (rows), only.",
    "-y / y_hat / n ** 2": "it is divided by N twice.",
    "y / y_hat / n": "the sign is wrong: the minus in front is missing, -y / y_hat / N.",
    "y / y_hat": "the sign is wrong, the minus in front is missing; and so is the division by N.",
    "-1 / y_hat / n": "the labels y are not used: -y / y_hat / N is 0 except for the right class.",
    "-1 / y_hat": "the labels y are not used, and the division by N is missing: -y / y_hat / N.",
    "1 / y_hat / n": "the labels y and the minus are missing: -y / y_hat / N.",
    "-y_hat / y / n": "y and y_hat are swapped: -y / y_hat / N.",
    "-y_hat / y": "y and y_hat are swapped: -y / y_hat / N.",
    "-y_hat / (y + tiny) / n": "y and y_hat are swapped: -y / y_hat / N.",
    "-y * y_hat / n": "y_hat is multiplied; the derivative of log(y_hat) is 1 / y_hat: divide.",
    "-y * y_hat": "y_hat is multiplied; the derivative of log(y_hat) is 1 / y_hat: divide.",
    "-np.log(y_hat) / n": "that is the logarithm again. Its derivative is 1 / y_hat.",
    "-y * np.log(y_hat) / n": "that is the loss again. The derivative of log(y_hat) is 1 / y_hat.",
    "-y * np.log(y_hat)": "that is the loss again. The derivative of log(y_hat) is 1 / y_hat.",
    "(-y / y_hat + (1 - y) / (1 - y_hat)) / n":
        "that is the gradient of the binary cross-entropy. The term (1 - y) / (1 - y_hat) does not "
        "belong here.",
    "-y / y_hat + (1 - y) / (1 - y_hat)":
        "that is the gradient of the binary cross-entropy. The term (1 - y) / (1 - y_hat) does not "
        "belong here; and the division by N is missing.",
    "(-y / y_hat + (1 - y) / (1 - y_hat)) / (n * D)":
        "that is the gradient of the binary cross-entropy. The term (1 - y) / (1 - y_hat) does not "
        "belong here.",
    "(y_hat - y) / (y_hat * (1 - y_hat))":
        "that is the gradient of the binary cross-entropy, without the division by N.",
    "-(y / y_hat).sum() / n": "it is summed. dL/dy_hat is shaped like y_hat, (n, D): do not sum.",
    "-(y / y_hat).sum(axis=1) / n":
        "it is summed over the classes. dL/dy_hat is shaped like y_hat, (n, D): do not sum.",
    "-(y / y_hat).sum(axis=1, keepdims=True) / n":
        "it is summed over the classes. dL/dy_hat is shaped like y_hat, (n, D): do not sum.",
    "-(y / y_hat).sum(axis=0) / n":
        "it is summed over the rows. dL/dy_hat is shaped like y_hat, (n, D): do not sum.",
    "-(y / y_hat).mean()": "it is averaged. dL/dy_hat is shaped like y_hat, (n, D).",
    "-(y / y_hat).mean(axis=0)":
        "it is summed or averaged over the rows. dL/dy_hat is shaped like y_hat.",
    "-(y / y_hat).mean(axis=0, keepdims=True)":
        "it is summed or averaged over the rows. dL/dy_hat is shaped like y_hat: each entry is "
        "divided by N, none are added up.",
    "-1 / (y_hat * y).sum(axis=1) / n":
        "only the right classes are there. dL/dy_hat is shaped like y_hat, (n, D), with 0 for the "
        "others.",
    "y_hat / n": "that is y_hat / N. The gradient is -y / y_hat / N.",
    "-y / n": "the division by y_hat is missing: the derivative of log(y_hat) is 1 / y_hat.",
    "-y": "the division by y_hat is missing: the derivative of log(y_hat) is 1 / y_hat.",
    "2 * (y_hat - y) / n": "that is the gradient of the squared error, not of cross-entropy.",
    "2 * (y_hat - y) / (n * D)": "that is the gradient of the squared error, not of cross-entropy.",
    "2 * (y_hat - y)": "that is the gradient of the squared error, not of cross-entropy.",
    "y @ (1 / y_hat)":
        "`@` is the matrix product. Here it is entry by entry: y / y_hat.",
    "-y / y_hat.sum() / n": "it is divided by the sum of y_hat, and should be by each entry.",
    "-1 / (y * y_hat + tiny) / n":
        "where y is 0, this divides by almost 0. There the gradient is 0: -y / y_hat / N.",
    "-y / np.clip(y_hat, coarse, 1) / n":
        "y_hat is clipped at {coarse}, which is so coarse that it distorts the gradient.",
    "-y / np.maximum(y_hat, coarse) / n":
        "y_hat is clipped at {coarse}, which is so coarse that it distorts the gradient.",
    "-y / y_hat ** 2 / n": "y_hat is squared: the derivative of log(y_hat) is 1 / y_hat.",
    "-y / y_hat / np.log(2) / n":
        "that is the gradient with the base 2 (log2), and should be with e.",
    "-y / y_hat / np.log(10) / n":
        "that is the gradient with the base 10 (log10), and should be with e.",
    "-y / (1 + y_hat) / n":
        "that is the gradient of log(1 + y_hat) (log1p). That of log(y_hat) is 1 / y_hat.",
    "-y / (y_hat + coarse) / n":
        "the {coarse} added to y_hat is so large that it distorts the gradient. 1e-12 is enough "
        "to avoid 1/0.",
    "-y / y_hat / n * loss": "it is multiplied by the loss.",
    "-old_y / old_y_hat / n":
        "y and y_hat come from an earlier call. CrossEntropyLoss.forward has to keep them anew in "
        "every call.",
    "-y / old_y_hat / n":
        "y_hat comes from an earlier call. CrossEntropyLoss.forward has to keep it anew in every "
        "call.",
    "-old_y / y_hat / n":
        "y comes from an earlier call. CrossEntropyLoss.forward has to keep it anew in every call.",
}

# For every method and result.
MISTAKES["", ""] = {
    "old_right + right":
        "results are accumulated from call to call (+=). Each call has to set them anew (=).",
    "(old_right + right) / 2": "results are averaged from call to call. Each has to be new.",
    "old_right":
        "it is the result of an earlier call, kept and used again. Compute it anew in every call.",
    "-right": "the sign is wrong: your numbers are right but for a minus.",
    "right.T": "it is transposed.",
    "right / n":
        "it is divided by n, the number of rows, once too often: it is averaged over the batch, "
        "where nothing is to be averaged.",
    "right * n":
        "it is n times what it should be, n the number of rows: is a division by n missing, or "
        "are rows added up?",
    "right / (n * d)": "it is divided by the number of all entries: np.mean in place of np.sum?",
    "right / d": "it is divided by the number of columns.",
    "right * d": "it is multiplied by the number of columns.",
    "-right / n": "the sign is wrong, and it is divided by n, the number of rows.",
    "-right * n": "the sign is wrong, and it is n times too large, n the number of rows.",
    "right * n / size":
        "it is divided by the fixed number {size}. Divide by the number of rows that the batch "
        "really has, len(...).",
    "2 * right": "it is twice what it should be.",
    "right / 2": "it is half of what it should be.",
    "right ** 2": "it is squared.",
    "np.abs(right)": "signs are lost: is an absolute value taken?",
    "np.zeros_like(right)": "it is all zeros: is the result ever written into the array?",
    "np.ones_like(right)": "it is all ones.",
    "np.round(right)": "it is rounded.",
    "np.round(right, places)": "it is rounded to {places} decimals.",
    "np.trunc(right)": "it is cut to integers: an array of dtype=int holds no fractions.",
    "right[0]": "it is the first row only. Return all rows.",
    "right[:1]": "it is the first row only. Return all rows.",
    "right[-1]": "it is the last row only. Return all rows.",
    "right[-1:]": "it is the last row only. Return all rows.",
    "right.sum(axis=0)": "it is summed over the rows. Return one row for each sample.",
    "right.sum(axis=0, keepdims=True)": "it is summed over the rows. Return one for each sample.",
    "right.mean(axis=0)": "it is averaged over the rows. Return one row for each sample.",
    "right.mean(axis=0, keepdims=True)": "it is averaged over the rows. Return one for each row.",
    "right.sum(axis=1)": "it is summed over the columns.",
    "right.sum(axis=1, keepdims=True)": "it is summed over the columns.",
    "right.mean(axis=1, keepdims=True)": "it is averaged over the columns.",
    "right.sum()": "it is summed to one number.",
    "right.mean()": "it is averaged to one number.",
    "right.ravel()": "it is flattened to one row of numbers: ravel, flatten or reshape(-1)?",
    "right.squeeze()": "a dimension of size 1 is lost: squeeze? Keep the shape.",
    "right[None]": "it has a dimension too much.",
    "right[..., None]": "it has a dimension too much.",
}

# With each formula above, in case none of them fits alone: two mistakes at a time.
BESIDES = {
    "-result": "And the sign is wrong.",
    "result / n": "And it is divided by n, the number of rows.",
    "result * n": "And it is n times too large: is a division by the number of rows missing?",
    "-result / n": "And the sign is wrong, and it is divided by n, the number of rows.",
    "-result * n": "And the sign is wrong, and a division by the number of rows is missing.",
    "result / d": "And it is divided by the number of columns.",
    "result / (n * d)": "And it is divided by the number of all entries.",
    "result.T": "And it is transposed.",
    "result * grad_y": "And it is multiplied by grad_y.",
    "result.sum()": "And it is summed to one number.",
    "result.mean()": "And it is averaged to one number.",
    "result.squeeze()": "And a dimension is lost.",
}

# What an exception's type and message match: what to say. {0} is the part in parentheses.
STUMBLES = {
    r"'Linear' object has no attribute '(w|weights?|bias)'":
        "Linear keeps its weights in self.W and self.b, as __init__ has made them.",
    r"has no attribute '(grad_y|grad_x|grad_W|grad_b)'":
        "there is no self.{0} yet: grad_y is the argument of backward, and grad_W and grad_b are "
        "what backward sets.",
    r"'(?:Linear|Sigmoid|Softmax|CrossEntropyLoss)' object has no attribute '(.*?)'":
        "self.{0} was never set. What backward needs, forward has to keep in self, under the very "
        "same name: self.{0} = ... in forward.",
    r"no attribute '(.*?)'":
        "there is nothing called {0} there. Is it misspelt, or is the object another than you "
        "think? print(type(...)) shows what it is.",
    r"NameError: name 'np' ": "`import numpy as np` is missing at the top of model.py.",
    r"NameError: name '(W|b|x|y|y_hat|grad_W|grad_b)' ":
        "there is no variable {0} here. What the object keeps is reached through self: self.{0}; "
        "if it comes from forward, forward has to keep it first.",
    r"NameError: name '(exp|log|dot|tanh|zeros|where|maximum|matmul|mean)' ":
        "NumPy's functions are called with np. in front: np.{0}.",
    r"NameError: name '(.*?)'":
        "there is no variable {0} here. Is it misspelt, or does it live in self (self.{0})?",
    r"UnboundLocalError.*?'(.*?)'": "{0} is used before the line that sets it has run.",
    r"takes \d+ positional arguments? but|missing \d+ required positional":
        "the parameters are not what they were: is self missing, or one too many? It has to start "
        "with `{definition}`",
    r"only (?:length|size)-1 arrays|only 0-dimensional arrays|must be real number":
        "a function for a single number was given an array: math.exp, math.log, float() or int(). "
        "np.exp and np.log work on whole arrays.",
    r"unsupported operand.*NoneType|'NoneType' object":
        "one of the values is None: was it ever set, and does what it came from have a `return`?",
    r"unsupported operand.*'(list|tuple)'|(list|tuple) (?:indices|object)":
        "a list or tuple is no array: np.array(...) makes one of it.",
    r"not callable":
        "something that is no function is called: is an operator missing before the parenthesis, "
        "as in `a (b)` for `a * (b)`?",
    r"truth value of an array":
        "`if` wants one truth value, and comparing an array gives one for each entry. Use "
        "np.where(condition, a, b) or np.maximum.",
    r"IndexError":
        "an index lies outside the array. Batches differ in their number of rows: take it from "
        "the array, x.shape[0] or len(x).",
    r"AxisError": "the array has fewer dimensions than that axis needs: is it already summed?",
    r"einsum|subscript|remapped":
        "the letters given to np.einsum do not fit: one letter for each dimension of an array, "
        "and the same letter for the same size.",
    r"could not broadcast input array|cannot reshape":
        "an array does not fit into the place it is put in. Is a number of rows or columns "
        "written into the code? Batches differ: take sizes from x.shape.",
    r"read-only": "an array that must not be changed is changed in place.",
    r"output array|Cannot cast ufunc|output operand":
        "an operation in place (*=, +=, out=) does not fit its target in shape or dtype. "
        "a = a * b makes a new array.",
    r"ZeroDivisionError": "something is divided by zero.",
    r"RecursionError":
        "a method calls itself without end. Use what forward has kept in self instead.",
    r"SystemExit": "the method ends the whole program: remove exit(), quit() or sys.exit().",
    r"AssertionError": "an `assert` in your code does not hold there.",
    r"FloatingPointError": "a number overflows or is divided by 0 (np.seterr or np.errstate).",
    r"EOFError": "the method waits for input. It needs its arguments only.",
    r"NotImplementedError":
        "the line `raise NotImplementedError` is still there. Delete it where your code stands.",
    r"matmul|not aligned|core dimension|shape-mismatch for sum":
        "the inner sizes of a matrix product have to agree: (n, d) @ (d, m) is (n, m). Is a .T "
        "missing or too much, or is the order wrong?",
    r"broadcast":
        "these shapes cannot be combined entry by entry: read from the right, sizes have to be "
        "equal or 1. After a sum or max over axis=1, keepdims=True keeps (n, 1).",
    r"": "Python's message above says what happened. Start at the line it names.",
}

ENDLESS = (
    "an endless loop: does the condition of the loop ever become false? Right code takes a few "
    "milliseconds for these small batches."
)
OVERFLOW_FAR = (
    "far from zero exp overflows (inf), and inf / inf is nan. Limit the exponent, or choose the "
    "form of the fraction by the sign of x, so that exp is never given a large positive number."
)
OVERFLOW = (
    "exp overflows where x is far below zero: exp(1000) is beyond the largest float. The result "
    "is right only by luck, as 1 / inf is 0. Limit the exponent, or choose the form of the "
    "fraction by the sign of x."
)
ONLY_IN_FLOAT32 = (
    "float32 holds numbers up to 3e38, which is exp(88): keep the exponent below that, and there "
    "is no warning."
)
HARMLESS_WARNING = (
    "np.where computes both of its sides, and this comes from the one that is thrown away."
)
ONE_ARRAY = (
    "every call returns one and the same array, which the object keeps and overwrites. Make a new "
    "array in each call, or return a copy."
)
USED_UP = (
    "backward alters what forward has kept, or adds to the gradients of the call before. It has "
    "to set its gradients anew in every call and to leave the kept values as they are."
)
NOT_THE_LATEST = (
    "backward uses a batch of an earlier call. It belongs to the latest forward: forward has to "
    "replace what it keeps in every call (self.x = x), not append it to a list."
)
SHARED = (
    "the objects share what they keep, in a global variable or a class attribute. A network has "
    "several layers of one class, and each has to keep its own values in self (self.x = x)."
)
NOT_TOGETHER = (
    "each method is right alone, but not together with the others. Do layers change one another's "
    "arrays or share something, or was the class MLP, which is given, altered?"
)
INIT_CHANGED = (
    "its __init__ was changed. It is given, and the network relies on it as it was."
)
UNUSABLE = "return NumPy arrays of floats, in the shapes that the docstring names."
CHANGED = {
    "self.W":
        "the weights are updated or replaced inside the layer. forward and backward only use them; "
        "the step is the optimizer's (section 7). For W^T, write self.W.T where you need it.",
    "self.b":
        "the bias is updated or replaced inside the layer. forward and backward only use it; the "
        "step is the optimizer's (section 7).",
    "output":
        "backward modifies in place (*=, -=, out=) an array that forward has kept in self and also "
        "returned. a = a * b makes a new array.",
    "":
        "an input is modified in place: -=, *=, x[...] = or out=x write into the caller's array. "
        "x = x - ... makes a new one; or copy it first.",
}
# Where the inputs are far from zero, or exactly zero.
FAR = {
    "Sigmoid.forward": OVERFLOW_FAR,
    "Sigmoid.backward": OVERFLOW_FAR,
    "Softmax.forward": NO_MAX,
    "CrossEntropyLoss.forward": LOG_0,
    "CrossEntropyLoss.backward": ONE_OVER_0,
}
UNKNOWN = {
    "not finite":
        "a number became too large (exp overflows to inf), or it is 0 / 0 or log(0) (nan, -inf). "
        "Keep exp, / and log away from such inputs.",
    "small loss":
        "the worst prediction, probability 0 for the right class, has to cost much: is log(0) "
        "replaced by 0? Put a small number in place of 0 before the logarithm.",
    "random": "the same input gives other numbers every time: is something random in it?",
    "depends on earlier calls":
        "something is kept from call to call that has to be computed anew: a new object, called "
        "with this batch alone, gives other numbers.",
    "ratio":
        "all entries are {ratio:.4g} times what they should be, for {n} rows: look for a factor "
        "or a division too much, or too few.",
    "side":
        "it is right where {side} and wrong elsewhere: look at the branch (np.where, a mask, an "
        "if, an absolute value) for the other sign of x.",
    "rows":
        "row {rows} of the result is right and the others are not: does the code treat some rows, "
        "or some values, in another way?",
    "special case":
        "it is right for {first}, but not here: is a size, or a special case, written into the "
        "code?",
    "dimension lost": "a dimension is lost. sum, mean and max keep it with keepdims=True.",
    "dimension gained": "there is a dimension too much: is something not summed, or added with "
        "None or keepdims?",
    "sizes":
        "the sizes are wrong. Write the shape under each factor of the formula: in a product the "
        "inner two have to agree, and the outer two remain.",
    "":
        "no mistake that this program knows. Compare your line with the formula factor by factor "
        "and sign by sign; then compute the entry above by hand.",
}
