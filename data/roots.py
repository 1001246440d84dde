"""Which folders of the server may be read: a path must lie inside an allowed root after all its links are followed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from data.errors import UserError
from data.files import shown


def inside(path: Path, roots: Sequence[Path], field: str | None = None) -> Path:
    """The real path (links resolved), which need not exist, inside one of the roots.

    Raises UserError naming ``field`` where it is relative, no path, or outside. The sentence is the same whether or not
    something is there, so that nobody can feel their way through the disk.
    """
    if not path.is_absolute():
        raise UserError(f"{shown(str(path))} is not a whole path.", field=field, hint='Begin it with "/".')
    try:
        real = path.resolve()
        allowed = [root.resolve() for root in roots]
    except (OSError, RuntimeError, ValueError):  # links in a circle, a name too long, a zero byte
        raise UserError("This is not a path that can be followed.", field=field) from None
    if any(real.is_relative_to(root) for root in allowed):
        return real
    names = ", ".join(shown(str(root)) for root in roots) or "none is set up"
    raise UserError(
        f"{shown(str(path))} is outside the folders that may be read.",
        field=field,
        hint=f"Allowed: {names}. An administrator can add folders (FOVEAL_DATA_ROOTS).",
    )
