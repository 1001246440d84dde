"""A text for each record in two files: `<name>.txt`, a JSON string a line, and `<name>.idx.npy`, where each begins."""

from __future__ import annotations

import json
import mmap
from collections.abc import Iterator, Sequence
from json.encoder import encode_basestring_ascii
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.columns_file import ColumnsFile

_AT_ONCE = 4096
_PIECE = 16 << 20
"""Bytes searched at a time."""


class LinesWriter:
    """Appends texts; ``save`` writes where each begins. Raises OSError (disk full)."""

    def __init__(self, folder: Path, name: str) -> None:
        self._place = folder / f"{name}.idx.npy"
        self._text = (folder / f"{name}.txt").open("wb")
        self._ends = ColumnsFile(folder / f"{name}.idx.part", np.int64)
        self._fresh = [0]
        self._end = 0

    def add(self, text: str) -> None:
        """Append one."""
        line = encode_basestring_ascii(text).encode() + b"\n"
        self._text.write(line)
        self._end += len(line)
        self._fresh.append(self._end)
        if len(self._fresh) >= _AT_ONCE:
            self._flush()

    def save(self) -> None:
        """Write what is left, and the index."""
        self._text.flush()
        self._flush()
        self._ends.save(self._place)

    def close(self) -> None:
        """Close the files; without ``save`` there is no index."""
        self._text.close()
        self._ends.close()

    def _flush(self) -> None:
        self._ends.add(np.array(self._fresh, np.int64))
        self._fresh.clear()


class Lines:
    """The texts of all records, read one by one or searched."""

    def __init__(self, folder: Path, name: str) -> None:
        self._path = folder / f"{name}.txt"
        self._ends: NDArray[np.int64] = np.load(folder / f"{name}.idx.npy", mmap_mode="r")

    def __len__(self) -> int:
        return len(self._ends) - 1

    def of(self, numbers: Sequence[int]) -> list[str]:
        """The texts of some records; numbers are 0 .. len - 1."""
        with self._path.open("rb") as file:
            found = []
            for number in numbers:
                file.seek(int(self._ends[number]))
                found.append(json.loads(file.read(int(self._ends[number + 1] - self._ends[number]))))
        return found

    def __iter__(self) -> Iterator[str]:
        with self._path.open("rb") as file:
            yield from map(json.loads, file)

    def search(self, text: str) -> NDArray[np.int64]:
        """Records whose text contains another; case does not matter for ASCII letters. 80 MB take 0.2 s."""
        needle = json.dumps(text)[1:-1].encode().lower()
        if not needle:
            return np.arange(len(self))
        found: list[NDArray[np.int64]] = []
        with self._path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as all_of_it:
            for start in range(0, len(all_of_it), _PIECE):
                piece = all_of_it[start : start + _PIECE + len(needle) - 1].lower()
                places = np.fromiter(_occurrences(piece, needle), np.int64)
                found.append(np.unique(np.searchsorted(self._ends, places + start, side="right") - 1))
        return np.unique(np.concatenate(found)) if found else np.empty(0, np.int64)


def _occurrences(piece: bytes, needle: bytes) -> Iterator[int]:
    at = piece.find(needle)
    while at >= 0:
        yield at
        newline = piece.find(b"\n", at)  # one hit a line is enough
        at = piece.find(needle, newline) if newline >= 0 else -1
