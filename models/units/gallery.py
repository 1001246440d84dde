"""Synthetic images that are made in the background and kept: whoever looks asks again and again for what is in view.

What was asked for last comes first; what nobody has asked for during ``LEASE`` seconds is given up, so a page that is
closed costs nothing more. Finished stages are files in the job's folder, by weights, layer, unit and options; nothing
is written where the folder is gone.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data.codecs import encode
from data.errors import UserError
from data.options import plain
from data.whole import write_whole
from models.units.ascent import STAGES, VERSION, Ascent, Scene, VisualizationOptions

log = logging.getLogger("foveal.inspector")
LEASE = 15.0
CHUNK = {True: 32, False: 8}
"""Units at once, for small images (up to 64 pixels) and large ones."""


class GivenUp(Exception):
    """Nobody waits for it any more."""


@dataclass(frozen=True)
class Wish:
    """Units of a layer, and how to make their images. ``build`` gives the scene; ``key`` names the folder of files."""

    folder: Path
    layer: str
    weights: str
    options: VisualizationOptions
    build: Callable[[], Scene]

    @property
    def key(self) -> str:
        """16 hexadecimal digits of what the images depend on, except the unit."""
        said = json.dumps([VERSION, self.weights, self.layer, plain(self.options)], sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    @property
    def place(self) -> Path:
        """Where the files lie."""
        return self.folder / "artifacts" / "units" / self.key

    def stages(self) -> list[int]:
        """The steps after which a picture is shown."""
        return [*(step for step in STAGES if step < self.options.steps), self.options.steps]


@dataclass
class Work:
    """A wish with the units that are wanted now."""

    wish: Wish
    units: list[int]
    until: float
    error: str = ""
    going: dict[tuple[int, ...], Ascent] = field(default_factory=dict)


class Gallery:
    """One thread makes images; ``want`` says what is in view and answers what there is."""

    def __init__(self) -> None:
        self._work: dict[str, Work] = {}
        self._lock = threading.Lock()
        self._wake = threading.Condition(self._lock)
        self._thread: threading.Thread | None = None

    def want(self, wish: Wish, units: Sequence[int], have: dict[int, int]) -> tuple[list[dict[str, Any]], list[bytes]]:
        """For each unit {unit, steps, value, dead, done, new}; the PNGs are those of units that are ``new``: further
        than ``have`` says. Starts or continues the work on units that are not finished. Raises what stopped it."""
        found, pictures, left = [], [], []
        for unit in units:
            facts = known(wish, unit)
            facts["new"] = facts["steps"] > have.get(unit, 0) and not facts["dead"]
            if facts["new"]:
                pictures.append((wish.place / f"{unit}.png").read_bytes())
            if not facts["done"]:
                left.append(unit)
            found.append(facts)
        with self._lock:
            work = self._work.setdefault(wish.key, Work(wish, [], 0.0))
            work.units, work.until = left, time.monotonic() + LEASE
            error, work.error = work.error, ""
            if left and self._thread is None:
                self._thread = threading.Thread(target=self._run, daemon=True, name="feature visualization")
                self._thread.start()
            self._wake.notify()
        if error:
            raise UserError(error)
        return found, pictures

    def cancel(self, wish: Wish) -> bool:
        """Stop working on a layer; True where something was going on."""
        with self._lock:
            work = self._work.pop(wish.key, None)
            return work is not None and bool(work.units) and work.until > time.monotonic()

    def busy(self) -> bool:
        """Whether anything is being made."""
        with self._lock:
            return self._next() is not None

    def _next(self) -> Work | None:
        now = time.monotonic()
        for key in [key for key, work in self._work.items() if work.until < now]:
            del self._work[key]
        wanted = [work for work in self._work.values() if work.units]
        return max(wanted, key=lambda work: work.until, default=None)

    def _run(self) -> None:
        while True:
            with self._lock:
                while (work := self._next()) is None:
                    if not self._wake.wait(60.0) and not self._work:
                        self._thread = None
                        return
                wish = work.wish
                units = list(work.units)
            try:
                self._stage(work, wish, units)
            except GivenUp:
                continue
            except Exception as error:  # whatever a network does, the next wish must still be served
                log.exception("feature visualization of %s failed", wish.layer)
                with self._lock:
                    work.error = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
                    work.units = []

    def _stage(self, work: Work, wish: Wish, units: list[int]) -> None:
        """Bring the first units that are least far one stage on."""
        steps = {unit: known(wish, unit)["steps"] for unit in units}
        least = min(steps.values())
        after = next(stage for stage in wish.stages() if stage > least)
        scene = wish.build()
        size = CHUNK[max(scene.low.shape[2:]) <= 64]
        group = self._group(work, tuple(unit for unit in units if steps[unit] == least), size)
        ascent = work.going.pop(group, None)
        if ascent is None:  # nothing of an earlier stage is in memory: begin anew
            ascent = Ascent(scene, group, wish.options)
        ascent.scene = Scene(scene.network, scene.layer, scene.low, scene.high, lambda: self._check(work))
        ascent.advance(after)
        self._keep(wish, ascent, last=after >= wish.options.steps)
        with self._lock:
            done = set(group) if after >= wish.options.steps else set()
            work.units = [unit for unit in work.units if unit not in done]
        if after < wish.options.steps:
            work.going[group] = ascent

    @staticmethod
    def _group(work: Work, candidates: tuple[int, ...], size: int) -> tuple[int, ...]:
        """Units that are in memory together, or else the first ones."""
        for group in work.going:
            if set(group) & set(candidates):
                return group
        return candidates[:size]

    def _check(self, work: Work) -> None:
        with self._lock:
            if self._work.get(work.wish.key) is not work or time.monotonic() > work.until:
                raise GivenUp

    @staticmethod
    def _keep(wish: Wish, ascent: Ascent, last: bool) -> None:
        """Write each unit's picture, then its facts (a unit without facts is not there)."""
        if not (wish.folder / "artifacts").is_dir():
            raise UserError("The model is gone.")
        wish.place.mkdir(parents=True, exist_ok=True)
        dead = ascent.dead() if ascent.step >= STAGES[1] or last else [False] * len(ascent.units)
        rows = zip(ascent.units, ascent.pictures().numpy(), ascent.values(), dead, strict=True)
        for unit, picture, value, silent in rows:
            write_whole(wish.place / f"{unit}.png", encode(picture, "png"), durable=False)
            shown = value if math.isfinite(value) else None
            facts = {"unit": unit, "steps": ascent.step, "value": shown, "dead": silent, "done": last or silent}
            write_whole(wish.place / f"{unit}.json", json.dumps(facts).encode(), durable=False)


def known(wish: Wish, unit: int) -> dict[str, Any]:
    """What is on disk about a unit's image: {unit, steps, value, dead, done}; steps 0 for nothing yet."""
    try:
        found: dict[str, Any] = json.loads((wish.place / f"{unit}.json").read_text())
    except (OSError, ValueError):
        return {"unit": unit, "steps": 0, "value": None, "dead": False, "done": False}
    return found


gallery = Gallery()
