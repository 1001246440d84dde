"""Looking through the records of a finished dataset: a view is a split, filters and an order, cut into pages."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.services import analyses, datasets
from app.services.context import Context, NotFound, require
from app.services.offload import offload
from data.analysis.columns import SORTS, Columns
from data.database import Dataset, Split
from data.index import LEAST_AREA, Query, finding_records, select
from data.source_facts import COLUMNS, KINDS
from jobs.permissions import Principal
from jobs.tables import JobRow

_VIEWS: OrderedDict[tuple[str, str, str, Query], NDArray[np.int64]] = OrderedDict()
_MOST_VIEWS = 8
"""Views kept: a million record numbers are 8 MB."""


MOST_CORNERS = 400


@dataclass(frozen=True)
class View:
    """A split of a dataset as somebody looks at it; ``numbers`` are its records in order, None: the split's own."""

    row: JobRow
    dataset: Dataset
    split: Split
    columns: Columns
    query: Query
    numbers: NDArray[np.int64] | None

    @property
    def total(self) -> int:
        """How many records it has."""
        return self.split.count(self.query.cls) if self.numbers is None else len(self.numbers)

    def records(self, offset: int, size: int) -> list[int]:
        """Record numbers from ``offset`` on."""
        if self.numbers is None:
            return self.split.page(offset, size, self.query.cls)
        found: list[int] = self.numbers[offset : offset + size].tolist()
        return found


def view(ctx: Context, who: Principal | None, row: JobRow, split: str, query: Query) -> View:
    """Open a view. Raises Conflict while the dataset is not Done, NotFound (split, class), UserError (sort)."""
    require(who, "view", row)
    dataset, part = datasets.opened_split(ctx, row, split)
    if query.cls is not None and not 0 <= query.cls < len(dataset.classes):
        raise NotFound(f"{row.name} has no class number {query.cls}.")
    columns = analyses.columns(ctx, row, part)
    return View(row, dataset, part, columns, query, None if query.plain else _numbers(row, part, columns, query))


def _numbers(row: JobRow, part: Split, columns: Columns, query: Query) -> NDArray[np.int64]:
    """The view's records, kept for the next page."""
    key = (row.id, part.folder.name, str(columns.analysis), query)
    if key not in _VIEWS:
        _VIEWS[key] = offload(select, part, columns, query)
        while len(_VIEWS) > _MOST_VIEWS:
            _VIEWS.popitem(last=False)
    _VIEWS.move_to_end(key)
    return _VIEWS[key]


def explore(
    ctx: Context,
    who: Principal | None,
    row: JobRow,
    split: str,
    query: Query,
    place: tuple[int, int] = (1, 100),
) -> dict[str, Any]:
    """A page of a view: ``place`` is (page from 1, size up to 500). What DIGITS told of a page is among its fields."""
    opened = view(ctx, who, row, split, query)
    size = min(max(place[1], 1), datasets.LARGEST_PAGE)
    pages = max(1, math.ceil(opened.total / size))
    page = min(max(place[0], 1), pages)
    numbers = opened.records((page - 1) * size, size)
    values = _values(opened, numbers)
    records = [
        {**datasets.short_record(opened.dataset, opened.split, index), "value": value}
        for index, value in zip(numbers, values, strict=True)
    ]
    head = {"split": split, "class": query.cls, "page": page, "size": size, "pages": pages, "total": opened.total}
    sorts = {key: SORTS[key] for key in opened.columns.sorts}
    return {**head, "sorts": sorts, "details": list(opened.split.details.columns), "records": records}


def _values(opened: View, numbers: list[int]) -> list[float | None]:
    """The value that each record is ordered by; None without an order."""
    key = opened.query.sort.removeprefix("-")
    if not key or not numbers:
        return [None] * len(numbers)
    found: list[float | None] = opened.columns.sort_values(key, numbers).astype(float).tolist()
    return found


def record(ctx: Context, who: Principal | None, row: JobRow, split: str, index: int) -> dict[str, Any]:
    """All that is known of a record: class, path, sizes, source file, measures, findings it is in, details."""
    found = datasets.record(ctx, who, row, split, index)
    part = datasets.opened_split(ctx, row, split)[1]
    columns = analyses.columns(ctx, row, part)
    return {**found, "source": _source(columns, index), "measures": _measures(columns, index),
            "findings": _findings(ctx, who, row, columns, index), "details": part.details.of(index)}  # fmt: skip


def _source(columns: Columns, index: int) -> dict[str, Any] | None:
    """The source file's picture size, bytes and kind; None where they were not kept."""
    values = {name.removeprefix("source_"): int(columns[name][index]) for name in COLUMNS}
    if not values["bytes"]:
        return None
    return {**{name: values[name] for name in ("width", "height", "bytes")}, "kind": KINDS[values["kind"]]}


def _measures(columns: Columns, index: int) -> dict[str, float]:
    names = ("brightness", "contrast", "sharpness")
    return {name: float(columns[name][index]) for name in names if name in columns}


def _findings(ctx: Context, who: Principal | None, row: JobRow, columns: Columns, index: int) -> list[dict[str, Any]]:
    """Name and title of each finding that the record is in, and the other records of its group in this split."""
    if columns.analysis is None:
        return []
    found = []
    for finding in analyses.describe(ctx, who, row)["findings"]:
        if columns.split.folder.name not in finding["splits"]:
            continue
        records = finding_records(columns.analysis, finding["name"])
        if (records == index).any():
            found.append({"name": finding["name"], "title": finding["title"]})
    return found


def area_of(text: str) -> tuple[float, ...]:
    """The corners of an area from "x1,y1,x2,y2,..."; () where that is none."""
    try:
        numbers = tuple(float(part) for part in text.split(",")[:MOST_CORNERS])
    except ValueError:
        return ()
    return numbers if len(numbers) >= LEAST_AREA and all(map(math.isfinite, numbers)) else ()
