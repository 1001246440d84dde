"""All pictures of a dataset's preview in one JPEG: the originals on top, then a row for every resize mode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from PIL import Image

from data.errors import UserError
from data.previews import Original, Record
from data.sheets import fitted, sheet, thumb

Made = Mapping[str, Record | UserError]


@dataclass(frozen=True)
class Cells:
    """What is drawn for one image: its thumbnail and those of its records by mode, each fitted to a cell."""

    original: Image.Image | None
    modes: Mapping[str, Image.Image]


def draw(original: Original, made: Made, cell: int) -> Cells:
    """Draw one image's cells; modes that refuse it have none."""
    modes = {name: thumb(one.pixels, cell) for name, one in made.items() if isinstance(one, Record)}
    small = original.for_size(fitted(original.size, cell))
    return Cells(thumb(small, cell, original.size), modes)


def compose(columns: Sequence[Cells], modes: Sequence[str], cell: int) -> bytes:
    """The sheet: a column for each image, ``1 + len(modes)`` rows."""
    rows = [[cells.original for cells in columns], *([cells.modes.get(mode) for cells in columns] for mode in modes)]
    return sheet(rows, cell)
