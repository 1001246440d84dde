"""Checks of dataset options that one field alone cannot make; the form calls them before a job is created."""

from __future__ import annotations

from typing import TYPE_CHECKING

from data.errors import InvalidOptions, UserError
from data.files import not_a_folder, not_there
from data.sources import find_source
from data.transforms import find_resize_mode

if TYPE_CHECKING:
    from data.dataset_options import DatasetOptions

PATHS = (
    *("folder", "val_folder", "test_folder", "image_root", "val_image_root", "test_image_root"),
    *("label_root", "val_label_root", "labels_file"),
)
"""Options that are paths on the server."""


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
    wrong |= _wrong_paths(options)
    if wrong:
        raise InvalidOptions(wrong)


def _wrong_paths(options: DatasetOptions) -> dict[str, list[str]]:
    """Paths that are not there or of the wrong kind, and a folder that no source knows."""
    wrong = {}
    for name in PATHS:
        path = getattr(options, name)
        if path is not None and (reason := not_there(path)):
            wrong[name] = [reason]
    if not wrong:
        try:
            source = find_source(options.source, options.folder)
        except UserError as error:
            return {error.field or "folder": [str(error)]}
        for name in ("folder", "val_folder", "test_folder") if source.files == "no" else ():
            path = getattr(options, name)
            if path is not None and (reason := not_a_folder(path)):
                wrong[name] = [reason]
    return wrong
