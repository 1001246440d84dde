"""A registry of named things, each in one file: found by folder scan and entry points, broken files kept and shown."""

from __future__ import annotations

import importlib
import logging
import pkgutil
import threading
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import entry_points
from typing import Generic, Protocol, TypeVar

log = logging.getLogger(__name__)


class Named(Protocol):
    """What a registry holds: a stable ``name`` (used in URLs and REST) and a ``title`` for people."""

    @property
    def name(self) -> str:
        """Stable, for URLs and options."""

    @property
    def title(self) -> str:
        """For people."""


N = TypeVar("N", bound=Named)


class Registry(Generic[N]):
    """Things of one kind by name. ``package`` is scanned on first use; ``group`` is the entry-point group."""

    def __init__(self, package: str, group: str | None = None) -> None:
        self.package = package
        self.group = group
        self.broken: dict[str, str] = {}
        self._things: dict[str, N] = {}
        self._loaded = False
        self._started = False
        self._loading = threading.RLock()

    def register(self, thing: N) -> N:
        """Add a thing (usable as a class decorator); a second thing of the same name is a programming error."""
        if thing.name in self._things:
            raise ValueError(f"{self.package}: {thing.name!r} is registered twice")
        self._things[thing.name] = thing
        return thing

    def __getitem__(self, name: str) -> N:
        self._load()
        return self._things[name]

    def __contains__(self, name: object) -> bool:
        self._load()
        return name in self._things

    def __iter__(self) -> Iterator[N]:
        self._load()
        return iter(self._things.values())

    def __len__(self) -> int:
        self._load()
        return len(self._things)

    def names(self) -> list[str]:
        """Names in order of registration."""
        self._load()
        return list(self._things)

    def _load(self) -> None:
        if self._loaded:
            return
        with self._loading:  # a second thread waits until all are there; plug-ins that look in here while loading pass
            if not self._started:
                self._started = True
                self._scan()
                self._loaded = True

    def _scan(self) -> None:
        package = importlib.import_module(self.package)
        for module in pkgutil.iter_modules(package.__path__, self.package + "."):
            self._try(module.name, partial(importlib.import_module, module.name))
        for entry in entry_points(group=self.group) if self.group else ():
            self._try(f"{entry.value} ({entry.name})", entry.load)

    def _try(self, name: str, load: Callable[[], object]) -> None:
        """One plug-in that fails to import is shown as broken and never stops the server."""
        try:
            load()
        except Exception as error:  # noqa: BLE001  a plug-in may fail in any way
            log.warning("plug-in %s does not load: %s", name, error)
            self.broken[name] = f"{type(error).__name__}: {error}"
