"""The requests that a warm inspector answers, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from models.inspection.check_network import check_network
from models.inspection.classify import classify
from models.inspection.describe_file import describe_file
from models.inspection.find_rate import find_rate
from models.inspection.inside_requests import REQUESTS as INSIDE_REQUESTS
from models.inspection.match_weights import match_weights
from models.inspection.preflight import measure_preflight, preflight
from models.inspection.preview_augmentation import preview_augmentation
from models.source.requests import REQUESTS as SOURCE_REQUESTS

Handler = Callable[[dict[str, Any], list[bytes]], tuple[dict[str, Any], list[bytes]]]


def warm_up() -> None:
    """Import what torch wants for the meta device, which takes as long as torch itself, before anybody waits for it."""
    with torch.device("meta"), torch.no_grad():
        nn.Sequential(nn.Conv2d(1, 2, 3), nn.Flatten(), nn.Linear(18, 2))(torch.zeros(2, 1, 5, 5))


REQUESTS: dict[str, Handler] = {
    "check_network": check_network,
    "classify": classify,
    "describe_file": describe_file,
    "find_rate": find_rate,
    "match_weights": match_weights,
    "measure_preflight": measure_preflight,
    "preflight": preflight,
    "preview_augmentation": preview_augmentation,
    **INSIDE_REQUESTS,
    **SOURCE_REQUESTS,
}
