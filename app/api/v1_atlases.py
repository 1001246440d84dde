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
from app.services import atlas_maps, atlases, jobs
from app.services.atlases import TYPE
from app.services.jobs import Label
from models.atlas.options import AtlasOptions

api = Api("atlases")

AtlasIn = form_model("AtlasIn", AtlasOptions, Label, name="")


class UnitsQuery(Input):
    """Which units of a layer."""

    sort: Literal["number", "strongest", "selective", "sparse", "similar", "dead"] = "number"
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


class MapQuery(Input):
    """How the images are laid out."""

    method: Literal["pca", "tsne", "through"] = "pca"


class MoreMaps(Input):
    """One of the two."""

    tsne: int | None = Field(None, ge=0, le=BIG, description="Number of the layer to lay out by neighbours.")
    checkpoints: int | None = Field(None, ge=2, le=100, description="Follow all maps through so many checkpoints.")


class PairQuery(Input):
    """Two classes, by their numbers."""

    first: int = Field(ge=0, le=BIG)
    second: int = Field(ge=0, le=BIG)
    most: int = Field(12, ge=1, le=100)


class ImageMap(Output):
    """Images and their places; `predicted` and `places` have a list for each checkpoint (one where there are none)."""

    layer: int
    name: str
    method: str
    offered: list[str] = Field(description="The methods there are for this layer.")
    explained: list[float] = Field(description="Shares of the variance along the two axes.")
    total: int = Field(description="Images of the split.")
    split: str
    numbers: list[int] = Field(description="Record numbers in the split.")
    labels: list[int] = Field(description="Class numbers, -1 where it is not known.")
    predicted: list[list[int]]
    confidence: list[float] | None
    places: list[list[float]] = Field(description="x, y, x, y ...; within -1 .. 1 at the checkpoint of the atlas.")
    checkpoints: list[dict[str, Any]] = Field(description="name, step, epoch.")


class SeparatingUnit(Tile):
    """A unit and how far it parts two classes."""

    dprime: float | None = Field(description="Above 0: higher for the first class; null: the two never overlap.")
    auroc: float | None = Field(description="Chance that an image of the first class has the higher value.")
    means: list[float]


class Separating(Output):
    """Units of a layer, the best first."""

    layer: int
    name: str
    counts: list[int] = Field(description="Kept images of each class, of which auroc is.")
    units: list[SeparatingUnit]


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


@api.operation("POST", "/atlases/<job_id>/resume")
def resume_atlas(job_id: str) -> None:
    """Go on with an atlas that was aborted or whose worker died, where its state was saved last."""
    atlases.resume(context(), current(), one(job_id, TYPE))


@api.operation("GET", "/atlases/<job_id>/layers/<int:index>/map", returns=ImageMap)
def atlas_map(job_id: str, index: int, query: MapQuery) -> dict[str, Any]:
    """Where up to 10,000 images lie by what the units of a layer say of them; `through`: at several checkpoints."""
    return atlas_maps.layer_map(context(), current(), one(job_id, TYPE), index, query.method)


@api.operation("POST", "/atlases/<job_id>/maps")
def more_maps(job_id: str, body: MoreMaps) -> None:
    """Let a finished atlas also lay a layer out by t-SNE, or follow its maps through checkpoints: its job goes on."""
    atlas_maps.ask_for(context(), current(), one(job_id, TYPE), body.model_dump(exclude_unset=True))


@api.operation("GET", "/atlases/<job_id>/layers/<int:index>/separating", returns=Separating)
def separating_units(job_id: str, index: int, query: PairQuery) -> dict[str, Any]:
    """The units of a layer that separate two classes best, by the size of d'."""
    pair = (query.first, query.second)
    return atlas_maps.separating(context(), current(), one(job_id, TYPE), index, pair, query.most)
