"""DIGITS's model form as Foveal's training options."""

from __future__ import annotations

from typing import Any

import pytest

from app.api.digits_training import Previous, model_requests, names_for
from data.errors import InvalidOptions
from data.options import parse
from models.train_options import TrainOptions

LEAST = {"model_name": "m", "dataset": "20260101-000000-abcd", "standard_networks": "lenet"}


def requests(**fields: str) -> list[dict[str, Any]]:
    return model_requests({**LEAST, **fields})[0]


def options(**fields: str) -> TrainOptions:
    (values,) = requests(**fields)
    return parse(TrainOptions, {key: value for key, value in values.items() if key not in ("name", "group")})


def errors(**fields: str) -> dict[str, list[str]]:
    with pytest.raises(InvalidOptions) as caught:
        model_requests({**LEAST, **fields})
    return caught.value.fields


def test_absent_fields_have_digits_defaults() -> None:
    found = options()
    assert (found.epochs, found.checkpoint_interval, found.validation_interval) == (30, 1, 1)
    assert (found.optimizer, found.momentum, found.weight_decay, found.learning_rate) == ("sgd", 0.9, 1e-4, 0.01)
    assert (found.schedule, found.step_percent, found.step_gamma) == ("step", 33, 0.1)
    assert (found.mean_subtraction, found.crop_size, found.flip, found.batch_size) == ("image", None, False, None)
    assert (found.gpus, found.gpu, found.seed) == (None, None, None)
    assert model_requests({"model_name": "m", "dataset": "d"})[0][0]["network"] == "alexnet"


def test_every_field_that_foveal_has() -> None:
    found = options(
        framework="caffe",
        train_epochs="2",
        snapshot_interval="0.5",
        val_interval="0",
        random_seed="7",
        batch_size="16",
        batch_accumulation="1",
        solver_type="ADAM",
        learning_rate="0.001",
        lr_policy="fixed",
        shuffle="y",
        crop_size="8",
        use_mean="pixel",
        select_gpu="next",
        aug_flip="fliplr",
        traces_interval="0",
        rms_decay="0.99",
        aug_hsv_h="0.02",
    )
    assert (found.epochs, found.checkpoint_interval, found.validation_interval, found.seed) == (2, 0.5, 0, 7)
    assert (found.batch_size, found.optimizer, found.learning_rate, found.schedule) == (16, "adam", 0.001, "fixed")
    assert (found.crop_size, found.mean_subtraction, found.flip) == (8, "pixel", True)


def test_weight_decay_follows_the_learning_rate_as_in_digits_unless_given() -> None:
    assert options(learning_rate="0.1").weight_decay == pytest.approx(1e-3)
    assert options(learning_rate="0.1", weight_decay="0").weight_decay == 0


@pytest.mark.parametrize(
    ("framework", "solver", "momentum"),
    [("caffe", "SGD", 0.9), ("torch", "SGD", 0.9), ("tensorflow", "SGD", 0), ("tensorflow", "MOMENTUM", 0.9)],
)
def test_momentum_is_the_one_that_digits_fixed(framework: str, solver: str, momentum: float) -> None:
    assert options(framework=framework, solver_type=solver).momentum == momentum
    assert options(framework=framework, solver_type=solver, momentum="0.5").momentum == 0.5


@pytest.mark.parametrize(
    "fields",
    [{"select_gpu": "1"}, {"select_gpus_list": "1"}, {"select_gpus": "1", "select_gpu": "next"}],
)
def test_one_gpu_by_index(fields: dict[str, str]) -> None:
    assert options(**fields).gpu == 1


@pytest.mark.parametrize("fields", [{"select_gpus": "0,2"}, {"select_gpus_list": "0,1"}, {"select_gpu_count": "2"}])
def test_several_gpus_share_every_batch(fields: dict[str, str]) -> None:
    assert (options(**fields).gpus, options(**fields).gpu) == (2, None)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("solver_type", "ADAGRADDA"),
        ("solver_type", "FTRL"),
        ("traces_interval", "10"),
        ("python_layer_server_file", "/x.py"),
        ("shuffle", "0"),
        ("aug_whitening", "y"),
    ],
)
def test_what_foveal_lacks_is_refused_by_name(field: str, text: str) -> None:
    assert errors(**{field: text}).keys() == {field}


def test_augmentation() -> None:
    found = options(
        aug_flip="flipud", aug_quad_rot="rot90", aug_rot="45", aug_scale="0.07", aug_noise="0.03", aug_contrast="0.8",
        aug_hsv_use="y", aug_hsv_h="0.03",
    )  # fmt: skip
    assert (found.flip, found.flip_vertical, found.quarter_turns) == (False, True, "quarter")
    assert (found.rotation, found.scaling, found.noise, found.contrast) == (45, 0.07, 0.03, 0.8)
    assert (found.hue, found.saturation, found.value) == (0.03, 0.04, 0.06)
    both = options(aug_flip="fliplrud", aug_hsv_h="0.3")  # the shifts count only where colour is asked for
    assert (both.flip, both.flip_vertical, both.hue, both.augments) == (True, True, 0, True)
    assert not options().augments


