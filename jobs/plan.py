"""Deciding what runs next: a pure function from what waits, what runs and what the machine has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from jobs.job import Needs, Status

NEAR = 20  # places in the queue that are told exactly


@dataclass(frozen=True)
class Parent:
    """A job that must be Done first; ``status`` None: it is gone. ``eta`` in seconds, where known."""

    id: str
    label: str  # "dataset Flowers"
    status: Status | None
    eta: float | None = None


@dataclass(frozen=True)
class Request:
    """A waiting job. A higher ``priority`` goes first, then the older by ``created``."""

    id: str
    type: str
    needs: Needs = field(default_factory=Needs)
    parents: tuple[Parent, ...] = ()
    priority: int = 0
    created: float = 0.0

    @property
    def pool(self) -> str:
        """What it draws on: "gpu", "build" (datasets), "analysis" (of datasets) or "cpu"."""
        if self.needs.gpus or self.needs.gpu_indices:
            return "gpu"
        return {"dataset": "build", "analysis": "analysis"}.get(self.type, "cpu")


@dataclass(frozen=True)
class Holder:
    """A running job and what it holds."""

    id: str
    pool: str
    gpus: tuple[int, ...] = ()
    slots: int = 1
    eta: float | None = None


@dataclass(frozen=True)
class Capacity:
    """What there is: GPU indices (the preferred first) and slots for CPU trainings, dataset builds and analyses."""

    gpus: tuple[int, ...] = ()
    cpu_slots: int = 1
    build_slots: int = 1
    analysis_slots: int = 1

    def units(self, pool: str) -> int:
        """How many jobs (or GPUs) of a pool there can be at once."""
        slots = {"cpu": self.cpu_slots, "build": self.build_slots, "analysis": self.analysis_slots}
        return len(self.gpus) if pool == "gpu" else slots[pool]


@dataclass
class Plan:
    """What to do now: jobs to start with their GPUs, why each other one waits, and which can never run."""

    start: dict[str, tuple[int, ...]] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)
    abort: dict[str, str] = field(default_factory=dict)


def plan(waiting: Iterable[Request], running: Sequence[Holder], capacity: Capacity) -> Plan:
    """Priorities first, then age. A job that does not fit yet keeps what is free for itself, so big ones never starve.

    Parents that failed abort a job; parents not yet done and impossible wishes leave it waiting and block nobody.
    """
    result = Plan()
    pools = {name: _Pool.of(name, running, capacity) for name in ("gpu", "cpu", "build", "analysis")}
    for request in sorted(waiting, key=lambda request: (-request.priority, request.created, request.id)):
        lost = next((parent for parent in request.parents if _failed(parent)), None)
        open_parents = [parent for parent in request.parents if parent.status is not Status.DONE]
        if lost:
            result.abort[request.id] = _why_lost(lost)
        elif open_parents:
            result.reasons[request.id] = _why_parents(open_parents)
        elif impossible := _impossible(request, capacity):
            result.reasons[request.id] = impossible
        else:
            pools[request.pool].serve(request, result)
    return result


@dataclass
class _Pool:
    """One kind of resource while the queue passes by. Slots are numbered, so that GPUs and slots are one thing."""

    name: str
    free: list[int]
    total: int
    holders: list[Holder]
    place: int = 0

    @classmethod
    def of(cls, name: str, running: Sequence[Holder], capacity: Capacity) -> _Pool:
        holders = [holder for holder in running if holder.pool == name]
        if name == "gpu":
            taken = {gpu for holder in holders for gpu in holder.gpus}
            return cls(name, [gpu for gpu in capacity.gpus if gpu not in taken], len(capacity.gpus), holders)
        total = capacity.units(name)
        used = sum(holder.slots for holder in holders)
        return cls(name, list(range(max(0, total - used))), total, holders)

    def serve(self, request: Request, result: Plan) -> None:
        """Start the job if it fits; else let it keep what it could use, and say what is missing."""
        wanted, count = request.needs.gpu_indices if self.name == "gpu" else (), _count(request)
        usable = [unit for unit in self.free if not wanted or unit in wanted]
        if len(usable) >= count:
            chosen = usable[:count]
            result.start[request.id] = tuple(sorted(chosen)) if self.name == "gpu" else ()
            self.free = [unit for unit in self.free if unit not in chosen]
            return
        self.place += 1
        result.reasons[request.id] = self._why(request, len(usable), count)
        self.free = [unit for unit in self.free if unit not in usable]

    def _why(self, request: Request, usable: int, count: int) -> str:
        words = [f"needs {_needs(request)}, {usable} free", _place(self.place)]
        wait = self._wait(request, count - usable) if self.place == 1 else None
        if wait is not None:
            words.append(f"expected wait {about(wait)}")
        return "; ".join(words)

    def _wait(self, request: Request, missing: int) -> float | None:
        """Seconds until running jobs of known eta have freed what is missing; None where that is not known."""
        wanted = request.needs.gpu_indices if self.name == "gpu" else ()
        freed = 0
        for holder in sorted(self.holders, key=lambda holder: holder.eta if holder.eta is not None else float("inf")):
            if holder.eta is None:
                return None
            freed += len([gpu for gpu in holder.gpus if not wanted or gpu in wanted]) if holder.gpus else holder.slots
            if freed >= missing:
                return holder.eta
        return None


def about(seconds: float) -> str:
    """A duration in coarse words, so that a reason changes seldom: "about 5 minutes"."""
    minutes = seconds / 60
    if minutes < 1:
        return "under a minute"
    if minutes < 10:
        return _plural("about", round(minutes), "minute")
    if minutes < 55:
        return _plural("about", 5 * round(minutes / 5), "minute")
    hours = minutes / 60
    return _plural("about", round(hours) or 1, "hour") if hours < 36 else _plural("about", round(hours / 24), "day")


def _plural(lead: str, number: int, unit: str) -> str:
    return f"{lead} {number} {unit}{'' if number == 1 else 's'}"


def _count(request: Request) -> int:
    needs = request.needs
    return (len(needs.gpu_indices) or needs.gpus) if request.pool == "gpu" else needs.slots


def _needs(request: Request) -> str:
    indices = request.needs.gpu_indices
    if request.pool == "gpu" and indices:
        return f"GPU {' and '.join(map(str, indices))}"
    nouns = {"gpu": "GPU", "cpu": "CPU slot", "build": "slot for building datasets", "analysis": "slot for analyses"}
    noun = nouns[request.pool]
    if request.pool in ("build", "analysis") and _count(request) == 1:
        return f"1 {noun}"
    return f"{_count(request)} {noun}{'' if _count(request) == 1 else 's'}"


def _place(place: int) -> str:
    return f"place {place} in the queue" if place <= NEAR else f"more than {NEAR} jobs are ahead of it"


def _impossible(request: Request, capacity: Capacity) -> str:
    """Why this machine can never run the job; "" where it can."""
    missing = [gpu for gpu in request.needs.gpu_indices if gpu not in capacity.gpus]
    if missing:
        return f"needs GPU {' and '.join(map(str, missing))}, which this machine does not have"
    total = capacity.units(request.pool)
    return f"needs {_needs(request)}, this machine has {total or 'none'}" if _count(request) > total else ""


def _failed(parent: Parent) -> bool:
    return parent.status in (None, Status.ERROR, Status.ABORTED)


def _why_lost(parent: Parent) -> str:
    how = {Status.ERROR: "failed", Status.ABORTED: "was aborted", None: "was deleted"}
    return f"{parent.label} {how.get(parent.status, 'is gone')}, and this job needs it"


def _why_parents(parents: Sequence[Parent]) -> str:
    names = " and ".join(parent.label for parent in parents)
    etas = [parent.eta for parent in parents if parent.eta is not None]
    words = f"waiting for {names}"
    return f"{words}; {about(max(etas))} left" if len(etas) == len(parents) and etas else words
