"""Reading image files and showing their names: errors in words, and names of any bytes as text that can be sent."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from data.errors import UserError

_SMALL = 64 * 1024
_REASONS = {
    errno.ENOENT: ("The file is not there (any more).", "Was it moved, or is it a link whose target is gone?"),
    errno.EACCES: ("The server may not read the file.", "Give the user that runs the server the right to read it."),
    errno.EPERM: ("The server may not read the file.", "Give the user that runs the server the right to read it."),
    errno.EISDIR: ("This is a folder, not a file.", None),
    errno.ELOOP: ("The link points in a circle.", "Replace the link by the file."),
    errno.ENAMETOOLONG: ("The path is longer than the file system allows.", "Move the folder further up."),
    errno.EIO: ("The disk reported an error while reading the file.", "Check the disk."),
}


def read_file(path: str | Path) -> bytes:
    """The whole content of a file. Raises UserError with the reason (no file name: callers name it as they like)."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return _read_all(handle)
        finally:
            os.close(handle)
    except OSError as error:
        reason, hint = _REASONS.get(error.errno or 0, (f"The file cannot be read: {error.strerror}.", None))
        raise UserError(reason, hint=hint) from None


def require_folder(path: str, field: str) -> str:
    """The path without a slash at its end. Raises UserError naming the field where it is no folder."""
    if reason := not_a_folder(path):
        raise UserError(reason, field=field, hint="Give the whole path of a folder on the server.")
    return path.rstrip("/") or "/"


def require_file(path: str, field: str) -> str:
    """The path. Raises UserError naming the field where it is no file."""
    reason = not_there(path) or (f"{shown(path)} is a folder, not a file." if os.path.isdir(path) else None)
    if reason:
        raise UserError(reason, field=field, hint="Give the whole path of a file on the server.")
    return path


def not_a_folder(path: str) -> str | None:
    """Why a path is not a folder, as a sentence; None where it is one."""
    reason = not_there(path)
    return reason or (None if os.path.isdir(path) else f"{shown(path)} is a file, not a folder.")


def not_there(path: str) -> str | None:
    """Why there is nothing at a path, as a sentence; None where something is."""
    try:
        return None if os.path.exists(path) else f"{shown(path)} does not exist on the server."
    except ValueError:  # a zero byte
        return f"{shown(path)} is not a path."


def counted(count: int, noun: str, plural: str = "") -> str:
    """ "1 class", "1,200 classes": a number with its noun; ``plural`` where it is not noun + "s"."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def shown(path: str) -> str:
    """A path as valid Unicode for people, JSON and HTML; bytes that are no UTF-8 appear as ``\\xff``."""
    return path if path.isascii() else os.fsencode(path).decode("utf-8", "backslashreplace")


def _read_all(handle: int) -> bytes:
    """One system call for a small file, three for a large one."""
    part = os.read(handle, _SMALL)
    if len(part) < _SMALL:
        return part
    parts = [part]
    while part := os.read(handle, max(_SMALL, os.fstat(handle).st_size - len(part))):
        parts.append(part)
    return b"".join(parts)
