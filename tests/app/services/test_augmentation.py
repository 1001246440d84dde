"""Augmentation and balance of a dataset before a training: what is asked of the inspector, kept and refused."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.app.conftest import Lab
from tests.app.finished import built_dataset
from tests.data.factory import make_gradient_folder

HERE = {"Sec-Fetch-Site": "same-origin"}


class Inside:
    """The inspector's requests answered in this process: the far side is the product's own function."""

    def __init__(self) -> None:
        self.asked = 0

    def ask(self, name: str, params: dict[str, Any], blobs: tuple[bytes, ...] = (), **_: Any) -> Any:
        from models.inspection.requests import REQUESTS

        self.asked += 1
        return REQUESTS[name](params, list(blobs))


@pytest.fixture
def inspectors(alone: Lab, monkeypatch: pytest.MonkeyPatch) -> Inside:
    inside = Inside()
    object.__setattr__(alone.ctx, "inspectors", inside)
    return inside


@pytest.fixture
def dataset(alone: Lab, tmp_path: Path) -> str:
    images = make_gradient_folder(tmp_path / "images" / "set", classes=4, size=20)
    return built_dataset(alone, images).id


def page(lab: Lab, path: str, **form: Any) -> dict[str, Any]:
    answer = lab.client().post(path, data=form, headers=HERE)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json
    return found


def test_a_row_for_each_image_and_a_column_for_each_draw(alone: Lab, inspectors: Inside, dataset: str) -> None:
    asked = {"dataset": dataset, "mixup": "0.5", "rotation": "10", "preview-images": "3", "preview-draws": "4"}
    found = page(alone, "/models/preview", **asked, **{"preview-cell": "40"})
    assert len(found["rows"]) == 3
    assert len({row["class"] for row in found["rows"]}) == 3
    assert all(len(row["cells"]) == 4 for row in found["rows"])
    for shares in (cell for row in found["rows"] for cell in row["cells"]):
        assert sum(one["share"] for one in shares) == pytest.approx(1, abs=0.01)
    with Image.open(io.BytesIO(base64.b64decode(found["sheet"].partition(",")[2]))) as sheet:
        assert sheet.size == (5 * 40, 3 * 40)
    again = page(alone, "/models/preview", **asked, **{"preview-cell": "40"})
    assert again == found
    assert inspectors.asked == 1
    other = page(alone, "/models/preview", **asked, **{"preview-cell": "40", "preview-draw": "1"})
    assert other["sheet"] != found["sheet"]


def test_without_augmentation_the_images_are_the_records(alone: Lab, inspectors: Inside, dataset: str) -> None:
    found = page(alone, "/models/preview", dataset=dataset)
    assert found["thumb"] == found["record"]
    assert all(cell == [{"class": row["class"], "share": 1.0}] for row in found["rows"] for cell in row["cells"])
    cropped = page(alone, "/models/preview", dataset=dataset, crop_size="8")
    assert (cropped["width"], cropped["height"]) == (8, 8)


@pytest.mark.parametrize(
    ("form", "field", "words"),
    [
        ({"rotation": "200"}, "rotation", "less than or equal to 180"),
        ({"crop_size": "99"}, None, "does not fit"),
        ({"crop_size": "x"}, "crop_size", "integer"),
    ],
)
def test_what_is_wrong_is_said(
    alone: Lab, inspectors: Inside, dataset: str, form: dict[str, str], field: str, words: str
) -> None:
    found = page(alone, "/models/preview", dataset=dataset, **form)
    assert found["field"] == field
    assert words in found["error"]


def test_a_dataset_that_is_not_built_is_waited_for(alone: Lab, inspectors: Inside) -> None:
    job = alone.job()
    assert "not built yet" in page(alone, "/models/preview", dataset=job.id)["error"]
    assert alone.client().post("/api/v1/previews/augmentation", json={"dataset": job.id}).status_code == 409
    assert alone.client().post("/api/v1/previews/balance", json={"dataset": "nothing"}).status_code == 404


def test_balance(alone: Lab, dataset: str) -> None:
    found = page(alone, "/models/balance", dataset=dataset, sampler="balanced", class_weights="inverse")["classes"]
    assert {row["class"] for row in found} == {"red-to-right", "green-to-top", "blue-to-left", "blue-to-bottom"}
    assert max(row["shown"] for row in found) - min(row["shown"] for row in found) <= 1
    assert found == alone.client().post(
        "/api/v1/previews/balance", json={"dataset": dataset, "sampler": "balanced", "class_weights": "inverse"}
    ).json  # fmt: skip


def test_rest_answers_the_same(alone: Lab, inspectors: Inside, dataset: str) -> None:
    body = {"dataset": dataset, "cutmix": 1, "images": 2, "draws": 3, "cell": 40}
    rest = alone.client().post("/api/v1/previews/augmentation", json=body).json
    form = {"preview-images": "2", "preview-draws": "3", "preview-cell": "40"}
    assert rest == page(alone, "/models/preview", dataset=dataset, cutmix="1", **form)
