"""The edit that takes a call site out, and the layer with it where nothing else uses it."""

from __future__ import annotations

import ast
from functools import partial

import libcst as cst

from models.source.concrete import without
from models.source.edits import Delete
from models.source.graph import Edge, Node
from models.source.text import Change, Span
from models.source.workbench import CannotEdit, Draft, Workbench

_FIXED = {
    "input": "An input is a parameter of the forward.",
    "output": "An output is what the forward returns.",
    "parameter": "A parameter is part of the expression that uses it.",
}


def delete(bench: Workbench, edit: Delete) -> Draft:
    """Take a call site out: its first input goes on in its place."""
    node = bench.node(edit.node)
    if node.kind in _FIXED:
        raise CannotEdit(f"`{node.label}` cannot be deleted. {_FIXED[node.kind]}")
    edges = bench.graph.into.get(node.id, ())
    if node.location is None:
        return Draft([_element(bench, node, edges)])
    statement = bench.syntax.statement_at(node.location)
    if isinstance(statement, ast.For | ast.While):
        return Draft(_loop(bench, node, statement, edges))
    if isinstance(statement, ast.AugAssign):
        return Draft([bench.syntax.remove(statement)])
    outer = bench.expression(node.location, f"`{node.label}`")
    changes = _take_out(bench, outer, _main_input(bench, node, edges))
    return Draft([*changes, *_unused(bench, node, outer)])


def _main_input(bench: Workbench, node: Node, edges: tuple[Edge, ...]) -> ast.expr:
    """The expression that goes on in the place of a call."""
    first = edges[0] if edges else None
    use = first.use if first else None
    if use is None or use.kind != "wrap" or node.location is None or not node.location.holds(use.span):
        reason = first.reason if first and first.reason else "Nothing in the source goes on in its place."
        raise CannotEdit(f"`{node.label}` cannot be deleted. {reason}")
    return bench.expression(use.span, f"the input of `{node.label}`")


def _take_out(bench: Workbench, outer: ast.expr, inner: ast.expr) -> list[Change]:
    """Put the inner expression in the place of the outer one; a statement that would say ``x = x`` goes."""
    statement = bench.syntax.statement(outer)
    if isinstance(statement, ast.Assign) and statement.value is outer and isinstance(inner, ast.Name):
        (target, *others) = statement.targets
        if isinstance(target, ast.Name) and target.id == inner.id and not others:
            return [bench.syntax.remove(statement)]
    return bench.syntax.unwrap(outer, inner)


def _unused(bench: Workbench, node: Node, outer: ast.expr) -> list[Change]:
    """Take out ``self.name = ...`` where the call taken out was all that used it."""
    name, statement = bench.attribute(node), bench.assignment(node)
    if name is None or not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return []
    return _if_unused(bench, name, statement, outer)


def _if_unused(bench: Workbench, name: str, statement: ast.stmt, gone: ast.AST) -> list[Change]:
    own = {*ast.walk(statement), *ast.walk(gone)}
    tree = bench.source.tree
    named = any(isinstance(n, ast.Attribute) and n.attr == name and n not in own for n in ast.walk(tree))
    spoken = any(isinstance(n, ast.Constant) and n.value == name and n not in own for n in ast.walk(tree))
    return [] if named or spoken else [bench.syntax.remove(statement)]


def _loop(bench: Workbench, node: Node, statement: ast.For | ast.While, edges: tuple[Edge, ...]) -> list[Change]:
    """Take a loop out whose values all exist before it."""
    before = {edge.use.name for edge in edges if edge.use is not None and edge.use.kind == "rebind"}
    after = {child.label for child in bench.graph.children.get(node.id, ()) if child.kind == "output"}
    if not after or not after <= before:
        raise CannotEdit(f"The loop `{node.label}` cannot be deleted: it makes values that did not exist before it.")
    changes = [bench.syntax.remove(statement)]
    layers = statement.iter if isinstance(statement, ast.For) else None
    if not isinstance(layers, ast.Attribute):
        return changes
    made = [
        assignment
        for assignment in ast.walk(bench.syntax.cls(statement) or bench.source.tree)
        if isinstance(assignment, ast.Assign)
        and isinstance(assignment.targets[0], ast.Attribute)
        and assignment.targets[0].attr == layers.attr
    ]
    return [*changes, *_if_unused(bench, layers.attr, made[0], statement)] if len(made) == 1 else changes


def _element(bench: Workbench, node: Node, edges: tuple[Edge, ...]) -> Change:
    """Take an element out of a list of layers."""
    use = edges[0].use if edges else None
    if use is None or use.kind not in ("before_item", "before_append"):
        raise CannotEdit(f"`{node.label}` cannot be deleted alone. {edges[0].reason if edges else ''}".strip())
    if use.kind == "before_append":
        return bench.syntax.remove(bench.syntax.statement(bench.expression(use.span, node.label)))
    if use.name == "dict":
        return _dict_element(bench, use.span)
    element = bench.expression(use.span, node.label)
    holder = bench.syntax.parents[element]
    if isinstance(holder, ast.Call):
        index = holder.args.index(element)
        return bench.syntax.edit_call(holder, lambda call: _without_argument(call, index))
    if isinstance(holder, ast.List | ast.Tuple):
        index = holder.elts.index(element)
        return bench.syntax.edit_call(holder, lambda items: without(items, index))
    raise CannotEdit(f"`{node.label}` is not an element of a written list.")


def _dict_element(bench: Workbench, span: Span) -> Change:
    for node in ast.walk(bench.source.tree):
        if isinstance(node, ast.Dict):
            starts = [bench.source.span(key).start if key is not None else -1 for key in node.keys]
            if span.start in starts:
                index = starts.index(span.start)
                return bench.syntax.edit_call(node, partial(without, index=index))
    raise CannotEdit("This element is not in the source any more.")


def _without_argument(call: cst.BaseExpression, index: int) -> cst.BaseExpression:
    if not isinstance(call, cst.Call):
        raise CannotEdit("This call cannot be edited.")
    places = [i for i, arg in enumerate(call.args) if arg.keyword is None and arg.star != "**"]
    return without(call, places[index])
