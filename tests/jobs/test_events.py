"""The fold: a job's state follows from its events alone."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.events import JobState, fold_all
from jobs.job import Status


def events(*items: dict[str, Any]) -> list[dict[str, Any]]:
    """Numbered from 1, ten seconds apart."""
    return [{"seq": number, "time": number * 10.0, **item} for number, item in enumerate(items, 1)]


def status(value: str, **words: str) -> dict[str, Any]:
    return {"kind": "status", "status": value, **words}


def test_no_events_no_history() -> None:
    state = fold_all([])
    assert (state.status, state.fraction, state.started, state.finished) == (Status.INITIALIZED, 0.0, None, None)


def test_a_whole_life() -> None:
    state = fold_all(events(status("Initialized"), status("Waiting", reason="r"), status("Running"), status("Done")))
    assert state.status is Status.DONE
    assert state.history == (("Initialized", 10.0), ("Waiting", 20.0), ("Running", 30.0), ("Done", 40.0))
    assert (state.started, state.finished, state.reason, state.fraction) == (30.0, 40.0, "", 1.0)


def test_a_new_reason_is_no_new_state() -> None:
    state = fold_all(events(status("Waiting", reason="first"), status("Waiting", reason="second")))
    assert state.reason == "second"
    assert state.history == (("Waiting", 10.0),)


def test_an_error_keeps_its_words() -> None:
    state = fold_all(events(status("Running"), status("Error", error="e", hint="h", log="l")))
    assert (state.error, state.hint, state.log, state.finished) == ("e", "h", "l", 20.0)


@pytest.mark.parametrize("fraction", [1.0, 1.7])
def test_nothing_is_all_done_before_it_is_done(fraction: float) -> None:
    running = events(status("Running"), {"kind": "progress", "fraction": fraction})
    assert fold_all(running).fraction < 1.0


def test_progress_replaces_progress() -> None:
    first, second = {"kind": "progress", "fraction": 0.1, "eta": 5.0}, {"kind": "progress", "fraction": 0.2}
    assert dict(fold_all(events(first, second)).progress) == {"fraction": 0.2}


def test_a_checkpoint_written_again_is_listed_once_and_last() -> None:
    made = [{"kind": "checkpoint", "name": name, "step": step} for name, step in (("a", 1), ("b", 2), ("a", 3))]
    assert [(event["name"], event["step"]) for event in fold_all(events(*made)).checkpoints] == [("b", 2), ("a", 3)]


def test_artifacts_by_name_and_notes_in_order() -> None:
    state = fold_all(
        events(
            {"kind": "artifact", "name": "counts", "value": 1},
            {"kind": "note", "text": "x"},
            {"kind": "artifact", "name": "counts", "value": 2},
            {"kind": "note", "text": "y"},
        )
    )
    assert state.artifacts == {"counts": 2}
    assert state.notes == ("x", "y")


@pytest.mark.parametrize(("largest", "step"), [(True, 2), (False, 1)])
def test_the_best_epoch_is_the_earliest_of_equals(largest: bool, step: int) -> None:
    values = [0.5, 0.9, None, 0.9]
    measured = [{"kind": "metrics", "step": n, "values": {"c": value}} for n, value in enumerate(values, 1)]
    best = fold_all(events(*measured)).best("c", largest)
    assert best is not None
    assert best["step"] == step
    assert fold_all(events(*measured)).best("unknown", largest) is None


@pytest.mark.parametrize(
    "strange",
    [
        {"kind": "hologram", "x": 1},
        {"kind": "status", "status": "Hibernating"},
        {"kind": "artifact"},
        {"kind": "checkpoint"},
        {"kind": "status"},
    ],
)
def test_what_a_newer_version_wrote_is_passed_over(strange: dict[str, Any]) -> None:
    state = fold_all(events(status("Running"), strange, {"kind": "note", "text": "after"}))
    assert (state.status, state.notes, state.seq) == (Status.RUNNING, ("after",), 3)


def test_folding_in_pieces_is_folding_at_once() -> None:
    all_events = events(status("Running"), {"kind": "progress", "fraction": 0.5}, status("Done"))
    assert fold_all(all_events[1:], fold_all(all_events[:1])) == fold_all(all_events, JobState())
