"""The demo: real images become a dataset, LeNet is trained on them, through the same services as anybody's."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import sleep
from typing import Any

from flask import Flask

from app.auth import LOCAL
from app.config import Settings
from app.server import serve
from app.services import datasets, jobs, models
from app.services.context import Context, find_job
from app.services.paths import upload_folder
from data.errors import UserError
from jobs.job import Status
from jobs.permissions import Principal
from jobs.tables import JobRow

WHO = Principal(LOCAL, "admin")
LOOK_EVERY = 0.5


@dataclass(frozen=True)
class Plan:
    """What the demo does: options of the dataset (without its folder) and of the model (without its dataset)."""

    title: str
    dataset: dict[str, Any]
    model: dict[str, Any]


_GREY = {"channels": 1, "width": 28, "height": 28}
_LENET = {"network": "lenet", "epochs": 10, "optimizer": "adam", "learning_rate": 0.001}
PLANS = {
    "digits": Plan("Handwritten digits", _GREY, {**_LENET, "epochs": 20}),
    "mnist": Plan("MNIST", _GREY, _LENET),
    "fashion-mnist": Plan("Fashion-MNIST", _GREY, _LENET),
    "cifar10": Plan("CIFAR-10", {"channels": 3, "width": 32, "height": 32}, _LENET),
}


def demo(settings: Settings, name: str = "digits", folder: Path | None = None) -> None:
    """Serve, meanwhile build a dataset and train on it; the server stays until Ctrl-C. Raises UserError as serve."""
    if folder is not None:
        folder = folder.expanduser().resolve()
        settings = settings.model_copy(update={"data_roots": (*settings.data_roots, folder)})
    serve(settings, lambda app, url: _run(app, url, name, folder))


def _run(app: Flask, url: str, name: str, folder: Path | None) -> None:
    """The demo itself; whatever goes wrong is said, and the server stays."""
    ctx: Context = app.extensions["foveal"]
    say = _speaker()
    try:
        dataset, plan = _dataset(ctx, name, folder)
        model = models.create(ctx, WHO, {**plan.model, "dataset": dataset.id, "name": f"LeNet on {plan.title}"})
        say(f"Building the dataset: {url}datasets/{dataset.id}")
        say(f"Training LeNet on it: {url}models/{model.id}")
        if _finish(ctx, dataset, say).status == Status.DONE.value:
            _result(ctx, _finish(ctx, model, say), say)
    except UserError as error:
        say(f"The demo stopped: {error}")


def _dataset(ctx: Context, name: str, folder: Path | None) -> tuple[JobRow, Plan]:
    if folder is not None:
        plan = Plan(folder.name, {"channels": 3, "width": 64, "height": 64}, {**_LENET, "epochs": 10})
        values: dict[str, Any] = {"folder": str(folder)}
    else:
        plan, root = PLANS[name], _sample(ctx, name)
        values = {"folder": str(root / "train")}
        if (root / "test").is_dir():
            values |= {"val_folder": str(root / "test"), "val_percent": 0}
    return datasets.create(ctx, WHO, {**values, **plan.dataset, "name": plan.title}), plan


def _sample(ctx: Context, name: str) -> Path:
    """The sample's image folder, made on first use by another process: scikit-learn and torch stay out of the web."""
    folder = upload_folder(ctx, WHO) / "samples" / name
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "data.samples", name, str(folder)]
        done = subprocess.run(command, cwd=Path(__file__).parent.parent, capture_output=True, text=True, check=False)
        if done.returncode:
            raise UserError((done.stderr.strip().splitlines() or [f"{name} could not be made."])[-1])
    return folder


def _finish(ctx: Context, row: JobRow, say: Callable[[str], None]) -> JobRow:
    """Wait for a job's end. An end other than Done is said with its reason."""
    while not Status(row.status).finished:
        sleep(LOOK_EVERY)
        row = find_job(ctx, WHO, row.id)
    if row.status != Status.DONE.value:
        say(f"{row.name}: {row.status}. {row.error}")
    return row


def _result(ctx: Context, model: JobRow, say: Callable[[str], None]) -> None:
    if model.status != Status.DONE.value:
        return
    found = jobs.describe(ctx, model)
    last = found["metrics"][-1]["values"]["val/accuracy"]
    best = found["best"]["val/accuracy"]["values"]["val/accuracy"]
    say(f"Done in {found['elapsed']:.0f} s. Validation accuracy: {last:.2%} (best {best:.2%}).")
    say("The server stays up; Ctrl-C stops it.")


def _speaker() -> Callable[[str], None]:
    """Prints at once, also into a pipe."""
    return lambda sentence: print(sentence, flush=True)
