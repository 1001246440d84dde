"""YOLO: a text file a picture with boxes, outlines or keypoints as fractions of its size, and a YAML with the names."""

from __future__ import annotations

import os
from collections.abc import Generator
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any

from data.annotated import class_file, class_names, held_words, require_pictures, stem, text_of, walk
from data.errors import UserError
from data.files import counted, require_folder, shown
from data.objects.table import GroupBuilder, Thing
from data.peek import Peek, ending, is_image
from data.sources import DETECTION, Clue, Listing, source
from data.split_names import split_of
from data.workspace import ANYWHERE, Workspace

if TYPE_CHECKING:
    from data.dataset_options import DatasetOptions

_YAML = (".yaml", ".yml")
_MOST_CLASSES = 100_000


def detect(seen: Peek) -> Clue | None:
    """A YAML file with names and train, or folders "images" and "labels" with rows of numbers."""
    for name in [""] if seen.is_file and ending(seen.path) in _YAML else list(islice(seen.ending_in(*_YAML), 3)):
        head = seen.head(name)
        if b"train:" in head and (b"names:" in head or b"nc:" in head):
            return Clue(
                0.9 if name.count("/") <= 1 else 0.4,
                f"{shown(name or seen.name)} names its classes and splits, as YOLO wants it.",
            )
    labels = [name for name in seen.ending_in(".txt") if "labels" in name.lower().split("/")[:-1]]
    for name in labels[:3]:
        first = seen.head(name).decode("utf-8", "replace").split("\n")[0].split()
        if len(first) >= 5 and first[0].isdigit() and all(map(_is_number, first)):
            return Clue(0.8, f"It has label files with a class number and fractions, such as {shown(name)}.")
    return None


@dataclass(frozen=True)
class Layout:
    """What a YAML says: class names by number, the places of each split, (keypoints, numbers each) or None.

    ``deep``: the folders below a place belong to it too.
    """

    root: str
    names: dict[int, str]
    places: dict[str, list[str]]
    keypoints: tuple[int, int] | None = None
    deep: bool = True


@dataclass
class _Found:
    """What the label files held."""

    boxes: int = 0
    outlines: int = 0
    keypoints: int = 0
    bare: int = 0
    highest: int = -1
    builders: dict[str, GroupBuilder] = field(default_factory=dict)


@source("yolo", "YOLO (text labels, data.yaml)", detect, kind=DETECTION, files="may")
def scan(options: DatasetOptions, workspace: Workspace = ANYWHERE) -> Generator[int, None, Listing]:
    """Images with a text file of boxes, outlines or keypoints each, as fractions, and a data.yaml with class names."""
    layout = read_layout(options)
    found = _Found()
    for split, places in layout.places.items():
        builder = found.builders.setdefault(split, GroupBuilder(relative=True))
        for place in places:
            yield from _read_place(place, builder, layout, found, workspace)
    require_pictures(len(found.builders["train"].images), layout.root, "no training images")
    names = tuple(layout.names.get(number, str(number)) for number in range(max(found.highest, *layout.names, -1) + 1))
    groups = {
        split: builder.group(layout.root, split) for split, builder in found.builders.items() if len(builder.images)
    }
    notes = [
        f"Understood {shown(layout.root)} as YOLO: {held_words(found.boxes, found.outlines, found.keypoints)}; "
        f"{counted(len(names), 'class', 'classes')}."
    ]
    problems = [f"{found.bare:,} images have no label file: nothing is marked in them."] if found.bare else []
    unnamed = sorted(set(range(found.highest + 1)) - set(layout.names)) if layout.names else []
    if unnamed:
        problems.append(f"The classes {', '.join(map(str, unnamed[:5]))} have no name in the YAML.")
    return Listing(notes=notes, problems=problems, kind=DETECTION, objects=groups, classes=names)


def read_layout(options: DatasetOptions) -> Layout:
    """The layout by the YAML (given, or found at the top of the folder), else by folders called images and labels."""
    path = options.folder
    if os.path.isfile(path):
        return _by_yaml(path)
    root = require_folder(path, "folder")
    inside = sorted(os.listdir(root))
    for name in inside:
        if ending(name) in _YAML:
            return _by_yaml(os.path.join(root, name))
    if len(inside) == 1 and os.path.isdir(os.path.join(root, inside[0])):
        return read_layout(type(options)(**{**vars(options), "folder": os.path.join(root, inside[0])}))
    return _by_folders(root, options)


def _by_yaml(path: str) -> Layout:
    import yaml  # here, not above: the web lists all sources and reads no YAML

    try:
        said = yaml.safe_load(text_of(path, 1 << 20))
    except (yaml.YAMLError, RecursionError) as error:
        raise UserError(f"{shown(path)} is no YAML: {' '.join(str(error).split())}", field="folder") from None
    if not isinstance(said, dict) or not said.get("train"):
        raise UserError(f"{shown(path)} does not say where the training images are (train:).", field="folder")
    here = os.path.dirname(path)
    root = _root(here, said)
    places = {
        split: _places(root, said.get(key)) for split, key in (("train", "train"), ("val", "val"), ("test", "test"))
    }
    if not places["val"]:
        places["val"] = _places(root, said.get("valid"))
    shape = said.get("kpt_shape")
    keypoints = (int(shape[0]), int(shape[1])) if isinstance(shape, list) and len(shape) == 2 else None
    return Layout(
        here, _names(said.get("names")), {split: found for split, found in places.items() if found}, keypoints
    )


def _root(here: str, said: dict[Any, Any]) -> str:
    """``path:`` of the YAML where that folder is there; else the YAML's own, where sets have been moved to."""
    given = said.get("path")
    if isinstance(given, str):
        for folder in (os.path.normpath(os.path.join(here, given)), os.path.normpath(os.path.join(here, "..", given))):
            if os.path.isdir(os.path.join(folder, str(said["train"] if isinstance(said["train"], str) else ""))):
                return folder
    return here


