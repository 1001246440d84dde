"""What is found in a dataset, over REST and on its pages: analysis, findings, views, their download, versions."""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image

from app.services import analysis_jobs
from jobs.tables import JobRow
from jobs.worker import work
from tests.app.conftest import Lab, make_lab
from tests.app.conftest import lab_template as lab_template
from tests.app.finished import built_dataset, finish, model_with_checkpoint
from tests.data.factory import make_gradient_folder


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Gradients, with one copy, one blank picture, and a class name that addresses must survive."""
    images = make_gradient_folder(tmp_path_factory.mktemp("images") / "set", per_class=10, size=16)
    (images / "green-to-top").rename(images / "grün & <b>")
    (images / "red-to-right" / "copy.png").write_bytes((images / "red-to-right" / "0002.png").read_bytes())
    Image.new("RGB", (16, 16), "#808080").save(images / "red-to-right" / "grey.png")
    return images


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory, lab_template: Path, images: Path) -> Iterator[Lab]:
    """A server that may read the folder."""
    made = make_lab(tmp_path_factory.mktemp("home"), lab_template, data_roots=(images,))
    yield made
    made.store.engine.dispose()


@pytest.fixture(scope="module")
def dataset(lab: Lab, images: Path) -> JobRow:
    """A dataset that is built and analysed."""
    row = built_dataset(lab, images, val_percent=20, seed=3)
    (analysis,) = analysis_jobs.of(lab.ctx, row)
    assert work(lab.store.folder(analysis.id)) == 0
    finish(lab.store, analysis.id)
    return row


@pytest.fixture
def olga(lab: Lab) -> FlaskClient:
    """Olga's script."""
    return lab.client("olga")


def test_a_new_dataset_is_analysed_by_itself_unless_told_otherwise(lab: Lab, olga: FlaskClient, images: Path) -> None:
    for analyse in (True, False):
        made = olga.post("/api/v1/datasets", json={"folder": str(images), "analyse": analyse}).json
        children = olga.get(f"/api/v1/jobs/{made['id']}/related").json["children"]
        assert [child["type"] for child in children] == ["analysis"] * analyse
        found = olga.get(f"/api/v1/datasets/{made['id']}/analysis").json
        assert (found["ready"], found["findings"]) == (False, [])
    refused = olga.get(f"/api/v1/datasets/{made['id']}/findings")
    assert (refused.status_code, "has not been analysed" in refused.json["detail"]) == (409, True)
    started = olga.post(f"/api/v1/datasets/{made['id']}/analysis")
    assert (started.status_code, started.json["type"], started.json["parents"]) == (201, "analysis", [made["id"]])
    again = olga.post(f"/api/v1/datasets/{made['id']}/analysis")
    assert (again.status_code, again.json["blockers"]) == (409, [started.json["id"]])
    assert lab.client("vic").post(f"/api/v1/datasets/{made['id']}/analysis").status_code == 403
    wrong = olga.post(f"/api/v1/datasets/{made['id']}/analysis", json={"layout": "by mood"})
    assert (wrong.status_code, wrong.json["errors"][0]["field"]) == (422, "layout")


def test_statistics_and_pictures(olga: FlaskClient, dataset: JobRow) -> None:
    url = f"/api/v1/datasets/{dataset.id}/splits/train"
    found = olga.get(f"{url}/statistics").json
    assert found["records"] == 26
    assert found["sizes"]["common"] == [[16, 16, 26]]
    assert [channel["channel"] for channel in found["channels"]] == ["red", "green", "blue"]
    for name, size in (("mean", (16, 16)), ("deviation", (16, 16)), ("classes", (32, 32))):
        assert Image.open(io.BytesIO(olga.get(f"{url}/pictures/{name}").data)).size == size
    assert olga.get(f"{url}/pictures/selfie").status_code == 404
    assert olga.get(f"/api/v1/datasets/{dataset.id}/splits/test/statistics").status_code == 404


def test_findings_and_their_records(olga: FlaskClient, dataset: JobRow) -> None:
    found = {item["name"]: item for item in olga.get(f"/api/v1/datasets/{dataset.id}/findings").json}
    assert found["blank"]["count"] == 1
    (split,) = found["blank"]["splits"]
    page = olga.get(f"/api/v1/datasets/{dataset.id}/splits/{split}/records", query_string={"finding": "blank"}).json
    assert page["total"] == 1
    record = olga.get(f"/api/v1/datasets/{dataset.id}/splits/{split}/records/{page['records'][0]['index']}").json
    assert record["path"].endswith("grey.png")
    assert record["findings"] == [{"name": "blank", "title": "Blank images"}]
    assert record["measures"]["contrast"] < 1
    assert (record["source"]["width"], record["source"]["kind"]) == (16, "png")
    copies = [name for name in ("duplicates", "leakage") if name in found]
    assert copies, "the copy is in the same split or in the other"


