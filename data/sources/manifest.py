"""Manifests: a table (CSV, TSV, JSON lines) with a path and a class on each row, and perhaps a split."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from data.details import Details
from data.errors import UserError
from data.files import require_file, shown
from data.listed import REPORT, Classes, Listed, Paths, given_root, groups_of, image_root, require_rows
from data.peek import Peek, ending
from data.sources import Clue, Listing, source
from data.split_names import split_in, split_of
from data.tables import LABEL_NAMES, SPLIT_NAMES, TABLES, Table, open_table
from data.workspace import ANYWHERE, Workspace

if TYPE_CHECKING:
    from data.dataset_options import DatasetOptions
    from data.splits import Group

BOXES = frozenset(("xmin", "ymin", "xmax", "ymax"))


@dataclass
class Reading:
    """What is collected while the tables of all splits are read."""

    classes: Classes = field(default_factory=Classes)
    lists: dict[str, Listed] = field(default_factory=dict)
    skipped: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def all_problems(self) -> list[str]:
        """Sentences on what was left out."""
        return self.problems + [f"Left out {count:,} rows {why}." for why, count in self.skipped.items()]


def detect(seen: Peek) -> Clue | None:
    """A table with a column of paths and one of classes; in a folder, one whose name says train."""
    if seen.is_file:
        return _clue(seen.path, 0.9) if ending(seen.path) in (*TABLES, ".json", ".txt") else None
    tops = [name for name in seen.ending_in(*TABLES) if "/" not in name]
    found = [name for name in tops if split_in(name) == "train"] or (tops if len(tops) == 1 else [])
    return _clue(os.path.join(seen.path, found[0]), 0.5) if found else None


def _clue(path: str, confidence: float) -> Clue | None:
    try:
        table = open_table(path)
        image, label = table.path_column(), table.column(None, LABEL_NAMES, "")
        listing = image and any("." in row.get(image, "") for row in table.sample())
    except (UserError, OSError, ValueError):
        return None
    if not listing or not label or {column.lower() for column in table.columns} >= BOXES:
        return None
    return Clue(
        confidence, f'It is a table with the columns "{shown(image or "")}" (path) and "{shown(label)}" (class).'
    )


@source("manifest", "Table (CSV or JSON lines)", detect, files="may")
def scan(options: DatasetOptions, workspace: Workspace = ANYWHERE) -> Generator[int, None, Listing]:
    """A table with a path and a class on each row, and perhaps a split; one table a split is understood too."""
    tables, reading = table_files(options), Reading()
    for split, path in tables.items():
        yield from read_table(split, path, options, workspace, reading)
    return listing_of(reading, options, tables)


def listing_of(reading: Reading, options: DatasetOptions, tables: dict[str, str]) -> Listing:
    """The listing of all that was read. Raises UserError where there is nothing to train on."""
    problems = reading.all_problems()
    groups = groups_of(reading.lists, reading.classes, dict.fromkeys(reading.lists, options.folder) | tables)
    require_rows(groups, options.folder, problems)
    return Listing(groups, [*reading.notes, *_kept(groups)], problems, first_lines(tables["train"]))


def _kept(groups: dict[str, Group]) -> list[str]:
    """A sentence on the further columns that are kept with each image."""
    known = [group.details.columns for group in groups.values() if group.details is not None]
    columns = list(dict.fromkeys(name for each in known for name in each))
    more = f" and {len(columns) - 8:,} more" if len(columns) > 8 else ""
    return [f"Kept with each image: {', '.join(columns[:8])}{more}."] if columns else []


def table_files(options: DatasetOptions) -> dict[str, str]:
    """The table of each split that has its own; "train" is always among them. Raises UserError where it is not."""
    tables = {"train": options.folder}
    if os.path.isdir(options.folder):
        inside = [name for name in sorted(os.listdir(options.folder)) if ending(name) in TABLES]
        found = {split: name for name in reversed(inside) if (split := split_in(name))}
        if "train" not in found and len(inside) == 1:
            found["train"] = inside[0]
        if "train" not in found:
            raise UserError(f"{shown(options.folder)} has no train.csv.", field="folder", hint="Give the table itself.")
        tables = {split: os.path.join(options.folder, name) for split, name in found.items()}
    for split, own in (("val", options.val_folder), ("test", options.test_folder)):
        if own:
            tables[split] = own
    for split, path in tables.items():
        require_file(path, "folder" if split == "train" else f"{split}_folder")
    return tables


def read_table(
    split: str, path: str, options: DatasetOptions, workspace: Workspace, reading: Reading
) -> Generator[int, None, None]:
    """Add the rows of one table; yields now and then how many images were added since."""
    table = open_table(path)
    image, label, splits = columns_of(table, options)
    used = {image, label, splits}
    samples = [row.get(image, "") for row in table.sample()]
    paths = Paths(image_root(given_root(options, split), os.path.dirname(path), samples), workspace)
    reading.notes.append(_explain(table, image, label, splits, paths.root))
    since = 0
    for row in table.rows():
        name = (row.get(label) or "").strip()
        to = split_of(row.get(splits, "").strip()) if splits else split
        if not name:
            reading.skipped["without a class"] += 1
        elif to is None:
            reading.skipped[f'whose "{splits}" is none of train, val and test'] += 1
        elif place := paths.whole(row.get(image, "")):
            listed = reading.lists.setdefault(to, Listed(details=Details()))
            listed.table.add(place[0], [place[1]])
            listed.labels.append(reading.classes.number(name))
            if listed.details is not None:
                listed.details.add({shown(key): shown(value) for key, value in row.items() if key not in used})
            since += 1
        if since == REPORT:
            yield since
            since = 0
    reading.problems += paths.problems()
    yield since


def columns_of(table: Table, options: DatasetOptions) -> tuple[str, str, str | None]:
    """The columns of path, class and split (None: none). Raises UserError naming the option to set."""
    image = table.path_column(options.path_column)
    label = table.column(options.label_column, LABEL_NAMES, "label_column")
    if label is None and len(table.columns) == 2 and image:  # whatever the other is called
        label = next(column for column in table.columns if column != image)
    columns = ", ".join(map(shown, table.columns))
    for column, field_name, what in ((image, "path_column", "paths"), (label, "label_column", "classes")):
        if column is None:
            raise UserError(
                f"{shown(table.path)} has no column that looks like the images' {what}; it has {columns}.",
                field=field_name,
                hint="Name the column.",
            )
    return image or "", label or "", table.column(options.split_column, SPLIT_NAMES, "split_column")


def first_lines(path: str, count: int = 5) -> list[str]:
    """The first lines of a text file as people see them, each at most 300 characters."""
    lines = []
    with open(path, encoding="utf-8-sig", errors="surrogateescape") as file:
        for line in file:
            lines.append(shown(line.rstrip("\r\n"))[:300])
            if len(lines) == count:
                break
    return lines


def _explain(table: Table, image: str, label: str, splits: str | None, root: str) -> str:
    more = f', splits from "{shown(splits)}"' if splits else ""
    return (
        f'Read {shown(table.path)}: paths from the column "{shown(image)}", classes from "{shown(label)}"{more}; '
        f"paths are relative to {shown(root)}."
    )
