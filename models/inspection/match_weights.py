"""Which weights fit a network, which layers are frozen and how fast each learns, before anything is trained."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from torch import nn

from models.examine import Shape
from models.weights.freezing import freeze, parameter_groups
from models.weights.options import layer_names, rate_factors
from models.weights.origin import IMAGENET_CLASSES, About, Origin, about
from models.weights.start import build, classifier_of, compare, nothing_fits

Answer = tuple[dict[str, Any], list[bytes]]


def match_weights(params: dict[str, Any], _blobs: list[bytes]) -> Answer:
    """``{source, channels, height, width, classes, names, origin, freeze, rate_factors}`` -> the table.

    ``names`` are the dataset's classes, ``origin`` is {title, checkpoints, checkpoint, file, pretrained} or null.
    Answers ``weights`` (null without an origin): {title, how, strict, counts, rows, classes, normalisation, notes};
    ``layers``: every layer with weights, {name, type, depth, parameters, norms, frozen, factor, classifier}, a layer
    before those within; ``learning`` and ``frozen``: how many numbers. Raises UserError naming the field.
    """
    shape = Shape(*(int(params[key]) for key in ("channels", "height", "width", "classes")))
    source = str(params["source"])
    network = build(source, shape)
    answer: dict[str, Any] = {"weights": None}
    if params.get("origin"):
        answer["weights"] = _weights(source, shape, network, _origin(params["origin"]), params.get("names"))
    last = classifier_of(source, shape)
    freeze(network, layer_names(params.get("freeze")))
    groups = parameter_groups(network, rate_factors(params.get("rate_factors")))
    factors = {id(weight): group["factor"] for group in groups for weight in group["params"]}
    learning = sum(weight.numel() for group in groups for weight in group["params"])
    total = sum(weight.numel() for weight in network.parameters())
    layers = list(_layers(network, factors, last))
    return {**answer, "layers": layers, "learning": learning, "frozen": total - learning}, []


def _origin(values: Mapping[str, Any]) -> Origin:
    folder, file = values.get("checkpoints"), values.get("file")
    return Origin(
        title=str(values["title"]),
        checkpoints=Path(folder) if folder else None,
        checkpoint=values.get("checkpoint"),
        file=Path(file) if file else None,
        pretrained=values.get("pretrained"),
    )


def _weights(source: str, shape: Shape, network: nn.Module, origin: Origin, names: Any) -> dict[str, Any]:
    given = about(origin)
    table = compare(source, shape, network, given, names)
    if not table.pairs:
        raise nothing_fits(origin)
    return {
        "title": given.title,
        **table.as_json(),
        "classes": len(given.classes) if given.classes else None,
        "normalisation": given.normalisation,
        "imagenet": _for_imagenet(given),
        "notes": list(given.notes),
    }


def _for_imagenet(given: About) -> bool:
    """Whether the weights expect ImageNet's mean and deviation: torchvision says so, or the 1,000 classes of a file."""
    outputs = list(given.shapes.values())[-1:] if given.classes is None else []
    return given.normalisation is not None or any(shape[:1] == (IMAGENET_CLASSES,) for shape in outputs)


def _layers(network: nn.Module, factors: Mapping[int, float], last: Any) -> Iterator[dict[str, Any]]:
    for name, module in network.named_modules():
        weights = list(module.parameters())
        if not name or not weights:
            continue
        rates = {factors.get(id(weight)) for weight in weights}
        yield {
            "name": name,
            "type": type(module).__name__,
            "depth": name.count("."),
            "parameters": sum(weight.numel() for weight in weights),
            "norms": sum(isinstance(part, nn.modules.batchnorm._NormBase) for part in module.modules()),
            "frozen": rates == {None},
            "factor": next(iter(rates)) if len(rates) == 1 else None,
            "classifier": any(f"{name}.{inner}" in last for inner, _ in module.named_parameters()),
        }
