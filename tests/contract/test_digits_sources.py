"""DIGITS's text-file method (digits.md section 3, item 6) and its generic datasets (item 18 in part), over HTTP."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.contract.script import Script
from tests.data.factory import make_gradient_folder

pytestmark = pytest.mark.process
LABELS = ("red-to-right", "green-to-top", "blue-to-left")


def lists(root: Path, before: str) -> dict[str, Path]:
    """train.txt, val.txt, test.txt and labels.txt; paths begin with ``before``."""
    make_gradient_folder(root / "pictures")
    lines: dict[str, list[str]] = {"train": [], "val": [], "test": []}
    for number, label in enumerate(LABELS):
        for image in range(10):
            split = "train" if image < 6 else "val" if image < 9 else "test"
            lines[split].append(f"{before}{label}/{image:04d}.png {number}")
    for split, found in lines.items():
        (root / f"{split}.txt").write_text("\n".join(found) + "\n")
    (root / "labels.txt").write_text("\n".join(LABELS) + "\n")
    return {name: root / f"{name}.txt" for name in (*lines, "labels")}


@pytest.mark.parametrize("uploaded", [False, True], ids=["server", "uploaded"])
@pytest.mark.parametrize("relative", [False, True], ids=["absolute", "relative"])
def test_6_text_files(digits: Script, images: Path, relative: bool, uploaded: bool) -> None:
    root = images / f"lists {relative} {uploaded}"
    found = lists(root, "" if relative else f"{root}/pictures/")
    form: dict[str, Any] = {
        "dataset_name": "text files", "method": "textfile", "resize_width": 12, "resize_height": 12,
        "textfile_use_val": "y", "textfile_use_test": "y", "textfile_shuffle": 1,
    }  # fmt: skip
    if relative:
        form |= {f"textfile_{split}_folder": str(root / "pictures") for split in ("train", "val", "test")}
    names = {"train": "train_images", "val": "val_images", "test": "test_images", "labels": "labels_file"}
    if uploaded:
        files = {f"textfile_{names[key]}": (path.name, path.read_bytes()) for key, path in found.items()}
        response = digits.post("/datasets/images/classification.json", form, files=files)
    else:
        form |= {"textfile_use_local_files": "y"} | {
            f"textfile_local_{names[key]}": str(path) for key, path in found.items()
        }
        response = digits.post("/datasets/images/classification.json", form)
    assert response.status_code == 200, response.text
    job = response.json()["id"]
    digits.wait(job)
    entries = {task["name"]: task["entries"] for task in digits.json(f"/datasets/{job}.json")["CreateDbTasks"]}
    assert entries == {"Create DB (train)": 18, "Create DB (val)": 9, "Create DB (test)": 3}
    assert digits.get(f"/files/{job}/labels.txt").text.split() == list(LABELS)
    page = digits.json(f"/datasets/images/classification/explore.json?job_id={job}&db=val&size=25")
    assert page["total"] == 9


@pytest.mark.parametrize("local", [False, True])
def test_6_missing_text_files_are_named_as_the_script_calls_them(digits: Script, images: Path, local: bool) -> None:
    form = {
        "dataset_name": "x",
        "method": "textfile",
        "textfile_use_val": "y",
        "textfile_use_local_files": "y" if local else "",
    }
    response = digits.post("/datasets/images/classification.json", form)
    assert response.status_code == 400
    before = "textfile_local_" if local else "textfile_"
    assert response.json()["errors"].keys() == {
        f"{before}{name}" for name in ("train_images", "val_images", "labels_file")
    }
    if local:
        form |= {f"textfile_local_{name}": "/usr/x.txt" for name in ("train_images", "val_images", "labels_file")}
        response = digits.post("/datasets/images/classification.json", form)
        assert response.status_code == 400
        assert "textfile_local_train_images" in response.json()["errors"]


def test_18_segmentation(digits: Script, images: Path) -> None:
    root = images / "segmentation"
    make_gradient_folder(root / "pictures", classes=1, size=(20, 10))
    (root / "masks").mkdir()
    for path in (root / "pictures").rglob("*.png"):
        Image.fromarray(np.tile(np.arange(20, dtype=np.uint8) % 3, (10, 1))).save(root / "masks" / path.name)
    (root / "names.txt").write_text("sky\nroad\ncar\n")
    form = {
        "dataset_name": "masks", "feature_folder": str(root / "pictures"), "label_folder": str(root / "masks"),
        "folder_pct_val": 30, "class_labels_file": str(root / "names.txt"), "dsopts_num_threads": 4,
    }  # fmt: skip
    refused = digits.post("/datasets/generic/create/image-segmentation.json", {**form, "dsopts_num_threads": 0})
    assert refused.status_code == 400
    assert refused.json()["errors"].keys() == {"dsopts_num_threads"}
    response = digits.post("/datasets/generic/create/image-segmentation.json", form)
    assert response.status_code == 200, response.text
    job = response.json()["id"]
    digits.wait(job)
    shown = digits.json(f"/datasets/{job}.json")
    assert [(task["name"], task["stage"], task["entry_count"]) for task in shown["create_db_tasks"]] == [
        ("Create train_db DB", "train_db", 7),
        ("Create val_db DB", "val_db", 3),
    ]
    assert shown["feature_dims"] == [None, None, 3]
    assert shown["classes"] == ["sky", "road", "car"]
    assert Path(shown["create_db_tasks"][0]["feature_db_path"]).is_dir()
    assert digits.get(f"/datasets/generic/explore?job_id={job}&db=train_db").status_code == 302


def test_18_object_detection(digits: Script, images: Path) -> None:
    root = images / "detection"
    for split in ("train", "val"):
        make_gradient_folder(root / split / "images", classes=1, per_class=4, size=(60, 40))
        (root / split / "labels").mkdir()
        for path in (root / split / "images").rglob("*.png"):
            line = "Car 0 0 0 1 2 30 20 1 1 1 1 1 1 1\n"
            (root / split / "labels" / f"{path.stem}.txt").write_text(line * 2)
        for path in list((root / split / "images").rglob("*.png")):
            path.rename(root / split / "images" / path.name)
    form = {
        f"{split}_{kind}_folder": str(root / split / f"{kind}s")
        for split in ("train", "val")
        for kind in ("image", "label")
    }
    response = digits.post("/datasets/generic/create/image-object-detection.json", {"dataset_name": "cars", **form})
    assert response.status_code == 200, response.text
    job = response.json()["id"]
    digits.wait(job)
    shown = digits.json(f"/datasets/{job}.json")
    assert [(task["entry_count"], task["object_count"]) for task in shown["create_db_tasks"]] == [(4, 8), (4, 8)]


def test_18_what_foveal_lacks_is_refused_in_words(digits: Script) -> None:
    for extension in ("image-gradients", "text-classification", "nothing-known"):
        response = digits.post(f"/datasets/generic/create/{extension}.json", {"dataset_name": "x"})
        assert response.status_code == 404
        assert "image-segmentation" in response.json()["error"]["description"]
    response = digits.post("/datasets/images/generic.json", {"dataset_name": "x", "method": "prebuilt"})
    assert response.status_code == 400
    assert "Caffe" in response.json()["errors"]["method"][0]
