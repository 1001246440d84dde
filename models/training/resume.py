"""Where a training begins: at the start, or exactly where an earlier worker or another model's training was."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from data.errors import UserError
from models.training import checkpoint
from models.training.checkpoint import Checkpoint

if TYPE_CHECKING:
    from models.training.loop import Training


@dataclass(frozen=True)
class Begin:
    """Training goes on after ``step``; ``acts`` are what people did to it before, and what is asked of it still.

    ``handled`` is the last line of the control file that was carried out.
    """

    step: int = 0
    checkpoint: Checkpoint | None = None
    state: Mapping[str, Any] = field(default_factory=dict)
    acts: Sequence[Mapping[str, Any]] = ()
    handled: int = 0


AT_THE_START = Begin()


def last_state(folder: Path, acts: Sequence[Mapping[str, Any]] = ()) -> Begin:
    """The newest complete checkpoint of ``folder`` that has a state; the very beginning where there is none."""
    handled = max((int(act.get("line", 0)) for act in acts), default=0)
    for found in reversed(checkpoint.every(folder)):
        if found.state.exists():
            return Begin(int(found.facts["step"]), found, read_state(found), acts, handled)
    return Begin(acts=acts, handled=handled)


def fork_of(folder: Path, name: str | None) -> Begin:
    """The state of another model's checkpoint (the last one with a state where ``name`` is blank).

    Raises UserError where that checkpoint has no state any more.
    """
    if not name:
        begin = last_state(folder)
        if begin.checkpoint is None:
            raise UserError("The model to go on from has no checkpoint with an optimizer state.", field="start_from")
        return begin
    found = checkpoint.find(folder, name)
    if not found.state.exists():
        raise UserError(
            f"The checkpoint {found.name} has weights but no optimizer state: only the last one keeps it.",
            field="start_checkpoint",
            hint='Leave "Go on exactly" off to start from its weights, or choose the last checkpoint.',
        )
    return Begin(int(found.facts["step"]), found, read_state(found))


def read_state(found: Checkpoint) -> Mapping[str, Any]:
    """The state beside a checkpoint. Raises UserError where it cannot be read."""
    try:
        state: Mapping[str, Any] = torch.load(found.state, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise UserError(f"The optimizer state {found.state.name} cannot be read: {error}.") from error
    if state.get("format") not in (1, 2):
        raise UserError(f"The optimizer state {found.state.name} was written by a newer Foveal.")
    return state


def restore(training: Training, begin: Begin) -> None:
    """Give model, optimizer, averages and random numbers back what they had. Raises UserError where it does not fit."""
    if begin.checkpoint is None:
        return
    updater, state = training.updater, begin.state
    checkpoint.read_weights(begin.checkpoint, training.model)
    if updater.average is not None:
        updater.average = type(updater.average)(training.model, training.options.average_decay)
        if "plain" in state:  # the file holds the averaged weights
            live = [value for value in training.model.state_dict().values() if value.is_floating_point()]
            for own, value in zip(live, state["plain"], strict=True):
                own.copy_(value)
    load_optimizer(updater.optimizer, state["optimizer"])
    if state.get("scaler"):
        updater.scaler.load_state_dict(state["scaler"])
    restore_random(training, state, begin.step)


def random_ranks(training: Training) -> dict[str, Any]:
    """The random numbers of several ranks, for the state; each has its own."""
    ranks, device = training.ranks, training.device
    if ranks.alone:
        return {}
    found = {"random_ranks": ranks.everyone(torch.get_rng_state())}
    own = {"random_gpu": ranks.everyone(torch.cuda.get_rng_state(device))} if device.type == "cuda" else {}
    return {**found, **own}


def restore_random(training: Training, state: Mapping[str, Any], step: int) -> None:
    """Go on with the random numbers of the state, exactly where there are as many ranks as there were."""
    ranks, device = training.ranks, training.device
    every = state.get("random_ranks") or [state["random"]]
    if len(every) != ranks.size:
        torch.manual_seed(ranks.seed((training.options.seed or 0) + step))
        return
    torch.set_rng_state(every[ranks.rank])
    if device.type == "cuda" and state.get("random_gpu"):
        if ranks.alone:
            torch.cuda.set_rng_state_all(state["random_gpu"])
        else:
            torch.cuda.set_rng_state(state["random_gpu"][ranks.rank], device)


def load_optimizer(optimizer: torch.optim.Optimizer, state: Mapping[str, Any]) -> None:
    """Take the moments; the settings (weight decay, factors ...) stay those of the options. Raises UserError."""
    own = [{key: value for key, value in group.items() if key != "params"} for group in optimizer.param_groups]
    sizes = [len(group["params"]) for group in optimizer.param_groups]
    if sizes != [len(group["params"]) for group in state["param_groups"]]:
        raise UserError(
            "The optimizer's state does not fit: the network, its frozen layers or the weight decay are others.",
            field="start_from",
            hint='Leave "Go on exactly" off to start from the weights alone.',
        )
    optimizer.load_state_dict(dict(state))
    for group, settings in zip(optimizer.param_groups, own, strict=True):
        group.update(settings)
