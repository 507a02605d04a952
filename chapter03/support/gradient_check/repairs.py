"""Trying small changes on a student's method: if one makes it right, that was the mistake."""

import ast
import collections
import contextlib
import itertools
import re
import time
import types
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np

from support.gradient_check import mistakes
from support.gradient_check.calls import Call, filled_empty, in_a_row, kept_by, replaced_in_numpy
from support.gradient_check.changes import CHANGES, head_of
from support.gradient_check.formulas import tree_of
from support.gradient_check.judge import fault_of
from support.language import say

MOST_TRIES = 300  # of one kind of change
MOST_TRIES_IN_ALL = 600
SECONDS = 1.5  # for all kinds; a method that is not slow needs a fifth of it
CHANGED_FILE = "a changed model.py"


class Repair(NamedTuple):
    """A change that makes the method right.

    piece: of the code, to be quoted, or a tuple of the pieces that the text of the table needs.
    is_whole: whether numbers far from zero are right as well. lines: if several places have to be
    changed, what these lines become.
    """

    piece: str | tuple
    is_whole: bool
    lines: tuple = ()


def found_by(change, fault):
    """Return the Repair that a kind of change makes, or None.

    One place is changed at a time; then, as a mistake is often repeated, all that are alike.
    """
    method = _method_of(fault)
    of_ordinary_numbers = None
    alike = collections.defaultdict(list)
    for slot, i, new, piece in _changes(change, method):
        # Only where the same code stands, in one case or all; everywhere; or for one variable.
        keys = [(i, slot.form), (i, slot.form, slot.case)]
        if change != "name":  # its number i means another name in each place
            keys.append(i)
        if isinstance(slot.node, ast.Assign):
            keys.append((i, ast.dump(slot.node.targets[0])))
        for key in keys:
            alike[key].append((slot, new, piece))
        with slot.holding(new):
            repair = _tried(fault, method, piece)
        if repair and repair.is_whole:
            return repair
        of_ordinary_numbers = of_ordinary_numbers or repair
    repeated = (changes for changes in alike.values() if len(changes) > 1)
    groups = {tuple(id(new) for _, new, _ in changes): changes for changes in repeated}
    for changes in groups.values():
        if next(method.tries) > MOST_TRIES_IN_ALL:
            break
        repair = _tried_together(fault, method, changes)
        if repair and repair.is_whole:
            return repair
        of_ordinary_numbers = of_ordinary_numbers or repair
    return of_ordinary_numbers


def _changes(change, method):
    """Yield (slot, number among its changes, new node, piece) as long as there is time."""
    tries = 0
    for slot in method.slots:
        if slot.is_condition and not _may_change_condition(change, slot):
            continue  # it would only be made always true, or never
        for i, (new, piece) in enumerate(CHANGES[change](slot, slot.node)):
            tries += 1
            if tries > MOST_TRIES or next(method.tries) > MOST_TRIES_IN_ALL:
                return
            if time.monotonic() > method.deadline:
                return
            yield slot, i, ast.fix_missing_locations(new), piece


def _may_change_condition(change, slot):
    # In a loss, the labels are compared with 1, and may be taken for the probabilities.
    return change == "name" and slot.layer.output == "loss"


class Method(NamedTuple):
    """A student's method, to be changed: its syntax tree, and the places in it."""

    tree: ast.AST
    names: dict  # its global variables
    slots: list  # of Slot; none if nothing is to be tried
    deadline: float  # of time.monotonic
    tries: itertools.count  # of all kinds of changes


@lru_cache(maxsize=1)  # each kind of change asks for it
def _method_of(fault):
    tree = _tree_of(fault.call)
    slots = []
    if tree is not None and _may_be_changed(tree):
        slots = _slots(tree, fault.call)
    # What np.empty holds may be right by chance.
    with replaced_in_numpy(fault.call.model, filled_empty(np.nan)):
        names = {**vars(fault.call.model), "print": lambda *_, **__: None}
    return Method(tree, names, slots, time.monotonic() + SECONDS, itertools.count(1))


