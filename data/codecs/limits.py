"""How large an image may be: a small file can unpack to more pixels than there is memory."""

from __future__ import annotations

from data.errors import UserError

MAX_PIXELS = 178_956_970
"""Pillow's own limit for an error: half a gigabyte of RGB."""


def check_size(width: int, height: int) -> None:
    """Raise UserError where an image has more than MAX_PIXELS pixels."""
    if width * height > MAX_PIXELS:
        raise too_large(f" ({width:,} x {height:,})")


def too_large(size: str) -> UserError:
    """The refusal; ``size`` is put in brackets where it is known."""
    return UserError(
        f"The image says it has more than {MAX_PIXELS // 1_000_000} million pixels{size}.",
        hint="Scale it down first. If the file is small, it may be damaged, or made to exhaust the memory.",
    )
