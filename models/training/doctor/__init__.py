"""The training doctor: says in a sentence what is wrong with a training while there is time to act. No torch.

Each rule is one file: a pure function of the training's history so far that gives a verdict, or None. Rules look at
what was really measured, and stay silent where there is too little of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from data.registry import Registry
from models.training.doctor.history import History

BAD, WARNING, GOOD = "bad", "warning", "good"


@dataclass(frozen=True)
class Finding:
    """What a rule found: a ``sentence`` with the figures, what to ``try``, and the ``evidence`` to show.

    Evidence is names of curves ("val/loss") and of statistics of layers ("layers:update", "layers:dead").
    """

    sentence: str
    tries: tuple[str, ...]
    evidence: tuple[str, ...]
    level: str = WARNING


Examine = Callable[[History], Finding | None]


@dataclass(frozen=True)
class Rule:
    """A registered rule; one named in ``hides`` is not told beside it: it would say the same less precisely."""

    name: str
    title: str
    help: str
    examine: Examine
    hides: tuple[str, ...] = ()


rules: Registry[Rule] = Registry("models.training.doctor")


def rule(name: str, title: str, hides: tuple[str, ...] = ()) -> Callable[[Examine], Examine]:
    """Register a function of the history as a rule; the first line of its docstring is the help."""

    def register(examine: Examine) -> Examine:
        rules.register(Rule(name, title, (examine.__doc__ or "").partition("\n")[0], examine, hides))
        return examine

    return register


def diagnose(history: History) -> list[dict[str, Any]]:
    """All verdicts, the worst first, JSON-ready; "healthy" where nothing is wrong; [] where it is too early to tell."""
    found = {one.name: finding for one in rules if (finding := one.examine(history)) is not None}
    hidden = {name for one in rules if one.name in found for name in one.hides}
    verdicts = [
        {"name": name, "title": rules[name].title, **asdict(finding), "step": history.step}
        for name, finding in found.items()
        if name not in hidden
    ]
    if verdicts:
        return sorted(verdicts, key=lambda verdict: verdict["level"] != BAD)
    return [_healthy(history)] if history.learns else []


def _healthy(history: History) -> dict[str, Any]:
    first, last = history.reports[0], history.reports[-1]
    curve = "val/loss" if "val/loss" in last.values else "train/loss"
    sentence = (
        f"Healthy: the loss came down from {history.early:.3g} to {last.values[curve]:.3g} and nothing looks wrong."
    )
    if len(history.reports) > 1 and curve in first.values:
        sentence = (
            f"Healthy: {'validation' if curve == 'val/loss' else 'training'} loss {first.values[curve]:.3g} after "
            f"epoch {first.epoch:.3g}, {last.values[curve]:.3g} after epoch {last.epoch:.3g}, and nothing looks wrong."
        )
    known = {"name": "healthy", "title": "Healthy", "sentence": sentence, "tries": (), "evidence": (curve,)}
    return {**known, "level": GOOD, "step": history.step}
