"""Previews: which images are chosen, that a build stores the same, and that the estimate is what it writes."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from data import previews
from data.build import build_dataset
from data.codecs import decode, encode
from data.database import open_dataset
from data.dataset_options import DatasetOptions
from data.errors import UserError
from data.placement import Size
from data.preparation import Preparation
from data.previews import Survey, Wanted, estimate, images_kept, read_original, record, records, stored_bytes, survey
from data.sources import sources
from data.transforms import resize_modes
from data.writer import SplitWriter
from tests.data.factory import make_gradient_folder


def listing_of(folder: Path):  # type: ignore[no-untyped-def]
    scan = sources["image_folder"].scan(DatasetOptions(folder=str(folder)))
    while True:
        try:
            next(scan)
        except StopIteration as end:
            return end.value


def photo(path: Path, size: tuple[int, int] = (400, 300), seed: int = 0) -> Path:
    chance = np.random.default_rng(seed)
    small = Image.fromarray(chance.integers(0, 256, (9, 12, 3), np.uint8))
    path.parent.mkdir(parents=True, exist_ok=True)
    small.resize(size, Image.Resampling.BICUBIC).save(path)
    return path


# -- choosing ----------------------------------------------------------------------------------------------------


def test_every_class_is_shown_before_one_is_shown_twice(tmp_path: Path) -> None:
    found = survey(listing_of(make_gradient_folder(tmp_path)))
    assert found.counts == {"train": {"blue-to-left": 10, "green-to-top": 10, "red-to-right": 10}}
    chosen = found.choose(7, seed=4)
    assert len({one.path for one in chosen}) == 7
    assert {one.cls for one in chosen[:3]} == set(found.counts["train"])
    assert chosen == survey(listing_of(tmp_path)).choose(7, seed=4)
    assert chosen != found.choose(7, seed=5)
    assert len(found.choose(99, seed=0)) == 30


def test_nothing_to_choose_from() -> None:
    assert Survey({}, ()).choose(6, 0) == ()


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 50), max_size=6), st.integers(1, 9), st.integers(1, 30))
def test_images_kept_are_those_that_a_plan_keeps(counts, least, most) -> None:
    kept = images_kept({"train": counts, "val": {"x": 3, **dict.fromkeys(counts, 1)}}, least, most)
    large = [name for name, count in counts.items() if count >= least]
    assert kept == sum(min(counts[name], most) for name in large) + sum(
        3 if name == "x" and "x" not in counts else 1 for name in large
    )


# -- records -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("encoding", ["png", "jpg", "raw"])
def test_a_preview_is_what_a_build_stores(tmp_path: Path, channels: int, encoding: str) -> None:
    path = photo(tmp_path / "a.png")
    for mode in resize_modes.names():
        preparation = Preparation(90, 60, channels, mode, "#123456")
        made = records(read_original(str(path)), Wanted(preparation, encoding, 80), seed=0)[mode]
        if mode == "none":
            assert isinstance(made, UserError)
            continue
        built = preparation.file(path)
        assert isinstance(made, previews.Record)
        assert made.pixels.shape == built.shape
        seen = decode(encode(built, "jpg", 80), channels) if encoding == "jpg" else built
        assert np.abs(made.pixels.astype(int) - seen).mean() < (2 if encoding == "jpg" else 1)
        assert made.sizes["raw"] == built.nbytes
        assert made.sizes["jpg"] == pytest.approx(len(encode(built, "jpg", 80)), rel=0.05)
        assert made.sizes["png"] == pytest.approx(len(encode(built, "png")), rel=0.1)


def test_a_png_that_is_kept_as_it_is_counts_with_its_own_bytes(tmp_path: Path) -> None:
    path = photo(tmp_path / "a.png", (64, 48))
    original = read_original(str(path))
    assert record(original, Wanted(Preparation(64, 48, 3), "png", 90), 0).sizes["png"] == path.stat().st_size
    assert record(original, Wanted(Preparation(64, 47, 3), "png", 90), 0).sizes["png"] != path.stat().st_size


def test_large_photos_are_kept_small_and_still_placed_by_their_own_size(tmp_path: Path) -> None:
    path = photo(tmp_path / "large.png", (3001, 2000))
    original = read_original(str(path))
    assert original.size == Size(3001, 2000)
    assert original.nbytes < 3 * previews.LARGEST_COPY * 4 / 3
    exact = read_original(str(path), whole=True)
    for mode in ("crop", "fill", "shortest_side"):
        wanted = Wanted(Preparation(128, 128, 3, mode, "#000000"), "png", 90)
        one, two = (record(source, wanted, 0).pixels.astype(int) for source in (original, exact))
        assert np.abs(one - two).mean() < 1
    assert original.serves(Size(900, 600))
    assert not original.serves(Size(2800, 1800))
    assert exact.serves(Size(9000, 9000))


def test_a_copy_is_never_enlarged_where_a_sharper_one_is_there(tmp_path: Path) -> None:
    original = read_original(str(photo(tmp_path / "a.png", (800, 600))))
    assert [copy.shape[1] for copy in original.copies] == [800, 400, 200]
    assert original.for_size(Size(130, 100)).shape[1] == 200
    assert original.for_size(Size(140, 100)).shape[1] == 400
    assert original.for_size(Size(1000, 750)).shape[1] == 800


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"<!DOCTYPE html>")
    with pytest.raises(UserError, match="web page"):
        read_original(str(tmp_path / "a.jpg"))


# -- the size of the whole ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("least", "most"), [(400, 800), (300, 1900), (1900, 2200), (2000, 9000), (60_000, 70_000)])
def test_the_estimate_is_the_size_of_the_database(tmp_path: Path, least: int, most: int) -> None:
    chance = random.Random(3)
    sizes = [chance.randint(least, most) for _ in range(3000 if most < 9000 else 500)]
    with SplitWriter(tmp_path / "train", 1) as writer:
        for size in sizes:
            writer.add(0, "a", bytes(size))
        written = writer.finish(0).bytes
    assert estimate(sizes, len(sizes)) == pytest.approx(written, rel=0.04)
    assert sum(map(stored_bytes, sizes)) == pytest.approx(written, rel=0.04)


def test_the_estimate_of_real_records(tmp_path: Path) -> None:
    folder = make_gradient_folder(tmp_path / "images", per_class=60, size=(50, 40))
    options = DatasetOptions(folder=str(folder), width=64, height=64, resize_mode="fill", val_percent=0, encoding="jpg")
    for _ in build_dataset(options, tmp_path / "out"):
        pass
    written = open_dataset(tmp_path / "out").splits["train"].bytes
    found = survey(listing_of(folder))
    wanted = Wanted(Preparation(64, 64, 3, "fill"), "jpg", 90)
    sizes = [record(read_original(one.path), wanted, 0).sizes["jpg"] for one in found.choose(12, 0)]
    assert estimate(sizes, images_kept(found.counts, 2, None)) == pytest.approx(written, rel=0.15)
