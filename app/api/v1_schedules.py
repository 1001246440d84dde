"""/api/v1/schedules: the learning-rate schedules, and the rate over a training before it is run."""

from __future__ import annotations

from typing import Any, cast

from pydantic import Field

from app.api.endpoint import Api, Input
from app.api.inputs import ModelIn
from app.api.outputs import Output
from app.api.v1_jobs import one
from app.auth import current
from app.extensions import context
from app.services import finder, schedules

api = Api("schedules")


class ProjectIn(Input):
    """Policies to project: each as the training options of a model have it ({"schedule": "cosine", ...})."""

    policies: list[dict[str, Any]] = Field(min_length=1, max_length=schedules.MOST_POLICIES)
    points: int = Field(201, ge=2, le=schedules.MOST_POINTS)


@api.operation("GET", "/schedules", returns=list[dict[str, Any]])
def list_schedules() -> list[dict[str, Any]]:
    """Every schedule with its help and the JSON schema of its options."""
    return schedules.listed()


@api.operation("POST", "/schedules/project", returns=list[dict[str, Any]])
def project_schedules(body: ProjectIn) -> list[dict[str, Any]]:
    """The planned learning rate of several policies, without making anything."""
    return schedules.project(body.policies, body.points)


class Planned(Output):
    """The learning rate at some steps of a training, from the first to the last."""

    steps: list[int]
    rates: list[float]


@api.operation("GET", "/models/<job_id>/planned-rate", returns=Planned)
def planned_rate(job_id: str) -> dict[str, Any]:
    """The rate over a whole training, done and still to come, with what was changed by hand."""
    return schedules.planned(context(), one(job_id, "model"))


class FoundRate(Output):
    """Loss against rate; ``suggestion`` is null where the loss never came down."""

    rates: list[float]
    losses: list[float | None]
    smoothed: list[float | None]
    suggestion: float | None
    why: str


@api.operation("POST", "/models/find-rate", returns=FoundRate)
def find_rate(body: ModelIn) -> dict[str, Any]:  # type: ignore[valid-type]
    """A short real run with a rising learning rate, for a model that is not made yet."""
    return finder.find_rate(context(), current(), cast(Input, body).model_dump(exclude_unset=True))
