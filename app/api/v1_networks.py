"""/api/v1/networks: drawing, editing, measuring and comparing networks; saved networks with their versions."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from flask import url_for
from pydantic import Field, StrictBool

from app.api.endpoint import Api, Input
from app.api.idempotency import once
from app.api.inputs import Count, Text, TypedJobQuery
from app.api.outputs import JobBrief, JobPage, Output
from app.api.v1_jobs import job_page
from app.auth import current
from app.extensions import context
from app.services import designs, jobs, networks
from app.services.networks import LONGEST, Images, Look

api = Api("networks")
Code = Annotated[str, Field(max_length=LONGEST, description="Python with a class Net(nn.Module).")]
Node = Annotated[str, Field(max_length=2000)]


class ImagesIn(Input):
    """The images that a network is drawn and measured for."""

    channels: Annotated[Count, Field(ge=1, le=4096)] = 3
    height: Annotated[Count, Field(ge=1, le=8192)] = 224
    width: Annotated[Count, Field(ge=1, le=8192)] = 224
    classes: Annotated[Count, Field(ge=1, le=100_000)] = 10

    def images(self) -> Images:
        """As the services want them."""
        return Images(self.channels, self.height, self.width, self.classes)


class GraphIn(ImagesIn):
    """A source, and what of it to draw."""

    source: Code
    open: list[Node] = Field(default_factory=list, max_length=5000, description="Ids of open blocks and runs.")
    fold: StrictBool = Field(True, description="Draw neighbours that are alike as one node.")
    depth: Annotated[Count, Field(le=40)] | None = Field(None, description="Open whole levels.")
    reveal: Node | None = Field(None, description="Open what hides this node.")

    def look(self) -> Look:
        """As the services want it."""
        return Look(tuple(self.open), self.fold, self.depth, self.reveal)


class OutlineIn(ImagesIn):
    """A source."""

    source: Code


class EditIn(GraphIn):
    """An edit of the graph that was drawn from the source with this hash."""

    hash: str = Field(pattern=r"^[0-9a-f]{64}$", description="`hash` of the drawn graph.")
    edit: dict[str, Any] = Field(description='For example {"kind": "delete", "node": "conv1#1"}.')


class MeasureIn(GraphIn):
    """A source to be measured."""

    job: str | None = Field(None, max_length=40, description="The job that it belongs to, if it is not your own.")


class CompareIn(ImagesIn):
    """Two sources."""

    before: Code
    after: Code


class NetworkIn(ImagesIn):
    """A network to be saved."""

    source: Code
    name: Annotated[str, Field(max_length=500)] = "Network"
    group: Annotated[str, Field(max_length=200)] = ""
    visibility: Literal["lab", "private"] = "lab"
    notes: Annotated[str, Field(max_length=100_000)] = ""
    begun_from: Text | None = Field(None, description="The network of the library, or the job, that it is a copy of.")


class VersionIn(ImagesIn):
    """A new version of a saved network."""

    source: Code
    base: Annotated[Count, Field(ge=1, le=100_000)] = Field(
        description="The version that it was made from; 409 if there is a newer one."
    )
    note: Text = ""


class Drawn(Output):
    """What to draw of a source. Facts are there where it was measured."""

    hash: str = Field(description="SHA-256 of the source; an edit names it.")
    picture: dict[str, Any] | None = Field(description="Nodes, links, places; null where it cannot be read.")
    open: list[str]
    problems: list[dict[str, Any]] = Field(description="What is wrong: text, line, span, node, fix (an edit).")
    facts: dict[str, dict[str, Any]] = Field(description="Shapes and costs of what is drawn, by node.")
    totals: dict[str, Any] | None
    measured: bool
    notes: list[str] = Field(default_factory=list)
    input: list[int] | None = None
    output: list[list[int]] | None = None
    batch: int | None = None


class Edited(Drawn):
    """The same after an edit. `changes` are what to do to the old source, in UTF-16 units of it."""

    source: str
    changes: list[dict[str, Any]]
    added: list[str]
    said: list[str]


class Difference(Output):
    """What changed, in terms of layers; parameters and FLOPs are what the second network has more than the first."""

    same: bool
    text_same: bool
    measured: bool
    added: list[dict[str, Any]]
    removed: list[dict[str, Any]]
    changed: list[dict[str, Any]]
    parameters: int | None
    flops: int | None


class CallSite(Output):
    """A node of a graph, by name."""

    id: str
    label: str
    op: str
    module: str


class Layer(Output):
    """A layer or function of the palette."""

    op: str
    title: str
    group: str
    summary: str
    layer: bool
    insertable: bool
    arguments: list[dict[str, Any]]


class Documentation(Output):
    """torch's docstring."""

    op: str
    text: str


