"""What is said about a mistake, in English and Chinese, and how it shows: tables, no code.

A formula gives what the mistaken code gives; formulas.py evaluates it on the inputs of the calls.
To add a mistake, add a row here and a submission to tests/submissions.py. A formula may use

    x, W, b, grad_y, y_hat, y      what went into the call; of a layer, y is what has to come out
    right, grad_x, grad_W, ...     the right result in question, and the others
    before                         what the student's code gave in the call before
    first, last                    the right result for the first or the last row alone
    N, D, m, sigmoid, softmax      rows, columns of the input and of the output; the functions
    k                              a number that is the same in all calls; the text may show it

and may begin with an assignment: `e = np.exp(x); e / e.sum()`. It is also tried with another sign,
and N, D, 2 times larger or smaller: one formula stands for all of these.
"""

# fmt: off
# Said of several methods.
ORDER = ("a transpose, the order or one of the two matrices is wrong: the inner sizes have to "
         "agree, the outer ones remain.",
         "转置、顺序或者其中一个矩阵错了：内侧的两个数要相等，外侧的两个数就是结果的形状。")
NO_GRAD_Y = ("the incoming gradient grad_y is forgotten. By the chain rule it is a factor.",
             "漏乘了传来的梯度 grad_y。按链式法则，它是其中一个因子。")
PASSED_ON = ("the incoming gradient comes out unchanged: the layer's own derivative is missing, or "
             "cancels out.",
             "传来的梯度原样出来了：这一层自己的导数漏掉了，或者抵消了。")
KEEPDIMS = ("a dimension is lost: (N,) does not fit the rows of (N, D), (N, 1) does "
            "(keepdims=True).",
            "少了一维：(N,) 不能和 (N, D) 逐行对齐，(N, 1) 才能（keepdims=True）。")
WHOLE = ("a factor is missing: the derivative is y (1 - y).", "少乘了一个因子：导数是 y (1 - y)。")
_MAX, _SUM = "x.max(axis=1, keepdims=True)", "e.sum(axis=1, keepdims=True)"
_E = f"e = np.exp(x - {_MAX}); "
DIAGONAL = (
    "only the diagonal of the Jacobian is used; the off-diagonal entries, -y_i y_j, are missing. "
    "All entries of a row share one denominator, so x_i changes every other y_j of its row too.",
    "只用了雅可比矩阵的对角线，漏掉了非对角项 -y_i y_j。同一行共用一个分母，x_i 一变，其他 y_j 也"
    "跟着变。")
THREE_AXES = ("`.T` reverses all axes; of stacked matrices, only the last two are to be swapped.",
              "`.T` 会把所有的轴都反过来；对一叠矩阵，只应该交换最后两个轴。")
ONE_JACOBIAN = ("a single Jacobian is made of the whole batch, as if it were one vector; each row "
                "of y has one of its own.",
                "把整批数据当成一个向量来求雅可比矩阵了；y 的每一行各有各的雅可比矩阵。")
_J = "y[:, :, None] * np.eye(D) - y[:, :, None] * y[:, None, :]"
_S = "(grad_y * y).sum(axis=1, keepdims=True)"
SHORTCUT = ("that is the shortcut `prediction - label`, where the layer and the loss are taken "
            "together; but the incoming gradient grad_y is not a label.",
            "这是把这一层和损失合在一起求导的简化公式“预测减标签”；但传来的梯度 grad_y 不是标签。")
X_FOR_Y = ("the input x is used where the formula has the output y.",
           "用了输入 x，而公式里是输出 y。")
BINARY = ("that is binary cross-entropy. With one-hot labels there is no term for 1 - y.",
          "这是二分类的交叉熵。标签是独热编码时，没有 1 - y 的那一项。")
AGAIN = ("a softmax is applied once more: y_hat holds probabilities already.",
         "又做了一次 Softmax：y_hat 已经是概率了。")
OF_ALL = ("the result is divided by the number of columns as well: only the N rows count, not all "
          "N * D entries.",
          "多除了一次列数：应该只除以行数 N，而不是全部元素的个数 N * D。")
WITHOUT_Y = ("all classes are counted, and only the right one of each row should be: multiply by "
             "y, entry by entry.",
             "所有类别都算进去了。应该逐元素乘上 y，这样每一行就只算正确的那一类。")
_BCE, _L = "(y * np.log(y_hat) + (1 - y) * np.log(1 - y_hat))", "-(y * np.log(y_hat))"
FUSED = (
    "that is (perhaps up to a constant factor) the gradient of softmax and loss together. Here "
    "backward gives that of the loss alone, with respect to y_hat; Softmax.backward does the rest.",
    "这是 Softmax 和损失合在一起的梯度（可能差一个系数）。这里只求损失对 y_hat 的梯度，其余由 "
    "Softmax.backward 完成。")
_G, _BG = "-y / y_hat", "-y / y_hat + (1 - y) / (1 - y_hat)"

