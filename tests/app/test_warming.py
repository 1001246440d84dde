"""Inspectors are started after the first page of a person, once, and never for nobody."""

from __future__ import annotations

from typing import Any

import pytest

from app.warming import warm_when_visited
from jobs.inspection import MODELS, SOURCES
from tests.app.conftest import Lab


@pytest.fixture
def started(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The inspectors that pages have started, in order; nothing is really started."""
    rooms: list[str] = []
    monkeypatch.setattr(lab.ctx.inspectors, "warm", rooms.append)

    def at_once(_pause: float, work: Any, *args: Any) -> None:
        work(*args)

    warm_when_visited(lab.app, at_once)
    return rooms


def test_nobody_starts_one_and_a_person_does_once(lab: Lab, started: list[str]) -> None:
    lab.client().get("/login")
    lab.client().get("/")
    lab.client("sam").get("/api/v1/jobs")
    assert started == []
    lab.client("sam").get("/")
    lab.client("ada").get("/")
    assert started == [SOURCES]


def test_the_page_of_a_model_starts_the_one_for_models_too(lab: Lab, started: list[str]) -> None:
    job = lab.job("model")
    lab.client("olga").get(f"/models/{job.id}")
    assert started == [SOURCES, MODELS]
