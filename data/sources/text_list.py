"""Text lists as DIGITS knows them: one image a line, its path and the number of its class."""

from __future__ import annotations

import os
import re
from collections.abc import Generator, Iterator
from itertools import islice
from typing import TYPE_CHECKING

from data.errors import UserError
from data.files import require_file, shown
from data.listed import REPORT, Classes, Listed, Paths, given_root, groups_of, image_root, require_rows
from data.peek import Peek, is_image
from data.sources import Clue, Listing, source
from data.workspace import ANYWHERE, Workspace

if TYPE_CHECKING:
    from data.dataset_options import DatasetOptions

_LINE = re.compile(r"^\s*(?P<path>\S.*?)\s+(?P<label>-?\d+)\s*$")
_SPLIT_FILES = {"train": ("train",), "val": ("val", "valid", "validation"), "test": ("test",)}
_LABEL_FILES = ("labels.txt", "classes.txt", "class_names.txt")
_SHOWN = 5


def detect(seen: Peek) -> Clue | None:
    """A text file whose first lines are paths with a number behind, or a folder with a train.txt of that kind."""
    name = "" if seen.is_file else next((name for name in seen.files if _names_split(name, "train")), None)
    if name is None:
        return None
    lines = seen.head(name).decode("utf-8", "replace").splitlines()[:20]
    lines = [line for line in lines if line.strip()]
    fitting = [line for line in lines if (found := _LINE.match(line)) and is_image(found["path"])]
    if not fitting or 2 * len(fitting) < len(lines):
        return None
    return Clue(
        0.9 if seen.is_file else 0.65, f'Its lines are paths with a class number, such as "{shown(fitting[0])}".'
    )


@source("text_list", "Text list (path and class number)", detect, files="may")
def scan(options: DatasetOptions, workspace: Workspace = ANYWHERE) -> Generator[int, None, Listing]:
    """A text file with a path and a class number on each line, as DIGITS reads it; class names may be in a file."""
    lists, labels_file = _files(options)
    names = _label_names(labels_file) if labels_file else []
    classes = Classes(names, fixed=True)
    notes, problems, read = [], _Problems(), {}
    for split, path in lists.items():
        paths = Paths(image_root(given_root(options, split), os.path.dirname(path), _samples(path)), workspace)
        read[split] = yield from _read(path, paths, names, problems)
        problems.sentences += paths.problems()
        notes.append(f"Read {shown(path)}: {len(read[split].table):,} images, paths relative to {shown(paths.root)}.")
    highest = max((max(listed.labels, default=-1) for listed in read.values()), default=-1)
    for number in range(len(names), highest + 1):
        classes.number(str(number))
    if labels_file:
        notes.append(f"Class names are from {shown(labels_file)}: {len(names):,}.")
    groups = groups_of(read, classes, lists)
    require_rows(groups, options.folder, problems.all())
    return Listing(groups, notes, problems.all(), _first_lines(lists["train"]))


class _Problems:
    """Lines that cannot be used, counted."""

    def __init__(self) -> None:
        self.sentences: list[str] = []
        self.malformed: list[int] = []
        self.unnamed = 0

    def all(self) -> list[str]:
        said = list(self.sentences)
        if self.malformed:
            where = ", ".join(map(str, self.malformed[:5])) + (" and others" if len(self.malformed) > 5 else "")
            said.append(f"Left out {len(self.malformed):,} lines without a path and a class number (line {where}).")
        if self.unnamed:
            said.append(f"Left out {self.unnamed:,} images whose class number is negative or has no name.")
        return said


def _files(options: DatasetOptions) -> tuple[dict[str, str], str | None]:
    """The list of each split, and the file of class names, given or found in the folder."""
    lists = {"train": options.folder}
    labels_file = options.labels_file
    if os.path.isdir(options.folder):
        inside = sorted(os.listdir(options.folder))
        found = {split: next((name for name in inside if _names_split(name, split)), None) for split in _SPLIT_FILES}
        if found["train"] is None:
            raise UserError(f"{shown(options.folder)} has no train.txt.", field="folder", hint="Give the list itself.")
        lists = {split: os.path.join(options.folder, name) for split, name in found.items() if name}
        named = next((name for name in _LABEL_FILES if name in inside), None)
        labels_file = labels_file or (os.path.join(options.folder, named) if named else None)
    for split, own in (("val", options.val_folder), ("test", options.test_folder)):
        if own:
            lists[split] = own
    for split, path in lists.items():
        require_file(path, "folder" if split == "train" else f"{split}_folder")
    return lists, labels_file


def _names_split(name: str, split: str) -> bool:
    stem, _, kind = name.lower().rpartition(".")
    return kind == "txt" and stem in _SPLIT_FILES[split]


def _label_names(path: str) -> list[str]:
    """One name a line; blank lines at the end do not count. Raises UserError where two classes have one name."""
    require_file(path, "labels_file")
    with open(path, encoding="utf-8-sig", errors="surrogateescape") as file:
        names = [line.strip() for line in file.read().rstrip().split("\n")]
    doubled = next((name for name in names if names.count(name) > 1), None)
    if doubled is not None:
        raise UserError(f'{shown(path)} names the class "{shown(doubled)}" twice.', field="labels_file")
    return names


def _lines(path: str) -> Iterator[str]:
    with open(path, encoding="utf-8-sig", errors="surrogateescape") as file:
        for line in file:
            yield line.rstrip("\r\n")


def _samples(path: str) -> list[str]:
    return [found["path"] for line in islice(_lines(path), 20) if (found := _LINE.match(line))]


def _first_lines(path: str) -> list[str]:
    return [shown(line)[:300] for line in islice(_lines(path), _SHOWN)]


def _read(path: str, paths: Paths, names: list[str], problems: _Problems) -> Generator[int, None, Listed]:
    """The rows of one list; yields now and then how many were added since."""
    listed, since = Listed(), 0
    for number, line in enumerate(_lines(path), 1):
        if not line.strip():
            continue
        found = _LINE.match(line)
        if not found:
            problems.malformed.append(number)
            continue
        label = int(found["label"])
        if label < 0 or (names and label >= len(names)) or label >= 1_000_000:
            problems.unnamed += 1
        elif place := paths.whole(found["path"]):
            listed.table.add(place[0], [place[1]])
            listed.labels.append(label)
            since += 1
        if since == REPORT:
            yield since
            since = 0
    yield since
    return listed
