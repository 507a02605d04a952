"""The two arrays that met in an error, and the expressions that they came from."""

import ast
import copy
import operator
import re
from typing import NamedTuple

import numpy as np

from support.gradient_check.source import syntax_tree

# How it is written, and what it does: alone, and as in `a += b`.
_OPERATORS = {
    ast.MatMult: ("@", operator.matmul, operator.imatmul),
    ast.Add: ("+", operator.add, operator.iadd),
    ast.Sub: ("-", operator.sub, operator.isub),
    ast.Mult: ("*", operator.mul, operator.imul),
    ast.Div: ("/", operator.truediv, operator.itruediv),
}
_FUNCTIONS = {
    "dot": ("@", np.dot),
    "matmul": ("@", np.matmul),
    "multiply": ("*", np.multiply),
    "add": ("+", np.add),
    "subtract": ("-", np.subtract),
    "divide": ("/", np.divide),
}


class Misfit(NamedTuple):
    """Two operands whose shapes cannot be combined; `text` shows the expressions and shapes."""

    text: str
    expression: str  # the operation, as it is written
    texts: tuple  # the two operands
    operator: str
    operands: tuple  # the two arrays
    shapes: tuple  # theirs


def shapes_that_met(frame, place):
    """Return the Misfit of the operands on this line of a frame, or None."""
    namespace = {**frame.f_globals, **frame.f_locals}
    for statement in _statements_at(place):
        # The head of a loop, not the loop: its body has statements of its own.
        head = getattr(statement, "test", getattr(statement, "iter", statement))
        found = misfit(head, namespace)
        if found:
            return found
    return None


def _statements_at(place):
    """Return the statements on a line, and of those that go over several lines the innermost."""
    around = [
        node
        for node in ast.walk(syntax_tree(place.path))
        if isinstance(node, ast.stmt) and node.lineno <= place.line <= node.end_lineno
    ]
    last = max((node.lineno for node in around), default=0)
    return [node for node in around if node.lineno == last]


def misfit(tree, namespace):
    """Return the Misfit of the first two operands in a syntax tree that do not fit, or None."""
    for child in ast.iter_child_nodes(tree):  # in the order in which Python evaluates them
        found = misfit(child, namespace)
        if found:
            return found

    sign, combine, left, right = _operation(tree)
    if combine is None or not (_is_harmless(left) and _is_harmless(right)):
        return None
    texts = [ast.unparse(left), ast.unparse(right)]
    try:
        with np.errstate(all="ignore"):
            a, b = (eval(text, namespace) for text in texts)
    except Exception:
        return None
    try:
        with np.errstate(all="ignore"):
            combine(copy.copy(a), b)
    except ValueError:
        shapes = np.shape(a), np.shape(b)
        shown = [f"({text})" if " " in text else text for text in texts]
        text = f"{shown[0]} {shapes[0]} {sign} {shown[1]} {shapes[1]}"
        return Misfit(text, ast.unparse(tree), tuple(texts), sign.removesuffix("="), (a, b), shapes)
    except Exception:
        return None
    return None


def _operation(tree):
    """Return the sign of an operation, the function that does it, and its two operands."""
    nothing = None, None, None, None
    match tree:
        case ast.BinOp(left, op, right):
            sign, combine, _ = _OPERATORS.get(type(op), (None, None, None))
            return sign, combine, left, right
        case ast.AugAssign(left, op, right):
            sign, _, combine = _OPERATORS.get(type(op), ("", None, None))
            return f"{sign}=", combine, left, right
        case ast.Call(ast.Attribute(ast.Name("np" | "numpy"), name), [left, right]) if (
            name in _FUNCTIONS
        ):
            return *_FUNCTIONS[name], left, right
        case ast.Call(ast.Attribute(left, "dot"), [right]):
            return *_FUNCTIONS["dot"], left, right
    return nothing


def _is_harmless(expression):
    """Return whether an expression may be evaluated once more: it calls NumPy and nothing else."""
    calls = [node.func for node in ast.walk(expression) if isinstance(node, ast.Call)]
    return all(
        isinstance(call, ast.Attribute)
        and (_is_numpy(call.value) or hasattr(np.ndarray, call.attr))
        for call in calls
    )


def _is_numpy(expression):
    return bool(re.fullmatch(r"(np|numpy)(\.linalg)?", ast.unparse(expression)))
