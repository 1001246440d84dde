"""Running statistics of every training image, a column a figure: bounded, however long the training is.

Sources: forgetting events (Toneva et al. 2019, "An Empirical Study of Example Forgetting"), confidence and variability
(Swayamdipta et al. 2020, "Dataset Cartography"), the area under the margin (Pleiss et al. 2020, "Identifying Mislabeled
Data using the Area Under the Margin Ranking"). Means and variances are updated by Welford's method; the class for which
an image is mostly taken is kept by Boyer and Moore's majority vote, in two numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

COLUMNS = (
    "seen",  # how often it was in a batch
    "right",  # how often its own class had the highest score
    "forgotten",  # how often it was wrong after it had been right the time before
    "learnt",  # the epoch, from 1, in which it was right first; 0: never
    "last",  # 1 right, 0 wrong when seen last; -1: not seen yet
    "confidence",  # mean probability of its own class
    "squares",  # sum of squared deviations from that mean
    "loss",  # mean cross-entropy of its own class, nats
    "last_loss",  # the same when seen last
    "margin",  # mean of (own score - highest other score): the area under the margin
    "rival",  # the class it is mostly taken for where it is wrong
    "votes",  # how far ahead that class is
)
ROW = {name: index for index, name in enumerate(COLUMNS)}
LARGEST_MARGIN = 1e4
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Answers:
    """What a network answered for images ``numbers`` int64 [n], in the order in which it saw them; all else [n] too.

    ``loss`` nats and ``probability`` 0..1 of their own class, ``margin`` own score minus the highest other, ``rival``
    the class that has that one.
    """

    numbers: NDArray[np.int64]
    loss: Floats
    probability: Floats
    margin: Floats
    rival: NDArray[np.int64]

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether the own class had the one highest score."""
        found: NDArray[np.bool_] = self.margin > 0
        return found

    def only(self, keep: NDArray[np.bool_] | NDArray[np.int64]) -> Answers:
        """Some of them."""
        floats = (self.loss[keep], self.probability[keep], self.margin[keep])
        return Answers(self.numbers[keep], *floats, self.rival[keep])


class Statistics:
    """``table`` float32 [COLUMNS, records]; counts are exact up to 16 million."""

    def __init__(self, records: int) -> None:
        self.table: Floats = np.zeros((len(COLUMNS), records), np.float32)
        self.table[ROW["last"]] = -1

    def __getitem__(self, column: str) -> Floats:
        found: Floats = self.table[ROW[column]]
        return found

    def add(self, answers: Answers, epoch: int) -> None:
        """Take in answers of one epoch (from 0). An image that is in them twice counts twice, in that order."""
        for turn in turns(answers.numbers):
            self._add(answers if turn is None else answers.only(turn), epoch)

    def _add(self, answers: Answers, epoch: int) -> None:
        at, right = answers.numbers, answers.right
        seen = self["seen"][at] + 1
        self["seen"][at] = seen
        self["right"][at] += right
        self["forgotten"][at] += (self["last"][at] == 1) & ~right
        learnt = self["learnt"][at]
        self["learnt"][at] = np.where(right & (learnt == 0), np.float32(epoch + 1), learnt)
        self["last"][at] = right
        self["last_loss"][at] = answers.loss
        before = self["confidence"][at]
        off = answers.probability - before
        now = before + off / seen
        self["confidence"][at] = now
        self["squares"][at] += off * (answers.probability - now)
        for name, value in (("loss", answers.loss), ("margin", answers.margin)):
            mean = self[name][at]
            self[name][at] = mean + (value.clip(-LARGEST_MARGIN, LARGEST_MARGIN) - mean) / seen
        self._vote(at[~right], answers.rival[~right])

    def _vote(self, at: NDArray[np.int64], rival: NDArray[np.int64]) -> None:
        """Boyer and Moore: the standing candidate gains or loses a vote; one without votes is replaced."""
        standing, votes = self["rival"][at], self["votes"][at]
        fresh = votes == 0
        self["rival"][at] = np.where(fresh, rival, standing)
        self["votes"][at] = np.where(fresh | (standing == rival), votes + 1, votes - 1)


def turns(numbers: NDArray[np.int64]) -> list[NDArray[np.int64] | None]:
    """Places of ``numbers`` [n] in rounds: first places, second places ... of each number. [None]: all differ."""
    order = np.argsort(numbers, kind="stable")
    ordered = numbers[order]
    same = ordered[1:] == ordered[:-1]
    if not same.any():
        return [None]
    places = np.arange(len(order))
    starts = np.maximum.accumulate(np.where(np.r_[True, ~same], places, 0))
    rank = places - starts
    return [order[rank == turn] for turn in range(int(rank.max()) + 1)]
