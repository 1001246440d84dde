"""Writing one split: LMDB records in order of arrival and the index files beside them, reproducible to the byte."""

from __future__ import annotations

import errno
import os
import shutil
from array import array
from json.encoder import encode_basestring_ascii
from pathlib import Path
from types import TracebackType
from typing import Any

import lmdb
import numpy as np
from numpy.typing import NDArray

from data.database import KEY_BYTES, SplitInfo
from data.source_facts import save_facts

_FIRST_MAP = 64 << 20
_BATCH_RECORDS = 1000
_BATCH_BYTES = 32 << 20
_DISK_SLACK = 1 << 20


class SplitWriter:
    """Appends records to a new split folder; ``finish`` writes the index. Needs little memory: 52 bytes a record.

    Transactions end after a fixed number of records or bytes, never by the clock, so that the file is reproducible.
    Nothing is flushed before the end: a dataset counts only once its manifest is there.
    """

    def __init__(self, folder: Path, classes: int) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        self.counts = [0] * classes
        self._labels = array("i")
        self._ends = array("q", [0])
        self._facts: list[NDArray[np.uint64]] = []
        self._paths = (folder / "paths.txt").open("wb")
        self._lmdb = lmdb.open(str(folder), map_size=_FIRST_MAP, lock=False, sync=False, metasync=False)
        self._batch: list[tuple[bytes, bytes]] = []
        self._batch_bytes = 0

    def __enter__(self) -> SplitWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._paths.close()
        self._lmdb.close()

    def add(self, label: int, path: str, value: bytes) -> None:
        """Append a record. Raises OSError where the disk is full."""
        line = encode_basestring_ascii(path).encode() + b"\n"
        self._paths.write(line)
        self._ends.append(self._ends[-1] + len(line))
        self._batch.append((len(self._labels).to_bytes(KEY_BYTES, "big"), value))
        self._labels.append(label)
        self.counts[label] += 1
        self._batch_bytes += len(value)
        if len(self._batch) >= _BATCH_RECORDS or self._batch_bytes >= _BATCH_BYTES:
            self._commit()

    def describe(self, facts: NDArray[np.uint64]) -> None:
        """Append what is known of the source files of records just added, one row each (data/source_facts.py)."""
        self._facts.append(facts)

    def finish(self, failed: int) -> SplitInfo:
        """Write what is left and the index files; ``failed`` files are only noted. Raises OSError (disk full)."""
        self._commit()
        self._lmdb.sync(True)
        self._paths.flush()
        labels = np.array(self._labels, np.int32)
        order = np.argsort(labels, kind="stable").astype(np.int64)
        starts = np.concatenate(([0], np.cumsum(self.counts))).astype(np.int64)
        index: dict[str, NDArray[Any]] = {
            "labels": labels,
            "order": order,
            "starts": starts,
            "paths.idx": np.array(self._ends, np.int64),
        }
        for name, values in index.items():
            np.save(self.folder / f"{name}.npy", values)
        if self._facts:  # a writer that is told nothing leaves no such columns
            save_facts(np.concatenate(self._facts), self.folder)
        size = (self.folder / "data.mdb").stat().st_size
        return SplitInfo(len(labels), tuple(self.counts), failed, size)

    def _commit(self) -> None:
        """Write the batch in one transaction; a full map is doubled and the whole batch written again."""
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

    def _disk_error(self, error: lmdb.Error) -> OSError:
        """LMDB's error as the operating system's: on a full disk a short write comes back as "Input/output error"."""
        full = shutil.disk_usage(self.folder).free < self._batch_bytes + _DISK_SLACK
        code = errno.ENOSPC if full else (getattr(error, "code", None) or errno.EIO)
        return OSError(code, os.strerror(code), str(self.folder / "data.mdb"))
