"""Gathers the facts of every node while a network runs: the watcher of trace.py."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from models.source.facts import Facts, Problem, Shape
from models.source.graph import Graph
from models.source.lookup import OPERATORS
from models.source.meters import Flops, Memory, own_tensors, shapes_of, tensors_in
from models.source.misfit import fitted, in_words, mend, misfit, stand_in
from models.source.receptive import ReceptiveFields
from models.source.text import Source
from models.source.trace import Watcher

MOST_PROBLEMS = 20


@dataclass
class Tally:
    """The facts of one node so far."""

    inputs: tuple[Shape, ...] = ()
    outputs: tuple[Shape, ...] = ()
    flops: int = 0
    output_bytes: int = 0
    receptive_field: Any = None
    calls: int = 0
    modules: dict[int, nn.Module] = field(default_factory=dict)


class Measure(Watcher):
    """Shapes, FLOPs, memory and receptive fields; a layer that does not fit is noted and given what it expects."""

    def __init__(self, graph: Graph, source: Source, network: nn.Module, flops: Flops, fields: ReceptiveFields) -> None:
        self.graph = graph
        self.source = source
        self.tallies: dict[str, Tally] = {}
        self.problems: list[Problem] = []
        self._flops = flops
        self._fields = fields
        self._memory = Memory(own_tensors(network))
        self._origins: dict[int, tuple[torch.Tensor, str]] = {}
        self._outer_flops = 0

    def begin(self, node: str, module: nn.Module | None, args: Any) -> Any:
        """Read the counter."""
        return self._flops.reading()

    def end(self, node: str, module: nn.Module | None, args: Any, result: Any, begun: Any) -> None:
        """Note what the node gave."""
        tally = self.tallies.setdefault(node, Tally())
        tally.calls += 1
        tally.flops += self._flops.reading() - begun
        if module is not None:
            tally.modules[id(module)] = module
        tally.output_bytes += sum(self._memory.new(tensor) for tensor in tensors_in(result))
        if tally.calls == 1 or self._in_steps(node):
            tally.inputs = tally.inputs or shapes_of(args)
            tally.outputs = shapes_of(result)
        windows = [window for tensor in tensors_in(result) if (window := self._fields.of(tensor)) is not None]
        if windows:
            tally.receptive_field = windows[0].told()
        self._remember(node, args, result)

    def _in_steps(self, node: str) -> bool:
        """Whether a node is a function of somebody's library, of which torch tells every step by itself."""
        op = self.graph.by_id[node].op
        return not op.startswith(("F.", "torch.", "Tensor.", "nn.")) and op not in OPERATORS.values()

    def _remember(self, node: str, args: Any, result: Any) -> None:
        """Which layer decided how wide the results are: it is named when they do not fit."""
        if self.graph.by_id[node].container:
            return
        given = next(tensors_in(args), None)
        for tensor in tensors_in(result):
            same = given is not None and tensor.dim() == given.dim() and tensor.shape[1:2] == given.shape[1:2]
            decided = node if not same or _sized(self.graph.by_id[node].op) else ""
            known = self._origins.get(id(given)) if given is not None else None
            self._origins[id(tensor)] = (tensor, decided or (known[1] if known else node))

    def replaced(self, node: str, module: nn.Module, args: tuple[Any, ...]) -> tuple[Any, ...] | None:
        """What a layer expects, where it is given something else; the problem is noted."""
        value = args[0] if args and isinstance(args[0], torch.Tensor) else None
        wrong = misfit(module, value) if value is not None and not self.graph.by_id[node].container else None
        if wrong is None or value is None:
            return None
        known = self._origins.get(id(value))
        source = self.graph.by_id[known[1]].spoken if known else "the input"
        place = self.graph.by_id[node]
        self._note(node, wrong.words(place.spoken, source), mend(place, wrong))
        mended = fitted(value, wrong)
        self._fields.same(mended, value)
        return (mended, *args[1:])

    def failed(self, node: str, args: Any, error: Exception) -> Any:
        """Note what an operation says, and go on with what it was given."""
        self._note(node, in_words(self.graph.by_id[node].spoken, args, error), None)
        value = stand_in(args)
        if value is None:
            raise error
        return value

    def _note(self, node: str, text: str, fix: Any) -> None:
        if len(self.problems) >= MOST_PROBLEMS or any(problem.node == node for problem in self.problems):
            return
        place = self.graph.by_id[node]
        span = place.location or place.definition
        line = self.source.place(span.start)[0] if span is not None else None
        self.problems.append(Problem(text, line, span, node, fix, certain=not self.problems))

    def facts(self, names: dict[int, str], saved: dict[str, int] | None) -> dict[str, Facts]:
        """The facts of every node, those of loops and functions as the sum of what is inside."""
        found: dict[str, Facts] = {}
        for node in reversed(self.graph.nodes):
            tally = self.tallies.get(node.id)
            if tally is None and not node.container:
                continue
            self._gather(node.id, tally or self._sum(node.id))
            tally = self.tallies[node.id]
            modules = tally.modules.values()
            found[node.id] = Facts(
                inputs=tally.inputs,
                outputs=tally.outputs,
                parameters=count({id(p): p for module in modules for p in module.parameters()}.values()),
                flops=tally.flops,
                output_bytes=tally.output_bytes,
                saved_bytes=None if saved is None else saved.get(node.id, 0),
                receptive_field=tally.receptive_field,
                calls=tally.calls,
                modules=tuple(names[id(module)] for module in modules if id(module) in names),
            )
        return dict(reversed(found.items()))

    def _gather(self, node: str, tally: Tally) -> None:
        """Memory of a container is that of what is inside, and its own."""
        self.tallies[node] = tally
        inside = [self.tallies[child.id] for child in self.graph.children.get(node, ()) if child.id in self.tallies]
        if self.graph.by_id[node].container:
            tally.output_bytes += sum(child.output_bytes for child in inside)

    def _sum(self, node: str) -> Tally:
        """A loop, or a function of the file: torch tells nothing of it as a whole."""
        inside = [self.tallies[child.id] for child in self.graph.children.get(node, ()) if child.id in self.tallies]
        total = Tally(calls=max((child.calls for child in inside), default=0))
        for child in inside:
            total.flops += child.flops
            total.modules |= child.modules
        ends = [child for child in self.graph.children.get(node, ()) if child.kind == "output"]
        sources = [edge.source for end in ends for edge in self.graph.into.get(end.id, ())]
        lasts = [self.tallies[source] for source in sources if source in self.tallies]
        total.outputs = tuple(shape for last in lasts for shape in last.outputs[:1])
        total.receptive_field = lasts[0].receptive_field if lasts else None
        return total


