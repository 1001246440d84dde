"""What a person chooses about starting weights, frozen layers and rates per layer; free of torch, as forms are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Annotated

from data.errors import UserError
from data.options import option


@dataclass(frozen=True, kw_only=True)
class StartOptions:
    """Where training starts, and what of it stays as it is. At most one of the three kinds of weights is given."""

    start_from: Annotated[
        str | None,
        option("Earlier model", "Take the weights of an earlier model.", widget="model", group="Start", max_length=200),
    ] = None
    start_checkpoint: Annotated[
        str | None, option("Its checkpoint", "Blank: the last one.", group="Start", max_length=200)
    ] = None
    weights_file: Annotated[
        str | None,
        option(
            "Weights file",
            "A state_dict (.pt, .pth) or safetensors file on the server.",
            widget="path",
            group="Start",
            max_length=4096,
        ),
    ] = None
    pretrained: Annotated[
        str | None,
        option(
            "Pretrained weights",
            "Weights of torchvision by name, such as ResNet18_Weights.IMAGENET1K_V1; downloaded when training starts.",
            group="Start",
            max_length=200,
        ),
    ] = None
    freeze: Annotated[
        str | None,
        option(
            "Frozen layers",
            "Layers that keep their weights, commas between: features, or stage1.*",
            group="Start",
            max_length=20_000,
        ),
    ] = None
    rate_factors: Annotated[
        str | None,
        option(
            "Learning-rate factors",
            "What the learning rate of a layer is multiplied by, commas between: features = 0.1, fc = 10",
            group="Start",
            max_length=20_000,
        ),
    ] = None


def has_weights(options: StartOptions) -> bool:
    """Whether training starts from trained weights."""
    return bool(options.start_from or options.weights_file or options.pretrained)


def check_start(options: StartOptions) -> None:
    """Raise UserError, naming the field, where more than one kind of weights is given, or a list cannot be read."""
    given = [name for name in ("start_from", "weights_file", "pretrained") if getattr(options, name)]
    if len(given) > 1:
        raise UserError("Weights can come from one place only: leave the others blank.", field=given[1])
    rate_factors(options.rate_factors)


def layer_names(text: str | None) -> list[str]:
    """The names of a list such as ``features.0, stage1.*``: what stands between commas, spaces and line ends."""
    return list(dict.fromkeys(part for part in re.split(r"[\s,;]+", text or "") if part))


def rate_factors(text: str | None) -> dict[str, float]:
    """``features = 0.1, fc = 10`` as {"features": 0.1, "fc": 10.0}. Raises UserError for anything else."""
    found = {}
    for part in re.split(r"[,;\n]+", text or ""):
        if not part.strip():
            continue
        name, _, number = part.replace(":", "=", 1).partition("=")
        found[name.strip()] = _factor(part.strip(), number)
    return found


def covers(pattern: str, name: str) -> bool:
    """Whether a layer name, or a pattern with ``*``, means the layer ``name`` or one that it is a part of."""
    parts = name.split(".")
    return any(fnmatchcase(".".join(parts[:count]), pattern) for count in range(1, len(parts) + 1))


def _factor(part: str, number: str) -> float:
    try:
        factor = float(number)
    except ValueError:
        factor = -1.0
    if not 0 < factor <= 1e6:
        raise UserError(
            f"{part!r} is no layer with its factor: write a name, `=` and a number above 0, such as features = 0.1.",
            field="rate_factors",
            hint="A layer that must not learn at all belongs to the frozen layers.",
        )
    return factor
