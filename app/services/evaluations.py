"""Evaluations: judging a model on many images, and the figures that come out of it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.services.checkpoints import checkpoint_name
from app.services.context import Conflict, Context, NotFound, find_job, require
from app.services.jobs import Label, brief, job_of
from app.services.machine import gpu_count
from app.services.offload import offload
from app.services.paths import roots, server_folder, server_path
from app.services.submit import Order, collect, parse_form, submit
from data.errors import InvalidOptions, UserError
from data.options import parse, plain
from jobs.job import Needs, Status
from jobs.permissions import Principal
from jobs.store import Listing
from jobs.tables import JobRow
from models.evaluation.compare import Comparison, compare, in_words
from models.evaluation.options import EvaluationOptions, Ordered
from models.evaluation.records import read_failures, read_results
from models.evaluation.select import SHOWS, SORTS, Wanted, select

TYPE = "evaluation"
LARGEST_PAGE = 500
WORDS = {"auto": "test images", "test": "test images", "val": "validation images", "train": "training images"}


# -- making one --------------------------------------------------------------------------------------------------


def create(ctx: Context, who: Principal | None, values: Mapping[str, Any]) -> JobRow:
    """A new evaluation from form values (EvaluationOptions, name, group, visibility, notes).

    A model that has a checkpoint is judged as it is now; one that has none yet is waited for. Raises InvalidOptions
    naming every wrong field, NotFound (the model), NotAllowed, StorageFull.
    """
    who = require(who, "create")
    options, label = parse_form(EvaluationOptions, values, lambda given: _default_name(ctx, who, given))
    model = find_job(ctx, who, options.model, "model")
    found, parents = _checked(ctx, who, model, options)
    return _submit(ctx, who, model, found, (label, parents, values))


def after_training(ctx: Context, who: Principal, model: JobRow) -> JobRow:
    """An evaluation of a model just asked for, on its test images; it waits until the training is Done."""
    values = {"model": model.id, "name": f"Test of {model.name}"[:500], "visibility": model.visibility}
    label = parse(Label, {"name": values["name"], "visibility": model.visibility})
    return _submit(ctx, who, model, Ordered(model=model.id), (label, (model.id,), values))


def _submit(
    ctx: Context,
    who: Principal,
    model: JobRow,
    options: Ordered,
    more: tuple[Label, tuple[str, ...], Mapping[str, Any]],
) -> JobRow:
    label, parents, form = more
    gpus = min(1, gpu_count(ctx))
    needs = Needs(gpus=gpus, slots=0 if gpus else 1)
    return submit(ctx, who, Order(TYPE, "evaluate", options, parents, needs), label, form)


def _default_name(ctx: Context, who: Principal, options: EvaluationOptions) -> str:
    row = ctx.store.get(options.model, who)
    what = WORDS[options.split] if options.images == "split" else (options.path or "").rstrip("/").rpartition("/")[2]
    return f"{row.name if row else 'Model'} on {what}"


def _checked(
    ctx: Context, who: Principal, model: JobRow, options: EvaluationOptions
) -> tuple[Ordered, tuple[str, ...]]:
    """The options as the job has them, and what it waits for. Raises InvalidOptions for all wrong fields at once."""
    wrong: dict[str, list[str]] = {}
    values, parents = plain(options), [model.id]
    if options.images == "split":
        values |= {"path": None, "image_folder": None}
        dataset = collect(wrong, lambda: _dataset(ctx, who, model, options), "dataset")
        parents += [dataset.id] if dataset is not None and options.dataset else []
    else:
        values |= {"dataset": None, **_places(ctx, who, options, wrong)}
    ready = bool(ctx.states.get(model.id).checkpoints)
    if options.checkpoint or ready:
        values["checkpoint"] = collect(wrong, lambda: checkpoint_name(ctx, model, options.checkpoint), "checkpoint")
    elif Status(model.status).settled:
        wrong["model"] = [f"{model.name} has no checkpoint: there is nothing to judge."]
    if wrong:
        raise InvalidOptions(wrong)
    allowed = tuple(str(root) for root in roots(ctx, who)) if options.images != "split" else ()
    return parse(Ordered, {**values, "roots": allowed, "wait": not ready}), tuple(parents)


def _dataset(ctx: Context, who: Principal, model: JobRow, options: EvaluationOptions) -> JobRow:
    name = options.dataset or str(job_of(ctx, model).options.get("dataset"))
    row = find_job(ctx, who, name, "dataset")
    if row.status != Status.DONE.value:
        if options.dataset or Status(model.status).settled:
            raise UserError(f"{row.name} cannot be used: its status is {row.status}, it should be Done.")
        return row
    splits = ctx.datasets.get(row.id).splits
    if options.split != "auto" and options.split not in splits:
        raise UserError(f"{row.name} has no {WORDS[options.split]}; it has {', '.join(splits)}.")
    return row


def _places(
    ctx: Context, who: Principal, options: EvaluationOptions, wrong: dict[str, list[str]]
) -> dict[str, str | None]:
    """The real path of the folder or list, and of the folder that listed paths begin at."""
    if not options.path:
        wrong["path"] = ["Please give the folder or the list on the server."]
        return {}
    is_folder = options.images == "folder"
    find = server_folder if is_folder else server_path
    path = collect(wrong, lambda: find(ctx, who, options.path or "", "path"), "path")
    if path is not None and not is_folder and path.is_dir():
        wrong["path"] = [f"{path} is a folder, not a text file."]
    values: dict[str, str | None] = {"path": str(path)}
    if options.image_folder and not is_folder:
        base = collect(
            wrong, lambda: server_folder(ctx, who, options.image_folder or "", "image_folder"), "image_folder"
        )
        values["image_folder"] = str(base)
    return values


def resume(ctx: Context, who: Principal | None, row: JobRow) -> None:
    """Go on with an evaluation that was aborted or whose worker died, after the last batch on disk.

    Raises Conflict where it still runs or is Done.
    """
    require(who, "edit", row)
    if row.status not in (Status.ABORTED.value, Status.ERROR.value):
        raise Conflict(f"{row.name} cannot be resumed: its status is {row.status}.")
    ctx.store.edit(row.id, resume_requested=True)


# -- what came out -----------------------------------------------------------------------------------------------


def of_model(ctx: Context, who: Principal | None, model: JobRow) -> list[dict[str, Any]]:
    """The evaluations of a model, newest first, as briefs."""
    rows = ctx.store.list(Listing(type=TYPE, parent=model.id, limit=500), who)
    return [brief(row) for row in rows]


def about(ctx: Context, row: JobRow) -> dict[str, Any]:
    """evaluation.json: what is judged. Raises Conflict while that is not known."""
    return _read(ctx, row, "evaluation.json")


def report(ctx: Context, who: Principal | None, row: JobRow) -> dict[str, Any]:
    """All figures. Raises Conflict while it is not finished."""
    require(who, "view", row)
    return _read(ctx, row, "report.json")


def _read(ctx: Context, row: JobRow, name: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads((ctx.store.folder(row.id).artifacts / name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Conflict(f"{row.name} has no figures yet: its status is {row.status}.") from None
    except (OSError, ValueError) as error:
        raise Conflict(f"The figures of {row.name} cannot be read: {error}.", hint="Evaluate again.") from None
    return found


def matrix(ctx: Context, who: Principal | None, row: JobRow) -> NDArray[np.int64]:
    """The confusion matrix int64 [classes, classes], rows true, columns predicted. Raises Conflict before the end."""
    require(who, "view", row)
    path = ctx.store.folder(row.id).artifacts / "confusion.npy"
    if not path.exists():
        raise Conflict(f"{row.name} has no confusion matrix yet: its status is {row.status}.")
    found: NDArray[np.int64] = np.load(path)
    return found


def cells(ctx: Context, who: Principal | None, row: JobRow) -> bytes:
    """The cells that are not empty, as little-endian int32 (row, column, count): small also for 1,000 classes."""
    found = matrix(ctx, who, row)
    rows, columns = np.nonzero(found)
    return np.stack([rows, columns, found[rows, columns]], 1).astype("<i4").tobytes()


def matrix_csv(ctx: Context, who: Principal | None, row: JobRow) -> str:
    """The matrix as CSV: classes as heads of rows (true) and columns (predicted), and the accuracy of each class."""
    found, names = matrix(ctx, who, row), about(ctx, row)["classes"]
    totals = found.sum(1)
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(["true \\ predicted", *names, "accuracy"])
    for number, name in enumerate(names):
        accuracy = found[number, number] / totals[number] if totals[number] else ""
        writer.writerow([name, *found[number].tolist(), accuracy])
    return file.getvalue()


def curve(ctx: Context, who: Principal | None, row: JobRow, cls: int) -> dict[str, Any]:
    """Thresholds, highest first, with images of the class (``hits``) and of others (``alarms``) at or above each.

    Raises NotFound for an unknown class, Conflict where no scores were kept.
    """
    require(who, "view", row)
    path = ctx.store.folder(row.id).artifacts / "curves.npz"
    if not path.exists():
        raise Conflict(f"{row.name} has no curves yet: its status is {row.status}.")
    with np.load(path) as kept:
        starts = kept["starts"]
        if len(starts) < 2:
            raise Conflict(f"{row.name} has no curves: it has no labelled images, or too many scores to keep.")
        if not 0 <= cls < len(starts) - 1:
            raise NotFound(f"{row.name} has no class number {cls}.")
        part = slice(int(starts[cls]), int(starts[cls + 1]))
        columns = {name: kept[name][part].tolist() for name in ("thresholds", "hits", "alarms")}
        totals = {name: int(kept[name][cls]) for name in ("positives", "negatives")}
    return {"class": cls, **columns, **totals}


def failures(ctx: Context, who: Principal | None, row: JobRow, page: int = 1, size: int = 50) -> dict[str, Any]:
    """The images that could not be read, page by page."""
    require(who, "view", row)
    every = read_failures(ctx.store.folder(row.id).artifacts)
    first = (max(1, page) - 1) * size
    return {"total": len(every), "page": max(1, page), "size": size, "failures": every[first : first + size]}


# -- its images --------------------------------------------------------------------------------------------------


def images(
    ctx: Context, who: Principal | None, row: JobRow, wanted: Wanted, *, page: int = 1, size: int = 60
) -> dict[str, Any]:
    """One page of the images that fit, each with its answers. Raises Conflict before the first result."""
    require(who, "view", row)
    records = results(ctx, row)
    return page_of(ctx, row, records, offload(select, records, wanted), page, size)


def page_of(
    ctx: Context, row: JobRow, records: NDArray[Any], numbers: NDArray[np.int64], page: int, size: int
) -> dict[str, Any]:
    """One page of the images with these numbers, each with its answers."""
    size = min(max(size, 1), LARGEST_PAGE)
    pages = max(1, -(-len(numbers) // size))
    page = min(max(page, 1), pages)
    shown = numbers[(page - 1) * size : page * size]
    names = about(ctx, row)["classes"]
    found = [answer(int(number), records[number], names) for number in shown]
    return {"page": page, "pages": pages, "size": size, "total": len(numbers), "records": found}


def results(ctx: Context, row: JobRow) -> NDArray[Any]:
    """All records so far, RESULT [n]. Raises Conflict where there is none."""
    try:
        return read_results(ctx.store.folder(row.id).artifacts)
    except UserError as error:
        raise Conflict(f"{row.name}: {error.message}", hint=error.hint) from None


def answer(number: int, record: Any, names: Sequence[str]) -> dict[str, Any]:
    """One record as plain values; ``label`` and ``predicted`` are None where they are not known."""

    def name(cls: int) -> str | None:
        return names[cls] if cls >= 0 else None

    label, predicted = int(record["label"]), int(record["predicted"])
    top = [
        {"class": name(int(cls)), "index": int(cls), "probability": float(probability)}
        for cls, probability in zip(record["top"], record["probability"], strict=True)
        if cls >= 0
    ]
    return {
        "index": number,
        "label": label if label >= 0 else None,
        "class": name(label),
        "predicted": predicted if predicted >= 0 else None,
        "predicted_class": name(predicted),
        "right": None if label < 0 or predicted < 0 else bool(record["rank"] == 0),
        "confidence": float(record["confidence"]),
        "loss": float(record["loss"]) if record["loss"] == record["loss"] else None,
        "top": top,
    }


def wanted(values: Mapping[str, Any]) -> Wanted:
    """What a query asks for; whatever is unknown counts as not given."""

    def number(key: str) -> int | None:
        text = str(values.get(key, ""))
        return int(text) if text.isdigit() else None

    show, sort = values.get("show", "all"), values.get("sort", "number")
    return Wanted(
        number("label"), number("predicted"), show if show in SHOWS else "all", sort if sort in SORTS else "number"
    )


def two_numbers(text: str) -> tuple[int, int] | None:
    """``3-5`` as two class numbers; None for anything else."""
    parts = text.split("-")
    return (int(parts[0]), int(parts[1])) if len(parts) == 2 and all(map(str.isdecimal, parts)) else None


# -- two models --------------------------------------------------------------------------------------------------


def comparison(ctx: Context, who: Principal | None, before: JobRow, now: JobRow) -> dict[str, Any]:
    """What ``now`` mends and breaks of ``before``: counts, accuracies, McNemar's test in a sentence.

    Raises Conflict where the two were not judged on the same images.
    """
    found, names = _compared(ctx, who, before, now), [_model_name(ctx, who, row) for row in (before, now)]
    if names[0] == names[1]:
        names = [f"{name} ({row.name})" for name, row in zip(names, (before, now), strict=True)]
    counts = {kind: int(getattr(found, kind).sum()) for kind in ("fixed", "broken", "flipped")}
    accuracy = [right / found.labelled if found.labelled else None for right in found.right]
    said = in_words(found, *names)
    return {
        **counts,
        "labelled": found.labelled,
        "accuracy": accuracy,
        "p": found.p_value,
        "said": said,
        "names": names,
    }


def compared_images(
    ctx: Context,
    who: Principal | None,
    rows: tuple[JobRow, JobRow],
    kind: str,
    asked: Wanted,
    page: int = 1,
    size: int = 60,
) -> dict[str, Any]:
    """One page of the images that were fixed, broken or flipped; each record has the answer before as ``before``."""
    found = _compared(ctx, who, *rows)
    if kind not in asdict(found):
        raise NotFound(f"There are images fixed, broken and flipped, not {kind}.")
    earlier, records = (results(ctx, row) for row in rows)
    shown = page_of(ctx, rows[1], records, select(records, asked, getattr(found, kind)), page, size)
    names = about(ctx, rows[0])["classes"]
    for record in shown["records"]:
        record["before"] = names[int(earlier["predicted"][record["index"]])]
    return shown


def _compared(ctx: Context, who: Principal | None, before: JobRow, now: JobRow) -> Comparison:
    for row in (before, now):
        require(who, "view", row)
    one, two = about(ctx, before), about(ctx, now)
    if one["same"] != two["same"] or one["classes"] != two["classes"] or one["count"] != two["count"]:
        raise Conflict(f"{before.name} and {now.name} are of different images, so they cannot be compared one by one.")
    for row in (before, now):
        if row.status != Status.DONE.value:
            raise Conflict(f"{row.name} is not finished: its status is {row.status}.")
    return compare(results(ctx, before), results(ctx, now))


def comparable(ctx: Context, who: Principal | None, row: JobRow) -> list[dict[str, Any]]:
    """Other finished evaluations of the same images, newest first, each with the name of its model."""
    mine = about(ctx, row)
    rows = ctx.store.list(Listing(type=TYPE, statuses=(Status.DONE.value,), limit=200), who)
    found = []
    for other in rows:
        theirs = ctx.states.get(other.id).artifacts.get("evaluation") or {}
        if other.id != row.id and all(theirs.get(key) == mine[key] for key in ("same", "classes", "count")):
            found.append({**brief(other), "model": _model_name(ctx, who, other)})
    return found


def _model_name(ctx: Context, who: Principal | None, row: JobRow) -> str:
    model = ctx.store.get(str(job_of(ctx, row).options["model"]), who)
    return model.name if model else "a model that is gone"
