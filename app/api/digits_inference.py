"""DIGITS's classify_one and classify_many: the warm inspector answers, long lists are streamed in batches."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Any, TypeVar

from flask import Response, jsonify, request, stream_with_context
from werkzeug.exceptions import BadRequest

from app.api import digits_many
from app.api import digits_shapes as shapes
from app.api.digits_errors import new_blueprint
from app.api.digits_many import Named
from app.api.digits_models import epoch_of
from app.api.digits_urls import twin
from app.api.digits_visualizations import visualizations
from app.auth import current
from app.extensions import context
from app.services import models
from app.services.context import find_job, require
from app.services.inspection import Given
from app.services.models import checkpoint_name
from app.services.paths import server_path
from data.errors import UserError
from jobs.inspection import InspectorDied
from jobs.tables import JobRow

blueprint = new_blueprint("inference")
BATCH = 64
"""Images asked for at once: enough to fill a batch, few enough that a 1280x1280 photo each stays small."""
FAILURES = 1000
"""Unreadable images that are named in the answer; more are only counted."""
Batch = tuple[dict[str, list[list[Any]]], dict[str, str]]
"""Predictions by path, and the reason of each path that could not be read."""
T = TypeVar("T")
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
    found = {"predictions": shapes.prediction(answer["predictions"][0])}
    if request.values.get("show_visualizations", "").strip().lower() not in ("", "0", "false", "no", "off", "n"):
        given = Given(images[0] if images else None, path or None)
        found["visualizations"] = visualizations(context(), current(), row, given, answer["checkpoint"])
    return jsonify(found)


@twin(blueprint, "/models/images/classification/classify_many", "POST")
def classify_many() -> Response:
    """The five most likely classes of every image that ``image_list`` names, sent as they are found.

    Memory does not grow with the list. Images that cannot be read are named under ``failed`` and counted. A browser
    gets a page, with the confusion matrix where the list gives classes.
    """
    row, named = asked_for()
    batches = _batches(row, checkpoint_name(context(), row, epoch_of("snapshot_epoch")), named)
    first = next(batches, None)  # whatever is wrong with the request is found before the answer begins
    if first is None:
        raise BadRequest("image_list names no image.")
    if digits_many.wants_page():
        return digits_many.page(row, chain([first], batches))
    answers = ((found, wrong) for _, found, wrong in chain([first], batches))
    return Response(stream_with_context(written(answers)), mimetype="application/json")


def asked_for() -> tuple[JobRow, Iterator[Named]]:
    """The model and what the ``image_list`` of a request names. Raises BadRequest where there is none."""
    row, sent = _model(), request.files.get("image_list")
    require(current(), "infer", row)
    if sent is None:
        raise BadRequest("Send a text file with one image path a line as image_list.")
    lines = (line.decode("utf-8", "replace") for line in sent.stream)
    return row, named_images(lines, request.values.get("image_folder", "").strip(), _limit())


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


def named_images(lines: Iterable[str], folder: str = "", limit: int | None = None) -> Iterator[Named]:
    """The paths of an image list, each with the class behind it (any whole number, even one out of range), or None.

    Relative paths are taken from ``folder``; blank lines do not count; at most ``limit`` paths.
    """
    texts = (text for line in lines if (text := line.strip()))
    for text in islice(texts, limit):
        match = LINE.fullmatch(text)
        yield os.path.join(folder, match["path"] if match else text), int(match["label"]) if match else None


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


def batched(images: Iterator[T]) -> Iterator[list[T]]:
    """In lists of ``BATCH``."""
    while batch := list(islice(images, BATCH)):
        yield batch


def _batches(
    row: JobRow, checkpoint: str, images: Iterator[Named]
) -> Iterator[tuple[list[Named], dict[str, list[list[Any]]], dict[str, str]]]:
    for batch in batched(images):
        yield batch, *_classified(row, checkpoint, [path for path, _ in batch])


def _classified(row: JobRow, checkpoint: str, paths: list[str]) -> Batch:
    """Predictions by path, and the reasons of those that cannot be read."""
    allowed, wrong = readable(row, paths)
    found = _ask(row, checkpoint, allowed, wrong) if allowed else {}
    return found, wrong


def readable(row: JobRow, paths: list[str]) -> tuple[list[str], dict[str, str]]:
    """The paths inside the folders that may be read, and the reasons why others are not."""
    wrong: dict[str, str] = {}
    allowed = []
    for path in paths:
        try:
            server_path(context(), require(current(), "infer", row), path, "image_list")
            allowed.append(path)
        except UserError as error:
            wrong[path] = str(error)
    return allowed, wrong


def _ask(row: JobRow, checkpoint: str, paths: list[str], wrong: dict[str, str]) -> dict[str, Any]:
    """The predictions of a batch by path; those that cannot be read are added to ``wrong``."""
    answer = patiently(row, checkpoint, paths)
    wrong.update((paths[error["index"]], spoken(error)) for error in answer["errors"])
    pairs = zip(paths, answer["predictions"], strict=True)
    return {path: shapes.prediction(classes) for path, classes in pairs if classes}


def spoken(error: Mapping[str, Any]) -> str:
    """Why an image could not be read, and what to do."""
    return " ".join(text for text in (error["message"], error["hint"]) if text)


def patiently(row: JobRow, checkpoint: str, paths: list[str], top: int = 5) -> dict[str, Any]:
    """A second try where the inspector died: a new one is started for it."""
    more = {"paths": paths, "checkpoint": checkpoint, "top": top, "inputs": False, "tolerant": True}
    try:
        return models.classify(context(), current(), row, **more)
    except InspectorDied:
        return models.classify(context(), current(), row, **more)
