"""Layers that keep their weights, layers that learn at a rate of their own, and what that means for training."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import nn

from data.errors import UserError
from models.weights.options import covers


@dataclass(frozen=True)
class Frozen:
    """What was frozen: the names as given, how many numbers stay, and the layers whose statistics stay too."""

    names: tuple[str, ...] = ()
    parameters: int = 0
    norms: tuple[nn.Module, ...] = ()
    notes: tuple[str, ...] = ()


NOTHING_FROZEN = Frozen()


def freeze(network: nn.Module, names: Sequence[str]) -> Frozen:
    """Freeze layers, each with all that is in it; a name may hold ``*``.

    Normalization layers among them keep their running statistics as well: see :func:`training_mode`. Raises
    UserError(field="freeze") for a name that the network does not have, or where nothing would be left to learn.
    """
    if not names:
        return NOTHING_FROZEN
    held = [module for pattern in names for module in find(network, pattern, "freeze")]
    for module in held:
        module.requires_grad_(False)
    if not any(weight.requires_grad for weight in network.parameters()):
        raise UserError("Every layer is frozen: nothing would be learnt.", field="freeze", hint="Leave the last one.")
    frozen = sum(weight.numel() for weight in network.parameters() if not weight.requires_grad)
    inside = {id(part): part for module in held for part in module.modules()}
    norms = tuple(part for part in inside.values() if isinstance(part, nn.modules.batchnorm._NormBase))
    return Frozen(tuple(names), frozen, norms, (_sentence(network, names, frozen, len(norms)),))


def training_mode(network: nn.Module, frozen: Frozen) -> None:
    """``network.train()``, but frozen normalization layers stay in evaluation mode.

    There they use the statistics that belong to their weights and leave them as they are; in training mode they would
    follow the new images although nothing else of the layer does, and drift away from the weights that they fit.
    """
    network.train()
    for norm in frozen.norms:
        norm.eval()


def parameter_groups(network: nn.Module, factors: Mapping[str, float]) -> list[dict[str, Any]]:
    """The parameters that learn, as groups for an optimizer, each with its ``factor`` of the learning rate.

    A pattern means a layer with all that is in it; of several that mean a layer the last one counts. Raises
    UserError(field="rate_factors") for a pattern that means no layer.
    """
    for pattern in factors:
        find(network, pattern, "rate_factors")
    groups: dict[float, list[nn.Parameter]] = {}
    for name, weight in network.named_parameters():
        if weight.requires_grad:
            groups.setdefault(_factor(name, factors), []).append(weight)
    return [{"params": weights, "factor": factor} for factor, weights in groups.items()]


def find(network: nn.Module, pattern: str, field: str) -> list[nn.Module]:
    """The layers that a pattern names, without those inside of them. Raises UserError where there is none."""
    parts = pattern.count(".") + 1
    found = [m for name, m in network.named_modules() if name and name.count(".") < parts and covers(pattern, name)]
    if not found:
        names = [name for name, _ in network.named_children()]
        raise UserError(
            f"The network has no layer {pattern}; its parts are {_listed(names)}.",
            field=field,
            hint="Names are those of the table of weights, such as features.0.",
        )
    return found


def _factor(name: str, factors: Mapping[str, float]) -> float:
    layer = name.rpartition(".")[0] or name
    found = [factor for pattern, factor in factors.items() if covers(pattern, layer)]
    return found[-1] if found else 1.0


def _listed(names: Iterable[str], most: int = 8) -> str:
    names = list(names)
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _sentence(network: nn.Module, names: Sequence[str], frozen: int, norms: int) -> str:
    """For the person: what learns and what does not."""
    learning = sum(weight.numel() for weight in network.parameters() if weight.requires_grad)
    kept = f" {norms} normalization layers keep their statistics." if norms else ""
    return f"Frozen: {_listed(names)}. {frozen:,} weights stay as they are, {learning:,} are learnt.{kept}"
