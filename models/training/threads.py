"""How many threads torch computes with while other processes want the same cores.

OpenMP's threads wait for each other many times a step. One that is kept off its core by a busy neighbour (the web
server, say) keeps all others waiting, and two threads on two cores fall to a fifth of their speed. One thread less is
then much faster; without a neighbour, all cores are. So the load is looked at twice a second, and the number follows.
"""

from __future__ import annotations

import os
import time

import psutil
import torch

INTERVAL = 0.5  # seconds between two looks
GIVE = 0.5  # of a core, used by others: from here on a thread is given up
TAKE = 0.25  # below this it is taken back; in between nothing changes


def threads_for(cores: int, foreign: float, now: int) -> int:
    """Threads to use on ``cores`` cores when other processes use ``foreign`` cores and ``now`` threads are in use."""
    for threads in range(cores, 1, -1):
        taken = foreign - (cores - threads)  # of the cores that these threads would need
        if taken < (GIVE if threads <= now else TAKE):
            return threads
    return 1


class Threads:
    """Adapts torch's threads to the load; call :meth:`adapt` once a step. Does nothing on a GPU, or if ``fixed``."""

    def __init__(self, device: torch.device, *, fixed: bool = False) -> None:
        self.most = torch.get_num_threads() if device.type == "cpu" and not fixed else 1
        self._cores = sorted(os.sched_getaffinity(0))
        self._process = psutil.Process()
        self._next = time.monotonic() + INTERVAL
        self._last = self._used()

    def adapt(self) -> None:
        """Look at the machine if it is time, and give up or take back threads."""
        if self.most < 2 or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + INTERVAL
        (everybody, own, when), self._last = self._last, self._used()
        span = max(1e-3, self._last[2] - when)
        foreign = max(0.0, (self._last[0] - everybody) - (self._last[1] - own)) / span
        # Cores beyond our own threads may be somebody else's without harm.
        harm = foreign - (len(self._cores) - self.most)
        wanted = threads_for(self.most, harm, torch.get_num_threads())
        if wanted != torch.get_num_threads():
            torch.set_num_threads(wanted)

    def _used(self) -> tuple[float, float, float]:
        """Core-seconds used by everybody on our cores, by this process, and the time."""
        times = psutil.cpu_times(percpu=True)
        ours = [times[core] for core in self._cores if core < len(times)]
        everybody = sum(sum(time) - time.idle - getattr(time, "iowait", 0.0) for time in ours)
        own = self._process.cpu_times()
        return everybody, own.user + own.system, time.monotonic()
