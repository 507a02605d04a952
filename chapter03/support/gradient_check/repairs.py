"""Small changes tried on a student's method: if one makes it right, that was the mistake.

Each function below is given an expression or a statement of the method, as a syntax tree, and
yields what might have been meant, with the piece of code that a report quotes.
"""

import ast
import contextlib
import inspect
import itertools
import re
import textwrap
import types
from functools import partial

import numpy as np

from support.gradient_check.calls import Call, kept_by
from support.gradient_check.judge import fault_of
from support.gradient_check.layers import batches_for

MOST_TRIES = 300
CHANGED_FILE = "a changed model.py"
REDUCTIONS = {"sum", "max", "min", "mean", "amax", "amin"}
CREATORS = {"zeros", "ones", "empty", "full", "zeros_like", "ones_like", "empty_like", "full_like"}
CUTS = {"round", "around", "floor", "ceil", "rint", "trunc", "astype", "int"}
SIGNS = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.MatMult: "@", ast.Pow: "**",
    ast.FloorDiv: "//", ast.BitXor: "^", ast.Mod: "%",
}  # fmt: skip
PRODUCTS = {"dot", "matmul", "inner"}


def found_by(change, fault):
    """Return the piece of code whose change makes the method right, or None.

    With some changes it is a tuple: the piece, and what else the text of the table needs.

    One place is changed at a time; then, as a mistake is often repeated, all that are alike.
    """
    tree = _tree_of(fault.call)
    if not isinstance(tree, ast.FunctionDef):
        return None
    change = partial(CHANGES[change], fault)
    tries = 0
    first_of_each = {}
    for slot in _slots(tree):
        for i, (new, piece) in enumerate(change(slot.node)):
            tries += 1
            if tries > MOST_TRIES:
                return None
            first_of_each.setdefault(i, []).append((slot, new, piece))
            with slot.holding(new):
                if _is_right(fault, tree):
                    return piece
    for alike in first_of_each.values():
        if len(alike) > 1 and _is_right_with_all(fault, tree, alike):
            return alike[0][2]
    return None


def _is_right_with_all(fault, tree, alike):
    for slot, new, _ in alike:
        slot.set(new)
    try:
        return _is_right(fault, tree)
    finally:
        for slot, _, _ in reversed(alike):
            slot.set(slot.node)


class _Slot:
    """A place in a syntax tree that holds an expression or a statement."""

    def __init__(self, parent, field, index=None):
        self.parent, self.field, self.index = parent, field, index
        self.node = getattr(parent, field)
        if index is not None:
            self.node = self.node[index]

    def set(self, node):
        if self.index is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.index] = node

    @contextlib.contextmanager
    def holding(self, node):
        """Let the tree have another node here for a while."""
        self.set(node)
        try:
            yield
        finally:
            self.set(self.node)


def _slots(tree):
    """Return the slots of a method's body."""
    slots = []
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            if field in ("args", "decorator_list", "returns") and parent is tree:
                continue
            if isinstance(value, ast.expr):
                slots.append(_Slot(parent, field))
            elif isinstance(value, list):
                slots += [
                    _Slot(parent, field, i)
                    for i, child in enumerate(value)
                    if isinstance(child, ast.expr | ast.stmt)
                ]
    return slots


def _tree_of(call):
    method = getattr(getattr(call.model, call.layer.name), call.method)
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(method))).body[0]
    except (OSError, SyntaxError, TypeError):
        return None  # no text of its own, as of a lambda in a class
    if isinstance(tree, ast.FunctionDef) and ast.get_docstring(tree):
        tree.body = tree.body[1:] or [ast.Pass()]
    return tree


def _is_right(fault, tree):
    """Return whether the class with this method passes all calls, in what was found wrong."""
    model = _changed_model(fault.call, tree)
    if model is None:
        return False
    call = Call(model, fault.call.layer, fault.call.method, fault.call.batch).run()
    if not _passes(call, fault):
        return False
    before = None
    for batch in batches_for(call.layer):
        if before is not None and before.batch.columns != batch.columns:
            before = None
        call = Call(model, call.layer, call.method, batch, before)
        call.run(None if before is None else before.subject)
        if not _passes(call, fault):
            return False
        before = call
    return True


def _passes(call, fault):
    # Of several results each may be wrong in its own way: it is asked for the first one.
    return fault_of(call, [fault.result] if fault.result else None) is None


def _changed_model(call, tree):
    names = {**vars(call.model), "print": lambda *_, **__: None}
    try:
        module = ast.fix_missing_locations(ast.Module([tree], []))
        exec(compile(module, CHANGED_FILE, "exec"), names)
        cls = getattr(call.model, call.layer.name)
        changed = type(cls.__name__, (cls,), {call.method: names[tree.name]})
    except (SyntaxError, TypeError, ValueError):
        return None
    return types.SimpleNamespace(__file__=CHANGED_FILE, **{call.layer.name: changed})


