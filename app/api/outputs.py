"""What the API gives: pydantic models, from which the documentation is made."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class Output(BaseModel):
    """Base of what goes out."""

    model_config = ConfigDict(populate_by_name=True, defer_build=True)


class Named(Output):
    """What tells a job from others."""

    id: str
    type: str
    name: str
    owner: str | None
    group: str
    tags: list[str]


class JobBrief(Named):
    """A job as lists show it; times are Unix seconds, durations seconds."""

    visibility: str
    status: str
    reason: str = Field(description="Why it waits.")
    error: str = Field(description="Why it failed.")
    broken: str = Field(description="Why its folder cannot be read; blank when it can.")
    fraction: float = Field(description="Share done, 0 to 1; 1 only when Done.")
    eta: float | None
    created: float
    started: float | None
    finished: float | None
    elapsed: float | None
    gpus: list[int]
    priority: int = Field(description="Its place in the queue: higher goes first.")
    summary: dict[str, Any]


class JobPage(Output):
    """A page of jobs."""

    items: list[JobBrief]
    total: int
    next: str | None = Field(description="Cursor of the next page; null on the last.")


class Moment(Output):
    """The curves' values at a validation."""

    step: int | None
    epoch: float | None
    time: float | None
    values: dict[str, float | None] | None


class Moved(Output):
    """When a job came to a status."""

    status: str
    time: float


class Job(JobBrief):
    """Everything about one job."""

    task: str
    notes: str
    hint: str
    log: str
    seq: int
    updated: float
    progress: dict[str, Any]
    history: list[Moved]
    metrics: list[Moment]
    best: dict[str, Moment]
    checkpoints: list[dict[str, Any]]
    artifacts: dict[str, Any]
    messages: list[str]
    acts: list[dict[str, Any]] = Field(description="What people did to it while it ran: rate, save, stop, pause ...")
    curves: dict[str, int]
    options: dict[str, Any]
    form: dict[str, Any]
    parents: list[str]
    sweep: str = Field("", description="The sweep that it is a trial of; blank: none.")


class Created(Job):
    """A job just made."""

    url: str


class Related(Output):
    """The jobs that this one needs, and those that need it."""

    parents: list[JobBrief]
    children: list[JobBrief]


class Events(Output):
    """Events in the order in which they happened."""

    seq: int
    events: list[dict[str, Any]]


class Update(Events):
    """Events, and for each curve its new points."""

    job: str
    series: dict[str, dict[str, Any]]


class Series(Output):
    """A curve; values are null where not finite."""

    curve: str
    total: int
    steps: list[int]
    walls: list[float]
    values: list[float | None]
    smoothed: list[float | None] | None = Field(None, description="With `smooth`: an exponentially weighted mean.")


class Metrics(Output):
    """All measured moments, and the best ones."""

    metrics: list[Moment]
    best: dict[str, Moment]


class Record(Output):
    """One record of a split."""

    index: int
    label: int | None
    cls: str = Field(alias="class")
    value: float | None = Field(None, description="What the page is sorted by.")


class Records(Output):
    """A page of records."""

    split: str
    cls: int | None = Field(alias="class")
    page: int
    size: int
    pages: int
    total: int
    details: list[str] = Field(default_factory=list, description="Columns of the set's table that are kept.")
    records: list[Record]


class MarkedObject(Output):
    """An object marked in a record: box as left, top, right, bottom; polygons and the holes in them as x, y, x, y ...;
    keypoints as x, y, v.
    """

    label: int
    cls: str = Field(alias="class")
    box: list[float]
    flags: list[str]
    polygons: list[list[float]]
    holes: list[list[float]]
    keypoints: list[list[float]]


class MarkedClass(Output):
    """A class that occurs in a record, with its objects (or pixels of the mask) and its colour."""

    label: int
    name: str
    colour: str
    count: int


class Marked(Output):
    """What is marked in a record, in pixels of its picture."""

    kind: str
    width: int
    height: int
    mask: bool
    objects: list[MarkedObject]
    classes: list[MarkedClass]


class FullRecord(Record):
    """A record with its source and its size."""

    split: str
    path: str
    width: int
    height: int
    channels: int
    encoding: str
    bytes: int
    source: dict[str, Any] | None = Field(None, description="The source file: width, height, bytes, kind.")
    details: dict[str, str] = Field(default_factory=dict, description="What the set's table says of it besides.")
    measures: dict[str, float] = Field(default_factory=dict, description="Brightness, contrast, sharpness.")
    findings: list[dict[str, str]] = Field(default_factory=list, description="Name and title of each finding it is in.")


class Failures(Output):
    """Files that could not be read."""

    total: int
    page: int
    size: int
    failures: list[dict[str, Any]]


class Network(Output):
    """A network of the library."""

    model_config = ConfigDict(extra="allow")
    name: str
    title: str
    source: str


class Preset(Output):
    """A recipe that is known to work."""

    name: str
    title: str
    description: str
    measured: str = Field(description="What it was seen to reach, on what, in how long.")
    options: dict[str, Any]


class Checked(Output):
    """What a network would be."""

    model_config = ConfigDict(extra="allow")
    parameters: int
    input: list[int]
    classes: int


class Prediction(Output):
    """One class that the model considers."""

    cls: str = Field(alias="class")
    index: int
    probability: float


class Classified(Output):
    """The best classes of each image."""

    predictions: list[list[Prediction]] = Field(description="Empty for an image that could not be read.")
    errors: list[dict[str, Any]] = Field([], description="For each such image its index, message and hint.")
    checkpoint: str
    seconds: float | None = None
    inputs: list[str] | None = Field(None, description="PNG, base64: what the network saw.")


class PathFound(Output):
    """A path on the server."""

    path: str
    folder: bool


class Uploaded(Output):
    """Where the upload was unpacked."""

    path: str


class Me(Output):
    """Who asks."""

    name: str
    role: str
    scope: str
    single_user: bool


class User(Output):
    """A person who may sign in."""

    name: str
    role: str
    created: float
    disabled: bool


class Token(Output):
    """A bearer token."""

    id: int
    title: str
    scope: str
    created: float
    expires: float | None
    last_used: float | None


class NewTokenOut(Token):
    """A token just made: `token` is shown this once."""

    token: str
