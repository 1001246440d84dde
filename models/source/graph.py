"""The graph of a network as plain frozen values: nodes are call sites, edges are uses of a value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from models.source.text import Source, Span

Kind = Literal[
    "input",  # what a network, block or loop is given
    "output",  # what it returns
    "layer",  # a module made elsewhere: nn.Conv2d
    "op",  # a function, method or operator on tensors: F.relu, x.flatten(1), +
    "block",  # an object of a class of the same file
    "sequence",  # nn.Sequential
    "repeat",  # a loop whose body is drawn once
    "call",  # a method or function of the same file
    "parameter",  # an nn.Parameter or buffer used by the forward
    "choice",  # which of its inputs goes on is decided when the network runs
    "unknown",  # something that cannot be read, drawn locked
]
CONTAINERS = frozenset({"block", "sequence", "repeat", "call"})

UseKind = Literal["wrap", "before_item", "after_item", "before_append", "after_append", "rebind"]


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument as written. ``value`` is what it comes to (as Python text) where that can be told without running;
    ``literal`` is the place of the number or string that it is, or that reached it unchanged through names."""

    name: str | None
    text: str
    span: Span
    value: str | None = None
    literal: Span | None = None


@dataclass(frozen=True, slots=True)
class Repeat:
    """How often a node is done in a row: ``count`` as written, ``times`` where it can be told, ``literal`` the place of
    the number to change (None: it is computed), ``offset`` what must be added to that number to get ``times``."""

    count: str
    times: int | None = None
    literal: Span | None = None
    offset: int = 0


@dataclass(frozen=True, slots=True)
class Use:
    """Where the value of an edge is used, which is where a layer on that edge is written.

    "wrap": ``span`` is the expression that hands it over. "before_item" / "after_item": ``span`` is an element of an
    nn.Sequential or of the list that makes it (``name`` "tuple" or "dict" where elements are named). "before_append" /
    "after_append": ``span`` is the call that appends to the list ``name``. "rebind": ``span`` is the loop before which
    ``name`` may be assigned anew.
    """

    kind: UseKind
    span: Span
    name: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    """One call site.

    ``id``: the path of call sites that leads here ("stage1#1/0/conv1#1").
    ``op``: the full name: "nn.Conv2d", "F.relu", "Tensor.flatten", "add", or the name of a class of the file.
    ``location``: the expression that uses it. ``definition``: the expression that makes the layer.
    ``maker``: the function of the file which that expression calls, if it does not make the layer itself; ``args`` are
    that function's then.
    ``function``: the class or function in which the call site stands, and which an edit changes.
    ``module``: the path of the layer in the network ("stage1.0.conv1"; "*" is any number in a repeated part).
    ``repeat``: how often it is done in a row. ``loop``: the loop of the source that made it and its neighbours, where
    every turn is drawn. ``shared``: how many nodes the same piece of source makes.
    ``locked``: the reason why it cannot be edited.
    """

    id: str
    label: str
    kind: Kind
    op: str
    args: tuple[Argument, ...] = ()
    location: Span | None = None
    definition: Span | None = None
    maker: str = ""
    parent: str | None = None
    function: str = ""
    module: str | None = None
    repeat: Repeat | None = None
    loop: Repeat | None = None
    shared: int = 1
    locked: str | None = None

    @property
    def container(self) -> bool:
        """Whether it holds nodes of its own."""
        return self.kind in CONTAINERS

    @property
    def spoken(self) -> str:
        """The name in a sentence: the label, or the path of an element that has only a number."""
        return self.module or self.label if self.label.isdigit() else self.label

    def argument(self, name: str) -> Argument | None:
        """The argument of that name, or None where it is not written."""
        return next((argument for argument in self.args if argument.name == name), None)


