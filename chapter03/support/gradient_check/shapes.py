"""The two arrays that met in an error, and the expressions that they came from."""

import ast
import linecache
from functools import cache
from typing import NamedTuple

import numpy as np

_parse = cache(ast.parse)  # the same text is asked for again and again

_SIGNS = {
    ast.MatMult: "@", ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/",
    "dot": "@", "matmul": "@", "multiply": "*",
}  # fmt: skip


class Misfit(NamedTuple):
    """Two operands whose shapes cannot be combined; `text` shows the expressions and shapes."""

    text: str
    operator: str
    operands: tuple  # the two arrays
    shapes: tuple  # theirs


def shapes_that_met(frame, place):
    """Return the Misfit of the operands on this line of a frame, or None."""
    nodes = [
        node
        for node in ast.walk(_parse("".join(linecache.getlines(place.path))))
        if isinstance(node, ast.stmt)
    ]
    around = [node for node in nodes if node.lineno <= place.line <= node.end_lineno]
    node = max(around, key=lambda node: node.lineno, default=None)
    # The head of a loop, not the loop: its body has statements of its own.
    head = getattr(node, "test", getattr(node, "iter", node))
    return misfit(head, {**frame.f_globals, **frame.f_locals}) if head else None


def misfit(tree, namespace):
    """Return the Misfit of the first two operands in a syntax tree that do not fit, or None."""
    for child in ast.iter_child_nodes(tree):  # in the order in which Python evaluates them
        found = misfit(child, namespace)
        if found:
            return found
    sign = None
    match tree:
        case ast.BinOp(left, op, right) | ast.AugAssign(left, op, right):
            sign = _SIGNS.get(type(op))
        case ast.Call(ast.Attribute(attr=name), [left, right]):  # np.dot and the like
            sign = _SIGNS.get(name)
        case ast.Call(ast.Attribute(left, "dot"), [right]):
            sign = "@"
    # Operands are evaluated once more: only if that calls nothing but methods and NumPy.
    if not sign or any(
        isinstance(node, ast.Call) and not isinstance(node.func, ast.Attribute)
        for node in (*ast.walk(left), *ast.walk(right))
    ):
        return None
    texts, operands = [ast.unparse(left), ast.unparse(right)], ()
    try:
        with np.errstate(all="ignore"):
            operands = tuple(eval(text, namespace) for text in texts)
            eval(f"a {sign} b", dict(zip("ab", operands, strict=True)))
    except Exception as error:
        if operands and isinstance(error, ValueError):
            a, b = (f"({text})" if " " in text else text for text in texts)
            shapes = tuple(map(np.shape, operands))
            return Misfit(f"{a} {shapes[0]} {sign} {b} {shapes[1]}", sign, operands, shapes)
    return None
