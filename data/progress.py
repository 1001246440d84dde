"""Progress of a long task: when to speak, the rate over the last seconds, and the time left."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Any

Event = dict[str, Any]
"""A job event (jobs/events.py): {"kind": ..., ...}, JSON-ready."""


class Progress:
    """Counts items done of ``total`` and makes progress events, at most one in ``every`` seconds."""

    def __init__(self, total: int, unit: str, every: float = 0.5, clock: Callable[[], float] = time.monotonic) -> None:
        self.total = total
        self.unit = unit
        self.done = 0
        self._every = every
        self._clock = clock
        self._spoke = clock()
        self._recent: deque[tuple[float, int]] = deque([(self._spoke, 0)], maxlen=20)

    def add(self, items: int) -> bool:
        """Count items; True where an event is due."""
        self.done += items
        return self._clock() - self._spoke >= self._every

    def event(self, phase: str) -> Event:
        """The progress event of this moment: rate in items/s over the last ten seconds or so, eta in seconds."""
        now = self._clock()
        self._spoke = now
        self._recent.append((now, self.done))
        (then, before), _ = self._recent[0], None
        rate = (self.done - before) / (now - then) if now > then else 0.0
        eta = (self.total - self.done) / rate if rate else None
        fraction = self.done / self.total if self.total else 0.0
        return {"kind": "progress", "fraction": fraction, "phase": phase, "rate": rate, "unit": self.unit, "eta": eta}


class Seldom:
    """Says when a growing report is due: every second at first, every fiftieth of the time later (some 200 in all)."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._begin = self._next = clock()

    def due(self) -> bool:
        """True when it is time again."""
        now = self._clock()
        if now < self._next:
            return False
        self._next = now + max(1.0, (now - self._begin) / 50)
        return True
