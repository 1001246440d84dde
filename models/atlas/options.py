"""Options of an atlas: which model, on which images, how many of them for each unit; free of torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from data.options import option


@dataclass(frozen=True, kw_only=True)
class AtlasOptions:
    """One pass over a split of the model's dataset."""

    model: Annotated[str, option("Model", widget="hidden", min_length=1)]
    checkpoint: Annotated[str | None, option("Checkpoint", "By its name or epoch. Blank: the last one.")] = None
    split: Annotated[
        Literal["train", "val", "test"],
        option("Images", labels={"train": "Training", "val": "Validation", "test": "Test"}),
    ] = "train"
    top: Annotated[int, option("Images of a unit", ge=1, le=100)] = 9
    limit: Annotated[int | None, option("At most", "Blank: all images.", unit="images", ge=1, le=10**9)] = None
    checkpoints: Annotated[
        int,
        option("Follow the maps through", "Up to so many checkpoints, evenly spread; 0: none.", ge=0, le=100),
    ] = 0


@dataclass(frozen=True, kw_only=True)
class Ordered(AtlasOptions):
    """The options of a job, with what the server adds: ``wait`` says whether it begins only when its model is Done."""

    wait: bool = True
