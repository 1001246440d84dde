"""The learning-rate finder: its arithmetic, and a real run that suggests a rate which trains."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from models.inspection.find_rate import find_rate
from models.training.finder import ends, exponential, smooth, suggest
from tests.models.jobs import DATASET, SMALL, make_dataset, of_kind, train


def test_rates_rise_by_equal_factors() -> None:
    rates = list(exponential(1e-4, 1.0, 5))
    assert rates == pytest.approx([1e-4, 1e-3, 1e-2, 1e-1, 1.0])


def test_the_smoothed_loss_has_no_bias_at_its_beginning() -> None:
    assert smooth([2.0] * 5) == pytest.approx([2.0] * 5)
    assert all(math.isnan(value) for value in smooth([1.0, float("nan"), 1.0])[1:])


def test_it_ends_where_the_loss_leaves() -> None:
    assert not ends([2.0] * 20)
    assert ends([2.0] * 20 + [9.0])
    assert ends([float("nan")])


def test_the_suggestion_is_where_the_loss_falls_most_steeply() -> None:
    rates = list(exponential(1e-6, 10.0, 100))
    losses = [2.3 - 2 / (1 + math.exp(-(math.log10(rate) + 3) * 4)) + max(0.0, math.log10(rate)) * 50 for rate in rates]
    suggestion, why = suggest(rates, losses)
    assert suggestion == pytest.approx(1e-3, rel=0.3)
    assert "most steeply" in why


@pytest.mark.parametrize("losses", [[2.3] * 50, [2.3 + 0.1 * step for step in range(50)], [float("nan")] * 50])
def test_no_suggestion_where_there_is_none(losses: list[float]) -> None:
    suggestion, why = suggest(list(exponential(1e-6, 10, len(losses))), losses)
    assert suggestion is None
    assert why.endswith(".")


def test_a_real_run_suggests_a_rate_that_trains(tmp_path: Path) -> None:
    make_dataset(tmp_path)
    options = {"dataset": DATASET, "network": "custom", "batch_size": 8, "seed": 1}
    params = {"source": SMALL, "options": options, "dataset": str(tmp_path / DATASET / "artifacts"), "steps": 60}
    found, _ = find_rate(params, [])
    assert len(found["rates"]) == len(found["losses"]) == len(found["smoothed"])
    assert 1e-5 < found["suggestion"] < 1
    _, events = train(tmp_path, epochs=6, learning_rate=found["suggestion"])
    assert of_kind(events, "metrics")[-1]["values"]["val/accuracy"] > 0.8
