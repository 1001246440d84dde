"""DIGITS's routes for generic datasets: object detection and segmentation are made, the rest is refused in words."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import jsonify, redirect, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.api.digits_datasets import dataset_json
from app.api.digits_errors import checked, new_blueprint
from app.api.digits_fields import flat
from app.api.digits_generic_shapes import LATER, NAMES, generic_values
from app.api.digits_urls import as_json, twin
from app.auth import current
from app.extensions import context
from app.services import datasets
from app.services.context import NotFound, find_job, require
from data.errors import InvalidOptions

blueprint = new_blueprint("generic")
SOURCES = {"image-segmentation": "mask_pairs", "image-object-detection": "kitti"}


@twin(blueprint, "/datasets/generic/create/<extension>", "POST")
def create(extension: str) -> AnyResponse:
    """Build a dataset from the form of one of DIGITS's data extensions."""
    require(current(), "create")
    _known(extension)
    values = generic_values(extension, flat(request.form.items(multi=True)))
    row = checked(lambda: datasets.create(context(), current(), values), NAMES[extension])
    return jsonify(dataset_json(row)) if as_json() else redirect(url_for("datasets.show", job_id=row.id))


@twin(blueprint, "/datasets/images/generic", "POST")
def prebuilt() -> AnyResponse:
    """DIGITS's prebuilt databases hold Caffe's data; they are refused with what to do instead."""
    require(current(), "create")
    raise InvalidOptions(
        {"method": ["Foveal does not read databases that were made for Caffe; give the images they were made from."]}
    )


@blueprint.get("/datasets/images/generic/new")
@blueprint.get("/datasets/generic/new/<extension>")
def new(extension: str = "") -> AnyResponse:
    """The one form for all datasets, with the source chosen."""
    if extension:
        _known(extension)
    return redirect(url_for("datasets.new", source=SOURCES.get(extension)))


@blueprint.get("/datasets/generic/explore")
def explore() -> AnyResponse:
    """The explorer, which is the same for all datasets."""
    find_job(context(), current(), request.args.get("job_id", ""), "dataset")
    query = {name: request.args[name] for name in ("job_id", "db", "page", "size", "label") if name in request.args}
    query["db"] = query.get("db", "train").removesuffix("_db")
    return redirect(f"{request.script_root}/datasets/images/classification/explore?{urlencode(query)}")


def _known(extension: str) -> None:
    if extension not in NAMES:
        what = "does not have yet" if extension in LATER else "does not know"
        raise NotFound(f"{extension} is a data extension that Foveal {what}.", hint=f"It has: {', '.join(NAMES)}.")
