"""Near duplicates that the doctor found, and what a model says of them: as a plain loop over the groups finds it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from app.services import analysis_jobs
from app.services.agreement import agreement
from jobs.tables import JobRow
from models.evaluation.records import read_results
from tests.app.conftest import Lab, make_lab
from tests.app.finished import built_dataset
from tests.app.judged import evaluated, run, trained_model
from tests.data.factory import make_gradient_folder


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory, lab_template: Path) -> Iterator[tuple[Lab, JobRow, JobRow]]:
    """A dataset with some images twice, and a model judged on its validation split."""
    home = tmp_path_factory.mktemp("home")
    images = make_gradient_folder(home / "data" / "images", per_class=12, size=16)
    for number, path in enumerate(sorted(images.rglob("*.png"))):
        if number % 2:
            shutil.copy(path, path.with_name(f"copy-{path.name}"))
    lab = make_lab(home, lab_template, data_roots=(home / "data",))
    dataset = built_dataset(lab, images)
    yield lab, dataset, evaluated(lab, trained_model(lab, dataset), split="val")
    lab.store.engine.dispose()


def test_before_an_analysis_and_after_it(judged: tuple[Lab, JobRow, JobRow]) -> None:
    lab, dataset, row = judged
    olga = lab.who("olga")
    assert agreement(lab.ctx, olga, row) is None
    asked = analysis_jobs.newest(lab.ctx, dataset)
    assert asked is not None
    analysis = run(lab, asked)
    place = lab.store.folder(analysis.id).artifacts / "val"
    records = read_results(lab.store.folder(row.id).artifacts)
    groups = []
    for name in ("duplicates", "lookalikes"):
        if (place / f"finding.{name}.npy").exists():
            numbers, group = np.load(place / f"finding.{name}.npy"), np.load(place / f"finding.{name}.group.npy")
            groups += [numbers[group == one].tolist() for one in np.unique(group)]
    groups = [group for group in groups if len(group) > 1]
    found = lab.client("vic").get(f"/api/v1/evaluations/{row.id}/agreement").json
    assert found["groups"] == len(groups) > 0
    assert found["images"] == sum(map(len, groups))
    assert found["agree"] == sum(len(set(records["predicted"][group].tolist())) == 1 for group in groups)
    leaked = np.load(place / "finding.leakage.npy")
    assert found["leaked"]["in_training"]["count"] == len(set(leaked.tolist())) > 0
    both = found["leaked"]["in_training"]["count"] + found["leaked"]["elsewhere"]["count"]
    assert both == len(records)
    assert "Images that look the same" in lab.client("vic").get(f"/evaluations/{row.id}").text
