"""DIGITS's /files and /autocomplete/path, without its holes: only what may be seen, only inside the allowed roots."""

from __future__ import annotations

import json
from pathlib import Path

from flask import Response, jsonify, request, send_file
from werkzeug.wrappers import Response as AnyResponse

from app.api.digits_errors import new_blueprint
from app.api.digits_urls import twin
from app.auth import current
from app.extensions import context, offload
from app.services.context import NotFound, find_job
from app.services.suggest import suggest
from jobs.folder import JobFolder

blueprint = new_blueprint("files")

ARTIFACTS = ("mean.jpg", "mean.png", "mean.npy", "dataset.json", "failures.jsonl", "model.json", "network.py")
OWN = ("worker.log",)
LABELS = "labels.txt"
TEXT = frozenset({".log", ".jsonl", ".py"})


@blueprint.get("/files/<job_id>/<name>")
def file(job_id: str, name: str) -> AnyResponse:
    """A file of a job that may be seen, by its name in DIGITS's flat job folder; never any other file."""
    row = find_job(context(), current(), job_id)
    folder = context().store.folder(row.id)
    if name == LABELS:
        return Response(_labels(folder), mimetype="text/plain")
    path = public_path(folder, name)
    if path is None or not path.is_file():
        raise NotFound(f"{row.name} has no file {name}, or not yet.")
    return send_file(path, mimetype="text/plain" if path.suffix in TEXT else None, max_age=0)


def public_path(folder: JobFolder, name: str) -> Path | None:
    """Where a public file of a job lies; None for every name that is not public."""
    if name in ARTIFACTS:
        return folder.artifacts / name
    return folder.path / name if name in OWN else None


def _labels(folder: JobFolder) -> str:
    """The classes, one a line in the order of their numbers. Raises NotFound before they are known."""
    for name in ("model.json", "dataset.json"):
        path = folder.artifacts / name
        if path.is_file():
            return "".join(f"{label}\n" for label in json.loads(path.read_text(encoding="utf-8"))["classes"])
    raise NotFound("The classes are not known yet.")


@twin(blueprint, "/autocomplete/path", "GET")
def autocomplete() -> Response:
    """Paths that go on as ``query`` begins; a relative one gets a leading slash."""
    found = offload(suggest, context(), current(), request.args.get("query", ""), True)
    return jsonify(suggestions=[item["path"] for item in found])
