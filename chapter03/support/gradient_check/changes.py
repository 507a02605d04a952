"""What may have been meant: small changes of a statement or an expression, tried by repairs.py.

Each function below is given a Slot of a method's syntax tree and the node that it holds, and yields
what might belong there, with the piece of code that a report quotes, or a tuple of pieces.
"""

import ast
import builtins
import copy
import itertools
import re

from support.language import say

REDUCTIONS = {"sum", "max", "min", "mean", "amax", "amin", "argmax", "argmin"}
CREATORS = {"zeros", "ones", "empty", "full", "zeros_like", "ones_like", "empty_like", "full_like"}
CUTS = {"round", "around", "floor", "ceil", "rint", "trunc", "astype", "int"}
LIMITS = {"clip", "maximum", "minimum"}
SIGNS = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.MatMult: "@", ast.Pow: "**",
    ast.FloorDiv: "//", ast.Mod: "%", ast.BitAnd: "&", ast.BitOr: "|", ast.BitXor: "^",
    ast.LShift: "<<", ast.RShift: ">>",
}  # fmt: skip
PRODUCTS = {"dot", "matmul", "inner"}
# Functions that are taken for one another; the first of a row is meant most often.
ALIKE = (
    ("exp", "log", "exp2", "log2", "log10", "sqrt", "square", "expm1", "log1p"),
    ("zeros", "ones", "zeros_like", "ones_like", "eye"),
    ("maximum", "minimum", "fmax", "fmin"),
    ("zeros_like", "ones_like", "copy"),
    ("sum", "mean", "max", "min", "prod", "cumsum", "median", "std"),
    ("outer", "dot", "matmul", "multiply", "add", "subtract", "divide"),
    ("tanh", "sin", "cos", "tan", "sinh", "arctan"),
    ("diag", "eye", "identity", "diagflat"),
    ("max", "min", "argmax", "argmin"),
)


def _returned(slot, node):
    """What was computed, where something else is returned."""
    match node:
        case ast.Return(ast.Call(ast.Name("float") as function, [other])):
            called = [function]
        case ast.Return(ast.Name() as other):
            called = []
        case ast.Return(ast.Attribute(ast.Name("self")) as other) if slot.layer.weights:
            called = []  # elsewhere, backward reads it
        case _:
            return
    if isinstance(slot.parent, ast.FunctionDef):
        return  # of a function within the method, whose own body is that of an `if`
    for name in slot.names.variables + slot.names.arrays:
        if name != ast.unparse(other):
            meant = ast.parse(name, mode="eval").body
            for function in called:
                meant = ast.Call(function, [meant], [])
            yield ast.Return(meant), (slot.line, head_of(ast.Return(meant)))


def _floor(_, node):
    match node:
        case ast.BinOp(left, ast.FloorDiv(), right):
            yield ast.BinOp(left, ast.Div(), right), ast.unparse(node)
        case ast.Call(ast.Attribute(attr="floor_divide"), [left, right]):
            yield ast.BinOp(left, ast.Div(), right), ast.unparse(node)


def _rounded(_, node):
    """Numbers as they are, where their decimals are cut off."""
    called = _called(node)
    if called and called[0] in CUTS:
        yield called[1], (ast.unparse(node), ast.unparse(called[1]))


def _integers(_, node):
    """An array that is made for whole numbers, whose entries lose their decimals."""
    called = _called(node)
    if called and called[0] in CREATORS and ast.unparse(node).startswith("np."):
        most = 2 if "full" in called[0] else 1
        floats = ast.Call(node.func, node.args[:most], node.keywords)
        yield _with_keywords(floats, dtype="float"), ast.unparse(node)


