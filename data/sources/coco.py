"""COCO: one JSON file a split with images, annotations and categories; boxes, outlines, masks and keypoints."""

from __future__ import annotations

import json
import os
from collections import Counter, defaultdict
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from data.annotated import held_words, require_pictures, walk
from data.errors import UserError
from data.files import counted, require_folder, shown
from data.listed import REPORT, Paths, image_root
from data.objects.runs import decode_runs, outlines
from data.objects.table import CROWD, GroupBuilder, Thing
from data.peek import Peek, ending
from data.sources import DETECTION, Clue, Listing, source
from data.split_names import split_in, split_of
from data.workspace import ANYWHERE, Workspace

if TYPE_CHECKING:
    from data.dataset_options import DatasetOptions

_KEYS = (b'"images"', b'"annotations"', b'"categories"')
_LARGEST = 4 << 30
_PREVIEWED = 64 << 20
"""Bytes that a preview reads: a JSON file takes five times its size in memory, and the web has little."""


def detect(seen: Peek) -> Clue | None:
    """A JSON file, alone or in the folder, that begins with COCO's keys."""
    for name in [""] if seen.is_file and ending(seen.path) == ".json" else list(seen.ending_in(".json"))[:20]:
        head = seen.head(name)
        keys = [key for key in (*_KEYS, b'"info"', b'"licenses"') if key in head]
        if head.lstrip().startswith(b"{") and (b'"images"' in keys or len(keys) > 1):
            return Clue(0.9, f"{shown(name or seen.name)} begins with {keys[0].decode()}, as COCO's files do.")
    return None


@dataclass
class _Found:
    """What the files of all splits held."""

    classes: dict[str, int] = field(default_factory=dict)
    boxes: int = 0
    outlines: int = 0
    keypoints: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    builders: dict[str, GroupBuilder] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@source("coco", "COCO (JSON)", detect, kind=DETECTION, files="may")
def scan(options: DatasetOptions, workspace: Workspace = ANYWHERE) -> Generator[int, None, Listing]:
    """One JSON file a split with images, annotations and categories: boxes, outlines, masks and keypoints."""
    files, found = annotation_files(options), _Found()
    if workspace.scratch is None and sum(map(os.path.getsize, files.values())) > _PREVIEWED:
        listed = ", ".join(f"{split}: {shown(path)}" for split, path in files.items())
        return Listing(notes=[f"The files are large and counted when the dataset is built ({listed})."], kind=DETECTION)
    for split, path in files.items():
        workspace.guard(os.path.dirname(path), "folder")
        yield from _read(split, path, options, workspace, found)
    require_pictures(len(found.builders["train"].images), options.folder, "no training images")
    groups = {split: builder.group(files[split], split) for split, builder in found.builders.items()}
    held = held_words(found.boxes, found.outlines, found.keypoints)
    named = counted(len(found.classes), "class", "classes")
    notes = [f"Understood {shown(options.folder)} as COCO: {held}; {named}.", *found.notes]
    problems = [f"{count:,} {what}." for what, count in found.dropped.items()]
    return Listing(
        notes=notes, problems=problems, kind=DETECTION, objects=groups, classes=tuple(map(shown, found.classes))
    )


def annotation_files(options: DatasetOptions) -> dict[str, str]:
    """The JSON file of each split; the split is in its name or its folder's, and a single file is the training one.

    Of several for one split, the one with boxes ("instances") is taken, then the first by name.
    """
    if os.path.isfile(options.folder):
        files = {"train": options.folder}
    else:
        files = _found_below(require_folder(options.folder, "folder"))
    for split, own in (("val", options.val_folder), ("test", options.test_folder)):
        if own:
            files[split] = own if os.path.isfile(own) else next(iter(_found_below(own).values()))
    return files


def _found_below(root: str) -> dict[str, str]:
    paths = [os.path.join(folder, name) for folder, names in walk(root) for name in names if ending(name) == ".json"]
    paths = [path for path in paths if _is_coco(path)]
    by_split: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        split = split_in(os.path.basename(path)) or split_of(os.path.basename(os.path.dirname(path)))
        by_split[split or "train"].append(path)
    if not by_split.get("train"):
        raise UserError(f"{shown(root)} has no COCO file for training.", field="folder", hint="Give the file itself.")
    order = {
        split: sorted(found, key=lambda path: ("instances" not in path, path)) for split, found in by_split.items()
    }
    return {split: order[split][0] for split in ("train", "val", "test") if split in order}


