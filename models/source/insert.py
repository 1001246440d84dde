"""Edits that add a layer: on an edge, or as a second one beside the first."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from itertools import count

from data.errors import UserError
from models.source import naming
from models.source.channels import by_source
from models.source.edits import Duplicate, InsertOnEdge
from models.source.graph import Edge, Node, Use
from models.source.palette import PaletteEntry, find
from models.source.text import Change, Span
from models.source.workbench import CannotEdit, Draft, Workbench, python


def insert(bench: Workbench, edit: InsertOnEdge) -> Draft:
    """Put a layer or function on one edge."""
    edge = bench.edge(edit.edge)
    if edge.use is None:
        raise CannotEdit(edge.reason or "Nothing can be put on this edge.")
    entry = find(edit.op)
    if entry is None or (entry.initial is None and edit.arguments is None):
        raise UserError(f"`{edit.op}` cannot be put on an edge.", field="op", hint="Choose a layer of the palette.")
    arguments = _arguments(entry, edit.arguments, by_source(bench.graph, edge))
    callee = naming.callee(bench.syntax, edit.op)
    draft = Draft(list(callee.changes))
    if entry.layer:
        draft.changes += _layer(bench, edge, edge.use, edit, f"{callee.text}({arguments})")
    elif edge.use.kind in ("wrap", "rebind"):
        rest = f", {arguments})" if arguments else ")"
        draft.changes += _use(bench, edge.use, f"{callee.text}(", rest)
    else:
        raise CannotEdit("An nn.Sequential holds layers, not functions.", f"Choose a layer instead of `{edit.op}`.")
    return draft


def _arguments(entry: PaletteEntry, given: Mapping[str, str] | None, channels: int | None) -> str:
    """The arguments as text: those of the palette, or those given, the needed ones by place."""
    if given is None:
        return entry.call(channels)
    names = [a.name for a in entry.arguments if a.name not in ("input", "tensors")]
    for name in given:
        if name not in names:
            raise UserError(f"`{entry.op}` has no argument `{name}`.", field=name)
    needed = [a.name for a in entry.arguments if a.default is None and a.name in names]
    for name in needed:
        if name not in given:
            raise UserError(f"`{entry.op}` needs `{name}`.", field=name)
    parts = [python(given[name], name) for name in needed]
    parts += [f"{name}={python(given[name], name)}" for name in names if name in given and name not in needed]
    return ", ".join(parts)


def _layer(bench: Workbench, edge: Edge, use: Use, edit: InsertOnEdge, made: str) -> list[Change]:
    """A layer: an element of a list, or an attribute that is called."""
    syntax = bench.syntax
    if use.kind in ("before_item", "after_item"):
        element = _named(bench, use, edit, made)
        if use.kind == "before_item":
            return [syntax.insert_before(use.span, element)]
        return syntax.insert_after(use.span, element)
    if use.kind in ("before_append", "after_append"):
        statement = syntax.statement(bench.expression(use.span, "this edge"))
        put = syntax.before if use.kind == "before_append" else syntax.after
        return [put(statement, f"{use.name}({made})")]
    place = syntax.statement_at(use.span) if use.kind == "rebind" else bench.expression(use.span, "this edge")
    if place is None:
        raise CannotEdit("The loop of this edge is not in the source any more.")
    cls, this = naming.self_of(syntax, place)
    name = naming.checked(syntax, cls, edit.name) if edit.name else naming.fresh(syntax, cls, edit.op)
    defined = naming.define(syntax, cls, f"{{self}}.{name} = {made}", _near(bench, edge))
    return [*defined, *_use(bench, use, f"{this}.{name}(", ")")]


def _use(bench: Workbench, use: Use, before: str, after: str) -> list[Change]:
    """Hand the value of a use through a call."""
    if use.kind == "rebind":
        statement = bench.syntax.statement_at(use.span)
        if statement is None:
            raise CannotEdit("The loop of this edge is not in the source any more.")
        return [bench.syntax.before(statement, f"{use.name} = {before}{use.name}{after}")]
    return bench.syntax.wrap(use.span, before, after)


def _near(bench: Workbench, edge: Edge) -> list[ast.stmt]:
    """Statements of the constructor after which a new layer reads well: its predecessor's, or that before its
    successor's."""
    source, target = (bench.graph.by_id[name] for name in (edge.source, edge.target))
    found = [statement] if (statement := bench.assignment(source)) is not None else []
    following = bench.assignment(target)
    if following is not None:
        block = bench.syntax.block(following)
        found += block[max(block.index(following) - 1, 0) :][:1] if block.index(following) else []
    return found


