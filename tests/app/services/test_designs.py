"""Saved networks: versions that are never overwritten, rights as of any job, and a folder that says it all."""

from __future__ import annotations

import json

import pytest

from app.services import designs, jobs
from app.services.asked import asked
from app.services.context import Conflict, NotAllowed, NotFound
from data.errors import InvalidOptions
from jobs.reindex import reindex
from jobs.store import Listing
from models.networks import networks as library
from tests.app.conftest import Lab

LENET = library["lenet"].source
SIZES = {"channels": 1, "height": 28, "width": 28, "classes": 10}


def saved(lab: Lab, owner: str = "olga", **values: object) -> object:
    return designs.create(lab.ctx, lab.who(owner), {"source": LENET, "name": "Mine", **SIZES, **values})


def test_a_network_is_done_at_birth_and_never_started(lab: Lab) -> None:
    row = saved(lab)
    assert (row.type, row.status, row.owner, row.name) == ("network", "Done", "olga", "Mine")
    assert lab.store.live() == []
    assert (lab.store.folder(row.id).artifacts / "network.py").read_bytes() == LENET.encode()


def test_unfinished_source_is_kept_as_it_is(lab: Lab) -> None:
    text = "\r\nclass Net(  # not yet\n\n"
    row = saved(lab, source=text)
    assert designs.version(lab.ctx, row)["source"] == text


def test_versions_are_added_and_none_is_lost(lab: Lab) -> None:
    row = saved(lab)
    made = designs.save(lab.ctx, lab.who("olga"), row, {"source": "a", "base": 1, "note": " less ", **SIZES})
    assert (made["number"], made["note"], made["author"]) == (2, "less", "olga")
    assert designs.save(lab.ctx, lab.who("olga"), row, {"source": "a", "base": 2, **SIZES})["number"] == 2
    with pytest.raises(Conflict, match="olga saved version 2 of Mine after you had opened version 1"):
        designs.save(lab.ctx, lab.who("olga"), row, {"source": "b", "base": 1, **SIZES})
    assert [version["source"] for version in designs.versions(lab.ctx, row)] == [LENET, "a"]
    assert lab.store.get(row.id, anyone=True).summary["versions"] == 2


def test_two_who_save_at_once_do_not_both_have_the_number(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    row = saved(lab)
    real, calls = designs._write, []

    def late(folder: object, made: dict[str, object]) -> None:
        calls.append(made["number"])
        if len(calls) == 1:  # the other one comes in between the check and the writing
            real(folder, {**made, "source": "theirs", "author": "ada"})
        real(folder, made)

    monkeypatch.setattr(designs, "_write", late)
    with pytest.raises(Conflict, match="ada saved version 2"):
        designs.save(lab.ctx, lab.who("olga"), row, {"source": "mine", "base": 1, **SIZES})
    assert [version["source"] for version in designs.versions(lab.ctx, row)] == [LENET, "theirs"]


def test_rights_are_those_of_jobs(lab: Lab) -> None:
    row = saved(lab, visibility="private")
    with pytest.raises(NotFound):
        designs.find(lab.ctx, lab.who("sam"), row.id)
    shared = saved(lab)
    with pytest.raises(NotAllowed):
        designs.save(lab.ctx, lab.who("sam"), shared, {"source": "x", "base": 1, **SIZES})
    with pytest.raises(NotAllowed):
        saved(lab, owner="vic")
    with pytest.raises(InvalidOptions):
        saved(lab, width=0)


def test_where_to_begin(lab: Lab) -> None:
    row = saved(lab)
    designs.save(lab.ctx, lab.who("olga"), row, {"source": "newest", "base": 1, **SIZES})
    begun = designs.beginning(lab.ctx, lab.who("sam"), row.id)
    assert (begun["source"], begun["title"], begun["images"].height) == ("newest", "Mine", 28)
    assert designs.beginning(lab.ctx, lab.who("sam"), "lenet")["source"] == LENET
    assert designs.source_to_train(lab.ctx, lab.who("sam"), f"{row.id}@1") == LENET
    assert designs.source_to_train(lab.ctx, lab.who("sam"), "lenet") is None
    with pytest.raises(NotFound):
        designs.source_to_train(lab.ctx, lab.who("sam"), f"{row.id}@9")
    with pytest.raises(NotFound):
        designs.beginning(lab.ctx, lab.who("sam"), "no-such")


def test_the_database_is_rebuilt_from_the_folders(lab: Lab) -> None:
    row = saved(lab)
    with lab.store.session() as session:
        session.delete(session.get(type(row), row.id))
    reindex(lab.store)
    again = lab.store.get(row.id, anyone=True)
    assert (again.type, again.status) == ("network", "Done")
    assert designs.version(lab.ctx, again)["source"] == LENET
    assert designs.listed(lab.ctx, again).summary["versions"] == 1


def test_lists_and_details_know_the_type(lab: Lab) -> None:
    row = saved(lab)
    rows, total = jobs.list_jobs(lab.ctx, lab.who("sam"), Listing(type="network"))
    assert (total, rows[0].id) == (1, row.id)
    assert jobs.describe(lab.ctx, row)["status"] == "Done"


def test_a_damaged_version_is_named(lab: Lab) -> None:
    row = saved(lab)
    path = lab.store.folder(row.id).artifacts / "versions" / "00001.json"
    path.write_text(json.dumps({"number": 1})[:-1])
    with pytest.raises(Conflict, match=r"00001\.json cannot be read"):
        designs.versions(lab.ctx, row)


def test_a_saved_network_is_what_a_model_of_it_trains(lab: Lab) -> None:
    row = saved(lab)
    designs.save(lab.ctx, lab.who("olga"), row, {"source": LENET + "# newest\n", "base": 1, **SIZES})
    dataset = lab.job("dataset", "olga").id
    newest = asked(lab.ctx, lab.who("sam"), {"dataset": dataset, "network": row.id})
    assert (newest.source, newest.label.name) == (LENET + "# newest\n", "Mine")
    assert asked(lab.ctx, lab.who("sam"), {"dataset": dataset, "network": f"{row.id}@1"}).source == LENET
    with pytest.raises(InvalidOptions) as wrong:
        asked(lab.ctx, lab.who("sam"), {"dataset": dataset, "network": f"{row.id}@7"})
    assert list(wrong.value.fields) == ["network"]
