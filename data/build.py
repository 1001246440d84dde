"""Building a dataset: find, divide, prepare, write; a generator that says how far it is."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, TextIO

from data.checks import check_options
from data.database import FORMAT, SplitInfo
from data.dataset_options import DatasetOptions
from data.errors import UserError
from data.exclusion import leave_out
from data.heap import give_back
from data.objects.build import build_objects
from data.pipeline import Chunk, Recipe, prepare_part, usable_cores
from data.preparation import Preparation
from data.progress import Event, Progress, Seldom
from data.sources import CLASSIFICATION, Listing, find_source
from data.splits import SPLITS, Limits, Part, Plan, Rules, make_plan
from data.statistics import MeanImage, save_mean
from data.whole import write_json
from data.workspace import Workspace
from data.writer import SplitWriter

SPLIT_WORDS = {"train": "training", "val": "validation", "test": "test"}


def build_dataset(
    options: DatasetOptions,
    target: Path,
    *,
    threads: int | None = None,
    roots: Sequence[Path] | None = None,
    excluded: frozenset[str] = frozenset(),
) -> Iterator[Event]:
    """Build the dataset into ``target`` (the format of docs/architecture.md), yielding events as it goes.

    The same options on the same files give the same bytes, whatever the number of threads. Files that cannot be read
    are listed in failures.jsonl. ``roots`` are the folders that lists may lead into (None: anywhere); images whose
    path is among ``excluded`` are left out. Raises UserError (nothing to read, wrong options) and OSError (disk full).
    """
    check_options(options)
    _clear(target)
    try:
        listing = yield from _find(options, Workspace(roots, target))
        for text in (*listing.notes, *listing.problems):
            yield _note(text)
        if listing.kind != CLASSIFICATION:
            yield from build_objects(options, target, listing, excluded)
            return
        plan, removed = leave_out(make_plan(listing.groups, rules_of(options)), excluded, listing.shown)
        if removed:
            yield {"kind": "artifact", "name": "excluded", "value": removed}
            yield _note(f"Left out {sum(removed.values()):,} images that are on the list of this version.")
        yield from _announce(listing, plan)
        build = _Build(options, target, listing, plan, threads or usable_cores())
        del listing  # with the plan made, what it knows of each image is not needed any more
        give_back()
        yield from build.run()
    finally:
        shutil.rmtree(target / "unpacked", ignore_errors=True)


def rules_of(options: DatasetOptions) -> Rules:
    """The dividing rules among the options."""
    limits = {
        "train": Limits(options.min_per_class, options.max_per_class),
        "val": Limits(options.val_min_per_class, options.val_max_per_class),
        "test": Limits(options.test_min_per_class, options.test_max_per_class),
    }
    return Rules(options.val_percent, options.test_percent, limits, options.seed, options.shuffle)


def _clear(target: Path) -> None:
    """Remove what an earlier, unfinished build left; the manifest goes first, so that no half dataset looks whole."""
    target.mkdir(parents=True, exist_ok=True)
    (target / "dataset.json").unlink(missing_ok=True)
    for name in (*SPLITS, "unpacked"):
        shutil.rmtree(target / name, ignore_errors=True)


def _find(options: DatasetOptions, workspace: Workspace) -> Generator[Event, None, Listing]:
    """Let the source search, reporting how many images it has found."""
    found, seldom = 0, Seldom()
    source = find_source(options.source, options.folder)
    yield {"kind": "artifact", "name": "source", "value": {"name": source.name, "title": source.title}}
    search = source.scan(options, workspace)
    while True:
        try:
            found += next(search)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        if seldom.due():
            yield {"kind": "progress", "fraction": 0.0, "phase": f"Finding images: {found:,} so far"}


def _announce(listing: Listing, plan: Plan) -> Iterator[Event]:
    """What was understood and what comes of it."""
    if plan.dropped:
        yield _note(f"Left out {_names(plan.dropped)}: fewer images than the least per class, or none.")
    for split, names in plan.unknown.items():
        yield _note(f"Left out {_names(names)} of the {SPLIT_WORDS[split]} images: no such class in training.")
    if len(plan.classes) < 2 or "train" not in plan.parts:
        raise UserError(
            f"Only {len(plan.classes)} class has enough images to train on; at least two are needed."
            if "train" in plan.parts or len(plan.classes) < 2
            else "No images are left for training.",
            field="min_per_class",
            hint="Lower the least images per class, or the shares for validation and testing.",
        )
    yield {"kind": "artifact", "name": "classes", "value": list(plan.classes)}
    yield {"kind": "artifact", "name": "parse", "value": parse_entries(listing, plan)}


def parse_entries(listing: Listing, plan: Plan) -> list[dict[str, Any]]:
    """What DIGITS's JSON says of each parsed folder: classes and images a split (before any file failed)."""
    by_folder: dict[str, list[str]] = {}
    for split in SPLITS:
        place = listing.groups.get(split, listing.groups["train"])
        by_folder.setdefault(place.folder, []).append(split)
    entries = []
    for splits in by_folder.values():
        counts = {f"{split}_count": len(plan.parts[split].rows) if _has(plan, split, splits) else 0 for split in SPLITS}
        entries.append({"label_count": len(plan.classes), **counts})
    return entries


