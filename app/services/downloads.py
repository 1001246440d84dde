"""A view of a dataset as one zip, made while it is being sent: the stored pictures by class, and a table of them."""

from __future__ import annotations

import csv
import re
import time
import zipfile
from collections.abc import Iterator
from tempfile import TemporaryFile
from typing import Any, BinaryIO, cast

from app.services.archives import Sink
from app.services.context import Context, require
from app.services.explorer import View, view
from app.services.offload import offload_each
from app.services.sprites import as_png
from data.index import Query
from jobs.permissions import Principal
from jobs.tables import JobRow

AT_ONCE = 200
PIECE = 256 * 1024
COLUMNS = ("file", "split", "index", "class", "label", "path")


def selection(
    ctx: Context, who: Principal | None, row: JobRow, split: str, query: Query
) -> tuple[str, str, Iterator[bytes]]:
    """File name, MIME type and bytes of a zip of all records of a view. Raises NotAllowed and what ``view`` raises.

    Pictures are stored as they are in the dataset (raw ones as PNG) as ``<class>/<record number>.<ending>``;
    manifest.csv names for each its class, the file it was made from, and what the set's own table says of it.
    """
    require(who, "download", row)
    opened = view(ctx, who, row, split, query)
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", row.name).strip("-.") or "dataset"
    return f"{stem}_{row.id}_{split}.zip", "application/zip", offload_each(_zip(opened))


def _zip(opened: View) -> Iterator[bytes]:
    sink = Sink()
    with (
        zipfile.ZipFile(cast(BinaryIO, sink), "w", zipfile.ZIP_STORED) as archive,
        TemporaryFile("w+", newline="", encoding="utf-8") as table,
    ):
        writer = csv.writer(table)
        writer.writerow((*COLUMNS, *opened.split.details.columns))
        for start in range(0, opened.total, AT_ONCE):
            for name, data, line in _files(opened, opened.records(start, AT_ONCE)):
                archive.writestr(_entry(name), data)
                writer.writerow(line)
                if sink.held >= PIECE:
                    yield sink.take()
        table.seek(0)
        with archive.open(_entry("manifest.csv"), "w", force_zip64=True) as file:
            while text := table.read(PIECE):
                file.write(text.encode("utf-8"))
                yield sink.take()
    yield sink.take()


def _files(opened: View, numbers: list[int]) -> Iterator[tuple[str, bytes, tuple[Any, ...]]]:
    """For each record its name in the zip, its bytes, and its line in the table."""
    part, dataset = opened.split, opened.dataset
    ending = "png" if dataset.encoding == "raw" else dataset.encoding
    for number, path in zip(numbers, part.paths(numbers), strict=True):
        label = part.label(number)
        data = as_png(part.image(number)) if dataset.encoding == "raw" else part.encoded(number)
        words = dataset.classes[label] if label >= 0 else "images"
        name = f"{_folder(words, label)}/{number:07d}.{ending}"
        known = part.details.of(number)
        details = (known.get(column, "") for column in part.details.columns)
        yield name, data, (name, part.folder.name, number, part.caption(number, dataset.classes), label, path, *details)


def _folder(name: str, label: int) -> str:
    """A class's name as a folder that every system can make."""
    safe = re.sub(r'[\x00-\x1f<>:"/\\|?*]+', "_", name).strip(". ")[:80]
    return safe or f"class-{label}"


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, time.localtime()[:6])
    entry.external_attr = 0o644 << 16
    return entry
