"""Memory and arithmetic told without computing, compared with a real step of the same network."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from data.database import Dataset, open_dataset
from models.examine import Shape
from models.networks import networks
from models.preflight.estimate import Estimate, estimate, state_share
from models.preflight.live import Live
from models.preflight.measure import measure
from models.train_options import TrainOptions, completed
from tests.models.jobs import DATASET, make_dataset

CPU = torch.device("cpu")


def options(**values: Any) -> TrainOptions:
    return completed(TrainOptions(dataset=DATASET, **{"batch_size": 8, **values}))


def lenet(shape: Shape | None = None, **values: Any) -> Estimate:
    return estimate(networks["lenet"].source, shape or Shape(1, 28, 28, 10), options(**values))


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    home = tmp_path_factory.mktemp("home")
    make_dataset(home, size=32)
    return open_dataset(home / DATASET / "artifacts")


def test_live_follows_tensors_from_birth_to_end() -> None:
    known = torch.zeros(100)
    with Live([known]) as live:
        one = torch.zeros(1000, dtype=torch.uint8)
        two = one + 1
        view = two[:10]
        del one
        assert (live.now, live.peak) == (1000, 2000)
        known.add_(1)
        del two, view
        assert (live.now, live.peak) == (0, 2000)


@pytest.mark.parametrize(("network", "batch", "optimizer"), [("lenet", 64, "sgd"), ("resnet18", 16, "adam")])
def test_the_estimate_is_within_a_tenth_of_a_real_step(
    dataset: Dataset, network: str, batch: int, optimizer: str
) -> None:
    wanted = options(network=network, batch_size=batch, optimizer=optimizer)
    found = estimate(networks[network].source, Shape(3, 32, 32, 3), wanted)
    measured = measure(networks[network].source, wanted, dataset, CPU)
    assert measured.peak is not None
    assert found.total == pytest.approx(measured.peak, rel=0.1)
    assert measured.images == batch


def test_memory_grows_with_the_batch_and_the_largest_one_fits() -> None:
    small, large = lenet(batch_size=8), lenet(batch_size=64)
    assert large.step - small.step == pytest.approx(56 * small.each, rel=0.05)
    free = 100_000_000
    most = small.largest(free)
    assert lenet(batch_size=most).total <= free
    assert lenet(batch_size=most + most // 4).total > 0.9 * free
    assert small.largest(1_000) == 0


def test_frozen_layers_need_neither_gradients_nor_state_nor_their_activations() -> None:
    shape = Shape(3, 64, 64, 10)
    whole, frozen = (
        estimate(networks["squeezenet"].source, shape, options(network="squeezenet", freeze=freeze))
        for freeze in (None, "features")
    )
    assert frozen.learning == 5_130
    assert frozen.optimizer == 4 * 5_130
    assert frozen.step < whole.step / 2
    assert frozen.step_flops < whole.step_flops / 2
    assert frozen.flops == whole.flops


@pytest.mark.parametrize(("optimizer", "share"), [("sgd", 1), ("adam", 2), ("adamw", 2), ("adagrad", 1)])
def test_the_state_of_each_optimizer_is_counted(optimizer: str, share: float) -> None:
    assert state_share(options(optimizer=optimizer)) == share


def test_flops_are_those_of_torchs_counter() -> None:
    from torch.utils.flop_counter import FlopCounterMode

    with torch.device("meta"):
        network = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    with FlopCounterMode(display=False) as counter:
        network(torch.zeros(1, 1, 28, 28, device="meta"))
    source = (
        "from torch import nn\nclass Net(nn.Sequential):\n    def __init__(self, classes):\n"
        "        super().__init__(nn.Flatten(), nn.Linear(784, classes))\n"
    )
    found = estimate(source, Shape(1, 28, 28, 10), options(network="custom", source=source))
    assert found.flops == counter.get_total_flops()
    assert found.step_flops == 2 * 8 * found.flops  # the input wants no gradient


def test_a_network_that_looks_at_numbers_is_estimated_from_two_images() -> None:
    source = networks["lenet"].source.replace(
        "x = self.pool1", "assert float(x.detach().sum()) >= 0\n        x = self.pool1", 1
    )
    found = estimate(source, Shape(1, 28, 28, 10), options())
    assert found.total == pytest.approx(lenet().total, rel=0.1)


def test_measuring_counts_steps_and_tells_the_times(dataset: Dataset) -> None:
    found = measure(networks["lenet"].source, options(crop_size=28, flip=True), dataset, CPU)
    assert found.steps >= 1
    assert found.timing.step > 0
    assert found.timing.images > 0
    assert not found.timing.ahead


def test_a_set_too_large_for_memory_is_read_ahead(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.preflight.measure.memory_budget", lambda _device: 0)
    timing = measure(networks["lenet"].source, options(), dataset, CPU).timing
    assert timing.ahead
    assert timing.load == 0
    assert timing.both == max(timing.step, timing.images)
