"""What the tests of all sources share: pictures, scanning to the end, building, and counting."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Generator
from pathlib import Path

import numpy as np
from PIL import Image

from data.archives import unpack
from data.build import build_dataset
from data.database import Dataset, open_dataset
from data.dataset_options import DatasetOptions
from data.options import parse
from data.sources import Listing, clues, find_source
from data.workspace import ANYWHERE, Workspace
from tests.data.shared import shared_archive


def picture(path: Path, width: int = 20, height: int = 10, shade: int = 90) -> Path:
    """A small picture, whose pixels differ from place to place."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., 0], pixels[..., 1] = shade, np.arange(width) * 255 // max(1, width - 1)
    Image.fromarray(pixels).save(path)
    return path


def text(path: Path, content: str) -> Path:
    """A text file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path


def scan(folder: Path, workspace: Workspace = ANYWHERE, **values) -> Listing:
    """What the chosen (or detected) source finds; the images that it reported must be those that it lists."""
    options = parse(DatasetOptions, {"folder": str(folder), **values})
    search = find_source(options.source, options.folder).scan(options, workspace)
    found, listing = drain(search)
    groups = [*listing.groups.values(), *listing.objects.values()]
    images = sum(len(getattr(group, "table", None) or getattr(group, "images", ())) for group in groups)
    if workspace.scratch is not None or groups:
        assert found == images
    return listing


def drain(search: Generator[int, None, Listing]) -> tuple[int, Listing]:
    """Run a search to its end: (images reported, listing)."""
    found = 0
    while True:
        try:
            found += next(search)
        except StopIteration as end:
            return found, end.value


def build(folder: Path, target: Path, **values) -> tuple[Dataset, list[dict]]:
    """Build and open."""
    roots = values.pop("roots", None)
    options = parse(DatasetOptions, {"folder": str(folder), "width": 8, "height": 8, **values})
    events = list(build_dataset(options, target, threads=1, roots=roots))
    json.dumps(events, allow_nan=False)
    return open_dataset(target), events


def counts(listing: Listing) -> dict[str, dict[str, int]]:
    """Images per class of each split."""
    return {
        split: dict(Counter(group.classes[label] for label in group.labels)) for split, group in listing.groups.items()
    }


def sizes(dataset: Dataset) -> dict[str, int]:
    """Records of each split."""
    return {split: info.entries for split, info in dataset.splits.items()}


def best(path: Path) -> str:
    """The name of the surest source."""
    return clues(str(path))[0][0].name


def notes(events: list[dict]) -> str:
    """All sentences of a build."""
    return "\n".join(event["text"] for event in events if event["kind"] == "note")


def real(name: str, place: Path) -> Path:
    """A set of ../shared/data, unpacked; or a skip."""
    unpack(shared_archive(name), place / "files")
    return place / "files" / name.partition(".")[0]