def _limited(slot, node):
    """A limit (np.clip, np.maximum) that reaches into ordinary numbers."""
    called = _called(node)
    if slot.layer.weights and re.search(r"\b0\b", ast.unparse(node)):
        return  # that is another layer, a ReLU
    if called and called[0] in LIMITS:
        others = ["_", "np.clip(_, -80, 80)"]
        if called[0] in ("maximum", "minimum") and isinstance(node.func, ast.Attribute):
            other = {"maximum": "minimum", "minimum": "maximum"}[called[0]]
            function = ast.Attribute(node.func.value, other, ast.Load())
            exchanged = ast.Call(function, node.args, node.keywords)
            yield exchanged, (ast.unparse(node), ast.unparse(exchanged))
        if slot.names.whole.startswith("def forward"):
            if slot.layer.output == "loss":
                others.insert(0, "np.clip(_, 1e-12, 1)")
            if slot.layer.name == "Softmax":
                others.append("_ - np.max(_, axis=1, keepdims=True)")
        if any(keyword.arg == "out" for keyword in node.keywords):
            others = ["_"]  # what another one gives would be lost
        for array in _within_limits(node):
            for harmless in others:
                new = _with(harmless, array)
                yield new, (ast.unparse(node), ast.unparse(new))


def _within_limits(node):
    """Yield what a limit may be put on, and if that is another limit, what that one is put on."""
    called = _called(node)
    if called and called[0] in LIMITS:
        # The second as well: np.maximum(0, x), np.maximum(eps, x).
        for array in filter(_names_in, (called[1], *node.args[1:2])):
            yield array
            yield from _within_limits(array)


def _epsilon(slot, node):
    """A number that is added against log(0) or a division by 0, and is too large for that."""
    match node:
        case ast.BinOp(left, ast.Div(), ast.BinOp(array, ast.Add(), ast.Constant()) as added):
            yield ast.BinOp(left, ast.Div(), _tiny_added(array)), ast.unparse(added)
        case ast.BinOp(array, ast.Add(), ast.Constant(float())) if slot.layer.output == "loss":
            yield _tiny_added(array), ast.unparse(node)
        case ast.BinOp(array, ast.Add(), ast.Name(eps)) if slot.layer.output == "loss":
            if re.search(rf"\b{eps} = [-+.e\d]+$", slot.names.whole, re.MULTILINE):
                yield _tiny_added(array), ast.unparse(node)


def _tiny_added(array):
    return ast.BinOp(array, ast.Add(), ast.Constant(1e-12))


def _activation(slot, node):
    """A factor y (1 - y) in a layer that has no activation."""
    if not slot.layer.weights:
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


def _entry_by_entry(slot, node):
    """`*` where the matrix product is meant."""
    match node:
        case ast.BinOp(left, ast.Mult(), right):
            yield ast.BinOp(left, ast.MatMult(), right), (ast.unparse(node), "*")
            if slot.layer.weights:
                yield ast.BinOp(right, ast.MatMult(), left), (ast.unparse(node), "*")
        case ast.Call(ast.Attribute(attr="multiply") as function, [left, right]):
            pieces = ast.unparse(node), ast.unparse(function)
            yield ast.BinOp(left, ast.MatMult(), right), pieces


def _product(slot, node):
    """A matrix product where entry by entry is meant, perhaps with a transpose to make it fit."""
    match node:
        case ast.BinOp(left, ast.MatMult() | ast.Mult() as operator, right):
            is_product = isinstance(operator, ast.MatMult)
        case ast.Call(ast.Attribute(attr=name), [left, right]) if name in PRODUCTS:
            is_product = True
        case ast.Call(ast.Attribute(left, name), [right]) if name in PRODUCTS:
            is_product = True
        case ast.Attribute(product, "T"):
            for meant, _ in _product(slot, product):
                yield meant, ast.unparse(node)
            return
        case _:
            return
    bare_left, bare_right = _untransposed_in(left), _untransposed_in(right)
    is_other = ast.dump(bare_left) != ast.dump(left) or ast.dump(bare_right) != ast.dump(right)
    if is_product or is_other:
        yield ast.BinOp(bare_left, ast.Mult(), bare_right), ast.unparse(node)


def _outer(_, node):
    """y @ y.T, y * y.T or np.kron of two vectors, which is no matrix."""
    match node:
        case (
            ast.BinOp(left, ast.MatMult(), right)
            | ast.BinOp(left, ast.Mult(), ast.Attribute(attr="T") as right)
            | ast.Call(ast.Attribute(ast.Attribute(attr="T") as left, "dot"), [right])
            | ast.Call(ast.Attribute(attr="kron" | "dot" | "matmul" | "inner"), [left, right])
        ):
            outer = ast.parse("np.outer", mode="eval").body
            new = ast.Call(outer, [_bare(left), _bare(right)], [])
            yield new, (ast.unparse(node), ast.unparse(new))


