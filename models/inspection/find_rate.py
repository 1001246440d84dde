"""A learning-rate finder's run for the network, dataset and options of a form."""

from __future__ import annotations

import tempfile
import threading
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from data.database import open_dataset
from data.options import parse
from models.source_loader import naming_lines
from models.train_options import TrainOptions, completed
from models.training.finder import find_rate as run
from models.training.setup import Order, set_up

_one_at_a_time = threading.Lock()
"""Random numbers and threads are the process's own."""


def find_rate(params: dict[str, Any], _blobs: list[bytes]) -> tuple[dict[str, Any], list[bytes]]:
    """``{source, options, dataset: folder, earlier: folder|null, steps}`` -> the fields of Found. Raises UserError."""
    options = replace(completed(parse(TrainOptions, params["options"])), validation_interval=0.0, layer_interval=0)
    source, earlier = str(params["source"]), params.get("earlier")
    with _one_at_a_time, tempfile.TemporaryDirectory() as home:
        for name in ("artifacts", "checkpoints"):
            (Path(home) / name).mkdir()
        dataset = open_dataset(Path(params["dataset"]))
        order = Order(Path(home), dataset, "", options, source, Path(earlier) if earlier else None)
        events = set_up(order)
        while True:
            try:
                next(events)
            except StopIteration as ready:
                training = ready.value
                break
        with naming_lines(source):
            return asdict(run(training, int(params.get("steps") or 100))), []
