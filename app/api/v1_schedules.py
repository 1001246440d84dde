"""/api/v1/schedules: the learning-rate schedules, and the rate over a training before it is run."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from app.api.endpoint import Api, Input
from app.services import schedules

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
