"""Models: the library of networks, making a model, and asking a trained one about images."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from app.services.context import Conflict, Context, NotAllowed, NotFound, find_job, require
from app.services.datasets import image as record_image
from app.services.jobs import job_of
from app.services.machine import gpu_count
from app.services.paths import server_path
from app.services.submit import Order, collect, parse_form, submit
from data.errors import InvalidOptions, UserError
from jobs.folder import JobFolder
from jobs.inspection import InspectorDied
from jobs.job import Needs, Status
from jobs.permissions import Principal
from jobs.tables import JobRow
from models.networks import networks as library
from models.train_options import TrainOptions, completed

CUSTOM = "custom"
MOST_IMAGES = 256
"""Images in one classify request; more are asked for in several."""


def networks(ctx: Context) -> list[dict[str, Any]]:
    """The library of networks, oldest first, with the source of each."""
    return [asdict(network) for network in library]


def network(ctx: Context, name: str) -> dict[str, Any]:
    """One network of the library. Raises NotFound."""
    if name not in library:
        raise NotFound(f"There is no network {name}; there are {', '.join(library.names())}.")
    return asdict(library[name])


# -- making a model ----------------------------------------------------------------------------------------------


def create(ctx: Context, who: Principal | None, values: Mapping[str, Any]) -> JobRow:
    """A new training job from form values (TrainOptions, name, group, visibility, notes).

    Its network is tried on the dataset's image size first, so that an impossible one is refused here.
    Raises InvalidOptions naming every wrong field, UserError(field="source" or "network"), NotAllowed, StorageFull.
    """
    who = require(who, "create")
    options, label = parse_form(TrainOptions, values, _default_name)
    dataset = _checked(ctx, who, options)
    source = _source(ctx, who, options)
    _try_network(ctx, options, source, dataset)
    order = Order(
        type="model",
        task="train_model",
        options=completed(options),
        parents=(dataset.id,),
        needs=_needs(ctx, options),
        prepare=_write_source(source),
    )
    return submit(ctx, who, order, label, values)


def check(ctx: Context, who: Principal | None, values: Mapping[str, Any]) -> dict[str, Any]:
    """What the network of these form values would be: ``parameters``, ``output``, ``layers``, ``input`` [c, h, w].

    Raises the same errors as :func:`create`; nothing is made.
    """
    who = require(who, "create")
    options, _ = parse_form(TrainOptions, values, _default_name)
    dataset = _checked(ctx, who, options)
    return _try_network(ctx, options, _source(ctx, who, options), dataset)


def _default_name(options: TrainOptions) -> str:
    return library[options.network].title if options.network in library else "Custom network"


def _checked(ctx: Context, who: Principal, options: TrainOptions) -> JobRow:
    """The dataset of the options. Raises InvalidOptions for all fields that do not fit what is there."""
    wrong: dict[str, list[str]] = {}
    dataset = collect(wrong, lambda: _dataset(ctx, who, options.dataset), "dataset")
    if options.start_from:
        collect(wrong, lambda: _start(ctx, who, options), "start_from")
    if options.network != CUSTOM and options.network not in library:
        names = ", ".join([*library.names(), CUSTOM])
        wrong["network"] = [f"There is no network {options.network}; there are {names}."]
    if options.network == CUSTOM and not (options.source or "").strip():
        wrong["source"] = ["Please paste the source of the network: a class Net(nn.Module)."]
    if dataset is not None and options.crop_size:
        _, height, width = input_shape(ctx, dataset, None)
        if options.crop_size > min(height, width):
            wrong["crop_size"] = [f"The images of {dataset.name} are {width}x{height}: a crop must fit inside."]
    if gpus := _wrong_gpu(ctx, options):
        wrong["gpu"] = [gpus]
    if wrong or dataset is None:
        raise InvalidOptions(wrong)
    return dataset


def _wrong_gpu(ctx: Context, options: TrainOptions) -> str | None:
    present = gpu_count(ctx)
    if options.gpu is not None and options.gpu >= present:
        return f"This machine has {present} GPUs, numbered from 0." if present else "This machine has no GPU."
    return None


def _dataset(ctx: Context, who: Principal, job_id: str) -> JobRow:
    row = find_job(ctx, who, job_id, "dataset")
    if row.status in (Status.ABORTED.value, Status.ERROR.value):
        raise UserError(f"{row.name} was not built: its status is {row.status}. Choose another dataset.")
    return row


def _start(ctx: Context, who: Principal, options: TrainOptions) -> None:
    """Raise UserError where the model to start from is missing, of another network, or has no such checkpoint."""
    row = find_job(ctx, who, options.start_from or "", "model")
    network = job_of(ctx, row).options.get("network")
    if network != options.network:
        raise UserError(f"{row.name} is a {network}, not a {options.network}: its weights do not fit.")
    checkpoint_name(ctx, row, options.start_checkpoint)


def _source(ctx: Context, who: Principal, options: TrainOptions) -> str:
    """The Python source to train. Raises NotAllowed where ``who`` may not run own code."""
    if options.network != CUSTOM:
        return library[options.network].source
    if not ctx.settings.allow_custom_code and who.role != "admin":
        raise NotAllowed(
            "This server does not let members train networks from their own source.",
            hint="Choose a network of the library, or ask an admin (setting allow_custom_code).",
        )
    require(who, "run_code")
    return options.source or ""


def input_shape(ctx: Context, dataset: JobRow, crop: int | None) -> tuple[int, int, int]:
    """Channels, height and width in pixels of what a network is given from ``dataset``, finished or not."""
    options = job_of(ctx, dataset).options
    height, width = (crop, crop) if crop else (int(options["height"]), int(options["width"]))
    return int(options["channels"]), height, width


def _try_network(ctx: Context, options: TrainOptions, source: str, dataset: JobRow) -> dict[str, Any]:
    channels, height, width = input_shape(ctx, dataset, options.crop_size)
    classes = max(2, len(ctx.states.get(dataset.id).artifacts.get("classes", ())))
    params = {"source": source, "channels": channels, "height": height, "width": width, "classes": classes}
    try:
        answer, _ = ctx.inspectors.ask("check_network", params)
    except UserError as error:
        if error.field is None and not isinstance(error, InspectorDied):
            error.field = "source" if options.network == CUSTOM else "network"
        raise
    return {**answer, "input": [channels, height, width], "classes": classes}


def _needs(ctx: Context, options: TrainOptions) -> Needs:
    if options.gpu is not None:
        return Needs(gpus=1, gpu_indices=(options.gpu,))
    gpus = min(1, gpu_count(ctx)) if options.gpus is None else options.gpus
    return Needs(gpus=gpus, slots=0 if gpus else 1)


def _write_source(source: str) -> Callable[[JobFolder], None]:
    def write(folder: JobFolder) -> None:
        (folder.artifacts / "network.py").write_text(source, encoding="utf-8")

    return write


def source(ctx: Context, row: JobRow) -> str:
    """The Python source that a model is trained from. Raises NotFound where it is gone from the disk."""
    try:
        return (ctx.store.folder(row.id).artifacts / "network.py").read_text(encoding="utf-8")
    except OSError:
        raise NotFound(f"The source of {row.name} is no longer on the disk.") from None


# -- asking a trained model --------------------------------------------------------------------------------------


def checkpoint_name(ctx: Context, row: JobRow, name: str | None = None) -> str:
    """The checkpoint called ``name`` (by name, or an epoch as a number), or the last one.

    Raises Conflict where there is none yet, NotFound where there is none of that name.
    """
    found = ctx.states.get(row.id).checkpoints
    if not found:
        raise Conflict(f"{row.name} has no checkpoint yet: its status is {row.status}.")
    if not name:
        return str(found[-1]["name"])
    match = [str(event["name"]) for event in found if name == event["name"] or _same_epoch(name, event.get("epoch"))]
    if not match:
        names = ", ".join(str(event["name"]) for event in found[-5:])
        raise NotFound(f"{row.name} has no checkpoint {name}. The latest are {names}.")
    return match[-1]


def _same_epoch(text: str, epoch: Any) -> bool:
    try:
        return epoch is not None and abs(float(text) - float(epoch)) < 1e-6
    except ValueError:
        return False


def classify(
    ctx: Context,
    who: Principal | None,
    row: JobRow,
    images: Sequence[bytes] = (),
    *,
    paths: Sequence[str] = (),
    record: tuple[str, int] | None = None,
    checkpoint: str | None = None,
    top: int = 5,
    inputs: bool = True,
) -> dict[str, Any]:
    """The ``top`` classes of each image, from the warm inspector.

    Images are encoded files (``images``), files on the server inside the roots (``paths``), or one ``record``
    (split, number) of the model's dataset. Answers ``predictions`` (a list of {class, index, probability} for each
    image, best first), ``inputs`` (PNG bytes of what it saw; [] unless asked for), ``seconds``, ``checkpoint``.
    """
    who = require(who, "infer", row)
    name = checkpoint_name(ctx, row, checkpoint)
    blobs = [*images]
    if record is not None:
        blobs.append(_record_bytes(ctx, who, row, record))
    files = [str(server_path(ctx, who, path, "path")) for path in paths]
    if not 0 < len(blobs) + len(files) <= MOST_IMAGES:
        raise UserError(f"Give between 1 and {MOST_IMAGES} images.", field="image")
    params: dict[str, Any] = {"folder": str(ctx.store.folder(row.id).path), "checkpoint": name, "top": max(1, top)}
    params |= {"images": len(blobs), "paths": files, "pictures": inputs}
    answer, seen = ctx.inspectors.ask("classify", params, blobs)
    return {**answer, "inputs": seen, "checkpoint": name}


def _record_bytes(ctx: Context, who: Principal, row: JobRow, record: tuple[str, int]) -> bytes:
    dataset = find_job(ctx, who, str(job_of(ctx, row).options["dataset"]), "dataset")
    return record_image(ctx, who, dataset, *record)[0]
