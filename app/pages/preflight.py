"""The pre-flight card in the form of a new model: an estimate that fills by itself, and measuring on request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, render_template, request

from app.auth import current
from app.extensions import context
from app.forms import posted
from app.services import preflight
from data.errors import InvalidOptions, UserError

blueprint = Blueprint("preflight", __name__)


@blueprint.post("/models/preflight")
def estimate() -> str:
    """What the model would take, estimated; or why that cannot be told."""
    return _answer("models/preflight_estimate.html", preflight.estimate)


@blueprint.post("/models/preflight/measure")
def measure() -> str:
    """How long it would take, by a few real steps; or why they cannot be made."""
    return _answer("models/preflight_measured.html", preflight.measure)


def _answer(template: str, work: Callable[..., dict[str, Any]]) -> str:
    try:
        return render_template(template, found=work(context(), current(), posted(request.form)), said=[])
    except InvalidOptions as error:
        return render_template(template, found=None, said=[text for texts in error.fields.values() for text in texts])
    except UserError as error:
        return render_template(template, found=None, said=[str(error)])
