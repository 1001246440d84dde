"""What a path is understood as before anything is built: by the service, over REST and on the page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from app.services.understand import understand
from data.errors import UserError
from tests.app.conftest import Lab
from tests.data.sources.helpers import picture, text


@pytest.fixture
def images(alone: Lab) -> Path:
    root = alone.ctx.settings.data_roots[0]
    for cls, number in (("hot dog", 3), ("Äpfel", 2)):
        for n in range(number):
            picture(root / f"set/{cls}/{n}.png")
    text(root / "set/train.csv", "path,label\nhot dog/0.png,yes\nhot dog/1.png,no\n/etc/x.png,no\n")
    return root / "set"


def test_a_folder_that_may_be_two_things(alone: Lab, images: Path) -> None:
    found = understand(alone.ctx, alone.who("local"), {"folder": str(images)})
    assert (found["source"], found["kind"], found["whole"], found["seen"]) == (
        "image_folder",
        "image_classification",
        True,
        5,
    )
    assert found["splits"] == {"train": {"images": 5, "objects": None, "classes": [["hot dog", 3], ["Äpfel", 2]]}}
    assert [other["source"] for other in found["alternatives"]] == ["manifest"]
    assert found["class_count"] == 2
    assert found["records"][0] == {"path": f"{images}/hot dog/0.png", "class": "hot dog", "objects": None}
    other = understand(alone.ctx, alone.who("local"), {"folder": str(images), "source": "manifest", "width": "ignored"})
    assert other["lines"][0] == "path,label"
    assert other["problems"] == ["Left out 1 paths outside the folders that may be read."]
    assert "path" in other["reason"]


def test_boxes_are_counted(alone: Lab, images: Path) -> None:
    picture(images / "voc/a.png")
    box = "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox>"
    text(images / "voc/a.xml", f"<annotation><object><name>cat</name>{box}</object></annotation>")
    found = understand(alone.ctx, alone.who("local"), {"folder": str(images / "voc")})
    assert found["splits"] == {"train": {"images": 1, "objects": 1, "classes": [["cat", 1]]}}
    assert found["records"] == [{"path": f"{images}/voc/a.png", "class": "", "objects": 1}]


def test_a_large_folder_is_told_as_far_as_it_was_seen(alone: Lab, images: Path) -> None:
    found = understand(alone.ctx, alone.who("local"), {"folder": str(images)}, patience=-1.0)
    assert found["whole"] is False
    assert found["seen"] == 3
    assert found["splits"] == {}


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({}, "folder"),
        ({"folder": "/etc"}, "folder"),
        ({"folder": "SET/nowhere"}, "folder"),
        ({"folder": "SET", "image_root": "/etc"}, "image_root"),
        ({"folder": "SET", "source": "tea leaves"}, "source"),
        ({"folder": "SET", "source": "text_list"}, "folder"),
    ],
)
def test_what_cannot_be_read_is_refused_by_field(alone: Lab, images: Path, values: dict, field: str) -> None:
    given = {key: value.replace("SET", str(images)) for key, value in values.items()}
    with pytest.raises(UserError) as caught:
        understand(alone.ctx, alone.who("local"), given)
    assert caught.value.field == field


def test_over_rest_and_on_the_page(alone: Lab, images: Path) -> None:
    client = alone.client()
    answer = client.post("/api/v1/datasets/understand", json={"folder": str(images)})
    assert answer.status_code == 200
    assert answer.json["records"][0]["class"] == "hot dog"
    refused = client.post("/api/v1/datasets/understand", json={"folder": "/etc"})
    assert refused.status_code == 422
    assert refused.json["errors"][0]["field"] == "folder"
    page = client.get("/datasets/understand", query_string={"folder": str(images)}).text
    for words in (
        "Image folder",
        "2 classes",
        "hot dog 3",
        "Äpfel 2",
        'data-choose="manifest"',
        'data-kind="image_classification"',
    ):
        assert words in page
    assert "outside the folders" in client.get("/datasets/understand?folder=/etc").text
    names = {source["name"] for source in client.get("/api/v1/datasets/sources").json}
    assert {"image_folder", "voc", "yolo", "coco", "archive"} <= names


def test_names_in_files_are_never_read_as_html(alone: Lab, images: Path) -> None:
    text(
        images / "x.jsonl", "\n".join(json.dumps({"path": f"{n}.png", "label": f"<script>{n}</script>"}) for n in "ab")
    )
    page = alone.client().get("/datasets/understand", query_string={"folder": f"{images}/x.jsonl"}).text
    assert "&lt;script&gt;a" in page
    assert "<script>" not in page


def test_the_form_chooses_a_source(alone: Lab) -> None:
    page = alone.client().get("/datasets/images/classification/new?source=yolo").text
    assert 'value="yolo" selected' in page
    assert (
        alone.client().get("/datasets/generic/new/image-segmentation").headers["Location"].endswith("source=mask_pairs")
    )