def _picked(_, node):
    """One column of each row, where all are taken from every row."""
    match node:
        case ast.Subscript(array, ast.Tuple([ast.Slice(None, None, None), columns])) if not (
            isinstance(columns, ast.Slice)
        ):
            picked = ast.unparse(columns)
            text = f"{ast.unparse(array)}[np.arange(len({picked})), {picked}]"
            yield ast.parse(text, mode="eval").body, (ast.unparse(node), text)


def _einsum(_, node):
    """Other letters after ->."""
    match node:
        case ast.Constant(str() as text) if re.fullmatch(r"[\w, ]+->\w*", text):
            before, _, after = text.partition("->")
            letters = sorted({letter for letter in before if letter.isalpha()})
            for count in (1, 2, 3):
                for others in map("".join, itertools.permutations(letters, count)):
                    if others != after:
                        yield ast.Constant(f"{before}->{others}"), (text, others)


def _einsum_letters(_, node):
    """Letters that stand once where the Jacobian of each row has to meet its row of grad_y."""
    match node:
        case ast.Constant(str() as text) if re.fullmatch(r"\w{3}, ?\w{2}->\w{2}", text):
            n, i, j = text[:3]
            lonely = [letter for letter in text if letter.isalpha() and text.count(letter) == 1]
            if lonely:
                yield ast.Constant(f"{n}{i}{j},{n}{j}->{n}{i}"), (text, ", ".join(lonely))


def _builtin(_, node):
    """NumPy's sum or maximum in place of Python's own."""
    match node:
        case ast.Call(ast.Name("max" | "min" as name), [first, second]):
            function = ast.parse(f"np.{name}imum", mode="eval").body
            new = ast.Call(function, [first, second], [])
            yield new, (ast.unparse(node), ast.unparse(new))
        case ast.Call(ast.Name("max" | "min" | "sum" as name), [array, *_]):
            for options in ("", ", axis=0", ", axis=1", ", axis=1, keepdims=True"):
                new = _with(f"np.{name}(_{options})", array)
                yield new, (ast.unparse(node), ast.unparse(new))


def _largest(_, node):
    """The smallest where the largest is meant, or the other way round."""
    others = {"min": "max", "amin": "amax", "minimum": "maximum", "argmin": "argmax"}
    others |= {value: key for key, value in others.items()}
    others |= {"mean": "max", "sum": "max", "median": "max", "average": "max"}
    match node:
        case ast.Call(ast.Attribute(array, name)) if name in others:
            function = ast.Attribute(array, others[name], ast.Load())
            pieces = ast.unparse(node), name, others[name]
            yield ast.Call(function, node.args, node.keywords), pieces


def _base(slot, node):
    """A power of a number that is not e."""
    match node:
        case ast.BinOp(ast.Constant(float()), ast.Pow(), right):
            yield _with("np.exp(_)", right), ast.unparse(node)
        case ast.BinOp(ast.Name(base), ast.Pow(), right) | ast.Call(
            ast.Attribute(attr="power"), [ast.Name(base), right]
        ) if f"{base} = 2.7" in slot.names.whole:
            yield _with("np.exp(_)", right), ast.unparse(node)


def _axis(_, node):
    """A sum, mean or maximum over another axis."""
    array = _reduced(node)
    if array is not None:
        keywords = [keyword for keyword in node.keywords if keyword.arg in ("dtype", "where")]
        arguments = [array] if array in node.args else []
        bare = ast.Call(node.func, arguments, keywords)
        for axis in ("1", "0"):
            for keepdims in ("True", "False"):
                new = _with_keywords(bare, axis=axis, keepdims=keepdims)
                shown = new if keepdims == "True" else _with_keywords(bare, axis=axis)
                yield new, (ast.unparse(node), ast.unparse(shown))


def _transposed(_, node):
    bare = _bare(node)
    if bare is not node:
        yield bare, ast.unparse(node)


def _entry_of_row(slot, node):
    """b[0, j] for b[j], b[0] for b[i], and b[0] for b in the sum of a single row."""
    match node:
        case ast.Subscript(ast.Attribute(attr="b" | "grad_b") as array, ast.Name() as index):
            for entry in (ast.Tuple([ast.Constant(0), index], ast.Load()), ast.Constant(0)):
                new = ast.Subscript(array, entry, node.ctx)
                yield new, (slot.text, ast.unparse(new))
        case ast.Attribute(attr="b") if _is_value(slot):
            new = ast.Subscript(node, ast.Constant(0), ast.Load())
            yield new, (slot.text, ast.unparse(new))


