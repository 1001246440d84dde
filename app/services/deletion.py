"""Deleting jobs: what goes with a job, what stands in the way, and what a page asks before it is done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from app.services.context import Conflict, Context, require
from jobs.job import Status
from jobs.permissions import Principal, can
from jobs.tables import JobRow

ALONG = {"evaluation": "evaluations", "atlas": "atlases"}
"""What may go with a job that it was made of, once somebody has said so."""


def delete(ctx: Context, who: Principal | None, row: JobRow, *, along: bool = False) -> None:
    """Ask for the deletion of a job (a running one is stopped first), ``along`` with its evaluations and atlases.

    Analyses always go with their dataset. Raises Conflict while other jobs need it, NotAllowed.
    """
    require(who, "delete", row)
    going = _going(ctx, who, row) if along else []
    _refuse_needed(ctx, who, row, going)
    ctx.datasets.forget(row.id)
    for child in (*_analyses(ctx, row), *going):
        ctx.store.edit(child.id, delete_requested=True)
    ctx.store.edit(row.id, delete_requested=True)


def children_first(rows: Sequence[JobRow]) -> list[JobRow]:
    """The order in which jobs that need one another can be deleted."""
    order = {**dict.fromkeys(ALONG, 0), "model": 1}
    return sorted(rows, key=lambda row: order.get(row.type, 2))


def question(ctx: Context, who: Principal | None, rows: Sequence[JobRow]) -> dict[str, Any]:
    """What to ask before these jobs are deleted: {title, text, along: what else goes by type}."""
    chosen = {row.id for row in rows}
    more = {child.id: child for row in rows for child in _going(ctx, who, row) if child.id not in chosen}
    along = Counter(child.type for child in more.values())
    names = ", ".join(row.name for row in rows[:5]) + (f" and {len(rows) - 5} more" if len(rows) > 5 else "")
    title = f"Delete {rows[0].name}?" if len(rows) == 1 else f"Delete {len(rows)} jobs?"
    if along:
        subject = "Its" if len(rows) == 1 else f"{names}: their"
        text = f"{subject} {_counted(along)} {'is' if len(more) == 1 else 'are'} deleted too; this cannot be undone."
    elif len(rows) == 1:
        text = "Everything in it is removed from the disk; this cannot be undone."
    else:
        text = f"{names}: this cannot be undone."
    return {"title": title, "text": text, "along": dict(along)}


def _counted(along: Mapping[str, int]) -> str:
    """``2 evaluations and 1 atlas``."""
    return " and ".join(
        f"{along[kind]} {kind if along[kind] == 1 else many}" for kind, many in ALONG.items() if kind in along
    )


def _going(ctx: Context, who: Principal | None, row: JobRow) -> list[JobRow]:
    """The evaluations and atlases made of a job that ``who`` may delete."""
    return [child for child in ctx.store.children(row.id) if child.type in ALONG and can(who, "delete", child)]


def _analyses(ctx: Context, row: JobRow) -> list[JobRow]:
    return [child for child in ctx.store.children(row.id) if child.type == "analysis"]


def _needs_for_good(child: JobRow) -> bool:
    """Whether a job cannot do without its parent: an analysis goes with it, a finished version needs it no more."""
    return child.type != "analysis" and not (child.type == "dataset" and Status(child.status).finished)


def _refuse_needed(ctx: Context, who: Principal | None, row: JobRow, going: Sequence[JobRow]) -> None:
    """Raise Conflict naming the jobs that need this one; those that ``who`` may not see are only counted."""
    gone = {child.id for child in going}
    children = [child for child in ctx.store.children(row.id) if _needs_for_good(child) and child.id not in gone]
    if not children:
        return
    seen = [child for child in children if can(who, "view", child)]
    words = [child.name for child in seen[:5]]
    if rest := len(children) - len(words):
        words.append(f"{rest} other {'job' if rest == 1 else 'jobs'}")
    along = all(child.type in ALONG for child in children) and not going
    raise Conflict(
        f"{row.name} cannot be deleted: {' and '.join([', '.join(words[:-1]), words[-1]]) if words[1:] else words[0]} "
        f"{'uses' if len(children) == 1 else 'use'} it.",
        blockers=tuple(child.id for child in seen),
        hint="Delete what uses it first." + (" Over REST, ?along=true deletes it too, if you may." if along else ""),
    )
