"""Building a detection or segmentation dataset from what a source found; a generator that says how far it is."""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np
from numpy.typing import NDArray

from data.codecs import decode, encode, jpeg
from data.errors import UserError
from data.files import read_file
from data.objects.colours import class_colours
from data.objects.geometry import picked, stored_size
from data.objects.masks import VOID, Mask, decode_mask, palette_of, resized
from data.objects.palette import written
from data.objects.table import ObjectGroup, Shapes
from data.objects.writer import ObjectInfo, ObjectWriter, to_stored
from data.placement import Size
from data.progress import Event, Progress, Seldom
from data.resize import torch_resampler
from data.source_facts import SourceFacts, facts_of
from data.splits import SPLITS, divide
from data.whole import write_json

if TYPE_CHECKING:
    from data.dataset_options import DatasetOptions
    from data.sources import Listing

FORMAT = 1
WORDS = {"train": "training", "val": "validation", "test": "test"}
_AHEAD = 4


@dataclass(frozen=True)
class Piece:
    """One split to be: rows of a group in the order in which they are written."""

    group: ObjectGroup
    rows: NDArray[np.int64]


@dataclass(frozen=True)
class Made:
    """A prepared record."""

    value: bytes
    size: Size
    objects: Shapes | None
    mask: Mask | None
    facts: SourceFacts


def build_objects(
    options: DatasetOptions, target: Path, listing: Listing, excluded: frozenset[str] = frozenset()
) -> Iterator[Event]:
    """Write the splits and the manifest into ``target``, yielding events; images among ``excluded`` are left out.

    Raises UserError, OSError (disk full).
    """
    pieces, removed = _without(plan_pieces(listing.objects, options), excluded, listing)
    if removed:
        yield {"kind": "artifact", "name": "excluded", "value": removed}
    if "train" not in pieces:
        raise UserError("No images are left for training.", field="val_percent", hint="Lower the other shares.")
    yield {"kind": "artifact", "name": "classes", "value": list(listing.classes)}
    yield from _ObjectBuild(options, target, listing, pieces).run()


def plan_pieces(groups: dict[str, ObjectGroup], options: DatasetOptions) -> dict[str, Piece]:
    """Which rows go to which split: own groups whole, the rest of the training group by percentages; pure, seeded."""
    train = groups["train"]
    count = len(train.images)
    percents = [0.0 if split in groups else getattr(options, f"{split}_percent") for split in ("val", "test")]
    stream = np.random.default_rng((options.seed, 0))
    rows = stream.permutation(count) if options.shuffle else np.arange(count)
    parts = dict(zip(SPLITS, np.split(rows, np.cumsum(divide(count, *percents))[:2]), strict=True))
    pieces = {split: Piece(train, part.astype(np.int64)) for split, part in parts.items()}
    for number, split in enumerate(SPLITS[1:], 1):
        if split in groups:
            size = len(groups[split].images)
            stream = np.random.default_rng((options.seed, number))
            own = stream.permutation(size) if options.shuffle else np.arange(size)
            pieces[split] = Piece(groups[split], own.astype(np.int64))
    return {split: piece for split, piece in pieces.items() if len(piece.rows)}


def _without(
    pieces: dict[str, Piece], excluded: frozenset[str], listing: Listing
) -> tuple[dict[str, Piece], dict[str, int]]:
    """The pieces without the excluded images, and how many each had; the others stay in their split and order."""
    if not excluded:
        return pieces, {}
    kept = {
        split: [row for row in piece.rows.tolist() if listing.shown(piece.group.images[row]) not in excluded]
        for split, piece in pieces.items()
    }
    left = {split: Piece(pieces[split].group, np.array(rows, np.int64)) for split, rows in kept.items() if rows}
    return left, {split: len(pieces[split].rows) - len(rows) for split, rows in kept.items()}


