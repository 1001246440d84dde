"""/api/v1/evaluations: judging a model on many images; its figures, its images, and two of them compared."""

from __future__ import annotations

from typing import Any, Literal

from flask import Response
from pydantic import Field

from app.api.endpoint import Api, Input, form_model
from app.api.inputs import BIG, PageQuery, SpriteQuery, TypedJobQuery
from app.api.outputs import Created, Job, JobPage, Output
from app.api.v1_jobs import created, job_page, one
from app.auth import current
from app.extensions import context
from app.services import evaluation_export, evaluation_images, evaluations, jobs, pairs
from app.services.agreement import agreement
from app.services.evaluations import TYPE
from app.services.jobs import Label
from data.options import schema
from models.evaluation.options import EvaluationOptions
from models.evaluation.select import Wanted

api = Api("evaluations")

EvaluationIn = form_model("EvaluationIn", EvaluationOptions, Label, name="")


class ImagesQuery(Input):
    """Which images, and in which order."""

    label: int | None = Field(None, ge=0, le=BIG, description="Only images of this class (its number).")
    predicted: int | None = Field(None, ge=0, le=BIG, description="Only images taken for this class.")
    show: Literal["all", "wrong", "right", "unreadable", "unlabelled"] = "all"
    sort: Literal["number", "hardest", "surest", "unsurest"] = "number"
    page: int = Field(1, ge=1, le=BIG)
    size: int = Field(100, ge=1, le=500)


class ClassQuery(Input):
    """Which class."""

    cls: int = Field(0, alias="class", ge=0, le=BIG, description="Its number.")


class FormatQuery(Input):
    """The kind of file."""

    format: Literal["csv", "jsonl", "parquet"] = "csv"


class OtherQuery(Input):
    """What to compare with."""

    before: str = Field(max_length=100, description="Another evaluation, of the same images.")


class Confusion(Output):
    """A confusion matrix: ``matrix[true][predicted]`` images."""

    classes: list[str]
    matrix: list[list[int]]


class Curve(Output):
    """One class against the rest: images at or above each threshold, highest threshold first."""

    cls: int = Field(alias="class")
    thresholds: list[float]
    hits: list[int] = Field(description="Images of the class.")
    alarms: list[int] = Field(description="Images of other classes.")
    positives: int
    negatives: int


class Answer(Output):
    """What the model says of one image; null where that is not known."""

    index: int
    label: int | None
    cls: str | None = Field(alias="class")
    predicted: int | None = Field(description="Null: the image could not be read.")
    predicted_class: str | None
    right: bool | None
    confidence: float
    loss: float | None
    top: list[dict[str, Any]]


class Answers(Output):
    """A page of images with their answers."""

    page: int
    pages: int
    size: int
    total: int
    records: list[Answer]


class PairQuery(PageQuery):
    """Two classes, by their numbers."""

    first: int = Field(ge=0, le=BIG)
    second: int = Field(ge=0, le=BIG)


class Hesitant(Answer):
    """An image between two classes."""

    share: float = Field(description="p1 / (p1 + p2) of the two classes, 0..1.")


class Between(Output):
    """Two classes, and a page of the images for which they are the likely ones."""

    numbers: list[int]
    names: list[str]
    images: list[int] = Field(description="Images of each.")
    right: list[int]
    taken: list[int] = Field(description="Images of each that are taken for the other.")
    page: int
    pages: int
    size: int
    total: int
    records: list[Hesitant]


class Agreement(Output):
    """Images that look the same, and those that training knows too."""

    groups: int
    images: int
    agree: int = Field(description="Groups of whose images the model says the same.")
    differing: list[list[Answer]] = Field(description="Up to 12 of the other groups.")
    leaked: dict[str, Any] | None = Field(description="Accuracy on images that another split has too, and elsewhere.")


class Unreadable(Output):
    """A page of images that could not be read."""

    total: int
    page: int
    size: int
    failures: list[dict[str, Any]]


class Comparison(Output):
    """What a model mends and breaks of another, on the same images."""

    fixed: int
    broken: int
    flipped: int
    labelled: int
    accuracy: list[float | None]
    p: float = Field(description="McNemar's test: how likely such a difference is by chance alone.")
    said: str
    names: list[str]


@api.operation("GET", "/evaluations", returns=JobPage)
def list_evaluations(query: TypedJobQuery) -> dict[str, Any]:
    """Evaluations that you may see, page by page; `parent` names a model."""
    return job_page(query, TYPE)


@api.operation("POST", "/evaluations", returns=Created, status=201, idempotent=True)
def create_evaluation(body: EvaluationIn) -> dict[str, Any]:  # type: ignore[valid-type]
    """Judge a model on a split of a dataset, a folder, or the images of a list on the server."""
    return created(body, evaluations.create, "v1.get_evaluation")


