"""KITTI label files, and pairs of images and masks in all the ways in which people keep them."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.errors import UserError
from data.objects.masks import decode_mask, palette_of
from data.objects.split import ObjectSplit, as_dicts
from tests.data.sources.helpers import best, build, notes, picture, scan, sizes, text

CAR = "Car 0.50 1 -1.57 {} 1.5 1.6 3.9 1 1 10 -1.5\n"
NOTHING = "DontCare -1 -1 -10 1 2 3 4 -1 -1 -1 -1000 -1000 -1000 -10\n"


@pytest.mark.parametrize(("images", "labels"), [("image_2", "label_2"), ("images", "labels")])
def test_kitti(tmp_path: Path, images: str, labels: str) -> None:
    root = tmp_path / "kitti"
    for split, number in (("train", 2), ("val", 1)):
        for n in range(number):
            picture(root / split / images / f"{n:06}.png", 60, 40)
            text(root / split / labels / f"{n:06}.txt", CAR.format(f"{n} 2 30.5 20") + NOTHING)
    picture(root / "train" / images / "bare.png")
    text(root / "train" / labels / "orphan.txt", NOTHING)
    assert best(root) == "kitti"
    dataset, events = build(root, tmp_path / "out", shuffle=False)
    assert dataset.classes == ("Car", "DontCare")
    assert sizes(dataset) == {"train": 3, "val": 1}
    train = dataset.split("train")
    assert isinstance(train, ObjectSplit)
    car, ignored = as_dicts(train.objects(1), dataset.classes)
    assert (car["box"], car["flags"]) == ([1.0, 2.0, 30.5, 20.0], ["truncated", "occluded"])
    assert ignored["flags"] == ["ignored"]
    assert "1 label files have no image" in notes(events)
    assert "1 images have no label file" in notes(events)


def test_kitti_with_folders_given_one_by_one(tmp_path: Path) -> None:
    for split in ("t", "v"):
        picture(tmp_path / f"{split}-pictures/0.png", 60, 40)
        text(tmp_path / f"{split}-texts/0.txt", CAR.format("1 2 3 4"))
    options = {
        "label_root": f"{tmp_path}/t-texts",
        "val_folder": f"{tmp_path}/v-pictures",
        "val_label_root": f"{tmp_path}/v-texts",
    }
    dataset, _ = build(tmp_path / "t-pictures", tmp_path / "out", source="kitti", **options)
    assert sizes(dataset) == {"train": 1, "val": 1}


def mask(path: Path, values: np.ndarray, palette: list[int] | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(values.astype(np.uint8))
    if palette:
        image = image.convert("P") if image.mode != "L" else Image.frombytes("P", image.size, image.tobytes())
        image.putpalette(palette)
    image.save(path)


def halves(width: int = 20, height: int = 10) -> np.ndarray:
    values = np.zeros((height, width), np.uint8)
    values[:, width // 2 :] = 2
    values[0, 0] = 255
    return values


LAYOUTS = {
    "split first": ("{split}/images/{n}.png", "{split}/masks/{n}.png"),
    "split last": ("images/{split}/{n}.png", "annotations/{split}/{n}.png"),
    "CamVid": ("{split}/{n}.png", "{split}annot/{n}.png"),
    "suffix": ("{split}/imgs/{n}.png", "{split}/gt/{n}_mask.png"),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_masks_are_found_beside_their_images(tmp_path: Path, layout: str) -> None:
    image, label = LAYOUTS[layout]
    for split in ("train", "val"):
        for n in range(2):
            picture(tmp_path / "set" / image.format(split=split, n=n))
            mask(tmp_path / "set" / label.format(split=split, n=n), halves())
    assert best(tmp_path / "set") == "mask_pairs"
    dataset, _ = build(tmp_path / "set", tmp_path / "out")
    assert dataset.kind == "segmentation"
    assert sizes(dataset) == {"train": 2, "val": 2}
    assert dataset.classes == ("0", "1", "2")
    assert dataset.manifest["splits"]["train"]["objects"] == [198, 0, 200]
    assert dataset.splits["train"].counts == (2, 0, 2)
    train = dataset.split("train")
    assert isinstance(train, ObjectSplit)
    assert (train.mask(0) == halves()).all()


def test_images_and_masks_in_one_folder(tmp_path: Path) -> None:
    for n in range(3):
        picture(tmp_path / f"{n}.jpg")
        if n:
            mask(tmp_path / f"{n}_mask.png", halves())
    listing = scan(tmp_path, source="mask_pairs")
    assert len(listing.objects["train"].images) == 2
    assert "1 images have no mask and are left out." in listing.problems


def test_a_palette_gives_the_colours_and_a_file_the_names(tmp_path: Path) -> None:
    palette = [0, 0, 0, 128, 0, 0, 0, 128, 0, *(10 for _ in range(759))]
    picture(tmp_path / "images/a.png")
    mask(tmp_path / "masks/a.png", halves(), palette)
    text(tmp_path / "classes.txt", "sky\nroad\ncar\n")
    dataset, _ = build(tmp_path, tmp_path / "out", longest_side=16)
    assert dataset.classes == ("sky", "road", "car")
    assert dataset.manifest["colours"] == ["#000000", "#800000", "#008000"]
    train = dataset.split("train")
    assert isinstance(train, ObjectSplit)
    assert train.size(0) == (16, 8)
    found = train.mask(0)
    assert found is not None
    assert found.shape == (8, 16)
    assert set(np.unique(found)) <= {0, 2, 255}


GREY, PURPLE, VIOLET = (128, 128, 128), (128, 64, 128), (64, 0, 128)


def coloured(path: Path, *stripes: tuple[int, int, int], kind: str = "RGB") -> None:
    """A mask of vertical stripes."""
    values = np.repeat(np.array([stripes], np.uint8), 20 // len(stripes), axis=1).repeat(10, axis=0)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).convert(kind).save(path)


@pytest.fixture
def camvid(tmp_path: Path) -> Path:
    root = tmp_path / "set"
    for n in range(3):
        picture(root / f"images/{n}.png")
    coloured(root / "masks/0.png", GREY, GREY, PURPLE, VIOLET)
    coloured(root / "masks/1.png", GREY, PURPLE, kind="RGBA")
    coloured(root / "masks/2.png", GREY)  # grey alone: no colour, and no number either
    return root


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("label_colors.txt", "64 0 128\tCar\n128 64 128\tRoad 2\n128 128 128\tSky\n0 0 0\tVoid\n"),
        ("class_dict.csv", "name,r,g,b\nCar,64,0,128\nRoad 2,128,64,128\nSky,128,128,128\nVoid,0,0,0\n"),
        ("labelmap.txt", "# label:color_rgb:parts:actions\nCar:64,0,128::\nRoad 2:128,64,128::a\n"
                         "Sky:128,128,128::\nVoid:0,0,0::\n"),
    ],
)  # fmt: skip
def test_colours_are_classes_by_a_table_beside_them(tmp_path: Path, camvid: Path, file: str, content: str) -> None:
    text(camvid / file, content)
    dataset, _ = build(camvid, tmp_path / "out", val_percent=0, shuffle=False)
    assert dataset.classes == ("Car", "Road 2", "Sky", "Void")
    assert dataset.manifest["colours"] == ["#400080", "#804080", "#808080", "#000000"]
    assert dataset.manifest["splits"]["train"]["objects"] == [50, 50 + 100, 100 + 100 + 200, 0]
    train = dataset.split("train")
    assert isinstance(train, ObjectSplit)
    found = train.mask(0)
    assert found is not None
    assert found[0, ::5].tolist() == [2, 2, 1, 0]


def test_without_a_table_every_colour_is_a_class(tmp_path: Path, camvid: Path) -> None:
    dataset, _ = build(camvid, tmp_path / "out", val_percent=0)
    assert dataset.classes == ("#400080", "#804080", "#808080")
    assert dataset.manifest["splits"]["train"]["objects"] == [50, 150, 400]
    text(camvid / "classes.txt", "car\nroad\nsky\n")
    assert build(camvid, tmp_path / "named", val_percent=0)[0].classes == ("car", "road", "sky")


def test_a_colour_that_the_table_lacks_costs_its_image(tmp_path: Path, camvid: Path) -> None:
    table = text(tmp_path / "mine.txt", "128 64 128 Road\n128 128 128 Sky\n")
    dataset, _ = build(camvid, tmp_path / "out", val_percent=0, labels_file=str(table))
    assert sizes(dataset) == {"train": 2}
    (row,) = [json.loads(line) for line in (tmp_path / "out/failures.jsonl").read_text().splitlines()]
    assert "50 pixels of colours that are no class, such as #400080" in row["reason"]


def test_a_table_with_a_colour_twice_and_masks_of_too_many_colours_are_refused(tmp_path: Path, camvid: Path) -> None:
    table = text(tmp_path / "mine.txt", "1 2 3 Road\n1 2 3 Sky\n")
    with pytest.raises(UserError, match='the colour "#010203" twice'):
        scan(camvid, labels_file=str(table))
    for n, photo in enumerate(np.random.default_rng(0).integers(0, 255, (2, 10, 20, 3), np.uint8)):
        Image.fromarray(photo).save(camvid / f"masks/{n}.png")
    with pytest.raises(UserError, match="more than 255 colours"):
        scan(camvid)


def test_masks_that_do_not_fit_are_listed_with_the_reason(tmp_path: Path) -> None:
    colours = np.zeros((10, 20, 3), np.uint8)
    colours[:, :5, 0] = 255
    bad = {"small": halves(10, 10), "unknown": np.full((10, 20), 9), "colours": colours, "good": halves()}
    for name, values in bad.items():
        picture(tmp_path / f"images/{name}.png")
        mask(tmp_path / f"masks/{name}.png", values)
    picture(tmp_path / "images/broken.png")
    text(tmp_path / "masks/broken.png", "no image")
    text(tmp_path / "labels.txt", "a\nb\nc\n")
    dataset, _ = build(tmp_path, tmp_path / "out", val_percent=0)
    assert sizes(dataset) == {"train": 1}
    rows = [json.loads(line) for line in (tmp_path / "out/failures.jsonl").read_text().splitlines()]
    said = {Path(row["path"]).stem: row["reason"] for row in rows}
    assert "10 x 10 pixels, the image 20 x 10" in said["small"]
    assert "number 9, but there are only 3 classes" in said["unknown"]
    assert "colours instead of class numbers" in said["colours"]
    assert "not an image" in said["broken"]


def test_class_numbers_of_any_pixel_format() -> None:
    values = halves()
    for image in (
        Image.fromarray(values),
        Image.fromarray(values.astype(np.int32)),
        Image.merge("RGB", [Image.fromarray(values)] * 3),
    ):
        file = io.BytesIO()
        image.save(file, "TIFF")
        assert (decode_mask(file.getvalue()) == values).all()
        assert palette_of(file.getvalue()) is None
    file = io.BytesIO()
    Image.fromarray(np.full((2, 2), 300, np.int32)).save(file, "TIFF")
    with pytest.raises(UserError, match="values from 300 to 300"):
        decode_mask(file.getvalue())
