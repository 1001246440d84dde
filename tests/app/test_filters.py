"""How times, sizes and numbers are written for people."""

from __future__ import annotations

import pytest

from app.pages.filters import crumb, duration, figure, percent, size, spark, thousands


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (0.4, "0 s"),
        (59, "59 s"),
        (75, "1 min 15 s"),
        (7260, "2 h 1 min"),
        (90_000, "1 d 1 h"),
        (3600, "1 h"),
    ],
)
def test_duration(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (999, "999 B"), (1536, "1.54 kB"), (999_900, "1 MB"), (42.6e6, "42.6 MB")]
)
def test_size(count: float, text: str) -> None:
    assert size(count) == text


@pytest.mark.parametrize(
    ("value", "text"), [(1.0, "100.0 %"), (0.98781, "98.8 %"), (0.99996, "99.9 %"), (0.0, "0.0 %"), (None, "–")]
)
def test_percent_never_rounds_up_to_all(value: float | None, text: str) -> None:
    assert percent(value) == text


def test_numbers() -> None:
    assert thousands(60000) == "60,000"
    assert figure(0.123456) == "0.1235"
    assert figure(None) == "–"


def test_sparkline_fits_its_box_and_skips_what_is_not_finite() -> None:
    assert spark([1.0]) == ""
    assert spark([2.0, None, 1.0]) == "M0.0,2.0L100.0,22.0"
    assert spark([5.0, 5.0]) == "M0.0,22.0L100.0,22.0"


def test_what_a_job_makes() -> None:
    assert crumb({"type": "dataset", "summary": None}) == "Image classification dataset"
    assert crumb({"type": "dataset", "summary": {"kind": "image_classification"}}) == "Image classification dataset"
    assert crumb({"type": "dataset", "summary": {"kind": "detection"}}) == "Dataset of boxes"
    assert crumb({"type": "model", "summary": {}}) == "Image classification model"
