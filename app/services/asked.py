"""What the form of a new model asks for, checked: options, dataset, source, and the shape of its images.

Shared by making a model, checking its network, its starting weights, and the pre-flight.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from app.services import designs
from app.services.checkpoints import checkpoint_name
from app.services.context import Context, NotAllowed, NotFound, find_job, require
from app.services.jobs import Label, job_of
from app.services.machine import gpu_count
from app.services.paths import server_path
from app.services.submit import collect, parse_form
from data.errors import InvalidOptions, UserError
from data.options import option
from data.trainable import CLASSIFICATION, require_trainable
from jobs.inspection import InspectorDied
from jobs.job import Status
from jobs.permissions import Principal
from jobs.tables import JobRow
from models.augment_options import check_augmentation
from models.networks import networks as library
from models.presets import with_preset
from models.train_options import TrainOptions, check_shared
from models.weights.options import check_start

CUSTOM = "custom"
DEADLINE = 20.0
"""Seconds that a network may take to be built and looked at; then its inspector is ended."""


@dataclass(frozen=True, kw_only=True)
class FromPreset:
    """Where the other values may come from."""

    preset: Annotated[
        str | None, option("Preset", "A recipe of GET /models/presets; fields that are given go before its own.")
    ] = None


@dataclass(frozen=True)
class Asked:
    """A model that could be made; ``shape`` is {channels, height, width, classes} of what its network is given."""

    options: TrainOptions
    label: Label
    dataset: JobRow
    source: str
    shape: Mapping[str, int]


def asked(ctx: Context, who: Principal, values: Mapping[str, Any]) -> Asked:
    """Read the form values of a model. Raises InvalidOptions naming every wrong field, NotAllowed."""
    values = with_preset(values)
    options, label = parse_form(TrainOptions, values, lambda options: _default_name(ctx, who, options))
    dataset = _checked(ctx, who, options)
    channels, height, width = input_shape(ctx, dataset, options.crop_size)
    classes = max(2, len(class_names(ctx, dataset)))
    shape = {"channels": channels, "height": height, "width": width, "classes": classes}
    return Asked(options, label, dataset, _source(ctx, who, options), shape)


def class_names(ctx: Context, dataset: JobRow) -> list[str]:
    """The classes of a dataset, as far as they are known already."""
    return [str(name) for name in ctx.states.get(dataset.id).artifacts.get("classes", ())]


def ask(
    ctx: Context, wanted: Asked, request: str, params: Mapping[str, Any], deadline: float | None = None
) -> dict[str, Any]:
    """Ask an inspector about the network of the form; errors of the network get the form's field."""
    known = {"source": wanted.source, **wanted.shape, **params}
    try:
        answer, _ = ctx.inspectors.ask(request, known, deadline=deadline or DEADLINE)
    except UserError as error:
        if error.field is None and not isinstance(error, InspectorDied):
            error.field = "source" if wanted.options.network == CUSTOM else "network"
        raise
    return answer


def try_network(ctx: Context, wanted: Asked) -> dict[str, Any]:
    """Build the network and run it once, in an inspector: its parameters, output, layers, input. Raises UserError."""
    answer = ask(ctx, wanted, "check_network", {})
    shape = wanted.shape
    return {
        **answer,
        "input": [shape["channels"], shape["height"], shape["width"]],
        "classes": shape["classes"],
    }


def _default_name(ctx: Context, who: Principal, options: TrainOptions) -> str:
    if options.network in library:
        return library[options.network].title
    saved = ctx.store.get(options.network.partition("@")[0], who)
    return saved.name if saved is not None and saved.type == designs.TYPE else "Custom network"


def _checked(ctx: Context, who: Principal, options: TrainOptions) -> JobRow:
    """The dataset of the options. Raises InvalidOptions for all fields that do not fit what is there."""
    wrong: dict[str, list[str]] = {}
    dataset = collect(wrong, lambda: _dataset(ctx, who, options.dataset), "dataset")
    if options.start_from:
        collect(wrong, lambda: _start(ctx, who, options), "start_from")
    if options.weights_file:
        collect(wrong, lambda: server_path(ctx, who, options.weights_file or "", "weights_file"), "weights_file")
    collect(wrong, lambda: check_start(options))
    collect(wrong, lambda: check_shared(options, options.gpus or options.processes))
    collect(wrong, lambda: _known(ctx, who, options.network), "network")
    if options.network == CUSTOM and not (options.source or "").strip():
        wrong["source"] = ["Please paste the source of the network: a class Net(nn.Module)."]
    if dataset is not None and options.crop_size:
        _, height, width = input_shape(ctx, dataset, None)
        if options.crop_size > min(height, width):
            wrong["crop_size"] = [f"The images of {dataset.name} are {width}x{height}: a crop must fit inside."]
    if dataset is not None:
        _, height, width = input_shape(ctx, dataset, options.crop_size)
        collect(wrong, lambda: check_augmentation(options, height, width))
    if gpus := _wrong_gpu(ctx, options):
        wrong["gpu"] = [gpus]
    if wrong or dataset is None:
        raise InvalidOptions(wrong)
    return dataset


def _known(ctx: Context, who: Principal, network: str) -> None:
    """Raise NotFound for a network that is neither of the library, nor saved and seen by ``who``, nor custom."""
    if network == CUSTOM or network in library or designs.source_to_train(ctx, who, network) is not None:
        return
    names = ", ".join([*library.names(), CUSTOM])
    raise NotFound(f"There is no network {network}; there are {names}, and saved networks by their id.")


def _wrong_gpu(ctx: Context, options: TrainOptions) -> str | None:
    present = gpu_count(ctx)
    if options.gpu is not None and options.gpu >= present:
        return f"This machine has {present} GPUs, numbered from 0." if present else "This machine has no GPU."
    return None


def _dataset(ctx: Context, who: Principal, job_id: str) -> JobRow:
    row = find_job(ctx, who, job_id, "dataset")
    if row.status in (Status.ABORTED.value, Status.ERROR.value):
        raise UserError(f"{row.name} was not built: its status is {row.status}. Choose another dataset.")
    require_trainable((row.summary or {}).get("kind") or CLASSIFICATION, row.name)
    return row


def _start(ctx: Context, who: Principal, options: TrainOptions) -> None:
    """Raise UserError where the model to start from is missing, or has no such checkpoint."""
    checkpoint_name(ctx, find_job(ctx, who, options.start_from or "", "model"), options.start_checkpoint)


def _source(ctx: Context, who: Principal, options: TrainOptions) -> str:
    """The Python source to train. Raises NotAllowed where ``who`` may not run own code."""
    if options.network in library:
        return library[options.network].source
    if not ctx.settings.allow_custom_code and who.role != "admin":
        raise NotAllowed(
            "This server does not let members train networks from their own source.",
            hint="Choose a network of the library, or ask an admin (setting allow_custom_code).",
        )
    require(who, "run_code")
    saved = None if options.network == CUSTOM else designs.source_to_train(ctx, who, options.network)
    return saved if saved is not None else options.source or ""


def input_shape(ctx: Context, dataset: JobRow, crop: int | None) -> tuple[int, int, int]:
    """Channels, height and width in pixels of what a network is given from ``dataset``, finished or not."""
    options = job_of(ctx, dataset).options
    height, width = (crop, crop) if crop else (int(options["height"]), int(options["width"]))
    return int(options["channels"]), height, width
