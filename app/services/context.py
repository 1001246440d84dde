"""What every service needs (store, settings, inspectors, caches), and the errors that pages and REST tell apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.config import Settings
from app.services.caches import OpenDatasets, Rows, States
from app.services.limits import SignInLimit
from app.services.preview_caches import PreviewCaches
from data.errors import UserError
from jobs.permissions import Principal, can
from jobs.store import Store
from jobs.tables import JobRow

if TYPE_CHECKING:
    from jobs.inspection import Inspectors


class NotFound(UserError):
    """No such thing, or none that this person may see (the same answer, on purpose): 404."""


class NotAllowed(UserError):
    """The person may see it but not do this: 403."""


class NotSignedIn(UserError):
    """Nobody is signed in, or the token is not valid: 401."""


class StorageFull(UserError):
    """The server's disk is full or its folder cannot be written: 507."""


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
    inspectors: Inspectors
    rows: Rows = field(init=False)
    states: States = field(init=False)
    datasets: OpenDatasets = field(init=False)
    sign_in_limit: SignInLimit = field(default_factory=SignInLimit)
    previews: PreviewCaches = field(default_factory=PreviewCaches)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rows", Rows(self.store))
        object.__setattr__(self, "states", States(self.store.root))
        object.__setattr__(self, "datasets", OpenDatasets(self.store.root))


def find_job(ctx: Context, who: Principal | None, job_id: str, type: str | None = None) -> JobRow:
    """The job if ``who`` may see it (and it is of ``type``), else NotFound."""
    row = ctx.rows.get(job_id, who)
    if row is None or (type is not None and row.type != type):
        raise NotFound(f"There is no {type or 'job'} {job_id}.")
    return row


def require(who: Principal | None, action: str, row: JobRow | None = None) -> Principal:
    """``who``, if ``can(who, action, row)``. Raises NotAllowed otherwise, NotSignedIn for nobody."""
    if who is None:
        raise NotSignedIn("Please sign in first.")
    if can(who, action, row):
        return who
    what = f"{action.replace('_', ' ')} {row.name if row is not None else 'here'}"
    owner = f" It belongs to {row.owner}." if row is not None and row.owner not in (None, who.name) else ""
    scope = " The token may only read." if who.scope == "read" else ""
    raise NotAllowed(f"You may not {what}.{owner}{scope}")
