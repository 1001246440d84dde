"""Byte strings by number, of which only their places are kept in memory: what is long goes to a nameless file."""

from __future__ import annotations

import os
import tempfile
from array import array
from collections.abc import Iterable
from typing import IO

HELD = 256 << 10
"""Bytes held in memory before they are written: small sets never touch the disk."""
_BLOCK = 4096
"""Items whose places are counted from one: four bytes are enough for a megabyte each."""


class Spill:
    """Append-only; 4 bytes of memory an item. Reading is safe from several threads once nothing more is added.

    The file has no name and goes with this object. Raises OSError where the disk is full.
    """

    def __init__(self) -> None:
        self._ends = array("I")
        self._bases = array("q")
        self._fresh = bytearray()
        self._written = 0
        self._file: IO[bytes] | None = None

    def __len__(self) -> int:
        return len(self._ends)

    def extend(self, items: Iterable[bytes]) -> None:
        """Append some."""
        for item in items:
            if len(self._ends) % _BLOCK == 0:
                self._bases.append(self._written + len(self._fresh))
            self._fresh += item
            self._ends.append(self._written + len(self._fresh) - self._bases[-1])
        if len(self._fresh) >= HELD:
            self._write()

    def __getitem__(self, number: int) -> bytes:
        """Item ``number``; numbers are 0 .. len - 1."""
        base = self._bases[number // _BLOCK]
        begin, end = base + (self._ends[number - 1] if number % _BLOCK else 0), base + self._ends[number]
        if self._file is None or begin >= self._written:
            return bytes(self._fresh[begin - self._written : end - self._written])
        return os.pread(self._file.fileno(), end - begin, begin)

    def _write(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="foveal-")  # noqa: SIM115  lives as long as this object
        self._file.write(self._fresh)
        self._file.flush()
        self._written += len(self._fresh)
        self._fresh = bytearray()
