"""Choosing records of a split: by class, words in the path, finding, range of a value; in any order; page by page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.analysis.columns import SORTS, Columns
from data.analysis.layout import inside
from data.database import Split
from data.errors import UserError
from data.lines import Lines

Numbers = NDArray[np.int64]
LEAST_AREA = 6
"""Numbers that make an area: three corners."""


@dataclass(frozen=True)
class Query:
    """Which records, and in which order. ``sort`` is a key of SORTS, with a leading "-" for falling values.

    ``finding`` names a finding of the doctor, whose own order (worst first, copies side by side) is taken where there
    is no ``sort``; ``area`` is a polygon on the map of the set, x1, y1, x2, y2 ..., and means the records shown in it;
    ``chosen`` are record numbers picked by hand, None: all.
    """

    cls: int | None = None
    text: str = ""
    finding: str = ""
    sort: str = ""
    area: tuple[float, ...] = ()
    chosen: tuple[int, ...] | None = None

    @property
    def plain(self) -> bool:
        """Whether the split's own index answers it in O(page)."""
        return not (self.text or self.finding or self.sort or self.area) and self.chosen is None


def select(split: Split, columns: Columns, query: Query) -> Numbers:
    """All record numbers that a query means, in its order, int64.

    Raises UserError for a sort that this split does not have; an unknown class or finding has no records.
    """
    numbers = _ordered(columns, query, len(split))
    if query.cls is not None:
        numbers = numbers[_of_class(split, query.cls)[numbers]]
    for wanted in _filters(split, columns, query):
        mask = np.zeros(len(split), bool)
        mask[wanted] = True
        numbers = numbers[mask[numbers]]
    return numbers


def page(split: Split, columns: Columns, query: Query, offset: int, size: int) -> tuple[list[int], int]:
    """``size`` records from ``offset`` on, and how many there are in all; O(size) without filter and order."""
    if query.plain:
        return split.page(offset, size, query.cls), split.count(query.cls)
    numbers = select(split, columns, query)
    return numbers[offset : offset + size].tolist(), len(numbers)


def search(split: Split, text: str) -> Numbers:
    """Records whose path, or what a table says of them, contains ``text``; case does not matter for ASCII letters.

    "column=text" means those that have the text in this column.
    """
    found = Lines(split.folder, "paths").search(text)
    return np.union1d(found, split.details.search(text)) if split.details.columns else found


def endings(split: Split) -> Iterator[str]:
    """The ending of each record's file name, in lower case, without the dot; "" where it has none."""
    with (split.folder / "paths.txt").open("rb") as file:
        for line in file:
            name = line[line.rfind(b"/") + 1 : -2]
            yield name[name.rfind(b".") + 1 :].lower().decode() if b"." in name else ""


def finding_records(folder: Path, name: str) -> Numbers:
    """The records of a finding in a split's analysis ``folder``, in its order. Raises KeyError where there is none."""
    path = folder / f"finding.{name}.npy"
    if not name.replace("_", "").isalnum() or not path.exists():
        raise KeyError(name)
    records: Numbers = np.load(path)
    return records


def _of_class(split: Split, cls: int) -> NDArray[np.bool_]:
    """Which records are of a class, or hold an object of it."""
    if split.shape[0]:
        return np.asarray(split.labels == cls)
    mask = np.zeros(len(split), bool)
    mask[split.page(0, split.count(cls), cls)] = True
    return mask


def _ordered(columns: Columns, query: Query, count: int) -> Numbers:
    """All records (or those of the finding) in the order asked."""
    if query.sort:
        key = query.sort.removeprefix("-")
        try:
            order = np.asarray(columns.order(key))
        except KeyError:
            known = ", ".join(columns.sorts) or "nothing yet: the dataset has not been analysed"
            what = "This split cannot be sorted by that" if key in SORTS else f'There is no order "{key}"'
            raise UserError(f"{what}; it can be sorted by {known}.", field="sort") from None
        return order[::-1] if query.sort.startswith("-") else order
    if query.finding:
        return _finding(columns, query.finding)
    return np.arange(count)


def _filters(split: Split, columns: Columns, query: Query) -> Iterator[Numbers]:
    """The sets of records among which the answer must be, beyond the class."""
    if query.finding and query.sort:
        yield _finding(columns, query.finding)
    if query.text:
        yield search(split, query.text)
    if query.area:
        yield _inside(columns, query.area)
    if query.chosen is not None:
        chosen = np.asarray(query.chosen, np.int64)
        yield chosen[(chosen >= 0) & (chosen < len(split))]


def _inside(columns: Columns, area: tuple[float, ...]) -> Numbers:
    """The records whose place on the map lies in the polygon; none where there is no map."""
    if "map" not in columns or len(area) < LEAST_AREA:
        return np.empty(0, np.int64)
    corners = np.array(area[: len(area) // 2 * 2]).reshape(-1, 2)
    return np.flatnonzero(inside(np.asarray(columns["map"]), corners))


def _finding(columns: Columns, name: str) -> Numbers:
    try:
        if columns.analysis is None:
            raise KeyError(name)
        return finding_records(columns.analysis, name)
    except KeyError:
        return np.empty(0, np.int64)
