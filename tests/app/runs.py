"""Runs for tests: model jobs whose folders hold real curves and events, as the recorder leaves them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jobs.folder import EventLog
from jobs.series import SeriesWriter
from jobs.tables import JobRow
from tests.app.conftest import Lab
from tests.app.finished import finish

STARTED = 1_700_000_100.0


def run(lab: Lab, name: str, curves: Mapping[str, Sequence[float]], *, per_epoch: int = 10, **values: Any) -> JobRow:
    """A run that is done: ``curves`` have a value for each step from 1, one second apart."""
    label = {key: values.pop(key) for key in ("tags", "group") if key in values}
    row = lab.job("model", name=name, **values)
    if label:
        lab.store.relabel(row, label)
    folder = lab.store.folder(row.id)
    writer = SeriesWriter(folder.series)
    for curve, numbers in curves.items():
        for step, value in enumerate(numbers, 1):
            writer.add(step, STARTED + step, {curve: value})
    writer.flush()
    steps = max((len(numbers) for numbers in curves.values()), default=0)
    log = EventLog(folder.events_path)
    log.append("status", status="Running")
    log.append("metrics", step=steps, epoch=steps / per_epoch, values={})
    log.append("status", status="Done")
    return finish(lab.store, row.id)
