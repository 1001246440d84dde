"""An evaluation from top to bottom: open model and images, judge what is missing, write the report; as job events."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.database import Dataset
from data.errors import UserError
from data.whole import write_json
from models.evaluation.confusion import Counts, confusion_matrix
from models.evaluation.images import FileImages, First, ImageSet, of_split
from models.evaluation.items import ClassNames, Items, in_folder, in_list, require_some
from models.evaluation.options import AUTO, EvaluationOptions
from models.evaluation.records import NONE, SCORES_LIMIT, Results, read_results, read_scores
from models.evaluation.report import report
from models.evaluation.slices import Property, as_property, length
from models.evaluation.stream import Judged, batch_size, judge
from models.inspection.loaded import LoadedModel

Event = dict[str, Any]
SPEAK_SECONDS = 0.5
TALLY_SHARE = 0.02
TALLY_SECONDS = 10.0
"""The matrix so far is told after this share of the images or so many seconds, whichever is later within a second."""
LIVE_CLASSES = 50
"""Up to so many classes the whole matrix is told while it grows."""


@dataclass(frozen=True)
class Order:
    """What is asked for. ``folder`` takes the results; ``dataset`` is that of the split (None: files are judged).

    ``roots`` are the folders that a list may lead into (none: anywhere).
    """

    folder: Path
    model: LoadedModel
    options: EvaluationOptions
    dataset: Dataset | None
    dataset_id: str | None
    roots: tuple[str, ...] = ()


def evaluate(order: Order) -> Iterator[Event]:
    """Judge all images that are not yet in the results, then write report.json, confusion.npy and curves.npz."""
    images, split = yield from _open(order)
    known = _describe(order, images, split)
    yield {"kind": "artifact", "name": "evaluation", "value": known}
    results = Results(order.folder, len(known["classes"]), scores=known["scores"])
    if results.done:
        yield {"kind": "resumed", "step": results.done, "epoch": 0.0, "epochs": 0.0}
        yield {"kind": "note", "text": f"Going on after {results.done:,} images that had been judged already."}
    yield from _judge(order, images, results)
    yield {"kind": "progress", "fraction": 0.999, "phase": "Working out the figures"}
    found = report(
        read_results(order.folder), read_scores(order.folder, len(known["classes"])), len(known["classes"]),
        _about(order, split, len(images)),
    )  # fmt: skip
    found.save(order.folder)
    facts = plain(found.facts)
    write_json(order.folder / "report.json", facts)
    headline = {key: facts[key] for key in HEADLINE if facts.get(key) is not None}
    yield {"kind": "metrics", "step": len(images), "epoch": 0.0, "values": headline}
    yield {"kind": "artifact", "name": "report", "value": headline}


HEADLINE = ("accuracy", "loss", "ece", "images", "labelled", "unlabelled", "unreadable")


def _open(order: Order) -> Generator[Event, None, tuple[ImageSet, str]]:
    """The images, and the name of the split they are ("" for files)."""
    options, model = order.options, order.model
    split = ""
    images: ImageSet
    if options.images == "split":
        if order.dataset is None:
            raise UserError("The dataset of the evaluation is not known.", field="dataset")
        split = _split(order.dataset, options.split)
        records = of_split(order.dataset, split, model.preprocessing, model.classes)
        if tuple(model.classes) != order.dataset.classes:
            shared = sum(name in model.classes for name in order.dataset.classes)
            yield {"kind": "note", "text": f"{shared} of the dataset's classes are known to the model by their name."}
        if not records.ready:
            yield {"kind": "note", "text": "The records are scaled again to the size that the model was trained on."}
        images = records
    else:
        yield {"kind": "progress", "fraction": 0.0, "phase": "Finding the images"}
        items, outside = _items(order)
        if outside:
            text = f"{outside:,} numbers of classes are out of range: these images count as unlabelled."
            yield {"kind": "note", "text": text}
        images = FileImages(items, model.preprocessing, order.roots)
    return (First(images, options.limit) if options.limit else images), split


def _split(dataset: Dataset, split: str) -> str:
    if split != AUTO:
        return split
    return next((name for name in ("test", "val") if name in dataset.splits), "train")


def _items(order: Order) -> tuple[Items, int]:
    """The items, written down the first time; and how many numbers of classes were out of range then."""
    folder, options = order.folder / "items", order.options
    names = ClassNames(order.model.classes)
    if not Items.there(folder):
        place = options.path or ""
        found = in_folder(place, names) if options.images == "folder" else in_list(place, options.image_folder, names)
        Items.write(folder, found, options.limit)
    return require_some(Items(folder), options.path or ""), names.outside


def _describe(order: Order, images: ImageSet, split: str) -> Event:
    """evaluation.json: what exactly is judged. Written once, so that a worker that goes on does the same."""
    path = order.folder / "evaluation.json"
    if path.exists():
        known: Event = json.loads(path.read_text())
        if known["checkpoint"] == order.model.checkpoint and known["count"] == len(images):
            return known
        raise UserError("The model or the images have changed since this evaluation began.", hint="Start a new one.")
    classes, options = order.model.classes, order.options
    height, width, channels = images.shape
    known = {
        "format": 1,
        "model": options.model,
        "checkpoint": order.model.checkpoint,
        "classes": list(classes),
        "images": options.images,
        "dataset": order.dataset_id if split else None,
        "split": split or None,
        "path": options.path,
        "count": len(images),
        "scores": len(images) * len(classes) * 4 <= SCORES_LIMIT,
        "height": height,
        "width": width,
        "channels": channels,
        "same": _fingerprint(order, split),
    }
    write_json(path, known)
    return known


def _fingerprint(order: Order, split: str) -> str:
    """Equal for evaluations of the same images in the same order, which can then be compared one by one."""
    if split:
        return f"{order.dataset_id}/{split}"
    with (order.folder / "items" / "paths.txt").open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass
class Tally:
    """What is known so far: right answers, labelled images, loss, and the matrix."""

    classes: int
    done: int = 0
    labelled: int = 0
    right: int = 0
    loss: float = 0.0
    unreadable: int = 0
    matrix: Counts = field(init=False)

    def __post_init__(self) -> None:
        self.matrix = np.zeros((self.classes, self.classes), np.int64)

    def add(self, records: NDArray[Any]) -> None:
        """Count some records RESULT [n]."""
        known = (records["label"] != NONE) & (records["predicted"] != NONE)
        self.done += len(records)
        self.labelled += int(known.sum())
        self.right += int((records["rank"][known] == 0).sum())
        self.loss += float(records["loss"][known].sum(dtype=np.float64))
        self.unreadable += int((records["predicted"] == NONE).sum())
        if self.classes <= LIVE_CLASSES:
            self.matrix += confusion_matrix(records["label"], records["predicted"], self.classes)

    def event(self) -> Event:
        """For the page, while it runs."""
        shown: Event = {
            "done": self.done,
            "labelled": self.labelled,
            "right": self.right,
            "unreadable": self.unreadable,
        }
        if self.labelled:
            shown |= {"loss": self.loss / self.labelled}
        if self.classes <= LIVE_CLASSES:
            shown["matrix"] = self.matrix.tolist()
        return {"kind": "artifact", "name": "tally", "value": shown}


def _judge(order: Order, images: ImageSet, results: Results) -> Iterator[Event]:
    tally = Tally(len(order.model.classes))
    if results.done:
        tally.add(read_results(order.folder))
    size = order.options.batch_size or batch_size(images.shape, order.model.device)
    clock = _Clock(len(images), results.done)
    for batch in judge(order.model, images, results.done, size):
        _keep(results, tally, batch)
        yield from clock.events(tally)
    yield tally.event()


def _keep(results: Results, tally: Tally, batch: Judged) -> None:
    results.append(batch.records, batch.probabilities, batch.failures)
    tally.add(batch.records)


class _Clock:
    """When it is time to say how far it is."""

    def __init__(self, total: int, done: int) -> None:
        self.total = total
        self.begin = self.spoke = self.told = time.monotonic()
        self.first = self.told_at = done

    def events(self, tally: Tally) -> Iterator[Event]:
        """Progress and, now and then, the tally."""
        now = time.monotonic()
        if now - self.spoke >= SPEAK_SECONDS:
            self.spoke = now
            rate = (tally.done - self.first) / (now - self.begin)
            known = {"fraction": tally.done / self.total, "phase": "Judging", "rate": rate, "unit": "images"}
            yield {"kind": "progress", **known, "eta": (self.total - tally.done) / rate if rate else None}
        far = tally.done - self.told_at >= TALLY_SHARE * self.total
        if now - self.told >= (1.0 if far else TALLY_SECONDS):
            self.told, self.told_at = now, tally.done
            yield tally.event()


def _about(order: Order, split: str, count: int) -> dict[str, Property]:
    """What the dataset knows of its images: the size of the source file, and what a table said of each."""
    if order.dataset is None or not split:
        return {}
    part = order.dataset.split(split)
    found: dict[str, Property] = {}
    if (part.folder / "source_width.npy").exists():
        sides = [np.load(part.folder / f"source_{side}.npy", mmap_mode="r")[:count] for side in ("width", "height")]
        size = np.sqrt(np.multiply(*(side.astype(np.float64) for side in sides)))
        found["source size"] = size
    for name in part.details.columns:
        if (column := as_property(islice(part.details.column(name), count))) is not None:
            found[name] = column
    return {name: values for name, values in found.items() if length(values) == count}


def plain(value: Any) -> Any:
    """``value`` as strict JSON: NumPy as plain numbers, NaN as None."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    return None if isinstance(value, float) and value != value else value
