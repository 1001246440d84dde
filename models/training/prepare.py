"""Setting up a training: device, data, network, starting weights and the description that every checkpoint carries."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from data.database import Dataset
from data.errors import UserError
from models.networks import networks
from models.source_loader import check_output, load_network
from models.train_options import TrainOptions
from models.training import checkpoint
from models.training.batches import Records
from models.training.loop import Training, describe
from models.training.preprocessing import Preprocessing, make_preprocessing

CUSTOM_BATCH = 64


def prepare(
    folder: Path, dataset: Dataset, options: TrainOptions, dataset_id: str, seed: int
) -> tuple[Training, list[str]]:
    """A Training ready to run in the job folder ``folder``, and sentences for its owner. Raises UserError."""
    torch.manual_seed(seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    notes = [] if device.type == "cuda" else ["No GPU found: training on the CPU."]
    source = (folder / "artifacts" / "network.py").read_text(encoding="utf-8")
    preprocessing = make_preprocessing(options.mean_subtraction, torch.from_numpy(dataset.mean), options.crop_size)
    np.save(folder / "artifacts" / "mean.npy", preprocessing.mean.numpy())
    network = _network(source, dataset, preprocessing)
    notes += _start_weights(folder, network, options)
    train, val = _records(dataset, device)
    if val is None:
        notes.append("The dataset has no validation images: only the training curves are measured.")
    about = _about(dataset, options, preprocessing, network, dataset_id)
    training = Training(
        network=network.to(device, memory_format=torch.channels_last),  # type: ignore[call-overload]
        options=options,
        train=train,
        val=val,
        preprocessing=preprocessing.to(device),
        classes=len(dataset.classes),
        batch=min(options.batch_size or _own_batch(options), len(train)),
        seed=seed,
        device=device,
        folder=folder / "checkpoints",
        description={"format": 1, "model": about, "options": describe(options), "source": source},
    )
    return training, notes


def _network(source: str, dataset: Dataset, preprocessing: Preprocessing) -> nn.Module:
    height, width = preprocessing.output
    shape = {"channels": dataset.channels, "classes": len(dataset.classes), "height": height, "width": width}
    network = load_network(source, **shape)
    check_output(network, source, **shape)
    return network


def _records(dataset: Dataset, device: torch.device) -> tuple[Records, Records | None]:
    if "train" not in dataset.splits:
        raise UserError("The dataset has no training images.", field="dataset")
    train = Records(dataset.split("train"), device)
    val = Records(dataset.split("val"), device) if "val" in dataset.splits else None
    return train, val


def _own_batch(options: TrainOptions) -> int:
    return networks[options.network].batch_size if options.network in networks else CUSTOM_BATCH


def _start_weights(folder: Path, network: nn.Module, options: TrainOptions) -> list[str]:
    """Take the weights of an earlier model where asked; say which tensors did not fit."""
    if not options.start_from:
        return []
    earlier = folder.parent / options.start_from / "checkpoints"
    names = sorted(path.stem for path in earlier.glob("*.safetensors"))
    name = options.start_checkpoint or (names[-1] if names else "")
    if name not in names:
        raise UserError(f"The model {options.start_from} has no checkpoint {name}.", field="start_checkpoint")
    missed = checkpoint.load_matching(network, checkpoint.load_weights(earlier / f"{name}.safetensors"))
    total = len(network.state_dict())
    text = f"Started from {options.start_from}, {name}: {total - len(missed)} of {total} tensors taken."
    return [text + (f" Of another shape or new: {', '.join(missed)}." if missed else "")]


def _about(
    dataset: Dataset, options: TrainOptions, preprocessing: Preprocessing, network: nn.Module, dataset_id: str
) -> dict[str, Any]:
    """The content of model.json (docs/architecture.md)."""
    height, width = preprocessing.output
    return {
        "format": 1,
        "classes": list(dataset.classes),
        "channels": dataset.channels,
        "height": height,
        "width": width,
        "dataset": dataset_id,
        "resize_mode": dataset.resize_mode,
        "preprocessing": {
            **dataset.preparation.to_dict(),
            "crop": preprocessing.crop,
            "mean": options.mean_subtraction,
            "scale": preprocessing.scale,
        },
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
    }
