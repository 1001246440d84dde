"""A whole atlas by the real task equals what a plain loop over all images and layers finds."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from data.database import open_dataset
from jobs.folder import JobFolder
from jobs.job import Job, new_id
from jobs.worker import work
from models.atlas.units import selectivity
from models.inspection.loaded import models
from tests.models.jobs import DATASET, make_dataset, train


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    make_dataset(home)
    return home


@pytest.fixture(scope="module")
def model(home: Path) -> JobFolder:
    return train(home, epochs=1)[0]


def atlas_of(home: Path, model: JobFolder, **options: object) -> JobFolder:
    values = {"model": model.path.name, **options}
    folder = JobFolder.create(home, Job(new_id(), "atlas", "build_atlas", "a", values, parents=(model.path.name,)))
    assert work(folder) == 0, folder.state().error + folder.log_tail()
    return folder


def test_an_atlas_equals_a_plain_loop(home: Path, model: JobFolder) -> None:
    folder = atlas_of(home, model, split="train", top=5)
    facts = json.loads((folder.artifacts / "atlas.json").read_text())
    assert [(layer["name"], layer["units"]) for layer in facts["layers"]] == [("conv", 8), ("fc", 3)]
    field = {"start": [-1.0, -1.0], "size": [3.0, 3.0], "step": [1.0, 1.0], "extent": [[0.0, 10.0], [0.0, 10.0]]}
    assert facts["layers"][0]["field"] == field
    assert facts["layers"][1]["field"] is None
    loaded = models.get(model.path)
    part = open_dataset(home / DATASET / "artifacts").split("train")
    images = loaded.normalise(torch.from_numpy(part.read(range(len(part)))))
    with torch.no_grad():
        maps = loaded.network.conv(images)
        peaks = {0: maps.amax((2, 3)), 1: loaded.network(images)}
    for index, expected in peaks.items():
        found = np.load(folder.artifacts / "layers" / f"{index}.npz")
        values = expected.numpy()
        order = np.argsort(-found["top_values"], 1, kind="stable")
        assert (order == np.arange(5)).all()
        assert np.allclose(found["top_values"], -np.sort(-values, 0)[:5].T, atol=1e-5)
        assert np.allclose(found["bottom_values"], np.sort(values, 0)[:5].T, atol=1e-5)
        units = np.arange(values.shape[1])[:, None]
        assert np.allclose(values[found["top_numbers"], units], found["top_values"], atol=1e-5)
        means = np.stack([values[np.asarray(part.labels) == label].mean(0) for label in range(3)])
        assert np.allclose(found["profile"][:3], means, atol=1e-4)
        assert np.allclose(found["active"], (values > 0).mean(0))
        correlation = np.corrcoef(values.T)
        np.fill_diagonal(correlation, -np.inf)
        assert np.allclose(found["alike"][:, 0, 1], correlation.max(1), atol=1e-2)
    places = np.load(folder.artifacts / "layers" / "0.npz")
    for unit in range(8):
        number, place = places["top_numbers"][unit, 0], places["top_places"][unit, 0]
        assert maps[number, unit].flatten()[place].item() == pytest.approx(places["top_values"][unit, 0], abs=1e-5)


def test_more_places_than_images_are_left_empty(home: Path, model: JobFolder) -> None:
    folder = atlas_of(home, model, split="val", top=40, limit=7)
    found = np.load(folder.artifacts / "layers" / "1.npz")
    assert (np.sort(found["top_numbers"][:, :7], 1) == np.arange(7)).all()
    assert (found["top_numbers"][:, 7:] == -1).all()


def test_selectivity_of_a_unit_for_one_class_and_for_all() -> None:
    profile = np.array([[1.0, 2.0, 0.0], [0.0, 2.0, 0.0], [9.0, 9.0, 9.0]])
    found = selectivity(profile, np.array([4, 4, 0]))
    assert found[:2].tolist() == [1.0, 0.0]
    assert np.isnan(found[2])
