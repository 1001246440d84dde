"""The report of an evaluation: every figure of its page, worked out from the records and scores on disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.evaluation.calibration import reliability
from models.evaluation.confusion import ClassFigures, Counts, confusion_matrix, most_confused, per_class
from models.evaluation.curves import Curve, curve
from models.evaluation.intervals import wilson
from models.evaluation.order import by_errors, clustered
from models.evaluation.records import NONE, TOP
from models.evaluation.slices import Property, sliced

HISTOGRAM = 20
BLOCK_BYTES = 16 << 20
"""Scores of some classes are brought into memory together, so much at once."""


@dataclass(frozen=True)
class Report:
    """``facts`` are JSON-ready but for NaN; ``matrix`` is int64 [classes, classes]; ``curves`` are by class."""

    facts: dict[str, Any]
    matrix: Counts
    curves: list[Curve]

    def save(self, folder: Path) -> None:
        """Write confusion.npy and curves.npz; report.json is left to the caller, who writes it last."""
        np.save(folder / "confusion.npy", self.matrix)
        starts = np.cumsum([0, *(len(one.hits) for one in self.curves)])
        columns: dict[str, Any] = {
            name: np.concatenate([getattr(one, name) for one in self.curves]) if self.curves else np.empty(0)
            for name in ("thresholds", "hits", "alarms")
        }
        for name in ("positives", "negatives"):
            columns[name] = np.array([getattr(one, name) for one in self.curves])
        np.savez(folder / "curves.npz", starts=starts, **columns)


def report(
    records: NDArray[Any],
    scores: NDArray[np.float32] | None,
    classes: int,
    about: Mapping[str, Property] | None = None,
) -> Report:
    """Everything about RESULT [n] and, where they were kept, float32 [n, classes] probabilities.

    ``about`` holds properties [n] by name, to slice by. Without labels only counts and confidences remain.
    """
    labels, predicted = np.asarray(records["label"]), np.asarray(records["predicted"])
    answered = predicted != NONE
    known = answered & (labels != NONE)
    matrix = confusion_matrix(labels, predicted, classes)
    figures = per_class(matrix)
    curves, areas = _curves(scores, labels, known, classes)
    facts = {
        "format": 1,
        "images": len(records),
        "unreadable": int((~answered).sum()),
        "unlabelled": int((answered & ~known).sum()),
        "labelled": int(known.sum()),
        "histogram": _histogram(records, known, answered),
        **(_overall(records[known], figures, areas) if known.any() else {}),
        "classes": {**_columns(figures), **areas},
        "slices": _slices(records, known, about or {}),
        "orders": {"errors": by_errors(matrix).tolist(), "clustered": clustered(matrix).tolist()},
        "confused": most_confused(matrix),
    }
    return Report(facts, matrix, curves)


def _overall(records: NDArray[Any], figures: ClassFigures, areas: Mapping[str, list[float]]) -> dict[str, Any]:
    rank, right = records["rank"], records["rank"] == 0
    count = len(records)
    hits = [int((rank < k).sum()) for k in range(1, TOP + 1)]
    low, high = wilson(hits, count)
    bins = reliability(np.asarray(records["confidence"]), right)
    macro = {name: mean(getattr(figures, name)) for name in ("precision", "recall", "f1")}
    return {
        "accuracy": hits[0] / count,
        "top": [{"k": k + 1, "accuracy": hits[k] / count, "interval": [low[k], high[k]]} for k in range(TOP)],
        "loss": float(np.mean(records["loss"], dtype=np.float64)),
        "macro": {**macro, **{name: mean(values) for name, values in areas.items()}},
        "ece": bins.error(),
        "calibration": {
            "counts": bins.counts.tolist(),
            "right": bins.right.tolist(),
            "confidence": bins.confidence.tolist(),
        },
    }


def mean(values: Any) -> float:
    """Mean of those that are no NaN; NaN where there is none."""
    array = np.asarray(values, np.float64)
    known = array[~np.isnan(array)]
    return float(known.mean()) if len(known) else float("nan")


def _columns(figures: ClassFigures) -> dict[str, list[Any]]:
    return {name: (value.T if name.endswith("_interval") else value).tolist() for name, value in vars(figures).items()}


def _histogram(records: NDArray[Any], known: NDArray[np.bool_], answered: NDArray[np.bool_]) -> dict[str, list[int]]:
    """Images by confidence in bins of equal width, by whether they were right."""
    place = np.clip((np.asarray(records["confidence"]) * HISTOGRAM).astype(np.int64), 0, HISTOGRAM - 1)
    right = known & (records["label"] == records["predicted"])
    groups = {"right": right, "wrong": known & ~right, "unlabelled": answered & ~known}
    return {name: np.bincount(place[group], minlength=HISTOGRAM).tolist() for name, group in groups.items()}


def _slices(
    records: NDArray[Any], known: NDArray[np.bool_], about: Mapping[str, Property]
) -> dict[str, list[dict[str, Any]]]:
    right = np.asarray(records["rank"])[known] == 0
    values: dict[str, Property] = {"brightness": records["brightness"], "contrast": records["contrast"], **about}
    found = {name: sliced(column, known, right) for name, column in values.items()}
    return {name: groups for name, groups in found.items() if len(groups) > 1}


def _curves(
    scores: NDArray[np.float32] | None, labels: NDArray[Any], known: NDArray[np.bool_], classes: int
) -> tuple[list[Curve], dict[str, list[float]]]:
    """A thin curve of each class and the exact areas under it; none without scores or labels."""
    if scores is None or not known.any():
        return [], {}
    thin: list[Curve] = []
    areas: dict[str, list[float]] = {"auc": [], "ap": []}
    together = max(1, BLOCK_BYTES // (4 * len(scores)))
    for first in range(0, classes, together):
        block = _columns_of(scores, range(first, min(first + together, classes)), known)
        for place, values in enumerate(block):
            whole = curve(values, labels[known] == first + place)
            areas["auc"].append(whole.auc())
            areas["ap"].append(whole.average_precision())
            thin.append(whole.thin())
    return thin, areas


def _columns_of(scores: NDArray[np.float32], columns: range, known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Some columns of the scores as rows [columns, known], read in passes over the file, not all of it at once."""
    out = np.empty((len(columns), int(known.sum())), np.float32)
    step = max(1, BLOCK_BYTES // (4 * scores.shape[1]))
    at = 0
    for first in range(0, len(scores), step):
        rows = scores[first : first + step, columns.start : columns.stop][known[first : first + step]]
        out[:, at : at + len(rows)] = rows.T
        at += len(rows)
    return out