def _has(plan: Plan, split: str, splits: list[str]) -> bool:
    return split in splits and split in plan.parts


class _Build:
    """One build under way: what is shared by its splits."""

    def __init__(self, options: DatasetOptions, target: Path, listing: Listing, plan: Plan, threads: int) -> None:
        self.options = options
        self.shown = replace(listing, groups={}).shown
        self.target = target
        self.plan = plan
        self.threads = threads
        self.preparation = Preparation.of(asdict(options))
        self.recipe = Recipe(self.preparation, options.encoding, options.jpeg_quality, options.seed)
        self.mean = MeanImage((options.height, options.width, options.channels))
        self.counts: dict[str, list[int]] = {}
        self.failed: Counter[str] = Counter()
        self.infos: dict[str, SplitInfo] = {}
        self.progress = Progress(sum(len(part.rows) for part in plan.parts.values()), "images")
        self.seldom = Seldom()

    def run(self) -> Iterator[Event]:
        """All splits, then the mean and the manifest."""
        with (self.target / "failures.jsonl").open("w", encoding="utf-8") as failures:
            for split, part in self.plan.parts.items():
                yield from self._split(split, part, failures)
                if split == "train":
                    save_mean(self.mean.value(), self.target)
                    yield {
                        "kind": "artifact",
                        "name": "mean",
                        "value": {"images": self.mean.images, "file": "mean.png"},
                    }
        yield from self._live()
        manifest = self.manifest()
        write_json(self.target / "dataset.json", manifest)
        yield {"kind": "artifact", "name": "dataset", "value": manifest}

    def manifest(self) -> dict[str, Any]:
        """dataset.json."""
        return {
            "format": FORMAT,
            "kind": "image_classification",
            "classes": list(self.plan.classes),
            **self.preparation.to_dict(),
            "encoding": self.options.encoding,
            "jpeg_quality": self.options.jpeg_quality,
            "seed": self.options.seed,
            "splits": {split: {**asdict(info), "counts": list(info.counts)} for split, info in self.infos.items()},
        }

    def _split(self, split: str, part: Part, failures: TextIO) -> Iterator[Event]:
        phase = f"Preparing {SPLIT_WORDS[split]} images"
        yield self.progress.event(phase)
        columns = part.details.columns if part.details is not None else ()
        with SplitWriter(self.target / split, len(self.plan.classes), columns) as writer:
            self.counts[split] = writer.counts
            for chunk in prepare_part(part, self.recipe, split == "train", self.threads):
                self._write(chunk, split, part, writer, failures)
                if self.progress.add(len(chunk.values)):
                    yield self.progress.event(phase)
                if self.seldom.due():
                    yield from self._live()
            self.infos[split] = writer.finish(self.failed[split])
        yield from self._check_split(split, part)

    def _write(self, chunk: Chunk, split: str, part: Part, writer: SplitWriter, failures: TextIO) -> None:
        """Store a chunk's images and list its failures."""
        labels = part.labels[chunk.start : chunk.start + len(chunk.paths)].tolist()
        for place, (path, label, value) in enumerate(zip(chunk.paths, labels, chunk.values, strict=True), chunk.start):
            if isinstance(value, UserError):
                self.failed[split] += 1
                row = {"path": self.shown(path), "split": split, "class": self.plan.classes[label]}
                failures.write(json.dumps({**row, "reason": value.message, "hint": value.hint}) + "\n")
            else:
                writer.add(label, self.shown(path), value)
                if part.details is not None:
                    writer.remark(part.details[int(part.rows[place])])
        if chunk.facts is not None:
            writer.describe(chunk.facts)
        if chunk.total is not None:
            self.mean.add(chunk.total, chunk.good)

    def _check_split(self, split: str, part: Part) -> Iterator[Event]:
        """Say so where every file of a class or of a split failed; without training images there is no dataset."""
        counts = self.counts[split]
        if not sum(counts):
            text = f"None of the {len(part.rows):,} {SPLIT_WORDS[split]} images could be read"
            hint = "The list of failed files gives the reason for each."
            if split == "train":
                raise UserError(f"{text}.", field="folder", hint=hint)
            yield _note(f"{text}. {hint}")
            del self.infos[split], self.counts[split]
            return
        lost = [self.plan.classes[label] for label in set(part.labels.tolist()) if not counts[label]]
        if lost:
            yield _note(f"Every {SPLIT_WORDS[split]} image of {_names(tuple(sorted(lost)))} failed.")

    def _live(self) -> Iterator[Event]:
        """Class counts and failures so far."""
        counts = {split: list(values) for split, values in self.counts.items()}
        yield {"kind": "artifact", "name": "counts", "value": counts}
        yield {"kind": "artifact", "name": "failed", "value": {split: self.failed[split] for split in self.plan.parts}}


def _note(text: str) -> Event:
    return {"kind": "note", "text": text}


def _names(names: tuple[str, ...]) -> str:
    """A few names, quoted, and how many more there are."""
    first = ", ".join(f'"{name}"' for name in names[:5])
    word = "class" if len(names) == 1 else "classes"
    return f"{word} {first}" + (f" and {len(names) - 5:,} more" if len(names) > 5 else "")
