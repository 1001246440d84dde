"""Comparing runs: what was asked for, how they went and their curves, of up to MOST runs at once."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from app.services import jobs
from app.services.caches import LRU
from app.services.context import Context
from app.services.offload import offload
from data.errors import UserError
from data.options import schema
from jobs import series
from jobs.folder import BrokenFolder, JobFolder
from jobs.job import Job, is_id
from jobs.overview import glance
from jobs.permissions import Principal
from jobs.store import Listing
from jobs.tables import JobRow

TYPES = ("model", "run")
MOST = 500
POINTS = 120_000
"""Points of all curves of one picture together, about: more runs are drawn from fewer points each."""
LONG_VALUE = 60
_JOBS: LRU[Job] = LRU(4 * MOST)


@dataclass(frozen=True)
class Choice:
    """Which runs: those of ``ids``, or else all of a group, a tag, a dataset and with these words, newest first."""

    ids: tuple[str, ...] = ()
    group: str | None = None
    tag: str | None = None
    dataset: str | None = None
    text: str = ""
    limit: int = MOST


@dataclass(frozen=True)
class View:
    """Which part of a curve: between ``first`` and ``last`` on an axis (steps, epochs or seconds since the start)."""

    curve: str
    axis: str = "step"
    first: float | None = None
    last: float | None = None
    width: int = 0  # points of each curve; 0: as many as suit the number of runs
    smooth: float = 0.0


@dataclass(frozen=True)
class Shown:
    """One run's curve as it is drawn: ``total`` points in the file, those shown, and their smoothed values."""

    id: str
    total: int
    points: series.Points
    smoothed: Any


def choose(ctx: Context, who: Principal | None, choice: Choice) -> tuple[list[JobRow], list[str]]:
    """The runs that ``who`` may see, and the asked ids that are none. Raises UserError for more than MOST."""
    if len(choice.ids) > MOST:
        raise UserError(
            f"These are {len(choice.ids)} runs; {MOST} can be compared at once.",
            field="runs",
            hint="Choose fewer, or compare a group, a tag or a dataset.",
        )
    if not choice.ids:
        asked = Listing(
            types=TYPES, group=choice.group, tag=choice.tag, parent=choice.dataset, text=choice.text,
            limit=min(choice.limit, MOST),
        )  # fmt: skip
        return ctx.store.list(asked, who), []
    found = ctx.store.some([job_id for job_id in choice.ids if is_id(job_id)], TYPES, who)
    ids = list(dict.fromkeys(choice.ids))
    return [found[job_id] for job_id in ids if job_id in found], [job_id for job_id in ids if job_id not in found]


def compare(ctx: Context, who: Principal | None, choice: Choice) -> dict[str, Any]:
    """``{"runs", "options": what differs, "curves": names with the number of runs that have them, "missing": ids}``.

    A run has its values of the options that differ alone; the others are in ``common``.
    """
    rows, missing = choose(ctx, who, choice)
    asked = offload(_options_of, ctx, rows)
    datasets = ctx.store.some({str(options.get("dataset")) for options in asked if options.get("dataset")}, None, who)
    names = {job_id: row.name for job_id, row in datasets.items()}
    readable = [{key: _readable(key, value, names) for key, value in options.items()} for options in asked]
    differ = differing(readable)
    return {
        "runs": [_run(row, options, differ) for row, options in zip(rows, readable, strict=True)],
        "options": [{"name": name, "title": title_of(name)} for name in differ],
        "common": {key: readable[0][key] for key in readable[0] if key not in differ} if readable else {},
        "curves": _curve_names(rows),
        "missing": missing,
    }


