"""Comparing runs: the page, and what its scripts ask for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from flask import Blueprint, Response, jsonify, render_template, request

from app.auth import current
from app.extensions import context
from app.services import comparison
from app.services.comparison import MOST, Choice, Shown, View
from data.errors import UserError

blueprint = Blueprint("comparison", __name__)
AXES = ("step", "epoch", "time")


@blueprint.get("/models/compare")
def show() -> str:
    """The page; which runs it shows, and how, is in its address, which its script reads."""
    return render_template("models/compare.html", most=MOST)


@blueprint.post("/models/compare/runs")
def runs() -> Response:
    """The runs of a choice (JSON: ids, group, tag, dataset, text), and what differs between them."""
    asked = _asked()
    ids = tuple(str(item) for item in asked.get("ids") or ())
    words = {key: str(asked[key]) for key in ("group", "tag", "dataset", "text") if asked.get(key)}
    limit = int(_number(asked.get("limit")) or MOST)
    return jsonify(comparison.compare(context(), current(), Choice(ids, **words, limit=limit)))


@blueprint.post("/models/compare/curves")
def curves() -> Response:
    """One curve of each run of ``ids``: a line of JSON, then the points as float64 (see :func:`_packed`)."""
    asked = _asked()
    rows, _ = comparison.choose(context(), current(), Choice(tuple(str(item) for item in asked.get("ids") or ("",))))
    view = View(
        str(asked.get("curve", "")),
        asked["axis"] if asked.get("axis") in AXES else "step",
        _number(asked.get("first")),
        _number(asked.get("last")),
        smooth=min(0.99, max(0.0, _number(asked.get("smooth")) or 0.0)),
    )
    found = comparison.curves(context(), rows, view, int(_number(asked.get("runs")) or 0) or None)
    return Response(_packed(found), mimetype="application/octet-stream")


def _asked() -> dict[str, Any]:
    asked = request.get_json(silent=True)
    if not isinstance(asked, dict):
        raise UserError("This request is not the JSON that the comparison's page sends.")
    return asked


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not np.isfinite(value):
        return None
    return float(value)


def _packed(found: Sequence[Shown]) -> bytes:
    """A line of JSON, ``[{"id", "total", "points"}]``, then for each run float64 columns step, wall, value, smoothed.

    Blanks make the line a multiple of 8 bytes long, so that a browser can look at the numbers where they are.
    """
    head = json.dumps([{"id": shown.id, "total": shown.total, "points": len(shown.points)} for shown in found]).encode()
    head += b" " * (-(len(head) + 1) % 8) + b"\n"
    numbers = [
        np.asarray(column, "<f8").tobytes()
        for shown in found
        for column in (shown.points["step"], shown.points["wall"], shown.points["value"], shown.smoothed)
    ]
    return head + b"".join(numbers)