def _is_coco(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            head = file.read(4096)
    except OSError:
        return False
    return head.lstrip().startswith(b"{") and any(key in head for key in (*_KEYS, b'"info"'))


def _load(path: str) -> dict[str, Any]:
    if os.path.getsize(path) > _LARGEST:
        raise UserError(f"{shown(path)} is larger than {_LARGEST >> 30} GB.", field="folder")
    try:
        with open(path, encoding="utf-8") as file:
            said = json.load(file)
    except OSError as error:
        raise UserError(f"{shown(path)} cannot be read: {error.strerror}.", field="folder") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{shown(path)} is no JSON: {error}.", field="folder") from None
    if not isinstance(said, dict) or not isinstance(said.get("images"), list):
        raise UserError(f'{shown(path)} has no list of "images", as a COCO file has.', field="folder")
    return said


def _read(
    split: str, path: str, options: DatasetOptions, workspace: Workspace, found: _Found
) -> Generator[int, None, None]:
    """All images of one file with their objects."""
    said = _load(path)
    yield 0
    images = [image for image in said["images"] if isinstance(image, dict)]
    names = [str(image.get("file_name", "")) for image in images]
    paths = Paths(_root(options, path, split, names), workspace)
    numbers = _categories(said, found)
    of_image: dict[Any, list[dict[str, Any]]] = defaultdict(list)
    for annotation in said.get("annotations") or ():
        if isinstance(annotation, dict):
            of_image[annotation.get("image_id")].append(annotation)
    builder = found.builders.setdefault(split, GroupBuilder())
    since = 0
    for image, name in zip(images, names, strict=True):
        if place := paths.whole(name):
            builder.add(*place, list(_things(of_image.pop(image.get("id"), ()), numbers, found)))
            since += 1
        if since == REPORT:
            yield since
            since = 0
    yield since
    if orphans := sum(map(len, of_image.values())):
        found.dropped["annotations are of images that the file does not list"] += orphans
    found.notes += [f"Read {shown(path)}: {len(images):,} images, below {shown(paths.root)}.", *paths.problems()]


def _root(options: DatasetOptions, path: str, split: str, names: list[str]) -> str:
    """Where the images are: given, beside the file, or in a folder called as the split near it (train2017)."""
    if options.image_root:
        return options.image_root
    here = os.path.dirname(path)
    parent = os.path.dirname(here)
    for folder in (here, parent):
        for name in sorted(os.listdir(folder)):
            below = os.path.join(folder, name)
            same = (split_of(name) or split_in(name)) == split or name.lower() in ("images", "data")
            for place in (below, os.path.join(below, "images"), os.path.join(below, name)):
                if same and any(os.path.isfile(os.path.join(place, image)) for image in names[:3] if image):
                    return place
            nested = os.path.join(below, split)
            if name.lower() == "images" and any(
                os.path.isfile(os.path.join(nested, image)) for image in names[:3] if image
            ):
                return nested
    return image_root(None, here, names[:5])


def _categories(said: dict[str, Any], found: _Found) -> dict[Any, int]:
    """Class number by category id. Categories of all splits share their classes by name, in the order of ids."""
    listed = [item for item in said.get("categories") or () if isinstance(item, dict) and "id" in item]
    if not listed:
        ids = sorted(
            {item.get("category_id") for item in said.get("annotations") or () if isinstance(item, dict)}, key=str
        )
        listed = [{"id": number, "name": str(number)} for number in ids if number is not None]
    listed.sort(key=lambda item: (not isinstance(item["id"], int), item["id"] if isinstance(item["id"], int) else 0))
    return {
        item["id"]: found.classes.setdefault(str(item.get("name", item["id"])), len(found.classes)) for item in listed
    }


def _things(annotations: Any, numbers: dict[Any, int], found: _Found) -> Iterator[Thing]:
    """The objects of one image; what is unusable is counted."""
    for item in annotations:
        cls = numbers.get(item.get("category_id"))
        box = _box(item.get("bbox"))
        polygons, holes = _lines(item.get("segmentation"), found)
        if box is None and polygons:
            across, down = [x for one in polygons for x in one[0::2]], [y for one in polygons for y in one[1::2]]
            box = (min(across), min(down), max(across), max(down))
        if cls is None or box is None:
            found.dropped["annotations have an unknown category" if cls is None else "annotations have no box"] += 1
            continue
        keypoints = _numbers(item.get("keypoints"), 3)
        found.boxes += 1
        found.outlines += bool(polygons)
        found.keypoints += bool(keypoints)
        yield Thing(cls, box, CROWD if item.get("iscrowd") else 0, polygons, keypoints, holes)


def _box(said: Any) -> tuple[float, float, float, float] | None:
    values = _numbers(said, 4)
    if len(values) != 4:
        return None
    left, top, width, height = values
    return left, top, left + width, top + height


def _lines(said: Any, found: _Found) -> tuple[list[list[float]], list[list[float]]]:
    """Outlines and their holes, of polygons or of a run-length mask."""
    if not isinstance(said, dict):
        return _polygons(said), []
    try:
        return outlines(decode_runs(said))
    except UserError:
        found.dropped["run-length masks are damaged: they are kept as their boxes only"] += 1
        return [], []


def _polygons(said: Any) -> list[list[float]]:
    return [numbers for one in said if len(numbers := _numbers(one, 2)) >= 6] if isinstance(said, list) else []


def _numbers(said: Any, each: int) -> list[float]:
    """A list of finite numbers whose length is a multiple of ``each``; empty for anything else."""
    if not isinstance(said, list) or len(said) % each or not all(isinstance(value, int | float) for value in said):
        return []
    return [float(value) for value in said] if all(abs(value) < 1e9 for value in said) else []
