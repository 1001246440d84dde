"""Would this network work on these images? Its parameters and output shape, or the reason why not."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from data.errors import UserError
from models.source_loader import check_output, load_network

LARGEST = 2_000_000_000  # parameters: 8 GB of weights alone


def check_network(params: dict[str, Any], _blobs: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
    """``{source, channels, height, width, classes}`` -> ``{parameters, output, layers}``. Raises UserError.

    Everything happens on the meta device where the network allows it: no memory, no arithmetic.
    """
    shape = {key: int(params[key]) for key in ("channels", "classes", "height", "width")}
    source = str(params["source"])
    with torch.device("meta"):
        network = load_network(source, **shape)
    parameters = sum(parameter.numel() for parameter in network.parameters())
    if parameters > LARGEST:
        raise UserError(f"The network has {parameters:,} parameters; more than {LARGEST:,} do not fit.")
    output = check_output(network, source, **shape)
    return {
        "parameters": parameters,
        "output": output,
        "layers": [_layer(*item) for item in network.named_modules()][1:],
    }, []


def _layer(name: str, module: nn.Module) -> dict[str, Any]:
    own = sum(parameter.numel() for parameter in module.parameters(recurse=False))
    return {"name": name, "type": type(module).__name__, "parameters": own}