def test_a_view_is_filtered_sorted_and_paged(olga: FlaskClient, dataset: JobRow) -> None:
    url = f"/api/v1/datasets/{dataset.id}/splits/train/records"
    values = []
    for number in (1, 2, 3):
        page = olga.get(url, query_string={"sort": "-brightness", "size": 10, "page": number}).json
        values += [record["value"] for record in page["records"]]
    assert values == sorted(values, reverse=True)
    assert len(values) == page["total"] == 26
    found = olga.get(url, query_string={"class": 2, "text": "RED-to-right/00"}).json
    assert {record["class"] for record in found["records"]} == {"red-to-right"}
    wrong = olga.get(url, query_string={"sort": "beauty"})
    assert (wrong.status_code, wrong.json["errors"][0]["field"]) == (422, "sort")
    assert olga.get(url, query_string={"area": "1,2"}).status_code == 422


def test_the_map_and_an_area_of_it(olga: FlaskClient, dataset: JobRow) -> None:
    found = olga.get(f"/api/v1/datasets/{dataset.id}/map").json
    assert found["points"] == {"train": 26, "val": 6}
    places = np.array(found["splits"]["train"]["places"]).reshape(-1, 2)
    area = "0,-2,2,-2,2,2,0,2"
    page = olga.get(f"/api/v1/datasets/{dataset.id}/splits/train/records", query_string={"area": area}).json
    assert page["total"] == int((places[:, 0] > 0).sum())


def test_a_view_is_downloaded_with_a_table_of_it(olga: FlaskClient, dataset: JobRow, images: Path) -> None:
    url = f"/api/v1/datasets/{dataset.id}/splits/train"
    wanted = olga.get(f"{url}/records", query_string={"class": 1, "sort": "brightness"}).json["records"]
    answer = olga.get(f"{url}/archive", query_string={"class": 1, "sort": "brightness"})
    assert answer.mimetype == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert archive.testzip() is None
        table = list(csv.DictReader(io.TextIOWrapper(archive.open("manifest.csv"), "utf-8")))
        assert [int(line["index"]) for line in table] == [record["index"] for record in wanted]
        for line in table:
            stored = olga.get(f"{url}/records/{line['index']}/image").data
            assert archive.read(line["file"]) == stored
            assert line["class"] == "grün & <b>"
            assert Path(line["path"]).is_relative_to(images)


def test_a_version_without_what_a_finding_proposes(lab: Lab, olga: FlaskClient, dataset: JobRow) -> None:
    answer = olga.post(f"/api/v1/datasets/{dataset.id}/versions", json={"finding": "blank", "name": "clean"})
    assert answer.status_code == 201, answer.json
    made = answer.json
    assert (made["name"], made["parents"]) == ("clean", [dataset.id])
    assert work(lab.store.folder(made["id"])) == 0
    row = finish(lab.store, made["id"])
    found = olga.get(f"/api/v1/datasets/{row.id}/versions").json
    assert [entry["id"] for entry in found["line"]] == [dataset.id, row.id]
    assert found["changes"]["left_out"] == 1
    assert found["changes"]["options"] == []
    assert [(entry["name"], entry["before"] - entry["after"]) for entry in found["changes"]["classes"]] == [
        ("red-to-right", 1)
    ]
    assert [entry["id"] for entry in olga.get(f"/api/v1/datasets/{dataset.id}/versions").json["children"]] == [row.id]
    # A clone of the version leaves the same out; so does a version of the version.
    clone = olga.get(f"/api/v1/jobs/{row.id}/clone").json
    assert clone["exclude"] == f"job:{row.id}"
    second = olga.post(
        f"/api/v1/datasets/{row.id}/versions", json={"records": {"train": [0, 1]}, "options": {"width": 12}}
    )
    assert second.status_code == 201, second.json
    lines = (lab.store.folder(second.json["id"]).path / "exclude.jsonl").read_text().splitlines()
    assert len(lines) == 3
    assert any(json.loads(line).endswith("grey.png") for line in lines)
    changes = olga.get(f"/api/v1/datasets/{second.json['id']}/versions").json["changes"]
    assert changes["options"] == [{"option": "width", "before": 16, "after": 12}]
    assert changes["left_out"] == 2


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"finding": "blank", "records": {"train": [1]}}, 422),
        ({"finding": "nothing like it"}, 404),
        ({"records": {"train": [99999]}}, 404),
        ({"records": {"test": [0]}}, 404),
        ({"records": {"train": [-1]}}, 422),
        ({"options": {"width": "wide"}}, 422),
    ],
)
def test_a_version_of_nothing_is_refused(olga: FlaskClient, dataset: JobRow, body: dict, status: int) -> None:
    assert olga.post(f"/api/v1/datasets/{dataset.id}/versions", json=body).status_code == status


def test_a_list_of_ones_own_is_left_out(lab: Lab, olga: FlaskClient, images: Path) -> None:
    (images / "bad.txt").write_text("red-to-right/0001.png\n")
    made = olga.post(
        "/api/v1/datasets", json={"folder": str(images), "exclude": str(images / "bad.txt"), "width": 8}
    ).json
    assert work(lab.store.folder(made["id"])) == 0
    counts = olga.get(f"/api/v1/datasets/{made['id']}").json["artifacts"]["excluded"]
    assert sum(counts.values()) == 1
    refused = olga.post("/api/v1/datasets", json={"folder": str(images), "exclude": "/etc/passwd"})
    assert (refused.status_code, refused.json["errors"][0]["field"]) == (422, "exclude")
    private = olga.post("/api/v1/datasets", json={"folder": str(images), "visibility": "private"}).json
    stranger = lab.client("sam").post(
        "/api/v1/datasets", json={"folder": str(images), "exclude": f"job:{private['id']}"}
    )
    assert stranger.status_code == 404