@api.operation("GET", "/evaluations/options", returns=dict[str, Any])
def evaluation_options() -> dict[str, Any]:
    """JSON schema of the options, with titles, help and limits."""
    return schema(EvaluationOptions)


@api.operation("GET", "/evaluations/<job_id>", returns=Job)
def get_evaluation(job_id: str) -> dict[str, Any]:
    """Everything about one evaluation as a job."""
    return jobs.describe(context(), one(job_id, TYPE))


@api.operation("GET", "/evaluations/<job_id>/report", returns=dict[str, Any])
def evaluation_report(job_id: str) -> dict[str, Any]:
    """All its figures: accuracy, figures of each class with intervals, calibration, histograms, slices."""
    return evaluations.report(context(), current(), one(job_id, TYPE))


@api.operation("GET", "/evaluations/<job_id>/agreement", returns=Agreement | None)
def evaluation_agreement(job_id: str) -> dict[str, Any] | None:
    """Whether the model says the same of near duplicates that the dataset's doctor found; null where there are none."""
    return agreement(context(), current(), one(job_id, TYPE))


@api.operation("GET", "/evaluations/<job_id>/confusion", returns=Confusion)
def evaluation_confusion(job_id: str) -> dict[str, Any]:
    """Its confusion matrix."""
    row = one(job_id, TYPE)
    found = evaluations.matrix(context(), current(), row)
    return {"classes": evaluations.about(context(), row)["classes"], "matrix": found.tolist()}


@api.operation("GET", "/evaluations/<job_id>/confusion.csv", produces="text/csv")
def evaluation_confusion_csv(job_id: str) -> Response:
    """Its confusion matrix as a table, with the accuracy of each class."""
    return Response(evaluations.matrix_csv(context(), current(), one(job_id, TYPE)), mimetype="text/csv")


@api.operation("GET", "/evaluations/<job_id>/curve", returns=Curve)
def evaluation_curve(job_id: str, query: ClassQuery) -> dict[str, Any]:
    """ROC and precision-recall of one class against the rest, as counts at each threshold."""
    return evaluations.curve(context(), current(), one(job_id, TYPE), query.cls)


@api.operation("GET", "/evaluations/<job_id>/images", returns=Answers)
def evaluation_images_page(job_id: str, query: ImagesQuery) -> dict[str, Any]:
    """Its images with their answers, by cell of the matrix, right or wrong, in order of loss or confidence."""
    wanted = Wanted(query.label, query.predicted, query.show, query.sort)
    row = one(job_id, TYPE)
    return evaluations.images(context(), current(), row, wanted, page=query.page, size=query.size)


@api.operation("GET", "/evaluations/<job_id>/sprite", produces="image/jpeg")
def evaluation_sprite(job_id: str, query: SpriteQuery) -> Response:
    """Thumbnails of some of its images in one JPEG, row by row."""
    numbers = [int(part) for part in query.indices.split(",")]
    data = evaluation_images.sprite(context(), current(), one(job_id, TYPE), numbers, query.cell)
    return Response(data, mimetype="image/jpeg")


@api.operation("GET", "/evaluations/<job_id>/answers", produces="text/csv")
def evaluation_answers(job_id: str, query: FormatQuery) -> Response:
    """Every image with its answers as CSV, JSON lines or Parquet."""
    name, mimetype, pieces = evaluation_export.export(context(), current(), one(job_id, TYPE), query.format)
    response = Response(pieces, mimetype=mimetype)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


@api.operation("GET", "/evaluations/<job_id>/failures", returns=Unreadable)
def evaluation_failures(job_id: str, query: PageQuery) -> dict[str, Any]:
    """The images that could not be read, with the reason of each."""
    return evaluations.failures(context(), current(), one(job_id, TYPE), query.page, query.size)


@api.operation("POST", "/evaluations/<job_id>/resume")
def resume_evaluation(job_id: str) -> None:
    """Go on after the last batch of an evaluation that was aborted or whose worker died."""
    evaluations.resume(context(), current(), one(job_id, TYPE))


@api.operation("GET", "/evaluations/<job_id>/comparison", returns=Comparison)
def compare_evaluations(job_id: str, query: OtherQuery) -> dict[str, Any]:
    """What this model mends and breaks of the one of another evaluation, with McNemar's test."""
    return evaluations.comparison(context(), current(), one(query.before, TYPE), one(job_id, TYPE))


@api.operation("GET", "/evaluations/<job_id>/pair", returns=Between)
def evaluation_pair(job_id: str, query: PairQuery) -> dict[str, Any]:
    """Two classes: how often each is taken for the other, and the images in between, the most undecided first."""
    row, numbers = one(job_id, TYPE), (query.first, query.second)
    found = pairs.images(context(), current(), row, numbers, page=query.page, size=query.size)
    return {**pairs.pair(context(), current(), row, *numbers), **found}