def _not_transposed(slot, node):
    may_be_transposed = ast.Name | ast.Attribute | ast.BinOp | ast.Call
    if isinstance(node, may_be_transposed) and _is_value(slot):
        new = ast.Attribute(node, "T", ast.Load())
        yield new, (slot.text, slot.line, _corrected(slot, new, slot.text))


def _reshaped(slot, node):
    called = _called(node)
    if called and called[0] == "reshape" and getattr(slot.parent, "attr", "") != "T":
        yield ast.Attribute(called[1], "T", ast.Load()), ast.unparse(node)


def _brackets(slot, node):
    """a * b - c for a * (b - c), and the other way round."""
    new = []
    match node:
        case ast.BinOp(ast.BinOp(a, first, b), second, c):
            new.append(ast.BinOp(a, first, ast.BinOp(b, second, c)))
            if isinstance(first, ast.Add | ast.Mult):
                new.append(ast.BinOp(b, first, ast.BinOp(a, second, c)))
    match node:
        case ast.BinOp(a, first, ast.BinOp(b, second, c)):
            new.append(ast.BinOp(ast.BinOp(a, first, b), second, c))
        case ast.UnaryOp(ast.USub(), ast.BinOp(a, operator, b)):
            new.append(ast.BinOp(ast.UnaryOp(ast.USub(), a), operator, b))
    for other in new:
        yield other, (slot.text, _in_place(slot, other))


def _returned_in_loop(slot, node):
    """A `return` within a loop, or several, that belongs behind the outermost."""
    match node:
        case ast.For(body=[_, _, *_] | [ast.For()]) if not slot.loops:
            loops = copy.deepcopy(node)
            innermost = loops
            while isinstance(innermost.body[-1], ast.For):
                innermost = innermost.body[-1]
            if isinstance(innermost.body[-1], ast.Return) and len(innermost.body) > 1:
                last = innermost.body.pop()
                yield ast.If(ast.Constant(True), [loops, last], []), head_of(last)


def _set_in_loop(slot, node):
    """`=` in a loop that should add up."""
    match node:
        case ast.Assign([target], value) if slot.loops and not isinstance(target, ast.Tuple):
            yield ast.AugAssign(target, ast.Add(), value), head_of(node)


def _never_begun(slot, node):
    """The same, where nothing stands before the loop that could be added to."""
    if not isinstance(node, ast.For) or slot.loops:
        return
    for assigned in ast.walk(node):
        if isinstance(assigned, ast.Assign) and isinstance(assigned.targets[0], ast.Name):
            pieces = head_of(assigned), ast.unparse(assigned.targets[0])
            yield ast.If(ast.Constant(True), _adding(node, assigned), []), pieces


def _adding(loop, assigned):
    """Return statements that begin with 0, and add in the loop where it assigns."""
    target, value = assigned.targets[0], assigned.value

    class Adding(ast.NodeTransformer):
        def visit_Assign(self, node):
            if ast.dump(node) != ast.dump(assigned):
                return node
            return ast.AugAssign(target, ast.Add(), value)

    begun = ast.Assign([target], ast.Constant(0))
    return [begun, Adding().visit(copy.deepcopy(loop))]


def _added_in_loop(slot, node):
    """`+=` in a loop that should set, perhaps only one row."""
    match node:
        case ast.AugAssign(target, ast.Add(), value) if slot.loops:
            yield ast.Assign([target], value), (head_of(node), ast.unparse(target))
            index = slot.loops[-1].target
            if isinstance(index, ast.Name):
                row = f"{ast.unparse(target)}[{index.id}]"
                assigned = ast.parse(f"{row} = 0").body[0].targets
                yield ast.Assign(assigned, value), (head_of(node), row)


