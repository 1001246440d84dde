"""Edits that change what a layer is: an argument, its kind, how often it is done, its name."""

from __future__ import annotations

import ast
from collections.abc import Mapping

import libcst as cst

from data.errors import UserError
from models.source import naming
from models.source.channels import widths
from models.source.concrete import with_argument, without
from models.source.edits import Rename, SetArgument, SetRepeat, Swap
from models.source.graph import Argument, Node
from models.source.palette import PaletteEntry, find
from models.source.text import Change
from models.source.workbench import CannotEdit, Draft, Workbench, python

_ROLES = (
    frozenset(
        {"in_channels", "in_features", "num_features", "num_channels", "normalized_shape", "embed_dim", "d_model"}
    ),
    frozenset({"out_channels", "out_features"}),
)
"""Arguments that say the same of different layers: what arrives, and what leaves."""


def set_argument(bench: Workbench, edit: SetArgument) -> Draft:
    """Set, add or take away one argument of the call that makes a layer (or that is an operation)."""
    node = bench.node(edit.node)
    call = bench.definition(node)
    given = node.argument(edit.argument)
    if given is not None and not edit.literal and not bench.source.span(call).holds(given.span):
        given = None  # a functools.partial gives it elsewhere; a keyword here wins
    entry = None if node.maker else find(node.op)
    known = [argument.name for argument in entry.arguments] if entry else _parameters(bench, node)
    if not edit.argument.isidentifier() or (given is None and known is not None and edit.argument not in known):
        raise UserError(f"`{node.op}` has no argument `{edit.argument}`.", field="argument")
    if edit.value is None:
        return Draft([_take_away(bench, node, call, given, entry)])
    value = python(edit.value, edit.argument)
    if given is None:
        return Draft([bench.syntax.edit_call(call, lambda tree: _with(tree, {edit.argument: value}))])
    if not edit.literal:
        return Draft([Change(given.span.start, given.span.end, value)])
    if given.literal is None:
        raise CannotEdit(f"`{edit.argument}` of `{node.label}` is computed: `{given.text}`.")
    return Draft([Change(given.literal.start, given.literal.end, value)], _others(bench, node, given))


def _parameters(bench: Workbench, node: Node) -> list[str] | None:
    """The parameters of a class or function of the file; None where the file does not tell."""
    name = node.maker or node.op
    if name == "nn.Sequential":
        return []
    for part in ast.walk(bench.source.tree):
        if isinstance(part, ast.ClassDef) and part.name == name:
            part = next((m for m in part.body if isinstance(m, ast.FunctionDef) and m.name == "__init__"), part)
        elif not (isinstance(part, ast.FunctionDef) and part.name == name.rsplit(".", 1)[-1] and node.maker):
            continue
        spec = part.args if isinstance(part, ast.FunctionDef) else None
        return (
            None if spec is None or spec.kwarg else [a.arg for a in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs)]
        )
    return None


def _others(bench: Workbench, node: Node, given: Argument) -> list[str]:
    """Which other layers the same number reaches."""
    reached = [n for n in bench.graph.nodes if any(a.literal == given.literal for a in n.args) and n.id != node.id]
    names = ", ".join(dict.fromkeys(f"`{other.label}`" for other in reached if other.kind == "layer"))
    return [f"The same number also sets {names}."] if names else []


def _take_away(
    bench: Workbench, node: Node, call: ast.Call, given: Argument | None, entry: PaletteEntry | None
) -> Change:
    if given is None:
        raise UserError(f"This argument of `{node.label}` is not set.", field="argument")
    spec = next((a for a in entry.arguments if a.name == given.name), None) if entry else None
    if spec is not None and spec.default is None:
        raise UserError(f"`{node.op}` needs `{given.name}`.", field="argument")
    spans = [bench.source.span(part) for part in call.args]
    if given.span in spans[:-1]:
        raise CannotEdit(f"`{given.name}` is given by its place, and others follow it.", "Set its default instead.")
    last = given.span in spans
    return bench.syntax.edit_call(call, lambda tree: _without(tree, given.name or "", last))


def _without(tree: cst.BaseExpression, name: str, last_place: bool) -> cst.BaseExpression:
    call = _is_call(tree)
    named = [i for i, arg in enumerate(call.args) if arg.keyword is not None and arg.keyword.value == name]
    places = [i for i, arg in enumerate(call.args) if arg.keyword is None and arg.star == ""]
    return without(call, places[-1] if last_place else named[0])