# MISTAKES[method, result]: (English, Chinese, *formulas).
MISTAKES = {
  ("Linear.forward", "y"): [
    ("the bias is missing: b has to be added to every row.",
     "漏了偏置：每一行都要加上 b。", "x @ W"),
    ("b is added to W, and so gets multiplied by x; it should be added to the product.",
     "b 加到了 W 上，于是也乘了 x；b 应该加在乘积上。", "x @ (W + b)"),
    ("the bias is added with each product of the sum; it has to be added only once, to the sum.",
     "求和的每一项都加了一次偏置；偏置只应该加一次，加在和上。", "x @ W + len(W) * b"),
    ("the order is wrong: samples are rows here, so it is X W. W x is for samples as columns.",
     "顺序反了：我们这里每一行是一个样本，所以是 XW；每一列是一个样本时才写成 Wx。",
     "W @ x + b", "W.T @ x + b", "W @ x.T + b"),
    ("there is one transpose too many: X is (N, d), W is (d, m), the inner sizes agree already.",
     "多转置了一次：X 是 (N, d)，W 是 (d, m)，相乘时内侧的两个数（都是 d）本来就相等。",
     "x @ W.T + b"),
    ("the activation is a layer of its own; Linear gives X W + b as it is.",
     "激活函数是另外一层；Linear 直接给出 XW + b。",
     "sigmoid(x @ W + b)", "softmax(x @ W + b)", "np.maximum(x @ W + b, 0)"),
  ],
  ("Linear.backward", "grad_W"): [
    ("grad_W comes out transposed, (m, d), and W is (d, m).",
     "grad_W 转置了：算出来是 (m, d)，而 W 是 (d, m)。", "grad_y.T @ x"),
    (*ORDER, "x @ grad_y", "grad_y @ x.T"),
    ("{k:.4g} * W is added, as weight decay does. It does not belong to dL/dW.",
     "多加了 {k:.4g} * W，这是权重衰减的做法，不属于 dL/dW。", "x.T @ grad_y + k * W"),
    ("grad_W has the gradient of b as a row of its own; that belongs in grad_b only, W has no row "
     "for b.",
     "grad_W 里多了一行，是 b 的梯度；它只应该放进 grad_b，W 没有 b 的那一行。",
     "np.vstack([x.T @ grad_y, grad_b])", "np.vstack([grad_b, x.T @ grad_y])"),
    ("that is dL/dX, which backward has to return.", "这是 dL/dX，backward 应该返回它。",
     "grad_y @ W.T"),
  ],
  ("Linear.backward", "grad_b"): [
    ("a dimension is lost: grad_b is (m,), and b is (1, m). keepdims=True (in a sum) or [None, :] "
     "keeps it.",
     "少了一维：grad_b 是 (m,)，b 是 (1, m)。求和时写上 keepdims=True，或者用 [None, :]，就能保留"
     "这一维。",
     "grad_y.sum(axis=0)"),
    ("grad_b has to be the sum of the rows of grad_y (axis=0, keepdims=True): m columns give m "
     "numbers, (1, m).",
     "grad_b 应该是把 grad_y 的所有行加在一起（axis=0，keepdims=True）：m 列得到 m 个数，形状是 "
     "(1, m)。",
     "grad_y", "grad_y.sum()", "grad_y.sum(axis=1, keepdims=True)"),
    ("it is averaged over the batch, and has to be summed; besides, it is (m,), and b is (1, m).",
     "对这一批取了平均，而应该求和；另外还少了一维：b 是 (1, m)。", "grad_y.mean(axis=0)"),
  ],
  ("Linear.backward", "grad_x"): [
    ("that takes the inverse of W; here it is its transpose: dL/dX is dL/dY times W^T.",
     "用了 W 的逆矩阵，而这里应该是转置：dL/dX 是 dL/dY 乘 W^T。", "grad_y @ np.linalg.pinv(W)"),
    ("x stands where W belongs: dL/dX is dL/dY times W^T.",
     "用 x 的地方应该用 W：dL/dX 是 dL/dY 乘 W^T。", "grad_y @ x.T"),
    ("W is not transposed; dL/dX is dL/dY times W^T.",
     "W 没有转置：dL/dX 是 dL/dY 乘 W^T。", "grad_y @ W"),
    (*ORDER, "W @ grad_y.T", "W @ grad_y", "W.T @ grad_y"),
    (*PASSED_ON, "grad_y"),
    (*NO_GRAD_Y, "W.T"),
    ("that is grad_W, which belongs in self.grad_W; backward has to return dL/dX.",
     "这是 grad_W，应该存进 self.grad_W；要返回的是 dL/dX。", "x.T @ grad_y"),
  ],
  ("Sigmoid.forward", "y"): [
    ("these are the values of the sigmoid at -x: a sign is wrong, most often that in the exponent.",
     "这是 Sigmoid 在 -x 处的值：符号错了，多半是指数的符号。", "1 / (1 + np.exp(x))"),
    ("where x is negative, these are the values at -x: in that case it is exp(x) / (1 + exp(x)).",
     "x 为负时，算出来的是 -x 处的值：这时应该用 exp(x) / (1 + exp(x))。",
     "sigmoid(np.abs(x))"),
    ("exp overflows for a large x, and inf / inf is nan. 1 / (1 + exp(-x)) is the same number, and "
     "there 1 / inf is 0.",
     "x 很大时 exp 溢出，inf / inf 是 nan。同一个数写成 1 / (1 + exp(-x)) 就不会得到 nan：1 / inf "
     "是 0。",
     "np.exp(x) / (1 + np.exp(x))"),
    ("that is another activation function, ReLU; this class is the sigmoid.",
     "这是另一种激活函数 ReLU；这个类是 Sigmoid。", "np.maximum(x, 0)"),
    ("that is a tanh, which goes from -1 to 1; the sigmoid goes from 0 to 1.",
     "这是 tanh，它的值在 -1 到 1 之间；Sigmoid 的值在 0 到 1 之间。", "np.tanh(x)",
     "np.tanh(x / 2)"),
    ("these are the values of the sigmoid at 2 x. (With a tanh: inside it is x / 2, not x.)",
     "这是 Sigmoid 在 2x 处的值。（用 tanh 的话，里面应该是 x / 2，不是 x。）",
     "(1 + np.tanh(x)) / 2"),
  ],
  ("Sigmoid.backward", "grad_x"): [
    (*NO_GRAD_Y, "y * (1 - y)"),
    (*X_FOR_Y, "grad_y * x * (1 - x)"),
    (*SHORTCUT, "y - grad_y"),
    (*WHOLE, "grad_y * (1 - y)", "grad_y * y"),
    ("that is the derivative of tanh; the sigmoid's is y (1 - y).",
     "这是 tanh 的导数；Sigmoid 的导数是 y (1 - y)。", "grad_y * (1 - y**2)"),
    ("each grad_y is passed on or set to 0: that is the derivative of ReLU; the sigmoid's is "
     "y (1 - y).",
     "每个 grad_y 要么原样传过去，要么变成 0：这是 ReLU 的导数；Sigmoid 的导数是 y (1 - y)。",
     "grad_y * (x > 0)"),
    (*PASSED_ON, "grad_y"),
    ("that is the gradient of Softmax. In a sigmoid each y depends on its own x alone: there is no "
     "sum.",
     "这是 Softmax 的梯度。Sigmoid 里每个 y 只和自己的 x 有关，没有求和。", f"y * (grad_y - {_S})"),
    ("the slope is computed from grad_y; it has to be computed from what forward has kept.",
     "斜率是用 grad_y 算的；应该用 forward 保存下来的量来算。", "grad_y * (1 - grad_y)",
     "sigmoid(grad_y) * (1 - sigmoid(grad_y))"),
    ("the sigmoid is applied once too often: y is the sigmoid of x already.",
     "多做了一次 Sigmoid：y 已经是 x 的 Sigmoid 了。", "grad_y * sigmoid(y) * (1 - sigmoid(y))"),
    ("this is the slope at 2 x. (With a tanh or cosh: inside it is x / 2, not x.)",
     "这是 2x 处的导数。（用 tanh 或 cosh 的话，里面应该是 x / 2，不是 x。）",
     "grad_y / np.cosh(x) ** 2 / 4"),
    ("exp of a large positive number overflows to inf, and inf / inf is nan. The output y of "
     "forward, kept in self, gives the gradient without any exp.",
     "很大的正数取 exp 会溢出成 inf，而 inf / inf 是 nan。在 forward 里把输出 y 存进 self，用它来算"
     "就不需要 exp。",
     "grad_y * np.exp(-x) / (1 + np.exp(-x)) ** 2", "grad_y * np.exp(x) / (1 + np.exp(x)) ** 2"),
  ],
  ("Softmax.forward", "y"): [
    ("the result is normalised over the batch: each column sums to 1, but each row (a sample) "
     "should.",
     "沿批的方向做了归一化，成了每一列之和为 1。每一行是一个样本，应该每一行之和为 1。",
     "e = np.exp(x); e / e.sum(axis=0)", _E + "e / e.sum(axis=0)"),
    ("the result is normalised over the whole array. Each row is a sample, and has to sum to 1.",
     "对整个数组做了归一化。每一行是一个样本，应该每一行之和为 1。",
     "e = np.exp(x - x.max()); e / e.sum()", _E + "e / e.sum()"),
    ("no maximum is subtracted: far from zero a row becomes inf / inf or 0 / 0, which is nan.",
     "没有减去每一行的最大值：离零很远时，一行就成了 inf / inf 或 0 / 0，即 nan。",
     f"e = np.exp(x); e / {_SUM}", f"e = np.exp(x); e / ({_SUM} + 1e-10)"),
    ("what is subtracted is not each row's own maximum: exp overflows, or all exponentials of a "
     "row are 0.",
     "减去的不是每一行自己的最大值：exp 会溢出，或者某一行的 exp 全成了 0。",
     f"e = np.exp(x - x.max()); e / {_SUM}", f"e = np.exp(x - x.max()); e / ({_SUM} + 1e-10)",
     f"e = np.exp(x - np.maximum(0, x.max(axis=1, keepdims=True))); e / {_SUM}"),
    (*KEEPDIMS, _E + "e / e.sum(axis=1)", "e = np.exp(x); e / e.sum(axis=1)", "x - x.max(axis=1)"),
    ("that is the logarithm of the probabilities (log-softmax); the logarithm belongs to the loss.",
     "这是概率的对数（log-softmax）；对数是损失函数里才取的。", "np.log(softmax(x))"),
    ("that is 1 for the largest of a row and 0 for the others; softmax gives probabilities.",
     "这是每一行最大的为 1、其余为 0；Softmax 给出的是概率。", f"(x == {_MAX}) * 1.0"),
    ("it is not normalised: each row has to be divided by its sum.",
     "没有归一化：每一行还要除以这一行的和。", "np.exp(x)", _E + "e"),
    ("x itself is divided by the sum of the exponentials: the numerator has to be exp(x). (In a "
     "loop, `v = np.exp(v)` changes no array.)",
     "除以指数之和的是 x 本身：分子应该是 exp(x)。（循环里的 `v = np.exp(v)` 不会改变数组。）",
     f"{_E}x / {_SUM}", f"e = np.exp(x); x / {_SUM}"),
    ("that is the sigmoid of each entry. Softmax divides by the sum over the row.",
     "这是逐元素的 Sigmoid。Softmax 要除以这一行的和。", "sigmoid(x)",
     f"sigmoid(x - {_MAX})"),
  ],
  ("Softmax.backward", "grad_x"): [
    (*DIAGONAL, "grad_y * y * (1 - y)", "y * (1 - y)"),
    ("the incoming gradient is passed on unchanged, as if softmax and loss were one layer.",
     "把传来的梯度原样返回了，好像 Softmax 和损失是同一层。", "grad_y"),
    ("the sum (or the Jacobian) runs over the whole array or over the batch; it has to be taken "
     "within each row.",
     "求和（或雅可比矩阵）用了整个数组，或者跨了样本；应该每一行单独算。",
     "y * (grad_y - (grad_y * y).sum())", "y * (grad_y - (grad_y * y).sum(axis=0))"),
    (*KEEPDIMS, "y * (grad_y - (grad_y * y).sum(axis=1))"),
    (*SHORTCUT, "y - grad_y", "y - np.eye(D)[grad_y.argmax(axis=1)]"),
    (*ONE_JACOBIAN, "np.diag(y) - y @ y.T", "np.diag(y) - np.outer(y, y)", "-y * y.T"),
    (*X_FOR_Y, "x * (grad_y - (grad_y * x).sum(axis=1, keepdims=True))",
     "y * (grad_y - (grad_y * x).sum(axis=1, keepdims=True))",
     "y * grad_y - x * (grad_y * y).sum(axis=1, keepdims=True)"),
    ("in the sum over j, each grad_y_j has to be multiplied by its own y_j; y_i is the same for "
     "all of them.",
     "对 j 求和时，每个 grad_y_j 要乘上自己的 y_j，而不是都乘 y_i。",
     "y * (grad_y - y * grad_y.sum(axis=1, keepdims=True))"),
    ("what is subtracted has to be the sum of grad_y * y over the row: not of grad_y alone, and no "
     "mean.",
     "要减去的是这一行 grad_y * y 的和：不只是 grad_y，也不是平均。",
     "y * (grad_y - grad_y.sum(axis=1, keepdims=True))",
     "y * (grad_y - grad_y.mean(axis=1, keepdims=True))"),
    ("that belongs to log-softmax. For Softmax: y times (grad_y minus the sum of grad_y * y).",
     "这是 log-softmax 的梯度。Softmax 的是：y 乘以（grad_y 减去 grad_y * y 的和）。",
     "grad_y - y * grad_y.sum(axis=1, keepdims=True)"),
    ("the diagonal of the Jacobian is y_i - y_i y_i: diag(y) is needed, not the identity.",
     "雅可比矩阵的对角线是 y_i - y_i y_i：应该用 diag(y)，而不是单位矩阵。",
     "grad_y - y * (grad_y * y).sum(axis=1, keepdims=True)"),
    ("the second part is missing: minus y times the sum over the row of grad_y * y.",
     "少了后一部分：还要减去 y 乘以这一行 grad_y * y 的和。", "grad_y * y"),
    ("the Jacobian of one row (the last, or the first) is used for all rows. Each row of grad_y "
     "has to meet the Jacobian of its own row: in a loop, inside it.",
     "所有行都用了同一行（最后一行或第一行）的雅可比矩阵。grad_y 的每一行要乘自己那一行的雅可比"
     "矩阵：用循环的话，要写在循环里面。",
     "grad_y @ (np.diag(y[-1]) - np.outer(y[-1], y[-1]))",
     "grad_y @ (np.diag(y[0]) - np.outer(y[0], y[0]))"),
    ("the rows' Jacobians are returned or added up; each has to be multiplied by its row of "
     "grad_y.",
     "返回的是各行的雅可比矩阵（或它们的和）；每个矩阵还要乘上 grad_y 中对应的那一行。",
     _J),
  ],
  ("CrossEntropyLoss.forward", "loss"): [
    ("log(0) is -inf, and 0 * -inf is nan. Before the logarithm, replace 0 by a tiny positive "
     "number, and keep that for backward, which divides by it.",
     "log(0) 是 -inf，0 * -inf 是 nan。取对数之前，要把 0 换成一个极小的正数，并存起来给 backward "
     "用，因为它要除以这个数。",
     f"{_L}.sum() / N"),
    ("the base of the logarithm has to be e: that is np.log.", "对数的底应该是 e，即 np.log。",
     "-(y * np.log2(y_hat)).sum() / N", "-(y * np.log10(y_hat)).sum() / N"),
    ("that is an array, and the loss is one number: the sum over all, divided by N.",
     "这是一个数组，而损失是一个数：全部加起来，再除以 N。",
     _L, f"{_L}.sum(axis=0)", f"{_L}.sum(axis=1)"),
    (*OF_ALL, f"{_L}.sum() / (N * D)"),
    (*BINARY, f"-{_BCE}.sum() / N", f"-{_BCE}", f"-{_BCE}.sum(axis=0)", f"-{_BCE}.sum(axis=1)"),
    (*AGAIN, "-(y * np.log(softmax(y_hat))).sum() / N"),
    (*WITHOUT_Y, "-np.log(y_hat).sum() / N"),
    ("the logarithm is taken of the sum of all; take it of each probability first, then sum.",
     "对总和取了对数；应该先对每个概率取对数，再求和。", "-np.log((y * y_hat).sum()) / N"),
    ("that is the mean squared error; here the loss is the cross-entropy.",
     "这是均方误差；这里的损失是交叉熵。", "((y - y_hat) ** 2).sum() / N"),
  ],
  ("CrossEntropyLoss.backward", "grad_y_hat"): [
    ("where y_hat is 0, 1 / 0 is inf and 0 / 0 nan: give y_hat a lower limit first, as for the "
     "logarithm.",
     "y_hat 为 0 的地方，1 / 0 是 inf，0 / 0 是 nan：和取对数时一样，先给 y_hat 设一个下限。",
     f"{_G} / N"),
    (*FUSED, "y_hat - y"),
    ("that is the logarithm itself; its derivative is 1 / y_hat.",
     "这还是对数本身；它的导数是 1 / y_hat。", _L),
    (*BINARY, _BG),
    ("one number is left of each row, that of the right class (picked out, or the rest added to "
     "it); the gradient has the shape of y_hat, with 0 everywhere else.",
     "每一行只剩下一个数，即正确类别的那个（挑出来的，或者求和得到的）；梯度的形状要和 y_hat 一样，"
     "其他位置是 0。", f"({_G} / N)[y == 1]"),
    (*OF_ALL, f"{_G} / (N * D)"),
    (*WITHOUT_Y, "-1 / y_hat"),
  ],
}

