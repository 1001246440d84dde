"""One file or folder of an archive: where it may be written, its content, and the words for what is wrong with it."""

from __future__ import annotations

import errno
import lzma
import os
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO

from data.errors import UserError
from data.files import shown

_BLOCK = 1 << 20
_DAMAGE = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError),
    *(ValueError, IndexError, KeyError, OverflowError, RuntimeError),
)
"""What the standard library lets out for damaged archives; a bare OSError among them (bzip2, gzip)."""


@dataclass
class Entry:
    """One file or folder of an archive; ``open`` gives its content, None for a folder; ``fraction`` read before it."""

    name: str
    open: Callable[[], IO[bytes]] | None
    fraction: float


def safe_parts(name: str) -> tuple[str, ...]:
    """The parts of an entry's path below the target; () for the target itself.

    Backslashes count as slashes (archives made by some Windows programs). Raises UserError where the path is absolute,
    has a drive, climbs with "..", or is no file name here.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    drive = len(path.parts) > 0 and len(path.parts[0]) == 2 and path.parts[0][1] == ":"
    if path.is_absolute() or drive or ".." in path.parts:
        raise refused(name, "would be written outside its folder")
    if "\0" in name or any(len(os.fsencode(part)) > 255 for part in path.parts) or len(os.fsencode(name)) > 4000:
        raise refused(name, "has a name that this file system does not take")
    return path.parts


def blocks(opener: Callable[[], IO[bytes]]) -> Iterator[bytes]:
    """An entry's content in blocks."""
    with damage_in_words(), opener() as source:
        while block := source.read(_BLOCK):
            yield block


@contextmanager
def damage_in_words() -> Iterator[None]:
    """Turn what the decompressors raise into a UserError; errors of the disk pass."""
    try:
        yield
    except _DAMAGE as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):  # zipfile seeks before the file
            raise
        raise UserError(
            f"The archive is damaged or incomplete ({str(error) or type(error).__name__}).",
            field="file",
            hint="Pack and upload it again.",
        ) from None


def refused(name: str, why: str) -> UserError:
    return UserError(
        f'The archive was refused: its entry "{shown(name)[:200]}" {why}.',
        field="file",
        hint="Pack a plain folder of images.",
    )
