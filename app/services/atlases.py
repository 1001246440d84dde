"""Atlases of units: building one, and looking at layers, units and the units that vote for a class."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from app.services.checkpoints import checkpoint_name
from app.services.context import Conflict, Context, NotFound, find_job, require
from app.services.jobs import brief, job_of
from app.services.machine import gpu_count
from app.services.offload import offload
from app.services.submit import Order, collect, parse_form, submit
from data.errors import InvalidOptions, UserError
from data.options import parse, plain
from jobs.job import Needs, Status
from jobs.permissions import Principal
from jobs.store import Listing
from jobs.tables import JobRow
from models.atlas.layer import SORTS, AtlasLayer, strip
from models.atlas.options import AtlasOptions, Ordered

TYPE = "atlas"
LARGEST_PAGE = 100
QUALITY = 85
CELL = 48


def create(ctx: Context, who: Principal | None, values: Mapping[str, Any]) -> JobRow:
    """A new atlas of a model from form values (AtlasOptions, name, group, visibility, notes).

    Raises InvalidOptions naming every wrong field, NotFound (the model), NotAllowed, StorageFull.
    """
    who = require(who, "create")
    options, label = parse_form(AtlasOptions, values, lambda given: _default_name(ctx, who, given))
    model = find_job(ctx, who, options.model, "model")
    wrong: dict[str, list[str]] = {}
    ready = bool(ctx.states.get(model.id).checkpoints)
    checkpoint = options.checkpoint
    if checkpoint or ready:
        checkpoint = collect(wrong, lambda: checkpoint_name(ctx, model, options.checkpoint), "checkpoint")
    elif Status(model.status).settled:
        wrong["model"] = [f"{model.name} has no checkpoint: there is nothing to look into."]
    collect(wrong, lambda: _check_split(ctx, who, model, options.split), "split")
    if wrong:
        raise InvalidOptions(wrong)
    complete = parse(Ordered, {**plain(options), "checkpoint": checkpoint, "wait": not ready})
    gpus = min(1, gpu_count(ctx))
    order = Order(TYPE, "build_atlas", complete, (model.id,), Needs(gpus=gpus, slots=0 if gpus else 1))
    return submit(ctx, who, order, label, values)


def _default_name(ctx: Context, who: Principal, options: AtlasOptions) -> str:
    row = ctx.store.get(options.model, who)
    return f"Atlas of {row.name if row else 'a model'}"


def _check_split(ctx: Context, who: Principal, model: JobRow, split: str) -> None:
    row = find_job(ctx, who, str(job_of(ctx, model).options.get("dataset")), "dataset")
    if row.status == Status.DONE.value and split not in ctx.datasets.get(row.id).splits:
        raise UserError(f"{row.name} has no {split} images; it has {', '.join(ctx.datasets.get(row.id).splits)}.")


def resume(ctx: Context, who: Principal | None, row: JobRow) -> None:
    """Go on with an atlas that was aborted or whose worker died, where its state was saved last.

    Raises Conflict where it still runs or is Done.
    """
    require(who, "edit", row)
    if row.status not in (Status.ABORTED.value, Status.ERROR.value):
        raise Conflict(f"{row.name} cannot be resumed: its status is {row.status}.")
    resume_again(ctx, row)


def resume_again(ctx: Context, row: JobRow) -> None:
    """Let an atlas that has ended go on. Raises Conflict while it runs."""
    if not Status(row.status).settled:
        raise Conflict(f"{row.name} is at work already: its status is {row.status}.")
    ctx.store.edit(row.id, resume_requested=True, abort_requested=False)


def finished(ctx: Context, row: JobRow) -> bool:
    """Whether the atlas can be looked at, even while it does more of what was asked of it."""
    return (ctx.store.folder(row.id).artifacts / "atlas.json").exists()


def newest(ctx: Context, who: Principal | None, model: JobRow) -> JobRow | None:
    """The newest atlas of a model that can be looked at."""
    rows = ctx.store.list(Listing(type=TYPE, parent=model.id, limit=100), who)
    return next((row for row in rows if finished(ctx, row)), None)


def of_model(ctx: Context, who: Principal | None, model: JobRow) -> list[dict[str, Any]]:
    """The atlases of a model, newest first, as briefs."""
    return [brief(row) for row in ctx.store.list(Listing(type=TYPE, parent=model.id, limit=100), who)]


def of_models_on(ctx: Context, who: Principal | None, dataset: JobRow) -> list[tuple[JobRow, JobRow | None]]:
    """The last dozen models trained on a dataset, each with its newest finished atlas or None."""
    models = ctx.store.list(Listing(type="model", parent=dataset.id, statuses=("Done",), limit=12), who)
    return [(model, newest(ctx, who, model)) for model in models]


def about(ctx: Context, who: Principal | None, row: JobRow) -> dict[str, Any]:
    """atlas.json. Raises Conflict while it is not finished."""
    require(who, "view", row)
    try:
        found: dict[str, Any] = json.loads((ctx.store.folder(row.id).artifacts / "atlas.json").read_text("utf-8"))
    except FileNotFoundError:
        raise Conflict(f"{row.name} is not finished yet: its status is {row.status}.") from None
    except (OSError, ValueError) as error:
        raise Conflict(f"The atlas {row.name} cannot be read: {error}.", hint="Build it again.") from None
    return found


def units(
    ctx: Context, who: Principal | None, row: JobRow, index: int, *, sort: str = "number", cls: int | None = None,
    page: int = 1, size: int = 24
) -> dict[str, Any]:  # fmt: skip
    """One page of a layer's units, sorted; with ``cls`` only those that this class excites most."""
    layer = read_layer(ctx, who, row, index)
    if cls is not None:
        _class(row, layer.atlas, cls)
    order = layer.order(sort if sort in SORTS else "number", cls)
    size = min(max(size, 1), LARGEST_PAGE)
    pages = max(1, -(-len(order) // size))
    page = min(max(page, 1), pages)
    shown = [layer.brief(int(unit)) for unit in order[(page - 1) * size : page * size]]
    dead = int((layer.arrays["active"] == 0).sum())
    return {"page": page, "pages": pages, "size": size, "total": len(order), "dead": dead, "units": shown}


def unit(ctx: Context, who: Principal | None, row: JobRow, index: int, number: int) -> dict[str, Any]:
    """Everything about one unit. Raises NotFound."""
    layer = read_layer(ctx, who, row, index)
    _within(row, layer, [number])
    return layer.about(number)


def voters(ctx: Context, who: Principal | None, row: JobRow, cls: int, most: int = 12) -> list[dict[str, Any]]:
    """For a class, the units of each layer that it excites most beyond their mean: {layer, name, units: [...]}."""
    atlas = about(ctx, who, row)
    _class(row, atlas, cls)
    found = []
    for facts in atlas["layers"]:
        layer = read_layer(ctx, who, row, facts["index"])
        votes = layer.votes(cls)
        order = np.argsort(-votes, kind="stable")[:most]
        chosen = [{**layer.brief(int(one)), "vote": float(votes[one])} for one in order if votes[one] > 0]
        found.append({"layer": facts["index"], "name": facts["name"], "units": chosen})
    return found


def sheet(
    ctx: Context, who: Principal | None, row: JobRow, index: int, numbers: Sequence[int], columns: int = 4
) -> bytes:
    """A JPEG with one row for each unit: what it looks at in its top images, ``CELL`` pixels square each.

    Raises NotFound for units that there are not, or where the dataset may not be seen.
    """
    layer = read_layer(ctx, who, row, index)
    if not 0 < len(numbers) <= LARGEST_PAGE:
        raise UserError(f"Ask for 1 to {LARGEST_PAGE} units at once.", field="units")
    _within(row, layer, numbers)
    find_job(ctx, who, layer.atlas["dataset"], "dataset")
    part = ctx.datasets.get(layer.atlas["dataset"]).split(layer.atlas["split"])
    tops = [layer.about(number)["top"][:columns] for number in numbers]

    def draw() -> bytes:
        wanted = sorted({item["image"] for top in tops for item in top})
        pictures = dict(zip(wanted, part.read(wanted), strict=True))
        rows = [[(item["image"], item["box"]) for item in top] for top in tops]
        file = BytesIO()
        Image.fromarray(strip(pictures, rows, CELL)).save(file, "JPEG", quality=QUALITY)
        return file.getvalue()

    return offload(draw)


def find_layer(row: JobRow, atlas: Mapping[str, Any], name: str) -> int:
    """The index of the layer called ``name``. Raises NotFound."""
    for facts in atlas["layers"]:
        if name == facts["name"]:
            return int(facts["index"])
    raise NotFound(f"{row.name} has no layer {name}; it has {', '.join(facts['name'] for facts in atlas['layers'])}.")


def layer_of(row: JobRow, atlas: Mapping[str, Any], index: int) -> dict[str, Any]:
    """The entry of a layer in atlas.json. Raises NotFound."""
    if not 0 <= index < len(atlas["layers"]):
        raise NotFound(f"{row.name} has {len(atlas['layers'])} layers, numbered from 0.")
    found: dict[str, Any] = atlas["layers"][index]
    return found


def read_layer(ctx: Context, who: Principal | None, row: JobRow, index: int) -> AtlasLayer:
    """One layer with the figures of its units. Raises NotFound, Conflict (not finished, unreadable)."""
    atlas = about(ctx, who, row)
    layer_of(row, atlas, index)
    try:
        return AtlasLayer.read(ctx.store.folder(row.id).artifacts, atlas, index)
    except (OSError, ValueError) as error:
        raise Conflict(f"The atlas {row.name} cannot be read: {error}.", hint="Build it again.") from None


def _class(row: JobRow, atlas: Mapping[str, Any], cls: int) -> None:
    if not 0 <= cls < len(atlas["classes"]):
        raise NotFound(f"{row.name} has no class number {cls}.")


def _within(row: JobRow, layer: AtlasLayer, numbers: Sequence[int]) -> None:
    if not all(0 <= number < layer.units for number in numbers):
        raise NotFound(f"The layer {layer.facts['name']} of {row.name} has {layer.units} units, numbered from 0.")
