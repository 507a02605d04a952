"""A layer is described once: whoever adds one writes it in three files, and the rest follows."""

import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

import make_startup
from support.gradient_check.layers import LAYERS, METHODS, batches_for, example_for, right_results

EVERY_METHOD = [(layer, method) for layer in LAYERS for method in METHODS]
IDS = [f"{layer.name}.{method}" for layer, method in EVERY_METHOD]

COUNT = len(EVERY_METHOD) + len(METHODS)  # with Ramp's

# What somebody adds to model.py, to numerical.py and to layers.py.
MODEL = '''
class Ramp:
    """斜坡函数（讲义第 3 节）。 Ramp (handout, section 3): y = max(x, 0)."""

    def forward(self, x):
        """由 x 算出 y。 Return y, shaped like x."""
        # BEGIN SOLUTION
        self.x = x
        return np.maximum(x, 0)
        # END SOLUTION

    def backward(self, grad_y):
        """由 dL/dy 算出 dL/dx。 Return dL/dx from dL/dy."""
        # BEGIN SOLUTION
        return grad_y * (self.x > 0)
        # END SOLUTION


'''
NUMERICAL = '''
def ramp(x):
    """y = max(x, 0), entry by entry."""
    return [[max(v, 0.0) for v in row] for row in x]
'''
ENTRY = """
    Layer(
        name="Ramp",
        section=3,
        formula=numerical.ramp,
        forward="y = max(x, 0)",
        backward="dL/dx = dL/dy where x > 0, else 0",
        example={"x": [[1, -2, 0], [0, 3, -1]], "grad_y": [[1, 2, -1], [4, 0, 2]]},
    ),
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """Return a copy of chapter03/ with a class Ramp."""
    chapter = tmp_path_factory.mktemp("house") / "chapter03"
    shutil.copytree(make_startup.CHAPTER, chapter, ignore=shutil.ignore_patterns("__pycache__"))

    def edit(path, change):
        path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")

    checks = chapter / "support" / "gradient_check"
    edit(
        chapter / "solution" / "model.py",
        lambda text: text.replace("class MLP", MODEL + "class MLP"),
    )
    edit(checks / "numerical.py", lambda text: text + "\n" + NUMERICAL)
    edit(checks / "layers.py", lambda text: text.replace("LAYERS = (\n", "LAYERS = (" + ENTRY))
    return chapter


RIGHT = ["self.x > 0", "self.x >= 0", "0.5 * (np.sign(self.x) + 1)"]
WRONG = {
    # what is wrong: old code, new code, what the report says
    "sign": ("return grad_y * (self.x > 0)", "return -grad_y * (self.x > 0)", "sign is wrong"),
    "transpose": ("np.maximum(x, 0)", "np.maximum(x, 0).T", "the shape is not: transposed"),
    "a factor N": ("grad_y * (self.x > 0)", "grad_y * (self.x > 0) * len(grad_y)",
                   "N times too large"),
    "a slope at the kink": ("self.x > 0", "(self.x > 0) + 2 * (self.x == 0)",
                            r"backward\(grad_y\)\[\d, \d\] is .*, and should be"),
    "nan at the kink": ("grad_y * (self.x > 0)", "grad_y * np.maximum(self.x, 0) / self.x",
                        "is nan, and should be 0"),
    "an infinite slope at the kink": ("(self.x > 0)", "np.where(self.x, self.x > 0, np.inf)",
                                      "is -?inf, and should be 0"),
    "numbers": ("np.maximum(x, 0)", "np.log1p(np.exp(x))",
                r"x = \[\[1, -2, 0\], \[0, 3, -1\]\].*should give \[\[1, 0, 0\], \[0, 3, 0\]\]"),
}  # fmt: skip

CHECK_EACH = """
import sys
import main
for path in sys.argv[1:]:
    main.main(["--check_only", "--model", path])
    print("end of a report")
"""


@pytest.fixture(scope="module")
def reports(house, tmp_path_factory):
    """Return {slope or name: what the checks in the house say of its solution with this change}."""
    changes = {slope: ("(self.x > 0)", f"({slope})") for slope in RIGHT}
    for name, (old, new, _) in WRONG.items():
        changes[name] = (old, new)

    source = (house / "solution" / "model.py").read_text(encoding="utf-8")
    paths = []
    for old, new in changes.values():
        assert old in MODEL
        path = tmp_path_factory.mktemp("changed") / "model.py"
        changed = source.replace(MODEL, MODEL.replace(old, new))
        path.write_text(changed, encoding="utf-8")
        paths.append(path)
    said = subprocess.run(
        [sys.executable, "-c", CHECK_EACH, *paths], cwd=house / "solution", check=True,
        capture_output=True, text=True, encoding="utf-8",
    ).stdout  # fmt: skip
    *texts, _ = said.split("end of a report\n")
    return dict(zip(changes, texts, strict=True))


@pytest.mark.parametrize("slope", RIGHT)
def test_a_right_ramp_passes_with_any_slope_at_its_kink(slope, reports):
    said = reports[slope]
    assert f"{COUNT} of {COUNT} done" in said
    assert "FAIL" not in said
    assert "PASS   Ramp.backward" in said


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_ramp_is_named_with_what_is_true_of_any_layer(name, reports):
    _, _, pattern = WRONG[name]
    said = " ".join(reports[name].split())
    assert f"{COUNT - 1} of {COUNT} done" in said or f"{COUNT - 2} of {COUNT} done" in said
    assert re.search(r"FAIL Ramp\.(forward|backward), ", said)
    assert re.search(pattern, said)
    assert "Next: correct Ramp" in said


@pytest.mark.parametrize(("layer", "method"), EVERY_METHOD, ids=IDS)
def test_a_layer_s_batches_and_example_give_right_results_of_all_names(layer, method):
    for batch in (*batches_for(layer), example_for(layer, method)):
        right = right_results(layer, method, batch)
        assert set(layer.results(method)) <= set(right)
        assert all(np.isfinite(array).all() for array in right.values())


def test_the_loss_is_tried_with_labels_in_the_first_and_in_the_last_column():
    for batch in batches_for(LAYERS[-1]):
        if batch.rows > 2:
            labels = batch.given["y"].argmax(axis=1)
            assert (labels.min(), labels.max()) == (0, batch.columns - 1)


@pytest.mark.parametrize("layer", LAYERS, ids=[layer.name for layer in LAYERS])
def test_batches_differ_in_what_could_be_mixed_up(layer):
    ordinary = [batch for batch in batches_for(layer) if not batch.is_extreme]
    assert len({batch.rows for batch in ordinary}) > 2
    assert len({batch.columns for batch in ordinary}) > 1
    assert {batch.dtype.name for batch in ordinary} == {"float64", "float32"}
