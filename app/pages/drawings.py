"""Network files of other programs: the page that draws one, and receiving an upload."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, jsonify, render_template, request

from app.auth import current
from app.extensions import context
from app.pages import number
from app.services import drawings
from app.services.networks import Look
from data.errors import UserError
from models.foreign.files import ENDINGS

blueprint = Blueprint("drawings", __name__)
DEEPEST = 6


@blueprint.get("/networks/file")
def show() -> str:
    """Choose a file, or see ``?path=`` drawn, its blocks open down to ``?depth=`` at first."""
    path, depth = request.args.get("path", "").strip(), number(request.args.get("depth"), 1, 0, DEEPEST)
    found: dict[str, Any] | None = None
    said = ""
    if path:
        try:
            found = drawings.draw(context(), current(), path, Look(depth=depth))
        except UserError as error:
            said = str(error)
    drawn = {key: value for key, value in (found or {}).items() if key != "layers"}
    return render_template(
        "networks/file.html",
        path=path, found=found, said=said, data={"path": path, "title": drawn.get("title"), "answer": drawn},
        endings=ENDINGS, limit_mb=context().settings.max_upload_mb,
    )  # fmt: skip


@blueprint.post("/networks/file")
def upload() -> Response:
    """Take a network file, and say where it is."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise UserError("No file was sent.", field="file", hint=f"Choose a {' or '.join(ENDINGS)} file.")
    return jsonify(path=drawings.receive(context(), current(), sent.stream, sent.filename))
