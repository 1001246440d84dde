"""Grad-CAM++ (Chattopadhay et al. 2018, arXiv 1710.11063)."""

from __future__ import annotations

from models.attribution.method import Map, method
from models.attribution.methods.grad_cam import CamOptions, at_layer, image_size
from models.attribution.passes import Subject


@method("grad_cam_plus", "Grad-CAM++", CamOptions, order=9, source="Chattopadhay et al. 2018")
def grad_cam_plus(subject: Subject, options: CamOptions) -> Map:
    """Grad-CAM whose weights look at each place by itself, which finds several things of one kind."""
    cam = at_layer(subject, options.layer)
    squared, cubed = cam.gradient**2, cam.gradient**3
    below = 2 * squared + cubed * cam.maps.sum((1, 2), keepdim=True)
    alpha = squared / below.where(below != 0, below.new_ones(()))
    weights = (alpha * cam.gradient.clamp(min=0)).sum((1, 2), keepdim=True)
    return cam.finished((weights * cam.maps).sum(0), image_size(subject))
