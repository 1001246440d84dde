"""Image folders: one sub-folder per class, with folders for the splits above or below them, or without."""

from __future__ import annotations

import os
from array import array
from collections import Counter
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from data.errors import UserError
from data.files import require_folder, shown
from data.paths import PathTable
from data.peek import CLUTTER, IMAGES, Peek, ending, is_image
from data.sources import Clue, Listing, source
from data.split_names import split_of
from data.splits import Group
from data.walking import each_folder
from data.workspace import ANYWHERE, Workspace

if TYPE_CHECKING:
    from data.dataset_options import DatasetOptions

_APPLE_DOUBLE = b"\x00\x05\x16\x07"

Class = tuple[str, str]
"""Class name as shown, folder."""


@dataclass
class Findings:
    """What the search saw beside the images."""

    passed_over: Counter[str] = field(default_factory=Counter)
    unreadable: list[str] = field(default_factory=list)

    def notes(self) -> list[str]:
        """The sentences for the user."""
        notes = [f"The folder {folder}." for folder in self.unreadable]
        if self.passed_over:
            kinds = ", ".join(f"{kind} {count:,}" for kind, count in self.passed_over.most_common(6))
            notes.append(f"Passed over {self.passed_over.total():,} files that are no images ({kinds}).")
        return notes


def detect(seen: Peek) -> Clue | None:
    """A folder whose sub-folders hold images: surer where there are several."""
    tops = {name.partition("/")[0] for name in seen.images if "/" in name}
    if seen.is_file or not tops:
        return None
    inner = {name.rpartition("/")[0] for name in seen.images if "/" in name}
    classes = inner if len(tops) == 1 or {split_of(top) for top in tops} - {None} else tops
    names = ", ".join(f'"{shown(os.path.basename(name))}"' for name in sorted(classes)[:3])
    return Clue(0.6 if len(classes) > 1 else 0.2, f"It has sub-folders with images in them, such as {names}.")


@source("image_folder", "Image folder", detect)
def scan(options: DatasetOptions, workspace: Workspace = ANYWHERE) -> Generator[int, None, Listing]:
    """A folder with one sub-folder per class; train, val and test folders above or below the classes are understood."""
    findings = Findings()
    root = _sole_folder(require_folder(options.folder, "folder"))
    layout = detect_layout(root) if options.layout == "auto" else options.layout
    classes = {
        split: classes for split, classes in _classes_by_split(root, layout).items() if classes or split == "train"
    }
    notes = [_explain(options.folder, root, layout, classes)]
    own = {"val": options.val_folder, "test": options.test_folder}
    places = {split: options.folder for split in classes}
    for split, folder in own.items():
        if folder:
            classes[split] = _classes(_sole_folder(require_folder(folder, f"{split}_folder")))
            places[split] = folder
    groups = {}
    for split, folders in classes.items():
        groups[split] = yield from _read_group(places[split], split, folders, findings)
    _require_images(groups["train"], root)
    return Listing(groups, notes + findings.notes())


def detect_layout(root: str) -> str:
    """ "class", "split/class" or "class/split", from the names of the folders alone (few folders are opened)."""
    names = [os.path.basename(folder) for folder in _subfolders(root)]
    splits = {split_of(name) for name in names}
    with_classes = all(_subfolders(os.path.join(root, name)) for name in names if split_of(name))
    if "train" in splits and with_classes and (len(splits - {None}) > 1 or splits == {"train"}):
        return "split/class"
    if names and all(_holds_only_splits(os.path.join(root, name)) for name in names):
        return "class/split"
    return "class"


def images_below(folder: str, findings: Findings) -> Iterator[tuple[str, list[str]]]:
    """(folder, sorted image names) of a folder and all below it, in sorted order; what is passed over is noted."""

    def failed(here: str, error: OSError) -> None:
        findings.unreadable.append(f"{shown(here)} could not be read: {error.strerror}")

    return each_folder(folder, lambda here: _look(here, findings), failed)


def _look(folder: str, findings: Findings) -> tuple[list[str], list[str]]:
    """The names of images and of folders in a folder."""
    names, folders = [], []
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name
            kind = ending(name)
            if entry.is_dir():
                if name not in CLUTTER:
                    folders.append(name)
            elif kind in IMAGES and _is_image_file(entry):
                names.append(name)
            else:
                findings.passed_over[shown(kind) or "no extension"] += 1
    return names, folders


