"""Analysis jobs: asking for one, and finding those of a dataset."""

from __future__ import annotations

from typing import Literal, cast

from app.services.context import Conflict, Context, require
from app.services.jobs import Label
from app.services.submit import Order, submit
from data.analysis.options import AnalysisOptions, check_options
from data.options import parse
from jobs.job import Status
from jobs.permissions import Principal
from jobs.tables import JobRow

TYPE = "analysis"


def start(ctx: Context, who: Principal | None, row: JobRow, layout: str = "pca") -> JobRow:
    """Ask for an analysis of a dataset, finished or not: it waits for it.

    Raises InvalidOptions, UserError (a layout that this server cannot compute), NotAllowed, Conflict, StorageFull.
    """
    require(who, "view", row)
    who = require(who, "create")
    if (going := newest(ctx, row)) and not Status(going.status).finished:
        raise Conflict(f"{row.name} is being analysed already.", blockers=(going.id,))
    visibility = cast(Literal["lab", "private"], row.visibility)
    label = Label(name=f"Analysis of {row.name}"[:500], group=row.group, visibility=visibility)
    options = parse(AnalysisOptions, {"dataset": row.id, "layout": layout})
    check_options(options)
    order = Order(type=TYPE, task="analyse_dataset", options=options, parents=(row.id,))
    return submit(ctx, who, order, label, {})


def of(ctx: Context, row: JobRow) -> list[JobRow]:
    """The analyses of a dataset, newest first."""
    return [child for child in ctx.store.children(row.id) if child.type == TYPE]


def newest(ctx: Context, row: JobRow) -> JobRow | None:
    """The analysis asked for last, None where there is none."""
    return next(iter(of(ctx, row)), None)


def dataset_of(ctx: Context, row: JobRow) -> str:
    """The id of the dataset that an analysis is about."""
    return next(iter(ctx.store.parents(row.id)), "")