@contextlib.contextmanager
def replaced_in_numpy(model, functions):
    """Let the model's np have other functions of these names for a while."""
    names = {name: value for name, value in vars(model).items() if value is np}
    substitute = types.SimpleNamespace(**{**vars(np), **functions})
    vars(model).update(dict.fromkeys(names, substitute))
    try:
        yield
    finally:
        vars(model).update(names)


# ---- what may be meant


def _floor(_, node):
    match node:
        case ast.BinOp(left, ast.FloorDiv(), right):
            yield ast.BinOp(left, ast.Div(), right), ast.unparse(node)


def _rounded(_, node):
    """Whatever makes whole numbers of them."""
    called = _called(node)
    if called and called[0] in CUTS:
        function = ast.unparse(node.func)
        of_array = isinstance(node.func, ast.Attribute) and node.func.value is called[1]
        yield called[1], (ast.unparse(node), f".{called[0]}" if of_array else function)


def _integers(_, node):
    """An array that is made for whole numbers, whose entries lose their decimals."""
    called = _called(node)
    if called and called[0] in CREATORS and ast.unparse(node).startswith("np."):
        most = 2 if "full" in called[0] else 1
        floats = ast.Call(node.func, node.args[:most], node.keywords)
        yield _with_keywords(floats, dtype=float), ast.unparse(node)


def _limited(_, node):
    """A limit (np.clip, np.maximum) that reaches into ordinary numbers."""
    called = _called(node)
    if called and called[0] in ("clip", "maximum", "minimum"):
        array = called[1]
        for harmless in ("np.clip(_, -500, 500)", "np.clip(_, 1e-12, 1)", "_"):
            yield _with(harmless, array), ast.unparse(node)


def _epsilon(_, node):
    """A number that is added against log(0) or a division by 0, and is too large for that."""
    match node:
        case ast.BinOp(left, ast.Div(), ast.BinOp(array, ast.Add(), ast.Constant()) as added):
            yield ast.BinOp(left, ast.Div(), _tiny_added(array)), ast.unparse(added)
        case ast.Call(function, [ast.BinOp(array, ast.Add(), ast.Constant()) as added]):
            yield ast.Call(function, [_tiny_added(array)], []), ast.unparse(added)


def _tiny_added(array):
    return ast.BinOp(array, ast.Add(), ast.Constant(1e-12))


def _activation(fault, node):
    """A factor y (1 - y) in a layer that has no activation."""
    if not fault.call.layer.weights:
        return
    match node:
        case ast.BinOp(ast.BinOp(rest, ast.Mult(), a), ast.Mult(), b) if _is_rest_of(a, b):
            yield rest, ast.unparse(ast.BinOp(a, ast.Mult(), b))
        case ast.BinOp(rest, ast.Mult(), ast.BinOp(a, ast.Mult(), b) as factor) if _is_rest_of(
            a, b
        ):
            yield rest, ast.unparse(factor)
        case ast.BinOp(ast.BinOp(a, ast.Mult(), b) as factor, ast.Mult(), rest) if _is_rest_of(
            a, b
        ):
            yield rest, ast.unparse(factor)


def _is_rest_of(a, b):
    """Return whether b is 1 - a."""
    match b:
        case ast.BinOp(ast.Constant(1), ast.Sub(), subtracted):
            return ast.dump(subtracted) == ast.dump(a)
    return False


def _entry_by_entry(_, node):
    """`*` where the matrix product is meant."""
    match node:
        case ast.BinOp(left, ast.Mult(), right):
            yield ast.BinOp(left, ast.MatMult(), right), (ast.unparse(node), "*")
        case ast.Call(ast.Attribute(attr="multiply") as function, [left, right]):
            pieces = ast.unparse(node), ast.unparse(function)
            yield ast.BinOp(left, ast.MatMult(), right), pieces


def _product(_, node):
    """A matrix product where entry by entry is meant, perhaps with a transpose to make it fit."""
    match node:
        case ast.BinOp(left, ast.MatMult() | ast.Mult() as operator, right):
            is_product = isinstance(operator, ast.MatMult)
        case ast.Call(ast.Attribute(attr=name), [left, right]) if name in PRODUCTS:
            is_product = True
        case ast.Call(ast.Attribute(left, name), [right]) if name in PRODUCTS:
            is_product = True
        case _:
            return
    bare_left, bare_right = _bare(left), _bare(right)
    if is_product or bare_left is not left or bare_right is not right:
        yield ast.BinOp(bare_left, ast.Mult(), bare_right), ast.unparse(node)


