"""/api/v1/jobs: lists, details, curves, events, logs, and what may be done with a job of any type."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

from flask import Response, url_for

from app.api.endpoint import Api
from app.api.idempotency import once
from app.api.inputs import AfterQuery, DeleteQuery, JobChange, JobQuery, LogQuery, SeriesQuery, Since, TypedJobQuery
from app.api.outputs import Events, Job, JobPage, Metrics, Related, Series, Update
from app.auth import current
from app.extensions import context
from app.services import deletion, jobs
from app.services.context import find_job
from app.services.event_archive import event_archive
from data.errors import InvalidOptions
from jobs.store import Listing, sort_value
from jobs.tables import JobRow

api = Api("jobs")


def job_page(query: TypedJobQuery, type: str | None) -> dict[str, Any]:
    """One page of jobs of a type (None: all)."""
    keys = {"text", "group", "tag", "owner", "parent", "sort"}
    listing = Listing(
        type=type,
        statuses=query.status,
        limit=query.limit + 1,
        after=read_cursor(query.cursor, query.sort),
        **query.model_dump(include=keys),
    )
    rows, total = jobs.list_jobs(context(), current(), listing)
    shown, more = rows[: query.limit], len(rows) > query.limit
    following = cursor(shown[-1], query.sort) if more else None
    return {"items": [jobs.brief(row) for row in shown], "total": total, "next": following}


def cursor(row: JobRow, sort: str) -> str:
    """An opaque text for the place of ``row`` in the order of ``sort``."""
    text = json.dumps([sort, sort_value(row, sort), row.id])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(text: str | None, sort: str) -> tuple[Any, str] | None:
    """The place that :func:`cursor` wrote down. Raises InvalidOptions for a text that it did not write."""
    if not text:
        return None
    try:
        order, value, job_id = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, TypeError):
        order, value, job_id = None, None, None
    if order != sort or not isinstance(value, str | int | float) or not isinstance(job_id, str):
        raise InvalidOptions({"cursor": ["This is no cursor of a list with this order."]})
    return value, job_id


def one(job_id: str, type: str | None = None) -> JobRow:
    """The job, if it may be seen."""
    return find_job(context(), current(), job_id, type)


def created(body: Any, create: Callable[..., JobRow], endpoint: str) -> dict[str, Any]:
    """The new job that ``create(ctx, who, values)`` makes of a body's fields, with its address; made once a key."""
    values = body.model_dump(exclude_unset=True)
    row = once(values, lambda: create(context(), current(), values))
    return {**jobs.describe(context(), row), "url": url_for(endpoint, job_id=row.id)}


@api.operation("GET", "/jobs", returns=JobPage)
def list_jobs(query: JobQuery) -> dict[str, Any]:
    """Jobs that you may see, page by page."""
    return job_page(query, query.type)


@api.operation("GET", "/jobs/<job_id>", returns=Job)
def get_job(job_id: str) -> dict[str, Any]:
    """Everything about one job."""
    return jobs.describe(context(), one(job_id))


@api.operation("PATCH", "/jobs/<job_id>", returns=Job)
def change_job(job_id: str, body: JobChange) -> dict[str, Any]:
    """Change its name, notes, group, tags or visibility."""
    jobs.edit(context(), current(), one(job_id), body.model_dump(exclude_unset=True))
    return jobs.describe(context(), one(job_id))


@api.operation("DELETE", "/jobs/<job_id>")
def delete_job(job_id: str, query: DeleteQuery) -> None:
    """Delete it (a running one is stopped first); 409 with `blockers` while other jobs need it.

    With `along=true` its evaluations and atlases are deleted too, if you may; models of a dataset never are.
    """
    deletion.delete(context(), current(), one(job_id), along=query.along)


@api.operation("POST", "/jobs/<job_id>/abort", returns=Job)
def abort_job(job_id: str) -> dict[str, Any]:
    """Ask it to stop; its status becomes Aborted within seconds."""
    jobs.abort(context(), current(), one(job_id))
    return jobs.describe(context(), one(job_id))


@api.operation("GET", "/jobs/<job_id>/clone", returns=dict[str, Any])
def clone_job(job_id: str) -> dict[str, Any]:
    """The values with which to make another one like it."""
    return jobs.clone(context(), current(), one(job_id))


@api.operation("GET", "/jobs/<job_id>/related", returns=Related)
def related_jobs(job_id: str) -> dict[str, Any]:
    """The jobs it needs and the jobs that need it."""
    found = jobs.related(context(), current(), one(job_id))
    return {side: [jobs.brief(row) for row in rows] for side, rows in found.items()}


@api.operation("GET", "/jobs/<job_id>/events", returns=Events)
def job_events(job_id: str, query: AfterQuery) -> dict[str, Any]:
    """What happened, from an event number on."""
    return jobs.events(context(), one(job_id), query.after)


@api.operation("POST", "/jobs/<job_id>/updates", returns=Update)
def job_updates(job_id: str, body: Since) -> dict[str, Any]:
    """What happened since: events, and the new points of every curve (the same as a page gets live)."""
    return jobs.updates(context(), one(job_id), body.seq, body.counts)


@api.operation("GET", "/jobs/<job_id>/log", produces="text/plain")
def job_log(job_id: str, query: LogQuery) -> Response:
    """The last lines that its worker printed."""
    return Response(jobs.log(context(), one(job_id), query.lines), mimetype="text/plain")


@api.operation("GET", "/jobs/<job_id>/curves", returns=dict[str, int])
def job_curves(job_id: str) -> dict[str, int]:
    """Names of its curves, each with the number of its points."""
    return jobs.curve_counts(context(), one(job_id))


@api.operation("GET", "/jobs/<job_id>/series", returns=Series)
def job_series(job_id: str, query: SeriesQuery) -> dict[str, Any]:
    """One curve, whole or between two steps, thinned without losing a spike."""
    return jobs.series(context(), one(job_id), query.curve, query.first, query.last, query.width, query.smooth)


@api.operation("GET", "/jobs/<job_id>/metrics", returns=Metrics)
def job_metrics(job_id: str) -> dict[str, Any]:
    """The values at each validation, and where they were best."""
    found = jobs.describe(context(), one(job_id))
    return {"metrics": found["metrics"], "best": found["best"]}


@api.operation("GET", "/jobs/<job_id>/tensorboard", produces="application/zip")
def job_event_files(job_id: str) -> Response:
    """A run's TensorBoard event files (all its curves as scalars): unpack them anywhere below a `--logdir`."""
    name, pieces = event_archive(context(), current(), one(job_id))
    answer = Response(pieces, mimetype="application/zip")
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer
