"""DIGITS's routes about networks: the source to start one's own from, and a picture of one."""

from __future__ import annotations

from flask import Response, jsonify, request

from app.api.digits_errors import new_blueprint
from app.api.digits_urls import as_json, twin
from app.auth import current
from app.extensions import context
from app.services import models, networks
from app.services.checkpoints import checkpoint_name
from app.services.context import find_job
from app.services.designs import source_to_train
from data.errors import InvalidOptions, UserError
from jobs.job import is_id

blueprint = new_blueprint("networks")


@twin(blueprint, "/models/customize", "POST")
def customize() -> Response:
    """The source of a network of the library, or of an earlier model (by id), to start one's own from."""
    name = request.values.get("network", "")
    if not is_id(name):
        network = models.network(context(), name.lower())
        return jsonify(network=network["source"], snapshot=None, python_layer=None)
    row = find_job(context(), current(), name)
    if row.type == "network":
        return jsonify(network=source_to_train(context(), current(), name), snapshot=None, python_layer=None)
    row = find_job(context(), current(), name, "model")
    epoch = request.values.get("snapshot_epoch", type=float)
    weights = f"{checkpoint_name(context(), row, str(epoch))}.safetensors" if epoch and epoch > 0 else None
    return jsonify(network=models.source(context(), row), snapshot=weights, python_layer=None)


@twin(blueprint, "/models/visualize-network", "POST")
def visualize_network() -> Response:
    """A picture of the form's network: a piece of HTML with an SVG, or JSON with it as ``svg``. Nothing is run."""
    source = request.form.get("custom_network", "")
    if not source.strip():
        raise InvalidOptions({"custom_network": ["Give the network's source: Python with a class Net(nn.Module)."]})
    try:
        drawing = networks.plain_picture(context(), current(), source)
    except UserError as error:
        raise InvalidOptions({"custom_network": [str(error)]}) from None
    return jsonify(svg=drawing) if as_json() else Response(f'<div class="text-center">{drawing}</div>\n')
