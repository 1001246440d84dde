"""Uploads: an archive or a list from the browser, received, checked, and put into the person's own folder."""

from __future__ import annotations

import secrets
import shutil
import time
from pathlib import Path
from typing import BinaryIO

from app.services.context import Context, StorageFull, require
from app.services.offload import breathe, offload
from app.services.paths import upload_folder
from data.archives import unpack
from data.errors import UserError
from data.peek import ending
from jobs.permissions import Principal

CHUNK = 1 << 20
LISTS = (".txt", ".csv", ".tsv", ".jsonl", ".ndjson", ".json", ".yaml", ".yml")
"""Files that are kept as they are; all others must be archives."""


def receive(ctx: Context, who: Principal | None, stream: BinaryIO, filename: str) -> str:
    """Store and unpack a zip or tar archive (a list is only stored); the path on the server.

    A folder whose only content is one folder is passed through, so that what is given to the dataset form holds the
    classes. Raises UserError (too large, no archive, unsafe content), NotAllowed, StorageFull; nothing is then left.
    """
    who = require(who, "upload")
    place = new_place(ctx, who)
    try:
        place.mkdir(parents=True)
        file = place / safe_name(filename)
        store(stream, file, ctx.settings.max_upload_mb)
        return settle(file)
    except BaseException as error:
        shutil.rmtree(place, ignore_errors=True)
        if isinstance(error, OSError):
            raise StorageFull(f"The upload could not be stored: {error.strerror or error}.") from error
        raise


def keep(ctx: Context, who: Principal, stream: BinaryIO, filename: str, endings: tuple[str, ...]) -> str:
    """Store one file as it is, under its own name; the path on the server.

    Raises UserError for a name with another ending, or a file that is too large or empty; StorageFull.
    """
    name = filename.replace("\\", "/").rsplit("/", 1)[-1].replace("\0", "").strip()
    if not name.lower().endswith(endings) or name.startswith("."):
        raise UserError(
            f"{name or 'The file'} is none of these: its name must end in {', '.join(endings)}.", field="file"
        )
    place = new_place(ctx, who)
    try:
        place.mkdir(parents=True)
        file = place / _bytes_at_most(name[-150:], 200)
        store(stream, file, ctx.settings.max_upload_mb)
    except BaseException as error:
        shutil.rmtree(place, ignore_errors=True)
        if isinstance(error, OSError):
            raise StorageFull(f"The upload could not be stored: {error.strerror or error}.") from error
        raise
    return str(file)


def settle(file: Path) -> str:
    """Unpack a received archive beside itself and remove it, or keep a list; the path for the dataset form.

    Raises UserError where it is no archive or has unsafe content, OSError where the disk is full.
    """
    if ending(file.name) in LISTS:
        return str(file)
    folder = file.parent / "files"
    folder.mkdir()
    offload(unpack, file, folder)
    file.unlink()
    return str(_descend(folder))


def new_place(ctx: Context, who: Principal) -> Path:
    """A folder for one upload, not made yet."""
    return upload_folder(ctx, who) / f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"


def safe_name(filename: str) -> str:
    """The last part of the name, at most 100 characters, kept for its ending and for people; never a path or hidden."""
    name = filename.replace("\\", "/").rsplit("/", 1)[-1].replace("\0", "").strip()
    if ending(name) in LISTS and not name.startswith("."):
        return _bytes_at_most(name[-100:], 200)
    return _bytes_at_most(f"archive-{name[-100:]}", 200) if name else "archive"


def too_large(limit_mb: int) -> UserError:
    """The refusal of what is larger than this server takes."""
    return UserError(
        f"The upload is larger than {limit_mb} MB, the most that this server takes.",
        field="file",
        hint="Copy the images to the server and give their folder instead.",
    )


def _bytes_at_most(name: str, most: int) -> str:
    """The end of a name that fits into ``most`` bytes (file systems count bytes, not characters)."""
    while len(name.encode("utf-8", "replace")) > most:
        name = name[1:]
    return name.encode("utf-8", "replace").decode()


def store(stream: BinaryIO, path: Path, limit_mb: int) -> None:
    """Write an upload to a file. Raises UserError where it is empty, or larger than the server takes."""
    size = 0
    with path.open("wb") as file:
        while chunk := stream.read(CHUNK):
            size += len(chunk)
            if size > limit_mb * 1_000_000:
                raise too_large(limit_mb)
            file.write(chunk)
            breathe()
    if size == 0:
        raise UserError("The uploaded file is empty.", field="file")


def _descend(folder: Path) -> Path:
    """The innermost folder that has more than one thing in it, or holds files."""
    while True:
        inside = [path for path in folder.iterdir() if not path.name.startswith(("__MACOSX", "."))]
        if len(inside) != 1 or not inside[0].is_dir() or not _has_folders(inside[0]):
            return folder
        folder = inside[0]


def _has_folders(folder: Path) -> bool:
    return any(path.is_dir() for path in folder.iterdir())
