"""DIGITS's ``show_visualizations``: every layer's activations and weights with shape, mean, deviation and histogram."""

from __future__ import annotations

from base64 import b64encode
from itertools import pairwise
from typing import Any

from app.services import inspection
from app.services.context import Context
from app.services.inspection import Given
from jobs.permissions import Principal
from jobs.tables import JobRow

SHOWN = 256
"""Units in a picture; DIGITS cut off without saying so, here ``shown`` says it."""


def visualizations(
    ctx: Context, who: Principal | None, row: JobRow, given: Given, checkpoint: str | None
) -> list[dict[str, Any]]:
    """For each layer its weights (not of linear layers, as in DIGITS) and its activations, in the order of the network.

    Each: {name, vis_type "Weights" or "Activation", layer_type, param_count (weights only), image (data URL), shown,
    data_stats: {shape, mean, stddev, histogram: [counts, centres of the bins, ticks]}}.
    """
    found = inspection.activations(ctx, who, row, given, checkpoint, count=SHOWN)
    layers = {layer["name"]: layer for layer in inspection.layers(ctx, who, row, checkpoint)["layers"]}
    rows = []
    for values in found["layers"]:
        layer = layers[values["name"]]
        if layer["weights"] and len(layer["weights"]) > 2:
            rows.append(_weights(ctx, who, row, layer, checkpoint))
        rows.append(_row(layer, "Activation", layer["shape"], values["figures"], values["picture"]))
    return rows


def _weights(
    ctx: Context, who: Principal | None, row: JobRow, layer: dict[str, Any], checkpoint: str | None
) -> dict[str, Any]:
    facts, picture = inspection.weights(ctx, who, row, layer["name"], checkpoint, count=SHOWN)
    made = _row(layer, "Weights", layer["weights"], facts["figures"], picture)
    return {**made, "param_count": layer["parameters"]}


def _row(layer: dict[str, Any], kind: str, shape: list[int], figures: dict[str, Any], picture: bytes) -> dict[str, Any]:
    return {
        "name": layer["name"],
        "vis_type": kind,
        "layer_type": layer["kind"],
        "image": f"data:image/png;base64,{b64encode(picture).decode()}",
        "shown": min(SHOWN, layer["units"]),
        "data_stats": {
            "shape": shape,
            "mean": figures.get("mean"),
            "stddev": figures.get("deviation"),
            "histogram": _histogram(figures.get("histogram")),
        },
    }


def _histogram(found: dict[str, list[float]] | None) -> list[list[float]]:
    """As DIGITS has it: counts, centres of the bins, and about four ticks."""
    if not found:
        return [[], [], []]
    edges = found["edges"]
    centres = [(low + high) / 2 for low, high in pairwise(edges)]
    ticks = [edges[0], edges[len(edges) // 3], edges[2 * len(edges) // 3], edges[-1]]
    return [found["counts"], centres, ticks]
