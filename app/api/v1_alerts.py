"""/api/v1/alerts: where one is told what happened to jobs, and of which; what was sent."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from app.api.endpoint import Api, Input
from app.api.outputs import Output
from app.api.v1_jobs import one
from app.auth import current
from app.extensions import context
from app.services import alerts

api = Api("alerts")
Event = Literal["done", "error", "divergence", "stall", "plateau"]
"""What one can be told of (jobs/alerts/rules.py)."""
USUAL: tuple[Event, ...] = ("done", "error", "divergence", "stall")
Kind = Literal["webhook", "slack", "discord", "email"]


class ChannelIn(Input):
    """A new channel."""

    kind: Kind = "webhook"
    target: str = Field(min_length=1, max_length=2000, description="A webhook's address, or a mailbox. Not told again.")
    title: str = Field("", max_length=200)
    events: list[Event] = Field(list(USUAL), min_length=1, max_length=20)
    every_job: bool = Field(True, description="Of all your jobs; else of those you ask for.")


class ChannelChange(Input):
    """What is to be different; a target is not changed, make a new channel."""

    title: str | None = Field(None, min_length=1, max_length=200)
    events: Annotated[list[Event], Field(min_length=1, max_length=20)] | None = None
    every_job: bool | None = None


class WishIn(Input):
    """Whether you are told of this job."""

    wanted: bool


class ChannelOut(Output):
    """A channel; `target` names a webhook's server only, for the rest is a secret."""

    id: int
    kind: Kind
    title: str
    target: str
    events: list[str]
    every_job: bool
    problem: str = Field(description="Why the last delivery failed; blank where it did not.")
    created: float


class AlertOut(Output):
    """A message and how it went."""

    id: int
    job: str
    event: str
    title: str
    channel: str
    state: Literal["waiting", "sending", "sent", "failed"]
    attempts: int
    created: float
    sent: float | None
    problem: str


class WishOut(Output):
    """Whether you are told of a job, and how many channels you have."""

    wanted: bool
    channels: int


@api.operation("GET", "/alerts/channels", returns=list[ChannelOut])
def list_alert_channels() -> list[dict[str, Any]]:
    """Your channels."""
    return alerts.channels(context(), current())


@api.operation("POST", "/alerts/channels", returns=ChannelOut, status=201)
def create_alert_channel(body: ChannelIn) -> dict[str, Any]:
    """Be told by webhook (our JSON, Slack's or Discord's) or mail; the server sends, whether or not anybody looks."""
    return alerts.add(context(), current(), body.model_dump())


@api.operation("PATCH", "/alerts/channels/<int:channel_id>", returns=ChannelOut)
def change_alert_channel(channel_id: int, body: ChannelChange) -> dict[str, Any]:
    """Change what a channel of yours is told of."""
    return alerts.change(context(), current(), channel_id, body.model_dump(exclude_unset=True))


@api.operation("DELETE", "/alerts/channels/<int:channel_id>")
def delete_alert_channel(channel_id: int) -> None:
    """Remove a channel of yours, and what was to be sent there."""
    alerts.remove(context(), current(), channel_id)


@api.operation("POST", "/alerts/channels/<int:channel_id>/test")
def test_alert_channel(channel_id: int) -> None:
    """Have a test sent there; `GET /alerts` tells how it went."""
    alerts.test(context(), current(), channel_id)


@api.operation("GET", "/alerts", returns=list[AlertOut])
def list_alerts() -> list[dict[str, Any]]:
    """The last messages to your channels, newest first."""
    return alerts.sent(context(), current())


@api.operation("GET", "/jobs/<job_id>/alerts", returns=WishOut)
def job_alerts(job_id: str) -> dict[str, Any]:
    """Whether you are told of this job."""
    return alerts.wanted_of(context(), current(), one(job_id))


@api.operation("POST", "/jobs/<job_id>/alerts", returns=WishOut)
def set_job_alerts(job_id: str, body: WishIn) -> dict[str, Any]:
    """Be told of this job, or not, whatever your channels say of jobs in general."""
    return alerts.wish(context(), current(), one(job_id), body.wanted)
