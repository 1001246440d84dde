"""Jobs kept: rows in the database beside their folders. Short transactions, no I/O inside them."""

from __future__ import annotations

import errno
import shutil
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import (
    ColumnElement,
    PoolProxiedConnection,
    Select,
    and_,
    bindparam,
    delete,
    func,
    literal,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.orm import Session, sessionmaker

from jobs.database import open_database
from jobs.events import JobState
from jobs.folder import EventLog, JobFolder
from jobs.job import Job, Status, new_id
from jobs.label import label_of, write_label
from jobs.permissions import Principal, visible_to
from jobs.tables import JobRow, ParentRow

SORTS = ("name", "status", "created", "started", "finished", "owner", "fraction", "group")
LIVE = (Status.INITIALIZED.value, Status.WAITING.value, Status.RUNNING.value)

# Named here because Store.list hides the name ``list`` inside the class
Rows = list[JobRow]
Ids = list[str]
Conditions = list[ColumnElement[bool]]


@dataclass(frozen=True)
class Listing:
    """A question to the job list; ``sort`` is one of SORTS, with a leading "-" for descending.

    ``after`` is the (sort value, id) of the last row of the page before: pages then neither repeat nor skip a row
    when others come and go meanwhile. ``offset`` is for numbered pages.
    """

    type: str | None = None
    types: Sequence[str] = ()
    statuses: Sequence[str] = ()
    text: str = ""
    group: str | None = None
    tag: str | None = None
    owner: str | None = None
    parent: str | None = None
    sort: str = "-created"
    limit: int = 50
    offset: int = 0
    after: tuple[Any, str] | None = None


class Store:
    """All jobs of one Foveal home (``home/jobs/<id>``, ``home/foveal.sqlite3``)."""

    def __init__(self, home: Path, url: str | None = None) -> None:
        self.home = Path(home)
        self.root = self.home / "jobs"
        self.trash = self.home / "trash"
        for path in (self.root, self.trash):
            path.mkdir(parents=True, exist_ok=True)
        self.engine = open_database(self.home, url)
        self._session = sessionmaker(self.engine, expire_on_commit=False)
        self._watch: PoolProxiedConnection | None = None
        self._watch_lock = threading.Lock()

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A transaction. Never yield to another greenlet (I/O, sleep, emit) between its first write and its end."""
        with self._session.begin() as session:
            yield session

    # -- one job -------------------------------------------------------------------------------------------------

    def create(
        self,
        job: Job,
        visibility: str = "lab",
        prepare: Callable[[JobFolder], None] | None = None,
        *,
        notes: str = "",
        tags: str = "",
    ) -> JobRow:
        """Make the folder with its first event, let ``prepare`` put files into it, then insert the row.

        The scheduler sees a job only once its folder is complete, and with the status that its events say: what
        ``prepare`` finishes is never started. Where the id is taken the job gets another: use the id of the returned
        row. Raises OSError where the folder cannot be made; nothing is then left behind.
        """
        job, folder = self._new_folder(job)
        try:
            EventLog(folder.events_path).append("status", status=Status.INITIALIZED.value)
            if prepare:
                prepare(folder)
            row = row_of(job, visibility)
            row.notes, row.tags = notes, tags
            write_label(folder, label_of(row))
            row.status = folder.state().status.value
            with self.session() as session:
                session.add(row)
                session.add_all(ParentRow(child=job.id, parent=parent) for parent in job.parents)
        except BaseException:
            shutil.rmtree(folder.path, ignore_errors=True)
            raise
        return row

    def _new_folder(self, job: Job) -> tuple[Job, JobFolder]:
        """Making the folder claims the id: two processes that draw the same one in a second cannot both succeed."""
        for _ in range(100):
            try:
                return job, JobFolder.create(self.root, job)
            except FileExistsError:
                job = replace(job, id=new_id())
        raise OSError(errno.EEXIST, "no free job id was found in 100 draws", str(self.root))

    def folder(self, job_id: str) -> JobFolder:
        """The folder of a job (whether or not it exists)."""
        return JobFolder(self.root / job_id)

    def get(self, job_id: str, who: Principal | None = None, *, anyone: bool = False) -> JobRow | None:
        """The row of a job that ``who`` may see; with ``anyone`` (scheduler, command line) no rule is asked."""
        with self.session() as session:
            return session.scalar(_one_job(who, anyone), {"id": job_id})

    def relabel(self, row: JobRow, values: Mapping[str, str]) -> None:
        """Change name, notes, group, tags or visibility, in folder and row. Raises OSError (not writable)."""
        write_label(self.folder(row.id), {**label_of(row), **values})
        self.edit(row.id, **values)

    def edit(self, job_id: str, **values: Any) -> None:
        """Set columns of a row; :meth:`relabel` is for those that people write."""
        with self.session() as session:
            session.execute(update(JobRow).where(JobRow.id == job_id).values(**values))

    def record(self, job_id: str, state: JobState, summary: Mapping[str, Any], **more: Any) -> None:
        """Copy what lists show from the folded state into the row; ``more`` are further columns to set with it."""
        self.edit(
            job_id,
            status=state.status.value,
            reason=state.reason,
            error=state.error,
            fraction=state.fraction,
            eta=state.progress.get("eta"),
            started=state.started,
            finished=state.finished,
            summary=dict(summary),
            **more,
        )

    def remove(self, job_id: str) -> None:
        """Delete a job that is not running: its folder is moved away first, so a crash leaves no half a job."""
        source = self.root / job_id
        away = self.trash / f"{job_id}.{time.time_ns()}"
        if source.exists():
            source.rename(away)
        with self.session() as session:
            session.execute(delete(ParentRow).where(ParentRow.child == job_id))
            session.execute(delete(JobRow).where(JobRow.id == job_id))
        shutil.rmtree(away, ignore_errors=True)

    def empty_trash(self) -> None:
        """Delete what a crash left in the trash."""
        for path in self.trash.iterdir():
            shutil.rmtree(path, ignore_errors=True)

    # -- many jobs -----------------------------------------------------------------------------------------------

    def list(self, listing: Listing, who: Principal | None) -> Rows:
        """One page of the jobs that ``who`` may see."""
        query = select(JobRow).where(*self._where(listing, who)).order_by(*_order(listing.sort))
        if listing.after is not None:
            query = query.where(_beyond(listing.sort, listing.after))
        with self.session() as session:
            return list(session.scalars(query.limit(listing.limit).offset(listing.offset)))

    def count(self, listing: Listing, who: Principal | None) -> int:
        """How many jobs the listing has over all pages."""
        with self.session() as session:
            return session.scalar(select(func.count(JobRow.id)).where(*self._where(listing, who))) or 0

    def children(self, job_id: str) -> Rows:
        """Jobs that need this one (the models of a dataset), newest first; jobs being deleted do not count."""
        query = select(JobRow).join(ParentRow, ParentRow.child == JobRow.id).where(ParentRow.parent == job_id)
        with self.session() as session:
            return list(
                session.scalars(query.where(JobRow.delete_requested.is_(False)).order_by(JobRow.created.desc()))
            )

    def parents(self, job_id: str) -> Ids:
        """Ids of the jobs this one needs."""
        with self.session() as session:
            return list(session.scalars(select(ParentRow.parent).where(ParentRow.child == job_id)))

    def parents_of(self, job_ids: Iterable[str]) -> dict[str, Ids]:
        """Ids of the jobs that each of these needs, in one query."""
        found: dict[str, Ids] = {}
        query = select(ParentRow.child, ParentRow.parent).where(ParentRow.child.in_(sorted(set(job_ids))))
        with self.session() as session:
            for child, parent in session.execute(query):
                found.setdefault(child, []).append(parent)
        return found

    def parents_by_child(self) -> dict[str, Ids]:
        """The same for all jobs at once, in one query (lists that name each model's dataset)."""
        found: dict[str, Ids] = {}
        with self.session() as session:
            for child, parent in session.execute(select(ParentRow.child, ParentRow.parent)):
                found.setdefault(child, []).append(parent)
        return found

    def briefly(self, job_ids: Iterable[str]) -> dict[str, JobRow]:
        """The rows of these jobs by id; those that are gone are left out."""
        wanted = sorted(set(job_ids))
        with self.session() as session:
            return {row.id: row for row in session.scalars(select(JobRow).where(JobRow.id.in_(wanted)))}

    def some(self, job_ids: Iterable[str], types: Sequence[str] | None, who: Principal | None) -> dict[str, JobRow]:
        """Those of these jobs that ``who`` may see (and of ``types``), by id."""
        query = select(JobRow).where(JobRow.id.in_(sorted(set(job_ids))), visible_to(who))
        if types is not None:
            query = query.where(JobRow.type.in_(types))
        with self.session() as session:
            return {row.id: row for row in session.scalars(query)}

    def live(self) -> Rows:
        """Jobs not yet finished, or of which something is asked: what the scheduler looks after. Oldest first."""
        asked = or_(
            JobRow.delete_requested.is_(True),
            JobRow.resume_requested.is_(True),
            and_(JobRow.status == Status.PAUSED.value, JobRow.abort_requested.is_(True)),
        )
        query = select(JobRow).where(or_(JobRow.status.in_(LIVE), asked))
        with self.session() as session:
            return list(session.scalars(query.order_by(JobRow.priority.desc(), JobRow.created, JobRow.id)))

    def version(self) -> int:
        """A number that changes when anything was committed (SQLite only; elsewhere the clock).

        One connection is kept for it: PRAGMA data_version counts the commits of all others, also of this process.
        """
        if self.engine.dialect.name != "sqlite":
            return time.monotonic_ns()
        with self._watch_lock:
            if self._watch is None:
                self._watch = self.engine.raw_connection()
            cursor = self._watch.cursor()
            cursor.execute("PRAGMA data_version")
            ((number,),) = cursor.fetchall()
            return int(number)

    def close(self) -> None:
        """Let go of all connections."""
        with self._watch_lock:
            if self._watch is not None:
                self._watch.close()
                self._watch = None
        self.engine.dispose()

    def _where(self, listing: Listing, who: Principal | None) -> Conditions:
        where: Conditions = [visible_to(who)]
        if listing.type:
            where.append(JobRow.type == listing.type)
        if listing.types:
            where.append(JobRow.type.in_(listing.types))
        if listing.statuses:
            where.append(JobRow.status.in_(listing.statuses))
        if listing.group is not None:
            where.append(JobRow.group == listing.group)
        if listing.tag is not None:
            tags = literal(", ") + JobRow.tags + ", "
            where.append(tags.contains(f", {listing.tag}, ", autoescape=True))
        if listing.owner is not None:
            where.append(JobRow.owner == listing.owner)
        if listing.parent is not None:
            where.append(JobRow.id.in_(select(ParentRow.child).where(ParentRow.parent == listing.parent)))
        for word in listing.text.split():
            matches = (
                column.icontains(word, autoescape=True)
                for column in (JobRow.name, JobRow.id, JobRow.group, JobRow.owner, JobRow.tags)
            )
            where.append(or_(*matches))
        return where


def row_of(job: Job, visibility: str = "lab") -> JobRow:
    """The row of a new job."""
    return JobRow(
        id=job.id,
        type=job.type,
        task=job.task,
        name=job.name,
        owner=job.owner,
        group=job.group,
        visibility=visibility,
        created=job.created,
        summary={},
        gpus=[],
        status=Status.INITIALIZED.value,
    )


def sort_value(row: JobRow, sort: str) -> Any:
    """The value by which ``row`` is placed in a listing; with its id, the ``after`` of the next page."""
    value = getattr(row, _sort_key(sort))
    return _NULLS.get(_sort_key(sort)) if value is None else value


_NULLS: dict[str, Any] = {"owner": "", "started": 0.0, "finished": 0.0}


def _sort_key(sort: str) -> str:
    key = sort.lstrip("-")
    return key if key in SORTS else "created"


def _sort_column(sort: str) -> Any:
    """The column to order by; NULL counts as the smallest value, so that every database agrees."""
    key = _sort_key(sort)
    column = getattr(JobRow, key)
    return func.coalesce(column, _NULLS[key]) if key in _NULLS else column


def _order(sort: str) -> list[Any]:
    """ORDER BY of a sort key; the id breaks ties, so that paging neither repeats nor skips a row."""
    column = _sort_column(sort)
    return [column.desc(), JobRow.id.desc()] if sort.startswith("-") else [column.asc(), JobRow.id.asc()]


def _beyond(sort: str, after: tuple[Any, str]) -> ColumnElement[bool]:
    """The rows that come later in the order of ``sort`` than the row described by ``after``."""
    place, row = tuple_(_sort_column(sort), JobRow.id), tuple_(*(literal(part) for part in after))
    return place < row if sort.startswith("-") else place > row


@lru_cache(256)
def _one_job(who: Principal | None, anyone: bool) -> Select[JobRow]:
    """The query of :meth:`Store.get`, kept: making it takes longer than SQLite's answer."""
    query = select(JobRow).where(JobRow.id == bindparam("id"))
    return query if anyone else query.where(visible_to(who))