# What may have become of the right result of any method.
CONSTANT_BACKWARD = (
    "it is the constant {k:.6g}, whatever goes in: the incoming gradient is not used.",
    "不管输入什么，结果总是常数 {k:.6g}：没有用到传来的梯度。", "np.ones_like(right) * k")
CONSTANT = ("it is the constant {k:.6g}, whatever goes in.",
            "不管输入什么，结果总是常数 {k:.6g}。", "np.ones_like(right) * k")
FLOAT32 = (
    "in float64 it is right; float32 ends near 1e38, and a number far below 1e-45, such as 1e-300, "
    "becomes 0.",
    "用 float64 时结果正确；float32 最大约 1e38，远小于 1e-45 的正数（例如 1e-300）会变成 0。")
ZERO = ("it is 0, whatever goes in: nothing is computed, or all cancels.",
        "不管输入什么，结果总是 0：没有算出东西，或者全都抵消了。")
RELATIONS = [
    ("the sign is wrong; apart from that, the result is right.",
     "符号错了；除此之外，结果是对的。", "-right"),
    ("the result is divided by N, the number of rows, once too often: the mean is taken once, "
     "in the loss.",
     "多除了一次 N（行数）：求平均只在损失里做，而且只做一次。", "right / N"),
    ("the result is N times too large (N is the number of rows): a division by N is missing, or "
     "the rows are added up once too often.",
     "结果是正确值的 N 倍（N 是行数）：漏了除以 N，或者把各行多加了一次。", "right * N"),
    ("the result is divided by the number of columns instead of N, the number of rows.",
     "除以了列数，而应该除以行数 N。", "right * N / D"),
    ("it is as many times too large as there are columns: is it added once for each of them, or "
     "divided by a mean in place of a sum?",
     "结果是正确值的列数倍：是不是每一列都加了一次，或者除以的是平均而不是和？",
     "right * D"),
    ("the result is divided by the number of columns, and should not be: only the loss takes a "
     "mean, once, over the rows.",
     "除以了列数，而不应该除：求平均只在损失里做一次，除的是行数。", "right / D", "right / m"),
    ("results are added to those of the call before (+=, or a = a + ...). Every call has to set "
     "them anew, without the old ones.",
     "把结果累加到了上一次的结果上（+=，或者 a = a + ...）。每次调用都要重新设置，不要带上旧值。",
     "before + right"),
    ("the result is divided by a fixed {inverse:.6g} in place of N, the number of rows.",
     "除以了固定的 {inverse:.6g}，而不是行数 N。", "right * N * k"),
    ("the result is {k:.6g} times what it should be, in every batch: a constant factor too many "
     "or missing. (A learning rate has no place here.)",
     "每一批的结果都是正确值的 {k:.6g} 倍：多了或少了一个常数因子。（学习率不该在这里。）",
     "right * k"),
    ("only the first row of the batch counts: is it picked (as by [0]), or does a loop `return` in "
     "its first pass?",
     "只算了这一批的第一行：是不是只取了它（例如 [0]），或者把 return 写在了循环里？",
     "first", "first / N", "np.vstack([right[:1], np.zeros_like(right[1:])])"),
    ("only the last row of the batch is left: does each pass of a loop replace the one before, or "
     "does a line stand after the loop that belongs inside?",
     "只剩下这一批的最后一行：是不是循环里每次都覆盖了上一次的结果，或者该写在循环里的一行写到了"
     "循环之后？",
     "right[-1]", "last if N == 1 or last.shape != right.shape else 0",
     "np.vstack([np.zeros_like(right[:-1]), right[-1:]])"),
    ("only the last row of the batch counts: does a loop assign (=) in each pass, where it has to "
     "begin with zeros and add (+=)?",
     "只算了这一批的最后一行：是不是循环里每次都重新赋值，而没有从 0 开始累加（+=）？",
     "last if last.shape == right.shape else 0"),
    ("the first column is missing.", "少了第一列。", "right[:, 1:]"),
    ("everything is added up (or averaged) into one number: np.sum and np.mean without axis= do "
     "that.",
     "全部加起来（或取平均）成了一个数：np.sum、np.mean 不写 axis= 就会这样。", "right.sum()",
     "right.mean()"),
    ("numbers that have to stay apart are added up (averaged): a sum has one axis too many, or a "
     "loop adds (+=) what belongs in places of its own.",
     "把应该分开的数加起来（平均）了：沿着不该求和的轴求了和，或者循环里本该分开存放的却累加（+=）"
     "了。",
     *(f"right.{f}({axis})" for f in ("sum", "mean") for axis in (
       "axis=0", "axis=1", "axis=0, keepdims=True", "axis=1, keepdims=True"))),
    ("the numbers are right, the shape is not: transposed, reshaped, or one dimension too many or "
     "too few (keepdims, squeeze, None).",
     "数值都对，形状不对：转置了，改了形状，或者多了、少了一维（keepdims、squeeze、None）。",
     "right.T", "right.ravel()", "right.reshape(-1, 1)", "right[None]", "right[:, None]",
     "right.squeeze()"),
]

