"""What people write on a job and may change later, kept in its folder as label.json: reindex reads it back."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from data.errors import InvalidOptions
from data.whole import write_json
from jobs.folder import BrokenFolder, JobFolder
from jobs.tables import JobRow

FIELDS = ("name", "group", "visibility", "notes", "tags")
_LATER = ("tags",)  # fields that an older label.json does not have
MOST_TAGS = 20
LONGEST_TAG = 50
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
        label = {field: str(found.get(field, "") if field in _LATER else found[field]) for field in FIELDS}
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BrokenFolder(f"{path} cannot be read: {error!r}") from error
    if label["visibility"] not in _VISIBILITIES:
        raise BrokenFolder(f'{path} has the visibility "{label["visibility"]}"; it is {" or ".join(_VISIBILITIES)}.')
    return label


def join_tags(tags: Iterable[str]) -> str:
    """Tags as they are kept: each once, in the order given, with ", " between them; a comma ends a tag.

    Raises InvalidOptions (field ``tags``) for more than MOST_TAGS or one longer than LONGEST_TAG.
    """
    words = [" ".join(word.split()) for tag in tags for word in tag.split(",")]
    kept = list(dict.fromkeys(word for word in words if word))
    if len(kept) > MOST_TAGS:
        raise InvalidOptions({"tags": [f"These are {len(kept)} tags; a job has at most {MOST_TAGS}."]})
    if long := [tag for tag in kept if len(tag) > LONGEST_TAG]:
        raise InvalidOptions({"tags": [f'The tag "{long[0][:20]}..." is longer than {LONGEST_TAG} characters.']})
    return ", ".join(kept)


def split_tags(text: str) -> list[str]:
    """The tags that :func:`join_tags` put together."""
    return text.split(", ") if text else []
