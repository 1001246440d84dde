"""KITTI: a text file a picture with a class, a box in pixels and how much of it is hidden on each line."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator
from itertools import islice
from typing import TYPE_CHECKING

from data.annotated import IMAGE_FOLDERS, require_pictures, stem, text_of, walk
from data.errors import UserError
from data.files import counted, require_folder, shown
from data.listed import Classes
from data.objects.table import IGNORED, OCCLUDED, TRUNCATED, GroupBuilder, Thing
from data.peek import Peek, ending, is_image
from data.sources import DETECTION, Clue, Listing, source
from data.split_names import split_of
from data.workspace import ANYWHERE, Workspace

if TYPE_CHECKING:
    from data.dataset_options import DatasetOptions

_LABEL_FOLDERS = ("labels", "label_2", "label", "label_02", "annotations")
_IGNORED_CLASS = "DontCare"
_COLUMNS = (15, 16)


def detect(seen: Peek) -> Clue | None:
    """Text files whose lines have a name and 14 or 15 numbers."""
    for name in islice((name for name in seen.ending_in(".txt") if "/" in name), 8):
        for line in seen.head(name).decode("utf-8", "replace").splitlines()[:1]:
            if _looks_like(line.split()):
                return Clue(0.8, f"It has label files with a class name, a box and 3-D fields, such as {shown(name)}.")
    return None


def _looks_like(cells: list[str]) -> bool:
    try:
        return len(cells) in _COLUMNS and not cells[0][0].isdigit() and bool([float(cell) for cell in cells[1:]])
    except ValueError:
        return False


@source("kitti", "KITTI", detect, kind=DETECTION)
def scan(options: DatasetOptions, workspace: Workspace = ANYWHERE) -> Generator[int, None, Listing]:
    """Folders of images and of text files with a class, a box and KITTI's other fields on each line."""
    root = require_folder(options.folder, "folder")
    classes, boxes, bare = Classes(), Counter[str](), 0
    builders: dict[str, GroupBuilder] = {}
    for split, labels, images in _pairs(root, options):
        builder = builders.setdefault(split, GroupBuilder())
        texts = {stem(name): name for name in os.listdir(labels) if ending(name) == ".txt"}
        for count, name in enumerate(sorted(filter(is_image, os.listdir(images))), 1):
            text = texts.pop(stem(name), None)
            bare += text is None
            _add(builder, images, name, os.path.join(labels, text) if text else None, classes, boxes)
            if count % 500 == 0:
                yield 500
        if texts:
            boxes["label files have no image"] += len(texts)
    require_pictures(len(builders.get("train", GroupBuilder()).images), root, "no training images with labels")
    yield sum(len(builder.images) for builder in builders.values())
    names, _ = classes.ordered()
    order = {name: number for number, name in enumerate(names)}
    groups = {split: builder.group(root, split) for split, builder in builders.items()}
    for group in groups.values():
        if group.objects is not None:
            group.objects.renumber([order[name] for name in classes.numbers])
    held = boxes.pop("boxes", 0)
    what = f"{counted(held, 'box', 'boxes')} of {counted(len(names), 'class', 'classes')}"
    notes = [f"Understood {shown(root)} as KITTI: {what}."]
    problems = [f"{count:,} {what}." for what, count in boxes.items()]
    if bare:
        problems.append(f"{bare:,} images have no label file: nothing is marked in them.")
    return Listing(notes=notes, problems=problems, kind=DETECTION, objects=groups, classes=tuple(map(shown, names)))


def _pairs(root: str, options: DatasetOptions) -> list[tuple[str, str, str]]:
    """(split, folder of labels, folder of images) for each folder of labels that has one of images beside it."""
    if options.label_root:
        found = [("train", options.label_root, root)]
        if options.val_folder and options.val_label_root:
            found.append(("val", options.val_label_root, options.val_folder))
        return found
    found = [(split, *pair) for split, pair in _below(root)]
    for split, own in (("val", options.val_folder), ("test", options.test_folder)):
        if own:
            found = [entry for entry in found if entry[0] != split]
            found += [(split, *pair) for _, pair in _below(require_folder(own, f"{split}_folder"))]
    return found


def _below(root: str) -> list[tuple[str, tuple[str, str]]]:
    found = []
    for folder, names in walk(root):
        parts = os.path.relpath(folder, root).split(os.sep)
        if parts[-1].lower() not in _LABEL_FOLDERS or not any(ending(name) == ".txt" for name in names):
            continue
        parent = os.path.dirname(folder)
        beside = sorted(name for name in os.listdir(parent) if name.lower() in IMAGE_FOLDERS)
        if beside:
            split = next((split for part in parts if (split := split_of(part))), "train")
            found.append((split, (folder, os.path.join(parent, beside[0]))))
    return found


def _add(
    builder: GroupBuilder, images: str, name: str, text: str | None, classes: Classes, boxes: Counter[str]
) -> None:
    try:
        things = read_labels(text_of(text), classes) if text else []
    except UserError as error:
        builder.fail(images, name, error)
        return
    boxes["boxes"] += len(things)
    builder.add(images, name, things)


def read_labels(text: str, classes: Classes) -> list[Thing]:
    """The objects of one label file (KITTI's object development kit: type, truncated, occluded, alpha, box, 3-D ...).

    "DontCare" is a class like any other, flagged as ignored. Raises UserError naming the line that is none.
    """
    things = []
    for number, line in enumerate(text.splitlines(), 1):
        cells = line.split()
        if not cells:
            continue
        try:
            if len(cells) < 8:
                raise ValueError(len(cells))
            values = [float(cell) for cell in cells[1:8]]
        except ValueError:
            raise UserError(f"Its label file has a line {number} that is no class with a box.") from None
        flags = TRUNCATED * (values[0] > 0) | OCCLUDED * (values[1] in (1, 2, 3))
        flags |= IGNORED * (cells[0] == _IGNORED_CLASS)
        left, top, right, bottom = values[3:7]
        things.append(Thing(classes.number(cells[0]), (left, top, right, bottom), flags))
    return things
