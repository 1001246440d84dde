"""Memory and arithmetic of one training step, by running it on the meta device; and the largest batch that fits."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import nn

from data.errors import UserError
from models.examine import Shape
from models.preflight.live import Live
from models.source.meters import Flops, own_tensors
from models.source_loader import load_network, naming_lines
from models.train_options import TrainOptions
from models.training.groups import make_optimizer
from models.training.metrics import scores
from models.weights.freezing import freeze, training_mode
from models.weights.options import layer_names

LEAST, MORE = 2, 8  # images; batch normalization wants more than one
SHARE = 0.9
"""Of the free memory that a training may fill: what kernels use inside is not seen."""
CONTEXT = 600 << 20
"""Bytes that CUDA takes for itself and its libraries."""
_SIDE = 64


@dataclass(frozen=True)
class Estimate:
    """One step of ``batch`` images. Bytes: ``weights`` with buffers; ``optimizer`` its state (and averaged weights);
    ``step`` the peak of activations, gradients and images; ``each`` what one image more adds to it. ``flops`` is the
    forward pass of one image, ``step_flops`` forward and backward of the batch, as torch counts them."""

    batch: int
    parameters: int
    learning: int
    weights: int
    optimizer: int
    step: int
    each: float
    flops: int
    step_flops: int

    @property
    def total(self) -> int:
        """Bytes of everything."""
        return self.weights + self.optimizer + self.step

    def largest(self, free: int) -> int:
        """Images of a batch that fits into ``free`` bytes; 0 where not even one does."""
        room = SHARE * free - (self.total - self.batch * self.each)
        return max(0, int(room / self.each)) if self.each > 0 else 0


def estimate(source: str, shape: Shape, options: TrainOptions) -> Estimate:
    """What a step with these options takes; ``options.batch_size`` must have been filled in.

    Raises UserError where the network does not run.
    """
    batch = options.batch_size or LEAST
    try:
        return _on(torch.device("meta"), source, shape, options, batch)
    except Exception:  # noqa: BLE001  a network that looks at numbers has none on meta: with few images it runs for real
        found = _on(torch.device("cpu"), source, shape, options, LEAST)
        more = round(found.each * (batch - LEAST))
        flops = found.step_flops // LEAST * batch
        return replace(found, batch=batch, step=found.step + more, step_flops=flops)


def _on(device: torch.device, source: str, shape: Shape, options: TrainOptions, batch: int) -> Estimate:
    with torch.random.fork_rng(devices=[]):
        with device:
            network = load_network(source, **shape.keywords())
        frozen = freeze(network, layer_names(options.freeze))
        training_mode(network, frozen)
        peaks = {size: _peak(source, network, shape, size, device) for size in {LEAST, MORE, max(batch, LEAST)}}
        with torch.no_grad(), Flops() as forward:
            network.eval()
            network(torch.zeros((1, *shape.image[1:]), device=device))
            flops = forward.reading()
    each = (peaks[MORE][0] - peaks[LEAST][0]) / (MORE - LEAST)
    step, step_flops = peaks[max(batch, LEAST)]
    learning = sum(weight.numel() for weight in network.parameters() if weight.requires_grad)
    weights = sum(tensor.numel() * tensor.element_size() for tensor in own_tensors(network))
    return Estimate(
        batch=batch,
        parameters=sum(weight.numel() for weight in network.parameters()),
        learning=learning,
        weights=weights,
        optimizer=round(4 * learning * state_share(options)) + (weights if options.average_decay else 0),
        step=step - round(each * (max(batch, LEAST) - batch)),
        each=each,
        flops=flops,
        step_flops=step_flops * batch // max(batch, LEAST),
    )


def _peak(source: str, network: nn.Module, shape: Shape, batch: int, device: torch.device) -> tuple[int, int]:
    """Bytes beyond the weights, and FLOPs, of forward and backward of ``batch`` images."""
    live = Live(own_tensors(network))
    with live, Flops() as flops, naming_lines(source):
        pixels = torch.zeros((batch, shape.height, shape.width, shape.channels), dtype=torch.uint8, device=device)
        labels = torch.zeros(batch, dtype=torch.int64, device=device)
        output = network(pixels.float().permute(0, 3, 1, 2))
        if not isinstance(output, torch.Tensor):
            raise UserError("The network does not return one tensor of class scores.", field="source")
        F.cross_entropy(scores(output, shape.classes), labels).backward()  # type: ignore[no-untyped-call]
        del output
    network.zero_grad()
    return live.peak, flops.reading()


def state_share(options: TrainOptions) -> float:
    """Numbers that the optimizer keeps for each weight, counted after one step on a small layer."""
    layer = nn.Linear(_SIDE, _SIDE, bias=False)
    optimizer = make_optimizer(layer, replace(options, rate_factors=None, freeze=None))
    layer.weight.grad = torch.ones_like(layer.weight)
    optimizer.step()
    state = optimizer.state.get(layer.weight, {})
    kept = sum(value.numel() for value in state.values() if isinstance(value, torch.Tensor) and value.numel() > 1)
    return kept / layer.weight.numel()
