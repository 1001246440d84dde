"""/api/v1/models/<id>/diary: how every training image fared, galleries of them, and a dataset without some."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from flask import Response, url_for
from pydantic import Field

from app.api.endpoint import Api, Input
from app.api.idempotency import once
from app.api.inputs import BIG, Count, Text
from app.api.outputs import Created, Output
from app.api.v1_jobs import one
from app.auth import current
from app.extensions import context
from app.services import diaries, jobs
from app.services.context import require
from app.services.diaries import Wanted

api = Api("diary")
Show = Literal["suspicious", "ambiguous", "forgotten", "never", "easy", "all"]
"""The galleries of a diary (models/diary/views.py)."""


class DiaryView(Output):
    """A gallery and how many images it has."""

    name: str
    title: str
    help: str
    images: int


class DiaryAbout(Output):
    """How far the diary goes: `step` and `epoch` of the last entry, `since` the first; history every `every` epochs."""

    records: int
    step: int
    epoch: float
    since: int
    every: int
    mixed: bool = Field(description="Mixup or CutMix: an image counts where it keeps at least half of its own label.")


class DiaryOverview(Output):
    """What there is."""

    about: DiaryAbout
    dataset: str
    classes: list[str]
    views: list[DiaryView]


class DiaryRun(Output):
    """So many kept epochs in a row with the same answer."""

    answer: Literal["right", "wrong", "unseen"]
    epochs: int


class DiaryRecord(Output):
    """How one training image fared."""

    index: int
    label: int | None
    cls: str = Field(alias="class")
    seen: int
    right: int
    forgotten: int = Field(description="Times that it was wrong after it had been right.")
    learnt: int = Field(description="Epoch in which it was right first; 0: never.")
    confidence: float | None = Field(description="Mean probability of its own class.")
    variability: float | None = Field(description="Standard deviation of that probability.")
    margin: float | None = Field(description="Mean of own score less the highest other (area under the margin).")
    loss: float | None
    last_loss: float | None
    rival: str | None = Field(description="The class it is mostly taken for where it is wrong.")
    suspicious: bool
    runs: list[DiaryRun]


class DiaryPage(Output):
    """One page of a gallery."""

    show: str
    cls: int | None = Field(alias="class")
    page: int
    size: int
    pages: int
    total: int
    records: list[DiaryRecord]


class DiaryEntry(Output):
    """An answer in one epoch."""

    epoch: int
    right: bool
    loss: float


class DiaryImage(DiaryRecord):
    """One image with its history."""

    history: list[DiaryEntry]


class DiaryQuery(Input):
    """Which images."""

    show: Show = "suspicious"
    cls: int | None = Field(None, alias="class", ge=0, le=BIG, description="Only of this class (number).")
    sort: str = Field("", max_length=40, description="margin, confidence, variability, ...; a leading - for falling.")
    page: int = Field(1, ge=1, le=BIG)
    size: int = Field(50, ge=1, le=500)


class DiaryVersionIn(Input):
    """What the new version of the dataset leaves out: a gallery (of a class), or record numbers."""

    show: Show | None = None
    cls: int | None = Field(None, alias="class", ge=0, le=BIG)
    records: Annotated[list[Count], Field(max_length=100_000)] = Field(default_factory=list)
    name: Text | None = None


@api.operation("GET", "/models/<job_id>/diary", returns=DiaryOverview)
def model_diary(job_id: str) -> dict[str, Any]:
    """How far the learning diary goes, and how many images each of its galleries has."""
    return diaries.overview(context(), current(), one(job_id, "model"))


@api.operation("GET", "/models/<job_id>/diary/images", returns=DiaryPage)
def model_diary_images(job_id: str, query: DiaryQuery) -> dict[str, Any]:
    """Training images of a gallery: suspicious (likely wrong labels), ambiguous, forgotten, never learnt, easy, all."""
    wanted = Wanted(query.show, query.cls, query.sort)
    row = one(job_id, "model")
    return diaries.images(context(), current(), row, wanted, page=query.page, size=query.size)


@api.operation("GET", "/models/<job_id>/diary/images/<int:index>", returns=DiaryImage)
def model_diary_image(job_id: str, index: int) -> dict[str, Any]:
    """One training image: figures, and its answer in every epoch kept."""
    return diaries.image(context(), current(), one(job_id, "model"), index)


@api.operation("GET", "/models/<job_id>/diary/table", produces="text/csv")
def model_diary_table(job_id: str) -> Response:
    """Every training image with its figures, as CSV."""
    return Response(diaries.table(context(), current(), one(job_id, "model")), mimetype="text/csv")


@api.operation("POST", "/models/<job_id>/diary/version", returns=Created, status=201, idempotent=True)
def create_version_from_diary(job_id: str, body: DiaryVersionIn) -> dict[str, Any]:
    """Build a new version of the dataset without a gallery's images, or without some records."""
    row = one(job_id, "model")
    require(current(), "create")
    wanted = body.records or Wanted(body.show or "suspicious", body.cls)
    values = {"name": body.name} if body.name else {}

    def make() -> Any:
        return diaries.new_version(context(), current(), row, wanted, values)

    made = once({"parent": job_id, **body.model_dump(exclude_unset=True)}, make)
    return {**jobs.describe(context(), made), "url": url_for("v1.get_dataset", job_id=made.id)}
