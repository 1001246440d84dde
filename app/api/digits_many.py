"""DIGITS's classify_many as a page: the likeliest classes of each image, the confusion where classes are given."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from flask import Response, make_response, render_template, request
from numpy.typing import NDArray
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from app.extensions import context
from jobs.tables import JobRow
from models.evaluation.confusion import confusion_matrix
from models.evaluation.records import NONE

ROWS = 1000
"""Images that the page lists; more are only counted."""
MATRIX = 50
"""Up to so many classes the page has the confusion matrix."""
Named = tuple[str, int | None]
"""A path and the number of its true class, None where the list gives none."""


def wants_page() -> bool:
    """Whether this request comes from a browser: HTML before JSON in Accept; ``*/*``, what scripts send, is not."""
    accept = parse_accept_header(request.headers.get("Accept", ""), MIMEAccept)
    named = [kind for kind, _ in accept if kind == "text/html"]
    return bool(named) and not request.path.endswith(".json")


@dataclass
class Tally:
    """What the page shows; ``matrix`` int64 [classes, classes], rows true."""

    names: list[str]
    rows: list[dict[str, Any]] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    seen: int = 0
    unknown: int = 0
    in_top: int = 0
    matrix: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        self.matrix = np.zeros((len(self.names), len(self.names)), np.int64)

    def add(self, batch: list[Named], found: dict[str, list[list[Any]]], wrong: dict[str, str]) -> None:
        """Count a batch: predictions [[class, percent] ...] by path, and reasons by path."""
        self.failed.update(wrong)
        labels, answers = [], []
        for path, label in batch:
            if not (guesses := found.get(path)):
                continue
            self.seen += 1
            known = label is not None and 0 <= label < len(self.names)
            self.unknown += label is not None and not known
            true = self.names[label] if label is not None and known else None
            self.in_top += true in [name for name, _ in guesses]
            labels.append(label if known else NONE)
            answers.append(self.names.index(guesses[0][0]))
            if len(self.rows) < ROWS:
                self.rows.append({"path": path, "class": true, "guesses": guesses})
        self.matrix += confusion_matrix(np.array(labels, int), np.array(answers, int), len(self.names))


def page(row: JobRow, batches: Iterator[tuple[list[Named], dict[str, list[list[Any]]], dict[str, str]]]) -> Response:
    """The whole answer as HTML."""
    names = context().states.get(row.id).artifacts.get("model", {}).get("classes") or []
    tally = Tally([name.replace("_", " ") for name in names])  # as predictions name them
    for batch, found, wrong in batches:
        tally.add(batch, found, wrong)
    labelled, right = int(tally.matrix.sum()), int(np.trace(tally.matrix))
    shown = labelled and len(tally.names) <= MATRIX
    return make_response(
        render_template(
            "digits/classify_many.html", model=row, tally=tally, labelled=labelled, right=right,
            matrix=tally.matrix.tolist() if shown else None,
        )
    )  # fmt: skip
