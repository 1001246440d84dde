"""What is explained: a class, one class against another, any unit of any layer, or a unit at one place of its map."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from data.errors import UserError
from models.attribution.sites import VALUES

Position = tuple[int, ...]


@dataclass(frozen=True)
class Target:
    """``kind`` "class" (the score of class ``index``, before any softmax), "difference" (its score less that of
    ``other``) or "unit" (unit ``index`` of the site ``layer``: its mean over the map, or its value at ``position``).
    """

    kind: str = "class"
    index: int = 0
    other: int | None = None
    layer: str | None = None
    position: Position | None = None

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Target:
        """From plain values, as a request has them. Raises UserError for what is no target."""
        kind = str(values.get("kind") or ("unit" if values.get("layer") else "class"))
        if kind not in ("class", "difference", "unit"):
            raise UserError(f"A target is a class, a difference or a unit, not {kind!r}.", field="target")
        try:
            index = int(values.get("index") or 0)
            other = None if values.get("other") is None else int(values["other"])
            place = values.get("position")
            position = None if place in (None, [], ()) else tuple(int(part) for part in _sequence(place))
        except (TypeError, ValueError):
            raise UserError("The numbers of a target must be whole.", field="target") from None
        if kind == "difference" and other is None:
            raise UserError("Which class is it compared with? Give `other`.", field="target")
        if kind == "unit" and not values.get("layer"):
            raise UserError("Which layer is the unit in? Give `layer`.", field="target")
        if kind != "unit":
            return cls(kind, index, other if kind == "difference" else None)
        return cls(kind, index, layer=values["layer"], position=position)

    def value(self, values: torch.Tensor) -> torch.Tensor:
        """Its value [n] for each image, from class scores [n, classes] or the site's values. Raises UserError."""
        if self.kind == "unit":
            return self._unit(values)
        scores = class_scores(values)
        for index in (self.index, self.other):
            if index is not None and not 0 <= index < scores.shape[1]:
                raise UserError(f"There is no class {index}: there are {scores.shape[1]}.", field="target")
        chosen = scores[:, self.index]
        return chosen if self.other is None else chosen - scores[:, self.other]

    def _unit(self, values: torch.Tensor) -> torch.Tensor:
        maps = unit_maps(values)
        if not 0 <= self.index < maps.shape[1]:
            raise UserError(f"{self.layer} has {maps.shape[1]} units, so none is {self.index}.", field="target")
        chosen = maps[:, self.index]
        if self.position is None:
            return chosen.flatten(1).mean(1) if chosen.ndim > 1 else chosen
        inside = len(self.position) == chosen.ndim - 1 and all(
            0 <= place < size for place, size in zip(self.position, chosen.shape[1:], strict=False)
        )
        if not inside:
            size = " x ".join(map(str, chosen.shape[1:])) or "a single value"
            raise UserError(f"The maps of {self.layer} are {size}: {list(self.position)} is outside.", field="target")
        for place in self.position:
            chosen = chosen[:, place]
        return chosen


def unit_maps(values: torch.Tensor) -> torch.Tensor:
    """A site's values with the units second: [n, units, ...]."""
    axis = getattr(values, VALUES, None)
    return values.movedim(axis, 1) if axis not in (None, 1) else values


def class_scores(output: Any) -> torch.Tensor:
    """The scores [n, classes] in a network's output; of several outputs the first tensor. Raises UserError."""
    if isinstance(output, torch.Tensor):
        found = output
    else:
        listed = list(output.values()) if isinstance(output, Mapping) else list(output or ())
        tensors = [item for item in listed if isinstance(item, torch.Tensor)]
        if not tensors:
            raise UserError("The network gives no tensor of class scores, so there is nothing to explain.")
        found = tensors[0]
    if found.ndim < 2:
        raise UserError(f"The network's output has the shape {list(found.shape)}, not one score for each class.")
    return found if found.ndim == 2 else found.flatten(2).mean(2)


def _sequence(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list | tuple) else [value]
