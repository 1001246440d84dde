"""Keeping the learning diary: what the network answers for each training image, from the batches it learns on anyway.

Logits are kept on the device for some steps and measured together, so that a step costs one list entry. An image that
is mixed with another (mixup, CutMix) counts only where it keeps at least half of its own label.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from models.diary.files import History, spacing, write
from models.diary.statistics import Answers, Statistics
from models.training.augment import Selection
from models.training.plan import Plan

BUNDLE_IMAGES = 8192
BUNDLE_NUMBERS = 4 << 20
"""Scores that wait on the device at most: 16 MB."""
COST = 0.005
"""Share of the time that writing the files may take while the training goes on."""


class Diarist:
    """Keeps the diary of ``labels`` int [records] in ``folder``; ``about`` is told of it: dataset, classes, ..."""

    def __init__(self, folder: Path, labels: NDArray[np.integer], plan: Plan, about: Mapping[str, Any]) -> None:
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.labels = np.asarray(labels, np.int64)
        self.statistics = Statistics(len(labels))
        self.since = self.step = 0
        self._plan = plan
        self._about = about
        every = spacing(len(labels), plan.steps / plan.steps_per_epoch)
        self._history = History(folder / "history.f16", len(labels), every)
        self._coming: deque[NDArray[np.int64]] = deque()  # record numbers of the steps whose images are being read
        self._numbers: list[NDArray[np.int64]] = []  # of whole steps that wait to be measured
        self._scores: list[tuple[torch.Tensor, torch.Tensor]] = []
        self._parts: list[tuple[torch.Tensor, torch.Tensor]] = []  # of the step that is being made
        self._waiting = [0, 0]  # images, scores
        self._written, self._took = perf_counter(), 0.0

    def follow(self, selections: Iterator[Selection]) -> Iterator[Selection]:
        """The same selections; remembers whose images they are."""
        for selection in selections:
            self._coming.append(selection.numbers)
            yield selection

    def answered(self, scores: torch.Tensor, targets: torch.Tensor) -> None:
        """The network's scores [n, classes] for the next images of a step, and what was wanted of them."""
        self._parts.append((scores, targets))

    def stepped(self, step: int) -> None:
        """All images of that step have been answered. Raises OSError."""
        self._numbers.append(self._coming.popleft())
        self._scores += self._parts
        self._waiting[0] += sum(len(scores) for scores, _ in self._parts)
        self._waiting[1] += sum(scores.numel() for scores, _ in self._parts)
        self._parts, self.step = [], step
        ends = step % self._plan.steps_per_epoch == 0
        if ends or self._waiting[0] >= BUNDLE_IMAGES or self._waiting[1] >= BUNDLE_NUMBERS:
            self.gather()
        if ends:
            self._history.turn(self._epoch)

    @property
    def _epoch(self) -> int:
        """The epoch, from 0, of the last step."""
        return max(0, self.step - 1) // self._plan.steps_per_epoch

    def gather(self) -> None:
        """Take in what waits on the device."""
        if not self._numbers:
            return
        numbers = np.concatenate(self._numbers)
        scores = torch.cat([scores for scores, _ in self._scores])
        targets = torch.cat([targets for _, targets in self._scores])
        self._numbers, self._scores, self._waiting = [], [], [0, 0]
        own = torch.from_numpy(self.labels[numbers]).to(scores.device)
        answers = measured(scores, own, targets, numbers)
        self.statistics.add(answers, self._epoch)
        self._history.note(answers.numbers, answers.loss, answers.right, self._epoch)

    def write(self, *, now: bool = False) -> None:
        """Bring the files up to date: ``now``, or when that is cheap enough again. Raises OSError."""
        started = perf_counter()
        if not now and started - self._written < self._took / COST:
            return
        self.gather()
        self._history.write()
        place = {"step": self.step, "epoch": self._plan.epoch(self.step), "since": self.since}
        known = {**self._about, "records": len(self.labels), "every": self._history.every, **place}
        write(self.folder, self.statistics.table, known)
        self._written = perf_counter()
        self._took = self._written - started

    def state(self) -> dict[str, Any]:
        """What a checkpoint keeps of it."""
        self.gather()
        history = {"every": self._history.every, "rows": self._history.rows, "row": torch.from_numpy(self._history.row)}
        table = torch.from_numpy(self.statistics.table)
        return {"dataset": self._about["dataset"], "since": self.since, "table": table, **history}

    def restore(self, state: Mapping[str, Any] | None, step: int) -> None:
        """Go on after ``step`` from a checkpoint's state; begin anew where it has none of this set. Raises OSError."""
        self.step = step
        if not state or not self._fits(state):
            self.since = step
            self._history.back(None, 0)
            (self.folder / "diary.json").unlink(missing_ok=True)
            return
        self.since = int(state["since"])
        self.statistics.table[:] = state["table"].numpy()
        self._history.every = int(state["every"])
        self._history.back(state["row"].numpy(), int(state["rows"]))
        self.write(now=True)

    def _fits(self, state: Mapping[str, Any]) -> bool:
        same: bool = state["dataset"] == self._about["dataset"]
        return same and tuple(state["table"].shape) == self.statistics.table.shape


@torch.no_grad()
def measured(scores: torch.Tensor, own: torch.Tensor, targets: torch.Tensor, numbers: NDArray[np.int64]) -> Answers:
    """Answers from ``scores`` [n, classes] for images of the classes ``own`` int64 [n].

    Left out: images of which ``targets`` (shares float [n, classes]) keep less than half, and what is no number.
    """
    scores, place = scores.float(), own[:, None]
    mine = scores.gather(1, place)[:, 0]
    best, rival = scores.scatter(1, place, float("-inf")).max(1)
    loss = torch.logsumexp(scores, 1) - mine
    share = targets.gather(1, place)[:, 0].float() if targets.ndim > 1 else torch.ones_like(loss)
    fetched = torch.stack((loss, torch.exp(-loss), mine - best, rival.float(), share)).cpu().numpy()
    keep = np.isfinite(fetched[0]) & (fetched[4] >= 0.5)
    answers = Answers(numbers, fetched[0], fetched[1], fetched[2], fetched[3].astype(np.int64))
    return answers if keep.all() else answers.only(keep)
