"""What changed between two networks, in the terms of their layers rather than of their text. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from models.source.facts import Facts, Shape
from models.source.graph import Graph, Node


@dataclass(frozen=True)
class ArgumentChange:
    """One argument before and after (None: not given), by value where that is known, else as written."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class LayerChange:
    """A call site that both networks have. ``renamed`` is the old label where it differs; shapes and counts are told
    where both reports have them."""

    before: str
    after: str
    label: str
    op: str
    was: str | None = None
    renamed: str | None = None
    arguments: tuple[ArgumentChange, ...] = ()
    rewired: bool = False
    shape_before: Shape | None = None
    shape_after: Shape | None = None
    parameters: int = 0
    flops: int = 0


@dataclass(frozen=True)
class Named:
    """A call site that only one of the networks has."""

    node: str
    label: str
    op: str
    parameters: int = 0
    flops: int = 0


@dataclass(frozen=True)
class Difference:
    """``removed`` from the first network, ``added`` in the second, ``changed`` in both; ``parameters`` and ``flops``
    are what the second has more than the first (negative: less), None where they were not measured."""

    added: tuple[Named, ...] = ()
    removed: tuple[Named, ...] = ()
    changed: tuple[LayerChange, ...] = ()
    parameters: int | None = None
    flops: int | None = None

    @property
    def same(self) -> bool:
        """Whether the networks do the same in the same way (comments, spacing and helper functions aside)."""
        return not (self.added or self.removed or self.changed)


@dataclass(frozen=True)
class Side:
    """One of the two networks: its graph, and its facts where it was measured."""

    graph: Graph
    facts: Mapping[str, Facts] = field(default_factory=dict)
    parameters: int | None = None
    flops: int | None = None


def difference(before: Side, after: Side) -> Difference:
    """Compare two networks level by level: first what has the same name and kind, then what stands between."""
    pairs = list(_level(before.graph, after.graph, None, None))
    matched = [(a, b) for a, b in pairs if a is not None and b is not None]
    partner = {a.id: b.id for a, b in matched}
    changes = [change for a, b in matched if (change := _change(before, after, a, b, partner)) is not None]
    both = [(getattr(after, name), getattr(before, name)) for name in ("parameters", "flops")]
    deltas = [None if new is None or old is None else new - old for new, old in both]
    return Difference(
        added=tuple(_named(b, after.facts) for a, b in pairs if a is None and b is not None),
        removed=tuple(_named(a, before.facts) for a, b in pairs if b is None and a is not None),
        changed=tuple(changes),
        parameters=deltas[0],
        flops=deltas[1],
    )


Pair = tuple[Node | None, Node | None]


def _level(before: Graph, after: Graph, parent_a: str | None, parent_b: str | None) -> Iterator[Pair]:
    """The nodes of one level side by side, and of the levels below where both have one."""
    old, new = before.children.get(parent_a, ()), after.children.get(parent_b, ())
    for a, b in _align(old, new):
        if a is not None and b is not None:
            yield a, b
            if a.container and b.container:
                yield from _level(before, after, a.id, b.id)
        else:
            yield a, b
            graph, node = (before, a) if a is not None else (after, b)
            if node is not None:
                yield from _alone(graph, node, first=a is not None)


def _alone(graph: Graph, node: Node, *, first: bool) -> Iterator[Pair]:
    """What is inside of a node that only one side has."""
    for child in graph.children.get(node.id, ()):
        if child.kind not in ("input", "output"):
            yield (child, None) if first else (None, child)
            yield from _alone(graph, child, first=first)


def _align(old: tuple[Node, ...], new: tuple[Node, ...]) -> list[Pair]:
    """Neighbours of both sides in one list: equal names and kinds first, then equal kinds between them."""
    names = SequenceMatcher(None, [_key(node) for node in old], [_key(node) for node in new], autojunk=False)
    pairs: list[Pair] = []
    for tag, a, a_end, b, b_end in names.get_opcodes():
        if tag == "equal":
            pairs += zip(old[a:a_end], new[b:b_end], strict=True)
        else:
            pairs += _by_kind(old[a:a_end], new[b:b_end])
    return pairs


def _by_kind(old: tuple[Node, ...], new: tuple[Node, ...]) -> list[Pair]:
    """Nodes of one kind under other names are the same ones renamed; equal names of another kind were swapped."""
    pairs: list[Pair] = []
    kinds = SequenceMatcher(None, [node.op for node in old], [node.op for node in new], autojunk=False)
    for tag, a, a_end, b, b_end in kinds.get_opcodes():
        if tag == "equal":
            pairs += zip(old[a:a_end], new[b:b_end], strict=True)
            continue
        rest = list(new[b:b_end])
        for node in old[a:a_end]:
            other = next((candidate for candidate in rest if candidate.label == node.label), None)
            if other is not None:
                rest.remove(other)
            pairs.append((node, other))
        pairs += [(None, node) for node in rest]
    return pairs


def _key(node: Node) -> tuple[str, str]:
    return node.label, node.op


def _change(before: Side, after: Side, a: Node, b: Node, partner: Mapping[str, str]) -> LayerChange | None:
    """How a call site differs, None where it does not."""
    old, new = before.facts.get(a.id), after.facts.get(b.id)
    shapes = (_shape(old), _shape(new))
    change = LayerChange(
        before=a.id,
        after=b.id,
        label=b.label,
        op=b.op,
        was=a.op if a.op != b.op else None,
        renamed=a.label if a.label != b.label else None,
        arguments=tuple(_arguments(a, b)),
        rewired=_sources(before.graph, a, partner) != _sources(after.graph, b, None),
        shape_before=shapes[0] if old and new and shapes[0] != shapes[1] else None,
        shape_after=shapes[1] if old and new and shapes[0] != shapes[1] else None,
        parameters=new.parameters - old.parameters if old and new else 0,
        flops=new.flops - old.flops if old and new else 0,
    )
    own = (change.was, change.renamed, change.arguments, change.rewired)
    sizes = not b.container and (change.shape_after is not None or change.parameters)
    return change if any(own) or sizes else None


def _sources(graph: Graph, node: Node, partner: Mapping[str, str] | None) -> list[str]:
    """Where a node takes its values from, as the second graph calls them; what that one lacks is passed over."""
    found = []
    for edge in graph.into.get(node.id, ()):
        source = edge.source if partner is None else partner.get(edge.source)
        if source is not None:
            found.append(f"{source}:{edge.index or 0}")
    return found


def _arguments(a: Node, b: Node) -> Iterator[ArgumentChange]:
    old = {argument.name or str(i): argument.value or argument.text for i, argument in enumerate(a.args)}
    new = {argument.name or str(i): argument.value or argument.text for i, argument in enumerate(b.args)}
    if a.op == "nn.Sequential" and not a.maker:
        return  # its arguments are its children, which are compared by themselves
    for name in dict.fromkeys((*old, *new)):
        if old.get(name) != new.get(name):
            yield ArgumentChange(name, old.get(name), new.get(name))
    turns = [(n.repeat.times if n.repeat.times is not None else n.repeat.count) if n.repeat else 1 for n in (a, b)]
    if turns[0] != turns[1]:
        yield ArgumentChange("times", str(turns[0]), str(turns[1]))


def _shape(facts: Facts | None) -> Shape | None:
    return facts.outputs[0] if facts is not None and facts.outputs else None


def _named(node: Node, facts: Mapping[str, Facts]) -> Named:
    known = facts.get(node.id, Facts())
    return Named(node.id, node.label, node.op, known.parameters, known.flops)
