"""The diary on disk: ``diary/`` of a model's job folder, read through memory maps while the training goes on.

``statistics.npy`` float32 [COLUMNS, records]; ``history.f16`` float16 [rows, records], a row every ``every`` epochs:
the loss of each image when it was seen last in that epoch, negative where the answer was wrong, NaN where not seen;
``diary.json`` says what it is, and comes last.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import UserError
from data.whole import make_whole, naming, write_json
from models.diary.statistics import COLUMNS, ROW, Floats

FORMAT = 1
HISTORY_BYTES = 64 << 20
"""The history takes no more: of a large set and a long training it has a row every few epochs only."""
LARGEST_LOSS = 60_000.0
"""float16 ends at 65,504."""
Halves = NDArray[np.float16]


def spacing(records: int, epochs: float) -> int:
    """Epochs from one row of the history to the next, so that all rows stay below HISTORY_BYTES."""
    rows = max(1, HISTORY_BYTES // max(1, 2 * records))
    return max(1, math.ceil(epochs / rows))


class History:
    """The row that is being filled, and the file of all rows; ``every`` epochs there is one. ``rows`` are complete."""

    def __init__(self, path: Path, records: int, every: int) -> None:
        self.path = path
        self.every = every
        self.row: Halves = np.full(records, np.nan, np.float16)
        self.rows = 0
        self._most = max(1, HISTORY_BYTES // max(1, 2 * records))

    def note(self, numbers: NDArray[np.int64], loss: Floats, right: NDArray[np.bool_], epoch: int) -> None:
        """Take in answers of one epoch (from 0); of an image that is there twice the last one stays."""
        if epoch % self.every == 0:
            size = np.minimum(np.abs(loss), LARGEST_LOSS)
            self.row[numbers] = np.where(right, size, -size)
            self.rows = epoch // self.every

    def write(self) -> None:
        """Put the row in its place, if anything was noted in it. Raises OSError."""
        if self.rows < self._most and not np.isnan(self.row).all():
            _put(self.path, self.row, self.rows)

    def turn(self, epoch: int) -> None:
        """That epoch is over. Raises OSError."""
        if epoch % self.every == 0:
            self.write()
            self.row[:] = np.nan
            self.rows = epoch // self.every + 1

    def back(self, row: Halves | None, rows: int) -> None:
        """Go on with ``row`` after ``rows`` complete ones; what the file has beyond is dropped. Raises OSError."""
        self.row[:] = np.nan if row is None else row
        self.rows = rows
        keep = rows * self.row.nbytes
        if self.path.exists() and self.path.stat().st_size > keep:
            with self.path.open("rb+") as file:
                file.truncate(keep)


def _put(path: Path, row: Halves, place: int) -> None:
    try:
        with path.open("rb+" if path.exists() else "wb+") as file:
            end = file.seek(0, 2)
            for _ in range(end // row.nbytes, place):  # rows that were lost with a file are rows of images not seen
                file.write(np.full(len(row), np.nan, np.float16).tobytes())
            file.seek(place * row.nbytes)
            file.write(row.tobytes())
    except OSError as error:
        raise naming(path, error) from error


def write(folder: Path, table: Floats, about: Mapping[str, Any]) -> None:
    """Replace the statistics, then what is said about them. Raises OSError."""

    def save(aside: Path) -> None:
        with aside.open("wb") as file:
            np.save(file, table)

    make_whole(folder / "statistics.npy", save, durable=False)
    write_json(folder / "diary.json", {"format": FORMAT, **about, "columns": list(COLUMNS)})


@dataclass(frozen=True)
class Diary:
    """A diary as it is on disk now; ``about`` is diary.json: dataset, records, classes, step, epoch, every, ..."""

    folder: Path
    about: Mapping[str, Any]

    @cached_property
    def table(self) -> Floats:
        """float32 [COLUMNS, records], memory-mapped."""
        table: Floats = np.load(self.folder / "statistics.npy", mmap_mode="r")
        return table

    def column(self, name: str) -> Floats:
        """A figure of every image; also "variability", the standard deviation of the probability of its own class."""
        if name == "variability":
            return np.sqrt(self.column("squares") / np.maximum(self.column("seen"), 1))
        found: Floats = np.asarray(self.table[ROW[name]])
        return found

    def history(self, numbers: NDArray[np.int64]) -> tuple[list[int], Floats]:
        """Epochs (from 1) [rows], and float32 [rows, n] of losses, negative where wrong, NaN where not seen."""
        records, path = int(self.about["records"]), self.folder / "history.f16"
        rows = path.stat().st_size // (2 * records) if path.exists() else 0
        if not rows:
            return [], np.empty((0, len(numbers)), np.float32)
        whole = np.memmap(path, np.float16, "r", shape=(rows, records))
        epochs = [row * int(self.about["every"]) + 1 for row in range(rows)]
        return epochs, np.asarray(whole[:, numbers], np.float32)


def read(folder: Path) -> Diary | None:
    """The diary in ``folder``; None where there is none yet. Raises UserError where it cannot be read."""
    try:
        about = json.loads((folder / "diary.json").read_text(encoding="utf-8"))
        diary = Diary(folder, about)
        if about["format"] != FORMAT or diary.table.shape != (len(COLUMNS), about["records"]):
            raise ValueError("it is of another format")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"The learning diary in {folder} cannot be read: {error}.") from error
    return diary
