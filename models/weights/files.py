"""Reads weight files: state_dicts that PyTorch wrote, and safetensors. Nothing in a file is ever run."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from data.errors import UserError

INNER = ("state_dict", "model_state_dict", "model_state", "model", "net", "network", "weights", "module", "ema")
"""Where training scripts put the state_dict when they save more than that."""
ENDINGS = (".pt", ".pth", ".bin", ".ckpt", ".tar", ".safetensors")
SAFE_ONLY = "Save it anew with torch.save(model.state_dict(), ...), or as safetensors."


def read_file(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a file by name, on the CPU. Raises UserError(field="weights_file") where it holds none."""
    tensors = _safetensors(path) if path.suffix == ".safetensors" else _pytorch(path)
    if not tensors:
        raise UserError(f"{path.name} holds no tensors.", field="weights_file", hint=SAFE_ONLY)
    return tensors


def state_dict_in(content: Any) -> dict[str, torch.Tensor]:
    """The state_dict in what a file held: itself, or one level down under a usual name. Empty where there is none."""
    if not isinstance(content, Mapping):
        return {}
    for candidate in (content, *(content[name] for name in INNER if name in content)):
        if isinstance(candidate, Mapping):
            tensors = {str(name): value for name, value in candidate.items() if isinstance(value, torch.Tensor)}
            if tensors and len(tensors) >= len(candidate) / 2:
                return tensors
    return {}


def _safetensors(path: Path) -> dict[str, torch.Tensor]:
    try:
        tensors: dict[str, torch.Tensor] = load_file(path)
    except (OSError, SafetensorError) as error:
        raise UserError(f"{path.name} cannot be read: {first_line(error)}.", field="weights_file") from error
    return tensors


def _pytorch(path: Path) -> dict[str, torch.Tensor]:
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise UserError(_unsafe(path, error), field="weights_file", hint=SAFE_ONLY) from error
    except (OSError, RuntimeError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise UserError(
            f"{path.name} cannot be read as a PyTorch file: {first_line(error)}.",
            field="weights_file",
            hint=f"Give a file with one of the endings {', '.join(ENDINGS)}.",
        ) from error
    return {name: tensor.detach() for name, tensor in state_dict_in(content).items()}


def _unsafe(path: Path, error: Exception) -> str:
    """A pickle of anything but tensors could run code, so it is not opened."""
    words = str(error)
    if "TorchScript" in words:
        return f"{path.name} is a TorchScript program, not a state_dict."
    found = next((line for line in words.splitlines() if "GLOBAL" in line or "global" in line.lower()), "")
    name = found.split("GLOBAL ", 1)[-1].split(" was not", 1)[0].strip() if "GLOBAL " in found else ""
    if name:
        return f"{path.name} holds more than tensors ({name}), and opening it could run code: it was not opened."
    return f"{path.name} is no state_dict of PyTorch, or it is damaged: it was not opened."


def first_line(error: BaseException) -> str:
    """The first line of an error's words, without its full stop."""
    return str(error).strip().partition("\n")[0].rstrip(".: ")[:200] or type(error).__name__
