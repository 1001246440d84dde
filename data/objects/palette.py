"""Masks whose colours are the classes: the colours found in them, or a table of colours and names beside them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from data.errors import UserError
from data.files import shown

MOST = 255
"""Classes that a mask of bytes can hold beside VOID."""
FILES = (
    *("label_colors.txt", "label_colours.txt", "labels_colors.txt", "labelmap.txt", "class_dict.csv", "colors.txt"),
    *("colours.txt", "palette.txt", "color_map.txt", "classes.csv", "label_colors.csv", "colormap.csv"),
)
_LINES = tuple(
    re.compile(text)
    for text in (
        r"\s*(?P<r>\d{1,3})[\s,;]+(?P<g>\d{1,3})[\s,;]+(?P<b>\d{1,3})[\s,;]+(?P<name>\S.*?)\s*",  # CamVid
        r"\s*(?P<name>\S.*?)\s*[,;\t]\s*(?P<r>\d{1,3})\s*[,;\t]\s*(?P<g>\d{1,3})\s*[,;\t]\s*(?P<b>\d{1,3})\s*",
        r"\s*(?P<name>\S.*?)\s+(?P<r>\d{1,3})\s+(?P<g>\d{1,3})\s+(?P<b>\d{1,3})\s*",
        r"(?P<name>[^:]+):(?P<r>\d{1,3}),(?P<g>\d{1,3}),(?P<b>\d{1,3})(?::.*)?",  # CVAT
    )
)
Colours = NDArray[np.uint32]
"""Red * 65536 + green * 256 + blue."""


@dataclass(frozen=True)
class Palette:
    """The colour of each class, in the order of their numbers, and the classes' names."""

    names: tuple[str, ...]
    colours: tuple[int, ...]

    @classmethod
    def found(cls, colours: Iterable[int]) -> Palette:
        """Of the colours that masks have, darkest red first, named as they are written: "#804000"."""
        ordered = sorted(set(colours))
        return cls(tuple(map(written, ordered)), tuple(ordered))

    @cached_property
    def _sorted(self) -> tuple[Colours, NDArray[np.uint8]]:
        colours = np.array(self.colours, np.uint32)
        order = np.argsort(colours)
        return colours[order], order.astype(np.uint8)

    def numbers(self, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The class number of each pixel of a mask uint8 [height, width, 3]. Raises UserError naming an unknown one."""
        colours, order = self._sorted
        packed = pack(rgb)
        place = np.minimum(np.searchsorted(colours, packed), len(colours) - 1)
        unknown = colours[place] != packed
        if unknown.any():
            first = written(int(packed[unknown][0]))
            raise UserError(
                f"The mask has {int(unknown.sum()):,} pixels of colours that are no class, such as {first}.",
                hint="Add the colour to the table of colours. Soft edges or JPEG make such colours too: save as PNG.",
            )
        return np.asarray(order[place])


def pack(rgb: NDArray[np.uint8]) -> Colours:
    """Colours as one number a pixel, uint32 [height, width]."""
    wide = rgb.astype(np.uint32)
    return np.asarray(wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2])


def colours_in(rgb: NDArray[np.uint8]) -> list[int]:
    """The colours of a mask."""
    flat = pack(rgb).reshape(-1)
    change = np.flatnonzero(flat[1:] != flat[:-1]) + 1  # a mask is areas: few pixels differ from the one before
    found: list[int] = np.unique(flat[np.concatenate(([0], change))]).tolist()
    return found


def written(colour: int) -> str:
    """A colour as "#rrggbb"."""
    return f"#{colour:06x}"


def read_palette(path: str) -> Palette | None:
    """The colours of a file, a class a line: "128 64 128 Road" (CamVid), "Road,128,64,128" with a head, or
    "Road:128,64,128::" (CVAT). None where the lines are something else. Raises UserError where it cannot be read, or
    where a colour or a name is there twice.
    """
    try:
        with open(path, encoding="utf-8-sig", errors="backslashreplace") as file:
            lines = [line for line in file.read(1 << 20).splitlines() if line.strip() and not line.startswith("#")]
    except OSError as error:
        raise UserError(f"{shown(path)} cannot be read: {error.strerror}.", field="labels_file") from None
    rows = [next((found for form in _LINES if (found := form.fullmatch(line))), None) for line in lines]
    known = [row for row in rows if row is not None]
    if not known or len(known) < len(rows) - (rows[0] is None):
        return None
    return _checked(
        path, [row["name"] for row in known], [(int(row["r"]), int(row["g"]), int(row["b"])) for row in known]
    )


def _checked(path: str, names: Sequence[str], values: Sequence[tuple[int, int, int]]) -> Palette | None:
    if any(part > 255 for value in values for part in value):
        return None
    colours = [red << 16 | green << 8 | blue for red, green, blue in values]
    for what, found in (("colour", list(map(written, colours))), ("class", list(names))):
        if doubled := next((one for one in found if found.count(one) > 1), None):
            raise UserError(f'{shown(path)} has the {what} "{shown(doubled)}" twice.', field="labels_file")
    if len(colours) > MOST:
        raise UserError(f"{shown(path)} has {len(colours):,} colours; masks hold {MOST}.", field="labels_file")
    return Palette(tuple(names), tuple(colours))
