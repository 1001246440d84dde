"""Statistics of a model's layers over its training: what there is, heat maps, curves of one layer, histograms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from app.services.context import Context, NotFound
from jobs import layers as stored
from jobs.layers import Heat
from jobs.tables import JobRow
from jobs.updates import finite

T = TypeVar("T")

WORDS = {
    "update": ("Update ratio", "How far a step moves the weights, relative to their size. About 0.001 is usual."),
    "gradient": ("Gradient size", "Root mean square. Layers should not differ by factors of thousands."),
    "gradient_ratio": ("Gradient over weight", "Size of the gradient relative to the weights."),
    "weight": ("Weight size", "Root mean square."),
    "gradient_zeros": ("Gradients that are zero", "Share of weights that a step leaves alone."),
    "std": ("Spread of activations", "Standard deviation of what a layer puts out."),
    "mean": ("Mean activation", "Mean of what a layer puts out."),
    "zeros": ("Activations that are zero", "Share of zeros behind each activation function."),
    "dead": ("Dead units", "Share of ReLU units that gave zero for all images looked at lately."),
    "saturated": (
        "Saturated units",
        "Share of tanh and sigmoid outputs at an end of their range, where nothing is learnt.",
    ),
}
"""Title and explanation of every statistic."""


def overview(ctx: Context, row: JobRow) -> dict[str, Any]:
    """``{table: {"names", "statistics", "looks", "last"}}`` of "weights" and "activations" looked at so far."""
    return stored.tables(ctx.store.folder(row.id).layers)


def heat(
    ctx: Context,
    row: JobRow,
    table: str,
    statistic: str,
    width: int = 300,
    window: tuple[int | None, int | None] = (None, None),
) -> Heat:
    """A statistic of every layer, in at most ``width`` columns. Raises NotFound."""
    return _found(row, lambda: stored.heat(ctx.store.folder(row.id).layers, table, statistic, width, window))


def curve(ctx: Context, row: JobRow, table: str, statistic: str, layer: int) -> dict[str, Any]:
    """A statistic of one layer: ``{"steps", "values"}``, values null where not finite. Raises NotFound."""
    steps, values = _found(row, lambda: stored.curve(ctx.store.folder(row.id).layers, table, statistic, layer))
    return {"steps": steps, "values": finite(values)}


def histograms(ctx: Context, row: JobRow, table: str, layer: int, most: int = 40) -> dict[str, Any]:
    """Histograms of one layer over time: ``steps``, ``low``, ``high`` and ``counts`` [steps][bins]. Raises NotFound."""
    steps, records = _found(row, lambda: stored.histograms(ctx.store.folder(row.id).layers, table, layer, most))
    low, high = finite(records["low"]), finite(records["high"])
    return {"steps": steps, "low": low, "high": high, "counts": records["counts"].tolist()}


def packed(found: Heat) -> bytes:
    """A heat map for a browser: int32 columns and layers, float64 steps, float32 [layers][columns], little-endian."""
    size = np.asarray([len(found.steps), len(found.names)], "<i4").tobytes()
    return size + np.asarray(found.steps, "<f8").tobytes() + found.values.astype("<f4").tobytes()


def _found(row: JobRow, read: Callable[[], T]) -> T:
    try:
        return read()
    except KeyError:
        raise NotFound(f"{row.name} has no such statistic of its layers.") from None
