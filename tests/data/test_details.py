"""What a table says of images besides: kept, written column by column, read back, and found by words."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.details import LONGEST, MOST_COLUMNS, Details
from data.index import search
from tests.data.sources.helpers import build, picture, text

ROWS = [
    {"file_name": "a.png", "label": "cat", "camera": "Nikon D5", "year": 2019, "place": "São Tomé"},
    {"file_name": "b.png", "label": "dog", "camera": "canon", "year": None, "note": "blurred, at night"},
    {"file_name": "c.png", "label": "cat"},
    {"file_name": "d.png", "label": "dog", "camera": "Nikon Z6", "tags": ["wet", "old"]},
]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    for row in ROWS:
        picture(tmp_path / "set/train" / str(row["file_name"]))
        picture(tmp_path / "set/val" / str(row["file_name"]))
    text(tmp_path / "set/train/metadata.jsonl", "\n".join(map(json.dumps, ROWS)))
    text(tmp_path / "set/val/metadata.csv", "file_name,label\na.png,cat\nb.png,dog\n")
    return tmp_path / "set"


@given(st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=20), max_size=5), max_size=MOST_COLUMNS // 5))
def test_rows_come_back(rows) -> None:
    details = Details()
    for row in rows:
        details.add(row)
    for number, row in enumerate(rows):
        found = dict(zip(details.columns, details[number], strict=True))
        assert {name: value for name, value in found.items() if value} == {k: v for k, v in row.items() if v}


def test_columns_and_cells_have_limits() -> None:
    details = Details()
    details.add({f"c{number}": "x" * 5000 for number in range(MOST_COLUMNS + 9)})
    assert len(details.columns) == MOST_COLUMNS
    assert {len(value) for value in details[0]} == {LONGEST}


def test_each_record_has_what_its_row_said(table: Path, tmp_path: Path) -> None:
    dataset, events = build(table, tmp_path / "out")
    assert any("Kept with each image: camera, year, place, note, tags." in event.get("text", "") for event in events)
    train = dataset.split("train")
    assert train.details.columns == ("camera", "year", "place", "note", "tags")
    by_name = {train.path(index).rpartition("/")[2]: train.details.of(index) for index in range(4)}
    for row in ROWS:
        said = {name: value for name, value in row.items() if value is not None and name not in ("file_name", "label")}
        assert by_name[str(row["file_name"])] == {
            name: value if isinstance(value, str) else json.dumps(value) for name, value in said.items()
        }
    assert dataset.split("val").details.columns == ()


def test_words_find_them(table: Path, tmp_path: Path) -> None:
    train = build(table, tmp_path / "out")[0].split("train")

    def found(words: str) -> set[str]:
        return {train.path(index).rpartition("/")[2] for index in search(train, words).tolist()}

    assert found("nikon") == {"a.png", "d.png"}
    assert found("Camera=nikon z") == {"d.png"}
    assert found("note=nikon") == set()
    assert found("SÃO") == set()  # Ã and ã are two letters: only those of ASCII are the same in both cases
    assert found("são") == {"a.png"}
    assert found("b.png") == {"b.png"}
    assert found("=") == set()


def test_a_version_without_some_images_keeps_the_rest(table: Path, tmp_path: Path) -> None:
    from data.build import build_dataset
    from data.database import open_dataset
    from data.dataset_options import DatasetOptions

    options = DatasetOptions(folder=str(table), width=8, height=8)
    for _ in build_dataset(options, tmp_path / "out", excluded=frozenset((f"{table}/train/b.png",))):
        pass
    train = open_dataset(tmp_path / "out").split("train")
    assert {train.details.of(index).get("camera") for index in range(3)} == {"Nikon D5", "Nikon Z6", None}
