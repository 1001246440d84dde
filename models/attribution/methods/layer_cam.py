"""LayerCAM (Jiang et al. 2021, doi 10.1109/TIP.2021.3089943)."""

from __future__ import annotations

from models.attribution.method import Map, method
from models.attribution.methods.grad_cam import CamOptions, at_layer, image_size
from models.attribution.passes import Subject


@method("layer_cam", "LayerCAM", CamOptions, order=10, source="Jiang et al. 2021")
def layer_cam(subject: Subject, options: CamOptions) -> Map:
    """Each place weighted by its own positive gradient; useful in early layers too, where it is finer."""
    cam = at_layer(subject, options.layer)
    return cam.finished((cam.gradient.clamp(min=0) * cam.maps).sum(0), image_size(subject))
