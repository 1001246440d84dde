"""The database on disk: records come back, pages cost their size, many may read, same input same bytes."""

from __future__ import annotations

import json
import multiprocessing
import pickle
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import writer
from data.codecs import encode
from data.database import Split, open_dataset
from data.errors import UserError
from data.writer import SplitWriter

SHAPE = (5, 4, 3)
RECORDS = st.lists(st.tuples(st.integers(0, 3), st.text(max_size=20), st.integers(0, 2**32 - 1)), max_size=30)


def pixels(seed: int, shape: tuple[int, int, int] = SHAPE) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, np.uint8)


def write(folder: Path, records: list[tuple[int, str, int]], encoding: str = "png", classes: int = 4) -> Split:
    with SplitWriter(folder, classes) as out:
        for label, path, seed in records:
            out.add(label, path, encode(pixels(seed), encoding))
        out.finish(0)
    return Split(folder, SHAPE, encoding)


def many(count: int) -> list[tuple[int, str, int]]:
    return [(number * 7 % 4, f"/images/{number}.png", number) for number in range(count)]


@given(RECORDS, st.sampled_from(["png", "raw"]))
@settings(max_examples=40, deadline=None)
def test_any_record_comes_back_as_it_was_written(records, encoding) -> None:
    with tempfile.TemporaryDirectory() as place:
        split = write(Path(place) / "train", records, encoding)
        assert len(split) == len(records)
        for number, (label, path, seed) in enumerate(records):
            assert split.label(number) == label
            assert split.path(number) == path
            assert split.encoded(number) == encode(pixels(seed), encoding)
            assert (split.image(number) == pixels(seed)).all()
        everything = split.read(range(len(records)))
        assert everything.shape == (len(records), *SHAPE)
        for image, (_, _, seed) in zip(everything, records, strict=True):
            assert (image == pixels(seed)).all()


@given(RECORDS, st.integers(0, 40), st.integers(0, 40))
@settings(max_examples=40, deadline=None)
def test_pages_of_a_class_are_its_records_in_order(records, offset, size) -> None:
    with tempfile.TemporaryDirectory() as place:
        split = write(Path(place) / "train", records, "raw")
        assert split.page(offset, size) == list(range(len(records)))[offset : offset + size]
        for cls in range(4):
            of_class = [number for number, (label, _, _) in enumerate(records) if label == cls]
            assert split.count(cls) == len(of_class)
            assert split.page(offset, size, cls) == of_class[offset : offset + size]


def test_reading_follows_the_order_asked_with_repeats_and_into_a_buffer(tmp_path: Path) -> None:
    split = write(tmp_path / "train", many(50))
    asked = [7, 3, 3, 49, 0]
    out = np.zeros((5, *SHAPE), np.uint8)
    assert split.read(asked, out) is out
    assert (out == np.stack([pixels(seed) for seed in asked])).all()
    assert (split.read(np.array(asked, np.int32)) == out).all()
    assert split.read([]).shape == (0, *SHAPE)


def test_numbers_outside_are_refused(tmp_path: Path) -> None:
    split = write(tmp_path / "train", many(3))
    for call in (split.image, split.encoded, split.label, split.path, lambda index: split.read([0, index])):
        for index in (-1, 3):
            with pytest.raises(IndexError, match=r"0 \.\. 2"):
                call(index)
    with pytest.raises(IndexError, match="classes are"):
        split.page(0, 5, 4)
    with pytest.raises(IndexError, match="negative"):
        split.page(-1, 5)


def test_labels_are_int32(tmp_path: Path) -> None:
    split = write(tmp_path / "train", many(10))
    assert split.labels.dtype == np.int32
    assert split.labels.tolist() == [label for label, _, _ in many(10)]


def test_the_map_grows_as_needed_and_nothing_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "_FIRST_MAP", 64 * 1024)
    shape = (100, 100, 3)
    with SplitWriter(tmp_path / "train", 1) as out:
        for seed in range(200):
            out.add(0, "x", encode(pixels(seed, shape), "raw"))
        info = out.finish(0)
    assert info.bytes > 200 * 30_000
    split = Split(tmp_path / "train", shape, "raw")
    assert all((split.image(seed) == pixels(seed, shape)).all() for seed in (0, 99, 199))


def test_the_same_records_give_the_same_bytes(tmp_path: Path) -> None:
    for name in "ab":
        write(tmp_path / name, many(2500))
    files = sorted(path.name for path in (tmp_path / "a").iterdir())
    expected = {"data.mdb", "labels.npy", "order.npy", "paths.idx.npy", "paths.txt", "starts.npy"}
    assert set(files) == expected  # no lock file either
    assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in files)


def _sum(split: Split, index: int) -> int:
    return int(split.image(index).sum())


@pytest.mark.process
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_many_processes_read_at_once(tmp_path: Path, method: str) -> None:
    split = write(tmp_path / "train", many(40))
    expected = [_sum(split, index) for index in range(40)]  # opened here first: a fork must not share it
    with multiprocessing.get_context(method).Pool(3) as pool:
        assert pool.starmap(_sum, [(split, index) for index in range(40)]) == expected


def test_many_threads_and_several_openings_of_one_split(tmp_path: Path) -> None:
    first = write(tmp_path / "train", many(200))
    second = pickle.loads(pickle.dumps(first))
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda index: (first.image(index), second.image(index)), range(200)))
    assert all((one == pixels(index)).all() and (two == one).all() for index, (one, two) in enumerate(results))


def test_a_rebuilt_split_is_not_mistaken_for_the_old_one(tmp_path: Path) -> None:
    assert (write(tmp_path / "a", [(0, "x", 1)]).image(0) == pixels(1)).all()
    for file in (tmp_path / "a").iterdir():
        file.unlink()
    (tmp_path / "a").rmdir()
    assert (write(tmp_path / "a", [(0, "x", 2)]).image(0) == pixels(2)).all()


def manifest(**changes) -> dict:
    info = {"entries": 1, "counts": [1], "failed": 0, "bytes": 1}
    base = {"format": 1, "classes": ["a"], "width": 4, "height": 5, "channels": 3, "resize_mode": "squash"}
    return {**base, "fill": "noise", "encoding": "png", "jpeg_quality": 90, "splits": {"train": info}, **changes}


def test_a_dataset_is_opened_by_its_manifest(tmp_path: Path) -> None:
    write(tmp_path / "train", [(0, "x", 1)])
    (tmp_path / "dataset.json").write_text(json.dumps(manifest()))
    dataset = open_dataset(tmp_path)
    assert (dataset.width, dataset.height, dataset.channels, dataset.shape) == (4, 5, 3, SHAPE)
    assert dataset.classes == ("a",)
    assert (dataset.resize_mode, dataset.encoding, dataset.jpeg_quality) == ("squash", "png", 90)
    assert dataset.splits["train"].counts == (1,)
    assert dataset.split("train") is dataset.split("train")
    assert (dataset.split("train").image(0) == pixels(1)).all()
    with pytest.raises(UserError, match='no split "val"; it has train'):
        dataset.split("val")


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "no finished dataset"), ("{", "cannot be read"), (json.dumps(manifest(format=2)), "has format 2")],
)
def test_what_is_no_dataset_is_refused_in_words(tmp_path: Path, content: str | None, words: str) -> None:
    if content is not None:
        (tmp_path / "dataset.json").write_text(content)
    with pytest.raises(UserError, match=words):
        open_dataset(tmp_path)
