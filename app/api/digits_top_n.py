"""DIGITS's top_n: of a list of images, those that the model takes most surely for each class."""

from __future__ import annotations

import heapq
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from flask import Response, jsonify, make_response, render_template, request
from werkzeug.exceptions import BadRequest

from app.api.digits_errors import new_blueprint
from app.api.digits_inference import asked_for, batched, patiently, readable, spoken
from app.api.digits_models import epoch_of
from app.api.digits_urls import as_json, twin
from app.extensions import context, offload
from app.services.checkpoints import checkpoint_name
from app.services.sprites import sheet_of
from data.codecs import decode
from data.files import read_file
from jobs.tables import JobRow

blueprint = new_blueprint("top_n")
USUAL = 9
MOST = 100
PICTURED = 200
"""Classes that are shown with pictures; more are named with their paths only."""
CELL = 96
Found = tuple[float, int, str]
"""(probability, minus the place in the list, path): of equal probabilities the earlier image is the larger."""


@twin(blueprint, "/models/images/classification/top_n", "POST")
def top_n() -> Response:
    """The ``top_n`` (9) images of each class as a page, or as JSON ``{"top_n": {class: [[path, percent] ...]}}``."""
    row, named = asked_for()
    paths = (path for path, _ in named)
    count, wrong = _count(), {}
    names: list[str] = context().states.get(row.id).artifacts.get("model", {}).get("classes") or []
    checkpoint = checkpoint_name(context(), row, epoch_of("snapshot_epoch"))
    best = largest(_answers(row, checkpoint, paths, len(names), wrong), len(names), count)
    table = {
        name: [[path, round(100 * share, 2)] for share, _, path in found]
        for name, found in zip(names, best, strict=True)
    }
    if as_json():
        return jsonify(top_n=table, failed=wrong)
    pictures = {name: _picture([path for path, _ in found]) for name, found in list(table.items())[:PICTURED] if found}
    return make_response(render_template("digits/top_n.html", model=row, table=table, pictures=pictures, failed=wrong))


def _count() -> int:
    text = request.values.get("top_n", "").strip() or str(USUAL)
    if not text.isdecimal() or not 0 < int(text) <= MOST:
        raise BadRequest(f"top_n is {text!r}; it must be a whole number from 1 to {MOST}.")
    return int(text)


def _answers(
    row: JobRow, checkpoint: str, paths: Iterator[str], classes: int, wrong: dict[str, str]
) -> Iterator[tuple[str, Sequence[Mapping[str, Any]]]]:
    """Each image that can be read, with the probabilities of all classes."""
    for batch in batched(paths):
        allowed, outside = readable(row, batch)
        wrong.update(outside)
        if not allowed:
            continue
        answer = patiently(row, checkpoint, allowed, classes)
        wrong.update((allowed[error["index"]], spoken(error)) for error in answer["errors"])
        yield from ((path, found) for path, found in zip(allowed, answer["predictions"], strict=True) if found)


def largest(answers: Iterable[tuple[str, Sequence[Mapping[str, Any]]]], classes: int, count: int) -> list[list[Found]]:
    """For each class the ``count`` images with the highest probability, best first; memory stays flat."""
    heaps: list[list[Found]] = [[] for _ in range(classes)]
    for place, (path, found) in enumerate(answers):
        for item in found:
            heap, one = heaps[item["index"]], (float(item["probability"]), -place, path)
            if len(heap) < count:
                heapq.heappush(heap, one)
            elif one > heap[0]:
                heapq.heapreplace(heap, one)
    return [sorted(heap, reverse=True) for heap in heaps]


def _picture(paths: list[str]) -> str:
    """The images in one JPEG, as an address that holds the data itself."""
    data = offload(sheet_of, lambda number: decode(read_file(paths[number]), 3), range(len(paths)), CELL)
    return f"data:image/jpeg;base64,{b64encode(data).decode()}"
