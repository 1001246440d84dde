"""Versions of a dataset: a dataset never changes, so leaving images out or other options make a new one beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from app.services import analyses, datasets
from app.services.context import Context, NotFound, require
from app.services.explorer import view
from app.services.jobs import brief, clone, job_of
from data.exclusion import read_list
from data.index import Query
from jobs.permissions import Principal
from jobs.store import Listing
from jobs.tables import JobRow

LONGEST = 100
"""Versions back that are followed."""
PASSED_OVER = ("exclude", "analyse")


def without_view(
    ctx: Context, who: Principal | None, row: JobRow, place: tuple[str, Query], values: Mapping[str, Any]
) -> JobRow:
    """A new version without the records of a view, ``place`` = (split, query); ``values`` as in :func:`create`."""
    split, query = place
    opened = view(ctx, who, row, split, query)
    return create(ctx, who, row, {split: opened.records(0, opened.total)}, values)


def without_finding(
    ctx: Context, who: Principal | None, row: JobRow, finding: str, values: Mapping[str, Any]
) -> JobRow:
    """A new version without the records that a finding proposes to leave out. Raises NotFound, Conflict."""
    found = {item["name"]: item for item in analyses.ready(ctx, who, row)["findings"]}
    folder = analyses.folder(ctx, row)
    if finding not in found or folder is None:
        raise NotFound(f"{row.name} has no finding called {finding}; it has {', '.join(found) or 'none'}.")
    records = {
        split: np.load(folder / split / f"finding.{finding}.remove.npy").tolist() for split in found[finding]["remove"]
    }
    return create(ctx, who, row, records, values)


def create(
    ctx: Context,
    who: Principal | None,
    row: JobRow,
    records: Mapping[str, list[int]],
    values: Mapping[str, Any],
) -> JobRow:
    """A new version of a finished dataset without some records ({split: numbers}), with its options else.

    ``values`` are options and labels that differ. What its parent left out stays out. Raises what ``datasets.create``
    raises, NotFound for a record that is not there, Conflict while the dataset is not Done.
    """
    require(who, "create")
    paths = []
    for split, numbers in records.items():
        part = datasets.opened_split(ctx, row, split)[1]
        if numbers and not 0 <= min(numbers) <= max(numbers) < len(part):
            raise NotFound(f"The {split} split of {row.name} has {len(part)} records, numbered from 0.")
        paths += part.paths(numbers)
    same = clone(ctx, who, row)
    given = {key: value for key, value in values.items() if value is not None}
    return datasets.create(ctx, who, {**same, "name": f"{row.name}, new version", **given}, parent=row, without=paths)


def describe(ctx: Context, who: Principal | None, row: JobRow) -> dict[str, Any]:
    """``{"line": versions from the first to this one, "children": those made from it, "changes": against the parent}``.

    Each of the line is a brief with "images" and "left_out"; a parent that is gone is {"id", "gone": true}.
    """
    require(who, "view", row)
    line, at = [_entry(ctx, row)], row
    while len(line) < LONGEST and (parent := _parent(ctx, at)):
        found = ctx.store.get(parent, who)
        line.insert(0, {"id": parent, "gone": True} if found is None else _entry(ctx, found))
        if found is None:
            break
        at = found
    children = [child for child in ctx.store.list(Listing(parent=row.id, type="dataset", limit=100), who)]
    before = _parent(ctx, row)
    changes = None
    if before and (parent_row := ctx.store.get(before, who)):
        changes = _changes(ctx, parent_row, row)
    return {"line": line, "children": [_entry(ctx, child) for child in children], "changes": changes}


def _parent(ctx: Context, row: JobRow) -> str:
    """The id of the dataset that this one is a version of, "" for a first one."""
    return next(iter(ctx.store.parents(row.id)), "")


def _entry(ctx: Context, row: JobRow) -> dict[str, Any]:
    counts = (row.summary or {}).get("counts") or {}
    return {**brief(row), "images": sum(counts.values()), "gone": False}


def _changes(ctx: Context, parent: JobRow, row: JobRow) -> dict[str, Any]:
    """What differs: options, images a split, images per class, and how many paths are left out more than before."""
    before, after = (job_of(ctx, each).options for each in (parent, row))
    options = [
        {"option": name, "before": before.get(name), "after": after.get(name)}
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name) and name not in PASSED_OVER
    ]
    lists = [read_list(ctx.store.folder(each.id).path) for each in (parent, row)]
    tables = [_counts(ctx, each) for each in (parent, row)]
    return {
        "options": options,
        "left_out": len(lists[1] - lists[0]),
        "taken_back": len(lists[0] - lists[1]),
        "splits": _different({name: sum(counts.values()) for name, counts in tables[0].items()},
                             {name: sum(counts.values()) for name, counts in tables[1].items()}),
        "classes": _different(_by_class(tables[0]), _by_class(tables[1])),
    }  # fmt: skip


def _counts(ctx: Context, row: JobRow) -> dict[str, dict[str, int]]:
    """{split: {class: images}} by the events of the build; empty where it has not come so far."""
    artifacts = ctx.states.get(row.id).artifacts
    classes, counts = artifacts.get("classes") or [], artifacts.get("counts") or {}
    return {split: dict(zip(classes, numbers, strict=False)) for split, numbers in counts.items()}


def _by_class(table: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for counts in table.values():
        for name, count in counts.items():
            total[name] = total.get(name, 0) + count
    return total


def _different(before: Mapping[str, int], after: Mapping[str, int]) -> list[dict[str, Any]]:
    names = list(dict.fromkeys([*before, *after]))
    pairs = ((name, before.get(name, 0), after.get(name, 0)) for name in names)
    return [{"name": name, "before": old, "after": new} for name, old, new in pairs if old != new]