def _operator(slot, node):
    match node:
        case ast.BinOp(left, operator, right):
            for other in (ast.Mult, ast.Div, ast.Sub, ast.Add):
                if other is ast.Mult and (_is_one(left) or _is_one(right)):
                    continue  # nobody multiplies by 1
                if not isinstance(operator, other):
                    new = ast.BinOp(left, other(), right)
                    yield new, (slot.text, _in_place(slot, new))
        case ast.AugAssign(target, operator, value):
            for other in (ast.Mult, ast.Div, ast.Sub, ast.Add):
                if not isinstance(operator, other):
                    new = ast.AugAssign(target, other(), value)
                    yield new, (head_of(node), head_of(new))


def _is_one(node):
    return isinstance(node, ast.Constant) and node.value == 1


def _name(slot, node):
    """Another of the variables that the method has, or another entry of an array."""
    own = slot.text
    is_put_into = isinstance(getattr(slot.parent, "ctx", None), ast.Store)
    is_asked = getattr(slot.parent, "attr", "") in ("shape", "dtype")
    if not _is_read(slot) or is_put_into or is_asked:
        return
    if own in ("self", "np") or hasattr(builtins, own):
        return
    if isinstance(slot.parent, ast.Return) and own.startswith("self."):
        return  # backward reads it
    # Of two that are compared, one would stand for both.
    compared = getattr(getattr(slot.parent, "func", None), "attr", "") in ("maximum", "minimum")
    taken = map(ast.unparse, slot.parent.args) if compared else ()
    taken = {own, *taken}
    match node:
        case ast.Name() if slot.is_index:
            names = slot.names.variables + slot.names.arrays
        case ast.Name() | ast.Attribute(ast.Name("self")):
            names = slot.names.arrays + slot.names.variables
        case ast.Subscript() if own in slot.names.entries:
            names = slot.names.entries
        case _:
            return
    for name in names:
        if name not in taken:
            new = ast.parse(name, mode="eval").body
            yield new, (slot.line, own, name, _corrected(slot, new, own))


def _function(slot, node):
    """Another of NumPy's functions."""
    match node:
        case ast.Attribute(array, name):
            others = [other for names in ALIKE if name in names for other in names]
            for other in dict.fromkeys(others):
                if other != name:
                    new = ast.Attribute(array, other, ast.Load())
                    corrected = _corrected(slot, new, name)
                    yield new, (slot.line, name, other, corrected)
    called = _called(node)
    if called and called[0] == "copy":
        new = _with("np.zeros_like(_)", called[1])
        yield new, (slot.line, "copy", "np.zeros_like", _shown(slot, new))


def _minus(slot, node):
    """A minus before it."""
    may_be_negative = ast.BinOp | ast.Call | ast.Name | ast.Attribute | ast.Subscript
    if isinstance(node, may_be_negative) and _is_value(slot):
        new = ast.UnaryOp(ast.USub(), node)
        more = _corrected(slot, new, slot.text)
        yield new, (slot.line, slot.text, _in_place(slot, new), more)


def _missing(slot, node):
    """A factor, a divisor or an addend that is another of the arrays, or an entry with entries."""
    is_alone = isinstance(slot.parent, ast.Return | ast.Assign | ast.AugAssign | ast.Call)
    if not (is_alone and _is_value(slot)):
        return
    own = slot.text
    names = slot.names.entries if "[" in own else slot.names.arrays + slot.names.variables
    if re.search(r"\b(shape|len|zeros|range)\b", own):
        return
    for operator, name in slot.names.operands:
        # What is done in one place may have been forgotten in another.
        other = ast.parse(name, mode="eval").body
        new = ast.BinOp(node, operator, other)
        more = _corrected(slot, new, own, slot.names.whole)
        yield new, (own, f"{SIGNS[type(operator)]} {name}", ast.unparse(new), more)
    for name in names:
        other = ast.parse(name, mode="eval").body
        for operator in (ast.Mult, ast.Add, ast.Sub, ast.Div):
            # That would only take away what stands there.
            if ":" in name or (name in own and operator is not ast.Mult):
                continue
            new = ast.BinOp(node, operator(), other)
            more = _corrected(slot, new, own, slot.names.whole)
            yield new, (own, f"{SIGNS[operator]} {name}", ast.unparse(new), more)


def _complement(slot, node):
    """1 + a or 1 - a for a."""
    if not _is_value(slot) or isinstance(node, ast.Constant):
        return
    for operator in (ast.Add, ast.Sub):
        new = ast.BinOp(ast.Constant(1), operator(), node)
        more = _corrected(slot, new, slot.text)
        yield new, (slot.line, slot.text, _in_place(slot, new), more)