class _ObjectBuild:
    """One build under way: what is shared by its splits."""

    def __init__(self, options: DatasetOptions, target: Path, listing: Listing, pieces: dict[str, Piece]) -> None:
        self.options = options
        self.target = target
        self.listing = listing
        self.pieces = pieces
        self.present: dict[str, NDArray[np.int64]] = {}
        self.failed: Counter[str] = Counter()
        self.entries: Counter[str] = Counter()
        self.infos: dict[str, ObjectInfo] = {}
        self.progress = Progress(sum(len(piece.rows) for piece in pieces.values()), "images")
        self.seldom = Seldom()

    def run(self) -> Iterator[Event]:
        with (self.target / "failures.jsonl").open("w", encoding="utf-8") as failures:
            for split, piece in self.pieces.items():
                yield from self._split(split, piece, failures)
        yield from self._live()
        manifest = self.manifest()
        write_json(self.target / "dataset.json", manifest)
        yield {"kind": "artifact", "name": "dataset", "value": manifest}

    def manifest(self) -> dict[str, Any]:
        """dataset.json."""
        options = self.options
        splits = {
            split: {key: _plain(value) for key, value in asdict(info).items()} for split, info in self.infos.items()
        }
        return {
            "format": FORMAT,
            "kind": self.listing.kind,
            "classes": list(self.listing.classes),
            "colours": self._colours(),
            "channels": options.channels,
            "longest_side": options.longest_side,
            "encoding": options.encoding,
            "jpeg_quality": options.jpeg_quality,
            "seed": options.seed,
            "splits": splits,
        }

    def _colours(self) -> list[str]:
        """The masks' own palette where the first has one, else colours of ours."""
        ours = class_colours(len(self.listing.classes))
        group = self.pieces["train"].group
        masks = group.masks
        if group.palette is not None:
            return list(map(written, group.palette.colours))
        if masks is None:
            return ours
        try:
            own = palette_of(read_file(masks[0])) or []
        except UserError:
            own = []
        return ours if len(set(own[: len(ours)])) < len(ours) else own[: len(ours)]

    def _split(self, split: str, piece: Piece, failures: TextIO) -> Iterator[Event]:
        phase = f"Preparing {WORDS[split]} images"
        yield self.progress.event(phase)
        with ObjectWriter(self.target / split, len(self.listing.classes)) as writer:
            self.present[split] = writer.present
            for row, made in prepare(piece, self.options, len(self.listing.classes)):
                path = self.listing.shown(piece.group.images[row])
                if isinstance(made, UserError):
                    self.failed[split] += 1
                    line = {"path": path, "split": split, "class": "", "reason": made.message, "hint": made.hint}
                    failures.write(json.dumps(line) + "\n")
                else:
                    self.entries[split] += 1
                    writer.add(path, made.value, made.size, made.objects, made.mask)
                    writer.describe(made.facts)
                if self.progress.add(1):
                    yield self.progress.event(phase)
                if self.seldom.due():
                    yield from self._live()
            self.infos[split] = writer.finish(self.failed[split])
        yield from self._check(split, len(piece.rows))

    def _check(self, split: str, asked: int) -> Iterator[Event]:
        """Say so where nothing of a split could be read, or where pictures have no object."""
        info = self.infos[split]
        if not info.entries:
            text = f"None of the {asked:,} {WORDS[split]} images could be read"
            if split == "train":
                hint = "The list of failed files gives the reason for each."
                raise UserError(f"{text}.", field="folder", hint=hint)
            del self.infos[split], self.present[split]
            yield {"kind": "note", "text": f"{text}."}
        elif info.empty:
            yield {"kind": "note", "text": f"{info.empty:,} of the {WORDS[split]} images have nothing marked in them."}

    def _live(self) -> Iterator[Event]:
        counts = {split: present.tolist() for split, present in self.present.items()}
        yield {"kind": "artifact", "name": "counts", "value": counts}
        yield {"kind": "artifact", "name": "entries", "value": dict(self.entries)}
        yield {"kind": "artifact", "name": "failed", "value": {split: self.failed[split] for split in self.pieces}}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def prepare(piece: Piece, options: DatasetOptions, classes: int) -> Iterator[tuple[int, Made | UserError]]:
    """Each row of a piece in its order with its record, or why there is none; memory is bounded."""
    shapes = piece.group.objects.shapes() if piece.group.objects is not None else None

    def work(row: int) -> Made | UserError:
        try:
            return prepare_one(piece.group, row, shapes, options, classes)
        except UserError as error:
            return error

    with ThreadPoolExecutor(2, thread_name_prefix="prepare") as pool:
        waiting: deque[tuple[int, Future[Made | UserError]]] = deque()
        try:
            for row in piece.rows.tolist():
                waiting.append((row, pool.submit(work, row)))
                if len(waiting) > _AHEAD:
                    first, future = waiting.popleft()
                    yield first, future.result()
            for row, future in waiting:
                yield row, future.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def prepare_one(group: ObjectGroup, row: int, shapes: Shapes | None, options: DatasetOptions, classes: int) -> Made:
    """One record: the picture upright at its stored size, its objects or mask brought to it. Raises UserError."""
    if row in group.broken:
        raise group.broken[row]
    content = read_file(group.images[row])
    pixels = decode(content, options.channels)
    source = Size(pixels.shape[1], pixels.shape[0])
    stored = stored_size(source, options.longest_side)
    if stored != source:
        pixels = torch_resampler(pixels, stored)
    ready = jpeg.bare(content, options.channels) if options.encoding == "jpg" and stored == source else None
    facts = facts_of(content)
    value = ready or encode(pixels, options.encoding, options.jpeg_quality)
    if shapes is not None and group.objects is not None:
        objects = to_stored(picked(shapes, row), group.objects.relative, source, stored)
        return Made(value, stored, objects, None, facts)
    return Made(value, stored, None, _mask(group, row, source, stored, classes), facts)


def _mask(group: ObjectGroup, row: int, source: Size, stored: Size, classes: int) -> Mask:
    """The mask of a picture at its stored size. Raises UserError where it does not fit it or has unknown numbers."""
    if group.masks is None:
        raise ValueError("a group has objects or masks")
    try:
        mask = decode_mask(read_file(group.masks[row]), group.palette)
    except UserError as error:
        raise UserError(f"Its mask: {error.message}", hint=error.hint) from None
    if mask.shape != (source.height, source.width):
        raise UserError(
            f"Its mask has {mask.shape[1]} x {mask.shape[0]} pixels, the image {source.width} x {source.height}.",
            hint="Export the mask at the size of the image.",
        )
    highest = int(mask[mask != VOID].max(initial=0))
    if highest >= classes:
        raise UserError(
            f"Its mask has the number {highest}, but there are only {classes} classes, numbered from 0.",
            hint="Name all classes in the file of class names.",
        )
    return resized(mask, stored)
