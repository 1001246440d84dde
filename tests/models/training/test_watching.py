"""Statistics of layers against the plain formulas, on functional, in-place and shared activations; dead, full units."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from jobs import layers
from jobs.layers import LayerWriter
from models.training.activations import PATIENCE, Activations
from models.training.sampling import BINS, SAMPLE, Sampler, flat, histograms
from models.training.watching import Watcher
from tests.models.jobs import make_dataset, train

CPU = torch.device("cpu")


class Mixed(nn.Module):
    """Functional, in-place, shared and module activations."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, 6, 3)
        self.second = nn.Conv2d(6, 6, 3, padding=1)
        self.act = nn.ReLU(inplace=True)
        self.head = nn.Linear(6, 4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = F.relu(self.first(x))
        x = self.act(self.second(x))
        x = self.act(self.second(x))
        return torch.tanh(self.head(x.mean((2, 3))))


def looked(model: nn.Module, inputs: torch.Tensor, times: int = 1) -> dict[str, list[float]]:
    """Statistics by name after ``times`` looks at the same inputs."""
    seen = Activations(model, Sampler(CPU))
    for _ in range(times):
        with seen:
            model(inputs)
        names, table, _ = seen.taken()
    return dict(zip(names, table.T.tolist(), strict=True))


def test_every_function_is_seen_once_and_named_after_its_layer() -> None:
    torch.manual_seed(0)
    found = looked(Mixed(), torch.randn(4, 3, 8, 8))
    assert list(found) == [
        "first", "first relu", "second", "second relu", "second 2", "second relu 2", "head", "head tanh",
    ]  # fmt: skip


def test_activations_are_the_plain_formulas_also_where_a_function_works_in_place() -> None:
    torch.manual_seed(0)
    model, inputs = Mixed(), torch.randn(2, 3, 8, 8)
    found = looked(model, inputs)
    first = model.first(inputs)
    rectified = first.relu()
    again = model.second(rectified)
    for name, value in {"first": first, "first relu": rectified, "second": again, "second relu": again.relu()}.items():
        assert found[name][:3] == pytest.approx(
            [value.mean().item(), value.std().item(), (value == 0).float().mean().item()], abs=0.02
        ), name  # small tensors are repeated up to the sample's size


def test_a_unit_is_dead_only_after_it_was_silent_for_long() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(5, 10), nn.ReLU())
    with torch.no_grad():
        model[0].bias[:3] = -100.0
    inputs = torch.randn(64, 5).abs()
    assert looked(model, inputs, PATIENCE - 1)["0 relu"][3] == 0
    assert looked(model, inputs, PATIENCE)["0 relu"][3] >= 0.3
    with torch.no_grad():
        model[0].bias[:] = 100.0
    assert looked(model, inputs, 2 * PATIENCE)["0 relu"][3] == 0


@pytest.mark.parametrize(("scale", "full"), [(1e-3, 0.0), (1e4, 1.0)])
def test_saturated_units(scale: float, full: float) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(5, 10), nn.Tanh(), nn.Linear(10, 10), nn.Sigmoid())
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(scale)
    found = looked(model, torch.randn(64, 5))
    assert found["0 tanh"][4] == pytest.approx(full, abs=0.05)
    assert np.isnan(found["0"][4])
    assert np.isnan(found["0 tanh"][3])


def test_looking_changes_nothing() -> None:
    """Neither what the model computes nor the random numbers of the training."""
    model, inputs = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Dropout(0.5)), torch.randn(2, 3, 8, 8)
    torch.manual_seed(1)
    plain = model(inputs)
    torch.manual_seed(1)
    with Activations(model, Sampler(CPU)):
        seen = model(inputs)
    assert torch.equal(plain, seen)


def test_norms_ratios_and_updates_are_the_plain_formulas() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Linear(8 * 36, 4)).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    watcher = Watcher(model, CPU, 5, 10)
    assert [step for step in range(1, 12) if watcher.due(step)] == [1, 5, 10]
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    with watcher.forward():
        loss = F.cross_entropy(model(torch.randn(4, 3, 8, 8)), torch.arange(4))
    loss.backward()
    watcher.before()
    old = [weight.detach().clone() for weight in model.parameters()]
    gradients = [weight.grad.clone() for weight in model.parameters() if weight.grad is not None]
    optimizer.step()
    events = list(watcher.after(1))
    values = events[0]["values"]
    assert events[0]["names"] == [name for name, _ in model.named_parameters()]
    for index, (before, gradient, now) in enumerate(zip(old, gradients, model.parameters(), strict=True)):
        assert values["weight"][index] == pytest.approx(before.square().mean().sqrt().item(), rel=1e-4)
        assert values["gradient"][index] == pytest.approx(gradient.square().mean().sqrt().item(), rel=1e-4)
        assert values["gradient_ratio"][index] == pytest.approx((gradient.norm() / before.norm()).item(), rel=1e-4)
        assert values["update"][index] == pytest.approx(((now - before).norm() / before.norm()).item(), rel=0.1)
    assert [event["table"] for event in events[2:]] == ["weights", "gradients", "activations"]


