"""Graph edits in the source: what changes, what stays byte for byte, what is refused and why."""

from __future__ import annotations

from typing import Any

import pytest

from data.errors import UserError
from models.networks import networks
from models.source.channels import mismatches
from models.source.edit import EditResult, StaleEdit, apply
from models.source.edits import (
    KINDS,
    AddSkip,
    Concatenate,
    Delete,
    Duplicate,
    Edit,
    InsertOnEdge,
    Rename,
    SetArgument,
    SetRepeat,
    Swap,
    from_json,
)
from models.source.parse import read
from models.source.text import apply_changes, digest
from models.source.workbench import CannotEdit
from tests.models.source.sources import COMMENTED, HEAD, lines, network

TWO = network("self.conv = nn.Conv2d(3, 8, 3)\nself.relu = nn.ReLU()", "y = self.conv(x)\nreturn self.relu(y) + y")


def edited(source: str, *edits: Edit) -> EditResult:
    """The result of the last of several edits, each checked to be what its changes say."""
    for edit in edits:
        result = apply(source, edit, digest(source))
        assert apply_changes(source, result.changes) == result.source
        assert apply_changes(result.source, result.undo) == source
        assert read(result.source).nodes == result.graph.nodes
        source = result.source
    return result


def difference(source: str, *edits: Edit) -> list[str]:
    """The lines that are new or gone, stripped, with + and - before them."""
    before, after = source.splitlines(), edited(source, *edits).source.splitlines()
    gone = [f"- {line.strip()}" for line in before if line not in after]
    return gone + [f"+ {line.strip()}" for line in after if line not in before]


def test_insert_wraps_that_one_use_only() -> None:
    edit = InsertOnEdge(edge="conv#1->relu#1:0", op="nn.BatchNorm2d")
    assert difference(TWO, edit) == [
        "- return self.relu(y) + y",
        "+ self.norm = nn.BatchNorm2d(8)",
        "+ return self.relu(self.norm(y)) + y",
    ]
    result = edited(TWO, edit)
    assert result.added == ("norm#1",)
    assert lines(result.graph) == [
        "x#1 > conv#1",
        "conv#1 > norm#1",
        "norm#1 > relu#1",
        "relu#1 > add#1",
        "conv#1 > add#1",
        "add#1 > output#1",
    ]


def test_insert_follows_the_layer_that_comes_before_and_the_file_names() -> None:
    edit = InsertOnEdge(
        edge="conv2#1->relu#2:0",
        op="nn.Conv2d",
        arguments={"in_channels": "50", "out_channels": "9", "kernel_size": "1"},
    )
    result = edited(COMMENTED, edit)
    assert result.changes[0].text == "\n        self.conv3 = nn.Conv2d(50, 9, 1)"
    assert "        )\n        self.conv3 = nn.Conv2d(50, 9, 1)\n        # about dropout\n" in result.source
    assert "F.relu(self.conv3(self.conv2(x))),  # inner comment" in result.source


def test_insert_a_function_needs_no_layer() -> None:
    edit = InsertOnEdge(edge="conv#1->add#1:1", op="F.max_pool2d")
    assert difference(TWO, edit) == ["- return self.relu(y) + y", "+ return self.relu(y) + F.max_pool2d(y, 2)"]


@pytest.mark.parametrize(
    ("imports", "callee", "added"),
    [
        ("import torch\nimport torch.nn as nn\n", "nn.ReLU()", 0),
        ("import torch\n", "torch.nn.ReLU()", 0),
        ("import torch.nn\n", "torch.nn.ReLU()", 0),
        ("import torch as t\n", "t.nn.ReLU()", 0),
        ("from torch.nn import Module\n", "nn.ReLU()", 1),
    ],
)
def test_insert_writes_torch_as_the_file_does(imports: str, callee: str, added: int) -> None:
    base = {"torch as t": "t.nn.Module", "nn import Module": "Module", "as nn": "nn.Module"}
    name = next((base for key, base in base.items() if key in imports), "torch.nn.Module")
    source = f"{imports}\n\nclass Net({name}):\n    def forward(self, x):\n        return x + 1\n"
    result = edited(source, InsertOnEdge(edge="x#1->add#1:0", op="nn.ReLU"))
    assert f"self.relu = {callee}" in result.source
    assert result.source.count("from torch import nn") == added
    assert result.source.index("super().__init__(*args, **kwargs)") < result.source.index("self.relu =")


