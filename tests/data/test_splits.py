"""Dividing images into splits: complete, disjoint, seeded, as DIGITS counts, and undisturbed by neighbours."""

from __future__ import annotations

from array import array

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.paths import PathTable
from data.splits import Group, Limits, Rules, divide, make_plan

PERCENT = st.floats(0, 100)


def group(counts: dict[str, int], split: str = "train", folder: str = "/images") -> Group:
    """A group with so many images of each class."""
    table, labels = PathTable(), array("i")
    for number, (name, count) in enumerate(counts.items()):
        table.add(f"{folder}/{name}", [f"{index}.png" for index in range(count)])
        labels.extend([number] * count)
    return Group(folder, split, tuple(counts), table, np.array(labels, np.int32))


def paths(plan, split: str) -> list[str]:
    part = plan.parts[split]
    return [part.table[row] for row in part.rows.tolist()]


@given(st.integers(0, 5000), PERCENT, PERCENT)
def test_divide_gives_every_image_one_place_and_each_asked_split_one_image(count, val, test) -> None:
    if val + test > 100:
        val, test = val / 2, test / 2
    train_n, val_n, test_n = divide(count, val, test)
    assert train_n + val_n + test_n == count
    assert min(train_n, val_n, test_n) >= 0
    asked = [val + test < 100, val > 0, test > 0]
    if count >= sum(asked):
        assert all(number >= 1 for number, wanted in zip((train_n, val_n, test_n), asked, strict=True) if wanted)
    assert (val_n == 0) if val == 0 else abs(val_n - count * val / 100) <= 2
    assert (test_n == 0) if test == 0 else abs(test_n - count * test / 100) <= 2


@pytest.mark.parametrize(
    ("count", "val", "test", "expected"),
    [
        (10, 20, 10, (7, 2, 1)),
        (10, 25, 0, (7, 3, 0)),
        (10, 0, 0, (10, 0, 0)),
        (1, 25, 25, (1, 0, 0)),
        (2, 25, 25, (1, 1, 0)),
        (3, 1, 1, (1, 1, 1)),
        (10, 100, 0, (0, 10, 0)),
        (10, 50, 50, (0, 5, 5)),
        (10, 0, 100, (0, 0, 10)),
    ],
)
def test_divide_by_example(count, val, test, expected) -> None:
    assert divide(count, val, test) == expected


def test_thirty_images_divide_as_in_digits() -> None:
    plan = make_plan({"train": group({"a": 10, "b": 10, "c": 10})}, Rules(20, 10))
    assert {split: len(part.rows) for split, part in plan.parts.items()} == {"train": 21, "val": 6, "test": 3}
    assert np.bincount(plan.parts["val"].labels).tolist() == [2, 2, 2]


@given(
    counts=st.dictionaries(st.text(min_size=1, max_size=5), st.integers(0, 40), min_size=1, max_size=6),
    val=st.floats(0, 49),
    test=st.floats(0, 49),
    seed=st.integers(0, 2**31 - 1),
)
def test_a_plan_is_complete_disjoint_and_labelled_right(counts, val, test, seed) -> None:
    everything = group(counts)
    plan = make_plan({"train": everything}, Rules(val, test, seed=seed))
    rows = [row for part in plan.parts.values() for row in part.rows.tolist()]
    assert sorted(rows) == list(range(sum(counts.values())))
    assert plan.classes == tuple(name for name, count in counts.items() if count)
    for part in plan.parts.values():
        for row, label in zip(part.rows.tolist(), part.labels.tolist(), strict=True):
            assert part.table[row].startswith(f"/images/{plan.classes[label]}/")


def test_the_seed_decides_and_the_order_is_mixed() -> None:
    groups = {"train": group({"a": 50, "b": 50})}
    one, again, other = (make_plan(groups, Rules(20, 0, seed=seed)) for seed in (1, 1, 2))
    assert paths(one, "train") == paths(again, "train")
    assert paths(one, "train") != paths(other, "train")
    assert set(paths(one, "val")) != set(paths(other, "val"))
    changes = np.count_nonzero(np.diff(one.parts["train"].labels))
    assert changes > 20  # classes are mixed, not one after the other


def test_another_class_changes_nothing_for_the_first() -> None:
    alone = make_plan({"train": group({"a": 40, "b": 40})}, Rules(25, 25))
    beside = make_plan({"train": group({"a": 40, "aa": 7, "b": 40})}, Rules(25, 25))
    of_a = lambda plan: {path for path in paths(plan, "val") if path.startswith("/images/a/")}  # noqa: E731
    assert of_a(alone) == of_a(beside)


def test_most_per_class_is_a_seeded_sample_and_not_the_first() -> None:
    groups = {"train": group({"a": 100, "b": 5})}
    plan = make_plan(groups, Rules(limits={"train": Limits(most=10)}))
    chosen = sorted(int(path.split("/")[-1][:-4]) for path in paths(plan, "train") if "/a/" in path)
    assert len(chosen) == 10
    assert chosen != list(range(10))
    assert np.bincount(plan.parts["train"].labels).tolist() == [10, 5]


def test_a_small_class_is_dropped_and_the_others_are_renumbered() -> None:
    plan = make_plan({"train": group({"a": 1, "b": 5, "c": 5})}, Rules(limits={"train": Limits(least=2)}))
    assert plan.classes == ("b", "c")
    assert plan.dropped == ("a",)
    assert np.bincount(plan.parts["train"].labels).tolist() == [5, 5]


def test_a_class_too_small_in_the_validation_folder_stays_in_the_shared_list() -> None:
    groups = {"train": group({"a": 10, "b": 10}), "val": group({"a": 1, "b": 5}, "val", "/val")}
    plan = make_plan(groups, Rules(25, 10, {"val": Limits(least=2)}))
    assert plan.classes == ("a", "b")
    assert np.bincount(plan.parts["val"].labels, minlength=2).tolist() == [0, 5]
    assert len(plan.parts["train"].rows) == 18  # nothing for validation, 10 % for testing
    assert len(plan.parts["test"].rows) == 2


def test_classes_of_a_validation_folder_are_matched_by_name() -> None:
    groups = {"train": group({"a": 4, "b": 4}), "val": group({"b": 3, "z": 2}, "val", "/val")}
    plan = make_plan(groups, Rules())
    assert plan.parts["val"].labels.tolist() == [1, 1, 1]
    assert plan.unknown == {"val": ("z",)}


def test_own_folders_take_their_own_limits() -> None:
    groups = {"train": group({"a": 9, "b": 9}), "test": group({"a": 9, "b": 9}, "test", "/test")}
    plan = make_plan(groups, Rules(0, 0, {"train": Limits(most=5), "test": Limits(most=2)}))
    assert len(plan.parts["train"].rows) == 10
    assert len(plan.parts["test"].rows) == 4
    assert "val" not in plan.parts
