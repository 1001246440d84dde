"""Leaving images out: what remains stays in its split and in its order; lists are read as people write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.build import build_dataset
from data.database import open_dataset
from data.dataset_options import DatasetOptions
from data.errors import UserError
from data.exclusion import parse_list, read_list, write_list
from tests.data.factory import make_gradient_folder


def paths_of(target: Path) -> dict[str, list[str]]:
    dataset = open_dataset(target)
    return {name: dataset.split(name).paths(range(len(dataset.split(name)))) for name in dataset.splits}


def test_every_other_image_stays_in_its_split_and_order(tmp_path: Path) -> None:
    images = make_gradient_folder(tmp_path / "images", per_class=12)
    options = DatasetOptions(folder=str(images), width=10, height=10, val_percent=25, test_percent=25)
    list(build_dataset(options, tmp_path / "first", threads=1))
    before = paths_of(tmp_path / "first")
    gone = {before["train"][3], before["train"][7], before["val"][0]}
    events = list(build_dataset(options, tmp_path / "second", threads=1, excluded=frozenset(gone)))
    after = paths_of(tmp_path / "second")
    assert after == {split: [path for path in paths if path not in gone] for split, paths in before.items()}
    told = [event["value"] for event in events if event.get("name") == "excluded"]
    assert told == [{"train": 2, "val": 1, "test": 0}]


def test_a_split_all_of_which_is_left_out_is_no_split(tmp_path: Path) -> None:
    images = make_gradient_folder(tmp_path / "images", per_class=4)
    options = DatasetOptions(folder=str(images), width=10, height=10, val_percent=25)
    list(build_dataset(options, tmp_path / "first", threads=1))
    gone = frozenset(paths_of(tmp_path / "first")["val"])
    list(build_dataset(options, tmp_path / "second", threads=1, excluded=gone))
    assert list(open_dataset(tmp_path / "second").splits) == ["train"]


def test_a_list_comes_back_as_it_was_written(tmp_path: Path) -> None:
    paths = ["/a/b c.png", "/a/\\xff.png", "/ü/ö\n.jpg", "/a/b c.png"]
    assert write_list(tmp_path, paths) == 3
    assert read_list(tmp_path) == frozenset(paths)
    assert read_list(tmp_path / "nowhere") == frozenset()


def test_a_persons_own_list(tmp_path: Path) -> None:
    file = tmp_path / "list.txt"
    file.write_text('# bad ones\n\ncat/1.png\n/data/dog/2.png\n"/data/odd\\u00fc.png"\n')
    assert parse_list(file, Path("/data")) == ["/data/cat/1.png", "/data/dog/2.png", "/data/oddü.png"]
    with pytest.raises(UserError, match="cannot be read") as caught:
        parse_list(tmp_path / "none.txt", Path("/data"))
    assert caught.value.field == "exclude"
    (tmp_path / "picture.png").write_bytes(b"\x89PNG\xff")
    with pytest.raises(UserError, match="no text"):
        parse_list(tmp_path / "picture.png", Path("/data"))
