"""/api/v1/models/<id>/...: layers and units, activations and explanations of one image, synthetic images."""

from __future__ import annotations

import base64
import json
from typing import Annotated, Any, Literal

from flask import Response, request
from pydantic import BeforeValidator, Field

from app.api.endpoint import FIELDS, Api, Input
from app.api.inputs import Count, RecordPlace, Text
from app.api.outputs import Output
from app.api.v1_jobs import one
from app.auth import current
from app.extensions import context
from app.services import inspection
from app.services.inspection import Given

api = Api("inspection")
IMAGE = ("application/json", "multipart/form-data", "image/*", "application/octet-stream")
KEPT = {"Cache-Control": "private, max-age=600"}


def _from_form(value: Any) -> Any:
    """A form has only texts: an object in it is written as JSON."""
    if isinstance(value, str) and value[:1] in "[{":
        try:
            return json.loads(value)
        except ValueError:
            raise ValueError("Input should be JSON") from None
    return value


class TargetIn(Input):
    """What is explained. Without any, the class that the model thinks most of."""

    kind: Literal["class", "difference", "unit"] = "class"
    index: Count = Field(0, description="Number of the class, or of the unit.")
    other: Count | None = Field(None, description="The class that a difference is taken to.")
    layer: Text | None = Field(None, description="The layer of a unit.")
    position: list[Count] | None = Field(None, max_length=3, description="A place of the unit's map: row, column.")


class MethodIn(Input):
    """A way to explain."""

    name: Text
    options: dict[str, Any] = Field(default_factory=dict)


FromForm = BeforeValidator(_from_form)


class OfCheckpoint(Input):
    """Which checkpoint."""

    checkpoint: Text | None = Field(None, description="Its name or epoch; blank: the last one.")


class ImageIn(OfCheckpoint):
    """An image: a file on the server, a record, or (as multipart) the file called `image`."""

    path: Annotated[str, Field(min_length=1, max_length=4096)] | None = Field(None, description="Image on the server.")
    record: Annotated[RecordPlace | None, FromForm] = None
    target: Annotated[TargetIn | None, FromForm] = None

    def given(self) -> Given:
        """The image of the request."""
        sent = request.files.get("image")
        content = sent.read() if sent else None
        if request.mimetype not in ("", *FIELDS) and not request.is_json:
            content = request.get_data(cache=False)
        return Given(content, self.path, (self.record.split, self.record.index) if self.record else None)

    def about(self) -> dict[str, Any]:
        """The target as the service takes it."""
        return {"target": self.target.model_dump() if self.target else None}


class ActivationsIn(ImageIn):
    """Which layers' values, in which order."""

    layers: Annotated[Annotated[list[Text], Field(max_length=500)] | None, FromForm] = Field(
        None, description="Blank: all."
    )
    order: Literal["network", "activation", "contribution"] = "network"
    scale: Literal["layer", "unit"] = Field("layer", description="Colours that all units share, or each its own.")
    first: int = Field(0, ge=0, le=10**6)
    count: int = Field(64, ge=1, le=4096, description="Units of each layer.")
    largest: int = Field(64, ge=8, le=512, description="Side of the largest tile, pixels.")
    contributions: bool = Field(False, description="Also each unit's contribution to the target.")
    top: int = Field(5, ge=1, le=1000)


class UnitValuesIn(ImageIn):
    """Of one unit, or of all."""

    unit: Count | None = None


class ExplainIn(ImageIn):
    """By which methods."""

    methods: Annotated[list[MethodIn], FromForm, Field(min_length=1, max_length=30)] = Field(
        default_factory=lambda: [MethodIn(name="lrp"), MethodIn(name="grad_cam")]
    )
    channels: bool = Field(False, description="Values of each colour channel instead of one a pixel.")


class GradeIn(ImageIn):
    """Which method is examined."""

    method: Text = "lrp"
    options: Annotated[dict[str, Any], FromForm] = Field(default_factory=dict)


class WeightsQuery(OfCheckpoint):
    """Which units."""

    first: int = Field(0, ge=0, le=10**6)
    count: int = Field(64, ge=1, le=256)
    unit: int | None = Field(None, ge=0, le=10**6, description="Each input channel's part of this unit's filter.")
    matrix: bool = Field(False, description="A dense layer as one picture.")


class NpyQuery(OfCheckpoint):
    """Of one unit, or of all."""

    unit: int | None = Field(None, ge=0, le=10**6)


class VisualizeIn(OfCheckpoint):
    """Which units, and how far their pictures are known already."""

    layer: Text = Field("", description="Blank: the classes.")
    units: list[Count] = Field(min_length=1, max_length=256)
    have: dict[str, Count] = Field(default_factory=dict, description="For each unit the steps of the picture known.")
    options: dict[str, Any] = Field(default_factory=dict)


class CancelIn(OfCheckpoint):
    """Of which layer, made how."""

    layer: Text = ""
    options: dict[str, Any] = Field(default_factory=dict)


class Layer(Output):
    """A layer or function of the forward pass."""

    name: str
    kind: str
    op: str
    shape: list[int] = Field(description="Of its values for one image.")
    units: int
    grid: list[int] = Field(description="Size of each unit's map; empty for single values.")
    weights: list[int] | None
    parameters: int
    number: int


class Layers(Output):
    """The layers of a model."""

    layers: list[Layer]
    classes: list[str]
    input: list[int]
    parameters: int
    checkpoint: str
    hash: str


class Cancelled(Output):
    """Whether anything was going on."""

    cancelled: bool


def as_text(data: bytes | None) -> str | None:
    """Bytes as base64."""
    return None if data is None else base64.b64encode(data).decode()


