"""A list of a million file paths in a few bytes each: folders once, names beyond the first few on disk."""

from __future__ import annotations

import os
from array import array
from bisect import bisect_right
from collections.abc import Iterable

from data.spill import Spill


class PathTable:
    """Append-only paths by row number. About 4 bytes of memory a path, where a list of str takes some 150."""

    def __init__(self) -> None:
        self._folders: list[str] = []
        self._numbers: dict[str, int] = {}
        self._run_starts = array("q")
        self._run_folders = array("i")
        self._names = Spill()

    def __len__(self) -> int:
        return len(self._names)

    def add(self, folder: str, names: Iterable[str]) -> int:
        """Append files of one folder; returns how many. Raises OSError where the disk is full."""
        before = len(self)
        number = self._numbers.setdefault(folder, len(self._folders))
        if number == len(self._folders):
            self._folders.append(folder)
        if not self._run_folders or self._run_folders[-1] != number:
            self._run_starts.append(before)
            self._run_folders.append(number)
        self._names.extend(map(os.fsencode, names))
        return len(self) - before

    def __getitem__(self, row: int) -> str:
        """The path in row ``row``. Raises IndexError."""
        if not 0 <= row < len(self):
            raise IndexError(row)
        # Of several runs that begin at one row (folders without a file) the last is meant: bisect_right finds it.
        folder = self._folders[self._run_folders[bisect_right(self._run_starts, row) - 1]]
        return f"{folder}/{os.fsdecode(self._names[row])}"
