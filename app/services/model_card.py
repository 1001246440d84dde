"""The model card: what a model was made of and how good it is, gathered for one file that can be kept and printed."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any

from app.services import atlases, evaluation_images, evaluations, jobs
from app.services.context import Conflict, Context, NotFound, require
from data.errors import UserError
from jobs.job import Status
from jobs.permissions import Principal
from jobs.tables import JobRow
from models.evaluation.select import Wanted

MATRIX = 50
"""Up to so many classes the whole matrix is in the card; of more, the pairs confused most."""
WORST = 25
CELL = 80
PLOTS = (("Loss", ("train/loss", "val/loss")), ("Accuracy", ("train/accuracy", "val/accuracy")))
WIDTH, HEIGHT = 420, 150


def card(ctx: Context, who: Principal | None, row: JobRow) -> dict[str, Any]:
    """Everything that the template shows; pictures as data, so that the file needs nothing else.

    What there is not yet (an evaluation, an atlas) is left out and named among the caveats. Raises Conflict for a
    model that has learnt nothing yet.
    """
    require(who, "view", row)
    job = jobs.describe(ctx, row)
    if not job["checkpoints"]:
        raise Conflict(f"{row.name} has no checkpoint yet, so there is nothing to tell of it.")
    parents = jobs.related(ctx, who, row)["parents"]
    dataset = next((parent for parent in parents if parent.type == "dataset"), None)
    judged = _fairest(ctx, evaluations.of_model(ctx, who, row))
    atlas = _newest(atlases.of_model(ctx, who, row))
    found = {
        "job": job,
        "model": job["artifacts"].get("model") or {},
        "dataset": jobs.describe(ctx, dataset) if dataset else None,
        "plots": [plot(title, _curves(ctx, row, names)) for title, names in PLOTS],
        **(_judged(ctx, who, judged) if judged else {}),
        "units": _units(ctx, who, atlas) if atlas else None,
    }
    return {**found, "caveats": caveats(found)}


def _fairest(ctx: Context, briefs: Sequence[Mapping[str, Any]]) -> str | None:
    """The newest evaluation on test images, else on files, on validation images, or on those it was trained on."""
    order = ("test", None, "val", "train")
    done = [str(one["id"]) for one in briefs if one["status"] == Status.DONE.value]
    split = {name: (ctx.states.get(name).artifacts.get("evaluation") or {}).get("split") for name in done}
    return min(done, key=lambda name: order.index(split[name]), default=None)


def _newest(briefs: Sequence[Mapping[str, Any]]) -> str | None:
    return next((str(one["id"]) for one in briefs if one["status"] == Status.DONE.value), None)


def _judged(ctx: Context, who: Principal | None, job_id: str) -> dict[str, Any]:
    row = ctx.store.get(job_id, who)
    if row is None:
        return {}
    report, about = evaluations.report(ctx, who, row), evaluations.about(ctx, row)
    matrix = evaluations.matrix(ctx, who, row).tolist() if len(about["classes"]) <= MATRIX else None
    worst = evaluations.images(ctx, who, row, Wanted(show="wrong", sort="hardest"), size=WORST)["records"]
    picture = None
    try:
        numbers = [record["index"] for record in worst]
        picture = _data(evaluation_images.sprite(ctx, who, row, numbers, CELL)) if worst else None
    except (NotFound, UserError):  # the images are not this person's to see, or gone: the card is made without them
        worst = []
    return {
        "report": report,
        "about": about,
        "evaluation": row.name,
        "matrix": matrix,
        "worst": worst,
        "picture": picture,
    }


def _units(ctx: Context, who: Principal | None, job_id: str) -> dict[str, Any] | None:
    """The layer before the last, whose units are the most telling ones; the last where there is no other."""
    row = ctx.store.get(job_id, who)
    if row is None:
        return None
    atlas = atlases.about(ctx, who, row)
    index = max(0, len(atlas["layers"]) - 2)
    shown = atlases.units(ctx, who, row, index, sort="selective", size=12)["units"]
    try:
        strips = [_data(atlases.sheet(ctx, who, row, index, [one["unit"]], 6)) for one in shown]
    except NotFound:
        return None
    return {"layer": atlas["layers"][index]["name"], "units": list(zip(shown, strips, strict=True))}


def _data(jpeg: bytes) -> str:
    return f"data:image/jpeg;base64,{b64encode(jpeg).decode()}"


def _curves(ctx: Context, row: JobRow, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    known = jobs.curve_counts(ctx, row)
    return {name: jobs.series(ctx, row, name, width=WIDTH // 2) for name in names if known.get(name)}


def plot(title: str, curves: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Curves as SVG paths in a box of WIDTH x HEIGHT, with the range of both axes."""
    points = {
        name: [(x, y) for x, y in zip(curve["steps"], curve["values"], strict=True) if y is not None]
        for name, curve in curves.items()
    }
    every = [point for line in points.values() for point in line]
    if not every:
        return {"title": title, "lines": [], "low": 0, "high": 0, "last": 0}
    last, low, high = max(x for x, _ in every) or 1, min(y for _, y in every), max(y for _, y in every)
    span = (high - low) or 1.0

    def path(line: list[tuple[int, float]]) -> str:
        return "M" + "L".join(f"{x * WIDTH / last:.1f},{HEIGHT - (y - low) * HEIGHT / span:.1f}" for x, y in line)

    lines = [(name, path(line)) for name, line in points.items() if line]
    return {"title": title, "lines": lines, "low": low, "high": high, "last": last}


def caveats(found: Mapping[str, Any]) -> list[str]:
    """What somebody who uses the model ought to know, as far as the figures tell it."""
    said: list[str] = []
    report = found.get("report")
    if report is None:
        said.append("It has not been evaluated: its figures are those of the validation during training.")
    elif found["about"]["split"] in ("train", "val"):
        said.append(
            f"It was judged on {evaluations.WORDS[found['about']['split']]}, which it has seen or was chosen by."
        )
    if report and report.get("ece") is not None and report["ece"] > 0.05:
        said.append(
            f"Its confidence is off by {report['ece'] * 100:.0f} % on average: do not take it for a probability."
        )
    if report:
        said += _weak(report, found["about"]["classes"])
    counts = ((found["dataset"] or {}).get("artifacts") or {}).get("counts", {}).get("train") or []
    if counts and min(counts) * 5 < max(counts):
        said.append(f"The classes of its training images are uneven: {min(counts):,} to {max(counts):,} images.")
    if found["dataset"] is None:
        said.append("The dataset it was trained on is gone, or not visible to whoever made this card.")
    said.append("It always answers with one of its classes, also for images of something else.")
    return said


def _weak(report: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    """A sentence on classes and on kinds of images that come off much worse than the whole."""
    said, whole = [], report.get("accuracy") or 0.0
    recall = [
        (value, name) for value, name in zip(report["classes"]["recall"], names, strict=True) if value is not None
    ]
    weak = sorted((value, name) for value, name in recall if value < whole - 0.1)
    if weak:
        words = ", ".join(f"{name} ({value * 100:.0f} %)" for value, name in weak[:5])
        said.append(f"Much less accurate than on the whole for: {words}.")
    for kind, groups in report["slices"].items():
        worst = min(groups, key=lambda group: group["accuracy"])
        if worst["interval"][1] < whole - 0.02:
            values = worst["value"] if "value" in worst else f"{worst['low']:.3g} to {worst['high']:.3g}"
            said.append(f"Less accurate ({worst['accuracy'] * 100:.1f} %) for images of {kind} {values}.")
    return said
