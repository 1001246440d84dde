"""Orders of the units of a layer that are more than a sort."""

from __future__ import annotations

import numpy as np

from models.atlas.layer import by_similarity
from models.atlas.units import alike


def test_look_alikes_are_neighbours_and_no_unit_is_lost() -> None:
    random = np.random.default_rng(0)
    base = random.normal(size=(200, 4))
    copies = np.concatenate([base, base + 0.05 * random.normal(size=base.shape)], 1).astype(np.float16)
    chain = by_similarity(alike(copies)).tolist()
    assert sorted(chain) == list(range(8))
    assert all(abs(chain.index(unit) - chain.index(unit + 4)) == 1 for unit in range(4))
    assert by_similarity(alike(copies[:, :1])).tolist() == [0]
