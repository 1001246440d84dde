"""The entries of a tar archive (plain, gzip, bzip2, xz), checked, read as a stream."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, cast

from data.archives.budget import Budget
from data.archives.entry import Entry, damage_in_words, refused
from data.errors import UserError

_LONGEST_HEADER = 16 << 20
"""Bytes: no name or attribute is this long; tarfile would read it into memory at once."""


def tar_entries(archive: Path, budget: Budget) -> Iterator[Entry]:
    with archive.open("rb") as raw:
        stream = _HeaderGuard(_decompressed(raw))
        try:
            with damage_in_words():
                packed = tarfile.open(fileobj=cast("IO[bytes]", stream), mode="r|", tarinfo=_Header)  # noqa: SIM115
        except UserError:
            if (stream.since_header or 0) > tarfile.RECORDSIZE:
                raise
            raise unknown_kind(archive) from None
        with packed:
            while (member := _next(packed, stream)) is not None:
                if not (member.isreg() or member.isdir()):
                    raise refused(member.name, "is a link or a device")
                fraction = raw.tell() / max(1, budget.packed)
                yield Entry(member.name, None if member.isdir() else _tar_opener(packed, member), fraction)


def _next(packed: tarfile.TarFile, stream: _HeaderGuard) -> tarfile.TarInfo | None:
    """The next header. tarfile would keep every header in memory and let out errors of many types for damaged ones."""
    packed.members = []  # type: ignore[attr-defined]
    stream.since_header = 0
    with damage_in_words():
        member = packed.next()
    stream.since_header = None
    return member


class _Header(tarfile.TarInfo):
    """A header that may not be damaged: tarfile takes a damaged or missing one for the end of the archive."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> _Header:
        """As tarfile's; ValueError unless it is a sound header or the zeros that end an archive."""
        try:
            return super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if len(buf) == tarfile.BLOCKSIZE and not any(buf):
                raise
            raise ValueError(str(error)) from None


def _tar_opener(packed: tarfile.TarFile, member: tarfile.TarInfo) -> Callable[[], IO[bytes]]:
    return lambda: cast("IO[bytes]", packed.extractfile(member))


class _HeaderGuard:
    """A stream for tarfile that lets a header (names and attributes, read into memory at once) be only so long."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.since_header: int | None = 0

    def read(self, size: int) -> bytes:
        """Read as the stream does; UserError where a header goes on for more than 16 MB."""
        block = self._stream.read(size)
        if self.since_header is not None:
            self.since_header += len(block)
            if self.since_header > _LONGEST_HEADER:
                raise UserError(
                    "The archive has a header of absurd length: it may be made to fill the memory.", field="file"
                )
        return block


def _decompressed(raw: Any) -> IO[bytes]:
    """The tar inside, by the first bytes of the file."""
    head = raw.read(6)
    raw.seek(0)
    if head.startswith(b"\x1f\x8b"):
        return cast("IO[bytes]", gzip.GzipFile(fileobj=raw))
    if head.startswith(b"BZh"):
        return cast("IO[bytes]", bz2.BZ2File(raw))
    if head == b"\xfd7zXZ\x00":
        return cast("IO[bytes]", lzma.LZMAFile(raw))
    return cast("IO[bytes]", raw)


def unknown_kind(archive: Path) -> UserError:
    with archive.open("rb") as file:
        head = file.read(8)
    known = {b"Rar!": "a RAR archive", b"7z\xbc\xaf": "a 7z archive", b"(\xb5/\xfd": "a Zstandard archive"}
    what = (
        "an incomplete zip archive" if head[:2] == b"PK" else known.get(head[:4], "damaged, incomplete, or no archive")
    )
    return UserError(f"The file is {what}.", field="file", hint="Upload a .zip, .tar, .tar.gz, .tar.bz2 or .tar.xz.")
