"""Grad-CAM (Selvaraju et al. 2017, arXiv 1610.02391) and what the methods of its family share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

import torch
import torch.nn.functional as F

from data.errors import UserError
from data.options import option
from models.attribution.method import Map, method
from models.attribution.passes import Subject, forward, gradients, list_sites
from models.attribution.sites import Site


@dataclass(frozen=True)
class CamOptions:
    """At which layer."""

    layer: Annotated[str, option("Layer", "Blank: the last one whose units still have maps.", max_length=300)] = ""


@dataclass
class Cam:
    """A layer's maps and the gradient of the target there, both [units, h, w]."""

    maps: torch.Tensor
    gradient: torch.Tensor
    layer: str
    notes: list[str] = field(default_factory=list)

    def finished(self, values: torch.Tensor, size: tuple[int, int]) -> Map:
        """The map [h, w] of the layer as one of the image: negative parts left out, bilinear."""
        values = values.clamp(min=0)
        if not bool(values.any()):
            self.notes.append("Nothing in this layer speaks for the target, so the map is empty.")
        large = F.interpolate(values[None, None], size, mode="bilinear", align_corners=False)[0]
        height, width = values.shape
        return Map(large.float().cpu(), notes=(f"at {self.layer}, {height} x {width}", *self.notes))


@method("grad_cam", "Grad-CAM", CamOptions, order=8, source="Selvaraju et al. 2017")
def grad_cam(subject: Subject, options: CamOptions) -> Map:
    """The layer's maps, weighted by how much the target depends on each; coarse, and tells classes apart."""
    cam = at_layer(subject, options.layer)
    weights = cam.gradient.mean((1, 2), keepdim=True)
    return cam.finished((weights * cam.maps).sum(0), image_size(subject))


def image_size(subject: Subject) -> tuple[int, int]:
    """Height and width of the network's input."""
    return subject.image.shape[2], subject.image.shape[3]


def at_layer(subject: Subject, name: str) -> Cam:
    """Maps and gradient at a layer; what lies before it is computed without history. Raises UserError."""
    site = _site(subject, name)
    held: list[torch.Tensor] = []

    def begin(values: torch.Tensor) -> torch.Tensor:
        held.append(values.detach().requires_grad_())
        return held[0]

    with torch.enable_grad():
        passed = forward(subject, changes={site.name: begin})
        if not held:
            raise UserError(f"{site.name} comes after the target.", field="layer")
        (gradient,) = gradients(passed.value, held[:1])
    values, back = held[0].detach(), gradient
    return Cam(_as_grid(_first(values, site)), _as_grid(_first(back, site)), site.name)


def _first(values: torch.Tensor, site: Site) -> torch.Tensor:
    found: torch.Tensor = values.movedim(site.axis, 1)[0]
    return found


def _as_grid(maps: torch.Tensor) -> torch.Tensor:
    """[units, h, w]; the tokens of a transformer as the square they came from, without class token and the like."""
    if maps.ndim == 3:
        return maps
    side = int((maps.shape[1]) ** 0.5)
    return maps[:, maps.shape[1] - side * side :].reshape(len(maps), side, side)


def _site(subject: Subject, name: str) -> Site:
    sites = cam_sites(subject)
    if not sites:
        raise UserError("No layer of this network has maps, so there is nothing to weigh.", field="layer")
    if not name:
        return default_site(sites, subject)
    found = next((site for site in sites if site.name == name), None)
    if found is None:
        raise UserError(
            f"{name} is no layer with maps.", field="layer", hint="Choose a convolution or a pooling layer."
        )
    return found


def cam_sites(subject: Subject) -> list[Site]:
    """Sites whose units have maps, as far as the target."""
    if "sites" not in subject.cache:
        subject.cache["sites"] = list_sites(subject.network, subject.image, subject.check)
    names = [site.name for site in subject.cache["sites"]]
    end = names.index(subject.target.layer) if subject.target.layer in names else len(names)
    return [site for site in subject.cache["sites"][:end] if len(site.grid) in (1, 2) and min(site.grid) > 1]


def default_site(sites: list[Site], subject: Subject) -> Site:
    """The last one; in a transformer the first normalization of the last block, since only the class token goes on."""
    if len(sites[-1].grid) == 2:
        return sites[-1]
    norms = [site for site in sites if site.op == "layer_norm"]
    return norms[-3] if len(norms) > 2 else sites[-1]
