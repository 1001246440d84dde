"""Finding copies and lookalikes among very many: hashes in buckets, then a look at the pixels; never O(n^2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
NEAR = 4
"""Bits in which two look hashes may differ (always an even number, since half of the bits are set)."""
BANDS = ((0, 13), (13, 26), (26, 39), (39, 52), (52, 64))
"""One more than NEAR: two hashes that differ in at most NEAR bits agree in at least one of these ranges of bits."""
WINDOW = 64
"""Neighbours looked at within a bucket, which is in order of the whole hash: a bound for sets of pictures all alike."""
ALIKE = 0.99
"""Correlation of the grey levels from which on two pictures are taken for the same. Of MNIST's 70,000 digits five do
(strokes of "1"), of the hundred thousand pairs with near hashes; re-encoded, scaled and brightened photos reach it."""
ROUGH = 0.985
_AT_ONCE = 4096
SMALL = 32
"""Pixels a side at which larger pictures are compared."""


@dataclass(frozen=True)
class Groups:
    """Groups of records that belong together: ``records`` group by group, ascending in each; ``group`` of each."""

    records: Numbers
    group: NDArray[np.int32]

    def __len__(self) -> int:
        return int(self.group[-1]) + 1 if len(self.group) else 0

    def spread(self, values: NDArray[np.integer]) -> NDArray[np.bool_]:
        """For each group, whether ``values`` (one a record of the set) differ within it."""
        if not len(self.records):
            return np.empty(0, bool)
        mine = values[self.records]
        starts = np.flatnonzero(np.diff(self.group, prepend=-1))
        return np.asarray(np.maximum.reduceat(mine, starts) != np.minimum.reduceat(mine, starts))

    def only(self, wanted: NDArray[np.bool_]) -> Groups:
        """Those groups for which ``wanted`` (one a group) is true, numbered anew."""
        keep = wanted[self.group] if len(self.group) else np.empty(0, bool)
        _, group = np.unique(self.group[keep], return_inverse=True)
        return Groups(self.records[keep], group.astype(np.int32))

    def but_first(self) -> Numbers:
        """All records but the first of each group."""
        return self.records[np.flatnonzero(np.diff(self.group, prepend=-1) == 0)]


def copies(
    crc: NDArray[np.uint32],
    look: NDArray[np.uint64],
    files: tuple[NDArray[np.integer], NDArray[np.integer]],
    usable: NDArray[np.bool_],
) -> Groups:
    """Records whose pixels are equal, or whose source files are (checksum and length; a length of 0 is not known)."""
    records = np.flatnonzero(usable)
    pixels = _same(_mixed(look[records], crc[records]))
    known = records[files[1][records] > 0]
    sources = _same(_mixed(files[0][known], files[1][known]))
    pairs = np.concatenate([records[pixels], known[sources]], axis=1)
    return joined(pairs)


def lookalikes(
    look: NDArray[np.uint64],
    looks: NDArray[np.int8],
    known: Groups,
    usable: NDArray[np.bool_],
    pictures: Callable[[Numbers], Sequence[NDArray[np.uint8]]],
) -> Groups:
    """Groups of records that look alike, the ``known`` copies among them.

    Candidates have near hashes; ``looks`` (their low frequencies) sorts most of them out at once, and the grey levels
    of the rest decide. ``pictures(records)`` gives those.
    """
    extra = np.ones(len(look), bool)
    extra[known.but_first()] = False  # a copy looks like what its original looks like
    records = np.flatnonzero(usable & extra)
    pairs = records[near(look[records])]
    pairs = pairs[:, _similar(looks, pairs)]
    pairs = pairs[:, _same_picture(pairs, pictures)]
    heads = np.flatnonzero(np.diff(known.group, prepend=-1))
    first = known.records[heads[known.group]] if len(known.records) else known.records
    return joined(np.concatenate([pairs, np.stack([first, known.records])], axis=1))


def near(look: NDArray[np.uint64]) -> Numbers:
    """Pairs (2, n) of places whose hashes differ in at most NEAR bits; all of them unless buckets exceed WINDOW."""
    found = [np.empty((2, 0), np.int64)]
    for low, high in BANDS:
        key = ((look >> np.uint64(low)) & np.uint64((1 << (high - low)) - 1)).astype(np.uint16)
        order = np.lexsort((look, key))
        hashes, keys = look[order], key[order]
        left = np.arange(len(look))
        for step in range(1, WINDOW + 1):
            left = left[left + step < len(look)]
            left = left[keys[left] == keys[left + step]]
            if not len(left):
                break
            hit = left[np.bitwise_count(hashes[left] ^ hashes[left + step]) <= NEAR]
            found.append(np.stack([order[hit], order[hit + step]]))
    pairs = np.sort(np.concatenate(found, axis=1), axis=0)
    once = np.unique(pairs[0] * len(look) + pairs[1])
    return np.stack(np.divmod(once, max(1, len(look))))


def joined(pairs: Numbers) -> Groups:
    """The groups into which pairs (2, n) of record numbers join them, in the order of their smallest members."""
    members, places = np.unique(pairs, return_inverse=True)
    root = _roots(places.reshape(pairs.shape), len(members))
    order = np.argsort(root, kind="stable")
    sizes = np.bincount(root, minlength=len(members))
    keep = order[sizes[root[order]] > 1]
    _, numbers = np.unique(root[keep], return_inverse=True)
    return Groups(members[keep].astype(np.int64), numbers.astype(np.int32))


def _roots(pairs: Numbers, count: int) -> Numbers:
    """For each of ``count`` places the smallest that pairs (2, n) lead to, directly or through others.

    Every place takes the smallest number among its partners, then that number's own (pointer jumping), until nothing
    changes: a few rounds, since chains get half as long in each.
    """
    root = np.arange(count)
    while True:
        before = root.copy()
        least = np.minimum(root[pairs[0]], root[pairs[1]])
        for side in pairs:
            np.minimum.at(root, side, least)
            np.minimum.at(root, before[side], least)
        root = root[root]
        if (root == before).all():
            return root


def _mixed(first: NDArray[np.integer], second: NDArray[np.integer]) -> NDArray[np.uint64]:
    """Two numbers as one of 64 bits (multiplied by 2^64 over the golden ratio, which spreads them)."""
    return first.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) ^ second.astype(np.uint64)


def _same(keys: NDArray[np.uint64]) -> Numbers:
    """Pairs (2, n) of neighbouring places with equal keys."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    equal = np.flatnonzero(ordered[1:] == ordered[:-1])
    return np.stack([order[equal], order[equal + 1]])