def _with(tree: cst.BaseExpression, values: Mapping[str, str]) -> cst.BaseExpression:
    """The call with more keyword arguments, laid out like those that it has."""
    call = _is_call(tree)
    for name, value in values.items():
        call = with_argument(call, cst.Arg(cst.parse_expression(value), cst.Name(name), equal=_tight()))
    return call


def _is_call(tree: cst.BaseExpression) -> cst.Call:
    if not isinstance(tree, cst.Call):
        raise CannotEdit("This is not a call.")
    return tree


_NORMS = "Normalization"


def swap(bench: Workbench, edit: Swap) -> Draft:
    """Another layer or function in the place of one."""
    node = bench.node(edit.node)
    if node.maker or node.kind not in ("layer", "op"):
        raise CannotEdit(
            f"`{node.label}` is made by `{node.maker or node.op}` of this file, not by a layer's own call."
        )
    if node.op.split(".")[0] != edit.op.split(".")[0] or node.op.startswith("Tensor."):
        raise CannotEdit(f"`{node.op}` cannot become `{edit.op}`: only one of them is a layer.", "Insert it instead.")
    call, new, old = bench.definition(node), find(edit.op), find(node.op)
    if any(isinstance(arg, ast.Starred) for arg in call.args) or any(word.arg is None for word in call.keywords):
        raise CannotEdit(f"The arguments of `{node.label}` come from a list or dict.")
    if new is None:
        raise UserError(f"`{edit.op}` is not in the palette.", field="op")
    callee = naming.callee(bench.syntax, edit.op)
    values = _needed(bench, node, new, edit.arguments)
    change = bench.syntax.edit_call(call, lambda tree: _swapped(tree, callee.text, old, new, values))
    return Draft([*callee.changes, change])


def _needed(bench: Workbench, node: Node, new: PaletteEntry, given: Mapping[str, str]) -> dict[str, str]:
    """The arguments that the new layer gets: those given, and what it needs and the old one does not have."""
    known = {argument.name for argument in new.arguments}
    for name in given:
        if name not in known:
            raise UserError(f"`{new.op}` has no argument `{name}`.", field=name)
    values = {name: python(text, name) for name, text in given.items()}
    edges = bench.graph.into.get(node.id, ())
    channels = widths(bench.graph)[edges[0].source].channels if edges else None
    had = {argument.name for argument in node.args}
    start = _initial(new, channels) | _same_role(node, new)
    for argument in new.arguments:
        if argument.default is None and argument.type != "tensor" and argument.name not in had | values.keys():
            if argument.name not in start:
                raise UserError(f"`{new.op}` needs `{argument.name}`.", field=argument.name)
            values[argument.name] = start[argument.name]
    return values


def _same_role(node: Node, new: PaletteEntry) -> dict[str, str]:
    """Sizes that the old layer has under another name: num_features for in_channels."""
    found: dict[str, str] = {}
    for role in _ROLES:
        text = next((argument.text for argument in node.args if argument.name in role), None)
        found |= {argument.name: text for argument in new.arguments if argument.name in role and text is not None}
    return found


def _initial(entry: PaletteEntry, channels: int | None) -> dict[str, str]:
    """The palette's own arguments by name."""
    call = ast.parse(f"f({entry.call(channels)})", mode="eval").body
    names = [argument.name for argument in entry.arguments if argument.type != "tensor"]
    if not isinstance(call, ast.Call):
        return {}
    by_place = {name: ast.unparse(value) for name, value in zip(names, call.args, strict=False)}
    return by_place | {keyword.arg or "": ast.unparse(keyword.value) for keyword in call.keywords}


