"""Exported programs of the library's networks say what their sources say: layers, weights, FLOPs, shapes."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
import torch

from data.errors import UserError
from models.foreign.files import describe_file
from models.networks import networks
from models.source.graph import as_json, from_json
from models.source.shapes import Images, describe
from models.source.text import Source
from models.source_loader import load_network

NAMES = ["lenet", "squeezenet", pytest.param("resnet18", marks=pytest.mark.slow)]
NAMES += [pytest.param("mobilenet_v3_small", marks=pytest.mark.slow), pytest.param("googlenet", marks=pytest.mark.slow)]


def exported(name: str, path: Path, side: int = 64) -> Path:
    """The network as a .pt2 file."""
    network = load_network(networks[name].source, channels=3, classes=10, height=side, width=side).eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.export.save(torch.export.export(network, (torch.zeros(1, 3, side, side),)), path)
    return path


@pytest.mark.parametrize("name", NAMES)
def test_a_program_is_drawn_as_its_source_is_measured(name: str, tmp_path: Path) -> None:
    report = describe_file(exported(name, tmp_path / "net.pt2"))
    source = describe(networks[name].source, Images(3, 64, 64, 10), memory=False)
    assert report.totals.parameters == source.totals.parameters
    assert report.totals.flops == source.totals.flops
    assert report.output == source.output == ((1, 10),)
    assert report.graph.origin == "export"
    layers = {node.module: node.op for node in report.graph.nodes if node.kind == "layer"}
    theirs = {node.module: node.op for node in source.graph.nodes if node.kind == "layer"}
    same = [module for module, op in theirs.items() if "*" not in str(module) and layers.get(module) == op]
    assert len(same) >= 0.8 * sum("*" not in str(module) for module in theirs)
    assert all(node.locked for node in report.graph.nodes if node.kind not in ("input", "output"))
    assert not any("guards" in node.label for node in report.graph.nodes)


def test_edges_join_nodes_of_one_level_and_the_graph_survives_json(tmp_path: Path) -> None:
    report = describe_file(exported("squeezenet", tmp_path / "net.pt2"))
    for edge in report.graph.edges:
        assert report.graph.by_id[edge.source].parent == report.graph.by_id[edge.target].parent
    again = from_json(as_json(report.graph, Source("")))
    assert [node.id for node in again.nodes] == [node.id for node in report.graph.nodes]
    sizes = {node.label: {a.name: a.text for a in node.args} for node in again.nodes if node.module == "features.0"}
    assert sizes == {"0": {"out_channels": "96", "kernel_size": "7"}}


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no archive", b"text"])
def test_a_file_that_is_no_program_is_said(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "net.pt2").write_bytes(content)
    with pytest.raises(UserError, match=r"net\.pt2 cannot be read as a program") as error:
        describe_file(tmp_path / "net.pt2")
    assert error.value.field == "file"


def test_other_endings_and_missing_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="must end in"):
        describe_file(tmp_path / "net.h5")
    with pytest.raises(UserError, match="cannot be read"):
        describe_file(tmp_path / "none.onnx")
