"""DIGITS form fields -> Foveal option values: pure functions, errors collected under DIGITS's field names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from data.dataset_options import DatasetOptions
from data.errors import InvalidOptions
from data.options import parse

FALSE = frozenset({"", "0", "false", "no", "off", "none"})
"""Texts that a DIGITS check box means as "off" (an absent field is off too)."""

DATASET_NAMES = {
    "name": "dataset_name",
    "group": "group_name",
    "folder": "folder_train",
    "layout": "folder_train",
    "val_folder": "folder_val",
    "test_folder": "folder_test",
    "val_percent": "folder_pct_val",
    "test_percent": "folder_pct_test",
    "min_per_class": "folder_train_min_per_class",
    "max_per_class": "folder_train_max_per_class",
    "val_min_per_class": "folder_val_min_per_class",
    "val_max_per_class": "folder_val_max_per_class",
    "test_min_per_class": "folder_test_min_per_class",
    "test_max_per_class": "folder_test_max_per_class",
    "channels": "resize_channels",
    "width": "resize_width",
    "height": "resize_height",
}
"""Foveal option -> DIGITS field, to say errors in the script's own words; names that are not here are the same."""

TEXTFILE_NAMES = {
    **DATASET_NAMES,
    "folder": "textfile_train_images",
    "image_root": "textfile_train_folder",
    "val_folder": "textfile_val_images",
    "val_image_root": "textfile_val_folder",
    "test_folder": "textfile_test_images",
    "test_image_root": "textfile_test_folder",
    "labels_file": "textfile_labels_file",
    "shuffle": "textfile_shuffle",
}
"""The same for ``method=textfile``; with files on the server, "textfile_" is followed by "local_"."""

ENCODINGS = {"none": "raw", "png": "png", "jpg": "jpg"}

Errors = dict[str, list[str]]


class Form:
    """The fields of one DIGITS form. Wrong values are collected in ``errors`` and never raised one by one."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = values
        self.errors: Errors = {}

    def text(self, name: str, default: str = "") -> str:
        """The field without surrounding space; ``default`` where it is absent or blank."""
        return self.values.get(name, "").strip() or default

    def flag(self, name: str) -> bool:
        """A check box."""
        return self.values.get(name, "").strip().lower() not in FALSE

    def optional(self, name: str, default: str | None) -> str | None:
        """``default`` where the field is absent, None where it is there but blank (DIGITS: a limit switched off)."""
        return (self.values[name].strip() or None) if name in self.values else default

    def number(self, name: str, default: float) -> float:
        """The field as a number; what is none is an error."""
        text = self.text(name, str(default))
        try:
            return float(text)
        except ValueError:
            self.wrong(name, f"{text!r} is not a number.")
            return default

    def choice(self, name: str, default: str, known: Mapping[str, str], later: Sequence[str] = ()) -> str:
        """The Foveal value of a choice. ``later`` are DIGITS's choices that Foveal does not have (yet)."""
        text = self.text(name, default)
        if text in known:
            return known[text]
        if text in later:
            self.wrong(name, f"Foveal does not have {text!r} yet; choose one of: {', '.join(known)}.")
        else:
            self.wrong(name, f"{text!r} is not a choice; choose one of: {', '.join((*known, *later))}.")
        return known[default]

    def lacking(self, name: str, what: str, neutral: Sequence[str] = ("",)) -> None:
        """An error where the field asks for ``what``, which Foveal does not have; ``neutral`` texts ask for nothing."""
        text = self.text(name)
        if text and text.lower() not in neutral:
            self.wrong(name, f"Foveal does not have {what} yet; leave this field out.")

    def wrong(self, name: str, message: str) -> None:
        """Collect one error."""
        self.errors.setdefault(name, []).append(message)

    def finish(self, options: type, values: Mapping[str, Any], names: Mapping[str, str]) -> None:
        """Check ``values`` against the options dataclass; raise InvalidOptions naming DIGITS's fields."""
        try:
            parse(options, values)
        except InvalidOptions as error:
            for field, messages in renamed(error.fields, names).items():
                if field not in self.errors:
                    self.errors[field] = messages
        if self.errors:
            raise InvalidOptions(self.errors)


