"""What people call the three splits: names of folders and files, and values in a table."""

from __future__ import annotations

import re

SPLIT_NAMES = {
    "train": ("train", "training"),
    "val": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing"),
}
_SPLIT_OF = {name: split for split, names in SPLIT_NAMES.items() for name in names}
_WORDS = re.compile(r"[^a-z]+")


def split_of(name: str) -> str | None:
    """ "train", "val" or "test" where a folder's name means that split ("Validation" does), else None."""
    return _SPLIT_OF.get(name.casefold())


def split_in(name: str) -> str | None:
    """The split that is one of the words of a file's name: "train_labels.csv", "instances_val2017.json"; else None."""
    found = {split for word in _WORDS.split(name.casefold()) if (split := _SPLIT_OF.get(word))}
    return found.pop() if len(found) == 1 else None