def _named(bench: Workbench, use: Use, edit: InsertOnEdge, made: str) -> str:
    """An element of a list of layers, with a name where its neighbours have one."""
    if not use.name:
        return made
    taken = {node.value for node in ast.walk(bench.source.tree) if isinstance(node, ast.Constant)}
    stem = edit.name or edit.op.rsplit(".", 1)[-1].lower()
    name = naming.unused(stem, taken)
    return f'("{name}", {made})' if use.name == "tuple" else f'"{name}": {made}'


def duplicate(bench: Workbench, edit: Duplicate) -> Draft:
    """A second layer like the first, right after it."""
    node = bench.node(edit.node)
    edges = bench.graph.into.get(node.id, ())
    if node.kind not in ("layer", "block", "sequence", "op") or len(edges) != 1:
        raise CannotEdit(f"`{node.label}` cannot be doubled: only what takes one value can stand twice in a row.")
    if node.location is None:
        return Draft(_twin(bench, node, edges[0]))
    if node.kind == "op":
        return Draft(_again(bench, node, edges[0]))
    statement, attribute = bench.assignment(node), bench.attribute(node)
    if not isinstance(statement, ast.Assign) or attribute is None or node.loop is not None:
        raise CannotEdit(f"`{node.label}` is not made by a line of its own.")
    if not isinstance(statement.targets[0], ast.Attribute):  # made elsewhere and passed in: no attribute to put beside
        raise CannotEdit(f"`{node.label}` is made outside of the class that uses it.", "Double it in the code.")
    cls, this = naming.self_of(bench.syntax, bench.expression(node.location, node.label))
    name = naming.fresh(bench.syntax, cls, node.op) if not attribute[-1:].isdigit() else _next(bench, cls, attribute)
    target, value = bench.source.snippet(statement.targets[0]), bench.source.snippet(statement.value)
    line = f"{target[: -len(attribute)]}{name} = {value}"
    return Draft([bench.syntax.after(statement, line), *bench.syntax.wrap(node.location, f"{this}.{name}(", ")")])


def _next(bench: Workbench, cls: ast.ClassDef, attribute: str) -> str:
    stem = attribute.rstrip("0123456789")
    taken = naming.attributes(bench.syntax, cls)
    first = int(attribute[len(stem) :]) + 1
    return next(name for name in (f"{stem}{i}" for i in count(first)) if name not in taken)


def _again(bench: Workbench, node: Node, edge: Edge) -> list[Change]:
    """A function applied twice."""
    call = bench.call(node.location, f"`{node.label}`")
    if edge.use is None or edge.use.kind != "wrap":
        raise CannotEdit(edge.reason or "Its input is not written here.")
    whole, text = bench.source.span(call), bench.source.text
    inner = Span(*edge.use.span)
    return bench.syntax.wrap(whole, text[whole.start : inner.start], text[inner.end : whole.end])


def _twin(bench: Workbench, node: Node, edge: Edge) -> list[Change]:
    """A second element of a list of layers."""
    use = edge.use
    if use is None or use.kind not in ("before_item", "before_append") or node.repeat or use.name in ("tuple", "dict"):
        raise CannotEdit(
            edge.reason or f"`{node.label}` has a name of its own in its list.",
            "Change the count of its loop, or the code.",
        )
    text = bench.source.snippet(use.span)
    if use.kind == "before_item":
        return bench.syntax.insert_after(use.span, text)
    return [bench.syntax.after(bench.syntax.statement(bench.expression(use.span, node.label)), text)]
