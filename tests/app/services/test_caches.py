"""The caches of folded states and opened things follow the files."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.services.caches import LRU, Rows, States
from jobs.events import fold_all
from jobs.folder import EventLog, JobFolder, Tail
from jobs.job import Job
from jobs.permissions import Principal
from jobs.store import Store


@pytest.fixture
def folder(tmp_path: Path) -> JobFolder:
    """A job's folder."""
    return JobFolder.create(tmp_path, Job(id="20260101-000000-0000", type="model", task="t", name="m", options={}))


def test_a_state_follows_its_events(folder: JobFolder, tmp_path: Path) -> None:
    states, log = States(tmp_path), EventLog(folder.events_path)
    assert states.get(folder.path.name).seq == 0
    for number in range(5):
        log.append("progress", fraction=number / 10)
        assert states.get(folder.path.name) == fold_all(Tail(folder.events_path).read())


def test_a_file_begun_anew_is_folded_anew(folder: JobFolder, tmp_path: Path) -> None:
    states, log = States(tmp_path), EventLog(folder.events_path)
    for _ in range(3):
        log.append("note", text="long enough to be longer than what comes")
    assert states.get(folder.path.name).seq == 3
    folder.events_path.unlink()
    EventLog(folder.events_path).append("note", text="new")
    assert states.get(folder.path.name).notes == ("new",)


def test_a_row_is_read_again_once_anybody_changed_the_database(tmp_path: Path) -> None:
    ours, theirs = Store(tmp_path), Store(tmp_path)  # the web's and the scheduler's
    made = ours.create(Job(id="20260101-000000-0000", type="model", task="t", name="m", options={}, owner="olga"))
    rows, olga, other = Rows(ours), Principal("olga", "user"), Principal("other", "user")
    first = rows.get(made.id, olga)
    assert first is not None
    assert rows.get(made.id, olga) is first
    theirs.edit(made.id, status="Running")
    again = rows.get(made.id, olga)
    assert again is not None
    assert again.status == "Running"
    assert rows.get(made.id, other) is not None
    ours.edit(made.id, visibility="private")
    assert rows.get(made.id, other) is None
    assert rows.get("20260101-000000-ffff", olga) is None
    ours.close(), theirs.close()


def test_a_job_that_is_not_there_is_initialized(tmp_path: Path) -> None:
    assert States(tmp_path).get("20260101-000000-ffff").status == "Initialized"


def test_the_longest_unused_is_dropped_and_closed() -> None:
    closed: list[str] = []
    cache: LRU[str] = LRU(2, closed.append)
    for key in ("a", "b", "a", "c"):
        assert cache.get(key, lambda key=key: key.upper()) == key.upper()
    assert closed == ["B"]
    cache.forget("a")
    assert closed == ["B", "A"]


def test_what_cannot_be_made_is_not_kept() -> None:
    cache: LRU[str] = LRU(2)

    def fail() -> str:
        raise OSError("no")

    with pytest.raises(OSError, match="no"):
        cache.get("a", fail)
    assert cache.get("a", lambda: "made") == "made"
