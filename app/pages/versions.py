"""Making a new version of a dataset from the explorer or from a finding."""

from __future__ import annotations

from flask import Blueprint, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.auth import current
from app.extensions import context
from app.pages import choice
from app.pages.explore import query_of, state_of
from app.services import datasets, versions
from app.services.context import find_job, require

blueprint = Blueprint("versions", __name__)


@blueprint.post("/datasets/<job_id>/versions")
def create(job_id: str) -> AnyResponse:
    """Build a new version without what a finding proposes (``leave``), what was chosen (``at``) or a view shows."""
    row = find_job(context(), current(), job_id, "dataset")
    require(current(), "create")
    values = {"name": request.form.get("name", "").strip() or None}
    if finding := request.form.get("leave"):
        made = versions.without_finding(context(), current(), row, finding, values)
    else:
        manifest = datasets.manifest(context(), row)
        split = choice(request.form.get("split"), list(manifest["splits"]), next(iter(manifest["splits"])))
        asked = query_of(state_of(row, manifest, request.form), request.form.get("at"))
        made = versions.without_view(context(), current(), row, (split, asked), values)
    return redirect(url_for("datasets.show", job_id=made.id), 303)
