"""What is asked of a finished atlas beyond its pass: a layer laid out by neighbours, the maps at other checkpoints.

The web appends a line to ``wishes.jsonl`` in the job's folder and lets the job go on; the worker does what is missing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Wish:
    """``tsne`` is the number of a layer, ``checkpoints`` how many of them the maps are to be followed through."""

    tsne: int | None = None
    checkpoints: int | None = None


def wish(folder: Path, wanted: Wish) -> None:
    """Append a wish. Raises OSError."""
    with (folder / "wishes.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(asdict(wanted)) + "\n")


def wishes(folder: Path) -> Iterator[Wish]:
    """All wishes so far; a torn last line is none."""
    path = folder / "wishes.jsonl"
    for line in path.read_text("utf-8").splitlines(keepends=True) if path.exists() else ():
        if line.endswith("\n"):
            yield Wish(**json.loads(line))
