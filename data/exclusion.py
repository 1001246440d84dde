"""Leaving images out of a build: a list of paths in the job's folder, applied after dividing into splits."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from data.errors import UserError
from data.splits import Plan
from data.whole import write_whole

FILE = "exclude.jsonl"
"""In a job's folder: one JSON string a line, paths as the explorer shows them."""
LARGEST = 512 << 20
"""Bytes of a list: some five million paths."""


def write_list(folder: Path, paths: Iterable[str]) -> int:
    """Write the list of a new job; returns how many paths. Raises OSError (disk full)."""
    unique = sorted(set(paths))
    write_whole(folder / FILE, "".join(json.dumps(path) + "\n" for path in unique).encode())
    return len(unique)


def read_list(folder: Path) -> frozenset[str]:
    """The paths that a job leaves out; none where it has no list."""
    path = folder / FILE
    if not path.exists():
        return frozenset()
    with path.open(encoding="utf-8") as file:
        return frozenset(json.loads(line) for line in file)


def parse_list(path: Path, base: Path) -> list[str]:
    """A person's own list: one path a line, whole or below ``base``; lines may be JSON strings, # begins a remark.

    Raises UserError where the file cannot be read or is none.
    """
    try:
        if path.stat().st_size > LARGEST:
            raise UserError(f"{path} is larger than a list of paths should be.", field="exclude")
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text in UTF-8"
        raise UserError(f"The list {path} cannot be read: {reason}.", field="exclude") from None
    paths = (_line(line.strip()) for line in lines if line.strip() and not line.startswith("#"))
    return [text if text.startswith("/") else str(base / text) for text in paths]


def leave_out(plan: Plan, excluded: frozenset[str], shown: Callable[[str], str]) -> tuple[Plan, dict[str, int]]:
    """The plan without the excluded images, and how many of them each split had.

    What remains stays in its split and in its order: only so can models trained on two versions be compared.
    """
    if not excluded:
        return plan, {}
    parts, removed = {}, {}
    for name, part in plan.parts.items():
        keep = np.fromiter((shown(part.table[row]) not in excluded for row in part.rows.tolist()), bool, len(part.rows))
        if keep.any():
            parts[name] = replace(part, rows=part.rows[keep], labels=part.labels[keep])
        removed[name] = int((~keep).sum())
    return replace(plan, parts=parts), removed


def _line(text: str) -> str:
    if not text.startswith('"'):
        return text
    try:
        return str(json.loads(text))
    except ValueError:
        return text