SEQUENTIAL = network(
    "self.f = nn.Sequential(\n    nn.Conv2d(3, 4, 3),  # first\n    nn.ReLU(),  # second\n)\n"
    "self.g = nn.Sequential(nn.Conv2d(4, 4, 3), nn.ReLU())",
    "return self.g(self.f(x))",
)


def test_elements_of_a_sequential_come_and_go_with_their_lines() -> None:
    between = InsertOnEdge(edge="f#1/0->f#1/1:0", op="nn.BatchNorm2d")
    assert difference(SEQUENTIAL, between) == ["+ nn.BatchNorm2d(4),"]
    last = InsertOnEdge(edge="f#1/1->f#1/output#1:0", op="nn.Dropout")
    assert difference(SEQUENTIAL, last) == ["+ nn.Dropout(0.5),"]
    assert difference(SEQUENTIAL, Delete(node="f#1/1")) == ["- nn.ReLU(),  # second"]
    assert difference(SEQUENTIAL, Delete(node="f#1/0")) == ["- nn.Conv2d(3, 4, 3),  # first"]
    flat = "self.g = nn.Sequential(nn.Conv2d(4, 4, 3), nn.ReLU())"
    assert difference(SEQUENTIAL, Delete(node="g#1/1")) == [f"- {flat}", "+ self.g = nn.Sequential(nn.Conv2d(4, 4, 3))"]
    twice = "+ self.g = nn.Sequential(nn.Conv2d(4, 4, 3), nn.Conv2d(4, 4, 3), nn.ReLU())"
    assert difference(SEQUENTIAL, Duplicate(node="g#1/0")) == [f"- {flat}", twice]


def test_a_sequential_with_names_gets_another_name() -> None:
    source = network(
        'self.f = nn.Sequential(OrderedDict([("conv", nn.Conv2d(3, 4, 3)), ("relu", nn.ReLU())]))',
        "return self.f(x)",
        before="from collections import OrderedDict\n\n\n",
    )
    edit = InsertOnEdge(edge="f#1/conv->f#1/relu:0", op="nn.ReLU")
    assert '("conv", nn.Conv2d(3, 4, 3)), ("relu2", nn.ReLU()), ("relu", nn.ReLU())' in edited(source, edit).source
    assert 'OrderedDict([("relu", nn.ReLU())])' in edited(source, Delete(node="f#1/conv")).source


def test_appended_layers_are_statements() -> None:
    init = (
        "layers = []\nlayers.append(nn.Linear(8, 8))\nlayers.append(nn.ReLU())  # last\nself.f = nn.Sequential(*layers)"
    )
    source = network(init, "return self.f(x)")
    insert = InsertOnEdge(edge="f#1/0->f#1/1:0", op="nn.Dropout")
    assert difference(source, insert) == ["+ layers.append(nn.Dropout(0.5))"]
    assert difference(source, Delete(node="f#1/1")) == ["- layers.append(nn.ReLU())  # last"]


def test_delete_leaves_the_input_and_takes_an_unused_layer_along() -> None:
    assert difference(COMMENTED, Delete(node="drop#1")) == [
        "- self.drop = nn.Dropout(0.5)  # half",
        "- x = self.drop(x.flatten(1))",
        "+ x = x.flatten(1)",
    ]


