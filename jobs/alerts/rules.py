"""What is worth telling of a job: pure functions of its row, its folded state and the time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jobs.events import JobState
from jobs.job import Status

EVENTS = {
    "done": "Done",
    "error": "Failed",
    "divergence": "Diverged",
    "stall": "No sign of life",
    "plateau": "No progress",
}
"""Name of each event, and its title."""
SAID = {
    "done": "is done",
    "error": "has failed",
    "divergence": "has diverged",
    "stall": "gives no sign of life",
    "plateau": "makes no progress",
    "test": "would be told of like this",
}


@dataclass(frozen=True)
class Notice:
    """Something that happened; ``occasion`` tells one time from another, and is the same whenever it is looked at."""

    event: str
    occasion: str
    text: str


def ended(status: str, finished: float, error: str, state: JobState) -> Notice | None:
    """What to tell of a job that has ended: done, failed, or diverged (which is a failure of its own)."""
    if status == Status.DONE.value:
        return Notice("done", f"{finished:.3f}", best_of(state))
    if status != Status.ERROR.value:
        return None
    text = f"{error} {state.hint}".strip()
    if "divergence" in verdicts(state):  # the occasion of running(): it is told once, whoever sees it first
        return Notice("divergence", _run(state), text)
    return Notice("error", f"{finished:.3f}", text)


def running(state: JobState, now: float, stall_minutes: float) -> list[Notice]:
    """What to tell of a job at work: no event for ``stall_minutes`` (0: never told), or what the doctor says."""
    found = []
    silent = (now - state.updated) / 60
    if state.updated and 0 < stall_minutes <= silent:
        text = f"Nothing was heard of it for {silent:.0f} minutes; it was: {state.progress.get('phase', 'starting')}."
        found.append(Notice("stall", f"seq {state.seq}", text))  # a new silence begins with a new event
    told = verdicts(state)
    for name in ("divergence", "plateau"):
        if name in told:
            found.append(Notice(name, _run(state), told[name]))  # once in each run of a worker
    return found


def _run(state: JobState) -> str:
    """When its worker began: the same for all that is told of one run."""
    begun = next((when for status, when in reversed(state.history) if status == Status.RUNNING.value), 0.0)
    return f"run {begun:.3f}"


def verdicts(state: JobState) -> Mapping[str, str]:
    """What the doctor said last, sentences by name."""
    told = state.artifacts.get("doctor")
    listed = told.get("verdicts", []) if isinstance(told, Mapping) else []
    return {str(one.get("name")): str(one.get("sentence", "")) for one in listed if isinstance(one, Mapping)}


def best_of(state: JobState) -> str:
    """The best validation in words; "" where nothing was validated."""
    best = state.best("val/accuracy", largest=True)
    if best is None:
        return ""
    return f"Best validation accuracy {100 * best['values']['val/accuracy']:.2f} % at epoch {best['epoch']:.4g}."


def message(job: Mapping[str, Any], notice: Notice, public_url: str) -> dict[str, Any]:
    """What is kept to be sent: job (id, type, name, owner, status), event, title, text, url ("" where it has none)."""
    title = f"{job['name']} {SAID[notice.event]}"
    page = f"{public_url.rstrip('/')}/{job['type']}s/{job['id']}" if public_url and job["id"] else ""
    return {"job": dict(job), "event": notice.event, "title": title, "text": notice.text, "url": page}
