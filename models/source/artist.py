"""Draws operations that come one after another, each with the modules around it: what tracers and files give."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from models.source.graph import Node
from models.source.recorder import Drawing, Recorder
from models.source.values import Tensor

LOCKED = "It was traced from a running network, which has no source to edit."
Stack = Sequence[tuple[str, str]]
"""Modules around an operation, outermost first: path (``name@2`` for its second call) and class."""


class Artist:
    """``enter`` opens and closes containers, ``connect`` leads a value in and out of them; ``board`` has the graph."""

    def __init__(self, locked: str = LOCKED) -> None:
        self.board = Recorder()
        self.locked = locked
        self._open: list[tuple[str, str]] = []
        self._left: dict[tuple[str, int], str] = {}

    def enter(self, stack: Stack) -> None:
        """Close and open containers until the open ones are those around the next operation."""
        common = 0
        while common < min(len(stack), len(self._open)) and stack[common] == self._open[common]:
            common += 1
        while len(self._open) > common:
            self._open.pop()
            self.board.close()
        for path, kind in stack[common:]:
            name = path.split("@")[0]
            label = name.rsplit(".", 1)[-1]
            sequence = kind.endswith("Sequential")
            drawn = Node(label, label, "sequence" if sequence else "block", kind, module=name, locked=self.locked)
            self.board.open(self.board.add(drawn).node)
            self._open.append((path, kind))

    def connect(self, tensor: Tensor, target: str) -> None:
        """An edge to a node of the open drawing; it leaves containers through outputs and enters through inputs."""
        here = self.board.drawing
        around = list(_around(here))
        while tensor.drawing not in around:
            self.board.drawing = tensor.drawing
            self._leave(tensor)
            outer: Drawing = tensor.drawing
            tensor = Tensor(outer.container or "", outer.outer)
            self.board.drawing = here
        self.board.connect(tensor, target, None, self.locked)

    def _leave(self, tensor: Tensor) -> None:
        key = (tensor.node, id(tensor.drawing))
        if key not in self._left:
            self._left[key] = self.board.output(tensor, None, self.locked).node


def _around(drawing: Drawing | None) -> Iterator[Drawing]:
    while drawing is not None:
        yield drawing
        drawing = drawing.outer
