"""A job: what is asked for. Plain data, stored as job.json in the job folder."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

ID_PATTERN = re.compile(r"\d{8}-\d{6}-[0-9a-f]{4}")


class Status(StrEnum):
    """The states of a job, with DIGITS's names; Paused is Foveal's own."""

    INITIALIZED = "Initialized"
    WAITING = "Waiting"
    RUNNING = "Running"
    PAUSED = "Paused"
    DONE = "Done"
    ABORTED = "Aborted"
    ERROR = "Error"

    @property
    def finished(self) -> bool:
        """True for the three states from which a job does not move on by itself."""
        return self in (Status.DONE, Status.ABORTED, Status.ERROR)

    @property
    def settled(self) -> bool:
        """True where no worker is at work and none will be before somebody asks: finished or paused."""
        return self.finished or self is Status.PAUSED


@dataclass(frozen=True)
class Needs:
    """What a job asks of the machine: ``gpus`` whole GPUs (or exactly those of ``gpu_indices``), else CPU slots."""

    gpus: int = 0
    gpu_indices: tuple[int, ...] = ()
    slots: int = 1


@dataclass(frozen=True)
class Job:
    """One request. ``type`` is the noun of its page, ``task`` the file of jobs/tasks that carries it out.

    ``options`` are validated and complete; ``form`` keeps what the user typed, so that a clone shows it again;
    ``parents`` are ids of jobs that must be Done first; ``sweep`` is the id of the sweep that it is a trial of; times
    are Unix seconds.
    """

    id: str
    type: str  # "dataset" | "model"
    task: str  # "build_dataset" | "train_model"
    name: str
    options: dict[str, Any]
    form: dict[str, Any] = field(default_factory=dict)
    owner: str | None = None
    group: str = ""
    parents: tuple[str, ...] = ()
    needs: Needs = Needs()
    created: float = 0.0
    sweep: str = ""
    format: int = 1

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; ``from_dict`` gives the job back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Job:
        """Read a job.json. Raises KeyError or TypeError where it is not one."""
        needs = dict(values["needs"])
        needs["gpu_indices"] = tuple(needs["gpu_indices"])
        return cls(**{**values, "parents": tuple(values["parents"]), "needs": Needs(**needs)})


def new_id(now: float | None = None) -> str:
    """A job id in DIGITS's form, ``YYYYMMDD-HHMMSS-xxxx`` (local time, four random hex digits)."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime(now))
    return f"{stamp}-{secrets.token_hex(2)}"


def is_id(text: str) -> bool:
    """Whether ``text`` has the form of a job id (and so is safe as a folder name)."""
    return ID_PATTERN.fullmatch(text) is not None
