"""/api/v1/models/weights: which starting weights fit a model's network, and uploading a weight file."""

from __future__ import annotations

from typing import Any, cast

from app.api.endpoint import Api, Input, sent_file
from app.api.inputs import ModelIn, UploadQuery
from app.api.outputs import Output, Uploaded
from app.auth import current
from app.extensions import context
from app.services import weights

api = Api("models")


class Layer(Output):
    """A layer with weights; ``factor`` is null where it is frozen, or where what is inside differs."""

    name: str
    type: str
    depth: int
    parameters: int
    norms: int
    frozen: bool
    factor: float | None
    classifier: bool


class WeightsTable(Output):
    """Where a model would start. ``weights`` is null where it starts at random."""

    weights: dict[str, Any] | None
    layers: list[Layer]
    learning: int
    frozen: int
    offered: str


@api.operation("POST", "/models/weights", returns=WeightsTable)
def match_model_weights(body: ModelIn) -> dict[str, Any]:  # type: ignore[valid-type]
    """Which tensors of the starting weights fit such a model and why not, which layers are frozen; nothing is made."""
    return weights.describe(context(), current(), cast(Input, body).model_dump(exclude_unset=True))


@api.operation(
    "POST",
    "/models/weights/files",
    returns=Uploaded,
    status=201,
    takes=("application/octet-stream", "multipart/form-data"),
)
def upload_weights(query: UploadQuery) -> dict[str, Any]:
    """Store a state_dict (.pt, .pth) or safetensors file; its path is what `weights_file` takes.

    Send it as the body with its name in `filename`, or as multipart field `file`.
    """
    return {"path": weights.receive(context(), current(), *sent_file(query.filename))}
