"""Edits that lead a value past layers: skip connections and concatenations."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from models.source import naming
from models.source.edits import AddSkip, Concatenate
from models.source.graph import Node
from models.source.statements import assigned
from models.source.text import Change
from models.source.workbench import CannotEdit, Draft, Workbench

_LAZY = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.IfExp, ast.BoolOp, ast.NamedExpr)
_SIMPLE = ast.Assign | ast.AnnAssign | ast.AugAssign | ast.Return | ast.Expr


def skip(bench: Workbench, edit: AddSkip) -> Draft:
    """Add the output of a node to the value on an edge."""
    place, name, draft = _meet(bench, edit.node, edit.edge)
    draft.changes += bench.syntax.combine(place, "", f" + {name}")
    return draft


def concatenate(bench: Workbench, edit: Concatenate) -> Draft:
    """Join the output of a node to the value on an edge."""
    place, name, draft = _meet(bench, edit.node, edit.edge)
    cat = naming.callee(bench.syntax, "torch.cat")
    span = bench.source.span(place)
    draft.changes += [*cat.changes, *bench.syntax.wrap(span, f"{cat.text}([", f", {name}], dim={int(edit.dim)})")]
    return draft


def _meet(bench: Workbench, node_id: str, edge_id: str) -> tuple[ast.expr, str, Draft]:
    """The expression on the edge, a name for the node's value there, and the changes that give it that name."""
    edge, node = bench.edge(edge_id), bench.graph.by_id.get(node_id)
    if node is None:
        raise CannotEdit(f"The graph has no node `{node_id}`.", "Load the graph again.")
    target = bench.graph.by_id[edge.target]
    if edge.use is None or edge.use.kind != "wrap":
        raise CannotEdit(edge.reason or "An nn.Sequential hands on one value.", "Join the values outside of it.")
    if node.parent != target.parent or node.kind == "output":
        raise CannotEdit(f"`{node.label}` and `{target.label}` stand in different blocks.", "Join values of one block.")
    if node.id in _downstream(bench, target.id):
        raise CannotEdit(f"`{node.label}` comes after `{target.label}`: the network would be a circle.", "Go forwards.")
    place = bench.expression(edge.use.span, "this edge")
    name, changes = _bind(bench, node, place)
    return place, name, Draft(changes, _notes(bench, node))


def _downstream(bench: Workbench, start: str) -> set[str]:
    found, todo = {start}, [start]
    while todo:
        for edge in bench.graph.out_of.get(todo.pop(), ()):
            if edge.target not in found:
                found.add(edge.target)
                todo.append(edge.target)
    return found


def _notes(bench: Workbench, node: Node) -> list[str]:
    """A warning where a layer after the node overwrites its value."""
    followers = (bench.graph.by_id[edge.target] for edge in bench.graph.out_of.get(node.id, ()))
    return [
        f"`{follower.label}` works in place and overwrites the value of `{node.label}`: set its inplace to False."
        for follower in followers
        if (argument := follower.argument("inplace")) is not None and (argument.value or argument.text) == "True"
    ]


def _bind(bench: Workbench, node: Node, place: ast.expr) -> tuple[str, list[Change]]:
    """A variable that has the node's value where ``place`` is evaluated."""
    function = bench.syntax.function(place)
    if function is None:
        raise CannotEdit("This place is not in a function.")
    if node.kind == "input":
        return _bind_input(bench, node, place, function)
    statement = bench.syntax.statement_at(node.location) if node.location is not None else None
    expression = bench.syntax.expression(node.location) if node.location is not None else None
    if isinstance(statement, ast.AugAssign) and isinstance(statement.target, ast.Name):
        return _bind_name(bench, statement, statement.target.id, place, function)
    if expression is None:
        raise CannotEdit(f"`{node.label}` has no expression of its own.")
    holder = bench.syntax.statement(expression)
    if bench.syntax.function(expression) is not function:
        raise CannotEdit(f"`{node.label}` is computed in another function.")
    if isinstance(holder, ast.Assign) and holder.value is expression and len(holder.targets) == 1:
        target = holder.targets[0]
        if isinstance(target, ast.Name):
            return _bind_name(bench, holder, target.id, place, function)
    return _bind_part(bench, expression, holder, place, function)


def _between(bench: Workbench, first: ast.stmt, place: ast.expr) -> Sequence[ast.stmt]:
    """The statements after ``first`` that run before ``place``. Raises CannotEdit where ``first`` may not have run."""
    block, last = bench.syntax.block(first), bench.syntax.statement(place)
    chain = [last, *(node for node in bench.syntax.around(last) if isinstance(node, ast.stmt))]
    holder = next((node for node in chain if node in block), None)
    if holder is None or block.index(holder) < block.index(first):
        raise CannotEdit("The value may not exist yet where it would be used.")
    stop = block.index(holder)
    through = [] if holder is last else [holder]  # a loop or branch around the place may set names before it
    return [*block[block.index(first) + 1 : stop], *through]


def _bind_name(
    bench: Workbench, statement: ast.stmt, name: str, place: ast.expr, function: ast.FunctionDef
) -> tuple[str, list[Change]]:
    """A value that a variable has: that variable, or a copy where it is set anew before the place."""
    if name not in assigned(*_between(bench, statement, place)):
        return name, []
    copy = naming.variable(function, "skip")
    return copy, [bench.syntax.after(statement, f"{copy} = {name}")]


def _bind_input(bench: Workbench, node: Node, place: ast.expr, function: ast.FunctionDef) -> tuple[str, list[Change]]:
    """A parameter of a function, or what a loop was given."""
    container = bench.graph.by_id[node.parent] if node.parent else None
    loop = bench.syntax.statement_at(container.location) if container and container.location else None
    body = loop.body if isinstance(loop, ast.For | ast.While) else function.body
    parameters = {a.arg for a in (*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs)}
    if node.label not in (parameters if body is function.body else {*assigned(*body), *parameters}):
        raise CannotEdit(f"`{node.label}` has no name of its own here.")
    documented = isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant) and len(body) > 1
    first = body[1] if documented else body[0]
    earlier = [first, *_between(bench, first, place)] if first is not bench.syntax.statement(place) else []
    if node.label not in assigned(*earlier):
        return node.label, []
    copy = naming.variable(function, "skip")
    return copy, [bench.syntax.before(first, f"{copy} = {node.label}")]


def _bind_part(
    bench: Workbench, part: ast.expr, holder: ast.stmt, place: ast.expr, function: ast.FunctionDef
) -> tuple[str, list[Change]]:
    """A value in the middle of an expression: it gets a line of its own before the statement."""
    inner = []
    for node in bench.syntax.around(part):
        if node is holder:
            break
        inner.append(node)
    if not isinstance(holder, _SIMPLE) or any(isinstance(node, _LAZY) for node in inner):
        raise CannotEdit("This value is computed inside an expression that may not run.", "Give it a name in the code.")
    _between(bench, holder, place)
    name = naming.variable(function, "skip")
    span, text = bench.source.span(part), bench.source.snippet(part)
    if not isinstance(part, ast.Call) and len(text.splitlines()) > 1:
        text = f"({text})"
    return name, [bench.syntax.before(holder, f"{name} = {text}"), Change(span.start, span.end, name)]
