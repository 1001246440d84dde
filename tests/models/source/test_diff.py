"""Semantic differences: what counts as a change of the network, and what does not."""

from __future__ import annotations

import pytest

from models.networks import networks
from models.source.diff import ArgumentChange, Difference, Side, difference
from models.source.edit import apply
from models.source.edits import AddSkip, Delete, InsertOnEdge, Rename, SetArgument, SetRepeat, Swap
from models.source.parse import read
from models.source.shapes import Images, describe
from tests.models.source.sources import COMMENTED, network


def compared(before: str, after: str) -> Difference:
    return difference(Side(read(before)), Side(read(after)))


def test_comments_spacing_and_variable_names_are_no_change() -> None:
    other = COMMENTED.replace("# twenty filters", "").replace("kernel_size = 5,   #", "kernel_size=5,  #")
    other = other.replace("y = {\"unknown\": 'code'}  # stays as it is", "")
    assert other != COMMENTED
    assert compared(COMMENTED, other).same
    assert compared(COMMENTED, COMMENTED) == Difference()


def test_added_and_removed_layers() -> None:
    more = apply(COMMENTED, InsertOnEdge(edge="conv1#1->relu#1:0", op="nn.BatchNorm2d")).source
    found = compared(COMMENTED, more)
    assert [(item.label, item.op) for item in found.added] == [("norm", "nn.BatchNorm2d")]
    assert found.removed == ()
    assert [(change.label, change.rewired) for change in found.changed] == [("relu", True)]
    back = compared(more, COMMENTED)
    assert [item.label for item in back.removed] == ["norm"]
    assert back.added == ()


def test_changed_arguments_are_told_by_value() -> None:
    wide = apply(COMMENTED, SetArgument(node="conv1#1", argument="out_channels", value="32")).source
    (change,) = compared(COMMENTED, wide).changed
    assert change.arguments == (ArgumentChange("out_channels", "20", "32"),)
    biased = apply(COMMENTED, SetArgument(node="conv1#1", argument="bias", value="False")).source
    (change,) = compared(COMMENTED, biased).changed
    assert change.arguments == (ArgumentChange("bias", None, "False"),)


def test_a_swap_and_a_rename_are_one_change_each() -> None:
    swapped = apply(COMMENTED, Swap(node="drop#1", op="nn.AlphaDropout")).source
    (change,) = compared(COMMENTED, swapped).changed
    assert (change.was, change.op) == ("nn.Dropout", "nn.AlphaDropout")
    renamed = apply(COMMENTED, Rename(node="conv2#1", name="second")).source
    (change,) = compared(COMMENTED, renamed).changed
    assert (change.renamed, change.label) == ("conv2", "second")
    assert not change.arguments


def test_a_skip_is_an_addition_and_a_new_wire() -> None:
    source = network("self.a = nn.Linear(8, 8)\nself.b = nn.Linear(8, 8)", "x = self.a(x)\nreturn self.b(x)")
    found = compared(source, apply(source, AddSkip(node="x#1", edge="a#1->b#1:0")).source)
    assert [item.op for item in found.added] == ["add"]
    assert [change.label for change in found.changed if change.rewired] == ["b"]


def test_a_repeat_count_is_a_change_of_one_node() -> None:
    source = network("self.f = nn.Sequential(*[nn.Linear(8, 8) for _ in range(4)])", "return self.f(x)")
    (change,) = compared(source, apply(source, SetRepeat(node="f#1/0", count=6)).source).changed
    assert change.arguments == (ArgumentChange("times", "4", "6"),)


def test_what_goes_with_a_block_is_removed_with_it() -> None:
    source = networks["resnet18"].source
    found = compared(source, apply(source, Delete(node="stage4#1")).source)
    assert found.removed[0].label == "stage4"
    assert {"nn.Conv2d", "BasicBlock"} <= {item.op for item in found.removed}
    assert found.added == ()


@pytest.mark.filterwarnings("ignore")
def test_sizes_differ_where_they_were_measured() -> None:
    images = Images(3, 28, 28, 10)
    wide = apply(COMMENTED, SetArgument(node="fc2#1", argument="bias", value="False")).source
    reports = [describe(text, images, memory=False) for text in (COMMENTED, wide)]
    sides = [Side(r.graph, r.facts, r.totals.parameters, r.totals.flops) for r in reports]
    found = difference(*sides)
    assert found.parameters == -10
    assert found.flops == 0
    (change,) = found.changed
    assert (change.label, change.parameters, change.shape_after) == ("fc2", -10, None)
    strided = apply(COMMENTED, SetArgument(node="conv1#1", argument="padding", value="2")).source
    report = describe(strided, images, memory=False)
    found = difference(sides[0], Side(report.graph, report.facts, report.totals.parameters, report.totals.flops))
    conv = next(change for change in found.changed if change.label == "conv1")
    assert (conv.shape_before, conv.shape_after) == ((1, 20, 24, 24), (1, 20, 28, 28))
    assert found.flops is not None
    assert found.flops > 0
