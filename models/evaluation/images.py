"""The images of an evaluation, batch by batch as the network sees them; unreadable ones are named, not fatal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from data.codecs import Pixels
from data.database import Dataset, Split
from data.errors import UserError
from data.files import read_file, shown
from models.evaluation.items import ClassNames, Items, guarded
from models.evaluation.records import Failure
from models.preprocessing import Preprocessing, centre


@dataclass(frozen=True)
class Loaded:
    """Images ``start .. start+n-1``: uint8 [good, h, w, c] of those that could be read, bool [n] which they are."""

    start: int
    labels: NDArray[np.int32]
    good: NDArray[np.bool_]
    pixels: Pixels
    failures: list[Failure]


class ImageSet(Protocol):
    """Numbered images that are loaded by ranges, from several threads at once."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of what the network sees."""
        ...

    def __len__(self) -> int: ...

    def load(self, span: range) -> Loaded:
        """The images of a range, prepared for the network."""
        ...


@dataclass(frozen=True)
class FileImages:
    """Image files on the server, prepared as for training, and read only inside ``roots`` (none: anywhere)."""

    items: Items
    preprocessing: Preprocessing
    roots: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of what the network sees."""
        return self.preprocessing.shape

    def __len__(self) -> int:
        return len(self.items)

    def load(self, span: range) -> Loaded:
        """Read, decode and prepare; one thread."""
        paths = self.items.paths(span)
        labels = np.array(self.items.labels[span.start : span.stop])
        return one_by_one(span, labels, lambda n: self._one(paths[n]), paths, self.shape)

    def _one(self, path: str) -> Pixels:
        return self.preprocessing.pixels(read_file(guarded(path, self.roots)))


@dataclass(frozen=True)
class SplitImages:
    """Records of a split. ``relabel`` int32 maps its class numbers to the model's (NONE: a class it does not know)."""

    split: Split
    preprocessing: Preprocessing
    relabel: NDArray[np.int32]
    ready: bool

    @property
    def shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of what the network sees."""
        return self.preprocessing.shape

    def __len__(self) -> int:
        return len(self.split)

    def load(self, span: range) -> Loaded:
        """Read and decode; one thread. Records that are ready need the centre crop at most."""
        labels = self.relabel[np.asarray(self.split.labels[span.start : span.stop])]
        if self.ready:
            try:
                pixels = centred(self.split.read(span), self.preprocessing.crop)
                return Loaded(span.start, labels, np.ones(len(span), np.bool_), pixels, [])
            except ValueError:  # one of them is damaged: find out which
                pass
        paths = [f"record {number}" for number in span]
        return one_by_one(span, labels, lambda n: self._one(span.start + n), paths, self.shape)

    def _one(self, number: int) -> Pixels:
        try:
            pixels = self.split.image(number)
        except ValueError as error:
            raise UserError(f"The record is damaged: {error}.", hint="Build the dataset again.") from error
        if not self.ready:
            preparation = self.preprocessing.preparation
            pixels = preparation.pixels(in_channels(pixels, preparation.channels))
        return centre(pixels, self.preprocessing.crop)


def of_split(dataset: Dataset, split: str, preprocessing: Preprocessing, classes: Sequence[str]) -> SplitImages:
    """The records of a split of a classification dataset, its classes matched to the model's by name.

    Raises UserError where there is no such split, or where it is no classification dataset.
    """
    if dataset.kind != "image_classification":
        raise UserError("A classification model is judged on a classification dataset.", field="dataset")
    names = ClassNames(classes)
    same = tuple(classes) == dataset.classes
    relabel = [number if same else names.of_name(name) for number, name in enumerate(dataset.classes)]
    ours, theirs = preprocessing.preparation, dataset.preparation
    ready = (ours.width, ours.height, ours.channels) == (theirs.width, theirs.height, theirs.channels)
    return SplitImages(dataset.split(split), preprocessing, np.array(relabel, np.int32), ready)


def one_by_one(
    span: range, labels: NDArray[np.int32], load: Callable[[int], Pixels], paths: Sequence[str], shape: tuple[int, ...]
) -> Loaded:
    """Images each by itself; ``load`` gets the place in the range. A UserError makes a failure of its image."""
    good = np.zeros(len(span), np.bool_)
    pixels = np.empty((len(span), *shape), np.uint8)
    failures: list[Failure] = []
    count = 0
    for place in range(len(span)):
        try:
            pixels[count] = load(place)
        except UserError as error:
            failures.append(Failure(span.start + place, shown(paths[place]), error.message, error.hint or ""))
            continue
        good[place] = True
        count += 1
    return Loaded(span.start, labels, good, pixels[:count], failures)


def centred(pixels: Pixels, crop: int | None) -> Pixels:
    """The middle square of side ``crop`` of images [n, h, w, c]."""
    if crop is None:
        return pixels
    top, left = ((side - crop) // 2 for side in pixels.shape[1:3])
    return pixels[:, top : top + crop, left : left + crop]


def in_channels(pixels: Pixels, channels: int) -> Pixels:
    """Grey as RGB, or RGB as grey (ITU-R 601 luma, as Pillow's "L"); [h, w, c]."""
    if pixels.shape[2] == channels:
        return pixels
    if channels == 3:
        return np.repeat(pixels, 3, 2)
    weights = np.array([19595, 38470, 7471], np.uint32)
    return ((pixels.astype(np.uint32) @ weights + 32768) >> 16).astype(np.uint8)[:, :, None]


@dataclass(frozen=True)
class First:
    """The first ``count`` images of a set."""

    images: ImageSet
    count: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of what the network sees."""
        return self.images.shape

    def __len__(self) -> int:
        return min(self.count, len(self.images))

    def load(self, span: range) -> Loaded:
        """The images of a range."""
        return self.images.load(span)
