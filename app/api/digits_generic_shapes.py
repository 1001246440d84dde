"""Detection and segmentation datasets as DIGITS's generic datasets: its forms to options, its JSON from a job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.api.digits_fields import Form
from app.api.digits_shapes import percent, short
from data.dataset_options import DatasetOptions

Values = Mapping[str, Any]

LATER = ("image-processing", "image-gradients", "text-classification", "image-gan", "image-sunnybrook", "text-babi")
"""DIGITS's other data extensions, which Foveal does not have."""

SEGMENTATION_NAMES = {
    "name": "dataset_name",
    "group": "group_name",
    "folder": "feature_folder",
    "label_root": "label_folder",
    "val_folder": "validation_feature_folder",
    "val_label_root": "validation_label_folder",
    "val_percent": "folder_pct_val",
    "labels_file": "class_labels_file",
    "channels": "channel_conversion",
    "encoding": "dsopts_feature_encoding",
}
DETECTION_NAMES = {
    "name": "dataset_name",
    "group": "group_name",
    "folder": "train_image_folder",
    "label_root": "train_label_folder",
    "val_folder": "val_image_folder",
    "val_label_root": "val_label_folder",
    "channels": "channel_conversion",
    "encoding": "dsopts_feature_encoding",
}
NAMES = {"image-segmentation": SEGMENTATION_NAMES, "image-object-detection": DETECTION_NAMES}
_ENCODINGS = {"none": "raw", "png": "png", "jpg": "jpg"}
_CHANNELS = {"RGB": "3", "L": "1", "none": "3"}


def generic_values(extension: str, form: Mapping[str, str]) -> dict[str, Any]:
    """Name, group and DatasetOptions values of ``POST /datasets/generic/create/<extension>``.

    Pictures keep their size: DIGITS's resizing and padding of detection images are passed over (boxes stay where they
    are in the picture), and so is ``val_min_box_size``. Raises InvalidOptions with DIGITS's names.
    """
    read = Form(form)
    if not read.text("dataset_name"):
        read.wrong("dataset_name", "A dataset needs a name.")
    read.choice("dsopts_backend", "lmdb", {"lmdb": "lmdb"}, later=("hdf5",))
    for name, default in (("dsopts_num_threads", 4), ("dsopts_batch_size", 32)):
        if read.number(name, default) < 1:
            read.wrong(name, "This must be at least 1.")
    options = _segmentation(read) if extension == "image-segmentation" else _detection(read)
    options |= {
        "encoding": read.choice("dsopts_feature_encoding", "png", _ENCODINGS),
        "channels": int(read.choice("channel_conversion", "RGB", _CHANNELS)),
    }
    read.finish(DatasetOptions, options, NAMES[extension])
    return {"name": read.text("dataset_name"), "group": read.text("group_name"), **options}


def _segmentation(read: Form) -> dict[str, Any]:
    values: dict[str, Any] = {
        "source": "mask_pairs",
        "folder": _folder(read, "feature_folder"),
        "label_root": _folder(read, "label_folder"),
        "labels_file": read.text("class_labels_file") or None,
        "val_percent": read.text("folder_pct_val", "10"),
    }
    if read.flag("has_val_folder"):
        values["val_folder"] = _folder(read, "validation_feature_folder")
        values["val_label_root"] = _folder(read, "validation_label_folder")
        values["val_percent"] = "0"
    return values


def _detection(read: Form) -> dict[str, Any]:
    values: dict[str, Any] = {
        "source": "kitti",
        "folder": _folder(read, "train_image_folder"),
        "label_root": _folder(read, "train_label_folder"),
        "val_percent": "0",
    }
    if read.text("val_image_folder") or read.text("val_label_folder"):
        values["val_folder"] = _folder(read, "val_image_folder")
        values["val_label_root"] = _folder(read, "val_label_folder")
    return values


def _folder(read: Form, name: str) -> str:
    text = read.text(name)
    if not text.startswith("/"):
        read.wrong(name, "Give the whole path of a folder on the server, beginning with '/'.")
    return text


def dataset(job: Values, directory: str) -> dict[str, Any]:
    """``GET /datasets/<id>.json`` of a generic dataset (digits.md 2.2), then Foveal's own: kind, classes, objects.

    ``feature_dims`` is [height, width, channels] of one size; where pictures keep theirs (as here), height and width
    are null.
    """
    made = job["artifacts"].get("dataset") or {}
    options = job["options"]
    return {
        **short(job),
        "directory": directory,
        "create_db_tasks": [_task(split, info, directory) for split, info in (made.get("splits") or {}).items()],
        "feature_dims": [None, None, options.get("channels")],
        "kind": made.get("kind"),
        "classes": made.get("classes") or job["artifacts"].get("classes"),
        "progress": percent(job),
        "error": job["error"] or None,
    }


def _task(split: str, info: Values, directory: str) -> dict[str, Any]:
    return {
        "name": f"Create {split}_db DB",
        "stage": f"{split}_db",
        "entry_count": info["entries"],
        "feature_db_path": f"{directory}/artifacts/{split}",
        "label_db_path": f"{directory}/artifacts/{split}",
        "object_count": sum(info["objects"]),
    }
