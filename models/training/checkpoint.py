"""Self-describing checkpoints: weights as safetensors, a JSON beside them, and the newest training state."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from data.errors import UserError


def save(folder: Path, name: str, network: nn.Module, description: Mapping[str, Any]) -> int:
    """Write ``name``.safetensors, then ``name``.json with ``description``; both appear whole. Returns bytes."""
    weights = {key: value.detach().cpu().contiguous() for key, value in network.state_dict().items()}
    aside = folder / f".{name}.part"
    save_file(_unshared(weights), aside, metadata={"format": "pt"})
    target = folder / f"{name}.safetensors"
    aside.replace(target)
    text = folder / f".{name}.json.part"
    text.write_text(json.dumps(dict(description), indent=1, allow_nan=False), encoding="utf-8")
    text.replace(folder / f"{name}.json")
    return target.stat().st_size


def save_state(folder: Path, name: str, state: Mapping[str, Any]) -> None:
    """Write ``name``.state.pt (optimizer, random numbers, place in the data) and remove the older ones."""
    aside = folder / f".{name}.state.part"
    with aside.open("wb") as file:
        torch.save(dict(state), file)
        file.flush()
        os.fsync(file.fileno())
    target = folder / f"{name}.state.pt"
    aside.replace(target)
    for old in folder.glob("*.state.pt"):
        if old != target:
            old.unlink()


def load_weights(path: Path) -> dict[str, Tensor]:
    """The tensors of a checkpoint by name. Raises UserError where the file is gone or damaged."""
    try:
        weights: dict[str, Tensor] = load_file(path)
    except FileNotFoundError:
        raise UserError(f"The checkpoint {path.name} is no longer on the disk.") from None
    except Exception as error:  # safetensors has an error class of its own, not exported as one
        raise UserError(f"The checkpoint {path.name} cannot be read: {error}.") from error
    return weights


def load_matching(network: nn.Module, weights: Mapping[str, Tensor]) -> list[str]:
    """Copy each tensor that the network has by the same name and shape; returns the names that stay as they were."""
    own = network.state_dict()
    fits = {key: value for key, value in weights.items() if key in own and own[key].shape == value.shape}
    network.load_state_dict(fits, strict=False)
    return [key for key in own if key not in fits]


def _unshared(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Safetensors refuses two names for one memory (tied weights): the second gets a copy."""
    seen: set[int] = set()
    for key, value in weights.items():
        if value.numel() and value.data_ptr() in seen:
            weights[key] = value.clone()
        seen.add(weights[key].data_ptr())
    return weights
