"""What a table says of an image beside its path, class and split: kept row by row, and written column by column."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.lines import Lines, LinesWriter
from data.spill import Spill
from data.whole import write_json

MOST_COLUMNS = 64
LONGEST = 1000
"""Characters of a cell that are kept."""
_NAMES = "details.json"


class Details:
    """Rows of named values; 4 bytes of memory each, and what is written in them on disk."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._rows = Spill()

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that any row has, in the order in which they came; MOST_COLUMNS at most."""
        return tuple(self._numbers)

    def add(self, values: Mapping[str, str]) -> None:
        """Append a row; empty values are as good as none."""
        row: dict[int, str] = {}
        for name, value in values.items():
            if value and (name in self._numbers or len(self._numbers) < MOST_COLUMNS):
                row[self._numbers.setdefault(name, len(self._numbers))] = value[:LONGEST]
        self._rows.extend((json.dumps(row).encode() if row else b"",))

    def __getitem__(self, row: int) -> list[str]:
        """The values of a row in the order of ``columns``, "" where it has none."""
        values = [""] * len(self._numbers)
        if data := self._rows[row]:
            for number, value in json.loads(data).items():
                values[int(number)] = value
        return values


class DetailsWriter:
    """Writes the rows of a split's records as columns into its folder."""

    def __init__(self, folder: Path, columns: tuple[str, ...]) -> None:
        write_json(folder / _NAMES, list(columns))
        self._columns = [LinesWriter(folder, _file(number)) for number in range(len(columns))]

    def add(self, values: list[str]) -> None:
        """Append a record's values. Raises OSError (disk full)."""
        for column, value in zip(self._columns, values, strict=True):
            column.add(value)

    def save(self) -> None:
        """Write the index of each column."""
        for column in self._columns:
            column.save()

    def close(self) -> None:
        """Close the files."""
        for column in self._columns:
            column.close()


class SplitDetails:
    """The details of a split's records; none in a set that was made of folders."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        path = folder / _NAMES
        self.columns: tuple[str, ...] = tuple(json.loads(path.read_text(encoding="utf-8"))) if path.exists() else ()

    def column(self, name: str) -> Lines:
        """The values of all records in a column, "" where there is none. Raises KeyError: no such column."""
        if name not in self.columns:
            raise KeyError(name)
        return Lines(self._folder, _file(self.columns.index(name)))

    def of(self, index: int) -> dict[str, str]:
        """The values of a record by column, those that it has."""
        found = {name: self.column(name).of([index])[0] for name in self.columns}
        return {name: value for name, value in found.items() if value}

    def search(self, text: str) -> NDArray[np.int64]:
        """Records with a text in any column; "column=text" looks into that one alone, in any case of letters."""
        known = {name.lower(): name for name in self.columns}
        name, sign, wanted = text.partition("=")
        if sign and (own := known.get(name.strip().lower())):
            return self.column(own).search(wanted.strip())
        found = [self.column(name).search(text) for name in self.columns]
        return np.unique(np.concatenate(found)) if found else np.empty(0, np.int64)


def _file(number: int) -> str:
    return f"detail.{number}"
