"""Finding copies and lookalikes among many: the same as comparing all with all, and groups that are joined right."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.doctor.alike import NEAR, Groups, copies, joined, near


def test_near_hashes_are_all_found() -> None:
    """Against all pairs: random hashes, some with up to six bits turned."""
    rng = np.random.default_rng(0)
    base = rng.integers(0, 2**63, 600, np.uint64)
    turned = [
        value ^ np.uint64(sum(1 << int(bit) for bit in rng.permutation(64)[: rng.integers(0, 7)])) for value in base
    ]
    hashes = np.concatenate([base, np.array(turned, np.uint64)])
    distance = np.bitwise_count(hashes[:, None] ^ hashes[None, :])
    left, right = np.nonzero(np.triu(distance <= NEAR, 1))
    assert {tuple(pair) for pair in near(hashes).T.tolist()} == set(zip(left.tolist(), right.tolist(), strict=True))
    assert len(left) > 300


def test_a_crowd_of_equal_hashes_costs_little_and_stays_together() -> None:
    pairs = near(np.full(5000, 12345, np.uint64))
    assert pairs.shape[1] < 64 * 5000 + 1
    groups = joined(pairs)
    assert len(groups) == 1
    assert groups.records.tolist() == list(range(5000))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=40))
def test_groups_are_connected_components(edges: list[tuple[int, int]]) -> None:
    edges = [(a, b) for a, b in edges if a != b]
    parent = list(range(31))

    def root(number: int) -> int:
        while parent[number] != number:
            number = parent[number]
        return number

    for a, b in edges:
        parent[max(root(a), root(b))] = min(root(a), root(b))
    members = sorted({number for edge in edges for number in edge})
    expected = [[n for n in members if root(n) == top] for top in sorted({root(n) for n in members})]
    groups = joined(np.array(edges, np.int64).reshape(-1, 2).T)
    found = [groups.records[groups.group == number].tolist() for number in range(len(groups))]
    assert found == expected


@pytest.mark.parametrize("length", [2, 3, 100, 1001])
def test_a_long_chain_is_one_group(length: int) -> None:
    order = np.random.default_rng(length).permutation(length)
    assert len(joined(np.stack([order[:-1], order[1:]]))) == 1


def test_copies_by_pixels_or_by_file_and_never_by_an_unknown_file() -> None:
    crc = np.array([1, 1, 2, 3, 4, 5], np.uint32)
    look = np.array([9, 9, 9, 8, 7, 6], np.uint64)
    sums, lengths = np.array([0, 0, 50, 50, 0, 0], np.uint64), np.array([0, 0, 10, 10, 0, 0], np.uint64)
    groups = copies(crc, look, (sums, lengths), np.ones(6, bool))
    assert [groups.records[groups.group == n].tolist() for n in range(len(groups))] == [[0, 1], [2, 3]]
    assert groups.but_first().tolist() == [1, 3]
    usable = np.array([True, False, True, True, True, True])
    assert copies(crc, look, (sums, lengths), usable).records.tolist() == [2, 3]


def test_what_is_spread_over_values() -> None:
    groups = Groups(np.array([0, 3, 1, 2, 5]), np.array([0, 0, 1, 1, 1], np.int32))
    labels = np.array([7, 1, 1, 7, 0, 2])
    assert groups.spread(labels).tolist() == [False, True]
    kept = groups.only(groups.spread(labels))
    assert (kept.records.tolist(), kept.group.tolist()) == ([1, 2, 5], [0, 0, 0])
    empty = Groups(np.empty(0, np.int64), np.empty(0, np.int32))
    assert len(empty.spread(labels)) == len(empty.but_first()) == len(empty) == 0
