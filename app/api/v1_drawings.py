"""/api/v1/networks/files: drawing network files of other programs (torch.export's .pt2, ONNX)."""

from __future__ import annotations

from typing import Annotated, Any

from flask import Response
from pydantic import Field, StrictBool

from app.api.endpoint import Api, Input, sent_file
from app.api.inputs import Count, UploadQuery
from app.api.outputs import Uploaded
from app.api.v1_networks import CallSite, Drawn, Node
from app.auth import current
from app.extensions import context
from app.services import drawings
from app.services.networks import Look

api = Api("networks")


class FileIn(Input):
    """A network file on the server, and what of it to draw."""

    file: Annotated[str, Field(min_length=1, max_length=4096, description="Its path; an upload answers one.")]
    open: list[Node] = Field(default_factory=list, max_length=5000, description="Ids of open blocks and runs.")
    fold: StrictBool = Field(True, description="Draw neighbours that are alike as one node.")
    depth: Annotated[Count, Field(le=40)] | None = Field(None, description="Open whole levels.")
    reveal: Node | None = Field(None, description="Open what hides this node.")


class OutlineFileIn(Input):
    """A network file on the server."""

    file: Annotated[str, Field(min_length=1, max_length=4096)]


class PictureIn(Input):
    """A network file, and how deep its blocks are open."""

    file: Annotated[str, Field(min_length=1, max_length=4096)]
    depth: Annotated[Count, Field(le=40)] = 1


class DrawnFile(Drawn):
    """The picture of a file; all nodes are locked. `hash` means nothing here."""

    title: str
    depth: int = Field(description="Levels of blocks.")
    layers: list[dict[str, Any]] = Field(description="What computes: node, name, op, output, parameters, flops.")


@api.operation(
    "POST",
    "/networks/files",
    returns=Uploaded,
    status=201,
    takes=("application/octet-stream", "multipart/form-data"),
)
def upload_network_file(query: UploadQuery) -> dict[str, Any]:
    """Store a .pt2 or .onnx file: as the body, its name in `filename`, or as the file `file` of a form."""
    return {"path": drawings.receive(context(), current(), *sent_file(query.filename))}


@api.operation("POST", "/networks/files/draw", returns=DrawnFile)
def draw_network_file(body: FileIn) -> dict[str, Any]:
    """The graph of a network file with shapes and costs, described in a confined inspector."""
    look = Look(tuple(body.open), body.fold, body.depth, body.reveal)
    return drawings.draw(context(), current(), body.file, look)


@api.operation("POST", "/networks/files/outline", returns=list[CallSite])
def outline_network_file(body: OutlineFileIn) -> list[dict[str, str]]:
    """Every node of a network file by name, also inside blocks; `reveal` of the graph opens what hides one."""
    return drawings.outline(context(), current(), body.file)


@api.operation("POST", "/networks/files/picture", produces="image/svg+xml")
def network_file_picture(body: PictureIn) -> Response:
    """The same as a picture."""
    return Response(drawings.picture(context(), current(), body.file, body.depth), mimetype="image/svg+xml")
