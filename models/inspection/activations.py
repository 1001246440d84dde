"""Requests about one image: the values of every layer as pictures and figures, in the order that is asked for."""

from __future__ import annotations

from typing import Any

import torch

from data.codecs import encode
from data.errors import UserError
from models.attribution.passes import Subject, forward, gradients, values_of
from models.attribution.sites import VALUES, Site
from models.attribution.targets import Target, unit_maps
from models.inspection.classify import best
from models.inspection.inside import Answer, Params, image_of, model_of, site_of, sites_of, subject_of
from models.inspection.loaded import LoadedModel
from models.inspection.weights import as_npy
from models.source_loader import naming_lines
from models.training.metrics import scores
from models.units.colours import coloured, robust_limit
from models.units.figures import by_unit, figures
from models.units.sprites import sheet

ORDERS = ("network", "activation", "contribution")


def activations(params: Params, blobs: list[bytes]) -> Answer:
    """``{folder, checkpoint, layers: names or null (all), order, target, first, count, scale}`` and an image.

    Answers ``predictions``, and for each layer {name, kind, shape, figures, sheet, limit, colours, order: the unit of
    each tile, values: {mean, most, active, contribution} of those units}; the blobs are what the network saw (PNG),
    then a sheet for each layer. ``order`` "network", "activation" (largest first) or "contribution" (value times
    gradient of the target, largest first); ``scale`` "layer" or "unit". ``raw``: the blob of each layer is a .npy.
    """
    model = model_of(params)
    pixels = image_of(params, blobs, model)
    order = str(params.get("order") or "network")
    if order not in ORDERS:
        raise UserError(f"The order is one of {', '.join(ORDERS)}, not {order!r}.", field="order")
    wanted = params.get("layers")
    sites = sites_of(model) if wanted is None else [site_of(model, str(name)) for name in wanted]
    target = Target.of(params.get("target") or {})
    subject = subject_of(model, pixels, target, float(params.get("deadline", 18.0)))
    with naming_lines(model.source):
        values, parts = _with_contributions(subject, sites, params, order)
    output = values.pop("")
    found, pictures = [], [encode(pixels, "png")]
    for site in sites:
        facts, picture = _layer(site, values[site.name], parts.get(site.name), params)
        found.append(facts)
        pictures.append(picture)
    answer = {"layers": found, "predictions": _predictions(model, output, params), "checkpoint": model.checkpoint}
    return answer, pictures


def _predictions(model: LoadedModel, output: torch.Tensor, params: Params) -> list[dict[str, Any]]:
    classes = scores(output, len(model.classes)).float().cpu()
    top = max(1, min(int(params.get("top", 5)), len(model.classes)))
    found = best(classes.softmax(1), model.classes, top)[0]
    return [{**guess, "score": float(classes[0, guess["index"]])} for guess in found]


def _with_contributions(
    subject: Subject, sites: list[Site], params: Params, order: str
) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """Values of each site [1, ...], and where asked for, value times gradient of the target there."""
    names = [site.name for site in sites]
    values = values_of(subject, names)
    if order != "contribution" and not params.get("contributions"):
        return values, {}
    leaf = subject.image.detach().clone().requires_grad_()
    with torch.enable_grad():
        passed = forward(subject, leaf, keep=names)
        there = [name for name in names if name in passed.kept]
        back = gradients(passed.value, [passed.kept[name] for name in there])
    parts = {name: passed.kept[name].detach() * gradient for name, gradient in zip(there, back, strict=True)}
    for name, part in parts.items():
        setattr(part, VALUES, getattr(passed.kept[name], VALUES, None))
    return values, parts


def _layer(site: Site, values: torch.Tensor, part: torch.Tensor | None, params: Params) -> tuple[dict[str, Any], bytes]:
    """Figures of a layer and its sheet (or its values)."""
    maps = unit_maps(values)[0].float().cpu()
    shares = None if part is None else unit_maps(part)[0].float().reshape(len(maps), -1).sum(1).cpu()
    facts: dict[str, Any] = {"name": site.name, "kind": site.kind, "shape": list(site.shape), "units": len(maps)}
    facts["figures"] = figures(maps)
    if params.get("raw"):
        return facts, as_npy(values[0] if params.get("unit") is None else maps[int(params["unit"])])
    units = _chosen(maps, shares, params)
    own = by_unit(maps[units])
    facts |= {
        "order": units.tolist(),
        "values": own,
        "grid": list(site.grid),
        "dead": int((maps.reshape(len(maps), -1) == 0).all(1).sum()),
    }
    if shares is not None:
        facts["values"]["contribution"] = [round(value, 6) for value in shares[units].tolist()]
    pictures, limit, kind = _pictures(maps, units, params)
    drawn = sheet(pictures, int(params.get("largest", 64)))
    return {**facts, "sheet": drawn.facts, "limit": limit, "colours": kind}, drawn.png


def _chosen(maps: torch.Tensor, shares: torch.Tensor | None, params: Params) -> torch.Tensor:
    """Numbers of the units of a page, in the order that is asked for (ties: by number)."""
    if params.get("unit") is not None:
        return torch.tensor([int(params["unit"])])
    order = params.get("order")
    ranks = {"activation": maps.reshape(len(maps), -1).amax(1), "contribution": shares}.get(str(order))
    places = torch.arange(len(maps)) if ranks is None else ranks.argsort(descending=True, stable=True, dim=0)
    first = int(params.get("first", 0))
    return places[first : first + min(int(params.get("count", 64)), 4096)]


def _pictures(maps: torch.Tensor, units: torch.Tensor, params: Params) -> tuple[Any, float, str]:
    limit = robust_limit(maps)
    shown = maps[units]
    if shown.ndim == 1:
        shown = shown[:, None, None]
    if shown.ndim == 2:  # tokens: as the square they came from, without class token
        side = int(shown.shape[1] ** 0.5)
        shown = shown[:, shown.shape[1] - side * side :].view(len(shown), side, side)
    own = shown.abs().reshape(len(shown), -1).amax(1) if params.get("scale") == "unit" else None
    signed = bool((maps < 0).any())
    if signed and not bool((shown < 0).any()):
        shown = shown.clone()
        pictures, _ = coloured(torch.cat([shown, -shown[:1]]), limit)
        return pictures[:-1], limit, "signed"
    pictures, kind = coloured(shown, limit if own is None else own)
    return pictures, limit, kind
