"""Building a dataset from real files: counts, records, failures, events, and the same bytes for the same seed."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from data.archives import unpack
from data.build import build_dataset
from data.codecs import decode
from data.database import Dataset, open_dataset
from data.dataset_options import DatasetOptions
from data.errors import UserError
from data.options import parse
from data.preparation import Preparation
from tests.data.factory import make_gradient_folder
from tests.data.shared import messy_folder, shared_archive


def build(folder: Path, target: Path, *, threads: int = 2, **values) -> tuple[Dataset, list[dict]]:
    options = parse(DatasetOptions, {"folder": str(folder), "width": 10, "height": 10, **values})
    events = list(build_dataset(options, target, threads=threads))
    return open_dataset(target), events


def artifacts(events: list[dict], name: str) -> list:
    return [event["value"] for event in events if event["kind"] == "artifact" and event["name"] == name]


def notes(events: list[dict]) -> str:
    return "\n".join(event["text"] for event in events if event["kind"] == "note")


@pytest.fixture
def gradients(tmp_path: Path) -> Path:
    return make_gradient_folder(tmp_path / "images")


def test_thirty_images_with_20_and_10_percent(gradients: Path, tmp_path: Path) -> None:
    dataset, events = build(gradients, tmp_path / "out", val_percent=20, test_percent=10)
    assert {name: info.entries for name, info in dataset.splits.items()} == {"train": 21, "val": 6, "test": 3}
    assert dataset.splits["test"].counts == (1, 1, 1)
    assert dataset.classes == ("blue-to-left", "green-to-top", "red-to-right")
    assert artifacts(events, "classes") == [list(dataset.classes)]
    expected = {"label_count": 3, "train_count": 21, "val_count": 6, "test_count": 3}
    assert artifacts(events, "parse") == [[expected]]
    assert artifacts(events, "counts")[-1] == {"train": [7, 7, 7], "val": [2, 2, 2], "test": [1, 1, 1]}
    assert artifacts(events, "failed")[-1] == {"train": 0, "val": 0, "test": 0}
    assert artifacts(events, "dataset") == [dataset.manifest]
    assert events[-1]["name"] == "dataset"
    assert "one folder per class: 3 folders" in notes(events)
    json.dumps(events, allow_nan=False)


def test_every_record_is_its_prepared_file(gradients: Path, tmp_path: Path) -> None:
    for encoding in ("png", "raw"):
        dataset, _ = build(gradients, tmp_path / encoding, width=12, height=8, encoding=encoding, val_percent=20)
        seen = []
        for name in dataset.splits:
            split = dataset.split(name)
            for number in range(len(split)):
                path = split.path(number)
                seen.append(path)
                assert (split.image(number) == Preparation(12, 8, 3).file(path)).all()
                assert dataset.classes[split.label(number)] == Path(path).parent.name
        assert len(set(seen)) == len(seen) == 30


@pytest.mark.parametrize("encoding", ["png", "jpg", "raw"])
@pytest.mark.parametrize("channels", [1, 3])
def test_mean_and_shape_of_each_encoding(gradients: Path, tmp_path: Path, encoding: str, channels: int) -> None:
    dataset, _ = build(gradients, tmp_path / "out", width=14, height=6, encoding=encoding, channels=channels)
    split = dataset.split("train")
    images = split.read(range(len(split)))
    assert images.shape == (len(split), 6, 14, channels)
    prepared = [Preparation(14, 6, channels).file(split.path(number)) for number in range(len(split))]
    assert np.abs(dataset.mean - np.mean(prepared, axis=0)).max() < 1e-4
    assert dataset.mean.shape == (6, 14, channels)
    with Image.open(tmp_path / "out/mean.jpg") as image:
        assert image.size == (14, 6)
        assert image.mode == ("L" if channels == 1 else "RGB")
    if encoding != "raw":
        assert (decode(split.encoded(0), channels) == images[0]).all()


def test_the_same_seed_gives_the_same_bytes_whatever_the_threads(gradients: Path, tmp_path: Path) -> None:
    values = {"width": 30, "height": 20, "resize_mode": "fill", "val_percent": 20, "encoding": "jpg"}
    for name, threads, seed in (("one", 1, 5), ("four", 4, 5), ("other", 1, 6)):
        build(gradients, tmp_path / name, threads=threads, seed=seed, **values)
    files = [path.relative_to(tmp_path / "one") for path in (tmp_path / "one").rglob("*") if path.is_file()]
    assert len(files) > 14
    same = [(tmp_path / "one" / name).read_bytes() == (tmp_path / "four" / name).read_bytes() for name in files]
    assert all(same)
    assert (tmp_path / "one/train/paths.txt").read_bytes() != (tmp_path / "other/train/paths.txt").read_bytes()


def test_own_validation_and_test_folders(gradients: Path, tmp_path: Path) -> None:
    val = make_gradient_folder(tmp_path / "val", classes=4, per_class=4)
    test = make_gradient_folder(tmp_path / "test", classes=2, per_class=5)
    values = {"val_folder": str(val), "test_folder": str(test), "val_max_per_class": 3, "test_percent": 50}
    dataset, events = build(gradients, tmp_path / "out", **values)
    assert {name: info.entries for name, info in dataset.splits.items()} == {"train": 30, "val": 9, "test": 10}
    assert artifacts(events, "parse") == [
        [
            {"label_count": 3, "train_count": 30, "val_count": 0, "test_count": 0},
            {"label_count": 3, "train_count": 0, "val_count": 9, "test_count": 0},
            {"label_count": 3, "train_count": 0, "val_count": 0, "test_count": 10},
        ]
    ]
    assert 'class "blue-to-bottom" of the validation images: no such class in training' in notes(events)


def test_least_and_most_per_class(tmp_path: Path) -> None:
    folder = make_gradient_folder(tmp_path / "images", classes=4)
    dataset, events = build(folder, tmp_path / "a", min_per_class=6, val_percent=0)
    assert dataset.splits["train"].counts == (10, 10, 10)
    assert 'class "blue-to-bottom"' in notes(events)
    dataset, _ = build(folder, tmp_path / "b", max_per_class=6, val_percent=50)
    assert dataset.splits["train"].counts == (2, 3, 3, 3)
    assert dataset.splits["val"].counts == (3, 3, 3, 3)


def spoil(folder: Path) -> dict[str, str]:
    """Put files that cannot be read into a class; what their reasons must say."""
    (folder / "empty.png").touch()
    (folder / "text.jpg").write_text("no picture")
    (folder / "half.png").write_bytes((folder / "0000.png").read_bytes()[:60])
    (folder / "gone.png").symlink_to(folder / "nowhere.png")
    return {"empty.png": "empty", "text.jpg": "not an image", "half.png": "too early", "gone.png": "not there"}


def test_files_that_cannot_be_read_are_listed_and_stop_nothing(gradients: Path, tmp_path: Path) -> None:
    expected = spoil(gradients / "red-to-right")
    dataset, events = build(gradients, tmp_path / "out", val_percent=0)
    assert dataset.splits["train"].entries == 30
    assert dataset.splits["train"].failed == 4
    assert artifacts(events, "failed")[-1] == {"train": 4}
    assert artifacts(events, "parse")[0][0]["train_count"] == 34
    rows = [json.loads(line) for line in (tmp_path / "out/failures.jsonl").read_text().splitlines()]
    assert {Path(row["path"]).name for row in rows} == set(expected)
    for row in rows:
        assert expected[Path(row["path"]).name] in row["reason"]
        assert row["hint"]
        assert (row["split"], row["class"]) == ("train", "red-to-right")


def test_a_class_or_split_that_failed_as_a_whole_is_named(gradients: Path, tmp_path: Path) -> None:
    for path in (gradients / "red-to-right").iterdir():
        path.write_text("spoilt")
    val = tmp_path / "val/green-to-top"
    val.mkdir(parents=True)
    (val / "1.png").write_text("spoilt")
    dataset, events = build(gradients, tmp_path / "out", val_folder=str(val.parent))
    assert dataset.splits["train"].counts == (10, 10, 0)
    assert 'Every training image of class "red-to-right" failed' in notes(events)
    assert "None of the 1 validation images could be read" in notes(events)
    assert list(dataset.splits) == ["train"]


def test_without_a_training_image_there_is_no_dataset(gradients: Path, tmp_path: Path) -> None:
    for path in gradients.rglob("*.png"):
        path.write_text("spoilt")
    with pytest.raises(UserError, match="None of the 21 training images") as caught:
        build(gradients, tmp_path / "out", val_percent=30)
    assert caught.value.hint
    assert not (tmp_path / "out/dataset.json").exists()
    assert len((tmp_path / "out/failures.jsonl").read_text().splitlines()) == 21


def test_too_few_classes_after_the_least_per_class(gradients: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="at least two are needed") as caught:
        build(gradients, tmp_path / "out", min_per_class=11)
    assert caught.value.field == "min_per_class"


def test_a_second_build_into_the_same_folder_replaces_the_first(gradients: Path, tmp_path: Path) -> None:
    build(gradients, tmp_path / "out", val_percent=20, test_percent=10)
    dataset, _ = build(gradients, tmp_path / "out", val_percent=0)
    assert dataset.split("train").read(range(30)).shape == (30, 10, 10, 3)
    assert not (tmp_path / "out/test").exists()


def test_a_build_left_in_the_middle_leaves_no_manifest(gradients: Path, tmp_path: Path) -> None:
    options = parse(DatasetOptions, {"folder": str(gradients), "width": 10, "height": 10})
    events = build_dataset(options, tmp_path / "out")
    assert next(event for event in events if event["kind"] == "artifact")
    events.close()
    assert not (tmp_path / "out/dataset.json").exists()


def test_a_ready_png_is_stored_as_it_is_but_never_its_text(tmp_path: Path) -> None:
    folder = make_gradient_folder(tmp_path / "images")
    secret = folder / "red-to-right/0000.png"
    with Image.open(secret) as image:
        info = PngInfo()
        info.add_text("Author", "somebody's name")
        image.save(secret, pnginfo=info)
    dataset, _ = build(folder, tmp_path / "out", val_percent=0)
    split = dataset.split("train")
    for number in range(len(split)):
        source = Path(split.path(number))
        assert (split.encoded(number) == source.read_bytes()) is (source != secret)
        assert b"Author" not in split.encoded(number)


def test_a_full_disk_is_the_callers_to_word(gradients: Path, tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    target = tmp_path / "out"
    target.mkdir()
    (target / "failures.jsonl").symlink_to("/dev/full")
    (gradients / "red-to-right/bad.png").write_text("spoilt")
    with pytest.raises(OSError, match="No space left"):
        build(gradients, target, val_percent=0)
    assert not (target / "dataset.json").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_unwritable_target_is_the_callers_to_word(gradients: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir(mode=0o500)
    with pytest.raises(PermissionError):
        build(gradients, tmp_path / "out")


def test_tiny_images_do_not_wait_for_torch(gradients: Path, tmp_path: Path) -> None:
    """Importing torch takes longer than building a small dataset that needs no scaling."""
    code = (
        "import sys\nfrom pathlib import Path\nfrom data.build import build_dataset\n"
        "from data.dataset_options import DatasetOptions\n"
        "options = DatasetOptions(folder=sys.argv[1], width=10, height=10)\n"
        "list(build_dataset(options, Path(sys.argv[2])))\nassert 'torch' not in sys.modules\n"
    )
    root = Path(__file__).resolve().parents[2]
    subprocess.run([sys.executable, "-c", code, str(gradients), str(tmp_path / "out")], check=True, cwd=root)


# -- real data ----------------------------------------------------------------------------------------------------


def test_the_messy_collection_is_prepared_without_a_crash(tmp_path: Path) -> None:
    folder = messy_folder(tmp_path)
    for mode in ("crop", "fill", "half_crop", "squash"):
        dataset, _ = build(folder, tmp_path / mode, width=32, height=24, resize_mode=mode, val_percent=0)
        assert dataset.classes == ("exif-orientation", "pillow")
        failed = {Path(json.loads(line)["path"]).name for line in (tmp_path / mode / "failures.jsonl").open()}
        with (folder / "manifest.csv").open() as file:
            rows = list(csv.DictReader(file))
        assert dataset.splits["train"].entries + len(failed) == len(rows) == 322
        damaged = {Path(row["file"]).name for row in rows if row["pillow_13.0.0"] != "ok"}
        assert failed == damaged | {"broken_data_stream.png"}  # its last rows are missing, see test_codecs
        assert dataset.split("train").read(range(len(dataset.split("train")))).shape[1:] == (24, 32, 3)


@pytest.mark.slow
def test_mnist_as_png_has_exact_counts(tmp_path: Path) -> None:
    unpack(shared_archive("mnist-png.tar.gz"), tmp_path / "files")
    dataset, events = build(tmp_path / "files", tmp_path / "out", width=28, height=28, channels=1, val_percent=0)
    assert {name: info.entries for name, info in dataset.splits.items()} == {"train": 60_000, "test": 10_000}
    for split in dataset.splits:
        with (tmp_path / "files/mnist-png" / f"{split}.csv").open() as file:
            labels = Counter(row["label"] for row in csv.DictReader(file))
        assert list(dataset.splits[split].counts) == [labels[str(digit)] for digit in range(10)]
    assert artifacts(events, "parse")[0][0]["test_count"] == 10_000