SIGN_TOO = ("the sign is wrong, and besides:", "符号错了，另外：")

# Kinds of observations, and what was found by trying something out.
CHANGED = {
    "weights": (
        "the layer updates or replaces its own weights. forward and backward only use them; "
        "updating them is the optimizer's job.",
        "在层里更新或替换了权重。forward 和 backward 只使用权重，更新是优化器的事。"),
    "input": (
        "the input is changed in place: +=, -=, *=, x[...] = and out= write into the caller's "
        "array (and a = b makes no copy). Make a new array, as in {0} = {0} - ..., or begin with a "
        "copy, {0}.copy().",
        "原地修改了输入：+=、-=、*=、x[...] =、out= 会写进调用者的数组（a = b 也不会复制）。请用"
        "新的数组：写成 {0} = {0} - ...，或者先用 {0}.copy() 复制。"),
    "alias": (
        "self.{0} = self.{1} makes no copy: both are names of one array. Begin with "
        "np.zeros_like(self.{1}).",
        "self.{0} = self.{1} 不会复制：两个名字指的是同一个数组。请从 np.zeros_like(self.{1}) "
        "开始。"),
    "output": (
        "backward alters in place what forward has kept; forward has handed out the same array.",
        "backward 原地改动了 forward 保存的数组，而 forward 返回的也是这个数组。"),
}
NO_RETURN = ("a `return` is missing or not reached, or it returns None, as in `return print(...)`.",
             "漏了 return，或者没有执行到它，或者 return 的是 None，例如 return print(...)。")
NOT_RETURNED = ("the result is kept in self.{0}, but not returned: a `return` is missing.",
                "结果存进了 self.{0}，但没有返回：漏了 return。")
NOT_KEPT = ("backward has to store this gradient as {0}; a variable without self. is gone when "
            "the method ends.",
            "backward 要把这个梯度存进 {0}；不带 self. 的变量在方法结束后就没有了。")
OTHER_NAME = ("you store it as self.{0}; the optimizer looks for {1}.",
              "它存到了 self.{0} 里，而优化器要找的是 {1}。")
