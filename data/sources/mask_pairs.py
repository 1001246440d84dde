"""Pairs of an image and a mask, whose values or colours are the classes, for semantic segmentation."""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from data.annotated import IMAGE_FOLDERS, class_file, class_names, require_pictures, stem, walk
from data.errors import UserError
from data.files import counted, read_file, require_folder, shown
from data.objects.masks import survey_mask
from data.objects.palette import FILES as PALETTES
from data.objects.palette import MOST, Palette, read_palette
from data.objects.table import ObjectGroup
from data.paths import PathTable
from data.peek import Peek, ending, is_image
from data.sources import SEGMENTATION, Clue, Listing, source
from data.split_names import split_of
from data.workspace import ANYWHERE, Workspace

if TYPE_CHECKING:
    from data.dataset_options import DatasetOptions

MASK_FOLDERS = (
    *("masks", "mask", "labels", "label", "annotations", "annotation", "annot", "gt", "gtfine", "segmentation"),
    *("segmentationclass", "seg", "ground_truth", "groundtruth", "targets", "labelids"),
)
_LOSSLESS = (".png", ".bmp", ".tif", ".tiff", ".gif", ".pgm", ".ppm", ".webp")
_ENDS = re.compile(r"[_-](mask|masks|label|labels|seg|segmentation|gt|gtfine_labelids|labelids|l|p|leftimg8bit)$", re.I)


def detect(seen: Peek) -> Clue | None:
    """A folder of images beside one of masks with the same names."""
    for folder in seen.folders:
        masks = _masks_beside(folder, set(seen.folders))
        if masks is None:
            continue
        images = {key(name) for name in seen.images if name.rpartition("/")[0] == folder}
        pairs = [name for name in seen.images if name.rpartition("/")[0] == masks and key(name) in images]
        if pairs and all(ending(name) in _LOSSLESS for name in pairs):
            return Clue(0.75, f"The folders {shown(folder)} and {shown(masks)} hold images of the same names.")
    return None


def key(name: str) -> str:
    """What the name of an image and that of its mask have in common: no folder, ending, or "_mask" at the end."""
    return _ENDS.sub("", stem(name.rpartition("/")[2])).lower()


def _masks_beside(folder: str, folders: set[str]) -> str | None:
    """The folder of masks for a folder of images: images/train and masks/train, train/images and train/masks, or
    train and trainannot."""
    parts = folder.split("/")
    for at, part in enumerate(parts):
        if part.lower() in IMAGE_FOLDERS:
            for other in sorted(folders):
                way = other.split("/")
                alike = len(way) == len(parts) and way[:at] == parts[:at] and way[at + 1 :] == parts[at + 1 :]
                if alike and way[at].lower() in MASK_FOLDERS:
                    return other
    annotated = {f"{folder}{tail}".lower() for tail in ("annot", "_labels", "_masks", "masks", "labels")}
    return next((other for other in sorted(folders) if other.lower() in annotated), None)


@dataclass
class _Pairs:
    """The pairs of one split."""

    images: PathTable
    masks: PathTable
    alone: int = 0


@source("mask_pairs", "Images and masks", detect, kind=SEGMENTATION)
def scan(options: DatasetOptions, workspace: Workspace = ANYWHERE) -> Generator[int, None, Listing]:
    """Folders of images and of masks with the same names; the values or colours of a mask are its classes."""
    root = require_folder(options.folder, "folder")
    splits = {"train": paired(root, options.label_root)} if options.label_root else find_pairs(root)
    if options.val_label_root and options.val_folder:
        splits["val"] = paired(options.val_folder, options.val_label_root)
    for split, own in (("val", options.val_folder), ("test", options.test_folder)):
        if own and not (split == "val" and options.val_label_root):
            splits[split] = next(iter(find_pairs(require_folder(own, f"{split}_folder")).values()))
    require_pictures(len(splits["train"].images) if "train" in splits else 0, root, "no training images with masks")
    yield sum(len(pairs.images) for pairs in splits.values())
    survey = yield from _survey(splits)
    names, palette, how = _classes(root, options, survey)
    groups = {
        split: ObjectGroup(root, split, pairs.images, None, pairs.masks, {}, palette) for split, pairs in splits.items()
    }
    count = sum(len(pairs.images) for pairs in splits.values())
    what = f"{counted(count, 'pair')}; {counted(len(names), 'class', 'classes')}, {how}"
    notes = [f"Understood {shown(root)} as images with masks: {what}."]
    alone = sum(pairs.alone for pairs in splits.values())
    problems = [f"{alone:,} images have no mask and are left out."] if alone else []
    if len(set(names)) < len(names):
        problems.append("Two classes have the same name.")
    return Listing(notes=notes, problems=problems, kind=SEGMENTATION, objects=groups, classes=tuple(map(shown, names)))


