"""Dataset sources, one file per format: each finds the images of a dataset and says what it understood."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field

from data.dataset_options import DatasetOptions
from data.registry import Registry
from data.splits import Group


@dataclass(frozen=True)
class Listing:
    """What a source found: one group a split (always "train"), and sentences that explain how it read the folder."""

    groups: dict[str, Group]
    notes: list[str] = field(default_factory=list)


Scan = Callable[[DatasetOptions], Generator[int, None, Listing]]
"""``scan(options)`` yields how many images it has found so far, now and then, and returns the listing.

Raises UserError with the option's name where the source is not what it should be.
"""


@dataclass(frozen=True)
class Source:
    """A dataset source: ``name`` for options and REST, ``title`` for people, ``help`` in one sentence."""

    name: str
    title: str
    help: str
    scan: Scan


sources: Registry[Source] = Registry("data.sources", "foveal.sources")


def source(name: str, title: str) -> Callable[[Scan], Scan]:
    """Register a scan function as a source; the first line of its docstring is the help."""

    def register(scan: Scan) -> Scan:
        sources.register(Source(name, title, (scan.__doc__ or "").partition("\n")[0], scan))
        return scan

    return register
