"""Self-describing checkpoints: weights as safetensors, a JSON that says everything about them, the state to go on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, load_model, save_model
from torch import nn

from data.errors import UserError
from data.whole import make_whole, write_json


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint on disk; ``facts`` is the content of its JSON: step, epoch, metrics, model, options, source."""

    folder: Path
    name: str
    facts: Mapping[str, Any]

    @property
    def weights(self) -> Path:
        """The safetensors file."""
        return self.folder / f"{self.name}.safetensors"

    @property
    def state(self) -> Path:
        """The file with what is needed to train on; removed once there is a newer one, unless all are kept."""
        return self.folder / f"{self.name}.state.pt"


def save(
    folder: Path,
    name: str,
    model: nn.Module,
    facts: Mapping[str, Any],
    state: Mapping[str, Any],
    *,
    keep_states: bool = False,
) -> int:
    """Write ``name``.safetensors, .state.pt and .json, each whole or not at all, and remove older states.

    The JSON comes last: a checkpoint that has one is complete. Returns the bytes of the weights. Raises OSError.
    """
    size = make_whole(folder / f"{name}.safetensors", lambda path: save_model(model, str(path), {"format": "pt"}))
    make_whole(folder / f"{name}.state.pt", lambda path: torch.save(dict(state), path))
    write_json(folder / f"{name}.json", {"format": 1, **facts})
    for old in () if keep_states else folder.glob("*.state.pt"):
        if old.name != f"{name}.state.pt":
            old.unlink(missing_ok=True)
    return size


def remove(folder: Path, name: str) -> None:
    """Remove a checkpoint; its JSON goes first, so that no half of one is taken for whole."""
    for ending in ("json", "state.pt", "safetensors"):
        (folder / f"{name}.{ending}").unlink(missing_ok=True)


def every(folder: Path) -> list[Checkpoint]:
    """All complete checkpoints by their steps. Raises UserError where a description cannot be read."""
    return sorted((read(path) for path in folder.glob("*.json")), key=lambda one: float(one.facts["step"]))


def find(folder: Path, name: str | None = None) -> Checkpoint:
    """The checkpoint called ``name`` (or of that epoch, as a number), or the last one; ``folder`` holds them.

    Raises UserError where there is none, or where its description cannot be read.
    """
    found = every(folder)
    if not found:
        raise UserError("This model has no checkpoint yet.", hint="Wait for its first one, or choose another model.")
    fits = [one for one in found if not name or one.name == name or _is_epoch(name, one.facts["epoch"])]
    if not fits:
        names = ", ".join(one.name for one in found[-5:])
        raise UserError(f"This model has no checkpoint {name}. The latest are {names}.", field="start_checkpoint")
    return fits[-1]


def read_weights(checkpoint: Checkpoint, model: nn.Module) -> None:
    """Fill the model with exactly these weights. Raises UserError where they do not fit or cannot be read."""
    try:
        load_model(model, checkpoint.weights)
    except (OSError, SafetensorError, RuntimeError) as error:
        raise UserError(f"The weights {checkpoint.weights.name} cannot be used: {_first_line(error)}.") from error


def read_tensors(checkpoint: Checkpoint) -> dict[str, torch.Tensor]:
    """The weights by name, on the CPU. Raises UserError where the file cannot be read."""
    try:
        weights: dict[str, torch.Tensor] = load_file(checkpoint.weights)
    except (OSError, SafetensorError) as error:
        raise UserError(f"The weights {checkpoint.weights.name} cannot be read: {_first_line(error)}.") from error
    return weights


def read(path: Path) -> Checkpoint:
    """The checkpoint that a JSON file describes. Raises UserError where it cannot be read."""
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        return Checkpoint(path.parent, path.stem, {**facts, "step": int(facts["step"]), "epoch": float(facts["epoch"])})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"The checkpoint {path.name} cannot be read: {error!r}.") from error


def _is_epoch(text: str, epoch: float) -> bool:
    try:
        return abs(float(text) - epoch) < 0.005
    except ValueError:
        return False


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".: ")
