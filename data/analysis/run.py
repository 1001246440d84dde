"""The analysis of a finished dataset: every record measured once, then statistics and findings, as events."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from data.analysis.columns import Columns
from data.analysis.distributions import histogram, sizes
from data.analysis.layout import lay_out, shares
from data.analysis.pictures import save_pictures
from data.analysis.scan import Scan, Scanned
from data.codecs import Pixels
from data.database import Dataset, Split
from data.doctor.evidence import Evidence
from data.doctor.report import report
from data.pipeline import usable_cores
from data.progress import Event, Progress
from data.whole import write_json

FORMAT = 1
WORDS = {"train": "training", "val": "validation", "test": "test"}


def analyse(dataset: Dataset, target: Path, *, threads: int | None = None, layout: str = "pca") -> Iterator[Event]:
    """Measure every record and write what was found into ``target`` (layout: docs/architecture.md).

    ``layout`` of the map is "pca" or "tsne", which needs openTSNE.

    analysis.json comes last, so a folder without it is no analysis. Raises ValueError for a damaged record, OSError.
    """
    target.mkdir(parents=True, exist_ok=True)
    (target / "analysis.json").unlink(missing_ok=True)
    # The matrices are so small that BLAS's own threads take three times as long as one does, most of it spinning.
    with threadpool_limits(1, user_api="blas"):
        yield from _analyse(dataset, target, threads or usable_cores(), layout)


def _analyse(dataset: Dataset, target: Path, threads: int, method: str) -> Iterator[Event]:
    progress = Progress(sum(info.entries for info in dataset.splits.values()), "images")
    statistics: dict[str, Any] = {}
    looks: dict[str, NDArray[np.int8]] = {}
    samples: dict[str, Pixels] = {}
    kept = shares({name: info.entries for name, info in dataset.splits.items()})
    for name in dataset.splits:
        split = dataset.split(name)
        scan = Scan(split, len(dataset.classes), threads, kept[name])
        for done in scan.run():
            if progress.add(done):
                yield progress.event(f"Measuring {WORDS[name]} images")
        statistics[name] = _keep(split, scan.result, target / name)
        looks[name], samples[name] = scan.result.looks, scan.result.sample
    yield progress.event("Drawing the map")
    layout = _map(dataset, samples, target, method)
    yield progress.event("Looking for problems")
    columns = {name: Columns(dataset.split(name), target / name) for name in dataset.splits}
    found = report(Evidence(dataset, columns, looks), target)
    for each in columns.values():
        each.save_orders()
    result = {"format": FORMAT, "splits": statistics, "map": layout, "findings": found}
    write_json(target / "analysis.json", result)
    yield {"kind": "artifact", "name": "findings", "value": {item["name"]: item["count"] for item in found}}


def _keep(split: Split, found: Scanned, folder: Path) -> dict[str, Any]:
    """Write a split's columns, orders and pictures; its statistics as JSON."""
    save_pictures(found.moments, folder)
    for name, values in found.columns.items():
        np.save(folder / f"{name}.npy", values)
    columns = Columns(split, folder)
    return {
        "records": len(split),
        "channels": found.moments.channels(),
        "class_size": list(found.moments.class_size),
        "sizes": sizes(columns["source_width"], columns["source_height"]),
        "aspect": _known(columns, "aspect", log=True),
        "file_bytes": _known(columns, "file_bytes", log=True),
        **{name: histogram(columns[name]) for name in ("brightness", "contrast")},
        "sharpness": histogram(columns["sharpness"], log=True),
    }


def _map(dataset: Dataset, samples: dict[str, Pixels], target: Path, method: str) -> dict[str, Any]:
    """Write ``<split>/map.npy``, the places of the first records of each split; what is told of the map as JSON."""
    places, told = lay_out(samples, {name: info.entries for name, info in dataset.splits.items()}, method)
    for name, points in places.items():
        np.save(target / name / "map.npy", points)
    return told


def _known(columns: Columns, sort: str, *, log: bool) -> dict[str, Any] | None:
    """The histogram of a property of the source files, of those whose size is known."""
    values: NDArray[Any] = columns.sort_values(sort)
    return histogram(values[np.asarray(columns["source_width"]) > 0], log=log)
