"""Unpacking zip and tar uploads from strangers: nothing leaves the folder, no links or devices, no bombs."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from data.archives.budget import ArchiveLimits, Budget
from data.archives.entry import Entry, blocks, refused, safe_parts
from data.archives.tars import tar_entries
from data.archives.zips import is_zip, zip_entries
from data.errors import UserError

__all__ = ["ArchiveLimits", "Report", "unpack"]

Report = Callable[[float, int], None]
"""``report(fraction, files)``: share of the archive read (0..1) and files unpacked so far."""


def unpack(archive: Path, target: Path, *, limits: ArchiveLimits | None = None, report: Report | None = None) -> int:
    """Unpack a zip or tar (plain, gzip, bzip2, xz; known by content, not by name) into ``target``; the number of files.

    ``target`` may exist as an empty folder; it is filled all at once at the end, or not at all. Raises UserError where
    the archive is damaged, encrypted, of another kind, too large, or has an entry that is a link or a device or would
    leave the folder; OSError where the disk is full.
    """
    budget = Budget(limits or ArchiveLimits(), archive.stat().st_size)
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        files = _unpack(archive, aside, budget, report or (lambda fraction, files: None))
        aside.chmod(0o755)
        aside.replace(target)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return files


def _unpack(archive: Path, aside: Path, budget: Budget, report: Report) -> int:
    files = 0
    for entry in zip_entries(archive) if is_zip(archive) else tar_entries(archive, budget):
        files += _write(entry, aside, budget)
        report(min(1.0, entry.fraction), files)
    if not files:
        raise UserError("The archive is empty.", field="file")
    return files


def _write(entry: Entry, root: Path, budget: Budget) -> int:
    """Write an entry; how many files that made (0 or 1)."""
    budget.entry()
    parts = safe_parts(entry.name)
    if not parts:
        return 0
    path = root.joinpath(*parts)
    try:
        if entry.open is None:
            path.mkdir(parents=True, exist_ok=True)
            return 0
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as file:
            for block in blocks(entry.open):
                budget.write(len(block))
                file.write(block)
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        raise refused(entry.name, "is both a file and a folder") from None
    return 1
