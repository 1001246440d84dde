"""Pascal VOC: an XML file a picture with its boxes, and lists of the splits in ImageSets."""

from __future__ import annotations

import os
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING

from data.annotated import ImageIndex, require_pictures, stem, text_of, walk
from data.errors import UserError
from data.files import counted, require_folder, shown
from data.listed import Classes
from data.objects.table import DIFFICULT, OCCLUDED, TRUNCATED, GroupBuilder, Thing
from data.peek import Peek, ending
from data.sources import DETECTION, Clue, Listing, source
from data.split_names import split_of
from data.workspace import ANYWHERE, Workspace

if TYPE_CHECKING:
    from data.dataset_options import DatasetOptions

_FLAGS = {"difficult": DIFFICULT, "truncated": TRUNCATED, "occluded": OCCLUDED}
_MOST = 4 << 20


def detect(seen: Peek) -> Clue | None:
    """A folder with XML files that hold an <annotation>."""
    for name in islice(seen.ending_in(".xml"), 3):
        if b"<annotation" in seen.head(name):
            return Clue(0.85, f"It has XML files with an <annotation>, such as {shown(name)}.")
    return None


@dataclass
class _Found:
    """What the XML files held."""

    classes: Classes = field(default_factory=Classes)
    builders: dict[str, GroupBuilder] = field(default_factory=dict)
    boxes: int = 0
    flat: int = 0
    lost: list[str] = field(default_factory=list)
    skipped: Counter[str] = field(default_factory=Counter)


@source("voc", "Pascal VOC", detect, kind=DETECTION)
def scan(options: DatasetOptions, workspace: Workspace = ANYWHERE) -> Generator[int, None, Listing]:
    """A folder with an XML file of boxes for each image, and ImageSets/Main/train.txt and so on for the splits."""
    root = require_folder(options.folder, "folder")
    index = ImageIndex(require_folder(options.image_root, "image_root") if options.image_root else root)
    yield from index.fill()
    files = [os.path.join(folder, name) for folder, names in walk(root) for name in names if ending(name) == ".xml"]
    require_pictures(len(files), root, "no XML files")
    splits, found = _split_lists(root), _Found()
    for number, path in enumerate(files, 1):
        _add(path, index, splits, found)
        if number % 100 == 0:
            yield 100
    yield len(files) % 100
    require_pictures(len(found.builders.get("train", GroupBuilder()).images), root, "no annotated training image")
    names, _ = found.classes.ordered()
    order = {name: number for number, name in enumerate(names)}
    numbers = [order[name] for name in found.classes.numbers]
    groups = {split: builder.group(root, split) for split, builder in found.builders.items()}
    for group in groups.values():
        if group.objects is not None:
            group.objects.renumber(numbers)
    without = index.count - sum(len(group.images) for group in groups.values())
    held = f"{counted(found.boxes, 'box', 'boxes')} of {counted(len(names), 'class', 'classes')}"
    ways = ", splits from ImageSets." if splits else "."
    notes = [f"Understood {shown(root)} as Pascal VOC: {counted(len(files), 'XML file')} with {held}{ways}"]
    return Listing(notes=notes, problems=_problems(found, without), kind=DETECTION, objects=groups, classes=names)


def _problems(found: _Found, without: int) -> list[str]:
    said = [f"Left out {count:,} {what}." for what, count in found.skipped.items()]
    if found.flat:
        said.append(f"{found.flat:,} boxes have no area (kept as they are).")
    if without > 0:
        said.append(f"{without:,} images have no XML file and are left out.")
    if found.lost:
        said.append(f"{len(found.lost):,} XML files have no image, such as {shown(found.lost[0])}.")
    return said


def _split_lists(root: str) -> dict[str, str]:
    """Split of each picture by its name, from ImageSets/Main/{train,val,test}.txt; empty where there are none."""
    splits: dict[str, str] = {}
    for folder, names in walk(root):
        if os.path.basename(folder) != "Main" or os.path.basename(os.path.dirname(folder)) != "ImageSets":
            continue
        for name in names:
            if ending(name) == ".txt" and (split := split_of(stem(name))):
                lines = text_of(os.path.join(folder, name)).splitlines()
                splits |= {line.split()[0]: split for line in lines if line.strip()}
    return splits


def _add(path: str, index: ImageIndex, splits: dict[str, str], found: _Found) -> None:
    """Put one XML file's picture into its group; a file that cannot be read becomes a failure of its picture."""
    own = os.path.basename(path)
    error, filename, things = None, "", list[Thing]()
    try:
        filename, things = read_annotation(text_of(path, _MOST), found.classes)
    except UserError as caught:
        error = caught
    place = index.find(*(name for name in (filename, own) if name))
    split = splits.get(stem(own)) or splits.get(stem(filename)) if splits else _split_above(path, index.root)
    if place is None and error is None:
        found.lost.append(own)
        return
    if split is None:
        found.skipped["XML files that no list in ImageSets names"] += 1
        return
    builder = found.builders.setdefault(split, GroupBuilder())
    if error is not None:
        builder.fail(*(place or (os.path.dirname(path), own)), error)
        return
    found.boxes += len(things)
    found.flat += sum(thing.box[2] <= thing.box[0] or thing.box[3] <= thing.box[1] for thing in things)
    builder.add(*(place or ("", "")), things)


def _split_above(path: str, root: str) -> str:
    """The split that a folder between the root and the file is called by; "train" where none is."""
    below = os.path.relpath(os.path.dirname(path), root).split(os.sep)
    return next((split for name in below if (split := split_of(name))), "train")


def read_annotation(text: str, classes: Classes) -> tuple[str, list[Thing]]:
    """The image's file name and the objects of one XML file, boxes as written.

    Raises UserError (no file name) where it is no XML or has a document type: annotations need none, and entities in
    it can read other files or fill the memory.
    """
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise UserError("Its XML has a document type or entities, which are refused.", hint="Remove the <!DOCTYPE>.")
    try:
        tree = ElementTree.fromstring(text)  # noqa: S314  no document type, so no entities; expat fetches nothing
    except ElementTree.ParseError as error:
        raise UserError(f"Its XML is damaged: {error}.") from None
    filename = (tree.findtext("filename") or "").strip().replace("\\", "/").rpartition("/")[2]
    return filename, [_thing(element, classes) for element in tree.iter("object")]


def _thing(element: ElementTree.Element, classes: Classes) -> Thing:
    name = (element.findtext("name") or "").strip()
    box = element.find("bndbox")
    if not name or box is None:
        raise UserError("Its XML has an object without a name or a box.")
    try:
        left, top, right, bottom = (float(box.findtext(key) or "") for key in ("xmin", "ymin", "xmax", "ymax"))
    except ValueError:
        raise UserError(f'Its XML has a box of "{name}" that is no four numbers.') from None
    flags = sum(bit for key, bit in _FLAGS.items() if (element.findtext(key) or "0").strip() not in ("0", ""))
    return Thing(classes.number(name), (left, top, right, bottom), flags)
