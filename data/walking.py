"""Walking a folder and all below it in sorted order; each real folder once, so that links make no circle or doubles."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator

Look = Callable[[str], tuple[Iterable[str], Iterable[str]]]
"""``look(folder)``: the names of its files that count, and of its folders to go into. May raise OSError."""


def each_folder(root: str, look: Look, failed: Callable[[str, OSError], None]) -> Iterator[tuple[str, list[str]]]:
    """(folder, sorted names of its files) of ``root`` and all below it; links to folders are followed.

    ``failed(folder, error)`` hears of each folder that cannot be read; what it raises ends the walk.
    """
    waiting, seen = [root], set[tuple[int, int]]()
    while waiting:
        here = waiting.pop()
        try:
            status = os.stat(here)
            if (status.st_dev, status.st_ino) in seen:
                continue
            seen.add((status.st_dev, status.st_ino))
            names, folders = look(here)
        except OSError as error:
            failed(here, error)
            continue
        yield here, sorted(names)
        waiting += sorted((os.path.join(here, name) for name in folders), reverse=True)
