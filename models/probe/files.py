"""What each validation leaves in ``validations/`` of a model's job folder; read without torch while it trains.

``about.json`` says what the probes are (:class:`Validations`); ``<step>.npz`` is a validation: ``epoch`` float64 and
``number`` int64, counted from 0; ``own`` float32 [probes] the probability of each image's own class; ``top`` int32 and
``sure`` float32 [probes, TOP] the surest classes; ``matrix`` int32 [classes, classes] where there are few classes,
rows the true ones; ``maps`` uint8 [probes, units, height, width] and ``low``, ``high`` float32 [units]: activations
from low to high.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.errors import UserError
from data.whole import make_whole, write_json

FORMAT = 1
TOP = 5
DIGITS = 10
"""Of a step in a file's name, so that names sort as steps do."""
Looked = Mapping[str, NDArray[Any]]


def choose(labels: NDArray[np.integer], count: int, seed: int) -> NDArray[np.int64]:
    """Record numbers of at most ``count`` images, as evenly over the classes as can be, sorted by class.

    Depends on the arguments alone: the same images in every training with that seed.
    """
    chance = np.random.default_rng([seed, 0x9B0BE])
    known = chance.permutation(np.unique(labels[labels >= 0]))
    queues = [chance.permutation(np.flatnonzero(labels == cls)).tolist() for cls in known]
    chosen: list[int] = []
    while len(chosen) < count and any(queues):
        for queue in queues:
            if queue and len(chosen) < count:
                chosen.append(queue.pop())
    return np.asarray(sorted(chosen, key=lambda number: (int(labels[number]), number)), np.int64)


@dataclass(frozen=True)
class Validations:
    """The folder. ``about``: {"format", "records", "labels", "layer", "units", "split", "classes"}."""

    folder: Path

    def about(self) -> dict[str, Any] | None:
        """What the probes are; None where there is nothing yet. Raises UserError."""
        try:
            found: dict[str, Any] = json.loads((self.folder / "about.json").read_text(encoding="utf-8"))
            if found["format"] != FORMAT:
                raise ValueError("it is of another format")
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UserError(f"The validations in {self.folder} cannot be read: {error}.") from error
        return found

    def steps(self) -> list[int]:
        """Steps after which there was a validation, rising."""
        names = (path.stem for path in self.folder.glob("*.npz"))
        return sorted(int(name) for name in names if name.isdigit())

    def read(self, step: int, only: Sequence[str] = ()) -> dict[str, NDArray[Any]]:
        """One validation, ``only`` some of its arrays. Raises KeyError where there is none, UserError if damaged."""
        try:
            with np.load(self._path(step), allow_pickle=False) as file:
                return {name: file[name] for name in file.files if not only or name in only}
        except FileNotFoundError:
            raise KeyError(step) from None
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            raise UserError(f"The validation at step {step} cannot be read: {error}.") from error

    def write(self, step: int, found: Looked, about: Mapping[str, Any]) -> None:
        """Keep one validation, and at the first say what the probes are. Raises OSError."""
        self.folder.mkdir(exist_ok=True)
        if not (self.folder / "about.json").exists():
            write_json(self.folder / "about.json", {"format": FORMAT, **about})
        held = BytesIO()
        np.savez_compressed(held, **found)  # type: ignore[arg-type]
        make_whole(self._path(step), lambda aside: aside.write_bytes(held.getvalue()), durable=False)

    def remove(self, step: int) -> None:
        """Drop one validation."""
        self._path(step).unlink(missing_ok=True)

    def cut(self, step: int) -> None:
        """Drop what came after ``step``."""
        for later in (one for one in self.steps() if one > step):
            self.remove(later)
        if not step:
            (self.folder / "about.json").unlink(missing_ok=True)

    def _path(self, step: int) -> Path:
        return self.folder / f"{step:0{DIGITS}d}.npz"