def _unwrapped(slot, node):
    """A function that should be taken of it."""
    may_go_in = ast.BinOp | ast.Call | ast.Name | ast.Attribute
    if not (isinstance(node, may_go_in) and _is_value(slot)):
        return
    is_summed = getattr(slot.parent, "attr", "T") != "T"
    outsides = ["np.exp(_)", "np.log(_)"]
    if not is_summed:
        outsides.append("np.sum(_)")
    if not is_summed and slot.layer.output != "loss":  # a row of labels adds up to 1
        outsides.append("np.sum(_, axis=1, keepdims=True)")
    for outside in outsides:
        new = _with(outside, node)
        more = _corrected(slot, new, slot.text, slot.names.whole)
        yield new, (slot.text, outside.replace("_", " ... ", 1), more)


def _cases(_, node):
    """The two cases of np.where or of an `if` exchanged."""
    match node:
        case ast.Call(ast.Attribute(attr="where") as function, [condition, a, b]):
            yield ast.Call(function, [condition, b, a], []), ast.unparse(node)
        case ast.If(test, body, [_, *_] as others):
            yield ast.If(test, others, body), f"if {ast.unparse(test)}"
        case ast.IfExp(test, a, b):
            yield ast.IfExp(test, b, a), ast.unparse(node)


def _range(_, node):
    """All of a range."""
    meant = []
    match node:
        case ast.Call(ast.Name("range"), [_, stop, *_]):
            meant.append(ast.Call(node.func, [stop], []))
    match node:
        case ast.Call(ast.Name("range"), [*_, ast.BinOp(stop, ast.Add() | ast.Sub(), _)]):
            meant.append(ast.Call(node.func, [stop], []))
    for other in meant:
        yield other, (ast.unparse(node), ast.unparse(other))


def _counted(slot, node):
    """The rows or columns of another array."""
    match node:
        case (
            ast.Call(ast.Name("len"), [_])
            | ast.Subscript(ast.Attribute(attr="shape"))
            | ast.Attribute(attr="size")
        ):
            counts = slot.names.counts
        case ast.Call(ast.Name("range"), [ast.Name()]):
            counts = [f"range({count})" for count in slot.names.counts]
        case _:
            return
    for text in counts:
        yield ast.parse(text, mode="eval").body, (slot.text, text, slot.line)


def _unpacked(_, node):
    """The two sizes of a shape, exchanged."""
    match node:
        case ast.Assign([ast.Tuple([a, b], context)], ast.Attribute(attr="shape") as shape):
            line = f"{ast.unparse(a)}, {ast.unparse(b)} = {ast.unparse(shape)}"
            yield ast.Assign([ast.Tuple([b, a], context)], shape), line


def _made(slot, node):
    """An array of zeros in another shape."""
    called = _called(node)
    if called and called[0] in CREATORS and ast.unparse(node).startswith("np."):
        for a, b in itertools.product(slot.names.arrays, repeat=2):
            text = f"np.zeros((len({a}), {b}.shape[1]))"
            yield ast.parse(text, mode="eval").body, (ast.unparse(node), text)


def _inside(slot, node):
    """A bracket that closes too late or too early."""
    new = []
    match node:
        case ast.Call(function, [ast.BinOp(left, operator, right)], keywords):
            new.append(ast.BinOp(ast.Call(function, [left], keywords), operator, right))
            new.append(ast.BinOp(left, operator, ast.Call(function, [right], keywords)))
    match node:
        case ast.BinOp(ast.Call(function, [argument], keywords), operator, right):
            argument = ast.BinOp(argument, operator, right)
            new.append(ast.Call(function, [argument], keywords))
    match node:
        case ast.BinOp(left, operator, ast.Call(function, [argument], keywords)):
            argument = ast.BinOp(left, operator, argument)
            new.append(ast.Call(function, [argument], keywords))
    match node:
        case ast.BinOp(left, operator, ast.Call(ast.Attribute(array, name), [], keywords)):
            whole = ast.Attribute(ast.BinOp(left, operator, array), name, ast.Load())
            new.append(ast.Call(whole, [], keywords))
    match node:
        case ast.Call(ast.Attribute(ast.BinOp(left, operator, right), name), arguments, keywords):
            part = ast.Call(ast.Attribute(right, name, ast.Load()), arguments, keywords)
            new.append(ast.BinOp(left, operator, part))
    for other in new:
        yield other, (slot.text, _in_place(slot, other))


