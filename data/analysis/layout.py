"""The map of a set: a place in the plane for each sampled record, so that lookalikes lie close together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.codecs import Pixels

MOST = 20_000
"""Points of a map: more would hide each other, and a browser draws so many at once."""
LEAST = 10
"""Fewer pictures have too few neighbours for t-SNE."""
COMPONENTS = 30
Places = NDArray[np.float32]


def shares(totals: Mapping[str, int]) -> dict[str, int]:
    """How many records of each split are shown: all, or MOST of them in proportion."""
    part = min(1.0, MOST / max(1, sum(totals.values())))
    return {name: max(1, round(total * part)) for name, total in totals.items()}


def lay_out(
    samples: Mapping[str, Pixels], totals: Mapping[str, int], method: str = "pca"
) -> tuple[dict[str, Places], dict[str, Any]]:
    """Places float32 [k, 2] for the ``samples`` of each split, within -1 .. 1, and what is to be told of them.

    ``totals`` are the records of each split. Principal component analysis of small pictures uint8 [k, h, w, c]: what
    differs most from picture to picture becomes left to right, the next bottom to top; the same pictures, the same map.
    """
    counts = {name: len(sample) for name, sample in samples.items()}
    rows = np.concatenate([sample.reshape(len(sample), -1) for sample in samples.values()])
    points, explained = principal(rows.astype(np.float32))
    if method == "tsne" and len(rows) >= LEAST:
        points = neighbours(rows.astype(np.float32))
    else:
        method = "pca"
    ends = np.cumsum([0, *counts.values()])
    places = {name: points[ends[at] : ends[at + 1]] for at, name in enumerate(counts)}
    told = {
        "method": method,
        "points": counts,
        "explained": explained,
        "sampled": sum(counts.values()) < sum(totals.values()),
    }
    return places, told


def principal(rows: NDArray[np.float32]) -> tuple[Places, list[float]]:
    """The first two principal components of rows [n, values], scaled into -1 .. 1; the variance that each explains."""
    points, values = _components(rows, 2)
    total = max(1e-9, float(values.sum()))
    return _scaled(points), [float(value) / total for value in values[:2]]


def neighbours(rows: NDArray[np.float32]) -> Places:
    """t-SNE of rows [n, values], scaled into -1 .. 1: near neighbours stay so, distances between groups mean little.

    Laurens van der Maaten and Geoffrey Hinton, "Visualizing Data using t-SNE" (JMLR 2008), by openTSNE, begun from the
    principal components; one thread and a fixed seed, so that the same pictures give the same map.
    """
    from openTSNE import TSNE

    points, _ = _components(rows, COMPONENTS)
    perplexity = min(30.0, (len(rows) - 1) / 3)
    fitted = TSNE(perplexity=perplexity, initialization="pca", n_jobs=1, random_state=0).fit(points)
    return _scaled(np.asarray(fitted))


def _components(rows: NDArray[np.float32], count: int) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """The first ``count`` principal components (0 beyond what there are), and the variances of all, largest first."""
    centred = rows - rows.mean(axis=0)
    values, axes = np.linalg.eigh(centred.T @ centred)
    first = axes[:, ::-1][:, :count]
    # An axis has no direction of its own: its largest entry is made positive, so that the map is the same every time.
    first = first * np.sign(first[np.abs(first).argmax(axis=0), np.arange(first.shape[1])])
    points = np.zeros((len(rows), count), np.float32)
    points[:, : first.shape[1]] = centred @ first
    return points, values[::-1].clip(0).astype(np.float64)


def _scaled(points: NDArray[np.floating[Any]]) -> Places:
    """Points around 0, the farthest coordinate at 1."""
    centred = points - points.mean(axis=0)
    return np.asarray(centred / max(1e-6, float(np.abs(centred).max())), np.float32)


def inside(places: Places, area: NDArray[np.floating[Any]]) -> NDArray[np.bool_]:
    """Which places [n, 2] lie inside the polygon ``area`` [corners, 2] (even-odd rule)."""
    x, y = places[:, 0], places[:, 1]
    result = np.zeros(len(places), bool)
    for (x1, y1), (x2, y2) in zip(area, np.roll(area, -1, axis=0), strict=True):
        if y1 != y2:
            result ^= ((y1 > y) != (y2 > y)) & (x < (x2 - x1) * (y - y1) / (y2 - y1) + x1)
    return result
