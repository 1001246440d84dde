"""The doctor on boxes and masks: boxes that leave their picture, pictures with nothing marked, real sets."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from PIL import Image

from data.analysis.run import analyse
from data.archives import unpack
from data.build import build_dataset
from data.database import open_dataset
from data.dataset_options import DatasetOptions
from tests.data.analysis.test_measure import photo
from tests.data.shared import shared_archive


def write_yolo(home: Path) -> Path:
    """Twelve photos of two sizes with a box each; one box leaves the picture, one has no width, one label is empty."""
    for number in range(12):
        image, label = home / "images" / f"{number:02d}.png", home / "labels" / f"{number:02d}.txt"
        image.parent.mkdir(parents=True, exist_ok=True)
        label.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(photo(number)).resize((64, 48) if number % 2 else (80, 80)).save(image)
        label.write_text(f"{number % 2} 0.5 0.5 0.4 0.4\n")
    (home / "labels/03.txt").write_text("0 0.9 0.5 0.6 0.4\n")
    (home / "labels/04.txt").write_text("1 0.5 0.5 0 0.4\n1 0.5 0.5 0.2 0.2\n")
    (home / "labels/05.txt").write_text("")
    (home / "data.yaml").write_text("names: [cat, dog]\ntrain: images\n")
    return home


def look(folder: Path, home: Path, **options: object) -> tuple[dict, dict[str, set[str]]]:
    given = DatasetOptions(folder=str(folder), val_percent=25, **options)  # type: ignore[arg-type]
    list(build_dataset(given, home / "set", threads=1))
    dataset = open_dataset(home / "set")
    list(analyse(dataset, home / "analysis", threads=2))
    found = {item["name"]: item for item in json.loads((home / "analysis/analysis.json").read_text())["findings"]}
    names: dict[str, set[str]] = {}
    for name in found:
        for split in found[name]["splits"]:
            records = np.load(home / "analysis" / split / f"finding.{name}.npy").tolist()
            names.setdefault(name, set()).update(Path(path).stem for path in dataset.split(split).paths(records))
    return found, names


def test_boxes_outside_and_nothing_marked(tmp_path: Path) -> None:
    found, names = look(write_yolo(tmp_path / "yolo"), tmp_path, source="yolo")
    assert names["box_outside"] == {"03", "04"}
    assert found["box_outside"]["reason"].startswith("2 boxes in 2 images")
    assert names["unmarked"] == {"05"}
    assert set(found) == {"box_outside", "unmarked"}
    statistics = json.loads((tmp_path / "analysis/analysis.json").read_text())["splits"]
    assert sum(split["sizes"]["distinct"] for split in statistics.values()) == 4
    assert sum(split["records"] for split in statistics.values()) == 12
    assert sum(sum(split["file_bytes"]["counts"]) for split in statistics.values()) == 12


def test_a_version_without_them_keeps_all_others_where_they_are(tmp_path: Path) -> None:
    folder = write_yolo(tmp_path / "yolo")
    options = DatasetOptions(folder=str(folder), source="yolo", val_percent=25)
    list(build_dataset(options, tmp_path / "first", threads=1))
    first = open_dataset(tmp_path / "first")
    before = {name: first.split(name).paths(range(len(first.split(name)))) for name in first.splits}
    gone = frozenset(path for path in before["train"] if Path(path).stem in ("03", "05", "07"))
    list(build_dataset(options, tmp_path / "second", threads=1, excluded=gone))
    second = open_dataset(tmp_path / "second")
    after = {name: second.split(name).paths(range(len(second.split(name)))) for name in second.splits}
    assert after == {name: [path for path in paths if path not in gone] for name, paths in before.items()}


def test_real_boxes_of_blood_cells(tmp_path: Path) -> None:
    unpack(shared_archive("bccd-voc.tar.gz"), tmp_path / "files")
    found, _ = look(tmp_path / "files", tmp_path)
    assert set(found) == {"box_outside"}
    assert found["box_outside"]["count"] == 2
