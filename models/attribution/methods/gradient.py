"""Sensitivity: the gradient of the target with respect to the pixels (Simonyan et al. 2013, arXiv 1312.6034)."""

from __future__ import annotations

from models.attribution.method import Map, NoOptions, method
from models.attribution.passes import Subject, input_gradient


@method("gradient", "Gradient", NoOptions, order=1, source="Simonyan et al. 2013")
def gradient(subject: Subject, options: NoOptions) -> Map:
    """How much the target changes with each pixel; says where the network is sensitive, not what speaks for a class."""
    _, found = input_gradient(subject)
    return Map(found[0].float().cpu(), reduction="norm")