TYPES = {
    "comma": ("a comma at the end makes a tuple of it.", "行末多了一个逗号，成了 tuple。"),
    "tuple": ("several values are returned: forward returns only the output, backward only the "
              "gradient with respect to the input.",
              "返回了好几个值。forward 只返回输出，backward 只返回对输入的梯度。"),
    "function": ("a function is returned, and not what it gives when it is called.",
                 "返回的是函数本身，而不是调用它得到的结果。"),
    "objects": ("an array of Python objects. If np.frompyfunc gave it, use np.vectorize, or "
                ".astype(float) at once; that gives floats. Rows of unequal length give one too: "
                "make them equally long.",
                "这是 Python 对象的数组。如果用了 np.frompyfunc，改用 np.vectorize，或者马上加上 "
                ".astype(float)，就得到浮点数。各行长度不一也会这样：要让各行一样长。"),
    "none inside": ("some entries are None: a function returns nothing there. Does each case, such "
                    "as 0, have a `return`?",
                    "有的元素是 None：函数在那里什么也没有返回。是不是每种情形（例如 0）都写了 "
                    "return？"),
    "list": ("it is a Python list; an array is wanted.", "这是 Python 的 list，应该是数组。"),
    "map": ("map has computed nothing yet; an array is wanted: np.array(list(map(...))).",
            "map 还什么都没有算；应该是数组：np.array(list(map(...)))。"),
    "matrix": ("np.matrix is no plain array: its * is a matrix product. Use arrays and @.",
               "np.matrix 不是普通的数组：它的 * 是矩阵乘法。请用普通数组和 @。"),
    "MaskedArray": ("a masked array leaves entries out. Use np.where and plain arrays.",
                    "带掩码的数组（np.ma）会跳过一些元素。请用 np.where 和普通数组。"),
}
FACTS = {
    "exp": ("exp of a large number is inf, of a very negative one 0; inf / inf and 0 / 0 are nan.",
            "exp 在 x 很大时得 inf，在 x 负得很多时得 0；而 inf / inf 和 0 / 0 是 nan。"),
    "log": ("log(0) is -inf, and 0 * -inf is nan; of a negative number the logarithm is nan.",
            "log(0) 是 -inf，0 * -inf 是 nan；负数的对数是 nan。"),
    "small loss": ("where the right class has probability 0 the loss has to be large, whatever is "
                   "done to avoid log(0).",
                   "正确类别的概率为 0 时，不管怎样避开 log(0)，损失都应该很大。"),
    "earlier": ("a new object gives other numbers: something random, or left from before, is used.",
                "换一个新对象，结果就不同：用了随机数，或者用了以前的调用留下的量。"),
    "own weights": (
        "something random is used, and self.W and self.b are not: use these, which __init__ has "
        "made.",
        "用了随机数，却没有用 self.W 和 self.b：权重应该用 __init__ 里生成的这两个。"),
    "left over": (
        "a new object gives the right numbers, but this one uses something that is left from an "
        "earlier call, and out of date: every call of forward has to store it again.",
        "新建的对象算得对，这个对象却还在用以前调用时留下的、已经过时的量：每次 forward 都要重新"
        "保存。"),
    "keeps on": (
        "called again with the same batch, backward gives another {0}: earlier gradients are in "
        "it too (as in momentum). That is the optimizer's job; here only the gradient of this "
        "batch is wanted.",
        "同样的一批再算一次，{0} 就变了：里面还有以前的梯度（像动量那样）。那是优化器的事；这里只要"
        "这一批的梯度。"),
    "kept before": (
        "forward has kept self.{0} in an earlier call and not since: every call has to keep its "
        "own.",
        "forward 没有重新存 self.{0}，里面还是以前那次调用的值：每次 forward 都要重新存。"),
    "after return": (
        "`{0}` stands after a `return` and is never executed: put it above.",
        "`{0}` 写在 return 之后，永远不会执行：请移到它前面。"),
    "forward, after return": (
        "in forward, `{0}` stands after a `return` and is never executed: put it above.",
        "forward 里的 `{0}` 写在 return 之后，永远不会执行：请移到它前面。"),
    "keeps another": (
        "backward would be right with the {1} in self.{0}, but forward has kept something else "
        "there.",
        "如果 self.{0} 里存的是{1}，backward 就是对的；但 forward 存进去的是别的东西。"),
    "kept none": (
        "the value of self.{0} is still None: forward has stored nothing there.",
        "forward 没有给 self.{0} 赋值：它还是 None。"),
    "cancels": (
        "everything cancels: the entries in a row of the Jacobian add up to 0. Each has to be "
        "multiplied by its grad_y_j before they are added up.",
        "全都抵消了：雅可比矩阵每一行的元素加起来是 0。每个元素要先乘上自己的 grad_y_j，然后再"
        "相加。"),
    "one sample": (
        "this code is right for a single sample (a vector). A batch has one in each row, and each "
        "row is computed on its own: by axis=1 and keepdims=True, or in a loop over the rows.",
        "这段代码对单个样本（一个向量）是对的。一批里一行是一个样本，要各算各的：用 axis=1、"
        "keepdims=True，或者逐行循环。"),
    "one sample of weights": (
        "this code is right for a single sample (a vector). A batch has one in each row, and all "
        "rows share W and b: grad_W and grad_b add up what each row gives.",
        "这段代码对单个样本（一个向量）是对的。一批里一行是一个样本，所有行共用 W 和 b：grad_W 和 "
        "grad_b 是把每一行算出的加起来。"),
    "rows mix": (
        "the first row of the result changes when other rows of the batch do. Each row is a sample "
        "of its own: never sum or average over the rows, nor form a product of shape (N, N).",
        "改动这一批的其他行，结果的第一行也跟着变。每一行是一个独立的样本：不能跨行求和或求平均，"
        "也不能做结果为 (N, N) 的乘积。"),
    "samples counted": (
        "`{0}` counts the rows (samples), but `{1}` should compare classes: the two indices of a "
        "Jacobian both count the columns of one row. The rows need a loop of their own around "
        "these two.",
        "`{0}` 数的是行（样本），而 `{1}` 比较的应该是类别：雅可比矩阵的两个下标都数同一行里的列。"
        "外面还要有一层循环，逐行进行。"),
    "results exchanged": (
        "{0} and {1} are swapped: each holds what belongs in the other.",
        "{0} 和 {1} 弄反了：各自存的是对方的结果。"),
    "overwritten": (
        "forward gives {0} a new value before it keeps it: self.{1} holds the output, and backward "
        "needs the input.",
        "forward 先改了 {0} 的值才保存：self.{1} 里是输出，而 backward 要用输入。"),
    "one row": ("it is right for a batch of one row only.",
                "只有当这一批只有一行时才对，多于一行就不对了。"),
    "carried": (
        "each row is right on its own, but in a batch only the first is: something of an earlier "
        "row is used for the later ones.",
        "每一行单独算都对，但整批一起算时只有第一行对：后面的行用到了前面某一行的量。"),
    "far": ("ordinary numbers come out right; these do not: {0}.",
            "一般的数都算得对，这样的数不对：{0}。"),
    "hidden nan": (
        "np.nan_to_num only hides that inf / inf or 0 / 0 was computed: what it puts there is "
        "wrong. Avoid the nan (in a softmax, by subtracting each row's maximum before exp).",
        "np.nan_to_num 只是掩盖了前面算出的 inf / inf 或 0 / 0：它填上的数是错的。应该避免出现 nan"
        "（在 Softmax 里，取 exp 之前先减去每一行的最大值）。"),
    "caret": (
        "^T is how mathematics writes it; in Python ^ is another operator. The transpose of x is "
        "x.T.",
        "^T 是数学里的写法，Python 的 ^ 是另一种运算。x 的转置写成 x.T。"),
    "compared": (
        "`{0}` only compares the two. To store a value, write `{1}`.",
        "`{0}` 只是比较两者，什么都没有存。要保存，应写 `{1}`。"),
    "of class": (
        "{0} is a method of this class: it is called as self.{0}(...).",
        "{0} 是这个类的方法：要写成 self.{0}(...) 来调用。"),
    "outside class": (
        "{0} has self, but stands outside the class: indent its lines by four more spaces.",
        "{0} 的参数里有 self，却写在了类的外面：请把它的每一行再缩进四个空格。"),
    "no method": (
        "{0} is a plain function, not a method of this class: call it without self, as {0}(...).",
        "{0} 是普通的函数，不是这个类的方法：调用时不要写 self，写成 {0}(...)。"),
    "of forward": (
        "{0} is a variable of forward, and gone when forward ends: keep it there as self.{0}, and "
        "use that here.",
        "{0} 是 forward 里的变量，forward 结束后就没有了：请在那里存成 self.{0}，这里也用它。"),
    "at zero": ("only entries where x is exactly 0 are wrong: do x > 0 and x < 0 leave them out?",
                "只有 x 恰好为 0 的元素不对：是不是 x > 0 和 x < 0 都没有包括它？"),
    "loss": ("the loss is one number: the sum over all rows and columns, divided by N.",
             "损失是一个数：全部加起来，再除以 N。"),
    "by entries": (
        "here everything is computed entry by entry: with *, without a matrix product or a "
        "transpose.",
        "这里全都是逐元素计算：用 *，不用矩阵乘法，也不用转置。"),
    "matrix loss": (
        "a matrix product mixes the classes (or the rows). Multiply y and the logarithms entry by "
        "entry, by *; then add up all, to one number.",
        "矩阵乘法把不同的类别（或不同的行）混在一起了。y 和对数要用 * 逐元素相乘，然后全部加成一个"
        "数。"),
    "exchanged": ("y_hat and y are swapped: exchange the two in the computation, and it would be "
                  "right.",
                  "y_hat 和 y 写反了：在计算里交换两者就对了。"),
    "exchanged, too large": (
        "y_hat and y are swapped; with the two the other way round, a division by N is missing.",
        "y_hat 和 y 写反了；交换两者以后，只差除以 N。"),
    "kept exchanged": (
        "forward has kept y_hat as self.y, and y as self.y_hat.",
        "forward 存反了：self.y 里是 y_hat，self.y_hat 里是 y。"),
    "exchanged parameters": (
        "y_hat and y are swapped: what comes in first is y_hat, then y. The first line has to be "
        "`{0}`.",
        "y_hat 和 y 弄反了：先传进来的是 y_hat，然后才是 y。方法的第一行应该是 `{0}`。"),
    "lost axis": (
        "numbers that have to stay apart are added up: each entry has to have its own.",
        "把应该分开的数加起来了：每个元素都要有自己的结果。"),
    "no transpose": (
        "entry by entry, the two arrays need the same shape: a transpose has no place there.",
        "逐元素运算时，两个数组的形状要一样：这里不该转置。"),
    "in place": (
        "an operator such as += or @= writes into the array on its left, which keeps its shape, "
        "and the result does not fit into it. If the shape of the result is right, `a = a + ...` "
        "(or `a = a @ ...`) makes a new array.",
        "+=、@= 这类运算写进左边原来的数组，它的形状不会变，放不下这个结果。如果结果的形状本来就"
        "对，写成 `a = a + ...`（或 `a = a @ ...`）才会得到新的数组。"),
    "matrices": (
        "the result has a matrix for each row of the batch, where it should have a row: multiply "
        "each Jacobian by that row of grad_y, and add up along each row of the matrix.",
        "每个样本得到了一个矩阵，而应该是一行：雅可比矩阵乘上 grad_y 中对应的那一行之后，还要把矩阵"
        "每一行里的乘积加起来。"),
    "rows meet": (
        "it is right only for a batch of one row: each row of x has to meet its own row of grad_y "
        "before the rows are added up.",
        "只有当这一批只有一行时才对：x 的每一行要先和 grad_y 的同一行相乘，然后才把各行加起来。"),
    "outer": (
        "np.outer makes one long vector of each array. x.T @ grad_y adds up one outer product for "
        "each row of the batch.",
        "np.outer 会先把每个数组拉平成一个长向量。x.T @ grad_y 是把每一行的外积加起来。"),
    "same shape": (
        "@ and np.dot are the matrix product, whose inner sizes have to agree; entry by entry, two "
        "arrays of the same shape are multiplied by *.",
        "@ 和 np.dot 是矩阵乘法，内侧的两个数要相等；两个形状相同的数组逐元素相乘用 *。"),
    "third axis": (
        "`{0}` adds a third axis. x and grad_y are matrices already, with a sample in each row: "
        "without it, .T is their transpose.",
        "`{0}` 多加了第三个轴。x 和 grad_y 本来就是矩阵，每一行是一个样本：去掉它，.T 就是转置。"),
    "stacks": (
        "of stacked matrices, @ multiplies the last two axes, and the axes before them have to "
        "agree: for a batch, n comes first, as in (N, D, D) and (N, D, 1).",
        "对一叠矩阵，@ 乘的是最后两个轴，前面的轴要一样：一批数据里 n 在最前面，例如 (N, D, D) 和 "
        "(N, D, 1)。"),
    "stack": (
        "a stack of matrices (N, D, D) @ an array (N, D) takes that for one matrix. Each matrix "
        "needs its own row as a column: grad_y[:, :, None].",
        "一叠矩阵 (N, D, D) @ 数组 (N, D) 会把后者当成一个矩阵。每个矩阵要乘自己那一行，写成一列："
        "grad_y[:, :, None]。"),
    "whole shape": (
        "`{0}` is a whole shape, {1}. The number of rows is its first entry, shape[0].",
        "`{0}` 是整个 shape，即 {1}。行数是其中的第一个数，shape[0]。"),
    "kron": ("np.kron is the Kronecker product; the Kronecker delta of the formula, 1 where i = j, "
             "is np.eye(D).",
             "np.kron 是克罗内克积；公式里的克罗内克 δ（i = j 时为 1）是 np.eye(D)。"),
    "added to empty": (
        "np.empty holds whatever lay in memory before, and what is added (+=) is added to that. "
        "Begin with np.zeros.",
        "np.empty 里是内存中原有的数，累加（+=）会加在它们上面。请从 np.zeros 开始。"),
    "empty": ("np.empty holds whatever lay in memory before, and some entries are never set.",
              "np.empty 里是内存中原有的数，而有些元素从来没有赋值。"),
    "forward again": (
        "backward calls forward again, and not with x; it should use what forward has kept.",
        "backward 又调用了 forward，传的也不是 x；应该用 forward 保存下来的量。"),
    "loss as factor": (
        "the loss itself does not occur in its gradient: that is made of the y and y_hat that "
        "forward has kept.",
        "梯度里并没有损失本身，只用 forward 保存的 y 和 y_hat。"),
    "loss again": (
        "backward calls forward again, but the loss itself does not occur in its gradient: that is "
        "made of the y and y_hat that forward has kept.",
        "backward 又调用了 forward；但梯度里并没有损失本身，只用 forward 保存的 y 和 y_hat。"),
    "exp of output": (
        "np.exp is taken of the output y, which is the finished result already. The derivative is "
        "made of y itself, without exp.",
        "对输出 y 又取了一次 np.exp，而 y 已经是算好的结果。导数直接由 y 算出，不需要 exp。"),
    "unused": (
        "the result does not depend on the values of {0}: whatever they are, it is the same.",
        "结果与 {0} 的值无关：不管其中的数怎么变，结果都一样。"),
    "unused labels": (
        "the result is the same whatever the one-hot y is: which class is right has no effect.",
        "不管独热标签 y 是哪一类，结果都一样：标签没有起作用。"),
    "not wanted": (
        "the result changes with {0}, and it should not: the formula has no {0}.",
        "{0} 一变，结果也跟着变，而公式里并没有 {0}。"),
    "a term without": (
        "where grad_y is 0, the gradient has to be 0, and here it is not: a term is added (or "
        "subtracted) that has no factor grad_y.",
        "grad_y 为 0 时梯度应该是 0，这里却不是：多加（或多减）了一项，其中没有因子 grad_y。"),
    "not linear": (
        "twice as large a grad_y has to give twice as large a gradient, and here it does not: "
        "grad_y may only be a factor, once in each term: it goes into no exp, square, "
        "denominator or argmax, and is not cut to whole numbers.",
        "grad_y 变为两倍，结果也应该变为两倍，这里却不是：grad_y 只能作为因子，每一项里恰好一次，"
        "不能放进 exp、平方、分母或 argmax 里，也不能取整。"),
    "entries mix": (
        "an entry of the result changes when another entry in its row of the input does; here each "
        "result depends on its own entry alone.",
        "改动输入的一个元素，同一行里其他位置的结果也跟着变；这里应该逐元素计算，互不影响。"),
    "own grad_y alone": (
        "entry i of the result depends on grad_y_i alone. Every grad_y_j of the row has to count "
        "in it: each times its own entry of the Jacobian, and all of them added up.",
        "结果的第 i 个元素只和 grad_y_i 有关；而同一行的每个 grad_y_j 都应该影响它：各乘上雅可比"
        "矩阵里自己的那个元素，再全部加起来。"),
    "wrong classes": (
        "the result changes with the probabilities of the wrong classes; only that of the right "
        "one, where y is 1, should count.",
        "错误类别的概率一变，结果也跟着变；应该只算正确的那一类，也就是 y 为 1 的地方。"),
    "zero": (
        "where y is 0 the gradient has to be 0: these y_hat do not enter the loss.",
        "y 为 0 的地方，梯度应该是 0：那里的 y_hat 不影响损失。"),
    "no weights": (
        "the result does not depend on the values of {0}: whatever they are, it is the same. The "
        "weights are those that __init__ makes, self.W and self.b.",
        "结果与 {0} 的值无关：不管其中的数怎么变，结果都一样。权重是 __init__ 里的 self.W 和 "
        "self.b。"),
    "thrown away": ("`{0}` is computed and thrown away: the line stores it in no variable.",
                    "`{0}` 算出来以后没有存进任何变量，结果丢掉了。"),
    "diagonal": (
        "np.diag takes the diagonal of a two-dimensional array; only from a vector does it make a "
        "matrix, and each row of y needs its own.",
        "np.diag 作用在二维数组上是取出对角线，作用在向量上才生成矩阵。y 的每一行要各生成一个。"),
    "special": ("the first call, with {0}, is right, and this one is not: is a size, a "
                "limit or a special case hard-coded?",
                "第一次调用（{0}）是对的，这一次却不对：是不是写死了大小、界限或特殊情形？"),
}
# Said where one change of the code makes the method right; {0} is the code that is changed. Those
# of the first are tried only where the first call fails, those of numbers where these are wrong
# there: elsewhere much would fit by chance.
REPAIRS_FIRST = {
    "floor": ("`{0}` rounds down to a whole number; / is meant.",
              "`{0}` 是向下取整的除法，应该用 /。"),
    "rounded": ("`{0}` rounds numbers, or cuts off their decimals; with `{1}` in its place they "
                "would be right.",
                "`{0}` 把小数舍入或截掉了；换成 `{1}` 就对了。"),
    "returned": ("`{0}` returns the wrong variable: `{1}` is meant.",
                 "`{0}` 返回的变量不对：应该是 `{1}`。"),
    "integers": ("`{0}` does not make an array of floats: what is put into it loses its "
                 "decimals. Without dtype, np.zeros gives floats.",
                 "`{0}` 得到的不是浮点数组，存进去的数会丢掉小数部分。np.zeros 不写 dtype "
                 "就是浮点数。"),
    "limited": ("`{0}` also changes ordinary numbers; with `{1}` in its place, {it} would be "
                "right.",
                "`{0}` 把正常范围内的数也改掉了；换成 `{1}`{it} 就对了。"),
    "epsilon": ("`{0}` adds so much that it changes the result: a tiny number, such as 1e-12, is "
                "enough to keep away from 0.",
                "`{0}` 加的数太大，改变了结果：为避开 0，加 1e-12 这样极小的数就够了。"),
    "cases": ("the two cases of `{0}` are swapped.", "`{0}` 的两种情形写反了。"),
    "return in loop": ("`{0}` stands inside the loop, so the method ends in its first pass.",
                       "`{0}` 写在了循环里，循环刚走完第一轮就返回了。"),
}
# Said of "limited" where numbers far from zero are wrong.
LIMITED_FAR = ("`{0}` makes different numbers equal; with `{1}` in its place, {it} would be right.",
               "`{0}` 把不同的数变成了一样的；换成 `{1}`{it} 就对了。")
