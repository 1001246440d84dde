"""Setting up a training: device, preprocessing, network, starting weights, images and the plan."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from data.database import Dataset, Split
from data.errors import UserError
from data.whole import write_json
from models.augment_options import check_augmentation
from models.examine import Examined, Shape, examine
from models.imbalance import class_weights
from models.preprocessing import Preprocessing, measure
from models.source_loader import load_network
from models.train_options import TrainOptions, check_shared
from models.training.augment import Cut
from models.training.augment_warp import Frame
from models.training.augmenter import Augmenter, make_augmenter
from models.training.batches import Change, Images, load
from models.training.diary import Diarist
from models.training.groups import make_optimizer
from models.training.loop import Training
from models.training.meter import Event
from models.training.plan import Plan, make_plan
from models.training.probe import Probe, make_probe
from models.training.ranks import ALONE, Heard, Ranks
from models.training.resume import AT_THE_START, Begin
from models.training.saving import Keeper, Onlooker
from models.training.steering import NOBODY, Steering
from models.training.update import Updater
from models.training.watching import Watcher
from models.weights.freezing import freeze
from models.weights.options import layer_names
from models.weights.origin import origin_of
from models.weights.start import Started, start


@dataclass(frozen=True)
class Order:
    """What is asked for: a finished dataset, complete options, the job's folder and the network's source.

    ``earlier`` is the folder with the checkpoints of the model to start from, if any; ``begin`` is where this very
    training goes on (its weights are then not looked for elsewhere); ``steering`` brings wishes while it runs; of
    several ``ranks`` the first alone writes into the folder.
    """

    folder: Path
    dataset: Dataset
    dataset_id: str
    options: TrainOptions
    source: str
    earlier: Path | None
    begin: Begin = AT_THE_START
    steering: Steering = NOBODY
    ranks: Ranks = ALONE


def set_up(order: Order) -> Generator[Event, None, Training]:
    """Make everything ready; yields events, returns the Training. Raises UserError saying what does not fit."""
    options, dataset = order.options, order.dataset
    ranks = order.ranks
    check_shared(options, ranks.size)
    device = choose_device(deterministic=options.deterministic)
    if device.type == "cpu":
        yield {"kind": "note", "text": "No GPU found: training on the CPU."}
    preprocessing = _preprocessing(dataset, options)
    shape = shape_of(preprocessing, len(dataset.classes))
    examined = examine(order.source, shape, "cpu")
    torch.manual_seed(options.seed or 0)
    model = load_network(order.source, **shape.keywords())
    started = (yield from _start(order, shape, model)) if order.begin.checkpoint is None else None
    frozen = freeze(model, layer_names(options.freeze))
    description = {**describe(order, preprocessing, examined), "start": _origin(order, started)}
    if ranks.first:
        preprocessing.save(order.folder / "artifacts")
        write_json(order.folder / "artifacts" / "model.json", description)
    yield {"kind": "artifact", "name": "model", "value": {**description, **_chosen(options)}}

    notes = [*examined.notes, *(started.notes if started else ()), *frozen.notes]
    layout = torch.channels_last if options.channels_last else torch.contiguous_format
    model = model.to(device, memory_format=layout)  # type: ignore[call-overload]
    if not ranks.alone:
        model, said = _shared(model, ranks, device, options)
        notes += said
    change = _augmenter(dataset, preprocessing, options, ranks.seed(options.seed or 0))
    whole = options.warps  # what is turned and scaled is cut out afterwards
    train = yield from _load(dataset.split("train"), None if whole else preprocessing.crop, device, "training", change)
    val = None
    if "val" in dataset.splits and options.validation_interval > 0:
        val = yield from _load(dataset.split("val"), preprocessing.crop, device, "validation")
    elif "val" not in dataset.splits:
        notes.append("The dataset has no validation images: only the training curves are measured.")
    for text in notes:
        yield {"kind": "note", "text": text}
    classes = len(dataset.classes)
    optimizer, normalise = make_optimizer(model, options), preprocessing.normaliser(device)
    known = {"model": description, "options": asdict(options), "source": order.source}
    plan = make_plan(options, len(train), validates=val is not None, ranks=ranks.size)
    diary = _diary(order, plan) if options.diary and ranks.alone else None
    answered, weights = diary.answered if diary else None, _weights(dataset, options, device)
    updater = Updater(
        model,
        optimizer,
        normalise,
        options,
        classes,
        device,
        weights,
        ranks=ranks,
        size=plan.size,
        answered=answered,
    )
    return Training(
        model=model,
        updater=updater,
        train=train,
        val=val,
        cut=Cut(dataset.height, dataset.width, options.crop_size),
        plan=plan,
        options=options,
        classes=classes,
        device=device,
        keeper=(Keeper if ranks.first else Onlooker)(order.folder / "checkpoints", model, options, known),
        watcher=Watcher(model, device, options.layer_interval if ranks.first else 0, options.histogram_interval),
        names=dataset.classes,
        hard=bool(options.mixup or options.cutmix or options.randaugment or options.random_resized_crop),
        frozen=frozen,
        steering=order.steering if ranks.alone else Heard(order.steering, ranks),
        ranks=ranks,
        diary=diary,
        probe=_probe(order, updater, plan) if val is not None and ranks.first else None,
    )


def _shared(model: nn.Module, ranks: Ranks, device: torch.device, options: TrainOptions) -> tuple[nn.Module, list[str]]:
    """The model as several ranks train it, and what its owner should know. Each gets random numbers of its own."""
    if not ranks.first:
        torch.manual_seed(ranks.seed(options.seed or 0))
    notes = [f"{ranks.size} processes share every batch of {options.batch_size} images."]
    if options.diary:
        notes.append("The diary of the training images is not kept: no process sees all of them.")
    if any(isinstance(layer, nn.modules.batchnorm._BatchNorm) for layer in model.modules()):
        if options.sync_norm and device.type == "cuda":
            return nn.SyncBatchNorm.convert_sync_batchnorm(model), notes  # type: ignore[no-untyped-call]
        notes.append("Batch normalization uses the images of each process by itself, and its averages are the first's.")
    return model, notes


def choose_device(*, deterministic: bool = False) -> torch.device:
    """The GPU that this process was given, or the CPU; ``deterministic``: with kernels that repeat their bits."""
    if deterministic:
        torch.use_deterministic_algorithms(True, warn_only=True)
    if not torch.cuda.is_available():
        return torch.device("cpu")
    torch.backends.cudnn.benchmark = not deterministic  # every batch has the same shape: the fastest kernel pays
    torch.set_float32_matmul_precision("high")
    return torch.device("cuda")


def shape_of(preprocessing: Preprocessing, classes: int) -> Shape:
    """What the network is built for."""
    height, width, channels = preprocessing.shape
    return Shape(channels, height, width, classes)


def describe(order: Order, preprocessing: Preprocessing, examined: Examined) -> dict[str, Any]:
    """The content of model.json (docs/architecture.md)."""
    height, width, channels = preprocessing.shape
    return {
        "format": 1,
        "classes": list(order.dataset.classes),
        "channels": channels,
        "height": height,
        "width": width,
        "dataset": order.dataset_id,
        "resize_mode": order.dataset.resize_mode,
        "preprocessing": preprocessing.to_dict(),
        "parameters": examined.parameters,
    }


def _preprocessing(dataset: Dataset, options: TrainOptions) -> Preprocessing:
    if "train" not in dataset.splits or not len(dataset.split("train")):
        raise UserError("The dataset has no training images.", field="dataset")
    if options.crop_size and options.crop_size > min(dataset.width, dataset.height):
        size = f"{dataset.width}x{dataset.height}"
        raise UserError(f"A crop of {options.crop_size} pixels does not fit images of {size}.", field="crop_size")
    return measure(dataset, options.crop_size, options.mean_subtraction)


def _origin(order: Order, started: Started | None) -> dict[str, Any] | None:
    """What the very first weights were, for model.json: a training that goes on keeps what it said."""
    if order.begin.checkpoint is None:
        return started.as_json() if started else None
    known: dict[str, Any] | None = order.begin.checkpoint.facts.get("model", {}).get("start")
    return known


def _chosen(options: TrainOptions) -> dict[str, Any]:
    """What the form may have left blank."""
    return {"seed": options.seed, "batch_size": options.batch_size, "learning_rate": options.learning_rate}


def _start(order: Order, shape: Shape, model: nn.Module) -> Generator[Event, None, Started | None]:
    """Take weights from where the options say, as far as they fit; None: at random."""
    origin = origin_of(order.options, order.earlier)
    if origin is None:
        return None
    yield {"kind": "progress", "fraction": 0.0, "phase": "Loading the weights to start from"}
    return start(order.source, shape, model, origin, order.dataset.classes)


def _augmenter(dataset: Dataset, preprocessing: Preprocessing, options: TrainOptions, seed: int) -> Augmenter | None:
    """What chance does to each batch beside mirroring and plain crops. Raises InvalidOptions where it does not fit."""
    height, width, _ = preprocessing.shape
    check_augmentation(options, height, width)
    frame = Frame((dataset.height, dataset.width), (height, width))
    return make_augmenter(options, frame, len(dataset.classes), seed)


def _weights(dataset: Dataset, options: TrainOptions, device: torch.device) -> torch.Tensor | None:
    """The weight of each class in the loss."""
    weights = class_weights(options, dataset.splits["train"].counts)
    return None if weights is None else torch.from_numpy(weights).to(device)


def _diary(order: Order, plan: Plan) -> Diarist:
    """Who writes down how each training image is answered."""
    options, dataset = order.options, order.dataset
    known = {"dataset": order.dataset_id, "classes": list(dataset.classes), "mixed": options.mixes}
    return Diarist(order.folder / "diary", dataset.split("train").labels, plan, known)


def _probe(order: Order, updater: Updater, plan: Plan) -> Probe | None:
    """Who looks at some validation images each time. Raises UserError for a layer that there is not."""
    if not order.options.probe_images:
        return None
    labels, classes = order.dataset.split("val").labels, order.dataset.classes
    return make_probe(order.folder / "validations", updater, labels, classes, plan.validations)


def _load(
    split: Split, crop: int | None, device: torch.device, word: str, change: Change | None = None
) -> Generator[Event, None, Images]:
    """The images of a split, with progress while they are read."""
    reading = load(split, crop, device, change)
    while True:
        try:
            next(reading)
        except StopIteration as finished:
            images: Images = finished.value
            return images
        yield {"kind": "progress", "fraction": 0.0, "phase": f"Reading the {word} images"}
