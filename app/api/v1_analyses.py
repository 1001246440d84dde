"""/api/v1/datasets/ID/...: what an analysis found (statistics, findings, map), views as zip, and versions."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

from flask import Response, url_for
from pydantic import Field

from app.api.endpoint import Api, Input
from app.api.idempotency import once
from app.api.inputs import Count, Text, ViewQuery
from app.api.outputs import Created, JobBrief, Output
from app.api.v1_datasets import view_query
from app.api.v1_jobs import one
from app.auth import current
from app.extensions import context, offload
from app.services import analyses, analysis_jobs, downloads, jobs, versions
from app.services.context import require
from data.errors import InvalidOptions

api = Api("analyses")


class Finding(Output):
    """A finding of the doctor; `splits` and `remove` count its records, and those to be left out, by split."""

    name: str
    title: str
    help: str
    weight: int = Field(description="3 spoils what is measured, 2 hurts learning, 1 deserves a look.")
    reason: str
    count: int
    splits: dict[str, int]
    groups: int
    remove: dict[str, int]
    thumbs: list[tuple[str, int]] = Field(description="Split and number of some of the records.")
    files: list[dict[str, Any]] = Field(description="Some of the source files that have no record.")


class Analysis(Output):
    """The newest analysis of a dataset; `ready` where a finished one is there to be read."""

    dataset: str
    job: JobBrief | None
    ready: bool
    findings: list[Finding]
    splits: dict[str, dict[str, Any]] = Field(description="Statistics by split.")


class SetMap(Output):
    """Places of sampled records in the plane: for each split x, y of record 0, of record 1 ..., and class numbers."""

    method: str
    points: dict[str, int]
    explained: list[float]
    sampled: bool
    total: int
    splits: dict[str, dict[str, list[float]]]


class Versions(Output):
    """The line of versions up to this one, those made from it, and what differs from its parent."""

    line: list[dict[str, Any]]
    children: list[dict[str, Any]]
    changes: dict[str, Any] | None


class AnalysisIn(Input):
    """How to analyse."""

    layout: Literal["pca", "tsne"] = Field("pca", description="The map: principal components, or neighbours (t-SNE).")


class VersionIn(Input):
    """What the new version leaves out, and what else is different."""

    finding: Annotated[str, Field(max_length=40)] | None = Field(None, description="What this finding proposes.")
    records: dict[Literal["train", "val", "test"], Annotated[list[Count], Field(max_length=100_000)]] = Field(
        default_factory=dict, description="Record numbers by split."
    )
    options: dict[str, Any] = Field(default_factory=dict, description="Options of the dataset that differ.")
    name: Text | None = None


@api.operation("GET", "/datasets/<job_id>/analysis", returns=Analysis)
def get_analysis(job_id: str) -> dict[str, Any]:
    """Whether the dataset is analysed, its statistics, and its findings."""
    return analyses.describe(context(), current(), one(job_id, "dataset"))


@api.operation("POST", "/datasets/<job_id>/analysis", returns=Created, status=201)
def analyse_dataset(job_id: str, body: AnalysisIn) -> dict[str, Any]:
    """Analyse it (again); a dataset is analysed by itself when it is built, unless its options say otherwise."""
    row = analysis_jobs.start(context(), current(), one(job_id, "dataset"), body.layout)
    return {**jobs.describe(context(), row), "url": url_for("v1.get_job", job_id=row.id)}


@api.operation("GET", "/datasets/<job_id>/findings", returns=list[Finding])
def list_findings(job_id: str) -> list[dict[str, Any]]:
    """What the doctor found, the weightiest first; the records of one are listed with `finding=` among a split's."""
    found: list[dict[str, Any]] = analyses.ready(context(), current(), one(job_id, "dataset"))["findings"]
    return found


@api.operation("GET", "/datasets/<job_id>/splits/<split>/statistics", returns=dict[str, Any])
def split_statistics(job_id: str, split: str) -> dict[str, Any]:
    """Channel mean and deviation, and distributions of source sizes, file sizes, brightness, contrast, sharpness."""
    return analyses.statistics(context(), current(), one(job_id, "dataset"), split)


@api.operation("GET", "/datasets/<job_id>/splits/<split>/pictures/<name>", produces="image/*")
def split_picture(job_id: str, split: str, name: str) -> Response:
    """A picture of a split: `mean`, `deviation`, or `classes` (the mean of every class, ceil(sqrt(n)) in a row)."""
    data, mimetype = analyses.picture(context(), current(), one(job_id, "dataset"), split, name)
    return Response(data, mimetype=mimetype)


@api.operation("GET", "/datasets/<job_id>/map", returns=SetMap)
def dataset_map(job_id: str) -> dict[str, Any]:
    """The map of the set: pictures that look alike lie close together."""
    return offload(analyses.places, context(), current(), one(job_id, "dataset"))


@api.operation("GET", "/datasets/<job_id>/splits/<split>/archive", produces="application/zip")
def download_records(job_id: str, split: str, query: ViewQuery) -> Response:
    """The records of a view as they are stored, with a table of them (manifest.csv), as one zip."""
    row = one(job_id, "dataset")
    filename, mimetype, pieces = downloads.selection(context(), current(), row, split, view_query(query))
    answer = Response(pieces, mimetype=mimetype)
    answer.headers.set("Content-Disposition", "attachment", filename=filename)
    return answer


@api.operation("GET", "/datasets/<job_id>/versions", returns=Versions)
def list_versions(job_id: str) -> dict[str, Any]:
    """The versions before and after this one, and what differs from the one that it was made from."""
    return versions.describe(context(), current(), one(job_id, "dataset"))


@api.operation("POST", "/datasets/<job_id>/versions", returns=Created, status=201, idempotent=True)
def create_version(job_id: str, body: VersionIn) -> dict[str, Any]:
    """Build a new version: without some records, with other options, or both. The dataset itself never changes."""
    row = one(job_id, "dataset")
    require(current(), "create")
    values = {**body.options, **({"name": body.name} if body.name else {})}
    if body.finding and body.records:
        raise InvalidOptions({"records": ["Give a finding or records, not both."]})
    if not (body.finding or any(body.records.values()) or body.options):
        raise InvalidOptions({"records": ["Nothing is to be different: give records, a finding or options."]})

    def make() -> Any:
        if body.finding:
            return versions.without_finding(context(), current(), row, body.finding, values)
        records = cast("dict[str, list[int]]", body.records)
        return versions.create(context(), current(), row, records, values)

    made = once({"parent": job_id, **body.model_dump(exclude_unset=True)}, make)
    return {**jobs.describe(context(), made), "url": url_for("v1.get_dataset", job_id=made.id)}
