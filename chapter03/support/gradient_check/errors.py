"""From an error of Python or NumPy to the mistake that it betrays."""

import ast
import contextlib
import difflib
import inspect
import itertools
import re

from support.gradient_check import experiments, mistakes, repairs, stumbles
from support.gradient_check.calls import Call, kept_by
from support.gradient_check.formulas import meeting, same, source_of, tree_of, words_of
from support.gradient_check.layers import is_by_entries
from support.gradient_check.limits import message_of
from support.language import say


def error(fault):
    """Return what an error looks like, '' if there is nothing to be said."""
    call = fault.call
    said = (
        _misspelt_init(call)
        or experiments.forward_again(call)
        or experiments.overwritten(call)
        or _after_return(call)
        or _caret(call)
        or _only_compared(call)
        or _of_class(call)
        or _of_forward(call)
        or _kept_none(call)
        or _meeting(call)
        or _loss_of_array(call)
        or _written_size(call)
    )
    if said:
        return said
    kinds = ValueError | LookupError | ArithmeticError | AssertionError
    may_be_repaired = isinstance(call.error, kinds)
    repair = repairs.Said("", False)
    if may_be_repaired:
        repair = repairs.first_repair(repairs.repairs_for(fault), fault)
    if repair.is_whole:
        return repair.text
    return (
        (may_be_repaired and experiments.keeps_another(fault))
        or experiments.takes_kron(call)
        or _meeting_of_shapes(call)
        or repair.text
        or (may_be_repaired and experiments.thrown_away(call))
        or experiments.takes_a_diagonal(call)
        or experiments.counts_samples(call)
        or experiments.one_sample(fault)
        or _by_dimensions(call)
        or _stumble(fault)
    )


def _misspelt_init(call):
    """Say that Python does not call what nearly has the name of __init__."""
    for name in vars(type(call.subject)):
        if name != "__init__" and re.fullmatch("_+(init|int|inti)_+", name):
            return say(*stumbles.INIT).format(name)
    return ""


def _after_return(call):
    """Say that forward would keep what is missing, but for a `return` above it."""
    name = getattr(call.error, "name", None)
    if call.method != "backward" or not isinstance(call.error, AttributeError):
        return ""
    line = experiments.never_reached(call, "forward", name)
    return say(*mistakes.FACTS["forward, after return"]).format(line) if line else ""


def _caret(call):
    """Say how a transpose is written, if it is written as in mathematics."""
    return say(*mistakes.FACTS["caret"]) if re.search(r"\^ *T\b", call.line) else ""


def _only_compared(call):
    """Say that a statement with == stores nothing, if what it should store is what is missing."""
    if not isinstance(call.error, NameError | AttributeError):
        return ""
    trees = [tree_of(call)]
    with contextlib.suppress(SyntaxError):  # as of the head of a loop
        trees.append(ast.parse(call.line))  # which may be in another function
    for node in itertools.chain(*map(ast.walk, trees)):
        match node:
            case ast.Expr(ast.Compare(ast.Name(name) | ast.Attribute(_, name), [ast.Eq()])):
                if f"'{name}'" in str(call.error):
                    line = ast.unparse(node)
                    return say(*mistakes.FACTS["compared"]).format(line, line.replace("==", "=", 1))
    return ""


def _of_class(call):
    """Say that what is not found is a method of the class, or that what is called is none."""
    name = str(getattr(call.error, "name", None))
    if isinstance(call.error, NameError) and callable(getattr(call.subject, name, None)):
        return say(*mistakes.FACTS["of class"]).format(name)
    if not isinstance(call.error, AttributeError) or f"self.{name}(" not in call.line:
        return ""
    function = getattr(call.model, name, None)
    if inspect.isfunction(function) and "self" in inspect.signature(function).parameters:
        return say(*mistakes.FACTS["outside class"]).format(name)
    is_inner = re.search(rf"\bdef {name}\((?!self\b)|\b{name} = lambda\b", source_of(call))
    if is_inner or (callable(function) and not inspect.isclass(function)):
        return say(*mistakes.FACTS["no method"]).format(name)
    return ""


