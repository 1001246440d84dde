"""Which images of an evaluation are asked for, and in which order; pure functions on its records."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.evaluation.records import NONE

SHOWS = ("all", "wrong", "right", "unreadable", "unlabelled")
SORTS = ("number", "hardest", "surest", "unsurest")
"""In their order; by loss, highest first; by confidence, highest or lowest first. The lower number first of equals."""


@dataclass(frozen=True)
class Wanted:
    """``label`` and ``predicted`` are class numbers (None: any); ``show`` is one of SHOWS, ``sort`` of SORTS."""

    label: int | None = None
    predicted: int | None = None
    show: str = "all"
    sort: str = "number"


def select(records: NDArray[Any], wanted: Wanted, among: NDArray[np.bool_] | None = None) -> NDArray[np.int64]:
    """Numbers of the records RESULT [n] that fit (and are ``among`` [n]), in order."""
    keep = np.ones(len(records), np.bool_) if among is None else among
    if wanted.show != "all":
        keep = keep & _showing(records, wanted.show)
    for name in ("label", "predicted"):
        if (number := getattr(wanted, name)) is not None:
            keep = keep & (records[name] == number)
    numbers = np.flatnonzero(keep)
    if wanted.sort == "number":
        return numbers
    return numbers[np.argsort(_key(records[numbers], wanted.sort), kind="stable")]


def _showing(records: NDArray[Any], show: str) -> NDArray[np.bool_]:
    answered, labelled = records["predicted"] != NONE, records["label"] != NONE
    right = records["rank"] == 0
    found: NDArray[np.bool_] = {
        "wrong": answered & labelled & ~right,
        "right": answered & labelled & right,
        "unreadable": ~answered,
        "unlabelled": answered & ~labelled,
    }[show]
    return found


def _key(records: NDArray[Any], sort: str) -> NDArray[Any]:
    if sort == "hardest":
        return np.asarray(-np.nan_to_num(records["loss"], nan=-np.inf))
    return np.asarray(-records["confidence"] if sort == "surest" else records["confidence"])
