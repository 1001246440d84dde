"""Graphs of networks that cannot be read as source: from torch.fx, else torch.export. Read only, with facts.

For torchvision models, jobs without source, and exported programs; it runs the network on the meta device.
"""

from __future__ import annotations

import warnings
from contextlib import suppress
from dataclasses import replace
from typing import Any

import torch
from torch import fx, nn

from data.errors import UserError
from models.source.artist import LOCKED, Artist
from models.source.base import short
from models.source.facts import Facts, Report, Totals
from models.source.graph import Argument, Graph, Node
from models.source.meters import Flops, Memory, own_tensors, shapes_of, tensors_in
from models.source.receptive import ReceptiveFields
from models.source.text import Span
from models.source.values import Tensor

_SKIPPED = frozenset({"get_attr"})
_FACTS = frozenset(
    {"getattr", "sym_size", "sym_size.int", "_assert_tensor_metadata", "_assert_tensor_metadata.default"}
)


def describe_module(network: nn.Module, shape: tuple[int, ...], *, hash: str = "") -> Report:
    """The graph of a built network for inputs of this shape, with facts. ``torch.fx`` first, then ``torch.export``.

    Raises UserError where neither can trace it.
    """
    device = next((tensor.device for tensor in own_tensors(network)), torch.device("meta"))
    image = torch.empty(shape, device="meta")
    if device.type != "meta":
        network = _on_meta(network)
    network.eval()
    notes: list[str] = []
    try:
        traced: fx.GraphModule = fx.symbolic_trace(network)
        origin = "fx"
    except Exception as error:  # noqa: BLE001  any control flow that fx cannot follow ends here
        notes.append(f"torch.fx cannot trace it ({_first(error)}), so its operations come from torch.export.")
        traced, origin = _exported(network, image), "export"
    return _describe(traced, network, image, origin, hash, notes)


def describe_program(program: Any) -> Report:
    """The graph of a torch.export.ExportedProgram, with facts for the inputs that it was exported with."""
    inputs = [value for value in program.example_inputs[0] if isinstance(value, torch.Tensor)]
    module = program.module()
    return _describe(module, module, torch.empty(inputs[0].shape, device="meta"), "export", "", [])


def _on_meta(network: nn.Module) -> nn.Module:
    import copy

    return copy.deepcopy(network).to("meta")


def _exported(network: nn.Module, image: torch.Tensor) -> fx.GraphModule:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            program = torch.export.export(network, (image,), strict=False)
            module = program.module()
    except Exception as error:
        raise UserError(f"This network cannot be drawn: {_first(error)}") from error
    if not isinstance(module, fx.GraphModule):
        raise UserError("This network cannot be drawn: torch.export gave no graph.")
    return module


def _first(error: Exception) -> str:
    return str(error).strip().split("\n")[0][:200] or type(error).__name__


def _describe(
    traced: fx.GraphModule, network: nn.Module, image: torch.Tensor, origin: str, hash: str, notes: list[str]
) -> Report:
    artist = _Artist(traced)
    artist.draw()
    with torch.no_grad(), torch.device("meta"), Flops() as flops, ReceptiveFields() as fields:
        fields.begin(image)
        runner = _Runner(traced.to("meta") if origin == "export" else traced, artist, flops, fields, network)
        output = runner.run(image)
        total = flops.reading()
    nodes = tuple(artist.board.nodes.values())
    graph = Graph(nodes, tuple(artist.board.edges.values()), type(network).__name__, hash, (), origin)  # type: ignore[arg-type]
    facts = _with_containers(graph, runner.facts, network)
    parameters = list(network.parameters())
    totals = Totals(
        parameters=sum(p.numel() for p in parameters),
        trainable=sum(p.numel() for p in parameters if p.requires_grad),
        weight_bytes=sum(p.numel() * p.element_size() for p in parameters),
        buffer_bytes=sum(b.numel() * b.element_size() for b in network.buffers()),
        flops=total,
        output_bytes=sum(fact.output_bytes for node, fact in facts.items() if not graph.by_id[node].container),
    )
    return Report(graph, facts, (), totals, image.shape[0], tuple(image.shape), shapes_of(output), tuple(notes))


