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
from jobs.tasks.build_atlas import run
from jobs.worker import work
from models.atlas import build, gather
from models.atlas.kept import read_images
from models.atlas.units import selectivity
from models.atlas.wishes import Wish, wish
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


def new_atlas(home: Path, model: JobFolder, **options: object) -> JobFolder:
    values = {"model": model.path.name, **options}
    return JobFolder.create(home, Job(new_id(), "atlas", "build_atlas", "a", values, parents=(model.path.name,)))


def atlas_of(home: Path, model: JobFolder, **options: object) -> JobFolder:
    folder = new_atlas(home, model, **options)
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


def test_an_atlas_goes_on_after_a_killed_worker_and_is_the_same(
    home: Path, model: JobFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(build, "batch_size", lambda *_: 8)
    monkeypatch.setattr(build._Saving, "look", lambda self: self.atlas.save())
    whole = atlas_of(home, model, top=5)
    folder = new_atlas(home, model, top=5)
    saved = gather.Atlas.save

    def killed(self: gather.Atlas) -> None:
        saved(self)
        if self.done == 16:
            assert self.kept is not None
            with (self.kept.folder / "images.bin").open("ab") as file:
                file.write(b"torn")  # what a worker leaves that dies while it writes
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(gather.Atlas, "save", killed)
        with pytest.raises(KeyboardInterrupt):
            list(run(folder, folder.job()))
    assert not (folder.artifacts / "atlas.json").exists()
    assert work(folder) == 0, folder.state().error
    assert any("after 16 images" in note for note in folder.state().notes)
    for index in range(2):
        one, other = (np.load(each.artifacts / "layers" / f"{index}.npz") for each in (whole, folder))
        assert all(np.array_equal(one[name], other[name], equal_nan=True) for name in one.files)
    for name in ("kept/images.bin", "kept/0.bin", "kept/1.bin"):
        assert (whole.artifacts / name).read_bytes() == (folder.artifacts / name).read_bytes()
    assert not (folder.artifacts / "state.pt").exists()


def test_maps_of_each_layer_and_what_is_wished_later(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained = train(home, epochs=3, learning_rate=0.1)[0]
    folder = atlas_of(home, trained)
    facts = json.loads((folder.artifacts / "atlas.json").read_text())
    images = read_images(folder.artifacts / "kept")
    assert facts["kept"] == len(images) == facts["count"]
    loaded = models.get(trained.path)
    part = open_dataset(home / DATASET / "artifacts").split("train")
    with torch.no_grad():
        scores = loaded.network(loaded.normalise(torch.from_numpy(part.read(range(len(part)))))).softmax(1)
    assert (images["predicted"] == scores.argmax(1).numpy()).all()
    assert np.allclose(images["confidence"], scores.max(1).values, atol=1e-5)
    assert (images["label"] == np.asarray(part.labels)).all()
    monkeypatch.setattr(build, "_pass", None)  # a finished atlas takes no other pass
    wish(folder.path, Wish(checkpoints=2))
    wish(folder.path, Wish(tsne=1))
    assert work(folder) == 0, folder.state().error + folder.log_tail()
    with np.load(folder.artifacts / "maps" / "through.npz") as told:
        assert told["names"].tolist() == ["epoch-01.00", "epoch-03.00"]
        assert (told["predicted"][1] == images["predicted"]).all()
    for index in range(2):
        now = np.load(folder.artifacts / "maps" / f"{index}.npz")["places"]
        through = np.load(folder.artifacts / "maps" / f"{index}.through.npz")["places"]
        assert np.allclose(through[1], now, atol=1e-3), "the checkpoint of the atlas lies where the map has it"
        assert not np.allclose(through[0], now, atol=1e-2)
    assert np.load(folder.artifacts / "maps" / "1.tsne.npz")["places"].shape == (len(images), 2)


def test_selectivity_of_a_unit_for_one_class_and_for_all() -> None:
    profile = np.array([[1.0, 2.0, 0.0], [0.0, 2.0, 0.0], [9.0, 9.0, 9.0]])
    found = selectivity(profile, np.array([4, 4, 0]))
    assert found[:2].tolist() == [1.0, 0.0]
    assert np.isnan(found[2])
