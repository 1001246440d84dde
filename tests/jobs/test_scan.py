"""The scan after a scheduler's start: every folder has a row, and every row says whether its folder can be read."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete

from jobs.folder import EventLog
from jobs.job import Job, new_id
from jobs.scan import SETTLED, scan
from jobs.store import Store
from jobs.tables import JobRow


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path)
    yield made
    made.close()


def create(store: Store, name: str = "x") -> str:
    row = store.create(Job(new_id(), "model", "count", name, {}, created=1.0))
    EventLog(store.folder(row.id).events_path).append("status", status="Done")
    store.edit(row.id, status="Done")
    return row.id


def forget(store: Store, job_id: str, age: float = SETTLED + 1) -> None:
    """Lose the row; the folder was last touched ``age`` seconds ago."""
    with store.session() as session:
        session.execute(delete(JobRow).where(JobRow.id == job_id))
    path = store.folder(job_id).path
    when = path.stat().st_mtime - age
    os.utime(path, (when, when))


def run(store: Store) -> None:
    for _ in scan(store):
        pass


def row(store: Store, job_id: str) -> JobRow:
    found = store.get(job_id, anyone=True)
    assert found is not None
    return found


def test_what_is_in_order_is_left_alone(store: Store) -> None:
    job_id = create(store)
    before = store.version()
    run(store)
    assert store.version() == before
    assert row(store, job_id).broken == ""


def test_an_unreadable_folder_is_listed_with_the_reason_and_mends(store: Store) -> None:
    job_id = create(store, "precious")
    path = store.folder(job_id).path / "job.json"
    content = path.read_text()
    path.write_text("{")
    run(store)
    found = row(store, job_id)
    assert (found.name, found.status) == ("precious", "Done")
    assert found.broken.startswith(f"{path} cannot be read: JSONDecodeError")
    path.write_text(content)
    run(store)
    assert (row(store, job_id).broken, row(store, job_id).status) == ("", "Done")


def test_a_row_without_a_folder_says_so(store: Store) -> None:
    job_id = create(store)
    shutil.rmtree(store.folder(job_id).path)
    run(store)
    assert "No such file" in row(store, job_id).broken


def test_a_row_about_to_be_deleted_is_left_alone(store: Store) -> None:
    job_id = create(store)
    shutil.rmtree(store.folder(job_id).path)
    store.edit(job_id, delete_requested=True)
    run(store)
    assert row(store, job_id).broken == ""


def test_a_folder_without_a_row_gets_one(store: Store) -> None:
    job_id = create(store, "found")
    forget(store, job_id)
    run(store)
    assert (row(store, job_id).name, row(store, job_id).status) == ("found", "Done")


def test_an_unreadable_folder_without_a_row_gets_one_too(store: Store) -> None:
    job_id = create(store)
    (store.folder(job_id).path / "job.json").unlink()
    forget(store, job_id)
    run(store)
    assert "No such file" in row(store, job_id).broken


def test_a_folder_that_is_just_being_made_is_not_taken_for_a_lost_one(store: Store) -> None:
    job_id = create(store)
    forget(store, job_id, age=0)
    run(store)
    assert store.get(job_id, anyone=True) is None


def test_it_goes_in_small_steps(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jobs.scan.BATCH", 2)
    for _ in range(5):
        create(store)
    assert len(list(scan(store))) == 2
