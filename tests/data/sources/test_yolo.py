"""YOLO: YAML of all kinds, folders without one, labels that are wrong, and paths that lead elsewhere."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from data.errors import UserError
from data.objects.split import ObjectSplit, as_dicts
from data.sources.yolo import labels_folder, read_labels
from data.workspace import Workspace
from tests.data.sources.helpers import best, build, picture, scan, sizes, text


def place(root: Path, way: str, label: str | None) -> None:
    picture(root / f"{way}.png", 100, 50)
    if label is not None:
        text(Path(labels_folder(str(root / way)) + ".txt"), label)


@pytest.fixture
def yolo(tmp_path: Path) -> Path:
    root = tmp_path / "set"
    place(root, "train/images/a", "1 0.5 0.5 0.2 0.4\n0 0.1 0.2 0.3 0.2 0.3 0.6\n")
    place(root, "train/images/b", None)
    place(root, "valid/images/c", "0 0.5 0.5 1 1\n")
    return root


@pytest.mark.parametrize(
    "content",
    [
        "train: ../train/images\nval: ../valid/images\nnc: 2\nnames: ['dog', 'cat']\n",  # Roboflow
        "train: train/images\nval: [valid/images]\nnames:\n  0: dog\n  1: cat\n",
        "path: .\ntrain: train\nvalid: valid/images\nnames: {0: dog, 1: cat}\n",
        "path: /somewhere/else\ntrain: train/images\nval: valid/images\nnames: [dog, cat]\n",
    ],
)
def test_yaml_of_all_kinds(tmp_path: Path, yolo: Path, content: str) -> None:
    text(yolo / "data.yaml", content)
    assert best(yolo) == "yolo"
    assert best(yolo / "data.yaml") == "yolo"
    dataset, _ = build(yolo, tmp_path / "out", shuffle=False)
    assert dataset.classes == ("dog", "cat")
    assert sizes(dataset) == {"train": 2, "val": 1}
    train = dataset.split("train")
    assert isinstance(train, ObjectSplit)
    cat, dog = as_dicts(train.objects(0), dataset.classes)
    assert (cat["class"], cat["box"]) == ("cat", [40.0, 15.0, 60.0, 35.0])
    assert dog["polygons"] == [[10.0, 10.0, 30.0, 10.0, 30.0, 30.0]]
    assert dog["box"] == [10.0, 10.0, 30.0, 30.0]
    assert len(train.objects(1).cls) == 0
    assert dataset.manifest["splits"]["train"]["empty"] == 1
    assert train.page(0, 10, 0) == train.page(0, 10, 1) == [0]


def test_folders_without_a_yaml(tmp_path: Path, yolo: Path) -> None:
    text(yolo / "classes.txt", "dog\ncat\n")
    assert best(yolo) == "yolo"
    listing = scan(yolo)
    assert listing.classes == ("dog", "cat")
    assert listing.problems == ["1 images have no label file: nothing is marked in them."]
    assert {split: len(group.images) for split, group in listing.objects.items()} == {"train": 2, "val": 1}


def test_images_by_split_below_images(tmp_path: Path) -> None:
    for split in ("train", "val", "test"):
        place(tmp_path, f"images/{split}/{split}", "0 0.5 0.5 0.1 0.1")
    listing = scan(tmp_path)
    assert {split: len(group.images) for split, group in listing.objects.items()} == dict.fromkeys(
        ("train", "val", "test"), 1
    )
    assert listing.classes == ("0",)


def test_larger_images_are_scaled_and_their_boxes_with_them(tmp_path: Path, yolo: Path) -> None:
    text(yolo / "data.yaml", "train: train/images\nnames: [dog, cat]\n")
    dataset, _ = build(yolo, tmp_path / "out", shuffle=False, val_percent=0, longest_side=50)
    train = dataset.split("train")
    assert isinstance(train, ObjectSplit)
    assert train.size(0) == (50, 25)
    assert train.image(0).shape == (25, 50, 3)
    assert np.allclose(train.objects(0).box[0], (20, 7.5, 30, 17.5))


@pytest.mark.parametrize(
    "line",
    ["x 0.5 0.5 0.1 0.1", "0 0.5 0.5 0.1", "0.5 0.5 0.5 0.1 0.1", "-1 0 0 1 1", "0 nan 0 1 1", "0 1 2 3 4 5 6 7"],
)
def test_a_wrong_label_is_named_by_its_line(line: str) -> None:
    with pytest.raises(UserError, match="line 2 "):
        read_labels(f"0 0.5 0.5 0.1 0.1\n{line}\n")


def test_a_wrong_label_file_costs_its_image_only(tmp_path: Path, yolo: Path) -> None:
    place(yolo, "train/images/bad", "zero 1 2 3 4\n")
    dataset, _ = build(yolo, tmp_path / "out")
    assert sizes(dataset)["train"] == 2
    (failed,) = (json.loads(line) for line in (tmp_path / "out/failures.jsonl").read_text().splitlines())
    assert failed["path"].endswith("bad.png")


@pytest.mark.parametrize(
    "content", ["train: [", "names: [a]", "- train", "train: nowhere\nnames: [a]", "!!python/object:os.system x"]
)
def test_a_wrong_yaml_is_refused_in_words(yolo: Path, content: str) -> None:
    text(yolo / "data.yaml", content)
    with pytest.raises(UserError) as caught:
        scan(yolo / "data.yaml", source="yolo")
    assert caught.value.field == "folder"


def test_a_yaml_cannot_lead_out_of_the_allowed_folders(tmp_path: Path, yolo: Path) -> None:
    place(tmp_path, "secret/images/s", "0 0.5 0.5 0.1 0.1")
    for content in (f"train: {tmp_path}/secret/images\n", "path: ..\ntrain: secret/images\n", "train: list.txt\n"):
        text(yolo / "data.yaml", content + "names: [a]\n")
        text(yolo / "list.txt", "../secret/images/s.png\n")
        with pytest.raises(UserError, match="outside the folders"):
            scan(yolo, Workspace(roots=[yolo]))
