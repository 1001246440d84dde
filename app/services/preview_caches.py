"""What the previews of one application keep: searches of sources, decoded images, and answers of the inspector."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from app.services.searching import Searches
from data.previews import Original

KEPT_BYTES = 64 << 20
KEPT_ANSWERS = 32


@dataclass
class Originals:
    """Decoded images, the longest unused dropped beyond KEPT_BYTES. Used by one thread (or gevent's hub) only."""

    _kept: OrderedDict[str, Original] = field(default_factory=OrderedDict)

    def get(self, key: str) -> Original | None:
        """The image if it is there."""
        if key in self._kept:
            self._kept.move_to_end(key)
        return self._kept.get(key)

    def add(self, key: str, original: Original) -> None:
        """Keep an image."""
        self._kept[key] = original
        while len(self._kept) > 1 and sum(one.nbytes for one in self._kept.values()) > KEPT_BYTES:
            self._kept.popitem(last=False)


@dataclass
class Answers:
    """The last answers by what was asked. Used by one thread (or gevent's hub) only."""

    _kept: OrderedDict[str, dict[str, Any]] = field(default_factory=OrderedDict)

    def get(self, key: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """The answer under ``key``, made where it is not there; no lock is held meanwhile."""
        if key not in self._kept:
            self._kept[key] = make()
        self._kept.move_to_end(key)
        while len(self._kept) > KEPT_ANSWERS:
            self._kept.popitem(last=False)
        return self._kept[key]


@dataclass
class PreviewCaches:
    """What the previews of one application keep."""

    searches: Searches = field(default_factory=Searches)
    originals: Originals = field(default_factory=Originals)
    augmented: Answers = field(default_factory=Answers)
