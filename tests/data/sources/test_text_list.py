"""Text lists as DIGITS reads them: absolute and relative paths, class names, splits, order, and wrong lines."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.errors import InvalidOptions, UserError
from data.workspace import Workspace
from tests.data.sources.helpers import best, build, counts, picture, scan, sizes, text


@pytest.fixture
def images(tmp_path: Path) -> Path:
    for number in range(12):
        picture(tmp_path / f"images/p {number}.png", shade=20 * number)
    return tmp_path / "images"


def lines(numbers: range, before: str = "") -> str:
    return "".join(f"{before}p {number}.png {number % 3}\n" for number in numbers)


def test_relative_and_absolute_paths_name_the_same_images(tmp_path: Path, images: Path) -> None:
    relative = text(tmp_path / "lists/relative.txt", lines(range(12)))
    absolute = text(tmp_path / "lists/absolute.txt", lines(range(12), f"{images}/"))
    for path, root in ((relative, str(images)), (absolute, "")):
        assert best(path) == "text_list"
        listing = scan(path, image_root=root)
        assert counts(listing) == {"train": {"0": 4, "1": 4, "2": 4}}
        assert listing.groups["train"].table[5] == f"{images}/p 5.png"
        assert listing.lines[0] == path.read_text().splitlines()[0]


def test_the_folder_of_images_is_found_beside_the_list(tmp_path: Path, images: Path) -> None:
    listing = scan(text(tmp_path / "list.txt", lines(range(12))))
    assert listing.groups["train"].table[0] == f"{images}/p 0.png"
    assert str(images) in listing.notes[0]


def test_class_names_and_lists_for_the_other_splits(tmp_path: Path, images: Path) -> None:
    names = text(tmp_path / "labels.txt", "cat\nhot dog\nÄpfel\n\n")
    train, val = text(tmp_path / "t.txt", lines(range(6))), text(tmp_path / "v.txt", lines(range(6, 9)))
    options = {"val_folder": str(val), "labels_file": str(names), "image_root": str(images)}
    assert counts(scan(train, **options)) == {
        "train": {"cat": 2, "hot dog": 2, "Äpfel": 2},
        "val": {"cat": 1, "hot dog": 1, "Äpfel": 1},
    }
    dataset, _ = build(train, tmp_path / "out", min_per_class=1, **options)
    assert dataset.classes == ("cat", "hot dog", "Äpfel")
    assert sizes(dataset) == {"train": 6, "val": 3}


def test_a_folder_with_train_val_and_labels(tmp_path: Path, images: Path) -> None:
    text(images / "train.txt", lines(range(9)))
    text(images / "val.txt", lines(range(9, 12)))
    text(images / "labels.txt", "a\nb\nc\n")
    assert best(images) == "text_list"
    assert counts(scan(images)) == {"train": {"a": 3, "b": 3, "c": 3}, "val": {"a": 1, "b": 1, "c": 1}}


def test_without_shuffling_the_order_of_the_list_is_kept(tmp_path: Path, images: Path) -> None:
    order = [7, 2, 11, 5, 0, 8]
    path = text(tmp_path / "list.txt", "".join(f"{images}/p {n}.png {n % 2}\n" for n in order))
    dataset, _ = build(path, tmp_path / "kept", shuffle=False, val_percent=0)
    assert [Path(found).stem for found in dataset.split("train").paths(range(6))] == [f"p {n}" for n in order]
    shuffled, _ = build(path, tmp_path / "shuffled", val_percent=0)
    paths = shuffled.split("train").paths(range(6))
    assert sorted(paths) == sorted(dataset.split("train").paths(range(6)))
    assert paths != dataset.split("train").paths(range(6))


def test_lines_that_cannot_be_used_are_counted(tmp_path: Path, images: Path) -> None:
    names = text(tmp_path / "names.txt", "a\nb\n")
    wrong = "nonsense\n\np 1.png -1\np 2.png 7\nhttp://x.org/a.png 0\np 3.png one\n"
    listing = scan(text(tmp_path / "list.txt", lines(range(2)) + wrong), labels_file=str(names))
    assert counts(listing) == {"train": {"a": 1, "b": 1}}
    said = " ".join(listing.problems)
    assert "Left out 2 lines without a path and a class number (line 3, 8)" in said
    assert "2 images whose class number is negative or has no name" in said
    assert "Left out 1 web addresses" in said


def test_a_list_cannot_lead_out_of_the_allowed_folders(tmp_path: Path, images: Path) -> None:
    secret = picture(tmp_path / "secret/a.png")
    (images / "link").symlink_to(tmp_path / "secret")
    wrong = f"{secret} 0\n../secret/a.png 1\nlink/a.png 1\n"
    path = text(images / "list.txt", lines(range(3)) + wrong)
    listing = scan(path, Workspace(roots=[images]))
    assert counts(listing) == {"train": {"0": 1, "1": 1, "2": 1}}
    assert "Left out 3 paths outside the folders that may be read." in listing.problems
    dataset, _ = build(path, tmp_path / "out", roots=[images], min_per_class=1, val_percent=0)
    assert not any("secret" in found or "link" in found for found in dataset.split("train").paths(range(3)))


def test_what_is_no_list_is_refused(tmp_path: Path, images: Path) -> None:
    with pytest.raises(UserError, match="names no image with a class"):
        scan(text(tmp_path / "empty.txt", "\n"), source="text_list")
    with pytest.raises(UserError, match="one class only"):
        scan(text(tmp_path / "one.txt", "p 1.png 0\np 2.png 0\n"), source="text_list")
    doubled = text(tmp_path / "labels.txt", "a\nb\na\n")
    with pytest.raises(UserError, match='names the class "a" twice') as caught:
        scan(text(tmp_path / "l.txt", lines(range(3))), labels_file=str(doubled))
    assert caught.value.field == "labels_file"
    with pytest.raises(InvalidOptions, match="does not exist"):
        build(tmp_path / "l.txt", tmp_path / "out", image_root=str(tmp_path / "nowhere"))