def _outer(_, node):
    """y @ y.T of two vectors, which is one number."""
    match node:
        case ast.BinOp(left, ast.MatMult(), right):
            yield _with("np.outer(_, 0)", _bare(left), _bare(right)), ast.unparse(node)
        case ast.Call(ast.Attribute(attr=name), [left, right]) if name in PRODUCTS:
            yield _with("np.outer(_, 0)", _bare(left), _bare(right)), ast.unparse(node)


def _einsum(_, node):
    """The letters after -> in another order."""
    match node:
        case ast.Constant(str() as text) if re.fullmatch(r"[\w, ]+->\w{2,3}", text):
            before, _, after = text.partition("->")
            for letters in itertools.permutations(after):
                yield ast.Constant(f"{before}->{''.join(letters)}"), text


def _einsum_letters(_, node):
    """Letters that stand once where the Jacobian of each row has to meet its row of grad_y."""
    match node:
        case ast.Constant(str() as text) if re.fullmatch(r"\w{3}, ?\w{2}->\w{2}", text):
            n, i, j = text[:3]
            lonely = [letter for letter in text if letter.isalpha() and text.count(letter) == 1]
            if lonely:
                yield ast.Constant(f"{n}{i}{j},{n}{j}->{n}{i}"), (text, ", ".join(lonely))


def _average(_, node):
    """A mean where a sum is meant, or the other way round."""
    for call, _ in _reductions(node):
        other = {"mean": "sum", "sum": "mean"}.get(call.func.attr)
        if other:
            function = ast.Attribute(call.func.value, other, ast.Load())
            yield ast.Call(function, call.args, call.keywords), ast.unparse(node)


def _largest(_, node):
    """The smallest where the largest is meant, or the other way round."""
    others = {"min": "max", "amin": "amax", "minimum": "maximum", "argmin": "argmax"}
    others |= {value: key for key, value in others.items()}
    match node:
        case ast.Call(ast.Attribute(array, name)) if name in others:
            function = ast.Attribute(array, others[name], ast.Load())
            pieces = ast.unparse(node), name, others[name]
            yield ast.Call(function, node.args, node.keywords), pieces


def _base(_, node):
    """A power of a number that is not e."""
    match node:
        case ast.BinOp(ast.Constant(float()), ast.Pow(), right):
            yield _with("np.exp(_)", right), ast.unparse(node)


def _axis(_, node):
    """A sum, mean or maximum over another axis."""
    for call, array in _reductions(node):
        bare = ast.Call(call.func, [array] if call.args and array is call.args[0] else [], [])
        for axis in (1, 0):
            for keepdims in (True, False):
                yield _with_keywords(bare, axis=axis, keepdims=keepdims), ast.unparse(node)


def _transposed(_, node):
    bare = _bare(node)
    if bare is not node:
        yield bare, ast.unparse(node)


def _untransposed(_, node):
    if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Load):
        yield ast.Attribute(node, "T", ast.Load()), ast.unparse(node)


def _reshaped(_, node):
    called = _called(node)
    if called and called[0] == "reshape":
        yield ast.Attribute(called[1], "T", ast.Load()), ast.unparse(node)


def _order(_, node):
    match node:
        case ast.BinOp(left, ast.MatMult(), right):
            yield ast.BinOp(right, ast.MatMult(), left), ast.unparse(node)
        case ast.Call(ast.Attribute(attr=name), [left, right]) if name in PRODUCTS:
            yield ast.BinOp(right, ast.MatMult(), left), ast.unparse(node)


def _brackets(_, node):
    """a + b * c for (a + b) * c, and the other way round."""
    match node:
        case ast.BinOp(ast.BinOp(a, first, b), second, c):
            yield ast.BinOp(a, first, ast.BinOp(b, second, c)), ast.unparse(node)
    match node:
        case ast.BinOp(a, first, ast.BinOp(b, second, c)):
            yield ast.BinOp(ast.BinOp(a, first, b), second, c), ast.unparse(node)
        case ast.UnaryOp(ast.USub(), ast.BinOp(a, operator, b)):
            yield ast.BinOp(ast.UnaryOp(ast.USub(), a), operator, b), ast.unparse(node)


def _returned_in_loop(_, node):
    match node:
        case ast.For(body=[*body, ast.Return() as last]) if body:
            loop = ast.For(node.target, node.iter, body, node.orelse)
            yield ast.If(ast.Constant(True), [loop, last], []), ast.unparse(last)


def _set_in_loop(_, node):
    """`=` in a loop that should add up."""
    match node:
        case ast.For():
            for i, statement in enumerate(node.body):
                match statement:
                    case ast.Assign([target], value):
                        added = ast.AugAssign(target, ast.Add(), value)
                        body = [*node.body[:i], added, *node.body[i + 1 :]]
                        loop = ast.For(node.target, node.iter, body, node.orelse)
                        yield loop, ast.unparse(statement)


