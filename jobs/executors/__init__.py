"""Where workers run: submit, cancel, poll, adopt. One file an executor; local processes are the default."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from jobs.failures import Exit
from jobs.folder import JobFolder


@dataclass(frozen=True)
class Handle:
    """What is needed to find a worker again after a restart of the scheduler; kept as handle.json in the job folder.

    ``id`` names the worker to its executor (local: number of the process group), ``mark`` tells it from a later one
    of the same id, ``gpus`` are the indices it holds.
    """

    executor: str
    id: int
    mark: str
    gpus: tuple[int, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready; ``from_dict`` gives the handle back."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Handle:
        """Raises KeyError or TypeError where it is none."""
        return cls(**{**values, "gpus": tuple(values["gpus"])})


class Executor(Protocol):
    """Starts ``python -m jobs.worker FOLDER`` somewhere and knows how it ended. Nothing here blocks."""

    name: str

    def submit(self, folder: JobFolder, gpus: Sequence[int]) -> Handle:
        """Start the worker with these GPUs (none: CPU only). Raises OSError where it cannot be started."""

    def cancel(self, handle: Handle, *, force: bool) -> None:
        """Ask the worker and all it started to end; with ``force`` end them. ``poll`` tells when they are gone."""

    def poll(self, folder: JobFolder, handle: Handle) -> Exit | None:
        """None while anything of the worker lives, else how it ended."""

    def adopt(self, folder: JobFolder) -> Handle | None:
        """The handle of the worker last started for this folder, living or not; None where none was started."""
