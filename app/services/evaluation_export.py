"""The answers of an evaluation, image by image, as CSV, JSON lines or Parquet, made while they are being sent."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from itertools import chain
from typing import Any

from app.services.context import Conflict, Context, find_job, require
from app.services.evaluations import about, answer, results
from app.services.offload import offload_each
from data.files import shown
from jobs.permissions import Principal
from jobs.tables import JobRow
from models.evaluation.items import Items
from models.evaluation.records import TOP

BATCH = 1000
MIME = {"csv": "text/csv", "jsonl": "application/jsonl", "parquet": "application/vnd.apache.parquet"}
COLUMNS = ("index", "path", "class", "predicted_class", "right", "confidence", "loss")


def export(ctx: Context, who: Principal | None, row: JobRow, format: str) -> tuple[str, str, Iterator[bytes]]:
    """File name, MIME type and the bytes of all answers so far; memory does not grow with their number.

    Raises Conflict before the first result, and for Parquet where pyarrow is not installed.
    """
    require(who, "download", row)
    if format == "parquet" and find_spec("pyarrow") is None:
        raise Conflict(
            "This server cannot write Parquet.",
            hint="Install it with: pip install -r requirements-parquet.txt. CSV works always.",
        )
    if dataset := about(ctx, row)["dataset"]:
        find_job(ctx, who, dataset, "dataset")  # its paths are named
    results(ctx, row)  # whatever is wrong is found before the answer begins
    write: Callable[[Iterator[list[dict[str, Any]]]], Iterator[bytes]] = {
        "csv": as_csv,
        "jsonl": as_jsonl,
        "parquet": as_parquet,
    }[format]
    return f"{row.id}.{format}", MIME[format], offload_each(write(batches(ctx, row)))


def batches(ctx: Context, row: JobRow) -> Iterator[list[dict[str, Any]]]:
    """The answers, a thousand at a time."""
    records, known = results(ctx, row), about(ctx, row)
    for first in range(0, len(records), BATCH):
        numbers = range(first, min(first + BATCH, len(records)))
        paths = _paths(ctx, row, known, numbers)
        yield [
            {"path": path, **answer(number, records[number], known["classes"])}
            for number, path in zip(numbers, paths, strict=True)
        ]


def _paths(ctx: Context, row: JobRow, known: dict[str, Any], numbers: range) -> list[str]:
    if known["split"]:
        return ctx.datasets.get(known["dataset"]).split(known["split"]).paths(numbers)
    items = Items(ctx.store.folder(row.id).artifacts / "items")
    return [shown(path) for path in items.paths(numbers)]


def flat(row: dict[str, Any]) -> dict[str, Any]:
    """A row of a table: the likeliest classes in columns class1, probability1 ..."""
    found = {name: row[name] for name in COLUMNS}
    for place in range(TOP):
        one = row["top"][place] if place < len(row["top"]) else {"class": None, "probability": None}
        found |= {f"class{place + 1}": one["class"], f"probability{place + 1}": one["probability"]}
    return found


def as_csv(pieces: Iterator[list[dict[str, Any]]]) -> Iterator[bytes]:
    """With a head; blank where nothing is known."""
    heads: list[str] = []
    for rows in pieces:
        file = io.StringIO()
        table = [flat(row) for row in rows]
        writer = csv.DictWriter(file, list(table[0]))
        if not heads:
            heads = list(table[0])
            writer.writeheader()
        writer.writerows(table)
        yield file.getvalue().encode()


def as_jsonl(pieces: Iterator[list[dict[str, Any]]]) -> Iterator[bytes]:
    """One JSON object a line, with all that is known of the image."""
    for rows in pieces:
        yield "".join(json.dumps(row) + "\n" for row in rows).encode()


def as_parquet(pieces: Iterator[list[dict[str, Any]]]) -> Iterator[bytes]:
    """One row group for each thousand images."""
    import pyarrow
    import pyarrow.parquet

    kinds = {
        "index": pyarrow.int64(),
        "right": pyarrow.bool_(),
        "confidence": pyarrow.float32(),
        "loss": pyarrow.float32(),
    }
    first = next(pieces)
    names = list(flat(first[0]))
    number = pyarrow.float32()
    fields = [(name, kinds.get(name, number if name.startswith("probability") else pyarrow.string())) for name in names]
    file = _Pipe()
    with pyarrow.parquet.ParquetWriter(file, schema := pyarrow.schema(fields)) as writer:
        for rows in chain([first], pieces):
            writer.write_table(pyarrow.Table.from_pylist([flat(row) for row in rows], schema))
            yield file.taken()
    yield file.taken()


class _Pipe(io.RawIOBase):
    """A file that is only written: what was taken out is forgotten, while the position goes on."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._position = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def write(self, data: Any) -> int:
        piece = bytes(data)
        self._pieces.append(piece)
        self._position += len(piece)
        return len(piece)

    def taken(self) -> bytes:
        """What was written since the last call."""
        data, self._pieces = b"".join(self._pieces), []
        return data
