"""Lists of layers and factors as people write them."""

from __future__ import annotations

import pytest

from data.errors import UserError
from models.train_options import TrainOptions
from models.weights.options import check_start, covers, layer_names, rate_factors


def test_layers_may_be_separated_by_anything_usual() -> None:
    assert layer_names(" features.0, stage1.*\nfc;fc ") == ["features.0", "stage1.*", "fc"]
    assert layer_names(None) == layer_names("  ") == []


def test_factors_are_read_in_both_spellings() -> None:
    assert rate_factors("features = 0.1, fc: 10\nstage*=1e-3") == {"features": 0.1, "fc": 10.0, "stage*": 1e-3}
    assert rate_factors("") == {}


@pytest.mark.parametrize("text", ["features", "features = fast", "features = 0", "fc = -1", "fc = nan", "fc = inf"])
def test_a_factor_that_is_no_number_above_zero_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="a number above 0") as error:
        rate_factors(text)
    assert error.value.field == "rate_factors"


@pytest.mark.parametrize(
    ("pattern", "name", "meant"),
    [
        ("features", "features.3.squeeze", True),
        ("features.3", "features.30", False),
        ("stage*", "stage1.0.conv1", True),
        ("stage1.*.conv1", "stage1.0.conv1", True),
        ("conv1", "stage1.0.conv1", False),
        ("*", "anything", True),
    ],
)
def test_a_name_means_its_layer_and_all_within(pattern: str, name: str, meant: bool) -> None:
    assert covers(pattern, name) is meant


def test_weights_come_from_one_place_only() -> None:
    check_start(TrainOptions(dataset="d", pretrained="ResNet18_Weights.IMAGENET1K_V1"))
    with pytest.raises(UserError, match="one place only") as error:
        check_start(TrainOptions(dataset="d", start_from="m", weights_file="/w.pt"))
    assert error.value.field == "weights_file"
