"""Stochastic gradient descent with momentum (handout, section 7)."""

import numpy as np


class SGD:
    """v <- momentum * v + grad, then parameter <- parameter - learning_rate * v.

    With momentum 0 this is the textbook's parameter <- parameter - learning_rate * grad.

    Parameters
    ----------
    linears : the Linear layers whose W and b are updated in place from grad_W and grad_b
    """

    def __init__(self, linears, learning_rate, momentum):
        self.linears = linears
        self.learning_rate = np.float32(learning_rate)
        self.momentum = np.float32(momentum)
        self.velocities = [(np.zeros_like(linear.W), np.zeros_like(linear.b)) for linear in linears]

    def step(self):
        """Take one step down the gradients that the last backward pass left in the layers."""
        for linear, (velocity_W, velocity_b) in zip(self.linears, self.velocities, strict=True):
            self._update(linear.W, velocity_W, linear.grad_W)
            self._update(linear.b, velocity_b, linear.grad_b)

    def _update(self, parameter, velocity, grad):
        velocity *= self.momentum
        velocity += grad
        parameter -= self.learning_rate * velocity
