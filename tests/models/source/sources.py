"""Small networks for the tests, each with one way of writing things; and a graph as lines of text."""

from __future__ import annotations

from models.source.graph import Graph

HEAD = "import torch\nimport torch.nn.functional as F\nfrom torch import nn\n\n\n"


def network(init: str, forward: str, *, before: str = "", parameters: str = "") -> str:
    """The source of a class Net with these bodies."""

    def body(text: str) -> str:
        return "".join(f"        {line}\n" if line else "\n" for line in text.strip("\n").split("\n"))

    return (
        f"{HEAD}{before}class Net(nn.Module):\n    def __init__(self, channels=3, classes=10{parameters}):\n"
        f"        super().__init__()\n{body(init)}\n    def forward(self, x):\n{body(forward)}"
    )


def lines(graph: Graph, parent: str | None = None) -> list[str]:
    """The edges below one parent as "a > b", in slot order of the targets."""
    inside = {node.id for node in graph.children.get(parent, ())}
    bare = {node.id: node.id.rsplit("/", 1)[-1] for node in graph.nodes}
    return [
        f"{bare[e.source]} > {bare[e.target]}" for n in graph.nodes if n.id in inside for e in graph.into.get(n.id, ())
    ]


COMMENTED = '''"""A network with comments everywhere."""  # first

import torch
import torch.nn.functional as F
from torch import nn


class Net(nn.Module):  # the class
    # about the constructor
    def __init__(self, channels, classes):
        super().__init__()
        # the first layer
        self.conv1 = nn.Conv2d(channels, 20, 5)  # twenty filters
        self.conv2 = nn.Conv2d(
            20,  # from conv1
            50,
            kernel_size = 5,   # odd spacing stays
        )
        # about dropout
        self.drop = nn.Dropout(0.5)  # half
        self.fc1 = nn.Linear(50 * 16, 500); self.fc2 = nn.Linear(500, classes)  # two in a line

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)  # halve
        # second stage
        x = F.max_pool2d(
            F.relu(self.conv2(x)),  # inner comment
            2,
        )
        y = {"unknown": 'code'}  # stays as it is
        x = self.drop(x.flatten(1))
        return self.fc2(F.relu(self.fc1(x)))  # scores
'''