LIMITED_NAN = ("`{0}` does not prevent inf or nan here; with `{1}` in its place, {it} would be "
               "right.",
               "`{0}` 防不住这里的 inf 或 nan；换成 `{1}`{it} 就对了。")
REPAIRS_OF_THE_FIRST = {
    "range": ("`{0}` does not run over all, or runs too far: `{1}` is meant.",
              "`{0}` 没有走遍全部，或者超出了范围：应该是 `{1}`。"),
    "counted": ("in `{2}`, `{0}` is not the number that is needed: `{1}` is meant.",
                "`{2}` 里的 `{0}` 不是这里要的数：应该是 `{1}`。"),
    "unpacked": ("in `{0}` the names on the left are swapped: a shape is (rows, columns).",
                 "`{0}` 左边的名字写反了：shape 是（行数，列数）。"),
    "made": ("`{0}` makes an array of the wrong shape: `{1}` has the right one.",
             "`{0}` 得到的数组形状不对，应该是 `{1}`。"),
}
REPAIRS = {
    "activation": ("the factor `{0}` is the derivative of a sigmoid, whose own backward multiplies "
                   "by it: Linear has no activation.",
                   "因子 `{0}` 是 Sigmoid 的导数，由 Sigmoid 自己的 backward 去乘；Linear 没有激活"
                   "函数。"),
    "entry by entry": ("in `{0}`, {1} multiplies entry by entry; the matrix product is @.",
                       "`{0}` 里的 {1} 是逐元素相乘；矩阵乘法是 @。"),
    "product": ("`{0}` should multiply entry by entry: with *, without a matrix product or a "
                "transpose.",
                "`{0}` 这里应该用 * 逐元素相乘，不要矩阵乘法，也不要转置。"),
    "outer": ("`{0}` is not the outer product here; `{1}` is.",
              "`{0}` 在这里不是外积；`{1}` 才是。"),
    "picked": ("`{0}` takes all these columns from every row; `{1}` takes one from each row.",
               "`{0}` 在每一行都取了所有这些列；每行只取一个要写 `{1}`。"),
    "einsum": ("in `{0}`, write {1} after ->: these are the indices that should remain, in this "
               "order.",
               "`{0}` 里 -> 后面应该写 {1}：要保留这些下标，并按这个顺序排列。"),
    "einsum letters": (
        "in `{0}`, what stands in one place only is summed away by itself: {1}. One index of the "
        "Jacobian has to meet the row of grad_y, the other remains.",
        "`{0}` 里只出现一次的字母会单独被求和：{1}。雅可比矩阵的一个下标要和 grad_y 那一行的下标"
        "相同，另一个留在结果里。"),
    "builtin": ("`{0}` is Python's own, which takes whole rows or arrays for single values: `{1}` "
                "is meant.",
                "`{0}` 是 Python 自带的，把整行或整个数组当成一个值；应该用 NumPy 的 `{1}`。"),
    "largest": ("in `{0}`, {1} stands where {2} belongs.", "`{0}` 里的 {1} 应该是 {2}。"),
    "base": ("the base of the power in `{0}` is not exactly e: np.exp(x) is e to the power of x.",
             "`{0}` 的底并不恰好是 e：e 的 x 次方写成 np.exp(x)。"),
    "surplus": ("without `{0}`, {it} would be right{1}.", "去掉 `{0}`{it} 就对了{1}。"),
    "wrapped": ("`{1}` would be right as it is, without `{0}`{2}.",
                "`{1}` 本身就对，去掉 `{0}` 就行{2}。"),
    "axis": ("`{0}` runs over the wrong axis, or drops a dimension: `{1}` is meant. axis=1 is "
             "within each row, axis=0 over the rows; keepdims=True keeps the dimension.",
             "`{0}` 的轴不对，或者少了一维：应该是 `{1}`。axis=1 是在每一行之内，axis=0 是跨各"
             "行；keepdims=True 保留这一维。"),
    "transposed": ("`{0}` is transposed, and should not be.", "`{0}` 不应该转置。"),
    "reshaped": ("`{0}` keeps the order of the numbers; rows and columns are swapped by .T.",
                 "`{0}` 不会交换行和列，只是按原来的顺序重新排列；转置要用 .T。"),
    "entry of row": ("b and grad_b are of shape (1, m): here `{0}` has to be `{1}`.",
                     "b 和 grad_b 的形状是 (1, m)：这里的 `{0}` 要写成 `{1}`。"),
    "not transposed": ("in `{1}`, `{0}` has to be transposed{2}.",
                       "`{1}` 里的 `{0}` 需要转置{2}。"),
    "brackets": ("brackets: `{0}` should be `{1}`. ** comes before * and /, these come "
                 "before + and -; * and / go from left to right.",
                 "括号的问题：`{0}` 应该是 `{1}`。先乘方，再乘除，后加减；乘除从左到右。"),
    "never begun": ("`{0}` starts anew in each pass of the loop, where it has to add (+=); before "
                    "the loop, write `{1} = 0`.",
                    "`{0}` 在循环里每次都重新赋值，而应该累加（+=）；循环之前先写 `{1} = 0`。"),
    "set in loop": ("`{0}` overwrites the result in each pass of the loop, where it has to add "
                    "(+=).",
                    "`{0}` 在循环里每次都重新赋值，而应该累加（+=）。"),
    "added in loop": ("`{0}` keeps adding from one pass of the loop to the next; `{1} = ...` is "
                      "meant.",
                      "`{0}` 在循环里一次次累加，这里应该直接赋值：`{1} = ...`。"),
    "operator": ("a wrong operator: `{0}` should be `{1}`.",
                 "运算符用错了：`{0}` 应该是 `{1}`。"),
    "inside": ("a bracket is in the wrong place: `{0}` should be `{1}`.",
               "括号的位置不对：`{0}` 应该是 `{1}`。"),
}
REPAIRS_OF_NUMBERS = {
    "name": ("in `{0}`, {1} stands where {2} belongs{3}.", "`{0}` 里的 {1} 应该是 {2}{3}。"),
    "out of loop": ("`{0}` stands inside the loop, and belongs after it: indent it less.",
                    "`{0}` 写在了循环里面，应该放在循环之后：少缩进一级。"),
    "begun in loop": ("`{0}` stands before `{1}`, and belongs inside: it has to start anew in "
                      "each pass.",
                      "`{0}` 写在了 `{1}` 之前，应该放进循环里：每次循环都要重新开始。"),
    "sequence": ("`{0}` has to come before `{1}`.", "`{0}` 应该放在 `{1}` 之前。"),
    "function": ("in `{0}`, {1} stands where {2} belongs{3}.", "`{0}` 里的 {1} 应该是 {2}{3}。"),
    "minus": ("a minus is missing: in `{0}`, `{1}` should be `{2}`{3}.",
              "漏了负号：`{0}` 里的 `{1}` 应该是 `{2}`{3}。"),
    "complement": ("in `{0}`, `{1}` should be `{2}`{3}.", "`{0}` 里的 `{1}` 应该是 `{2}`{3}。"),
    "unwrapped": ("around `{0}`, `{1}` is missing{2}.", "`{0}` 外面漏了 `{1}`{2}。"),
    "missing": ("`{1}` is missing: `{0}` should be `{2}`{3}.",
                "漏了 `{1}`：`{0}` 应该是 `{2}`{3}。"),
}
IN_PLACES = ("\nThis happens in more than one place; corrected, the lines are {0}.",
             "\n这样的地方不止一处，全部改好后是：{0}。")