def find_pairs(root: str) -> dict[str, _Pairs]:
    """All pairs below a folder, by split. Images and masks in one folder ("x.jpg", "x_mask.png") are understood too."""
    files = {os.path.relpath(folder, root): sorted(filter(is_image, names)) for folder, names in walk(root)}
    splits: dict[str, _Pairs] = {}
    for folder, names in files.items():
        masks = _masks_beside(folder, set(files))
        if masks is None or not names:
            continue
        split = next((split for part in folder.split("/") if (split := split_of(part))), "train")
        pairs = splits.setdefault(split, _Pairs(PathTable(), PathTable()))
        _match(os.path.join(root, folder), names, os.path.join(root, masks), files[masks], pairs)
    if not splits and files["."]:
        masked = [name for name in files["."] if key(name) != stem(name).lower() and ending(name) in _LOSSLESS]
        plain = [name for name in files["."] if name not in masked]
        splits["train"] = _Pairs(PathTable(), PathTable())
        _match(root, plain, root, masked, splits["train"])
    return splits


def paired(images: str, masks: str) -> _Pairs:
    """The pairs of a folder of images and one of masks, both searched to the bottom."""
    pairs = _Pairs(PathTable(), PathTable())
    found = [(folder, name) for folder, names in walk(masks) for name in sorted(filter(is_image, names))]
    of_key = {key(name): (folder, name) for folder, name in found}
    for folder, names in walk(images):
        for name in sorted(filter(is_image, names)):
            if mask := of_key.get(key(name)):
                pairs.images.add(folder, [name])
                pairs.masks.add(mask[0], [mask[1]])
            else:
                pairs.alone += 1
    return pairs


def _match(folder: str, names: list[str], masks: str, mask_names: list[str], pairs: _Pairs) -> None:
    of_key = {key(name): name for name in mask_names}
    for name in names:
        if mask := of_key.get(key(name)):
            pairs.images.add(folder, [name])
            pairs.masks.add(masks, [mask])
        else:
            pairs.alone += 1


@dataclass
class _Survey:
    """What all masks hold: their colours (as many as may be classes), the highest number, and how many are coloured.

    Masks mean colours where some are coloured and most are RGB: one of another kind among numbers is a mistake.
    """

    colours: set[int] = field(default_factory=set)
    highest: int = 0
    coloured: int = 0
    rgb: int = 0
    others: int = 0

    @property
    def by_colour(self) -> bool:
        """Whether colours are the classes."""
        return self.coloured > 0 and self.rgb > self.others


def _survey(splits: dict[str, _Pairs]) -> Generator[int, None, _Survey]:
    """Look at every mask; those that cannot be read are passed over (they fail later, with words)."""
    survey = _Survey()
    for pairs in splits.values():
        for row in range(len(pairs.masks)):
            try:
                colours, highest, rgb = survey_mask(read_file(pairs.masks[row]))
            except UserError:
                continue
            survey.coloured += highest is None
            survey.rgb += rgb
            survey.others += not rgb
            survey.highest = max(survey.highest, highest or 0)
            if len(survey.colours) <= MOST:
                survey.colours.update(colours)
            yield 0
    return survey


def _classes(root: str, options: DatasetOptions, survey: _Survey) -> tuple[list[str], Palette | None, str]:
    """The classes' names, what their colours are (None: the masks hold numbers), and how that is known."""
    folders = (root, os.path.dirname(root))
    table = next(_palettes((options.labels_file,) if options.labels_file else _beside(folders)), None)
    if not survey.by_colour:
        if table and (options.labels_file or not class_file(None, folders)):
            return list(table[1].names), None, f"names from {shown(table[0])}"
        if named := class_file(options.labels_file, folders):
            return class_names(named), None, f"names from {shown(named)}"
        return list(map(str, range(survey.highest + 1))), None, "numbered, since no file names them"
    if table:
        return list(table[1].names), table[1], f"by the colours in {shown(table[0])}"
    if len(survey.colours) > MOST:
        raise UserError(
            f"The masks have more than {MOST} colours, so they are no classes.",
            field="labels_file",
            hint="Give a table of colours and names as class names, and save the masks as PNG without soft edges.",
        )
    palette = Palette.found(survey.colours)
    names = list(palette.names)
    if not (named := class_file(options.labels_file, folders)) or len(class_names(named)) != len(names):
        return names, palette, "one for each colour in the masks, since no table names them"
    return class_names(named), palette, f"one for each colour in the masks, from dark red on, names from {shown(named)}"


def _beside(folders: tuple[str, ...]) -> tuple[str, ...]:
    """Files called as tables of colours usually are."""
    paths = (os.path.join(folder, name) for folder in folders for name in PALETTES)
    return tuple(path for path in paths if os.path.isfile(path))


def _palettes(paths: tuple[str, ...]) -> Iterator[tuple[str, Palette]]:
    """Those files that are tables of colours."""
    return ((path, palette) for path in paths if (palette := read_palette(path)))