def _operator(_, node):
    match node:
        case ast.BinOp(left, operator, right):
            stands = SIGNS.get(type(operator), "")
            for other in (ast.Mult, ast.Div, ast.Sub, ast.Add):
                if stands and not isinstance(operator, other):
                    pieces = ast.unparse(node), stands, SIGNS[other]
                    yield ast.BinOp(left, other(), right), pieces


def _array(fault, node):
    """Another of the arrays that the method could use."""
    if not isinstance(node, ast.Name | ast.Attribute) or not isinstance(node.ctx, ast.Load):
        return
    own = ast.unparse(node)
    if own == "self" or own.startswith("np"):
        return
    call = fault.call
    names = list(call.layer.parameters(call.method))
    if call.subject is not None:
        names += [f"self.{name}" for name in kept_by(call.subject)]
    if own in names:
        for name in names:
            if name != own:
                yield ast.parse(name, mode="eval").body, own


def _surplus(_, node):
    """Something that should not be there."""
    match node:
        case ast.BinOp(left, operator, right):
            # As it stands between the two, brackets included.
            sign = ast.unparse(ast.BinOp(ast.Name(""), operator, ast.Name(""))).strip()
            yield left, f"{sign} {_in_brackets(right)}"
            if not isinstance(operator, ast.Sub | ast.Div | ast.Pow):
                yield right, f"{_in_brackets(left)} {sign}"
        case ast.AugAssign() | ast.Assign():
            yield ast.Pass(), ast.unparse(node)


def _in_brackets(node):
    text = ast.unparse(node)
    return f"({text})" if isinstance(node, ast.BinOp | ast.UnaryOp | ast.Compare) else text


def _wrapped(_, node):
    """Something that should not be done with what is right as it is."""
    if isinstance(node, ast.UnaryOp):
        operand = ast.unparse(node.operand)
        yield node.operand, (ast.unparse(node).removesuffix(operand), operand)
    called = _called(node)
    if called and called[0] not in CUTS:
        kept = ast.unparse(called[1])
        function = ast.unparse(node.func)
        of_array = isinstance(node.func, ast.Attribute) and node.func.value is called[1]
        outside = ast.unparse(node).removeprefix(kept) if of_array else f"{function}( )"
        yield called[1], (outside, kept)


CHANGES = {
    "floor": _floor,
    "rounded": _rounded,
    "integers": _integers,
    "limited": _limited,
    "epsilon": _epsilon,
    "activation": _activation,
    "entry by entry": _entry_by_entry,
    "product": _product,
    "outer": _outer,
    "einsum": _einsum,
    "einsum letters": _einsum_letters,
    "average": _average,
    "largest": _largest,
    "base": _base,
    "axis": _axis,
    "transposed": _transposed,
    "not transposed": _untransposed,
    "reshaped": _reshaped,
    "order": _order,
    "brackets": _brackets,
    "return in loop": _returned_in_loop,
    "set in loop": _set_in_loop,
    "array": _array,
    "operator": _operator,
    "surplus": _surplus,
    "wrapped": _wrapped,
}


# ---- syntax trees


def _called(node):
    """Return (name, array) of np.name(array, ...), array.name(...) or name(array), or None."""
    match node:
        case ast.Call(ast.Attribute(ast.Name("np" | "numpy"), name), [array, *_]):
            return name, array
        case ast.Call(ast.Attribute(ast.Name("np" | "numpy")), []):
            return None
        case ast.Call(ast.Attribute(array, name)):
            return name, array
        case ast.Call(ast.Name(name), [array, *_]):
            return name, array
    return None


def _reductions(node):
    called = _called(node)
    if called and called[0] in REDUCTIONS and isinstance(node.func, ast.Attribute):
        yield node, called[1]


def _with_keywords(call, **values):
    keywords = [keyword for keyword in call.keywords if keyword.arg not in values]
    for name, value in values.items():
        text = value.__name__ if isinstance(value, type) else repr(value)
        keywords.append(ast.keyword(name, ast.parse(text, mode="eval").body))
    return ast.Call(call.func, call.args, keywords)


def _bare(node):
    """Return what is transposed in x.T, np.transpose(x) or x.transpose(), or the node itself."""
    match node:
        case ast.Attribute(array, "T"):
            return array
    called = _called(node)
    if called and called[0] == "transpose":
        return called[1]
    return node


def _with(text, array, second=None):
    """Return the expression `text` with an array in place of `_`, and a second in place of 0."""

    class Putting(ast.NodeTransformer):
        def visit_Name(self, node):
            return array if node.id == "_" else node

        def visit_Constant(self, node):
            return second if second is not None and node.value == 0 else node

    return Putting().visit(ast.parse(text, mode="eval").body)
