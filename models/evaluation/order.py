"""Orders of classes that make a large confusion matrix readable: most errors first, or look-alikes side by side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.evaluation.confusion import Counts


def by_errors(matrix: Counts) -> NDArray[np.int64]:
    """Classes that take part in most errors, as the true or the predicted one, first."""
    errors = matrix.sum(0) + matrix.sum(1) - 2 * np.diag(matrix)
    return np.argsort(-errors, kind="stable")


def clustered(matrix: Counts) -> NDArray[np.int64]:
    """Classes by average-linkage clustering of how often they are confused; confused ones become neighbours."""
    from scipy.cluster.hierarchy import leaves_list, linkage
    from scipy.spatial.distance import squareform

    if len(matrix) < 3:
        return np.arange(len(matrix))
    shares = matrix / np.maximum(1, matrix.sum(1))[:, None]
    alike = (shares + shares.T) / 2
    distance = 1 - alike / max(1e-12, float(np.max(alike - np.diag(np.diag(alike)), initial=0.0)))
    np.fill_diagonal(distance, 0)
    leaves: NDArray[np.int64] = leaves_list(linkage(squareform(np.clip(distance, 0, None), checks=False), "average"))
    return leaves.astype(np.int64)
