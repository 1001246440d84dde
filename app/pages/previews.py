"""What the forms show before a job is made: images prepared in every way, images augmented, classes balanced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, jsonify, request

from app.auth import current
from app.extensions import context
from app.forms import posted
from app.pages import number
from app.services import augmentation, previews
from app.services.context import NotAllowed, NotFound, NotSignedIn
from app.services.previews import Look
from data.errors import InvalidOptions, UserError

blueprint = Blueprint("previews", __name__)


def typed(work: Callable[[], Any]) -> Response:
    """What ``work`` answers as JSON, or ``{"error": sentence, "field"}``: half a number in a form is no fault."""
    try:
        return jsonify(work())
    except (NotAllowed, NotSignedIn, NotFound):
        raise
    except InvalidOptions as error:
        name, said = next(iter(error.fields.items()))
        return jsonify({"field": name, "error": said[0]})
    except UserError as error:
        return jsonify({"field": error.field, "error": str(error)})


@blueprint.post("/datasets/preview")
def dataset() -> Response:
    """The preview of the dataset form as it is filled in now."""
    values = posted(request.form)
    return typed(lambda: previews.preview(context(), current(), values, _look(values)))


@blueprint.post("/datasets/preview/picture")
def picture() -> Response:
    """One image of the preview in full, as it would be stored."""
    values = posted(request.form)
    data, mimetype = previews.picture(
        context(), current(), values, _look(values), number(values.get("preview-picture"), 0, 0, previews.MOST_PICTURES)
    )
    return Response(data, mimetype=mimetype)


def _look(values: dict[str, str]) -> Look:
    return Look(
        count=number(values.get("preview-count"), Look.count, 1, previews.MOST_PICTURES),
        draw=number(values.get("preview-draw"), Look.draw, 0, 10**6),
        cell=number(values.get("preview-cell"), Look.cell, 32, 256),
    )


@blueprint.post("/models/preview")
def augmented() -> Response:
    """Images of the model form's dataset as the chosen augmentation would change them."""
    values = posted(request.form)
    draws = augmentation.Draws(
        images=number(values.get("preview-images"), augmentation.Draws.images, 1, augmentation.MOST_IMAGES),
        draws=number(values.get("preview-draws"), augmentation.Draws.draws, 1, augmentation.MOST_DRAWS),
        draw=number(values.get("preview-draw"), 0, 0, 10**6),
        cell=number(values.get("preview-cell"), augmentation.Draws.cell, 32, 256),
    )
    return typed(lambda: augmentation.preview(context(), current(), values.get("dataset", ""), values, draws))


@blueprint.post("/models/balance")
def balance() -> Response:
    """The classes of the model form's dataset under the chosen sampler and weights."""
    values = posted(request.form)
    return typed(lambda: {"classes": augmentation.balance(context(), current(), values.get("dataset", ""), values)})
