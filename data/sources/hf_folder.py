"""Hugging Face's ImageFolder with metadata: image folders with a metadata.csv or metadata.jsonl in each."""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import TYPE_CHECKING

from data.errors import UserError
from data.files import require_folder, shown
from data.peek import Peek
from data.sources import Clue, Listing, source
from data.sources.manifest import Reading, listing_of, read_table
from data.split_names import split_of
from data.workspace import ANYWHERE, Workspace

if TYPE_CHECKING:
    from data.dataset_options import DatasetOptions

FILES = ("metadata.jsonl", "metadata.csv")


def detect(seen: Peek) -> Clue | None:
    """A folder with a metadata file, at its top or in its split folders."""
    found = [name for name in seen.files if name.rpartition("/")[2] in FILES and name.count("/") <= 2]
    if not found or b"file_name" not in seen.head(found[0]):
        return None
    return Clue(0.85, f"It has a {shown(found[0])} with a file_name on each row.")


@source("hf_folder", "Hugging Face ImageFolder with metadata", detect)
def scan(options: DatasetOptions, workspace: Workspace = ANYWHERE) -> Generator[int, None, Listing]:
    """Folders of images with a metadata.csv or metadata.jsonl that gives the file_name and the class of each image."""
    tables = _metadata(require_folder(options.folder, "folder"))
    for split, own in (("val", options.val_folder), ("test", options.test_folder)):
        if own:
            tables |= {split: next(iter(_metadata(require_folder(own, f"{split}_folder")).values()))}
    reading = Reading()
    for split, path in tables.items():
        yield from read_table(split, path, options, workspace, reading)
    return listing_of(reading, options, tables)


def _metadata(root: str) -> dict[str, str]:
    """The metadata file of each split; one file at the top is the training split's. Raises UserError: none there."""
    found: dict[str, str] = {}
    for folder in (root, os.path.join(root, "data")):
        for name in FILES:
            if os.path.isfile(os.path.join(folder, name)):
                return {"train": os.path.join(folder, name)}
        for below in sorted(os.listdir(folder)) if os.path.isdir(folder) else ():
            split = split_of(below)
            for name in FILES:
                path = os.path.join(folder, below, name)
                if split and split not in found and os.path.isfile(path):
                    found[split] = path
    if "train" in found:
        return found
    raise UserError(
        f"{shown(root)} has no metadata.csv or metadata.jsonl, nor has a train folder in it.",
        field="folder",
        hint="Choose another source, or give the folder that the metadata file is in.",
    )
