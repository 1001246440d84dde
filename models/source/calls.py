"""Reads calls: arguments to parameters, functions and classes of the file, and modules called with tensors."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace

from models.source.arguments import has_tensors, merged, spread, with_names
from models.source.base import DEEPEST, Flow, Site, TooDeep, tensors
from models.source.drawing import Drawing
from models.source.expressions import Expressions
from models.source.graph import Argument, Node
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
    Layer,
    Module,
    Partial,
    Scope,
    Tensor,
    Unknown,
    Value,
)

LISTS = {
    "torch.nn.Sequential": "nn.Sequential",
    "torch.nn.ModuleList": "nn.ModuleList",
    "torch.nn.ModuleDict": "nn.ModuleDict",
}


class Calls(Expressions, Drawing):
    """The part of the reader that follows calls."""

    def extern_call(self, path: str, given: list[Given], site: Site) -> Value:
        """library.py"""
        raise NotImplementedError

    def method_call(self, value: Value, name: str, given: list[Given], site: Site) -> Value | None:
        """methods.py"""
        raise NotImplementedError

    def evaluate_call(self, node: ast.Call, scope: Scope) -> Value:
        """A call as written."""
        base = self.evaluate(node.func.value, scope) if isinstance(node.func, ast.Attribute) else None
        if base is None and isinstance(node.func, ast.Name) and node.func.id == "super":
            return self.super_of(scope)
        callee = None if base is not None else self.evaluate(node.func, scope)
        given = self.given(node, scope)
        site = Site(node)
        if base is not None and isinstance(node.func, ast.Attribute):
            result = self.method_call(base, node.func.attr, given, site)
            if result is not None:
                return result
            callee = self.attribute(base, node.func.attr, node.func)
        return self.call(callee or self.unknown(node.func), given, site)

    def super_of(self, scope: Scope) -> Value:
        """methods.py"""
        raise NotImplementedError

    def given(self, node: ast.Call, scope: Scope) -> list[Given]:
        """The arguments of a call, evaluated in the order of Python."""
        found: list[Given] = []
        for arg in node.args:
            starred = isinstance(arg, ast.Starred)
            inner = arg.value if isinstance(arg, ast.Starred) else arg
            found.append(self._one("*" if starred else None, inner, scope))
        for keyword in node.keywords:
            found.append(self._one(keyword.arg or "**", keyword.value, scope))
        return found

    def _one(self, name: str | None, node: ast.expr, scope: Scope) -> Given:
        value = self.evaluate(node, scope)
        return Given(name, value, node, self.argument(name, node, value))

    def call(self, callee: Value, given: list[Given], site: Site) -> Value:
        """What a call gives; calls of modules and functions on tensors are drawn."""
        self.spend()
        if isinstance(callee, Module):
            return self.module_call(callee, given, site)
        if isinstance(callee, Function):
            return self.function_call(callee, given, site)
        if isinstance(callee, Class):
            return self.instantiate(callee, given, site)
        if isinstance(callee, Extern):
            return self.extern_call(callee.path, given, site)
        if isinstance(callee, Partial):
            return self.call(callee.callee, merged(callee.args, given), site)
        return self.unknown_call(callee, given, site)

    def unknown_call(self, callee: Value, given: list[Given], site: Site) -> Value:
        """A call of something that cannot be told."""
        text = callee.text if isinstance(callee, Unknown) else site.name or "call"
        reason = callee.reason if isinstance(callee, Unknown) else ""
        reason = reason or f"What `{text}` calls is decided when the network runs."
        if self.recorder is None or not has_tensors(given):
            return self.unknown(site.node, reason) if site.node is not None else Unknown(text, reason)
        return self.draw_unknown(text, reason, given, site)

    def module_call(self, module: Module, given: list[Given], site: Site) -> Value:
        """A layer, sequence or block called with tensors."""
        if self.recorder is None:
            return Unknown(module.op, "Layers are called in the forward only.")
        if isinstance(module, Layer):
            return self.draw_layer(module, given, site)
        if isinstance(module, Container):
            if module.op == "nn.Sequential":
                return self.draw_sequence(module, module.items, given, site)
            return self.draw_unknown(module.op, f"An {module.op} cannot be called; call its layers.", given, site)
        if isinstance(module, Instance):
            return self._instance_call(module, given, site)
        return self.draw_unknown(module.op, "A parameter cannot be called.", given, site)

    def _instance_call(self, instance: Instance, given: list[Given], site: Site) -> Value:
        forward = instance.cls.find("forward") or instance.cls.find("__call__") if instance.cls else None
        if isinstance(forward, Function):
            bound = Function(forward.node, forward.scope, forward.owner, instance)
            return self.draw_block(self.module_node(instance, site, "block"), bound, given, site)
        if instance.items is not None:
            return self.draw_sequence(instance, instance.items, given, site)
        base = instance.cls.extern() if instance.cls else None
        reason = None if base else f"`{instance.op}` has no forward in this file."
        return self.draw_layer(instance, given, site, reason)

    def function_call(self, function: Function, given: list[Given], site: Site) -> Value:
        """A function or method of the file."""
        node = function.node
        if isinstance(node, ast.FunctionDef) and self.recorder is not None and has_tensors(given):
            drawn = self.node(
                node.name, "call", function.name, location=self.source.span(site.node) if site.node else None
            )
            return self.draw_block(drawn, function, given, site)
        try:
            bound = self.bind(function, given)
            value, _ = self.body(function, {name: one.value for name, one in bound.items()})
        except TooDeep as error:
            return Unknown(function.name, str(error))
        if isinstance(value, Module) and not value.attribute and site.node is not None:
            value.span = self.source.span(site.node)
            value.args, value.maker = self.named(function, given), function.name
        return value

    def call_property(self, function: Function) -> Value:
        """A method that is read like an attribute."""
        return self.function_call(function, [], Site())

    def body(self, function: Function, names: dict[str, Value]) -> tuple[Value, ast.expr | None]:
        """Read the body of a function; what it returns, and the expression where there is one."""
        this = function.this if isinstance(function.this, Instance) else None
        scope = Scope(names, function.scope, function.name, this, function.owner)
        with self.deeper(function.name):
            if isinstance(function.node, ast.Lambda):
                return self.evaluate(function.node.body, scope), function.node.body
            flow = self.run(function.node.body, scope)
        if flow is Flow.NEXT and not scope.returned:
            return Const(None), None
        if len(scope.returned) == 1:
            return scope.returned[0]
        return self.choose("return", [value for value, _ in scope.returned]) if scope.returned else Const(None), None

    def draw_block(self, node: Node, function: Function, given: list[Given], site: Site) -> Value:
        """Draw a call whose inside is read as well. The inside knows its arguments as input nodes."""
        args = tuple(one.argument for one in given if one.argument and not any(tensors(one.value)))
        container = self.place(replace(node, args=node.args or args), site)
        outside = self.board.drawing
        self.board.open(container.node)
        try:
            bound = self.bind(function, given)
            names = {name: self._entered(one, name, site) for name, one in bound.items()}
            value, returned = self.body(function, names)
            result = self.leave(value, returned, container)
            if node.kind == "call" and not any(tensors(result)):
                self.board.forget(container.node)
            return result
        except TooDeep as error:
            self.board.amend(container.node, locked=str(error))
            return container
        finally:
            self.board.drawing = outside

    def _entered(self, one: Given, name: str, site: Site) -> Value:
        """An argument as the inside of a block knows it."""
        if isinstance(one.value, Tensor):
            use = site.use if site.name is not None else self.wrap(one.node)
            return self.enter(one.value, use, name, site.reason)
        if isinstance(one.value, Items) and any(tensors(one.value)):
            elements = one.value.elements()
            written = one.node.elts if isinstance(one.node, ast.List | ast.Tuple) else [None] * len(elements or [])
            if elements is not None and len(written) == len(elements):
                parts = [Given(None, e.value, part) for e, part in zip(elements, written, strict=True)]
                entered = [self._entered(part, f"{name}{i}", site) for i, part in enumerate(parts)]
                return self.new_items([Element(value) for value in entered])
        return one.value

    def bind(self, function: Function, given: list[Given]) -> dict[str, Given]:
        """The parameters of a function with what they are given; defaults are evaluated where they are written."""
        spec = function.node.args
        places = [arg.arg for arg in (*spec.posonlyargs, *spec.args)]
        bound: dict[str, Given] = {}
        if function.this is not None and places and not _decorated(function, "staticmethod"):
            bound[places.pop(0)] = Given(None, function.this)
        plain, keywords, open_ended = spread(given)
        bound |= dict(zip(places, plain, strict=False))
        if spec.vararg:
            rest = [Element(one.value) for one in plain[len(places) :]]
            bound[spec.vararg.arg] = Given(None, self.new_items(rest))
        known = {*places, *(arg.arg for arg in spec.kwonlyargs)}
        bound |= {name: one for name, one in keywords.items() if name in known}
        if spec.kwarg:
            rest = [Element(one.value, key=name) for name, one in keywords.items() if name not in known]
            bound[spec.kwarg.arg] = Given(None, self.new_items(rest, keyed=True))
        self._defaults(function, bound, open_ended)
        return bound

    def _defaults(self, function: Function, bound: dict[str, Given], open_ended: bool) -> None:
        spec = function.node.args
        places = [arg.arg for arg in (*spec.posonlyargs, *spec.args)]
        written = dict(zip(places[len(places) - len(spec.defaults) :], spec.defaults, strict=True))
        written |= {a.arg: d for a, d in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if d is not None}
        for name in (*places, *(arg.arg for arg in spec.kwonlyargs)):
            if name in bound:
                continue
            default = written.get(name)
            known = default is not None and not open_ended
            value = self.evaluate(default, function.scope) if known and default else Unknown(name)
            bound[name] = Given(None, value, None)

    def named(self, function: Function, given: list[Given]) -> tuple[Argument, ...]:
        """The arguments as written, positional ones with the names of the function's parameters."""
        places = [arg.arg for arg in (*function.node.args.posonlyargs, *function.node.args.args)]
        if function.this is not None and places:
            places.pop(0)
        return with_names(given, places)

    def instantiate(self, cls: Class, given: list[Given], site: Site) -> Value:
        """An object of a class of the file: its ``__init__`` is read with these arguments."""
        if self.depth >= DEEPEST:
            return Unknown(cls.name, f"`{cls.name}` is nested more than {DEEPEST} deep.")
        init = cls.find("__init__")
        instance = Instance(
            cls.name, self.source.span(site.node) if site.node is not None else None, cls=cls, loop=self.loop
        )
        if LISTS.get(cls.extern() or ""):
            instance.items = self.new_items(keyed=(cls.extern() or "").endswith("Dict"))
        if isinstance(init, Function):
            bound = Function(init.node, init.scope, init.owner, instance)
            instance.args = self.named(bound, given)
            self._quietly(lambda: self.body(bound, {name: one.value for name, one in self.bind(bound, given).items()}))
        else:
            instance.args = with_names(given, [])
            self.plain_init(instance, cls, given)
        return instance

    def _quietly(self, build: Callable[[], object]) -> None:
        """Read an ``__init__``, which draws nothing even where a forward makes the object."""
        recorder, self.recorder = self.recorder, None
        try:
            build()
        except TooDeep as error:
            self.note(str(error))
        finally:
            self.recorder = recorder

    def plain_init(self, instance: Instance, cls: Value, given: list[Given]) -> None:
        """The ``__init__`` that Python or torch gives: layers of a sequence, or the fields of a dataclass."""
        if instance.items is not None:
            self.fill(instance.items, given)
        body = cls.node.body if isinstance(cls, Class) else []
        fields = [s.target.id for s in body if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name)]
        plain, keywords, _ = spread(given)
        instance.attributes |= {name: one.value for name, one in zip(fields, plain, strict=False)}
        instance.attributes |= {name: one.value for name, one in keywords.items()}

    def fill(self, items: Items, given: list[Given]) -> None:
        """library.py"""
        raise NotImplementedError


def _decorated(function: Function, name: str) -> bool:
    decorators = getattr(function.node, "decorator_list", [])
    return any(isinstance(decorator, ast.Name) and decorator.id == name for decorator in decorators)
