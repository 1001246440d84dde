"""/api/v1: pausing, resuming and steering a training, and its place in the queue."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from app.api.endpoint import Api, Input
from app.api.inputs import Whole
from app.api.outputs import Job, Output
from app.api.v1_jobs import one
from app.auth import current
from app.extensions import context
from app.services import jobs, steering

api = Api("training")


class SteerIn(Input):
    """What the worker is to do after its present step."""

    act: Literal["rate", "save", "stop", "pause"]
    value: float | None = Field(None, gt=0, lt=1e9, description="The new learning rate, for `rate`.")


class ResumeIn(Input):
    """How far it is to go."""

    epochs: float | None = Field(None, gt=0, lt=1e9, description="Train until so many epochs are done; needed if Done.")


class PriorityIn(Input):
    """Its place in the queue."""

    priority: Whole = Field(ge=-jobs.MOST_PRIORITY, le=jobs.MOST_PRIORITY, description="Higher goes first; 0 is usual.")


@api.operation("POST", "/models/<job_id>/steer", returns=Job)
def steer_model(job_id: str, body: SteerIn) -> dict[str, Any]:
    """Steer a running training: change its rate, save now, end it early, pause it."""
    steering.steer(context(), current(), one(job_id, "model"), body.act, body.value)
    return jobs.describe(context(), one(job_id))


@api.operation("POST", "/models/<job_id>/resume", returns=Job)
def resume_model(job_id: str, body: ResumeIn) -> dict[str, Any]:
    """Let a training that is paused, aborted, failed or done go on from its last checkpoint, exactly."""
    steering.resume(context(), current(), one(job_id, "model"), body.epochs)
    return jobs.describe(context(), one(job_id))


@api.operation("POST", "/jobs/<job_id>/priority", returns=Job)
def prioritise_job(job_id: str, body: PriorityIn) -> dict[str, Any]:
    """Move a waiting job within the queue."""
    jobs.prioritise(context(), current(), one(job_id), body.priority)
    return jobs.describe(context(), one(job_id))


class Verdict(Output):
    """What the doctor says: a sentence with figures, what to try, and the curves and statistics that show it."""

    name: str
    title: str
    level: Literal["good", "warning", "bad"]
    sentence: str
    tries: list[str]
    evidence: list[str]
    step: int


@api.operation("GET", "/models/<job_id>/doctor", returns=list[Verdict])
def model_doctor(job_id: str) -> list[dict[str, Any]]:
    """What is wrong with the training, the worst first, or that it is healthy; empty while it is too early to tell."""
    told = jobs.describe(context(), one(job_id, "model"))["artifacts"].get("doctor") or {}
    found: list[dict[str, Any]] = told.get("verdicts", [])
    return found