@api.operation("GET", "/models/<job_id>/units", returns=Layers)
def list_units(job_id: str, query: OfCheckpoint) -> dict[str, Any]:
    """Every layer of the network in the order of its forward pass, with its shape and units."""
    return inspection.layers(context(), current(), one(job_id, "model"), query.checkpoint)


@api.operation("GET", "/models/<job_id>/layers/<layer>/weights", returns=dict[str, Any])
def layer_weights(job_id: str, layer: str, query: WeightsQuery) -> dict[str, Any]:
    """Figures of a layer's weights: mean, deviation, histogram, dead and duplicate units; where the tiles are."""
    return _weights(job_id, layer, query)[0]


@api.operation("GET", "/models/<job_id>/layers/<layer>/weights.png", produces="image/png")
def layer_weights_picture(job_id: str, layer: str, query: WeightsQuery) -> Response:
    """The units' weights in one picture, as `weights` describes it."""
    return Response(_weights(job_id, layer, query)[1], mimetype="image/png", headers=KEPT)


@api.operation("GET", "/models/<job_id>/layers/<layer>/weights.npy", produces="application/octet-stream")
def layer_weights_values(job_id: str, layer: str, query: NpyQuery) -> Response:
    """The weights as float32 .npy, units first."""
    row = one(job_id, "model")
    _, data = inspection.weights(context(), current(), row, layer, query.checkpoint, raw=True, unit=query.unit)
    return _file(data, f"{row.id}-{layer}-weights.npy")


@api.operation("POST", "/models/<job_id>/activations", returns=dict[str, Any], takes=IMAGE)
def image_activations(job_id: str, body: ActivationsIn) -> dict[str, Any]:
    """What every layer makes of an image: predictions, figures, and pictures (PNG, base64)."""
    more = body.model_dump(exclude={"path", "record", "target", "checkpoint"})
    row = one(job_id, "model")
    found = inspection.activations(context(), current(), row, body.given(), body.checkpoint, **more, **body.about())
    for layer in found["layers"]:
        layer["picture"] = as_text(layer["picture"])
    return {**found, "seen": as_text(found["seen"])}


@api.operation(
    "POST", "/models/<job_id>/layers/<layer>/activations.npy", produces="application/octet-stream", takes=IMAGE
)
def layer_activations_values(job_id: str, layer: str, body: UnitValuesIn) -> Response:
    """A layer's values for an image as float32 .npy."""
    row, given = one(job_id, "model"), body.given()
    more = {"layers": [layer], "raw": True, "unit": body.unit}
    found = inspection.activations(context(), current(), row, given, body.checkpoint, **more)
    return _file(found["layers"][0]["picture"], f"{row.id}-{layer}-activations.npy")


@api.operation("GET", "/attribution-methods", returns=list[dict[str, Any]])
def attribution_methods() -> list[dict[str, Any]]:
    """The ways to explain, each with the JSON schema of its options and what it is known to ignore."""
    return inspection.methods(context(), current())


@api.operation("POST", "/models/<job_id>/attributions", returns=dict[str, Any], takes=IMAGE)
def explain_image(job_id: str, body: ExplainIn) -> dict[str, Any]:
    """Which pixels speak for a class, a difference of classes, or any unit: maps as PNG and float32 .npy, base64."""
    row, given = one(job_id, "model"), body.given()
    more = {"methods": [item.model_dump() for item in body.methods], "raw": body.channels, **body.about()}
    found = inspection.explain(context(), current(), row, given, body.checkpoint, **more)
    for made in found["methods"]:
        if "error" not in made:
            made |= {"values": as_text(made["values"]), "picture": as_text(made["picture"])}
    return {**found, "seen": as_text(found["seen"])}


@api.operation("POST", "/models/<job_id>/attributions/grade", returns=dict[str, Any], takes=IMAGE)
def grade_attribution(job_id: str, body: GradeIn) -> dict[str, Any]:
    """How far an explanation can be trusted: deletion and insertion curves, and whether it notices random weights."""
    row, given = one(job_id, "model"), body.given()
    more = {"method": body.method, "options": body.options, **body.about()}
    return inspection.grade(context(), current(), row, given, body.checkpoint, **more)


@api.operation("GET", "/visualization-options", returns=dict[str, Any])
def visualization_options() -> dict[str, Any]:
    """JSON schema of how synthetic images are made."""
    return inspection.visualization_options(context(), current())


@api.operation("POST", "/models/<job_id>/visualizations", returns=dict[str, Any])
def visualize_units(job_id: str, body: VisualizeIn) -> dict[str, Any]:
    """Synthetic images that excite units: what there is now. Ask again while `busy`: pictures get better in stages."""
    more = body.model_dump(exclude={"checkpoint"})
    found = inspection.visualize(context(), current(), one(job_id, "model"), body.checkpoint, **more)
    for unit in found["units"]:
        unit["picture"] = as_text(unit["picture"])
    return found


@api.operation("POST", "/models/<job_id>/visualizations/cancel", returns=Cancelled)
def cancel_visualization(job_id: str, body: CancelIn) -> dict[str, Any]:
    """Stop making synthetic images of a layer; what is finished stays."""
    row = one(job_id, "model")
    more = body.model_dump(exclude={"checkpoint"})
    return {"cancelled": inspection.cancel(context(), current(), row, body.checkpoint, **more)}


def _weights(job_id: str, layer: str, query: WeightsQuery) -> tuple[dict[str, Any], bytes]:
    more = query.model_dump(exclude={"checkpoint"})
    return inspection.weights(context(), current(), one(job_id, "model"), layer, query.checkpoint, **more)


def _file(data: bytes, name: str) -> Response:
    answer = Response(data, mimetype="application/octet-stream")
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer
