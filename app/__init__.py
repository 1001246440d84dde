"""The web: the only place that knows HTTP, HTML and sockets. It never imports torch."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

from flask import Blueprint, Flask

from app import auth, live, problems, security
from app.config import Settings
from app.extensions import PatientRequest
from app.services.context import Context
from app.version import VERSION
from jobs.inspection import Inspectors
from jobs.store import Store

if TYPE_CHECKING:
    from types import ModuleType

UPLOAD_MARGIN = 1_000_000
"""Bytes that a request may have beyond the largest upload: form fields and part headers."""


def create_app(settings: Settings, store: Store | None = None, inspectors: Inspectors | None = None) -> Flask:
    """The application on ``settings``. Raises OSError where its home cannot be written.

    ``store`` and ``inspectors`` are made from the settings where not given (tests give their own).
    """
    app = Flask(__name__)
    app.request_class = PatientRequest
    store = store or Store(settings.home, settings.database_url)
    app.extensions["foveal"] = Context(store, settings, inspectors or Inspectors(settings.home))
    app.config["MAX_CONTENT_LENGTH"] = settings.max_upload_mb * 1_000_000 + UPLOAD_MARGIN
    app.config["MAX_FORM_MEMORY_SIZE"] = 4_000_000  # the source of a network is a form field
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.context_processor(lambda: {"version": VERSION})
    security.install(app, settings)
    auth.install(app)
    problems.install(app)
    for blueprint in _blueprints():
        app.register_blueprint(blueprint)
    live.install(app)
    security.behind_proxy(app, settings)
    return app


def _blueprints() -> Iterator[Blueprint]:
    """The ``blueprint`` of every module of app.pages and app.api: adding a file adds its routes."""
    for package in ("app.pages", "app.api"):
        for module in _modules(importlib.import_module(package)):
            if isinstance(blueprint := getattr(module, "blueprint", None), Blueprint):
                yield blueprint


def _modules(package: ModuleType) -> Iterator[ModuleType]:
    for found in pkgutil.iter_modules(package.__path__, package.__name__ + "."):
        yield importlib.import_module(found.name)
