"""What is said about a mistake, in English and Chinese, and how it shows: tables, no code.

A formula gives what the mistaken code gives; diagnosis.py evaluates it on the inputs of the calls.
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
ORDER = ("a transpose or the order is wrong: the inner sizes have to agree, the outer ones remain.",
         "转置或者次序错了：相邻的两个数要相等，外侧的两个数就是结果的形状。")
NO_GRAD_Y = ("the incoming gradient grad_y is forgotten. By the chain rule it is a factor.",
             "漏乘了传来的梯度 grad_y。按链式法则，它是其中一个因子。")
PASSED_ON = ("the incoming gradient is passed on unchanged. The layer's own derivative is missing.",
             "把传来的梯度原样返回了，漏掉了这一层自己的导数。")
KEEPDIMS = ("a dimension is lost: (N,) does not fit the rows of (N, D), (N, 1) does (keepdims).",
            "少了一维：(N,) 不能和 (N, D) 逐行对齐，(N, 1) 才能（keepdims=True）。")
WHOLE = ("a part is missing: the derivative is y (1 - y).", "少了一部分：导数是 y (1 - y)。")
_MAX, _SUM = "x.max(axis=1, keepdims=True)", "e.sum(axis=1, keepdims=True)"
_E = f"e = np.exp(x - {_MAX}); "
DIAGONAL = (
    "only the diagonal of the Jacobian is used; the off-diagonal entries, -y_i y_j, are missing. "
    "All entries of a row share one denominator, so x_i changes every other y_j of its row too.",
    "只用了雅可比矩阵的对角线，漏掉了非对角项 -y_i y_j。同一行共用一个分母，x_i 一变，其他 y_j 也"
    "跟着变。")
THREE_AXES = ("`.T` reverses all axes; of stacked matrices, only the last two are to be swapped.",
              "`.T` 会把所有的轴都反过来；对一叠矩阵，只应该交换最后两个轴。")
ONE_JACOBIAN = ("a single Jacobian is made of the whole batch; each row of y has one of its own.",
                "把整批数据当成一个向量来求雅可比矩阵了；y 的每一行各有各的雅可比矩阵。")
_J = "y[:, :, None] * np.eye(D) - y[:, :, None] * y[:, None, :]"
_S = "(grad_y * y).sum(axis=1, keepdims=True)"
BINARY = ("that is binary cross-entropy. With one-hot classes there is no term for 1 - y.",
          "这是二分类的交叉熵。标签是独热编码时，没有 1 - y 的那一项。")
AGAIN = ("a softmax is applied once more: y_hat holds probabilities already.",
         "又做了一次 Softmax：y_hat 已经是概率了。")
WITHOUT_Y = ("the factor y is missing: of each row, only the right class counts.",
             "漏乘了 y：每一行只算正确的那一类。")
_BCE, _L = "(y * np.log(y_hat) + (1 - y) * np.log(1 - y_hat))", "-(y * np.log(y_hat))"
FUSED = (
    "that is (perhaps but for a factor) the gradient of softmax and loss together. Here backward "
    "gives that of the loss alone, with respect to y_hat; Softmax.backward does the rest.",
    "这是 Softmax 和损失合在一起的梯度（可能差一个系数）。这里只求损失对 y_hat 的梯度，其余由 "
    "Softmax.backward 完成。")
_G, _BG = "-y / y_hat", "-y / y_hat + (1 - y) / (1 - y_hat)"

# MISTAKES[method, result]: (English, Chinese, *formulas).
MISTAKES = {
  ("Linear.forward", "y"): [
    ("the bias is missing: b is added to every row.", "漏了偏置：每一行都要加上 b。", "x @ W"),
    ("the order is wrong: samples are rows here, so it is X W. With samples as columns it is W x.",
     "次序反了：我们这里每一行是一个样本，所以是 XW；写成 Wx 的书是把样本放在列上。",
     "W @ x + b", "W.T @ x + b", "W @ x.T + b"),
    ("there is one transpose too many: X is (N, d), W is (d, m), and the inner sizes agree.",
     "多转置了一次：X 是 (N, d)，W 是 (d, m)，相邻的两个数本来就相等。",
     "x @ W.T + b"),
    ("the activation is a layer of its own; Linear gives X W + b as it is.",
     "激活函数是另外一层；Linear 直接给出 XW + b。",
     "sigmoid(x @ W + b)", "np.maximum(x @ W + b, 0)"),
  ],
  ("Linear.backward", "grad_W"): [
    ("grad_W comes out transposed, (m, d), and W is (d, m).",
     "grad_W 转置了：算出来是 (m, d)，而 W 是 (d, m)。", "grad_y.T @ x"),
    (*ORDER, "x @ grad_y", "x @ grad_y.T", "grad_y @ x", "grad_y @ x.T"),
    ("the output y is used where the input x or the gradient grad_y belongs.",
     "用了输出 y，而这里应该是输入 x 或传来的梯度 grad_y。", "y.T @ grad_y"),
    ("{k:.4g} * W is added, as weight decay does. It does not belong to dL/dW.",
     "多加了 {k:.4g} * W，这是权重衰减的做法，不属于 dL/dW。", "x.T @ grad_y + k * W"),
    ("that is dL/dX, which backward has to return.", "这是 dL/dX，backward 应该返回它。",
     "grad_x"),
  ],
  ("Linear.backward", "grad_b"): [
    ("a dimension is lost: grad_b is (m,), and b is (1, m). keepdims=True keeps it.",
     "少了一维：grad_b 是 (m,)，b 是 (1, m)。keepdims=True 能保留它。", "grad_y.sum(axis=0)"),
    ("grad_b has to add up the rows of grad_y, and the rows only: m columns give m numbers.",
     "grad_b 应该把 grad_y 的各行加起来，而且只加各行：m 列得到 m 个数。", "grad_y",
     "grad_y.sum()", "grad_y.sum(axis=1, keepdims=True)", "grad_y.mean()"),
    ("it is averaged over the batch, and has to be summed; besides, a dimension is lost.",
     "对这一批取了平均，而应该求和；另外还少了一维，b 是 (1, m)。", "grad_y.mean(axis=0)"),
  ],
  ("Linear.backward", "grad_x"): [
    ("W is not transposed; dL/dX is dL/dY times W^T.",
     "W 没有转置：dL/dX 是 dL/dY 乘 W^T。", "grad_y @ W"),
    (*ORDER, "W @ grad_y.T", "W @ grad_y"),
    (*PASSED_ON, "grad_y"),
    (*NO_GRAD_Y, "W.T"),
    ("that is grad_W, which belongs into self.grad_W; what is returned is dL/dX.",
     "这是 grad_W，应该存进 self.grad_W；要返回的是 dL/dX。", "grad_W"),
  ],
  ("Sigmoid.forward", "y"): [
    ("the sign in the exponent is wrong: these are the values of the sigmoid at -x.",
     "指数的符号错了：算出来的是 Sigmoid 在 -x 处的值。", "1 / (1 + np.exp(x))"),
    ("exp overflows for a large x, and inf / inf is nan: the sign of x has to choose the fraction.",
     "x 很大时 exp 溢出，inf / inf 是 nan：要按 x 的正负选用分式。", "np.exp(x) / (1 + np.exp(x))"),
    ("that is a tanh, which goes from -1 to 1, or one of x in place of x / 2.",
     "用了 tanh，但它的值在 -1 到 1 之间，或者其中的 x 没有除以 2。",
     "np.tanh(x)", "(1 + np.tanh(x)) / 2"),
  ],
  ("Sigmoid.backward", "grad_x"): [
    (*NO_GRAD_Y, "y * (1 - y)"),
    ("the input x is used where the formula has the output y.",
     "用了输入 x，而公式里是输出 y。", "grad_y * x * (1 - x)"),
    (*WHOLE, "grad_y * (1 - y)", "grad_y * y"),
    ("that is the derivative of tanh; the sigmoid's is y (1 - y).",
     "这是 tanh 的导数；Sigmoid 的导数是 y (1 - y)。", "grad_y * (1 - y**2)"),
    (*PASSED_ON, "grad_y"),
    ("the function is taken of grad_y. It belongs to what forward has computed.",
     "把函数作用在 grad_y 上了。它应该作用在 forward 算的量上。", "grad_y * (1 - grad_y)",
     "sigmoid(grad_y) * (1 - sigmoid(grad_y))"),
    ("the sigmoid is applied once more: y is the sigmoid of x already.",
     "多做了一次 Sigmoid：y 已经是 x 的 Sigmoid 了。", "grad_y * sigmoid(y) * (1 - sigmoid(y))"),
    ("exp overflows far from zero, and inf / inf is nan. With the output y there is no exp.",
     "离零很远时 exp 溢出，而 inf / inf 是 nan。用 forward 保存的输出 y 就不需要 exp。",
     "grad_y * np.exp(-x) / (1 + np.exp(-x)) ** 2", "grad_y * np.exp(x) / (1 + np.exp(x)) ** 2"),
  ],
  ("Softmax.forward", "y"): [
    ("it is normalised over the batch: the columns sum to 1, and each row (a sample) has to.",
     "沿批的方向做了归一化，成了每一列之和为 1。每一行是一个样本，应该每一行之和为 1。",
     "e = np.exp(x); e / e.sum(axis=0)", _E + "e / e.sum(axis=0)"),
    ("it is normalised over the whole array. Each row is a sample, and has to sum to 1.",
     "对整个数组做了归一化。每一行是一个样本，应该每一行之和为 1。",
     "e = np.exp(x - x.max()); e / e.sum()", _E + "e / e.sum()"),
    ("no maximum is subtracted: far from zero a row becomes inf / inf or 0 / 0, which is nan.",
     "没有减去每一行的最大值：离零很远时，一行就成了 inf / inf 或 0 / 0，即 nan。",
     f"e = np.exp(x); e / {_SUM}", f"e = np.exp(x); e / ({_SUM} + 1e-10)"),
    ("what is subtracted is not each row's own maximum: exp overflows, or a row becomes 0 / 0.",
     "减去的不是每一行自己的最大值，于是 exp 溢出，或者某一行成了 0 / 0。",
     f"e = np.exp(x - x.max()); e / {_SUM}", f"e = np.exp(x - x.max()); e / ({_SUM} + 1e-10)"),
    (*KEEPDIMS, _E + "e / e.sum(axis=1)", "e = np.exp(x); e / e.sum(axis=1)", "x - x.max(axis=1)"),
    ("it is not normalised: each row has to be divided by its sum.",
     "没有归一化：每一行还要除以这一行的和。", "np.exp(x)", _E + "e"),
    ("that is the sigmoid of each entry. Softmax divides by the sum over the row.",
     "这是逐元素的 Sigmoid。Softmax 要除以这一行的和。", "sigmoid(x)",
     f"sigmoid(x - {_MAX})"),
  ],
  ("Softmax.backward", "grad_x"): [
    (*DIAGONAL, "grad_y * y * (1 - y)", "y * (1 - y)", "(y * (1 - y)).T"),
    ("the incoming gradient is passed on unchanged, as if softmax and loss were one layer.",
     "把传来的梯度原样返回了，好像 Softmax 和损失是同一层。", "grad_y"),
    ("the sum runs over the whole array or over the batch; it is that of each row alone.",
     "和是对整个数组（或沿批的方向）求的；应该每一行单独求和。",
     "y * (grad_y - (grad_y * y).sum())", "y * (grad_y - (grad_y * y).sum(axis=0))"),
    (*KEEPDIMS, "y * (grad_y - (grad_y * y).sum(axis=1))"),
    ("that is the shortcut `prediction - label` of softmax and loss; but grad_y is no label.",
     "这是把 Softmax 和损失合在一起的捷径“预测减标签”；但传来的梯度 grad_y 不是标签。",
     "y - grad_y"),
    (*ONE_JACOBIAN, "np.diag(y) - y @ y.T", "np.diag(y) - np.outer(y, y)", "y * y.T", "-y * y.T"),
    ("the sum is that of grad_y * y over the row, not of grad_y alone.",
     "要求和的是这一行的 grad_y * y，而不只是 grad_y。",
     "y * (grad_y - grad_y.sum(axis=1, keepdims=True))"),
    ("the second part is missing: minus y times the sum over the row of grad_y * y.",
     "少了后一部分：还要减去 y 乘以这一行 grad_y * y 的和。", "grad_y * y"),
    ("the rows' Jacobians are returned or added up; each has to meet its row of grad_y first.",
     "返回的是各行的雅可比矩阵（或它们的和）；每个矩阵还要乘上 grad_y 的那一行。",
     _J),
  ],
  ("CrossEntropyLoss.forward", "loss"): [
    ("log(0) is -inf, and 0 * -inf is nan. 0 has to be raised a tiny bit before the logarithm.",
     "log(0) 是 -inf，0 * -inf 是 nan。取对数之前，要把 0 抬高到一个极小的正数。",
     f"{_L}.sum() / N", "-np.log((y * y_hat).sum(axis=1)).mean()"),
    ("the base of the logarithm is not e.", "对数的底不是 e。",
     "-(y * np.log2(y_hat)).sum() / N", "-(y * np.log10(y_hat)).sum() / N"),
    ("that is an array, and the loss is one number: the sum over all, divided by N.",
     "这是一个数组，而损失是一个数：全部加起来，再除以 N。",
     _L, f"{_L}.sum(axis=0)", f"{_L}.sum(axis=1)"),
    (*BINARY, f"-{_BCE}.sum() / N", f"-{_BCE}", f"-{_BCE}.sum(axis=0)", f"-{_BCE}.sum(axis=1)"),
    (*AGAIN, "-(y * np.log(softmax(y_hat))).sum() / N"),
    (*WITHOUT_Y, "-np.log(y_hat).sum() / N"),
    ("that is the mean squared error; here the loss is the cross-entropy.",
     "这是均方误差；这里的损失是交叉熵。", "((y - y_hat) ** 2).sum() / N"),
  ],
  ("CrossEntropyLoss.backward", "grad_y_hat"): [
    ("where y_hat is 0, 1 / 0 is inf and 0 / 0 nan: keep it away from 0, as for the logarithm.",
     "y_hat 为 0 的地方，1 / 0 是 inf，0 / 0 是 nan：和取对数时一样，先给 y_hat 设一个下限。",
     f"{_G} / N", f"np.where(y == 1, {_G} / N, 0)"),
    (*FUSED, "y_hat - y"),
    ("that is the logarithm itself; its derivative is 1 / y_hat.",
     "这还是对数本身；它的导数是 1 / y_hat。", _L),
    (*BINARY, _BG),
    (*AGAIN, "softmax(y_hat) - y", "-y / softmax(y_hat)"),
    (*WITHOUT_Y, "-1 / y_hat"),
  ],
}

# What may have become of the right result of any method.
CONSTANT_BACKWARD = (
    "it is the constant {k:.6g}, whatever goes in: the incoming gradient is not used.",
    "不管输入什么，结果总是常数 {k:.6g}：没有用到传来的梯度。", "np.ones_like(right) * k")
CONSTANT = ("it is the constant {k:.6g}, whatever goes in.",
            "不管输入什么，结果总是常数 {k:.6g}。", "np.ones_like(right) * k")
RELATIONS = [
    ("the sign is wrong: but for a minus, these numbers are right.",
     "符号错了：除了差一个负号，这些数都对。", "-right"),
    ("it is divided by N, the number of rows, once too often: only the loss averages, and once.",
     "多除了一次 N（行数），成了平均：只有损失对一批取平均，也只取一次。", "right / N"),
    ("it is N times too large, N the number of rows: a division is missing, or rows are added up.",
     "结果是正确值的 N 倍（N 是行数）：漏了除以 N，或者多对各行求了一次和。", "right * N"),
    ("it is divided by the number of columns in place of N, the number of rows.",
     "除以了列数，而应该除以行数 N。", "right * N / D"),
    ("it is divided (multiplied) by the number of columns or of all entries, as by np.mean.",
     "多除（乘）了列数或全部元素的个数，用 np.mean 就会这样。", "right * D",
     "right / D", "right / m", "right / (N * D)", "right / (N * m)"),
    ("results are accumulated from call to call (+=). Every call has to set them anew (=).",
     "把结果累加到了上一次的结果上（+=）。每次调用都应该重新设置（=）。", "before + right"),
    ("it is divided by a fixed {inverse:.6g} in place of N, the number of rows.",
     "除以了固定的 {inverse:.6g}，而不是行数 N。", "right * N * k"),
    ("everything is {k:.6g} times what it should be, in every batch: a constant factor (such as a "
     "learning rate, which has no place here).",
     "每一批的结果都是正确值的 {k:.6g} 倍：多了或少了一个常数因子（例如学习率，它不该在这里）。",
     "right * k"),
    ("only the first row of the batch counts: an index 0, or a `return` inside the loop?",
     "只算了这一批的第一行：是不是下标写死成了 0，或者把 return 写在了循环里？",
     "right[0]", "first", "np.vstack([right[:1], np.zeros_like(right[1:])])"),
    ("only the last row of the batch counts: does a loop set the result where it has to add?",
     "只算了这一批的最后一行：是不是循环里每次都重新赋值，而没有累加？",
     "right[-1]", "last", "np.vstack([np.zeros_like(right[:-1]), right[-1:]])"),
    ("the last row is left out: does a loop end one too early?", "漏了最后一行：循环少跑了一次？",
     "right[:-1]", "right - last", "np.vstack([right[:-1], np.zeros_like(right[-1:])])"),
    ("all is added up (averaged) to one number: np.sum and np.mean without axis= do that.",
     "全部加起来（平均）成了一个数：np.sum、np.mean 不写 axis= 就会这样。", "right.sum()",
     "right.mean()"),
    ("numbers are added up (averaged) that have to stay apart: one sum over an axis too many.",
     "把应该分开的数加起来（平均）了：多做了一次沿某个轴的求和。",
     *(f"right.{f}({axis})" for f in ("sum", "mean") for axis in (
       "axis=0", "axis=1", "axis=0, keepdims=True", "axis=1, keepdims=True"))),
    ("the numbers are right, the shape is not: transposed, or one dimension too many or too few?",
     "数值都对，形状不对：转置了，改了形状，或者多了、少了一维（keepdims、squeeze、None）。",
     "right.T", "right.ravel()", "right.reshape(1, -1)", "right.reshape(-1, 1)", "right[None]",
     "right[..., None]", "right.squeeze()", "np.array([right])", "np.array([[right]])"),
]

# What matches `method: message` and, below it, the line of code: the first pattern counts. {0},
# {1} are the parts in parentheses, {close} a name that resembles the misspelt one, {first} the
# method's first line.
STUMBLES = [
    (r"(maximum|minimum)\(\)",
     "np.{0} compares two arrays entry by entry. The largest (smallest) of each row is given by "
     "np.max (np.min) with axis=1 and keepdims=True.",
     "np.{0} 是两个数组逐元素比较。求每一行的最大（最小）值用 np.max（np.min），加上 axis=1、"
     "keepdims=True。"),
    (r"(?:interpreted as an integer|scalar index|truth value)\n.*np\.(max|min|amax|amin)\(",
     "np.{0} takes its second argument for an axis. Two arrays, or an array and a limit, are "
     "compared entry by entry by np.maximum and np.minimum.",
     "np.{0} 把第二个参数当成轴。两个数组（或者数组和一个界限）逐元素比较，要用 np.maximum、"
     "np.minimum。"),
    (r"not callable\n.*\.(T|shape|size|ndim)\(",
     "{0} is no function: without parentheses after it.", "{0} 不是函数，后面不加括号。"),
    (r"(?:ndarray|float\w*|int\w*|tuple|list)' object is not callable",
     "Python takes `a (b)` for a call: in a product a `*` has to stand before the parenthesis. (Or "
     "a variable has the name of a function.)",
     "Python 把 `a (b)` 看成函数调用：相乘时括号前要写 `*`。（也可能是变量和函数重名了。）"),
    (r"(?:forward|backward)\(\) (?:takes|missing|got)",
     "a call does not fit the parameters: the method has to begin with `{first}`.",
     "调用和参数对不上：方法的第一行应该是 `{first}`。"),
    ("NoneType|of type None",
     "a value is None: it was never set, or a function has no `return` or works in place.",
     "有一个值是 None：它没有赋过值，或者来自没写 return（或原地操作）的函数。"),
    ("builtin_function_or_method|'method'|'numpy.ufunc'|'function'|Dispatcher'",
     "the parentheses of a call are missing: x.max is the function itself, x.max() its result.",
     "漏了调用的括号：x.max 是函数本身，x.max() 才是结果。"),
    ("RecursionError", "the method calls itself, and that never ends.",
     "方法调用了自己，没有尽头。"),
    (r"(?:Linear'(?: object)? has no attribute|NameError: name) '([wWbB]|weights?|bias|params?)'",
     "the weights are kept in the object as __init__ names them: self.W (a capital) and self.b.",
     "权重存在对象里，名字是 __init__ 里定的：self.W（大写）和 self.b。"),
    ("(?:NameError: name|has no attribute) "
     "'(lr|learning_rate|eta|alpha|opt|optim|optimizer|decay|weight_decay|reg|momentum)'",
     "no {0} is needed here: a layer computes gradients, the step is the optimizer's.",
     "这里不需要 {0}：层只管计算梯度，更新权重是优化器的事。"),
    ("object has no attribute '(grad_[Wb])'",
     "there is no self.{0} yet, so nothing can be added to it (+=). backward sets it anew (=).",
     "还没有 self.{0}，没法往上累加（+=）。backward 每次调用都要重新设置它（=）。"),
    ("'(?:Linear|Sigmoid|Softmax)' object has no attribute '(labels?|targets?|y_true|t)'",
     "this layer needs no labels: the loss uses them, and its part arrives in grad_y.",
     "这一层不需要标签：用到标签的是损失函数，它的那部分已经在传来的 grad_y 里了。"),
    (r"'\w+' object has no attribute '(\w+)'\n.*self\.\1\(",
     "this class has no method {0}: write it, with self as first parameter, or compute it here."
     "{close}",
     "这个类里没有方法 {0}：要么写一个（第一个参数是 self），要么直接在这里算。{close}"),
    ("'(?:Linear|Sigmoid|Softmax|CrossEntropyLoss)' object has no attribute '(.*?)'",
     "self.{0} was never set. What is needed later has to be kept in self, under this name.{close}",
     "从来没有设置过 self.{0}。后面要用的量，先要用同样的名字存进 self。{close}"),
    ("has no attribute '(ln)'", "NumPy's natural logarithm is np.log.",
     "NumPy 的自然对数是 np.log。"),
    ("module 'numpy' has no attribute '(float|int|bool|object)'",
     "np.{0} exists no longer: Python's own {0}, np.float64 or np.float32 do the same.",
     "np.{0} 已经取消了：用 Python 自带的 {0}，或者 np.float64、np.float32。"),
    ("memoryview", "in NumPy, x.data is the raw memory (PyTorch has a .data): take x itself.",
     "NumPy 的 x.data 是原始内存（PyTorch 才有那样的 .data）：直接用 x。"),
    (r"'numpy.*' object has no attribute '(length|len|count|rows|nrows)'",
     "an array has no .{0}: its rows are counted by len(y) or y.shape[0].",
     "数组没有 .{0}：行数是 len(y) 或 y.shape[0]。"),
    ("(?:'numpy.*' object|module 'numpy') has no attribute '(.*?)'",
     "NumPy has no {0} there: is it another library's, or misspelt?{close}",
     "NumPy 在这里没有 {0}：是别的库的写法，还是拼错了？{close}"),
    ("name 'np'", "`import numpy as np` is missing.", "文件开头漏了 `import numpy as np`。"),
    ("NameError: name '(exp|log|sqrt|dot|sum|tanh|zeros|ones|where|maximum|matmul|mean|outer)'",
     "NumPy's functions need np. in front: np.{0}.", "NumPy 的函数要写成 np.{0}。"),
    ("(?:NameError: name|No module named) '(torch|F|nn|math|scipy|expit|tf|special)",
     "{0} is not imported, or not installed. The layers need NumPy only.",
     "{0} 没有导入，或者没有安装。这些层只需要 NumPy。"),
    ("name '([NnmMDdBC]|batch|batch_size|bs|num_samples|n_samples|num_classes)'",
     "{0} is no variable here: rows and columns are counted by len(x), x.shape[0], x.shape[1].",
     "这里没有变量 {0}：行数、列数要从数组得到：len(x)、x.shape[0]、x.shape[1]。"),
    (r"name '(T)'", "the transpose of x is x.T; ^ is no operator for it.",
     "x 的转置写成 x.T，不是 ^T。"),
    (r"name '(e)'", "e to the power of x is np.exp(x).", "e 的 x 次方写成 np.exp(x)。"),
    ("name '(true|false|null|none)'", "Python writes True, False and None.",
     "Python 里写成 True、False、None。"),
    ("bitwise_xor|for \\^", "^ is no power in Python: x ** 2. A transpose is x.T.",
     "Python 里 ^ 不是乘方，乘方是 x ** 2；转置是 x.T。"),
    (r"name '(\w+)' is not defined\n.*\b\1\(",
     "there is no function {0} here: write it out with NumPy's own functions.{close}",
     "这里没有函数 {0}：请用 NumPy 的函数把它写出来。{close}"),
    ("NameError: name '(.*?)'",
     "there is no variable {0} here: misspelt, or kept in self? The parameters are in `{first}`."
     "{close}",
     "这里没有变量 {0}：是拼错了，还是该从 self 里取？参数见 `{first}`。{close}"),
    ("local variable '(.*?)'",
     "{0} is used before it has a value: is a line above it missing, or within an `if`?",
     "{0} 还没有赋值就用了：是不是上面漏了一行，或者那一行写在 if 里？"),
    (r"TypeError.*\n(?:.*[^.\w])?sum\(",
     "Python's own sum knows neither axis= nor keepdims=; np.sum does.",
     "Python 自带的 sum 没有 axis=、keepdims=；np.sum 才有。"),
    (r"unexpected keyword argument '(\w+)'|'(\w+)' is an invalid keyword",
     "{0}= is unknown here. NumPy's sums and maxima have axis= and keepdims=, PyTorch's dim= and "
     "keepdim=; np.exp, np.log and Python's own sum have none of them.",
     "这里没有参数 {0}=。NumPy 的求和、最大值用 axis=、keepdims=（PyTorch 才是 dim=、keepdim=），"
     "np.exp、np.log 和 Python 自带的 sum 都没有。"),
    ("positional argument|takes at (?:most|least)|incorrect number of|invalid number of arguments",
     "a function on this line takes more, or fewer, values than it is given.",
     "这一行里，给某个函数的参数个数不对。"),
    ("0-dimensional|(?:length|size)-1|must be real number",
     "a function for a single number (math.exp, float) was given an array; NumPy's take arrays.",
     "只能处理一个数的函数（math.exp、float）拿到了数组；NumPy 的函数可以处理整个数组。"),
    (r"values to unpack.*\n.*enumerate\(zip\(",
     "enumerate gives a number and what zip puts together, which has brackets of its own: "
     "`for i, (y, g) in enumerate(zip(...))`.",
     "enumerate 给出编号和 zip 合成的一组，这一组要另加括号：`for i, (y, g) in "
     "enumerate(zip(...))`。"),
    ("values to unpack", "there are more (or fewer) names on the left than values on the right.",
     "左边变量的个数和右边值的个数不一样。"),
    ("truth value of an array",
     "`if`, `and`, `max` want one truth value; comparing an array gives one for each entry.",
     "if、and、max 只能判断一个真假；数组的比较得到的是每个元素各一个。"),
    (r"^(?:Linear|Sigmoid|Softmax)\.backward.*(?:used as indices|only integer|indexing arrays)",
     "an index has to be an integer. grad_y is no label but a gradient; no labels arrive here.",
     "下标必须是整数。grad_y 是梯度，不是标签；这一层没有标签。"),
    ("used as indices|only integer|indexing arrays",
     "an index has to be an integer; rows of y are one-hot, the class is the column with the 1.",
     "下标必须是整数；y 的每一行是独热编码，1 所在的列才是类别。"),
    ("axes don't match", "transpose takes as many numbers as the array has axes; x.T has two.",
     "transpose 的参数个数要和数组的轴数一样；两个轴时用 x.T 就行。"),
    ("out of bounds|too many indices|AxisError",
     "the array has no such axis or index: both count from 0, and a sum takes an axis away.",
     "数组没有这个轴或下标：轴和下标都从 0 数起，求和还会去掉一个轴。"),
    (r"^Softmax\.backward.*broadcast input array from shape \((\d+),\1\)",
     "the Jacobian of a row is put where its product with that row of grad_y belongs.",
     "放进去的是这一行的雅可比矩阵，而应该是它和 grad_y 这一行的乘积。"),
    ("with a sequence",
     "one entry is given a whole row: x[i] is row i of the batch, an entry of it is x[i, j].",
     "把一整行放进了一个元素里：x[i] 是这一批的第 i 行，其中一个元素是 x[i, j]。"),
    ("broadcast input|cannot reshape|non-broadcastable|concatenation|same number",
     "an array does not fit into the place where it is put (an entry, a row, another shape).",
     "数组放不进那个位置：目标（元素、行或形状）的大小和它不一样。"),
    ("'list'",
     "a Python list does not compute entry by entry: np.array(...) makes an array of it.",
     "Python 的 list 不会逐元素计算：先用 np.array(...) 变成数组。"),
    ("SystemExit", "the method ends the program (exit).", "这个方法结束了整个程序（exit）。"),
    ("NotImplementedError", "a line with `raise` is still there.", "raise 那一行还在。"),
    ("matmul|not aligned|core dimension",
     "the inner sizes of a matrix product have to agree: write the shape under each factor.",
     "矩阵乘法里相邻的两个数必须相等：请在每个因子下面写上形状。"),
    ("could not be broadcast(?!.*remapped)",
     "entry by entry, the sizes (read from the right) have to be equal or 1.",
     "逐元素运算时，从右往左看，各维的大小要相等，或者其中一个是 1。"),
]
SIZE = ("{0} is written into the code as a size. Batches and layers differ: take it from a shape.",
        "代码里把大小写死成了 {0}。每一批、每一层都可能不同，要从数组的 shape 得到。")
ONES = ("a column is appended (for the bias?). W has no row for it; b is added to the product.",
        "添了一列（是为偏置添的吗？）。W 里没有对应的一行；b 是乘完以后再加的。")

# Kinds of observations, and what was found by trying something out.
CHANGED = {
    "weights": (
        "the weights are updated or replaced inside the layer; the step is the optimizer's.",
        "在层里更新或替换了权重。forward 和 backward 只使用权重，更新是优化器的事。"),
    "input": (
        "-=, *=, x[...] = and out= write into the caller's array, in place. Work on a new one.",
        "原地修改了输入：-=、*=、x[...] =、out= 会写进调用者的数组。请算到一个新数组里。"),
    "output": (
        "backward alters in place what forward has kept; forward has handed out the same array.",
        "backward 原地改动了 forward 保存的数组，而 forward 返回的也是这个数组。"),
}
NO_RETURN = ("a `return` is missing or not reached, or what it returns has no value (as print).",
             "漏了 return，没有执行到它，或者 return 的东西没有值（例如 print）。")
NOT_RETURNED = ("it is kept in self.{0}, but not returned: a `return` is missing.",
                "结果存进了 self.{0}，但没有返回：漏了 return。")
NOT_KEPT = ("backward has to keep this gradient in {0}; a local variable ends with the method.",
            "backward 要把这个梯度存进 {0}；局部变量在方法结束时就没有了。")
OTHER_NAME = ("it has another name, self.{0}. The optimizer looks for {1}.",
              "它存在了另一个名字 self.{0} 下面，而优化器要找的是 {1}。")
TYPES = {
    "comma": ("a comma at the end makes a tuple of it.", "行末多了一个逗号，成了 tuple。"),
    "tuple": ("several values are returned; only the output, or in backward dL/dX, is wanted.",
              "返回了好几个值。backward 只返回对输入的梯度，forward 只返回输出。"),
    "function": ("a function is returned, and not what it gives when it is called.",
                 "返回的是函数本身，而不是调用它得到的结果。"),
    "list": ("it is a Python list; an array is wanted.", "这是 Python 的 list，应该是数组。"),
    "matrix": ("np.matrix is no plain array: its * is a matrix product. Use arrays and @.",
               "np.matrix 不是普通的数组：它的 * 是矩阵乘法。请用普通数组和 @。"),
    "MaskedArray": ("a masked array leaves entries out. Use np.where and plain arrays.",
                    "带掩码的数组（np.ma）会跳过一些元素。请用 np.where 和普通数组。"),
}
FACTS = {
    "exp": ("exp of a large number is inf, and inf / inf is nan.",
            "exp 的自变量太大就得 inf，而 inf / inf 是 nan。"),
    "log": ("log(0) is -inf, and 0 * -inf is nan; of a negative number the logarithm is nan.",
            "log(0) 是 -inf，0 * -inf 是 nan；负数的对数是 nan。"),
    "division": ("a division by 0 is inf, or nan.", "除以 0 得 inf 或 nan。"),
    "small loss": ("a right class of probability 0 has to cost much, however log(0) is avoided.",
                   "正确类别的概率是 0，代价应该很大，不管用什么办法避开 log(0)。"),
    "earlier": ("a new object gives other numbers: something random, or left from before, is used.",
                "换一个新对象，结果就不同：用了随机数，或者用了以前的调用留下的量。"),
    "one sample": (
        "it is right for a single sample (a vector). A batch has one in each row, and each row is "
        "computed on its own: by axis=1 and keepdims=True, or in a loop over the rows.",
        "这段代码对单个样本（一个向量）是对的。一批里一行是一个样本，要各算各的：用 axis=1、"
        "keepdims=True，或者逐行循环。"),
    "rows mix": (
        "the first row of the result changes when other rows of the batch do. Each row is a sample "
        "of its own: no sum and no product (N, N) runs over the rows.",
        "改动这一批的其他行，结果的第一行也跟着变。每一行是一个独立的样本：不能跨行求和，也不能"
        "做结果为 (N, N) 的乘积。"),
    "samples counted": (
        "`{0}` counts the rows (samples), but `{1}` compares classes: the two indices of a "
        "Jacobian both count the columns of one row. The rows need a loop of their own around "
        "these two.",
        "`{0}` 数的是行（样本），而 `{1}` 比较的应该是类别：雅可比矩阵的两个下标都数同一行里的列。"
        "外面还要有一层循环，逐行进行。"),
    "results exchanged": (
        "{0} and {1} are exchanged: each holds what belongs into the other.",
        "{0} 和 {1} 弄反了：各自存的是对方的结果。"),
    "overwritten": (
        "forward gives {0} a new value before it keeps it: self.{1} holds the output, and backward "
        "needs the input.",
        "forward 先改了 {0} 的值才保存：self.{1} 里是输出，而 backward 要用输入。"),
    "one row": ("it is right for a batch of one row only.", "只有一行时是对的，多于一行就不对了。"),
    "carried": (
        "each row is right alone, but of the batch only the first: something of an earlier row is "
        "used for the later ones.",
        "每一行单独算都对，但整批一起算时只有第一行对：后面的行用到了前面某一行的量。"),
    "far": ("for ordinary numbers it is right; it differs only for {0}.",
            "一般的数都算得对，只有这样的输入不对：{0}。"),
    "loss": ("the loss is one number: the sum over all, divided by N.",
             "损失是一个数：全部加起来，再除以 N。"),
    "exchanged": ("y_hat and y are exchanged: with the two the other way round it would be right.",
                  "y_hat 和 y 弄反了：两者对调就对了。"),
    "exchanged, too large": (
        "y_hat and y are exchanged; with the two the other way round, a division by N is missing.",
        "y_hat 和 y 弄反了；两者对调以后，只差除以 N。"),
    "lost axis": (
        "numbers are added up (averaged) that have to stay apart: there is one for each entry.",
        "把应该分开的数加起来（或平均）了：每个元素各有一个结果。"),
    "no transpose": (
        "entry by entry, the two arrays need the same shape: a transpose has no place there.",
        "逐元素运算时，两个数组的形状要一样：这里不该转置。"),
    "rows meet": (
        "it is right for a batch of one row only: each row of x has to meet its own row of grad_y "
        "before the rows are added up.",
        "只有一行时是对的：x 的每一行要先和 grad_y 的同一行相乘，然后才把各行加起来。"),
    "outer": (
        "np.outer takes two vectors. X^T G adds up one outer product for each row of the batch.",
        "np.outer 只用于两个向量。X^T G 是把每一行的外积加起来。"),
    "empty": ("np.empty holds whatever lay in memory before, and some entries are never set.",
              "np.empty 里是内存中原有的数，而有些元素从来没有赋值。"),
    "forward again": (
        "backward calls forward again, with another array; it should use what forward has kept.",
        "backward 又调用了 forward，传进去的是另一个数组；应该用 forward 保存下来的量。"),
    "no weights": (
        "the result does not depend on {0}: whatever numbers stand there, it stays the same. The "
        "weights are those that __init__ makes, self.W and self.b.",
        "没有用到 {0}：它的数怎么变，结果都不变。权重是 __init__ 里的 self.W 和 self.b。"),
    "thrown away": ("`{0}` is computed and thrown away: the line gives it no name.",
                    "`{0}` 算出来以后没有存进任何变量，结果丢掉了。"),
    "diagonal": (
        "np.diag takes the diagonal of a two-dimensional array; only from a vector does it make a "
        "matrix, and each row of y needs its own.",
        "np.diag 作用在二维数组上是取出对角线，作用在向量上才生成矩阵。y 的每一行要各生成一个。"),
    "special": ("it is right for {0}, but not here: is a size, limit or special case in the code?",
                "输入是 {0}时是对的，这里却不对：是不是写死了大小、界限或特殊情形？"),
}
# Said where one change of the code makes the method right; {0} is the code that is changed.
REPAIRS_FIRST = {
    "floor": ("`//` divides to whole numbers; / is meant: `{0}`.",
              "`//` 是取整的除法，应该用 /：`{0}`。"),
    "rounded": ("`{0}` makes the numbers coarser; without {1} they would be right.",
                "`{0}` 丢掉了小数部分或精度；去掉 {1} 就对了。"),
    "integers": ("`{0}` makes no array of floats: what is put into it loses its decimals. Without "
                 "dtype, np.zeros gives floats.",
                 "`{0}` 得到的不是浮点数的数组，存进去的数会丢掉小数部分。np.zeros 不写 dtype "
                 "就是浮点数。"),
    "limited": ("`{0}` changes numbers that do occur. A limit has to lie so far out that it never "
                "matters: 500 for an exponent, 1e-12 for a probability.",
                "`{0}` 把平时会出现的数也改变了。界限要取得很远，平时不起作用：指数取 500，概率取 "
                "1e-12。"),
    "epsilon": ("`{0}` adds so much that it changes the result: a tiny number, such as 1e-12, is "
                "enough to keep away from 0.",
                "`{0}` 加的数太大，改变了结果：为避开 0，加 1e-12 这样极小的数就够了。"),
    "return in loop": ("`{0}` stands inside the loop and ends it in its first turn.",
                       "`{0}` 写在了循环里，第一次就结束了循环。"),
}
REPAIRS = {
    "activation": ("the factor `{0}` is that of a sigmoid, whose own backward multiplies by it: "
                   "Linear has no activation.",
                   "因子 `{0}` 是 Sigmoid 的导数，由 Sigmoid 自己的 backward 去乘；Linear 没有激活"
                   "函数。"),
    "entry by entry": ("in `{0}`, {1} multiplies entry by entry; the matrix product is @.",
                       "`{0}` 里的 {1} 是逐元素相乘；矩阵乘法是 @。"),
    "product": ("in `{0}` no matrix product and no transpose is wanted: * is entry by entry.",
                "`{0}` 这里不要矩阵乘法，也不要转置：应该用 * 逐元素相乘。"),
    "outer": ("`{0}` of two vectors is one number, and .T does nothing to a vector; the matrix "
              "y y^T is np.outer(y, y).",
              "`{0}` 是两个向量相乘，得到一个数，而且 .T 对向量不起作用；矩阵 y y^T 要写成 "
              "np.outer(y, y)。"),
    "einsum": ("in `{0}` the letters after -> stand in another order than the code goes on with.",
               "`{0}` 里 -> 后面字母的次序，和后面代码用到的不一样。"),
    "einsum letters": (
        "in `{0}`, {1} stand in one place only, so each is summed away by itself. One index of the "
        "Jacobian has to meet the row of grad_y, the other remains.",
        "`{0}` 里的 {1} 只出现一次，各自被加掉了。雅可比矩阵的一个下标要和 grad_y 那一行的对上，"
        "另一个留在结果里。"),
    "average": ("`{0}`: a mean where a sum is meant, or the other way round.",
                "`{0}`：该求和的地方求了平均，或者反过来。"),
    "largest": ("in `{0}`, {1} stands where {2} belongs.", "`{0}` 里的 {1} 应该是 {2}。"),
    "base": ("the base of the power in `{0}` is not e: np.exp(x) is e to the power of x.",
             "`{0}` 的底不是 e：e 的 x 次方写成 np.exp(x)。"),
    "axis": ("`{0}` runs over the wrong axis, or loses one: axis=1 is along a row, axis=0 over the "
             "rows of the batch.",
             "`{0}` 的轴不对，或者少了一维：axis=1 沿着一行，axis=0 跨过这一批的各行。"),
    "reshaped": ("`{0}` keeps the order of the numbers; rows and columns are swapped by .T.",
                 "`{0}` 不改变数的次序；行和列对换要用 .T。"),
    "transposed": ("`{0}` is transposed, and should not be.", "`{0}` 不应该转置。"),
    "not transposed": ("`{0}` has to be transposed.", "`{0}` 需要转置。"),
    "order": ("the two factors of `{0}` are in the wrong order.", "`{0}` 的两个因子次序反了。"),
    "brackets": ("brackets are missing in `{0}`: * and / come before + and -, and operators "
                 "of the same rank go from left to right.",
                 "`{0}` 少了括号：先乘除后加减，同级从左到右。"),
    "set in loop": ("`{0}` sets anew in each turn of the loop, where it has to add (+=).",
                    "`{0}` 在循环里每次都重新赋值，而应该累加（+=）。"),
    "surplus": ("without `{0}` it would be right.", "去掉 `{0}` 就对了。"),
    "wrapped": ("`{1}` would be right as it is, without `{0}`.",
                "`{1}` 本身就对，去掉 `{0}` 就行。"),
    "array": ("`{0}` is the wrong array: with another one in that place it would be right.",
              "这里的 `{0}` 用错了：换成另一个数组就对了。"),
    "operator": ("in `{0}` a wrong operator: {1} stands where {2} belongs.",
                 "`{0}` 里的运算符用错了：{1} 应该是 {2}。"),
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
    "init": ("__init__ was changed, which is given: put it back as it was.",
             "改动了给定的 __init__：请恢复原样。"),
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
