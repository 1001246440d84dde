"""What the checks look at: the columns of all splits as one, and which records are copies or look alike."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.analysis.columns import Columns
from data.database import CLASSIFICATION, Dataset
from data.doctor.alike import Groups, copies, lookalikes
from data.source_facts import KINDS

_TOGETHER = 16 << 20
"""Bytes of pictures read at once."""
BLANK = 2.0
"""Standard deviation of the grey levels below which there is nothing to see."""


@dataclass
class Evidence:
    """A dataset and its columns. Records of all splits are numbered through: those of the first split come first.

    ``looks`` holds, for each split, the lowest frequencies of every record as int8 [n, 144] (data/analysis/measure.py).
    """

    dataset: Dataset
    columns: Mapping[str, Columns]
    looks: Mapping[str, NDArray[np.int8]]

    @cached_property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits, in order."""
        return tuple(self.columns)

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """The first number of each split, and the number of all records."""
        return np.cumsum([0, *(self.dataset.splits[name].entries for name in self.splits)]).astype(np.int64)

    def __len__(self) -> int:
        return int(self.starts[-1])

    def column(self, name: str) -> NDArray[Any]:
        """A column over all splits."""
        if name not in self._columns:
            self._columns[name] = np.concatenate([np.asarray(self.columns[split][name]) for split in self.splits])
        return self._columns[name]

    @cached_property
    def _columns(self) -> dict[str, NDArray[Any]]:
        return {}

    @cached_property
    def labels(self) -> NDArray[np.int32]:
        """The class number of every record."""
        return np.concatenate([np.asarray(self.dataset.split(name).labels) for name in self.splits])

    @cached_property
    def split_of(self) -> NDArray[np.int8]:
        """The place in ``splits`` of every record's split."""
        return np.repeat(np.arange(len(self.splits)), np.diff(self.starts)).astype(np.int8)

    def by_split(self, records: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
        """Numbers through all splits as numbers in each split, in the same order; splits without one are left out."""
        found = {}
        for place, name in enumerate(self.splits):
            mine = records[(records >= self.starts[place]) & (records < self.starts[place + 1])]
            if len(mine):
                found[name] = mine - self.starts[place]
        return found

    @property
    def classified(self) -> bool:
        """Whether each record has one class and all have one size (no boxes, no masks)."""
        return self.dataset.kind == CLASSIFICATION

    @cached_property
    def blank(self) -> NDArray[np.bool_]:
        """Records in which there is nothing to see."""
        return np.asarray(self.column("contrast") < BLANK)

    @cached_property
    def sized(self) -> NDArray[np.bool_]:
        """Records whose source picture's size is known."""
        return np.asarray((self.column("source_width") > 0) & (self.column("source_height") > 0))

    @cached_property
    def kinds(self) -> NDArray[np.str_]:
        """What kind of file each record came from ("unknown" where that was not kept)."""
        return np.asarray(np.array(KINDS)[np.minimum(self.column("source_kind"), len(KINDS) - 1)])

    @cached_property
    def copies(self) -> Groups:
        """Records of the same pixels or of the same file, each group in ascending order; blank ones are left out."""
        files = (self.column("source_sum"), self.column("source_bytes"))
        return copies(self.column("pixel_crc"), self.column("look_hash"), files, ~self.blank)

    @cached_property
    def alike(self) -> Groups:
        """Records that look the same or nearly so: copies are among them, those of one group are one to the eye."""
        looks = np.concatenate([self.looks[name] for name in self.splits])
        return lookalikes(self.column("look_hash"), looks, self.copies, ~self.blank, self._grey)

    def _grey(self, records: NDArray[np.int64]) -> list[NDArray[np.uint8]]:
        """The stored pictures of some records in grey, (height, width) each."""
        from data.analysis.measure import grey_levels

        found: dict[int, NDArray[np.uint8]] = {}
        step = max(1, _TOGETHER // max(1, math.prod(self.dataset.shape))) if self.classified else 1
        for name, numbers in self.by_split(records).items():
            base = int(self.starts[self.splits.index(name)])
            for part in np.array_split(numbers, -(-len(numbers) // step)):
                grey = grey_levels(self.dataset.split(name).read(part))
                found.update(zip((base + part).tolist(), grey, strict=True))
        return [found[int(record)] for record in records]

    @cached_property
    def failures(self) -> list[dict[str, Any]]:
        """The source files that could not be read (failures.jsonl)."""
        path = self.dataset.path / "failures.jsonl"
        if not path.exists():
            return []
        with path.open(encoding="utf-8") as file:
            return [json.loads(line) for line in file]