def test_delete_keeps_a_layer_that_is_used_elsewhere() -> None:
    source = network("self.relu = nn.ReLU()", "x = self.relu(x)\nx = x + 1\nx = self.relu(x)\nreturn x")
    result = edited(source, Delete(node="relu#2"))
    assert "self.relu = nn.ReLU()" in result.source
    assert result.source.count("self.relu(x)") == 1  # and `x = x` was not left behind
    assert "x = x\n" not in result.source


def test_delete_in_a_line_of_two_statements_and_from_a_loop_of_one() -> None:
    result = edited(COMMENTED, Delete(node="fc1#1"))
    assert "        self.fc2 = nn.Linear(500, classes)  # two in a line\n" in result.source
    loop = network("self.a = nn.ReLU()", "for i in range(3):\n    x = self.a(x)\nreturn x")
    inner = next(node.id for node in read(loop).nodes if node.op == "nn.ReLU")
    assert "    pass\n" in edited(loop, Delete(node=inner)).source
    outer = next(node.id for node in read(loop).nodes if node.kind == "repeat")
    assert difference(loop, Delete(node=outer)) == ["- for i in range(3):", "- x = self.a(x)"]


@pytest.mark.parametrize(
    ("forward", "node", "after"),
    [
        ("return self.a(x + 1).flatten(1)", "a#1", "return (x + 1).flatten(1)"),
        ("return self.a(x + 1) * 2", "a#1", "return (x + 1) * 2"),
        ("return self.a(x + 1)", "a#1", "return x + 1"),
        ("return F.relu(self.a(\n    x))", "a#1", "return F.relu(x)"),
        ("return self.a(x) + x", "add#1", "return self.a(x)"),
        ("return torch.cat([self.a(x), x], dim=1)", "cat#1", "return self.a(x)"),
        ("return self.a(x if self.b else -x)", "a#1", "return x if self.b else -x"),
    ],
)
def test_delete_puts_parentheses_where_python_needs_them(forward: str, node: str, after: str) -> None:
    source = network("self.a = nn.ReLU()\nself.b = unknown()", forward)
    assert after in edited(source, Delete(node=node)).source


def test_delete_keeps_comments_between_the_parentheses() -> None:
    result = edited(COMMENTED, Delete(node="max_pool2d#2"))
    assert "        x = (\n            F.relu(self.conv2(x))  # inner comment\n        )\n" in result.source


def test_set_an_argument_in_the_layout_of_the_others() -> None:
    plain = SetArgument(node="conv1#1", argument="out_channels", value="32")
    assert [change[2] for change in edited(COMMENTED, plain).changes] == ["32"]
    new = SetArgument(node="conv2#1", argument="bias", value="False")
    assert difference(COMMENTED, new) == ["+ bias=False,"]
    assert difference(COMMENTED, new, SetArgument(node="conv2#1", argument="bias", value=None)) == []
    assert (
        edited(COMMENTED, new).source.count(
            "kernel_size = 5,   # odd spacing stays\n            bias=False,\n        )"
        )
        == 1
    )


def test_set_a_number_where_it_is_written() -> None:
    source = network(
        "width = 8\nself.a = nn.Conv2d(3, width, 3)\nself.b = nn.Conv2d(width, 4, 3)", "return self.b(self.a(x))"
    )
    edit = SetArgument(node="a#1", argument="out_channels", value="16", literal=True)
    assert difference(source, edit) == ["- width = 8", "+ width = 16"]
    result = edited(source, edit)
    assert result.suggestions == ()
    assert result.notes == ("The same number also sets `b`.",)
    shallow = edited(source, SetArgument(node="a#1", argument="out_channels", value="16"))
    assert [suggestion.text for suggestion in shallow.suggestions] == ["b expects 8 channels, gets 16 from a."]


