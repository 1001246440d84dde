"""Starting weights in the form of a new model: what fits, the network drawn to freeze layers, and weight files."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, render_template, request

from app.auth import current
from app.extensions import context
from app.forms import posted
from app.services import weights
from app.services.networks import Look
from data.errors import InvalidOptions, UserError

blueprint = Blueprint("weights", __name__)
MOST_OPEN = 5000


@blueprint.post("/models/weights")
def table() -> str:
    """Which weights would be taken, and every layer with its switch to freeze it; or why that cannot be told."""
    try:
        found = weights.describe(context(), current(), posted(request.form))
        return render_template("models/weights_table.html", found=found, said={})
    except InvalidOptions as error:
        return render_template("models/weights_table.html", found=None, said=error.fields)
    except UserError as error:
        return render_template("models/weights_table.html", found=None, said={error.field or "": [str(error)]})


@blueprint.post("/models/weights/graph")
def graph() -> Response:
    """The network of the form, drawn; ``open`` (once for each) are the ids of open blocks."""
    opened = tuple(request.form.getlist("open"))[:MOST_OPEN]
    values = posted(request.form)
    values.pop("open", None)
    try:
        return jsonify(weights.drawing(context(), current(), values, Look(opened)))
    except InvalidOptions as error:
        said = [text for texts in error.fields.values() for text in texts]
        return jsonify(picture=None, problems=[{"text": text} for text in said])
    except UserError as error:
        return jsonify(picture=None, problems=[{"text": str(error)}])


@blueprint.post("/models/weights/files")
def upload() -> Response:
    """Take a weight file, and say where it is."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise UserError("No file was sent.", field="file", hint="Choose a state_dict or safetensors file.")
    return jsonify(path=weights.receive(context(), current(), sent.stream, sent.filename))
