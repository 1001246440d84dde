"""Network files of other programs (torch.export, ONNX): received, described by an inspector, drawn locked."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from app.services.context import Context, require
from app.services.networks import Look, call_sites, traced_picture
from app.services.offload import offload
from app.services.paths import server_path
from app.services.uploads import keep
from jobs.permissions import Principal
from models.foreign.files import ENDINGS
from models.source.fold import opened, view
from models.source.graph import from_json
from models.source.svg import svg

DEADLINE = 60.0
"""Seconds; programs of a few hundred megabytes are read whole."""
KEPT = 8
_reports: OrderedDict[tuple[str, int], Mapping[str, Any]] = OrderedDict()  # by path and time of the last change


def receive(ctx: Context, who: Principal | None, stream: BinaryIO, filename: str) -> str:
    """Keep an uploaded network file among the person's own; its path on the server. Raises UserError, StorageFull."""
    return keep(ctx, require(who, "upload"), stream, filename, ENDINGS)


def draw(ctx: Context, who: Principal | None, path: str, look: Look) -> dict[str, Any]:
    """The picture of a file as ``networks.draw`` gives it, every node locked, with ``title``, ``layers`` and ``depth``.

    ``layers`` are {node, name, op, output, parameters, flops} in the order of the file; ``depth`` is the number of
    levels of blocks. Raises UserError(field="file") for a path outside of the person's folders, or a file that is none.
    """
    who = require(who, "create")
    place = server_path(ctx, who, path, "file")
    report = _report(ctx, place)
    return {
        **offload(traced_picture, report, look),
        "title": place.name,
        "layers": _layers(report),
        "depth": _depth(report),
    }


def outline(ctx: Context, who: Principal | None, path: str) -> list[dict[str, str]]:
    """Every call site of a file, as ``networks.outline`` gives them. Raises the same errors."""
    who = require(who, "create")
    report = _report(ctx, server_path(ctx, who, path, "file"))
    return call_sites(from_json(report["graph"]))


def picture(ctx: Context, who: Principal | None, path: str, depth: int) -> str:
    """A file as SVG, with blocks open down to a depth. Raises the same errors."""
    who = require(who, "create")
    report = _report(ctx, server_path(ctx, who, path, "file"))
    graph = from_json(report["graph"])
    return offload(lambda: svg(graph, view(graph, opened(graph, depth))))


def _report(ctx: Context, place: Path) -> Mapping[str, Any]:
    key = (str(place), place.stat().st_mtime_ns)
    if key not in _reports:
        _reports[key] = ctx.inspectors.ask("describe_file", {"file": str(place)}, deadline=DEADLINE)[0]
        while len(_reports) > KEPT:
            _reports.popitem(last=False)
    _reports.move_to_end(key)
    return _reports[key]


def _depth(report: Mapping[str, Any]) -> int:
    """How many levels of blocks there are."""
    return max((str(node["id"]).count("/") for node in report["graph"]["nodes"]), default=0)


def _layers(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What computes, without blocks, inputs and outputs."""
    found = []
    for node in report["graph"]["nodes"]:
        facts = report["facts"].get(node["id"])
        if facts is None or node["kind"] not in ("layer", "op"):
            continue
        output = facts["outputs"][0] if facts["outputs"] else []
        known = {"parameters": facts["parameters"], "flops": facts["flops"], "output": list(output)}
        found.append({"node": node["id"], "name": node["module"] or node["label"], "op": node["op"], **known})
    return found