def _may_be_changed(tree):
    """Return whether a changed method tells anything.

    With a `while` it may run for ever; with a `try`, a nonsense that fails may seem to be right.
    """
    return not any(isinstance(node, ast.While | ast.Try) for node in ast.walk(tree))


def _tried_together(fault, method, changes):
    """Return the Repair that several changes make together, without those that are not needed."""
    for slot, new, _ in changes:
        slot.set(new)
    try:
        repair = _tried(fault, method, "")
        if not repair:
            return None
        needed = []
        for slot, new, piece in changes:
            slot.set(slot.node)
            if not _tried(fault, method, ""):
                slot.set(new)
                needed.append((slot.node.lineno, slot.node.col_offset, piece, slot, new))
        needed.sort(key=lambda place: place[:2])
        if all(isinstance(new, ast.Pass) for *_, new in needed):
            quoted = say("`, `", "`、`").join(slot.line for *_, slot, _ in needed)
            return repair._replace(piece=(quoted, ""))
        lines = dict.fromkeys(slot.changed_line(new) for *_, slot, new in needed)
        return repair._replace(piece=needed[0][2], lines=tuple(lines) if len(needed) > 1 else ())
    finally:
        for slot, _, _ in reversed(changes):
            slot.set(slot.node)


class Said(NamedTuple):
    """What is said of a change; `is_whole` if numbers far from zero are right with it as well."""

    text: str
    is_whole: bool


def first_repair(table, fault):
    """Return what is Said of the first change that makes the method right.

    If none does, it is the first with which ordinary numbers are right, or an empty text.
    """
    of_ordinary_numbers = Said("", False)
    remains = say(*mistakes.REMAINS[fault.call.layer.output])
    it = _what_is_wrong(fault)
    for name, text in table.items():
        repair = found_by(name, fault)
        if repair is None:
            continue
        pieces = repair.piece if isinstance(repair.piece, tuple) else (repair.piece,)
        if repair.lines:  # a line with the first change alone is not right yet
            pieces = ["" if re.match("(: |：)`", str(piece)) else piece for piece in pieces]
        said = say(*text).format(*pieces, it=it)
        if repair.lines:
            lines = say(", ", "、").join(f"`{line}`" for line in repair.lines)
            said += say(*mistakes.IN_PLACES).format(lines)
        if repair.is_whole:
            return Said(said, True)
        if not of_ordinary_numbers.text and not _is_by_chance(name, pieces, fault):
            of_ordinary_numbers = Said(said + remains, False)
    return of_ordinary_numbers


def _what_is_wrong(fault):
    """Return what a change makes right: "it", or by name where a method has several results."""
    if not fault.result or len(fault.call.names) == 1:
        return say("it", "")
    name = fault.call.layer.source(fault.call.method, fault.result)
    return say(name, f"，{name}")


def _is_by_chance(name, pieces, fault):
    """Return whether a change that leaves large numbers wrong may make ordinary ones right so.

    It may take away what was meant against an overflow.
    """
    may_be = name in ("sequence", "brackets", "missing")
    may_be = may_be or (name == "surplus" and re.search(r"\bx\b", pieces[0]))
    may_be = may_be or (name == "operator" and re.search(" [*/] ", pieces[1]))
    may_be = may_be or (name == "inside" and re.search(r"exp\([^()]*exp\(", pieces[1]))
    return may_be and fault.call.layer.output == "y" and fault.call.method == "forward"


def first_repairs_for(fault):
    """Return the table of the changes of code that are tried before anything else."""
    table = dict(mistakes.REPAIRS_FIRST)
    if fault.call.batch.is_extreme:
        table["brackets"] = mistakes.REPAIRS["brackets"]  # as of y / y_hat + 1e-12
        got = np.asarray(fault.call.results[fault.result], dtype=np.float64)
        is_finite = np.all(np.isfinite(got))
        table["limited"] = mistakes.LIMITED_FAR if is_finite else mistakes.LIMITED_NAN
    return table


def repairs_of_loops():
    """Return the table of the changes by which a loop leaves nothing out."""
    table = {**mistakes.REPAIRS_FIRST, **mistakes.REPAIRS_OF_THE_FIRST}
    return {name: table[name] for name in ("return in loop", "range", "counted")}


