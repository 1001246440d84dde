"""What is marked in a record, over REST and on the pages; training on it is refused in words."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.services import datasets, models
from data.errors import InvalidOptions
from jobs.tables import JobRow
from tests.app.conftest import Lab
from tests.app.finished import built_dataset
from tests.data.sources.helpers import picture, text

BOX = "<bndbox><xmin>1</xmin><ymin>2</ymin><xmax>{}</xmax><ymax>9</ymax></bndbox>"
COUNT = 6


def boxes(root: Path) -> Path:
    for n in range(COUNT):
        picture(root / f"{n}.png", 30 + n, 20)
        things = "".join(
            f"<object><name>{name}</name>{BOX.format(5 + n)}</object>" for name in ("dog", "cat")[: 1 + n % 2]
        )
        text(root / f"{n}.xml", f"<annotation>{things}</annotation>")
    return root


def masks(root: Path) -> Path:
    for n in range(COUNT):
        picture(root / f"images/{n}.png", 20, 10)
        (root / "masks").mkdir(exist_ok=True)
        values = np.zeros((10, 20), np.uint8)
        values[:, :5] = 1
        values[0, 19] = 255
        Image.fromarray(values).save(root / f"masks/{n}.png")
    text(root / "labels.txt", "sky\nroad\n")
    return root


@pytest.fixture
def detection(lab: Lab, tmp_path: Path) -> JobRow:
    return _built(lab, boxes(tmp_path / "boxes"))


@pytest.fixture
def segmentation(lab: Lab, tmp_path: Path) -> JobRow:
    return _built(lab, masks(tmp_path / "masks"))


def _built(lab: Lab, folder: Path) -> JobRow:
    object.__setattr__(lab.ctx.settings, "data_roots", (folder,))
    return built_dataset(lab, folder, val_percent=0, shuffle=False, analyse=False)


def test_boxes_over_rest(lab: Lab, detection: JobRow) -> None:
    client = lab.client("sam")
    base = f"/api/v1/datasets/{detection.id}/splits/train/records"
    marked = client.get(f"{base}/1/objects").json
    assert (marked["kind"], marked["width"], marked["height"], marked["mask"]) == ("detection", 31, 20, False)
    assert [(one["class"], one["box"]) for one in marked["objects"]] == [("dog", [1, 2, 6, 9]), ("cat", [1, 2, 6, 9])]
    assert {(one["name"], one["count"]) for one in marked["classes"]} == {("dog", 1), ("cat", 1)}
    assert all(one["colour"].startswith("#") for one in marked["classes"])
    assert client.get(f"{base}/1/mask").status_code == 404
    assert client.get(f"{base}/99/objects").status_code == 404
    record = client.get(f"{base}/1").json
    assert (record["label"], record["class"], record["width"]) == (None, "1 dog, 1 cat", 31)
    assert client.get(f"{base}?class=0").json["total"] == 3
    assert client.get(f"{base}?class=1").json["total"] == COUNT
    sprite = client.get(f"/api/v1/datasets/{detection.id}/splits/train/sprite?indices=0,1,2,3,4,5")
    assert Image.open(io.BytesIO(sprite.data)).size == (192, 128)
    with Image.open(io.BytesIO(client.get(f"{base}/2/image").data)) as image:
        assert image.size == (32, 20)


def test_masks_over_rest(lab: Lab, segmentation: JobRow) -> None:
    base = f"/api/v1/datasets/{segmentation.id}/splits/train/records"
    marked = lab.client("sam").get(f"{base}/0/objects").json
    assert marked["mask"] is True
    assert [(one["name"], one["count"]) for one in marked["classes"]] == [("sky", 149), ("road", 50)]
    answer = lab.client("sam").get(f"{base}/0/mask")
    values = np.array(Image.open(io.BytesIO(answer.data)))
    assert (values[:, :5] == 1).all()
    assert values[0, 19] == 255
    assert lab.client("sam").get(f"{base}/0/mask", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


def test_counts_are_of_images_and_pages_show_what_is_marked(lab: Lab, detection: JobRow) -> None:
    assert detection.summary["counts"] == {"train": COUNT}
    assert detection.summary["kind"] == "detection"
    client = lab.client("sam")
    page = client.get(f"/datasets/{detection.id}").text
    assert "Training on boxes and masks comes later." in page
    assert "<dt>Objects</dt><dd>9</dd>" in page
    record = client.get(f"/datasets/{detection.id}/record/train/1").text
    assert f"/api/v1/datasets/{detection.id}/splits/train/records/1/objects" in record
    listed = client.get(f"/datasets/images/classification/explore?job_id={detection.id}").text
    assert "1 dog, 1 cat" in listed
    assert "annotations.js" in listed


def test_nothing_is_marked_where_images_have_one_class(lab: Lab, tmp_path: Path) -> None:
    for cls in "ab":
        for n in range(2):
            picture(tmp_path / f"set/{cls}/{n}.png")
    row = _built(lab, tmp_path / "set")
    answer = lab.client("sam").get(f"/api/v1/datasets/{row.id}/splits/train/records/0/objects")
    assert answer.status_code == 409
    assert "one class an image" in answer.json["detail"]


def test_training_on_boxes_is_refused_in_words(lab: Lab, detection: JobRow) -> None:
    with pytest.raises(InvalidOptions, match="holds boxes; training on them comes later") as caught:
        models.create(lab.ctx, lab.who("olga"), {"dataset": detection.id, "network": "lenet"})
    assert list(caught.value.fields) == ["dataset"]
    assert detection.id not in lab.client("olga").get("/models/images/classification/new").text


def test_the_manifest_says_what_the_dataset_holds(lab: Lab, segmentation: JobRow) -> None:
    manifest = datasets.manifest(lab.ctx, segmentation)
    assert (manifest["kind"], manifest["classes"], len(manifest["colours"])) == ("segmentation", ["sky", "road"], 2)
    assert manifest["splits"]["train"]["objects"] == [149 * COUNT, 50 * COUNT]
