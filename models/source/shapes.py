"""Shapes, costs and errors of every node of a network, from one run on the meta device. For workers and inspectors:
it runs the user's code. Nothing is computed, and torch is imported only when it is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from data.errors import UserError
from models.source.facts import Facts, Problem, Report, Totals
from models.source.graph import Graph
from models.source.parse import read
from models.source.text import Source, SourceError, Span

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class Images:
    """What a network is built and run for: ``batch`` images of this size, and so many classes."""

    channels: int
    height: int
    width: int
    classes: int
    batch: int = 1

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """[n, channels, height, width]"""
        return (self.batch, self.channels, self.height, self.width)

    def arguments(self) -> dict[str, int]:
        """What a constructor may be given."""
        return {name: getattr(self, name) for name in ("channels", "classes", "height", "width")}


def describe(source: str, images: Images, *, memory: bool = True) -> Report:
    """The graph of a network's source with shapes, parameters, FLOPs, memory and receptive field of every node.

    Errors do not end it: they are in ``problems``, each with its line, its node and the edit that would mend it, and
    the graph and the facts found so far are there. ``memory`` runs the network a second time, as in training, for what
    the backward pass keeps. Raises SourceError where the text is not Python, so that there is no graph either.
    """
    text = Source(source)
    try:
        graph = read(text, arguments=images.arguments())
    except SourceError:
        raise
    except UserError as error:
        return _undrawn(source, images, error)
    report = _attempt(text, graph, images, "meta", memory=memory)
    if any("meta" in problem.text for problem in report.problems):  # it looks at numbers, and the meta device has none
        return _attempt(text, graph, images, "cpu", memory=memory)
    return report


def _attempt(source: Source, graph: Graph, images: Images, device: str, *, memory: bool) -> Report:
    try:
        network = _built(source.text, images, device)
    except UserError as error:
        return Report(graph, problems=(_located(error, source, graph),), batch=images.batch)
    return _run(source, graph, network, images, device, memory=memory)


def _undrawn(source: str, images: Images, error: UserError) -> Report:
    """A network that reading cannot find is built and traced, so that it can be looked at."""
    from models.source.traced import describe_module

    try:
        network = _built(source, images, "meta")
    except UserError as failed:
        empty = Graph((), (), "", Source(source).hash)
        return Report(empty, problems=(_located(failed, Source(source), None),), batch=images.batch)
    report = describe_module(network, images.shape, hash=Source(source).hash)
    return replace(report, notes=(str(error), *report.notes))


def _built(source: str, images: Images, device: str) -> nn.Module:
    import torch

    from models.source_loader import load_network

    with torch.random.fork_rng(devices=[]), torch.device(device):
        return load_network(source, **images.arguments())


def _located(error: UserError, source: Source, graph: Graph | None) -> Problem:
    """An error of the user's code as a problem of its line, and of the node there."""
    from models.source_loader import error_line

    cause = error.__cause__
    line = error_line(cause, source.text) if cause is not None else getattr(error, "line", None)
    return located(str(error), line, source, graph)


def located(text: str, line: int | None, source: Source, graph: Graph | None) -> Problem:
    """A problem of a line; the node is the smallest one that the line holds."""
    if line is None or not 0 < line <= len(source.starts):
        return Problem(text)
    stop = source.starts[line] if line < len(source.starts) else len(source.text)
    whole = source.text[source.starts[line - 1] : stop]
    start = source.starts[line - 1] + len(whole) - len(whole.lstrip())
    span = Span(start, max(start, source.starts[line - 1] + len(whole.rstrip())))
    inside = [
        node
        for node in (graph.nodes if graph else ())
        for place in (node.location, node.definition)
        if place is not None and source.place(place.start)[0] == line
    ]
    return Problem(text, line, span, inside[-1].id if inside else None)


def _run(source: Source, graph: Graph, network: nn.Module, images: Images, device: str, *, memory: bool) -> Report:
    import torch

    from models.source.measure import Measure
    from models.source.meters import Flops, shapes_of
    from models.source.receptive import ReceptiveFields
    from models.source.trace import Tracer
    from models.source_loader import file_name

    fields, flops = ReceptiveFields(), Flops()
    image = torch.zeros(images.shape, device=device)
    fields.begin(image)
    measure = Measure(graph, source, network, flops, fields)
    tracer = Tracer(graph, source, file_name(source.text), measure)
    output: Any = None
    network.eval()
    with torch.random.fork_rng(devices=[]), torch.no_grad(), torch.device(device), flops, fields:
        try:
            with tracer.watching(network):
                output = network(image)
        except Exception as error:  # noqa: BLE001  it is the user's code: whatever it raises is shown at its place
            measure.problems.append(_stopped(error, tracer.last, source, graph, certain=not measure.problems))
        total = flops.reading()
    saved = _saved(source, graph, network, images, device) if memory and not measure.problems else None
    names = {id(module): name for name, module in network.named_modules()}
    facts = measure.facts(names, saved)
    shapes = shapes_of(output)
    totals = _totals(network, facts, graph, total, saved)
    return Report(graph, facts, tuple(measure.problems), totals, images.batch, images.shape, shapes)


def _stopped(error: Exception, last: str | None, source: Source, graph: Graph, *, certain: bool) -> Problem:
    """What ended the run, at the node that was being computed."""
    from models.source_loader import error_line, in_words

    line = error_line(error, source.text)
    node = graph.by_id.get(last) if last is not None else None
    if node is not None and node.location is not None and line is not None:
        first, final = source.place(node.location.start)[0], source.place(node.location.end)[0]
        if first <= line <= final:
            said = str(error).strip().split("\n")[0]
            text = f"{node.spoken} fails: {said}"
            return Problem(text, line, node.location, node.id, None, certain)
    text = in_words(error, line, source.text) if line is not None else f"The network fails: {error}"
    return replace(located(text, line, source, graph), certain=certain)


def _saved(source: Source, graph: Graph, network: nn.Module, images: Images, device: str) -> dict[str, int] | None:
    """Bytes that every node keeps for the backward pass; None where the network does not run in training mode."""
    import torch

    from models.source.measure import Saving
    from models.source.meters import saving
    from models.source.trace import Tracer
    from models.source_loader import file_name

    watcher = Saving(graph)
    tracer = Tracer(graph, source, file_name(source.text), watcher)
    batch = max(images.batch, 2)  # batch normalization wants two values at least
    network.train()
    try:
        with (
            torch.random.fork_rng(devices=[]),
            torch.enable_grad(),
            torch.device(device),
            saving(network, watcher.see),
            tracer.watching(network),
        ):
            network(torch.zeros((batch, *images.shape[1:]), device=device))
    except Exception:  # noqa: BLE001  in evaluation mode it ran, so the facts are there but for this one
        return None
    finally:
        network.eval()
    return {node: size * images.batch // batch for node, size in watcher.totals().items()}


def _totals(
    network: nn.Module, facts: Mapping[str, Facts], graph: Graph, flops: int, saved: Mapping[str, int] | None
) -> Totals:
    parameters = list(network.parameters())
    top = [facts[node.id] for node in graph.children.get(None, ()) if node.id in facts]
    return Totals(
        parameters=sum(p.numel() for p in parameters),
        trainable=sum(p.numel() for p in parameters if p.requires_grad),
        weight_bytes=_bytes(parameters),
        buffer_bytes=_bytes(network.buffers()),
        flops=flops,
        output_bytes=sum(fact.output_bytes for fact in top),
        saved_bytes=None if saved is None else saved.get("", 0),
    )


def _bytes(tensors: Any) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)
