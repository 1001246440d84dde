"""What of a graph is drawn, as plain JSON values for a browser: nodes with their words, lines with their uses. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from models.source.channels import Suggestion
from models.source.fold import Shown, View, unfolded
from models.source.graph import Argument, Graph, Node
from models.source.text import Source, Span

_SIZES = {"in_channels", "in_features", "out_channels", "out_features", "num_features", "num_channels", "kernel_size"}
_QUIET = frozenset({"inplace", "bias", "eps", "momentum", "affine", "track_running_stats"})
_WIDTH = 26


def picture(graph: Graph, view: View, source: Source, open: Iterable[str] = ()) -> dict[str, Any]:
    """``{"hash", "root", "origin", "notes", "total", "nodes", "links", "places"}``.

    ``places`` maps every piece of source that makes a node to what is drawn for it ([start, end, id], UTF-16 units), so
    that a cursor finds its node also where that is inside a closed block. ``total`` is the number of call sites. A node
    of a run that is in ``open`` has the run's id as ``run_of``.
    """
    shown, runs = representatives(graph, view), unfolded(graph, open)
    return {
        "hash": graph.hash,
        "root": graph.root,
        "origin": graph.origin,
        "notes": list(graph.notes),
        "total": sum(node.kind not in ("input", "output") for node in graph.nodes),
        "nodes": [_node(graph, item, source) | {"run_of": runs.get(item.id)} for item in view.nodes],
        "links": [_link(graph, link.source, link.target, link.edges) for link in view.links],
        "places": _places(graph, shown, source),
    }


def representatives(graph: Graph, view: View) -> dict[str, str]:
    """For every node of the graph, what is drawn in its place: itself, its run, or the closed block around it."""
    drawn = {member: item.id for item in view.nodes for member in item.members}
    found: dict[str, str] = {}
    for node in graph.nodes:  # parents stand before their children
        around = found.get(node.parent or "", "")
        found[node.id] = drawn.get(node.id) or around
    return found


def problems(graph: Graph, view: View, listed: Iterable[Suggestion]) -> list[dict[str, Any]]:
    """What the source alone tells of layers that do not fit, in the shape of ``Report.as_json``'s problems."""
    shown = representatives(graph, view)
    return [
        {
            "text": item.text,
            "line": None,
            "span": None,
            "node": item.node,
            "shown": shown.get(item.node),
            "certain": True,
            "fix": item.edit.as_json() if item.edit else None,
        }
        for item in listed
    ]


def facts(view: View, known: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The facts of what is drawn: of a run, its members' costs together and the last one's shape."""
    found: dict[str, dict[str, Any]] = {}
    for item in view.nodes:
        members = [known[member] for member in item.members if member in known]
        if members:
            found[item.id] = dict(members[0]) if len(members) == 1 else _together(members)
    return found


def _together(members: list[Mapping[str, Any]]) -> dict[str, Any]:
    sums: dict[str, Any] = {
        name: sum(member[name] for member in members) for name in ("parameters", "flops", "output_bytes")
    }
    saved = [member["saved_bytes"] for member in members]
    first, last = members[0], members[-1]
    sums["saved_bytes"] = None if None in saved else sum(saved)
    ends = {name: last[name] for name in ("outputs", "receptive_field", "calls")}
    return {**sums, **ends, "inputs": first["inputs"], "modules": [name for m in members for name in m["modules"]]}


def _node(graph: Graph, item: Shown, source: Source) -> dict[str, Any]:
    node = graph.by_id[item.members[0]]
    run = item.kind == "run"
    return {
        "id": item.id,
        "parent": item.parent,
        "run": run,
        "type": node.kind,
        "label": item.label,
        "op": item.op,
        "title": "" if node.kind in ("input", "output") else _title(item.op),
        "summary": summary(node) if not run else "",
        "times": item.times,
        "count": item.count,
        "open": item.open,
        "container": node.container and not run,
        "first": node.id,
        "members": len(item.members),
        "locked": node.locked,
        "module": node.module,
        "shared": node.shared,
        "maker": node.maker,
        "repeat": _repeat(node),
        "location": _place(node.location, source),
        "definition": _place(node.definition, source),
        "arguments": [_argument(argument) for argument in node.args],
    }


def _repeat(node: Node) -> dict[str, Any] | None:
    repeat = node.repeat or node.loop
    if repeat is None:
        return None
    return {"count": repeat.count, "times": repeat.times, "editable": repeat.literal is not None}


def _title(op: str) -> str:
    return " ".join(dict.fromkeys(part.rsplit(".", 1)[-1] for part in op.split()))


def _argument(argument: Argument) -> dict[str, Any]:
    return {
        "name": argument.name,
        "text": argument.text,
        "value": argument.value,
        "through": argument.literal is not None and argument.literal != argument.span,
    }


def summary(node: Node) -> str:
    """A layer's arguments in a few characters: "3 → 64, 7x7, stride 2"."""
    given = {argument.name: argument.value or argument.text for argument in node.args if argument.name}
    before = given.get("in_channels") or given.get("in_features")
    after = given.get("out_channels") or given.get("out_features")
    parts = [f"{before} → {after}"] if before and after else []
    if kernel := given.get("kernel_size"):
        parts.append(_square(kernel))
    if node.kind in ("layer", "op"):
        parts += [f"{name.replace('_', ' ')} {value}" for name, value in given.items() if name not in _SIZES | _QUIET]
    text = ", ".join(parts)
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1].rstrip(", ") + "…"


def _square(kernel: str) -> str:
    """ "3" as "3x3", "(3, 5)" as "3x5"."""
    sides = kernel.strip("()[] ").replace(" ", "").strip(",").split(",")
    return "x".join(sides * 2 if len(sides) == 1 else sides)


def _link(graph: Graph, begin: str, end: str, edges: tuple[str, ...]) -> dict[str, Any]:
    """A line; ``uses`` are the places along it where a layer may be put, ``reason`` why there is none."""
    found = [graph.edge_by_id[edge] for edge in edges]
    uses = [
        {"edge": edge.id, "from": graph.by_id[edge.source].spoken, "to": graph.by_id[edge.target].spoken}
        for edge in found
        if edge.use is not None
    ]
    reasons = [edge.reason for edge in found if edge.reason]
    return {"source": begin, "target": end, "uses": uses, "reason": reasons[0] if reasons and not uses else None}


def _place(span: Span | None, source: Source) -> dict[str, Any] | None:
    if span is None:
        return None
    return {"start": source.utf16(span.start), "end": source.utf16(span.end), "line": source.place(span.start)[0]}


def _places(graph: Graph, shown: Mapping[str, str], source: Source) -> list[tuple[int, int, str]]:
    found: dict[Span, str] = {}
    for node in graph.nodes:
        for span in (node.location, node.definition):
            if span is not None and shown[node.id]:
                found.setdefault(span, shown[node.id])
    return [(source.utf16(span.start), source.utf16(span.end), node) for span, node in found.items()]
