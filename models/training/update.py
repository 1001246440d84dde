"""One optimizer update: forward, backward and step, over one or several batches, in full or mixed precision."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from models.preprocessing import Normaliser
from models.train_options import TrainOptions
from models.training.average import Average
from models.training.batches import Batch
from models.training.groups import set_rate
from models.training.metrics import hits, scores
from models.training.ranks import ALONE, Ranks, quiet
from models.training.watching import Watcher

DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}
Forward = Callable[[torch.Tensor], torch.Tensor]


@dataclass
class Updater:
    """``updater(batch, rate, step)`` makes one update; :meth:`logits` is the forward pass alone, as validation has it.

    ``weights`` (float32 [classes]) weigh the classes in the loss; None: all count alike. ``answered`` is told the
    scores of every batch and what was wanted.
    """

    model: nn.Module
    optimizer: torch.optim.Optimizer
    normalise: Normaliser
    options: TrainOptions
    classes: int
    device: torch.device
    weights: torch.Tensor | None = None
    ranks: Ranks = ALONE
    size: Callable[[int], int] = field(default=int)  # images of a step, over all ranks
    notes: list[str] = field(default_factory=list)
    answered: Callable[[torch.Tensor, torch.Tensor], None] | None = None

    def __post_init__(self) -> None:
        options = self.options
        self.average = Average(self.model, options.average_decay) if options.average_decay else None
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=options.precision == "fp16")
        self.learning = [weight for weight in self.model.parameters() if weight.requires_grad]
        self.plain = self.ranks.spread(self.model, self.device)
        self.forward: Forward = (
            Compiled(self.plain, lambda text: self.notes.append(text)) if options.compile else self.plain
        )
        self.now: Forward = self.forward

    def __call__(
        self, batch: Batch, rate: float, step: int, watcher: Watcher | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Update with a step's images; the loss and the number of right answers, on the device, not fetched.

        ``watcher`` looks at this step; a compiled network is then run as it is, for nothing can be seen in it.
        """
        set_rate(self.optimizer, rate)
        self.optimizer.zero_grad()
        self.now = self.forward if watcher is None else self.plain
        with nullcontext() if watcher is None else watcher.forward():
            loss, right = self.backward(batch, 1.0 if self.ranks.alone else self.ranks.share(self.size(step)))
        self.now = self.forward
        if self.options.clip_norm or watcher:
            self.scaler.unscale_(self.optimizer)
        if watcher is not None:
            watcher.before()
        if self.options.clip_norm:
            nn.utils.clip_grad_norm_(self.learning, self.options.clip_norm)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        if self.average is not None:
            self.average.update(step)
        return loss, right

    def backward(self, batch: Batch, mine: float = 1.0) -> tuple[torch.Tensor, torch.Tensor]:
        """Gradients of the mean loss over all images of the step, of which the batch holds the share ``mine``.

        Several ranks' gradients are averaged, so each one's loss counts by its share of the images.
        """
        done, parts = [], [*self.parts(batch)]
        weight = mine * self.ranks.size
        for number, (pixels, labels, share) in enumerate(parts, 1):
            with quiet(self.plain, last=number == len(parts)):
                with self.casting():
                    logits = self.logits(pixels)
                    loss = F.cross_entropy(logits, labels, self.weights, label_smoothing=self.options.label_smoothing)
                counts = share * weight
                self.scaler.scale(loss * counts if counts != 1 else loss).backward()  # type: ignore[no-untyped-call]
            if self.answered:
                self.answered(logits.detach(), labels)
            done.append((loss.detach() * share, hits(logits.detach(), labels)))
        losses, right = zip(*done, strict=True)
        found = done[0] if len(done) == 1 else (torch.stack(losses).sum(), torch.stack(right).sum())
        return found if self.ranks.alone else self.summed(*found, mine)

    def summed(self, loss: torch.Tensor, right: torch.Tensor, mine: float) -> tuple[torch.Tensor, torch.Tensor]:
        """The mean loss over the images of all ranks, and how many right answers they gave."""
        both = self.ranks.total(torch.stack((loss.double() * mine, right.double())))
        return both[0], both[1]

    def parts(self, batch: Batch) -> Iterator[tuple[torch.Tensor, torch.Tensor, float]]:
        """The batches of a step, each with its share of the images."""
        pixels, labels = batch
        if self.options.accumulation == 1:
            yield pixels, labels, 1.0
            return
        size = -(-(self.options.batch_size or len(labels)) // self.ranks.size)
        for part, own in zip(torch.split(pixels, size), torch.split(labels, size), strict=True):
            yield part, own, len(own) / len(labels)

    def logits(self, pixels: torch.Tensor) -> torch.Tensor:
        """Class scores float [n, classes] of uint8 images [n, h, w, c]."""
        inputs = self.normalise(pixels)
        return scores(self.now(inputs if self.options.channels_last else inputs.contiguous()), self.classes)

    def casting(self) -> AbstractContextManager[Any]:
        """The autocast of mixed precision; nothing in full precision."""
        dtype = DTYPES.get(self.options.precision)
        return torch.autocast(self.device.type, dtype) if dtype else nullcontext()

    def averaged(self) -> AbstractContextManager[None]:
        """The averaged weights inside the block, where they are wanted."""
        return self.average.in_place() if self.average is not None else nullcontext()

    def state(self) -> dict[str, Any]:
        """What is needed to go on; inside :meth:`averaged` the plain weights are in ``plain``."""
        known: dict[str, Any] = {"optimizer": self.optimizer.state_dict(), "scaler": self.scaler.state_dict()}
        return known if self.average is None else {**known, "plain": self.average.values}


class Compiled:
    """The network through torch.compile; where that fails, as it is, with a note."""

    def __init__(self, model: nn.Module, say: Callable[[str], None]) -> None:
        self._model = model
        self._say = say
        self._forward: Forward = torch.compile(model)
        self._works = False

    def __call__(self, inputs: torch.Tensor) -> torch.Tensor:
        if self._works or self._forward is self._model:
            return self._forward(inputs)
        try:
            outputs = self._forward(inputs)
        except Exception as error:  # noqa: BLE001 - the compiler may fail in any way; the network itself is fine
            reason = str(error).strip().partition("\n")[0]
            self._say(f"The network cannot be compiled here and is trained as it is: {reason}")
            self._forward = self._model
            return self._model(inputs)  # type: ignore[no-any-return]
        self._works = True
        return outputs
