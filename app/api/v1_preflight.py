"""/api/v1/models/preflight: what a training would take, estimated at once or measured by a few real steps."""

from __future__ import annotations

from typing import Any, Literal, cast

from pydantic import Field

from app.api.endpoint import Api, Input
from app.api.inputs import ModelIn
from app.api.outputs import Output
from app.auth import current
from app.extensions import context
from app.services import preflight

api = Api("models")


class LayerCost(Output):
    """A layer at its call site, for one image. ``receptive_field`` is pixels (rows, columns), "all" or null."""

    name: str
    op: str
    output: list[int]
    parameters: int
    flops: int
    receptive_field: list[int] | Literal["all"] | None


class Estimated(Output):
    """One step of ``batch`` images; bytes, and FLOPs as torch counts them (a multiply-add is two)."""

    batch: int
    images_per_step: int
    parameters: int
    learning: int
    weights: int = Field(description="Bytes of parameters and buffers.")
    optimizer: int = Field(description="Bytes of the optimizer's state.")
    step: int = Field(description="Bytes of activations, gradients and images at their peak.")
    each: float = Field(description="Bytes that one image more adds.")
    total: int
    resident: int = Field(description="Bytes of the dataset where it stays on the device.")
    flops: int = Field(description="Forward pass of one image.")
    step_flops: int = Field(description="Forward and backward pass of the batch.")
    device: str
    free: int
    largest_batch: int
    fits: bool
    steps: int | None = Field(description="Steps of an epoch; null while the images are not counted.")
    epochs: float
    layers: list[LayerCost]
    notes: list[str]


class Measured(Output):
    """Seconds of a step and an epoch; ``limit`` says which of network and images takes longer."""

    step: float
    images: float
    ahead: bool
    load: float
    epoch: float
    whole: float
    limit: Literal["network", "images"]
    sentence: str
    rate: float
    peak: int | None
    steps: int
    measured_images: int
    images_per_step: int
    device: str
    largest_batch: int | None


class SearchQuery(Input):
    """What to measure beside the times."""

    search: bool = Field(False, description="Look for the largest batch by trying (on a GPU).")


@api.operation("POST", "/models/preflight", returns=Estimated)
def estimate_model(body: ModelIn) -> dict[str, Any]:  # type: ignore[valid-type]
    """Memory, arithmetic, receptive fields and the largest batch of such a model; nothing is made."""
    return preflight.estimate(context(), current(), cast(Input, body).model_dump(exclude_unset=True))


@api.operation("POST", "/models/preflight/measure", returns=Measured)
def measure_model(body: ModelIn, query: SearchQuery) -> dict[str, Any]:  # type: ignore[valid-type]
    """Make some real steps on the finished dataset: times of step and epoch, memory, and what will be the limit."""
    values = cast(Input, body).model_dump(exclude_unset=True)
    return preflight.measure(context(), current(), values, search=query.search)
