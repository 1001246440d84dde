"""Uploads: an archive from the browser, received piece by piece and unpacked into the person's own folder."""

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
from jobs.permissions import Principal

CHUNK = 1 << 20


def receive(ctx: Context, who: Principal | None, stream: BinaryIO, filename: str) -> str:
    """Store and unpack a zip or tar archive; the path of the unpacked folder on the server.

    A folder whose only content is one folder is passed through, so that what is given to the dataset form holds the
    classes. Raises UserError (too large, no archive, unsafe content), NotAllowed, StorageFull; nothing is then left.
    """
    who = require(who, "upload")
    place = upload_folder(ctx, who) / f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"
    try:
        place.mkdir(parents=True)
        archive = place / _safe_name(filename)
        store(stream, archive, ctx.settings.max_upload_mb)
        folder = place / "files"
        folder.mkdir()
        offload(unpack, archive, folder)
        archive.unlink()
    except BaseException as error:
        shutil.rmtree(place, ignore_errors=True)
        if isinstance(error, OSError):
            raise StorageFull(f"The upload could not be stored: {error.strerror or error}.") from error
        raise
    return str(_descend(folder))


def store(stream: BinaryIO, path: Path, limit_mb: int) -> None:
    """Write an upload to a file. Raises UserError where it is empty, or larger than the server takes."""
    size = 0
    with path.open("wb") as file:
        while chunk := stream.read(CHUNK):
            size += len(chunk)
            if size > limit_mb * 1_000_000:
                raise UserError(
                    f"The upload is larger than {limit_mb} MB, the most that this server takes.",
                    field="file",
                    hint="Copy it to the server by other means and give its path instead.",
                )
            file.write(chunk)
            breathe()
    if size == 0:
        raise UserError("The uploaded file is empty.", field="file")


def _safe_name(filename: str) -> str:
    """The last part of the name, kept for its ending; never a path."""
    name = filename.replace("\\", "/").rsplit("/", 1)[-1].replace("\0", "")
    return f"archive-{name[-100:]}" if name else "archive"


def _descend(folder: Path) -> Path:
    """The innermost folder that has more than one thing in it, or holds files."""
    while True:
        inside = [path for path in folder.iterdir() if not path.name.startswith(("__MACOSX", "."))]
        if len(inside) != 1 or not inside[0].is_dir() or not _has_folders(inside[0]):
            return folder
        folder = inside[0]


def _has_folders(folder: Path) -> bool:
    return any(path.is_dir() for path in folder.iterdir())
