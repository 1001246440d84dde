"""Stopping early, which checkpoints stay, the averaged weights, accumulation and soft targets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from data.options import parse
from models.preprocessing import Normaliser
from models.train_options import TrainOptions, completed
from models.training.average import Average
from models.training.groups import make_optimizer
from models.training.stopping import Saved, should_stop, superfluous, waited
from models.training.update import Updater
from tests.models.jobs import make_dataset, of_kind, train


@pytest.mark.parametrize(
    ("values", "since"), [([], 0), ([1.0], 0), ([1.0, 1.0], 1), ([1.0, 2.0, 0.5], 0), ([1.0, float("nan"), 2.0], 2)]
)
def test_reports_since_the_best(values: list[float], since: int) -> None:
    assert waited([{"val/loss": value} for value in values], "val/loss") == since
    assert waited([{"val/accuracy": -value} for value in values], "val/accuracy") == since
    assert waited([{"train/loss": value} for value in values], "val/loss") == 0


def test_patience_of_none_is_endless() -> None:
    flat = [{"val/loss": 1.0}] * 10
    assert [should_stop(flat[:count], "val/loss", 3) for count in (3, 4, 5)] == [False, True, True]
    assert not should_stop(flat, "val/loss", 0)


def test_what_is_kept() -> None:
    losses = [0.9, 0.2, 0.5, 0.1, 0.8, 0.7]
    saved = [Saved(f"e{step}", step, {"val/loss": loss}) for step, loss in enumerate(losses)]
    assert superfluous(saved, None, 0, "val/loss") == []
    assert superfluous(saved, 2, 1, "val/loss") == ["e0", "e1", "e2"]
    assert superfluous(saved, 1, 2, "val/loss") == ["e0", "e2", "e4"]
    assert superfluous([*saved[:1], Saved("mine", 1, {}, asked=True), *saved[2:]], 1, 0, "val/loss") == [
        "e0", "e2", "e3", "e4",
    ]  # fmt: skip


def test_the_loop_stops_early_and_says_so(tmp_path: Path) -> None:
    make_dataset(tmp_path)
    _, events = train(tmp_path, epochs=30, learning_rate=1e-9, early_stopping=3, watched_curve="val/accuracy")
    assert len(of_kind(events, "metrics")) == 4
    assert any("Stopped early" in event["text"] for event in of_kind(events, "note"))
    assert of_kind(events, "checkpoint")[-1]["step"] == of_kind(events, "metrics")[-1]["step"]


def test_checkpoints_that_are_not_kept_are_gone_and_told(tmp_path: Path) -> None:
    make_dataset(tmp_path)
    folder, events = train(tmp_path, epochs=5, keep_last=1, keep_best=1, watched_curve="val/loss")
    left = {path.stem for path in folder.checkpoints.glob("*.safetensors")}
    removed = {event["name"] for event in of_kind(events, "checkpoint_removed")}
    made = {event["name"] for event in of_kind(events, "checkpoint")}
    assert left == made - removed
    losses = {event["name"]: event["values"]["val/loss"] for event in of_kind(events, "checkpoint")}
    assert left == {"epoch-05.00", min(losses, key=lambda name: losses[name])}


def updater(model: nn.Module, **values: Any) -> Updater:
    options = completed(parse(TrainOptions, {"dataset": "d", "batch_size": 4, "learning_rate": 0.1, **values}))
    plain: Any = lambda pixels: pixels.float().permute(0, 3, 1, 2) / 255  # noqa: E731
    normalise: Normaliser = plain
    return Updater(model, make_optimizer(model, options), normalise, options, 3, torch.device("cpu"))


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 3))


def batch(count: int = 10) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return torch.randint(0, 256, (count, 8, 8, 3), dtype=torch.uint8, generator=generator), torch.arange(count) % 3


def test_accumulated_batches_are_one_large_batch_also_where_the_last_is_smaller() -> None:
    one, many = network(), network()
    loss, right = updater(one, batch_size=10)(batch(), 0.1, 1)
    loss_too, right_too = updater(many, batch_size=4, accumulation=3)(batch(), 0.1, 1)
    assert loss_too.item() == pytest.approx(loss.item(), rel=1e-5)
    assert right == right_too
    for a, b in zip(one.parameters(), many.parameters(), strict=True):
        assert torch.allclose(a, b, atol=1e-6)


def test_targets_may_be_soft() -> None:
    pixels, labels = batch()
    hard, soft = network(), network()
    targets = torch.nn.functional.one_hot(labels, 3).float()
    loss, right = updater(hard)((pixels, labels), 0.1, 1)
    loss_too, right_too = updater(soft)((pixels, targets), 0.1, 1)
    assert (loss.item(), right.item()) == (pytest.approx(loss_too.item()), right_too.item())


def test_class_weights_weigh() -> None:
    pixels, labels = batch()
    made = updater(network())
    made.weights = torch.tensor([0.0, 1.0, 0.0])
    loss, _ = made((pixels, labels), 0.1, 1)
    only, _ = updater(network())((pixels[labels == 1], labels[labels == 1]), 0.1, 1)
    assert loss.item() == pytest.approx(only.item(), rel=1e-5)


def test_gradients_are_clipped_to_the_norm() -> None:
    model = network()
    before = [weight.detach().clone() for weight in model.parameters()]
    updater(model, clip_norm=0.01, momentum=0, weight_decay=0)(batch(), 1.0, 1)
    moved = torch.cat([(a - b).flatten() for a, b in zip(model.parameters(), before, strict=True)])
    assert moved.norm().item() == pytest.approx(0.01, rel=1e-3)


def test_label_smoothing_raises_the_loss_floor() -> None:
    plain, _ = updater(network())(batch(), 0.1, 1)
    smooth, _ = updater(network(), label_smoothing=0.5)(batch(), 0.1, 1)
    assert smooth.item() != plain.item()


def test_the_average_is_the_formula_and_comes_and_goes() -> None:
    model = network()
    average = Average(model, 0.9)
    expected = [value.clone() for value in model.state_dict().values()]
    for step in range(1, 30):
        with torch.no_grad():
            for weight in model.parameters():
                weight.add_(0.1)
        average.update(step)
        decay = min(0.9, (1 + step) / (10 + step))
        expected = [
            decay * old + (1 - decay) * new for old, new in zip(expected, model.state_dict().values(), strict=True)
        ]
    own = [weight.clone() for weight in model.parameters()]
    with average.in_place():
        for value, wanted in zip(model.state_dict().values(), expected, strict=True):
            assert torch.allclose(value, wanted, atol=1e-6)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), own, strict=True))


def test_a_network_that_cannot_be_compiled_is_trained_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(_model: nn.Module) -> Any:
        def forward(_inputs: torch.Tensor) -> torch.Tensor:
            raise RuntimeError("no compiler here\nmore")

        return forward

    monkeypatch.setattr(torch, "compile", refuses)
    made = updater(network(), compile=True)
    losses = [made(batch(), 0.1, step)[0].item() for step in (1, 2, 3)]
    assert losses[-1] < losses[0]
    assert made.notes == ["The network cannot be compiled here and is trained as it is: no compiler here"]
