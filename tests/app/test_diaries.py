"""The learning diary as pages and REST: galleries, one image, map, table, a cleaned version, who may see what."""

from __future__ import annotations

import csv
from io import StringIO
from pathlib import Path

import numpy as np
import pytest

from data.exclusion import read_list
from jobs.tables import JobRow
from models.diary.files import History, write
from models.diary.statistics import Answers, Statistics
from tests.app.conftest import Lab
from tests.app.finished import built_dataset, model_with_checkpoint
from tests.data.factory import make_gradient_folder

WRONG = (3, 5)  # records that are always taken for another class
EPOCHS = 6


@pytest.fixture
def model(alone: Lab, tmp_path: Path) -> JobRow:
    """A model whose diary says that two labels are wrong; one image was forgotten once."""
    images = make_gradient_folder(tmp_path / "images" / "gradients", per_class=8)
    dataset = built_dataset(alone, images, owner="local")
    row = model_with_checkpoint(alone, dataset, owner="local")
    keep_diary(alone, row, dataset)
    return row


def keep_diary(lab: Lab, row: JobRow, dataset: JobRow) -> None:
    """A diary of EPOCHS epochs as a training leaves it."""
    labels = np.asarray(lab.ctx.datasets.get(dataset.id).split("train").labels)
    folder, statistics = lab.store.folder(row.id).path / "diary", Statistics(len(labels))
    folder.mkdir()
    history = History(folder / "history.f16", len(labels), 1)
    for epoch in range(EPOCHS):
        right = np.full(len(labels), epoch > 0)
        right[list(WRONG)] = False
        right[7] = epoch in (1, 3, 4, 5)
        loss = np.where(right, 0.1 / (epoch + 1), 2.0 + epoch).astype(np.float32)
        margin, numbers = np.where(right, 3.0, -4.0).astype(np.float32), np.arange(len(labels))
        statistics.add(Answers(numbers, loss, np.exp(-loss), margin, (labels.astype(np.int64) + 1) % 3), epoch)
        history.note(numbers, loss, right, epoch)
        history.turn(epoch)
    about = {"dataset": dataset.id, "records": len(labels), "classes": [], "step": 60, "epoch": float(EPOCHS)}
    write(folder, statistics.table, {**about, "since": 0, "every": 1, "mixed": False})


def test_galleries_over_rest(alone: Lab, model: JobRow) -> None:
    client, address = alone.client(), f"/api/v1/models/{model.id}/diary"
    overview = client.get(address).json
    assert {view["name"]: view["images"] for view in overview["views"]}["suspicious"] == 2
    found = client.get(f"{address}/images").json
    assert [record["index"] for record in found["records"]] == list(WRONG)
    first = found["records"][0]
    assert (first["seen"], first["right"], first["suspicious"]) == (EPOCHS, 0, True)
    assert first["rival"] != first["class"]
    assert first["runs"] == [{"answer": "wrong", "epochs": EPOCHS}]
    of_class = client.get(f"{address}/images?class={first['label']}").json
    assert {record["label"] for record in of_class["records"]} == {first["label"]}
    assert [r["index"] for r in client.get(f"{address}/images?show=forgotten").json["records"]] == [7]
    page = client.get(f"{address}/images?show=all&size=5&page=2&sort=-loss").json
    assert (page["page"], len(page["records"])) == (2, 5)


def test_one_image_and_the_table(alone: Lab, model: JobRow) -> None:
    client, address = alone.client(), f"/api/v1/models/{model.id}/diary"
    found = client.get(f"{address}/images/7").json
    assert [entry["right"] for entry in found["history"]] == [False, True, False, True, True, True]
    assert found["history"][2]["loss"] == 4.0
    assert (found["forgotten"], found["learnt"]) == (1, 2)
    rows = list(csv.DictReader(StringIO(client.get(f"{address}/table").text)))
    assert [int(row["index"]) for row in rows if row["suspicious"] == "1"] == list(WRONG)
    assert rows[7]["path"].endswith(".png")