class Saving(Watcher):
    """The watcher of a run in training mode: which node is being computed when autograd keeps something."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._stack: list[str] = []
        self._bytes: dict[str | None, int] = {}

    def begin(self, node: str, module: nn.Module | None, args: Any) -> Any:
        """A node starts."""
        self._stack.append(node)

    def end(self, node: str, module: nn.Module | None, args: Any, result: Any, begun: Any) -> None:
        """It is done."""
        self._stack.pop()

    def see(self, size: int) -> None:
        """Autograd keeps so many bytes."""
        node = self._stack[-1] if self._stack else None
        self._bytes[node] = self._bytes.get(node, 0) + size

    def totals(self) -> dict[str, int]:
        """Bytes by node, what is inside counted for the containers around it as well; "" is the whole network."""
        found: dict[str, int] = {"": sum(self._bytes.values())}
        for node, size in self._bytes.items():
            for place in [node, *self._graph.ancestors(node)] if node is not None else []:
                found[place] = found.get(place, 0) + size
        return found


def count(parameters: Any) -> int:
    """How many numbers."""
    return sum(int(parameter.numel()) for parameter in parameters)


def _sized(op: str) -> bool:
    """Whether a layer has a width of its own, rather than that of its input."""
    return op.startswith(("nn.Conv", "nn.Linear", "nn.Embedding"))
