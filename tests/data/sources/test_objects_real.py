"""The real sets of boxes and masks come in with the exact counts that their README gives, and can be read back."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.database import Dataset
from data.objects.split import ObjectSplit, as_dicts
from tests.data.sources.helpers import best, build, notes, real, sizes


def split(dataset: Dataset, name: str = "train") -> ObjectSplit:
    found = dataset.split(name)
    assert isinstance(found, ObjectSplit)
    return found


def held(dataset: Dataset) -> Counter[str]:
    """Objects of each class in all splits."""
    found: Counter[str] = Counter()
    for info in dataset.manifest["splits"].values():
        found.update(dict(zip(dataset.classes, info["objects"], strict=True)))
    return +found


def test_bccd(tmp_path: Path) -> None:
    folder = real("bccd-voc.tar.gz", tmp_path)
    assert best(folder) == "voc"
    dataset, events = build(folder, tmp_path / "out", encoding="jpg")
    assert dataset.kind == "detection"
    assert sizes(dataset) == {"train": 205, "val": 87, "test": 72}
    assert held(dataset) == {"RBC": 4155, "WBC": 372, "Platelets": 361}
    assert sum(held(dataset).values()) == 4888
    assert "boxes have no area" in notes(events)
    train = split(dataset)
    row = next(row for row in range(len(train)) if train.path(row).endswith("BloodImage_00001.jpg"))
    assert train.size(row) == (640, 480)
    assert train.image(row).shape == (480, 640, 3)
    first = as_dicts(train.objects(row), dataset.classes)[0]
    assert (first["class"], first["box"]) == ("WBC", [68.0, 315.0, 286.0, 480.0])


def test_raccoon_by_xml_and_by_csv(tmp_path: Path) -> None:
    folder = real("raccoon-voc.tar", tmp_path)
    by_xml, _ = build(folder, tmp_path / "xml", encoding="jpg", val_percent=0, shuffle=False)
    by_csv, _ = build(folder / "data/raccoon_labels.csv", tmp_path / "csv", encoding="jpg", val_percent=0)
    for dataset in (by_xml, by_csv):
        assert sizes(dataset) == {"train": 200}
        assert held(dataset) == {"raccoon": 217}
        assert len(np.unique(split(dataset).sizes, axis=0)) == 133

    def boxes(dataset: Dataset) -> dict[str, list]:
        train = split(dataset)
        return {Path(train.path(n)).name: sorted(train.objects(n).box.tolist()) for n in range(len(train))}

    assert boxes(by_xml) == boxes(by_csv)


def test_raccoon_tables_of_both_splits(tmp_path: Path) -> None:
    folder = real("raccoon-voc.tar", tmp_path) / "data"
    assert best(folder) == "box_table"
    dataset, _ = build(folder, tmp_path / "out", encoding="jpg", val_percent=0)
    assert sum(held(dataset).values()) == 217
    assert sum(sizes(dataset).values()) == 200
    assert set(sizes(dataset)) == {"train", "test"}


@pytest.mark.parametrize(("name", "boxes", "what"), [("coco8", 30, "boxes"), ("coco8-seg", 30, "polygons")])
def test_coco8(tmp_path: Path, name: str, boxes: int, what: str) -> None:
    folder = real("coco8-yolo.tar", tmp_path) / name
    assert best(folder) == "yolo"
    dataset, _ = build(folder, tmp_path / "out", encoding="jpg")
    assert sizes(dataset) == {"train": 4, "val": 4}
    assert len(dataset.classes) == 80
    lines = sum(len(path.read_text().splitlines()) for path in (folder / "labels").rglob("*.txt"))
    assert sum(held(dataset).values()) == lines
    train = split(dataset)
    for row in range(4):
        label = folder / "labels/train" / (Path(train.path(row)).stem + ".txt")
        found = as_dicts(train.objects(row), dataset.classes)
        width, height = train.size(row)
        for line, thing in zip(label.read_text().splitlines(), found, strict=True):
            cls, *values = map(float, line.split())
            assert thing["label"] == cls
            scaled = np.array(values) * np.tile((width, height), len(values) // 2)
            if what == "boxes":
                x, y, w, h = scaled
                assert np.allclose(thing["box"], (x - w / 2, y - h / 2, x + w / 2, y + h / 2), atol=0.02)
            else:
                assert np.allclose(thing["polygons"][0], scaled, atol=0.02)
                assert np.allclose(thing["box"][0], scaled[0::2].min(), atol=0.02)


def test_coco8_pose(tmp_path: Path) -> None:
    folder = real("coco8-yolo.tar", tmp_path) / "coco8-pose"
    dataset, events = build(folder, tmp_path / "out", encoding="jpg")
    assert dataset.classes == ("person",)
    people = [thing for row in range(4) for thing in as_dicts(split(dataset).objects(row), dataset.classes)]
    assert all(len(person["keypoints"]) == 17 for person in people)
    assert {point[2] for person in people for point in person["keypoints"]} <= {0.0, 1.0, 2.0}
    assert "sets of keypoints" in notes(events)


def test_camvid(tmp_path: Path) -> None:
    folder = real("camvid-sub.tar", tmp_path)
    assert best(folder) == "mask_pairs"
    dataset, _ = build(folder, tmp_path / "out", encoding="jpg")
    assert dataset.kind == "segmentation"
    assert sizes(dataset) == {"train": 76, "val": 22, "test": 26}
    assert dataset.classes == tuple((folder / "labels.txt").read_text().split())
    pixels = np.zeros(12, np.int64)
    for path in (folder / "train/labels").iterdir():
        pixels += np.bincount(np.array(Image.open(path)).reshape(-1), minlength=12)
    assert dataset.manifest["splits"]["train"]["objects"] == pixels.tolist()
    train = split(dataset)
    for row in (0, 75):
        original = Path(train.path(row))
        assert train.size(row) == (480, 360)
        assert (train.mask(row) == np.array(Image.open(folder / "train/labels" / original.name))).all()
    bicyclists = train.page(0, 1000, dataset.classes.index("Bicyclist"))
    assert len(bicyclists) == dataset.splits["train"].counts[dataset.classes.index("Bicyclist")]
    assert all((train.mask(row) == 10).any() for row in bicyclists)