def _out_of_loop(_, node):
    """The last statement of a loop after it."""
    match node:
        case ast.For(body=[*body, last]) if body:
            loop = ast.For(node.target, node.iter, body, node.orelse)
            yield ast.If(ast.Constant(True), [loop, last], []), head_of(last)


def _begun_in_loop(_, node):
    """A statement before a loop as its first."""
    if not isinstance(node, ast.If | ast.For):
        return
    for i, before in enumerate(node.body):
        for k in range(i + 1, len(node.body)):
            loop = node.body[k]
            if isinstance(loop, ast.For) and isinstance(before, ast.Assign):
                longer = ast.For(loop.target, loop.iter, [before, *loop.body], loop.orelse)
                body = [*node.body[:i], *node.body[i + 1 : k], longer, *node.body[k + 1 :]]
                yield _with_body(node, body), (head_of(before), head_of(loop))


def _sequence(_, node):
    """Two statements the other way round."""
    for i, first, second in _neighbours(node):
        body = [*node.body[:i], second, first, *node.body[i + 2 :]]
        yield _with_body(node, body), (head_of(second), head_of(first))


def _neighbours(node):
    """Yield (index, statement, next statement) of a block."""
    if isinstance(node, ast.If | ast.For):
        for i, (first, second) in enumerate(itertools.pairwise(node.body)):
            yield i, first, second


def _with_body(node, body):
    new = copy.copy(node)
    new.body = body
    return new


def head_of(statement):
    """Return a statement as it is quoted: of a loop, its head alone."""
    return ast.unparse(statement).splitlines()[0]


def _surplus(slot, node):
    """Something that should not be there."""
    match node:
        case ast.BinOp(left, operator, right):
            sign = SIGNS[type(operator)]
            before, after = _sides_of(node, sign)
            piece = f"{sign} {after}"
            yield left, (piece, _corrected(slot, left, piece, slot.names.whole))
            is_of_one = isinstance(operator, ast.Sub) and isinstance(left, ast.Constant)
            if is_of_one or not isinstance(operator, ast.Sub | ast.Div | ast.Pow):
                piece = f"{before} {sign}"
                yield right, (piece, _corrected(slot, right, piece, slot.names.whole))
            if isinstance(left, ast.UnaryOp) and isinstance(operator, ast.Mult):
                piece = f"{ast.unparse(left.operand)} {sign}"
                new = ast.UnaryOp(left.op, right)
                yield new, (piece, _corrected(slot, new, piece, slot.names.whole))
        case ast.Assign([ast.Attribute()], value) if not isinstance(value, ast.Constant):
            return  # which is kept for another method
        case ast.AugAssign() | ast.Assign() | ast.Expr() | ast.Assert():
            yield ast.Pass(), (ast.unparse(node), "")


def _sides_of(node, sign):
    """Return the two operands as they stand there, with their brackets if they need some."""
    whole, right = ast.unparse(node), ast.unparse(node.right)
    after = f"({right})" if whole.endswith(f"({right})") else right
    return whole.removesuffix(after).rstrip().removesuffix(sign).rstrip(), after


def _in_brackets(node):
    text = ast.unparse(node)
    return f"({text})" if isinstance(node, ast.BinOp | ast.UnaryOp | ast.Compare) else text


def _wrapped(slot, node):
    """Something that should not be done with what is right as it is."""
    if isinstance(node, ast.UnaryOp) and not isinstance(node.operand, ast.Constant):
        operand = ast.unparse(node.operand)
        pieces = slot.text.removesuffix(operand), operand, _shown(slot, node.operand)
        yield node.operand, pieces
    if isinstance(node, ast.Subscript) and _is_read(slot) and not _is_of_loop(slot):
        kept = ast.unparse(node.value)
        more = _corrected(slot, node.value, slot.text, slot.names.whole)
        yield node.value, (slot.text.removeprefix(kept), kept, more)
    called = _called(node)
    if called and called[0] not in CUTS and not isinstance(called[1], ast.List | ast.Tuple):
        kept = ast.unparse(called[1])
        function = ast.unparse(node.func)
        of_array = isinstance(node.func, ast.Attribute) and node.func.value is called[1]
        outside = f"{function}( )"
        if of_array:
            outside = ast.unparse(node).removeprefix(_in_brackets(called[1]))
        more = _corrected(slot, called[1], slot.text, slot.names.whole)
        yield called[1], (outside, kept, more)


