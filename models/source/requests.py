"""Requests about a network's source for a warm inspector: they run the user's code, or import torch."""

from __future__ import annotations

from typing import Any

from models.source.palette import documentation, find
from models.source.shapes import Images, describe
from models.source.text import Source

Answer = tuple[dict[str, Any], list[bytes]]


def describe_network(params: dict[str, Any], _blobs: list[bytes]) -> Answer:
    """``{source, channels, height, width, classes, batch = 1, memory = true}`` -> the report as JSON.

    The graph is left out where it is that of ``parse.read``, which the asker can read without running anything. Errors
    of the network are in ``problems``; UserError only where the text is not Python at all.
    """
    sizes = {name: int(params[name]) for name in ("channels", "height", "width", "classes")}
    images = Images(**sizes, batch=max(int(params.get("batch", 1)), 1))
    source = str(params["source"])
    report = describe(source, images, memory=bool(params.get("memory", True)))
    answer = report.as_json(Source(source))
    if report.graph.origin == "source":
        del answer["graph"]
    return answer, []


def document_layer(params: dict[str, Any], _blobs: list[bytes]) -> Answer:
    """``{op}`` -> ``{op, text}``: the docstring that the installed torch has for a layer of the palette."""
    op = str(params["op"])
    return {"op": op, "text": documentation(op) if find(op) is not None else ""}, []


REQUESTS = {"describe_network": describe_network, "document_layer": document_layer}
