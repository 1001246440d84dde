"""One job's news for the browsers that watch it: read once from the folder, however many watch. No sockets here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jobs import series
from jobs.events import Event
from jobs.folder import JobFolder, Tail
from jobs.updates import LIMIT, events_after, finite

LIVE_POINTS = 100
"""Points of one curve in one live update; ten updates a second are more than a screen can show."""


@dataclass(frozen=True)
class Position:
    """How far a reader has come: the last event's number, and for each curve the points of its file."""

    seq: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)


class Feed:
    """What is new in a job folder since the last reading."""

    def __init__(self, folder: JobFolder) -> None:
        """Begins at what the folder holds now."""
        self.folder = folder
        self._tail = Tail(folder.events_path)
        events = self._tail.read()
        self.position = Position(events[-1]["seq"] if events else 0, _counts(folder))

    def read(self) -> dict[str, Any] | None:
        """The update since the last reading, None where nothing happened."""
        before = self.position
        events = self._tail.read()
        self.position = Position(events[-1]["seq"] if events else before.seq, _counts(self.folder))
        if not events and self.position.counts == before.counts:
            return None
        points = points_between(self.folder, before.counts, self.position.counts, LIVE_POINTS)
        return update(self.folder, self.position.seq, events, points)


def catch_up(folder: JobFolder, since: Position, until: Position) -> dict[str, Any]:
    """What a page at ``since`` has missed up to ``until``, where its live updates go on: no gap, nothing twice."""
    events = events_after(folder.events_path, since.seq) if since.seq < until.seq else []
    missed = [event for event in events if event["seq"] <= until.seq]
    points = points_between(folder, since.counts, until.counts, LIMIT)
    return update(folder, until.seq, missed, points)


def points_between(
    folder: JobFolder, since: Mapping[str, int], until: Mapping[str, int], width: int
) -> dict[str, dict[str, Any]]:
    """For each curve that grew: points [start, stop) of its file, thinned to ``width``; None where not finite."""
    found = {}
    for curve, stop in until.items():
        start = since.get(curve, 0)
        if start < stop:
            shown = series.thin(series.read(folder.series, curve, start, stop), width)
            walls = shown["wall"].tolist()
            numbers = {"steps": shown["step"].tolist(), "walls": walls, "values": finite(shown["value"])}
            found[curve] = {"start": start, "stop": stop, **numbers}
    return found


def update(folder: JobFolder, seq: int, events: list[Event], points: dict[str, Any]) -> dict[str, Any]:
    """The message of docs/architecture.md."""
    return {"job": folder.path.name, "seq": seq, "events": events, "series": points}


def _counts(folder: JobFolder) -> dict[str, int]:
    return {curve: series.count(folder.series, curve) for curve in series.curves(folder.series)}
