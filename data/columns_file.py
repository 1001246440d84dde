"""A column of numbers written while a set is built, without ever being in memory: raw first, then as .npy files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

_PIECE = 1 << 14
"""Rows brought to their type at a time."""


class ColumnsFile:
    """Rows of ``width`` numbers of one type, appended in pieces; ``save`` writes one of their columns as ``.npy``."""

    def __init__(self, path: Path, kind: DTypeLike, width: int = 1) -> None:
        self._path = path
        self._kind = np.dtype(kind)
        self._width = width
        self._file = path.open("wb", buffering=1 << 16)
        self.rows = 0

    def add(self, values: NDArray[Any]) -> None:
        """Append rows [n, width] (or [n] for a width of 1). Raises OSError (disk full)."""
        self._file.write(np.ascontiguousarray(values, self._kind).data)
        self.rows += values.size // self._width

    def save(self, path: Path, column: int = 0, kind: DTypeLike | None = None) -> None:
        """Write a column to ``path`` as numpy's .npy [rows], of another type where one is named. Raises OSError."""
        kind = np.dtype(kind or self._kind)
        with path.open("wb") as out:
            head = {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False, "shape": (self.rows,)}
            np.lib.format.write_array_header_1_0(out, head)
            for piece in self.pieces():
                out.write(np.ascontiguousarray(piece[:, column], kind).data)

    def close(self) -> None:
        """Remove the raw file."""
        self._file.close()
        self._path.unlink(missing_ok=True)

    def __enter__(self) -> ColumnsFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def pieces(self) -> Iterator[NDArray[Any]]:
        """All rows, a piece [k, width] at a time."""
        self._file.flush()
        with self._path.open("rb") as file:
            while len(piece := np.fromfile(file, self._kind, _PIECE * self._width)):
                yield piece.reshape(-1, self._width)
