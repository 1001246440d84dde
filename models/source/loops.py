"""Reads loops and comprehensions: a loop whose turns are alike stays one block, others are drawn turn by turn."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace

from models.source.base import Flow, Loop
from models.source.graph import Repeat, Use
from models.source.statements import Statements, assigned
from models.source.values import (
    Const,
    Container,
    Element,
    Entry,
    Instance,
    Items,
    Repeated,
    Scope,
    Tensor,
    Unknown,
    Value,
)

MOST_TURNS = 512
"""A loop of more turns is drawn as one repeated block even where its turns differ."""
_WHILE = "How often a while loop turns is decided when the network runs."


class Reader(Statements):
    """The whole reader; see base.py for its state."""

    def _do_For(self, node: ast.For, scope: Scope) -> Flow:
        value = self.evaluate(node.iter, scope)
        items = value.items if isinstance(value, Container | Instance) else value
        if not isinstance(items, Items):
            self.repeat(node, [Element(self.unknown(node.iter))], Repeat(f"each of {self.text(node.iter)}"), scope)
            return Flow.NEXT
        if items.keyed and not isinstance(value, Container | Instance):
            items = self.new_items([Element(Const(e.key)) for e in items.entries if isinstance(e, Element)])
        for entry in self.turns_of(items, node.target, node.body):
            if isinstance(entry, Repeated):
                self.repeat(node, entry.entries, entry.repeat, scope)
                continue
            flow = self._turn(node, entry, scope)
            if flow in (Flow.RETURN, Flow.RAISE):
                return flow
            if flow is Flow.BREAK:
                return Flow.NEXT
        return self.run(node.orelse, scope)

    def _turn(self, node: ast.For, entry: Element, scope: Scope) -> Flow:
        self.assign(node.target, entry.value, scope)
        if entry.loop is None:
            return self.run(node.body, scope)
        self.turns.append(entry.loop)
        try:
            return self.run(node.body, scope)
        finally:
            self.turns.pop()

    def turns_of(self, items: Items, target: ast.expr, body: Sequence[ast.AST]) -> list[Entry]:
        """The turns of a loop: those of a range one by one where they differ from each other."""
        numbers = items.numbers
        if numbers is None or len(numbers) > MOST_TURNS or not self._differ(target, body):
            return items.entries
        repeat = items.entries[0].repeat if isinstance(items.entries[0], Repeated) else None
        return [Element(Const(number), loop=repeat) for number in numbers]

    def _differ(self, target: ast.expr, body: Sequence[ast.AST]) -> bool:
        """Whether the turns of a loop over numbers are not alike: it uses the number, or what an earlier turn left."""
        names = set(assigned(target))
        read = [n for part in body for n in ast.walk(part) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)]
        if any(name.id in names for name in read):
            return True
        return self.recorder is None and _carries(body)

    def _do_While(self, node: ast.While, scope: Scope) -> Flow:
        self.repeat(node, [], Repeat(f"while {self.text(node.test)}"), scope, locked=_WHILE)
        return Flow.NEXT

    def repeat(
        self,
        node: ast.For | ast.While,
        entries: list[Entry],
        repeat: Repeat,
        scope: Scope,
        *,
        locked: str | None = None,
    ) -> None:
        """Read the body of a loop once, standing for every turn."""
        if self.recorder is not None:
            self._draw_repeat(node, entries, replace_inner(repeat, entries), scope, locked)
            return
        for name in assigned(*node.body):
            if not isinstance(scope.names.get(name), Items):
                scope.names[name] = Unknown(name, "A loop changes it.")
        loop = Loop()
        self.loops.append(loop)
        self._one_turn(node, entries, scope)
        self.loops.pop()
        for items, added in loop.added.values():
            self.append(items, Repeated(added, repeat))

    def _one_turn(self, node: ast.For | ast.While, entries: list[Entry], scope: Scope) -> None:
        if isinstance(node, ast.For):
            first = entries[0] if entries else None
            value = first.value if isinstance(first, Element) else self.unknown(node.target)
            self.assign(node.target, value, scope)
        self.run(node.body, scope)

    def _draw_repeat(
        self, node: ast.For | ast.While, entries: list[Entry], repeat: Repeat, scope: Scope, locked: str | None
    ) -> None:
        """Draw the body once in a container; what a turn leaves for the next one enters and leaves it."""
        iterated = node.iter if isinstance(node, ast.For) else node.test
        fields = {"location": self.source.span(node), "repeat": repeat, "locked": locked}
        drawn = self.node("repeat", "repeat", type(node).__name__.lower(), **fields)
        container = self.board.add(replace(drawn, label=self.text(iterated)))
        outside = self.board.drawing
        names = assigned(*node.body)
        self.board.open(container.node)
        for name in names:
            value = scope.names.get(name)
            if isinstance(value, Tensor):
                use = Use("rebind", self.source.span(node), name)
                scope.names[name] = self.enter(value, use, name)
        self._one_turn(node, entries, scope)
        self._leave_loop(names, container, scope)
        self.board.drawing = outside

    def _leave_loop(self, names: list[str], container: Tensor, scope: Scope) -> None:
        inside = self.board.drawing
        left = {name: scope.names[name] for name in names if isinstance(scope.names.get(name), Tensor)}
        carried = {name: value for name, value in left.items() if isinstance(value, Tensor) and _within(value, inside)}
        for index, (name, value) in enumerate(carried.items()):
            self.board.output(value, None, "This value goes on to the next turn; choose an edge before it.", name)
            scope.names[name] = Tensor(container.node, container.drawing, index if len(carried) > 1 else None)

    # Comprehensions ------------------------------------------------------------------------------------------------
    def _on_ListComp(self, node: ast.ListComp | ast.GeneratorExp | ast.SetComp, scope: Scope) -> Value:
        inner = Scope(outer=scope, function=scope.function, this=scope.this, owner=scope.owner)
        return self.new_items(self._comprehend(node.generators, node.elt, inner))

    _on_GeneratorExp = _on_SetComp = _on_ListComp

    def _on_DictComp(self, node: ast.DictComp, scope: Scope) -> Value:
        inner = Scope(outer=scope, function=scope.function, this=scope.this, owner=scope.owner)
        pair = ast.copy_location(ast.Tuple([node.key, node.value], ast.Load()), node.value)
        ast.fix_missing_locations(pair)
        entries = self._comprehend(node.generators, pair, inner)
        return self.new_items([replace_use(self._pair(entry)) for entry in entries], keyed=True)

    def _comprehend(self, generators: list[ast.comprehension], element: ast.expr, scope: Scope) -> list[Entry]:
        if not generators:
            return [Element(self.evaluate(element, scope), loop=self.loop)]
        first, rest = generators[0], generators[1:]
        value = self.evaluate(first.iter, scope)
        items = value.items if isinstance(value, Container | Instance) else value
        if not isinstance(items, Items):
            items = self.new_items([Repeated([Element(Unknown("one of them"))], Repeat(self.text(first.iter)))])
        found: list[Entry] = []
        for entry in self.turns_of(items, first.target, [element, *first.ifs, *rest]):
            if isinstance(entry, Element):
                self.assign(first.target, entry.value, scope)
                if all(self._passes(test, scope) for test in first.ifs):
                    found += self._inner(entry, rest, element, scope)
                continue
            self._one_of(first.target, entry.entries, scope)
            found.append(Repeated(self._comprehend(rest, element, scope), entry.repeat))
        return found

    def _inner(self, entry: Element, rest: list[ast.comprehension], element: ast.expr, scope: Scope) -> list[Entry]:
        if entry.loop is None:
            return self._comprehend(rest, element, scope)
        self.turns.append(entry.loop)
        try:
            return self._comprehend(rest, element, scope)
        finally:
            self.turns.pop()

    def _passes(self, test: ast.expr, scope: Scope) -> bool:
        value = self.evaluate(test, scope)
        return not (isinstance(value, Const) and not value.value)

    def _one_of(self, target: ast.expr, entries: list[Entry], scope: Scope) -> None:
        first = entries[0] if entries else None
        self.assign(target, first.value if isinstance(first, Element) else self.unknown(target), scope)


def replace_use(entry: Entry) -> Entry:
    """An element of a comprehension, which has no place of its own."""
    return replace(entry, use=None) if isinstance(entry, Element) else entry


def replace_inner(repeat: Repeat, entries: list[Entry]) -> Repeat:
    """The count of a loop over layers that a loop has made: a turn for each of them."""
    if len(entries) <= 1 or repeat.times is None:
        return repeat
    return Repeat(f"{len(entries)} x {repeat.count}", repeat.times * len(entries))


def _carries(body: Sequence[ast.AST]) -> bool:
    """Whether a turn reads a name before it gives it a value, and gives it one later."""
    given = set(assigned(*body))
    seen: set[str] = set()
    for part in body:
        loads = {n.id for n in ast.walk(part) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        changed = isinstance(part, ast.AugAssign)
        if (loads & given) - seen or (changed and assigned(part)):
            return True
        seen |= set(assigned(part))
    return False


def _within(value: Tensor, drawing: object) -> bool:
    inner = value.drawing
    while inner is not None:
        if inner is drawing:
            return True
        inner = inner.outer
    return False
