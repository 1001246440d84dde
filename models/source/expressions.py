"""Reads expressions: names, attributes, arithmetic, lists and comprehensions. Calls are in calls.py."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Sequence

from models.source import constants
from models.source.base import Base, tensors
from models.source.constants import CannotFold
from models.source.graph import Use
from models.source.lookup import OPERATORS, SEVERAL, at, contains, identical, literal_index
from models.source.values import (
    Class,
    Const,
    Container,
    Element,
    Entry,
    Extern,
    Function,
    Given,
    Instance,
    Items,
    Module,
    Parameter,
    Repeated,
    Scope,
    Tensor,
    Unknown,
    Value,
    truth,
)

_BUILTINS = frozenset(dir(builtins))
_FACTS = frozenset({"shape", "dtype", "device", "ndim", "is_cuda", "requires_grad", "layout", "is_quantized", "grad"})
_LONGEST_LIST = 1_000


class Expressions(Base):
    """The part of the reader that evaluates expressions other than calls."""

    def evaluate(self, node: ast.expr, scope: Scope) -> Value:
        """What an expression stands for."""
        self.spend()
        method = getattr(self, f"_on_{type(node).__name__}", None)
        return method(node, scope) if method else self.unknown(node, f"`{self.text(node)}` is not read.")

    def _on_Constant(self, node: ast.Constant, scope: Scope) -> Value:
        return Const(node.value, self.source.span(node))

    def _on_Name(self, node: ast.Name, scope: Scope) -> Value:
        value = scope.find(node.id)
        if value is not None:
            return value
        if node.id in _BUILTINS:
            return Extern(node.id)
        return Unknown(node.id, f"`{node.id}` is not defined where it is used.")

    def _on_Attribute(self, node: ast.Attribute, scope: Scope) -> Value:
        return self.attribute(self.evaluate(node.value, scope), node.attr, node)

    def attribute(self, value: Value, name: str, node: ast.expr) -> Value:
        """``value.name``."""
        if isinstance(value, Extern):
            return Extern(f"{value.path}.{name}")
        if isinstance(value, Instance):
            return self._of_instance(value, name, node)
        if isinstance(value, Class):
            return value.find(name) or self.unknown(node)
        if isinstance(value, Tensor | Parameter) and self.recorder is not None and name not in _FACTS:
            return self.operate(f"Tensor.{name}", node, [Given(None, value, getattr(node, "value", None))])
        return self.unknown(node, value.reason if isinstance(value, Unknown) else "")

    def _of_instance(self, value: Instance, name: str, node: ast.expr) -> Value:
        if name in value.attributes:
            return value.attributes[name]
        found = value.cls.find(name) if value.cls else None
        if isinstance(found, Function):
            bound = Function(found.node, found.scope, found.owner, value)
            return self.call_property(bound) if self.is_property(found) else bound
        if found is not None:
            return found
        if value.items is not None:
            for entry in value.items.entries:
                if isinstance(entry, Element) and entry.key == name:
                    return entry.value
        return self.unknown(node, f"`{self.text(node)}` is not set in `{value.op}` where the reader can see it.")

    def is_property(self, function: Function) -> bool:
        """Whether a method is read like an attribute."""
        decorators = getattr(function.node, "decorator_list", [])
        return any(isinstance(d, ast.Name) and d.id in ("property", "cached_property") for d in decorators)

    def call_property(self, function: Function) -> Value:
        """calls.py"""
        raise NotImplementedError

    def _on_Subscript(self, node: ast.Subscript, scope: Scope) -> Value:
        value = self.evaluate(node.value, scope)
        if isinstance(value, Tensor | Parameter):
            return self._index_tensor(value, node, scope)
        items = value.items if isinstance(value, Container | Instance) else value
        if isinstance(items, Items):
            sliced = self._slice(items, node.slice, scope) if isinstance(node.slice, ast.Slice) else None
            found = sliced or self._item(items, self.evaluate(node.slice, scope))
            if found is not None:
                return _like(value, found) if isinstance(node.slice, ast.Slice) else found
        self._evaluate_for_effect(node.slice, scope)
        reason = value.reason if isinstance(value, Unknown) else f"Which element `{self.text(node)}` is cannot be told."
        return self.unknown(node, reason)

    def _evaluate_for_effect(self, node: ast.expr, scope: Scope) -> None:
        if not isinstance(node, ast.Slice | ast.Constant):
            self.evaluate(node, scope)

    def _index_tensor(self, value: Value, node: ast.Subscript, scope: Scope) -> Value:
        several = isinstance(value, Tensor) and value.index is None and self.gives_several(value)
        if several and isinstance(value, Tensor) and isinstance(index := literal_index(node.slice), int):
            return Tensor(value.node, value.drawing, index)
        if self.recorder is None:
            return self.unknown(node)
        given = [Given(None, value, node.value)]
        if not isinstance(node.slice, ast.Slice | ast.Tuple | ast.Constant):
            given.append(Given(None, self.evaluate(node.slice, scope), node.slice))
        drawn = self.operate("Tensor.getitem", node, given)
        self.recorder.amend(drawn.node, label=f"[{self.text(node.slice)}]")
        return drawn

    def gives_several(self, value: Tensor) -> bool:
        """Whether a node is known to give a tuple or list, so that ``[0]`` picks one instead of slicing it."""
        node = self.recorder.nodes.get(value.node) if self.recorder else None
        return node is not None and node.op.rsplit(".", 1)[-1] in SEVERAL

    def _item(self, items: Items, key: Value) -> Value | None:
        if items.keyed and isinstance(key, Const):
            found = [e.value for e in items.entries if isinstance(e, Element) and e.key == key.value]
            return found[-1] if found else None
        if not items.keyed and isinstance(key, Const) and isinstance(key.value, int):
            return at(items.entries, key.value)
        if isinstance(key, Unknown) and len(items.entries) == 1 and isinstance(items.entries[0], Repeated):
            (inner,) = items.entries[0].entries[:1]
            return inner.value if isinstance(inner, Element) and len(items.entries[0].entries) == 1 else None
        return None

    def _slice(self, items: Items, node: ast.Slice, scope: Scope) -> Items | None:
        ends = [self.evaluate(end, scope) if end else Const(None) for end in (node.lower, node.upper, node.step)]
        plain = items.elements()
        if plain is None or not all(isinstance(end, Const) and isinstance(end.value, int | None) for end in ends):
            return None
        chosen = slice(*(end.value for end in ends if isinstance(end, Const)))
        return self.new_items(plain[chosen] if chosen.step != 0 else [])

    def _on_BinOp(self, node: ast.BinOp, scope: Scope) -> Value:
        left, right = self.evaluate(node.left, scope), self.evaluate(node.right, scope)
        if isinstance(left, Items) and isinstance(right, Items) and isinstance(node.op, ast.Add):
            return self.new_items([*left.entries, *right.entries])
        if isinstance(left, Items) and isinstance(right, Const) and isinstance(node.op, ast.Mult):
            return self._repeat_list(left, right, node)
        return self.binary(node.op, Given(None, left, node.left), Given(None, right, node.right), node)

    def binary(self, op: ast.operator, left: Given, right: Given, node: ast.expr | ast.stmt) -> Value:
        """``left op right``: a node for tensors, a number for numbers."""
        if self.recorder is not None and any(isinstance(one.value, Tensor | Parameter) for one in (left, right)):
            for one in (left, right):
                if one.node is not None and not any(tensors(one.value)):
                    one.argument = self.argument(None, one.node, one.value)
            return self.operate(OPERATORS[type(op)], node, [left, right])
        if isinstance(left.value, Const) and isinstance(op, ast.Mod) and isinstance(left.value.value, str):
            return self._format(left.value.value, right.value, node)
        try:
            if isinstance(left.value, Const) and isinstance(right.value, Const):
                result = Const(constants.binary(op, left.value.value, right.value.value))
                return _shifted(result, left.value, right.value, op)
        except CannotFold:
            pass
        return self.unknown(node)

    def _format(self, template: str, value: Value, node: ast.expr | ast.stmt) -> Value:
        values = [value.value] if isinstance(value, Const) else []
        if re.fullmatch(r"[^%]*(%[sd])[^%]*", template) and values and len(repr(values[0])) < 100:
            return Const(re.sub("%[sd]", lambda _: str(values[0]), template))
        return self.unknown(node)

    def _repeat_list(self, items: Items, times: Const, node: ast.BinOp) -> Value:
        fits = isinstance(times.value, int) and 0 <= times.value * len(items.entries) <= _LONGEST_LIST
        return self.new_items(items.entries * times.value) if fits else self.unknown(node)

    def _on_UnaryOp(self, node: ast.UnaryOp, scope: Scope) -> Value:
        value = self.evaluate(node.operand, scope)
        if isinstance(node.op, ast.Not):
            known = truth(value)
            return self.unknown(node) if known is None else Const(not known)
        if isinstance(value, Tensor | Parameter) and self.recorder is not None:
            return self.operate(
                "neg" if isinstance(node.op, ast.USub) else "invert", node, [Given(None, value, node.operand)]
            )
        try:
            return Const(constants.unary(node.op, value.value)) if isinstance(value, Const) else self.unknown(node)
        except CannotFold:
            return self.unknown(node)

    def _on_BoolOp(self, node: ast.BoolOp, scope: Scope) -> Value:
        stops = isinstance(node.op, ast.Or)
        undecided = False
        value: Value = Const(not stops)
        for part in node.values:
            value = self.evaluate(part, scope)
            known = truth(value)
            if known is stops:
                return Const(stops) if undecided else value
            if known is None and part is not node.values[-1]:
                undecided = True
        return self.unknown(node) if undecided else value

    def _on_Compare(self, node: ast.Compare, scope: Scope) -> Value:
        values = [self.evaluate(part, scope) for part in (node.left, *node.comparators)]
        plain = len(values) == 2 and not isinstance(node.ops[0], ast.Is | ast.IsNot | ast.In | ast.NotIn)
        if plain and self.recorder is not None and any(isinstance(value, Tensor) for value in values):
            pairs = zip(values, (node.left, *node.comparators), strict=True)
            return self.operate("compare", node, [Given(None, value, part) for value, part in pairs])
        answers = [self._compare(op, a, b) for op, a, b in zip(node.ops, values, values[1:], strict=False)]
        if False in answers:
            return Const(False)
        return self.unknown(node) if None in answers else Const(True)

    def _compare(self, op: ast.cmpop, a: Value, b: Value) -> bool | None:
        if isinstance(op, ast.Is | ast.IsNot):
            known = identical(a, b)
            return known if known is None or isinstance(op, ast.Is) else not known
        if isinstance(op, ast.In | ast.NotIn):
            known = contains(b, a)
            return known if known is None or isinstance(op, ast.In) else not known
        if not (isinstance(a, Const) and isinstance(b, Const)):
            return None
        try:
            return constants.compare(op, a.value, b.value)
        except CannotFold:
            return None

    def _on_IfExp(self, node: ast.IfExp, scope: Scope) -> Value:
        known = truth(self.evaluate(node.test, scope))
        if known is not None:
            return self.evaluate(node.body if known else node.orelse, scope)
        return self.choose(self.text(node.test), [self.evaluate(part, scope) for part in (node.body, node.orelse)])

    def _on_JoinedStr(self, node: ast.JoinedStr, scope: Scope) -> Value:
        parts: list[str] = []
        for part in node.values:
            plain = isinstance(part, ast.FormattedValue) and part.conversion == -1 and part.format_spec is None
            value = self.evaluate(part.value if plain and isinstance(part, ast.FormattedValue) else part, scope)
            if not isinstance(value, Const) or len(repr(value.value)) > _LONGEST_LIST:
                return self.unknown(node)
            parts.append(str(value.value))
        return Const("".join(parts))

    def _on_List(self, node: ast.List | ast.Tuple | ast.Set, scope: Scope) -> Value:
        return self.new_items(self.entries(node.elts, scope))

    _on_Tuple = _on_Set = _on_List

    def entries(self, nodes: Sequence[ast.expr], scope: Scope) -> list[Entry]:
        """The elements of a written list; a starred one gives all that it holds."""
        found: list[Entry] = []
        for node in nodes:
            if isinstance(node, ast.Starred):
                value = self.evaluate(node.value, scope)
                items = value.items if isinstance(value, Container) else value
                found += items.entries if isinstance(items, Items) else [Element(self.unknown(node))]
            else:
                found.append(Element(self.evaluate(node, scope), Use("before_item", self.source.span(node))))
        return found

    def _on_Dict(self, node: ast.Dict, scope: Scope) -> Value:
        found: list[Entry] = []
        for key, part in zip(node.keys, node.values, strict=True):
            value = self.evaluate(part, scope)
            if key is None:
                found += value.entries if isinstance(value, Items) else []
                continue
            name = self.evaluate(key, scope)
            place = Use("before_item", self.source.span(key)._replace(end=self.source.span(part).end), "dict")
            found.append(Element(value, place, name.value if isinstance(name, Const) else self.text(key)))
        return self.new_items(found, keyed=True)

    def _on_Lambda(self, node: ast.Lambda, scope: Scope) -> Value:
        return Function(node, scope)

    def _on_NamedExpr(self, node: ast.NamedExpr, scope: Scope) -> Value:
        value = self.evaluate(node.value, scope)
        self.assign(node.target, value, scope)
        return value

    def _on_Call(self, node: ast.Call, scope: Scope) -> Value:
        return self.evaluate_call(node, scope)


def _like(value: Value, found: Value) -> Value:
    """A slice of a container is a container of the same kind; a slice of a list is a list."""
    if isinstance(value, Module) and isinstance(found, Items):
        return Container(value.op, value.span, items=found)
    return found


def _shifted(result: Const, left: Const, right: Const, op: ast.operator) -> Const:
    """Keep in mind where a whole number is written when a constant is added to it or taken from it."""
    whole = type(left.value) is int and type(right.value) is int
    if whole and left.literal is not None and isinstance(op, ast.Add | ast.Sub):
        change = right.value if isinstance(op, ast.Add) else -right.value
        return Const(result.value, left.literal, left.shift + change)
    return result
