"""What happened in a job since a reader last looked: pure over its files, the same for reload, REST and reconnect."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from jobs import series
from jobs.events import Event
from jobs.folder import JobFolder, parse_event

LIMIT = 1000
"""Points of one curve in one answer; more are thinned so that no spike is lost."""
_CHUNK = 64 * 1024  # bytes read from the end of events.jsonl at first; doubled until it reaches back far enough


def updates(folder: JobFolder, seq: int, counts: Mapping[str, int], limit: int = LIMIT) -> dict[str, Any]:
    """Events after number ``seq``, and of each curve the points after the first ``counts[curve]`` (missing: all).

    The answer is JSON-ready: ``{"job", "seq": last, "events": [...], "series": {curve: {"start", "stop", "steps",
    "walls", "values"}}}``, walls in Unix seconds. A point's identity is its index in the curve's file: points
    [start, stop) are meant, and with ``"thinned": true`` only about ``limit`` of them are told. Values that are not
    finite are None. Asking again with the returned ``seq`` and each ``stop`` leaves no gap and repeats nothing.
    """
    events = events_after(folder.events_path, seq)
    found = {}
    for curve in series.curves(folder.series):
        if (news := _news(folder, curve, counts.get(curve, 0), limit)) is not None:
            found[curve] = news
    return {"job": folder.path.name, "seq": events[-1]["seq"] if events else seq, "events": events, "series": found}


def events_after(path: Path, seq: int) -> list[Event]:
    """The events numbered above ``seq``, oldest first, read from the end: what is long known is not read again."""
    try:
        with path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            size = _CHUNK if seq else end
            while True:
                start = max(0, end - size)
                file.seek(start)
                events = _whole_events(file.read(end - start), from_start=start == 0)
                if start == 0 or (events and events[0]["seq"] <= seq + 1):
                    return [event for event in events if event["seq"] > seq]
                size *= 2
    except FileNotFoundError:
        return []


def finite(values: Any) -> list[float | None]:
    """Numbers as JSON can say them: what is not finite becomes None."""
    array = np.asarray(values, dtype=np.float64)
    listed: list[float | None] = array.tolist()
    for index in np.flatnonzero(~np.isfinite(array)):
        listed[index] = None
    return listed


def _news(folder: JobFolder, curve: str, start: int, limit: int) -> dict[str, Any] | None:
    stop = series.count(folder.series, curve)
    if stop <= start:
        return None
    points = series.read(folder.series, curve, start, stop)
    shown = series.thin(points, limit)
    thinned = {"thinned": True} if len(shown) < len(points) else {}
    numbers = {"steps": shown["step"].tolist(), "walls": shown["wall"].tolist(), "values": finite(shown["value"])}
    return {"start": start, "stop": stop, **numbers, **thinned}


def _whole_events(text: bytes, *, from_start: bool) -> list[Event]:
    """The events of whole lines; the first line of a piece from the middle of a file is not whole."""
    lines = text[: text.rfind(b"\n") + 1].split(b"\n")
    return [event for line in (lines if from_start else lines[1:]) if (event := parse_event(line)) is not None]
