"""Turns calls on tensors into nodes: operators, layers, sequences, results of blocks, and choices left open."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace

from models.source.base import Base, Site, short, tensors
from models.source.graph import Kind, Node, Use, UseKind
from models.source.palette import positions
from models.source.recorder import Recorder
from models.source.values import (
    Element,
    Entry,
    Given,
    Items,
    Module,
    Parameter,
    Repeated,
    Tensor,
    Unknown,
    Value,
    count,
    same,
)

Operand = tuple[Tensor, Use | None, str | None]
_THROUGH_LIST = "This value comes through a list; choose an edge before it is put there."
_LOOP = "This layer is made by a loop; nothing can be put before one turn alone."
_AFTER: dict[str, UseKind] = {"before_item": "after_item", "before_append": "after_append"}


class Drawing(Base):
    """The part of the reader that draws."""

    @property
    def board(self) -> Recorder:
        """The recorder, where there must be one."""
        if self.recorder is None:
            raise RuntimeError("Nothing is drawn while layers are made.")
        return self.recorder

    def operands(self, value: Value, node: ast.expr | None) -> Iterator[Operand]:
        """Every tensor that an argument hands over, each with its own use."""
        if isinstance(value, Tensor):
            yield value, self.wrap(node), None
        elif isinstance(value, Parameter):
            yield self.parameter(value, node), self.wrap(node), None
        elif isinstance(value, Items):
            written = node.elts if isinstance(node, ast.List | ast.Tuple) else []
            elements = value.elements()
            if elements is not None and len(elements) == len(written):
                for element, expression in zip(elements, written, strict=True):
                    yield from self.operands(element.value, None if isinstance(expression, ast.Starred) else expression)
            else:
                for tensor in tensors(value):
                    yield tensor if isinstance(tensor, Tensor) else self.parameter(tensor, None), None, _THROUGH_LIST

    def _given(self, given: list[Given], site: Site) -> list[Operand]:
        found = [operand for one in given for operand in self.operands(one.value, one.node)]
        return [(tensor, site.use, site.reason) for tensor, _, _ in found] if site.name is not None else found

    def parameter(self, value: Parameter, node: ast.expr | None) -> Tensor:
        """A node for a parameter where it is used."""
        location = self.source.span(node) if node is not None else None
        name = value.attribute or "parameter"
        fields = {"location": location, "definition": value.span, "module": value.path, "args": value.args}
        return self.board.add(self.node(name, "parameter", value.op, **fields))

    def operate(self, op: str, node: ast.expr | ast.stmt, given: list[Given], *, locked: str | None = None) -> Tensor:
        """Draw a function, method or operator on tensors."""
        operands = self._given(given, Site())
        places = positions(op) or positions(op.replace("Tensor.", "torch.", 1))[1:]
        names = iter(places)
        named = [replace(one.argument, name=one.name or next(names, None)) if one.argument else None for one in given]
        plain = [argument for argument, one in zip(named, given, strict=True) if not any(tensors(one.value))]
        args = tuple(argument for argument in plain if argument is not None)
        fields = {"args": args, "location": self.source.span(node), "locked": locked}
        name = op.rsplit(".", 1)[-1]
        return self._connected(self.node(name, "unknown" if locked else "op", op, **fields), operands, Site())

    def _connected(self, node: Node, operands: list[Operand], site: Site) -> Tensor:
        drawn = self.place(node, site)
        for tensor, use, reason in operands:
            self.board.connect(tensor, drawn.node, use, reason)
        return drawn

    def place(self, node: Node, site: Site) -> Tensor:
        """Draw a node at its call site, or as the numbered child of a sequence."""
        if site.name is None:
            return self.board.add(node)
        loop = site.loop or node.loop
        return self.board.add_child(replace(node, id=site.name, label=site.name, repeat=site.repeat, loop=loop))

    def module_node(self, module: Module, site: Site, kind: Kind, locked: str | None = None) -> Node:
        """The node of a module, not yet drawn."""
        name = module.attribute or short(module.op).rsplit(".", 1)[-1].lower()
        location = self.source.span(site.node) if site.node is not None else None
        locked = locked or (f"It exists only if {module.condition}." if module.condition else None)
        fields: dict[str, object] = {"location": location, "definition": module.span, "module": module.path}
        fields |= {"locked": locked, "loop": module.loop, "maker": module.maker}
        return self.node(name, kind, module.op, args=module.args, **fields)

    def draw_layer(self, module: Module, given: list[Given], site: Site, locked: str | None = None) -> Tensor:
        """Draw a layer at its call site."""
        operands = self._given(given, site)
        return self._connected(self.module_node(module, site, "layer", locked), operands, site)

    def draw_unknown(self, name: str, reason: str, given: list[Given], site: Site) -> Tensor:
        """Draw something that cannot be read, locked with its reason."""
        operands = self._given(given, site)
        location = self.source.span(site.node) if site.node is not None else None
        func = site.node.func if isinstance(site.node, ast.Call) else None
        called = getattr(func, "attr", None) or getattr(func, "id", None) or name.rsplit(".", 1)[-1]
        node = self.node(called, "unknown", name, location=location, locked=reason)
        return self._connected(node, operands, site)

    def draw_sequence(self, module: Module, items: Items, given: list[Given], site: Site) -> Value:
        """Draw an nn.Sequential: one child an element, each handing its value to the next."""
        operands = self._given(given, site)
        container = self.place(self.module_node(module, site, "sequence"), site)
        self.board.open(container.node)
        self._fill(items.entries, operands)
        self.board.close()
        return container

    def _fill(self, entries: list[Entry], operands: list[Operand]) -> None:
        entered = [self.enter(tensor, use, "x", reason) for tensor, use, reason in operands[:1]]
        value, use = self.chain(entries, entered[0] if entered else Unknown("x"))
        for tensor in tensors(value):
            if isinstance(tensor, Tensor):
                self.board.output(tensor, use, None if use else _LOOP)

    def enter(self, tensor: Tensor, use: Use | None, name: str, reason: str | None = None) -> Tensor:
        """An input of the container that is open, for a value of the drawing around it."""
        board, drawing = self.board, self.board.drawing
        board.drawing = drawing.outer or drawing
        tensor = board.bring(tensor)
        board.drawing = drawing
        return board.enter(drawing, tensor, use, name, reason=reason)

    def chain(self, entries: list[Entry], value: Value) -> tuple[Value, Use | None]:
        """Draw elements one after another; gives the last value and the use after it."""
        index: int | None = 0
        after: Use | None = None
        for place, entry in enumerate(entries):
            name = str(index) if index is not None else f"e{place}"
            if isinstance(entry, Element):
                name = name if entry.key is None else str(entry.key)
                site = Site(name=name, use=entry.use, reason=None if entry.use else _LOOP, loop=entry.loop)
                value, after = self.call(entry.value, [Given(None, value)], site), _after(entry.use)
            else:
                value, after = self._repeated(entry, value, name), None
            size = count([entry])
            index = None if index is None or size is None else index + size
        return value, after

    def _repeated(self, entry: Repeated, value: Value, name: str) -> Value:
        """Draw what a loop adds to a sequence: one node with its count, or a container where a turn adds several."""
        site = Site(name=name, reason=_LOOP, repeat=entry.repeat)
        only = entry.entries[0] if len(entry.entries) == 1 else None
        if isinstance(only, Element):
            return self.call(only.value, [Given(None, value)], site)
        operands = self._given([Given(None, value)], site)
        container = self.place(self.node(name, "repeat", "for"), site)
        self.board.open(container.node)
        self._fill(entry.entries, operands)
        self.board.close()
        return container

    def leave(self, value: Value, node: ast.expr | None, container: Tensor) -> Value:
        """Draw what a block returns; the value as the drawing around it knows it. Tuples give one output an element."""
        if isinstance(value, Tensor | Parameter):
            (tensor, use, reason), *_ = self.operands(value, node)
            self.board.output(tensor, use, reason)
            return container
        if not isinstance(value, Items) or not any(tensors(value)):
            return value
        elements = value.elements() or []
        written = node.elts if isinstance(node, ast.List | ast.Tuple) else [None] * len(elements)
        outputs = [
            Element(self._leave_part(element.value, part, container, index), key=element.key)
            for index, (element, part) in enumerate(zip(elements, written, strict=False))
        ]
        return self.new_items(outputs, keyed=value.keyed) if outputs else self._leave_list(value, container)

    def _leave_part(self, value: Value, node: ast.expr | None, container: Tensor, index: int) -> Value:
        for tensor, use, reason in self.operands(value, node):
            self.board.output(tensor, use, reason, f"output {index + 1}")
        return Tensor(container.node, container.drawing, index) if any(tensors(value)) else value

    def _leave_list(self, value: Items, container: Tensor) -> Value:
        for tensor, _, _ in self.operands(value, None):
            self.board.output(tensor, None, _THROUGH_LIST)
        return container

    def choose(self, test: str, values: list[Value]) -> Value:
        """The value after branches that all may be taken."""
        if all(same(values[0], other) for other in values[1:]):
            return values[0]
        parts = [_plain(value) for value in values]
        if len({None if part is None else len(part) for part in parts}) == 1 and parts[0]:
            columns = zip(*(part or [] for part in parts), strict=True)
            return self.new_items([Element(self.choose(test, [e.value for e in column])) for column in columns])
        if self.recorder is None or not any(isinstance(value, Tensor) for value in values):
            names = " or ".join(dict.fromkeys(_name(value) for value in values))
            return Unknown(test, f"It is {names}, depending on `{test}`.")
        reason = f"Which of its inputs goes on is decided when the network runs: `{test}`."
        operands = [operand for value in values for operand in self.operands(value, None)]
        drawn = self._connected(self.node("choice", "choice", "if", locked=reason), operands, Site())
        self.board.amend(drawn.node, label=test)
        return drawn


def _plain(value: Value) -> list[Element] | None:
    """The elements of a list or tuple."""
    return value.elements() if isinstance(value, Items) and not value.keyed else None


def _after(use: Use | None) -> Use | None:
    return None if use is None or use.kind not in _AFTER else replace(use, kind=_AFTER[use.kind])


def _name(value: Value) -> str:
    if isinstance(value, Module):
        return f"`{value.op}`"
    return f"`{getattr(value, 'value', None) or getattr(value, 'text', None) or 'something else'}`"