class Version(Output):
    """One version of a saved network; parameters and FLOPs where it had been measured."""

    number: int
    source: str
    author: str
    created: float
    note: str
    channels: int
    height: int
    width: int
    classes: int
    parameters: int | None = None
    flops: int | None = None


class Saved(JobBrief):
    """A saved network: the newest version, and all of them."""

    url: str
    source: str
    version: int
    versions: list[Version]


def _saved(row: Any) -> dict[str, Any]:
    found = designs.versions(context(), row)
    newest = {"source": found[-1]["source"], "version": found[-1]["number"], "versions": found}
    return {**jobs.brief(row), **newest, "url": url_for("v1.get_saved_network", job_id=row.id)}


@api.operation("POST", "/networks/graph", returns=Drawn)
def draw_network(body: GraphIn) -> dict[str, Any]:
    """The graph of a source. Nothing of it is run; what is wrong with it is in `problems`."""
    return networks.draw(context(), current(), body.source, body.images(), body.look())


@api.operation("POST", "/networks/outline", returns=list[CallSite])
def outline_network(body: OutlineIn) -> list[dict[str, str]]:
    """Every call site of a source by name, also inside blocks; `reveal` of the graph opens what hides one."""
    return networks.outline(context(), current(), body.source, body.images())


@api.operation("POST", "/networks/edit", returns=Edited)
def edit_network(body: EditIn) -> dict[str, Any]:
    """Do one edit of the graph to the source. 409 for a source that has changed since; nothing is run or saved."""
    return networks.edit(context(), current(), body.source, (body.edit, body.hash), body.images(), body.look())


@api.operation("POST", "/networks/measure", returns=Drawn)
def measure_network(body: MeasureIn) -> dict[str, Any]:
    """The graph with shapes, parameters, FLOPs, memory and receptive fields, from one run that computes nothing."""
    return networks.measure(context(), current(), body.source, body.images(), body.look(), body.job)


@api.operation("POST", "/networks/compare", returns=Difference)
def compare_networks(body: CompareIn) -> dict[str, Any]:
    """Layers added, removed and changed between two sources."""
    return networks.compare(context(), current(), body.before, body.after, body.images())


@api.operation("GET", "/networks/layers", returns=list[Layer])
def list_layers() -> list[dict[str, Any]]:
    """The palette: layers and functions with their typed arguments."""
    return networks.layers()


@api.operation("GET", "/networks/layers/<name>", returns=Documentation)
def layer_documentation(name: str) -> dict[str, str]:
    """torch's docstring of a layer of the palette."""
    return networks.documentation(context(), current(), name)


@api.operation("GET", "/networks/saved", returns=JobPage)
def list_saved_networks(query: TypedJobQuery) -> dict[str, Any]:
    """Saved networks that you may see, page by page. They are renamed, shared and deleted as jobs are."""
    return job_page(query, designs.TYPE)


@api.operation("POST", "/networks/saved", returns=Saved, status=201, idempotent=True)
def save_network(body: NetworkIn) -> dict[str, Any]:
    """Save a network as its first version. The source need not be finished: nothing is run."""
    values = body.model_dump()
    return _saved(once(values, lambda: designs.create(context(), current(), values)))


@api.operation("GET", "/networks/saved/<job_id>", returns=Saved)
def get_saved_network(job_id: str) -> dict[str, Any]:
    """A saved network with all its versions."""
    return _saved(designs.find(context(), current(), job_id))


@api.operation("POST", "/networks/saved/<job_id>/versions", returns=Version)
def save_version(job_id: str, body: VersionIn) -> dict[str, Any]:
    """Keep a new version; the same source makes none. 409 where somebody else saved one since `base`."""
    row = designs.find(context(), current(), job_id)
    return designs.save(context(), current(), row, body.model_dump())


@api.operation("GET", "/networks/saved/<job_id>/versions/<int:number>", returns=Version)
def get_version(job_id: str, number: int) -> dict[str, Any]:
    """One version."""
    return designs.version(context(), designs.find(context(), current(), job_id), number)