REMAINS = {
    "y": ("\n(This is enough for ordinary numbers; some near 1000 or -1000 need more.)",
          "\n（这样改，一般的数就对了；1000 或 -1000 左右的数，有的还要另外处理。）"),
    "loss": ("\n(This is enough for ordinary probabilities; those at or near 0 need more.)",
             "\n（这样改，一般的概率就对了；等于 0 或接近 0 的还要另外处理。）"),
}
ABSENT = ("it has to stand in class {0}, once, indented by four spaces, and begin with `{1}`.",
          "它应该写在类 {0} 里，缩进四个空格，只写一遍，第一行是 `{1}`。")

RENAMED = ("its name has to be {0}; it begins with `{1}`.",
           "方法名必须是 {0}，第一行写成 `{1}`。")
TWICE = ("`{0}` stands twice, in lines {1} and {2}, and Python takes the later one. Keep only the "
         "one that is right.",
         "`{0}` 写了两遍（第 {1} 行和第 {2} 行），Python 只用后面那一遍。请只留下对的那一遍。")

# What a time limit, the orders of calls in a training, and the network bring to light.
SITUATIONS = {
    "init": ("__init__ belongs to the given code, and was changed: put it back as it was.",
             "改动了给定的 __init__：请恢复原样。"),
    "own init": ("objects of this class are made with {0}(), without arguments, so __init__ has to "
                 "begin with `def __init__(self):` (or to be deleted). Write the values of other "
                 "parameters where they are used.",
                 "这个类的对象是用 {0}() 创建的，不带参数，所以 __init__ 的第一行应该是 "
                 "`def __init__(self):`（或者删掉整个 __init__）。其他参数的值，在用到的地方直接写"
                 "出来。"),
    "error in init": ("this line fails before forward is called. {0} needs no __init__: correct "
                      "the line, or delete __init__.",
                      "还没有走到 forward，这一行就出错了。{0} 不需要 __init__：请改正这一行，或者"
                      "删掉整个 __init__。"),
    "set": ("the weights cannot be set: the optimizer and a saved network set self.W and self.b.",
            "权重无法赋值：优化器和读取保存的网络都要给 self.W 和 self.b 赋值。"),
    "order": ("backward alters what forward has kept, or adds to its earlier gradients.",
              "backward 改动了 forward 保存的量，或者把梯度累加到了上一次的结果上。"),
    "shared": ("the objects share what they keep, globally or in the class: keep it in self.",
               "几个对象共用了保存的量（全局变量或类属性）：要存进各自的 self。"),
    "endless": ("an infinite loop: does its condition ever become false?",
                "死循环：循环条件会变为假吗？"),
    "network": (
        "each method is right alone. Does one use what an earlier forward left (after each epoch, "
        "forward runs without backward), does one alter another's arrays, or was MLP changed?",
        "每个方法单独都对。是用到了以前某次 forward 留下的量（每一轮之后会只跑 forward 不跑 "
        "backward），是互相改了数组，还是改动了给定的类 MLP？"),
}

