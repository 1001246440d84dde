"""Requests about a network's source for a warm inspector: they run the user's code, or import torch."""

from __future__ import annotations

from typing import Any

from models.source.palette import documentation, find
from models.source.shapes import Images, describe
from models.source.text import Source

Answer = tuple[dict[str, Any], list[bytes]]


def describe_network(params: dict[str, Any], _blobs: list[bytes]) -> Answer:
    """``{source, channels, height, width, classes, batch = 1, memory = true}`` -> the report as JSON, with its graph.

    Errors of the network are in ``problems``; UserError only where the text is not Python at all.
    """
    sizes = {name: int(params[name]) for name in ("channels", "height", "width", "classes")}
    images = Images(**sizes, batch=max(int(params.get("batch", 1)), 1))
    source = str(params["source"])
    return describe(source, images, memory=bool(params.get("memory", True))).as_json(Source(source)), []


def document_layer(params: dict[str, Any], _blobs: list[bytes]) -> Answer:
    """``{op}`` -> ``{op, text}``: the docstring that the installed torch has for a layer of the palette."""
    op = str(params["op"])
    return {"op": op, "text": documentation(op) if find(op) is not None else ""}, []


REQUESTS = {"describe_network": describe_network, "document_layer": document_layer}
