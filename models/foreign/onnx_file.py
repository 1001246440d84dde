"""ONNX files: operators as nodes, scopes of their names as blocks, shapes by ONNX's own inference."""

from __future__ import annotations

import ast
import hashlib
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from data.errors import UserError
from models.source.artist import Artist
from models.source.facts import Facts, Report, Totals
from models.source.graph import Argument, Graph, Node
from models.source.text import Span
from models.source.values import Tensor

LOCKED = "It comes from an ONNX file, which has no source to edit."
KNOWN = {
    "Gemm": "nn.Linear",
    "Relu": "nn.ReLU",
    "Sigmoid": "nn.Sigmoid",
    "Tanh": "nn.Tanh",
    "HardSwish": "nn.Hardswish",
    "HardSigmoid": "nn.Hardsigmoid",
    "Softmax": "nn.Softmax",
    "Dropout": "nn.Dropout",
    "Flatten": "torch.flatten",
    "Concat": "torch.cat",
    "Add": "add",
    "Mul": "mul",
    "MatMul": "torch.matmul",
}
"""Operators that are the same as something of torch."""
SPATIAL = {
    "Conv": "nn.Conv",
    "ConvTranspose": "nn.ConvTranspose",
    "BatchNormalization": "nn.BatchNorm",
    "MaxPool": "nn.MaxPool",
    "AveragePool": "nn.AvgPool",
    "GlobalAveragePool": "nn.AdaptiveAvgPool",
}
"""The same with the number of dimensions in the name: nn.Conv2d."""
ATTRIBUTES = {"kernel_shape": "kernel_size", "strides": "stride", "pads": "padding", "group": "groups", "axis": "dim"}
USUAL = {"strides": 1, "pads": 0, "group": 1}
"""What torch leaves out as well."""
SILENT = frozenset({"Constant"})
Shape = tuple[int, ...]


def describe_onnx(path: Path) -> Report:
    """The graph of an ONNX file, with facts for a batch of one where the batch is left open. Raises UserError."""
    model, notes = _load(path)
    drawn = _Drawing(model.graph)
    drawn.draw()
    board = drawn.artist.board
    digest = hashlib.sha256(path.name.encode()).hexdigest()
    name = model.graph.name or path.stem
    graph = Graph(tuple(board.nodes.values()), tuple(board.edges.values()), name, digest, (), "onnx")
    inputs = [drawn.shapes.get(value.name, ()) for value in drawn.inputs]
    weights = sum(math.prod(shape) for shape in drawn.weights.values())
    totals = Totals(
        parameters=weights,
        trainable=weights,
        weight_bytes=4 * weights,
        flops=sum(facts.flops for facts in drawn.facts.values()),
        output_bytes=sum(facts.output_bytes for facts in drawn.facts.values()),
    )
    outputs = tuple(drawn.shapes.get(value.name, ()) for value in model.graph.output)
    first = inputs[0] if inputs else ()
    return Report(graph, drawn.facts, (), totals, first[0] if first else 1, first, outputs, tuple(notes))


def _load(path: Path) -> tuple[Any, list[str]]:
    """The model with the shapes of its values, without weights that lie in other files."""
    try:
        import onnx
    except ImportError as error:
        raise UserError(
            "ONNX files are drawn with the package onnx, which is not installed on this server.",
            field="file",
            hint="Ask its administrator for: pip install onnx",
        ) from error
    try:
        model = onnx.load(str(path), load_external_data=False)
    except Exception as error:
        raise UserError(f"{path.name} cannot be read as an ONNX file: {_first(error)}.", field="file") from error
    if not model.graph.node:
        raise UserError(f"{path.name} holds no network.", field="file")
    for value in model.graph.input:
        dims = value.type.tensor_type.shape.dim
        if dims and not dims[0].HasField("dim_value"):
            dims[0].dim_value = 1
    try:
        return onnx.shape_inference.infer_shapes(model), []
    except Exception as error:  # noqa: BLE001  the graph is there without shapes too
        return model, [f"Its shapes cannot be told: {_first(error)}."]


def _first(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".")[:200] or type(error).__name__


