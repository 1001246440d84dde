"""What a person chooses when training a classification model; free of torch, so the web can make its form from it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from data.options import option
from models.networks import networks
from models.weights.options import StartOptions

CUSTOM_BATCH_SIZE = 64
CUSTOM_LEARNING_RATE = 0.01
ADAM_LEARNING_RATE = 0.001
"""For Adam and AdamW, whose steps are scaled by themselves: a network's own rate is meant for SGD."""


@dataclass(frozen=True, kw_only=True)
class TrainOptions(StartOptions):
    """Options of an image-classification model."""

    dataset: Annotated[str, option("Dataset", widget="dataset", group="Data")]
    network: Annotated[
        str,
        option(
            "Network", 'A name of the library, or "custom" with its source below.', widget="network", group="Network"
        ),
    ] = "lenet"
    source: Annotated[
        str | None,
        option(
            "Source",
            "A class Net(nn.Module) in Python.",
            widget="code",
            show_if={"network": ["custom"]},
            group="Network",
        ),
    ] = None
    mean_subtraction: Annotated[
        Literal["none", "pixel", "image", "imagenet"],
        option(
            "Subtract mean",
            labels={
                "none": "Nothing",
                "pixel": "Mean colour",
                "image": "Mean image",
                "imagenet": "ImageNet's (pretrained weights)",
            },
            group="Data",
        ),
    ] = "image"
    crop_size: Annotated[
        int | None,
        option(
            "Crop size",
            "A random square in training, the middle one otherwise.",
            unit="px",
            ge=1,
            group="Data",
            advanced=True,
        ),
    ] = None
    flip: Annotated[
        bool, option("Mirror at random", "Flip images left to right while training.", group="Data", advanced=True)
    ] = False
    epochs: Annotated[
        float, option("Epochs", "Passes over the training images.", gt=0, le=100000, group="Training")
    ] = 30
    batch_size: Annotated[
        int | None, option("Batch size", "Blank: the network's own.", ge=1, le=65536, group="Training")
    ] = None
    optimizer: Annotated[
        Literal["sgd", "adam", "adamw"],
        option("Optimizer", labels={"sgd": "SGD with momentum", "adam": "Adam", "adamw": "AdamW"}, group="Training"),
    ] = "sgd"
    learning_rate: Annotated[
        float | None, option("Base learning rate", "Blank: the network's own.", gt=0, group="Training")
    ] = None
    momentum: Annotated[
        float, option("Momentum", ge=0, lt=1, show_if={"optimizer": ["sgd"]}, group="Training", advanced=True)
    ] = 0.9
    weight_decay: Annotated[float, option("Weight decay", ge=0, group="Training", advanced=True)] = 1e-4
    schedule: Annotated[
        Literal["fixed", "step"],
        option("Learning-rate schedule", labels={"fixed": "Fixed", "step": "Step down"}, group="Training"),
    ] = "step"
    step_percent: Annotated[
        float,
        option(
            "Step every",
            "Share of the training after which the rate falls.",
            unit="%",
            gt=0,
            le=100,
            show_if={"schedule": ["step"]},
            group="Training",
        ),
    ] = 33.0
    step_gamma: Annotated[float, option("Multiply by", gt=0, show_if={"schedule": ["step"]}, group="Training")] = 0.1
    validation_interval: Annotated[
        float, option("Validate every", "0: never.", unit="epochs", ge=0, group="Training", advanced=True)
    ] = 1.0
    checkpoint_interval: Annotated[
        float, option("Checkpoint every", "0: only at the end.", unit="epochs", ge=0, group="Training", advanced=True)
    ] = 1.0
    seed: Annotated[
        int | None, option("Seed", "Blank: drawn and recorded.", ge=0, le=2**31 - 1, group="Training", advanced=True)
    ] = None
    gpus: Annotated[
        int | None,
        option("GPUs", "Blank: one if the machine has any, else the CPU.", ge=0, le=1, group="Machine", advanced=True),
    ] = None
    gpu: Annotated[
        int | None, option("Which GPU", "Blank: the next free one.", ge=0, group="Machine", advanced=True)
    ] = None


def completed(options: TrainOptions) -> TrainOptions:
    """The options with everything blank filled in, so that the same training can be asked for again.

    Batch size and learning rate are the network's own (for Adam and AdamW 0.001), the seed is drawn.
    """
    network = networks.get(options.network)
    rate = network.learning_rate if network else CUSTOM_LEARNING_RATE
    return replace(
        options,
        batch_size=options.batch_size or (network.batch_size if network else CUSTOM_BATCH_SIZE),
        learning_rate=options.learning_rate or (rate if options.optimizer == "sgd" else ADAM_LEARNING_RATE),
        seed=secrets.randbelow(2**31) if options.seed is None else options.seed,
    )
