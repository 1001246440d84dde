"""A quick look at what a path holds, shared by all sources: some names, some first bytes, never the whole of it."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath

FOLDERS = 60
"""How many folders are opened at most."""
ENTRIES = 400
"""How many entries of each folder are looked at."""
HEAD = 4096

IMAGES = frozenset(
    (
        *(".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".dib", ".ppm", ".pgm", ".pbm", ".pnm", ".gif", ".webp"),
        *(".tif", ".tiff", ".avif", ".avifs", ".apng", ".ico", ".jp2", ".j2k", ".mpo", ".psd", ".sgi", ".tga"),
        *(".heic", ".heif"),  # not read, but listed with the reason
    )
)
"""Endings of image files, in lower case; what is in a file is decided by its content."""
CLUTTER = frozenset(("__MACOSX", ".ipynb_checkpoints", ".git", "@eaDir", ".Trashes", "lost+found"))
"""Folders that programs leave behind; their pictures are not the user's."""


def ending(name: str) -> str:
    """The ending of a file's name in lower case with its point; "" where it has none."""
    return name[name.rfind(".") :].lower() if "." in name else ""


def is_image(name: str) -> bool:
    """Whether a name ends as an image file's does."""
    return ending(name) in IMAGES


@dataclass(frozen=True)
class Peek:
    """A path and a sample of what is in it: ``files`` and ``folders`` by their path below it, with "/"."""

    path: str
    is_file: bool = False
    files: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    _heads: dict[str, bytes] = field(default_factory=dict, compare=False, repr=False)

    @property
    def name(self) -> str:
        """The last part of the path."""
        return os.path.basename(self.path.rstrip("/"))

    @cached_property
    def images(self) -> tuple[str, ...]:
        """The sampled files that end as images do."""
        return tuple(name for name in self.files if is_image(name))

    def ending_in(self, *endings: str) -> Iterator[str]:
        """The sampled files with one of these endings, those nearest to the top first."""
        found = (name for name in self.files if ending(name) in endings)
        return iter(sorted(found, key=lambda name: (name.count("/"), name)))

    def head(self, name: str = "") -> bytes:
        """The first 4 kB of a file below the path (or of the path itself); empty where it cannot be read."""
        if name not in self._heads:
            try:
                with open(os.path.join(self.path, name) if name else self.path, "rb") as file:
                    self._heads[name] = file.read(HEAD)
            except OSError:
                self._heads[name] = b""
        return self._heads[name]

    def beside(self, name: str) -> set[str]:
        """The names of sampled folders that stand beside a file or folder of the sample, in lower case."""
        parent = PurePosixPath(name).parent
        return {PurePosixPath(other).name.lower() for other in self.folders if PurePosixPath(other).parent == parent}


def peek(path: str) -> Peek:
    """Look at a file or folder. Opens at most 60 folders, nearest first, and takes 400 names of each."""
    if not os.path.isdir(path):
        return Peek(path, is_file=True)
    files: list[str] = []
    folders: list[str] = []
    waiting = deque([""])
    opened = 0
    while waiting and opened < FOLDERS:
        here = waiting.popleft()
        opened += 1
        for name, is_folder in _entries(os.path.join(path, here) if here else path):
            below = f"{here}/{name}" if here else name
            if is_folder:
                folders.append(below)
                waiting.append(below)
            else:
                files.append(below)
    return Peek(path, False, tuple(files), tuple(folders))


def _entries(folder: str) -> list[tuple[str, bool]]:
    """Up to 400 (name, is folder) of a folder, sorted; none where it may not be read."""
    found: list[tuple[str, bool]] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name not in CLUTTER and not entry.name.startswith("._"):
                    found.append((entry.name, entry.is_dir()))
                if len(found) == ENTRIES:
                    break
    except OSError:
        return []
    return sorted(found)
