"""What an expression stands for while source is read: constants, layers, tensors, and what cannot be told."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from models.source.graph import Argument, Repeat, Use
from models.source.text import Span


@dataclass(eq=False)
class Value:
    """Anything. ``condition`` says in words when it exists at all (a layer made under an undecided ``if``)."""

    condition: str | None = field(default=None, kw_only=True)


@dataclass(eq=False)
class Const(Value):
    """A number, string, None or bool. ``literal`` is where it is written, while nothing lies between but names and
    ``shift``: what was added to a whole number since."""

    value: Any
    literal: Span | None = None
    shift: int = 0


@dataclass(eq=False)
class Unknown(Value):
    """A value that only running the program would tell; ``text`` is how the source names it."""

    text: str
    reason: str = ""


@dataclass(eq=False)
class Extern(Value):
    """A name from outside of the file, by its full path ("torch.nn.Conv2d")."""

    path: str


@dataclass(eq=False)
class Tensor(Value):
    """The output of a node; ``drawing`` (recorder.Drawing) holds the node."""

    node: str
    drawing: Any
    index: int | None = None


@dataclass(eq=False)
class Element:
    """An element of a list (``key`` in a dict), where a neighbour would be written, and the loop that made it."""

    value: Value
    use: Use | None = None
    key: Any = None
    loop: Repeat | None = None


@dataclass(eq=False)
class Repeated:
    """What a loop adds to a list in one turn, and how many turns it makes."""

    entries: list[Entry]
    repeat: Repeat


Entry: TypeAlias = "Element | Repeated"


@dataclass(eq=False)
class Items(Value):
    """A list, tuple, dict (``keyed``) or range of values; ``born`` is how many undecided loops surround its birth."""

    entries: list[Entry] = field(default_factory=list)
    keyed: bool = False
    born: int = 0
    numbers: range | None = None

    def elements(self) -> list[Element] | None:
        """The elements, or None where a loop makes some of them."""
        plain = [entry for entry in self.entries if isinstance(entry, Element)]
        return plain if len(plain) == len(self.entries) else None

    def length(self) -> int | None:
        """How many there are, if that can be told."""
        return count(self.entries)


@dataclass(eq=False)
class Scope:
    """Names of one function call (or of the file), looked up outwards; ``this`` is the object whose method it is."""

    names: dict[str, Value] = field(default_factory=dict)
    outer: Scope | None = None
    function: str = ""
    this: Instance | None = None
    owner: Class | None = None
    returned: list[tuple[Value, ast.expr | None]] = field(default_factory=list)

    def find(self, name: str) -> Value | None:
        """The value of a name here or outwards, or None."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.outer
        return None


@dataclass(eq=False)
class Function(Value):
    """A function of the file; ``owner`` is its class, ``this`` the object that it is bound to."""

    node: ast.FunctionDef | ast.Lambda
    scope: Scope
    owner: Class | None = None
    this: Value | None = None

    @property
    def name(self) -> str:
        """Its name, with the class in front where it has one."""
        own = getattr(self.node, "name", "lambda")
        return f"{self.owner.name}.{own}" if self.owner else own


@dataclass(eq=False)
class Class(Value):
    """A class of the file with its evaluated bases."""

    node: ast.ClassDef
    scope: Scope
    bases: list[Value] = field(default_factory=list)
    members: dict[str, Value] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The class's name."""
        return self.node.name

    def lineage(self) -> Iterator[Value]:
        """The class, then its bases depth first: close enough to Python's order for layers."""
        yield self
        for base in self.bases:
            if isinstance(base, Class):
                yield from base.lineage()
            else:
                yield base

    def find(self, name: str) -> Value | None:
        """A method or class attribute, inherited ones included."""
        for cls in self.lineage():
            if isinstance(cls, Class) and name in cls.members:
                return cls.members[name]
        return None

    def extern(self) -> str | None:
        """The path of the first base from outside of the file."""
        return next((base.path for base in self.lineage() if isinstance(base, Extern)), None)


@dataclass(eq=False)
class Partial(Value):
    """functools.partial: a callee with some of its arguments."""

    callee: Value
    args: list[Given] = field(default_factory=list)


@dataclass(eq=False)
class Super(Value):
    """``super()`` inside a method."""

    owner: Class
    this: Instance


@dataclass(eq=False)
class Given:
    """One argument of a call: its name (None: by place), its value and the expression that it is written as."""

    name: str | None
    value: Value
    node: ast.expr | None = None
    argument: Argument | None = None


@dataclass(eq=False)
class Module(Value):
    """A layer object.

    ``span`` is the call that makes it (the outermost factory call), ``args`` that call's arguments and ``maker`` the
    function of the file that it calls; ``loop`` the loop that makes it, turn by turn; ``attribute`` and ``path`` are
    where the network keeps it.
    """

    op: str
    span: Span | None = None
    args: tuple[Argument, ...] = ()
    maker: str = ""
    attribute: str = ""
    path: str | None = None
    loop: Repeat | None = None


@dataclass(eq=False)
class Layer(Module):
    """A module from outside of the file, drawn as one node."""


@dataclass(eq=False)
class Parameter(Module):
    """An nn.Parameter or buffer."""


@dataclass(eq=False)
class Container(Module):
    """nn.Sequential, nn.ModuleList or nn.ModuleDict."""

    items: Items = field(default_factory=Items)


@dataclass(eq=False)
class Instance(Module):
    """An object of a class of the file. ``items`` is set where the class derives from nn.Sequential or a list."""

    cls: Class | None = None
    attributes: dict[str, Value] = field(default_factory=dict)
    items: Items | None = None


def count(entries: list[Entry]) -> int | None:
    """How many elements the entries come to, or None where a loop's count cannot be told."""
    total = 0
    for entry in entries:
        if isinstance(entry, Element):
            total += 1
        elif entry.repeat.times is None:
            return None
        else:
            inner = count(entry.entries)
            if inner is None:
                return None
            total += entry.repeat.times * inner
    return total


def truth(value: Value) -> bool | None:
    """Whether a value counts as true, or None where that cannot be told."""
    if isinstance(value, Const):
        return bool(value.value)
    if isinstance(value, Items):
        if any(isinstance(entry, Element) for entry in value.entries):
            return True
        length = value.length()
        return None if length is None else length > 0
    if isinstance(value, Container | Tensor | Unknown):
        return None
    return True


def same(a: Value, b: Value) -> bool:
    """Whether two branches left the same value behind."""
    if a is b:
        return True
    if isinstance(a, Const) and isinstance(b, Const):
        return type(a.value) is type(b.value) and bool(a.value == b.value)
    if isinstance(a, Tensor) and isinstance(b, Tensor):
        return (a.node, a.index) == (b.node, b.index)
    if isinstance(a, Extern) and isinstance(b, Extern):
        return a.path == b.path
    return isinstance(a, Unknown) and isinstance(b, Unknown) and a.text == b.text
