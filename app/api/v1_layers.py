"""/api/v1/models/<id>/layers: statistics of every layer over the training."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from app.api.endpoint import Api, Input
from app.api.inputs import BIG
from app.api.outputs import Output
from app.api.v1_jobs import one
from app.extensions import context
from app.services import layers
from jobs.updates import finite

api = Api("layers")


class HeatQuery(Input):
    """Which statistic, and how finely."""

    table: Literal["weights", "activations"] = "weights"
    statistic: str = Field("update", min_length=1, max_length=50)
    width: int = Field(300, ge=1, le=2000, description="At most so many columns; the extremes are kept.")
    first: int | None = Field(None, alias="from", ge=0, le=BIG, description="First step.")
    last: int | None = Field(None, alias="to", ge=0, le=BIG, description="Last step.")


class HistogramQuery(Input):
    """Whose histograms."""

    table: Literal["weights", "gradients", "activations"] = "weights"
    layer: int = Field(0, ge=0, le=1_000_000, description="Its place among the names.")


class LayerTable(Output):
    """What was looked at."""

    names: list[str]
    statistics: list[str]
    looks: int
    last: int = Field(description="Step of the last look.")


class HeatMap(Output):
    """A statistic of every layer; values[layer][column], null where not finite."""

    names: list[str]
    steps: list[int]
    values: list[list[float | None]]


class Histograms(Output):
    """counts[step][bin] of equal bins from low[step] to high[step]."""

    steps: list[int]
    low: list[float | None]
    high: list[float | None]
    counts: list[list[int]]


@api.operation("GET", "/models/<job_id>/layers", returns=dict[str, LayerTable])
def model_layers(job_id: str) -> dict[str, Any]:
    """Names of its layers, and which statistics there are of weights and activations."""
    return layers.overview(context(), one(job_id, "model"))


@api.operation("GET", "/models/<job_id>/layers/heat", returns=HeatMap)
def model_layer_heat(job_id: str, query: HeatQuery) -> dict[str, Any]:
    """One statistic of every layer over the training."""
    window = (query.first, query.last)
    found = layers.heat(context(), one(job_id, "model"), query.table, query.statistic, query.width, window)
    return {"names": found.names, "steps": found.steps, "values": [finite(row) for row in found.values]}


@api.operation("GET", "/models/<job_id>/layers/histograms", returns=Histograms)
def model_layer_histograms(job_id: str, query: HistogramQuery) -> dict[str, Any]:
    """Histograms of one layer's weights, gradients or activations over the training."""
    return layers.histograms(context(), one(job_id, "model"), query.table, query.layer)
