"""Progress: rate over the last seconds, time left, and not too many words."""

from __future__ import annotations

import pytest

from data.progress import Progress, Seldom


class Clock:
    """A clock that the test turns."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_rate_and_time_left_follow_the_last_seconds() -> None:
    clock = Clock()
    progress = Progress(1000, "images", clock=clock)
    for _ in range(30):  # slow: 2 a second
        clock.now += 1
        progress.add(2)
        progress.event("Preparing")
    for _ in range(30):  # then fast: 20 a second
        clock.now += 1
        progress.add(20)
        event = progress.event("Preparing")
    assert event["rate"] == pytest.approx(20)
    assert event["eta"] == pytest.approx((1000 - 660) / 20)
    assert event["fraction"] == pytest.approx(0.66)
    assert (event["kind"], event["phase"], event["unit"]) == ("progress", "Preparing", "images")


def test_it_speaks_twice_a_second_at_most() -> None:
    clock = Clock()
    progress = Progress(1000, "images", clock=clock)
    spoken = 0
    for _ in range(1000):
        clock.now += 0.01
        if progress.add(1):
            progress.event("x")
            spoken += 1
    assert 18 <= spoken <= 20


def test_nothing_done_has_no_rate_and_no_end() -> None:
    event = Progress(0, "images", clock=Clock()).event("x")
    assert (event["rate"], event["eta"], event["fraction"]) == (0.0, None, 0.0)


def test_growing_reports_come_seldom_in_long_tasks() -> None:
    clock = Clock()
    seldom = Seldom(clock)
    due = []
    for second in range(36_000):  # ten hours
        clock.now = 100.0 + second
        if seldom.due():
            due.append(second)
    assert due[:3] == [0, 1, 2]
    assert len(due) < 500
