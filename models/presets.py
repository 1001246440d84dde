"""Presets: whole recipes that are known to work, as fields of a model's form; each says what it was seen to reach."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from data.errors import InvalidOptions

_SHORT_CYCLE: Mapping[str, Any] = {
    "network": "resnet9_slim",
    "batch_size": 256,
    "optimizer": "sgd",
    "sgd_nesterov": True,
    "learning_rate": 0.2,
    "weight_decay": 5e-4,
    "schedule": "one_cycle",
    "one_cycle_rise": 25.0,
    "label_smoothing": 0.1,
    "mean_subtraction": "pixel",
    "precision": "bf16",
    "checkpoint_interval": 0,
}
"""One rise and one long fall of a high rate: the fewest passes for the accuracy."""


@dataclass(frozen=True)
class Preset:
    """``options`` are fields of TrainOptions; ``measured`` says what they reached, on what, in how long."""

    name: str
    title: str
    description: str
    measured: str
    options: Mapping[str, Any]


PRESETS = {
    preset.name: preset
    for preset in (
        Preset(
            "fast_cifar",
            "Fast CIFAR",
            "Colour images of about 32x32 pixels, within minutes on two CPU cores.",
            "87.8 % of CIFAR-10's 10,000 test images after 15 epochs: 12 minutes on two CPU cores.",
            {**_SHORT_CYCLE, "epochs": 15, "flip": True, "crop_size": 28},
        ),
        Preset(
            "mnist",
            "MNIST at its best",
            "Handwritten digits of 28x28 grey pixels: turned, scaled, never mirrored.",
            "99.7 % of MNIST's 10,000 test images after 12 epochs.",
            {**_SHORT_CYCLE, "epochs": 12, "rotation": 10.0, "scaling": 0.1},
        ),
    )
}


def with_preset(values: Mapping[str, Any]) -> dict[str, Any]:
    """``values`` on top of the preset that they name (in ``preset``, which is taken out). Raises InvalidOptions."""
    own = {key: value for key, value in values.items() if key != "preset"}
    name = values.get("preset")
    if not name:
        return own
    if name not in PRESETS:
        raise InvalidOptions({"preset": [f"There is no preset {name}; there are {', '.join(PRESETS)}."]})
    return {**PRESETS[name].options, **own}
