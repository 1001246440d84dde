"""Would this network work on these images? Its parameters, output shape and layers, or the reason why not."""

from __future__ import annotations

from typing import Any

from models.examine import Shape, examine


def check_network(params: dict[str, Any], _blobs: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
    """``{source, channels, height, width, classes}`` -> ``{parameters, output, layers, notes}``. Raises UserError.

    ``output`` is the shape for one image; each layer is {name, type, output shape of one image, parameters}.
    """
    shape = Shape(*(int(params[key]) for key in ("channels", "height", "width", "classes")))
    found = examine(str(params["source"]), shape)
    answer = {"parameters": found.parameters, "output": found.output[1:], "layers": found.layers, "notes": found.notes}
    return answer, []
