"""Which files of the server a person's jobs may read: the configured roots, and the person's own uploads."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from app.services.context import Context
from data.errors import InvalidOptions, UserError
from data.roots import inside
from jobs.permissions import Principal


def upload_folder(ctx: Context, who: Principal) -> Path:
    """Where this person's uploads are unpacked; the name is percent-encoded, so any name is one folder."""
    return ctx.settings.home / "uploads" / quote(who.name, safe="@ ").replace(".", "%2E")


def roots(ctx: Context, who: Principal) -> tuple[Path, ...]:
    """Folders that jobs of ``who`` may read: ``data_roots`` (single-user default: the home folder) and own uploads."""
    configured = ctx.settings.data_roots
    if not configured and ctx.settings.single_user:
        configured = (Path.home(),)
    return (*configured, upload_folder(ctx, who))


def server_path(ctx: Context, who: Principal, text: str, field: str) -> Path:
    """``text`` as a path inside the roots. Raises UserError naming the field where it is not, or is not there."""
    path = inside(Path(os.path.expanduser(text)), roots(ctx, who), field)
    if not os.path.exists(path):
        raise UserError(f"{path} does not exist on the server.", field=field)
    return path


def server_paths(ctx: Context, who: Principal, options: Any, fields: Iterable[str]) -> dict[str, str]:
    """Those of the ``fields`` of options that are given, as real paths inside the roots.

    Raises InvalidOptions for all wrong ones at once.
    """
    wrong: dict[str, list[str]] = {}
    paths: dict[str, str] = {}
    for field in fields:
        if text := getattr(options, field):
            try:
                paths[field] = str(server_path(ctx, who, text, field))
            except UserError as error:
                wrong[field] = [str(error)]
    if wrong:
        raise InvalidOptions(wrong)
    return paths


def server_folder(ctx: Context, who: Principal, text: str, field: str) -> Path:
    """The same for a folder."""
    path = server_path(ctx, who, text, field)
    if not path.is_dir():
        raise UserError(f"{path} is a file, not a folder.", field=field)
    return path
