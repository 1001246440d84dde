"""Jobs of any type: lists, details, curves, and what may be done with them."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from app.services.context import Conflict, Context, NotFound, StorageFull, require
from app.services.offload import offload
from data.errors import InvalidOptions
from data.exclusion import read_list
from data.options import option, parse, plain
from jobs import series as curves
from jobs.events import Event, JobState
from jobs.folder import BrokenFolder
from jobs.job import Job, Status
from jobs.label import join_tags, split_tags
from jobs.overview import glance
from jobs.permissions import Principal
from jobs.store import Listing
from jobs.tables import JobRow
from jobs.updates import events_after, finite
from jobs.updates import updates as updates_of

LARGEST_IS_BEST = {"val/accuracy": True, "val/loss": False}


@dataclass(frozen=True, kw_only=True)
class Label:
    """What a person may say about a job at any time, whatever its type."""

    name: Annotated[str, option("Name", min_length=1, max_length=500)]
    group: Annotated[str, option("Group", "Jobs of one group are listed together.", max_length=200)] = ""
    visibility: Annotated[
        Literal["lab", "private"],
        option("Visible to", labels={"lab": "Everybody who signs in", "private": "Only me"}),
    ] = "lab"
    notes: Annotated[str, option("Notes", widget="textarea", max_length=100_000)] = ""
    tags: Annotated[
        str, option("Tags", "Words to find and compare jobs by, with commas between them.", max_length=2000)
    ] = ""


LONG_CURVE = 100_000
"""Points from which on a curve is thinned in a thread of its own."""
MOST_PRIORITY = 1000
LABELS = ("name", "group", "visibility", "notes", "tags")


def brief(row: JobRow) -> dict[str, Any]:
    """What a list shows of a job: JSON-ready, from the database alone."""
    keys = ("id", "type", "name", "owner", "group", "visibility", "status", "reason", "error", "broken")
    more = ("fraction", "eta", "created", "started", "finished", "summary", "gpus", "priority")
    values = {key: getattr(row, key) for key in (*keys, *more)}
    return {**values, "tags": split_tags(row.tags), "elapsed": _elapsed(row.started, row.finished)}


def describe(ctx: Context, row: JobRow) -> dict[str, Any]:
    """Everything about one job: :func:`brief` and what its folder says (``broken`` where it cannot)."""
    state = ctx.states.get(row.id)
    values = {**brief(row), **_state_values(state), "task": row.task, "notes": row.notes}
    values["elapsed"] = state.ran(time.time())
    values["curves"] = curve_counts(ctx, row)
    try:
        job = ctx.store.folder(row.id).job()
    except BrokenFolder as error:
        return {**values, "broken": str(error), "options": {}, "form": {}, "parents": [], "sweep": ""}
    return {**values, "options": job.options, "form": job.form, "parents": list(job.parents), "sweep": job.sweep}


def _state_values(state: JobState) -> dict[str, Any]:
    values: dict[str, Any] = {
        "seq": state.seq,
        "status": state.status.value,
        "fraction": state.fraction,
        "progress": {**state.progress, "fraction": state.fraction},
        "eta": state.progress.get("eta"),
        "started": state.started,
        "finished": state.finished,
        "updated": state.updated,
        "history": [{"status": status, "time": when} for status, when in state.history],
        "metrics": [_moment(event) for event in state.metrics],
        "best": {curve: _moment(found) for curve, up in LARGEST_IS_BEST.items() if (found := state.best(curve, up))},
        "checkpoints": [{key: value for key, value in event.items() if key != "kind"} for event in state.checkpoints],
        "artifacts": dict(state.artifacts),
        "messages": list(state.notes),
        "acts": [{key: value for key, value in event.items() if key != "kind"} for event in state.acts],
    }
    return values | {key: getattr(state, key) for key in ("reason", "error", "hint", "log")}


def _moment(event: Event) -> dict[str, Any]:
    return {key: event.get(key) for key in ("step", "epoch", "values", "time")}


def _elapsed(started: float | None, finished: float | None) -> float | None:
    """Seconds of running so far; None before the start."""
    return None if started is None else max(0.0, (finished or time.time()) - started)


# -- lists -------------------------------------------------------------------------------------------------------


def list_jobs(ctx: Context, who: Principal | None, listing: Listing) -> tuple[list[JobRow], int]:
    """One page of the jobs that ``who`` may see, and how many there are on all pages."""
    return ctx.store.list(listing, who), ctx.store.count(listing, who)


def related(ctx: Context, who: Principal | None, row: JobRow) -> dict[str, list[JobRow]]:
    """The jobs this one needs and the jobs that need it, as far as ``who`` may see them."""
    parents = [found for parent in ctx.store.parents(row.id) if (found := ctx.store.get(parent, who))]
    children = ctx.store.list(Listing(parent=row.id, limit=1000), who)
    return {"parents": parents, "children": children}


# -- what may be done --------------------------------------------------------------------------------------------


def edit(ctx: Context, who: Principal | None, row: JobRow, values: Mapping[str, Any]) -> None:
    """Change name, notes, group, tags or visibility; what is not given stays. Raises InvalidOptions, NotAllowed.

    Tags are a list, or text with commas between them.
    """
    require(who, "edit", row)
    given = {key: values[key] for key in LABELS if values.get(key) is not None}
    if "tags" in given:
        given["tags"] = join_tags([given["tags"]] if isinstance(given["tags"], str) else given["tags"])
    label = plain(parse(Label, {"name": row.name, **given}))
    # parse() takes a blank text for "not given": a blank name is refused, a blank note or group is meant.
    if "name" in given and not str(given["name"]).strip():
        parse(Label, {})
    if given:
        _relabel(ctx, row, {key: str(label[key]) for key in given})


def _relabel(ctx: Context, row: JobRow, values: dict[str, str]) -> None:
    try:
        ctx.store.relabel(row, values)
    except OSError as error:
        raise StorageFull(
            f"The change to {row.name} could not be written: {error.strerror or error} ({error.filename}).",
            hint="Free some space or make the folder writable for the server, then try again.",
        ) from error


def abort(ctx: Context, who: Principal | None, row: JobRow) -> None:
    """Ask the scheduler to stop a job that waits or runs. Raises Conflict where it has ended already."""
    require(who, "abort", row)
    if Status(row.status).finished:
        raise Conflict(f"{row.name} cannot be aborted: it is {row.status.lower()} already.")
    ctx.store.edit(row.id, abort_requested=True)


def prioritise(ctx: Context, who: Principal | None, row: JobRow, priority: int) -> None:
    """Move a job within the queue: a higher priority goes first (0 is usual). Raises InvalidOptions, NotAllowed."""
    require(who, "edit", row)
    if not -MOST_PRIORITY <= priority <= MOST_PRIORITY:
        raise InvalidOptions({"priority": [f"A priority is a whole number from -{MOST_PRIORITY} to {MOST_PRIORITY}."]})
    ctx.store.edit(row.id, priority=priority)


def clone(ctx: Context, who: Principal | None, row: JobRow) -> dict[str, Any]:
    """The values with which the form of a new job like this one is filled. Raises Conflict for a broken folder."""
    require(who, "view", row)
    try:
        job = ctx.store.folder(row.id).job()
    except BrokenFolder as error:
        raise Conflict(f"{row.name} cannot be cloned: {error}") from None
    options = {key: value for key, value in job.options.items() if value is not None}
    same = {"exclude": f"job:{row.id}"} if read_list(ctx.store.folder(row.id).path) else {}
    return {**options, "name": job.name, "group": row.group, "visibility": row.visibility, **job.form, **same}


# -- what happened -----------------------------------------------------------------------------------------------


def log(ctx: Context, row: JobRow, lines: int = 200) -> str:
    """The last lines of what the worker printed."""
    return ctx.store.folder(row.id).log_tail(lines)


def updates(ctx: Context, row: JobRow, seq: int, counts: Mapping[str, int]) -> dict[str, Any]:
    """What happened after event ``seq`` and after ``counts[curve]`` points: what a page that reconnects asks for."""
    return updates_of(ctx.store.folder(row.id), seq, counts)


def events(ctx: Context, row: JobRow, after: int = 0) -> dict[str, Any]:
    """``{"seq": the last number, "events": [...]}`` of the events numbered above ``after``."""
    found = events_after(ctx.store.folder(row.id).events_path, after)
    return {"seq": found[-1]["seq"] if found else after, "events": found}


def curve_counts(ctx: Context, row: JobRow) -> dict[str, int]:
    """Names of a job's curves, each with the number of its points."""
    root = _series(ctx, row)
    return {name: curves.count(root, name) for name in curves.curves(root)}


