"""Draws the graph while the forward is read: nodes, edges, and values that enter a block or a loop from outside."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace

from models.source.graph import Edge, Node, Use
from models.source.values import Tensor

MOST_NODES = 20_000
"""Nodes of one graph; what comes after is left out, and the graph says so."""


_FROM_OUTSIDE = "This value comes into the block from outside; choose the edge inside."


class TooLarge(Exception):
    """Reading takes too long or the graph grows too large; the message says which, in words."""


@dataclass(eq=False)
class Drawing:
    """One level of the graph: the network (``container`` None) or the inside of a container node."""

    container: str | None
    outer: Drawing | None = None
    names: Counter[str] = field(default_factory=Counter)
    captured: dict[tuple[str, int | None, str], Tensor] = field(default_factory=dict)
    slots: Counter[str] = field(default_factory=Counter)


class Recorder:
    """Collects nodes and edges. ``node`` and ``connect`` work in the drawing opened last."""

    def __init__(self) -> None:
        self.nodes: dict[str, Node] = {}
        self.edges: dict[str, Edge] = {}
        self.drawing = Drawing(None)

    def add(self, node: Node) -> Tensor:
        """Draw a node here; ``node.id`` is its bare name, which gets a number and the path in front."""
        if len(self.nodes) >= MOST_NODES:
            raise TooLarge(f"The network has more than {MOST_NODES:,} call sites; the rest is not drawn.")
        self.drawing.names[node.id] += 1
        return self._place(f"{node.id}#{self.drawing.names[node.id]}", node)

    def add_child(self, node: Node) -> Tensor:
        """Draw a node whose bare name is unique here already (the number of an element)."""
        if len(self.nodes) >= MOST_NODES:
            raise TooLarge(f"The network has more than {MOST_NODES:,} call sites; the rest is not drawn.")
        return self._place(node.id, node)

    def _place(self, name: str, node: Node) -> Tensor:
        parent = self.drawing.container
        path = f"{parent}/{name}" if parent else name
        self.nodes[path] = replace(node, id=path, parent=parent)
        return Tensor(path, self.drawing)

    def amend(self, node: str, **changes: object) -> None:
        """Change fields of a drawn node."""
        self.nodes[node] = replace(self.nodes[node], **changes)  # type: ignore[arg-type]

    def forget(self, container: str) -> None:
        """Take back a container that turned out to draw nothing but what entered it."""
        inside = [node for node in self.nodes.values() if node.parent == container]
        if all(node.kind == "input" for node in inside):
            for node in (container, *(node.id for node in inside)):
                del self.nodes[node]
            self.edges = {name: edge for name, edge in self.edges.items() if edge.target != container}

    def open(self, container: str) -> None:
        """Draw inside of this node from now on."""
        self.drawing = Drawing(container, self.drawing)

    def close(self) -> None:
        """Leave the inside of a container."""
        if self.drawing.outer is not None:
            self.drawing = self.drawing.outer

    def connect(self, tensor: Tensor, target: str, use: Use | None, reason: str | None = None) -> None:
        """Draw an edge to a node of the current drawing; a value from outside enters through the containers around."""
        tensor = self.bring(tensor, use)
        drawing = self.drawing
        slot = drawing.slots[target]
        drawing.slots[target] += 1
        self._edge(tensor, target, slot, use, reason)

    def _edge(self, tensor: Tensor, target: str, slot: int, use: Use | None, reason: str | None) -> None:
        name = f"{tensor.node}->{target}:{slot}"
        if use is None and reason is None:
            reason = "Nothing in the source stands for this edge alone."
        self.edges[name] = Edge(name, tensor.node, target, slot, use, tensor.index, None if use else reason)

    def bring(self, tensor: Tensor, use: Use | None = None, name: str = "") -> Tensor:
        """The value as this drawing knows it: its own, or an input node made for it in every container between."""
        around = self._around()
        while tensor.drawing not in around:  # it was made in a container that is closed: the container gives it
            tensor = Tensor(tensor.drawing.container or "", tensor.drawing.outer)
        for drawing in around[around.index(tensor.drawing) + 1 :]:
            tensor = self.enter(drawing, tensor, None, name)
        return tensor

    def _around(self) -> list[Drawing]:
        around = [self.drawing]
        while around[-1].outer is not None:
            around.append(around[-1].outer)
        return around[::-1]

    def enter(
        self, drawing: Drawing, tensor: Tensor, use: Use | None, name: str, *, reason: str | None = None
    ) -> Tensor:
        """An input node in ``drawing`` for a value of the drawing around it, made once."""
        key = (tensor.node, tensor.index, name)
        if key in drawing.captured:
            return drawing.captured[key]
        inside, container = self.drawing, drawing.container or ""
        self.drawing = drawing
        label = name or self.nodes[tensor.node].label
        drawing.captured[key] = self.add(Node(f"in_{label}", label, "input", "input"))
        self.drawing = inside
        outer = drawing.outer or drawing
        slot = outer.slots[container]
        outer.slots[container] += 1
        self._edge(tensor, container, slot, use, reason or _FROM_OUTSIDE)
        return drawing.captured[key]

    def output(self, tensor: Tensor, use: Use | None, reason: str | None = None, label: str = "output") -> Tensor:
        """Draw that a value leaves the current drawing."""
        node = self.add(Node("output", label, "output", "output"))
        self.connect(tensor, node.node, use, reason)
        return node
