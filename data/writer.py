"""Writing one split: LMDB records in order of arrival and the index files beside them, reproducible to the byte.

What is known of each record goes to disk at once: memory does not grow with the number of records.
"""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path
from types import TracebackType

import lmdb
import numpy as np
from numpy.typing import NDArray

from data.columns_file import ColumnsFile
from data.database import KEY_BYTES, SplitInfo
from data.details import DetailsWriter
from data.lines import LinesWriter
from data.source_facts import COLUMNS

_FIRST_MAP = 64 << 20
_BATCH_RECORDS = 1000
_BATCH_BYTES = 32 << 20
_DISK_SLACK = 1 << 20
_RENEW = 16
"""Commits after which the file is opened anew."""


class SplitWriter:
    """Appends records to a new split folder; ``finish`` writes the index.

    Transactions end after a fixed number of records or bytes, never by the clock, so that the file is reproducible.
    Nothing is flushed before the end: a dataset counts only once its manifest is there.
    """

    def __init__(self, folder: Path, classes: int, details: tuple[str, ...] = ()) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.counts = [0] * classes
        self._written = 0
        self._labels = ColumnsFile(folder / "labels.part", np.int32)
        self._fresh: list[int] = []
        self._paths = LinesWriter(folder, "paths")
        self._facts: ColumnsFile | None = None
        self._details = DetailsWriter(folder, details) if details else None
        self._lmdb = self._open(_FIRST_MAP)
        self._commits = 0
        self._batch: list[tuple[bytes, bytes]] = []
        self._batch_bytes = 0

    def __enter__(self) -> SplitWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._lmdb.close()
        for part in (self._labels, self._paths, self._facts, self._details):
            if part is not None:
                part.close()

    def add(self, label: int, path: str, value: bytes) -> None:
        """Append a record. Raises OSError where the disk is full."""
        self._paths.add(path)
        self._fresh.append(label)
        self._batch.append((self._written.to_bytes(KEY_BYTES, "big"), value))
        self._written += 1
        self.counts[label] += 1
        self._batch_bytes += len(value)
        if len(self._batch) >= _BATCH_RECORDS or self._batch_bytes >= _BATCH_BYTES:
            self._commit()

    def describe(self, facts: NDArray[np.uint64]) -> None:
        """Append what is known of the source files of records just added, one row each (data/source_facts.py)."""
        if self._facts is None:  # a writer that is told nothing leaves no such columns
            self._facts = ColumnsFile(self.folder / "facts.part", np.uint64, len(COLUMNS))
        self._facts.add(facts)

    def remark(self, values: list[str]) -> None:
        """Append what a table says of the record just added, a value for each of ``details`` (data/details.py)."""
        if self._details is not None:
            self._details.add(values)

    def finish(self, failed: int) -> SplitInfo:
        """Write what is left and the index files; ``failed`` files are only noted. Raises OSError (disk full)."""
        self._commit()
        self._lmdb.sync(True)
        self._paths.save()
        if self._details is not None:
            self._details.save()
        self._labels.save(self.folder / "labels.npy")
        if self._facts is not None:
            for column, (name, kind) in enumerate(COLUMNS.items()):
                self._facts.save(self.folder / f"{name}.npy", column, kind)
        starts = np.concatenate(([0], np.cumsum(self.counts))).astype(np.int64)
        np.save(self.folder / "starts.npy", starts)
        save_order(self._labels, starts, self.folder / "order.npy")
        size = (self.folder / "data.mdb").stat().st_size
        return SplitInfo(self._written, tuple(self.counts), failed, size)

    def _commit(self) -> None:
        """Write the batch in one transaction; a full map is doubled and the whole batch written again."""
        if self._fresh:
            self._labels.add(np.array(self._fresh, np.int32))
            self._fresh.clear()
        while self._batch:
            try:
                with self._lmdb.begin(write=True) as transaction:
                    for key, value in self._batch:
                        transaction.put(key, value, append=True)
            except lmdb.MapFullError:
                self._lmdb.set_mapsize(self._lmdb.info()["map_size"] * 2)
            except lmdb.Error as error:
                raise self._disk_error(error) from error
            else:
                self._batch.clear()
                self._batch_bytes = 0
                self._commits += 1
                if self._commits % _RENEW == 0:
                    self._renew()

    def _open(self, size: int) -> lmdb.Environment:
        return lmdb.open(str(self.folder), map_size=size, lock=False, sync=False, metasync=False)

    def _renew(self) -> None:
        """Open the file anew: each commit looks at its last pages through the map, and those count as our memory."""
        size = self._lmdb.info()["map_size"]
        self._lmdb.close()
        self._lmdb = self._open(size)

    def _disk_error(self, error: lmdb.Error) -> OSError:
        """LMDB's error as the operating system's: on a full disk a short write comes back as "Input/output error"."""
        full = shutil.disk_usage(self.folder).free < self._batch_bytes + _DISK_SLACK
        code = errno.ENOSPC if full else (getattr(error, "code", None) or errno.EIO)
        return OSError(code, os.strerror(code), str(self.folder / "data.mdb"))


def save_order(labels: ColumnsFile, starts: NDArray[np.int64], target: Path) -> None:
    """Write the record numbers class by class, rising within each, as .npy int64 [n].

    A counting sort from file to file: each piece's numbers of a class go to where that class has got to; ``starts``
    [classes + 1] is where each begins.
    """
    filled, begin = starts[:-1].copy(), 0
    with target.open("wb") as out:
        head = {"descr": "<i8", "fortran_order": False, "shape": (labels.rows,)}
        np.lib.format.write_array_header_1_0(out, head)
        base = out.tell()
        for piece in labels.pieces():
            order = np.argsort(piece[:, 0], kind="stable")
            classes, firsts = np.unique(piece[order, 0], return_index=True)
            for cls, numbers in zip(classes.tolist(), np.split(order + begin, firsts[1:]), strict=True):
                out.seek(base + 8 * int(filled[cls]))
                out.write(numbers.astype("<i8", copy=False).data)
                filled[cls] += len(numbers)
            begin += len(piece)
