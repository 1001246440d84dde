"""Sweeps through REST, the form and the pages: what is made, what is refused in words, which is best, stopping."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.services import sweeps
from jobs.folder import EventLog
from jobs.job import Status
from jobs.series import SeriesWriter
from tests.app.conftest import Lab, make_lab
from tests.app.finished import built_dataset, finish
from tests.data.factory import make_gradient_folder

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, lab_template: Path) -> Iterator[tuple[Lab, str]]:
    """A lab with a dataset; nothing is trained here, for there is no scheduler."""
    root = tmp_path_factory.mktemp("root")
    lab = make_lab(tmp_path_factory.mktemp("home"), lab_template, data_roots=(root,))
    yield lab, built_dataset(lab, make_gradient_folder(root / "set", per_class=4)).id
    lab.ctx.inspectors.close()
    lab.store.engine.dispose()


def grid(lab: Lab, dataset: str, vary: dict[str, Any], **model: Any) -> Any:
    body = {"model": {"dataset": dataset, "network": "lenet", **model}, "vary": vary}
    return lab.client("olga").post("/api/v1/sweeps", json=body)


def validated(lab: Lab, job_id: str, loss: float, status: Status = Status.RUNNING) -> None:
    """What a worker writes when it has validated."""
    folder = lab.store.folder(job_id)
    writer = SeriesWriter(folder.series)
    writer.add(1, 1.0, {"val/loss": loss})
    writer.flush()
    log = EventLog(folder.events_path)
    log.append("status", status=Status.RUNNING.value)
    log.append("metrics", step=1, epoch=1.0, values={"val/loss": loss})
    if status is not Status.RUNNING:
        log.append("status", status=status.value)
    finish(lab.store, job_id)


def test_a_grid_is_a_model_for_each_combination(server: tuple[Lab, str]) -> None:
    lab, dataset = server
    answer = grid(lab, dataset, {"learning_rate": [0.1, 0.01], "batch_size": "8, 16, 32"}, name="net", epochs=2)
    assert answer.status_code == 201, answer.text
    sweep = answer.json
    assert (sweep["kind"], sweep["planned"], sweep["live"], sweep["best"]) == ("grid", 6, True, None)
    assert [trial["values"] for trial in sweep["trials"]][:2] == [
        {"learning_rate": 0.1, "batch_size": 8},
        {"learning_rate": 0.1, "batch_size": 16},
    ]
    made = [lab.client("olga").get(f"/api/v1/models/{trial['id']}").json for trial in sweep["trials"]]
    assert made[5]["name"] == "net learning_rate:0.01 batch_size:32"
    assert {model["sweep"] for model in made} == {sweep["id"]}
    assert {model["group"] for model in made} == {"net"}
    assert len({model["options"]["seed"] for model in made}) == 1
    assert [(model["options"]["learning_rate"], model["options"]["batch_size"]) for model in made[:2]] == [
        (0.1, 8),
        (0.1, 16),
    ]
    assert lab.client("sam").get(f"/api/v1/sweeps/{sweep['id']}").json["id"] == sweep["id"]


def test_the_best_is_marked_and_the_rest_can_be_stopped(server: tuple[Lab, str]) -> None:
    lab, dataset = server
    sweep = grid(lab, dataset, {"learning_rate": [0.3, 0.2, 0.1]}).json
    first, second, third = (trial["id"] for trial in sweep["trials"])
    validated(lab, first, 0.7)
    validated(lab, second, 0.4)
    client = lab.client("olga")
    found = client.get(f"/api/v1/sweeps/{sweep['id']}").json
    assert found["best"] == second
    assert found["overall"]["status"] == "Running"
    assert found["trials"][0]["best"] == pytest.approx(0.7)
    page = client.get(f"/sweeps/{sweep['id']}").text
    assert second in page
    assert "Stop the rest" in page

    assert client.post(f"/api/v1/sweeps/{sweep['id']}/stop", json={"which": "waiting"}).json == {"stopped": 1}
    assert client.post(f"/api/v1/sweeps/{sweep['id']}/stop", json={"which": "others"}).json == {"stopped": 2}
    wanted = {key: lab.store.get(key, anyone=True).abort_requested for key in (first, second, third)}
    assert wanted == {first: True, second: False, third: True}
    assert (
        client.post(f"/sweeps/{sweep['id']}/stop", data={"which": "all"}).json["said"] == "3 models are being stopped."
    )


def test_a_table_for_a_spreadsheet(server: tuple[Lab, str]) -> None:
    lab, dataset = server
    sweep = grid(lab, dataset, {"optimizer": ["sgd", "adam"]}).json
    validated(lab, sweep["trials"][1]["id"], 0.25, Status.DONE)
    lines = lab.client("olga").get(f"/sweeps/{sweep['id']}/trials.csv").text.splitlines()
    assert lines[0] == "number,id,optimizer,status,epoch,best val/loss,val/loss"
    assert lines[2] == f"2,{sweep['trials'][1]['id']},adam,Done,1.0,0.25,0.25"


@pytest.mark.parametrize(
    ("vary", "model", "field", "words"),
    [
        ({}, {}, "vary", "Say which options"),
        ({"learning_rate": "0.1, fast"}, {}, "learning_rate", "fast"),
        ({"learning_rate": "0.1 .. 1"}, {}, "learning_rate", "for a search"),
        ({"seed": [*range(201)]}, {}, "seed", "This would be 201 models; up to 200"),
        ({"network": ["lenet", "nonet"]}, {}, "network", "There is no network nonet"),
        ({"epochs": [1, 2]}, {"crop_size": 99}, "crop_size", "a crop must fit"),
        ({"dataset": ["a"]}, {}, "dataset", "cannot be varied"),
    ],
)
def test_what_cannot_be_made_is_refused_as_a_whole(
    server: tuple[Lab, str], vary: dict[str, Any], model: dict[str, Any], field: str, words: str
) -> None:
    lab, dataset = server
    before = len(lab.store.live())
    answer = grid(lab, dataset, vary, **model)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json["errors"]] == [field], answer.text
    assert words in answer.json["errors"][0]["message"]
    assert len(lab.store.live()) == before


def test_the_form_says_how_many_before_and_makes_them(server: tuple[Lab, str]) -> None:
    lab, dataset = server
    client = lab.client("olga")
    form = {"dataset": dataset, "network": "lenet", "epochs": "1", "name": "both", "vary-mode": "grid"}
    assert client.post("/sweeps/size", data={**form, "vary-batch_size": ""}).json == {"models": 1, "words": ""}
    varied = {**form, "vary-batch_size": "4, 8", "vary-learning_rate": "0.1, 0.2, 0.3"}
    words = client.post("/sweeps/size", data=varied).json
    assert words == {"models": 6, "words": "6 models will be trained: 3 learning rates × 2 batch sizes."} or (
        words["models"] == 6 and "2 batch sizes" in words["words"]
    )
    assert client.post("/sweeps/size", data={**form, "vary-seed": ",".join(map(str, range(300)))}).json[
        "errors"
    ].keys() == {"seed"}
    answer = client.post("/models/new", data=varied)
    assert answer.status_code == 303
    assert "/sweeps/" in answer.location
    page = client.get("/sweeps").text
    assert "both" in page
    again = client.get(f"/models/images/classification/new?sweep={answer.location.rsplit('/', 1)[1]}").text
    assert 'name="vary-batch_size" value="4, 8"' in again


def test_the_form_shows_what_is_wrong_beside_the_field_of_the_card(server: tuple[Lab, str]) -> None:
    lab, dataset = server
    form = {"dataset": dataset, "network": "lenet", "vary-mode": "grid", "vary-learning_rate": "0.1, fast"}
    answer = lab.client("olga").post("/models/new", data=form)
    assert answer.status_code == 422
    assert "fast: " in answer.text
    assert 'value="0.1, fast"' in answer.text
    # a form without the card makes one model, as before
    one = lab.client("olga").post("/models/new", data={"dataset": dataset, "network": "lenet", "vary-mode": "grid"})
    assert "/models/" in one.location


def test_a_search_is_a_job_that_waits_for_its_dataset(server: tuple[Lab, str]) -> None:
    lab, dataset = server
    body = {
        "model": {"dataset": dataset, "network": "lenet", "name": "hunt"},
        "vary": {"learning_rate": "0.0001 .. 0.1", "optimizer": ["sgd", "adam"]},
        "search": {"trials": 5, "pruner": "hyperband"},
    }
    answer = lab.client("olga").post("/api/v1/sweeps", json=body)
    assert answer.status_code == 201, answer.text
    found = answer.json
    assert (found["kind"], found["planned"], found["trials"], found["live"]) == ("search", 5, [], True)
    job = lab.store.folder(found["id"]).job()
    assert (job.task, job.parents, job.needs.slots) == ("search_models", (dataset,), 0)
    assert job.options["sources"].keys() == {"lenet"}
    assert "class Net" in job.options["sources"]["lenet"]
    page = lab.client("olga").get(f"/models/images/classification/new?sweep={found['id']}").text
    assert 'value="0.0001 .. 0.1 log"' in page


def test_what_fails_halfway_leaves_nothing(server: tuple[Lab, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The third folder cannot be written: the two models and the sweep before it are taken back."""
    lab, dataset = server
    before = {row.id for row in lab.store.live()}
    create, made = lab.store.create, []

    def full(*args: Any, **more: Any) -> Any:
        if len(made) == 3:
            raise OSError(28, "No space left on device")
        made.append(create(*args, **more))
        return made[-1]

    monkeypatch.setattr(lab.store, "create", full)
    answer = grid(lab, dataset, {"learning_rate": [0.1, 0.2, 0.3]})
    assert answer.status_code == 507
    left = {row.id for row in lab.store.live() if not row.delete_requested}
    assert left == before
    assert all(lab.store.get(row.id, anyone=True).delete_requested for row in made)
    assert sweeps.MOST == 200
