"""Which layers of a network an atlas shows, and how much of the image each of their values looks at."""

from __future__ import annotations

from typing import Any

import torch

from models.atlas.fields import Field, PlacedFields
from models.atlas.units import Layer
from models.attribution.sites import Site
from models.attribution.tracer import Tracer
from models.inspection.loaded import LoadedModel


def layers_of(model: LoadedModel) -> list[Layer]:
    """The layers with weights, and the sums of branches, in the order of the forward pass, with receptive fields."""
    height, width, channels = model.preprocessing.shape
    image = torch.zeros(1, channels, height, width)
    network = model.network.cpu() if model.device.type != "cpu" else model.network
    fields = PlacedFields()
    seen: dict[str, Field | None] = {}
    try:
        sites = _sites(network, image)
        wanted = [site for site in sites if _is_layer(site)]

        def note(name: str) -> Any:
            return lambda values: (seen.setdefault(name, fields.field(values)), values)[1]

        tracer = Tracer(network, changes={site.name: note(site.name) for site in wanted})
        with torch.no_grad(), fields:
            fields.begin(image)
            tracer.forward(image)
    finally:
        network.to(model.device)
    return [Layer(site, seen.get(site.name) if site.grid else None) for site in wanted]


def _sites(network: torch.nn.Module, image: torch.Tensor) -> list[Site]:
    tracer = Tracer(network, listing=True)
    with torch.no_grad():
        tracer.forward(image)
    return tracer.sites


def _is_layer(site: Site) -> bool:
    return site.op.startswith(("conv", "linear", "multi_head", "add", "iadd"))
