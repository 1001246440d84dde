"""What a person chooses when training a classification model; free of torch, so the web can make its form from it."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from data.errors import UserError
from data.options import option
from models.augment_options import AugmentOptions, ImbalanceOptions
from models.loop_options import LoopOptions
from models.networks import networks
from models.parts import one_of, with_parts
from models.training.optimizers import optimizers
from models.training.schedules import schedules
from models.weights.options import StartOptions, has_weights

CUSTOM_BATCH_SIZE = 64
CUSTOM_LEARNING_RATE = 0.01
LEAST_IMAGES = 2
FINE_TUNE = 0.1
"""Of a network's own rate, where training starts from trained weights: at the whole of it they are soon forgotten."""
OPTIMIZERS_FIRST = ("sgd", "adam", "adamw", "rmsprop", "adagrad", "adadelta")
SCHEDULES_FIRST = ("step", "fixed", "multistep", "cosine", "restarts", "one_cycle", "plateau", "drawn")
"""What the lists of the form show first; the rest follows by name."""


@with_parts("optimizer", optimizers, "Optimizer")
@with_parts("schedule", schedules, "Learning rate")
@dataclass(frozen=True, kw_only=True)
class TrainOptions(LoopOptions, StartOptions, ImbalanceOptions, AugmentOptions):
    """Options of an image-classification model.

    Every schedule and every optimizer adds its own, with its name in front: ``step_gamma``, ``adam_beta1``.
    """

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
    epochs: Annotated[
        float, option("Epochs", "Passes over the training images.", gt=0, le=100000, group="Training")
    ] = 30
    batch_size: Annotated[
        int | None, option("Batch size", "Blank: the network's own.", ge=1, le=65536, group="Training")
    ] = None
    optimizer: Annotated[
        str, option("Optimizer", group="Optimizer"), *one_of(optimizers, "optimizer", OPTIMIZERS_FIRST)
    ] = "sgd"
    learning_rate: Annotated[
        float | None,
        option(
            "Base learning rate", "Blank: the network's own, or the optimizer's usual one.", gt=0, group="Optimizer"
        ),
    ] = None
    momentum: Annotated[
        float, option("Momentum", ge=0, lt=1, show_if={"optimizer": ["sgd"]}, group="Optimizer", advanced=True)
    ] = 0.9
    weight_decay: Annotated[
        float | None,
        option("Weight decay", "Blank: the optimizer's usual one.", ge=0, group="Optimizer", advanced=True),
    ] = None
    no_decay: Annotated[
        bool,
        option(
            "Spare biases and normalization",
            "Weight decay only for weights of two or more dimensions.",
            group="Optimizer",
            advanced=True,
        ),
    ] = True
    schedule: Annotated[
        str, option("Schedule", group="Learning rate"), *one_of(schedules, "schedule", SCHEDULES_FIRST)
    ] = "step"
    warmup: Annotated[
        Literal["none", "linear", "cosine"],
        option(
            "Warm-up",
            "The rate rises first; the schedule then has the rest of the training.",
            labels={"none": "None", "linear": "Straight", "cosine": "Cosine"},
            group="Learning rate",
        ),
    ] = "none"
    warmup_percent: Annotated[
        float,
        option(
            "Warm-up lasts",
            unit="%",
            gt=0,
            lt=100,
            show_if={"warmup": ["linear", "cosine"]},
            group="Learning rate",
        ),
    ] = 5.0
    warmup_start: Annotated[
        float,
        option(
            "Warm-up starts at",
            "Share of the schedule's first rate.",
            ge=0,
            le=1,
            show_if={"warmup": ["linear", "cosine"]},
            group="Learning rate",
        ),
    ] = 0.01
    validation_interval: Annotated[
        float, option("Validate every", "0: never.", unit="epochs", ge=0, group="Training", advanced=True)
    ] = 1.0
    checkpoint_interval: Annotated[
        float, option("Checkpoint every", "0: only at the end.", unit="epochs", ge=0, group="Training", advanced=True)
    ] = 1.0
    evaluate: Annotated[
        bool,
        option(
            "Judge it when done",
            "On the test images (the validation images where there are none): confusion matrix, curves and more.",
            group="Training",
        ),
    ] = False
    seed: Annotated[
        int | None, option("Seed", "Blank: drawn and recorded.", ge=0, le=2**31 - 1, group="Training", advanced=True)
    ] = None
    gpus: Annotated[
        int | None,
        option(
            "GPUs",
            "Blank: one if the machine has any, else the CPU. Several share every batch, a process for each.",
            ge=0,
            le=64,
            group="Machine",
            advanced=True,
        ),
    ] = None
    gpu: Annotated[
        int | None, option("Which GPU", "Blank: the next free one.", ge=0, group="Machine", advanced=True)
    ] = None


def check_shared(options: TrainOptions, processes: int) -> None:
    """Raise UserError(field="batch_size") where a batch is too small to be shared by so many processes.

    Batch normalization cannot learn from a single image, so each gets two or more.
    """
    least, size = LEAST_IMAGES * processes, completed(options).batch_size or 0
    if processes > 1 and size < least:
        raise UserError(
            f"A batch of {size} cannot be shared by {processes} processes: each needs {LEAST_IMAGES} images.",
            field="batch_size",
            hint=f"Use a batch size of {least} or more.",
        )


def completed(options: TrainOptions) -> TrainOptions:
    """The options with everything blank filled in, so that the same training can be asked for again.

    Batch size and learning rate are the network's own (the rate for SGD only: other optimizers have their usual one; a
    tenth of it where trained weights are the start), so is the weight decay the optimizer's; the seed is drawn.
    """
    network = networks.get(options.network)
    usual = optimizers[options.optimizer].options
    tuned = has_weights(options) and not options.start_state  # a fork goes on as it was
    own = (network.learning_rate if network else CUSTOM_LEARNING_RATE) * (FINE_TUNE if tuned else 1.0)
    return replace(
        options,
        batch_size=options.batch_size or (network.batch_size if network else CUSTOM_BATCH_SIZE),
        learning_rate=options.learning_rate or (own if usual.rate is None else usual.rate),
        weight_decay=usual.decay if options.weight_decay is None else options.weight_decay,
        seed=secrets.randbelow(2**31) if options.seed is None else options.seed,
    )