def test_followers_are_offered_as_edits_and_not_done() -> None:
    source = network(
        "self.a = nn.Conv2d(3, 8, 3)\nself.n = nn.BatchNorm2d(8)\nself.b = nn.Conv2d(8, 4, 3)",
        "return self.b(F.relu(self.n(self.a(x))))",
    )
    result = edited(source, SetArgument(node="a#1", argument="out_channels", value="12"))
    assert "nn.BatchNorm2d(8)" in result.source
    (norm,) = result.suggestions
    assert norm.text == "n expects 8 channels, gets 12 from a."
    assert norm.edit is not None
    then = edited(result.source, norm.edit)
    (conv,) = then.suggestions
    assert conv.text == "b expects 8 channels, gets 12 from a."
    assert conv.edit is not None
    assert edited(then.source, conv.edit).suggestions == ()


def test_static_check_follows_pools_flatten_and_loops() -> None:
    init = (
        "self.a = nn.Conv2d(3, 8, 3)\nself.pool = nn.AdaptiveAvgPool2d(2)\nself.f = nn.Linear(40, 5)\n"
        "self.many = nn.Sequential(*[nn.Conv2d(8, 16, 1) for _ in range(3)])"
    )
    source = network(init, "return self.f(self.pool(self.a(x)).flatten(1)), self.many(self.a(x))")
    assert [s.text for s in mismatches(read(source))] == [
        "f expects 40 features, gets 32 from a.",
        "many.* expects 8 channels, gets 16 from many.*.",
    ]


@pytest.mark.parametrize("network", list(networks), ids=lambda network: network.name)
def test_the_library_fits_together(network: Any) -> None:
    assert mismatches(read(network.source, arguments={"channels": 3, "classes": 10})) == ()


def test_swap_keeps_what_both_know() -> None:
    assert difference(COMMENTED, Swap(node="relu#1", op="F.gelu"))[1] == (
        "+ x = F.max_pool2d(F.gelu(self.conv1(x)), 2)  # halve"
    )
    source = network("self.p = nn.MaxPool2d(3, stride=2, dilation=1)", "return self.p(x)")
    assert "nn.AvgPool2d(3, stride=2)" in edited(source, Swap(node="p#1", op="nn.AvgPool2d")).source
    norm = edited(COMMENTED, Swap(node="conv1#1", op="nn.BatchNorm2d"))
    assert "nn.BatchNorm2d(channels)  # twenty filters" in norm.source
    given = Swap(node="conv1#1", op="nn.GroupNorm", arguments={"num_groups": "1", "num_channels": "3"})
    assert "nn.GroupNorm(1, 3)  # twenty" in edited(COMMENTED, given).source


def test_a_norm_does_not_lose_its_bias_to_the_convolution_before_it() -> None:
    source = network("self.one = nn.Conv2d(3, 8, 3, bias=False)", "return self.one(x)")
    assert "nn.BatchNorm2d(3)" in edited(source, Swap(node="one#1", op="nn.BatchNorm2d")).source
    kept = edited(source, Swap(node="one#1", op="nn.ConvTranspose2d")).source
    assert "nn.ConvTranspose2d(3, 8, 3, bias=False)" in kept


def test_arguments_from_elsewhere_are_left_there() -> None:
    before = "from functools import partial\n\n\n"
    init = "norm = partial(nn.BatchNorm2d, eps=1e-3)\nself.a = norm(8)\nself.b = nn.Conv2d(3, 8, 1, **{})"
    source = network(init, "return self.a(self.b(x))", before=before)
    result = edited(source, SetArgument(node="a#1", argument="eps", value="1e-5"))
    assert "self.a = norm(8, eps=1e-5)" in result.source
    assert "eps=1e-3" in result.source
    with pytest.raises(UserError, match="not set"):
        apply(source, SetArgument(node="a#1", argument="eps", value=None))
    with pytest.raises(CannotEdit, match="list or dict"):
        apply(source, Swap(node="b#1", op="nn.ConvTranspose2d"))


def test_swap_never_puts_a_place_behind_a_name() -> None:
    source = network("self.p = nn.MaxPool2d(kernel_size=2, padding=1)", "return self.p(x)")
    result = edited(source, Swap(node="p#1", op="nn.ConstantPad2d"))
    assert "nn.ConstantPad2d(padding=1, value=0.0)" in result.source