def _is_image_file(entry: os.DirEntry[str]) -> bool:
    """A file, or a link whose target is gone (it will be listed as failed); no pipe, device or macOS metadata."""
    if not entry.is_file():
        return entry.is_symlink() and not os.path.exists(entry.path)
    if not entry.name.startswith("._"):
        return True
    with open(entry.path, "rb") as file:
        return file.read(4) != _APPLE_DOUBLE


def _read_group(folder: str, split: str, classes: list[Class], findings: Findings) -> Generator[int, None, Group]:
    """Collect the images of all classes of one split."""
    table, labels = PathTable(), array("i")
    names: dict[str, int] = {}
    for name, below in classes:
        number = names.setdefault(name, len(names))
        for here, files in images_below(below, findings):
            added = table.add(here, files)
            labels.extend([number] * added)
            yield added
    return Group(shown(folder), split, tuple(names), table, np.array(labels, np.int32))


def _classes_by_split(root: str, layout: str) -> dict[str, list[Class]]:
    """The class folders of each split that the layout has; "train" is always among them."""
    found: dict[str, list[Class]] = {"train": [], "val": [], "test": []}
    if layout == "class":
        found["train"] = _classes(root)
        return found
    for outer in _subfolders(root):
        split = split_of(os.path.basename(outer))
        if layout == "split/class" and split:
            found[split] += _classes(outer)
        elif layout == "class/split":
            name = class_name(os.path.basename(outer))
            for inner in _subfolders(outer):
                if inner_split := split_of(os.path.basename(inner)):
                    found[inner_split].append((name, inner))
    if not found["train"]:
        raise UserError(
            f"{shown(root)} has no train folder {'with' if layout == 'split/class' else 'below its'} class folders.",
            field="layout",
            hint='Name the training folder "train", or choose another layout.',
        )
    return found


def _classes(folder: str) -> list[Class]:
    return [(class_name(os.path.basename(path)), path) for path in _subfolders(folder)]


def class_name(folder: str) -> str:
    """A class folder's name as people see it: "_" is shown as a space, as in DIGITS."""
    return shown(folder).replace("_", " ")


def _subfolders(folder: str) -> list[str]:
    """Folders in a folder, sorted by name as plain text ("10" before "2", as DIGITS)."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.path for entry in entries if entry.is_dir() and entry.name not in CLUTTER)
    except OSError as error:
        raise UserError(f"The folder {shown(folder)} cannot be read: {error.strerror}.", field="folder") from None


def _holds_only_splits(folder: str) -> bool:
    """Whether a class folder has a train folder and nothing but split folders; stops at the first image."""
    seen = set()
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir() and entry.name not in CLUTTER:
                if not (split := split_of(entry.name)):
                    return False
                seen.add(split)
            elif is_image(entry.name):
                return False
    return "train" in seen


def _sole_folder(root: str) -> str:
    """Step into a folder that holds nothing but one folder (an unpacked archive), unless that is a split or a class."""
    while True:
        inner = _subfolders(root)
        if len(inner) != 1 or split_of(os.path.basename(inner[0])) or not _subfolders(inner[0]):
            return root
        root = inner[0]


def _require_images(group: Group, root: str) -> None:
    """Raise UserError unless at least two classes have images."""
    having = len(np.unique(group.labels))
    if having >= 2:
        return
    if not group.classes:
        what = "has no sub-folders"
    else:
        what = "has no images" if having == 0 else "has images of one class only"
    raise UserError(
        f"{shown(root)} {what}; a classification dataset needs at least two classes.",
        field="folder",
        hint="Put the images of each class into a sub-folder of their own. "
        "Images are files that end in .png, .jpg, .gif, .bmp, .tif, .webp and the like.",
    )


def _explain(asked: str, root: str, layout: str, classes: dict[str, list[Class]]) -> str:
    """One sentence on how the folder was understood."""
    inside = "" if os.path.normpath(asked) == os.path.normpath(root) else f" (inside it: {shown(root)})"
    count = len({name for name, _ in classes["train"]})
    if layout == "class":
        return f"Understood {shown(asked)}{inside} as one folder per class: {count:,} folders."
    order = (
        "a folder per split with the classes in it" if layout == "split/class" else "a folder per class, split inside"
    )
    return f"Understood {shown(asked)}{inside} as {order}: {', '.join(classes)}; {count:,} classes."