def _swapped(
    tree: cst.BaseExpression, callee: str, old: PaletteEntry | None, new: PaletteEntry, values: Mapping[str, str]
) -> cst.BaseExpression:
    """The call with another callee; arguments that the new one does not know go, others keep their text.

    A convolution is often without bias because of the normalization behind it; that says nothing about the bias of a
    normalization in its place.
    """
    call = _is_call(tree)
    before = [argument.name for argument in old.arguments] if old else []
    names = [argument.name for argument in new.arguments]
    apart = {"bias"} if old is not None and (old.group == _NORMS) != (new.group == _NORMS) else set()
    place, by_name, left = 0, False, dict(values)
    for arg in call.args:
        name = arg.keyword.value if arg.keyword is not None else before[place] if place < len(before) else None
        place += arg.keyword is None
        index = list(call.args).index(arg)
        if name is None or name in apart or (name not in names and not _is_input(name)):
            call = _is_call(without(call, index))
            continue
        value = cst.parse_expression(left.pop(name)) if name in left else arg.value
        by_name = by_name or not (arg.keyword is not None or (index < len(names) and names[index] == name))
        changes: dict[str, object] = {"value": value}
        if by_name and arg.keyword is None and not _is_input(name):
            changes |= {"keyword": cst.Name(name), "equal": _tight()}
        if changes != {"value": arg.value}:
            call = call.with_changes(
                args=[*call.args[:index], call.args[index].with_changes(**changes), *call.args[index + 1 :]]
            )
    call = call.with_changes(func=cst.parse_expression(callee))
    plain = not by_name and all(arg.keyword is None for arg in call.args)
    while plain and len(call.args) < len(names) and names[len(call.args)] in left:
        call = with_argument(call, cst.Arg(cst.parse_expression(left.pop(names[len(call.args)]))))
    return _with(call, left)


def _tight() -> cst.AssignEqual:
    return cst.AssignEqual(cst.SimpleWhitespace(""), cst.SimpleWhitespace(""))


def _is_input(name: str) -> bool:
    return name in ("input", "tensors")


def set_repeat(bench: Workbench, edit: SetRepeat) -> Draft:
    """Change the number that says how often a loop turns."""
    node = bench.node(edit.node)
    repeat = node.repeat or node.loop
    if repeat is None:
        raise CannotEdit(f"`{node.label}` is not repeated.", "Duplicate it instead.")
    if repeat.literal is None:
        raise CannotEdit(f"How often `{node.label}` is done is computed: `{repeat.count}`.")
    number = edit.count - repeat.offset
    if edit.count < 0 or edit.count > 10_000 or number < 0:
        raise UserError("The count must be between 0 and 10,000.", field="count")
    others = [
        n.label for n in bench.graph.nodes if n.id != node.id and _counts(n, repeat.literal) and n.parent != node.parent
    ]
    notes = [f"The same number also repeats {', '.join(dict.fromkeys(others))}."] if others else []
    return Draft([Change(repeat.literal.start, repeat.literal.end, str(number))], notes)


def _counts(node: Node, literal: object) -> bool:
    return any(repeat is not None and repeat.literal == literal for repeat in (node.repeat, node.loop))


def rename(bench: Workbench, edit: Rename) -> Draft:
    """Another attribute name, wherever the class says ``self.name``."""
    node = bench.node(edit.node)
    old = bench.attribute(node)
    if old is None or node.location is None:
        raise CannotEdit(f"`{node.label}` is not called as an attribute of the network.")
    cls, _ = naming.self_of(bench.syntax, bench.expression(node.location, node.label))
    new = naming.checked(bench.syntax, cls, edit.name)
    found: list[ast.Attribute] = []
    for method in (part for part in cls.body if isinstance(part, ast.FunctionDef)):
        this = method.args.args[0].arg if method.args.args else ""
        found += [
            part
            for part in ast.walk(method)
            if isinstance(part, ast.Attribute)
            and part.attr == old
            and isinstance(part.value, ast.Name)
            and part.value.id == this
        ]
    kept = [bench.syntax.statement(part) for part in found if isinstance(part.ctx, ast.Store)]
    if not any(getattr(statement, "value", None) is not None for statement in kept):
        raise CannotEdit(f"`{old}` is not set as `self.{old} = ...` in `{cls.name}`.")
    everywhere = [part for part in ast.walk(bench.source.tree) if isinstance(part, ast.Attribute) and part.attr == old]
    spoken = [part for part in ast.walk(bench.source.tree) if isinstance(part, ast.Constant) and part.value == old]
    notes = [f"Weights that were saved under `{old}` do not load under `{new}` by name."]
    if len(everywhere) > len(found) or spoken:
        notes.append(f"Other places of the file say `{old}` too and were left as they are.")
    ends = [bench.source.span(part).end for part in found]
    return Draft([Change(end - len(old), end, new) for end in ends], notes)
