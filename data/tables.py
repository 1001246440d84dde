"""Tables of any dialect, row by row: CSV, TSV and the like with or without a head, JSON lines, and JSON arrays."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TextIO

from data.errors import UserError
from data.files import shown
from data.peek import ending, is_image

Row = dict[str, str]

TABLES = (".csv", ".tsv", ".jsonl", ".ndjson")
PATH_NAMES = (
    *("path", "file_name", "filename", "file", "filepath", "file_path", "image_path", "img_path", "image", "img"),
    *("image_file", "image_name", "image_id", "id", "name"),
)
LABEL_NAMES = ("label", "class", "category", "class_name", "label_name", "category_name", "target", "species", "y")
SPLIT_NAMES = ("split", "set", "subset", "partition", "usage")
_LONGEST_CELL = 1 << 20
_LARGEST_ARRAY = 64 << 20


@dataclass(frozen=True)
class Table:
    """A table's file, its columns in order, and how it is written (``delimiter`` "" for JSON)."""

    path: str
    columns: tuple[str, ...]
    delimiter: str = ""
    has_head: bool = True

    def rows(self) -> Iterator[Row]:
        """Row by row, every value as text. Raises UserError naming the line that cannot be read."""
        if not self.delimiter:
            yield from _json_rows(self.path)
            return
        csv.field_size_limit(_LONGEST_CELL)
        with open(self.path, encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            reader = csv.reader(file, delimiter=self.delimiter)
            try:
                for number, cells in enumerate(reader):
                    if cells and not (number == 0 and self.has_head):
                        yield dict(zip(self.columns, cells, strict=False))
            except csv.Error as error:
                raise UserError(f"{shown(self.path)}, line {reader.line_num}: {error}.", field="folder") from None

    def sample(self, count: int = 5) -> list[Row]:
        """The first few rows."""
        return list(islice(self.rows(), count))

    def column(self, asked: str | None, names: Sequence[str], field: str) -> str | None:
        """The column asked for, or the first whose name is one of ``names`` in any case. Raises UserError naming it."""
        known = {column.strip().lower(): column for column in self.columns}
        if asked:
            if asked.strip().lower() not in known:
                columns = ", ".join(self.columns)
                raise UserError(f'{shown(self.path)} has no column "{asked}"; it has {columns}.', field=field)
            return known[asked.strip().lower()]
        return next((known[name] for name in names if name in known), None)

    def path_column(self, asked: str | None = None) -> str | None:
        """The column of the images' paths: by name, else the first whose first values end as images do."""
        by_name = self.column(asked, PATH_NAMES, "path_column")
        sample = self.sample()
        holding = [column for column in self.columns if any(is_image(row.get(column, "")) for row in sample)]
        if asked or by_name in holding:
            return by_name
        return holding[0] if holding else by_name


def open_table(path: str) -> Table:
    """Look at the head of a table. Raises UserError where it is none or empty."""
    try:
        if ending(path) in (".jsonl", ".ndjson", ".json"):
            first = next(_json_rows(path), None)
            columns = tuple(first or ())
            table = Table(path, columns)
        else:
            table = _open_csv(path)
    except OSError as error:
        raise UserError(f"{shown(path)} cannot be read: {error.strerror}.", field="folder") from None
    if not table.columns:
        raise UserError(f"{shown(path)} has no rows.", field="folder")
    return table


def _open_csv(path: str) -> Table:
    with open(path, encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        head = file.readline(_LONGEST_CELL)
    delimiter = max(",;\t|", key=head.count)
    delimiter = delimiter if delimiter in head else ","
    first = next(csv.reader([head], delimiter=delimiter), [])
    if any(is_image(cell) for cell in first):  # no head: the first row is an image already
        return Table(path, tuple(str(number + 1) for number in range(len(first))), delimiter, has_head=False)
    return Table(path, tuple(cell.strip() for cell in first), delimiter)


def _json_rows(path: str) -> Iterator[Row]:
    where = ""
    with open(path, encoding="utf-8-sig") as file:
        try:
            if ending(path) == ".json":
                yield from map(_as_row, _array(path, file))
                return
            for number, line in enumerate(file, 1):
                where = f", line {number}"
                if line.strip():
                    yield _as_row(json.loads(line))
        except (ValueError, RecursionError, TypeError) as error:
            raise UserError(f"{shown(path)}{where}: these are no JSON rows ({error}).", field="folder") from None


def _array(path: str, file: TextIO) -> list[object]:
    """A JSON array, which has to be read whole. Raises UserError where it is too large for that, ValueError: none."""
    if os.path.getsize(path) > _LARGEST_ARRAY:
        raise UserError(
            f"{shown(path)} is too large for a JSON array ({_LARGEST_ARRAY >> 20} MB at most).",
            field="folder",
            hint="Write one row a line (.jsonl), which is read piece by piece.",
        )
    if file.read(1) != "[":
        raise ValueError("it does not begin with [")
    file.seek(0)
    found: list[object] = json.load(file)
    return found


def _as_row(item: object) -> Row:
    if not isinstance(item, dict):
        raise ValueError("each row must be an object with names and values")
    return {str(key): value if isinstance(value, str) else _text(value) for key, value in item.items()}


def _text(value: object) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False)
