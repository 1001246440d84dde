"""Pascal VOC: splits, flags, odd files, and XML that is damaged or means harm."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from data.errors import UserError
from data.listed import Classes
from data.objects.split import ObjectSplit, as_dicts
from data.sources.voc import read_annotation
from tests.data.sources.helpers import best, build, notes, picture, scan, sizes, text


def xml(filename: str, *objects: str) -> str:
    return f"<annotation><folder>x</folder><filename>{filename}</filename>{''.join(objects)}</annotation>"


def thing(name: str, box: tuple[float, ...] = (1, 2, 11, 9), more: str = "") -> str:
    edges = "".join(f"<{key}>{value}</{key}>" for key, value in zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True))
    return f"<object><name>{name}</name>{more}<bndbox>{edges}</bndbox></object>"


@pytest.fixture
def voc(tmp_path: Path) -> Path:
    root = tmp_path / "VOC"
    for name in ("a", "b", "c", "d"):
        picture(root / f"JPEGImages/{name}.jpg", 40, 30)
    text(root / "Annotations/a.xml", xml("a.jpg", thing("dog"), thing("cat", more="<difficult>1</difficult>")))
    text(root / "Annotations/b.xml", xml("wrong name.png", thing("dog", (0.5, 1.5, 10.25, 20))))
    text(root / "Annotations/c.xml", xml("c.jpg"))
    text(root / "ImageSets/Main/train.txt", "a\nc\n")
    text(root / "ImageSets/Main/val.txt", "b -1\n")
    text(root / "ImageSets/Main/trainval.txt", "a\nb\nc\n")
    return root


def test_splits_boxes_and_flags(tmp_path: Path, voc: Path) -> None:
    assert best(tmp_path) == "voc"
    listing = scan(voc)
    assert listing.classes == ("cat", "dog")
    assert listing.problems == ["1 images have no XML file and are left out."]
    dataset, events = build(voc, tmp_path / "out", shuffle=False)
    assert sizes(dataset) == {"train": 2, "val": 1}
    assert "1 of the training images have nothing marked in them" in notes(events)
    train = dataset.split("train")
    assert isinstance(train, ObjectSplit)
    found = as_dicts(train.objects(0), dataset.classes)
    assert [(one["class"], one["flags"], one["box"]) for one in found] == [
        ("dog", [], [1.0, 2.0, 11.0, 9.0]),
        ("cat", ["difficult"], [1.0, 2.0, 11.0, 9.0]),
    ]
    assert train.caption(0, dataset.classes) == "1 dog, 1 cat"
    assert train.caption(1, dataset.classes) == "nothing marked"
    assert as_dicts(dataset.split("val").objects(0), dataset.classes)[0]["box"] == [0.5, 1.5, 10.25, 20.0]


def test_without_lists_the_split_is_in_the_folders(tmp_path: Path) -> None:
    for split in ("train", "valid"):
        picture(tmp_path / split / "x.png")
        text(tmp_path / split / "x.xml", xml("x.png", thing("dog")))
    listing = scan(tmp_path)
    assert {split: len(group.images) for split, group in listing.objects.items()} == {"train": 1, "val": 1}


def test_odd_files_are_told_and_stop_nothing(tmp_path: Path, voc: Path) -> None:
    text(voc / "Annotations/d.xml", "<annotation><object></annotation>")
    text(voc / "Annotations/lost.xml", xml("lost.jpg", thing("dog")))
    text(voc / "ImageSets/Main/train.txt", "a\nc\nd\n")
    dataset, events = build(voc, tmp_path / "out")
    assert sizes(dataset) == {"train": 2, "val": 1}
    failed = [json.loads(line) for line in (tmp_path / "out/failures.jsonl").read_text().splitlines()]
    assert [(Path(row["path"]).name, "XML is damaged" in row["reason"]) for row in failed] == [("d.jpg", True)]
    assert "1 XML files have no image, such as lost.xml" in notes(events)


BOMB = '<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><annotation><filename>&b;</filename></annotation>'
SPY = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><annotation><filename>&x;</filename></annotation>'


@pytest.mark.parametrize("content", [BOMB, SPY, BOMB.replace("<!DOCTYPE", "<?xml version='1.0'?>\n <!DOCTYPE")])
def test_entities_are_refused(content: str) -> None:
    with pytest.raises(UserError, match="document type or entities"):
        read_annotation(content, Classes())


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("<annotation><object><name>a</name></object></annotation>", "without a name or a box"),
        (xml("a.jpg", "<object><bndbox/></object>"), "without a name or a box"),
        (xml("a.jpg", thing("a").replace("<xmin>1", "<xmin>one")), "no four numbers"),
        ("no XML", "damaged"),
        ("", "damaged"),
    ],
)
def test_damaged_annotations_say_what_is_wrong(content: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        read_annotation(content, Classes())


def test_a_set_without_an_annotated_image_is_refused(tmp_path: Path) -> None:
    text(tmp_path / "Annotations/a.xml", xml("a.jpg", thing("dog")))
    with pytest.raises(UserError, match="no annotated training image"):
        scan(tmp_path)