def repairs_for(fault):
    """Return the table of the changes of code that are tried for this fault."""
    if fault.call is not fault.calls[0]:
        return mistakes.REPAIRS
    of_the_first = dict(mistakes.REPAIRS_OF_THE_FIRST)
    of_numbers = dict(mistakes.REPAIRS_OF_NUMBERS)
    if fault.kind == "error":
        of_numbers = {"name": of_numbers["name"]}
    of_any = dict(mistakes.REPAIRS)
    if fault.kind == "value":  # the shape is right
        del of_the_first["made"]
    return {**of_the_first, **of_any, **of_numbers}


class Names(NamedTuple):
    """What a method can compute with, as it is written."""

    arrays: list  # its parameters, and what is kept in self
    variables: list  # its own
    entries: list  # such as x[i, j]
    counts: list  # of rows and columns, such as len(x)
    operands: list  # such as "- x.max()", with their operators
    whole: str  # the method itself


@dataclass
class Slot:
    """A place in a syntax tree that holds an expression or a statement, and what is around it.

    statement: that it belongs to, or is. loops: the `for` around that, the outermost first.
    is_index: whether it stands in the brackets of an entry, or in the head of a loop.
    is_condition: whether it decides between cases. case: which of them it belongs to, if any.
    layer: of layers.py, whose method it is.
    """

    parent: ast.AST
    field: str
    index: int | None
    statement: ast.stmt
    loops: tuple
    is_index: bool
    is_condition: bool
    case: tuple | None
    names: Names
    layer: object

    def __post_init__(self):
        self.node = getattr(self.parent, self.field)
        if self.index is not None:
            self.node = self.node[self.index]

    @cached_property
    def text(self):
        return ast.unparse(self.node)

    @cached_property
    def line(self):
        """The statement as it is quoted: of a loop, its head alone."""
        return head_of(self.statement)

    def changed_line(self, new):
        """Return the line with everything that has been changed, `new` among it."""
        statement = new if isinstance(new, ast.stmt) else self.statement
        return head_of(statement)

    def line_with(self, new):
        """Return the line with `new` alone changed."""
        with self.holding(new):
            return self.changed_line(new)

    @cached_property
    def form(self):
        """Something that is equal for equal code."""
        return ast.dump(self.node)

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


def _slots(tree, call):
    """Return the slots of a method's body, the outermost first."""
    names = _names(tree, call)
    slots = []
    todo = collections.deque([(tree, "body", 0, tree.body[0], None, (), False, False, None)])
    while todo:
        parent, field, index, node, statement, loops, is_index, decides, case = todo.popleft()
        if isinstance(node, ast.JoinedStr):
            continue  # an f-string, of which ast.unparse cannot show a changed one
        decides = decides or _decides(parent, field, index, node)
        if _is_case(parent, field):
            case = id(parent), field, index if isinstance(parent, ast.Call) else 0
        statement = node if isinstance(node, ast.stmt) else statement
        is_index = is_index or field == "slice"
        is_index = is_index or (isinstance(parent, ast.For) and field in ("target", "iter"))
        if isinstance(node, ast.expr | ast.stmt):
            place = (statement, loops, is_index, decides, case)
            slots.append(Slot(parent, field, index, *place, names, call.layer))
        inner = (*loops, node) if isinstance(node, ast.For) else loops
        for child in _children(node):
            todo.append((node, *child, statement, inner, is_index, decides, case))
    return slots


def _decides(parent, field, index, node):
    """Return whether a node is the condition of an `if` or of np.where, or a mask.

    It is none where it compares two indices.
    """
    match node:
        case ast.Compare(ast.Name(), [ast.Eq() | ast.NotEq()], [ast.Name()]):
            return False
    if field == "slice" and isinstance(node, ast.Compare):
        return True  # a mask
    return field == "test" or (_is_of_where(parent, field) and index == 0)


def _is_case(parent, field):
    """Return whether a field of a node holds one of several cases."""
    is_of_if = isinstance(parent, ast.If | ast.IfExp) and field in ("body", "orelse")
    return is_of_if or _is_of_where(parent, field)


def _is_of_where(parent, field):
    is_call = isinstance(parent, ast.Call) and field == "args"
    return is_call and ast.unparse(parent.func) == "np.where"


