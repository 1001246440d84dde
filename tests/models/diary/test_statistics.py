"""Running statistics against the plain formulas over the whole list of answers; images seen twice at once."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from models.diary.statistics import Answers, Statistics, turns

RECORDS, CLASSES, EPOCHS = 12, 4, 9


def answers_of(chance: np.random.Generator, numbers: np.ndarray) -> Answers:
    count = len(numbers)
    loss = chance.exponential(1.0, count).astype(np.float32)
    margin = chance.normal(0, 1, count).astype(np.float32)
    return Answers(numbers, loss, np.exp(-loss), margin, chance.integers(0, CLASSES, count))


def listed() -> tuple[Statistics, list[list[tuple[int, float, float, float, int]]]]:
    """Statistics after some epochs of batches, and for each image the plain list of its answers."""
    chance, kept = np.random.default_rng(3), Statistics(RECORDS)
    told: list[list[tuple[int, float, float, float, int]]] = [[] for _ in range(RECORDS)]
    for epoch in range(EPOCHS):
        numbers = chance.integers(0, RECORDS - 1, 20)  # some twice, the last one never
        found = answers_of(chance, numbers)
        kept.add(found, epoch)
        for place, number in enumerate(numbers):
            one = (found.loss[place], found.probability[place], found.margin[place])
            told[number].append((epoch, *(float(value) for value in one), int(found.rival[place])))
    return kept, told


def test_every_figure_is_what_the_whole_list_of_answers_says() -> None:
    kept, told = listed()
    for number, answers in enumerate(told[:-1]):
        right = [margin > 0 for _, _, _, margin, _ in answers]
        assert kept["seen"][number] == len(answers)
        assert kept["right"][number] == sum(right)
        assert kept["last"][number] == right[-1]
        assert kept["forgotten"][number] == sum(a and not b for a, b in pairwise(right))
        first = next((epoch + 1 for (epoch, *_), ok in zip(answers, right, strict=True) if ok), 0)
        assert kept["learnt"][number] == first
        probabilities = [p for _, _, p, _, _ in answers]
        assert kept["confidence"][number] == pytest.approx(np.mean(probabilities), rel=1e-5)
        assert kept["squares"][number] == pytest.approx(np.var(probabilities) * len(answers), rel=1e-4)
        assert kept["loss"][number] == pytest.approx(np.mean([loss for _, loss, *_ in answers]), rel=1e-5)
        assert kept["margin"][number] == pytest.approx(np.mean([m for _, _, _, m, _ in answers]), abs=1e-5)
        assert kept["last_loss"][number] == pytest.approx(answers[-1][1])
        rivals = [rival for _, _, _, margin, rival in answers if margin <= 0]
        most = max(set(rivals), key=rivals.count, default=0)
        if rivals and 2 * rivals.count(most) > len(rivals):
            assert kept["rival"][number] == most


def test_an_image_that_was_never_seen_is_told_apart() -> None:
    kept, _ = listed()
    assert kept["seen"][-1] == 0
    assert kept["last"][-1] == -1


def test_images_seen_twice_at_once_count_twice_in_their_order() -> None:
    numbers = np.array([5, 3, 5, 5, 3])
    rounds = turns(numbers)
    assert [turn.tolist() for turn in rounds if turn is not None] == [[1, 0], [4, 2], [3]]
    assert turns(np.array([2, 0, 1])) == [None]
    kept = Statistics(6)
    margin = np.array([1, 1, -1, 1, -1], np.float32)
    half = np.full(5, 0.5, np.float32)
    kept.add(Answers(numbers, half, half, margin, np.zeros(5, np.int64)), 0)
    assert (kept["seen"][5], kept["right"][5], kept["forgotten"][5], kept["last"][5]) == (3, 2, 1, 1)
    assert (kept["seen"][3], kept["forgotten"][3], kept["last"][3]) == (2, 1, 0)


def test_a_rival_needs_more_votes_than_all_others() -> None:
    kept, one = Statistics(1), np.zeros(1, np.int64)
    half, wrong = np.full(1, 0.5, np.float32), np.full(1, -1, np.float32)
    for rival in (1, 2, 3, 3, 3):
        kept.add(Answers(one, half, half, wrong, np.array([rival])), 0)
    assert kept["rival"][0] == 3
