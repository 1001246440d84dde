"""COCO: files by split, categories with gaps, outlines, keypoints, crowds, and what is missing or wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from data.errors import UserError
from data.objects.split import ObjectSplit, as_dicts
from data.workspace import Workspace
from tests.data.sources.helpers import best, build, picture, scan, sizes, text

CATEGORIES = [{"id": 7, "name": "cat"}, {"id": 3, "name": "traffic light"}]
ANNOTATIONS: list[dict[str, Any]] = [
    {"image_id": 1, "category_id": 7, "bbox": [10, 20, 30, 5.5], "iscrowd": 0},
    {"image_id": 1, "category_id": 3, "bbox": [0, 0, 4, 4], "segmentation": [[0, 0, 4, 0, 4, 4]], "iscrowd": 0},
    {"image_id": 1, "category_id": 3, "segmentation": [[1, 2, 9, 2, 9, 8]], "keypoints": [1, 2, 2, 0, 0, 0]},
    {
        "image_id": 2,
        "category_id": 7,
        "bbox": [1, 1, 2, 2],
        "iscrowd": 1,
        "segmentation": {"counts": [3], "size": [1, 1]},
    },
    {"image_id": 2, "category_id": 99, "bbox": [1, 1, 2, 2]},
    {"image_id": 2, "category_id": 7, "bbox": "wide"},
    {"image_id": 44, "category_id": 7, "bbox": [1, 1, 2, 2]},
]


def coco(path: Path, numbers: range, annotations: list[dict[str, Any]] | None = None) -> Path:
    images = [{"id": number, "file_name": f"{number:03}.jpg", "width": 60, "height": 40} for number in numbers]
    said = {"info": {}, "images": images, "annotations": annotations or [], "categories": CATEGORIES}
    return text(path, json.dumps(said))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "coco"
    for number in range(1, 4):
        picture(root / f"train2017/{number:03}.jpg", 60, 40)
    picture(root / "val2017/009.jpg", 60, 40)
    coco(root / "annotations/instances_train2017.json", range(1, 4), ANNOTATIONS)
    coco(root / "annotations/captions_train2017.json", range(1, 4))
    coco(root / "annotations/instances_val2017.json", range(9, 10), [])
    return root


def test_boxes_outlines_keypoints_and_crowds(tmp_path: Path, folder: Path) -> None:
    assert best(folder) == "coco"
    listing = scan(folder)
    said = " ".join(listing.problems)
    for words in (
        "1 annotations have an unknown category",
        "1 annotations have no box",
        "1 run-length masks",
        "1 annotations are of images",
    ):
        assert words in said
    dataset, _ = build(folder, tmp_path / "out", shuffle=False, encoding="jpg")
    assert sizes(dataset) == {"train": 3, "val": 1}
    assert dataset.classes == ("traffic light", "cat")
    assert dataset.manifest["splits"]["train"]["objects"] == [2, 2]
    assert dataset.splits["train"].counts == (1, 2)
    train = dataset.split("train")
    assert isinstance(train, ObjectSplit)
    cat, light, pose = as_dicts(train.objects(0), dataset.classes)
    assert cat["box"] == [10.0, 20.0, 40.0, 25.5]
    assert light["polygons"] == [[0.0, 0.0, 4.0, 0.0, 4.0, 4.0]]
    assert pose["box"] == [1.0, 2.0, 9.0, 8.0]
    assert pose["keypoints"] == [[1.0, 2.0, 2.0], [0.0, 0.0, 0.0]]
    (crowd,) = as_dicts(train.objects(1), dataset.classes)
    assert crowd["flags"] == ["crowd"]


def test_a_run_length_mask_is_an_outline_with_its_hole(tmp_path: Path) -> None:
    """Written by pycocotools; scaled with its image."""
    picture(tmp_path / "train/001.jpg", 8, 6)
    runs = {"size": [6, 8], "counts": "74200M00000003004M"}
    coco(tmp_path / "train/a.json", range(1, 2), [{"image_id": 1, "category_id": 7, "segmentation": runs}])
    dataset, _ = build(tmp_path, tmp_path / "out")
    train = dataset.split("train")
    assert isinstance(train, ObjectSplit)
    (thing,) = as_dicts(train.objects(0), dataset.classes)
    assert sorted(thing["polygons"]) == [[1, 1, 7, 1, 7, 5, 1, 5], [7, 5, 8, 5, 8, 6, 7, 6]]
    assert thing["holes"] == [[5, 2, 3, 2, 3, 4, 5, 4]]
    assert thing["box"] == [1, 1, 8, 6]


def test_one_file_is_the_training_split(tmp_path: Path, folder: Path) -> None:
    listing = scan(folder / "annotations/instances_val2017.json", image_root=str(folder / "val2017"))
    assert {split: len(group.images) for split, group in listing.objects.items()} == {"train": 1}


def test_a_file_beside_its_images(tmp_path: Path) -> None:
    picture(tmp_path / "train/001.jpg")
    coco(tmp_path / "train/_annotations.coco.json", range(1, 2), ANNOTATIONS[:1])
    assert best(tmp_path) == "coco"
    dataset, _ = build(tmp_path, tmp_path / "out")
    assert dataset.manifest["splits"]["train"]["objects"] == [0, 1]


@pytest.mark.parametrize("content", ["{", "[]", '{"images": 3}', '{"images": []}', '{"images": [3]}'])
def test_a_damaged_file_is_refused_in_words(tmp_path: Path, content: str) -> None:
    with pytest.raises(UserError) as caught:
        scan(text(tmp_path / "a.json", content), source="coco")
    assert caught.value.field == "folder"


def test_names_cannot_lead_out_of_the_allowed_folders(tmp_path: Path, folder: Path) -> None:
    picture(tmp_path / "secret.jpg")
    path = folder / "annotations/instances_train2017.json"
    said = json.loads(path.read_text())
    said["images"][0]["file_name"] = "../../secret.jpg"
    path.write_text(json.dumps(said))
    listing = scan(folder, Workspace(roots=[folder]))
    assert len(listing.objects["train"].images) == 2
    assert any("outside the folders" in note for note in listing.notes)


def test_a_large_file_is_not_read_for_a_preview(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data.sources.coco._PREVIEWED", 1000)
    preview = scan(folder)
    assert (preview.kind, preview.objects) == ("detection", {})
    assert "counted when the dataset is built" in preview.notes[0]
    dataset, _ = build(folder, tmp_path / "out", encoding="jpg")
    assert sizes(dataset)["train"] == 3
