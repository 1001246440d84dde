"""TensorBoard's event files, written: TFRecords of Event messages with scalars, framed as TensorBoard reads them.

Formats: tensorflow/core/lib/io/record_writer.h (length, CRC-32C of it, data, CRC-32C of them; checksums "masked"), and
tensorflow/core/util/event.proto and framework/summary.proto for the few fields used here.
"""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from google_crc32c import value as crc32c

from jobs import series
from jobs.folder import append_whole

NAME = "events.out.tfevents."
_STEP = 6  # bytes of every step: fixed, so that an event's length depends on its tags alone; 2 ** 42 steps
_PIECE = 100_000  # points of a curve taken from its file at once


class EventWriter:
    """Buffers scalars and appends them to one event file of a run's folder (``jobs/<id>/tensorboard``).

    The file is begun with the first scalars. Where the run has a past (points in ``past``, its series), the first file
    tells it; a later file tells TensorBoard from which step on it replaces what earlier files say.
    """

    def __init__(self, folder: Path, past: Path) -> None:
        self.folder, self._past = folder, past
        self._path: Path | None = None
        self._buffer = bytearray()
        self._templates: dict[tuple[str, ...], _Template] = {}
        self._from: int | None = None

    def resumed(self, step: int) -> None:
        """What files so far tell of steps after ``step`` is void: training goes on from there."""
        self._from = step + 1

    def add(self, step: int, wall: float, values: Mapping[str, float]) -> None:
        """Add one event: a value for each tag."""
        tags = tuple(values)
        template = self._templates.get(tags) or self._templates.setdefault(tags, _Template(tags))
        self._buffer += template.record(step, wall, values.values())

    def flush(self) -> None:
        """Append what is buffered. Raises OSError (disk full); the buffer is then kept.

        To be called before the same points are flushed into the series: what those hold is the past.
        """
        if not self._buffer:
            return
        if self._path is None:
            self._path = self._begin()
        append_whole(self._path, bytes(self._buffer))
        self._buffer.clear()

    def _begin(self) -> Path:
        """Make the file with its head. Names sort by time: TensorBoard reads them in this order."""
        self.folder.mkdir(exist_ok=True)
        earlier = any(self.folder.glob(f"{NAME}*"))
        now = time.time()
        path = self.folder / f"{NAME}{now:017.6f}.{socket.gethostname()}.{os.getpid()}"
        append_whole(path, framed(_head(now)))
        if not earlier:
            for piece in _told(self._past):
                append_whole(path, piece)
        elif self._from is not None:
            append_whole(path, framed(_restart(now, self._from)))
        return path


def framed(data: bytes) -> bytes:
    """A TFRecord."""
    length = struct.pack("<Q", len(data))
    return b"".join((length, checksum(length), data, checksum(data)))


def checksum(data: bytes) -> bytes:
    """The masked CRC-32C of ``data`` as a TFRecord has it: rotated and shifted, so that no file is its own checksum."""
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


class _Template:
    """How events with the same tags are packed: everything but wall time, step and values is known beforehand."""

    def __init__(self, tags: tuple[str, ...]) -> None:
        names = [tag.encode() for tag in tags]
        heads = [_key(1, 2) + _size(name) + name + _key(2, 5) for name in names]  # tag, simple_value
        parts = [_key(1, 2) + _varint(len(head) + 4) + head for head in heads]
        size = sum(len(part) + 4 for part in parts)
        begin = _key(5, 2) + _varint(size)  # Event.summary
        layout = "".join(f"{len(part)}sf" for part in parts)
        self._packed = struct.Struct(f"<cdc{_STEP + len(begin)}s{layout}")
        self._begin, self._parts = begin, parts
        length = struct.pack("<Q", self._packed.size)
        self._head = length + checksum(length)

    def record(self, step: int, wall: float, values: Iterable[float]) -> bytes:
        """The whole record of one event."""
        fields: list[Any] = []
        for part, value in zip(self._parts, values, strict=True):
            fields += (part, value)
        packed = self._packed.pack
        start = _fixed(step) + self._begin
        try:
            data = packed(b"\x09", wall, b"\x10", start, *fields)
        except OverflowError:  # larger than a float32: what NumPy and TensorBoard make of it too
            with np.errstate(over="ignore"):
                fields[1::2] = [float(np.float32(value)) for value in fields[1::2]]
            data = packed(b"\x09", wall, b"\x10", start, *fields)
        return b"".join((self._head, data, checksum(data)))


def _told(past: Path) -> Iterator[bytes]:
    """All points of all curves so far, as records."""
    for curve in series.curves(past):
        template = _Template((curve,))
        for start in range(0, series.count(past, curve), _PIECE):
            points = series.read(past, curve, start, start + _PIECE)
            yield b"".join(template.record(step, wall, (value,)) for step, wall, value in points.tolist())


def _head(wall: float) -> bytes:
    """Event.file_version, which every file begins with."""
    version = b"brain.Event:2"
    return b"\x09" + struct.pack("<d", wall) + _key(3, 2) + _size(version) + version


def _restart(wall: float, step: int) -> bytes:
    """Event.session_log with the status START: what is known of ``step`` and later steps is orphaned."""
    return b"\x09" + struct.pack("<d", wall) + b"\x10" + _fixed(step) + _key(7, 2) + b"\x02" + _key(1, 0) + b"\x01"


def _key(field: int, wire: int) -> bytes:
    return bytes([field << 3 | wire])


def _size(data: bytes) -> bytes:
    return _varint(len(data))


def _varint(number: int) -> bytes:
    made = bytearray()
    while number > 0x7F:
        made.append(number & 0x7F | 0x80)
        number >>= 7
    made.append(number)
    return bytes(made)


def _fixed(step: int) -> bytes:
    """A step as a varint of _STEP bytes, longer than it need be: readers take up to ten."""
    return _LOW[step & 0x3FFF] + _high(step >> 14)


@lru_cache(maxsize=8)
def _high(rest: int) -> bytes:
    """All bytes of a step but the first two, the last one without the mark that more follow."""
    places = range(_STEP - 2)
    return bytes((rest >> 7 * place & 0x7F) | (0x80 if place < places[-1] else 0) for place in places)


_LOW = [bytes((low & 0x7F | 0x80, low >> 7 | 0x80)) for low in range(1 << 14)]
