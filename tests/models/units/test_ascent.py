"""Synthetic images: they excite their units more than any real image, whatever is made beside them."""

from __future__ import annotations

import time

import pytest
import torch

from data.errors import UserError
from models.attribution.targets import Target
from models.attribution.tracer import Tracer
from models.units.ascent import Ascent, Scene, VisualizationOptions
from models.units.gallery import Gallery, Wish
from tests.models.attribution.nets import LeNet, digits, trained, twin

LOW, HIGH = torch.zeros(1, 1, 28, 28), torch.ones(1, 1, 28, 28)


def largest_of_real(layer: str) -> torch.Tensor:
    """The largest value of each unit over all digits."""
    net = trained()
    with torch.no_grad():
        values = Tracer(net, until=layer).forward(digits()[0])
    return values.amax((0, 2, 3)) if values.ndim == 4 else values.amax(0)


@pytest.mark.parametrize("layer", ["relu1", "conv2", "fc1", "fc2"])
def test_nearly_every_unit_is_excited_above_all_real_images(layer: str) -> None:
    real = largest_of_real(layer)
    alive = [unit for unit, value in enumerate(real.tolist()) if value > 0]
    ascent = Ascent(Scene(trained(), layer, LOW, HIGH), tuple(alive), VisualizationOptions(steps=160))
    ascent.advance(160)
    above = [value > real[unit] for unit, value in zip(alive, ascent.values(), strict=True)]
    assert sum(above) >= 0.95 * len(above)


def test_a_batch_gives_what_one_by_one_gives() -> None:
    scene = Scene(trained(), "conv2", LOW, HIGH)
    together = Ascent(scene, (2, 5, 9), VisualizationOptions())
    together.advance(32)
    alone = Ascent(scene, (5,), VisualizationOptions())
    alone.advance(32)
    assert alone.values()[0] == pytest.approx(together.values()[1], rel=5e-3)
    assert float((alone.pictures()[0].float() - together.pictures()[1].float()).abs().max()) <= 1


@pytest.mark.parametrize("method", ["erhan", "yosinski"])
def test_the_older_methods_climb_and_are_rougher(method: str) -> None:
    def made(options: VisualizationOptions) -> tuple[list[float], float]:
        ascent = Ascent(Scene(trained(), "conv2", LOW, HIGH), tuple(range(12)), options)
        first = ascent.values()
        ascent.advance(96)
        assert sum(now > before for now, before in zip(ascent.values(), first, strict=True)) >= 11
        pictures = ascent.pictures().float() / 255
        variation = (pictures[:, 1:] - pictures[:, :-1]).abs().mean((1, 2, 3))
        return ascent.values(), float((variation / pictures.flatten(1).std(1)).mean())

    _, rough = made(VisualizationOptions(method=method))  # type: ignore[arg-type]
    _, smooth = made(VisualizationOptions())
    assert smooth < (0.75 if method == "erhan" else 1.0) * rough


def test_a_dead_unit_is_reported_and_the_weights_stay() -> None:
    net = trained()
    with torch.no_grad():
        net.conv1.weight[3] = 0
        net.conv1.bias[3] = -1
        net.fc1.weight[7] = 0
    before = {key: value.clone() for key, value in net.state_dict().items()}
    for layer, unit in (("relu1", 3), ("relu3", 7), ("fc1", 7)):
        ascent = Ascent(Scene(net, layer, LOW, HIGH), (unit, 2), VisualizationOptions())
        ascent.advance(24)
        assert ascent.dead() == [True, False], layer
        assert torch.isfinite(torch.tensor(ascent.values())).all()
    assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())
    assert all(parameter.requires_grad and parameter.grad is None for parameter in net.parameters())


def test_other_objectives_climb_too() -> None:
    for objective in ("neuron", "direction", "channel"):
        options = VisualizationOptions(objective=objective)  # type: ignore[arg-type]
        ascent = Ascent(Scene(trained(), "conv2", LOW, HIGH), (1, 4), options)
        first = ascent.values()
        ascent.advance(64)
        assert all(now > before for now, before in zip(ascent.values(), first, strict=True))
    output = Ascent(Scene(trained(), "", LOW, HIGH), (3,), VisualizationOptions())
    output.advance(64)
    seen = output.pictures()[0].float().permute(2, 0, 1)[None] / 255
    with torch.no_grad():
        assert int(trained()(seen).argmax()) == 3
        assert float(Target("class", 3).value(trained()(seen))) == pytest.approx(output.values()[0], rel=0.1)


def wish(**options: object) -> Wish:
    scene = Scene(twin(LeNet), "conv2", LOW, HIGH)
    return Wish("conv2", "0" * 16, VisualizationOptions(**options), lambda: scene)  # type: ignore[arg-type]


def test_pictures_come_in_stages() -> None:
    gallery, asked = Gallery(), wish(steps=140)
    seen: set[int] = set()
    have: dict[int, int] = {}
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found, pictures = gallery.want(asked, [0, 5], have)
        assert len(pictures) == sum(facts["new"] for facts in found)
        have = {facts["unit"]: facts["steps"] for facts in found}
        seen |= set(have.values())
        if all(facts["done"] for facts in found):
            break
        time.sleep(0.02)
    assert {0, 140} <= seen <= {0, 32, 128, 140}
    again, pictures = gallery.want(asked, [5, 0], {})
    assert [(facts["unit"], facts["steps"]) for facts in again] == [(5, 140), (0, 140)]
    assert all(picture.startswith(b"\x89PNG") for picture in pictures)
    assert wish(steps=140).key == asked.key != wish(steps=140, seed=1).key  # other options, other pictures


def test_a_cancelled_layer_stops() -> None:
    gallery, asked = Gallery(), wish(steps=4000)
    gallery.want(asked, list(range(12)), {})
    assert gallery.busy()
    assert gallery.cancel(asked)
    assert not gallery.busy()
    assert not gallery.cancel(asked)


def test_what_fails_is_said_once_and_other_layers_go_on() -> None:
    def broken() -> Scene:
        raise UserError("This cannot be drawn.")

    gallery = Gallery()
    lost = Wish("conv2", "1" * 16, VisualizationOptions(steps=20), broken)
    said = ""
    end = time.monotonic() + 30
    while not said and time.monotonic() < end:
        try:
            gallery.want(lost, [1], {})
        except UserError as error:
            said = error.message
        time.sleep(0.02)
    assert said == "This cannot be drawn."
    found: list[dict[str, object]] = [{"done": False}]
    while not found[0]["done"] and time.monotonic() < end:
        found, _ = gallery.want(wish(steps=8), [1], {})
        time.sleep(0.02)
    assert found[0]["steps"] == 8
