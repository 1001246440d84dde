"""Tables of images: dialects, columns found by name or by content, splits, classes in order, rows that are wrong."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from data.errors import UserError
from tests.data.sources.helpers import best, build, counts, picture, real, scan, sizes, text

ROWS = [("a b.png", "cat", "train"), ("Ünï ☃.png", "dog", "train"), ("c.png", "cat", "val"), ("d.png", "dog", "test")]


@pytest.fixture
def images(tmp_path: Path) -> Path:
    for name, _, _ in ROWS:
        picture(tmp_path / name)
    return tmp_path


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_any_delimiter(images: Path, delimiter: str) -> None:
    rows = [delimiter.join(("split", "label", "file_name")), *(delimiter.join((s, c, n)) for n, c, s in ROWS)]
    path = text(images / "table.csv", "\ufeff" + "\r\n".join(rows))
    assert best(path) == "manifest"
    listing = scan(path)
    assert counts(listing) == {"train": {"cat": 1, "dog": 1}, "val": {"cat": 1}, "test": {"dog": 1}}
    assert listing.groups["train"].table[1].endswith("/Ünï ☃.png")


def test_json_lines(images: Path) -> None:
    rows = [{"image": name, "category": cls, "split": split} for name, cls, split in ROWS]
    path = text(images / "table.jsonl", "\n".join(json.dumps(row) for row in rows))
    assert best(path) == "manifest"
    assert counts(scan(path))["val"] == {"cat": 1}
    assert counts(scan(text(images / "table.json", json.dumps(rows)))) == counts(scan(path))


def test_a_table_without_a_head(images: Path) -> None:
    path = text(images / "table.csv", "a b.png,cat\nÜnï ☃.png,dog\nc.png,cat\n")
    assert counts(scan(path, source="manifest")) == {"train": {"cat": 2, "dog": 1}}


def test_columns_of_any_name_can_be_chosen(images: Path) -> None:
    path = text(images / "table.csv", "kind,what,where\n1,cat,a b.png\n2,dog,c.png\n")
    listing = scan(path, source="manifest", label_column="What")
    assert counts(listing) == {"train": {"cat": 1, "dog": 1}}
    for field in ("label_column", "path_column", "split_column"):
        with pytest.raises(UserError, match='has no column "none"; it has kind, what, where') as caught:
            scan(path, source="manifest", **{"label_column": "what", field: "none"})
        assert caught.value.field == field
    with pytest.raises(UserError, match="no column that looks like the images' classes") as caught:
        scan(path, source="manifest")
    assert caught.value.field == "label_column"


def test_numbers_as_classes_are_in_order_of_their_values(images: Path) -> None:
    path = text(images / "t.csv", "path,label\n" + "".join(f"a b.png,{n}\n" for n in (10, 9, 100, 0)))
    assert scan(path).groups["train"].classes == ("0", "9", "10", "100")


def test_rows_that_cannot_be_used_are_counted(images: Path) -> None:
    rows = "path,label,split\na b.png,cat,train\nc.png,dog,train\nd.png,,train\nd.png,cat,later\n,cat,train\n"
    listing = scan(text(images / "t.csv", rows))
    assert counts(listing) == {"train": {"cat": 1, "dog": 1}}
    said = " ".join(listing.problems)
    assert "1 rows without a class" in said
    assert '1 rows whose "split" is none of train, val and test' in said
    assert "1 empty paths" in said


@pytest.mark.parametrize("content", ["", "{", "[1, 2]", '{"path": "a.png"}\nnonsense\n'])
def test_damaged_tables_are_refused_in_words(images: Path, content: str) -> None:
    for name in ("t.jsonl", "t.csv", "t.json"):
        with pytest.raises(UserError) as caught:
            scan(text(images / name, content), source="manifest")
        assert name in caught.value.message


def test_one_table_a_split_in_a_folder(images: Path) -> None:
    text(images / "train.csv", "path,label\na b.png,cat\nc.png,dog\n")
    text(images / "test.csv", "path,label\nd.png,dog\n")
    assert best(images) == "manifest"
    assert counts(scan(images)) == {"train": {"cat": 1, "dog": 1}, "test": {"dog": 1}}


@pytest.mark.parametrize("name", ["metadata.csv", "metadata.jsonl"])
def test_hugging_face_folders(tmp_path: Path, name: str) -> None:
    for split, number in (("train", 4), ("validation", 2)):
        rows = []
        for n in range(number):
            picture(tmp_path / split / f"sub dir/{n}.png")
            rows.append({"file_name": f"sub dir/{n}.png", "label": "ab"[n % 2]})
        body = "file_name,label\n" + "".join(f"{row['file_name']},{row['label']}\n" for row in rows)
        text(tmp_path / split / name, body if name.endswith("csv") else "\n".join(map(json.dumps, rows)))
    assert best(tmp_path) == "hf_folder"
    assert counts(scan(tmp_path)) == {"train": {"a": 2, "b": 2}, "val": {"a": 1, "b": 1}}
    dataset, _ = build(tmp_path, tmp_path / "out")
    assert sizes(dataset) == {"train": 4, "val": 2}


@pytest.mark.slow
def test_mnist_tables_have_exact_counts(tmp_path: Path) -> None:
    folder = real("mnist-png.tar.gz", tmp_path)
    listing = scan(folder / "train.csv", test_folder=str(folder / "test.csv"))
    found = counts(listing)
    assert sum(found["train"].values()) == 60_000
    assert sum(found["test"].values()) == 10_000
    assert found["test"] == {str(n): c for n, c in enumerate((980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009))}
    assert not listing.problems


def test_a_large_array_is_refused_before_it_is_read(images: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data.tables._LARGEST_ARRAY", 10)
    with pytest.raises(UserError, match="too large for a JSON array") as caught:
        scan(text(images / "t.json", json.dumps([{"path": "a b.png", "label": "x"}])), source="manifest")
    assert ".jsonl" in (caught.value.hint or "")
