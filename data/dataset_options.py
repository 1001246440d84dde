"""What a person chooses when building a classification dataset; form, checks and REST schema come from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from data.downloads import SETS
from data.options import option
from data.sources import sources
from data.transforms import resize_modes

SOURCE_LABELS = {"auto": "Find out by itself", **{source.name: source.title for source in sources}}
RESIZE_LABELS = {mode.name: mode.title for mode in resize_modes}

DOWNLOADABLE = {"": "The one in the folder", **{name: shape.title for name, shape in SETS.items()}}


def _root(title: str, *sources: str) -> Any:
    """An option that is a folder which some sources know."""
    words = (
        "Where it is not as for training." if "images" in title else "Masks or label files; blank: beside the images."
    )
    return option(title, words, widget="path", show_if={"source": list(sources)}, group="Source", advanced=True)


def _column(title: str, help: str) -> Any:
    """An option that names a column of a table."""
    shown = {"source": ["manifest", "hf_folder", "box_table"]}
    return option(title, help, show_if=shown, max_length=200, group="Source", advanced=True)


@dataclass(frozen=True, kw_only=True)
class DatasetOptions:
    """Options of a dataset: where its images and labels are, how they are divided, and how they are stored."""

    folder: Annotated[
        str,
        option(
            "Folder or file",
            "On the server: a folder of images, a list, a table, an annotation file or an archive.",
            widget="path",
            min_length=1,
            group="Source",
        ),
    ]
    source: Annotated[
        str,
        option("What it is", "Which format the images and labels have.", labels=SOURCE_LABELS, group="Source"),
    ] = "auto"
    layout: Annotated[
        Literal["auto", "class", "split/class", "class/split"],
        option(
            "Layout",
            "How the folders name splits and classes.",
            labels={
                "auto": "Find out by itself",
                "class": "A folder per class",
                "split/class": "train, val, test; classes inside",
                "class/split": "Classes; train, val, test inside",
            },
            show_if={"source": ["auto", "image_folder"]},
            group="Source",
        ),
    ] = "auto"
    image_root: Annotated[
        str | None,
        option(
            "Folder of the images",
            "What the paths in a list are relative to; blank: found beside the list.",
            widget="path",
            show_if={"source": ["auto", "text_list", "manifest", "box_table", "coco", "voc"]},
            group="Source",
            advanced=True,
        ),
    ] = None
    val_image_root: Annotated[str | None, _root("Folder of the validation images", "text_list", "manifest")] = None
    test_image_root: Annotated[str | None, _root("Folder of the test images", "text_list", "manifest")] = None
    label_root: Annotated[str | None, _root("Folder of the labels", "kitti", "mask_pairs")] = None
    val_label_root: Annotated[str | None, _root("Folder of the validation labels", "kitti", "mask_pairs")] = None
    labels_file: Annotated[
        str | None,
        option(
            "Class names",
            "A text file with one class name a line, in the order of the class numbers; for coloured masks a table of "
            "colours and names.",
            widget="path",
            show_if={"source": ["auto", "text_list", "yolo", "mask_pairs"]},
            group="Source",
            advanced=True,
        ),
    ] = None
    path_column: Annotated[str | None, _column("Column of the path", "Blank: found by its name and content.")] = None
    label_column: Annotated[str | None, _column("Column of the class", "Blank: found by its name.")] = None
    split_column: Annotated[
        str | None, _column("Column of the split", "train, val or test; blank: found by its name.")
    ] = None
    downloaded: Annotated[
        str | None,
        option(
            "torchvision set",
            "Which of torchvision's sets; blank: the one that is in the folder.",
            labels=DOWNLOADABLE,
            show_if={"source": ["torchvision"]},
            group="Source",
        ),
    ] = None
    download: Annotated[
        bool,
        option(
            "Download it",
            "Fetch the set from its home on the Internet into the folder where it is not there yet.",
            show_if={"source": ["torchvision"]},
            group="Source",
        ),
    ] = False
    shuffle: Annotated[
        bool,
        option("Shuffle", "Off: records keep the order of the list or folder.", group="Splits", advanced=True),
    ] = True
    val_folder: Annotated[
        str | None,
        option(
            "Validation folder",
            "A separate folder (or list) instead of a percentage.",
            widget="path",
            group="Splits",
            advanced=True,
        ),
    ] = None
    test_folder: Annotated[
        str | None,
        option(
            "Test folder",
            "A separate folder (or list) instead of a percentage.",
            widget="path",
            group="Splits",
            advanced=True,
        ),
    ] = None
    val_percent: Annotated[
        float, option("For validation", "Share of each class.", unit="%", ge=0, le=100, group="Splits")
    ] = 25.0
    test_percent: Annotated[
        float, option("For testing", "Share of each class.", unit="%", ge=0, le=100, group="Splits")
    ] = 0.0
    min_per_class: Annotated[
        int | None,
        option("Least images per class", "Smaller classes are left out.", ge=1, group="Splits", advanced=True),
    ] = 2
    max_per_class: Annotated[
        int | None,
        option(
            "Most images per class", "A random sample (by seed) of larger classes.", ge=1, group="Splits", advanced=True
        ),
    ] = None
    val_min_per_class: Annotated[
        int | None, option("Least, validation folder", ge=1, group="Splits", advanced=True)
    ] = None
    val_max_per_class: Annotated[int | None, option("Most, validation folder", ge=1, group="Splits", advanced=True)] = (
        None
    )
    test_min_per_class: Annotated[int | None, option("Least, test folder", ge=1, group="Splits", advanced=True)] = None
    test_max_per_class: Annotated[int | None, option("Most, test folder", ge=1, group="Splits", advanced=True)] = None
    channels: Annotated[Literal[3, 1], option("Image type", labels={"3": "Colour", "1": "Grey"}, group="Images")] = 3
    width: Annotated[int, option("Width", unit="px", ge=1, le=4096, group="Images")] = 256
    height: Annotated[int, option("Height", unit="px", ge=1, le=4096, group="Images")] = 256
    resize_mode: Annotated[
        str,
        option("Resize mode", "What happens to images of another aspect ratio.", labels=RESIZE_LABELS, group="Images"),
    ] = "squash"
    fill: Annotated[
        str,
        option(
            "Fill with",
            '"noise", or a colour such as "#808080".',
            pattern=r"^(noise|#[0-9a-fA-F]{6})$",
            widget="fill",
            show_if={"resize_mode": ["fill", "half_crop", "shortest_side"]},
            group="Images",
        ),
    ] = "noise"
    longest_side: Annotated[
        int | None,
        option(
            "Longest side",
            "Boxes and masks: larger images are scaled down to it; blank: all keep their size.",
            unit="px",
            ge=16,
            le=16384,
            group="Images",
            advanced=True,
        ),
    ] = None
    encoding: Annotated[
        Literal["png", "jpg", "raw"],
        option(
            "Encoding",
            "PNG is lossless, JPEG small, raw fastest to read.",
            labels={"png": "PNG", "jpg": "JPEG", "raw": "Raw"},
            group="Images",
        ),
    ] = "png"
    jpeg_quality: Annotated[
        int, option("JPEG quality", ge=1, le=100, show_if={"encoding": ["jpg"]}, group="Images")
    ] = 90
    decoding: Annotated[
        Literal["exact", "fast"],
        option(
            "Reading large JPEGs",
            "Fast lets libjpeg scale while it unpacks: quicker for photos several times larger than the records, "
            "and a few grey levels away from exact scaling.",
            labels={"exact": "Exact", "fast": "Fast"},
            group="Images",
            advanced=True,
        ),
    ] = "exact"
    exclude: Annotated[
        str | None,
        option(
            "Leave out",
            'A text file on the server with one path a line, or "job:ID": what that dataset left out.',
            widget="path",
            group="Splits",
            advanced=True,
        ),
    ] = None
    analyse: Annotated[
        bool,
        option(
            "Analyse it when it is built",
            "Statistics, duplicates, leakage between splits and other findings, with what other jobs leave of the CPU.",
            group="Images",
            advanced=True,
        ),
    ] = True
    seed: Annotated[
        int, option("Seed", "The same seed gives the same dataset.", ge=0, le=2**31 - 1, group="Splits", advanced=True)
    ] = 0
