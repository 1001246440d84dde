"""Statistics of layers over time on disk: one append-only file a statistic, a row of float32 for each look.

``layers/<table>.json`` names the rows' columns (layers) once; ``<table>.steps`` are the int64 steps of the looks;
``<table>.<statistic>`` holds float32 [looks, layers]; ``<table>.histograms`` records of HISTOGRAM for each layer, and
``<table>.histogram-steps`` their steps. Everything is cut back together where training goes on from an earlier step.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.whole import write_json
from jobs.folder import append_whole

BINS = 40
HISTOGRAM = np.dtype([("low", "<f4"), ("high", "<f4"), ("counts", "<u2", (BINS,))])
TABLES = ("weights", "activations")
HISTOGRAMS = ("weights", "gradients", "activations")
Matrix = NDArray[np.float32]


class LayerWriter:
    """Collects looks; :meth:`flush` appends them. Looks at other layers than at first are passed over."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._names: dict[str, list[str]] = {}
        self._buffers: dict[str, bytearray] = {}

    def add(self, table: str, step: int, names: Sequence[str], values: Mapping[str, Any]) -> None:
        """One look: for each statistic a number for each layer."""
        if self._fits(table, names, list(values)):
            self._put(f"{table}.steps", np.asarray([step], "<i8"))
            for statistic, row in values.items():
                self._put(f"{table}.{statistic}", np.asarray(row, "<f4"))

    def add_histograms(self, table: str, step: int, names: Sequence[str], parts: Mapping[str, Any]) -> None:
        """One look: for each layer the least and greatest number and the counts between."""
        if self._fits(f"{table}-histograms", names, []):
            records = np.zeros(len(names), HISTOGRAM)
            for key in ("low", "high", "counts"):
                records[key] = parts[key]
            self._put(f"{table}.histogram-steps", np.asarray([step], "<i8"))
            self._put(f"{table}.histograms", records)

    def flush(self) -> None:
        """Append everything. Raises OSError."""
        for name, buffer in self._buffers.items():
            if buffer:
                append_whole(self.root / name, bytes(buffer))
                buffer.clear()

    def _put(self, name: str, values: NDArray[Any]) -> None:
        self._buffers.setdefault(name, bytearray()).extend(values.tobytes())

    def _fits(self, table: str, names: Sequence[str], statistics: list[str]) -> bool:
        if table not in self._names:
            self.root.mkdir(exist_ok=True)
            known = _read_json(self.root / f"{table}.json")
            if known is None:
                write_json(self.root / f"{table}.json", {"names": list(names), "statistics": statistics})
            self._names[table] = list(names) if known is None else list(known["names"])
        return self._names[table] == list(names)


@dataclass(frozen=True)
class Heat:
    """A statistic over time: ``steps`` [looks] and ``values`` [layers, looks], thinned so that no extreme is lost."""

    names: list[str]
    steps: list[int]
    values: Matrix


def tables(root: Path) -> dict[str, Any]:
    """``{table: {"names", "statistics", "looks", "last"}}`` of what there is."""
    found = {}
    for table in TABLES:
        about, steps = _read_json(root / f"{table}.json"), _steps(root / f"{table}.steps")
        if about is not None and len(steps):
            found[table] = {**about, "looks": len(steps), "last": int(steps[-1])}
    return found


