"""Several processes that train one model together (DDP): who takes which images, and what they tell each other.

Each process ("rank") has the whole model and takes its share of every step's images; gradients are averaged by torch's
DistributedDataParallel, so that all ranks make the same update: that of one process with the whole batch. Everything
that decides how a training goes on (losses, validations, wishes of people) is made the same on all ranks, so that they
never wait for each other in different places. The first rank alone writes events, checkpoints and files.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
import torch.distributed as dist
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from models.training.steering import Steering

if TYPE_CHECKING:
    from models.training.augment import Selection


@dataclass(frozen=True)
class Ranks:
    """This process is number ``rank`` of ``size``; ``control`` is the group that carries words between them."""

    rank: int = 0
    size: int = 1
    control: Any = None

    @property
    def first(self) -> bool:
        """Whether this is the one that writes."""
        return self.rank == 0

    @property
    def alone(self) -> bool:
        """Whether there is only one."""
        return self.size == 1

    def bounds(self, images: int) -> tuple[int, int]:
        """Which of a step's images this rank takes: all ranks take neighbouring, equally long pieces (or one more)."""
        return self.rank * images // self.size, (self.rank + 1) * images // self.size

    def part(self, selection: Selection) -> Selection:
        """This rank's piece of a step."""
        return selection if self.alone else selection.part(*self.bounds(len(selection)), selection.step)

    def share(self, images: int) -> float:
        """This rank's share of a step of so many images, 0..1."""
        low, high = self.bounds(images)
        return (high - low) / images

    def total(self, values: torch.Tensor) -> torch.Tensor:
        """The sum of everybody's ``values``, the same on all ranks (in place)."""
        if not self.alone:
            dist.all_reduce(values)
        return values

    def told(self, value: Any) -> Any:
        """What the first rank says; ``value`` is what this one would. Costs nothing much where it is nothing."""
        if self.alone:
            return value
        size = torch.tensor([1 if value else 0])
        dist.broadcast(size, 0, group=self.control)
        if not size.item():
            return None
        box = [value]
        dist.broadcast_object_list(box, 0, group=self.control)
        return box[0]

    def everyone(self, value: torch.Tensor) -> list[torch.Tensor]:
        """Everybody's ``value`` (on the CPU), in the order of the ranks."""
        if self.alone:
            return [value]
        found = [torch.empty_like(value) for _ in range(self.size)]
        dist.all_gather(found, value, group=self.control)
        return found

    @torch.no_grad()
    def alike(self, model: nn.Module) -> None:
        """Give everybody the first rank's buffers: running statistics follow each rank's own images."""
        for buffer in () if self.alone else model.buffers():
            dist.broadcast(buffer, 0)

    def spread(self, model: nn.Module, device: torch.device) -> nn.Module:
        """The model with gradients averaged over all ranks as they are computed.

        A network may have layers that a step does not use, so those are looked for.
        """
        if self.alone:
            return model
        own = [device] if device.type == "cuda" else None
        return DistributedDataParallel(
            model, device_ids=own, broadcast_buffers=False, find_unused_parameters=True, gradient_as_bucket_view=True
        )

    def seed(self, seed: int) -> int:
        """A seed of this rank's own; the first has the training's."""
        return (seed + 1_000_003 * self.rank) % 2**31


ALONE = Ranks()


def quiet(model: nn.Module, *, last: bool) -> AbstractContextManager[Any]:
    """Gradients that are only added up so far are not sent round yet; those of the ``last`` batch of a step are."""
    return nullcontext() if last or not isinstance(model, DistributedDataParallel) else model.no_sync()


@contextmanager
def together() -> Iterator[Ranks]:
    """The ranks that torchrun started, connected for the time of the block; :data:`ALONE` in a process of its own.

    Every connection is made here: the sandbox of a worker opens none later. GPUs talk by NCCL, words and CPUs by gloo.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield ALONE
        return
    local = int(os.environ["LOCAL_RANK"])
    if torch.cuda.is_available():
        os.environ.setdefault("NCCL_RUNTIME_CONNECT", "0")
        torch.cuda.set_device(local)
        dist.init_process_group("nccl", device_id=torch.device("cuda", local))
        control: Any = dist.new_group(backend="gloo")
        dist.all_reduce(torch.zeros(1, device="cuda"))
    else:
        torch.set_num_threads(max(1, torch.get_num_threads() // size))
        dist.init_process_group("gloo")
        control = dist.group.WORLD
    yield Ranks(dist.get_rank(), size, control)
    dist.destroy_process_group()  # not after an error: ranks that are gone would be waited for


@dataclass(frozen=True)
class Wish:
    """A request as the first rank heard it (models.training.steering.Request)."""

    line: int
    act: str
    value: Any
    who: str
    late: bool


class Heard:
    """What people ask of a training, heard by the first rank and told to the others in the same step."""

    def __init__(self, own: Steering, ranks: Ranks) -> None:
        self._own = own
        self._ranks = ranks

    def news(self) -> Sequence[Wish]:
        """Those that came since the last call, the same on all ranks; all of them must ask."""
        asked = self._own.news() if self._ranks.first else ()
        mine = [Wish(one.line, one.act, one.value, one.who, one.late) for one in asked]
        found: Sequence[Wish] = self._ranks.told(mine) or ()
        return found
