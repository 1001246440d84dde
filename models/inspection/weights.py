"""Requests about a model without an image: its layers, and a layer's weights as pictures and figures."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import torch

from data.codecs import encode
from data.errors import UserError
from models.attribution.sites import Site
from models.inspection.inside import Answer, Params, model_of, site_of, sites_of, weights_hash
from models.inspection.loaded import LoadedModel
from models.units import weights as units
from models.units.figures import figures
from models.units.sprites import sheet

GAP = 2  # pixels between the parts of one filter
PAGE = 256
"""Units in one sheet; the page asks for the next ones when they come into view."""


def layers(params: Params, _blobs: list[bytes]) -> Answer:
    """``{folder, checkpoint}`` -> ``{layers, classes, input, parameters, checkpoint}``.

    Each layer: {name, kind, op, shape, units, grid, weights: shape or null, parameters, first: whether it sees pixels}.
    """
    model = model_of(params)
    names = dict(model.network.named_parameters())
    found = [about(site, names, number) for number, site in enumerate(sites_of(model))]
    height, width, channels = model.preprocessing.shape
    return {
        "layers": found,
        "classes": list(model.classes),
        "input": [channels, height, width],
        "parameters": sum(value.numel() for value in names.values()),
        "checkpoint": model.checkpoint,
        "hash": weights_hash(model),
    }, []


def about(site: Site, names: dict[str, Any], number: int) -> dict[str, Any]:
    """A layer as JSON has it."""
    weight = names.get(site.weight or "")
    stem = (site.weight or "").removesuffix("weight")
    own = [value for name, value in names.items() if weight is not None and name in (site.weight, stem + "bias")]
    return {
        "name": site.name,
        "kind": site.kind,
        "op": site.op,
        "shape": list(site.shape),
        "units": site.units,
        "grid": list(site.grid),
        "weights": None if weight is None else list(weight.shape),
        "parameters": sum(value.numel() for value in own),
        "number": number,
    }


def weights(params: Params, _blobs: list[bytes]) -> Answer:
    """``{folder, checkpoint, layer, first, count, unit, matrix}`` -> figures, sheet facts + [PNG].

    Without ``unit`` a sheet of the units from ``first``; with it, of each input channel's part of that unit's filter;
    with ``matrix`` a dense layer as one picture. ``raw``: the blob is the weights as .npy instead.
    """
    model = model_of(params)
    site = site_of(model, str(params["layer"]))
    kernel = kernel_at(model, site)
    if params.get("raw"):
        return {"shape": list(kernel.values.shape)}, [as_npy(_chosen(kernel.values, params))]
    answer: dict[str, Any] = {"layer": site.name, "units": len(kernel.values), "shape": list(kernel.values.shape)}
    if params.get("matrix"):
        picture, limit, step = units.matrix(kernel)
        return {**answer, "limit": limit, "step": step}, [encode(picture, "png")]
    if params.get("unit") is not None:
        unit = int(params["unit"])
        pictures, kind, limit = units.unit_tiles(kernel, unit)
        answer |= {"unit": unit, "figures": figures(kernel.values[unit])}
        answer["bias"] = None if kernel.bias is None else float(kernel.bias[unit])
    else:
        first, count = int(params.get("first", 0)), min(int(params.get("count", PAGE)), PAGE)
        if not 0 <= first < len(kernel.values):
            raise UserError(f"{site.name} has {len(kernel.values)} units, so none is {first}.", field="first")
        pictures, kind, limit = units.tiles(kernel, first, count, colour=_sees_pixels(model, site))
        if first == 0:
            answer |= {"figures": figures(kernel.values), **units.facts(kernel)}
            answer["bias"] = None if kernel.bias is None else figures(kernel.bias)
    drawn = sheet(pictures[:4096], gap=0 if params.get("unit") is None else GAP)
    return {**answer, "colours": kind, "limit": limit, "sheet": drawn.facts}, [drawn.png]


def kernel_at(model: LoadedModel, site: Site) -> units.Kernel:
    """A layer's weights, units first. Raises UserError where it has none."""
    if site.weight is None:
        raise UserError(f"{site.name} has no weights: it is a {site.kind}.", field="layer")
    kernel = units.kernel_of(model.network, site.weight, site.op)
    if kernel.values.ndim < 2:
        return units.Kernel(kernel.values[:, None], kernel.bias)
    return kernel


def as_npy(values: torch.Tensor) -> bytes:
    """An array as the content of a .npy file."""
    file = BytesIO()
    np.save(file, values.detach().cpu().numpy(), allow_pickle=False)
    return file.getvalue()


def _chosen(values: torch.Tensor, params: Params) -> torch.Tensor:
    return values if params.get("unit") is None else values[int(params["unit"])]


def _sees_pixels(model: LoadedModel, site: Site) -> bool:
    weighted = [other for other in sites_of(model) if other.weight is not None]
    return model.preprocessing.shape[2] == 3 and bool(weighted) and weighted[0].name == site.name