def _children(node):
    """Yield (field, index or None, child) of the nodes within a node."""
    for field, value in ast.iter_fields(node):
        if isinstance(value, ast.AST):
            yield field, None, value
        elif isinstance(value, list):
            for i, child in enumerate(value):
                if isinstance(child, ast.AST):
                    yield field, i, child


def _names(tree, call):
    arrays = {name: call.batch.given[name] for name in call.layer.parameters(call.method)}
    arrays |= {f"self.{name}": value for name, value in kept_by(call.subject).items()}
    variables, lists, entries, indices, operands = [], [], [], [], []
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            variables.append(node.id)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.List):
            lists += map(ast.unparse, node.targets)
        if isinstance(node, ast.Subscript) and re.fullmatch(
            r"(self\.)?\w+", ast.unparse(node.value)
        ):
            entries.append(ast.unparse(node))
            indices.append(entries[-1].removeprefix(ast.unparse(node.value)))
        if isinstance(node, ast.BinOp):
            right = ast.unparse(node.right)
            operands.append((node.op, f"({right})" if isinstance(node.right, ast.BinOp) else right))
    # A list that is put into itself would keep NumPy busy for ever.
    variables = [name for name in variables if name not in lists]
    # An index that is used with one array may be meant for another.
    entries += [f"{array}{index}" for array in arrays for index in indices]
    names = (arrays, variables, entries, _counts(arrays))
    return Names(
        *(list(dict.fromkeys(group)) for group in names),
        list(dict.fromkeys(operands)),
        ast.unparse(tree),
    )


def _counts(arrays):
    """Return how rows and columns of arrays, by name, are counted, where they are more than 1."""
    counts = []
    for name, array in arrays.items():
        shape = np.shape(array) if isinstance(array, np.ndarray) else ()
        for count, size in zip((f"len({name})", f"{name}.shape[1]"), shape, strict=False):
            if size > 1:
                counts.append(count)
    return counts


def _tree_of(call):
    functions = (node for node in ast.walk(tree_of(call)) if isinstance(node, ast.FunctionDef))
    tree = next(functions, None)
    if tree is not None:
        body = tree.body[bool(ast.get_docstring(tree)) :] or [ast.Pass()]
        # A change may concern all statements of a block: so the outermost is a node as well.
        tree.body = [ast.If(ast.Constant(True), body, [])]
        ast.fix_missing_locations(tree)
    return tree


def _tried(fault, method, piece):
    """Return the Repair if the class with this method passes in what was found wrong, or None.

    If ordinary numbers were wrong, it is enough that they are right.
    """
    model = _changed_model(fault.call, method)
    if model is None:
        return None
    call = Call(model, fault.call.layer, fault.call.method, fault.call.batch).run()
    if not _passes(call, fault) or _spoils(call, fault):
        return None
    is_whole = True
    for each in in_a_row(model, call.layer, call.method):
        if not _passes(each, fault):
            if not each.batch.is_extreme or fault.call.batch.is_extreme:
                return None
            is_whole = False
    return Repair(piece, is_whole)


def _passes(call, fault):
    # What comes out right by way of a division by 0 was not meant.
    is_by_way = call.warned and not call.batch.is_extreme and not fault.call.warned
    if call.error is not None or is_by_way:
        return False
    # Of several results each may be wrong in its own way: it is asked for the first one.
    return fault_of(call, [fault.result] if fault.result else None) is None


def _spoils(call, fault):
    """Return whether a result is wrong in the call that was right before."""
    others = [name for name in call.names if fault.result and name != fault.result]
    return any(fault_of(call, [name]) and not fault_of(fault.call, [name]) for name in others)


def _changed_model(call, method):
    names = dict(method.names)
    try:
        exec(compile(ast.Module([method.tree], []), CHANGED_FILE, "exec"), names)
        cls = getattr(call.model, call.layer.name)
        changed = type(cls.__name__, (cls,), {call.method: names[method.tree.name]})
    except (SyntaxError, SystemError, TypeError, ValueError):
        return None
    return types.SimpleNamespace(__file__=CHANGED_FILE, **{call.layer.name: changed})