# Notes on what is right.
WARNS = (
    "right, but NumPy warns in {}\n(for {})\nIt may stay as it is. How to do without the warning: ",
    "数值正确，但 NumPy 有警告：{}\n（输入：{}）\n可以保留不改。怎样避免这个警告，见")
FREES = (
    "right, but a second backward after one forward would fail: it frees or alters what forward "
    "has kept. The training never asks for one, so it may stay as it is.",
    "数值正确，但同一次 forward 之后不能第二次调用 backward：它释放或改动了 forward 保存的量。"
    "训练时用不到第二次，可以保留不改。")
IN_FLOAT64 = (
    "right, but {} is {} for {} inputs: an epoch of 11 s takes {} s. Is a dtype=x.dtype missing?",
    "数值正确，但 {} 是 {}，而输入是 {}：原来 11 秒的一轮要 {} 秒。是不是漏了 dtype=x.dtype？")
# What an epoch of 11 s takes, as measured; a grad_b in float64 costs nothing.
SECONDS_IN_FLOAT64 = {
    ("Linear.forward", "y"): 24,
    ("Linear.backward", "grad_W"): 14,
    ("Linear.backward", "grad_x"): 19,
    ("Sigmoid.forward", "y"): 19,
    ("Sigmoid.backward", "grad_x"): 19,
    ("Softmax.forward", "y"): 16,
    ("Softmax.backward", "grad_x"): 16,
    ("CrossEntropyLoss.backward", "grad_y_hat"): 16,
}
