"""Weights to start from: the table of what fits, and weight files that a browser or script uploads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO

from app.services import networks
from app.services.asked import Asked, ask, asked, class_names
from app.services.context import Context, find_job, require
from app.services.networks import Images, Look
from app.services.paths import server_path
from app.services.uploads import keep
from jobs.permissions import Principal
from models.networks import networks as library
from models.weights.options import StartOptions

ENDINGS = (".safetensors", ".pt", ".pth", ".bin", ".ckpt")
DEADLINE = 60.0
"""Seconds; a file of a few gigabytes is read whole."""


def describe(ctx: Context, who: Principal | None, values: Mapping[str, Any]) -> dict[str, Any]:
    """What the starting weights of a model form would be, layer by layer; nothing is made or downloaded.

    ``weights`` (None: at random) has the table, ``layers`` every layer with weights, whether it is frozen and its
    factor; ``learning`` and ``frozen`` are numbers. Raises the same errors as making the model.
    """
    who = require(who, "create")
    return _describe(ctx, who, asked(ctx, who, values))


def drawing(ctx: Context, who: Principal | None, values: Mapping[str, Any], look: Look) -> dict[str, Any]:
    """The graph of the network of a model form, and in ``layers`` what PyTorch calls what is drawn; nothing is run.

    ``picture`` is None, with the reason in ``problems``, where the source cannot be read. Raises the same errors as
    making the model.
    """
    wanted = asked(ctx, require(who, "create"), values)
    images = Images(**wanted.shape)
    found = networks.draw(ctx, who, wanted.source, images, look)
    layers = networks.drawn_layers(wanted.source, images, found["open"]) if found["picture"] else {}
    return {**found, "layers": layers}


def try_weights(ctx: Context, who: Principal, wanted: Asked) -> None:
    """Raise UserError, naming the field, where starting weights, frozen layers or factors are impossible."""
    options = wanted.options
    chosen = (options.start_from, options.weights_file, options.pretrained, options.freeze, options.rate_factors)
    if any(chosen):
        _describe(ctx, who, wanted)


def offered(network: str) -> str:
    """The weights of torchvision that fill a network of the library; "" where there are none."""
    return library[network].pretrained if network in library else ""


def receive(ctx: Context, who: Principal | None, stream: BinaryIO, filename: str) -> str:
    """Keep an uploaded weight file among the person's own; its path on the server.

    What is in it is looked at by an inspector only. Raises UserError (too large, another ending), StorageFull.
    """
    return keep(ctx, require(who, "upload"), stream, filename, ENDINGS)


def _describe(ctx: Context, who: Principal, wanted: Asked) -> dict[str, Any]:
    options = wanted.options
    params = {
        "names": class_names(ctx, wanted.dataset) or None,
        "origin": _origin(ctx, who, options),
        "freeze": options.freeze,
        "rate_factors": options.rate_factors,
    }
    found = ask(ctx, wanted, "match_weights", params, DEADLINE)
    return {**found, "offered": offered(options.network)}


def _origin(ctx: Context, who: Principal, options: StartOptions) -> dict[str, Any] | None:
    """As models.weights.origin.Origin, with paths that this person may read."""
    if options.start_from:
        row = find_job(ctx, who, options.start_from, "model")
        folder = str(ctx.store.folder(row.id).checkpoints)
        return {"title": row.name, "checkpoints": folder, "checkpoint": options.start_checkpoint}
    if options.weights_file:
        path = server_path(ctx, who, options.weights_file, "weights_file")
        return {"title": path.name, "file": str(path)}
    return {"title": options.pretrained, "pretrained": options.pretrained} if options.pretrained else None
