"""Forward passes that end at a target, and gradients of it: what all methods are made of."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from data.errors import UserError
from models.attribution.sites import Site
from models.attribution.targets import Target, class_scores
from models.attribution.tracer import Check, Rules, Tracer, evaluating


@dataclass
class Subject:
    """A network and an image to explain.

    ``network`` in evaluation mode; ``image`` float32 [1, c, h, w] as the network is given it; ``low`` and ``high`` of
    the same shape are what black and white pixels are there, ``blank`` what stands for "nothing to see" (the mean
    image, unless another is chosen). ``check`` is called throughout and may raise.
    """

    network: nn.Module
    image: torch.Tensor
    target: Target
    low: torch.Tensor
    high: torch.Tensor
    blank: torch.Tensor
    check: Check | None = None
    cache: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Passed:
    """What a forward pass gave: ``value`` [n] of the target, what was kept, how many operations were seen."""

    value: torch.Tensor
    kept: dict[str, torch.Tensor]
    seen: int


def forward(
    subject: Subject,
    images: torch.Tensor | None = None,
    *,
    rules: Rules | None = None,
    keep: Collection[str] = (),
    changes: Mapping[str, Callable[[torch.Tensor], torch.Tensor]] | None = None,
) -> Passed:
    """Run ``images`` [n, c, h, w] (the subject's unless given) as far as the target needs. Raises UserError."""
    target = subject.target
    values = subject.image if images is None else images
    tracer = Tracer(
        subject.network, rules, keep=keep, until=target.layer, changes=changes, check=subject.check
    )  # fmt: skip
    with evaluating(subject.network):
        output = tracer.forward(values.view_as(values))
    if tracer.seen == 0:
        raise UserError(
            "This network runs as compiled code, so its layers cannot be seen.",
            hint="Train it from plain Python source, without torch.jit or torch.compile.",
        )
    if target.layer is not None and target.layer not in tracer.kept:
        raise UserError(f"The network has no layer {target.layer}.", field="target", hint="See the list of its layers.")
    reached = tracer.kept[target.layer] if target.layer else class_scores(output)
    return Passed(target.value(reached), tracer.kept, tracer.seen)


def gradients(value: torch.Tensor, sources: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """Of the sum of ``value`` with respect to each source; zeros where it does not depend on one."""
    if not value.requires_grad:
        return [torch.zeros_like(source) for source in sources]
    found = torch.autograd.grad(value.sum(), sources, allow_unused=True)
    return [
        torch.zeros_like(source) if item is None else item.detach() for source, item in zip(sources, found, strict=True)
    ]


def input_gradient(
    subject: Subject, images: torch.Tensor | None = None, rules: Rules | None = None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Values [n] and gradient [n, c, h, w] of the target with respect to the images."""
    leaf = (subject.image if images is None else images).detach().clone().requires_grad_()
    with torch.enable_grad():
        passed = forward(subject, leaf, rules=rules)
        (gradient,) = gradients(passed.value, [leaf])
    return passed.value.detach(), gradient


def list_sites(network: nn.Module, image: torch.Tensor, check: Check | None = None) -> list[Site]:
    """Every operation of a forward pass of ``image`` [1, c, h, w], in order; nothing is computed backward."""
    tracer = Tracer(network, listing=True, check=check)
    with torch.no_grad(), evaluating(network):
        tracer.forward(image.view_as(image))
    return tracer.sites


def values_of(subject: Subject, names: Collection[str]) -> dict[str, torch.Tensor]:
    """The values at the sites ("*": all), and under "" the class scores; nothing is computed backward."""
    tracer = Tracer(subject.network, keep=names, check=subject.check)
    with torch.no_grad(), evaluating(subject.network):
        output = tracer.forward(subject.image.view_as(subject.image))
    return {**tracer.kept, "": class_scores(output)}
