"""Messages between the web and an inspector: a JSON value and binary blobs in one length-prefixed frame."""

from __future__ import annotations

import json
import socket
import struct
import time
from collections.abc import Sequence
from typing import Any

_LENGTH = struct.Struct(">I")
_LARGEST_HEADER = 256 * 2**20  # a longer one can only be noise


def send(connection: socket.socket, value: Any, blobs: Sequence[bytes] = (), until: float | None = None) -> None:
    """Send one frame; ``until`` is a time of ``time.monotonic()``. Raises TimeoutError, OSError (the peer is gone)."""
    header = json.dumps({"value": value, "blobs": [len(blob) for blob in blobs]}).encode()
    connection.settimeout(_left(until))
    connection.sendall(b"".join((_LENGTH.pack(len(header)), header, *blobs)))


def receive(connection: socket.socket, until: float | None = None) -> tuple[Any, list[bytes]]:
    """The next frame's value and blobs. Raises EOFError (the peer is gone), TimeoutError, OSError."""
    (size,) = _LENGTH.unpack(_exactly(connection, _LENGTH.size, until))
    if size > _LARGEST_HEADER:
        raise EOFError(f"a header of {size} bytes")
    header = json.loads(_exactly(connection, size, until))
    return header["value"], [_exactly(connection, length, until) for length in header["blobs"]]


def _exactly(connection: socket.socket, size: int, until: float | None) -> bytes:
    buffer = bytearray(size)
    view, filled = memoryview(buffer), 0
    while filled < size:
        connection.settimeout(_left(until))
        count = connection.recv_into(view[filled:])
        if not count:
            raise EOFError("the other side closed the connection")
        filled += count
    return bytes(buffer)


def _left(until: float | None) -> float | None:
    """Seconds left. A timeout of 0 would mean "do not block", so time that is up is told here."""
    if until is None:
        return None
    if (left := until - time.monotonic()) <= 0:
        raise TimeoutError
    return left
