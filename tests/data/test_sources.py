"""The image-folder source: layouts, names of all kinds, links, clutter, and what it says it understood."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from data.dataset_options import DatasetOptions
from data.errors import UserError
from data.sources import Listing, sources
from data.sources.image_folder import detect_layout


def touch(root: Path, *names: str) -> Path:
    """Empty files; the source looks at names only."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return root


def scan(folder: Path, **options) -> Listing:
    results: list[Listing] = []

    def keep() -> Iterator[int]:
        results.append((yield from sources["image_folder"].scan(DatasetOptions(folder=str(folder), **options))))

    found = sum(keep())
    assert found == sum(len(group.table) for group in results[0].groups.values())
    return results[0]


def counts(listing: Listing) -> dict[str, dict[str, int]]:
    return {
        split: dict(Counter(group.classes[label] for label in group.labels)) for split, group in listing.groups.items()
    }


def test_every_source_has_words_for_people() -> None:
    assert "image_folder" in sources.names()
    assert not sources.broken
    assert all(source.title and source.help for source in sources)


def test_class_layout(tmp_path: Path) -> None:
    listing = scan(touch(tmp_path, "b/1.png", "b/2.JPG", "a/1.jpeg", "a/deep/er/2.tiff", "a/notes.txt", "readme.md"))
    assert counts(listing) == {"train": {"a": 2, "b": 2}}
    assert listing.groups["train"].classes == ("a", "b")
    assert "one folder per class: 2 folders" in listing.notes[0]
    assert "Passed over 1 files" in listing.notes[1]
    assert ".txt" in listing.notes[1]


def test_split_over_class(tmp_path: Path) -> None:
    names = [f"{split}/{cls}/{n}.png" for split, n in (("Train", 3), ("valid", 1), ("test", 2)) for cls in "ab"]
    listing = scan(touch(tmp_path, *names))
    assert counts(listing) == {"train": {"a": 1, "b": 1}, "val": {"a": 1, "b": 1}, "test": {"a": 1, "b": 1}}
    assert "a folder per split" in listing.notes[0]


def test_class_over_split(tmp_path: Path) -> None:
    listing = scan(touch(tmp_path, *(f"{cls}/{split}/1.png" for cls in ("x", "y") for split in ("train", "test"))))
    assert counts(listing) == {"train": {"x": 1, "y": 1}, "test": {"x": 1, "y": 1}}
    assert "a folder per class, split inside" in listing.notes[0]


@pytest.mark.parametrize(
    ("names", "layout"),
    [
        (["train/a/1.png", "test/a/1.png"], "split/class"),
        (["train/a/1.png", "train/b/1.png"], "split/class"),
        (["train/a/1.png", "val/a/1.png", "extra/1.png"], "split/class"),
        (["train/1.png", "bus/1.png", "car/1.png"], "class"),  # vehicles
        (["train/1.png", "test/1.png"], "class"),
        (["a/train/1.png", "b/train/1.png", "b/val/1.png"], "class/split"),
        (["a/train/1.png", "b/val/1.png"], "class"),
        (["a/train/1.png", "a/1.png", "b/train/1.png"], "class"),
        (["a/1.png", "b/1.png"], "class"),
    ],
)
def test_the_layout_is_detected(tmp_path: Path, names: list[str], layout: str) -> None:
    assert detect_layout(str(touch(tmp_path, *names))) == layout


def test_a_given_layout_is_obeyed(tmp_path: Path) -> None:
    touch(tmp_path, "train/a/1.png", "test/a/1.png")
    assert counts(scan(tmp_path, layout="class")) == {"train": {"train": 1, "test": 1}}
    with pytest.raises(UserError, match="no train folder") as caught:
        scan(tmp_path, layout="class/split")
    assert caught.value.field == "layout"


def test_an_archive_with_one_folder_inside_is_entered(tmp_path: Path) -> None:
    listing = scan(touch(tmp_path, "flowers/data/rose/1.png", "flowers/data/tulip/1.png", "__MACOSX/flowers/._1.png"))
    assert counts(listing) == {"train": {"rose": 1, "tulip": 1}}
    assert "flowers/data" in listing.notes[0]