@pytest.mark.parametrize(
    ("place", "status", "words"),
    [
        ("images?class=99", 404, "no class number 99"),
        ("images?sort=squares", 422, "ordered by"),
        ("images?show=worst", 422, ""),
        ("images/9999", 404, "numbered from 0"),
    ],
)
def test_what_there_is_not(alone: Lab, model: JobRow, place: str, status: int, words: str) -> None:
    answer = alone.client().get(f"/api/v1/models/{model.id}/diary/{place}")
    assert answer.status_code == status
    assert words in answer.text


def test_the_pages_show_the_galleries_and_the_map(alone: Lab, model: JobRow) -> None:
    client = alone.client()
    text = client.get(f"/models/{model.id}/diary").text
    assert "Suspicious (2)" in text
    assert f"/models/{model.id}/diary/record/3" in text
    assert "mostly taken for" in text
    odd = client.get(f"/models/{model.id}/diary?show=worst&label=99&sort=squares&size=7&page=99").text
    assert "Suspicious (2)" in odd  # what makes no sense in an address is passed over
    record = client.get(f"/models/{model.id}/diary/record/5?part=1").text
    assert "The label may be wrong" in record
    places = client.get(f"/models/{model.id}/diary/map.json").json
    assert [n for n, odd in zip(places["numbers"], places["suspicious"], strict=True) if odd] == list(WRONG)
    assert max(places["variability"]) <= 0.5
    assert "Data map" in client.get(f"/models/{model.id}/diary/map").text


def test_a_model_without_diary_says_why(alone: Lab, tmp_path: Path) -> None:
    images = make_gradient_folder(tmp_path / "images" / "gradients", per_class=4)
    row = model_with_checkpoint(alone, built_dataset(alone, images, owner="local"), owner="local")
    assert "kept no diary" in alone.client().get(f"/models/{row.id}/diary").text
    answer = alone.client().get(f"/api/v1/models/{row.id}/diary")
    assert answer.status_code == 409
    assert "no learning diary yet" in answer.text


def test_suspicious_images_are_left_out_of_a_new_version(alone: Lab, model: JobRow) -> None:
    client = alone.client()
    answer = client.post(f"/models/{model.id}/diary/version", data={"show": "suspicious", "name": "clean"})
    assert answer.status_code == 303
    made = answer.headers["Location"].rsplit("/", 1)[1]
    dataset = alone.store.parents(model.id)[0]
    paths = alone.ctx.datasets.get(dataset).split("train").paths(WRONG)
    assert read_list(alone.store.folder(made).path) == set(paths)
    assert list(alone.store.parents(made)) == [dataset]
    by_hand = client.post(f"/api/v1/models/{model.id}/diary/version", json={"records": [0], "name": "one less"})
    assert by_hand.status_code == 201
    assert len(read_list(alone.store.folder(by_hand.json["id"]).path)) == 1
    unknown = client.post(f"/api/v1/models/{model.id}/diary/version", json={"records": [10**6]})
    assert unknown.status_code == 404


def test_chosen_images_and_whole_galleries_are_downloaded(alone: Lab, model: JobRow) -> None:
    address = f"/models/{model.id}/diary/download/train"
    for fields in ({"at": "3-5"}, {"show": "suspicious"}):
        answer = alone.client().post(address, data=fields)
        assert answer.mimetype == "application/zip"
        assert answer.data.count(b"PK\x01\x02") == 3  # two pictures and the table


def test_who_may_not_see_the_dataset_does_not_see_its_images(lab: Lab) -> None:
    images = make_gradient_folder(lab.ctx.settings.home / "uploads" / "ada" / "set", per_class=8)
    dataset = built_dataset(lab, images, owner="ada", visibility="private")
    row = model_with_checkpoint(lab, dataset, owner="ada", visibility="lab")
    keep_diary(lab, row, dataset)
    assert lab.client("sam").get(f"/api/v1/models/{row.id}/diary").status_code == 404
    assert lab.client("ada").get(f"/api/v1/models/{row.id}/diary").status_code == 200
