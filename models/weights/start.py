"""Fills a new network with starting weights, as far as they fit, and says what was done."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from data.errors import UserError
from models.examine import Shape
from models.source_loader import load_network
from models.weights.matching import Match, Shapes, match
from models.weights.origin import About, Origin, read, same_classes

NAMED = 6  # tensors that a sentence names; the rest is counted


@dataclass(frozen=True)
class Started:
    """What training started from: ``title`` of the weights, the table, and sentences for the person."""

    title: str
    match: Match
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """For model.json: the counts and which tensors are new, not every row."""
        table = self.match.as_json()
        return {"title": self.title, "how": table["how"], "counts": table["counts"], "anew": _afresh(self.match)}


def compare(source: str, shape: Shape, network: nn.Module, given: About, classes: Sequence[str] | None) -> Match:
    """The table for ``network``, built from ``source`` for ``shape``, and weights that are known by their shapes."""
    other = not same_classes(classes, given.classes)
    return match(shapes_of(network), given.shapes, classifier=classifier_of(source, shape), other_classes=other)


def start(source: str, shape: Shape, network: nn.Module, origin: Origin, classes: Sequence[str]) -> Started:
    """Fill ``network`` in place. Raises UserError where the weights cannot be read, or none of them fits."""
    tensors, own_classes, notes = read(origin)
    given = About(origin.title, {name: tuple(tensor.shape) for name, tensor in tensors.items()}, own_classes)
    table = compare(source, shape, network, given, classes)
    if not table.pairs:
        raise nothing_fits(origin)
    fill(network, table, tensors)
    return Started(origin.title, table, (sentence(origin.title, table), *notes))


@torch.no_grad()
def fill(network: nn.Module, table: Match, tensors: Mapping[str, torch.Tensor]) -> None:
    """Copy what the table takes. Raises UserError where a tensor holds what is no finite number."""
    own = network.state_dict(keep_vars=True)
    for name, other in table.pairs.items():
        value = tensors[other].to(own[name].dtype)
        if value.is_floating_point() and not torch.isfinite(value).all():
            raise UserError(f"The weights are damaged: {other} holds infinite numbers, or what is no number.")
        own[name].copy_(value)


def shapes_of(network: nn.Module) -> Shapes:
    """Every parameter and buffer that a state_dict holds, in its order."""
    return {name: tuple(tensor.shape) for name, tensor in network.state_dict().items()}


def build(source: str, shape: Shape) -> nn.Module:
    """The network without memory, or with it where its constructor looks at numbers. Raises UserError."""
    with torch.random.fork_rng(devices=[]):
        try:
            with torch.device("meta"):
                return load_network(source, **shape.keywords())
        except Exception:  # noqa: BLE001  whatever it is: what is said of the second attempt is what counts
            return load_network(source, **shape.keywords())


def classifier_of(source: str, shape: Shape) -> Collection[str]:
    """The tensors whose shape follows from the number of classes: the network is built for one class more to see."""
    one, more = (shapes_of(build(source, made)) for made in (shape, replace(shape, classes=shape.classes + 1)))
    return frozenset(name for name in one if one[name] != more.get(name))


def nothing_fits(origin: Origin) -> UserError:
    """The error for weights of quite another network."""
    return UserError(f"None of the weights of {origin.title} fit this network.", field=field_of(origin))


def field_of(origin: Origin) -> str:
    """The option that names these weights."""
    return "weights_file" if origin.file is not None else "pretrained" if origin.pretrained else "start_from"


def sentence(title: str, table: Match) -> str:
    """Started from X: 50 of 52 tensors ..."""
    taken, afresh = len(table.pairs), _afresh(table)
    text = f"Started from {title}: {taken} of {taken + len(afresh)} tensors taken"
    text += ", found by the order of the layers" if table.how == "order" else ""
    if not afresh:
        return f"{text}."
    more = f" and {len(afresh) - NAMED} more" if len(afresh) > NAMED else ""
    return f"{text}. These start at random: {', '.join(afresh[:NAMED])}{more}."


def _afresh(table: Match) -> list[str]:
    """The network's tensors that are not filled, counters apart."""
    rows = [*table.of("anew"), *table.of("missing")]
    return [row.name for row in rows if row.name and not row.name.endswith("num_batches_tracked")]