def flat(fields: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Form fields as one text each; a field sent several times (``select_gpus``) becomes a comma list."""
    result: dict[str, str] = {}
    for name, text in fields:
        result[name] = f"{result[name]},{text}" if name in result else text
    return result


def renamed(fields: Mapping[str, list[str]], names: Mapping[str, str]) -> Errors:
    """Errors by Foveal option as errors by DIGITS field; two options of one field are joined."""
    result: Errors = {}
    for name, messages in fields.items():
        result.setdefault(names.get(name, name), []).extend(messages)
    return result


def dataset_names(form: Mapping[str, str]) -> Mapping[str, str]:
    """Foveal option -> the field of this form, to say errors in the script's own words."""
    read = Form(form)
    if read.text("method") != "textfile":
        return DATASET_NAMES
    return {key: _list_field(name, read.flag("textfile_use_local_files")) for key, name in TEXTFILE_NAMES.items()}


def dataset_values(form: Mapping[str, str], uploaded: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Name, group and DatasetOptions values of ``POST /datasets/images/classification``.

    ``uploaded`` are the paths on the server of files sent with the form. Raises InvalidOptions whose ``fields`` have
    DIGITS's names.
    """
    read = Form(form)
    if not read.text("dataset_name"):
        read.wrong("dataset_name", "A dataset needs a name.")
    method = read.choice("method", "folder", {"folder": "folder", "textfile": "textfile"}, later=("s3",))
    read.choice("backend", "lmdb", {"lmdb": "lmdb"}, later=("hdf5", "tfrecords"))
    read.choice("compression", "none", {"none": "none", "gzip": "none"})  # DIGITS: LMDB is never compressed
    source = _folders(read) if method == "folder" else _lists(read, uploaded or {})
    options = source | _images(read)
    read.finish(DatasetOptions, options, dataset_names(form))
    return {"name": read.text("dataset_name"), "group": read.text("group_name"), **options}


def _folders(read: Form) -> dict[str, Any]:
    """Where the images are and how they are split. A DIGITS folder always holds one sub-folder per class."""
    values: dict[str, Any] = {
        "folder": _folder(read, "folder_train"),
        "source": "image_folder",
        "layout": "class",
        "val_percent": read.text("folder_pct_val", "25"),
        "test_percent": read.text("folder_pct_test", "0"),
        "min_per_class": read.optional("folder_train_min_per_class", "2"),
        "max_per_class": read.optional("folder_train_max_per_class", None),
    }
    for split in ("val", "test"):
        if read.flag(f"has_{split}_folder"):
            values[f"{split}_folder"] = _folder(read, f"folder_{split}")
            values[f"{split}_percent"] = "0"
            values[f"{split}_min_per_class"] = read.optional(f"folder_{split}_min_per_class", "2")
            values[f"{split}_max_per_class"] = read.optional(f"folder_{split}_max_per_class", None)
    return values


def _lists(read: Form, uploaded: Mapping[str, str]) -> dict[str, Any]:
    """Text files with a path and a class number a line, on the server or uploaded; splits are lists of their own."""
    local = read.flag("textfile_use_local_files")
    values: dict[str, Any] = {
        "folder": _list(read, "textfile_train_images", local, uploaded),
        "source": "text_list",
        "image_root": read.text("textfile_train_folder") or None,
        "labels_file": _list(read, "textfile_labels_file", local, uploaded),
        "shuffle": read.flag("textfile_shuffle") if "textfile_shuffle" in read.values else True,
        "val_percent": "0",
        "test_percent": "0",
        "min_per_class": None,
    }
    for split in ("val", "test"):
        if read.flag(f"textfile_use_{split}"):
            values[f"{split}_folder"] = _list(read, f"textfile_{split}_images", local, uploaded)
            values[f"{split}_image_root"] = read.text(f"textfile_{split}_folder") or None
    return values


def _list_field(name: str, local: bool) -> str:
    """``textfile_train_images`` -> ``textfile_local_train_images``; folders are on the server anyway."""
    known = name.startswith("textfile_") and name.endswith(("_images", "_file"))
    return name.replace("textfile_", "textfile_local_", 1) if local and known else name


def _list(read: Form, name: str, local: bool, uploaded: Mapping[str, str]) -> str:
    """The path on the server of a list."""
    if not local:
        if name not in uploaded:
            read.wrong(name, "Send the file with the form, or set textfile_use_local_files and give its path.")
        return uploaded.get(name, "")
    field = _list_field(name, local)
    text = read.text(field)
    if not text.startswith("/"):
        read.wrong(field, "Give the whole path of the file on the server, beginning with '/'.")
    return text


def _folder(read: Form, name: str) -> str:
    """An absolute path on the server. Whether it exists and may be read is the service's business."""
    text = read.text(name)
    if not text:
        read.wrong(name, "Give the path of a folder on the server with one sub-folder per class.")
    elif text.lower().startswith(("http://", "https://")):
        read.wrong(name, f"Foveal does not fetch images from a web address ({text}); give a folder on the server.")
    elif not text.startswith("/"):
        read.wrong(name, f"{text} is not an absolute path; give the whole path, beginning with '/'.")
    return text


def _images(read: Form) -> dict[str, Any]:
    return {
        "channels": int(read.choice("resize_channels", "3", {"1": "1", "3": "3"})),
        "width": read.text("resize_width", "256"),
        "height": read.text("resize_height", "256"),
        "resize_mode": read.text("resize_mode", "squash"),
        "encoding": read.choice("encoding", "png", ENCODINGS),
    }
