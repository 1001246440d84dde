"""Options of an evaluation: which model, on which images; free of torch, so the web can make its form from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from data.options import option

AUTO = "auto"


@dataclass(frozen=True, kw_only=True)
class EvaluationOptions:
    """One model on one set of images.

    ``split`` "auto" is the test split, or the validation split where a dataset has no other.
    """

    model: Annotated[str, option("Model", widget="hidden", min_length=1)]
    checkpoint: Annotated[
        str | None, option("Checkpoint", "By its name or epoch. Blank: the last one.", group="Model")
    ] = None
    images: Annotated[
        Literal["split", "folder", "list"],
        option(
            "Images",
            labels={
                "split": "Of a dataset",
                "folder": "In a folder on the server",
                "list": "Named by a text file on the server",
            },
            group="Images",
        ),
    ] = "split"
    dataset: Annotated[
        str | None,
        option("Dataset", "Blank: the model's own.", widget="dataset", show_if={"images": ["split"]}, group="Images"),
    ] = None
    split: Annotated[
        Literal["auto", "test", "val", "train"],
        option(
            "Split",
            labels={
                "auto": "Test, or validation where there is none",
                "test": "Test",
                "val": "Validation",
                "train": "Training",
            },
            show_if={"images": ["split"]},
            group="Images",
        ),
    ] = "auto"
    path: Annotated[
        str | None,
        option(
            "Folder or list",
            "In a folder, a sub-folder called as a class gives the true class of its images. A list has one path a "
            "line, with the number or name of the true class behind it if you like.",
            widget="path",
            show_if={"images": ["folder", "list"]},
            group="Images",
        ),
    ] = None
    image_folder: Annotated[
        str | None,
        option(
            "Listed paths begin at",
            "Blank: at the folder of the list.",
            widget="path",
            show_if={"images": ["list"]},
            group="Images",
            advanced=True,
        ),
    ] = None
    limit: Annotated[
        int | None,
        option("At most", "Blank: all images.", unit="images", ge=1, le=10**9, group="Images", advanced=True),
    ] = None
    batch_size: Annotated[
        int | None,
        option("Batch size", "Blank: chosen by the size of the images.", ge=1, le=65536, group="Model", advanced=True),
    ] = None


@dataclass(frozen=True, kw_only=True)
class Ordered(EvaluationOptions):
    """The options of a job, with what the server adds: ``roots`` are the folders that files may be read from (none:
    any), ``wait`` says whether it begins only when its model is Done."""

    roots: tuple[str, ...] = ()
    wait: bool = True
