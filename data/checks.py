"""Checks of dataset options that one field alone cannot make; the form calls them before a job is created."""

from __future__ import annotations

import os

from data.dataset_options import DatasetOptions
from data.errors import InvalidOptions, UserError
from data.files import shown
from data.transforms import find_resize_mode


def check_options(options: DatasetOptions) -> None:
    """Raise UserError or InvalidOptions (naming each field) where options contradict each other, or a folder is none.

    Light: reads no image and imports no torch, so that a web page may call it.
    """
    find_resize_mode(options.resize_mode)
    wrong: dict[str, list[str]] = {}
    if options.val_percent + options.test_percent > 100:
        wrong["test_percent"] = ["The shares for validation and testing add up to more than 100 %."]
    elif options.val_percent + options.test_percent == 100:
        wrong["val_percent"] = ["Nothing is left for training: validation and testing take 100 %."]
    for prefix in ("", "val_", "test_"):
        least, most = getattr(options, f"{prefix}min_per_class"), getattr(options, f"{prefix}max_per_class")
        if least is not None and most is not None and least > most:
            wrong[f"{prefix}max_per_class"] = [f"The most per class ({most}) is below the least ({least})."]
    for name in ("folder", "val_folder", "test_folder"):
        path = getattr(options, name)
        if path is not None and (reason := _not_a_folder(path)):
            wrong[name] = [reason]
    if wrong:
        raise InvalidOptions(wrong)


def require_folder(path: str, field: str) -> str:
    """The path without a slash at its end. Raises UserError naming the field where it is no folder."""
    if reason := _not_a_folder(path):
        raise UserError(reason, field=field, hint="Give the whole path of a folder on the server.")
    return path.rstrip("/") or "/"


def _not_a_folder(path: str) -> str | None:
    """Why a path is not a folder, as a sentence; None where it is one."""
    try:
        if os.path.isdir(path):
            return None
        what = "is a file, not a folder" if os.path.exists(path) else "does not exist on the server"
    except ValueError:  # a zero byte
        what = "is not a path"
    return f"{shown(path)} {what}."
