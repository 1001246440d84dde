"""What the API takes: pydantic models, from which the documentation is made."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from app.api.endpoint import Input, form_model
from app.services.accounts import NewToken, NewUser
from app.services.asked import FromPreset
from app.services.jobs import Label
from data.dataset_options import DatasetOptions
from jobs.store import SORTS
from models.train_options import TrainOptions

BIG = 2**53 - 1
"""The largest whole number that every JSON reader keeps."""


def _no_bool(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("Input should be a whole number, not true or false")
    return value


Whole = Annotated[int, BeforeValidator(_no_bool)]
"""A whole number (true is not 1)."""
Number = Annotated[float, BeforeValidator(_no_bool)]
"""Any number (true is not 1)."""
Count = Annotated[int, BeforeValidator(_no_bool), Field(ge=0, le=BIG)]
"""A whole number from 0 (28.0 is 28, as in JSON Schema; true is not 1)."""
Text = Annotated[str, Field(max_length=500)]
Sort = Literal[tuple(sign + key for key in SORTS for sign in ("", "-"))]  # type: ignore[valid-type]


class Paging(Input):
    """Which page of a list, by cursor."""

    limit: int = Field(50, ge=1, le=500, description="Rows on a page.")
    cursor: str | None = Field(None, max_length=2000, description="`next` of the page before; blank: the first page.")


class TypedJobQuery(Paging):
    """Which jobs of a type."""

    status: list[Literal["Initialized", "Waiting", "Running", "Paused", "Done", "Aborted", "Error"]] = Field(
        default_factory=list
    )
    text: Text = Field("", description="Words that name, id, group, tags or owner contain.")
    group: Text | None = None
    tag: Text | None = Field(None, description="Only jobs that have this tag.")
    owner: Text | None = None
    parent: Text | None = Field(None, description="Only jobs that need this one (the models of a dataset).")
    sort: Sort = "-created"


class JobQuery(TypedJobQuery):
    """Which jobs."""

    type: Literal["dataset", "model", "network", "analysis", "evaluation", "atlas", "sweep"] | None = None


class JobChange(Input):
    """What may be changed of any job; what is left out stays."""

    name: Annotated[str, Field(min_length=1, max_length=500, pattern=r"\S")] | None = None
    group: Annotated[str, Field(max_length=200)] | None = None
    visibility: Literal["lab", "private"] | None = None
    notes: Annotated[str, Field(max_length=100_000)] | None = None
    tags: Annotated[list[str], Field(max_length=40)] | None = Field(None, description="Replace those that it has.")


class Since(Input):
    """What a reader knows already."""

    seq: Count = Field(0, description="Number of the last event known.")
    counts: dict[str, Count] = Field(
        default_factory=dict, description="For each curve, how many of its points are known."
    )


class AfterQuery(Input):
    """Which events."""

    after: int = Field(0, ge=0, le=BIG, description="Only events with a larger number.")


class LogQuery(Input):
    """How much of the log."""

    lines: int = Field(200, ge=1, le=2000)


class SeriesQuery(Input):
    """Which part of a curve, and how finely."""

    curve: str = Field(min_length=1, max_length=200, description='Its name, such as "val/accuracy".')
    first: int | None = Field(None, alias="from", ge=0, le=BIG, description="First step.")
    last: int | None = Field(None, alias="to", ge=0, le=BIG, description="Last step.")
    width: int = Field(1000, ge=4, le=100_000, description="About how many points; no spike is lost.")
    smooth: float = Field(0.0, ge=0, le=0.99, description="Also give smoothed values, computed from every point.")


class ViewQuery(Input):
    """Which records of a split, and in which order."""

    cls: int | None = Field(None, alias="class", ge=0, le=BIG, description="Only records of this class number.")
    text: str = Field("", max_length=200, description="Only records whose path contains this.")
    finding: str = Field("", max_length=40, description="Only records of this finding of the doctor.")
    area: str = Field("", max_length=8000, description="Only records inside this polygon on the map: x1,y1,x2,y2,...")
    sort: str = Field("", max_length=40, description='"brightness", "-sharpness" ...: by value, "-" for falling.')


class RecordsQuery(ViewQuery):
    """Which page of the records of a split."""

    page: int = Field(1, ge=1, le=BIG)
    size: int = Field(100, ge=1, le=500)


class DeleteQuery(Input):
    """What goes with a job that is deleted."""

    along: bool = Field(False, description="Its evaluations and atlases too.")


class PageQuery(Input):
    """Which page, by number."""

    page: int = Field(1, ge=1, le=1_000_000)
    size: int = Field(100, ge=1, le=500)


class SpriteQuery(Input):
    """Which records' thumbnails, and how large."""

    indices: str = Field(
        max_length=8000, pattern=r"^\d{1,15}(,\d{1,15})*$", description="Record numbers, commas between."
    )
    cell: int = Field(64, ge=8, le=256, description="Side of a thumbnail, pixels.")


class RecordPlace(Input):
    """A record of the model's dataset."""

    split: Literal["train", "val", "test"]
    index: Count


class ClassifyIn(Input):
    """What to classify: a file on the server, a record, or (as multipart) the files called `image`."""

    path: Annotated[str, Field(min_length=1, max_length=4096)] | None = Field(None, description="Image on the server.")
    record: RecordPlace | None = None
    checkpoint: Text | None = Field(None, description="Its name or epoch; blank: the last one.")
    top: int = Field(5, ge=1, le=1000, description="How many classes to name.")
    inputs: bool = Field(False, description="Also give the picture that the network saw (PNG, base64).")


class ClassifyQuery(Input):
    """The same choices in the address, for a body that is the image itself; they win over the body's."""

    checkpoint: Text | None = Field(None, description="Its name or epoch; blank: the last one.")
    top: int | None = Field(None, ge=1, le=1000, description="How many classes to name.")
    inputs: bool | None = Field(None, description="Also give the picture that the network saw (PNG, base64).")


class ArchiveQuery(Input):
    """The kind of archive."""

    format: Literal["tar.gz", "tgz", "tar", "tar.bz2", "zip"] = "tar.gz"


class UploadQuery(Input):
    """About a raw upload."""

    filename: str = Field("archive", max_length=255, description="Its name, for its ending (.zip, .tar.gz ...).")


class PathQuery(Input):
    """The beginning of a path."""

    text: str = Field("", max_length=4096)
    files: bool = Field(False, description="Files too, not only folders.")


class UserChange(Input):
    """What may be changed of a user."""

    role: Literal["viewer", "member", "admin"] | None = None
    password: Annotated[str, Field(min_length=8, max_length=1024)] | None = None
    disabled: bool | None = None


DatasetIn = form_model("DatasetIn", DatasetOptions, Label, name="")
ModelIn = form_model("ModelIn", TrainOptions, Label, FromPreset, name="")
UserIn = form_model("UserIn", NewUser)
TokenIn = form_model("TokenIn", NewToken)
