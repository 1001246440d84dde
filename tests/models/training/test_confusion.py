"""Every validation tells its confusion matrix, and it is that of the images, over uneven batches."""

from __future__ import annotations

from pathlib import Path

import torch

from models.training.metrics import LIVE_CLASSES, Tally
from tests.models.jobs import make_dataset, of_kind, train


def test_each_validation_tells_a_matrix_that_agrees_with_its_accuracy(tmp_path: Path) -> None:
    make_dataset(tmp_path)
    _, events = train(tmp_path, epochs=2)
    told = [event["value"] for event in of_kind(events, "artifact") if event["name"] == "confusion"]
    metrics = of_kind(events, "metrics")
    assert [one["epoch"] for one in told] == [1.0, 2.0]
    for one, measured in zip(told, metrics, strict=True):
        right = sum(one["matrix"][label][label] for label in range(3))
        total = sum(map(sum, one["matrix"]))
        assert (total, right / total) == (15, measured["values"]["val/accuracy"])


def test_a_matrix_over_uneven_batches_and_none_for_many_classes() -> None:
    tally = Tally(3)
    labels = torch.tensor([0, 1, 2, 2, 1])
    logits = torch.eye(3)[torch.tensor([0, 2, 2, 0, 1])]
    tally.add(logits[:2], labels[:2])
    tally.add(logits[2:], labels[2:])
    assert tally.confusion() == [[1, 0, 0], [0, 1, 1], [1, 0, 1]]
    many = Tally(LIVE_CLASSES + 1)
    many.add(torch.zeros(2, LIVE_CLASSES + 1), torch.tensor([0, 1]))
    assert many.confusion() is None
