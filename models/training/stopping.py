"""When to stop early, and which checkpoints to keep: pure functions of what was measured."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

UP = ("val/accuracy",)
"""Curves of which more is better."""


def waited(measured: Sequence[Mapping[str, float]], curve: str) -> int:
    """Reports since ``curve`` was best; those without it are passed over."""
    best, since = math.inf, 0
    for values in measured:
        if curve in values:
            value = cost(curve, values[curve])
            best, since = (value, 0) if value < best else (best, since + 1)
    return since


def should_stop(measured: Sequence[Mapping[str, float]], curve: str, patience: int) -> bool:
    """Whether ``patience`` reports (0: never) have brought no improvement."""
    return patience > 0 and waited(measured, curve) >= patience


def cost(curve: str, value: float) -> float:
    """The value such that less is better; what is no number is worst."""
    if math.isnan(value):
        return math.inf
    return -value if curve in UP else value


@dataclass(frozen=True)
class Saved:
    """A checkpoint as the choice sees it; ``asked``: a person wanted it, so it stays."""

    name: str
    step: int
    values: Mapping[str, float]
    asked: bool = False


def superfluous(saved: Sequence[Saved], last: int | None, best: int, curve: str) -> list[str]:
    """Names of the checkpoints that are neither among the ``last`` (None: all stay) nor the ``best`` ones by ``curve``.

    The newest always stays, and so does every one that somebody asked for.
    """
    if last is None:
        return []
    ordered = sorted(saved, key=lambda one: one.step)
    judged = sorted((one for one in ordered if curve in one.values), key=lambda one: cost(curve, one.values[curve]))
    kept = {one.name for one in (*ordered[-max(1, last) :], *judged[:best])}
    return [one.name for one in ordered if one.name not in kept and not one.asked]
