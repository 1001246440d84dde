"""Completing the path of a server folder as it is typed, inside the roots that a person's jobs may read."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path
from typing import Any

from app.services.context import Context, require
from app.services.paths import roots
from data.sources.archive import ENDINGS as ARCHIVES
from data.tables import TABLES
from jobs.permissions import Principal

MOST = 40
LOOKED_AT = 20_000
"""Entries of one folder that are looked at; a folder of a million files must not hold up the server."""


DATA = (*TABLES, *ARCHIVES, ".txt", ".json", ".yaml", ".yml")
"""Endings of files that a dataset can be read from."""


def suggest(
    ctx: Context, who: Principal | None, text: str, files: bool = False, endings: tuple[str, ...] = ()
) -> list[dict[str, Any]]:
    """At most 40 ``{"path", "folder"}`` that continue ``text``, folders first; roots where it is above them.

    ``files``: files too, all or only those with one of ``endings``.
    """
    who = require(who, "view")
    allowed = [root.resolve() for root in roots(ctx, who) if root.is_dir()]
    typed = _typed(text)
    above = [root for root in allowed if _starts(f"{root}/", typed)]
    folder = Path(typed if typed.endswith("/") else os.path.dirname(typed)).resolve()
    if above or not any(folder == root or root in folder.parents for root in allowed):
        return [{"path": f"{root}/", "folder": True} for root in above[:MOST]]
    start = "" if typed.endswith("/") else os.path.basename(typed)
    return _children(folder, start, files, endings)


def _typed(text: str) -> str:
    """What was typed as an absolute path; as in DIGITS, a relative one gets a leading slash."""
    text = os.path.expanduser(text.strip())
    return text if text.startswith("/") else f"/{text}"


def _starts(path: str, typed: str) -> bool:
    return path.lower().startswith(typed.lower()) and len(path) > len(typed)


def _children(folder: Path, start: str, files: bool, endings: tuple[str, ...]) -> list[dict[str, Any]]:
    try:
        with os.scandir(folder) as entries:
            found = [
                (not entry.is_dir(), entry.name)
                for entry in islice(entries, LOOKED_AT)
                if entry.name.lower().startswith(start.lower())
                and (start.startswith(".") or not entry.name.startswith("."))
                and (entry.is_dir() or (files and (not endings or entry.name.lower().endswith(endings))))
            ]
    except OSError:  # no such folder, or not readable: nothing continues it
        return []
    shown = sorted(found, key=lambda item: (item[0], item[1].lower()))[:MOST]
    return [{"path": f"{folder / name}{'' if is_file else '/'}", "folder": not is_file} for is_file, name in shown]