def test_own_folders_for_validation_and_test(tmp_path: Path) -> None:
    touch(tmp_path, "main/a/1.png", "main/b/1.png", "v/a/1.png", "v/a/2.png", "t/inner/b/1.png", "t/inner/a/1.png")
    listing = scan(tmp_path / "main", val_folder=str(tmp_path / "v"), test_folder=str(tmp_path / "t"))
    assert counts(listing) == {"train": {"a": 1, "b": 1}, "val": {"a": 2}, "test": {"a": 1, "b": 1}}
    assert listing.groups["val"].folder == str(tmp_path / "v")


def test_classes_are_sorted_as_text_and_underscores_shown_as_spaces(tmp_path: Path) -> None:
    listing = scan(touch(tmp_path, "10/1.png", "2/1.png", "hot_dog/1.png"))
    assert listing.groups["train"].classes == ("10", "2", "hot dog")
    assert "/hot_dog/" in listing.groups["train"].table[2]


def test_names_of_all_kinds(tmp_path: Path) -> None:
    long = "x" * 251 + ".png"
    names = ["a b/c d.png", ".hidden/.dot.png", "Äpfel/ñandú ☃.png", "'quote\"/new\nline.png", f"long/{long}"]
    listing = scan(touch(tmp_path, *names))
    table = listing.groups["train"].table
    assert {table[row] for row in range(len(table))} == {str(tmp_path / name) for name in names}
    raw = os.fsencode(tmp_path) + b"/caf\xe9"
    os.mkdir(raw)
    open(raw + b"/\xff.png", "w").close()
    listing = scan(tmp_path)
    assert "caf\\xe9" in listing.groups["train"].classes
    assert all(os.path.exists(listing.groups["train"].table[row]) for row in range(len(listing.groups["train"].table)))


def test_links_are_followed_without_circles_or_doubles(tmp_path: Path) -> None:
    touch(tmp_path, "set/a/1.png", "set/b/1.png", "away/2.png", "away/deep/3.png")
    (tmp_path / "set/a/circle").symlink_to(tmp_path / "set/a")
    (tmp_path / "set/a/up").symlink_to(tmp_path / "set")
    (tmp_path / "set/b/away").symlink_to(tmp_path / "away")
    (tmp_path / "set/b/twice").symlink_to(tmp_path / "away")
    (tmp_path / "set/b/gone.png").symlink_to(tmp_path / "nowhere.png")
    (tmp_path / "set/c").symlink_to(tmp_path / "away")
    # a finds b through the link "up" and the other way nothing: each class is searched by itself
    assert counts(scan(tmp_path / "set"))["train"] == {"a": 5, "b": 4, "c": 2}


def test_pipes_and_clutter_are_passed_over(tmp_path: Path) -> None:
    touch(tmp_path, "a/1.png", "b/1.png", "a/__MACOSX/2.png", "b/.ipynb_checkpoints/1-checkpoint.png", "a/._mine.png")
    (tmp_path / "a/._1.png").write_bytes(b"\0\5\x16\7 macOS")
    os.mkfifo(tmp_path / "b/pipe.png")
    assert counts(scan(tmp_path))["train"] == {"a": 2, "b": 1}  # a picture may be called ._mine.png


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (["1.png"], "no sub-folders"),
        (["a/1.txt", "b/x.txt"], "has no images"),
        (["a/1.png", "b/1.txt"], "one class only"),
    ],
)
def test_what_is_no_dataset_says_so(tmp_path: Path, names: list[str], words: str) -> None:
    with pytest.raises(UserError, match=words) as caught:
        scan(touch(tmp_path, *names))
    assert caught.value.field == "folder"
    assert "sub-folder" in (caught.value.hint or "")


@pytest.mark.parametrize("field", ["folder", "val_folder"])
def test_a_folder_that_is_none_is_named(tmp_path: Path, field: str) -> None:
    touch(tmp_path, "set/a/1.png", "set/b/1.png", "file")
    for path, words in (("file", "not a folder"), ("nowhere", "does not exist")):
        options = {"folder": str(tmp_path / "set"), field: str(tmp_path / path)}
        with pytest.raises(UserError, match=words) as caught:
            scan(**options)
        assert caught.value.field == field


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every folder")
def test_a_folder_that_may_not_be_read_is_noted(tmp_path: Path) -> None:
    touch(tmp_path, "a/1.png", "b/1.png", "b/secret/2.png")
    (tmp_path / "b/secret").chmod(0)
    listing = scan(tmp_path)
    (tmp_path / "b/secret").chmod(0o755)
    assert any("secret could not be read: Permission denied" in note for note in listing.notes)
