"""Completing a server path inside the allowed roots, and receiving an uploaded archive."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from app.auth import current
from app.extensions import context, offload
from app.services import uploads
from app.services.suggest import DATA, suggest
from data.errors import UserError

blueprint = Blueprint("browse", __name__)


@blueprint.get("/browse/paths")
def complete() -> Response:
    """Folders (``files=1``: files as well; ``files=data``: what datasets are read from) that begin as the text does."""
    files = request.args.get("files", "")
    found = offload(
        suggest, context(), current(), request.args.get("q", ""), bool(files), DATA if files == "data" else ()
    )
    return jsonify(found)


@blueprint.post("/browse/uploads")
def upload() -> Response:
    """Take a zip or tar of images, unpack it, and say where."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise UserError("No file was sent.", field="file", hint="Choose a zip or tar archive of your images.")
    return jsonify(path=uploads.receive(context(), current(), sent.stream, sent.filename))
