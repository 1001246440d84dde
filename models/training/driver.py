"""Wakes the GPU's driver while a worker may still do all that it wants: start its helpers, make its devices."""

from __future__ import annotations

import torch


def wake_driver() -> None:
    """Begin with CUDA where there is a GPU. What fails here fails again, in words, where the GPU is used."""
    try:
        if torch.cuda.is_available():
            torch.zeros(1, device="cuda")
    except RuntimeError as error:
        print(f"The GPU does not answer: {error}")
