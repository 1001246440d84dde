"""Looking inside a trained model: layers and weights, activations and explanations of an image, synthetic images."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.services.context import Context, find_job, require
from app.services.datasets import image as record_image
from app.services.jobs import job_of
from app.services.models import checkpoint_name
from app.services.offload import offload
from app.services.paths import server_path
from app.services.pictures import Album
from data.errors import UserError
from jobs.permissions import Principal
from jobs.tables import JobRow

QUICK = 30.0  # seconds that a request may take; the inspector is ended after that
LONG = 90.0  # for explanations of dozens of passes
MARGIN = 5.0  # the request ends itself that much earlier, with a sentence and without ending the inspector


@dataclass(frozen=True)
class Given:
    """An image: the content of a file, a path on the server, or a record (split, number) of the model's dataset."""

    content: bytes | None = None
    path: str | None = None
    record: tuple[str, int] | None = None


def layers(ctx: Context, who: Principal | None, row: JobRow, checkpoint: str | None = None) -> dict[str, Any]:
    """Every layer and function of the network in order: name, kind, shape, units, weights.

    Also ``classes``, ``input`` [c, h, w], ``parameters``, ``checkpoint`` and the ``hash`` of the weights.
    """
    return _ask(ctx, who, row, "layers", {}, checkpoint)[0]


def weights(
    ctx: Context, who: Principal | None, row: JobRow, layer: str, checkpoint: str | None = None, **more: Any
) -> tuple[dict[str, Any], bytes]:
    """Figures of a layer's weights, and a sheet of its units as PNG (``raw``: the weights as .npy).

    ``first`` and ``count`` choose units; ``unit`` shows each input's part of one; ``matrix`` a dense layer as a whole.
    """
    answer, blobs = _ask(ctx, who, row, "weights", {"layer": layer, **more}, checkpoint)
    return answer, blobs[0]


def activations(
    ctx: Context, who: Principal | None, row: JobRow, given: Given, checkpoint: str | None = None, **more: Any
) -> dict[str, Any]:
    """What the layers make of an image: ``predictions``, ``seen`` (PNG), ``layers`` with figures and ``picture`` (PNG).

    ``layers`` names them (None: all); ``order`` "network", "activation" or "contribution" (to ``target``).
    """
    answer, (seen, *pictures) = _about_image(ctx, who, row, "activations", given, more, checkpoint)
    for layer, picture in zip(answer["layers"], pictures, strict=True):
        layer["picture"] = picture
    return {**answer, "seen": seen}


def methods(ctx: Context, who: Principal | None) -> list[dict[str, Any]]:
    """The ways to explain, with the JSON schema of the options of each."""
    require(who, "view")
    answer, _ = ctx.inspectors.ask("attribution_methods", {}, deadline=QUICK)
    found: list[dict[str, Any]] = answer["methods"]
    return found


def explain(
    ctx: Context, who: Principal | None, row: JobRow, given: Given, checkpoint: str | None = None, **more: Any
) -> dict[str, Any]:
    """Attribution maps for ``target`` by ``methods``: ``value``, ``seen`` (PNG), and for each method its figures with
    ``values`` (.npy, float32) and ``picture`` (PNG), or ``error``."""
    answer, (seen, *blobs) = _about_image(ctx, who, row, "explain", given, more, checkpoint, LONG)
    rest = iter(blobs)
    for made in answer["methods"]:
        if "error" not in made:
            made["values"], made["picture"] = next(rest), next(rest)
    return {**answer, "seen": seen}


def grade(
    ctx: Context, who: Principal | None, row: JobRow, given: Given, checkpoint: str | None = None, **more: Any
) -> dict[str, Any]:
    """How far a method can be trusted here: deletion and insertion ``curves``, and ``random_weights``."""
    return _about_image(ctx, who, row, "grade", given, more, checkpoint, LONG)[0]


