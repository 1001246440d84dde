"""How many threads torch should use while other processes want the same cores."""

from __future__ import annotations

import os
import time

import psutil
import torch

INTERVAL = 0.5  # seconds between two looks at the machine
GIVE, TAKE = 0.6, 0.25  # cores that others use: above GIVE we give one up, below TAKE we take it back


def threads_for(cores: int, foreign: float, now: int) -> int:
    """Threads to use on ``cores`` when other processes use ``foreign`` cores and we have ``now`` threads.

    Between the two bounds nothing changes, so that a neighbour at half a core does not make us flutter.
    """
    for wanted in range(cores, 0, -1):
        taken = foreign - (cores - wanted)
        if taken < (GIVE if wanted <= now else TAKE):
            return wanted
    return 1


class Threads:
    """Watches the load and sets torch's threads; call ``adjust`` once a step, it is free most of the time."""

    def __init__(self) -> None:
        self.cores = len(os.sched_getaffinity(0))
        self._me = psutil.Process()
        self._next = time.monotonic() + INTERVAL
        self._before = self._usage()
        torch.set_num_threads(self.cores)

    def adjust(self) -> None:
        """Look at the machine if it is time, and give up or take back threads."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + INTERVAL
        (busy, own, wall), self._before = self._before, self._usage()
        span = max(self._before[2] - wall, 1e-3)
        foreign = max(0.0, (self._before[0] - busy) - (self._before[1] - own)) / span
        wanted = threads_for(self.cores, foreign, torch.get_num_threads())
        if wanted != torch.get_num_threads():
            torch.set_num_threads(wanted)

    def _usage(self) -> tuple[float, float, float]:
        """Core-seconds used by everybody, by this process, and the time."""
        cpu, own = psutil.cpu_times(), self._me.cpu_times()
        return cpu.user + cpu.nice + cpu.system, own.user + own.system, time.monotonic()
