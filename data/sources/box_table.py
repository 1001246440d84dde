"""Tables of boxes: one box a row with the image's name, the class, and xmin, ymin, xmax, ymax."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from data.annotated import require_pictures
from data.errors import UserError
from data.files import counted, shown
from data.listed import REPORT, Classes, Paths, image_root
from data.objects.table import GroupBuilder, Thing
from data.peek import Peek, ending
from data.sources import DETECTION, Clue, Listing, source
from data.sources.manifest import BOXES, columns_of, first_lines, table_files
from data.split_names import split_of
from data.tables import TABLES, Row, open_table
from data.workspace import ANYWHERE, Workspace

if TYPE_CHECKING:
    from data.dataset_options import DatasetOptions

_EDGES = ("xmin", "ymin", "xmax", "ymax")


def detect(seen: Peek) -> Clue | None:
    """A table with the columns xmin, ymin, xmax and ymax."""
    for name in [""] if seen.is_file and ending(seen.path) in TABLES else list(seen.ending_in(*TABLES))[:5]:
        path = os.path.join(seen.path, name) if name else seen.path
        try:
            table = open_table(path)
        except (UserError, ValueError):
            continue
        if {column.lower() for column in table.columns} >= BOXES and "/" not in name:
            return Clue(0.92 if seen.is_file else 0.7, f"{shown(name or seen.name)} has xmin, ymin, xmax and ymax.")
    return None


@dataclass
class _Found:
    """What the tables held: for each split the boxes of each image, in the order in which images appear."""

    classes: Classes = field(default_factory=Classes)
    images: dict[str, dict[tuple[str, str], list[Thing]]] = field(default_factory=dict)
    boxes: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


@source("box_table", "Table of boxes (CSV)", detect, kind=DETECTION, files="may")
def scan(options: DatasetOptions, workspace: Workspace = ANYWHERE) -> Generator[int, None, Listing]:
    """A table with one box a row: the image's name, the class, and xmin, ymin, xmax, ymax in pixels."""
    tables, found = table_files(options), _Found()
    for split, path in tables.items():
        yield from _read(split, path, options, workspace, found)
    require_pictures(len(found.images.get("train", ())), options.folder, "no training images with boxes")
    names, renumbered = found.classes.ordered()
    groups = {}
    for split, images in found.images.items():
        builder = GroupBuilder()
        for (folder, name), things in images.items():
            builder.add(folder, name, things)
        builder.objects.renumber(renumbered.tolist())
        groups[split] = builder.group(tables.get(split, options.folder), split)
    count = sum(map(len, found.images.values()))
    read = ", ".join(shown(path) for path in tables.values())
    notes = [
        f"Understood {shown(options.folder)} as a table: {counted(found.boxes, 'box', 'boxes')} of "
        f"{counted(len(names), 'class', 'classes')} in {counted(count, 'image')}; read {read}."
    ]
    problems = found.problems + [f"Left out {count:,} rows {why}." for why, count in found.skipped.items()]
    lines = first_lines(tables["train"])
    return Listing({}, notes, problems, lines, DETECTION, groups, tuple(map(shown, names)))


def _read(
    split: str, path: str, options: DatasetOptions, workspace: Workspace, found: _Found
) -> Generator[int, None, None]:
    table = open_table(path)
    image, label, splits = columns_of(table, options)
    edges = [column for edge in _EDGES if (column := table.column(None, (edge,), ""))]
    if len(edges) < 4:
        raise UserError(f"{shown(path)} has no columns xmin, ymin, xmax and ymax.", field="folder")
    paths = Paths(
        image_root(options.image_root, os.path.dirname(path), [row.get(image, "") for row in table.sample()]), workspace
    )
    for number, row in enumerate(table.rows(), 1):
        to = split_of(row.get(splits, "").strip()) if splits else split
        place = paths.whole(row.get(image, ""))
        if to is None:
            found.skipped[f'whose "{splits}" is none of train, val and test'] += 1
        elif place is not None:
            _add(row, edges, label, found.images.setdefault(to, {}).setdefault(place, []), found)
        if number % REPORT == 0:
            yield REPORT
    found.problems += paths.problems()
    yield number % REPORT


def _add(row: Row, edges: list[str], label: str, things: list[Thing], found: _Found) -> None:
    """One row's box; a row without any is an image in which nothing is marked."""
    cells = [row.get(edge, "").strip() for edge in edges]
    if not any(cells):
        return
    try:
        left, top, right, bottom = map(float, cells)
    except ValueError:
        found.skipped["whose box is no four numbers"] += 1
        return
    name = (row.get(label) or "").strip()
    if not name:
        found.skipped["without a class"] += 1
        return
    found.boxes += 1
    things.append(Thing(found.classes.number(name), (left, top, right, bottom)))
