"""ONNX files, made by ONNX's own helper: operators, scopes, shapes, weights and FLOPs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data.errors import UserError
from models.foreign.files import describe_file

onnx = pytest.importorskip("onnx", reason="the extra onnx is not installed")


def saved(path: Path, nodes: list[Any], weights: dict[str, tuple[int, ...]], batch: Any = 1) -> Path:
    """A file with these operators, from an image "x" [batch, 3, 8, 8] to "y"."""
    from onnx import TensorProto, helper, numpy_helper

    image = helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, 3, 8, 8])
    scores = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    tensors = [numpy_helper.from_array(np.zeros(shape, np.float32), name) for name, shape in weights.items()]
    graph = helper.make_graph(nodes, "small", [image], [scores], tensors)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)]), path)
    return path


def small(path: Path, batch: Any = 1) -> Path:
    """Convolution, ReLU and a linear layer, named as torch's exporter names them."""
    from onnx import helper

    nodes = [
        helper.make_node("Conv", ["x", "w", "b"], ["c"], "/features/features.0/Conv", kernel_shape=[3, 3]),
        helper.make_node("Relu", ["c"], ["r"], "/features/features.1/Relu"),
        helper.make_node("Flatten", ["r"], ["f"], "/Flatten", axis=1),
        helper.make_node("Gemm", ["f", "v", "u"], ["y"], "/fc/Gemm", transB=1),
    ]
    return saved(path, nodes, {"w": (4, 3, 3, 3), "b": (4,), "v": (10, 144), "u": (10,)}, batch)


@pytest.mark.parametrize("batch", [1, "n"])
def test_operators_become_layers_with_shapes_and_costs(tmp_path: Path, batch: Any) -> None:
    report = describe_file(small(tmp_path / "small.onnx", batch))
    named = {node.module or node.label: node for node in report.graph.nodes}
    assert (named["features.0"].op, named["features.1"].op, named["fc"].op) == ("nn.Conv2d", "nn.ReLU", "nn.Linear")
    assert named["features"].container
    assert named["features.0"].parent == named["features"].id
    assert {a.name: a.text for a in named["features.0"].args} == {"out_channels": "4", "kernel_size": "3"}
    facts = report.facts[named["features.0"].id]
    assert facts.outputs == ((1, 4, 6, 6),)
    assert (facts.parameters, facts.flops) == (112, 2 * 4 * 36 * 27)
    assert report.totals.parameters == 112 + 1450
    assert report.totals.flops == 2 * 4 * 36 * 27 + 2 * 1440
    assert (report.input, report.output) == ((1, 3, 8, 8), ((1, 10),))
    assert report.graph.origin == "onnx"
    assert all("ONNX" in str(node.locked) for node in report.graph.nodes if node.kind in ("layer", "op"))


def test_branches_are_joined(tmp_path: Path) -> None:
    from onnx import helper

    nodes = [helper.make_node("Relu", ["x"], ["a"]), helper.make_node("Sigmoid", ["x"], ["b"])]
    nodes.append(helper.make_node("Add", ["a", "b"], ["y"]))
    graph = describe_file(saved(tmp_path / "n.onnx", nodes, {})).graph
    (add,) = (node for node in graph.nodes if node.op == "add")
    assert [graph.by_id[edge.source].op for edge in graph.into[add.id]] == ["nn.ReLU", "nn.Sigmoid"]


def test_a_weight_that_equals_another_is_counted_and_not_drawn(tmp_path: Path) -> None:
    from onnx import helper

    nodes = [
        helper.make_node("Identity", ["w"], ["again"]),
        helper.make_node("Conv", ["x", "w"], ["c"], kernel_shape=[3, 3]),
        helper.make_node("Conv", ["c", "again"], ["y"], kernel_shape=[3, 3]),
    ]
    report = describe_file(saved(tmp_path / "n.onnx", nodes, {"w": (3, 3, 3, 3)}))
    assert report.totals.parameters == 162
    assert [node.op for node in report.graph.nodes if node.kind == "layer"] == ["nn.Conv2d", "nn.Conv2d"]


@pytest.mark.parametrize("content", [b"", b"no protocol buffer at all", bytes(100)])
def test_what_is_no_onnx_is_said(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "n.onnx").write_bytes(content)
    with pytest.raises(UserError, match=r"n\.onnx (cannot be read|holds no network)"):
        describe_file(tmp_path / "n.onnx")