@pytest.mark.parametrize(
    ("field", "text"),
    [("aug_flip", "x"), ("aug_rot", "181"), ("aug_quad_rot", "rot45"), ("aug_scale", "2"), ("aug_contrast", "-1")],
)
def test_wrong_augmentation_is_named_by_digits_field(field: str, text: str) -> None:
    assert errors(**{field: text}).keys() == {field}


@pytest.mark.parametrize(
    ("solver", "optimizer"),
    [("NESTEROV", "sgd"), ("ADAGRAD", "adagrad"), ("ADADELTA", "adadelta"), ("RMSPROP", "rmsprop"), ("ADAM", "adam")],
)
def test_solvers_of_digits(solver: str, optimizer: str) -> None:
    found = options(solver_type=solver, rms_decay="0.9")
    assert found.optimizer == optimizer
    assert found.sgd_nesterov == (solver == "NESTEROV")  # type: ignore[attr-defined]
    assert found.rmsprop_alpha == 0.9  # type: ignore[attr-defined]


def test_batches_are_accumulated_where_digits_does() -> None:
    assert options(batch_accumulation="4").accumulation == 4
    assert options(batch_accumulation="0").accumulation == options().accumulation == 1
    assert errors(batch_accumulation="-2").keys() == {"batch_accumulation"}


def test_only_the_chosen_policys_fields_are_read() -> None:
    assert options(lr_policy="poly", lr_poly_power="2", lr_step_size="0").poly_power == 2  # type: ignore[attr-defined]
    assert errors(lr_policy="multistep", lr_multistep_values="1,x").keys() == {"lr_multistep_values"}


def test_fields_that_ask_for_nothing_are_accepted() -> None:
    names = ("aug_quad_rot", "aug_whitening", "aug_hsv_use", "python_layer_from_client", "python_layer_client_file")
    zeros = ("aug_rot", "aug_scale", "aug_noise", "aug_contrast", "traces_interval", "batch_accumulation")
    off = {name: text for name in names for text in ("", "False", "none")} | dict.fromkeys(zeros, "0")
    assert options(**off) == options()


def test_all_errors_come_at_once_under_digits_names() -> None:
    found = errors(
        model_name="",
        dataset="",
        train_epochs="0",
        snapshot_interval="-1",
        val_interval="x",
        random_seed="-1",
        use_mean="median",
        lr_step_size="0",
        learning_rate="fast",
        batch_size="1.5",
    )
    assert found.keys() == {
        "model_name",
        "dataset",
        "train_epochs",
        "snapshot_interval",
        "val_interval",
        "random_seed",
        "use_mean",
        "lr_step_size",
        "learning_rate",
        "batch_size",
    }


@pytest.mark.parametrize("rates", ["0.1,0.01", "[0.1, 0.01]"])
def test_a_sweep_is_one_job_for_each_pair(rates: str) -> None:
    jobs = requests(learning_rate=rates, batch_size="8, 16")
    pairs = [("0.1", "8"), ("0.1", "16"), ("0.01", "8"), ("0.01", "16")]
    assert [(job["learning_rate"], job["batch_size"]) for job in jobs] == pairs
    assert [job["name"] for job in jobs] == [f"m learning_rate:{rate} batch_size:{size}" for rate, size in pairs]
    assert [job["weight_decay"] for job in jobs] == pytest.approx([1e-3, 1e-3, 1e-4, 1e-4])


def test_a_bad_value_in_a_sweep_is_an_error() -> None:
    assert errors(learning_rate="0.1,-1,nan")["learning_rate"] == [
        "'-1' is not a number above zero.",
        "'nan' is not a number above zero.",
    ]


def test_previous_model_and_epoch() -> None:
    def previous(**fields: str) -> Previous | None:
        return model_requests({**LEAST, "method": "previous", **fields})[1]

    assert previous(previous_networks="p") == Previous("p", None)
    assert previous(previous_networks="p", **{"p-snapshot": "2.5"}) == Previous("p", 2.5)
    assert previous(previous_networks="p", **{"p-snapshot": "-1"}) == Previous("p", -1)
    assert errors(method="previous", previous_networks="p", **{"p-snapshot": "x"}).keys() == {"p-snapshot"}
    assert errors(method="previous").keys() == {"previous_networks"}


def test_a_pretrained_model_is_an_earlier_one_by_another_field() -> None:
    asked = {**LEAST, "method": "pretrained", "pretrained_networks": "p"}
    assert model_requests(asked)[1] == Previous("p", None)
    assert errors(method="pretrained").keys() == {"pretrained_networks"}
    assert names_for(asked)["start_from"] == "pretrained_networks"


def test_custom_source_is_kept_to_the_letter() -> None:
    source = "class Net(nn.Module):\n    pass\n\n"
    (values,) = requests(method="custom", custom_network=source)
    assert (values["network"], values["source"]) == ("custom", source)
    assert errors(method="custom", custom_network=" ").keys() == {"custom_network"}
    (values,) = requests(method="custom", custom_network=source, custom_network_snapshot="/a.pt")
    assert values["weights_file"] == "/a.pt"


def test_errors_about_the_network_name_the_field_of_the_method() -> None:
    assert names_for({"method": "custom"})["network"] == "custom_network"
    assert names_for({"method": "previous"})["network"] == "previous_networks"
    assert names_for({})["network"] == "standard_networks"
    assert names_for({"method": "custom"})["source"] == "custom_network"
