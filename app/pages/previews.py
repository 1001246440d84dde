"""What the forms show before a job is made: a dataset's images prepared in every way."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request

from app.auth import current
from app.extensions import context
from app.forms import posted
from app.pages import number
from app.services import previews
from app.services.context import NotAllowed, NotSignedIn
from app.services.previews import Look
from data.errors import InvalidOptions, UserError

blueprint = Blueprint("previews", __name__)


@blueprint.post("/datasets/preview")
def dataset() -> Response:
    """The preview of the dataset form as it is filled in now, or ``{"error": sentence}``: half a number is no fault."""
    values = posted(request.form)
    try:
        return jsonify(previews.preview(context(), current(), values, _look(values)))
    except (NotAllowed, NotSignedIn):
        raise
    except InvalidOptions as error:
        name, said = next(iter(error.fields.items()))
        return jsonify({"ready": False, "field": name, "error": said[0]})
    except UserError as error:
        return jsonify({"ready": False, "field": error.field, "error": str(error)})


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
