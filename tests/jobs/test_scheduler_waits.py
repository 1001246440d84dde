"""What the scheduler makes a job wait for: its parents, unless the job says that it need not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jobs.executors.local import LocalExecutor
from jobs.job import Job, Status, new_id
from jobs.plan import Capacity, plan
from jobs.resources import Machine
from jobs.scheduler import Scheduler
from jobs.store import Store


@pytest.mark.parametrize(("options", "starts"), [({}, False), ({"wait": True}, False), ({"wait": False}, True)])
def test_an_evaluation_of_a_running_model_waits_or_not(tmp_path: Path, options: dict[str, Any], starts: bool) -> None:
    store = Store(tmp_path)
    model = store.create(Job(new_id(), "model", "train_model", "m", {}))
    store.edit(model.id, status=Status.RUNNING.value)
    job = Job(new_id(), "evaluation", "evaluate", "e", options, parents=(model.id,))
    row = store.create(job)
    scheduler = Scheduler(store, LocalExecutor(), Machine(tmp_path))
    request = scheduler._request(job, row, store.briefly([model.id]))
    result = plan([request], [], Capacity())
    assert (row.id in result.start) == starts
    assert starts or "waiting for model m" in result.reasons[row.id]
    store.close()
