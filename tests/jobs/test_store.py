"""The store: folders and rows together, listings, and what the scheduler looks after."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from jobs.events import JobState
from jobs.folder import JobFolder
from jobs.job import Job, Status, new_id
from jobs.permissions import Principal
from jobs.store import SORTS, Listing, Store, sort_value

ADMIN = Principal("root", "admin")
ADA = Principal("ada", "member")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path)
    yield made
    made.close()


def job(name: str = "x", type: str = "model", created: float = 1.0, **more: object) -> Job:
    return replace(Job(new_id(), type, "count", name, {}, created=created), **more)  # type: ignore[arg-type]


def names(store: Store, listing: Listing, who: Principal | None = ADMIN) -> list[str]:
    return [row.name for row in store.list(listing, who)]


def test_a_new_job_has_folder_and_row(store: Store) -> None:
    row = store.create(job("first", owner="ada"))
    assert store.folder(row.id).job().name == "first"
    assert store.folder(row.id).state().status is Status.INITIALIZED
    found = store.get(row.id, ADA)
    assert found is not None
    assert (found.name, found.status, found.visibility) == ("first", "Initialized", "lab")


def test_two_jobs_of_one_id_get_two(store: Store) -> None:
    asked = job()
    first, second = store.create(asked), store.create(asked)
    assert first.id == asked.id != second.id
    assert store.folder(second.id).job().id == second.id


def test_files_are_in_place_before_the_row(store: Store) -> None:
    seen = []

    def prepare(folder: JobFolder) -> None:
        (folder.artifacts / "network.py").write_text("x")
        seen.append(store.get(folder.path.name, anyone=True))

    row = store.create(job(), prepare=prepare)
    assert seen == [None]
    assert (store.folder(row.id).artifacts / "network.py").exists()


def test_a_job_that_cannot_be_made_leaves_nothing(store: Store) -> None:
    def prepare(_folder: JobFolder) -> None:
        raise OSError("full")

    with pytest.raises(OSError, match="full"):
        store.create(job(), prepare=prepare)
    assert not list(store.root.iterdir())
    assert store.count(Listing(), ADMIN) == 0


def test_rows_of_others_private_jobs_are_not_there(store: Store) -> None:
    hidden = store.create(job("hidden", owner="ada"), visibility="private")
    store.create(job("open", owner="ada"))
    bob = Principal("bob", "member")
    assert names(store, Listing(sort="name"), bob) == ["open"]
    assert names(store, Listing(sort="name"), ADA) == ["hidden", "open"]
    assert names(store, Listing(sort="name"), ADMIN) == ["hidden", "open"]
    assert names(store, Listing(sort="name"), None) == []
    assert store.get(hidden.id, bob) is None
    assert store.get(hidden.id) is None
    assert store.get(hidden.id, anyone=True) is not None


def test_a_removed_job_is_gone_from_disk_and_database(store: Store) -> None:
    parent = store.create(job("parent", "dataset"))
    child = store.create(job("child", parents=(parent.id,)))
    store.remove(child.id)
    assert store.get(child.id, anyone=True) is None
    assert store.children(parent.id) == []
    assert not store.folder(child.id).path.exists()
    assert not list(store.trash.iterdir())


def test_a_job_whose_folder_is_gone_can_be_removed(store: Store) -> None:
    row = store.create(job())
    store.folder(row.id).path.rename(store.home / "elsewhere")
    store.remove(row.id)
    assert store.get(row.id, anyone=True) is None


def test_parents_and_children(store: Store) -> None:
    parent = store.create(job("d", "dataset"))
    old = store.create(job("old", created=1.0, parents=(parent.id,)))
    new = store.create(job("new", created=2.0, parents=(parent.id,)))
    assert [row.name for row in store.children(parent.id)] == ["new", "old"]
    assert store.parents(new.id) == [parent.id]
    store.edit(old.id, delete_requested=True)
    assert [row.name for row in store.children(parent.id)] == ["new"]
    assert names(store, Listing(parent=parent.id)) == ["new"]


def test_the_scheduler_looks_after_unfinished_and_unwanted_jobs_only(store: Store) -> None:
    rows = {status: store.create(job(status.value)) for status in Status}
    for status, row in rows.items():
        store.edit(row.id, status=status.value)
    store.edit(rows[Status.DONE].id, delete_requested=True)
    assert {row.name for row in store.live()} == {"Initialized", "Waiting", "Running", "Done"}


def test_live_jobs_come_by_priority_then_age(store: Store) -> None:
    store.create(job("young", created=9.0))
    store.create(job("old", created=1.0))
    store.edit(store.create(job("urgent", created=10.0)).id, priority=1)
    assert [row.name for row in store.live()] == ["urgent", "old", "young"]


def test_recording_copies_the_state(store: Store) -> None:
    row = store.create(job())
    state = JobState(status=Status.DONE, history=(("Running", 5.0), ("Done", 9.0)), progress={"eta": 0.0})
    store.record(row.id, state, {"bytes": 7}, gpus=[1])
    found = store.get(row.id, anyone=True)
    assert found is not None
    assert (found.status, found.fraction, found.started, found.finished) == ("Done", 1.0, 5.0, 9.0)
    assert (found.summary, found.gpus) == ({"bytes": 7}, [1])


def test_the_version_changes_with_every_commit_and_only_then(tmp_path: Path, store: Store) -> None:
    row = store.create(job())
    before = store.version()
    assert store.version() == before
    other = Store(tmp_path)
    other.edit(row.id, notes="x")
    other.close()
    assert store.version() != before
    before = store.version()
    store.edit(row.id, notes="y")
    assert store.version() != before, "our own commits count too"


@pytest.mark.parametrize(
    ("listing", "expected"),
    [
        (Listing(sort="name"), ["a 10%", "b_", "c"]),
        (Listing(sort="-created"), ["c", "b_", "a 10%"]),
        (Listing(type="dataset"), ["b_"]),
        (Listing(statuses=["Done"]), ["c"]),
        (Listing(group="g"), ["c"]),
        (Listing(owner="ada"), ["a 10%"]),
        (Listing(text="%"), ["a 10%"]),
        (Listing(text="_"), ["b_"]),
        (Listing(text="10 A"), ["a 10%"]),
        (Listing(text="nothing"), []),
        (Listing(sort="name", limit=1, offset=1), ["b_"]),
        (Listing(sort="-no such column"), ["c", "b_", "a 10%"]),
    ],
)
def test_listings(store: Store, listing: Listing, expected: list[str]) -> None:
    store.create(job("a 10%", created=1.0, owner="ada"))
    store.create(job("b_", "dataset", created=2.0))
    store.edit(store.create(job("c", created=3.0, group="g")).id, status="Done")
    assert names(store, listing) == expected


@pytest.mark.parametrize("sort", [*SORTS, *(f"-{sort}" for sort in SORTS)])
def test_pages_by_cursor_hold_every_row_once(store: Store, sort: str) -> None:
    for number in range(7):
        row = store.create(job(f"n{number % 3}", created=float(number % 2), owner=[None, "ada"][number % 2]))
        store.edit(row.id, started=[None, 3.0][number % 2])
    seen: list[str] = []
    after = None
    while page := store.list(Listing(sort=sort, limit=2, after=after), ADMIN):
        seen += [row.id for row in page]
        after = (sort_value(page[-1], sort), page[-1].id)
    assert len(seen) == len(set(seen)) == 7
    assert seen == [row.id for row in store.list(Listing(sort=sort), ADMIN)]
