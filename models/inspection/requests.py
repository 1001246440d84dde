"""The requests that a warm inspector answers, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from models.inspection.check_network import check_network
from models.inspection.classify import classify
from models.inspection.match_weights import match_weights
from models.inspection.preview_augmentation import preview_augmentation
from models.source.requests import REQUESTS as SOURCE_REQUESTS

Handler = Callable[[dict[str, Any], list[bytes]], tuple[dict[str, Any], list[bytes]]]

REQUESTS: dict[str, Handler] = {
    "check_network": check_network,
    "classify": classify,
    "match_weights": match_weights,
    "preview_augmentation": preview_augmentation,
    **SOURCE_REQUESTS,
}
