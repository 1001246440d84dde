"""/api/v1/models/<id>/validations: probe images followed through the training, and the matrix of every validation."""

from __future__ import annotations

from typing import Any

from flask import Response
from pydantic import Field

from app.api.endpoint import Api
from app.api.outputs import Output
from app.api.v1_jobs import one
from app.auth import current
from app.extensions import context
from app.services import validations

api = Api("validations")


class ProbeImage(Output):
    """A validation image that is followed."""

    index: int = Field(description="Record number in the split.")
    label: int
    cls: str = Field(alias="class")


class ValidationBrief(Output):
    """One validation in short."""

    step: int
    epoch: float
    right: int = Field(description="How many of the probe images were right.")
    own: list[float | None] = Field(description="Probability of each probe's own class.")


class ValidationsOverview(Output):
    """The probes, and every validation so far."""

    layer: str = Field(description="Whose activations are kept.")
    units: list[int]
    classes: list[str]
    dataset: str
    split: str
    probes: list[ProbeImage]
    validations: list[ValidationBrief]


class ProbeAnswer(Output):
    """A class and how sure the model was of it."""

    cls: str = Field(alias="class")
    index: int
    probability: float | None


class ProbeMaps(Output):
    """How the sprite of activations is laid out, and what its darkest and lightest shade are, unit by unit."""

    columns: int
    rows: int
    low: list[float | None]
    high: list[float | None]


class OneValidation(Output):
    """One validation; answers[probe] are the surest classes, the surest first."""

    step: int
    epoch: float
    answers: list[list[ProbeAnswer]]
    matrix: list[list[int]] | None = Field(description="Rows the true classes; null with more than 50 classes.")
    maps: ProbeMaps | None


@api.operation("GET", "/models/<job_id>/validations", returns=ValidationsOverview)
def model_validations(job_id: str) -> dict[str, Any]:
    """The images that are followed through the training, and how sure the model was of each at every validation."""
    return validations.overview(context(), current(), one(job_id, "model"))


@api.operation("GET", "/models/<job_id>/validations/<int:step>", returns=OneValidation)
def model_validation(job_id: str, step: int) -> dict[str, Any]:
    """Answers for the probe images and the confusion matrix at one validation."""
    return validations.one(context(), current(), one(job_id, "model"), step)


@api.operation("GET", "/models/<job_id>/validations/<int:step>/activations", produces="image/png")
def model_validation_activations(job_id: str, step: int) -> Response:
    """The activations of the followed layer for all probe images as one picture, a tile an image."""
    return Response(validations.picture(context(), current(), one(job_id, "model"), step), mimetype="image/png")
