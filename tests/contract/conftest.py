"""One running server for all contract tests: real scheduler, real workers, one shared dataset, one trained LeNet."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks._server import running
from tests.contract.script import Script
from tests.data.factory import make_gradient_folder

SIZE = 20
LABELS = ("blue-to-left", "green-to-top", "red-to-right")


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that jobs may read: ``set`` (3 classes of 10), ``four`` (the fourth of 5), ``val`` and ``test``."""
    root = tmp_path_factory.mktemp("images")
    make_gradient_folder(root / "set")
    make_gradient_folder(root / "four", classes=4)
    make_gradient_folder(root / "val", per_class=4)
    make_gradient_folder(root / "test", per_class=3)
    return root


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory, images: Path) -> Iterator[str]:
    """The address of a single-user server with two CPU slots."""
    home = tmp_path_factory.mktemp("foveal")
    with running(home, "--data-root", str(images), FOVEAL_CPU_SLOTS="2", OMP_NUM_THREADS="1") as found:
        yield found.url


@pytest.fixture(scope="session")
def digits(server: str) -> Script:
    """A script that speaks to it."""
    return Script(server)


@pytest.fixture(scope="session")
def dataset_form(images: Path) -> dict[str, Any]:
    """The form of the shared dataset."""
    return {
        "dataset_name": "gradients",
        "method": "folder",
        "folder_train": str(images / "set"),
        "folder_pct_val": 20,
        "folder_pct_test": 10,
        "resize_width": SIZE,
        "resize_height": SIZE,
        "resize_channels": 3,
        "encoding": "png",
    }


@pytest.fixture(scope="session")
def dataset(digits: Script, dataset_form: dict[str, Any]) -> str:
    """The shared dataset, Done."""
    job = digits.create("dataset", dataset_form)
    digits.wait(job)
    return job


@pytest.fixture(scope="session")
def model_form(dataset: str) -> dict[str, Any]:
    """The form of the shared model: enough epochs to tell the three gradients apart."""
    return {
        "model_name": "gradient lenet",
        "dataset": dataset,
        "framework": "caffe",
        "method": "standard",
        "standard_networks": "lenet",
        "train_epochs": 20,
        "snapshot_interval": 10,
        "batch_size": 8,
        "learning_rate": 0.01,
        "lr_policy": "fixed",
        "random_seed": 1,
    }


@pytest.fixture(scope="session")
def model(digits: Script, model_form: dict[str, Any]) -> str:
    """The shared LeNet, trained."""
    job = digits.create("model", model_form)
    digits.wait(job)
    return job
