"""Requests for synthetic images of units: they are made in the background, and shown stage by stage."""

from __future__ import annotations

from typing import Any

from data.errors import UserError
from data.options import parse, schema
from models.attribution.sites import Site
from models.inspection.inside import Answer, Params, bounds, model_of, site_of, sites_of, weights_hash
from models.inspection.loaded import LoadedModel
from models.units.ascent import Scene, VisualizationOptions
from models.units.gallery import Wish, gallery

MOST = 256
LARGE = 128
"""Pixels: units of convolutions are drawn this large where the network's images are larger."""


def feature_visualization(params: Params, _blobs: list[bytes]) -> Answer:
    """``{folder, checkpoint, layer ("" for the classes), units, have: {unit: steps}, options}`` -> what there is.

    Answers at once: {units: [{unit, steps, value, dead, done, new}], busy} + a PNG for each unit that is new. Units
    that are not finished are worked on while somebody keeps asking; ask again every second.
    """
    model = model_of(params)
    wish, count = wish_of(model, params)
    units = [int(unit) for unit in params["units"]][:MOST]
    if wrong := [unit for unit in units if not 0 <= unit < count]:
        raise UserError(f"{wish.layer or 'The output'} has {count} units, so none is {wrong[0]}.", field="units")
    have = {int(unit): int(steps) for unit, steps in (params.get("have") or {}).items()}
    found, pictures = gallery.want(wish, units, have)
    return {"units": found, "busy": not all(unit["done"] for unit in found), "key": wish.key}, pictures


def visualization_key(params: Params, _blobs: list[bytes]) -> Answer:
    """``{folder, checkpoint, layer, options}`` -> {key, units}: what the images depend on, as 16 digits."""
    wish, count = wish_of(model_of(params), params)
    return {"key": wish.key, "units": count}, []


def cancel_visualization(params: Params, _blobs: list[bytes]) -> Answer:
    """``{folder, checkpoint, layer, options}`` -> {cancelled}: nothing more is made for this layer."""
    wish, _ = wish_of(model_of(params), params)
    return {"cancelled": gallery.cancel(wish)}, []


def visualization_options(_params: Params, _blobs: list[bytes]) -> Answer:
    """``{}`` -> the JSON schema of the options."""
    return {"options": schema(VisualizationOptions)}, []


def wish_of(model: LoadedModel, params: Params) -> tuple[Wish, int]:
    """What is wished for, and how many units the layer has. Raises UserError, InvalidOptions."""
    layer = str(params.get("layer") or "")
    site = site_of(model, layer) if layer else None
    options = parse(VisualizationOptions, params.get("options") or {})
    wish = Wish(layer, weights_hash(model), options, lambda: scene_of(model, site))
    return wish, len(model.classes) if site is None else site.units


def scene_of(model: LoadedModel, site: Site | None) -> Scene:
    """The network and its pixels, at a smaller size where only maps come before the layer."""
    low, high = bounds(model)
    side = min(low.shape[2:])
    if site is None or side <= LARGE or not _only_maps(model, site):
        return Scene(model.network, site.name if site else "", low, high)
    top, left = ((size - LARGE) // 2 for size in low.shape[2:])
    window = (..., slice(top, top + LARGE), slice(left, left + LARGE))
    return Scene(model.network, site.name, low[window].contiguous(), high[window].contiguous())


def _only_maps(model: LoadedModel, site: Site) -> bool:
    """Whether all layers up to this one have maps, so that any size of image will do."""
    sites: list[Any] = sites_of(model)
    before = sites[: [other.name for other in sites].index(site.name) + 1]
    return all(len(other.grid) == 2 for other in before)