def _of_forward(call):
    """Say that what backward does not find is a variable of forward."""
    if call.method != "backward" or not isinstance(call.error, NameError):
        return ""
    name = call.error.name
    forward = Call(call.model, call.layer, "forward", call.batch)
    if name == "self" or name not in _variables(forward) or hasattr(call.subject, name):
        return ""
    return say(*mistakes.FACTS["of forward"]).format(name)


def _kept_none(call):
    """Say which attribute that backward computes with is None."""
    if call.method != "backward" or "NoneType" not in str(call.error) or not call.place:
        return ""
    for name in re.findall(r"self\.(\w+)", call.place.source):
        if getattr(call.subject, name, call) is None:
            return say(*mistakes.FACTS["kept none"]).format(name)
    return ""


def _loss_of_array(call):
    """Say that the loss is one number, if float is given an array."""
    is_loss = call.layer.output == "loss" and call.method == "forward"
    is_of_array = re.search("0-dimensional|(length|size)[- ]1", str(call.error))
    is_of_whole = re.search(r"float\(|\.item\(", call.line)
    is_of_whole = is_of_whole and not re.search(r"math\.|\bint\(", call.line)
    return say(*mistakes.FACTS["loss"]) if is_loss and is_of_array and is_of_whole else ""


# ---- two arrays that do not fit


def _meeting(call):
    """Say what the two arrays that do not fit are for certain, as those of a known formula."""
    if not call.misfit:
        is_of_identity = re.search("eye|iden", source_of(call))
        is_square = re.search(r"\((\d+),\1\)", str(call.error))
        goes_through_rows = _takes_rows(call) or "for " in source_of(call)
        is_of_batch = is_square and is_of_identity and not goes_through_rows
        return say(*mistakes.ONE_JACOBIAN) if is_of_batch else ""
    for operand, text in zip(call.misfit.operands, call.misfit.texts, strict=True):
        if isinstance(operand, tuple):
            return say(*mistakes.FACTS["whole shape"]).format(text, operand)
    has_ones = call.misfit.shapes[0] == (call.batch.rows, call.batch.columns + 1)
    if has_ones and re.search("stack|concat|append|c_", source_of(call)):
        return say(*stumbles.ONES)
    return meeting(call)


def _meeting_of_shapes(call):
    """Say what two arrays that do not fit look like by their shapes, and by their code."""
    is_output = "Output operand" in str(call.error) and "@=" in call.line
    if is_output or "non-broadcastable output" in str(call.error):
        return say(*mistakes.FACTS["in place"])
    is_product = re.search("matmul|not aligned|core dimension", str(call.error))
    if is_by_entries(call.layer) and is_product:
        return say(*mistakes.FACTS["by entries"])
    if not call.misfit:
        return ""
    diagonal = experiments.takes_a_diagonal(call)
    if diagonal:
        return diagonal
    if _is_of_one_jacobian(call):
        return say(*mistakes.ONE_JACOBIAN)
    return _matrix_product(call) if call.misfit.operator == "@" else _entry_by_entry(call)


def _matrix_product(call):
    met = call.misfit
    rows, columns = call.batch.rows, call.batch.columns
    added = re.search(r"\[(?:np\.newaxis|None)\]", call.place.source)
    if added and call.layer.weights and max(map(len, met.shapes)) > 2:
        return say(*mistakes.FACTS["third axis"]).format(added[0])
    if max(map(len, met.shapes)) > 2 and (".T" in met.text or "transpose" in met.text):
        return say(*mistakes.THREE_AXES)
    if met.shapes[0] == (rows, columns, columns):
        return say(*mistakes.FACTS["stack"])
    is_of_stacks = min(map(len, met.shapes)) > 1 and max(map(len, met.shapes)) > 2
    return say(*mistakes.FACTS["stacks"]) if is_of_stacks else ""


def _entry_by_entry(call):
    met = call.misfit
    is_outer = call.layer.weights and "np.outer" in call.place.source
    if is_outer and experiments.takes_outer_of_batch(call):
        return say(*mistakes.FACTS["outer"])
    if ".T" in met.text and met.shapes[0] == met.shapes[1][::-1]:
        return say(*mistakes.FACTS["no transpose"])
    is_of_stack = max(map(len, met.shapes)) > 2 and re.search("@|matmul|dot", call.place.source)
    return say(*mistakes.FACTS["stacks"]) if is_of_stack else ""