class _Artist(Artist):
    """Draws an fx graph: one node an operation or a layer of torch.nn, one container a module that holds others."""

    def __init__(self, traced: fx.GraphModule) -> None:
        super().__init__()
        self.traced = traced
        self.places: dict[fx.Node, Tensor] = {}
        self._layers: dict[str, Tensor] = {}

    def draw(self) -> None:
        """Draw every node."""
        for node in self.traced.graph.nodes:
            if node.op in _SKIPPED or _is_fact(node):
                continue
            stack = _stack(node)
            layer = stack.pop() if node.op == "call_function" and stack and _is_layer(stack[-1][1]) else None
            self.enter(stack)
            drawn = self.places[node] = self._node(node) if layer is None else self._layer(*layer)
            for source in _sources(node):
                place = self.places.get(source)
                if place is not None and place.node != drawn.node:
                    self.connect(place, drawn.node)

    def _node(self, node: fx.Node) -> Tensor:
        return self.board.add(_drawn(node, self.traced))

    def _layer(self, path: str, kind: str) -> Tensor:
        """One node for all operations of one call of a layer: export takes torch.nn.Conv2d apart."""
        if path not in self._layers:
            name = path.split("@")[0]
            arguments: tuple[Argument, ...] = ()
            with suppress(AttributeError):
                arguments = _sizes(kind, self.traced.get_submodule(name))
            label = name.rsplit(".", 1)[-1]
            drawn = Node(label, label, "layer", f"nn.{kind}", arguments, module=name, locked=LOCKED)
            self._layers[path] = self.board.add(drawn)
        return self._layers[path]


def _is_layer(kind: str) -> bool:
    """Whether a class of torch.nn is one that computes, not one that holds others."""
    found = getattr(nn, kind, None)
    return isinstance(found, type) and not kind.startswith(("Module", "Sequential", "ParameterList", "ParameterDict"))


def _sizes(kind: str, module: nn.Module) -> tuple[Argument, ...]:
    """The usual first arguments of a layer, told from its weights: an exported program keeps no others."""
    weight = getattr(module, "weight", None)
    if not isinstance(weight, torch.Tensor):
        return ()
    sizes: tuple[tuple[str, object], ...] = ()
    if kind.startswith("Conv") and "Transpose" not in kind:
        square = len(set(weight.shape[2:])) == 1
        sizes = (
            ("out_channels", weight.shape[0]),
            ("kernel_size", weight.shape[2] if square else tuple(weight.shape[2:])),
        )
    elif kind == "Linear":
        sizes = (("in_features", weight.shape[1]), ("out_features", weight.shape[0]))
    elif "Norm" in kind:
        sizes = (("num_features", weight.shape[0]),)
    return tuple(Argument(name, str(value), Span(0, 0)) for name, value in sizes)


def _stack(node: fx.Node) -> list[tuple[str, str]]:
    """The modules around an operation, outermost first, without the network itself and without a leaf module."""
    stack = node.meta.get("nn_module_stack") or {}
    found = [(str(path), _type_name(kind)) for path, kind in stack.values()]
    found = [(path.removeprefix("L['self']").lstrip("."), kind) for path, kind in found]
    found = [(path, kind) for path, kind in found if path]
    if node.op == "call_module" and found and _plain(found[-1][0]) == str(node.target):
        found.pop()
    return found


def _plain(path: str) -> str:
    """The module's path, without the number of its call."""
    return path.split("@")[0]


def _type_name(kind: Any) -> str:
    return kind.rsplit(".", 1)[-1] if isinstance(kind, str) else kind.__name__


def _is_fact(node: fx.Node) -> bool:
    """Whether an operation asks a tensor for a fact (its size) rather than computing one."""
    if node.op == "call_module":
        return str(node.target) == "_guards_fn"  # what export checks of the input
    return node.op == "call_function" and getattr(node.target, "__name__", "") in _FACTS


def _sources(node: fx.Node) -> list[fx.Node]:
    """The nodes that an operation takes, each as often as it is written."""
    found: list[fx.Node] = []
    fx.node.map_arg((node.args, node.kwargs), lambda source: found.append(source))
    return found


