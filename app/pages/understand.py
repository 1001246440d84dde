"""What the dataset form's folder or file holds, told as soon as it is chosen: source, classes, counts, problems."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from app.auth import current
from app.extensions import context, offload
from app.services.context import require
from app.services.understand import FIELDS, understand
from data.errors import UserError
from data.sources import sources

blueprint = Blueprint("understand", __name__)


@blueprint.get("/datasets/understand")
def look() -> str:
    """The part of the form below the folder: what would be built from it, or why nothing can."""
    require(current(), "create")
    values = {name: request.args[name] for name in FIELDS if request.args.get(name)}
    try:
        found = offload(understand, context(), current(), values)
    except UserError as error:
        return render_template("datasets/understood.html", error=error, found=None, sources=sources)
    return render_template("datasets/understood.html", error=None, found=found, sources=sources)
