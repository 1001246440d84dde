"""Dataset sources, one file per format: each tells whether a path is its own, finds the images, and says how."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from data.errors import UserError
from data.files import shown
from data.peek import Peek, peek
from data.registry import Registry
from data.workspace import ANYWHERE, Workspace

if TYPE_CHECKING:
    from data.dataset_options import DatasetOptions
    from data.objects.table import ObjectGroup
    from data.splits import Group

AUTO = "auto"
CLASSIFICATION, DETECTION, SEGMENTATION = "image_classification", "detection", "segmentation"


@dataclass(frozen=True)
class Listing:
    """What a source found: one group a split (for classification always "train"), and how it read the files.

    ``groups`` are for classification, ``objects`` for detection and segmentation. ``notes`` are sentences on how it was
    understood, ``problems`` sentences on what looks wrong, ``lines`` the first lines of a list as they are written.
    ``kind`` is the dataset's. ``renamed`` maps the beginning of a path to what people are shown instead of it.
    """

    groups: dict[str, Group] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    kind: str = CLASSIFICATION
    objects: dict[str, ObjectGroup] = field(default_factory=dict)
    classes: tuple[str, ...] = ()
    renamed: dict[str, str] = field(default_factory=dict)

    def shown(self, path: str) -> str:
        """A path as people see it."""
        for begin, instead in self.renamed.items():
            if path.startswith(begin):
                path = instead + path[len(begin) :]
        return shown(path)


@dataclass(frozen=True)
class Clue:
    """Why a path may be a source's own: how sure that is (0..1), and a sentence with what was seen."""

    confidence: float
    reason: str


class Scan(Protocol):
    """``scan(options, workspace)`` yields how many images it has found so far, now and then, and returns the listing.

    Raises UserError with the option's name where the source is not what it should be.
    """

    def __call__(self, options: DatasetOptions, workspace: Workspace = ANYWHERE) -> Generator[int, None, Listing]: ...


Detect = Callable[[Peek], Clue | None]
"""Whether what was peeked at is this source's; quick, reads a few first lines at most, imports nothing heavy."""


@dataclass(frozen=True)
class Source:
    """A dataset source: ``name`` for options and REST, ``title`` for people, ``help`` in one sentence.

    ``kind`` is what its datasets are: image_classification, detection, segmentation; "" where that depends.
    ``files`` says whether it is a file that is chosen rather than a folder: "no", "may", "must".
    """

    name: str
    title: str
    help: str
    scan: Scan
    detect: Detect
    kind: str = CLASSIFICATION
    files: str = "no"


sources: Registry[Source] = Registry("data.sources", "foveal.sources")


def source(
    name: str, title: str, detect: Detect, *, kind: str = CLASSIFICATION, files: str = "no"
) -> Callable[[Scan], Scan]:
    """Register a scan function as a source; the first line of its docstring is the help."""

    def register(scan: Scan) -> Scan:
        sources.register(Source(name, title, (scan.__doc__ or "").partition("\n")[0], scan, detect, kind, files))
        return scan

    return register


def clues(path: str) -> list[tuple[Source, Clue]]:
    """The sources that may read a path, surest first; looks only, and never raises for what it finds."""
    seen = peek(path)
    found = [(source, clue) for source in sources if (clue := source.detect(seen))]
    return sorted(found, key=lambda pair: -pair[1].confidence)


def find_source(name: str, path: str) -> Source:
    """The source of this name, or the surest one for "auto". Raises UserError: no such source, or nobody knows it."""
    if name != AUTO:
        if name not in sources:
            known = ", ".join((AUTO, *sources.names()))
            raise UserError(f'There is no source "{name}".', field="source", hint=f"Choose one of: {known}.")
        return sources[name]
    if found := clues(path):
        return found[0][0]
    raise UserError(
        f"{shown(path)} holds nothing that is known as a dataset.",
        field="folder",
        hint="Put the images of each class into a sub-folder of their own, or choose what it is under Source. "
        f"Known are: {', '.join(source.title for source in sources)}.",
    )
