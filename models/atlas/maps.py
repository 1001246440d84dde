"""Maps of the kept images by what a layer's units say: a place in the plane for each, alike images close together.

Principal components always, from which follows where the same images lie at other checkpoints; t-SNE where asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.analysis.layout import LEAST, neighbours
from data.whole import make_whole

Places = NDArray[np.float32]
COMPONENTS = 30
"""Principal components that t-SNE is given, as is usual."""
EXACT = 1024
"""Up to so many units the components are those of the covariance matrix; beyond, a randomized method is faster."""


@dataclass(frozen=True)
class Basis:
    """Two axes float32 [units, 2] through the ``mean`` [units], and the ``scale`` that brings places into -1 .. 1."""

    mean: NDArray[np.float32]
    axes: NDArray[np.float32]
    scale: float
    explained: tuple[float, float]

    def places(self, rows: NDArray[Any]) -> Places:
        """Where rows [n, units] lie: float32 [n, 2]; beyond -1 .. 1 for rows unlike those it was made of."""
        found: Places = ((known(rows) - self.mean) @ self.axes * np.float32(self.scale)).astype(np.float32)
        return found


def basis(rows: NDArray[Any]) -> Basis:
    """The first two principal components of rows [n, units]; axes are 0 where there is nothing to tell apart."""
    values = known(rows)
    mean = values.mean(0) if len(values) else np.zeros(values.shape[1], np.float32)
    axes = np.zeros((values.shape[1], 2), np.float32)
    explained = [0.0, 0.0]
    if len(values) > 1 and (values != values[0]).any():
        found = components(values, 2)
        axes[:, : len(found.components_)] = found.components_.T
        explained = [*found.explained_variance_ratio_.tolist(), 0.0][:2]
    reach = float(np.abs((values - mean) @ axes).max(initial=0))
    return Basis(mean, axes, 1 / reach if reach > 0 else 1.0, (explained[0], explained[1]))


def components(values: NDArray[np.float32], count: int) -> Any:
    """A fitted sklearn PCA of at most ``count`` components, whose signs do not depend on chance."""
    from sklearn.decomposition import PCA

    count = min(count, *values.shape)
    solver = "covariance_eigh" if values.shape[1] <= EXACT else "randomized"
    return PCA(count, svd_solver=solver, random_state=0).fit(values)


def by_neighbours(rows: NDArray[Any]) -> Places | None:
    """t-SNE of rows [n, units] from their first components, float32 [n, 2] in -1 .. 1; None for too few rows."""
    if len(rows) < LEAST:
        return None
    values = known(rows)
    return neighbours(components(values, COMPONENTS).transform(values).astype(np.float32))


def known(rows: NDArray[Any]) -> NDArray[np.float32]:
    """float32; values that are no numbers count as 0."""
    return np.nan_to_num(np.asarray(rows, np.float32))


def save(path: Path, **arrays: Any) -> None:
    """Write an .npz as a whole."""

    def write(aside: Path) -> None:
        with aside.open("wb") as file:
            np.savez(file, **arrays)

    path.parent.mkdir(exist_ok=True)
    make_whole(path, write)


def save_basis(path: Path, found: Basis, places: Places) -> None:
    """Write a layer's map with what is needed to place other rows in it."""
    save(path, places=places, **{name: np.asarray(value) for name, value in vars(found).items()})


def read_basis(path: Path) -> Basis:
    """Read it back."""
    with np.load(path) as kept:
        explained = tuple(float(value) for value in kept["explained"])
        return Basis(kept["mean"], kept["axes"], float(kept["scale"]), (explained[0], explained[1]))
