"""Which node of a graph a running call is: by the place of the call in the source, and by how often it was passed."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import FrameType

from models.source.graph import Graph, Node
from models.source.text import Source, Span

Turns = tuple[str, int | None]
"""A node and how often it is done in a row (None: any number)."""


class Sites:
    """The nodes of every container by the span of their call; elements of sequences by their order."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._by_span: dict[str | None, dict[Span, list[Turns]]] = {}
        self._by_end: dict[str | None, dict[int, list[Span]]] = {}
        self._ordered: dict[str | None, list[Turns]] = {}
        for parent, nodes in graph.children.items():
            holder = self._frame(parent)
            for node in nodes:
                self._enter(holder, node, self._times(node))

    def _frame(self, parent: str | None) -> str | None:
        """The container around a node that is a call in Python: a loop is none."""
        while parent is not None and self.graph.by_id[parent].kind == "repeat":
            parent = self.graph.by_id[parent].parent
        return parent

    def _times(self, node: Node) -> int | None:
        """How often a node is done in one call of its container."""
        total = 1
        current: Node | None = node
        while current is not None and (current is node or current.kind == "repeat"):
            if current.repeat is not None:
                if current.repeat.times is None:
                    return None
                total *= current.repeat.times
            current = self.graph.by_id[current.parent] if current.parent is not None else None
        return total

    def _enter(self, holder: str | None, node: Node, times: int | None) -> None:
        if node.kind in ("input", "output", "repeat", "parameter"):
            return
        if node.location is None:
            self._ordered.setdefault(holder, []).append((node.id, times))
            return
        spans = self._by_span.setdefault(holder, {})
        if node.location not in spans:
            self._by_end.setdefault(holder, {}).setdefault(node.location.end, []).append(node.location)
        spans.setdefault(node.location, []).append((node.id, times))

    def at(self, holder: str | None, span: Span, visit: int) -> str | None:
        """The node called at a span, for the n-th time that this place is passed."""
        spans = self._by_span.get(holder, {})
        turns = spans.get(span)
        if turns is None:  # Python moves the beginning of a call to the line of the method's name
            ends = [s for s in self._by_end.get(holder, {}).get(span.end, ()) if s.start <= span.start]
            turns = spans[max(ends)] if ends else None
        return _turn(turns, visit) if turns else None

    def element(self, holder: str | None, visit: int) -> str | None:
        """The n-th element of a sequence."""
        turns = self._ordered.get(holder)
        return _turn(turns, visit) if turns else None


def _turn(turns: list[Turns], visit: int) -> str:
    for node, times in turns:
        if times is None or visit < times:
            return node
        visit -= times
    return turns[-1][0]


@dataclass
class Passed:
    """How often places were passed in one call of a container."""

    counts: dict[tuple[str | None, Span | None], int] = field(default_factory=dict)
    inner: dict[tuple[str | None, Span], tuple[FrameType, str | None]] = field(default_factory=dict)

    def visit(self, holder: str | None, span: Span | None) -> int:
        """The number of this visit, from 0."""
        number = self.counts.get((holder, span), 0)
        self.counts[holder, span] = number + 1
        return number

    def forget(self, holder: str | None) -> None:
        """A function was called again: its places are passed anew."""
        self.counts = {key: count for key, count in self.counts.items() if key[0] != holder}


class Places:
    """Spans of what frames of the network's source are doing."""

    def __init__(self, source: Source, file: str) -> None:
        self._source = source
        self._file = file
        self._positions: dict[int, list[tuple[int | None, int | None, int | None, int | None]]] = {}
        self._codes: list[object] = []

    def frames(self, frame: FrameType | None, above: int) -> list[FrameType]:
        """The frames of the source between the innermost one and stack depth ``above``, outermost first."""
        stack: list[FrameType] = []
        while frame is not None:
            stack.append(frame)
            frame = frame.f_back
        inner = stack[: len(stack) - above]
        return [f for f in reversed(inner) if f.f_code.co_filename == self._file]

    def span(self, frame: FrameType) -> Span | None:
        """The expression that a frame is computing."""
        key = id(frame.f_code)
        if key not in self._positions:
            self._positions[key] = list(frame.f_code.co_positions())
            self._codes.append(frame.f_code)
        line, end_line, column, end_column = self._positions[key][frame.f_lasti // 2]
        if line is None or end_line is None or column is None or end_column is None:
            return None
        return Span(self._source.offset(line, column), self._source.offset(end_line, end_column))


def depth(frame: FrameType | None) -> int:
    """How many frames are on the stack up to this one."""
    count = 0
    while frame is not None:
        count += 1
        frame = frame.f_back
    return count