def _places(root: str, said: Any) -> list[str]:
    """Folders or lists of a split; "../train/images", as Roboflow writes it, is tried below the root as well."""
    texts = said if isinstance(said, list) else [said] if isinstance(said, str) and said.strip() else []
    places = []
    for text in map(str, texts):
        tried = [os.path.normpath(os.path.join(root, way)) for way in (text, text.removeprefix("../"))]
        places.append(next((place for place in tried if os.path.exists(place)), tried[0]))
    return places


def _names(said: Any) -> dict[int, str]:
    items = said.items() if isinstance(said, dict) else enumerate(said) if isinstance(said, list) else ()
    return {int(number): str(name) for number, name in items if str(number).isdigit() and int(number) < _MOST_CLASSES}


def _by_folders(root: str, options: DatasetOptions) -> Layout:
    """images/train beside labels/train, or train/images beside train/labels; names from classes.txt where it is."""
    places: dict[str, list[str]] = {}
    for folder, names in walk(root):
        parts = os.path.relpath(folder, root).split(os.sep)
        if any(map(is_image, names)) and labels_folder(folder) != folder and os.path.isdir(labels_folder(folder)):
            split = next((split for part in parts if (split := split_of(part))), "train")
            places.setdefault(split, []).append(folder)
    if "train" not in places:
        raise UserError(f'{shown(root)} has no folders "images" and "labels".', field="folder")
    named = class_file(options.labels_file, (root, os.path.join(root, "labels")))
    return Layout(root, dict(enumerate(class_names(named))) if named else {}, places, deep=False)


def labels_folder(images: str) -> str:
    """Where the labels of a folder of images are: the last "images" in its path becomes "labels"."""
    parts = images.split("/")
    for at in range(len(parts) - 1, -1, -1):
        if parts[at].lower() == "images":
            return "/".join([*parts[:at], "labels", *parts[at + 1 :]])
    return images


def _read_place(
    place: str, builder: GroupBuilder, layout: Layout, found: _Found, workspace: Workspace
) -> Generator[int, None, None]:
    """All images of a folder or of a list, in order."""
    for folder, names in _folders(place, layout.deep, workspace):
        workspace.guard(folder, "folder")
        for name in names:
            _read_image(folder, name, builder, layout, found)
        yield len(names)


def _folders(place: str, deep: bool, workspace: Workspace) -> Generator[tuple[str, list[str]], None, None]:
    if ending(place) == ".txt" and os.path.isfile(place):
        workspace.guard(os.path.dirname(place), "folder")
        for line in text_of(place).splitlines():
            if line.strip():
                path = os.path.normpath(os.path.join(os.path.dirname(place), line.strip()))
                yield os.path.dirname(path), [os.path.basename(path)]
        return
    workspace.guard(place, "folder")
    if not os.path.isdir(place):
        raise UserError(f"{shown(place)}, which the YAML names, is not there.", field="folder")
    for folder, names in walk(place):
        yield folder, [name for name in names if is_image(name)]
        if not deep:
            return


def _read_image(folder: str, name: str, builder: GroupBuilder, layout: Layout, found: _Found) -> None:
    beside = os.path.join(labels_folder(folder), stem(name) + ".txt")
    if not os.path.isfile(beside):
        found.bare += 1
        builder.add(folder, name, ())
        return
    try:
        things = read_labels(text_of(beside), layout.keypoints)
    except UserError as error:
        builder.fail(folder, name, error)
        return
    for thing in things:
        found.highest = max(found.highest, thing.cls)
        found.outlines += bool(thing.polygons)
        found.keypoints += bool(thing.keypoints)
        found.boxes += not thing.polygons
    builder.add(folder, name, things)


def read_labels(text: str, keypoints: tuple[int, int] | None = None) -> list[Thing]:
    """The objects of one label file, coordinates as fractions. Raises UserError naming the line that is none."""
    things = []
    for number, line in enumerate(text.splitlines(), 1):
        if values := line.split():
            try:
                things.append(_thing([float(value) for value in values], keypoints))
            except ValueError:
                raise UserError(f"Its label file has a line {number} that is no box, outline or keypoints.") from None
    return things


def _thing(values: list[float], keypoints: tuple[int, int] | None) -> Thing:
    """class x y w h; class x y w h and keypoints; or class x1 y1 x2 y2 ... with at least three points."""
    cls, rest = int(values[0]), values[1:]
    if cls != values[0] or not 0 <= cls < _MOST_CLASSES or not all(abs(value) < 1e6 for value in rest):
        raise ValueError(cls)
    if keypoints and len(rest) == 4 + keypoints[0] * keypoints[1]:
        return Thing(cls, _box(rest[:4]), keypoints=_keypoints(rest[4:], keypoints[1]))
    if len(rest) in (4, 5):  # a fifth number is the confidence of a predicted box
        return Thing(cls, _box(rest[:4]))
    if len(rest) < 6 or len(rest) % 2:
        raise ValueError(len(rest))
    across, down = rest[0::2], rest[1::2]
    return Thing(cls, (min(across), min(down), max(across), max(down)), polygons=[rest])


def _box(values: list[float]) -> tuple[float, float, float, float]:
    x, y, width, height = values
    return x - width / 2, y - height / 2, x + width / 2, y + height / 2


def _keypoints(values: list[float], each: int) -> list[float]:
    """x, y, v triples; where v is not given, a point at 0, 0 is none."""
    if each == 3:
        return values
    pairs = zip(values[0::2], values[1::2], strict=True)
    return [value for x, y in pairs for value in (x, y, 2.0 if (x, y) != (0, 0) else 0.0)]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
