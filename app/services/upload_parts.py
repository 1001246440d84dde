"""Resumable uploads: begun with a name and a size, sent in pieces by offset, finished or thrown away.

After a lost connection the sender asks how much has come and goes on from there; what nobody goes on with for a day is
removed. An unfinished upload is ``uploads/<user>/.parts/<id>/`` with ``about.json`` and ``data``.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, BinaryIO

from app.services.context import Conflict, Context, NotFound, StorageFull, require
from app.services.offload import breathe
from app.services.paths import upload_folder
from app.services.uploads import CHUNK, new_place, safe_name, settle, too_large
from data.errors import UserError
from data.whole import write_json
from jobs.permissions import Principal

ABANDONED = 24 * 3600.0
"""Seconds without a new piece after which an unfinished upload is removed."""
MOST_OPEN = 20
"""Unfinished uploads of one person."""
_ROOM = 256 << 20
"""Bytes that stay free on the disk."""
_ID = re.compile(r"[0-9a-f]{16}")
_busy: set[Path] = set()
_busy_lock = Lock()


def begin(ctx: Context, who: Principal | None, filename: str, size: int, key: str = "") -> dict[str, Any]:
    """A new upload, or the unfinished one of the same ``key`` (any text that names the file: name, size, date).

    ``{"id", "size", "offset": bytes that have come}``. Raises UserError (empty, too large), StorageFull, NotAllowed.
    """
    who = require(who, "upload")
    clean(ctx)
    if size < 1:
        raise UserError("The uploaded file is empty.", field="size")
    if size > ctx.settings.max_upload_mb * 1_000_000:
        raise too_large(ctx.settings.max_upload_mb)
    parts = _parts(ctx, who)
    for place in _unfinished(parts):
        about = _about(place)
        if key and about and (about["key"], about["size"]) == (key, size):
            return _state(place, about)
    if sum(1 for _ in _unfinished(parts)) >= MOST_OPEN:
        raise Conflict("You have too many unfinished uploads.", hint="Finish some, or wait a day.")
    try:
        return _make(parts, {"filename": filename, "size": size, "key": key})
    except OSError as error:
        raise StorageFull(f"The upload could not be stored: {error.strerror or error}.") from error


def state(ctx: Context, who: Principal | None, upload: str) -> dict[str, Any]:
    """How much of an upload has come. Raises NotFound: never begun, finished, or removed."""
    place, about = _find(ctx, require(who, "upload"), upload)
    return _state(place, about)


def append(ctx: Context, who: Principal | None, upload: str, offset: int, stream: BinaryIO) -> dict[str, Any]:
    """Add what the stream holds at ``offset``, which must be where the last piece ended.

    Whatever has come before a connection broke is kept. Raises Conflict (another offset is due, or another piece is
    under way), UserError (more than was announced), StorageFull, NotFound.
    """
    place, about = _find(ctx, require(who, "upload"), upload)
    with _alone(place):
        have = (place / "data").stat().st_size
        if offset != have:
            raise Conflict(f"The next piece begins at {have}, not at {offset}.", hint="Ask how much has come.")
        try:
            with (place / "data").open("ab") as file:
                while piece := stream.read(CHUNK):
                    have += len(piece)
                    if have > about["size"]:
                        raise UserError(f"More bytes came than the {about['size']} that were announced.", field="size")
                    file.write(piece)
                    breathe()
        except OSError as error:
            if error.errno is None:  # the connection broke; what came before is kept
                raise UserError("The connection broke off.", hint="Go on with the next piece.") from error
            raise StorageFull(f"The upload could not be stored: {error.strerror or error}.") from error
        return _state(place, about)


def finish(ctx: Context, who: Principal | None, upload: str) -> str:
    """Check and unpack what has come (a list is kept as it is); its path on the server.

    Raises Conflict where bytes are missing, UserError where the archive cannot be used (it is then removed).
    """
    who = require(who, "upload")
    place, about = _find(ctx, who, upload)
    with _alone(place):
        have = (place / "data").stat().st_size
        if have != about["size"]:
            raise Conflict(f"Only {have} of {about['size']} bytes have come.", hint="Send the rest first.")
        target = new_place(ctx, who)
        try:
            target.mkdir(parents=True)
            file = target / safe_name(about["filename"])
            (place / "data").rename(file)
            shutil.rmtree(place, ignore_errors=True)
            return settle(file)
        except BaseException as error:
            shutil.rmtree(target, ignore_errors=True)
            shutil.rmtree(place, ignore_errors=True)
            if isinstance(error, OSError):
                raise StorageFull(f"The upload could not be unpacked: {error.strerror or error}.") from error
            raise


def cancel(ctx: Context, who: Principal | None, upload: str) -> None:
    """Throw an unfinished upload away. Raises NotFound."""
    place, _ = _find(ctx, require(who, "upload"), upload)
    with _alone(place):
        shutil.rmtree(place, ignore_errors=True)


def clean(ctx: Context, now: float | None = None) -> int:
    """Remove everybody's uploads that nobody went on with for a day; how many.

    Also what a server that was killed left: an archive that is still there was never unpacked, nor its path told.
    """
    before, removed = (time.time() if now is None else now) - ABANDONED, 0
    uploads = ctx.settings.home / "uploads"
    left = [(place, place / "data") for place in uploads.glob("*/.parts/*")]
    left += [(archive.parent, archive) for archive in uploads.glob("*/*/archive*") if archive.is_file()]
    for place, file in left:
        try:
            touched = (file if file.exists() else place).stat().st_mtime
        except FileNotFoundError:
            continue
        if touched < before and place not in _busy:
            shutil.rmtree(place, ignore_errors=True)
            removed += 1
    return removed


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """One request at a time works on an upload. Raises Conflict."""
    with _busy_lock:
        if place in _busy:
            raise Conflict("Another piece of this upload is under way.", hint="Wait a moment and try again.")
        _busy.add(place)
    try:
        yield
    finally:
        with _busy_lock:
            _busy.discard(place)


def _parts(ctx: Context, who: Principal) -> Path:
    return upload_folder(ctx, who) / ".parts"


def _unfinished(parts: Path) -> Iterator[Path]:
    yield from (place for place in sorted(parts.glob("*")) if _ID.fullmatch(place.name))


def _make(parts: Path, about: dict[str, Any]) -> dict[str, Any]:
    place = parts / secrets.token_hex(8)
    place.mkdir(parents=True)
    free = shutil.disk_usage(place).free
    if free < about["size"] + _ROOM:
        shutil.rmtree(place)
        raise StorageFull(f"The server has {free // 1_000_000:,} MB free, too little for this upload.")
    (place / "data").touch()
    write_json(place / "about.json", about)
    return _state(place, about)


def _find(ctx: Context, who: Principal, upload: str) -> tuple[Path, dict[str, Any]]:
    place = _parts(ctx, who) / upload
    about = _about(place) if _ID.fullmatch(upload) else None
    if about is None:
        raise NotFound("There is no such unfinished upload.", hint="Begin it anew.")
    return place, about


def _about(place: Path) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads((place / "about.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if (place / "data").exists() else None


def _state(place: Path, about: dict[str, Any]) -> dict[str, Any]:
    return {"id": place.name, "size": about["size"], "offset": (place / "data").stat().st_size}