def visualize(
    ctx: Context, who: Principal | None, row: JobRow, checkpoint: str | None = None, **more: Any
) -> dict[str, Any]:
    """Synthetic images of ``units`` of ``layer``: what there is now; ``picture`` (PNG) where further than ``have``.

    Answers at once; the work goes on while somebody keeps asking.
    """
    how = {"layer": more.get("layer", ""), "options": more.get("options") or {}}
    album = Album(ctx.store.folder(row.id).path, _key(ctx, who, row, checkpoint, how))
    units, have = (
        [int(unit) for unit in more["units"]],
        {int(unit): at for unit, at in (more.get("have") or {}).items()},
    )
    found = {facts["unit"]: facts for facts in offload(album.read, units, have)}
    missing = [unit for unit in units if not found[unit]["done"]]
    if missing:
        known = {str(unit): max(have.get(unit, 0), found[unit]["steps"]) for unit in missing}
        answer, blobs = _ask(
            ctx, who, row, "feature_visualization", {**how, "units": missing, "have": known}, checkpoint
        )
        rest = iter(blobs)
        made = [{**unit, "picture": next(rest)} for unit in answer["units"] if unit["new"]]
        offload(album.keep, made)
        found |= {unit["unit"]: unit for unit in made}
    return {"units": [found[unit] for unit in units], "busy": not all(unit["done"] for unit in found.values())}


def cancel(ctx: Context, who: Principal | None, row: JobRow, checkpoint: str | None = None, **more: Any) -> bool:
    """Stop making synthetic images of a layer; True where some were being made."""
    return bool(_ask(ctx, who, row, "cancel_visualization", more, checkpoint)[0]["cancelled"])


def visualization_options(ctx: Context, who: Principal | None) -> dict[str, Any]:
    """JSON schema of how synthetic images are made."""
    require(who, "view")
    found: dict[str, Any] = ctx.inspectors.ask("visualization_options", {}, deadline=QUICK)[0]["options"]
    return found


def _key(ctx: Context, who: Principal | None, row: JobRow, checkpoint: str | None, how: dict[str, Any]) -> str:
    """What images of a layer depend on; asked for once."""
    name = checkpoint_name(ctx, row, checkpoint)
    weights = ctx.store.folder(row.id).checkpoints / f"{name}.safetensors"
    stamp = weights.stat().st_mtime_ns if weights.exists() else 0
    place = json.dumps([row.id, name, stamp, how], sort_keys=True)
    key = _keys.get(place)
    if key is None:
        key = _keys[place] = str(_ask(ctx, who, row, "visualization_key", how, name)[0]["key"])
        while len(_keys) > KEYS:
            _keys.pop(next(iter(_keys)))
    return key


_keys: dict[str, str] = {}
KEYS = 1000


def _about_image(
    ctx: Context, who: Principal | None, row: JobRow, name: str, given: Given, more: Mapping[str, Any],
    checkpoint: str | None, deadline: float = QUICK,
) -> tuple[dict[str, Any], list[bytes]]:  # fmt: skip
    who = require(who, "infer", row)
    params, blobs = dict(more), []
    if given.record is not None:
        dataset = find_job(ctx, who, str(job_of(ctx, row).options["dataset"]), "dataset")
        blobs = [record_image(ctx, who, dataset, *given.record)[0]]
    elif given.content is not None:
        blobs = [given.content]
    elif given.path:
        params["path"] = str(server_path(ctx, who, given.path, "path"))
    else:
        raise UserError("Give an image: a file, a path on the server, or a record of the dataset.", field="image")
    return _ask(ctx, who, row, name, params, checkpoint, blobs, deadline)


def _ask(
    ctx: Context, who: Principal | None, row: JobRow, name: str, params: Mapping[str, Any], checkpoint: str | None,
    blobs: Sequence[bytes] = (), deadline: float = QUICK,
) -> tuple[dict[str, Any], list[bytes]]:  # fmt: skip
    """Ask the inspector about a checkpoint of the model. Raises UserError, NotAllowed, Conflict, NotFound."""
    require(who, "infer", row)
    place = {"folder": str(ctx.store.folder(row.id).path), "checkpoint": checkpoint_name(ctx, row, checkpoint)}
    return ctx.inspectors.ask(name, {**params, **place, "deadline": deadline - MARGIN}, blobs, deadline=deadline)
