"""Saving checkpoints of a running training, and taking away those that are not to be kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from models.train_options import TrainOptions
from models.training import checkpoint
from models.training.meter import Event
from models.training.stopping import Saved, superfluous


@dataclass(frozen=True)
class Keeper:
    """Writes checkpoints of ``model`` into ``folder``; ``known`` is what their JSON says beside step and values."""

    folder: Path
    model: nn.Module
    options: TrainOptions
    known: Mapping[str, Any]

    def save(self, name: str, facts: Mapping[str, Any], state: Mapping[str, Any]) -> Iterator[Event]:
        """Write it, tell of it, then remove what is superfluous. Raises OSError."""
        keep = self.options.keep_states
        size = checkpoint.save(self.folder, name, self.model, {**facts, **self.known}, state, keep_states=keep)
        yield {"kind": "checkpoint", "name": name, **facts, "bytes": size}
        yield from self.prune()

    def prune(self) -> Iterator[Event]:
        """Remove the checkpoints that the options do not keep."""
        options = self.options
        for name in superfluous(self.saved(), options.keep_last, options.keep_best, options.watched_curve):
            checkpoint.remove(self.folder, name)
            yield {"kind": "checkpoint_removed", "name": name}

    def saved(self) -> list[Saved]:
        """The checkpoints on the disk."""
        return [
            Saved(one.name, int(one.facts["step"]), _numbers(one.facts.get("values")), bool(one.facts.get("asked")))
            for one in checkpoint.every(self.folder)
        ]

    def free_name(self, epoch: float) -> str:
        """A name for a checkpoint that the plan does not have, such as ``epoch-01.2500``."""
        for digits in range(4, 12):
            name = f"epoch-{epoch:0{digits + 3}.{digits}f}"
            if not (self.folder / f"{name}.json").exists():
                return name
        return f"{name}-again"


class Onlooker(Keeper):
    """A rank that is not the first: somebody else writes the checkpoints."""

    def save(self, name: str, facts: Mapping[str, Any], state: Mapping[str, Any]) -> Iterator[Event]:
        """Nothing."""
        yield from ()


def _numbers(values: Any) -> dict[str, float]:
    found = values if isinstance(values, Mapping) else {}
    return {str(key): float(value) for key, value in found.items() if isinstance(value, int | float)}
