"""Sums, distributions and the map of a set against plain NumPy; an analysis of a real dataset from end to end."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from data.analysis.columns import Columns
from data.analysis.distributions import histogram, sizes
from data.analysis.layout import inside, lay_out, principal
from data.analysis.moments import Moments
from data.analysis.pictures import class_sheet
from data.analysis.run import analyse
from data.build import build_dataset
from data.database import Dataset, open_dataset
from data.dataset_options import DatasetOptions
from tests.data.factory import make_gradient_folder


def test_moments_are_exact() -> None:
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (500, 9, 7, 3), np.uint8), rng.integers(0, 4, 500).astype(np.int32)
    moments = Moments((9, 7, 3), 5)
    for start in range(0, 500, 250):
        moments.add(images[start : start + 250], labels[start : start + 250])
    assert moments.mean() == pytest.approx(images.mean(axis=0), abs=1e-3)
    assert moments.deviation() == pytest.approx(images.std(axis=0), abs=1e-2)
    means = moments.class_means()
    for number in range(4):
        assert means[number] == pytest.approx(images[labels == number].mean(axis=0), abs=1e-2)
    assert means[4].max() == 0
    for place, channel in enumerate(moments.channels()):
        assert channel["mean"] == pytest.approx(images[..., place].mean())
        assert channel["deviation"] == pytest.approx(images[..., place].std())
        assert sum(channel["levels"]) == images[..., place].size


def test_large_records_are_summed_small() -> None:
    moments = Moments((600, 1200, 3), 3000)
    assert moments.size == (128, 256)
    assert moments.by_class.nbytes <= 256 << 20
    moments.add(np.full((2, 600, 1200, 3), 90, np.uint8), np.array([0, 1], np.int32))
    assert moments.mean() == pytest.approx(90)
    assert moments.channels()[0]["mean"] == pytest.approx(90)


def test_a_sheet_has_a_cell_for_every_class() -> None:
    means = np.arange(5, dtype=np.float32)[:, None, None, None] * np.ones((1, 2, 3, 1), np.float32)
    sheet = class_sheet(means)
    assert sheet.shape == (4, 9, 1)
    assert sheet[0, ::3, 0].tolist() == [0, 1, 2]
    assert sheet[2, ::3, 0].tolist() == [3, 4, 128]


def test_a_histogram_counts_every_finite_value_once() -> None:
    values = np.concatenate([np.random.default_rng(1).lognormal(3, 1, 1000), [np.nan, np.inf]])
    for log in (False, True):
        found = histogram(values, log=log)
        assert found is not None
        assert sum(found["counts"]) == 1000
        assert len(found["edges"]) == len(found["counts"]) + 1
        assert found["median"] == pytest.approx(np.median(values[:1000]))
    assert histogram(np.full(7, 3.0))["counts"].count(7) == 1  # type: ignore[index]
    assert histogram(np.array([])) is None
    assert histogram(np.zeros(4), log=True) is None


def test_sizes_are_told_one_by_one_and_together_where_there_are_many() -> None:
    found = sizes(np.array([640, 640, 32, 0], np.uint32), np.array([480, 480, 32, 0], np.uint32))
    assert found is not None
    assert found["common"] == [[640, 480, 2], [32, 32, 1]]
    assert (found["distinct"], found["unknown"], found["gathered"]) == (2, 1, False)
    rng = np.random.default_rng(0)
    many = sizes(*rng.integers(100, 2000, (2, 5000)).astype(np.uint32))
    assert many is not None
    assert many["gathered"]
    assert sum(point[2] for point in many["points"]) == 5000
    assert sizes(np.zeros(3, np.uint32), np.zeros(3, np.uint32)) is None


def test_principal_components_are_those_of_the_covariance() -> None:
    rng = np.random.default_rng(2)
    rows = (rng.normal(size=(400, 2)) * [9, 3]) @ rng.normal(size=(2, 12)) + 5
    points, explained = principal(rows.astype(np.float32))
    assert sum(explained) == pytest.approx(1, abs=1e-3)
    assert explained[0] > explained[1]
    assert np.abs(points).max() == pytest.approx(1)
    assert abs(np.corrcoef(points.T)[0, 1]) < 1e-3
    again, _ = principal(rows.astype(np.float32))
    assert (points == again).all()


def test_pictures_all_alike_have_a_map_too() -> None:
    places, told = lay_out({"train": np.full((5, 3, 3, 1), 7, np.uint8)}, {"train": 5})
    assert np.isfinite(places["train"]).all()
    assert told["points"] == {"train": 5}
    assert not told["sampled"]


def test_neighbours_stay_together() -> None:
    """Three clouds of pictures; the same map every time. Needs openTSNE, which is optional."""
    pytest.importorskip("openTSNE")
    rng = np.random.default_rng(3)
    kinds = np.repeat(np.arange(3), 20)
    pictures = (kinds[:, None, None, None] * 80 + rng.integers(0, 30, (60, 4, 4, 1))).astype(np.uint8)
    places, told = lay_out({"train": pictures}, {"train": 60}, "tsne")
    assert told["method"] == "tsne"
    points = places["train"]
    assert np.abs(points).max() == pytest.approx(1)
    distance = np.linalg.norm(points[:, None] - points[None, :], axis=2)
    np.fill_diagonal(distance, np.inf)
    assert (kinds[distance.argmin(axis=1)] == kinds).mean() > 0.95
    assert (lay_out({"train": pictures}, {"train": 60}, "tsne")[0]["train"] == points).all()
    assert lay_out({"train": pictures[:5]}, {"train": 5}, "tsne")[1]["method"] == "pca"


def test_what_lies_inside_an_area() -> None:
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], float)
    points = np.array([[0.5, 0.5], [1.5, 0.5], [-0.1, 0.2], [0.99, 0.01]], np.float32)
    assert inside(points, square).tolist() == [True, False, False, True]


@pytest.fixture(scope="module")
def analysed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Dataset, Path]:
    home = tmp_path_factory.mktemp("analysed")
    images = make_gradient_folder(home / "images", per_class=20, size=(24, 16))
    Image.new("RGB", (90, 10), "#123456").save(images / "red-to-right" / "wide.png")
    options = DatasetOptions(folder=str(images), width=16, height=16, val_percent=25)
    list(build_dataset(options, home / "set", threads=1))
    dataset = open_dataset(home / "set")
    list(analyse(dataset, home / "analysis", threads=2))
    return dataset, home / "analysis"


def test_an_analysis_tells_of_every_split(analysed: tuple[Dataset, Path]) -> None:
    dataset, folder = analysed
    found = json.loads((folder / "analysis.json").read_text())
    assert list(found["splits"]) == ["train", "val"]
    for name, told in found["splits"].items():
        split = dataset.split(name)
        images = split.read(range(len(split)))
        assert told["records"] == len(split)
        assert [channel["mean"] for channel in told["channels"]] == pytest.approx(images.mean(axis=(0, 1, 2)), abs=1e-3)
        assert sum(told["brightness"]["counts"]) == len(split)
        assert [24, 16, 1] not in told["sizes"]["common"]
        assert told["sizes"]["common"][0][:2] == [24, 16]
        mean = np.asarray(Image.open(folder / name / "mean.png")).astype(float)
        assert np.abs(mean - images.mean(axis=0)).max() <= 0.51
        assert np.load(folder / name / "map.npy").shape == (len(split), 2)
    assert "odd_shape" in {item["name"] for item in found["findings"]}


def test_orders_are_those_of_the_values(analysed: tuple[Dataset, Path]) -> None:
    dataset, folder = analysed
    columns = Columns(dataset.split("train"), folder / "train")
    assert {"brightness", "contrast", "sharpness"} <= set(columns.sorts)
    for sort in columns.sorts:
        values = columns.sort_values(sort, columns.order(sort))  # type: ignore[arg-type]
        assert (np.diff(values.astype(float)) >= 0).all()
    with pytest.raises(KeyError):
        columns.order("nonsense")


def test_the_same_analysis_whatever_the_threads(analysed: tuple[Dataset, Path], tmp_path: Path) -> None:
    dataset, folder = analysed
    list(analyse(dataset, tmp_path, threads=1))
    for file in sorted(folder.rglob("*.npy")):
        assert (np.load(file) == np.load(tmp_path / file.relative_to(folder))).all(), file
    assert (folder / "analysis.json").read_text() == (tmp_path / "analysis.json").read_text()
