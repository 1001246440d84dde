"""Reading detection and segmentation records: pictures of any size, their objects and masks, pages of one class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.codecs import Pixels, decode_record
from data.database import Split
from data.errors import UserError
from data.objects.geometry import picked
from data.objects.masks import Mask, decode_mask
from data.objects.table import FLAG_NAMES, HOLE, KEYPOINTS, Shapes

ARRAYS = ("idx", "cls", "flags", "box", "parts", "points")


class ObjectSplit(Split):
    """Records whose pictures have sizes of their own. A page of a class holds the records in which it occurs."""

    def __init__(self, folder: Path, channels: int, encoding: str) -> None:
        super().__init__(folder, (0, 0, channels), encoding)
        self.sizes: NDArray[np.int32] = np.load(folder / "sizes.npy", mmap_mode="r")

    def __reduce__(self) -> tuple[Any, ...]:
        return (ObjectSplit, (self.folder, self.shape[2], self.encoding))

    @cached_property
    def shapes(self) -> Shapes:
        """The objects of all records."""
        return Shapes(*(np.load(self.folder / f"objects.{name}.npy", mmap_mode="r") for name in ARRAYS))

    @property
    def has_masks(self) -> bool:
        """Whether each record has a mask."""
        return (self.folder / "masks.bin").exists()

    def size(self, index: int) -> tuple[int, int]:
        """(width, height) of a record's picture. Raises IndexError."""
        width, height = self.sizes[self._checked(index)]
        return int(width), int(height)

    def caption(self, index: int, classes: Sequence[str]) -> str:
        """What is in a record in a few words: "4 RBC, 1 WBC"; the file's name for one with a mask."""
        if self.has_masks:
            return self.path(index).rpartition("/")[2]
        counts = Counter(self.objects(index).cls.tolist())
        return ", ".join(f"{count} {classes[label]}" for label, count in counts.most_common(3)) or "nothing marked"

    def image(self, index: int) -> Pixels:
        """One record as uint8 (height, width, channels). Raises IndexError."""
        width, height = self.size(index)
        out = np.empty((height, width, self.shape[2]), np.uint8)
        decode_record(self.encoded(index), self.encoding, out)
        return out

    def read(self, indices: Sequence[int] | NDArray[Any], out: Pixels | None = None) -> Pixels:
        """Records of one size, uint8 (n, height, width, channels). Raises UserError where their sizes differ."""
        if len({self.size(int(index)) for index in indices}) > 1:
            raise UserError("These pictures have different sizes; they can only be read one by one.")
        images = [self.image(int(index)) for index in indices]
        if out is None:
            return np.stack(images) if images else np.empty((0, 0, 0, self.shape[2]), np.uint8)
        for place, image in zip(out, images, strict=True):
            place[...] = image
        return out

    def objects(self, index: int) -> Shapes:
        """The objects of one record, coordinates in pixels of its picture as stored. Raises IndexError."""
        return picked(self.shapes, self._checked(index))

    def mask_png(self, index: int) -> bytes | None:
        """The mask of a record as a grey PNG of class numbers; None where the dataset has none. Raises IndexError."""
        index = self._checked(index)
        if not self.has_masks:
            return None
        ends = np.load(self.folder / "masks.idx.npy", mmap_mode="r")
        with (self.folder / "masks.bin").open("rb") as file:
            file.seek(int(ends[index]))
            return file.read(int(ends[index + 1] - ends[index]))

    def mask(self, index: int) -> Mask | None:
        """The mask of a record, uint8 (height, width); None where the dataset has none. Raises IndexError."""
        data = self.mask_png(index)
        return None if data is None else decode_mask(data)


def as_dicts(shapes: Shapes, classes: Sequence[str]) -> list[dict[str, Any]]:
    """The objects of one record for people and JSON, in the order of the file.

    ``{"label", "class", "box": [left, top, right, bottom], "flags": [words], "polygons": [[x, y ...]], "holes":
    [[x, y ...]] cut out of those, "keypoints": [[x, y, v] ...]}``, pixels with two decimals.
    """
    found: list[dict[str, Any]] = []
    for number, label in enumerate(shapes.cls.tolist()):
        flags = [word for bit, word in FLAG_NAMES.items() if shapes.flags[number] & bit]
        box = [round(value, 2) for value in shapes.box[number].tolist()]
        lines: dict[str, list[Any]] = {"polygons": [], "holes": [], "keypoints": []}
        found.append({"label": label, "class": classes[label], "box": box, "flags": flags, **lines})
    ends = [*shapes.parts[1:, 2].tolist(), len(shapes.points)]
    for (number, kind, begin), end in zip(shapes.parts.tolist(), ends, strict=False):
        points = np.round(shapes.points[begin:end].astype(np.float64), 2)
        if kind == KEYPOINTS:
            found[number]["keypoints"] = points.tolist()
        else:
            found[number]["holes" if kind == HOLE else "polygons"].append(points[:, :2].reshape(-1).tolist())
    return found
