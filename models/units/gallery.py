"""Synthetic images that are made in the background while somebody looks: whoever does asks again and again.

What was asked for last comes first; what nobody has asked for during ``LEASE`` seconds is given up, so a page that is
closed costs nothing more. Pictures stay in memory here, the least recently wanted layers leaving first; the web keeps
them on disk (app/services/pictures.py), since this process, which runs people's networks, may not write.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from data.codecs import encode
from data.errors import UserError
from data.options import plain
from models.units.ascent import STAGES, VERSION, Ascent, Scene, VisualizationOptions

log = logging.getLogger("foveal.inspector")
LEASE = 15.0
CHUNK = {True: 32, False: 8}
"""Units at once, for small images (up to 64 pixels) and large ones."""


class GivenUp(Exception):
    """Nobody waits for it any more."""


@dataclass(frozen=True)
class Wish:
    """A layer, and how images of its units are made. ``build`` gives the scene."""

    layer: str
    weights: str
    options: VisualizationOptions
    build: Callable[[], Scene]

    @property
    def key(self) -> str:
        """16 hexadecimal digits of what the images depend on, except the unit."""
        said = json.dumps([VERSION, self.weights, self.layer, plain(self.options)], sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()[:16]

    def stages(self) -> list[int]:
        """The steps after which a picture is shown."""
        return [*(step for step in STAGES if step < self.options.steps), self.options.steps]


MOST = 4096
"""Pictures that stay in memory."""


@dataclass
class Work:
    """A wish with the units that are wanted now."""

    wish: Wish
    units: list[int]
    until: float
    error: str = ""
    made: dict[int, tuple[dict[str, Any], bytes]] = field(default_factory=dict)
    going: dict[tuple[int, ...], Ascent] = field(default_factory=dict)

    def known(self, unit: int) -> dict[str, Any]:
        """What there is of a unit's image: {unit, steps, value, dead, done}; steps 0 for nothing yet."""
        nothing = {"unit": unit, "steps": 0, "value": None, "dead": False, "done": False}
        return self.made[unit][0] if unit in self.made else nothing


class Gallery:
    """One thread makes images; ``want`` says what is in view and answers what there is."""

    def __init__(self) -> None:
        self._work: OrderedDict[str, Work] = OrderedDict()
        self._lock = threading.Lock()
        self._wake = threading.Condition(self._lock)
        self._thread: threading.Thread | None = None

    def want(self, wish: Wish, units: Sequence[int], have: dict[int, int]) -> tuple[list[dict[str, Any]], list[bytes]]:
        """For each unit {unit, steps, value, dead, done, new}; the PNGs are those of units that are ``new``: further
        than ``have`` says. Starts or continues the work on units that are not finished. Raises what stopped it."""
        with self._lock:
            work = self._work.setdefault(wish.key, Work(wish, [], 0.0))
            self._work.move_to_end(wish.key)
            facts = [{**work.known(unit), "new": work.known(unit)["steps"] > have.get(unit, 0)} for unit in units]
            pictures = [work.made[item["unit"]][1] for item in facts if item["new"]]
            work.units, work.until = [item["unit"] for item in facts if not item["done"]], time.monotonic() + LEASE
            error, work.error = work.error, ""
            if work.units and not error and self._thread is None:
                self._thread = threading.Thread(target=self._run, daemon=True, name="feature visualization")
                self._thread.start()
            self._forget()
            self._wake.notify()
        if error:
            raise UserError(error)
        return facts, pictures

    def _forget(self) -> None:
        """Let go of layers that nobody has looked at for long, where there are too many pictures."""
        while len(self._work) > 1 and sum(len(work.made) for work in self._work.values()) > MOST:
            self._work.popitem(last=False)

    def cancel(self, wish: Wish) -> bool:
        """Stop working on a layer; True where something was going on."""
        with self._lock:
            work = self._work.get(wish.key)
            going = work is not None and bool(work.units) and work.until > time.monotonic()
            if work is not None:
                work.units, work.until = [], 0.0
            return going

    def busy(self) -> bool:
        """Whether anything is being made."""
        with self._lock:
            return self._next() is not None

    def _next(self) -> Work | None:
        now = time.monotonic()
        wanted = [work for work in self._work.values() if work.units and work.until > now]
        return max(wanted, key=lambda work: work.until, default=None)

    def _run(self) -> None:
        while True:
            with self._lock:
                while (work := self._next()) is None:
                    self._wake.wait()
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
        steps = {unit: work.known(unit)["steps"] for unit in units}
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
        self._keep(work, ascent, last=after >= wish.options.steps)
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
            if time.monotonic() > work.until:
                raise GivenUp

    def _keep(self, work: Work, ascent: Ascent, last: bool) -> None:
        """Remember each unit's picture and facts."""
        dead = ascent.dead() if ascent.step >= STAGES[1] or last else [False] * len(ascent.units)
        rows = zip(ascent.units, ascent.pictures().numpy(), ascent.values(), dead, strict=True)
        made = {}
        for unit, picture, value, silent in rows:
            shown = value if math.isfinite(value) else None
            facts = {"unit": unit, "steps": ascent.step, "value": shown, "dead": silent, "done": last or silent}
            made[unit] = (facts, encode(picture, "png"))
        with self._lock:
            work.made |= made


gallery = Gallery()
