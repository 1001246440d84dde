"""Deleting a model with its evaluations and atlases: after one question, and only by those who may."""

from __future__ import annotations

import pytest

from app.services import deletion
from app.services.context import Conflict
from jobs.tables import JobRow
from tests.app.conftest import Lab


@pytest.fixture
def family(lab: Lab) -> tuple[JobRow, JobRow, JobRow, JobRow]:
    """A model of Olga's with two evaluations and an atlas."""
    model = lab.job("model", "olga")
    made = [lab.job(kind, "olga", parents=(model.id,)) for kind in ("evaluation", "evaluation", "atlas")]
    return model, made[0], made[1], made[2]


def gone(lab: Lab, *rows: JobRow) -> list[bool]:
    return [lab.store.get(row.id, lab.who("olga")) is None for row in rows]


def test_a_model_is_not_deleted_before_its_evaluations_unless_they_go_along(
    lab: Lab, family: tuple[JobRow, JobRow, JobRow, JobRow]
) -> None:
    client, model = lab.client("olga"), family[0]
    refused = client.delete(f"/api/v1/jobs/{model.id}")
    assert refused.status_code == 409
    assert set(refused.json["blockers"]) == {row.id for row in family[1:]}
    assert "along=true" in refused.json["hint"]
    assert gone(lab, *family) == [False] * 4
    assert client.delete(f"/api/v1/jobs/{model.id}?along=true").status_code == 204
    assert gone(lab, *family) == [True] * 4


def test_the_question_says_what_goes_along(lab: Lab, family: tuple[JobRow, JobRow, JobRow, JobRow]) -> None:
    client, (model, first, second, _) = lab.client("olga"), family
    script = {"Accept": "application/json"}  # as the pages' scripts ask: no DIGITS address is meant
    asked = client.get(f"/jobs/ask/deletion?ids={model.id}", headers=script).json
    assert asked["along"] == {"evaluation": 2, "atlas": 1}
    assert asked["text"].startswith("Its 2 evaluations and 1 atlas are deleted too")
    chosen = client.get(f"/jobs/ask/deletion?ids={model.id}&ids={first.id}&ids={second.id}").json
    assert chosen["along"] == {"atlas": 1}
    assert client.get("/jobs/ask/deletion?ids=nothing").status_code == 404
    answer = client.post(f"/jobs/{model.id}/do/delete", data={"along": "1"})
    assert answer.json["next"] == "/"
    assert gone(lab, *family) == [True] * 4


def test_what_somebody_else_made_of_a_model_stands_in_the_way(
    lab: Lab, family: tuple[JobRow, JobRow, JobRow, JobRow]
) -> None:
    other = lab.job("evaluation", "sam", parents=(family[0].id,))
    with pytest.raises(Conflict) as error:
        deletion.delete(lab.ctx, lab.who("olga"), family[0], along=True)
    assert error.value.blockers == (other.id,)
    assert gone(lab, *family, other) == [False] * 5


def test_models_never_go_along_with_their_dataset(lab: Lab) -> None:
    dataset = lab.job("dataset", "olga")
    model = lab.job("model", "olga", parents=(dataset.id,))
    with pytest.raises(Conflict):
        deletion.delete(lab.ctx, lab.who("olga"), dataset, along=True)
    assert gone(lab, dataset, model) == [False, False]


def test_home_lists_evaluations_and_atlases_with_their_model_and_deletes_them_in_order(
    lab: Lab, family: tuple[JobRow, JobRow, JobRow, JobRow]
) -> None:
    client = lab.client("olga")
    page = client.get("/").text
    section = page[page.index('id="evaluations"') :]
    for row in family[1:]:
        assert row.id in section
    assert section.count(f"/models/{family[0].id}") == 3
    answer = client.post("/jobs/bulk", data={"action": "delete", "ids": [row.id for row in family]}).json
    assert answer == {"done": 4, "refused": []}
    assert gone(lab, *family) == [True] * 4
