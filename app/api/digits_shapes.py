"""Jobs as DIGITS's JSON shows them (digits.md 2.2): pure functions of what the services answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.version import VERSION

TYPES = {"dataset": "Image Classification Dataset", "model": "Image Classification Model"}
CSS = {
    "Initialized": "default",
    "Waiting": "info",
    "Running": "info",
    "Done": "success",
    "Paused": "warning",
    "Aborted": "warning",
    "Error": "danger",
}
ENCODING = {"raw": "none"}
"""Foveal's name of an encoding -> DIGITS's; the others are the same."""
SPLITS = ("train", "val", "test")

Values = Mapping[str, Any]


def short(job: Values) -> dict[str, Any]:
    """What creating a job answers, and what /index.json lists."""
    return {"id": job["id"], "name": job["name"], "status": job["status"]}


def percent(job: Values) -> int:
    """Progress as DIGITS counts it; 100 only for what is Done."""
    return 100 if job["status"] == "Done" else min(99, int(100 * (job["fraction"] or 0)))


# -- rows of /completed_jobs.json --------------------------------------------------------------------------------


def row(job: Values, dataset: str | None = None) -> dict[str, Any]:
    """One row of ``/completed_jobs.json`` and ``/jobs/<id>/table_data.json``, from what lists know of a job."""
    summary = job["summary"] or {}
    values = {
        **short(job),
        "group": job["group"],
        "status_css": CSS[job["status"]],
        "submitted": job["created"],
        "elapsed": job["elapsed"] or 0,
        "progress": percent(job),
        "type": job["type"],
        "username": job["owner"],
        "extension": None,
        "has_labels": True,
    }
    if job["type"] == "dataset":
        return {**values, "backend": "lmdb"}
    more = {"framework": "pytorch", "dataset_id": dataset, "sparkline": summary.get("sparkline", [])}
    return {**values, **more, **_outputs(summary)}


def _outputs(summary: Values) -> dict[str, Any]:
    """``{"loss (train) last": 0.3, "loss (train) min": ...}`` of every curve of training and validation."""
    return {
        f"{output} {kind}": curve[kind]
        for name, curve in summary.get("curves", {}).items()
        if (output := output_name(name))
        for kind in ("last", "min", "max")
    }


def output_name(curve: str) -> str | None:
    """``val/accuracy`` -> ``accuracy (val)``; None for curves that DIGITS's table does not have."""
    split, _, output = curve.partition("/")
    return f"{output} ({split})" if split in ("train", "val") and output else None


def output_fields(rows: list[dict[str, Any]]) -> list[str]:
    """The outputs that any of the rows has: the columns that DIGITS's table may show."""
    return sorted({key.removesuffix(" last") for row in rows for key in row if key.endswith(") last")})


# -- datasets ----------------------------------------------------------------------------------------------------


def dataset(job: Values, directory: str) -> dict[str, Any]:
    """``GET /datasets/<id>.json``; counts are null until they are known."""
    return {
        **short(job),
        "directory": directory,
        "ParseFolderTasks": _parse_tasks(job),
        "CreateDbTasks": [_create_task(job, split) for split in planned_splits(job["options"])],
        "progress": percent(job),
        "error": job["error"] or None,
    }


def _parse_tasks(job: Values) -> list[dict[str, Any]]:
    keys = ("label_count", "train_count", "val_count", "test_count")
    found = job["artifacts"].get("parse") or []
    tasks = []
    for number, splits in enumerate(parsed_folders(job["options"])):
        counts = found[number] if number < len(found) else {}
        name = f"Parse Folder ({'/'.join(splits)})"
        tasks.append({"name": name, **{key: counts.get(key) for key in keys}})
    return tasks


def parsed_folders(options: Values) -> list[list[str]]:
    """The splits that come out of each folder: the training folder's first, then own folders for val and test."""
    folders: dict[str, list[str]] = {}
    for split in SPLITS:
        own = options.get(f"{split}_folder")
        if split == "train" or own or (options.get(f"{split}_percent") or 0) > 0:
            folders.setdefault(own or "", []).append(split)
    return list(folders.values())


def planned_splits(options: Values) -> list[str]:
    """The splits that the dataset is asked to have, in DIGITS's order."""
    planned = {split for splits in parsed_folders(options) for split in splits}
    return [split for split in SPLITS if split in planned]


def _create_task(job: Values, split: str) -> dict[str, Any]:
    """Width is the width and height the height (DIGITS had them swapped here)."""
    options, made = job["options"], (job["artifacts"].get("dataset") or {}).get("splits", {})
    return {
        "name": f"Create DB ({split})",
        "entries": made.get(split, {}).get("entries"),
        "image_width": options.get("width"),
        "image_height": options.get("height"),
        "image_channels": options.get("channels"),
        "backend": "lmdb",
        "encoding": ENCODING.get(options.get("encoding", ""), options.get("encoding")),
        "compression": "none",
    }


# -- models ------------------------------------------------------------------------------------------------------


def model(job: Values, dataset: Values | None, directory: str) -> dict[str, Any]:
    """``GET /models/<id>.json``: DIGITS's keys, spaces and all, then Foveal's own (progress, metrics, best, error).

    ``dataset`` are the options of its dataset. Keys of what only Caffe or Torch had are there and null.
    """
    options, last = job["options"], (job["checkpoints"] or [None])[-1]
    images = dataset or {}
    mean = options.get("mean_subtraction")
    return {
        **short(job),
        "directory": directory,
        "dataset_id": options.get("dataset"),
        "snapshots": [epoch(point["epoch"]) for point in job["checkpoints"]],
        "job id": job["id"],
        "creation time": job["created"],
        "username": job["owner"],
        "image dimensions": [images.get("height"), images.get("width"), images.get("channels")],
        "mean file": "mean.npy" if mean in ("pixel", "image") else None,
        "snapshot file": f"{last['name']}.safetensors" if last else "no snapshots",
        "solver file": "job.json",
        "train_val file": "network.py",
        "deploy file": "network.py",
        "model file": "network.py",
        "network file": "network.py",
        "labels file": "labels.txt",
        "python layer file": None,
        "framework": "pytorch",
        "mean subtraction": mean,
        "image resize mode": images.get("resize_mode"),
        "caffe flavor": None,
        "caffe version": None,
        "digits version": f"Foveal {VERSION}",
        **_additions(job),
    }


def _additions(job: Values) -> dict[str, Any]:
    """What DIGITS's JSON lacked and its users asked for (#287): how the training goes."""
    best = job["best"].get("val/accuracy")
    return {
        "progress": percent(job),
        "eta": job["eta"],
        "metrics": [{key: point[key] for key in ("epoch", "step", "values")} for point in job["metrics"]],
        "best": job["best"],
        "best epoch": epoch(best["epoch"]) if best else None,
        "error": job["error"] or None,
    }


def epoch(value: float) -> float | int:
    """1.0 -> 1, as DIGITS lists whole epochs; 0.5 stays."""
    return int(value) if float(value).is_integer() else value


def label(name: str) -> str:
    """A class as DIGITS names it: ``_`` of the folder's name is a space."""
    return name.replace("_", " ")


def prediction(classes: list[Mapping[str, Any]]) -> list[list[Any]]:
    """``[[label, percent], ...]``, best first; percent with two decimals."""
    return [[label(item["class"]), round(100 * item["probability"], 2)] for item in classes]