def _by_dimensions(call):
    met = call.misfit
    if met and met.operator == "@" and met.shapes[0] == met.shapes[1]:
        return say(*mistakes.FACTS["same shape"])
    if met and sorted(map(len, met.shapes)) == [1, 2] and (call.batch.rows,) in met.shapes:
        return say(*mistakes.KEEPDIMS)
    return ""


def _is_of_one_jacobian(call):
    """Return whether an array of the sizes of all entries meets one of the batch."""
    rows, columns = call.batch.rows, call.batch.columns
    sizes = {size for shape in call.misfit.shapes for size in shape}
    is_of_all = (rows, rows) in call.misfit.shapes
    is_of_all = is_of_all or sizes & {rows * columns, rows**2, columns**2}
    is_of_all = is_of_all or (call.misfit.operator == "@" and same(*call.misfit.operands))
    is_written = re.search(r"eye|identity|diag|outer|kron|tile", source_of(call))
    has_jacobian = call.method_name == "Softmax.backward"
    return has_jacobian and is_of_all and is_written and not _takes_rows(call)


def _takes_rows(call):
    """Return whether a line takes single rows, or adds an axis for them."""
    return bool(call.place and re.search(r"\w\[\w+\]|None|newaxis", call.place.source))


# ---- what Python says


def _written_size(call):
    """Say that a size is written into the code, if it is one that shows in the message."""
    sizes = {size for array in call.batch.given.values() for size in array.shape}
    shown = set(re.findall(r"\b\d+\b", str(call.error)))
    if call.misfit:
        shown |= {str(size) for shape in call.misfit.shapes for size in shape}
    for word in sorted(words_of(source_of(call)) & shown):
        if int(word) > 2 and int(word) not in sizes:
            return say(*stumbles.SIZE).format(word)
    return ""


def _stumble(fault):
    call, error = fault.call, fault.call.error
    if fault.calls[0].error is None and not isinstance(error, OverflowError):
        return say(*mistakes.FACTS["special"]).format(say(*fault.calls[0].batch.about))
    message = f"{call.method_name}: {message_of(error)}"
    for pattern, english, chinese in stumbles.STUMBLES:
        # Most are about what Python says: the line may hold the same word with another meaning.
        found = re.search(pattern, f"{message}\n{call.line}" if r"\n" in pattern else message)
        if found:
            groups = [group for group in found.groups() if group]
            meant = repairs.found_by("name", fault) if "{close}" in english else None
            if meant:
                return say(*stumbles.MEANT).format(*meant.piece[1:])
            first = call.layer.first_line(call.method)
            array = [*call.layer.parameters(call.method), "self.y"][0]
            names = {"close": _close(fault), "kept": _kept(call), "first": first, "array": array}
            return say(english, chinese).format(*groups, **names)
    return ""


def _kept(call):
    """Say what forward has kept, if anything."""
    names = [name for name in kept_by(call.subject) if name not in call.layer.weights]
    shown = say(", ", "、").join(f"self.{name}" for name in names)
    return say(*stumbles.KEPT).format(shown) if names and call.method == "backward" else ""


def _close(fault):
    """Return a question with a name that resembles the one that is not there."""
    call, error = fault.call, fault.call.error
    wanted, there = str(getattr(error, "name", None)), getattr(error, "obj", None)
    if isinstance(error, NameError):
        if hasattr(call.subject, wanted):
            return say(f" Is `self.{wanted}` meant?", f"是不是想写 `self.{wanted}`？")
        names = _variables(call)
    else:
        names = [name for name in dir(there) if not name.startswith("_")]
    names = [name for name in names if name != wanted]
    found = [name for name in names if name.lower() == wanted.lower()]
    found = found or difflib.get_close_matches(wanted, names, 1, 0.8)
    found = found or [name for name in names if len(wanted) > 3 and wanted in name]
    if not found:
        return ""
    close = f"self.{found[0]}" if isinstance(there, type(call.subject)) else found[0]
    return say(f" Is `{close}` meant?", f"是不是想写 `{close}`？")


def _variables(call):
    """Return the names of the parameters and variables of the student's method."""
    code = inspect.unwrap(call.function).__code__
    return code.co_varnames + code.co_cellvars
