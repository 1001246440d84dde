"""What the parts of the reader share: its budget, where things stand in the text, and how arguments are described."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from models.source.graph import Argument, Node, Repeat, Use
from models.source.recorder import Recorder, TooLarge
from models.source.text import Source
from models.source.values import (
    Class,
    Const,
    Element,
    Entry,
    Extern,
    Given,
    Items,
    Parameter,
    Scope,
    Tensor,
    Unknown,
    Value,
)

MOST_STEPS = 150_000
"""Expressions and statements that are read; a source that needs more is drawn as far as it was read."""
DEEPEST = 40
"""Calls within calls that are read."""


Placed: TypeAlias = ast.expr | ast.stmt | ast.keyword | ast.arg
"""Syntax that stands somewhere."""


class Flow(Enum):
    """How a block of statements ended."""

    NEXT = "next"
    RETURN = "return"
    BREAK = "break"
    CONTINUE = "continue"
    RAISE = "raise"


@dataclass(frozen=True)
class Site:
    """Where a call stands: an expression, or (with ``name``) a place in an nn.Sequential and the ``use`` before it."""

    node: ast.expr | None = None
    name: str | None = None
    use: Use | None = None
    reason: str | None = None
    repeat: Repeat | None = None
    loop: Repeat | None = None


class TooDeep(Exception):
    """Calls are nested too deeply to read further; the message says where, in words."""


class Loop:
    """A loop whose body is read once: what it adds to lists that are older than itself."""

    def __init__(self) -> None:
        self.added: dict[int, tuple[Items, list[Entry]]] = {}

    def collect(self, items: Items, entry: Entry) -> None:
        """Keep an addition until the loop ends."""
        self.added.setdefault(id(items), (items, []))[1].append(entry)


class Base:
    """State of a reading. ``recorder`` is None while layers are made, and draws while the forward is read."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.recorder: Recorder | None = None
        self.steps = 0
        self.depth = 0
        self.functions: list[str] = []
        self.conditions: list[str] = []
        self.loops: list[Loop] = []
        self.turns: list[Repeat] = []
        self.notes: list[str] = []

    # The parts that call one another; each is written in the module of that name.
    def evaluate(self, node: ast.expr, scope: Scope) -> Value:
        """expressions.py"""
        raise NotImplementedError

    def attribute(self, value: Value, name: str, node: ast.expr) -> Value:
        """expressions.py"""
        raise NotImplementedError

    def call(self, callee: Value, given: list[Given], site: Site) -> Value:
        """calls.py"""
        raise NotImplementedError

    def evaluate_call(self, node: ast.Call, scope: Scope) -> Value:
        """calls.py"""
        raise NotImplementedError

    def run(self, body: Sequence[ast.stmt], scope: Scope) -> Flow:
        """statements.py"""
        raise NotImplementedError

    def assign(self, target: ast.expr, value: Value, scope: Scope) -> None:
        """statements.py"""
        raise NotImplementedError

    def choose(self, test: str, values: list[Value]) -> Value:
        """drawing.py"""
        raise NotImplementedError

    def operate(self, op: str, node: ast.expr | ast.stmt, given: list[Given], *, locked: str | None = None) -> Tensor:
        """drawing.py"""
        raise NotImplementedError

    def spend(self) -> None:
        """Count one step. Raises TooLarge when the budget is used up."""
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise TooLarge("The source takes too long to read; the rest is not drawn.")

    @contextmanager
    def deeper(self, function: str) -> Iterator[None]:
        """Inside of a function call. Raises TooDeep where calls are nested too deeply."""
        if self.depth >= DEEPEST:
            raise TooDeep(f"Calls are nested more than {DEEPEST} deep at `{function}`.")
        self.depth += 1
        self.functions.append(function)
        turns, self.turns = self.turns, []
        try:
            yield
        finally:
            self.depth -= 1
            self.functions.pop()
            self.turns = turns

    def text(self, node: Placed) -> str:
        """How the source writes something, on one line."""
        return " ".join(self.source.snippet(self.source.span(node)).split())

    def wrap(self, node: ast.expr | None) -> Use | None:
        """The use that an expression is."""
        return None if node is None else Use("wrap", self.source.span(node))

    def unknown(self, node: Placed, reason: str = "") -> Unknown:
        """A value that cannot be told, named as the source does."""
        return Unknown(self.text(node), reason)

    def append(self, items: Items, entry: Entry) -> None:
        """Add to a list; in a loop that is read once the loop keeps it."""
        for loop in self.loops[items.born :][-1:]:
            loop.collect(items, entry)
            return
        items.entries.append(entry)

    def new_items(self, entries: Sequence[Entry] = (), *, keyed: bool = False) -> Items:
        """A list born here."""
        return Items(entries=list(entries), keyed=keyed, born=len(self.loops))

    def argument(self, name: str | None, node: ast.expr, value: Value) -> Argument:
        """An argument as the graph shows it."""
        text, meaning = self.text(node), describe(value)
        literal = value.literal if isinstance(value, Const) and value.shift == 0 else None
        return Argument(name, text, self.source.span(node), None if meaning == text else meaning, literal)

    @property
    def loop(self) -> Repeat | None:
        """The loop of this function that is read turn by turn, if any."""
        return self.turns[-1] if self.turns else None

    def note(self, text: str) -> None:
        """Say something about the whole graph, once."""
        if text not in self.notes:
            self.notes.append(text)

    def node(self, name: str, kind: str, op: str, **fields: object) -> Node:
        """A node that stands in the function being read."""
        return Node(name, name, kind, op, function=self.functions[-1] if self.functions else "", **fields)  # type: ignore[arg-type]


def describe(value: Value) -> str | None:
    """What a value comes to, as Python would write it; None where that cannot be told."""
    if isinstance(value, Const):
        return repr(value.value)
    if isinstance(value, Extern):
        return short(value.path)
    if isinstance(value, Class):
        return value.name
    if (
        isinstance(value, Items)
        and not value.keyed
        and (elements := value.elements()) is not None
        and len(elements) < 50
    ):
        parts = [describe(element.value) for element in elements]
        if all(part is not None for part in parts):
            return "(" + ", ".join(part or "" for part in parts) + (",)" if len(parts) == 1 else ")")
    return None


def short(path: str) -> str:
    """The name by which people know something of PyTorch: "nn.Conv2d" for "torch.nn.Conv2d", "F.relu"."""
    if path.startswith("torch.nn.functional."):
        return "F." + path.removeprefix("torch.nn.functional.")
    if path.startswith("torch.nn."):
        return path.removeprefix("torch.")
    return path


def tensors(value: Value) -> Iterator[Tensor | Parameter]:
    """Every tensor in a value, lists and tuples included."""
    if isinstance(value, Tensor | Parameter):
        yield value
    elif isinstance(value, Items):
        for entry in value.entries:
            yield from entry_tensors(entry)


def entry_tensors(entry: Entry) -> Iterator[Tensor | Parameter]:
    """Every tensor in an entry of a list."""
    if isinstance(entry, Element):
        yield from tensors(entry.value)
    else:
        for inner in entry.entries:
            yield from entry_tensors(inner)
