"""What is judged right or wrong of a model.py, and at which method and line."""

import re

import pytest

from submissions import METHODS, SUBMISSIONS, module, solved
from support.gradient_check import report
from support.gradient_check.network import check_network

RIGHT_SUBMISSIONS = [submission for submission in SUBMISSIONS if submission.says == "PASS"]
ROWS = len(METHODS) + 1  # the network's is the last
X = "return x @ self.W + self.b"
Y = "return grad_y * self.y * (1 - self.y)"


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(report, "TIME_LIMIT", 0.5)


def states(results):
    return [result.state for result in results]


RIGHT = {
    # a method, its code, what the note says of it; more of them stand in submissions.py
    "nothing to say": ("Linear.forward", f"self.x = x; {X}", ""),
    "warns": ("Sigmoid.forward", "self.y = 1 / (1 + np.exp(-x)); return self.y",
              "overflow encountered.*It may stay as it is.*section 3"),
    "warns twice": ("Sigmoid.forward", "self.y = 1 / (1 + np.exp(-x)); self.x = x; return self.y\n"
                    "(1 - self.y) => (1 - 1 / (1 + np.exp(-self.x)))", "overflow encountered"),
    "float64": ("Linear.forward", "self.x = x; return (x @ self.W + self.b).astype(float)",
                "float64 for float32 inputs: an epoch of 11 s takes 24 s"),
    "grad_b in float64": ("Linear.backward", "grad_y.sum(axis=0, => grad_y.sum(axis=0, dtype='d', ",
                          ""),
    "frees": ("Linear.backward", "x = self.x; self.x = None\n"
              "self.grad_W = x.T @ grad_y; self.grad_b = grad_y.sum(0)[None]; return "
              "grad_y @ self.W.T", "a second backward after one forward would fail"),
    "warns and frees": ("Sigmoid.backward", "y = self.y; self.y = None; np.log(np.zeros(1))\n"
                        "return grad_y * y * (1 - y)", "divide by zero"),
    "pops": ("Sigmoid.backward", "y = self.stack.pop(); return grad_y * y * (1 - y)\n"
             "self.y = (1 + np.tanh(x / 2)) / 2 => self.y = (1 + np.tanh(x / 2)) / 2; self.stack = "
             "[*getattr(self, 'stack', []), self.y]", "a second backward"),
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_what_is_numerically_right_passes_and_gets_at_most_a_note(name):
    method, code, note = RIGHT[name]
    results = report.results(module(solved(method, code)))
    assert states(results) == ["PASS"] * ROWS
    notes = {result.name: result.note for result in results if result.note}
    assert list(notes) == ([method] if note else [])
    assert re.search(f"(?s){note}", notes.get(method, ""))


@pytest.mark.parametrize("submission", RIGHT_SUBMISSIONS, ids=range(len(RIGHT_SUBMISSIONS)))
def test_right_code_in_any_style_passes_with_the_whole_network(submission):
    # test_diagnosis.py checks the class by itself; the others are the solution's.
    assert check_network(module(submission.source)) == ""


WRONG = [
    # a method, its code, the line to be blamed, what is seen and what that looks like
    ("Sigmoid.backward", "g = grad_y * self.y * (1 - self.y); g[3:, 1] *= 1.01; return g",
     "def back", r"\[3, 1\] is .* wrong in 2 of 20 entries"),
    ("Softmax.forward", "exp_x = np.exp(x); return exp_x / exp_x.sum(axis=1, keepdims=True)",
     "def for", "is nan.*numbers from.*NumPy warned in `exp_x"),
    ("CrossEntropyLoss.forward", "self.y = y; self.y_hat = np.where(y_hat == 0, 0.05, y_hat)\n"
     "return float(-(y * np.log(self.y_hat)).sum() / len(y))", "def for",
     "is 2.99573, and should be a large finite number"),
    ("CrossEntropyLoss.backward", "g = -self.y / self.y_hat / len(self.y)\n"
     "return np.where(self.y_hat < 1e-9, -g, g)", "def back",
     "a large finite number of the right sign"),
    ("Linear.backward", "grad_y.sum(axis=0, keepdims=True) => grad_y.sum(axis=0)", "def back",
     r"self.grad_b is an array of shape \(4,\), and should be .* \(1, 4\)"),
    ("Linear.forward", X[7:], "def for", r"forward\(x\) is None"),
    ("Linear.backward", "self.grad_b = => grad_b =", "def back", "grad_b is not set"),
    ("Sigmoid.forward", "self.y = (1 + np.tanh(x / 2)) / 2; return self.y.squeeze()", "def for",
     r"shape \(4,\), and should be an array of shape \(1, 4\)"),
    ("Sigmoid.backward", f"grad_y *= 2; {Y}", "grad_y *= 2", "backward changes the array grad_y"),
    ("Linear.backward", "self.b -= 1; self.W -= 1", "self.W -= 1",
     "backward changes the array self.W"),
    ("Sigmoid.backward", f"self.y, y = 0, self.y; {Y.replace('self.', '')}", "def back",
     "a second backward after one forward.*alters what forward has kept"),
    ("Sigmoid.backward", "self.y *= 1 - self.y; return grad_y * self.y", "def back",
     "changes the array y that forward returned.*alters in place what forward has kept"),
    ("Linear.backward", "self.x = x => Linear.x = x", "def back",
     "two Linear objects in turn.*share what they keep"),
    ("Linear.backward", "self.grad_W = => Linear.grad_W =", "def back",
     "two Linear objects in turn.*share what they keep"),
    ("Sigmoid.backward", "while True:\n    pass", "", "after 0.5 s.*infinite loop"),
    ("Linear.forward", "exit()", "exit()", "SystemExit"),
    ("Linear.forward", "limit = np.sqrt => limit = sqrt", "limit = sqrt", "NameError"),
    ("Linear.forward", "out_features, rng): => out_features):", "def __init__",
     "positional argument.*given code, and was changed"),
    ("Linear.forward", "self.b = np.zeros((1, out_features) => self.b = np.zeros((out_features)",
     "def __init__",
     r"new Linear\(3, 4, rng\), self.b is of shape \(4,\).*\(1, 4\).*put it back"),
    ("Linear.forward", "class Linear: => W = property(lambda self: self.w)\\n\\n\\nclass Linear:\n"
     "def forward(self, x): => W = W\\n\\n    def forward(self, x):\n"
     "self.W = rng => self.w = rng\nreturn x @ self.W + self.b", "def __init__",
     "AttributeError.*weights cannot be set"),
    ("Linear.forward", "self.W = rng => self.w = rng", "def __init__", "self.W is missing"),
    ("Linear.forward", "self.b = np.zeros => self.b = np.ma.zeros",
     "def __init__", "self.b is of type MaskedArray"),
    ("Linear.forward", "return np.matrix(x) @ self.W + self.b", "def for", "float64 matrix.*plain"),
    ("Linear.forward", "return np.ma.array(x @ self.W + self.b)", "def for", "MaskedArray.*plain"),
    ("Linear.forward", "return x @ self.W.T + self.b", "return x @ self.W.T",
     r"The shapes that met there: x \(5, 3\) @ self.W.T \(4, 3\)"),
    ("Linear.forward", "return self.b + (x[0]\n    * 2).dot(self.W.T)", "",
     r"met there: \(x\[0\] \* 2\) \(3,\) @ self.W.T \(4, 3\)"),
    ("Softmax.forward", "class Softmax: => class SoftMax:", "class SoftMax",
     "Softmax.forward is blank or missing, but `SoftMax`"),
    ("Linear.backward", "def backward(self, grad_y) => def backwrad(self, grad_y)",
     "def backwrad", "Linear.backward is blank or missing, but `Linear.backwrad`"),
    ("Linear.backward", "def backward(self, grad_y) => def nothing(self, grad_y)", "class Linear",
     "Linear.backward is blank or missing"),
    ("the whole network", "[linear, Sigmoid()] => [linear, Softmax()]", "def forward(self",
     r"layers\[1\] is a Softmax; the last.*or was MLP changed"),
    ("the whole network", "in reversed(self.layers): => in (*self.layers[:1:-1], self.layers[0]):",
     "def forward(self", r"linears\[0\].grad_W: relative error.*or was MLP changed"),
    ("the whole network", "self.x = x => self.kept = [*getattr(self, 'kept', []), x]\n"
     r"self.grad_W = self.x.T => self.x = self.kept.pop(0)\n        self.grad_W = self.x.T",
     "self.grad_W = self.x.T", r"ValueError.*in Linear\.backward"),
]  # fmt: skip


@pytest.mark.parametrize(("method", "code", "line", "said"), WRONG, ids=range(len(WRONG)))
def test_what_is_wrong_is_caught_at_its_method_and_line(method, code, line, said):
    results = report.results(module(solved(method, code)))
    wrong = report.next_of(results)
    assert (wrong.name, wrong.state) == (method, "FAIL")
    assert states(results).count("FAIL") == 1
    assert line in wrong.place.source
    assert re.search(f"(?s){said}", f"{wrong.fault.seen}\n{wrong.looks_like}")


def test_each_method_has_a_row_and_the_network_the_last():
    results = report.results(module(solved("", "")))
    assert [result.name for result in results] == [*METHODS, "the whole network"]
