"""Imports Flask-SocketIO without the transports that are never used here: 9 MB less in every web process."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without(*names: str) -> Iterator[None]:
    """Let ``import name`` fail in the block, as if it were not installed; what is loaded already stays."""
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


# engineio imports a client (requests, websocket-client) and a Tornado adapter where those happen to be installed.
with without("tornado", "requests", "websocket"):
    from flask_socketio import ConnectionRefusedError as Refused
    from flask_socketio import SocketIO, join_room, leave_room

__all__ = ["Refused", "SocketIO", "join_room", "leave_room"]
