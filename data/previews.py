"""The user's own images under every resize mode and encoding before a dataset is built, and what the whole would weigh.

Imports no torch, so that the web may use it: Pillow scales, at most one grey level away from what a build makes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from data.codecs import Pixels, decode, encode, png
from data.errors import UserError
from data.files import read_file
from data.placement import Size
from data.preparation import Preparation
from data.resize import Resampler, pillow_resampler
from data.transforms import resize_modes

if TYPE_CHECKING:
    from data.sources import Listing

ENCODINGS = ("png", "jpg", "raw")
WHOLE = "Images with boxes or masks keep their shape: no resize mode applies to them."
NOT_YET = "Its images can be shown once it is unpacked or downloaded, which the build does."
CANDIDATES = 256
"""Images of a listing that are remembered to choose from."""
LARGEST_COPY = 1_600_000
"""Pixels of a decoded image that is kept: a larger one is averaged down by a whole factor."""
SHARP = 1.5
"""A smaller copy is taken where it is so many times as wide and high as what it is scaled to: hard to tell apart."""
LEVELS = 3
"""Copies of an image that are kept, each half as wide as the one before."""


@dataclass(frozen=True)
class Candidate:
    """An image that may be shown, and its class."""

    path: str
    cls: str


@dataclass(frozen=True)
class Survey:
    """What stays of a listing: ``counts[split][class]`` images, and a seeded sample of those to train on.

    ``note`` says why there is none where there is nothing to choose.
    """

    counts: Mapping[str, Mapping[str, int]]
    candidates: tuple[Candidate, ...]
    note: str = ""

    def choose(self, count: int, seed: int) -> tuple[Candidate, ...]:
        """At most ``count`` candidates, of as many different classes as there are; another ``seed``, others."""
        chance = np.random.default_rng(seed)
        by_class: dict[str, list[Candidate]] = {}
        for place in chance.permutation(len(self.candidates)).tolist():
            by_class.setdefault(self.candidates[place].cls, []).append(self.candidates[place])
        turns = [(turn, one) for mine in by_class.values() for turn, one in enumerate(mine)]
        return tuple(one for _, one in sorted(turns, key=lambda pair: pair[0])[:count])


def survey(listing: Listing) -> Survey:
    """Count a listing and take a sample of its training images, the same for the same listing."""
    if listing.objects:
        return Survey({split: {"": len(group.images)} for split, group in listing.objects.items()}, (), WHOLE)
    counts = {}
    for split, group in listing.groups.items():
        each = np.bincount(group.labels, minlength=len(group.classes)).tolist()
        counts[split] = dict(zip(group.classes, each, strict=True))
    train = listing.groups.get("train")
    if train is None or not len(train.labels):
        return Survey(counts, (), NOT_YET)
    rows = _spread(train.labels, len(train.classes))
    return Survey(counts, tuple(Candidate(train.table[row], train.classes[train.labels[row]]) for row in rows))


def _spread(labels: np.ndarray, classes: int) -> list[int]:
    """Some row numbers, evenly over the classes as far as those reach."""
    chance = np.random.default_rng(0)
    order = np.argsort(labels, kind="stable")
    starts = np.searchsorted(labels[order], np.arange(classes + 1))
    chosen = chance.permutation(classes)[:CANDIDATES].tolist()
    each = -(-CANDIDATES // max(1, len(chosen)))
    rows: list[int] = []
    for number in chosen:
        start, stop = int(starts[number]), int(starts[number + 1])
        picked = chance.permutation(stop - start)[:each].tolist()
        rows += [int(order[start + place]) for place in picked]
    return rows


# -- one image ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Original:
    """A decoded file, RGB, in smaller and smaller ``copies``; ``size`` is the upright picture's, ``bytes`` the file's.

    ``ready`` is the header of a PNG that a build would store as it is if it has the right size.
    """

    copies: tuple[Pixels, ...]
    size: Size
    bytes: int
    ready: png.Header | None = None

    @property
    def nbytes(self) -> int:
        """Memory of the copies."""
        return sum(copy.nbytes for copy in self.copies)

    def serves(self, scaled: Size) -> bool:
        """Whether the largest copy need not be enlarged where the file itself would not be."""
        height, width, _ = self.copies[0].shape
        return (width, height) == self.size or (width >= scaled.width and height >= scaled.height)

    def for_size(self, scaled: Size) -> Pixels:
        """The smallest copy that is sharp enough to be scaled to this size."""
        sharp = [copy for copy in self.copies if _sharp(copy, scaled)]
        return sharp[-1] if sharp and scaled != self.size else self.copies[0]


def _sharp(copy: Pixels, scaled: Size) -> bool:
    height, width, _ = copy.shape
    return bool(width >= SHARP * scaled.width and height >= SHARP * scaled.height)


def read_original(path: str, *, whole: bool = False) -> Original:
    """Read and decode a file; a large one as a smaller copy unless ``whole``. Raises UserError with reason and hint."""
    data = read_file(path)
    pixels = decode(data, 3)
    size = Size(pixels.shape[1], pixels.shape[0])
    copies = [pixels if whole else _reduced(pixels, _factor(size))]
    while not whole and len(copies) < LEVELS and min(copies[-1].shape[:2]) > 64:
        copies.append(_reduced(copies[-1], 2))
    header = png.plain_header(data)
    return Original(tuple(copies), size, len(data), header if header is not None and header.bare else None)


def _factor(size: Size) -> int:
    factor = 1
    while size.width * size.height > LARGEST_COPY * factor * factor:
        factor += 1
    return factor


def _reduced(pixels: Pixels, factor: int) -> Pixels:
    return np.asarray(Image.fromarray(pixels).reduce(factor)) if factor > 1 else pixels


@dataclass(frozen=True)
class Record:
    """What would be stored: ``pixels`` as they are read back, ``sizes`` in bytes by encoding."""

    pixels: Pixels
    sizes: Mapping[str, int]


@dataclass(frozen=True)
class Wanted:
    """How records are to be made: ``preparation`` (its mode is tried with all others), encoding and JPEG quality."""

    preparation: Preparation
    encoding: str
    quality: int


def records(original: Original, wanted: Wanted, seed: int) -> dict[str, Record | UserError]:
    """The record of one image under every resize mode, or why that mode refuses it; modes share what they can."""
    scaled: dict[Size, Pixels] = {}
    scale = resampler(original.size)

    def resample(pixels: Pixels, size: Size) -> Pixels:
        if size not in scaled:
            scaled[size] = scale(pixels, size)
        return scaled[size]

    made: dict[str, Record | UserError] = {}
    for mode in resize_modes.names():
        preparation = replace(wanted.preparation, resize_mode=mode)
        try:
            made[mode] = record(original, replace(wanted, preparation=preparation), seed, resample)
        except UserError as error:
            made[mode] = error
    return made


def resampler(source: Size) -> Resampler:
    """Pillow's scaling for copies of a picture of this size, whose last pixels may stand for less than the others."""

    def resample(pixels: Pixels, size: Size) -> Pixels:
        height, width, channels = pixels.shape
        factor = max(1, round(source.width / width))
        if (width, height) != (-(-source.width // factor), -(-source.height // factor)):
            return pillow_resampler(pixels, size)  # a part that was cut out
        image = Image.fromarray(pixels[..., 0] if channels == 1 else pixels)
        box = (0.0, 0.0, source.width / factor, source.height / factor)
        return np.array(image.resize(size, Image.Resampling.BILINEAR, box)).reshape(size.height, size.width, channels)

    return resample


def record(original: Original, wanted: Wanted, seed: int, resample: Resampler | None = None) -> Record:
    """The record of one image. Raises UserError where the mode refuses it."""
    preparation = wanted.preparation
    placement = preparation.place(original.size)
    source = original.for_size(placement.scaled)
    if preparation.channels == 1:
        source = np.asarray(Image.fromarray(source).convert("L"))[..., None]
    scale = resample or resampler(original.size)
    pixels = preparation.fitted(source, placement, seed=seed, resample=scale)
    jpg = encode(pixels, "jpg", wanted.quality)
    ready = original.bytes if _stays(original, preparation) else None
    sizes = {"png": ready or len(encode(pixels, "png")), "jpg": len(jpg), "raw": pixels.nbytes}
    return Record(decode(jpg, preparation.channels) if wanted.encoding == "jpg" else pixels, sizes)


def _stays(original: Original, preparation: Preparation) -> bool:
    """Whether a build keeps the PNG file itself as the record."""
    shape = (preparation.width, preparation.height, preparation.channels)
    return original.ready is not None and original.ready[:3] == shape


# -- the whole set -----------------------------------------------------------------------------------------------

_PAGE, _PAGE_HEAD, _NODE_HEAD, _KEY, _POINTER = 4096, 16, 8, 8, 2
_LARGEST_NODE = (_PAGE - _PAGE_HEAD) // 2 - _POINTER


def stored_bytes(size: int) -> float:
    """What one record of ``size`` bytes takes of an LMDB file that is written in order of its keys.

    A record that would fill more than half a page gets pages of its own, with 16 bytes of head, and a pointer in a leaf
    (LMDB 0.9, mdb.c: MDB_env.me_nodemax, OVPAGES).
    """
    node = _NODE_HEAD + _KEY + size
    if node > _LARGEST_NODE:
        pages = -(-(_PAGE_HEAD + size) // _PAGE)
        return pages * _PAGE + (_NODE_HEAD + _KEY + 8 + _POINTER) * _PAGE / (_PAGE - _PAGE_HEAD)
    return _PAGE / ((_PAGE - _PAGE_HEAD) // (node + node % 2 + _POINTER))


def estimate(sizes: Sequence[int], images: int) -> int:
    """Bytes of the databases of ``images`` records, from the sizes of some of them; 0 from none."""
    return round(sum(map(stored_bytes, sizes)) / len(sizes) * images) if sizes else 0


def images_kept(counts: Mapping[str, Mapping[str, int]], least: int | None, most: int | None) -> int:
    """How many images of all splits are kept when the training folder's classes have these limits."""
    train = {name: count for name, count in counts.get("train", {}).items() if count >= max(1, least or 1)}
    kept = sum(min(count, most or count) for count in train.values())
    others = [by_class for split, by_class in counts.items() if split != "train"]
    return kept + sum(count for by_class in others for name, count in by_class.items() if name in train)
