"""Events: what happened in a job, one JSON object a line, and the pure fold that turns them into its state."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from jobs.job import Status

Event = Mapping[str, Any]
"""``{"seq": int, "time": Unix seconds, "kind": str, ...}``; ``seq`` counts from 1 without a gap. Kinds:

status      status, [reason | error, hint, log]   the job moved; ``reason`` says why it waits, ``error`` why it failed
progress    fraction 0..1, [phase, rate, unit, eta] ``rate`` in ``unit``/s, ``eta`` in seconds
metrics     step, epoch, values{curve: number or null (not finite)}   one summary per epoch or validation
                                                  (all points are in series/)
checkpoint  name, step, epoch, values, bytes      a checkpoint that can be loaded now
resumed     step, epoch, epochs                   training goes on from there: what was told of later steps is void
act         line, act, value, step, who           somebody steered it (jobs/control.py); carried out after that step
checkpoint_removed  name                          it was not among the last or best that are kept
artifact    name, value                           a small JSON result ("classes", "counts", "mean", "failures" ...)
note        text, [level]                         a sentence for the owner ("running on the CPU: no GPU found")
trial       number, [id, values, state, reason]   a model of a sweep, or what became of it; later words add to earlier
"""

_MERGE = ("fraction", "phase", "rate", "unit", "eta")


@dataclass(frozen=True)
class JobState:
    """Everything that follows from a job's events; ``fold`` makes the next one from the next event."""

    seq: int = 0
    status: Status = Status.INITIALIZED
    history: tuple[tuple[str, float], ...] = ()
    reason: str = ""
    error: str = ""
    hint: str = ""
    log: str = ""
    progress: Mapping[str, Any] = field(default_factory=dict)
    metrics: tuple[Event, ...] = ()
    checkpoints: tuple[Event, ...] = ()
    artifacts: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    acts: tuple[Event, ...] = ()
    trials: Mapping[int, Event] = field(default_factory=dict)
    updated: float = 0.0

    @property
    def fraction(self) -> float:
        """Share done, 0..1; exactly 1 only when the job is Done."""
        if self.status is Status.DONE:
            return 1.0
        return max(0.0, min(float(self.progress.get("fraction", 0.0)), 0.999))

    @property
    def started(self) -> float | None:
        """When it first ran, Unix seconds."""
        return next((when for status, when in self.history if status == Status.RUNNING), None)

    @property
    def finished(self) -> float | None:
        """When it reached its present final state, Unix seconds."""
        return self.history[-1][1] if self.history and self.status.finished else None

    def ran(self, now: float) -> float | None:
        """Seconds that it ran in all, pauses and waits left out; None where it never did."""
        ends = [*(when for _, when in self.history[1:]), max(now, self.updated)]
        spans = [end - when for (status, when), end in zip(self.history, ends, strict=True) if status == Status.RUNNING]
        return sum(spans) if spans else None

    def best(self, curve: str, largest: bool) -> Event | None:
        """The metrics event where ``curve`` was best, the earliest of equals; None where it was never measured."""
        having = [event for event in self.metrics if event["values"].get(curve) is not None]
        sign = 1 if largest else -1
        return max(having, key=lambda event: sign * event["values"][curve], default=None)


def fold(state: JobState, event: Event) -> JobState:
    """The state after ``event``. What is not understood is passed over, so that old servers read newer folders."""
    state = replace(state, seq=event["seq"], updated=event["time"])
    handler = _HANDLERS.get(event["kind"])
    try:
        return handler(state, event) if handler else state
    except (KeyError, TypeError, ValueError):
        return state


def fold_all(events: Iterable[Event], state: JobState | None = None) -> JobState:
    """Fold many events, from ``state`` or from the beginning."""
    state = state or JobState()
    for event in events:
        state = fold(state, event)
    return state


def _status(state: JobState, event: Event) -> JobState:
    status = Status(event["status"])
    moved = not state.history or state.history[-1][0] != status
    history = (*state.history, (status.value, event["time"])) if moved else state.history
    words = {key: event.get(key, "") for key in ("reason", "error", "hint", "log")}
    return replace(state, status=status, history=history, **words)


def _progress(state: JobState, event: Event) -> JobState:
    return replace(state, progress={key: event[key] for key in _MERGE if event.get(key) is not None})


def _metrics(state: JobState, event: Event) -> JobState:
    return replace(state, metrics=(*state.metrics, event))


def _checkpoint(state: JobState, event: Event) -> JobState:
    others = tuple(old for old in state.checkpoints if old["name"] != event["name"])
    return replace(state, checkpoints=(*others, event))


def _artifact(state: JobState, event: Event) -> JobState:
    return replace(state, artifacts={**state.artifacts, event["name"]: event["value"]})


def _note(state: JobState, event: Event) -> JobState:
    return replace(state, notes=(*state.notes, event["text"]))


def _act(state: JobState, event: Event) -> JobState:
    return replace(state, acts=(*state.acts, event))


def _trial(state: JobState, event: Event) -> JobState:
    number = int(event["number"])
    known = {key: value for key, value in event.items() if key not in ("seq", "kind")}
    return replace(state, trials={**state.trials, number: {**state.trials.get(number, {}), **known}})


def _resumed(state: JobState, event: Event) -> JobState:
    """What was measured or saved after the step at which it goes on will be measured and saved again."""
    step = event["step"]
    metrics = tuple(old for old in state.metrics if old["step"] <= step)
    checkpoints = tuple(old for old in state.checkpoints if old["step"] <= step)
    return replace(state, metrics=metrics, checkpoints=checkpoints)


def _removed(state: JobState, event: Event) -> JobState:
    return replace(state, checkpoints=tuple(old for old in state.checkpoints if old["name"] != event["name"]))


_HANDLERS = {
    "act": _act,
    "resumed": _resumed,
    "checkpoint_removed": _removed,
    "status": _status,
    "progress": _progress,
    "metrics": _metrics,
    "checkpoint": _checkpoint,
    "artifact": _artifact,
    "note": _note,
    "trial": _trial,
}
