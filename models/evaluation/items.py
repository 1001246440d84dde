"""The images of a folder or a list, written down once with their true classes, so that every image keeps its number."""

from __future__ import annotations

import json
import os
import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.errors import UserError
from data.files import require_file, require_folder, shown
from data.peek import is_image
from data.roots import inside
from data.whole import make_whole
from models.evaluation.records import NONE

Item = tuple[str, int]
"""Path on the server (bytes that are no UTF-8 as surrogates), class number or NONE."""
LINE = re.compile(r"(?P<path>.*\S)[\s,;]+(?P<label>\S+)")


class Items:
    """Numbered paths with labels, kept in ``folder``: paths.txt (a JSON string a line), paths.idx.npy, labels.npy."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.labels: NDArray[np.int32] = np.load(folder / "labels.npy", mmap_mode="r")
        self._ends: NDArray[np.int64] = np.load(folder / "paths.idx.npy", mmap_mode="r")

    def __len__(self) -> int:
        return len(self.labels)

    def paths(self, numbers: Sequence[int]) -> list[str]:
        """The paths of some items; of neighbouring ones in one reading."""
        if isinstance(numbers, range) and numbers.step == 1 and len(numbers):
            return self._span(numbers)
        found = []
        with (self.folder / "paths.txt").open("rb") as file:
            for number in numbers:
                file.seek(int(self._ends[number]))
                found.append(json.loads(file.read(int(self._ends[number + 1] - self._ends[number]))))
        return found

    def _span(self, numbers: range) -> list[str]:
        begin, end = int(self._ends[numbers.start]), int(self._ends[numbers.stop])
        with (self.folder / "paths.txt").open("rb") as file:
            file.seek(begin)
            lines = file.read(end - begin - 1)  # but for the last end of line
        found: list[str] = json.loads(b"[" + lines.replace(b"\n", b",") + b"]")  # a line break in a path is written \\n
        return found

    @staticmethod
    def there(folder: Path) -> bool:
        """Whether the items have been written down completely."""
        return (folder / "labels.npy").exists()

    @classmethod
    def write(cls, folder: Path, items: Iterable[Item], limit: int | None = None) -> Items:
        """Write down at most ``limit`` items; memory grows by 12 bytes for each. Raises OSError (disk full)."""
        folder.mkdir(parents=True, exist_ok=True)
        ends, labels = array("q", [0]), array("i")
        with (folder / "paths.txt").open("wb") as file:
            for path, label in islice(items, limit):
                file.write(json.dumps(path).encode() + b"\n")
                ends.append(file.tell())
                labels.append(label)
        make_whole(folder / "paths.idx.npy", partial(_save, np.array(ends, np.int64)))
        make_whole(folder / "labels.npy", partial(_save, np.array(labels, np.int32)))
        return cls(folder)


@dataclass
class ClassNames:
    """Finds the number of a class by its name or number, and counts what is none."""

    names: Sequence[str]
    outside: int = 0

    def __post_init__(self) -> None:
        self._numbers = {name: number for number, name in enumerate(self.names)}

    def of_name(self, name: str) -> int:
        """The number of a class called so, NONE where there is none ("_" and " " are one)."""
        return self._numbers.get(name, self._numbers.get(name.replace("_", " "), NONE))

    def of_text(self, text: str) -> int:
        """The same for a number or a name; a number out of range is NONE, and counted."""
        if (named := self.of_name(text)) != NONE:
            return named
        if not re.fullmatch(r"-?\d+", text):
            return NONE
        if 0 <= int(text) < len(self.names):
            return int(text)
        self.outside += 1
        return NONE


def in_folder(folder: str, names: ClassNames) -> Iterator[Item]:
    """Images below a folder, sorted folder by folder; the name of the innermost folder may be that of a class.

    Raises UserError where it is no folder.
    """
    root = require_folder(folder, "path")
    for place, folders, files in os.walk(root):
        folders.sort()
        label = names.of_name(shown(os.path.basename(place)))
        for name in sorted(files):
            if is_image(name):
                yield os.path.join(place, name), label


def in_list(path: str, image_folder: str | None, names: ClassNames) -> Iterator[Item]:
    """Images that a text file names, one a line, with the number or name of the class behind it or not.

    Raises UserError where the list is no file.
    """
    root = image_folder or os.path.dirname(require_file(path, "path"))
    with open(path, "rb") as file:
        for raw in file:
            text = os.fsdecode(raw).strip()
            if text:
                name, label = split_line(text, names)
                yield os.path.join(root, name), label


def split_line(text: str, names: ClassNames) -> Item:
    """``path`` or ``path label``: what follows the last space, comma or semicolon is a label if it reads as one."""
    match = LINE.fullmatch(text)
    if match is None:
        return text, NONE
    known = names.of_name(match["label"]) != NONE or re.fullmatch(r"-?\d+", match["label"])
    return (match["path"], names.of_text(match["label"])) if known else (text, NONE)


def guarded(path: str, roots: Sequence[str]) -> str:
    """The path. Raises UserError where it leads outside the roots (none given: it may lead anywhere)."""
    if roots:
        folder, _, name = path.rpartition("/")
        plain = name not in ("", ".", "..") and "\0" not in path and not os.path.islink(path)
        if not (plain and _folder_inside(folder, tuple(roots))):
            inside(Path(path), [Path(root) for root in roots], "path")
    return path


@lru_cache(maxsize=4096)
def _folder_inside(folder: str, roots: tuple[str, ...]) -> bool:
    """Whether a folder is inside; asked once for its many images, since following every link takes long."""
    try:
        inside(Path(folder), [Path(root) for root in roots], "path")
    except UserError:
        return False
    return True


def require_some(items: Items, place: str) -> Items:
    """The items. Raises UserError where there are none."""
    if not len(items):
        raise UserError(f"{shown(place)} names no image.", field="path", hint="Give a folder or list with images.")
    return items


def _save(values: NDArray[np.generic], path: Path) -> None:
    with path.open("wb") as file:
        np.save(file, values)