def test_analyses_go_with_their_dataset_and_finished_versions_stay(lab: Lab, olga: FlaskClient, images: Path) -> None:
    row = built_dataset(lab, images, width=8, height=8)
    version = olga.post(f"/api/v1/datasets/{row.id}/versions", json={"records": {"train": [0]}}).json
    blocked = olga.delete(f"/api/v1/jobs/{row.id}")
    assert (blocked.status_code, blocked.json["blockers"]) == (409, [version["id"]])
    assert work(lab.store.folder(version["id"])) == 0
    finish(lab.store, version["id"])
    (analysis,) = analysis_jobs.of(lab.ctx, row)
    assert olga.delete(f"/api/v1/jobs/{row.id}").status_code == 204
    for job in (row.id, analysis.id):
        assert lab.store.get(job, anyone=True).delete_requested  # type: ignore[union-attr]
        lab.store.remove(job)
    assert olga.get(f"/api/v1/datasets/{version['id']}/versions").json["line"][0] == {"id": row.id, "gone": True}
    assert olga.get(f"/datasets/{version['id']}").status_code == 200


def test_pages_show_what_was_found(olga: FlaskClient, lab: Lab, dataset: JobRow) -> None:
    model = model_with_checkpoint(lab, dataset)
    page = olga.get(f"/datasets/{dataset.id}").text
    assert "Blank images" in page
    findings = olga.get(f"/datasets/{dataset.id}/findings").text
    link = re.search(r'href="([^"]+finding=blank[^"]*)"', findings)
    assert link
    explorer = olga.get(link[1].replace("&amp;", "&")).text
    assert "1 image" in explorer
    assert "gr\u00fcn &amp; &lt;b&gt;" in explorer
    statistics = olga.get(f"/datasets/{dataset.id}/statistics?split=val").text
    assert "Mean image of every class" in statistics
    mapped = olga.get(f"/datasets/{dataset.id}/map").text
    assert "32 images" in mapped
    assert f'href="/models/{model.id}/atlas?new=1"' in mapped, "a model lays the images out too, once it has an atlas"
    assert olga.get(f"/datasets/{dataset.id}/record/train/99999").status_code == 404
    analysis = analysis_jobs.of(lab.ctx, dataset)[0]
    assert olga.get(f"/analyses/{analysis.id}").location.endswith(f"/datasets/{dataset.id}/findings")


def test_a_view_has_an_address_that_restores_it(olga: FlaskClient, dataset: JobRow) -> None:
    address = f"/datasets/images/classification/explore?job_id={dataset.id}&db=train&sort=-contrast&q=red&size=25"
    page = olga.get(address).text
    assert '<option value="-contrast" selected>' in page
    assert 'value="red"' in page
    part = olga.get(address + "&part=1").text
    assert "<html" not in part
    assert part.strip() in page.replace("\r", "") or part.count("fv-cell") == page.count("fv-cell")


def test_a_new_version_with_other_options_from_the_form(olga: FlaskClient, dataset: JobRow, images: Path) -> None:
    form = olga.get(f"/datasets/images/classification/new?parent={dataset.id}").text
    assert f'name="parent" value="{dataset.id}"' in form
    assert "A new version of" in form
    values = {"parent": dataset.id, "folder": str(images), "width": "10", "height": "10", "name": "smaller"}
    wrong = olga.post("/datasets/new", data={**values, "width": "wide"})
    assert wrong.status_code == 422
    assert f'name="parent" value="{dataset.id}"' in wrong.text
    made = olga.post("/datasets/new", data=values).location.rsplit("/", 1)[1]
    assert olga.get(f"/api/v1/jobs/{made}").json["parents"] == [dataset.id]


def test_a_new_version_from_the_page(olga: FlaskClient, dataset: JobRow, lab: Lab) -> None:
    answer = olga.post(
        f"/datasets/{dataset.id}/versions", data={"split": "train", "at": "0-3-5", "name": "hand-picked"}
    )
    assert answer.status_code == 303
    made = answer.location.rsplit("/", 1)[1]
    assert len((lab.store.folder(made).path / "exclude.jsonl").read_text().splitlines()) == 3
    shown = olga.post(
        f"/datasets/{dataset.id}/versions", data={"split": "train", "label": "0", "q": "0001", "name": "less"}
    )
    made = shown.location.rsplit("/", 1)[1]
    lines = (lab.store.folder(made).path / "exclude.jsonl").read_text().splitlines()
    assert all("blue-to-left/0001" in line for line in lines)
    chosen = olga.post(f"/datasets/{dataset.id}/download/train", data={"at": "2-4"})
    with zipfile.ZipFile(io.BytesIO(chosen.data)) as archive:
        assert len(archive.namelist()) == 3
