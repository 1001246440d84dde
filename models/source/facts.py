"""What running a network on the meta device tells: shapes, sizes and costs of every node, and what is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from models.source.edits import SetArgument
from models.source.graph import Graph, as_json
from models.source.text import Source, Span

Shape = tuple[int, ...]
Field = tuple[int, ...] | Literal["all"] | None


@dataclass(frozen=True)
class Facts:
    """One node. Shapes are those of the first time it ran, with the batch; ``calls`` is how often it ran.

    ``parameters`` are its numbers to learn (those of a layer used twice are given at both uses); ``flops`` floating
    point operations of all its calls as torch counts them (a multiply-add is two); ``output_bytes`` what its results
    take up anew (0 where they are views, or written in place); ``saved_bytes`` what it keeps for the backward pass, per
    batch; ``receptive_field`` the pixels of the input (rows, columns) that one value of the output can depend on, "all"
    where it is the whole image, None where it cannot be told. Costs of blocks hold those of what is inside.
    """

    inputs: tuple[Shape, ...] = ()
    outputs: tuple[Shape, ...] = ()
    parameters: int = 0
    flops: int = 0
    output_bytes: int = 0
    saved_bytes: int | None = None
    receptive_field: Field = None
    calls: int = 0
    modules: tuple[str, ...] = ()


@dataclass(frozen=True)
class Problem:
    """Something wrong, in words, for the line and the node where it belongs; ``fix`` is the edit that mends it.

    ``certain`` is False for what was found after another problem, on the supposition that the first one is mended.
    """

    text: str
    line: int | None = None
    span: Span | None = None
    node: str | None = None
    fix: SetArgument | None = None
    certain: bool = True


@dataclass(frozen=True)
class Totals:
    """The whole network: numbers to learn, of which ``trainable`` are not frozen; bytes of parameters and buffers;
    FLOPs and activation memory of the given batch."""

    parameters: int = 0
    trainable: int = 0
    weight_bytes: int = 0
    buffer_bytes: int = 0
    flops: int = 0
    output_bytes: int = 0
    saved_bytes: int | None = None


@dataclass(frozen=True)
class Report:
    """A graph with the facts of its nodes, for ``batch`` images; ``input`` and ``output`` are shapes with the batch."""

    graph: Graph
    facts: Mapping[str, Facts] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    totals: Totals = Totals()
    batch: int = 1
    input: Shape = ()
    output: tuple[Shape, ...] = ()
    notes: tuple[str, ...] = ()

    def as_json(self, source: Source) -> dict[str, Any]:
        """Plain JSON values; spans as in :func:`models.source.graph.as_json`."""
        problems = [
            {
                **{name: getattr(problem, name) for name in ("text", "line", "node", "certain")},
                "span": as_json(problem.span, source),
                "fix": problem.fix.as_json() if problem.fix else None,
            }
            for problem in self.problems
        ]
        return {
            "graph": as_json(self.graph, source),
            "facts": {node: asdict(facts) for node, facts in self.facts.items()},
            "problems": problems,
            "totals": asdict(self.totals),
            **{name: getattr(self, name) for name in ("batch", "input", "output", "notes")},
        }
