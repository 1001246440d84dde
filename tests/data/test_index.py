"""Choosing records: filters and orders against plain Python over every record, and pages that agree with the whole."""

from __future__ import annotations

import numpy as np
import pytest

from data.analysis.columns import Columns
from data.analysis.run import analyse
from data.build import build_dataset
from data.database import Split, open_dataset
from data.dataset_options import DatasetOptions
from data.errors import UserError
from data.index import Query, endings, page, search, select
from tests.data.factory import make_gradient_folder


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> tuple[Split, Columns]:
    home = tmp_path_factory.mktemp("index")
    images = make_gradient_folder(home / "images", per_class=30)
    (images / "green-to-top" / "0003.png").rename(images / "green-to-top" / "Schöne Grüße 3.PNG")
    options = DatasetOptions(folder=str(images), width=10, height=10, val_percent=0)
    list(build_dataset(options, home / "set", threads=1))
    dataset = open_dataset(home / "set")
    list(analyse(dataset, home / "analysis", threads=1))
    split = dataset.split("train")
    return split, Columns(split, home / "analysis" / "train")


def test_a_plain_page_is_the_splits_own(opened: tuple[Split, Columns]) -> None:
    split, columns = opened
    assert page(split, columns, Query(), 80, 20) == (list(range(80, 90)), 90)
    numbers, total = page(split, columns, Query(cls=1), 5, 10)
    assert (numbers, total) == (split.page(5, 10, 1), 30)


@pytest.mark.parametrize("sort", ["brightness", "-brightness", "sharpness", "-contrast"])
@pytest.mark.parametrize("cls", [None, 2])
def test_sorted_and_of_one_class(opened: tuple[Split, Columns], sort: str, cls: int | None) -> None:
    split, columns = opened
    numbers = select(split, columns, Query(cls=cls, sort=sort))
    values = columns[sort.removeprefix("-")][numbers]
    assert (np.diff(values) * (-1 if sort.startswith("-") else 1) >= 0).all()
    assert sorted(numbers.tolist()) == [n for n in range(90) if cls is None or split.label(n) == cls]
    pages = [page(split, columns, Query(cls=cls, sort=sort), start, 7)[0] for start in range(0, 91, 7)]
    assert [number for part in pages for number in part] == numbers.tolist()


@pytest.mark.parametrize(
    "text", ["green", "GREEN-to", "0003.png", "/0011", "Grüße", "no such", "images/red-to-right/0029.png"]
)
def test_words_in_the_path(opened: tuple[Split, Columns], text: str) -> None:
    split, _ = opened
    expected = [n for n in range(90) if text.lower() in split.path(n).lower()]
    assert search(split, text).tolist() == expected


def test_a_hit_across_two_pieces_of_the_file_is_found_once(
    opened: tuple[Split, Columns], monkeypatch: pytest.MonkeyPatch
) -> None:
    split, _ = opened
    expected = search(split, "blue-to-left").tolist()
    for piece in (64, 97, 128):
        monkeypatch.setattr("data.lines._PIECE", piece)
        assert search(split, "blue-to-left").tolist() == expected


def test_filters_are_met_together(opened: tuple[Split, Columns]) -> None:
    split, columns = opened
    both = select(split, columns, Query(cls=0, text="001", sort="brightness", chosen=tuple(range(0, 90, 2))))
    expected = {n for n in range(0, 90, 2) if split.label(n) == 0 and "001" in split.path(n)}
    assert set(both.tolist()) == expected
    assert expected


def test_an_area_means_the_records_shown_in_it(opened: tuple[Split, Columns]) -> None:
    split, columns = opened
    places = np.asarray(columns["map"])
    everything = select(split, columns, Query(area=(-2, -2, 2, -2, 2, 2, -2, 2)))
    right = select(split, columns, Query(area=(0, -2, 2, -2, 2, 2, 0, 2)))
    assert len(everything) == 90
    assert right.tolist() == np.flatnonzero(places[:, 0] > 0).tolist()
    assert len(select(split, columns, Query(area=(0, 0)))) == 0


def test_an_unknown_order_is_refused_in_words_and_an_unknown_finding_is_empty(opened: tuple[Split, Columns]) -> None:
    split, columns = opened
    with pytest.raises(UserError, match="brightness") as caught:
        select(split, columns, Query(sort="beauty"))
    assert caught.value.field == "sort"
    with pytest.raises(UserError, match="has not been analysed"):
        select(split, Columns(split, None), Query(sort="brightness"))
    for name in ("none", "../../etc", ""):
        assert len(select(split, columns, Query(finding=name))) == (0 if name else 90)


def test_endings(opened: tuple[Split, Columns]) -> None:
    assert set(endings(opened[0])) == {"png"}
