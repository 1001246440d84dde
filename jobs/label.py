"""What people write on a job and may change later, kept in its folder as label.json: reindex reads it back."""

from __future__ import annotations

import json
from typing import Any

from data.whole import write_json
from jobs.folder import BrokenFolder, JobFolder
from jobs.tables import JobRow

FIELDS = ("name", "group", "visibility", "notes")
_VISIBILITIES = ("lab", "private")


def label_of(row: JobRow) -> dict[str, str]:
    """The label of a row."""
    return {field: str(getattr(row, field) or "") for field in FIELDS}


def write_label(folder: JobFolder, label: dict[str, str]) -> None:
    """Replace label.json. Raises OSError (disk full, folder not writable or gone)."""
    write_json(folder.path / "label.json", label)


def read_label(folder: JobFolder) -> dict[str, str]:
    """The label as it was last written; {} where there is none (an older job). Raises BrokenFolder."""
    path = folder.path / "label.json"
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8"))
        label = {field: str(found[field]) for field in FIELDS}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BrokenFolder(f"{path} cannot be read: {error!r}") from error
    if label["visibility"] not in _VISIBILITIES:
        raise BrokenFolder(f'{path} has the visibility "{label["visibility"]}"; it is {" or ".join(_VISIBILITIES)}.')
    return label
