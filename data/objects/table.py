"""Annotations of a million pictures in a few arrays: what a source found, before any picture is opened."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from data.errors import UserError
from data.objects.palette import Palette
from data.paths import PathTable

CROWD, DIFFICULT, TRUNCATED, OCCLUDED, IGNORED = 1, 2, 4, 8, 16
"""Flags of an object, as COCO, Pascal VOC and KITTI know them; IGNORED: a region that nothing is said about."""
FLAG_NAMES = {CROWD: "crowd", DIFFICULT: "difficult", TRUNCATED: "truncated", OCCLUDED: "occluded", IGNORED: "ignored"}
POLYGON, KEYPOINTS, HOLE = 0, 1, 2
"""Kinds of parts of an object. A hole is cut out of the object's polygons."""


@dataclass(frozen=True)
class Thing:
    """One object: class number, box (left, top, right, bottom), flags, outline and keypoints.

    All coordinates are pixels of the upright picture, or fractions of its size in a table that says so. A polygon is
    x, y, x, y ..., and so are ``holes``, which are cut out of them; ``keypoints`` are x, y, v triples (v 0: not given,
    1: hidden, 2: visible, as COCO).
    """

    cls: int
    box: tuple[float, float, float, float]
    flags: int = 0
    polygons: Sequence[Sequence[float]] = ()
    keypoints: Sequence[float] = ()
    holes: Sequence[Sequence[float]] = ()


@dataclass(frozen=True)
class Shapes:
    """The objects of some pictures as arrays, in the order of the pictures.

    ``idx`` int64 [n+1] delimits each picture's objects; ``cls`` int32 [m], ``flags`` uint8 [m], ``box`` float32 [m, 4];
    ``parts`` int64 [p, 3]: object, kind (0 polygon, 1 keypoints, 2 hole), first point; ``points`` float32 [k, 3]: x, y,
    v (of a polygon or hole 2). Parts are in the order of their objects, and a part ends where the next begins.
    """

    idx: NDArray[np.int64]
    cls: NDArray[np.int32]
    flags: NDArray[np.uint8]
    box: NDArray[np.float32]
    parts: NDArray[np.int64]
    points: NDArray[np.float32]


class ObjectTable:
    """Append-only: pictures in order, each with its objects. ``relative`` coordinates are fractions of the picture."""

    def __init__(self, relative: bool = False) -> None:
        self.relative = relative
        self._ends = array("q", [0])
        self._cls = array("i")
        self._flags = array("B")
        self._box = array("f")
        self._parts = array("q")
        self._points = array("f")

    def __len__(self) -> int:
        return len(self._ends) - 1

    @property
    def objects(self) -> int:
        """How many objects all pictures have together."""
        return len(self._cls)

    def add(self, things: Sequence[Thing]) -> None:
        """Append a picture."""
        for thing in things:
            number = len(self._cls)
            self._cls.append(thing.cls)
            self._flags.append(thing.flags)
            self._box.extend(thing.box)
            for kind, lines in ((POLYGON, thing.polygons), (HOLE, thing.holes)):
                for line in lines:
                    self._parts.extend((number, kind, len(self._points) // 3))
                    for x, y in zip(line[0::2], line[1::2], strict=False):
                        self._points.extend((x, y, 2.0))
            if thing.keypoints:
                self._parts.extend((number, KEYPOINTS, len(self._points) // 3))
                self._points.extend(thing.keypoints)
        self._ends.append(len(self._cls))

    def renumber(self, numbers: Sequence[int]) -> None:
        """Change class ``c`` to ``numbers[c]`` (classes are numbered as they appear, and sorted at the end)."""
        self._cls = array("i", [numbers[cls] for cls in self._cls])

    def shapes(self) -> Shapes:
        """All of it as arrays (copies)."""
        return Shapes(
            np.array(self._ends, np.int64),
            np.array(self._cls, np.int32),
            np.array(self._flags, np.uint8),
            np.array(self._box, np.float32).reshape(-1, 4),
            np.array(self._parts, np.int64).reshape(-1, 3),
            np.array(self._points, np.float32).reshape(-1, 3),
        )


@dataclass(frozen=True)
class ObjectGroup:
    """The pictures of one split: ``images`` and, row by row, their ``objects`` or ``masks`` (never both).

    ``palette`` says which classes the colours of masks are, where they are no numbers. ``broken`` are rows whose
    annotation cannot be read, with the reason: they are listed as failures.
    """

    folder: str
    split: str
    images: PathTable
    objects: ObjectTable | None = None
    masks: PathTable | None = None
    broken: dict[int, UserError] = field(default_factory=dict)
    palette: Palette | None = None


class GroupBuilder:
    """Collects a group's pictures in order."""

    def __init__(self, relative: bool = False) -> None:
        self.images = PathTable()
        self.objects = ObjectTable(relative)
        self.broken: dict[int, UserError] = {}

    def add(self, folder: str, name: str, things: Sequence[Thing]) -> None:
        """A picture and its objects."""
        self.images.add(folder, [name])
        self.objects.add(things)

    def fail(self, folder: str, name: str, error: UserError) -> None:
        """A picture whose annotation cannot be read."""
        self.broken[len(self.images)] = error
        self.add(folder, name, ())

    def group(self, place: str, split: str) -> ObjectGroup:
        """What was collected."""
        return ObjectGroup(place, split, self.images, self.objects, None, self.broken)
