"""The requests that inspectors answer, and which of the two answers each."""

from __future__ import annotations

from jobs.inspection import ABOUT_SOURCES
from models.inspection.requests import REQUESTS


def test_the_inspector_of_sources_is_asked_for_nothing_that_nobody_answers() -> None:
    assert REQUESTS.keys() >= ABOUT_SOURCES
    assert "classify" not in ABOUT_SOURCES


def test_every_request_says_what_it_takes() -> None:
    assert [name for name, work in REQUESTS.items() if not (work.__doc__ or "").strip()] == []
