"""torchvision's downloadable sets, as they lie on the disk or fetched from their homes: read in the worker only."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from data.downloads import SETS, DownloadableSet
from data.errors import UserError
from data.files import require_folder, shown
from data.listed import REPORT, Classes, Listed, groups_of, require_rows
from data.peek import Peek
from data.sources import Clue, Listing, source
from data.workspace import ANYWHERE, Workspace

if TYPE_CHECKING:
    from data.dataset_options import DatasetOptions


def detect(seen: Peek) -> Clue | None:
    """A folder in which torchvision has put one of its sets."""
    name = None if seen.is_file else _lying_in(seen.path)
    return Clue(0.9, f"It holds {SETS[name].title} as torchvision stores it.") if name else None


@source("torchvision", "torchvision's sets (MNIST, CIFAR ...)", detect)
def scan(options: DatasetOptions, workspace: Workspace = ANYWHERE) -> Generator[int, None, Listing]:
    """A set that torchvision knows, from a folder where it lies or downloaded into it: MNIST, CIFAR-10 and others."""
    root = require_folder(options.folder, "folder")
    name = options.downloaded or _lying_in(root)
    if name is None:
        raise UserError(
            f"{shown(root)} holds none of torchvision's sets.",
            field="folder",
            hint="Choose the set and switch on its download.",
        )
    if name not in SETS:
        raise UserError(f"There is no set {name}.", field="downloaded", hint=f"Choose one of {', '.join(SETS)}.")
    chosen = SETS[name]
    if workspace.scratch is None:
        return _preview(root, name, chosen, options.download)
    yield 0
    classes, lists = Classes(), dict[str, Listed]()
    for split, arguments in chosen.splits.items():
        made = _open(root, chosen, arguments, options.download)
        for title in _titles(made):
            classes.number(title)
        folder = workspace.scratch / "unpacked" / name / split
        lists[split] = yield from _write_out(made, folder, classes)
    groups = groups_of(lists, classes, dict.fromkeys(lists, root))
    require_rows(groups, root, [])
    counts = ", ".join(f"{len(listed.table):,} {split}" for split, listed in lists.items())
    renamed = {str(workspace.scratch / "unpacked"): root}
    return Listing(groups, [f"Read {chosen.title} from {shown(root)}: {counts} images."], renamed=renamed)


def _lying_in(root: str) -> str | None:
    """The set whose mark is below the folder; None where there is none."""
    return next((n for n, made in SETS.items() if any(os.path.exists(f"{root}/{mark}") for mark in made.marks)), None)


def _preview(root: str, name: str, chosen: DownloadableSet, download: bool) -> Listing:
    there = any(os.path.exists(f"{root}/{mark}") for mark in chosen.marks)
    if not there and not download:
        raise UserError(f"{chosen.title} is not in {shown(root)}.", field="download", hint="Switch on its download.")
    where = f"It is in {shown(root)}" if there else f"It will be downloaded into {shown(root)}"
    splits = ", ".join(chosen.splits)
    return Listing(
        notes=[f"{chosen.title}: {where}. Its splits are {splits}; they are counted while it is built."], kind=""
    )


def _open(root: str, chosen: DownloadableSet, arguments: dict[str, object], download: bool) -> Any:
    """The torchvision dataset. Raises UserError in words where it is not there or cannot be fetched."""
    from torchvision import datasets

    try:
        return getattr(datasets, chosen.cls)(root, download=download, **arguments)
    except Exception as error:  # noqa: BLE001  urllib, pickle, zipfile and torchvision's own let out errors of every type
        if download:
            raise UserError(
                f"{chosen.title} could not be downloaded: {error}.",
                field="download",
                hint="Is the server connected to the Internet? Otherwise copy the set's files into the folder.",
            ) from None
        raise UserError(
            f"{chosen.title} could not be read from {shown(root)}: {error}.",
            field="folder",
            hint="Are all its files there? Switch on the download to fetch them.",
        ) from None


def _titles(made: Any) -> list[str]:
    """Class names as torchvision knows them; numbers where it has none."""
    return [str(title) for title in getattr(made, "classes", None) or ()]


def _write_out(made: Any, folder: Path, classes: Classes) -> Generator[int, None, Listed]:
    """Write each picture as a PNG that the pipeline can read; the files are removed after the build."""
    folder.mkdir(parents=True)
    titles, listed, since = _titles(made), Listed(), 0
    for number, (image, label) in enumerate(_items(made)):
        name = f"{number:06d}.png"
        image.save(folder / name, compress_level=1)
        listed.table.add(str(folder), [name])
        listed.labels.append(classes.number(titles[label] if label < len(titles) else str(label)))
        since += 1
        if since == REPORT:
            yield since
            since = 0
    yield since
    return listed


def _items(made: Any) -> Iterator[tuple[Image.Image, int]]:
    for number in range(len(made)):
        image, label = made[number]
        yield image, int(label)
