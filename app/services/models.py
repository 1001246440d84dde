"""Models: the library of networks, making a model, and asking a trained one about images."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from app.services import evaluations, weights
from app.services.asked import Asked, asked, try_network
from app.services.checkpoints import checkpoint_name
from app.services.context import Context, NotFound, find_job, require
from app.services.datasets import image as record_image
from app.services.jobs import clone, job_of
from app.services.machine import gpu_count
from app.services.paths import server_path
from app.services.submit import Order, submit
from data.errors import UserError
from jobs.folder import JobFolder
from jobs.job import Needs
from jobs.permissions import Principal
from jobs.tables import JobRow
from models.networks import networks as library
from models.presets import PRESETS
from models.train_options import TrainOptions, completed

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


def presets() -> list[dict[str, Any]]:
    """Recipes that are known to work: name, title, description, what was measured, options."""
    return [asdict(preset) for preset in PRESETS.values()]


# -- making a model ----------------------------------------------------------------------------------------------


def create(ctx: Context, who: Principal | None, values: Mapping[str, Any]) -> JobRow:
    """A new training job from form values (TrainOptions, name, group, visibility, notes).

    Its network and starting weights are tried on the dataset's image size first, so that impossible ones are refused
    here. Raises InvalidOptions naming every wrong field, UserError(field=), NotAllowed, StorageFull.
    """
    who = require(who, "create")
    wanted = asked(ctx, who, values)
    try_network(ctx, wanted)
    weights.try_weights(ctx, who, wanted)
    return make(ctx, who, wanted, values)


def make(ctx: Context, who: Principal, wanted: Asked, values: Mapping[str, Any], sweep: str = "") -> JobRow:
    """The job of a model that was tried already; ``sweep`` is the sweep that it is a trial of."""
    order = Order(
        type="model",
        task="train_model",
        options=completed(wanted.options),
        parents=(wanted.dataset.id,),
        needs=needs_of(ctx, wanted.options),
        prepare=_write_source(wanted.source),
        sweep=sweep,
    )
    row = submit(ctx, who, order, wanted.label, values)
    if wanted.options.evaluate:
        evaluations.after_training(ctx, who, row)
    return row


def check(ctx: Context, who: Principal | None, values: Mapping[str, Any]) -> dict[str, Any]:
    """What the network of these form values would be: ``parameters``, ``output``, ``layers``, ``input`` [c, h, w].

    Raises the same errors as :func:`create`; nothing is made.
    """
    return try_network(ctx, asked(ctx, require(who, "create"), values))


def needs_of(ctx: Context, options: TrainOptions) -> Needs:
    """What the machine must have free for such a training."""
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


def fork(ctx: Context, who: Principal | None, row: JobRow, wanted: Mapping[str, str]) -> dict[str, Any]:
    """The form of a model that goes on from a ``checkpoint`` of this one (blank: the last), exactly if that can be.

    Only the last checkpoint has an optimizer's state, unless the model keeps every one.
    """
    values = clone(ctx, who, row)
    name = checkpoint_name(ctx, row, wanted.get("checkpoint") or None)
    has_state = (ctx.store.folder(row.id).checkpoints / f"{name}.state.pt").exists()
    kept = {key: value for key, value in values.items() if key not in ("weights_file", "pretrained")}
    start = {"start_from": row.id, "start_checkpoint": name, "start_state": has_state}
    return {**kept, **start, "name": f"{values['name']} from {name}"[:500]}


# -- asking a trained model --------------------------------------------------------------------------------------


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
    tolerant: bool = False,
) -> dict[str, Any]:
    """The ``top`` classes of each image, from the warm inspector.

    Images are encoded files (``images``), files on the server inside the roots (``paths``), or one ``record``
    (split, number) of the model's dataset. Answers ``predictions`` (a list of {class, index, probability} for each
    image, best first), ``inputs`` (PNG bytes of what it saw; [] unless asked for), ``seconds``, ``checkpoint``. Where
    ``tolerant``, an image that cannot be read has [] and an entry {index, message, hint} in ``errors``.
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
    params |= {"images": len(blobs), "paths": files, "pictures": inputs, "tolerant": tolerant}
    answer, seen = ctx.inspectors.ask("classify", params, blobs)
    return {**answer, "inputs": seen, "checkpoint": name}


def _record_bytes(ctx: Context, who: Principal, row: JobRow, record: tuple[str, int]) -> bytes:
    dataset = find_job(ctx, who, str(job_of(ctx, row).options["dataset"]), "dataset")
    return record_image(ctx, who, dataset, *record)[0]
