"""What a person chooses about augmentation and class imbalance; free of torch, so the web can make its form from it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Annotated, Any, Literal

from data.errors import InvalidOptions
from data.options import option

GROUP = "Augmentation"
CLASSES = "Classes"


@dataclass(frozen=True, kw_only=True)
class AugmentOptions:
    """How training images are changed by chance, each time they are seen; validation images never are.

    Ranges are DIGITS's where DIGITS has the thing (its names begin with ``aug_``).
    """

    flip: Annotated[
        bool, option("Mirror left to right", "Half of the images; not for text, digits or signs.", group=GROUP)
    ] = False
    flip_vertical: Annotated[
        bool, option("Mirror top to bottom", "Half of the images; for pictures from above.", group=GROUP)
    ] = False
    random_resized_crop: Annotated[
        bool,
        option(
            "Random resized crop",
            "A part of any size and place, its sides 3:4 to 4:3, scaled to the network's input; usual for photos.",
            group=GROUP,
        ),
    ] = False
    crop_area: Annotated[
        float,
        option(
            "Smallest part",
            "Share of the image's area; the part has between this and all of it.",
            gt=0,
            le=1,
            show_if={"random_resized_crop": ["true"]},
            group=GROUP,
        ),
    ] = 0.08
    randaugment: Annotated[
        bool,
        option("RandAugment", "A few changes drawn from fourteen, all of one strength.", group=GROUP),
    ] = False
    randaugment_count: Annotated[
        int,
        option(
            "Changes an image",
            "Two are usual.",
            ge=1,
            le=8,
            show_if={"randaugment": ["true"]},
            group=GROUP,
        ),
    ] = 2
    randaugment_strength: Annotated[
        int, option("Strength", "9 is usual, 30 the most.", ge=0, le=30, show_if={"randaugment": ["true"]}, group=GROUP)
    ] = 9
    mixup: Annotated[
        float,
        option(
            "Mixup",
            "Blend pairs of images and their classes; the alpha of Beta, which shares are drawn from. 0.2 is usual.",
            ge=0,
            le=10,
            group=GROUP,
        ),
    ] = 0.0
    cutmix: Annotated[
        float,
        option(
            "CutMix",
            "Put a part of one image into another and share the classes by area; alpha as for mixup. 1 is usual.",
            ge=0,
            le=10,
            group=GROUP,
        ),
    ] = 0.0
    quarter_turns: Annotated[
        Literal["none", "quarter", "half", "all"],
        option(
            "Quarter turns",
            "No pixel is interpolated.",
            labels={
                "none": "None",
                "quarter": "0, 90 or 270 degrees",
                "half": "0 or 180 degrees",
                "all": "0, 90, 180 or 270 degrees",
            },
            group=GROUP,
            advanced=True,
        ),
    ] = "none"
    rotation: Annotated[
        float,
        option("Rotation", "At most so far, either way.", unit="degrees", ge=0, le=180, group=GROUP, advanced=True),
    ] = 0.0
    scaling: Annotated[
        float,
        option(
            "Scaling",
            "Standard deviation of the factor around 1; 0.07 is mild.",
            ge=0,
            le=1,
            group=GROUP,
            advanced=True,
        ),
    ] = 0.0
    hue: Annotated[
        float,
        option(
            "Hue",
            "Standard deviation of its shift, as a share of the colour circle; 0.02 is mild.",
            ge=0,
            le=0.5,
            group=GROUP,
            advanced=True,
        ),
    ] = 0.0
    saturation: Annotated[
        float,
        option(
            "Saturation",
            "Standard deviation of a factor around 1; 0.04 is mild.",
            ge=0,
            le=0.5,
            group=GROUP,
            advanced=True,
        ),
    ] = 0.0
    value: Annotated[
        float,
        option(
            "Brightness (value)",
            "Standard deviation of its shift; 0.06 is mild.",
            ge=0,
            le=0.5,
            group=GROUP,
            advanced=True,
        ),
    ] = 0.0
    contrast: Annotated[
        float,
        option(
            "Contrast",
            "The factor lies between 1 less and 1 more than this; below 0 it counts as 0.",
            ge=0,
            le=5,
            group=GROUP,
            advanced=True,
        ),
    ] = 0.0
    noise: Annotated[
        float,
        option(
            "Noise",
            "Standard deviation of what is added to each pixel, as a share of the range; 0.03 is mild.",
            ge=0,
            le=1,
            group=GROUP,
            advanced=True,
        ),
    ] = 0.0

    @property
    def warps(self) -> bool:
        """Whether pixels are interpolated, so that the whole image is needed and not a crop of it."""
        return bool(self.random_resized_crop or self.rotation or self.scaling)

    @property
    def mixes(self) -> bool:
        """Whether targets are shares of classes instead of one class."""
        return bool(self.mixup or self.cutmix)

    @property
    def augments(self) -> bool:
        """Whether anything is asked for beside mirroring left to right and a plain crop."""
        return any(getattr(self, name) != default for name, default in _DEFAULTS.items())


@dataclass(frozen=True, kw_only=True)
class ImbalanceOptions:
    """What is done about classes of different sizes."""

    sampler: Annotated[
        Literal["shuffled", "balanced"],
        option(
            "Images of an epoch",
            "Balanced: as many of every class; small classes repeat, large ones take turns over the epochs.",
            labels={"shuffled": "Every image once", "balanced": "Balanced by class"},
            group=CLASSES,
            advanced=True,
        ),
    ] = "shuffled"
    class_weights: Annotated[
        Literal["none", "inverse", "effective"],
        option(
            "Class weights in the loss",
            "Inverse: by 1 over the images of a class. Effective number: gentler, as repeats say less and less.",
            labels={"none": "None", "inverse": "Inverse frequency", "effective": "Effective number"},
            group=CLASSES,
            advanced=True,
        ),
    ] = "none"
    class_weights_beta: Annotated[
        float,
        option(
            "Beta",
            "Nearer to 1 is nearer to inverse frequency; 0.999 is usual for thousands of images a class.",
            ge=0,
            lt=1,
            show_if={"class_weights": ["effective"]},
            group=CLASSES,
            advanced=True,
        ),
    ] = 0.999


_DEFAULTS: dict[str, Any] = {
    item.name: item.default
    for item in fields(AugmentOptions)
    if item.name not in ("flip", "crop_area", "randaugment_count", "randaugment_strength")
}


def check_augmentation(options: AugmentOptions, height: int, width: int) -> None:
    """Raise InvalidOptions where the options do not fit images of this size (the network's input, in pixels)."""
    if options.quarter_turns in ("quarter", "all") and height != width:
        text = f"A quarter turn does not fit images of {width}x{height}: they must be square."
        raise InvalidOptions({"quarter_turns": [text]})
