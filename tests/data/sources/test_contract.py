"""Every registered source: words for people, quick detection that never raises, same seed same bytes, whole splits."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from data.peek import peek
from data.sources import clues, sources
from tests.data.sources.helpers import best, build, picture, text
from tests.data.sources.test_torchvision import idx

SPLITS = ("train", "val", "test")


def _folder(root: Path, count: int) -> Path:
    for n in range(count):
        picture(root / f"{'ab'[n % 2]}/{n}.png", shade=n)
    return root


def _list(root: Path, count: int) -> Path:
    _folder(root, count)
    return text(root / "list.txt", "".join(f"{'ab'[n % 2]}/{n}.png {n % 2}\n" for n in range(count)))


def _table(root: Path, count: int) -> Path:
    _folder(root, count)
    return text(
        root / "t.csv", "path,label\n" + "".join(f"{'ab'[n % 2]}/{n}.png,{'ab'[n % 2]}\n" for n in range(count))
    )


def _hf(root: Path, count: int) -> Path:
    _folder(root, count)
    rows = (json.dumps({"file_name": f"{'ab'[n % 2]}/{n}.png", "label": "ab"[n % 2]}) for n in range(count))
    text(root / "metadata.jsonl", "\n".join(rows))
    return root


def _archive(root: Path, count: int) -> Path:
    _folder(root / "set", count)
    return Path(shutil.make_archive(str(root / "packed"), "zip", root / "set"))


def _torchvision(root: Path, count: int) -> Path:
    for name in ("train", "t10k"):
        idx(root / f"MNIST/raw/{name}-images-idx3-ubyte", np.arange(count * 784).reshape(count, 28, 28) % 251)
        idx(root / f"MNIST/raw/{name}-labels-idx1-ubyte", np.arange(count) % 2)
    return root


def _voc(root: Path, count: int) -> Path:
    for n in range(count):
        picture(root / f"{n}.png", shade=n)
        box = "<bndbox><xmin>1</xmin><ymin>1</ymin><xmax>9</xmax><ymax>9</ymax></bndbox>"
        text(root / f"{n}.xml", f"<annotation><object><name>{'ab'[n % 2]}</name>{box}</object></annotation>")
    return root


def _yolo(root: Path, count: int) -> Path:
    for n in range(count):
        picture(root / f"images/{n}.png", shade=n)
        text(root / f"labels/{n}.txt", f"{n % 2} 0.5 0.5 0.2 0.2\n")
    return root


def _coco(root: Path, count: int) -> Path:
    for n in range(count):
        picture(root / f"{n}.png", shade=n)
    said = {
        "images": [{"id": n, "file_name": f"{n}.png"} for n in range(count)],
        "annotations": [{"image_id": n, "category_id": n % 2, "bbox": [1, 1, 5, 5]} for n in range(count)],
        "categories": [{"id": 0, "name": "a"}, {"id": 1, "name": "b"}],
    }
    return text(root / "coco.json", json.dumps(said))


def _kitti(root: Path, count: int) -> Path:
    for n in range(count):
        picture(root / f"image_2/{n}.png", shade=n)
        text(root / f"label_2/{n}.txt", f"{'ab'[n % 2]} 0 0 0 1 1 5 5 1 1 1 1 1 1 1\n")
    return root


def _masks(root: Path, count: int) -> Path:
    for n in range(count):
        picture(root / f"images/{n}.png", shade=n)
        (root / "masks").mkdir(exist_ok=True)
        Image.fromarray(np.full((10, 20), n % 2, np.uint8)).save(root / f"masks/{n}.png")
    return root


def _boxes(root: Path, count: int) -> Path:
    for n in range(count):
        picture(root / f"{n}.png", shade=n)
    rows = "".join(f"{n}.png,{'ab'[n % 2]},1,1,5,5\n" for n in range(count))
    return text(root / "b.csv", "filename,class,xmin,ymin,xmax,ymax\n" + rows)


MAKERS: dict[str, Callable[[Path, int], Path]] = {
    "image_folder": _folder,
    "text_list": _list,
    "manifest": _table,
    "hf_folder": _hf,
    "archive": _archive,
    "torchvision": _torchvision,
    "voc": _voc,
    "yolo": _yolo,
    "coco": _coco,
    "kitti": _kitti,
    "mask_pairs": _masks,
    "box_table": _boxes,
}


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_every_source_is_here_and_has_words() -> None:
    assert set(MAKERS) == set(sources.names())
    assert not sources.broken
    for source in sources:
        assert source.title
        assert source.help.endswith(".")
        assert source.files in ("no", "may", "must")


@pytest.mark.parametrize("name", MAKERS)
def test_each_source_knows_its_own_and_the_same_seed_gives_the_same_bytes(tmp_path: Path, name: str) -> None:
    path = MAKERS[name](tmp_path / "set", 10)
    assert best(path) == name
    for target, seed in (("one", 3), ("two", 3), ("other", 4)):
        build(path, tmp_path / target, seed=seed, val_percent=30, encoding="jpg", min_per_class=1)
    one, two, other = (files_of(tmp_path / target) for target in ("one", "two", "other"))
    assert one == two
    assert one["train/paths.txt"] != other["train/paths.txt"]


@pytest.mark.parametrize("name", MAKERS)
@settings(max_examples=5, deadline=None)
@given(
    count=st.integers(4, 12),
    val=st.integers(0, 60),
    test=st.integers(0, 39),
    seed=st.integers(0, 2**31 - 1),
    shuffle=st.booleans(),
)
def test_splits_are_disjoint_and_complete(name: str, count: int, val: int, test: int, seed: int, shuffle: bool) -> None:
    with tempfile.TemporaryDirectory() as place:
        path = MAKERS[name](Path(place) / "set", count)
        options = {"val_percent": val, "test_percent": test, "seed": seed, "shuffle": shuffle, "min_per_class": 1}
        dataset, _ = build(path, Path(place) / "out", encoding="raw", **options)
        found: Counter[str] = Counter()
        for split in dataset.splits:
            part = dataset.split(split)
            found.update(part.paths(range(len(part))))
            assert part.count() == dataset.splits[split].entries
        asked = 2 * count if name == "torchvision" else count  # it brings a test split of its own
        assert len(found) == asked
        assert set(found.values()) == {1}


@settings(max_examples=25, deadline=None)
@given(
    content=st.binary(max_size=300),
    ending=st.sampled_from((".txt", ".csv", ".json", ".jsonl", ".xml", ".yaml", ".zip", ".tar", "")),
)
def test_detection_never_fails_on_any_file(content: bytes, ending: str) -> None:
    with tempfile.TemporaryDirectory() as place:
        inside = Path(place) / "labels" / f"x{ending}"
        inside.parent.mkdir()
        inside.write_bytes(content)
        picture(Path(place) / "images/x.png")
        for path in (place, str(inside)):
            assert all(0 < clue.confidence <= 1 and clue.reason for _, clue in clues(path))


def test_a_peek_is_bounded(tmp_path: Path) -> None:
    for n in range(80):
        (tmp_path / f"{n:03}").mkdir()
        (tmp_path / f"{n:03}/a.png").touch()
    for n in range(500):
        (tmp_path / f"z{n:03}.png").touch()
    seen = peek(str(tmp_path))
    assert len(seen.folders) + len([name for name in seen.files if "/" not in name]) == 400
    assert len(seen.images) <= 400 + 60
