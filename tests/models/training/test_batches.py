"""Batches: every image once an epoch, crops and mirrors against NumPy, the database against memory."""

from __future__ import annotations

from collections.abc import Generator
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from data.database import open_dataset
from models.training import batches
from models.training.augment import Cut, Selections, take
from models.training.batches import DatabaseImages, Images, MemoryImages, load
from tests.models.jobs import make_dataset

CPU = torch.device("cpu")


def finish(reading: Generator[object, None, Images]) -> Images:
    """Run the reading to its end."""
    try:
        while True:
            next(reading)
    except StopIteration as finished:
        images: Images = finished.value
        return images


def test_an_epoch_has_every_record_once_and_the_next_another_order() -> None:
    selections = Selections(Cut(8, 8, None), 23, 5, seed=3, flip=False)
    taken = [part.numbers for part in islice(selections.after(0, 5), 10)]
    first, second = np.concatenate(taken[:5]), np.concatenate(taken[5:])
    assert sorted(first) == sorted(second) == list(range(23))
    assert (first != second).any()


def test_going_on_after_a_step_draws_what_would_have_come() -> None:
    selections = Selections(Cut(8, 8, 5), 23, 5, seed=3, flip=True)
    straight = list(islice(selections.after(0, 5), 12))[7:]
    resumed = list(islice(selections.after(7, 5), 5))
    for one, two in zip(straight, resumed, strict=True):
        for name in ("numbers", "tops", "lefts", "flips"):
            assert (getattr(one, name) == getattr(two, name)).all()


def test_crops_and_mirrors_are_those_of_numpy() -> None:
    pixels = torch.randint(0, 256, (9, 12, 10, 3), dtype=torch.uint8)
    selection = Cut(12, 10, 7).random(9, seed=1, epoch=0, flip=True)
    found = take(pixels, selection, 7).numpy()
    for row, (number, top, left, flip) in enumerate(
        zip(selection.numbers, selection.tops, selection.lefts, selection.flips, strict=True)
    ):
        expected = pixels.numpy()[number, top : top + 7, left : left + 7]
        assert (found[row] == (expected[:, ::-1] if flip else expected)).all()
    assert selection.flips.any()
    assert not selection.flips.all()


def test_crops_reach_every_place() -> None:
    selection = Cut(6, 5, 4).random(500, seed=0, epoch=0, flip=False)
    places = set(zip(selection.tops.tolist(), selection.lefts.tolist(), strict=True))
    assert places == {(top, left) for top in range(3) for left in range(2)}


def test_memory_and_database_give_the_same_batches(tmp_path: Path) -> None:
    split = open_dataset(make_dataset(tmp_path).artifacts).split("train")
    selections = list(islice(Selections(Cut(10, 10, 8), len(split), 7, seed=2, flip=True).after(0, 7), 9))
    memory = finish(load(split, 8, CPU))
    assert isinstance(memory, MemoryImages)
    database = DatabaseImages(split, 8, CPU, threads=2)
    for (one, labels), (two, others) in zip(memory.batches(selections), database.batches(selections), strict=True):
        assert (one == two).all()
        assert (labels == others).all()


def test_a_set_larger_than_the_budget_is_read_from_the_database(tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    split = open_dataset(make_dataset(tmp_path).artifacts).split("train")
    monkeypatch.setattr(batches, "memory_budget", lambda device: 100)
    assert isinstance(finish(load(split, None, CPU)), DatabaseImages)
