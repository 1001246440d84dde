"""Synthetic images of units, kept as files in the model's folder: ``artifacts/units/<key>/<unit>.png`` and ``.json``.

``key`` stands for the weights, the layer and the options. The process that makes the images may not write, so the web
keeps what it is given. Nothing is written where the model is gone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from data.whole import write_whole

NOTHING = {"steps": 0, "value": None, "dead": False, "done": False, "new": False, "picture": None}


@dataclass(frozen=True)
class Album:
    """The pictures of one layer, made in one way."""

    folder: Path
    key: str

    @property
    def place(self) -> Path:
        """Where they lie."""
        return self.folder / "artifacts" / "units" / self.key

    def read(self, units: Iterable[int], have: Mapping[int, int]) -> list[dict[str, Any]]:
        """What is kept of each unit: {unit, steps, value, dead, done, new, picture: PNG where new (to ``have``)}."""
        found = []
        for unit in units:
            facts = {"unit": unit, **NOTHING, **self._facts(unit)}
            if facts["steps"] > have.get(unit, 0):
                with suppress(FileNotFoundError):
                    facts |= {"picture": (self.place / f"{unit}.png").read_bytes(), "new": True}
            found.append(facts)
        return found

    def keep(self, made: Iterable[Mapping[str, Any]]) -> None:
        """Keep pictures with their facts; those of a model that is gone are let go."""
        if not (self.folder / "artifacts").is_dir():
            return
        with suppress(FileNotFoundError):
            for facts in made:
                self.place.parent.mkdir(exist_ok=True)
                self.place.mkdir(exist_ok=True)
                write_whole(self.place / f"{facts['unit']}.png", facts["picture"], durable=False)
                plain = {key: facts[key] for key in ("steps", "value", "dead", "done")}
                write_whole(self.place / f"{facts['unit']}.json", json.dumps(plain).encode(), durable=False)

    def _facts(self, unit: int) -> dict[str, Any]:
        """Nothing where there is none, or where the file is damaged: the picture is then made anew."""
        try:
            found: dict[str, Any] = json.loads((self.place / f"{unit}.json").read_text())
        except (OSError, ValueError):
            return {}
        return found
