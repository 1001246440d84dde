"""The columns of an analysed split: one value a record, from the build and from the analysis, and orders by value."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.database import Split

SORTS = {
    "brightness": "Brightness",
    "contrast": "Contrast",
    "sharpness": "Sharpness",
    "area": "Size of the source",
    "aspect": "Aspect ratio of the source",
    "file_bytes": "Bytes of the source file",
    "problems": "Problems found",
}
"""What records can be ordered by, with words for people."""
_SIDES = {"source_width": 0, "source_height": 1}
"""Pictures with boxes or masks are stored at their own size: columns of sizes.npy."""


class Columns:
    """Columns of one split by name: arrays [n] mapped from ``<name>.npy`` of the analysis or of the dataset.

    ``analysis`` is the split's folder among the artifacts of an analysis, None where there is none.
    """

    def __init__(self, split: Split, analysis: Path | None) -> None:
        self.split = split
        self.analysis = analysis

    def __getitem__(self, name: str) -> NDArray[Any]:
        """The column; zeros where a build of another time or source did not know it. Raises KeyError elsewhere."""
        for folder in (self.analysis, self.split.folder):
            if folder is not None and (folder / f"{name}.npy").exists():
                column: NDArray[Any] = np.load(folder / f"{name}.npy", mmap_mode="r")
                return column
        if name in _SIDES and (self.split.folder / "sizes.npy").exists():
            sizes: NDArray[Any] = np.load(self.split.folder / "sizes.npy", mmap_mode="r")
            return sizes[:, _SIDES[name]]
        if name.startswith("source_"):
            return np.zeros(len(self.split), np.uint32)
        raise KeyError(name)

    def __contains__(self, name: str) -> bool:
        return any(folder is not None and (folder / f"{name}.npy").exists() for folder in self._folders)

    @property
    def _folders(self) -> tuple[Path | None, Path]:
        return self.analysis, self.split.folder

    @cached_property
    def sorts(self) -> list[str]:
        """What this split can be ordered by."""
        return [name for name in SORTS if self.analysis is not None and self._order_path(name).exists()]

    def order(self, sort: str) -> NDArray[np.int64]:
        """Record numbers by rising value of a sort. Raises KeyError where the split cannot be ordered by it."""
        if sort not in SORTS or self.analysis is None or not self._order_path(sort).exists():
            raise KeyError(sort)
        order: NDArray[np.int64] = np.load(self._order_path(sort), mmap_mode="r")
        return order

    def sort_values(self, sort: str, records: Sequence[int] | None = None) -> NDArray[Any]:
        """The values by which a sort orders, of all records or of some. Raises KeyError."""
        at = slice(None) if records is None else np.asarray(records, np.int64)
        if sort == "area":
            area: NDArray[Any] = self["source_width"][at].astype(np.uint64) * self["source_height"][at]
            return area
        if sort == "aspect":
            ratio: NDArray[Any] = self["source_width"][at] / np.maximum(self["source_height"][at], 1)
            return ratio
        values: NDArray[Any] = self["source_bytes" if sort == "file_bytes" else sort][at]
        return values

    def save_orders(self) -> None:
        """Write the order of each sort whose values are there. Raises OSError (disk full)."""
        for sort in SORTS:
            try:
                values = self.sort_values(sort)
            except KeyError:
                continue
            if len(values) and values.min() != values.max():
                np.save(self._order_path(sort), np.argsort(values, kind="stable").astype(np.int64))

    def _order_path(self, sort: str) -> Path:
        if self.analysis is None:
            raise KeyError(sort)
        return self.analysis / f"order.{sort}.npy"
