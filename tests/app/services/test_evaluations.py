"""Evaluations over services, pages and REST on a really trained model: creating, reading, comparing, exporting."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.services import atlases, evaluations
from app.services.context import Conflict, NotFound
from data.errors import InvalidOptions
from jobs.tables import JobRow
from models.evaluation.records import read_results
from models.evaluation.select import Wanted
from tests.app.conftest import Lab, make_lab
from tests.app.finished import built_dataset
from tests.app.judged import evaluated, run, trained_model
from tests.data.factory import make_gradient_folder


@dataclass
class Bench:
    lab: Lab
    images: Path
    dataset: JobRow
    model: JobRow
    other: JobRow
    judged: JobRow


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, lab_template: Path) -> Iterator[Bench]:
    home = tmp_path_factory.mktemp("home")
    images = make_gradient_folder(home / "data" / "images", per_class=12, size=16)
    lab = make_lab(home, lab_template, data_roots=(home / "data",))
    dataset = built_dataset(lab, images)
    model, other = (trained_model(lab, dataset, seed=seed, learning_rate=rate) for seed, rate in ((1, 0.01), (2, 1e-6)))
    yield Bench(lab, images, dataset, model, other, evaluated(lab, model, split="train", name="on training"))
    lab.store.engine.dispose()


def test_a_form_with_impossible_values_names_every_field(bench: Bench) -> None:
    with pytest.raises(InvalidOptions) as error:
        evaluations.create(
            bench.lab.ctx,
            bench.lab.who("olga"),
            {"model": bench.model.id, "images": "list", "path": "/etc/passwd", "checkpoint": "epoch-77.00"},
        )
    assert set(error.value.fields) == {"path", "checkpoint"}
    with pytest.raises(InvalidOptions, match="no test images"):
        evaluations.create(bench.lab.ctx, bench.lab.who("olga"), {"model": bench.model.id, "split": "test"})
    with pytest.raises(NotFound):
        evaluations.create(bench.lab.ctx, bench.lab.who("olga"), {"model": bench.dataset.id})


def test_a_model_with_a_checkpoint_is_not_waited_for_and_one_without_is(bench: Bench) -> None:
    lab, olga = bench.lab, bench.lab.who("olga")
    now = evaluations.create(lab.ctx, olga, {"model": bench.model.id, "split": "val"})
    options = lab.store.folder(now.id).job().options
    assert (options["wait"], options["checkpoint"]) == (False, "epoch-01.00")
    fresh = lab.job(
        "model", "olga", options={"network": "lenet", "dataset": bench.dataset.id}, parents=(bench.dataset.id,)
    )
    later = evaluations.create(lab.ctx, olga, {"model": fresh.id})
    assert lab.store.folder(later.id).job().options["wait"] is True
    assert lab.store.parents(later.id) == [fresh.id]


def test_the_page_of_images_of_a_cell_and_its_sprite(bench: Bench) -> None:
    client = bench.lab.client("vic")
    records = read_results(bench.lab.store.folder(bench.judged.id).artifacts)
    for show in ("wrong", "right", "all"):
        found = client.get(f"/evaluations/{bench.judged.id}/images?show={show}&sort=hardest").json
        right = records["rank"] == 0
        assert found["total"] == {"wrong": (~right).sum(), "right": right.sum(), "all": len(records)}[show]
    losses = [record["loss"] for record in found["records"]]
    assert losses == sorted(losses, reverse=True)
    cell = client.get(f"/evaluations/{bench.judged.id}/images?label=1&predicted=1&show=all").json
    assert {(record["label"], record["predicted"]) for record in cell["records"]} <= {(1, 1)}
    assert cell["total"] == ((records["label"] == 1) & (records["predicted"] == 1)).sum()
    sprite = Image.open(io.BytesIO(client.get(found["sprite"]["url"]).data))
    assert sprite.size == (found["sprite"]["columns"] * 96, found["sprite"]["rows"] * 96)
    number = found["records"][0]["index"]
    said = client.get(f"/evaluations/{bench.judged.id}/record/{number}").text
    assert found["records"][0]["class"] in said


def test_matrix_as_cells_csv_and_json_agree(bench: Bench) -> None:
    client, address = bench.lab.client("sam"), f"/evaluations/{bench.judged.id}"
    matrix = np.array(client.get(f"/api/v1{address}/confusion").json["matrix"])
    cells = np.frombuffer(client.get(f"{address}/cells").data, "<i4").reshape(-1, 3)
    dense = np.zeros_like(matrix)
    dense[cells[:, 0], cells[:, 1]] = cells[:, 2]
    assert (dense == matrix).all()
    rows = list(csv.reader(io.StringIO(client.get(f"{address}/confusion.csv").text)))
    assert rows[0][1:-1] == ["blue-to-left", "green-to-top", "red-to-right"]
    assert [[int(value) for value in row[1:-1]] for row in rows[1:]] == matrix.tolist()
    report = client.get(f"/api/v1{address}/report").json
    assert matrix.sum() == report["labelled"] == 27
    curve = client.get(f"/api/v1{address}/curve?class=2").json
    assert (curve["positives"], curve["hits"][-1], curve["alarms"][-1]) == (9, 9, 18)
    assert client.get(f"/api/v1{address}/curve?class=3").status_code == 404


def test_two_models_are_compared_with_a_sentence(bench: Bench) -> None:
    lab, olga = bench.lab, bench.lab.who("olga")
    second = evaluated(lab, bench.other, split="train")
    found = evaluations.comparison(lab.ctx, olga, second, bench.judged)
    one, two = (read_results(lab.store.folder(row.id).artifacts)["rank"] == 0 for row in (second, bench.judged))
    assert (found["fixed"], found["broken"]) == ((~one & two).sum(), (one & ~two).sum())
    page = lab.client("olga").get(f"/evaluations/{second.id}/compare/{bench.judged.id}")
    assert found["said"].split(" (")[0][:40] in page.text
    shown = evaluations.compared_images(lab.ctx, olga, (second, bench.judged), "fixed", Wanted())
    assert shown["total"] == found["fixed"]
    assert all(record["before"] != record["class"] for record in shown["records"])
    third = evaluated(lab, bench.model, split="val")
    with pytest.raises(Conflict, match="different images"):
        evaluations.comparison(lab.ctx, olga, third, bench.judged)
    assert [other["id"] for other in evaluations.comparable(lab.ctx, olga, bench.judged)] == [second.id]


def test_files_on_the_server_are_judged_and_shown(bench: Bench) -> None:
    lab = bench.lab
    many = bench.images.parent / "many"
    shutil.copytree(bench.images, many)
    (many / "broken.jpg").write_bytes(b"\xff\xd8 no")
    row = evaluated(lab, bench.model, images="folder", path=str(many))
    client = lab.client("olga")
    found = client.get(f"/evaluations/{row.id}/images?show=unreadable").json
    assert found["total"] == 1
    assert client.get(found["sprite"]["url"]).status_code == 200
    page = client.get(f"/evaluations/{row.id}").text
    assert "broken.jpg" in page
    assert client.get(f"/evaluations/{row.id}/picture/5").data.startswith(b"\x89PNG")


def test_answers_as_csv_json_lines_and_parquet(bench: Bench) -> None:
    client, address = bench.lab.client("olga"), f"/evaluations/{bench.judged.id}/answers"
    rows = list(csv.DictReader(io.StringIO(client.get(f"{address}.csv").text)))
    lines = [json.loads(line) for line in client.get(f"{address}.jsonl").text.splitlines()]
    assert len(rows) == len(lines) == 27
    for row, line in zip(rows, lines, strict=True):
        assert row["path"] == line["path"]
        assert Path(line["path"]).exists()
        assert row["class1"] == line["top"][0]["class"] == line["predicted_class"]
        assert float(row["probability1"]) == pytest.approx(line["confidence"])
    parquet = pytest.importorskip("pyarrow.parquet", reason="the extra parquet is not installed")
    table = parquet.read_table(io.BytesIO(client.get(f"{address}.parquet").data)).to_pylist()
    for written, line in zip(table, lines, strict=True):
        assert {key: written[key] for key in ("index", "path", "class", "right")} == {
            key: line[key] for key in ("index", "path", "class", "right")
        }
        assert written["class2"] == line["top"][1]["class"]
        assert written["loss"] == pytest.approx(line["loss"])


def test_parquet_is_refused_with_a_sentence_where_it_cannot_be_written(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.services.evaluation_export.find_spec", lambda name: None)
    answer = bench.lab.client("olga").get(f"/evaluations/{bench.judged.id}/answers.parquet")
    assert answer.status_code == 409
    assert "requirements-parquet.txt" in answer.text


def test_the_images_of_a_private_dataset_stay_private(bench: Bench) -> None:
    lab = bench.lab
    hidden = built_dataset(lab, bench.images, visibility="private")
    row = evaluated(lab, bench.model, dataset=hidden.id, split="train")
    assert lab.client("olga").get(f"/evaluations/{row.id}/sprite?at=0").status_code == 200
    for path in ("sprite?at=0", "picture/0"):
        assert lab.client("sam").get(f"/evaluations/{row.id}/{path}").status_code == 404
    assert lab.client("sam").get(f"/evaluations/{row.id}").status_code == 200


def test_an_aborted_evaluation_is_resumed_and_a_finished_one_is_not(bench: Bench) -> None:
    lab = bench.lab
    row = evaluations.create(lab.ctx, lab.who("olga"), {"model": bench.model.id})
    lab.store.edit(row.id, status="Aborted")
    assert lab.client("olga").post(f"/api/v1/evaluations/{row.id}/resume").status_code == 204
    assert lab.store.get(row.id, anyone=True).resume_requested
    assert lab.client("olga").post(f"/api/v1/evaluations/{bench.judged.id}/resume").status_code == 409


def test_pages_of_model_form_and_evaluation(bench: Bench) -> None:
    client = bench.lab.client("olga")
    assert bench.judged.name in client.get(f"/models/{bench.model.id}").text
    assert "epoch-01.00" in client.get(f"/evaluations/new?model={bench.model.id}").text
    again = client.get(f"/jobs/{bench.judged.id}/do/clone", follow_redirects=True)
    assert again.status_code == 200
    refused = client.post("/evaluations/new", data={"model": bench.model.id, "images": "folder", "path": ""})
    assert refused.status_code == 422
    assert "Please give the folder" in refused.text
    made = client.post("/evaluations/new", data={"model": bench.model.id, "images": "split", "split": "val"})
    assert made.status_code == 303
    waiting = client.get(made.location)
    assert waiting.status_code == 200


def test_the_model_card_is_one_file_with_figures_pictures_and_caveats(bench: Bench) -> None:
    client = bench.lab.client("vic")
    answer = client.get(f"/models/{bench.model.id}/card.html?download=1")
    assert answer.status_code == 200
    assert "attachment" in answer.headers["Content-Disposition"]
    text = answer.text
    assert "Confusion matrix" in text
    assert "one of its classes" in text
    assert re.findall(r'(?:src|href)="(?!data:)', text) == [], "it needs no other file"
    assert "<script" not in text
    fresh = bench.lab.job("model", "olga")
    assert client.get(f"/models/{fresh.id}/card.html").status_code == 409


def test_caveats_name_weak_classes_and_uneven_data() -> None:
    from app.services.model_card import caveats

    report = {
        "accuracy": 0.95,
        "ece": 0.12,
        "classes": {"recall": [0.99, 0.5, None]},
        "slices": {"brightness": [{"low": 0, "high": 0.1, "accuracy": 0.6, "interval": [0.5, 0.7]}]},
    }
    dataset = {"artifacts": {"counts": {"train": [10, 400, 300]}}}
    said = " ".join(
        caveats({"report": report, "about": {"split": "val", "classes": ["a", "b", "c"]}, "dataset": dataset})
    )
    for words in ("validation images", "off by 12 %", "b (50 %)", "brightness 0 to 0.1", "10 to 400 images"):
        assert words in said, words


def test_a_confused_pair_leads_to_images_in_between_and_to_units(bench: Bench) -> None:
    client, address = bench.lab.client("vic"), f"/api/v1/evaluations/{bench.judged.id}"
    found = client.get(f"{address}/pair?first=0&second=2").json
    matrix = client.get(f"{address}/confusion").json["matrix"]
    assert found["taken"] == [matrix[0][2], matrix[2][0]]
    assert found["images"] == [sum(matrix[0]), sum(matrix[2])]
    far = [abs(one["share"] - 0.5) for one in found["records"]]
    assert far == sorted(far)
    for one in found["records"]:
        shares = {guess["index"]: guess["probability"] for guess in one["top"]}
        assert one["share"] == pytest.approx(shares[0] / (shares[0] + shares[2]), abs=1e-5)
    assert client.get(f"{address}/pair?first=1&second=1").status_code == 404
    page = f"/evaluations/{bench.judged.id}/pair/0/2"
    assert "Build one" in client.get(page).text
    run(bench.lab, atlases.create(bench.lab.ctx, bench.lab.who("olga"), {"model": bench.model.id, "top": 3}))
    with_units = client.get(f"{page}?layer=1").text
    assert "AUROC" in with_units
    assert "at-tile" in with_units
    shown = client.get(f"/evaluations/{bench.judged.id}/images?between=0-2&show=right").json
    assert all(one["right"] for one in shown["records"])
    assert shown["total"] <= found["total"]
