"""What a source may use besides its options: a scratch folder of its own, and the word of which paths it may follow."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from data.errors import UserError
from data.roots import inside


@dataclass(frozen=True)
class Workspace:
    """``roots`` are the folders that lists may lead into (None: anywhere); ``scratch`` is a folder to unpack into.

    Without ``scratch`` (a preview) nothing is unpacked, downloaded or written.
    """

    roots: Sequence[Path] | None = None
    scratch: Path | None = None

    def guard(self, folder: str, field: str | None = None) -> None:
        """Raises UserError where a folder that a list leads to may not be read."""
        if self.roots is not None:
            inside(Path(folder), self.roots, field)

    def allows(self, folder: str) -> bool:
        """Whether it may be read."""
        try:
            self.guard(folder)
        except UserError:
            return False
        return True


ROOTS_FILE = "roots.json"
"""In a job's folder: the folders that its owner's jobs may read, as the server knew them when the job was made."""


def roots_of(folder: Path) -> list[Path] | None:
    """What a job's ROOTS_FILE says; None (anywhere) for a job that was made without a server."""
    try:
        return [Path(text) for text in json.loads((folder / ROOTS_FILE).read_text(encoding="utf-8"))]
    except FileNotFoundError:
        return None


ANYWHERE = Workspace()
"""For those who may read everything, and to look only."""