class _Drawing:
    """Draws one graph; ``facts`` by node, ``weights`` are the shapes of its initializers."""

    def __init__(self, graph: Any) -> None:
        self.graph = graph
        self.artist = Artist(LOCKED)
        self.facts: dict[str, Facts] = {}
        self.weights = {item.name: tuple(item.dims) for item in graph.initializer if len(item.dims)}
        self.constants = {item.name for item in graph.initializer}
        self.inputs = [value for value in graph.input if value.name not in self.constants]
        values = [*graph.input, *graph.value_info, *graph.output]
        self.shapes: dict[str, Shape] = {value.name: _shape(value) for value in values} | self.weights
        self._places: dict[str, Tensor] = {}
        self._blocks = {path for node in graph.node for path, _ in [*_scopes(node)][:-1]}

    def draw(self) -> None:
        """Inputs, operators in their order, outputs."""
        for value in self.inputs:
            self._places[value.name] = self.artist.board.add(Node(value.name, value.name, "input", "input"))
        for node in self.graph.node:
            if node.op_type == "Identity" and node.input[0] in self.weights:  # a weight that equals another one
                self.weights[node.output[0]] = self.weights[node.input[0]]
            elif node.op_type not in SILENT:
                self._operator(node)
        self.artist.enter(())
        for value in self.graph.output:
            if value.name in self._places:
                end = self.artist.board.add(Node("output", value.name, "output", "output"))
                self.artist.connect(self._places[value.name], end.node)

    def _operator(self, node: Any) -> None:
        around = [*_scopes(node)]
        own = around[-1][0] if around and around[-1][0] not in self._blocks else ""
        self.artist.enter(around[:-1] if own else around)
        label = own.rsplit(".", 1)[-1] or node.op_type.lower()
        weights = [self.weights[name] for name in node.input if name in self.weights]
        kind = "layer" if weights or node.op_type in SPATIAL else "op"
        shape = Node(
            label,
            label,
            kind,  # type: ignore[arg-type]
            self._op(node),
            tuple(_arguments(node, weights)),
            module=own or None,
            locked=LOCKED,
        )
        place = self.artist.board.add(shape)
        for name in node.input:
            if name in self._places:
                self.artist.connect(self._places[name], place.node)
        for name in node.output:
            self._places[name] = place
        self.facts[place.node] = self._facts(node, weights, own)

    def _op(self, node: Any) -> str:
        if node.op_type in SPATIAL:
            dims = max(len(self.shapes.get(node.input[0], ())) - 2, 1)
            return f"{SPATIAL[node.op_type]}{dims}d"
        return KNOWN.get(str(node.op_type), str(node.op_type))

    def _facts(self, node: Any, weights: list[Shape], module: str) -> Facts:
        inputs = tuple(self.shapes[name] for name in node.input if name in self._places and name in self.shapes)
        outputs = tuple(self.shapes[name] for name in node.output if self.shapes.get(name))
        return Facts(
            inputs=inputs,
            outputs=outputs,
            parameters=sum(map(math.prod, weights)),
            flops=_flops(node, inputs, outputs, weights),
            output_bytes=4 * sum(map(math.prod, outputs)),
            calls=1,
            modules=(module,) if module else (),
        )


def _shape(value: Any) -> Shape:
    """Dimensions that are left open count as 1."""
    dims = value.type.tensor_type.shape.dim
    return tuple(int(dim.dim_value) or 1 for dim in dims)


def _scopes(node: Any) -> Iterator[tuple[str, str]]:
    """The modules around an operator as paths with classes, the innermost last: as torch's exporters leave them.

    The present exporter keeps lists in the node's properties, the older one names nodes ``/layer1/layer1.0/Conv``.
    """
    known: Mapping[str, str] = {item.key: item.value for item in getattr(node, "metadata_props", ())}
    names = _list(known.get("pkg.torch.onnx.name_scopes"))
    classes = _list(known.get("pkg.torch.onnx.class_hierarchy"))
    if names:
        pairs = list(zip(names, classes or names, strict=False))[:-1]  # the last one is the operator itself
        yield from ((name, kind.rsplit(".", 1)[-1]) for name, kind in pairs if name)
        return
    path = ""
    for part in node.name.strip("/").split("/")[:-1]:
        path = part if not path or part.startswith(f"{path}.") else f"{path}.{part}"
        name = part.rsplit(".", 1)[-1]
        yield path, "block" if name.isdigit() else name


def _list(text: str | None) -> list[str]:
    try:
        found = ast.literal_eval(text or "[]")
    except (SyntaxError, ValueError):
        return []
    return [str(item) for item in found] if isinstance(found, list) else []


def _arguments(node: Any, weights: list[Shape]) -> Iterable[Argument]:
    if node.op_type == "Conv" and weights:
        yield Argument("out_channels", str(weights[0][0]), Span(0, 0))
    for item in node.attribute:
        values = list(item.ints) if item.ints else [item.i] if item.type == 2 else []
        if item.name in ATTRIBUTES and values and set(values) != {USUAL.get(item.name)}:
            one = values[0] if len(set(values)) == 1 else tuple(values)
            yield Argument(ATTRIBUTES[item.name], str(one), Span(0, 0))


def _flops(node: Any, inputs: tuple[Shape, ...], outputs: tuple[Shape, ...], weights: list[Shape]) -> int:
    """Multiply-adds count as two, as torch counts them; what is no convolution or product counts nothing."""
    if not outputs:
        return 0
    if node.op_type == "Conv" and weights:
        return 2 * math.prod(outputs[0]) * math.prod(weights[0][1:])
    if node.op_type in ("Gemm", "MatMul") and inputs and inputs[0]:
        return 2 * math.prod(outputs[0]) * inputs[0][-1]
    return 0
