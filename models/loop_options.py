"""What a person chooses about the training loop itself: batches, stopping, checkpoints, speed, what is watched."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from data.options import option


@dataclass(frozen=True, kw_only=True)
class LoopOptions:
    """Options of the loop, for any kind of training."""

    accumulation: Annotated[
        int,
        option(
            "Batches per step",
            "Gradients of so many batches are added up before the weights change: a large batch in little memory.",
            ge=1,
            le=4096,
            group="Training",
            advanced=True,
        ),
    ] = 1
    label_smoothing: Annotated[
        float,
        option(
            "Label smoothing",
            "Share of the target that is spread over all classes; 0.1 is usual, and the training loss is then higher.",
            ge=0,
            lt=1,
            group="Training",
            advanced=True,
        ),
    ] = 0.0
    early_stopping: Annotated[
        int,
        option(
            "Stop early after",
            "So many reports without improvement end the training; 0: never.",
            unit="reports",
            ge=0,
            le=100_000,
            group="Training",
            advanced=True,
        ),
    ] = 0
    watched_curve: Annotated[
        Literal["val/loss", "val/accuracy"],
        option(
            "The best is judged by",
            "For stopping early and for keeping the best checkpoints.",
            labels={"val/loss": "Validation loss", "val/accuracy": "Validation accuracy"},
            group="Training",
            advanced=True,
        ),
    ] = "val/loss"
    keep_last: Annotated[
        int | None,
        option("Keep the last", "Blank: every one.", unit="checkpoints", ge=1, group="Training", advanced=True),
    ] = None
    keep_best: Annotated[
        int,
        option(
            "And the best",
            "Only where not every one is kept.",
            unit="checkpoints",
            ge=0,
            le=100_000,
            group="Training",
            advanced=True,
        ),
    ] = 1
    keep_states: Annotated[
        bool,
        option(
            "Keep every optimizer state",
            "Training can then go on exactly from any checkpoint, not only from the last; costs disk space.",
            group="Training",
            advanced=True,
        ),
    ] = False
    diary: Annotated[
        bool,
        option(
            "Keep a learning diary",
            "Of every training image: how often it was right, its loss, when it was forgotten. Finds wrong labels.",
            group="Training",
            advanced=True,
        ),
    ] = True
    probe_images: Annotated[
        int,
        option(
            "Follow so many images",
            "Validation images, some of every class, whose answers are kept at each validation; 0: none.",
            unit="images",
            ge=0,
            le=200,
            group="Training",
            advanced=True,
        ),
    ] = 32
    probe_layer: Annotated[
        str | None,
        option(
            "What is seen in layer",
            "Whose activations are kept for them, such as conv2. Blank: the last convolution.",
            max_length=200,
            group="Training",
            advanced=True,
        ),
    ] = None
    layer_interval: Annotated[
        int,
        option(
            "Look into layers every",
            "Norms, update ratios, dead units of every layer, for the heat map; 0: never.",
            unit="steps",
            ge=0,
            le=10**9,
            group="Training",
            advanced=True,
        ),
    ] = 20
    histogram_interval: Annotated[
        int,
        option(
            "Histograms every",
            "Of weights, gradients and activations; 0: never.",
            unit="steps",
            ge=0,
            le=10**9,
            group="Training",
            advanced=True,
        ),
    ] = 200
    clip_norm: Annotated[
        float,
        option(
            "Clip gradients at",
            "Largest norm of all gradients together; 0: not clipped. 1 is usual where training is unstable.",
            ge=0,
            group="Optimizer",
            advanced=True,
        ),
    ] = 0.0
    average_decay: Annotated[
        float,
        option(
            "Average the weights",
            "Decay of a moving average (EMA) that is validated and saved in their place; 0: none, 0.999 is usual.",
            ge=0,
            lt=1,
            group="Optimizer",
            advanced=True,
        ),
    ] = 0.0
    start_state: Annotated[
        bool,
        option(
            "Go on exactly",
            "Also take the earlier model's optimizer state and step: a fork of its training. Same network only.",
            group="Start",
        ),
    ] = False
    precision: Annotated[
        Literal["fp32", "bf16", "fp16"],
        option(
            "Precision",
            "Half precision is faster on GPUs with tensor cores, and slower on most CPUs. bf16 needs no loss scaling.",
            labels={"fp32": "Full (float32)", "bf16": "Mixed with bfloat16", "fp16": "Mixed with float16"},
            group="Machine",
            advanced=True,
        ),
    ] = "fp32"
    channels_last: Annotated[
        bool,
        option(
            "Channels last",
            "Memory layout of images and convolutions: on the CPU about twice as fast, with tensor cores too.",
            group="Machine",
            advanced=True,
        ),
    ] = True
    compile: Annotated[
        bool,
        option(
            "Compile the network",
            "torch.compile: the first step takes a minute or more; pays on GPUs in long trainings, seldom on the CPU.",
            group="Machine",
            advanced=True,
        ),
    ] = False
    sync_norm: Annotated[
        bool,
        option(
            "Normalize over all GPUs",
            "Batch normalization with the images of all GPUs (SyncBatchNorm), not of each by itself: slower, and "
            "better where a GPU gets few images.",
            group="Machine",
            advanced=True,
        ),
    ] = False
    processes: Annotated[
        int,
        option(
            "Processes on the CPU",
            "So many share every batch, as several GPUs do; more than one pays on machines with several processors.",
            ge=1,
            le=64,
            group="Machine",
            advanced=True,
        ),
    ] = 1
    deterministic: Annotated[
        bool,
        option(
            "Same bits every time",
            "Fixed number of threads and only repeatable kernels: slower where others use the machine too.",
            group="Machine",
            advanced=True,
        ),
    ] = False