@dataclass(frozen=True, slots=True)
class Edge:
    """A value that goes from one node to another of the same parent. ``slot`` is its place among the target's inputs,
    ``index`` which of several values of the source it is, ``reason`` why nothing can be put on it (``use`` is None)."""

    id: str
    source: str
    target: str
    slot: int
    use: Use | None = None
    index: int | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Graph:
    """A network. Parents stand before their children, and siblings in the order in which they are used."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    root: str
    hash: str
    notes: tuple[str, ...] = ()
    origin: Literal["source", "fx", "export", "onnx"] = "source"
    extra: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def by_id(self) -> dict[str, Node]:
        """Every node by its id."""
        return {node.id: node for node in self.nodes}

    @cached_property
    def edge_by_id(self) -> dict[str, Edge]:
        """Every edge by its id."""
        return {edge.id: edge for edge in self.edges}

    @cached_property
    def children(self) -> dict[str | None, tuple[Node, ...]]:
        """The nodes of every parent; None is the network itself."""
        held: dict[str | None, list[Node]] = {}
        for node in self.nodes:
            held.setdefault(node.parent, []).append(node)
        return {parent: tuple(nodes) for parent, nodes in held.items()}

    @cached_property
    def into(self) -> dict[str, tuple[Edge, ...]]:
        """The edges that end at a node, by slot."""
        return self._edges_by("target")

    @cached_property
    def out_of(self) -> dict[str, tuple[Edge, ...]]:
        """The edges that begin at a node."""
        return self._edges_by("source")

    def _edges_by(self, end: str) -> dict[str, tuple[Edge, ...]]:
        found: dict[str, list[Edge]] = {}
        for edge in self.edges:
            found.setdefault(getattr(edge, end), []).append(edge)
        return {node: tuple(sorted(edges, key=lambda edge: edge.slot)) for node, edges in found.items()}

    def ancestors(self, node: str) -> Iterator[str]:
        """The parents of a node, from the nearest to the outermost."""
        parent = self.by_id[node].parent
        while parent is not None:
            yield parent
            parent = self.by_id[parent].parent

    def at(self, offset: int) -> Node | None:
        """The smallest node whose call site or definition holds that place of the text: the one under the cursor."""
        spans = [(span, node) for node in self.nodes for span in (node.location, node.definition) if span]
        held = [(span.end - span.start, i) for i, (span, _) in enumerate(spans) if span.start <= offset <= span.end]
        return spans[min(held)[1]][1] if held else None


def as_json(value: Any, source: Source) -> Any:
    """A graph (or part of one) as plain JSON values; spans become {start, end, line, column, end_line, end_column}.

    ``start`` and ``end`` count UTF-16 units, as strings of JavaScript and CodeMirror do; columns count characters.
    """
    if isinstance(value, Span):
        (line, column), (end_line, end_column) = source.place(value.start), source.place(value.end)
        place = {"line": line, "column": column, "end_line": end_line, "end_column": end_column}
        return {"start": source.utf16(value.start), "end": source.utf16(value.end), **place}
    if isinstance(value, Graph):
        names = ("root", "hash", "notes", "origin", "extra", "nodes", "edges")
        return {name: as_json(getattr(value, name), source) for name in names}
    if isinstance(value, Argument | Repeat | Use | Node | Edge):
        return {name: as_json(getattr(value, name), source) for name in value.__slots__}
    if isinstance(value, Mapping):
        return {key: as_json(item, source) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [as_json(item, source) for item in value]
    return value


def from_json(values: Mapping[str, Any]) -> Graph:
    """A traced graph that came as :func:`as_json` wrote it. It has no source, so its places are left out."""
    nodes = [_node_of(item) for item in values["nodes"]]
    edges = [Edge(**{**item, "use": None}) for item in values["edges"]]
    plain = {name: values[name] for name in ("root", "hash", "origin", "extra")}
    return Graph(tuple(nodes), tuple(edges), notes=tuple(values["notes"]), **plain)


def _node_of(values: Mapping[str, Any]) -> Node:
    nowhere = {"location": None, "definition": None}
    args = tuple(Argument(**{**item, "span": Span(0, 0), "literal": None}) for item in values["args"])
    repeats = {name: Repeat(**{**values[name], "literal": None}) for name in ("repeat", "loop") if values[name]}
    return Node(**{**values, **nowhere, **repeats, "args": args})
