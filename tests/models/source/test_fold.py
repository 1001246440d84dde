"""Folding: closed containers, runs of like neighbours, lines that lead through what is open, and 5,000 nodes."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
import torchvision

from models.networks import networks
from models.source.fold import View, opened, path_to, view
from models.source.graph import Edge, Graph, Node
from models.source.parse import read
from models.source.traced import describe_module
from tests.models.source.sources import network

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def resnet() -> Graph:
    with torch.device("meta"):
        model = torchvision.models.resnet152()
    return describe_module(model, (1, 3, 224, 224)).graph


def test_resnet_152_with_its_stages_open_is_21_nodes(resnet: Graph) -> None:
    shown = view(resnet, opened(resnet, 1))
    assert len(resnet.nodes) > 500
    assert len(shown.nodes) == 21
    runs = [(node.label, node.times) for node in shown.nodes if node.kind == "run"]
    assert runs == [("1 - 2", 2), ("1 - 7", 7), ("1 - 35", 35), ("1 - 2", 2)]
    assert len(view(resnet).nodes) == 13


def test_lines_form_the_chain_through_open_stages(resnet: Graph) -> None:
    shown = view(resnet, opened(resnet, 1))
    inside = [node.id for node in shown.nodes if not node.open]
    assert [(link.source, link.target) for link in shown.links] == list(pairwise(inside))


def test_everything_open_draws_every_call_site_once(resnet: Graph) -> None:
    everything = [node.id for node in resnet.nodes if node.container]
    shown = view(resnet, everything, fold=False)
    drawn = [node.id for node in shown.nodes]
    assert len(drawn) == len(set(drawn))
    hidden = [node for node in resnet.nodes if node.kind in ("input", "output") and node.parent is not None]
    assert len(drawn) == len(resnet.nodes) - len(hidden)
    _check(shown)


def test_opening_a_run_shows_its_members(resnet: Graph) -> None:
    open_ = set(opened(resnet, 1))
    run = next(node for node in view(resnet, open_).nodes if node.times == 35)
    more = view(resnet, {*open_, run.id})
    assert len(more.nodes) == 21 + 34
    assert {node.id for node in more.nodes} >= set(run.members)


def test_the_way_to_a_node_opens_what_holds_it(resnet: Graph) -> None:
    deep = next(node.id for node in resnet.nodes if node.module == "layer3.17.conv2")
    shown = view(resnet, path_to(resnet, deep))
    assert deep in {node.id for node in shown.nodes}
    _check(shown)


def _check(shown: View) -> None:
    """Lines join what is drawn and closed; parents are open and stand first."""
    seen: dict[str, bool] = {}
    for node in shown.nodes:
        assert node.parent is None or seen[node.parent]
        seen[node.id] = node.open
    for link in shown.links:
        assert not seen[link.source]
        assert not seen[link.target]
        assert link.edges


@pytest.mark.parametrize("network", list(networks), ids=lambda network: network.name)
@pytest.mark.parametrize("depth", [0, 1, 2, 9])
def test_every_view_of_the_library_is_whole(network: object, depth: int) -> None:
    graph = read(network.source, arguments={"channels": 3, "classes": 10})  # type: ignore[attr-defined]
    for fold in (True, False):
        shown = view(graph, opened(graph, depth), fold=fold)
        _check(shown)
        fed = {link.target for link in shown.links}
        assert all(node.id in fed for node in shown.nodes if not node.open and node.op not in ("input", "nn.Parameter"))


def test_repeating_patterns_of_several_layers_fold() -> None:
    layers = "\n".join(
        f"self.conv{i} = nn.Conv2d(8, 8, 3, padding=1)\nself.norm{i} = nn.BatchNorm2d(8)" for i in range(6)
    )
    calls = "\n".join(f"x = F.relu(self.norm{i}(self.conv{i}(x)))" for i in range(6))
    shown = view(read(network(layers, f"{calls}\nreturn x")))
    assert [(node.label, node.times) for node in shown.nodes] == [("x", 1), ("conv0 - relu", 6), ("output", 1)]


def test_layers_that_do_not_follow_each_other_do_not_fold() -> None:
    source = network("self.a = nn.Linear(8, 8)\nself.b = nn.Linear(8, 8)", "return self.a(x) + self.b(x)")
    assert [node.kind for node in view(read(source)).nodes] == ["node"] * 5


def test_different_sizes_do_not_fold_but_different_inputs_do() -> None:
    init = "self.f = nn.Sequential(nn.Linear(3, 8), nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 4))"
    graph = read(network(init, "return self.f(x)"))
    inside = [(n.label, n.times) for n in view(graph, ["f#1"]).nodes if n.parent == "f#1"]
    assert inside == [("0 - 2", 3), ("3", 1)]


def _tower(blocks: int, inside: int) -> Graph:
    """A chain of blocks that each hold a chain; every tenth block differs."""
    nodes, edges = [Node("x", "x", "input", "input")], []
    before = "x"
    for i in range(blocks):
        name = f"b{i}"
        nodes.append(Node(name, name, "block", "Block"))
        edges.append(Edge(f"e{i}", before, name, 0, reason="made up"))
        nodes.append(Node(f"{name}/in", "x", "input", "input", parent=name))
        last = f"{name}/in"
        for j in range(inside):
            place = f"{name}/l{j}"
            nodes.append(Node(place, f"l{j}", "layer", "nn.ReLU" if (i % 10 or j) else "nn.GELU", parent=name))
            edges.append(Edge(f"e{i}.{j}", last, place, 0, reason="made up"))
            last = place
        nodes.append(Node(f"{name}/out", "output", "output", "output", parent=name))
        edges.append(Edge(f"o{i}", last, f"{name}/out", 0, reason="made up"))
        before = name
    return Graph(tuple(nodes), tuple(edges), "Net", "")


def test_five_thousand_nodes_are_a_handful() -> None:
    graph = _tower(1000, 5)
    assert len(graph.nodes) > 5000
    shown = view(graph)
    assert len(shown.nodes) <= 220
    _check(shown)
    assert sum(node.count for node in shown.nodes) == 1 + 1000 * 6