def test_skip_uses_the_variable_or_makes_one() -> None:
    assert difference(COMMENTED, AddSkip(node="max_pool2d#1", edge="conv2#1->relu#2:0")) == [
        "- F.relu(self.conv2(x)),  # inner comment",
        "+ F.relu(self.conv2(x) + x),  # inner comment",
    ]
    assert difference(COMMENTED, AddSkip(node="conv1#1", edge="max_pool2d#1->conv2#1:0")) == [
        "- x = F.max_pool2d(F.relu(self.conv1(x)), 2)  # halve",
        "- F.relu(self.conv2(x)),  # inner comment",
        "+ skip = self.conv1(x)",
        "+ x = F.max_pool2d(F.relu(skip), 2)  # halve",
        "+ F.relu(self.conv2(x + skip)),  # inner comment",
    ]
    assert difference(COMMENTED, AddSkip(node="x#1", edge="conv2#1->relu#2:0"))[1] == "+ skip = x"


def test_skip_warns_of_layers_that_overwrite_the_value() -> None:
    source = network("self.a = nn.ReLU(inplace=True)", "y = x * 2\nz = self.a(y)\nreturn z * 3")
    result = edited(source, AddSkip(node="mul#1", edge="a#1->mul#2:0"))
    assert "return (z + y) * 3" in result.source
    assert "overwrites the value of `mul`" in result.notes[0]


def test_concatenate() -> None:
    result = edited(TWO, Concatenate(node="x#1", edge="conv#1->relu#1:0"))
    assert "return self.relu(torch.cat([y, x], dim=1)) + y" in result.source


def test_repeat_changes_the_number_wherever_it_is_written() -> None:
    init = "n = 4\nself.f = nn.Sequential(*[nn.Linear(8, 8) for _ in range(n - 1)])"
    source = network(init, "return self.f(x)")
    result = edited(source, SetRepeat(node="f#1/0", count=7))
    assert "n = 8" in result.source
    assert result.graph.by_id["f#1/0"].repeat.times == 7  # type: ignore[union-attr]
    resnet = next(network.source for network in networks if network.name == "resnet18")
    deeper = edited(resnet, SetRepeat(node="stage3#1/1", count=5))
    assert "18: (2, 2, 6, 2)" in deeper.source


def test_rename_everywhere_in_the_class() -> None:
    result = edited(COMMENTED, Rename(node="conv2#1", name="second"))
    assert "self.conv2" not in result.source
    assert result.source.count("self.second") == 2
    assert "do not load" in result.notes[0]


def test_a_stale_edit_is_refused() -> None:
    with pytest.raises(StaleEdit):
        apply(TWO + "\n", Delete(node="relu#1"), digest(TWO))


LOCKED = network("self.a = load()\nself.relu = nn.ReLU()", "if self.training:\n    x = self.relu(x)\nreturn self.a(x)")


