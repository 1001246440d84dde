"""Writing one split of a detection or segmentation dataset: pictures, their objects or masks, and the index."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from data.objects.geometry import classes_in, joined, scaled
from data.objects.masks import Mask, encode_mask
from data.objects.table import Shapes
from data.placement import Size
from data.source_facts import SourceFacts, facts_table
from data.writer import SplitWriter

_JOIN = 1000
NO_CLASS = -1
"""The label of every record: a picture of several objects has no single class."""


@dataclass(frozen=True)
class ObjectInfo:
    """What the manifest says of a split: records, how many of them hold each class, objects (or pixels of masks) of
    each class, records without any, files that failed, bytes on disk."""

    entries: int
    counts: tuple[int, ...]
    objects: tuple[int, ...]
    empty: int
    failed: int
    bytes: int


class ObjectWriter:
    """Appends pictures with their objects or masks to a new split folder; ``finish`` writes the index."""

    def __init__(self, folder: Path, classes: int) -> None:
        self.folder = folder
        self.classes = classes
        self.present = np.zeros(classes, np.int64)
        self._records = SplitWriter(folder, 1)  # its index knows one class; finish() replaces it by one of many
        self._masks = (folder / "masks.bin").open("wb")
        self._mask_ends = [0]
        self._sizes: list[Size] = []
        self._runs: list[Shapes] = []
        self._fresh: list[Shapes] = []
        self._classes_of: list[NDArray[np.int64]] = []
        self._pixels = np.zeros(classes, np.int64)

    def __enter__(self) -> ObjectWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._masks.close()
        self._records.__exit__(kind, error, at)

    def __len__(self) -> int:
        return len(self._sizes)

    def add(self, path: str, value: bytes, size: Size, objects: Shapes | None, mask: Mask | None) -> None:
        """Append a picture of ``size`` with its objects (of one picture) or its mask. Raises OSError: disk full."""
        self._records.add(0, path, value)
        self._sizes.append(size)
        if objects is not None:
            self._fresh.append(objects)
            holds = np.unique(objects.cls).astype(np.int64)
        else:
            holds = self._add_mask(mask)
        self._classes_of.append(holds)
        self.present[holds] += 1
        if len(self._fresh) == _JOIN:
            self._runs.append(joined(self._fresh))
            self._fresh = []

    def describe(self, facts: SourceFacts) -> None:
        """Keep what is known of the source file of the record just added (data/source_facts.py)."""
        self._records.describe(facts_table([facts], 0, 0))

    def _add_mask(self, mask: Mask | None) -> NDArray[np.int64]:
        """Append a mask; the classes in it."""
        if mask is None:
            raise ValueError("a record needs objects or a mask")
        self._masks.write(encode_mask(mask))
        self._mask_ends.append(self._masks.tell())
        pixels = np.bincount(mask.reshape(-1), minlength=256)[: self.classes]
        self._pixels += pixels
        return np.flatnonzero(pixels)

    def finish(self, failed: int) -> ObjectInfo:
        """Write what is left and the index files. Raises OSError (disk full)."""
        written = self._records.finish(failed)
        self._masks.close()
        np.save(self.folder / "sizes.npy", np.array(self._sizes, np.int32).reshape(-1, 2))
        self._write_index()
        masks = len(self._mask_ends) > 1
        if masks:
            np.save(self.folder / "masks.idx.npy", np.array(self._mask_ends, np.int64))
            objects = self._pixels
        else:
            (self.folder / "masks.bin").unlink()
            shapes = joined([*self._runs, joined(self._fresh)])
            for field in fields(shapes):
                np.save(self.folder / f"objects.{field.name}.npy", getattr(shapes, field.name))
            objects = classes_in(shapes.cls, self.classes)
        size = written.bytes + (self._mask_ends[-1] if masks else 0)
        empty = sum(not len(holds) for holds in self._classes_of)
        counts, held = tuple(self.present.tolist()), tuple(objects.tolist())
        return ObjectInfo(written.entries, counts, held, empty, failed, size)

    def _write_index(self) -> None:
        """labels, order and starts as the reader of any split expects them; a record is listed in all its classes."""
        numbers = np.repeat(np.arange(len(self._classes_of)), [len(holds) for holds in self._classes_of])
        classes = np.concatenate(self._classes_of) if self._classes_of else np.empty(0, np.int64)
        order = numbers[np.lexsort((numbers, classes))].astype(np.int64)
        starts = np.concatenate(([0], np.cumsum(self.present))).astype(np.int64)
        np.save(self.folder / "labels.npy", np.full(len(self), NO_CLASS, np.int32))
        np.save(self.folder / "order.npy", order)
        np.save(self.folder / "starts.npy", starts)


def to_stored(shapes: Shapes, relative: bool, source: Size, stored: Size) -> Shapes:
    """The objects of one picture in pixels of the picture as stored."""
    if relative:
        return scaled(shapes, float(stored.width), float(stored.height))
    return scaled(shapes, stored.width / source.width, stored.height / source.height)
