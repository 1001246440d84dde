"""Layer-wise relevance propagation with a rule for each kind of layer (Bach et al. 2015, Montavon et al. 2019)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

import torch

from data.options import option
from models.attribution.fusion import FindFusions, Fusions
from models.attribution.linear_rules import Bounds, Rule
from models.attribution.method import Completeness, Map, method
from models.attribution.passes import Subject, forward, gradients
from models.attribution.relevance import Preset, Relevance
from models.attribution.tracer import Tracer, evaluating

EPSILON, ZPLUS, BOX = Rule("epsilon"), Rule("zplus"), Rule("box")


GAMMA = ["epsilon_gamma", "epsilon_gamma_box", "gamma"]


@dataclass(frozen=True)
class LrpOptions:
    """Which rules."""

    preset: Annotated[
        Literal["epsilon", "epsilon_plus", "epsilon_plus_box", "epsilon_gamma", "epsilon_gamma_box", "zplus", "gamma"],
        option(
            "Rules",
            "What convolutions, linear layers and the first layer do.",
            labels={
                "epsilon_plus_box": "z+ for convolutions, epsilon for linear layers, z^B at the pixels",
                "epsilon_gamma_box": "gamma for convolutions, epsilon for linear layers, z^B at the pixels",
                "epsilon_plus": "z+ for convolutions, epsilon for linear layers",
                "epsilon_gamma": "gamma for convolutions, epsilon for linear layers",
                "epsilon": "epsilon everywhere",
                "gamma": "gamma everywhere",
                "zplus": "z+ everywhere (says little about the class)",
            },
        ),
    ] = "epsilon_plus_box"
    gamma: Annotated[
        float, option("Gamma", "How much agreeing products count more.", ge=0, le=100, show_if={"preset": GAMMA})
    ] = 0.25
    epsilon: Annotated[float, option("Epsilon", "Damps what nearly cancels.", gt=0, le=10, advanced=True)] = 1e-6


def preset(options: LrpOptions) -> Preset:
    """The rules of a preset."""
    dense = Rule("epsilon", options.epsilon)
    convolution, _, first = options.preset.removeprefix("epsilon_").partition("_")
    kinds = {"epsilon": dense, "plus": ZPLUS, "zplus": ZPLUS, "gamma": Rule("gamma", options.gamma)}
    linear = kinds[convolution] if options.preset in ("zplus", "gamma") else dense
    return Preset(kinds[convolution], linear, BOX if first == "box" else None)


@method("lrp", "Relevance (LRP)", LrpOptions, order=3, source="Bach et al. 2015, Montavon et al. 2019")
def lrp(subject: Subject, options: LrpOptions) -> Map:
    """Hands the score back layer by layer, so that each pixel gets its share of it; constants get theirs."""
    return relevance(subject, preset(options))


@method("lrp_epsilon", "Relevance, epsilon", LrpOptions, order=3, source="Bach et al. 2015")
def lrp_epsilon(subject: Subject, options: LrpOptions) -> Map:
    """The same with the epsilon rule everywhere: exact shares, with the grain of a gradient."""
    return relevance(subject, Preset(Rule("epsilon", options.epsilon), Rule("epsilon", options.epsilon)))


def relevance(subject: Subject, rules: Preset) -> Map:
    """Relevance of each pixel [c, h, w] for the target, by ``rules``."""
    leaf = subject.image.detach().clone().requires_grad_()
    bounds = Bounds(leaf, subject.low, subject.high)
    run = Relevance(rules, fusions(subject), bounds, subject.target.layer)
    with torch.enable_grad():
        passed = forward(subject, leaf, rules=run)
        sources = [leaf, *bounds.leaves, *run.leaves]
        found = gradients(passed.value, sources)
    shares = [source.detach() * gradient for source, gradient in zip(sources, found, strict=True)]
    pixels = 1 + len(bounds.leaves)
    values = torch.stack([share.float() for share in shares[:pixels]]).sum(0)[0]
    constants = float(sum(share.double().sum() for share in shares[pixels:]))
    score = float(passed.value.detach())
    notes = (*run.notes, *(("The score is negative: what speaks for it is shown as negative.",) if score < 0 else ()))
    return Map(values.cpu(), completeness=Completeness(score, float(values.double().sum()), constants), notes=notes)


def fusions(subject: Subject) -> Fusions:
    """Normalizations that directly follow a linear layer; found once for a network."""
    if "fusions" not in subject.cache:
        rules = FindFusions()
        with torch.no_grad(), evaluating(subject.network):
            Tracer(subject.network, rules, check=subject.check).forward(subject.image.view_as(subject.image))
        subject.cache["fusions"] = rules.found
    found: Fusions = subject.cache["fusions"]
    return found
