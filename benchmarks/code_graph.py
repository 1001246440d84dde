"""Code and graph side by side: a 100-layer network drawn, edited and folded well within 200 ms, warm.

Reading is compared with what LibCST alone needs to parse the same text with positions, before any graph is made.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import libcst
from libcst.metadata import MetadataWrapper, PositionProvider

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks._harness import Claim, arguments, interleave, ratio, table, verdict
from models.source.edit import apply
from models.source.edits import AddSkip, Delete, InsertOnEdge, SetArgument
from models.source.fold import view
from models.source.graph import Edge, Graph, Node
from models.source.parse import read
from models.source.text import digest

LIMIT = 200.0


def network(layers: int) -> str:
    """A network of so many convolutions, each written on lines of its own, with comments."""
    made = "".join(
        f"        self.conv{i} = nn.Conv2d({64 if i else 3}, 64, 3, padding=1)  # {i}\n" for i in range(layers)
    )
    used = "".join(f"        x = F.relu(self.conv{i}(x))\n" for i in range(layers))
    return (
        "import torch.nn.functional as F\nfrom torch import nn\n\n\nclass Net(nn.Module):\n"
        f"    def __init__(self, channels=3, classes=10):\n        super().__init__()\n{made}"
        f"        self.fc = nn.Linear(64, classes)\n\n    def forward(self, x):\n{used}"
        "        return self.fc(x.mean((2, 3)))\n"
    )


def wide(nodes: int) -> Graph:
    """A chain of so many call sites of three kinds that do not repeat, so that little of it folds."""
    kinds = ("nn.ReLU", "nn.GELU", "nn.Tanh")
    made = [Node(f"n{i}", f"n{i}", "layer", kinds[(i * i + i // 7) % 3]) for i in range(nodes)]
    edges = [Edge(f"e{i}", f"n{i}", f"n{i + 1}", 0, reason="made up") for i in range(nodes - 1)]
    return Graph(tuple(made), tuple(edges), "Net", "")


def milliseconds(work: Callable[[], object]) -> Callable[[], float]:
    """How long a call takes."""

    def run() -> float:
        start = time.perf_counter()
        work()
        return (time.perf_counter() - start) * 1000

    return run


def main() -> None:
    """Measure, print, and end with 1 if a claim is missed."""
    options = arguments(__doc__ or "")
    source = network(100)
    graph = read(source)
    key = digest(source)
    edits = {
        "insert on an edge": InsertOnEdge(edge="conv50#1->relu#51:0", op="nn.BatchNorm2d"),
        "delete": Delete(node="conv50#1"),
        "set an argument": SetArgument(node="conv50#1", argument="bias", value="False"),
        "add a skip": AddSkip(node="relu#40", edge="conv50#1->relu#51:0"),
    }
    large = wide(5000)
    variants: dict[str, Callable[[], float]] = {
        "source to graph": milliseconds(lambda: read(source)),
        "LibCST with positions": milliseconds(
            lambda: MetadataWrapper(libcst.parse_module(source), unsafe_skip_copy=True).resolve(PositionProvider)
        ),
        "fold 5,000 unlike nodes": milliseconds(lambda: view(large)),
    }
    for name, edit in edits.items():
        variants[name] = milliseconds(lambda edit=edit: apply(source, edit, key, graph=graph))  # type: ignore[misc]
    interleave(variants, 1)  # warm
    results = interleave(variants, 3 if options.quick else 15)
    table(results, "ms")
    slowest = max(median(results[name]) for name in edits)
    verdict(
        Claim("source of 100 layers to graph, ms", median(results["source to graph"]), most=LIMIT),
        Claim("slowest graph edit to code and new graph, ms", slowest, most=LIMIT),
        Claim("what to draw of 5,000 nodes, ms", median(results["fold 5,000 unlike nodes"]), most=LIMIT),
        Claim(
            "times faster than LibCST's positions", ratio(results, "LibCST with positions", "source to graph"), least=1
        ),
    )


if __name__ == "__main__":
    main()