@pytest.mark.parametrize(
    ("source", "edit", "reason"),
    [
        (LOCKED, Delete(node="a#1"), "locked: .*`load`"),
        (LOCKED, Delete(node="choice#1"), "locked: .*`self.training`"),
        (TWO, Delete(node="x#1"), "parameter of the forward"),
        (TWO, Delete(node="nowhere"), "no node"),
        (TWO, InsertOnEdge(edge="a->b:0", op="nn.ReLU"), "no edge"),
        (TWO, InsertOnEdge(edge="conv#1->relu#1:0", op="nn.LSTM"), "cannot be put on an edge"),
        (TWO, InsertOnEdge(edge="conv#1->relu#1:0", op="os.system"), "cannot be put on an edge"),
        (TWO, InsertOnEdge(edge="conv#1->relu#1:0", op="nn.ReLU", name="conv"), "already knows"),
        (TWO, InsertOnEdge(edge="conv#1->relu#1:0", op="nn.ReLU", name="a b"), "not a name"),
        (TWO, InsertOnEdge(edge="conv#1->relu#1:0", op="nn.Dropout", arguments={"q": "1"}), "no argument `q`"),
        (SEQUENTIAL, InsertOnEdge(edge="g#1/0->g#1/1:0", op="F.relu"), "holds layers, not functions"),
        (SEQUENTIAL, AddSkip(node="g#1/0", edge="g#1/1->g#1/output#1:0"), "hands on one value"),
        (TWO, AddSkip(node="add#1", edge="conv#1->relu#1:0"), "circle"),
        (TWO, SetArgument(node="conv#1", argument="widht", value="1"), "no argument `widht`"),
        (TWO, SetArgument(node="conv#1", argument="bias", value="1 +"), "not a Python expression"),
        (TWO, SetArgument(node="conv#1", argument="bias", value="1  # x"), "without a comment"),
        (TWO, SetArgument(node="conv#1", argument="bias", value="(1,\n2)"), "on one line"),
        (TWO, SetArgument(node="conv#1", argument="kernel_size", value=None), "needs `kernel_size`"),
        (TWO, SetRepeat(node="conv#1", count=3), "not repeated"),
        (TWO, Swap(node="conv#1", op="F.relu"), "only one of them is a layer"),
        (TWO, Rename(node="add#1", name="plus"), "not called as an attribute"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_reason(source: str, edit: Edit, reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        apply(source, edit)


def test_blocks_on_one_line_take_no_new_line() -> None:
    source = f"{HEAD}class Net(nn.Module):\n    def __init__(self): super().__init__()\n"
    source += "    def forward(self, x): return x * 2\n"
    with pytest.raises(UserError, match="whole block on one line"):
        apply(source, InsertOnEdge(edge="x#1->mul#1:0", op="nn.ReLU"))


def test_loops_made_of_one_definition_are_not_cut_in_two() -> None:
    source = network("self.f = nn.Sequential(*[nn.Linear(8, 8) for _ in range(3)], nn.ReLU())", "return self.f(x)")
    with pytest.raises(CannotEdit, match="loop"):
        apply(source, InsertOnEdge(edge="f#1/in_x#1->f#1/0:0", op="nn.ReLU"))
    with pytest.raises(CannotEdit, match="loop"):
        apply(source, Delete(node="f#1/0"))


def test_edits_of_a_shared_block_say_how_many_places_change() -> None:
    resnet = next(network.source for network in networks if network.name == "resnet18")
    result = apply(resnet, Delete(node="stage1#1/0/relu#1"))
    assert "used" in result.notes[0]
    assert "times in the network" in result.notes[0]


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_line_ends_of_the_file_are_kept(end: str) -> None:
    source = COMMENTED.replace("\n", end)
    result = apply(source, InsertOnEdge(edge="conv1#1->relu#1:0", op="nn.ReLU"), digest(source))
    assert result.source.count(end) == source.count(end) + 1
    assert len(result.source.replace(end, "").split("\n")) == 1


def test_edits_travel_as_json() -> None:
    edit = InsertOnEdge(edge="a", op="nn.ReLU", arguments={"inplace": "True"})
    assert from_json(edit.as_json()) == edit
    assert {cls.kind for cls in KINDS.values()} == set(KINDS)
    for values, reason in (
        ({"kind": "explode"}, "no edit"),
        ({"kind": "delete"}, "needs `node`"),
        ({"kind": "delete", "node": 3}, "wrong type"),
        ({"kind": "delete", "node": "a", "more": 1}, "no field"),
        ({"kind": "insert", "edge": "a", "op": "b", "arguments": {"a": 1}}, "wrong type"),
        ({"kind": "repeat", "node": "a", "count": True}, "wrong type"),
    ):
        with pytest.raises(UserError, match=reason):
            from_json(values)
