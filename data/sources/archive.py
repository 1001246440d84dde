"""Zip and tar archives on the server: unpacked beside the dataset while it is built, then read as what is inside."""

from __future__ import annotations

import tarfile
import zipfile
from collections import Counter
from collections.abc import Generator, Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from data.archives import unpack
from data.errors import UserError
from data.files import counted, require_file, shown
from data.peek import Peek, is_image
from data.sources import Clue, Listing, find_source, source
from data.workspace import ANYWHERE, Workspace

if TYPE_CHECKING:
    from data.dataset_options import DatasetOptions

_MAGICS = {
    b"PK\x03\x04": "zip",
    b"\x1f\x8b": "compressed tar",
    b"BZh": "compressed tar",
    b"\xfd7zXZ\x00": "compressed tar",
}
ENDINGS = (".zip", ".tar", ".tgz", ".tbz2", ".txz", ".tar.gz", ".tar.bz2", ".tar.xz")


def detect(seen: Peek) -> Clue | None:
    """A file that begins and is called like a zip or tar."""
    if not seen.is_file or not seen.name.lower().endswith(ENDINGS):
        return None
    head = seen.head()
    kind = next((kind for magic, kind in _MAGICS.items() if head.startswith(magic)), None)
    if kind is None and head[257:262] == b"ustar":
        kind = "tar"
    return Clue(0.95, f"It is a {kind} archive; it is unpacked while the dataset is built.") if kind else None


@source("archive", "Zip or tar archive", detect, kind="", files="must")
def scan(options: DatasetOptions, workspace: Workspace = ANYWHERE) -> Generator[int, None, Listing]:
    """An archive on the server; it is checked, unpacked while the dataset is built, and read as what is inside."""
    archive = require_file(options.folder, "folder")
    if workspace.scratch is None:
        return (yield from _preview(archive))
    yield 0
    target = workspace.scratch / "unpacked"
    files = unpack(Path(archive), target)
    inside = replace(options, folder=str(target), source="auto")
    found = find_source("auto", inside.folder)
    below = replace(workspace, roots=None if workspace.roots is None else (*workspace.roots, target))
    listing = yield from found.scan(inside, below)
    note = f"Unpacked {shown(archive)}: {files:,} files, read as: {found.title}."
    return replace(listing, notes=[note, *listing.notes], renamed={str(target): archive, **listing.renamed})


def _preview(archive: str) -> Generator[int, None, Listing]:
    """What the names in the archive tell, without unpacking anything."""
    folders: Counter[str] = Counter()
    other, first = 0, list[str]()
    try:
        for name in _names(archive):
            if is_image(name):
                folders[name.rpartition("/")[0]] += 1
                yield 1
            else:
                other += 1
            if len(first) < 5:
                first.append(shown(name))
    except (OSError, EOFError, tarfile.TarError, zipfile.BadZipFile, ValueError) as error:
        raise UserError(f"{shown(archive)} cannot be read: {error}.", field="folder") from None
    most = ", ".join(f"{shown(folder) or 'its top'} {count:,}" for folder, count in folders.most_common(6))
    notes = [
        f"{counted(folders.total(), 'image')} in {counted(len(folders), 'folder')} ({most})"
        + (f", {counted(other, 'other file')}." if other else ".")
    ]
    return Listing(notes=notes, lines=first, kind="")


def _names(archive: str) -> Iterator[str]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as zipped:
            yield from islice((entry.filename for entry in zipped.infolist() if not entry.is_dir()), 1_000_000)
        return
    with tarfile.open(archive, "r|*") as tarred:
        for member in tarred:
            if member.isfile():
                yield member.name
