"""Rows made anew from the folders are what they were before; what cannot be read is said."""

from __future__ import annotations

import json
from pathlib import Path

from sqlalchemy import delete

from jobs.folder import EventLog
from jobs.job import Job, new_id
from jobs.reindex import reindex
from jobs.store import Store
from jobs.tables import JobRow, ParentRow


def make(store: Store, name: str, parents: tuple[str, ...] = (), owner: str | None = None) -> str:
    """A job that ran and is done."""
    row = store.create(Job(new_id(), "model", "count", name, {}, owner=owner, parents=parents, created=5.0))
    log = EventLog(store.folder(row.id).events_path)
    log.append("status", status="Running")
    log.append("progress", fraction=0.5, phase="Counting")
    log.append("status", status="Done")
    return row.id


def forget(store: Store) -> None:
    """Lose all rows."""
    with store.session() as session:
        session.execute(delete(ParentRow))
        session.execute(delete(JobRow))


def test_lost_rows_come_back(tmp_path: Path) -> None:
    store = Store(tmp_path)
    dataset, mine = make(store, "flowers"), ""
    mine = make(store, "net", (dataset,), "ada")
    (store.folder(mine).path / "label.json").unlink()  # of a version that wrote none
    forget(store)
    assert reindex(store) == 2
    row, owned = store.get(dataset, anyone=True), store.get(mine, anyone=True)
    assert row is not None
    assert owned is not None
    assert (row.name, row.status, row.fraction, row.created, row.visibility) == ("flowers", "Done", 1.0, 5.0, "lab")
    assert row.finished
    assert row.summary["phase"] == "Counting"
    assert (owned.owner, owned.visibility) == ("ada", "private")
    assert store.parents(mine) == [dataset]


def test_what_people_wrote_comes_back_with_a_lost_row(tmp_path: Path) -> None:
    store = Store(tmp_path)
    shared, edited = make(store, "net", (), "ada"), make(store, "before", (), "ada")
    row = store.get(edited, anyone=True)
    assert row is not None
    edits = {"name": "after", "notes": "tried twice", "group": "thesis", "visibility": "private", "tags": "base, big"}
    store.relabel(row, edits)
    forget(store)
    reindex(store)
    found = store.briefly([shared, edited])
    assert (found[shared].name, found[shared].visibility, found[shared].notes) == ("net", "lab", "")
    again = found[edited]
    assert (again.name, again.notes, again.group, again.visibility) == ("after", "tried twice", "thesis", "private")
    assert again.tags == "base, big"


def test_a_label_written_before_there_were_tags_is_read(tmp_path: Path) -> None:
    store = Store(tmp_path)
    job_id = make(store, "net", (), "ada")
    path = store.folder(job_id).path / "label.json"
    label = json.loads(path.read_text())
    del label["tags"]
    path.write_text(json.dumps({**label, "group": "thesis"}))
    forget(store)
    assert reindex(store) == 1
    row = store.get(job_id, anyone=True)
    assert row is not None
    assert (row.group, row.tags) == ("thesis", "")


def test_a_label_that_cannot_be_read_makes_no_private_job_public(tmp_path: Path) -> None:
    store = Store(tmp_path)
    job_id = make(store, "net", (), "ada")
    path = store.folder(job_id).path / "label.json"
    path.write_text(path.read_text().replace("lab", "everybody"))
    forget(store)
    assert reindex(store) == 0
    row = store.get(job_id, anyone=True)
    assert row is not None
    assert "label.json" in row.broken


def test_edits_of_rows_that_exist_are_kept(tmp_path: Path) -> None:
    store = Store(tmp_path)
    job_id = make(store, "before")
    store.edit(job_id, name="after", notes="n", visibility="private", status="Running", broken="x")
    assert reindex(store) == 1
    row = store.get(job_id, anyone=True)
    assert row is not None
    assert (row.name, row.notes, row.visibility, row.status, row.broken) == ("after", "n", "private", "Done", "")


def test_broken_and_missing_folders_are_listed_with_the_reason(tmp_path: Path) -> None:
    store = Store(tmp_path)
    torn, gone, good, foreign = (make(store, name) for name in ("torn", "gone", "good", "foreign"))
    (store.root / "notes").mkdir()  # no job at all
    (store.folder(torn).path / "job.json").write_text("{")
    (store.folder(foreign).path / "job.json").write_bytes((store.folder(good).path / "job.json").read_bytes())
    store.folder(gone).path.rename(tmp_path / "elsewhere")
    with store.session() as session:
        session.execute(delete(JobRow).where(JobRow.id == torn))
    assert reindex(store) == 1
    rows = store.briefly([torn, gone, good, foreign])
    assert rows[torn].status == rows[gone].status == "Error"
    assert "job.json" in rows[torn].broken
    assert "gone" in rows[gone].broken
    assert good in rows[foreign].broken
    assert rows[good].broken == ""
