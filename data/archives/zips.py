"""The entries of a zip archive, checked."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from data.archives.entry import Entry, damage_in_words, refused
from data.errors import UserError


def is_zip(archive: Path) -> bool:
    """By content; a tar that holds a zip near its end must not pass for one."""
    with archive.open("rb") as file:
        head = file.read(4)
    return head[:2] == b"PK" and zipfile.is_zipfile(archive)


def zip_entries(archive: Path) -> Iterator[Entry]:
    with damage_in_words():
        packed = zipfile.ZipFile(archive)
    with packed:
        infos = packed.infolist()
        total = sum(info.compress_size for info in infos) or 1
        done = 0
        for info in infos:
            kind = stat.S_IFMT(info.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise refused(info.filename, "is a link or a device")
            if info.flag_bits & 1:
                raise UserError("The archive is encrypted.", field="file", hint="Pack it without a password.")
            done += info.compress_size
            opener = None if info.filename.endswith("/") else _zip_opener(packed, info)
            yield Entry(_zip_name(info), opener, done / total)


def _zip_opener(packed: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], IO[bytes]]:
    def opener() -> IO[bytes]:
        try:
            return packed.open(info)
        except NotImplementedError as error:
            raise UserError(
                f"The archive uses a compression that cannot be read here ({error}).",
                field="file",
                hint='Pack it with the usual "deflate" compression.',
            ) from None

    return opener


def _zip_name(info: zipfile.ZipInfo) -> str:
    """The name; many programs write UTF-8 without saying so, which zipfile then reads as code page 437."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename
