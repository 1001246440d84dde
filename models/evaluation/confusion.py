"""The confusion matrix and what follows from it for each class; pure functions on counts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.evaluation.intervals import wilson
from models.evaluation.records import NONE

Counts = NDArray[np.int64]


def confusion_matrix(labels: NDArray[Any], predicted: NDArray[Any], classes: int) -> Counts:
    """int64 [classes, classes]: images of class ``row`` taken for class ``column``.

    Images without a label (NONE) or without an answer are left out.
    """
    known = (labels != NONE) & (predicted != NONE)
    cells = labels[known].astype(np.int64) * classes + predicted[known]
    return np.bincount(cells, minlength=classes * classes).reshape(classes, classes)


@dataclass(frozen=True)
class ClassFigures:
    """float64 [classes] each, NaN where nothing can be said; intervals are 95 % Wilson, float64 [2, classes].

    The interval of F1 is that of the share 2 TP / (2 TP + FP + FN), taken as a proportion.
    """

    support: Counts
    predicted: Counts
    right: Counts
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]
    precision_interval: NDArray[np.float64]
    recall_interval: NDArray[np.float64]
    f1_interval: NDArray[np.float64]


def per_class(matrix: Counts) -> ClassFigures:
    """Precision, recall (the accuracy of a class) and F1 of every class."""
    right, support, predicted = np.diag(matrix), matrix.sum(1), matrix.sum(0)
    return ClassFigures(
        support=support,
        predicted=predicted,
        right=right,
        precision=share(right, predicted),
        recall=share(right, support),
        f1=share(2 * right, support + predicted),
        precision_interval=np.stack(wilson(right, predicted)),
        recall_interval=np.stack(wilson(right, support)),
        f1_interval=np.stack(wilson(2 * right, support + predicted)),
    )


def share(part: NDArray[Any], whole: NDArray[Any]) -> NDArray[np.float64]:
    """part / whole, NaN where ``whole`` is 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(whole > 0, part / whole, np.nan)


def most_confused(matrix: Counts, most: int = 50) -> list[dict[str, Any]]:
    """The pairs of classes taken for one another most often: {label, predicted, count, share of the label's images}."""
    wrong = matrix - np.diag(np.diag(matrix))
    order = np.argsort(-wrong, None, kind="stable")[:most]
    pairs = [divmod(int(cell), len(matrix)) for cell in order]
    support = matrix.sum(1)
    return [
        {
            "label": row,
            "predicted": column,
            "count": int(wrong[row, column]),
            "share": wrong[row, column] / support[row],
        }
        for row, column in pairs
        if wrong[row, column]
    ]
