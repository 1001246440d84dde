"""/api/v1/atlases: the real images that excite each unit of a model, and the units that answer to a class."""

from __future__ import annotations

from typing import Any, Literal

from flask import Response
from pydantic import Field

from app.api.endpoint import Api, Input, form_model
from app.api.inputs import BIG, TypedJobQuery
from app.api.outputs import Created, Job, JobPage, Output
from app.api.v1_jobs import created, job_page, one
from app.auth import current
from app.extensions import context
from app.services import atlases, jobs
from app.services.atlases import TYPE
from app.services.jobs import Label
from models.atlas.options import AtlasOptions

api = Api("atlases")

AtlasIn = form_model("AtlasIn", AtlasOptions, Label, name="")


class UnitsQuery(Input):
    """Which units of a layer."""

    sort: Literal["number", "strongest", "selective", "sparse", "dead"] = "number"
    cls: int | None = Field(None, alias="class", ge=0, le=BIG, description="Only units that this class excites most.")
    page: int = Field(1, ge=1, le=1_000_000)
    size: int = Field(24, ge=1, le=100)


class StripQuery(Input):
    """Which units, and how many images of each."""

    units: str = Field(max_length=2000, pattern=r"^\d{1,9}(,\d{1,9})*$", description="Numbers, commas between.")
    columns: int = Field(4, ge=1, le=16)


class Unit(Output):
    """A unit as lists show it."""

    unit: int
    highest: float | None
    favourite: int = Field(description="Number of the class with the highest mean.")
    cls: str = Field(alias="class")
    selectivity: float | None
    active: float = Field(description="Share of the images for which it is above zero.")
    dead: bool


class Tile(Unit):
    """A unit with the numbers of its top images."""

    top: list[int]
    vote: float | None = Field(None, description="Standard deviations of the class's mean above that of all images.")


class Units(Output):
    """A page of units."""

    page: int
    pages: int
    size: int
    total: int
    dead: int
    units: list[Tile]


class UnitInFull(Unit):
    """Everything about a unit; ``box`` is [top, bottom, left, right) in pixels of the record, null: the whole image."""

    top: list[dict[str, Any]]
    bottom: list[dict[str, Any]]
    sample: list[dict[str, Any]]
    mean: float
    spread: float
    profile: list[float] = Field(description="Mean by class.")
    alike: list[dict[str, Any]]


class Voters(Output):
    """The units of a layer that a class excites most."""

    layer: int
    name: str
    units: list[Tile]


@api.operation("GET", "/atlases", returns=JobPage)
def list_atlases(query: TypedJobQuery) -> dict[str, Any]:
    """Atlases that you may see, page by page; `parent` names a model."""
    return job_page(query, TYPE)


@api.operation("POST", "/atlases", returns=Created, status=201, idempotent=True)
def create_atlas(body: AtlasIn) -> dict[str, Any]:  # type: ignore[valid-type]
    """Find the images of a split that excite each unit of a model most and least."""
    return created(body, atlases.create, "v1.get_atlas")


@api.operation("GET", "/atlases/<job_id>", returns=Job)
def get_atlas(job_id: str) -> dict[str, Any]:
    """Everything about one atlas as a job; its layers are in the artifact `atlas`."""
    return jobs.describe(context(), one(job_id, TYPE))


@api.operation("GET", "/atlases/<job_id>/layers/<int:index>/units", returns=Units)
def atlas_units(job_id: str, index: int, query: UnitsQuery) -> dict[str, Any]:
    """The units of a layer, sorted, page by page."""
    row = one(job_id, TYPE)
    more = {"sort": query.sort, "cls": query.cls, "page": query.page, "size": query.size}
    return atlases.units(context(), current(), row, index, **more)


@api.operation("GET", "/atlases/<job_id>/layers/<int:index>/units/<int:number>", returns=UnitInFull)
def atlas_unit(job_id: str, index: int, number: int) -> dict[str, Any]:
    """One unit: its images at the top, at the bottom and between, class profile, look-alikes."""
    return atlases.unit(context(), current(), one(job_id, TYPE), index, number)


@api.operation("GET", "/atlases/<job_id>/layers/<int:index>/strip", produces="image/jpeg")
def atlas_strip(job_id: str, index: int, query: StripQuery) -> Response:
    """What units look at in their top images: one row for each unit."""
    numbers = [int(part) for part in query.units.split(",")]
    data = atlases.sheet(context(), current(), one(job_id, TYPE), index, numbers, query.columns)
    return Response(data, mimetype="image/jpeg")


@api.operation("GET", "/atlases/<job_id>/classes/<int:number>", returns=list[Voters])
def atlas_voters(job_id: str, number: int) -> list[dict[str, Any]]:
    """The units of each layer that a class excites most."""
    return atlases.voters(context(), current(), one(job_id, TYPE), number)
