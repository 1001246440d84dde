"""The home page: running jobs, the machine, and the tables of datasets and models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from flask import Blueprint, Response, jsonify, make_response, render_template, request
from werkzeug.exceptions import BadRequest

from app.auth import current
from app.extensions import context
from app.pages import ROWS, number, page_numbers, pages_of, query
from app.services import deletion, jobs, machine
from app.services.context import find_job
from data.errors import UserError
from jobs.store import LIVE, Listing
from jobs.tables import JobRow

blueprint = Blueprint("home", __name__)
TABLES = {  # the letter begins the table's query parameters: dq, ds, dp and mq, ms, mp
    "d": ("Datasets", "Images", ("dataset",)),
    "m": ("Models", "Accuracy", ("model",)),
    "e": ("Evaluations and atlases", "Result", ("evaluation", "atlas")),
}
OPTIONAL = "e"
"""A table that is not shown while it has nothing."""
COLUMNS = {
    "name": "Name", "status": "Status", "group": "Group", "owner": "Owner", "created": "Made", "elapsed": "Took",
}  # fmt: skip
SORTABLE = {"name", "status", "group", "owner", "created"}
MOST_RUNNING = 30


@blueprint.get("/")
def index() -> Response:
    """The whole page, or with htmx only the table that was asked for."""
    key = request.headers.get("HX-Target", "").removeprefix("table-")
    if key in TABLES:
        return _fresh(render_template("home/table.html", table=_table(key, request.args)))
    tables = [_table(key, request.args) for key in TABLES]
    tables = [table for table in tables if table["key"] != OPTIONAL or table["total"] or table["q"]]
    empty = not any(table["total"] or table["q"] for table in tables)
    seen = machine.describe(context())
    made = context().store.count(Listing(type="sweep"), current())
    return _fresh(
        render_template("home/index.html", tables=tables, running=_running(), empty=empty, machine=seen, sweeps=made)
    )


@blueprint.get("/jobs/running")
def running() -> Response:
    """The list of jobs that run or wait, for a page that heard of a new one."""
    return _fresh(render_template("home/running.html", running=_running()))


@blueprint.post("/jobs/bulk")
def bulk() -> Response:
    """Abort or delete the selected jobs (``along``: with what was made of them); refusals come back as sentences."""
    along = bool(request.form.get("along"))
    action = {"abort": jobs.abort, "delete": partial(deletion.delete, along=along)}.get(request.form.get("action", ""))
    if action is None:
        raise BadRequest("The action is abort or delete.")
    done, refused, ids = 0, [], request.form.getlist("ids")[:1000]
    known = deletion.children_first(list(context().store.briefly(ids).values()))
    for job_id in dict.fromkeys((*(row.id for row in known), *ids)):
        try:
            action(context(), current(), find_job(context(), current(), job_id))
            done += 1
        except UserError as error:
            refused.append(str(error))
    return jsonify(done=done, refused=refused)


def _running() -> dict[str, Any]:
    listing = Listing(statuses=LIVE, sort="-created", limit=MOST_RUNNING)
    rows, total = jobs.list_jobs(context(), current(), listing)
    order = {"Running": 0, "Waiting": 1, "Initialized": 2}
    return {
        "jobs": sorted((jobs.brief(row) for row in rows), key=lambda job: order.get(job["status"], 3)),
        "total": total,
    }


def _table(key: str, args: Mapping[str, str]) -> dict[str, Any]:
    """One table as its template wants it; sorting, searching and paging happen in the database."""
    state = {name: args.get(name, "") for name in (f"{letter}{field}" for letter in TABLES for field in "qsp")}
    text, page = state[f"{key}q"].strip(), number(state[f"{key}p"], 1, 1, 1_000_000)
    sort = state[f"{key}s"] if state[f"{key}s"].lstrip("-") in SORTABLE else "-created"
    title, figure, types = TABLES[key]
    listing = Listing(types=types, text=text, sort=sort, limit=ROWS, offset=(page - 1) * ROWS)
    rows, total = jobs.list_jobs(context(), current(), listing)
    pages = pages_of(total, ROWS)
    return {
        "key": key, "type": types[0], "title": title, "figure": figure, "rows": _rows(rows), "total": total, "q": text,
        "sort": sort, "page": page, "pages": pages, "first": (page - 1) * ROWS + 1,
        "numbers": page_numbers(page, pages),
        "columns": [_column(key, name, label, sort, state) for name, label in COLUMNS.items()],
        "link": lambda number: query(state, **{f"{key}p": number if number > 1 else None}),
        "others": {name: value for name, value in state.items() if name[0] != key or name[1] == "s"},
    }  # fmt: skip


def _rows(rows: Sequence[JobRow]) -> list[dict[str, Any]]:
    """Briefs; evaluations and atlases with the ``model`` that they are about, as far as it may be seen."""
    about = [row.id for row in rows if row.type in deletion.ALONG]
    if not about:
        return [jobs.brief(row) for row in rows]
    parents = context().store.parents_of(about)
    models = context().store.some({one for found in parents.values() for one in found}, ("model",), current())
    known = {child: jobs.brief(models[one]) for child, found in parents.items() for one in found if one in models}
    return [{**jobs.brief(row), "model": known.get(row.id)} for row in rows]


def _column(key: str, name: str, label: str, sort: str, state: Mapping[str, str]) -> dict[str, str]:
    """A column's head: its link sorts by it, or turns the order round if it is sorted already."""
    if name not in SORTABLE:
        return {"label": label, "name": name, "link": "", "order": ""}
    order = {name: "ascending", f"-{name}": "descending"}.get(sort, "")
    first = "-created" if name == "created" else name
    turned = {"ascending": f"-{name}", "descending": name}.get(order, first)
    return {"label": label, "name": name, "order": order, "link": query(state, **{f"{key}s": turned, f"{key}p": None})}


def _fresh(html: str) -> Response:
    """Never shown from a cache: the lists move, and a part must not stand in for the whole page."""
    answer = make_response(html)
    answer.headers["Cache-Control"] = "no-store"
    return answer