def heat(
    root: Path, table: str, statistic: str, width: int = 300, window: tuple[int | None, int | None] = (None, None)
) -> Heat:
    """At most ``width`` columns between two steps; a column stands for several looks by the one farthest from zero.

    Raises KeyError where there is no such table or statistic.
    """
    names, steps, rows = _rows(root, table, statistic)
    first, last = window
    low = 0 if first is None else int(np.searchsorted(steps, first, "left"))
    high = len(steps) if last is None else int(np.searchsorted(steps, last, "right"))
    steps, rows = steps[low:high], rows[low:high]
    if len(steps) <= width:
        return Heat(names, steps.tolist(), np.ascontiguousarray(rows.T))
    edges = np.linspace(0, len(steps), width + 1).astype(np.int64)
    most = np.maximum.reduceat(np.nan_to_num(rows, nan=-np.inf), edges[:-1], axis=0)
    least = np.minimum.reduceat(np.nan_to_num(rows, nan=np.inf, posinf=np.inf, neginf=-np.inf), edges[:-1], axis=0)
    values = np.where(np.abs(most) >= np.abs(least), most, least)
    values[np.isnan(rows[edges[:-1]])] = np.nan
    return Heat(names, steps[edges[1:] - 1].tolist(), np.ascontiguousarray(values.T.astype(np.float32)))


def curve(root: Path, table: str, statistic: str, layer: int) -> tuple[list[int], Matrix]:
    """Every look at one layer. Raises KeyError."""
    names, steps, rows = _rows(root, table, statistic)
    if not 0 <= layer < len(names):
        raise KeyError(layer)
    return steps.tolist(), np.ascontiguousarray(rows[:, layer])


def histograms(root: Path, table: str, layer: int, most: int = 60) -> tuple[list[int], NDArray[np.void]]:
    """Steps and HISTOGRAM records of one layer, ``most`` of them spread over the training. Raises KeyError."""
    about = _read_json(root / f"{table}-histograms.json")
    if about is None or not 0 <= layer < len(about["names"]):
        raise KeyError(f"{table} {layer}")
    count = len(about["names"])
    steps = _steps(root / f"{table}.histogram-steps")
    records = _map(root / f"{table}.histograms", HISTOGRAM, count)
    whole = min(len(steps), len(records))
    chosen = np.unique(np.linspace(0, whole - 1, min(most, whole)).astype(np.int64)) if whole else np.empty(0, np.int64)
    return steps[chosen].tolist(), records[chosen, layer]


def cut(root: Path, step: int) -> None:
    """Drop all looks after ``step``."""
    for table in (*TABLES, *HISTOGRAMS):
        for marks, rows in ((f"{table}.steps", None), (f"{table}.histogram-steps", f"{table}.histograms")):
            about = _read_json(root / f"{table}{'-histograms' if rows else ''}.json")
            if about is None:
                continue
            files = [rows] if rows else [f"{table}.{statistic}" for statistic in about["statistics"]]
            size = len(about["names"]) * (HISTOGRAM.itemsize if rows else 4)  # bytes of a look
            keep = int((_steps(root / marks) <= step).sum())
            keep = min([keep, *(_size(root / name) // size for name in files)])  # a crash may have left half a look
            _truncate(root / marks, keep * 8)
            for name in files:
                _truncate(root / name, keep * size)


def _rows(root: Path, table: str, statistic: str) -> tuple[list[str], NDArray[np.int64], Matrix]:
    about = _read_json(root / f"{table}.json")
    if table not in TABLES or about is None or statistic not in about["statistics"]:
        raise KeyError(f"{table}.{statistic}")
    names, steps = list(about["names"]), _steps(root / f"{table}.steps")
    rows: Matrix = _map(root / f"{table}.{statistic}", np.dtype("<f4"), len(names))
    whole = min(len(steps), len(rows))  # a writer may be between two files
    return names, steps[:whole], rows[:whole]


def _map(path: Path, dtype: np.dtype[Any], width: int) -> Any:
    """The whole rows of a file, memory-mapped."""
    rows = _size(path) // (dtype.itemsize * width) if width else 0
    if rows == 0:
        return np.empty((0, width), dtype)
    return np.memmap(path, dtype, "r", shape=(rows, width)).view(np.ndarray)


def _steps(path: Path) -> NDArray[np.int64]:
    found: NDArray[np.int64] = _map(path, np.dtype("<i8"), 1)[:, 0]
    return found


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _truncate(path: Path, size: int) -> None:
    if _size(path) > size:
        os.truncate(path, size)


def _read_json(path: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return None
    return found
