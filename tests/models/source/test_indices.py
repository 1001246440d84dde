"""Layers that the code asks for by their number keep their meaning when others come and go before them."""

from __future__ import annotations

import pytest

from models.networks import networks
from models.source.edit import apply
from models.source.edits import Delete, Duplicate, InsertOnEdge, SetArgument
from models.source.parse import read
from models.source.workbench import CannotEdit

SOURCE = """from torch import nn


class Net(nn.Module):
    def __init__(self, channels, classes):
        super().__init__()
        self.body = nn.Sequential(
            nn.Dropout(),
            nn.Conv2d(channels, 8, 3),  # the first
            nn.ReLU(),
            nn.Conv2d(8, classes, 1),
        )
        nn.init.zeros_(self.body[1].weight)
        nn.init.ones_(self.body[-1].weight)

    def forward(self, x):
        return self.body(x).mean((2, 3))
"""


def test_numbers_follow_when_an_element_comes_or_goes() -> None:
    doubled = apply(SOURCE, Duplicate(node="body#1/0"))
    assert "self.body[2].weight" in doubled.source
    assert "self.body[-1].weight" in doubled.source
    assert any("follow" in note for note in doubled.notes)
    gone = apply(SOURCE, Delete(node="body#1/0"))
    assert "self.body[0].weight" in gone.source
    after = next(edge.id for edge in read(SOURCE).edges if edge.source == "body#1/3")
    longer = apply(SOURCE, InsertOnEdge(edge=after, op="nn.Sigmoid"))
    assert "            nn.Sigmoid(),\n        )" in longer.source
    assert "self.body[-2].weight" in longer.source


def test_an_element_that_is_asked_for_stays() -> None:
    with pytest.raises(CannotEdit, match=r"Line 13 asks for it as `self.body\[1\]`"):
        apply(SOURCE, Delete(node="body#1/1"))


def test_other_arguments_move_nothing() -> None:
    changed = apply(SOURCE, SetArgument(node="body#1/1", argument="kernel_size", value="5"))
    assert len(changed.changes) == 1


def test_squeezenet_is_built_with_another_dropout() -> None:
    import torch

    source = networks["squeezenet"].source
    result = apply(source, Duplicate(node="classifier#1/0"))
    space: dict[str, object] = {"__name__": "edited"}
    exec(compile(result.source, "edited.py", "exec"), space)
    with torch.device("meta"):
        network = space["Net"](channels=3, classes=10)  # type: ignore[operator]
    assert [type(layer).__name__ for layer in network.classifier][:3] == ["Dropout", "Dropout", "Conv2d"]
