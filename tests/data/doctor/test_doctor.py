"""Every check on pictures made to be found, and beside them on those that must not be: a real build of real files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image

from data.analysis.run import analyse
from data.build import build_dataset
from data.database import Dataset, open_dataset
from data.dataset_options import DatasetOptions
from data.doctor import known_checks
from tests.data.analysis.test_measure import photo
from tests.data.shared import messy_folder, shared_archive

NAMES = {
    "blank", "blurred", "bright", "classes", "conflicts", "dark", "duplicates", "leakage", "lookalikes", "odd_shape",
    "tiny", "unreadable", "wrong_extension", "box_outside", "unmarked",
}  # fmt: skip


class Set:
    """A folder of pictures that is built and analysed; ``found[name]`` is a finding, ``paths(name)`` its files."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.count = 0
        for split in ("train", "val"):
            for cls in ("cat", "dog"):
                for number in range(6 if split == "train" else 3):
                    self.add(f"{split}/{cls}/{number}.png", photo(self.count))

    def add(self, name: str, pixels: np.ndarray, **more: Any) -> None:
        path = self.home / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path, **more)
        self.count += 1

    def look(self, side: int = 64, **options: Any) -> dict[str, Any]:
        given = DatasetOptions(folder=str(self.home / "images"), width=side, height=side, **options)
        list(build_dataset(given, self.home / "set", threads=2))
        self.dataset: Dataset = open_dataset(self.home / "set")
        list(analyse(self.dataset, self.home / "analysis", threads=2))
        told = json.loads((self.home / "analysis" / "analysis.json").read_text())["findings"]
        self.found = {item["name"]: item for item in told}
        return self.found

    def paths(self, name: str, kind: str = "") -> set[str]:
        found = set()
        for split in self.dataset.splits:
            file = self.home / "analysis" / split / f"finding.{name}{kind}.npy"
            if file.exists():
                paths = self.dataset.split(split).paths(np.load(file).tolist())
                found |= {str(Path(path).relative_to(self.home / "images")) for path in paths}
        return found


@pytest.fixture
def pictures(tmp_path: Path) -> Set:
    return Set(tmp_path)


def test_the_checks_that_we_ship_are_these_and_each_explains_itself() -> None:
    assert set(known_checks.names()) == NAMES
    assert not known_checks.broken
    assert all(check.help.endswith(".") and check.weight in (1, 2, 3) for check in known_checks)


def test_nothing_is_found_where_nothing_is_wrong(pictures: Set) -> None:
    assert pictures.look() == {}


def test_copies_in_one_split_are_duplicates_and_one_is_kept(pictures: Set) -> None:
    pictures.add("train/cat/copy.png", photo(2))
    pictures.add("train/cat/again.png", photo(2))
    found = pictures.look()
    assert set(found) == {"duplicates"}
    assert pictures.paths("duplicates") == {"train/cat/2.png", "train/cat/copy.png", "train/cat/again.png"}
    assert (found["duplicates"]["groups"], found["duplicates"]["remove"]) == (1, {"train": 2})
    assert len(pictures.paths("duplicates", ".remove")) == 2
    assert found["duplicates"]["reason"].startswith("2 images more of 1")


def test_the_same_file_is_a_duplicate_though_noise_fills_its_frame(pictures: Set) -> None:
    wide = np.concatenate([photo(50), photo(51)], axis=1)
    pictures.add("train/cat/wide.png", wide)
    pictures.add("train/cat/wider.png", wide)
    pictures.look(resize_mode="fill")
    assert pictures.paths("duplicates") == {"train/cat/wide.png", "train/cat/wider.png"}


@pytest.mark.parametrize(
    "change",
    [
        lambda picture: cv2.resize(cv2.resize(picture, (48, 48)), (64, 64)),
        lambda picture: np.clip(picture.astype(int) + 12, 0, 255).astype(np.uint8),
        lambda picture: cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 50])[1], 1),
    ],
    ids=["scaled", "brightened", "re-encoded"],
)
def test_changed_copies_look_alike(pictures: Set, change: Callable[[np.ndarray], np.ndarray]) -> None:
    pictures.add("train/dog/changed.png", change(photo(8)))
    found = pictures.look()
    assert set(found) == {"lookalikes"}
    assert pictures.paths("lookalikes") == {"train/dog/2.png", "train/dog/changed.png"}


def test_a_training_image_among_those_for_validation_leaks(pictures: Set) -> None:
    pictures.add("val/dog/seen.png", photo(9))
    pictures.add("val/dog/nearly.jpg", photo(7), quality=70)
    found = pictures.look()
    assert set(found) == {"leakage"}
    assert found["leakage"]["weight"] == 3
    assert found["leakage"]["splits"] == {"train": 2, "val": 2}
    assert pictures.paths("leakage", ".remove") == {"train/dog/1.png", "train/dog/3.png"}


def test_one_picture_in_two_classes(pictures: Set) -> None:
    pictures.add("train/dog/cat.png", photo(1))
    found = pictures.look()
    assert pictures.paths("conflicts") == {"train/dog/cat.png", "train/cat/1.png"}
    assert found["conflicts"]["remove"] == {"train": 2}


