"""Steering a running job: a small file in its folder, appended to by the web and looked at by the worker."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, replace
from typing import Any

from jobs.folder import JobFolder, append_whole

NAME = "control.jsonl"
INTERVAL = 0.1  # seconds between two looks of a worker


@dataclass(frozen=True)
class Act:
    """One request. ``line`` is its number in the file, from 1; ``act`` is one of ACTS; ``value`` belongs to it.

    ``late``: it was meant for an earlier worker, which has gone without seeing it.
    """

    line: int
    act: str
    value: Any = None
    who: str = ""
    time: float = 0.0
    late: bool = False


ACTS = {
    "rate": "change the learning rate to `value` (from the next step on; the schedule keeps its shape)",
    "save": "save a checkpoint now",
    "stop": "finish early: validate, save a checkpoint, and be Done",
    "pause": "save a checkpoint and give up the machine until it is resumed",
    "extend": "train until `value` epochs are done",
}
"""What can be asked of a training, and what it means."""


def ask(folder: JobFolder, act: str, value: Any = None, who: str = "") -> None:
    """Append a request. Raises OSError where the folder cannot be written."""
    line = json.dumps({"act": act, "value": value, "who": who, "time": time.time()}, allow_nan=False)
    append_whole(folder.path / NAME, line.encode() + b"\n")


def asked(folder: JobFolder, after: int = 0) -> list[Act]:
    """The requests after line number ``after``; a line that is damaged is passed over but counted."""
    try:
        lines = (folder.path / NAME).read_bytes().split(b"\n")[:-1]
    except FileNotFoundError:
        return []
    found = []
    for number, text in enumerate(lines[after:], after + 1):
        try:
            values = json.loads(text)
            who, when = str(values["who"]), float(values["time"])
            found.append(Act(number, str(values["act"]), values.get("value"), who, when))
        except (ValueError, KeyError, TypeError):
            continue
    return found


class Control:
    """The worker's view: :meth:`news` is cheap enough for every step."""

    def __init__(self, folder: JobFolder, handled: int = 0, since: float = 0.0) -> None:
        """``handled``: the last line that an earlier worker carried out; ``since``: when this worker began."""
        self._folder = folder
        self._path = folder.path / NAME
        self._line = handled
        self._since = since
        self._size = -1
        self._next = 0.0

    def news(self) -> list[Act]:
        """Requests that have come since the last call; [] nearly always."""
        now = time.monotonic()
        if now < self._next:
            return []
        self._next = now + INTERVAL
        try:
            size = self._path.stat().st_size
        except FileNotFoundError:
            return []
        if size == self._size:
            return []
        self._size = size
        acts = asked(self._folder, self._line)
        self._line = max([self._line, *(act.line for act in acts)])
        return [replace(act, late=act.time < self._since) for act in acts]
