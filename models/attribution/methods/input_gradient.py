"""Input times gradient (Shrikumar et al. 2016, arXiv 1605.01713); in ReLU networks the same as LRP-0."""

from __future__ import annotations

from models.attribution.method import Map, NoOptions, method
from models.attribution.passes import Subject, input_gradient


@method("input_gradient", "Input × gradient", NoOptions, order=2, source="Shrikumar et al. 2016")
def input_times_gradient(subject: Subject, options: NoOptions) -> Map:
    """Each pixel's part of the score, to first order; pixels at the mean have none."""
    _, found = input_gradient(subject)
    return Map((subject.image * found)[0].float().cpu())