def differing(runs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Names of options that do not have one value in all ``runs``, in the order in which they are first met.

    An option that a run does not have counts as None: what a newer version added with its default does not differ
    from an older run that was never asked.
    """
    names = dict.fromkeys(name for options in runs for name in options)
    return [name for name in names if len({_key(options.get(name)) for options in runs}) > 1]


def curves(ctx: Context, rows: Sequence[JobRow], view: View, runs: int | None = None) -> list[Shown]:
    """That curve of each run that has it; ``runs`` is how many are drawn together, where these are some of them."""
    width = view.width or max(100, min(1000, POINTS // max(1, runs or len(rows))))
    return offload(lambda: [shown for row in rows if (shown := _shown(ctx, row, view, width))])


def _shown(ctx: Context, row: JobRow, view: View, width: int) -> Shown | None:
    root = ctx.store.folder(row.id).series
    points = series.read(root, view.curve)
    if not len(points):
        return None
    shown, smoothed = glance(root, view.curve, _window(points, row, view), width, view.smooth)
    return Shown(row.id, len(points), shown, smoothed)


def _window(points: series.Points, row: JobRow, view: View) -> slice:
    """Where the window lies among the points, one more at each side so that lines reach its edges."""
    column, begin, scale = points["step"], 0.0, 1.0
    if view.axis == "epoch":
        scale = steps_per_epoch(row) or 1.0
    elif view.axis == "time":
        column, begin = points["wall"], row.started or float(points["wall"][0])
    first = 0 if view.first is None else int(np.searchsorted(column, begin + view.first * scale, "left")) - 1
    last = len(points) if view.last is None else int(np.searchsorted(column, begin + view.last * scale, "right")) + 1
    return slice(max(0, first), max(0, last))


def steps_per_epoch(row: JobRow) -> float | None:
    """Measured at the last validation; None before the first, and for runs without epochs."""
    summary = row.summary or {}
    step, epoch = summary.get("step"), summary.get("epoch")
    return step / epoch if step and epoch else None


# -- what was asked for ------------------------------------------------------------------------------------------


def title_of(name: str) -> str:
    """An option's title, as the form of a model has it; the name of any other."""
    return _titles().get(name, name)


@cache
def _titles() -> dict[str, str]:
    from models.train_options import TrainOptions

    return {name: str(spec.get("title") or name) for name, spec in schema(TrainOptions)["properties"].items()}


def _options_of(ctx: Context, rows: Sequence[JobRow]) -> list[dict[str, Any]]:
    """The options of each run; nothing for one whose folder cannot be read."""
    found = (_job(ctx.store.folder(row.id)) for row in rows)
    return [job.options if job else {} for job in found]


def _job(folder: JobFolder) -> Job | None:
    """What was asked for, which never changes; None where it cannot be read."""
    try:
        return _JOBS.get(str(folder.path), folder.job)
    except BrokenFolder:
        return None


def _readable(name: str, value: Any, datasets: Mapping[str, str]) -> Any:
    """A value as a cell shows it: text that is short, a number or a truth; a dataset by its name."""
    if name == "dataset":
        return datasets.get(str(value), value)
    if value is None or isinstance(value, bool | int | float):
        return value
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    if len(text) <= LONG_VALUE and "\n" not in text:
        return text
    return f"{' '.join(text[:LONG_VALUE].split())} ... ({_digest(text)})"


def _digest(text: str) -> str:
    """A few letters by which two long values are told apart."""
    from hashlib import blake2b

    return blake2b(text.encode(), digest_size=3).hexdigest()


def _key(value: Any) -> tuple[str, Any]:
    """What makes two values the same: 1 and 1.0 are, 1 and true are not."""
    return ("bool" if isinstance(value, bool) else "", value)


def _run(row: JobRow, options: Mapping[str, Any], differ: Sequence[str]) -> dict[str, Any]:
    summary = row.summary or {}
    keys = ("id", "type", "name", "owner", "group", "tags", "status", "fraction", "created", "started", "elapsed")
    brief = jobs.brief(row)
    return {
        **{key: brief[key] for key in keys},
        "steps_per_epoch": steps_per_epoch(row),
        "options": {name: options.get(name) for name in differ},
        "curves": summary.get("curves") or {},
    }


def _curve_names(rows: Sequence[JobRow]) -> dict[str, int]:
    """Names of all curves, those that most runs have first."""
    counts: dict[str, int] = {}
    for row in rows:
        for name in (row.summary or {}).get("curves") or {}:
            counts[name] = counts.get(name, 0) + 1
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