def test_blank_dark_and_bright_are_told_apart(pictures: Set) -> None:
    pictures.add("train/cat/blank.png", np.full((64, 64, 3), 200, np.uint8))
    pictures.add("train/cat/night.png", photo(60) // 12)
    pictures.add("val/cat/snow.png", (230 + photo(61) // 11).astype(np.uint8))
    pictures.look()
    assert pictures.paths("blank") == {"train/cat/blank.png"}
    assert pictures.paths("dark") == {"train/cat/night.png"}
    assert pictures.paths("bright") == {"val/cat/snow.png"}


def test_blank_pictures_are_no_duplicates_of_each_other(pictures: Set) -> None:
    for number in range(3):
        pictures.add(f"train/cat/blank{number}.png", np.zeros((64, 64, 3), np.uint8))
    assert set(pictures.look()) == {"blank"}


def test_odd_shapes_and_tiny_sources(pictures: Set) -> None:
    pictures.add("train/dog/strip.png", cv2.resize(photo(70), (640, 64)))
    pictures.add("val/dog/stamp.png", cv2.resize(photo(71), (20, 20)))
    found = pictures.look()
    assert pictures.paths("odd_shape") == {"train/dog/strip.png"}
    assert pictures.paths("tiny") == {"val/dog/stamp.png"}
    assert found["tiny"]["remove"] == {"val": 1}


def test_where_all_are_small_smaller_records_are_the_cure(pictures: Set) -> None:
    found = pictures.look(side=256)
    assert found["tiny"]["count"] == 18
    assert found["tiny"]["remove"] == {}
    assert "smaller records" in found["tiny"]["reason"]


def test_a_name_that_promises_another_kind(pictures: Set) -> None:
    pictures.add("train/cat/photo.jpg", photo(80), format="PNG")
    pictures.add("train/cat/fine.jpg", photo(81))
    found = pictures.look()
    assert pictures.paths("wrong_extension") == {"train/cat/photo.jpg"}
    assert "1 PNG named .jpg" in found["wrong_extension"]["reason"]


def test_files_that_cannot_be_read_are_listed_with_their_reason(pictures: Set) -> None:
    (pictures.home / "images/train/cat/torn.png").write_bytes(
        (pictures.home / "images/train/cat/0.png").read_bytes()[:99]
    )
    found = pictures.look()
    assert set(found) == {"unreadable"}
    assert found["unreadable"]["count"] == 1
    assert found["unreadable"]["files"][0]["path"].endswith("torn.png")
    assert found["unreadable"]["splits"] == {}


def test_a_class_that_is_never_measured(pictures: Set) -> None:
    for number in range(4):
        pictures.add(f"train/emu/{number}.png", photo(90 + number))
    found = pictures.look()
    assert found["classes"]["reason"] == 'There is no validation image of "emu".'
    assert found["classes"]["count"] == 1


def test_problems_are_counted_for_each_record(pictures: Set) -> None:
    pictures.add("train/dog/cat.png", photo(1))
    pictures.look()
    counts = np.load(pictures.home / "analysis/train/problems.npy")
    assert len(counts) == len(pictures.dataset.split("train"))
    assert sorted(counts.tolist())[-3:] == [0, 2, 2]  # duplicates and conflicts


def test_blurred_photos_among_sharp_ones(tmp_path: Path) -> None:
    """Real photos: three are blurred by hand, none of the others is suspected."""
    from data.archives import unpack

    unpack(shared_archive("catsdogs-sub.tar"), tmp_path / "files")
    photos = sorted((tmp_path / "files").rglob("*.jpg"))[::10]
    images = tmp_path / "images"
    for number, path in enumerate(photos):
        image = Image.open(path).convert("RGB")
        pixels = np.asarray(image)
        if number in (5, 25, 45):
            pixels = cv2.GaussianBlur(pixels, (0, 0), 5)
        out = images / path.parent.name / f"{number:02d}.png"
        out.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(out)
    options = DatasetOptions(folder=str(images), width=192, height=192, encoding="jpg", val_percent=0)
    list(build_dataset(options, tmp_path / "set", threads=2))
    dataset = open_dataset(tmp_path / "set")
    list(analyse(dataset, tmp_path / "analysis", threads=2))
    blurred = dataset.split("train").paths(np.load(tmp_path / "analysis/train/finding.blurred.npy").tolist())
    assert {Path(path).stem for path in blurred} == {"05", "25", "45"}


def test_odd_and_damaged_files_from_end_to_end(tmp_path: Path) -> None:
    images = messy_folder(tmp_path)
    options = DatasetOptions(folder=str(images), width=32, height=32, val_percent=20, min_per_class=None)
    list(build_dataset(options, tmp_path / "set", threads=2))
    dataset = open_dataset(tmp_path / "set")
    list(analyse(dataset, tmp_path / "analysis", threads=2))
    found = {item["name"]: item for item in json.loads((tmp_path / "analysis/analysis.json").read_text())["findings"]}
    assert found["unreadable"]["count"] == sum(info.failed for info in dataset.splits.values()) > 0
    assert found["blank"]["count"] > 20
    assert found["duplicates"]["groups"] > 10
