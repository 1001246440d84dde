"""Guided backpropagation (Springenberg et al. 2015, arXiv 1412.6806)."""

from __future__ import annotations

from data.errors import UserError
from models.attribution.method import Map, NoOptions, method
from models.attribution.passes import Subject, input_gradient
from models.attribution.rectifiers import Rectifiers

KNOWN = "Shows edges of the image almost whatever the weights are (Adebayo et al. 2018)."


@method("guided", "Guided backpropagation", NoOptions, order=4, insensitive=KNOWN, source="Springenberg et al. 2015")
def guided(subject: Subject, options: NoOptions) -> Map:
    """The gradient, of which each ReLU lets through what is positive and was active; sharp, near an edge detector."""
    return through_rectifiers(subject, Rectifiers(guided=True))


def through_rectifiers(subject: Subject, rules: Rectifiers) -> Map:
    """The gradient by other rules at the ReLUs. Raises UserError without any: it would be the plain gradient."""
    _, found = input_gradient(subject, rules=rules)
    if not rules.seen:
        raise UserError(
            "This network has no ReLU before the target, so the method would be the plain gradient.",
            hint="Use the gradient, or relevance (LRP).",
        )
    return Map(found[0].float().cpu())
