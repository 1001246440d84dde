"""What a browser gets to draw, and the plain SVG: words of cards, places of hidden nodes, uses of lines."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from models.networks import networks
from models.source.fold import opened, view
from models.source.parse import read
from models.source.picture import facts, picture, representatives, summary
from models.source.svg import svg
from models.source.text import Source
from tests.models.source.sources import network

RESNET = networks["resnet50"].source
ARGUMENTS = {"channels": 3, "classes": 10}


def test_cards_say_what_a_layer_is() -> None:
    graph = read(Source(RESNET), arguments=ARGUMENTS)
    assert summary(graph.by_id["conv1#1"]) == "3 → 64, 7x7, stride 2, pa…"
    assert summary(graph.by_id["fc#1"]) == "2048 → 10"


def test_every_node_is_represented_by_something_drawn() -> None:
    graph = read(Source(RESNET), arguments=ARGUMENTS)
    shown = view(graph)
    drawn = {item.id for item in shown.nodes}
    found = representatives(graph, shown)
    assert set(found) == set(graph.by_id)
    assert set(found.values()) <= drawn
    drawing = picture(graph, shown, Source(RESNET))
    assert {place[2] for place in drawing["places"]} <= drawn
    assert drawing["total"] > len(drawing["nodes"])


def test_lines_through_open_blocks_know_all_their_places() -> None:
    graph = read(Source(RESNET), arguments=ARGUMENTS)
    shown = view(graph, opened(graph, 1), fold=False)
    links = {(link["source"], link["target"]): link for link in picture(graph, shown, Source(RESNET))["links"]}
    into = links["pool1#1", "stage1#1/0"]
    assert [use["edge"] for use in into["uses"]]
    assert all(link["uses"] or link["reason"] for link in links.values())


def test_a_run_has_the_costs_of_all_and_the_shape_of_the_last() -> None:
    text = network("self.body = nn.Sequential(nn.ReLU(), nn.ReLU(), nn.ReLU())", "return self.body(x)")
    graph = read(Source(text))
    shown = view(graph, {"body#1"})
    (run,) = [item for item in shown.nodes if item.kind == "run"]
    known = {
        member: {
            "parameters": 2, "flops": 3, "output_bytes": 4, "saved_bytes": None if number == 1 else 5, "calls": 1,
            "inputs": [[1, number]], "outputs": [[1, number + 1]], "receptive_field": "all", "modules": [member],
        }
        for number, member in enumerate(run.members)
    }  # fmt: skip
    found = facts(shown, known)[run.id]
    assert (found["parameters"], found["flops"], found["output_bytes"], found["saved_bytes"]) == (6, 9, 12, None)
    assert (found["inputs"], found["outputs"]) == ([[1, 0]], [[1, 3]])


@pytest.mark.parametrize("name", list(networks.names()))
def test_the_plain_picture_is_well_formed_and_whole(name: str) -> None:
    graph = read(Source(networks[name].source), arguments=ARGUMENTS)
    shown = view(graph, opened(graph, 1))
    tree = ElementTree.fromstring(svg(graph, shown))
    boxes = tree.findall("{http://www.w3.org/2000/svg}g")
    assert len(boxes) == sum(not item.open for item in shown.nodes)


def test_names_in_a_picture_are_text() -> None:
    text = network("self.a = nn.Conv2d(3, 3, kernel_size='<b>&')", "return self.a(x)")
    graph = read(Source(text))
    assert "&lt;b&gt;" in svg(graph, view(graph))


def test_an_opened_run_can_be_folded_again() -> None:
    text = network("self.body = nn.Sequential(nn.ReLU(), nn.ReLU(), nn.ReLU())", "return self.body(x)")
    graph = read(Source(text))
    (run,) = [item.id for item in view(graph, {"body#1"}).nodes if item.kind == "run"]
    opening = {"body#1", run}
    drawing = picture(graph, view(graph, opening), Source(text), opening)
    assert [node["run_of"] for node in drawing["nodes"] if node["parent"] == "body#1"] == [run] * 3
    assert all(node["run_of"] is None for node in drawing["nodes"] if node["parent"] is None)
    assert picture(graph, view(graph, {"no..such"}), Source(text), {"no..such"})["nodes"]
