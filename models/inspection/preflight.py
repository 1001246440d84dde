"""What a training would cost: estimated at once, or measured by a few real steps on the machine it would run on."""

from __future__ import annotations

import platform
import threading
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch

from data.database import open_dataset
from data.errors import UserError
from data.options import parse
from data.pipeline import usable_cores
from models.examine import Shape
from models.preflight.estimate import CONTEXT, Estimate, estimate
from models.preflight.measure import largest, measure
from models.preflight.words import sentence
from models.source.facts import Report
from models.source.shapes import Images, describe
from models.train_options import TrainOptions, completed
from models.training.batches import MEMORY_LIMIT, MEMORY_SHARE, free_memory
from models.training.plan import steps_per_epoch

Answer = tuple[dict[str, Any], list[bytes]]
_one_at_a_time = threading.Lock()
"""Two measurements at once would measure each other."""


def preflight(params: dict[str, Any], _blobs: list[bytes]) -> Answer:
    """``{source, channels, height, width, classes, options, records, pixels, gpu}`` -> what training would take.

    ``options`` as TrainOptions takes them; ``records`` training images of ``pixels`` values each, or null; ``gpu`` an
    index or null. Answers the fields of Estimate, ``total``, ``resident`` (bytes of images that stay on the device),
    ``free`` and ``device``, ``largest_batch``, ``fits``, ``steps`` of an epoch, ``layers`` with their receptive fields.
    Raises UserError.
    """
    options = completed(parse(TrainOptions, params["options"]))
    source, shape = str(params["source"]), _shape(params)
    found = estimate(source, shape, options)
    device = _device(params.get("gpu"))
    free = _free(device)
    resident = _resident(params, free)
    room = max(0, free - resident - (CONTEXT if device.type == "cuda" else 0))
    records = params.get("records")
    report = describe(source, Images(shape.channels, shape.height, shape.width, shape.classes), memory=False)
    return {
        **asdict(found),
        "total": found.total,
        "resident": resident,
        "device": _name(device),
        "free": free,
        "largest_batch": _largest(found, room, records),
        "fits": found.total <= room,
        "images_per_step": found.batch * options.accumulation,
        "steps": steps_per_epoch(records, found.batch * options.accumulation) if records else None,
        "epochs": options.epochs,
        "layers": _layers(report),
        "notes": _notes(options),
    }, []


def measure_preflight(params: dict[str, Any], _blobs: list[bytes]) -> Answer:
    """``{source, options, folder, gpu, search}`` -> how long a step and an epoch take, and what will be the limit.

    ``folder`` is the finished dataset. With ``search``, on a GPU, the largest batch is looked for by trying. Answers
    ``step``, ``images``, ``load``, ``epoch`` and ``whole`` in seconds, ``ahead``, ``limit``, ``sentence``, ``rate`` in
    images/s, ``peak`` in bytes (null where fewer images than a step's were measured), ``steps``, ``measured_images``,
    ``device``, ``largest_batch`` (null unless asked for). Raises UserError.
    """
    options = completed(parse(TrainOptions, params["options"]))
    source, device = str(params["source"]), _device(params.get("gpu"))
    dataset = open_dataset(Path(params["folder"]))
    with _one_at_a_time:
        before = torch.get_num_threads()
        torch.set_num_threads(usable_cores() if device.type == "cpu" else before)
        try:
            found = measure(source, options, dataset, device)
            most = _search(source, options, params, device) if params.get("search") and device.type == "cuda" else None
        finally:
            torch.set_num_threads(before)
    images = (options.batch_size or 1) * options.accumulation
    steps = steps_per_epoch(len(dataset.split("train")), images)
    timing = found.timing
    return {
        **asdict(timing),
        "epoch": timing.epoch(steps),
        "whole": timing.load + options.epochs * timing.epoch(steps),
        "limit": timing.limit,
        "sentence": sentence(timing, images),
        "rate": images / timing.both,
        "peak": found.peak,
        "steps": found.steps,
        "measured_images": found.images,
        "images_per_step": images,
        "device": _name(device),
        "largest_batch": most,
    }, []


def _shape(params: dict[str, Any]) -> Shape:
    return Shape(*(int(params[key]) for key in ("channels", "height", "width", "classes")))


def _device(gpu: Any) -> torch.device:
    if not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda", int(gpu or 0))


def _name(device: torch.device) -> str:
    if device.type == "cuda":
        return f"GPU {device.index}: {torch.cuda.get_device_name(device)}"
    return f"CPU ({platform.machine()})"


def _free(device: torch.device) -> int:
    return int(torch.cuda.mem_get_info(device)[0]) if device.type == "cuda" else free_memory()


def _resident(params: dict[str, Any], free: int) -> int:
    """Training keeps a set that is small enough whole on the device."""
    size = int(params.get("records") or 0) * int(params.get("pixels") or 0)
    return size if size <= min(MEMORY_LIMIT, MEMORY_SHARE * free) else 0


def _largest(found: Estimate, room: int, records: Any) -> int:
    """No larger than the training images."""
    most = found.largest(room)
    return min(most, int(records)) if records else most


def _search(source: str, options: TrainOptions, params: dict[str, Any], device: torch.device) -> int:
    """The largest batch of which a step really runs."""
    dataset = open_dataset(Path(params["folder"]))

    def fits(batch: int) -> bool:
        try:
            measure(source, replace(options, batch_size=batch, accumulation=1), dataset, device)
        except UserError:
            return False
        finally:
            torch.cuda.empty_cache()
        return True

    return largest(fits, options.batch_size or 1, len(dataset.split("train")))


def _layers(report: Report) -> list[dict[str, Any]]:
    """Every layer at its call site, in order, with what one image makes of it."""
    found = []
    for node in report.graph.nodes:
        facts = report.facts.get(node.id)
        if facts is None or node.kind != "layer":
            continue
        found.append(
            {
                "name": node.module or node.label,
                "op": node.op,
                "output": list(facts.outputs[0][1:]) if facts.outputs else [],
                "parameters": facts.parameters,
                "flops": facts.flops,
                "receptive_field": facts.receptive_field,
            }
        )
    return found


def _notes(options: TrainOptions) -> list[str]:
    notes = []
    if options.precision != "fp32":
        notes.append("The memory is that of full precision; mixed precision takes less, and measuring says how much.")
    if options.compile:
        notes.append("Measured and estimated without torch.compile.")
    return notes