def series(
    ctx: Context,
    row: JobRow,
    curve: str,
    first: int | None = None,
    last: int | None = None,
    width: int = 1000,
    smooth: float = 0.0,
) -> dict[str, Any]:
    """A curve between two steps, thinned to ``width`` points without losing a spike. Raises NotFound.

    With ``smooth`` (0..1) also ``smoothed`` values, computed from all points before they were thinned.
    """
    root = _series(ctx, row)
    points = curves.read(root, curve)
    if len(points) == 0:
        raise NotFound(f"{row.name} has no curve {curve}.")
    wanted = curves.places(points, first, last)
    # A tenth of a second where 10 million points are first looked at: off the event loop then, else not worth a thread.
    work = offload if wanted.stop - wanted.start > LONG_CURVE else _at_once
    shown, smoothed = work(glance, root, curve, wanted, width, smooth)
    return {
        "curve": curve,
        "total": len(points),
        "steps": shown["step"].tolist(),
        "walls": shown["wall"].tolist(),
        "values": finite(shown["value"]),
        **({"smoothed": finite(smoothed)} if smooth else {}),
    }


def _at_once(work: Any, *given: Any) -> Any:
    return work(*given)


def csv(ctx: Context, row: JobRow, names: Sequence[str]) -> Iterator[str]:
    """All points of these curves in pieces of CSV: curve, step, wall (Unix seconds), value. Raises NotFound."""
    root = _series(ctx, row)
    if missing := [name for name in names if not curves.count(root, name)]:
        raise NotFound(f"{row.name} has no curve {missing[0]}.")
    return _lines(root, names)


def _lines(root: Any, names: Sequence[str], piece: int = 10_000) -> Iterator[str]:
    yield "curve,step,wall,value\n"
    for name in names:
        quoted = '"' + name.replace('"', '""') + '"' if set(name) & set(',"\n') else name
        for start in range(0, curves.count(root, name), piece):
            points = curves.read(root, name, start, start + piece)
            yield "".join(f"{quoted},{step},{wall!r},{value!r}\n" for step, wall, value in points.tolist())


def _series(ctx: Context, row: JobRow) -> Any:
    return ctx.store.folder(row.id).series


def job_of(ctx: Context, row: JobRow) -> Job:
    """What was asked for. Raises Conflict where its folder cannot be read."""
    try:
        return ctx.store.folder(row.id).job()
    except BrokenFolder as error:
        raise Conflict(f"{row.name} is broken: {error}") from None
