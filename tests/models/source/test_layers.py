"""Which modules what is drawn stands for: blocks, runs, loops, and functions that have none."""

from __future__ import annotations

from models.networks import networks
from models.source.fold import view
from models.source.layers import layers_of
from models.source.parse import read
from models.source.text import Source

LOOPS = """
from torch import nn
import torch.nn.functional as F


class Net(nn.Module):
    def __init__(self, channels, classes, depth):
        super().__init__()
        self.first = nn.ModuleList([nn.Linear(8, 8) for _ in range(depth)])
        layers = [nn.Conv2d(8, 8, 1)]
        for _ in range(4):
            layers.append(nn.Conv2d(8, 8, 3))
        self.body = nn.Sequential(*layers, nn.Flatten())

    def forward(self, x):
        for one in self.first:
            x = one(x)
        return F.relu(self.body(x))
"""


def names(source: str, *open: str) -> dict[str, list[str]]:
    graph = read(Source(source), arguments={"channels": 3, "height": 64, "width": 64, "classes": 10})
    return layers_of(graph, view(graph, set(open)))


def test_blocks_and_runs_are_the_modules_inside() -> None:
    source = networks["squeezenet"].source
    assert names(source)["features#1"] == ["features"]
    opened = names(source, "features#1", "features#1/5")
    assert opened["features#1/3..4"] == ["features.3", "features.4"]
    assert opened["features#1/5/squeeze#1"] == ["features.5.squeeze"]
    assert opened["features#1/5/cat#1"] == []


def test_loops_name_every_turn() -> None:
    found = names(LOOPS, "body#1")
    assert found["body#1/1"] == ["body.1", "body.2", "body.3", "body.4"]
    assert found["repeat#1"] == ["first.*"]
    assert found["relu#1"] == []