def _drawn(node: fx.Node, traced: fx.GraphModule) -> Node:
    if node.op == "placeholder":
        return Node(node.name, str(node.target), "input", "input")
    if node.op == "output":
        return Node("output", "output", "output", "output")
    if node.op == "call_module":
        module = traced.get_submodule(str(node.target))
        name = str(node.target).rsplit(".", 1)[-1]
        op = short(f"torch.nn.{type(module).__name__}") if _is_torch(module) else type(module).__name__
        return Node(name, name, "layer", op, _arguments(module), module=str(node.target), locked=LOCKED)
    if node.op == "call_method":
        return Node(str(node.target), str(node.target), "op", f"Tensor.{node.target}", locked=LOCKED)
    name = getattr(node.target, "__name__", str(node.target)).split(".")[0]
    place = getattr(node.target, "__module__", "") or ""
    op = f"F.{name}" if place.endswith("functional") else name if place == "_operator" else f"torch.{name}"
    return Node(name, name, "op", op, locked=LOCKED)


def _is_torch(module: nn.Module) -> bool:
    return type(module).__module__.startswith("torch.nn")


def _arguments(module: nn.Module) -> tuple[Argument, ...]:
    """What a layer says of itself: ``extra_repr`` as arguments."""
    parts = [part.strip() for part in _split(module.extra_repr()) if part.strip()]
    pairs = [part.split("=", 1) if "=" in part.split("(")[0] else [None, part] for part in parts]
    names = iter(_names(module))
    return tuple(Argument(name or next(names, None), str(text), Span(0, 0)) for name, text in pairs)


def _names(module: nn.Module) -> list[str]:
    if isinstance(module, nn.modules.conv._ConvNd):
        return ["in_channels", "out_channels"]
    if isinstance(module, nn.modules.batchnorm._NormBase):
        return ["num_features"]
    return []


def _split(text: str) -> list[str]:
    """At commas that stand in no brackets."""
    parts, depth = [""], 0
    for character in text:
        depth += (character in "([") - (character in ")]")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts


class _Runner(fx.Interpreter):
    """Runs the graph once and notes the facts of every node."""

    def __init__(
        self, traced: fx.GraphModule, artist: _Artist, flops: Flops, fields: ReceptiveFields, network: nn.Module
    ) -> None:
        super().__init__(traced)
        self.facts: dict[str, Facts] = {}
        self._artist = artist
        self._flops = flops
        self._fields = fields
        self._memory = Memory(own_tensors(network))
        self._modules = dict(self.module.named_modules())

    def run_node(self, n: fx.Node) -> Any:
        """One operation."""
        before = self._flops.reading()
        result = super().run_node(n)
        place = self._artist.places.get(n)
        if place is None or n.op in ("placeholder", "output"):
            return result
        windows = [window for tensor in tensors_in(result) if (window := self._fields.of(tensor)) is not None]
        drawn = self._artist.board.nodes[place.node]
        path = drawn.module if drawn.kind == "layer" else None
        module = self._modules.get(path) if path else None
        known = self.facts.get(place.node)  # of an earlier operation of the same layer
        given = [source for source in _sources(n) if source.op != "get_attr"]  # weights are no inputs
        self.facts[place.node] = Facts(
            inputs=known.inputs if known else shapes_of([self.env[s] for s in given if s in self.env]),
            outputs=shapes_of(result),
            parameters=sum(p.numel() for p in module.parameters()) if module is not None else 0,
            flops=self._flops.reading() - before + (known.flops if known else 0),
            output_bytes=sum(self._memory.new(tensor) for tensor in tensors_in(result))
            + (known.output_bytes if known else 0),
            receptive_field=windows[0].told() if windows else None,
            calls=1,
            modules=(path,) if module is not None and path else (),
        )
        return result


def _with_containers(graph: Graph, facts: dict[str, Facts], network: nn.Module) -> dict[str, Facts]:
    """The facts of modules that hold others: the sum of what is inside, and the shape that leaves."""
    found = dict(facts)
    modules = dict(network.named_modules())
    for node in reversed(graph.nodes):
        if not node.container:
            continue
        inside = [found[child.id] for child in graph.children.get(node.id, ()) if child.id in found]
        ends = [child for child in graph.children.get(node.id, ()) if child.kind == "output"]
        last = [found[edge.source] for end in ends for edge in graph.into.get(end.id, ()) if edge.source in found]
        module = modules.get(node.module or "")
        own = sum(p.numel() for p in module.parameters()) if module is not None else sum(f.parameters for f in inside)
        found[node.id] = replace(
            last[0] if last else Facts(),
            inputs=inside[0].inputs if inside else (),
            parameters=own,
            flops=sum(fact.flops for fact in inside),
            output_bytes=sum(fact.output_bytes for fact in inside),
            modules=(node.module,) if module is not None and node.module else (),
        )
    return found
