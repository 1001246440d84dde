"""Who may do what: one pure ``can`` and one SQL condition ``visible_to``, used by pages, REST and sockets alike."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, or_, true

from jobs.tables import JobRow

ROLES = ("viewer", "member", "admin")
READ = frozenset({"view", "download", "infer"})
CHANGE = frozenset({"edit", "abort", "delete"})
MAKE = frozenset({"create", "upload", "run_code"})
ADMIN = frozenset({"admin"})


@dataclass(frozen=True)
class Principal:
    """Who is asking. ``scope`` limits a bearer token: read < write < admin (a session has admin scope)."""

    name: str
    role: str
    scope: str = "admin"


def can(who: Principal | None, action: str, job: JobRow | None = None) -> bool:
    """Whether ``who`` (None: anonymous) may do ``action`` (to ``job``). Raises ValueError for an unknown action."""
    if action not in READ | CHANGE | MAKE | ADMIN:
        raise ValueError(f"unknown action {action!r}")
    if who is None or (who.scope == "read" and action not in READ):
        return False
    if action in ADMIN:
        return who.role == "admin" and who.scope == "admin"
    if who.role == "admin":
        return True
    if action in READ:
        return job is None or job.visibility == "lab" or job.owner == who.name
    if who.role == "viewer":
        return False
    return action in MAKE or (job is not None and job.owner in (who.name, None))


def visible_to(who: Principal | None) -> ColumnElement[bool]:
    """The rows ``who`` may see, as a WHERE condition; jobs being deleted are seen by nobody."""
    alive = JobRow.delete_requested.is_(False)
    if who is None:
        return and_(alive, JobRow.id.is_(None))
    if who.role == "admin":
        return and_(alive, true())
    return and_(alive, or_(JobRow.visibility == "lab", JobRow.owner == who.name))
