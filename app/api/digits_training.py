"""DIGITS's model form -> TrainOptions values, sweeps expanded: pure functions (digits.md 1.4 to 1.6)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.api.digits_augmentation import AUGMENTATION_NAMES, augmentation_values
from app.api.digits_fields import FALSE, Form
from models.train_options import TrainOptions

POLICY_NAMES = {
    "step_percent": "lr_step_size",
    "step_gamma": "lr_step_gamma",
    "multistep_values": "lr_multistep_values",
    "multistep_gamma": "lr_multistep_gamma",
    "exp_gamma": "lr_exp_gamma",
    "inv_gamma": "lr_inv_gamma",
    "inv_power": "lr_inv_power",
    "poly_power": "lr_poly_power",
    "sigmoid_step": "lr_sigmoid_step",
    "sigmoid_gamma": "lr_sigmoid_gamma",
}
"""TrainOptions field -> DIGITS field, of the learning-rate policies; the defaults are the same."""

MODEL_NAMES = {
    "name": "model_name",
    "group": "group_name",
    "network": "standard_networks",
    "source": "custom_network",
    "start_from": "previous_networks",
    "start_checkpoint": "previous_networks",
    "weights_file": "custom_network_snapshot",
    "mean_subtraction": "use_mean",
    **AUGMENTATION_NAMES,
    "epochs": "train_epochs",
    "optimizer": "solver_type",
    "schedule": "lr_policy",
    **POLICY_NAMES,
    "rmsprop_alpha": "rms_decay",
    "accumulation": "batch_accumulation",
    "validation_interval": "val_interval",
    "checkpoint_interval": "snapshot_interval",
    "seed": "random_seed",
    "gpus": "select_gpu_count",
    "gpu": "select_gpu",
}
"""TrainOptions field -> DIGITS field; names that are not here are the same (dataset, batch_size, learning_rate ...)."""

SOLVERS = {
    "SGD": "sgd",
    "MOMENTUM": "sgd",
    "NESTEROV": "sgd",
    "ADAM": "adam",
    "ADAGRAD": "adagrad",
    "ADADELTA": "adadelta",
    "RMSPROP": "rmsprop",
}
LATER_SOLVERS = ("ADAGRADDA", "FTRL")
FROM_MODEL = {"previous": "previous_networks", "pretrained": "pretrained_networks"}
"""Methods that take network and weights of a model -> the field with its id: any model is a pretrained one here."""
FRAMEWORKS = ("caffe", "torch", "tensorflow", "pytorch")
"""Accepted so that scripts run; Foveal trains with PyTorch whatever is named."""
POLICIES = ("fixed", "step", "multistep", "exp", "inv", "poly", "sigmoid")


@dataclass(frozen=True)
class Previous:
    """Methods "previous" and "pretrained": whose network and weights are taken. Epoch None: its last checkpoint; 0: no
    weights, only the network; -1: the weights that it started from itself."""

    model: str
    epoch: float | None


def model_requests(form: Mapping[str, str]) -> tuple[list[dict[str, Any]], Previous | None]:
    """Values (name, group, TrainOptions) of each job of ``POST /models/images/classification``; a sweep has several.

    ``learning_rate`` and ``batch_size`` may be comma lists: every pair is a job. With an earlier model the caller adds
    network, source and weights of the second answer. Raises InvalidOptions whose ``fields`` have DIGITS's names.
    """
    read = Form(form)
    if not read.text("model_name"):
        read.wrong("model_name", "A model needs a name.")
    if not read.text("dataset"):
        read.wrong("dataset", "Give the id of the dataset to train on.")
    method = read.choice("method", "standard", {name: name for name in ("standard", *FROM_MODEL, "custom")})
    previous = _previous(read, FROM_MODEL[method]) if method in FROM_MODEL else None
    options = _network(read, method) | _data(read) | _training(read) | _machine(read)
    _not_yet(read)
    jobs = _sweep(read, options)
    read.finish(TrainOptions, jobs[0], names_for(form))
    return [{"group": read.text("group_name"), **job} for job in jobs], previous


def names_for(form: Mapping[str, str]) -> dict[str, str]:
    """MODEL_NAMES with the network's field as the chosen method names it."""
    method = form.get("method", "standard").strip() or "standard"
    field = {"custom": "custom_network", **FROM_MODEL}.get(method, "standard_networks")
    names = {**MODEL_NAMES, "network": field, "source": "custom_network" if method == "standard" else field}
    return {**names, "start_from": field, "start_checkpoint": field} if method in FROM_MODEL else names


def _network(read: Form, method: str) -> dict[str, Any]:
    """A weights file is a state_dict or safetensors; a .caffemodel or .t7 is refused when it is read."""
    if method != "custom":
        return {"network": read.text("standard_networks", "alexnet").lower()} if method == "standard" else {}
    if not read.text("custom_network"):
        read.wrong("custom_network", "Give the network's source: Python with a class Net(nn.Module).")
    weights = read.text("custom_network_snapshot") or None
    return {"network": "custom", "source": read.values.get("custom_network", ""), "weights_file": weights}


