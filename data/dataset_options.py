"""What a person chooses when building a classification dataset; form, checks and REST schema come from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from data.options import option
from data.transforms import resize_modes

RESIZE_LABELS = {mode.name: mode.title for mode in resize_modes}


@dataclass(frozen=True, kw_only=True)
class DatasetOptions:
    """Options of an image-classification dataset built from folders."""

    folder: Annotated[
        str,
        option(
            "Image folder",
            "A folder on the server with one sub-folder per class.",
            widget="path",
            min_length=1,
            group="Source",
        ),
    ]
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
            group="Source",
        ),
    ] = "auto"
    val_folder: Annotated[
        str | None,
        option(
            "Validation folder",
            "A separate folder instead of a percentage.",
            widget="path",
            group="Splits",
            advanced=True,
        ),
    ] = None
    test_folder: Annotated[
        str | None,
        option(
            "Test folder", "A separate folder instead of a percentage.", widget="path", group="Splits", advanced=True
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
            group="Images",
            advanced=True,
        ),
    ] = "noise"
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
    seed: Annotated[
        int, option("Seed", "The same seed gives the same dataset.", ge=0, le=2**31 - 1, group="Splits", advanced=True)
    ] = 0
