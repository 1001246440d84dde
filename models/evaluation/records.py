"""What is kept of each image judged: a fixed-size record, appended batch by batch, so that a killed worker goes on."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import UserError
from data.whole import naming

TOP = 5
NONE = -1
RESULT = np.dtype(
    [
        ("label", "<i4"),  # class number, NONE where it is not known
        ("predicted", "<i4"),  # the likeliest class, the lowest number among equals; NONE: the image could not be read
        ("rank", "<i4"),  # how many classes were likelier than the true one; NONE without a label
        ("confidence", "<f4"),  # probability of the predicted class
        ("truth", "<f4"),  # probability of the true class; NaN without a label
        ("loss", "<f4"),  # -log of it, nats; NaN without a label
        ("brightness", "<f4"),  # mean of the pixels the network saw, 0..1
        ("contrast", "<f4"),  # their standard deviation, 0..0.5
        ("top", "<i4", (TOP,)),  # the likeliest classes, best first; NONE where there are fewer
        ("probability", "<f4", (TOP,)),  # their probabilities
    ]
)
SCORES_LIMIT = 4 << 30
"""Bytes of class probabilities that are kept for curves; a larger evaluation keeps the five likeliest classes only."""


@dataclass(frozen=True)
class Failure:
    """An image that could not be read: its number in the evaluation, where it is, why, and what to do."""

    index: int
    path: str
    reason: str
    hint: str = ""


class Results:
    """The growing files of an evaluation in ``folder``: results.bin, scores.bin (float32 [n, classes]), failures.jsonl.

    ``done`` images are on disk. Scores are written before results, failures before both: whatever a killed worker left
    of a batch beyond ``done`` is cut off when the files are opened again.
    """

    def __init__(self, folder: Path, classes: int, *, scores: bool) -> None:
        self.results_path = folder / "results.bin"
        self.scores_path = folder / "scores.bin"
        self.failures_path = folder / "failures.jsonl"
        self._row = 4 * classes
        self._scores = scores
        self.done = self._heal()

    def append(
        self, records: NDArray[Any], probabilities: NDArray[np.float32], failures: Sequence[Failure] = ()
    ) -> None:
        """Add a batch: RESULT [n], float32 [n, classes]. Raises OSError naming the file (disk full)."""
        lines = "".join(json.dumps(asdict(failure)) + "\n" for failure in failures)
        _append(self.failures_path, lines.encode())
        if self._scores:
            _append(self.scores_path, np.ascontiguousarray(probabilities, "<f4").tobytes())
        _append(self.results_path, records.tobytes())
        self.done += len(records)

    def _heal(self) -> int:
        done = _size(self.results_path) // RESULT.itemsize
        if self._scores:
            done = min(done, _size(self.scores_path) // self._row)
            _cut(self.scores_path, done * self._row)
        _cut(self.results_path, done * RESULT.itemsize)
        kept = [line for line in _lines(self.failures_path) if json.loads(line)["index"] < done]
        if self.failures_path.exists():
            self.failures_path.write_bytes(b"".join(kept))
        return done


def read_results(folder: Path) -> NDArray[Any]:
    """All whole records so far as RESULT [n], mapped from the file. Raises UserError where there is none."""
    path = folder / "results.bin"
    count = _size(path) // RESULT.itemsize
    if not count:
        raise UserError("This evaluation has no result yet.", hint="Wait until the first images have been judged.")
    return np.memmap(path, RESULT, "r", shape=(count,))


def read_scores(folder: Path, classes: int) -> NDArray[np.float32] | None:
    """Class probabilities float32 [n, classes], mapped from the file; None where they were not kept."""
    path = folder / "scores.bin"
    count = _size(path) // (4 * classes)
    return np.memmap(path, "<f4", "r", shape=(count, classes)) if count else None


def read_failures(folder: Path, first: int = 0, count: int | None = None) -> list[Mapping[str, Any]]:
    """Failures number ``first`` and the following ``count`` (None: all), in the order of the images."""
    lines = _lines(folder / "failures.jsonl")
    return [json.loads(line) for line in lines[first : None if count is None else first + count]]


def _append(path: Path, data: bytes) -> None:
    if not data:
        return
    try:
        with path.open("ab", buffering=0) as file:
            while data:
                data = data[file.write(data) or 0 :]
    except OSError as error:
        raise naming(path, error) from error


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _cut(path: Path, size: int) -> None:
    if path.exists():
        os.truncate(path, size)


def _lines(path: Path) -> list[bytes]:
    """Whole lines only."""
    text = path.read_bytes() if path.exists() else b""
    return text[: text.rfind(b"\n") + 1].splitlines(keepends=True)
