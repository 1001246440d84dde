"""News of all live jobs for the home page: what changed in the database, and who may be told. No sockets here."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import and_, or_, select

from app.services.jobs import brief
from jobs.permissions import Principal
from jobs.store import LIVE, Store
from jobs.tables import JobRow

EVERYBODY = "home:lab"
ADMINS = "home:admins"


def rooms_of(who: Principal) -> list[str]:
    """The rooms in which ``who`` hears of every job that ``visible_to`` lets ``who`` see, each in one of them."""
    return [EVERYBODY, ADMINS] if who.role == "admin" else [EVERYBODY, own_room(who.name)]


def own_room(name: str) -> str:
    """Where a person who is no admin hears of own private jobs."""
    return f"home:user:{name}"


def audience(row: JobRow) -> tuple[str, ...]:
    """The rooms that may hear of a job."""
    if row.visibility == "lab":
        return (EVERYBODY,)
    return (ADMINS, own_room(row.owner)) if row.owner else (ADMINS,)


@dataclass
class _Shown:
    """A live job as it was last told, and to whom."""

    row: dict[str, Any]
    rooms: tuple[str, ...]


@dataclass
class HomeFeed:
    """Compares the live jobs with those of the last reading."""

    store: Store
    _shown: dict[str, _Shown] = field(default_factory=dict)
    _since: float = field(default_factory=time.time)

    def read(self) -> dict[str, dict[str, list[Any]]]:
        """For each room ``{"rows": [brief...], "removed": [ids]}``: what changed since the last reading."""
        news: dict[str, dict[str, list[Any]]] = defaultdict(lambda: {"rows": [], "removed": []})
        rows = {row.id: row for row in self._live()}
        gone = self._shown.keys() - rows.keys()
        rows.update((row.id, row) for row in self._rows(gone))
        for job_id in gone - rows.keys():
            _tell(news, self._shown.pop(job_id).rooms, "removed", job_id)
        for row in rows.values():
            self._compare(news, row)
        return dict(news)

    def _compare(self, news: Mapping[str, dict[str, list[Any]]], row: JobRow) -> None:
        old, new = self._shown.get(row.id), _Shown(_lasting(row), audience(row))
        if old is not None and old.rooms != new.rooms:
            _tell(news, set(old.rooms) - set(new.rooms), "removed", row.id)
        if old is None or old.rooms != new.rooms or old.row != new.row:
            _tell(news, new.rooms, "rows", brief(row))
        if row.status in LIVE:
            self._shown[row.id] = new
        else:
            self._shown.pop(row.id, None)

    def _live(self) -> list[JobRow]:
        """Live jobs, and those made and finished between two readings."""
        since, self._since = self._since, time.time()
        query = select(JobRow).where(
            JobRow.delete_requested.is_(False),
            or_(JobRow.status.in_(LIVE), and_(JobRow.created > since - 1, JobRow.id.not_in(self._shown))),
        )
        with self.store.session() as session:
            return list(session.scalars(query))

    def _rows(self, ids: Iterable[str]) -> list[JobRow]:
        wanted = list(ids)
        if not wanted:
            return []
        query = select(JobRow).where(JobRow.id.in_(wanted), JobRow.delete_requested.is_(False))
        with self.store.session() as session:
            return list(session.scalars(query))


def _lasting(row: JobRow) -> dict[str, Any]:
    """What counts as a change: all but the running time, which a page counts by itself."""
    return {key: value for key, value in brief(row).items() if key != "elapsed"}


def _tell(news: Mapping[str, dict[str, list[Any]]], rooms: Iterable[str], kind: str, what: Any) -> None:
    for room in rooms:
        news[room][kind].append(what)
