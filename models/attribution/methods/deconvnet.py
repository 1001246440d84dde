"""The deconvolutional network (Zeiler and Fergus 2013, arXiv 1311.2901)."""

from __future__ import annotations

from models.attribution.method import Map, NoOptions, method
from models.attribution.methods.guided import through_rectifiers
from models.attribution.passes import Subject
from models.attribution.rectifiers import Rectifiers

KNOWN = "Says little about the chosen class, and changes little when weights do (Adebayo et al. 2018)."


@method("deconvnet", "Deconvnet", NoOptions, order=5, insensitive=KNOWN, source="Zeiler and Fergus 2013")
def deconvnet(subject: Subject, options: NoOptions) -> Map:
    """What pattern the network reconstructs from the target: at each ReLU what is positive goes back."""
    return through_rectifiers(subject, Rectifiers(guided=False))