CHANGES = {
    "returned": _returned,
    "floor": _floor,
    "rounded": _rounded,
    "integers": _integers,
    "limited": _limited,
    "epsilon": _epsilon,
    "activation": _activation,
    "entry by entry": _entry_by_entry,
    "product": _product,
    "outer": _outer,
    "picked": _picked,
    "einsum": _einsum,
    "einsum letters": _einsum_letters,
    "builtin": _builtin,
    "largest": _largest,
    "base": _base,
    "axis": _axis,
    "range": _range,
    "counted": _counted,
    "unpacked": _unpacked,
    "made": _made,
    "transposed": _transposed,
    "entry of row": _entry_of_row,
    "not transposed": _not_transposed,
    "reshaped": _reshaped,
    "brackets": _brackets,
    "return in loop": _returned_in_loop,
    "set in loop": _set_in_loop,
    "never begun": _never_begun,
    "added in loop": _added_in_loop,
    "operator": _operator,
    "surplus": _surplus,
    "wrapped": _wrapped,
    "inside": _inside,
    "cases": _cases,
    "name": _name,
    "function": _function,
    "complement": _complement,
    "minus": _minus,
    "unwrapped": _unwrapped,
    "missing": _missing,
    "out of loop": _out_of_loop,
    "begun in loop": _begun_in_loop,
    "sequence": _sequence,
}


# ---- syntax trees


def _is_read(slot):
    """Return whether a slot holds an expression that is read: nothing is put into it or called."""
    is_read = isinstance(getattr(slot.node, "ctx", ast.Load()), ast.Load)
    return isinstance(slot.node, ast.expr) and is_read and slot.field != "func"


def _is_value(slot):
    """Return whether a slot holds an expression that is computed with, and counts nothing."""
    return _is_read(slot) and not slot.is_index


def _is_of_loop(slot):
    """Return whether an index is the variable of a loop around it."""
    counted = {name.id for loop in slot.loops for name in _names_in(loop.target)}
    return any(name.id in counted for name in _names_in(slot.node.slice))


def _names_in(tree):
    return [node for node in ast.walk(tree) if isinstance(node, ast.Name)]


def _in_place(slot, new):
    """Return how `new` is written where the slot's node stands: in brackets if it needs some."""
    text = ast.unparse(new)
    before = ast.unparse(slot.parent)
    with slot.holding(new):
        after = ast.unparse(slot.parent)
    needs_some = f"({text})" in after and f"({slot.text})" not in before
    return f"({text})" if needs_some else text


def _corrected(slot, new, word, text=None):
    """Return the corrected line, to be said if a text, or the line, has a word more than once."""
    if len(re.findall(rf"(?<![\w.]){re.escape(word)}(?!\w)", text or slot.line)) < 2:
        return ""
    return _shown(slot, new)


def _shown(slot, new):
    return say(": ", "：") + f"`{slot.line_with(new)}`"


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


def _reduced(node):
    """Return the array that a sum, a maximum or the like is taken of, or None."""
    called = _called(node)
    is_reduced = called and called[0] in REDUCTIONS and isinstance(node.func, ast.Attribute)
    return called[1] if is_reduced else None


def _with_keywords(call, **values):
    keywords = [keyword for keyword in call.keywords if keyword.arg not in values]
    for name, value in values.items():
        keywords.append(ast.keyword(name, ast.parse(value, mode="eval").body))
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


def _untransposed_in(node):
    """Return an expression without any transpose in it."""

    class Untransposing(ast.NodeTransformer):
        def visit(self, node):
            return self.generic_visit(_bare(node))

    return Untransposing().visit(copy.deepcopy(node))


def _with(text, array):
    """Return the expression `text` with an array in place of `_`."""

    class Putting(ast.NodeTransformer):
        def visit_Name(self, node):
            return array if node.id == "_" else node

    return Putting().visit(ast.parse(text, mode="eval").body)
