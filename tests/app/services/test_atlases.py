"""Atlases over services, pages and REST on a really trained model."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.services import atlases
from app.services.context import NotFound
from data.errors import InvalidOptions
from jobs.folder import EventLog
from jobs.tables import JobRow
from models.atlas.layer import strip
from tests.app.conftest import Lab, make_lab
from tests.app.finished import built_dataset
from tests.app.judged import run, trained_model
from tests.data.factory import make_gradient_folder


@dataclass
class Bench:
    lab: Lab
    dataset: JobRow
    model: JobRow
    atlas: JobRow


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, lab_template: Path) -> Iterator[Bench]:
    home = tmp_path_factory.mktemp("home")
    lab = make_lab(home, lab_template, data_roots=(home / "data",))
    dataset = built_dataset(lab, make_gradient_folder(home / "data" / "images", per_class=12, size=16))
    model = trained_model(lab, dataset)
    row = run(lab, atlases.create(lab.ctx, lab.who("olga"), {"model": model.id, "top": 5}))
    yield Bench(lab, dataset, model, row)
    lab.store.engine.dispose()


def test_units_are_sorted_filtered_and_paged(bench: Bench) -> None:
    client, address = bench.lab.client("vic"), f"/api/v1/atlases/{bench.atlas.id}/layers/0/units"
    every = client.get(f"{address}?size=100").json["units"]
    assert [one["unit"] for one in every] == list(range(8))
    strongest = client.get(f"{address}?sort=strongest").json["units"]
    assert [one["highest"] for one in strongest] == sorted((one["highest"] for one in every), reverse=True)
    similar = client.get(f"{address}?sort=similar").json["units"]
    assert sorted(one["unit"] for one in similar) == list(range(8))
    mostly = client.get(f"{address}?class=1").json["units"]
    assert [one["unit"] for one in mostly] == [one["unit"] for one in every if one["favourite"] == 1]
    second = client.get(f"{address}?page=2&size=3").json
    assert ([one["unit"] for one in second["units"]], second["pages"]) == ([3, 4, 5], 3)
    assert client.get(f"/api/v1/atlases/{bench.atlas.id}/layers/9/units").status_code == 404


def test_a_unit_in_full_and_its_receptive_field(bench: Bench) -> None:
    found = atlases.unit(bench.lab.ctx, bench.lab.who("olga"), bench.atlas, 0, 3)
    assert len(found["top"]) == len(found["bottom"]) == 5
    assert [one["value"] for one in found["top"]] == sorted((one["value"] for one in found["top"]), reverse=True)
    for one in found["top"]:
        top, bottom, left, right = one["box"]
        assert 0 <= top < bottom <= 16
        assert 0 <= left < right <= 16
        assert bottom - top <= 3
    assert len(found["profile"]) == 3
    with pytest.raises(NotFound):
        atlases.unit(bench.lab.ctx, bench.lab.who("olga"), bench.atlas, 0, 8)


def test_a_class_leads_to_its_output_unit_and_back(bench: Bench) -> None:
    olga = bench.lab.who("olga")
    for cls in range(3):
        votes = atlases.voters(bench.lab.ctx, olga, bench.atlas, cls)
        assert votes[-1]["units"][0]["unit"] == cls, "the score of a class is highest for its own images"
        back = atlases.unit(bench.lab.ctx, olga, bench.atlas, 1, cls)
        assert back["favourite"] == cls


def test_pages_and_their_pictures(bench: Bench) -> None:
    client = bench.lab.client("olga")
    found = client.get(f"/models/{bench.model.id}/atlas?layer=conv&unit=2")
    assert found.location == f"/atlases/{bench.atlas.id}/layers/0/units/2"
    assert "Excite it most" in client.get(found.location).text
    for path in ("?layer=0&sort=selective", "/classes/1"):
        page = client.get(f"/atlases/{bench.atlas.id}{path}")
        assert page.status_code == 200
    sheet = client.get(f"/atlases/{bench.atlas.id}/layers/0/strip?at=0-3-5")
    assert Image.open(io.BytesIO(sheet.data)).size == (4 * 48, 3 * 48)
    again = client.get(f"/jobs/{bench.atlas.id}/do/clone", follow_redirects=True)
    assert "Build the atlas" in again.text
    other = trained_model(bench.lab, bench.dataset, seed=4)
    assert "Build the atlas" in client.get(f"/models/{other.id}/atlas").text
    made = client.post("/atlases/new", data={"model": other.id, "split": "val"})
    assert client.get(made.location).status_code == 200


def test_an_impossible_atlas_is_refused(bench: Bench) -> None:
    with pytest.raises(InvalidOptions, match="no test images"):
        atlases.create(bench.lab.ctx, bench.lab.who("olga"), {"model": bench.model.id, "split": "test"})


def test_a_strip_holds_exactly_the_crops() -> None:
    pictures = {4: np.arange(64, dtype=np.uint8).reshape(8, 8, 1)}
    sheet = strip(pictures, [[(4, [2, 4, 4, 6]), (4, None)], []], 2)
    assert sheet.shape == (4, 4, 3)
    assert sheet[:2, :2, 0].tolist() == [[20, 21], [28, 29]]
    assert (sheet[2:] == 128).all()


def test_the_map_of_a_layer_over_page_and_rest(bench: Bench) -> None:
    client, address = bench.lab.client("vic"), f"/api/v1/atlases/{bench.atlas.id}/layers/1"
    found = client.get(f"{address}/map").json
    assert len(found["places"][0]) == 2 * len(found["numbers"]) == 2 * found["total"]
    assert (found["offered"], found["checkpoints"]) == (["pca"], [])
    part = bench.lab.ctx.datasets.get(bench.dataset.id).split("train")
    assert found["labels"] == [int(part.labels[number]) for number in found["numbers"]]
    assert client.get(f"{address}/map?method=tsne").status_code == 404
    page = client.get(f"/atlases/{bench.atlas.id}/map?layer=1").text
    assert "Images as fc sees them" in page
    assert "Follow it through" not in page


def test_units_that_separate_two_classes(bench: Bench) -> None:
    client = bench.lab.client("vic")
    found = client.get(f"/api/v1/atlases/{bench.atlas.id}/layers/1/separating?first=0&second=2").json
    by_unit = {one["unit"]: one for one in found["units"]}
    assert by_unit[0]["dprime"] > 0 > by_unit[2]["dprime"], "each score is higher for its own class"
    assert by_unit[0]["auroc"] > 0.5 > by_unit[2]["auroc"]
    sizes = [abs(one["dprime"]) for one in found["units"]]
    assert sizes == sorted(sizes, reverse=True)
    same = client.get(f"/api/v1/atlases/{bench.atlas.id}/layers/1/separating?first=1&second=1")
    assert same.status_code == 404


def test_more_maps_are_asked_for_and_worked_out_without_another_pass(bench: Bench) -> None:
    lab, model = bench.lab, trained_model(bench.lab, bench.dataset, epochs=3)
    row = run(lab, atlases.create(lab.ctx, lab.who("olga"), {"model": model.id, "top": 3}))
    olga, page = lab.client("olga"), f"/atlases/{row.id}/map?layer=0"
    assert "Follow it through 3 checkpoints" in olga.get(page).text
    refused = olga.post(f"/api/v1/atlases/{row.id}/maps", json={})
    assert refused.status_code == 422
    said = olga.post(f"/atlases/{row.id}/wishes", data={"checkpoints": "3"}).json["said"]
    assert "goes on" in said
    assert lab.store.get(row.id, anyone=True).resume_requested
    run(lab, row)
    found = olga.get(f"/api/v1/atlases/{row.id}/layers/0/map?method=through").json
    assert [one["epoch"] for one in found["checkpoints"]] == [1, 2, 3]
    assert len(found["places"]) == len(found["predicted"]) == 3
    assert "Through the checkpoints" in olga.get(page).text


def test_an_atlas_that_ended_early_can_go_on(bench: Bench) -> None:
    lab = bench.lab
    row = atlases.create(lab.ctx, lab.who("olga"), {"model": bench.model.id})
    assert lab.client("olga").post(f"/api/v1/atlases/{row.id}/resume").status_code == 409
    EventLog(lab.store.folder(row.id).events_path).append("status", status="Error", error="The worker was killed.")
    lab.store.edit(row.id, status="Error")
    assert "Go on where it stopped" in lab.client("olga").get(f"/atlases/{row.id}").text
    assert lab.client("olga").post(f"/atlases/{row.id}/resume").json["said"]
    assert lab.store.get(row.id, anyone=True).resume_requested
