"""The job folder: the protocol between worker, scheduler and web. Append-only or atomically replaced files only."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from data.whole import naming, write_json
from jobs.events import Event, JobState, fold_all
from jobs.job import Job


class BrokenFolder(Exception):
    """A job folder that cannot be read; the text says which file and why."""


def _below(name: str) -> cached_property[Path]:
    """A path in the folder, made when first asked for: most requests need one of them, and making all takes 40 us."""
    return cached_property(lambda folder: folder.path / name)


class JobFolder:
    """Paths and files of one job: job.json, events.jsonl, worker.log, series/, checkpoints/, artifacts/."""

    events_path = _below("events.jsonl")
    log_path = _below("worker.log")
    exit_path = _below("exit")
    handle_path = _below("handle.json")
    series = _below("series")
    tensorboard = _below("tensorboard")
    layers = _below("layers")
    checkpoints = _below("checkpoints")
    artifacts = _below("artifacts")

    def __init__(self, path: Path) -> None:
        self.path = Path(path)

    @classmethod
    def create(cls, root: Path, job: Job) -> JobFolder:
        """Make the folder of a new job, all of it or nothing.

        Raises FileExistsError where the id is taken, OSError where the disk is full or not writable.
        """
        folder = cls(root / job.id)
        folder.path.mkdir(parents=True)
        try:
            for sub in (folder.series, folder.checkpoints, folder.artifacts):
                sub.mkdir()
            write_json(folder.path / "job.json", job.to_dict())
        except BaseException:
            shutil.rmtree(folder.path, ignore_errors=True)
            raise
        return folder

    def job(self) -> Job:
        """What was asked for. Raises BrokenFolder naming the file and the reason."""
        path = self.path / "job.json"
        try:
            return Job.from_dict(json.loads(path.read_text()))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BrokenFolder(f"{path} cannot be read: {error!r}") from error

    def state(self) -> JobState:
        """The state folded from all events so far."""
        return fold_all(Tail(self.events_path).read())

    def log_tail(self, lines: int = 20) -> str:
        """The last lines of worker.log, without reading the rest of it; a sentence where it cannot be read."""
        try:
            text = tail_bytes(self.log_path, 64 * 1024).decode("utf-8", "replace")
        except OSError as error:
            return f"{self.log_path} cannot be read: {error.strerror}"
        return "\n".join(text.splitlines()[-lines:])


class Tail:
    """Reads the events appended since the last call; a line not yet complete is left for the next call."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.offset = 0

    def read(self) -> list[Event]:
        """New events, oldest first; an empty list where there is no file yet."""
        try:
            with self.path.open("rb") as file:
                file.seek(self.offset)
                text = file.read()
        except FileNotFoundError:
            return []
        whole = text[: text.rfind(b"\n") + 1]
        self.offset += len(whole)
        return [event for line in whole.splitlines() if (event := parse_event(line)) is not None]


class EventLog:
    """Appends events to a job's events.jsonl. One writer at a time: the worker while alive, else the scheduler."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.seq = _heal(path)

    def append(self, kind: str, **values: Any) -> dict[str, Any]:
        """Write one event in a single write call and return it. Raises OSError (disk full, folder unwritable)."""
        event = {"seq": self.seq + 1, "time": time.time(), "kind": kind, **values}
        line = json.dumps(event, allow_nan=False, separators=(",", ":")) + "\n"
        append_whole(self.path, line.encode())
        self.seq += 1
        return event


def append_whole(path: Path, data: bytes) -> None:
    """Append all of ``data`` or nothing: a full disk may take half a line, which is cut off again.

    Raises OSError naming the path (a plain ``write`` would not say which file it was).
    """
    try:
        with path.open("ab", buffering=0) as file:
            start = file.seek(0, os.SEEK_END)
            try:
                while data:
                    data = data[file.write(data) or 0 :]
            except OSError:
                os.ftruncate(file.fileno(), start)
                raise
    except OSError as error:
        raise naming(path, error) from error


def tail_bytes(path: Path, size: int, start: int = 0) -> bytes:
    """At most the last ``size`` bytes of a file, none before ``start``; empty where there is no file."""
    try:
        with path.open("rb") as file:
            file.seek(max(start, file.seek(0, os.SEEK_END) - size))
            return file.read()
    except FileNotFoundError:
        return b""


def parse_event(line: bytes) -> Event | None:
    """One line as an event; a line that is none (a damaged disk) is passed over rather than hiding the job."""
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, Mapping) and {"seq", "time", "kind"} <= event.keys() else None


def _heal(path: Path) -> int:
    """Cut off a torn last line (its writer was killed) and return the last sequence number, 0 for none."""
    if not path.exists():
        return 0
    text = path.read_bytes()
    whole = text[: text.rfind(b"\n") + 1]
    if len(whole) != len(text):
        os.truncate(path, len(whole))
    numbers = (event["seq"] for line in reversed(whole.splitlines()) if (event := parse_event(line)) is not None)
    return int(next(numbers, 0))
