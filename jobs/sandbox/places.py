"""What may still be read when some folders are hidden: everything around them, and the exceptions inside."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

SECRETS = (
    ".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".netrc", ".git-credentials", ".pgpass", ".pypirc",
    ".password-store", ".config/gcloud", ".config/gh", ".huggingface", ".cache/huggingface/token",
    ".local/share/keyrings",
)  # fmt: skip
"""Where programs keep what lets somebody in elsewhere, below a home directory."""


def secrets() -> tuple[Path, ...]:
    """Those that the user of this process has."""
    home = Path(os.path.expanduser("~"))
    return tuple(place for name in SECRETS if os.path.exists(place := home / name))


def code() -> tuple[Path, ...]:
    """Where Python and its libraries are read from, in case that is inside of a hidden folder."""
    own = Path(__file__).parents[2]
    return tuple(Path(place) for place in dict.fromkeys((str(own), sys.prefix, sys.base_prefix, *sys.path)) if place)


def real(places: Iterable[Path]) -> tuple[str, ...]:
    """The places without links, each once."""
    return tuple(dict.fromkeys(os.path.realpath(place) for place in places))


def within(place: str, folders: Iterable[str]) -> bool:
    """Whether a real path is one of the folders or inside of one."""
    return any(place == folder or place.startswith(folder.rstrip(os.sep) + os.sep) for folder in folders)


def exceptions(shown: Iterable[Path], hidden: Collection[str]) -> tuple[str, ...]:
    """Of the places to be shown, those inside of a hidden one: a folder around it would show all of it again."""
    return tuple(place for place in real(shown) if within(place, hidden) and place not in hidden)


def around(hidden: Collection[str], root: str = os.sep) -> Iterator[str]:
    """The largest files and folders that hold nothing hidden.

    Links are left out: what they lead to is named by itself, or hidden. A folder that is hidden is not looked into.
    """
    try:
        entries = list(os.scandir(root))
    except OSError:
        return  # nothing in there can be read anyway
    for entry in entries:
        if entry.is_symlink() or entry.path in hidden:
            continue
        if any(place.startswith(entry.path + os.sep) for place in hidden):
            yield from around(hidden, entry.path)
        else:
            yield entry.path
