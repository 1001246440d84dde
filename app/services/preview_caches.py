"""What the previews of one application keep: searches of sources, and decoded images."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from app.services.searching import Searches
from data.previews import Original

KEPT_BYTES = 64 << 20


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
class PreviewCaches:
    """What the previews of one application keep."""

    searches: Searches = field(default_factory=Searches)
    originals: Originals = field(default_factory=Originals)
