"""Reads statements: assignments, branches that cannot be decided, definitions and imports. Loops are in loops.py."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

from models.source.base import Flow
from models.source.methods import Methods
from models.source.values import (
    Class,
    Const,
    Container,
    Element,
    Extern,
    Function,
    Given,
    Instance,
    Items,
    Module,
    Parameter,
    Scope,
    Tensor,
    Unknown,
    Value,
    same,
    truth,
)


class Statements(Methods):
    """The part of the reader that follows statements."""

    def run(self, body: Sequence[ast.stmt], scope: Scope) -> Flow:
        """Read statements until one leaves the block."""
        for statement in body:
            self.spend()
            known: Callable[[ast.stmt, Scope], Flow | None] | None = getattr(
                self, f"_do_{type(statement).__name__}", None
            )
            flow = known(statement, scope) if known else None
            if flow is not None and flow is not Flow.NEXT:
                return flow
        return Flow.NEXT

    def _do_Expr(self, node: ast.Expr, scope: Scope) -> None:
        if not isinstance(node.value, ast.Constant):
            self.evaluate(node.value, scope)

    def _do_Assign(self, node: ast.Assign, scope: Scope) -> None:
        value = self.evaluate(node.value, scope)
        for target in node.targets:
            self.assign(target, value, scope)

    def _do_AnnAssign(self, node: ast.AnnAssign, scope: Scope) -> None:
        if node.value is not None:
            self.assign(node.target, self.evaluate(node.value, scope), scope)

    def _do_AugAssign(self, node: ast.AugAssign, scope: Scope) -> None:
        load = _as_load(node.target)
        old, value = self.evaluate(load, scope), self.evaluate(node.value, scope)
        old = old.items if isinstance(old, Container) else old
        if isinstance(old, Items) and isinstance(value, Items) and isinstance(node.op, ast.Add):
            for entry in value.entries:
                self.append(old, entry)
            return
        left = Given(None, old, None)
        self.assign(node.target, self.binary(node.op, left, Given(None, value, node.value), node), scope)

    def assign(self, target: ast.expr, value: Value, scope: Scope) -> None:
        """Give a name, attribute or tuple of them a value."""
        if isinstance(target, ast.Name):
            scope.names[target.id] = value
        elif isinstance(target, ast.Attribute):
            owner = self.evaluate(target.value, scope)
            if isinstance(owner, Instance):
                self.keep(owner, target.attr, value)
        elif isinstance(target, ast.Tuple | ast.List):
            self._unpack(target, value, scope)
        elif isinstance(target, ast.Subscript):
            self._assign_item(target, value, scope)

    def keep(self, instance: Instance, name: str, value: Value) -> None:
        """``instance.name = value``; a layer learns the first name that it is kept under."""
        if isinstance(value, Module) and not value.attribute:
            value.attribute = name
            if self.conditions and not value.condition:
                value.condition = " and ".join(self.conditions)
        instance.attributes[name] = value
        if instance.items is not None and isinstance(value, Module) and not isinstance(value, Parameter):
            self.append(instance.items, Element(value, None, name))

    def _unpack(self, target: ast.Tuple | ast.List, value: Value, scope: Scope) -> None:
        elements = value.elements() if isinstance(value, Items) and not value.keyed else None
        for index, part in enumerate(target.elts):
            if isinstance(part, ast.Starred):
                self.assign(part.value, self.unknown(part), scope)
            elif elements is not None and len(elements) == len(target.elts):
                self.assign(part, elements[index].value, scope)
            elif isinstance(value, Tensor) and value.index is None:
                self.assign(part, Tensor(value.node, value.drawing, index), scope)
            else:
                self.assign(part, self.unknown(part), scope)

    def _assign_item(self, target: ast.Subscript, value: Value, scope: Scope) -> None:
        owner, key = self.evaluate(target.value, scope), self.evaluate(target.slice, scope)
        inner = owner.items if isinstance(owner, Instance) or hasattr(owner, "items") else owner
        if isinstance(inner, Items) and inner.keyed:
            self.append(inner, Element(value, None, key.value if isinstance(key, Const) else None))
        elif isinstance(owner, Tensor) and self.recorder is not None:
            reason = "Writing into a part of a tensor is not edited here; change it in the code."
            given = [Given(None, owner, None), Given(None, value, None)]
            self.assign(target.value, self.operate("Tensor.setitem", target, given, locked=reason), scope)

    def _do_Return(self, node: ast.Return, scope: Scope) -> Flow:
        value = self.evaluate(node.value, scope) if node.value is not None else Const(None)
        scope.returned.append((value, node.value))
        return Flow.RETURN

    def _do_Raise(self, node: ast.Raise, scope: Scope) -> Flow:
        return Flow.RAISE

    def _do_Break(self, node: ast.Break, scope: Scope) -> Flow:
        return Flow.BREAK

    def _do_Continue(self, node: ast.Continue, scope: Scope) -> Flow:
        return Flow.CONTINUE

    def _do_If(self, node: ast.If, scope: Scope) -> Flow:
        known = truth(self.evaluate(node.test, scope))
        if known is not None:
            return self.run(node.body if known else node.orelse, scope)
        return self._both(node, scope)

    def _both(self, node: ast.If, scope: Scope) -> Flow:
        """Read both branches of an undecided ``if`` and join what they leave behind."""
        test = self.text(node.test)
        before = _Snapshot(scope)
        flow_a = self._under(f"`{test}`", node.body, scope)
        after_a = _Snapshot(scope)
        before.restore(scope)
        flow_b = self._under(f"not `{test}`", node.orelse, scope)
        if flow_b in (Flow.RETURN, Flow.RAISE):
            after_a.restore(scope)
            return flow_a
        if flow_a is Flow.NEXT or flow_a is Flow.CONTINUE or flow_a is Flow.BREAK:
            after_a.join(scope, lambda a, b: self.choose(test, [a, b]))
        return flow_b if flow_a is flow_b else Flow.NEXT

    def _under(self, condition: str, body: Sequence[ast.stmt], scope: Scope) -> Flow:
        self.conditions.append(condition)
        try:
            return self.run(body, scope)
        finally:
            self.conditions.pop()

    def _do_With(self, node: ast.With, scope: Scope) -> Flow:
        for item in node.items:
            value = self.evaluate(item.context_expr, scope)
            if item.optional_vars is not None:
                self.assign(item.optional_vars, value, scope)
        return self.run(node.body, scope)

    def _do_Try(self, node: ast.Try, scope: Scope) -> Flow:
        flow = self.run(node.body, scope)
        return flow if flow not in (Flow.NEXT, Flow.RAISE) else self.run([*node.orelse, *node.finalbody], scope)

    def _do_Delete(self, node: ast.Delete, scope: Scope) -> None:
        for target in node.targets:
            if isinstance(target, ast.Name):
                scope.names.pop(target.id, None)

    def _do_Match(self, node: ast.Match, scope: Scope) -> None:
        for name in assigned(node):
            scope.names[name] = Unknown(name, "It is set in a `match`, which is not read.")

    def _do_FunctionDef(self, node: ast.FunctionDef, scope: Scope) -> None:
        scope.names[node.name] = Function(node, scope)

    def _do_ClassDef(self, node: ast.ClassDef, scope: Scope) -> None:
        cls = Class(node, scope, [self.evaluate(base, scope) for base in node.bases])
        scope.names[node.name] = cls
        inner = Scope(outer=scope, function=node.name)
        recorder, self.recorder = self.recorder, None
        self.run(node.body, inner)
        self.recorder = recorder
        cls.members = inner.names
        for member in cls.members.values():
            if isinstance(member, Function) and member.scope is inner:
                member.scope, member.owner = scope, cls

    def _do_Import(self, node: ast.Import, scope: Scope) -> None:
        for alias in node.names:
            name = alias.asname or alias.name.split(".")[0]
            scope.names[name] = Extern(alias.name if alias.asname else name)

    def _do_ImportFrom(self, node: ast.ImportFrom, scope: Scope) -> None:
        package = "." * node.level + (node.module or "")
        for alias in node.names:
            path = f"{package}.{alias.name}" if package.strip(".") else f"{package}{alias.name}"
            scope.names[alias.asname or alias.name] = Extern(path)


class _Snapshot:
    """Names of a scope and attributes of its object at one moment."""

    def __init__(self, scope: Scope) -> None:
        self.names = dict(scope.names)
        self.attributes = dict(scope.this.attributes) if scope.this is not None else {}

    def restore(self, scope: Scope) -> None:
        """Put them back."""
        scope.names.clear()
        scope.names.update(self.names)
        if scope.this is not None:
            scope.this.attributes = dict(self.attributes)

    def join(self, scope: Scope, choose: Callable[[Value, Value], Value]) -> None:
        """Join with what the other branch left in the scope; what one branch alone has is kept."""
        pairs = [(self.names, scope.names)]
        if scope.this is not None:
            pairs.append((self.attributes, scope.this.attributes))
        for mine, theirs in pairs:
            for name, value in mine.items():
                other = theirs.get(name)
                if other is None:
                    theirs[name] = value
                elif not same(value, other):
                    theirs[name] = choose(value, other)


def assigned(*nodes: ast.AST) -> list[str]:
    """Names that the code below gives a value, in order and once each."""
    found = (n.id for node in nodes for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store))
    return list(dict.fromkeys(found))


def _as_load(target: ast.expr) -> ast.expr:
    """The target of ``+=`` as an expression that reads it."""
    if isinstance(target, ast.Name):
        return ast.copy_location(ast.Name(target.id, ast.Load()), target)
    if isinstance(target, ast.Attribute):
        return ast.copy_location(ast.Attribute(target.value, target.attr, ast.Load()), target)
    return target
