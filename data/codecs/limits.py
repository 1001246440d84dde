"""How large an image may be: a small file can unpack to more pixels than there is memory."""

from __future__ import annotations

from data.errors import UserError

MAX_PIXELS = 178_956_970
"""Pillow's own limit for an error: half a gigabyte of RGB."""


def check_size(width: int, height: int) -> None:
    """Raise UserError where an image has more than MAX_PIXELS pixels."""
    if width * height > MAX_PIXELS:
        raise UserError(
            f"The image says it has {width:,} x {height:,} pixels; {MAX_PIXELS // 1_000_000} million is the most.",
            hint="Scale it down first. If it is a small file, it may be damaged or made to exhaust the memory.",
        )
