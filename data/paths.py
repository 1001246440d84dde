"""A list of a million file paths in a few bytes each: folders once, names in one block."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable


class PathTable:
    """Append-only paths by row number. About 20 bytes a path plus its name, where a list of str takes some 150."""

    def __init__(self) -> None:
        self._folders: list[str] = []
        self._numbers: dict[str, int] = {}
        self._folder_of = array("i")
        self._names = bytearray()
        self._ends = array("q", [0])

    def __len__(self) -> int:
        return len(self._folder_of)

    def add(self, folder: str, names: Iterable[str]) -> int:
        """Append files of one folder; returns how many."""
        before = len(self)
        number = self._numbers.setdefault(folder, len(self._folders))
        if number == len(self._folders):
            self._folders.append(folder)
        for name in names:
            self._names += os.fsencode(name)
            self._ends.append(len(self._names))
            self._folder_of.append(number)
        return len(self) - before

    def __getitem__(self, row: int) -> str:
        """The path in row ``row``. Raises IndexError."""
        if not 0 <= row < len(self):
            raise IndexError(row)
        name = os.fsdecode(bytes(self._names[self._ends[row] : self._ends[row + 1]]))
        return f"{self._folders[self._folder_of[row]]}/{name}"
