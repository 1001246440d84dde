"""/api/v1/sweeps: several models of one recipe from one call, what came of them, and stopping them."""

from __future__ import annotations

from typing import Any, Literal, cast

from flask import url_for
from pydantic import Field

from app.api.endpoint import Api, Input
from app.api.idempotency import once
from app.api.inputs import ModelIn, TypedJobQuery
from app.api.outputs import JobPage, Output
from app.api.v1_jobs import job_page, one
from app.auth import current
from app.extensions import context
from app.services import sweeps, trials
from models.sweeps.options import SearchOptions

api = Api("sweeps")


class SweepIn(Input):
    """A model, what is varied of it, and (for a search) how values are tried."""

    model: ModelIn = Field(description="The model that all are made like; what is varied may be left out.")  # type: ignore[valid-type]
    vary: dict[str, Any] = Field(
        description='Option -> its values, as a list or as text with commas; for a search also {"from", "to", "scale"} '
        'or "0.0001 .. 0.1".',
        examples=[{"learning_rate": [0.1, 0.01], "batch_size": [32, 64]}],
    )
    search: SearchOptions | None = Field(None, description="Null: every combination is trained.")


class StopIn(Input):
    """What is to be stopped."""

    which: Literal["all", "waiting", "others"] = Field(
        "all", description="`waiting`: what has not begun; `others`: all but the best so far."
    )


class Stopped(Output):
    """What was stopped."""

    stopped: int = Field(description="Models that are being stopped.")


class Varied(Output):
    """One option that is varied: some choices, or a range."""

    name: str
    label: str
    unit: str
    choices: list[Any] | None
    low: float | None = Field(alias="from")
    high: float | None = Field(alias="to")
    log: bool
    words: dict[str, str] = Field(description="Choice -> what it is called.")


class Trial(Output):
    """A model of the sweep."""

    number: int
    id: str
    name: str
    status: str
    reason: str = Field(description="Why it waits or failed.")
    pruned: str = Field(description="Why the search gave it up; blank: it did not.")
    values: dict[str, Any] = Field(description="What is varied, as this model has it.")
    fraction: float
    eta: float | None
    epoch: float | None
    best: float | None = Field(description="The best value of the sweep's curve so far.")
    last: float | None
    metrics: dict[str, float | None]


class Sweep(Output):
    """A sweep with its models."""

    id: str
    name: str
    group: str
    owner: str | None
    status: str = Field(description="Of the sweep itself; a grid is Done when its models are made.")
    reason: str
    error: str
    kind: Literal["grid", "search"]
    curve: str = Field(description="What the best is judged by.")
    largest: bool = Field(description="Whether more is better.")
    varied: list[Varied]
    planned: int
    trials: list[Trial]
    best: str | None = Field(description="Id of the best model so far.")
    counts: dict[str, int] = Field(description="Status -> models.")
    overall: dict[str, Any] = Field(description="`status` and `fraction` (0 to 1) of the whole.")
    gone: int = Field(description="Models that were deleted, or that you may not see.")
    live: bool


class SweepCreated(Sweep):
    """A sweep just made."""

    url: str


@api.operation("GET", "/sweeps", returns=JobPage)
def list_sweeps(query: TypedJobQuery) -> dict[str, Any]:
    """Sweeps that you may see, page by page."""
    return job_page(query, sweeps.TYPE)


@api.operation("POST", "/sweeps", returns=SweepCreated, status=201, idempotent=True)
def create_sweep(body: SweepIn) -> dict[str, Any]:
    """Train every combination of the values of some options, or search for the best. All or none is made."""
    values = body.model_dump(exclude_unset=True)
    row = once(values, lambda: sweeps.create(context(), current(), values))
    return {**_described(row.id), "url": url_for("v1.get_sweep", job_id=row.id)}


@api.operation("GET", "/sweeps/<job_id>", returns=Sweep)
def get_sweep(job_id: str) -> dict[str, Any]:
    """Everything about one sweep: what is varied, its models with their best values, and the best of them."""
    return _described(job_id)


@api.operation("POST", "/sweeps/<job_id>/stop", returns=Stopped)
def stop_sweep(job_id: str, body: StopIn) -> dict[str, Any]:
    """Stop models of a sweep; checkpoints that they have stay."""
    return {"stopped": trials.stop(context(), current(), one(job_id, sweeps.TYPE), body.which)}


@api.operation("POST", "/sweeps/<job_id>/resume", returns=Sweep)
def resume_sweep(job_id: str) -> dict[str, Any]:
    """Let a search that was stopped, or whose worker died, go on where it was."""
    trials.resume(context(), current(), one(job_id, sweeps.TYPE))
    return _described(job_id)


def _described(job_id: str) -> dict[str, Any]:
    return cast(dict[str, Any], trials.describe(context(), current(), one(job_id, sweeps.TYPE)))
