"""What the measured times mean, and the search for the largest batch."""

from __future__ import annotations

import pytest

from models.preflight.measure import largest
from models.preflight.words import Timing, sentence, spoken


def test_one_after_the_other_or_side_by_side() -> None:
    assert Timing(step=0.2, images=0.05).epoch(10) == pytest.approx(2.5)
    assert Timing(step=0.2, images=0.05, ahead=True).epoch(10) == pytest.approx(2.0)
    assert Timing(step=0.2, images=0.5, ahead=True).epoch(10) == pytest.approx(5.0)


def test_the_slower_of_both_is_named() -> None:
    assert sentence(Timing(0.21, 0.003), 64) == (
        "The network is the limit: a step of 64 images takes 210 ms, and they are taken from memory in 3 ms."
    )
    said = sentence(Timing(0.02, 0.4, ahead=True), 32)
    assert said.startswith(
        "Reading images is the limit: 32 of them are read from the disk in 400 ms, a step takes 20 ms"
    )


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.00014, "0.14 ms"), (0.0312, "31.2 ms"), (2.4, "2.4 s"), (720, "12 min"), (9000, "2.5 h")]
)
def test_seconds_as_people_say_them(seconds: float, words: str) -> None:
    assert spoken(seconds) == words


@pytest.mark.parametrize("guess", [1, 64, 5000])
@pytest.mark.parametrize("most", [1, 7, 450, 100_000])
@pytest.mark.parametrize("limit", [0, 1, 5, 333, 10**6])
def test_the_largest_batch_is_found_within_a_twentieth(limit: int, most: int, guess: int) -> None:
    tried: list[int] = []

    def fits(batch: int) -> bool:
        tried.append(batch)
        assert 1 <= batch <= most
        return batch <= limit

    found, right = largest(fits, guess, most), min(limit, most)
    assert found <= right <= found * 1.05 + 1
    assert len(tried) < 25
