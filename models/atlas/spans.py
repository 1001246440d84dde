"""The crop of a receptive field: plain arithmetic, free of torch, so that the web can draw it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def crop(field: Mapping[str, Any], place: Sequence[int]) -> list[tuple[int, int]]:
    """The pixels [first, last) of each dimension that the value at ``place`` of the map depends on.

    ``field`` has ``start``, ``size``, ``step`` and ``extent`` as models/atlas/fields.py gives them. Exact also at the
    edges, where padding between layers stands for values that do not exist.
    """
    spans = []
    columns = (field["start"], field["size"], field["step"], field["extent"])
    for start, size, step, (low, high), at in zip(*columns, place, strict=True):
        first = round(start + at * step)
        spans.append((max(round(low), first), min(round(high), first + round(size))))
    return spans
