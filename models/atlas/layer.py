"""One layer of a finished atlas, read back: its units sorted and filtered, and everything about one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from models.atlas.spans import crop

SORTS = ("number", "strongest", "selective", "sparse", "similar", "dead")
"""By number; by the highest value; by selectivity; by how seldom they are above zero; look-alikes side by side; those
that are never above zero, first."""


@lru_cache(maxsize=8)
def _read(path: Path, _written: int) -> dict[str, NDArray[Any]]:
    with np.load(path) as kept:
        return {name: kept[name] for name in kept.files}


@dataclass(frozen=True)
class AtlasLayer:
    """``facts`` is the layer's entry of atlas.json, ``arrays`` the figures of its units."""

    facts: Mapping[str, Any]
    atlas: Mapping[str, Any]
    arrays: Mapping[str, NDArray[Any]]

    @classmethod
    def read(cls, folder: Path, atlas: Mapping[str, Any], index: int) -> AtlasLayer:
        """Layer number ``index`` of the atlas in ``folder``. Raises OSError where its file is gone."""
        path = folder / "layers" / f"{index}.npz"
        return cls(atlas["layers"][index], atlas, _read(path, path.stat().st_mtime_ns))

    @property
    def units(self) -> int:
        """How many there are."""
        return int(self.facts["units"])

    @property
    def favourite(self) -> NDArray[np.int64]:
        """The class with the highest mean of each unit; images of no known class do not count."""
        known = self.arrays["profile"][:-1]
        return known.argmax(0) if len(known) else np.zeros(self.units, np.int64)

    def order(self, sort: str, cls: int | None = None) -> NDArray[np.int64]:
        """Numbers of the units in an order of SORTS; with ``cls`` only those whose favourite it is."""
        order = self._order(sort)
        return order if cls is None else order[self.favourite[order] == cls]

    def _order(self, sort: str) -> NDArray[np.int64]:
        arrays = self.arrays
        if sort == "similar" and "alike" in arrays:
            return by_similarity(arrays["alike"])
        key = {
            "strongest": -np.nan_to_num(arrays["top_values"][:, 0], nan=-np.inf),
            "selective": -np.nan_to_num(arrays["selectivity"], nan=-1.0),
            "sparse": arrays["active"],
            "dead": arrays["active"] > 0,
        }.get(sort, np.arange(self.units))
        return np.argsort(key, kind="stable")

    def votes(self, cls: int) -> NDArray[np.float32]:
        """How far the mean of each unit for a class is above its mean over all images, in standard deviations."""
        spread = np.maximum(self.arrays["spread"], 1e-12)
        found: NDArray[np.float32] = (self.arrays["profile"][cls] - self.arrays["mean"]) / spread
        return found

    def brief(self, unit: int) -> dict[str, Any]:
        """What a tile shows of a unit."""
        arrays, favourite = self.arrays, int(self.favourite[unit])
        top = arrays["top_numbers"][unit]
        return {
            "unit": unit,
            "highest": number(arrays["top_values"][unit, 0]),
            "favourite": favourite,
            "class": self.atlas["classes"][favourite],
            "selectivity": number(arrays["selectivity"][unit]),
            "active": float(arrays["active"][unit]),
            "dead": bool(arrays["active"][unit] == 0),
            "top": [int(image) for image in top if image >= 0],
        }

    def about(self, unit: int) -> dict[str, Any]:
        """Everything about a unit: its images at top, bottom and between, class profile, look-alikes."""
        arrays = self.arrays
        places = arrays["top_places"][unit]
        top = self._images(arrays["top_numbers"][unit], arrays["top_values"][unit], places)
        bottom = self._images(arrays["bottom_numbers"][unit], arrays["bottom_values"][unit])
        alike = arrays["alike"][unit] if "alike" in arrays else np.empty((0, 2))
        quantiles = self.atlas["quantiles"]
        step = self.atlas["stride"] if self.atlas["format"] == 1 else 1  # once they were counted in kept images
        sample = arrays["sample"][unit] * step if "sample" in arrays else ()
        profile = arrays["profile"][:-1, unit]
        return {
            **self.brief(unit),
            "top": top,
            "bottom": bottom,
            "sample": [
                {"image": int(image), "quantile": share} for image, share in zip(sample, quantiles, strict=False)
            ],
            "mean": float(arrays["mean"][unit]),
            "spread": float(arrays["spread"][unit]),
            "profile": [float(value) for value in profile],
            "alike": [{"unit": int(other), "correlation": float(share)} for other, share in alike if other >= 0],
        }

    def _images(
        self, numbers: NDArray[Any], values: NDArray[Any], places: NDArray[Any] | None = None
    ) -> list[dict[str, Any]]:
        found = []
        for at, (image, value) in enumerate(zip(numbers, values, strict=True)):
            if image >= 0:
                box = None if places is None or places[at] < 0 else self.box(int(places[at]))
                found.append({"image": int(image), "value": number(value), "box": box})
        return found

    def box(self, place: int) -> list[int] | None:
        """The receptive field of a place of the map, [top, bottom, left, right) in pixels of the record; None: all."""
        field, grid = self.facts["field"], self.facts["grid"]
        if field is None or len(grid) != 2:
            return None
        spans = crop(field, [int(at) for at in np.unravel_index(place, grid)])
        return [int(edge) + shift for (span, shift) in zip(spans, self.atlas["offset"], strict=True) for edge in span]


def by_similarity(alike: NDArray[Any]) -> NDArray[np.int64]:
    """Units in a chain from look-alike to look-alike; ``alike`` is [units, most, (unit, correlation)], closest first.

    It begins with the unit that has the closest one, goes on to the closest that is not in it yet, and where there is
    none begins anew with the unit that has the closest of those left.
    """
    begins = np.argsort(-np.nan_to_num(alike[:, 0, 1], nan=-2.0), kind="stable")
    left, chain = np.ones(len(alike), np.bool_), []
    for begin in begins:
        at = int(begin)
        while left[at]:
            left[at] = False
            chain.append(at)
            at = next((int(one) for one in alike[at, :, 0] if one >= 0 and left[int(one)]), at)
    return np.array(chain, np.int64)


def number(value: Any) -> float | None:
    """A plain number, None for NaN."""
    return float(value) if value == value else None


def strip(
    pictures: Mapping[int, NDArray[np.uint8]], rows: Sequence[Sequence[tuple[int, list[int] | None]]], cell: int
) -> NDArray[np.uint8]:
    """Crops of images side by side: one row for each list of (image, box), uint8 [rows * cell, columns * cell, 3]."""
    columns = max((len(row) for row in rows), default=1) or 1
    sheet = np.full((max(1, len(rows)) * cell, columns * cell, 3), 128, np.uint8)
    for down, row in enumerate(rows):
        for across, (image, box) in enumerate(row):
            picture = pictures[image]
            top, bottom, left, right = box or (0, picture.shape[0], 0, picture.shape[1])
            part = np.ascontiguousarray(picture[top : max(bottom, top + 1), left : max(right, left + 1)])
            part = part if part.shape[2] == 3 else np.repeat(part, 3, 2)
            image_part = Image.fromarray(part)
            scale = Image.Resampling.BOX if part.shape[0] > cell else Image.Resampling.NEAREST
            there = np.asarray(image_part.resize((cell, cell), scale))
            sheet[down * cell : (down + 1) * cell, across * cell : (across + 1) * cell] = there
    return sheet
