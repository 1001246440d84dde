"""Loss and accuracy over a whole split."""

from __future__ import annotations

from collections.abc import Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from models.training.batches import Batch
from models.training.preprocessing import Preprocessing

TOP = 5


@torch.no_grad()
def validate(
    network: nn.Module, batches: Iterable[Batch], preprocessing: Preprocessing, classes: int
) -> dict[str, float]:
    """``val/loss`` (nats per image), ``val/accuracy`` and, over five classes, ``val/top5`` (both 0..1).

    The network is in evaluation mode meanwhile and back in training mode afterwards.
    """
    network.eval()
    loss, right, near, n = 0.0, 0, 0, 0
    for images, labels in batches:
        logits = network(preprocessing.center(images)).float()
        loss += float(F.cross_entropy(logits, labels, reduction="sum"))
        right += int((logits.argmax(1) == labels).sum())
        if classes > TOP:
            near += int(in_top(logits, labels).sum())
        n += len(labels)
    network.train()
    values = {"val/loss": loss / n, "val/accuracy": right / n}
    return {**values, "val/top5": near / n} if classes > TOP else values


def in_top(logits: Tensor, labels: Tensor, k: int = TOP) -> Tensor:
    """bool [n]: whether the label is among the ``k`` largest of logits [n, classes]."""
    return (logits.topk(k, 1).indices == labels[:, None]).any(1)
