"""练习：四个层的前向与反向传播，以及由它们堆叠成的网络（已给出）。下一个文件：data.py。
The exercise: four layers with forward and backward, and the network (given) that stacks them.
Next comes data.py.

一批样本是一个数组，每行一个样本：x 的形状 (N, d) 表示 N 个样本、每个 d 个特征。forward 算出
这一层的输出，并记下 backward 要用的量；backward 收到 dL/d(输出)，返回 dL/d(输入)。每次调用都
重新计算梯度，不修改传入的数组。
A batch is an array with one sample in each row: x (N, d) holds N samples of d features. `forward`
computes the layer's output and keeps what `backward` needs; `backward` receives dL/d(output) and
returns dL/d(input). Gradients are set anew by every call, and no input is modified.
"""

import numpy as np


class Linear:
    """线性层（讲义第 2 节）。 Linear layer (handout, section 2): Y = XW + b.

    W (d, m), b (1, m): 按 Glorot & Bengio (2010) 初始化 / drawn as Glorot & Bengio (2010) advise
    grad_W (d, m), grad_b (1, m): dL/dW, dL/db, 由 backward 设置 / set by `backward`
    """

    def __init__(self, in_features, out_features, rng):
        limit = np.sqrt(6 / (in_features + out_features))
        self.W = rng.uniform(-limit, limit, (in_features, out_features)).astype(np.float32)
        self.b = np.zeros((1, out_features), dtype=np.float32)

    def forward(self, x):
        """由 X 算出 Y。 Return Y for the batch X: (N, d) -> (N, m)."""
        # TODO: Linear.forward，讲义第 2 节 (handout, section 2)
        raise NotImplementedError("Linear.forward")

    def backward(self, grad_y):
        """设置 grad_W 和 grad_b，返回 dL/dX。 Set grad_W and grad_b, return dL/dX.

        dL/dY (N, m) -> dL/dX (N, d)
        """
        # TODO: Linear.backward，讲义第 2 节 (handout, section 2)
        raise NotImplementedError("Linear.backward")


class Sigmoid:
    """激活函数，逐元素（讲义第 3 节）。 Activation, entry by entry (handout, section 3).

    y = 1 / (1 + exp(-x))
    """

    def forward(self, x):
        """由 x 算出 y，形状相同。 Return y, shaped like x."""
        # TODO: Sigmoid.forward，讲义第 3 节 (handout, section 3)
        raise NotImplementedError("Sigmoid.forward")

    def backward(self, grad_y):
        """由 dL/dy 算出 dL/dx，形状相同。 Return dL/dx from dL/dy, shaped alike."""
        # TODO: Sigmoid.backward，讲义第 3 节 (handout, section 3)
        raise NotImplementedError("Sigmoid.backward")


class Softmax:
    """把每一行变成概率（讲义第 4 节）。 Turn each row into probabilities (handout, section 4).

    y_i = exp(x_i) / sum_j exp(x_j)
    """

    def forward(self, x):
        """由 logits 算出概率，每行之和为 1。 Return probabilities, rows summing to 1, for logits.

        (N, D) -> (N, D)，D 是类别数 / D classes
        """
        # TODO: Softmax.forward，讲义第 4 节 (handout, section 4)
        raise NotImplementedError("Softmax.forward")

    def backward(self, grad_y):
        """由 dL/dy 算出 dL/dx。 Return dL/dx from dL/dy: (N, D) -> (N, D)."""
        # TODO: Softmax.backward，讲义第 4 节 (handout, section 4)
        raise NotImplementedError("Softmax.backward")


class CrossEntropyLoss:
    """交叉熵损失（讲义第 5 节）。 Cross-entropy loss (handout, section 5).

    L = -1/N sum_n sum_i y_ni log(y_hat_ni)，N 是样本数 / N the number of samples
    """

    def forward(self, y_hat, y):
        """返回这一批的平均损失，一个浮点数。 Return the mean loss of the batch, a float.

        预测概率 / predicted probabilities y_hat (N, D), 独热标签 / one-hot labels y (N, D)
        """
        # TODO: CrossEntropyLoss.forward，讲义第 5 节 (handout, section 5)
        raise NotImplementedError("CrossEntropyLoss.forward")

    def backward(self):
        """返回上一次 forward 的 dL/dy_hat。 Return dL/dy_hat (N, D) of the last `forward`."""
        # TODO: CrossEntropyLoss.backward，讲义第 5 节 (handout, section 5)
        raise NotImplementedError("CrossEntropyLoss.backward")


class MLP:
    """已给出：多层感知机，由 Linear 和 Sigmoid 交替堆叠，最后是 Linear 和 Softmax。
    Given: the multilayer perceptron, Linear and Sigmoid in turn, then a last Linear and Softmax.

    in_features, hidden_dims, out_features: 各层宽度 / the widths, for example 784, [256, 128], 10
    rng: 产生初始权重的随机数生成器 / the numpy.random.Generator that draws the weights
    """

    def __init__(self, in_features, hidden_dims, out_features, rng):
        self.dims = [in_features, *hidden_dims, out_features]
        self.linears = []
        self.layers = []

        width = in_features
        for hidden_dim in hidden_dims:
            linear = Linear(width, hidden_dim, rng)
            self.linears.append(linear)
            self.layers += [linear, Sigmoid()]
            width = hidden_dim

        last = Linear(width, out_features, rng)
        self.linears.append(last)
        self.layers += [last, Softmax()]

    def forward(self, x):
        """返回各类的概率。 Return class probabilities: (N, in_features) -> (N, out_features)."""
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, grad_y):
        """设置每个 Linear 的梯度，返回 dL/dx。
        Set the gradients of every Linear from dL/dy, return dL/dx.
        """
        for layer in reversed(self.layers):
            grad_y = layer.backward(grad_y)
        return grad_y


if __name__ == "__main__":  # run by itself, this file does what main.py --check_only does
    from main import console, main

    raise SystemExit(console.run(main, ["--check_only"]))