def test_samples_of_dense_tensors_are_in_memory_order_and_the_same_every_time() -> None:
    tensor = torch.randn(8, 4, 16, 16).to(memory_format=torch.channels_last)
    assert flat(tensor).data_ptr() == tensor.data_ptr()
    sampler = Sampler(CPU)
    assert torch.equal(sampler.row(tensor), sampler.row(tensor))
    assert sampler.rows([tensor, torch.ones(3)]).shape == (2, SAMPLE)


def test_histograms_count_every_number_and_survive_what_is_none() -> None:
    rows = torch.stack([torch.linspace(-1, 1, SAMPLE), torch.zeros(SAMPLE), torch.full((SAMPLE,), float("nan"))])
    low, high, counts = histograms(rows)
    assert counts.sum(1).tolist() == [SAMPLE] * 3
    assert (low[0].item(), high[0].item()) == (-1, 1)
    assert counts[0].max() - counts[0].min() <= 2
    assert counts[1, 0] == SAMPLE == counts[2, 0]
    expected, _ = np.histogram(rows[0].numpy(), BINS)
    assert np.abs(counts[0].numpy() - expected).max() <= 1


# -- on disk -----------------------------------------------------------------------------------------------------


def written(root: Path, looks: int, names: tuple[str, ...] = ("a", "b")) -> LayerWriter:
    writer = LayerWriter(root)
    for look in range(1, looks + 1):
        writer.add("weights", 20 * look, names, {"update": [look, -look], "weight": [1.0, float("nan")]})
        parts = {"low": [0, -1], "high": [look, 1], "counts": np.full((2, layers.BINS), look)}
        writer.add_histograms("weights", 20 * look, names, parts)
    writer.flush()
    return writer


def test_what_is_written_is_read(tmp_path: Path) -> None:
    written(tmp_path, 5)
    assert layers.tables(tmp_path)["weights"] == {
        "names": ["a", "b"], "statistics": ["update", "weight"], "looks": 5, "last": 100,
    }  # fmt: skip
    found = layers.heat(tmp_path, "weights", "update")
    assert found.steps == [20, 40, 60, 80, 100]
    assert found.values.tolist() == [[1, 2, 3, 4, 5], [-1, -2, -3, -4, -5]]
    assert layers.curve(tmp_path, "weights", "update", 1)[1].tolist() == [-1, -2, -3, -4, -5]
    steps, records = layers.histograms(tmp_path, "weights", 0)
    assert (steps[-1], float(records[-1]["high"]), int(records[-1]["counts"][0])) == (100, 5.0, 5)


def test_many_looks_are_thinned_and_no_extreme_is_lost(tmp_path: Path) -> None:
    writer = LayerWriter(tmp_path)
    spike = 1234
    for look in range(5000):
        writer.add("weights", look, ["a"], {"update": [1000.0 if look == spike else -0.5]})
    writer.flush()
    found = layers.heat(tmp_path, "weights", "update", width=100)
    assert found.values.shape == (1, 100)
    assert found.values.max() == 1000
    assert sorted(found.values[0].tolist())[:99] == [-0.5] * 99


def test_cutting_back_and_a_torn_look(tmp_path: Path) -> None:
    written(tmp_path, 5)
    with (tmp_path / "weights.weight").open("rb+") as file:
        file.truncate(4 * 2 * 4 - 3)  # the fourth look is torn
    layers.cut(tmp_path, 90)
    assert layers.tables(tmp_path)["weights"]["looks"] == 3
    assert layers.histograms(tmp_path, "weights", 0)[0] == [20, 40, 60, 80]
    writer = LayerWriter(tmp_path)
    writer.add("weights", 100, ["a", "b"], {"update": [9, 9], "weight": [2, 2]})
    writer.add("weights", 120, ["other"], {"update": [9], "weight": [2]})  # another network's look is passed over
    writer.flush()
    assert layers.heat(tmp_path, "weights", "weight").values[0].tolist() == [1, 1, 1, 2]


@pytest.mark.parametrize(("table", "statistic"), [("weights", "no"), ("../x", "update"), ("activations", "mean")])
def test_what_there_is_not(tmp_path: Path, table: str, statistic: str) -> None:
    written(tmp_path, 1)
    with pytest.raises(KeyError):
        layers.heat(tmp_path, table, statistic)
    assert layers.tables(tmp_path / "nowhere") == {}


def test_a_training_leaves_statistics_and_none_where_they_are_not_wanted(tmp_path: Path) -> None:
    make_dataset(tmp_path)
    _, events = train(tmp_path, epochs=3, layer_interval=4, histogram_interval=8)
    kinds: list[Any] = [(event["kind"], event["table"], event["step"]) for event in events if event["kind"] == "layers"]
    assert [step for _, table, step in kinds if table == "weights"] == [1, 4, 8, 12, 16]
    assert any(event["kind"] == "histograms" for event in events)
    _, without = train(tmp_path, epochs=1, layer_interval=0)
    assert not any(event["kind"] in ("layers", "histograms") for event in without)
