"""/api/v1: the routes of all operations, and their OpenAPI document."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from flask import Blueprint, jsonify, url_for
from werkzeug.wrappers import Response

from app.api import (
    v1_accounts,
    v1_analyses,
    v1_atlases,
    v1_datasets,
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
    v1_training,
    v1_units,
    v1_weights,
)
from app.api.endpoint import add_routes
from app.api.openapi import describe
from app.auth import public

APIS = (
    v1_jobs.api,
    v1_datasets.api,
    v1_analyses.api,
    v1_sources.api,
    v1_previews.api,
    v1_models.api,
    v1_evaluations.api,
    v1_atlases.api,
    v1_weights.api,
    v1_units.api,
    v1_preflight.api,
    v1_drawings.api,
    v1_networks.api,
    v1_schedules.api,
    v1_training.api,
    v1_layers.api,
    v1_accounts.api,
)
blueprint = Blueprint("v1", __name__, url_prefix="/api/v1")
for _api in APIS:
    add_routes(blueprint, _api)


@blueprint.get("/openapi.json")
@public
def openapi() -> Response:
    """The OpenAPI 3.1 document of this server."""
    return jsonify(_document(url_for("v1.openapi").removesuffix("/openapi.json")))


@lru_cache(maxsize=4)
def _document(prefix: str) -> dict[str, Any]:
    return describe(APIS, prefix)