def _similar(looks: NDArray[np.int8], pairs: Numbers) -> NDArray[np.bool_]:
    """Whether the low frequencies of the two records of each pair point the same way (cosine at least ROUGH)."""
    members, places = np.unique(pairs, return_inverse=True)
    units = looks[members].astype(np.float32)
    units /= np.maximum(np.sqrt(np.einsum("ij,ij->i", units, units)), 1e-6)[:, None]
    left, right = places.reshape(pairs.shape)
    result = np.empty(len(left), bool)
    for at in range(0, len(left), _AT_ONCE):
        part = slice(at, at + _AT_ONCE)
        result[part] = np.einsum("ij,ij->i", units[left[part]], units[right[part]]) >= ROUGH
    return result


def _same_picture(
    pairs: Numbers, pictures: Callable[[Numbers], Sequence[NDArray[np.uint8]]], chunk: int = 1000
) -> NDArray[np.bool_]:
    """Whether the grey levels of each pair agree (correlation at least ALIKE)."""
    result = np.zeros(pairs.shape[1], bool)
    for at in range(0, pairs.shape[1], chunk):
        part = pairs[:, at : at + chunk]
        records, places = np.unique(part, return_inverse=True)
        patterns = np.stack([_pattern(picture) for picture in pictures(records)])
        left, right = places.reshape(part.shape)
        result[at : at + chunk] = np.einsum("ij,ij->i", patterns[left], patterns[right]) >= ALIKE
    return result


def _pattern(grey: NDArray[np.uint8]) -> NDArray[np.float32]:
    """A picture's grey levels at SMALL or less a side, mean 0 and length 1."""
    if max(grey.shape) > SMALL:
        import cv2

        size = (min(SMALL, grey.shape[1]), min(SMALL, grey.shape[0]))
        grey = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)
    levels = grey.astype(np.float32).ravel()
    levels -= levels.mean()
    length = float(np.linalg.norm(levels))
    return levels / np.float32(length) if length > 0 else levels
