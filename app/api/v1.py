"""/api/v1: the routes of all operations, and their OpenAPI document."""

from __future__ import annotations

import subprocess
import sys
from functools import lru_cache
from pathlib import Path

from flask import Blueprint, Response, url_for

from app.api import (
    v1_accounts,
    v1_alerts,
    v1_analyses,
    v1_atlases,
    v1_comparisons,
    v1_datasets,
    v1_diaries,
    v1_drawings,
    v1_evaluations,
    v1_jobs,
    v1_layers,
    v1_models,
    v1_networks,
    v1_preflight,
    v1_previews,
    v1_schedules,
    v1_sources,
    v1_sweeps,
    v1_training,
    v1_units,
    v1_validations,
    v1_weights,
)
from app.api.endpoint import add_routes
from app.auth import public

APIS = (
    v1_jobs.api,
    v1_datasets.api,
    v1_analyses.api,
    v1_sources.api,
    v1_previews.api,
    v1_models.api,
    v1_sweeps.api,
    v1_evaluations.api,
    v1_atlases.api,
    v1_comparisons.api,
    v1_weights.api,
    v1_units.api,
    v1_preflight.api,
    v1_drawings.api,
    v1_networks.api,
    v1_schedules.api,
    v1_training.api,
    v1_layers.api,
    v1_diaries.api,
    v1_validations.api,
    v1_accounts.api,
    v1_alerts.api,
)
blueprint = Blueprint("v1", __name__, url_prefix="/api/v1")
for _api in APIS:
    add_routes(blueprint, _api)


@blueprint.get("/openapi.json")
@public
def openapi() -> Response:
    """The OpenAPI 3.1 document of this server."""
    return Response(_document(url_for("v1.openapi").removesuffix("/openapi.json")), mimetype="application/json")


@lru_cache(maxsize=4)
def _document(prefix: str) -> bytes:
    """The document as JSON, made by a process of its own that ends.

    The schemas of all operations are 12 MB that this process needs for nothing else, and half a second of work in
    which nobody would be served. Raises CalledProcessError.
    """
    command = [sys.executable, "-m", "app.api.openapi", prefix]
    return subprocess.run(command, cwd=Path(__file__).parents[2], check=True, stdout=subprocess.PIPE).stdout
