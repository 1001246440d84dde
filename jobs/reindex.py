"""Making the database's rows anew from the job folders: after a lost database, or folders copied in from elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import delete, select, update

from jobs.folder import BrokenFolder, JobFolder
from jobs.job import Job, Status, is_id
from jobs.label import read_label
from jobs.store import Store, row_of
from jobs.tables import JobRow, ParentRow
from jobs.watched import Follower


def reindex(store: Store) -> int:
    """Read every folder of ``home/jobs`` into its row; answers how many could be read.

    A folder that cannot be read is listed as broken, with the reason. Name, notes, group and visibility of rows that
    exist are kept, those of new rows come from label.json; without one an owned job is private, since nobody knows any
    more who might see it. Rows whose folder is gone are marked broken. May run while the scheduler does: states are
    those of the folders.
    """
    folders = [JobFolder(path) for path in sorted(store.root.iterdir()) if is_id(path.name)]
    read = sum(take_in(store, folder) for folder in folders)
    _mark_missing(store, {folder.path.name for folder in folders})
    return read


def take_in(store: Store, folder: JobFolder) -> bool:
    """Read one folder into its row, which is made where there is none. False where it is broken."""
    job_id = folder.path.name
    known = store.get(job_id, anyone=True) is not None
    try:
        job = folder.job()
        if job.id != job_id:
            raise BrokenFolder(f"{folder.path / 'job.json'} is that of job {job.id}.")
        label = {} if known else read_label(folder)
        follower = Follower(folder, job)
        summary = follower.look_finally()
    except (BrokenFolder, OSError) as error:
        _list_broken(store, job_id, known, str(error))
        return False
    _place(store, job, known, label)
    store.record(job_id, follower.state, summary, broken="", **_reset(follower.state.status))
    return True


def _place(store: Store, job: Job, known: bool, label: dict[str, str]) -> None:
    """Make the row where there is none, and its relations."""
    with store.session() as session:
        if not known:
            row = row_of(job, "private" if job.owner else "lab")
            for field, value in label.items():
                setattr(row, field, value)
            session.add(row)
            session.flush()
        session.execute(delete(ParentRow).where(ParentRow.child == job.id))
        session.add_all(ParentRow(child=job.id, parent=parent) for parent in job.parents)


def _reset(status: Status) -> dict[str, Any]:
    return {"gpus": [], "abort_requested": False} if status.settled else {}


def _list_broken(store: Store, job_id: str, known: bool, why: str) -> None:
    """Nothing is known of a new broken folder but its name; its files tell whether a dataset was to be built in it."""
    if not known:
        folder = store.folder(job_id)
        kind, task = ("model", "train_model") if any(_names(folder.checkpoints)) else ("dataset", "build_dataset")
        with store.session() as session:
            session.add(row_of(Job(job_id, kind, task, job_id, {}, owner="")))  # an owner nobody has: admins mend it
    store.edit(job_id, status=Status.ERROR.value, error=why, broken=why, gpus=[])


def _names(path: Path) -> list[str]:
    try:
        return [item.name for item in path.iterdir()]
    except OSError:
        return []


def _mark_missing(store: Store, found: set[str]) -> None:
    with store.session() as session:
        gone = [job_id for job_id in session.scalars(select(JobRow.id)) if job_id not in found]
        for job_id in gone:
            why = f"The folder {store.root / job_id} is gone."
            values = {"status": Status.ERROR.value, "error": why, "broken": why, "gpus": []}
            session.execute(update(JobRow).where(JobRow.id == job_id).values(**values))
