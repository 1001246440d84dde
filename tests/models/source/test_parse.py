"""Source to graph: every way of writing a network that is read, what is locked and why, and what never happens."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from data.errors import UserError
from models.networks import networks
from models.source.graph import Graph, as_json
from models.source.parse import networks_in, read
from models.source.text import Source, SourceError
from tests.models.source.sources import COMMENTED, HEAD, lines, network

ROOT = Path(__file__).parents[3]


def test_nested_calls_are_nodes_in_the_order_of_use() -> None:
    graph = read(network("self.conv = nn.Conv2d(3, 8, 3)", "return F.relu(self.conv(x)).flatten(1)"))
    assert lines(graph) == ["x#1 > conv#1", "conv#1 > relu#1", "relu#1 > flatten#1", "flatten#1 > output#1"]
    assert [node.op for node in graph.nodes] == ["input", "nn.Conv2d", "F.relu", "Tensor.flatten", "output"]


def test_a_layer_called_twice_is_two_nodes_without_a_cycle() -> None:
    source = network(
        "self.conv = nn.Conv2d(3, 3, 1)\nself.relu = nn.ReLU()",
        "x = self.relu(x)\nx = self.conv(x)\nreturn self.relu(x)",
    )
    graph = read(source)
    assert lines(graph) == ["x#1 > relu#1", "relu#1 > conv#1", "conv#1 > relu#2", "relu#2 > output#1"]
    first, second = graph.by_id["relu#1"], graph.by_id["relu#2"]
    assert first.definition == second.definition
    assert first.location != second.location


def test_spans_are_the_text_of_call_and_definition() -> None:
    source = Source(COMMENTED)
    node = read(source).by_id["conv2#1"]
    assert source.snippet(node.location) == "self.conv2(x)"  # type: ignore[arg-type]
    assert source.snippet(node.definition).startswith("nn.Conv2d(\n            20,  # from conv1")  # type: ignore[arg-type]
    use = read(source).into["conv2#1"][0].use
    assert use is not None
    assert (use.kind, source.snippet(use.span)) == ("wrap", "x")


def test_spans_count_characters_and_json_counts_utf16() -> None:
    source = Source(network("self.a = nn.ReLU()  # \U0001f600 é", "return self.a(x)  # ü"))
    node = read(source).by_id["a#1"]
    assert source.snippet(node.location) == "self.a(x)"  # type: ignore[arg-type]
    place = as_json(node, source)["location"]
    assert source.text.encode("utf-16-le")[2 * place["start"] : 2 * place["end"]].decode("utf-16-le") == "self.a(x)"


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_other_line_ends_keep_their_offsets(end: str) -> None:
    source = Source(COMMENTED.replace("\n", end))
    for node in read(source).nodes:
        if node.kind == "layer" and node.location:
            assert source.snippet(node.location).startswith("self.")


def test_a_byte_order_mark_is_passed_over() -> None:
    source = Source("\ufeff" + COMMENTED)
    assert source.snippet(read(source).by_id["conv1#1"].location) == "self.conv1(x)"  # type: ignore[arg-type]


def test_arguments_have_names_texts_and_values() -> None:
    before = "WIDTH = 4\n\n\n"
    graph = read(network("self.c = nn.Conv2d(channels, WIDTH * 2, 3, bias=False)", "return self.c(x)", before=before))
    written = [(a.name, a.text, a.value) for a in graph.by_id["c#1"].args]
    assert written == [
        ("in_channels", "channels", "3"),
        ("out_channels", "WIDTH * 2", "8"),
        ("kernel_size", "3", None),
        ("bias", "False", None),
    ]


def test_a_value_knows_where_its_number_is_written() -> None:
    source = Source(network("n = 12\nself.c = nn.Conv2d(3, n, 3)", "return self.c(x)"))
    argument = read(source).by_id["c#1"].argument("out_channels")
    assert argument is not None
    assert argument.literal is not None
    assert source.snippet(argument.literal) == "12"
    assert source.place(argument.literal.start)[0] == source.text[: source.text.index("n = 12")].count("\n") + 1


def test_operators_cat_and_augmented_assignment() -> None:
    graph = read(network("self.a = nn.ReLU()", "y = self.a(x)\ny += x\nz = torch.cat([x, y * 2], dim=1)\nreturn z - 1"))
    assert lines(graph) == [
        "x#1 > a#1",
        "a#1 > add#1",
        "x#1 > add#1",
        "add#1 > mul#1",
        "x#1 > cat#1",
        "mul#1 > cat#1",
        "cat#1 > sub#1",
        "sub#1 > output#1",
    ]
    assert [(a.name, a.text) for a in graph.by_id["cat#1"].args] == [("dim", "1")]


def test_shapes_are_no_nodes() -> None:
    graph = read(network("self.a = nn.Linear(8, 8)", "n = x.size(0)\nx = x.view(n, x.shape[1], -1)\nreturn self.a(x)"))
    assert lines(graph) == ["x#1 > view#1", "view#1 > a#1", "a#1 > output#1"]


def test_sequential_has_children_with_places_between_them() -> None:
    source = Source(network("self.f = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU())", "return self.f(x)"))
    graph = read(source)
    assert lines(graph, "f#1") == ["in_x#1 > 0", "0 > 1", "1 > output#1"]
    uses = [graph.into[node][0].use for node in ("f#1/0", "f#1/1", "f#1/output#1")]
    assert [(use.kind, source.snippet(use.span)) for use in uses if use] == [
        ("before_item", "nn.Conv2d(3, 4, 3)"),
        ("before_item", "nn.ReLU()"),
        ("after_item", "nn.ReLU()"),
    ]
    assert [node.module for node in graph.children["f#1"]] == [None, "f.0", "f.1", None]


def test_blocks_of_the_same_file_nest() -> None:
    before = (
        "class Block(nn.Module):\n    def __init__(self, width):\n        super().__init__()\n"
        "        self.conv = nn.Conv2d(width, width, 3, padding=1)\n\n"
        "    def forward(self, inputs):\n        return inputs + self.conv(inputs)\n\n\n"
    )
    graph = read(network("self.a = Block(8)\nself.b = Block(16)", "return self.b(self.a(x))", before=before))
    assert lines(graph) == ["x#1 > a#1", "a#1 > b#1", "b#1 > output#1"]
    assert lines(graph, "a#1") == ["in_inputs#1 > conv#1", "in_inputs#1 > add#1", "conv#1 > add#1", "add#1 > output#1"]
    assert graph.by_id["b#1/conv#1"].argument("in_channels").value == "16"  # type: ignore[union-attr]
    assert graph.by_id["b#1/conv#1"].module == "b.conv"
    assert graph.by_id["b#1/conv#1"].shared == 2
    assert graph.by_id["b#1/conv#1"].function == "Block.forward"


def test_a_range_of_equal_blocks_stays_one_repeated_block() -> None:
    source = Source(
        network(
            "self.layers = nn.ModuleList([nn.Linear(8, 8) for i in range(16)])",
            "for layer in self.layers:\n    x = F.relu(layer(x))\nreturn x",
        )
    )
    graph = read(source)
    (repeat,) = [node for node in graph.nodes if node.kind == "repeat"]
    assert repeat.repeat is not None
    assert (repeat.repeat.times, source.snippet(repeat.repeat.literal)) == (16, "16")  # type: ignore[arg-type]
    inside = [node.op for node in graph.children[repeat.id]]
    assert inside == ["input", "nn.Linear", "F.relu", "output"]
    assert lines(graph) == [f"x#1 > {repeat.id}", f"{repeat.id} > output#1"]


def test_a_range_inside_sequential_is_one_child_with_its_count() -> None:
    init = (
        "layers = [nn.Linear(4, 8)]\nlayers += [nn.Linear(8, 8) for _ in range(5)]\n"
        "self.f = nn.Sequential(*layers, nn.ReLU())"
    )
    graph = read(network(init, "return self.f(x)"))
    children = [(node.id, node.repeat.times if node.repeat else None) for node in graph.children["f#1"][1:-1]]
    assert children == [("f#1/0", None), ("f#1/1", 5), ("f#1/6", None)]


def test_a_loop_whose_turns_differ_is_drawn_turn_by_turn() -> None:
    init = "self.f = nn.ModuleList()\nfor i in range(3):\n    self.f.append(nn.Linear(2**i, 2 ** (i + 1)))"
    graph = read(network(init, "for f in self.f:\n    x = f(x)\nreturn x"))
    values = [(n.argument("in_features").value, n.loop.times) for n in graph.nodes if n.kind == "layer"]  # type: ignore[union-attr]
    assert values == [("1", 3), ("2", 3), ("4", 3)]


def test_helper_functions_and_constants_are_followed() -> None:
    before = (
        "def stage(inputs, n):\n    return nn.Sequential(*[nn.Conv2d(inputs, inputs, 1) for _ in range(n - 1)])\n\n\n"
    )
    graph = read(network("self.s = stage(channels, {18: 2, 50: 5}[50])", "return self.s(x)", before=before))
    node = graph.by_id["s#1"]
    assert (node.kind, node.maker) == ("sequence", "stage")
    assert [(a.name, a.value) for a in node.args] == [("inputs", "3"), ("n", "5")]
    child = graph.children["s#1"][1]
    assert child.repeat is not None
    assert (child.repeat.count, child.repeat.times) == ("n - 1", 4)


def test_methods_are_drawn_as_calls_and_several_outputs_leave() -> None:
    source = network("self.a = nn.ReLU()", "y, z = self.split(x)\nreturn y, self.a(z)") + (
        "\n    def split(self, v):\n        return v * 2, v + 1\n"
    )
    graph = read(source)
    assert lines(graph) == ["x#1 > split#1", "split#1 > a#1", "split#1 > output#1", "a#1 > output#2"]
    assert {edge.target: edge.index for edge in graph.out_of["split#1"]} == {"a#1": 1, "output#1": 0}
    assert lines(graph, "split#1") == ["in_v#1 > mul#1", "in_v#1 > add#1", "mul#1 > output#1", "add#1 > output#2"]


def test_dense_connections_through_a_list() -> None:
    forward = (
        "features = [x]\nfor f in self.f:\n    features.append(f(torch.cat(features, 1)))\n"
        "return torch.cat(features, 1)"
    )
    graph = read(network("self.f = nn.ModuleList([nn.Conv2d(3, 3, 1), nn.Conv2d(6, 3, 1)])", forward))
    ends = [node.id for node in graph.nodes if node.op == "torch.cat"]
    assert [len(graph.into[node]) for node in ends] == [1, 2, 3]
    assert all(edge.reason and edge.use is None for edge in graph.into[ends[-1]])


def test_parameters_are_nodes_and_tuples_are_indexed() -> None:
    init = "self.token = nn.Parameter(torch.zeros(1, 1, 8))\nself.attn = nn.MultiheadAttention(8, 2)"
    graph = read(network(init, "x = x + self.token\nx, _ = self.attn(x, x, x)\nreturn x"))
    assert graph.by_id["token#1"].kind == "parameter"
    assert [edge.index for edge in graph.into["output#1"]] == [0]
    assert len(graph.into["attn#1"]) == 3


def test_what_only_running_can_decide_is_locked_with_the_reason() -> None:
    init = "self.a = nn.ReLU()\nself.b = load(classes)"
    graph = read(network(init, "if self.training:\n    x = self.a(x)\nx = self.b(x)\nreturn x"))
    choice = next(node for node in graph.nodes if node.kind == "choice")
    assert choice.locked is not None
    assert "self.training" in choice.locked
    unknown = next(node for node in graph.nodes if node.kind == "unknown")
    assert unknown.locked
    assert lines(graph)[-1] == f"{unknown.id} > output#1"


def test_a_while_loop_is_one_locked_block() -> None:
    graph = read(network("self.a = nn.ReLU()", "while x.sum() > 1:\n    x = self.a(x)\nreturn x"))
    (loop,) = [node for node in graph.nodes if node.kind == "repeat"]
    assert loop.locked
    assert [node.op for node in graph.children[loop.id]] == ["input", "nn.ReLU", "output"]


def test_conditions_that_constants_decide_are_decided() -> None:
    source = network(
        "self.a = nn.ReLU() if classes > 5 else nn.GELU()", "return self.a(x) if self.a is not None else x"
    )
    assert [node.op for node in read(source).nodes] == ["input", "nn.ReLU", "output"]
    assert [node.op for node in read(source, arguments={"classes": 2}).nodes] == ["input", "nn.GELU", "output"]


def test_classes_that_derive_from_sequential() -> None:
    before = (
        "class ConvReLU(nn.Sequential):\n    def __init__(self, a, b):\n"
        "        super().__init__(nn.Conv2d(a, b, 3), nn.ReLU())\n\n\n"
    )
    graph = read(network("self.f = ConvReLU(3, 8)", "return self.f(x)", before=before))
    assert (graph.by_id["f#1"].kind, graph.by_id["f#1"].op) == ("sequence", "ConvReLU")
    assert lines(graph, "f#1") == ["in_x#1 > 0", "0 > 1", "1 > output#1"]


def test_the_network_is_net_or_the_last_class_that_no_other_uses() -> None:
    block = "class {}(nn.Module):\n    def forward(self, x):\n        return x + 1\n\n\n"
    source = HEAD + block.format("A") + block.format("B")
    assert read(source).root == "B"
    assert networks_in(source) == ["A", "B"]
    assert read(source, "A").root == "A"
    with pytest.raises(UserError, match="no class or function `C`"):
        read(source, "C")
    with pytest.raises(UserError, match="no network"):
        read("x = 1\n")


@pytest.mark.parametrize(
    ("text", "line"), [("class Net(:\n", 1), ("x = 1\n  y = 2\n", 2), ("a\x00b", 1), ("(" * 500, 1), ("-" * 99_999, 1)]
)
def test_text_that_is_not_python_names_the_line(text: str, line: int) -> None:
    with pytest.raises(SourceError) as caught:
        read(text)
    assert caught.value.line == line


@pytest.mark.parametrize("source", [pytest.param(network.source, id=network.name) for network in networks])
def test_the_library_is_read_without_locks(source: str) -> None:
    graph = read(source, arguments={"channels": 3, "classes": 10})
    assert [node.id for node in graph.nodes if node.locked] == []
    assert graph.notes == ()
    _check(graph)


def _check(graph: Graph) -> None:
    """What holds for every graph: edges join siblings, parents exist, everything but inputs is fed."""
    for edge in graph.edges:
        assert graph.by_id[edge.source].parent == graph.by_id[edge.target].parent
        assert (edge.use is None) != (edge.reason is None)
    for node in graph.nodes:
        assert node.parent is None or graph.by_id[node.parent].container
    json.dumps(as_json(graph, Source("x" * 10)))


HOSTILE = [
    "import os\nos.system('touch {mark}')\n",
    "while True: pass\n",
    "x = 10 ** 10 ** 10\n",
    "x = [0] * 10 ** 10\n",
    "x = 'a' * 10 ** 10\n",
    "x = '%1000000000d' % 1\n",
    "x = 1 << 10 ** 12\n",
    "def f(): return f()\nx = f()\n",
    "for i in range(10 ** 9):\n    for j in range(10 ** 9):\n        x = [i * j for k in range(10 ** 9)]\n",
    "class A(nn.Module):\n    def __init__(self):\n        self.a = A()\n        self.b = A()\n\n\nx = A()\n",
    "@print\nclass M(type):\n    def __prepare__(*a): open('{mark}', 'w')\n\n\nclass B(metaclass=M): pass\n",
    "x = f'{{10 ** 10 ** 10}}'\nx = max(range(10 ** 12))\ny = list(range(10 ** 12))[10 ** 11]\n",
    "a = ['x'] * 900\nb = [a * 900 for _ in range(512) for _ in range(512) if _]\n",
    "exec('open(\"{mark}\", \"w\")')\n__import__('os').system('touch {mark}')\n",
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_nothing_is_ever_run(text: str, tmp_path: Path) -> None:
    """In a process of its own with a deadline and limited memory, because that is what would go wrong."""
    mark = tmp_path / "ran"
    hostile = text.replace("{mark}", str(mark)).replace("{{", "{").replace("}}", "}")
    source = HEAD + hostile + network("self.a = nn.ReLU()", hostile + "\nreturn self.a(x)")[len(HEAD) :]
    code = (
        "import resource, sys\nresource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))\n"
        "sys.path.insert(0, sys.argv[1])\n"
        "from models.source.parse import read\n"
        "graph = read(sys.stdin.read()); print(len(graph.nodes), 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(ROOT)], input=source, capture_output=True, text=True, timeout=30
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[1] == "False"
    assert not mark.exists()


def test_an_exploding_network_is_drawn_as_far_as_the_budget_goes() -> None:
    classes = "".join(
        f"class B{i}(nn.Module):\n    def __init__(self):\n        super().__init__()\n"
        f"        self.a = B{i - 1}()\n        self.b = B{i - 1}()\n\n"
        f"    def forward(self, x):\n        return self.b(self.a(x))\n\n\n"
        for i in range(1, 30)
    )
    first = "class B0(nn.Module):\n    def forward(self, x):\n        return x + 1\n\n\n"
    graph = read(network("self.a = B29()", "return self.a(x)", before=first + classes))
    assert any("too long to read" in note for note in graph.notes)
