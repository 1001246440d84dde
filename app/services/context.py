"""What every service needs: the store, the settings and the warm inspectors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.config import Settings
from data.errors import UserError
from jobs.permissions import Principal, can
from jobs.store import Store
from jobs.tables import JobRow


class NotFound(UserError):
    """No such thing, or none that this person may see (the same answer, on purpose): 404."""


class NotAllowed(UserError):
    """The person may see it but not do this: 403."""


class Conflict(UserError):
    """The thing is not in a state where this can be done: 409. ``blockers`` are ids of the jobs in the way."""

    def __init__(self, message: str, *, blockers: tuple[str, ...] = (), hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.blockers = blockers


@dataclass(frozen=True)
class Context:
    """One per application (``current_app.extensions["foveal"]``)."""

    store: Store
    settings: Settings
    inspectors: Any  # jobs.inspection.Inspectors


def find_job(ctx: Context, who: Principal | None, job_id: str, type: str | None = None) -> JobRow:
    """The job if ``who`` may see it (and it is of ``type``), else NotFound."""
    row = ctx.store.get(job_id, who)
    if row is None or (type is not None and row.type != type):
        raise NotFound(f"There is no {type or 'job'} {job_id}.")
    return row


def require(who: Principal | None, action: str, row: JobRow | None = None) -> None:
    """Raise NotAllowed unless ``can(who, action, row)``."""
    if not can(who, action, row):
        owner = f" It belongs to {row.owner}." if row is not None and row.owner else ""
        raise NotAllowed(f"You may not {action.replace('_', ' ')} this.{owner}")
