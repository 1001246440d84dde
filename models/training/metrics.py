"""Loss and accuracy of a batch and of many batches, gathered on the device and fetched seldom."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
import torch.nn.functional as F

from models.training.ranks import Ranks

TOP = 5
LIVE_CLASSES = 50
"""Up to so many classes a validation tells its whole confusion matrix."""


def scores(output: torch.Tensor, classes: int) -> torch.Tensor:
    """Class scores [n, classes]; outputs beyond the classes there are (1,000 for 3, say) are left out."""
    return output if output.shape[1] == classes else output[:, :classes]


def hits(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """How many labels have the highest score; a 0-dimensional tensor on the device.

    ``labels`` are class numbers int64 [n], or targets float [n, classes] of which the largest counts.
    """
    return (logits.argmax(1) == (labels.argmax(1) if labels.ndim > 1 else labels)).sum()


def top_hits(logits: torch.Tensor, labels: torch.Tensor, k: int = TOP) -> torch.Tensor:
    """How many labels are among the ``k`` highest scores."""
    return (logits.topk(k, 1).indices == labels[:, None]).any(1).sum()


def shows_top5(classes: int) -> bool:
    """Whether being among the first five says anything."""
    return classes > TOP


@dataclass
class Tally:
    """Sums over the batches of a validation, on the device until they are asked for."""

    classes: int
    count: int = 0
    sums: list[torch.Tensor] = field(default_factory=list)
    answers: list[torch.Tensor] = field(default_factory=list)
    cells: list[torch.Tensor] = field(default_factory=list)

    def add(self, logits: torch.Tensor, labels: torch.Tensor) -> None:
        """Count one batch."""
        self.count += len(labels)
        values = [F.cross_entropy(logits, labels, reduction="sum"), hits(logits, labels)]
        if shows_top5(self.classes):
            values.append(top_hits(logits, labels))
        pairs = torch.stack((logits.argmax(1), labels)) + torch.tensor([[0], [self.classes]], device=labels.device)
        self.answers.append(torch.bincount(pairs.flatten(), minlength=2 * self.classes))
        if self.classes <= LIVE_CLASSES:
            places = labels * self.classes + logits.argmax(1)
            self.cells.append(torch.bincount(places, minlength=self.classes**2))
        self.sums.append(torch.stack([value.double() for value in values]))

    def add_up(self, ranks: Ranks, device: torch.device) -> None:
        """Take in what the other ranks have counted, so that all have the same."""
        if ranks.alone:
            return
        sizes = (3 if shows_top5(self.classes) else 2, 2 * self.classes, self.classes**2)
        kept = (self.sums, self.answers, self.cells if self.classes <= LIVE_CLASSES else None)
        kinds = (torch.float64, torch.int64, torch.int64)
        for parts, size, kind in zip(kept, sizes, kinds, strict=True):
            if parts is not None:
                own = torch.stack(parts).sum(0) if parts else torch.zeros(size, dtype=kind, device=device)
                parts[:] = [ranks.total(own)]
        self.count = int(ranks.total(torch.tensor(self.count, device=device)).item())

    def values(self) -> dict[str, float]:
        """Mean ``val/loss`` (nats), ``val/accuracy`` and, over five classes, ``val/top5`` (both 0..1)."""
        means = (torch.stack(self.sums).sum(0) / self.count).tolist()
        return dict(zip(("val/loss", "val/accuracy", "val/top5"), means, strict=False))

    def confusion(self) -> list[list[int]] | None:
        """The confusion matrix, rows the true classes; None for more than LIVE_CLASSES classes."""
        if not self.cells:
            return None
        rows: list[list[int]] = torch.stack(self.cells).sum(0).reshape(self.classes, self.classes).tolist()
        return rows

    def shares(self) -> tuple[list[int], list[int]]:
        """How many images were taken for each class, and how many are of each class."""
        counts = torch.stack(self.answers).sum(0).tolist()
        return counts[: self.classes], counts[self.classes :]