def _previous(read: Form, name: str) -> Previous:
    model = read.text(name)
    if not model:
        read.wrong(name, "Give the id of the model to start from.")
    field = f"{model}-snapshot"
    return Previous(model, read.number(field, -1) if read.text(field) else None)


def _data(read: Form) -> dict[str, Any]:
    """Images on their way into the network. ``shuffle`` is always on; absent counts as on."""
    if "shuffle" in read.values and not read.flag("shuffle"):
        read.wrong("shuffle", "Foveal always shuffles the training images; leave this field out.")
    return {
        "dataset": read.text("dataset"),
        "mean_subtraction": read.choice("use_mean", "image", {name: name for name in ("none", "image", "pixel")}),
        "crop_size": read.text("crop_size"),
        **augmentation_values(read),
    }


def _training(read: Form) -> dict[str, Any]:
    """DIGITS fixes momentum (0.9; TensorFlow's SGD has none); Foveal also takes ``momentum`` as a field of its own."""
    solver = read.text("solver_type", "SGD")
    framework = read.choice("framework", "caffe", {name: name for name in FRAMEWORKS})
    plain = solver == "SGD" and framework == "tensorflow"
    return {
        "epochs": read.text("train_epochs", "30"),
        "checkpoint_interval": read.text("snapshot_interval", "1"),
        "validation_interval": read.text("val_interval", "1"),
        "seed": read.text("random_seed"),
        "optimizer": read.choice("solver_type", "SGD", SOLVERS, LATER_SOLVERS),
        "momentum": read.text("momentum", "0" if plain else "0.9"),
        "sgd_nesterov": solver == "NESTEROV",
        "accumulation": _accumulation(read),
        "rmsprop_alpha": read.text("rms_decay", "0.99"),
        "schedule": read.choice("lr_policy", "step", {name: name for name in POLICIES}),
        **_policy(read),
    }


def _accumulation(read: Form) -> str:
    """DIGITS's field is absent, blank or 0 where nothing is accumulated."""
    text = read.text("batch_accumulation", "1")
    return "1" if text.lower() in FALSE else text


def _policy(read: Form) -> dict[str, Any]:
    """The fields of the chosen learning-rate policy; those of the others are passed over, as DIGITS does."""
    chosen = f"{read.text('lr_policy', 'step')}_"
    return {
        field: text for field, name in POLICY_NAMES.items() if field.startswith(chosen) and (text := read.text(name))
    }


def _machine(read: Form) -> dict[str, Any]:
    """One GPU by index, or the next free ones: of several that are named, only how many there are matters."""
    index, count = read.text("select_gpu", "next"), read.text("select_gpu_count")
    for field in ("select_gpus", "select_gpus_list"):
        listed = [text.strip() for text in read.text(field).split(",") if text.strip()]
        if len(listed) > 1:
            index, count = "next", str(len(listed))
        elif listed:
            index = listed[0]
    return {"gpus": count, "gpu": None if index == "next" else index}


def _not_yet(read: Form) -> None:
    """Fields that would change the result and that Foveal does not have: an error only where they are used."""
    off = tuple(FALSE)
    zero = (*off, "0.0")
    read.lacking("traces_interval", "timeline traces", zero)
    for name in ("python_layer_from_client", "python_layer_client_file", "python_layer_server_file"):
        read.lacking(name, "Caffe's Python layers", off)


def _sweep(read: Form, options: dict[str, Any]) -> list[dict[str, Any]]:
    """One job for each learning rate and batch size; what is swept is said in the name, as DIGITS does.

    The weight decay is DIGITS's (a hundredth of the base learning rate) unless ``weight_decay`` is given.
    """
    rates = _numbers(read, "learning_rate", "0.01")
    sizes = _numbers(read, "batch_size", "")
    jobs = []
    for rate in rates:
        for size in sizes:
            name = read.text("model_name")
            name += f" learning_rate:{rate}" if len(rates) > 1 else ""
            name += f" batch_size:{size}" if len(sizes) > 1 else ""
            decay = read.text("weight_decay") or _hundredth(rate)
            jobs.append({**options, "name": name, "learning_rate": rate, "batch_size": size, "weight_decay": decay})
    return jobs


def _numbers(read: Form, name: str, default: str) -> list[str]:
    """The texts of a comma list ("0.1, 0.01" or "[0.1, 0.01]"), each a number above zero; one blank where none."""
    texts = [text.strip() for text in read.text(name, default).strip("[]").split(",") if text.strip()]
    for text in texts:
        if _number(text) <= 0:
            read.wrong(name, f"{text!r} is not a number above zero.")
    return texts or [""]


def _number(text: str) -> float:
    """The number, or 0 (never valid here) for what is none or not finite."""
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if math.isfinite(value) else 0.0


def _hundredth(rate: str) -> float:
    return max(_number(rate), 0.0) / 100
