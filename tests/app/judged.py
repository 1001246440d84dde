"""A trained model and its evaluations for tests, really trained and judged, in this process."""

from __future__ import annotations

from typing import Any

from app.services import evaluations
from jobs.folder import JobFolder
from jobs.job import Job, new_id
from jobs.permissions import Principal
from jobs.tables import JobRow
from jobs.worker import work
from models.train_options import TrainOptions
from tests.app.conftest import Lab
from tests.app.finished import finish
from tests.models.jobs import SMALL


def trained_model(lab: Lab, dataset: JobRow, owner: str = "olga", visibility: str = "lab", **options: Any) -> JobRow:
    """A small network trained for one epoch."""
    from data.options import plain

    given: dict[str, Any] = {"network": "custom", "epochs": 1, "batch_size": 8, "seed": 1, **options}
    values = plain(TrainOptions(dataset=dataset.id, **given))
    job = Job(
        new_id(), "model", "train_model", "gradients net", values, owner=owner, parents=(dataset.id,), created=1.0
    )

    def source(folder: JobFolder) -> None:
        (folder.artifacts / "network.py").write_text(SMALL)

    return run(lab, lab.store.create(job, visibility, source))


def evaluated(lab: Lab, model: JobRow, owner: str = "olga", **values: Any) -> JobRow:
    """A finished evaluation, asked for as the form does."""
    return run(lab, evaluations.create(lab.ctx, Principal(owner, "member"), {"model": model.id, **values}))


def run(lab: Lab, row: JobRow) -> JobRow:
    """Carry a job out and bring its row up to date."""
    assert work(lab.store.folder(row.id)) == 0, lab.store.folder(row.id).state().error
    return finish(lab.store, row.id)
