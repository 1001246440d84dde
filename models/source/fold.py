"""What of a graph is drawn: closed containers, and runs of like neighbours as one node with a count. Pure.

A run is found as people see it: neighbours whose insides are the same but for the sizes of what comes in. ResNet-152
with its stages open is 21 nodes, and 5,000 nodes are a few dozen until somebody opens them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from models.source.graph import Edge, Graph, Node

_LONGEST_PATTERN = 8
_INCOMING = frozenset({"in_channels", "in_features", "num_features", "num_channels", "normalized_shape", "inputs"})
"""Arguments that say what arrives; they differ between neighbours that are otherwise the same."""


@dataclass(frozen=True)
class Shown:
    """One node of the drawing.

    ``kind`` "node": a node of the graph, ``open`` where its inside is drawn as well. "run": ``members`` in a row that
    are alike, ``times`` times a pattern of ``len(members) / times`` nodes; its id opens it. ``parent`` is the open
    container around it. ``count`` is how many call sites of the graph it stands for, itself included.
    """

    id: str
    kind: Literal["node", "run"]
    label: str
    op: str
    parent: str | None
    members: tuple[str, ...]
    times: int | None = 1
    open: bool = False
    count: int = 1


@dataclass(frozen=True)
class Link:
    """One line of the drawing, for one or more edges of the graph (by their ids, from the outermost to the innermost at
    the target's end)."""

    source: str
    target: str
    edges: tuple[str, ...]


@dataclass(frozen=True)
class View:
    """The nodes and lines to draw. Parents stand before their children."""

    nodes: tuple[Shown, ...]
    links: tuple[Link, ...]


def view(graph: Graph, open: Iterable[str] = (), *, fold: bool = True) -> View:
    """What to draw when the containers and runs of these ids are open. ``fold=False`` draws every neighbour by itself.

    Inputs and outputs of an open container are not drawn: lines go through to what is inside.
    """
    return _View(graph, frozenset(open), fold).view()


def opened(graph: Graph, depth: int) -> frozenset[str]:
    """The containers to open so that ``depth`` levels are drawn (0: only the outermost)."""
    return frozenset(node.id for node in graph.nodes if node.container and node.id.count("/") < depth)


def path_to(graph: Graph, node: str, *, fold: bool = True) -> frozenset[str]:
    """What must be open so that a node is drawn by itself: the containers around it, and the runs that hold them."""
    needed: set[str] = set()
    known = signatures(graph) if fold else {}
    for place in [*reversed(list(graph.ancestors(node))), node]:
        parent = graph.by_id[place].parent
        runs = _runs(graph, _inner(graph, parent), known) if fold else []
        needed |= {_run_id(run) for run in runs if len(run[0]) > 1 and place in {member.id for member in run[0]}}
        if place != node:
            needed.add(place)
    return frozenset(needed)


def unfolded(graph: Graph, open: Iterable[str]) -> dict[str, str]:
    """The members of runs that are open, each with the id of its run: closing that id folds them again."""
    found: dict[str, str] = {}
    known: dict[str, str] | None = None
    for name in open:
        first = graph.by_id.get(name.split("..")[0]) if ".." in name else None
        if first is None:
            continue
        known = known if known is not None else signatures(graph)
        for members, times in _runs(graph, _inner(graph, first.parent), known):
            if len(members) > 1 and _run_id((members, times)) == name:
                found |= {member.id: name for member in members}
    return found


Run = tuple[tuple[Node, ...], int]
"""Neighbours, and how often their pattern comes in them."""


class _View:
    """Collects what is drawn, level by level."""

    def __init__(self, graph: Graph, open: frozenset[str], fold: bool) -> None:
        self.graph = graph
        self._open = open
        self._fold = fold
        self._nodes: list[Shown] = []
        self._shown: dict[str, str] = {}
        self._inside: set[str] = set()
        self._sizes = _sizes(graph)
        self._kinds = signatures(graph) if fold else {}

    def view(self) -> View:
        """The whole drawing."""
        self._level(None)
        return View(tuple(self._nodes), self._links())

    def _level(self, parent: str | None) -> None:
        children = _inner(self.graph, parent)
        runs = _runs(self.graph, children, self._kinds) if self._fold else [((node,), 1) for node in children]
        for members, times in runs:
            if len(members) > 1 and _run_id((members, times)) not in self._open:
                self._run(members, times, parent)
            else:
                for node in members:
                    self._node(node, parent)

    def _node(self, node: Node, parent: str | None) -> None:
        inside = node.container and node.id in self._open
        times = node.repeat.times if node.repeat is not None else 1
        self._nodes.append(
            Shown(node.id, "node", node.label, node.op, parent, (node.id,), times, inside, self._sizes[node.id])
        )
        self._shown[node.id] = node.id
        if inside:
            self._inside.add(node.id)
            self._level(node.id)

    def _run(self, members: tuple[Node, ...], times: int, parent: str | None) -> None:
        name = _run_id((members, times))
        label = f"{members[0].label} - {members[-1].label}"
        size = sum(self._sizes[node.id] for node in members)
        op = " ".join(dict.fromkeys(node.op for node in members[: len(members) // times]))
        ids = tuple(node.id for node in members)
        self._nodes.append(Shown(name, "run", label, op, parent, ids, times, False, size))
        self._shown |= dict.fromkeys(ids, name)

    def _links(self) -> tuple[Link, ...]:
        """Every edge between what is drawn, led through the inputs and outputs of open containers."""
        found: dict[tuple[str, str], list[str]] = {}
        for edge in self.graph.edges:
            if edge.source not in self._shown or edge.target not in self._shown:
                continue  # an end of an open container: the edges outside of it lead through
            for source, before in self._sources(edge.source, edge.index, ()):
                for target, after in self._targets(edge, ()):
                    if source != target:
                        found.setdefault((source, target), []).extend((*before, edge.id, *after))
        return tuple(Link(a, b, tuple(dict.fromkeys(edges))) for (a, b), edges in found.items())

    def _sources(self, node: str, index: int | None, path: tuple[str, ...]) -> list[tuple[str, tuple[str, ...]]]:
        """What is drawn at the beginning of an edge; the inside of an open container, through its output."""
        if node not in self._inside:
            return [(self._shown[node], path)] if node in self._shown else []
        ends = [child for child in self.graph.children.get(node, ()) if child.kind == "output"]
        chosen = ends[index or 0 : (index or 0) + 1] if len(ends) > 1 else ends
        into = [edge for end in chosen for edge in self.graph.into.get(end.id, ())]
        return [found for edge in into for found in self._through(edge, (*path, edge.id))]

    def _through(self, edge: Edge, path: tuple[str, ...]) -> list[tuple[str, tuple[str, ...]]]:
        """The beginning of an edge inside a container; where that is the container's own input, what is given to it."""
        node = self.graph.by_id[edge.source]
        if node.kind != "input" or node.parent is None:
            return self._sources(edge.source, edge.index, path)
        given = self._given(node)
        return [] if given is None else self._through(given, (*path, given.id))

    def _given(self, entry: Node) -> Edge | None:
        """The edge that leads to an input node of a container."""
        parent = entry.parent or ""
        entries = [child.id for child in self.graph.children.get(parent, ()) if child.kind == "input"]
        edges = [edge for edge in self.graph.into.get(parent, ()) if edge.slot == entries.index(entry.id)]
        return edges[0] if edges else None

    def _targets(self, edge: Edge, path: tuple[str, ...]) -> list[tuple[str, tuple[str, ...]]]:
        """What is drawn at the end of an edge; in an open container, everything that uses its input."""
        if edge.target not in self._inside:
            return [(self._shown[edge.target], path)] if edge.target in self._shown else []
        entries = [child for child in self.graph.children.get(edge.target, ()) if child.kind == "input"]
        if edge.slot >= len(entries):
            return []
        inner = self.graph.out_of.get(entries[edge.slot].id, ())
        return [found for use in inner for found in self._targets(use, (*path, use.id))]


def _inner(graph: Graph, parent: str | None) -> tuple[Node, ...]:
    """The nodes of a level that are drawn: of an open container, all but its inputs and outputs."""
    children = graph.children.get(parent, ())
    return children if parent is None else tuple(n for n in children if n.kind not in ("input", "output"))


def _sizes(graph: Graph) -> dict[str, int]:
    """How many call sites every node holds, itself included."""
    sizes = {node.id: int(node.kind not in ("input", "output")) or 1 for node in graph.nodes}
    for node in reversed(graph.nodes):
        if node.parent is not None and node.kind not in ("input", "output"):
            sizes[node.parent] += sizes[node.id]
    return sizes


def _run_id(run: Run) -> str:
    members, _ = run
    return f"{members[0].id}..{members[-1].id.rsplit('/', 1)[-1]}"


def _runs(graph: Graph, children: tuple[Node, ...], known: Mapping[str, str]) -> list[Run]:
    """Neighbours in order, like ones together."""
    kinds = [known[node.id] for node in children]
    linked = {node.id: {edge.target for edge in graph.out_of.get(node.id, ())} for node in children}
    runs: list[Run] = []
    start = 0
    while start < len(children):
        width, times = _pattern(kinds, start, children, linked)
        runs.append((children[start : start + width * times], times))
        start += width * times
    return runs


def _pattern(
    kinds: list[str], start: int, children: tuple[Node, ...], linked: Mapping[str, set[str]]
) -> tuple[int, int]:
    """The pattern at ``start`` that covers most neighbours: its width and how often it comes. One node may come twice
    to be a run; a longer pattern must come three times."""
    best = (1, 1)
    for width in range(1, _LONGEST_PATTERN + 1):
        times = 1
        while _again(kinds, start, width, times, children, linked):
            times += 1
        enough = times >= (2 if width == 1 else 3)
        if enough and width * times > best[0] * best[1]:
            best = (width, times)
    return best


def _again(
    kinds: list[str],
    start: int,
    width: int,
    times: int,
    children: tuple[Node, ...],
    linked: Mapping[str, set[str]],
) -> bool:
    """Whether the pattern comes once more, and the turn before leads to it."""
    first, next_ = start, start + width * times
    if next_ + width > len(children) or kinds[first : first + width] != kinds[next_ : next_ + width]:
        return False
    if any(node.kind in ("input", "output") for node in children[next_ : next_ + width]):
        return False
    after = {node.id for node in children[next_ : next_ + width]}
    return any(linked[node.id] & after for node in children[next_ - width : next_])


def signatures(graph: Graph) -> dict[str, str]:
    """What every node is, without its name and without the sizes of what comes in; the same text for like nodes."""
    found: dict[str, str] = {}
    numbers: dict[str, str] = {}
    for node in reversed(graph.nodes):  # children stand behind their parents
        inner = " ".join(found[child.id] for child in _inner(graph, node.id))
        plain = node.kind in ("block", "call") and inner  # what is inside says more than its arguments
        args = "" if plain else ",".join(f"{a.name}={a.value or a.text}" for a in node.args if a.name not in _INCOMING)
        turns = f"x{node.repeat.times or node.repeat.count}" if node.repeat is not None else ""
        text = f"{node.kind}:{node.op}({args}){turns}[{inner}]"
        found[node.id] = numbers.setdefault(text, str(len(numbers)))  # short, however deep the nesting
    return found
