"""DIGITS's classify_one and classify_many: the warm inspector answers, long lists are streamed in batches."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any

from flask import Response, jsonify, request, stream_with_context
from werkzeug.exceptions import BadRequest

from app.api import digits_shapes as shapes
from app.api.digits_errors import new_blueprint
from app.api.digits_models import epoch_of
from app.api.digits_urls import twin
from app.auth import current
from app.extensions import context
from app.services import models
from app.services.context import find_job, require
from app.services.models import checkpoint_name
from app.services.paths import server_path
from data.errors import UserError
from jobs.inspection import InspectorDied, InspectorTimeout
from jobs.tables import JobRow

blueprint = new_blueprint("inference")
BATCH = 64
"""Images asked for at once: enough to fill a batch, few enough that a 1280x1280 photo each stays small."""
FAILURES = 1000
"""Unreadable images that are named in the answer; more are only counted."""
Batch = tuple[dict[str, list[list[Any]]], dict[str, str]]
"""Predictions by path, and the reason of each path that could not be read."""
LINE = re.compile(r"(?P<path>.*\S)\s+(?P<label>-?\d+)")


@twin(blueprint, "/models/images/classification/classify_one", "POST")
def classify_one() -> Response:
    """The five most likely classes of an uploaded image (``image_file``) or a file on the server (``image_path``)."""
    row = _model()
    sent, path = request.files.get("image_file"), request.values.get("image_path", "").strip()
    if sent is None and not path:
        raise BadRequest("Send an image as image_file, or its path on the server as image_path.")
    _refuse_address(path)
    images, paths = ([sent.read()], ()) if sent else ([], [path])
    answer = models.classify(
        context(), current(), row, images, paths=paths, checkpoint=epoch_of("snapshot_epoch"), top=5
    )
    return jsonify(predictions=shapes.prediction(answer["predictions"][0]))


@twin(blueprint, "/models/images/classification/classify_many", "POST")
def classify_many() -> Response:
    """The five most likely classes of every image that ``image_list`` names, sent as they are found.

    Memory does not grow with the list. Images that cannot be read are named under ``failed`` and counted.
    """
    row, sent = _model(), request.files.get("image_list")
    require(current(), "infer", row)
    if sent is None:
        raise BadRequest("Send a text file with one image path a line as image_list.")
    lines = (line.decode("utf-8", "replace") for line in sent.stream)
    paths = image_paths(lines, request.values.get("image_folder", "").strip(), _limit())
    batches = _batches(row, checkpoint_name(context(), row, epoch_of("snapshot_epoch")), paths)
    first = next(batches, None)  # whatever is wrong with the request is found before the answer begins
    if first is None:
        raise BadRequest("image_list names no image.")
    return Response(stream_with_context(written(chain([first], batches))), mimetype="application/json")


def _model() -> JobRow:
    return find_job(context(), current(), request.values.get("job_id", ""), "model")


def _limit() -> int | None:
    text = request.values.get("num_test_images", "").strip()
    if text and (not text.isdecimal() or int(text) == 0):
        raise BadRequest(f"num_test_images is {text!r}; it must be a whole number above zero, or blank for all.")
    return int(text) if text else None


def _refuse_address(path: str) -> None:
    """DIGITS fetched images from any address, for anybody; that lets a stranger use the server inside its network."""
    if path.lower().startswith(("http://", "https://")):
        raise BadRequest(f"Foveal does not fetch images from a web address ({path}); send it as image_file.")


def image_paths(lines: Iterable[str], folder: str = "", limit: int | None = None) -> Iterator[str]:
    """The paths of an image list: ``path`` or ``path label`` a line (any label, even one out of range, is passed over).

    Relative paths are taken from ``folder``; blank lines do not count; at most ``limit`` paths.
    """
    texts = (text for line in lines if (text := line.strip()))
    for text in islice(texts, limit):
        match = LINE.fullmatch(text)
        yield os.path.join(folder, match["path"] if match else text)


def written(batches: Iterable[Batch]) -> Iterator[str]:
    """``{"classifications": {path: [[label, percent] ...]}, "failed": {path: reason}, "failures": n}`` in pieces."""
    failed: dict[str, str] = {}
    failures, comma = 0, ""
    yield '{"classifications": {'
    for found, wrong in batches:
        failures += len(wrong)
        failed.update(islice(wrong.items(), FAILURES - len(failed)))
        if found:
            yield comma + json.dumps(found)[1:-1]
            comma = ", "
    yield f'}}, "failed": {json.dumps(failed)}, "failures": {failures}}}'


def _batches(row: JobRow, checkpoint: str, paths: Iterator[str]) -> Iterator[Batch]:
    while batch := list(islice(paths, BATCH)):
        yield _classified(row, checkpoint, batch)


def _classified(row: JobRow, checkpoint: str, paths: list[str]) -> Batch:
    """Predictions by path, and the reasons of those that cannot be read."""
    wrong: dict[str, str] = {}
    allowed = []
    for path in paths:
        try:
            server_path(context(), require(current(), "infer", row), path, "image_list")
            allowed.append(path)
        except UserError as error:
            wrong[path] = str(error)
    found = _ask(row, checkpoint, allowed, wrong) if allowed else {}
    return found, wrong


def _ask(row: JobRow, checkpoint: str, paths: list[str], wrong: dict[str, str]) -> dict[str, Any]:
    """Ask for a batch; where an image in it cannot be read, ask for its halves, so that only that one is missing."""
    try:
        answer = _patiently(row, checkpoint, paths)
    except (InspectorDied, InspectorTimeout):
        raise
    except UserError as error:
        if len(paths) == 1:
            wrong[paths[0]] = str(error)
            return {}
        middle = len(paths) // 2
        return {**_ask(row, checkpoint, paths[:middle], wrong), **_ask(row, checkpoint, paths[middle:], wrong)}
    predictions = (shapes.prediction(classes) for classes in answer["predictions"])
    return dict(zip(paths, predictions, strict=True))


def _patiently(row: JobRow, checkpoint: str, paths: list[str]) -> dict[str, Any]:
    """A second try where the inspector died: a new one is started for it."""
    try:
        return models.classify(context(), current(), row, paths=paths, checkpoint=checkpoint, top=5)
    except InspectorDied:
        return models.classify(context(), current(), row, paths=paths, checkpoint=checkpoint, top=5)
