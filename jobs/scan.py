"""Comparing folders with rows, a few at a time: the scheduler does it after its start, so that nothing stays hidden."""

from __future__ import annotations

import time
from collections.abc import Iterator

from sqlalchemy import select

from jobs.folder import BrokenFolder, JobFolder
from jobs.job import is_id
from jobs.reindex import take_in
from jobs.store import Store
from jobs.tables import JobRow

BATCH = 50  # folders a step, a few milliseconds
SETTLED = 60.0  # seconds; a younger folder without a row is one that is just being made


def scan(store: Store) -> Iterator[None]:
    """Yields after every BATCH folders.

    A folder without a row is taken in (as broken where it cannot be read); a row whose folder is gone or unreadable
    says why in ``broken``; one that can be read again is taken in anew.
    """
    with store.session() as session:
        query = select(JobRow.id, JobRow.broken).where(JobRow.delete_requested.is_(False))
        rows = {job_id: broken for job_id, broken in session.execute(query)}
        known = set(session.scalars(select(JobRow.id)))
    strangers = [path.name for path in store.root.iterdir() if is_id(path.name) and path.name not in known]
    for number, job_id in enumerate([*rows, *strangers], 1):
        folder = store.folder(job_id)
        if job_id in rows:
            _compare(store, folder, rows[job_id])
        elif _age(folder) > SETTLED:
            take_in(store, folder)
        if number % BATCH == 0:
            yield


def _compare(store: Store, folder: JobFolder, known: str) -> None:
    why = _unreadable(store, folder)
    if why and why != known:
        store.edit(folder.path.name, broken=why)
    elif known and not why:
        take_in(store, folder)


def _unreadable(store: Store, folder: JobFolder) -> str:
    """Why the folder of a row cannot be read; "" where it can, or where the row was deleted meanwhile."""
    try:
        folder.job()
    except BrokenFolder as error:
        return str(error) if store.get(folder.path.name, anyone=True) else ""
    return ""


def _age(folder: JobFolder) -> float:
    try:
        return time.time() - folder.path.stat().st_mtime
    except OSError:
        return 0.0
