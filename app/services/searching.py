"""Searches of sources that go on in native threads while people wait, and what they found, kept for a while."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Generator

from app.services.offload import begin
from data.errors import UserError
from data.previews import Survey, survey
from data.sources import Listing

FRESH_SECONDS = 120.0
"""After this time a folder is searched anew: files may have come or gone."""
KEPT = 32
MOST_RUNNING = 4
"""Searches at once; one more makes the oldest give way."""
_STEP = 0.01


class Search:
    """One search under way or finished; ``seen`` images so far."""

    def __init__(self, scan: Generator[int, None, Listing]) -> None:
        self.seen = 0
        self.survey: Survey | None = None
        self.error: Exception | None = None
        self.finished: float | None = None
        self._scan = scan
        self._stopped = False

    def run(self) -> None:
        """Search to the end; whatever goes wrong is kept for those who wait."""
        try:
            self.survey = survey(self._listing())
        except Exception as error:  # noqa: BLE001  it is raised again in the request that asks
            self.error = error
        self.finished = time.monotonic()

    def stop(self) -> None:
        """Give way to others."""
        self._stopped = True

    def wait(self, patience: float) -> Survey | None:
        """What was found, or None where it takes longer than ``patience`` seconds. Raises what the search raised."""
        until = time.monotonic() + patience
        while self.finished is None and time.monotonic() < until:
            time.sleep(_STEP)  # under gevent, others are served meanwhile
        if self.error is not None:
            raise self.error
        return self.survey

    def fresh(self) -> bool:
        """Whether it is under way, or finished not long ago and well."""
        if self.finished is None:
            return not self._stopped
        return self.error is None and time.monotonic() - self.finished < FRESH_SECONDS

    def _listing(self) -> Listing:
        while True:
            try:
                self.seen += next(self._scan)
            except StopIteration as end:
                found: Listing = end.value
                return found
            if self._stopped:
                self._scan.close()
                raise UserError("The search gave way to newer ones.", hint="Choose the folder again.")


class Searches:
    """The searches by what was searched. Used by one thread (or gevent's hub) only."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Search] = OrderedDict()

    def get(self, key: str, scan: Callable[[], Generator[int, None, Listing]]) -> Search:
        """The search of ``key``; where there is no fresh one it is begun, with what ``scan`` makes."""
        search = self._known.get(key)
        if search is None or not search.fresh():
            self._make_room()
            search = self._known[key] = Search(scan())
            begin(search.run)
        self._known.move_to_end(key)
        return search

    def _make_room(self) -> None:
        running = [search for search in self._known.values() if search.finished is None]
        for search in running[: max(0, len(running) - MOST_RUNNING + 1)]:
            search.stop()
        while len(self._known) > KEPT:
            self._known.popitem(last=False)
