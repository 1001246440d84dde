"""Learning-rate schedules: what there is, and the rate over a training before it is run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.services.context import Context
from app.services.jobs import job_of
from data.errors import InvalidOptions
from data.options import parse, schema
from jobs.tables import JobRow
from models.train_options import TrainOptions, completed
from models.training.course import Change, Course
from models.training.optimizers import optimizers
from models.training.schedule import follows_results, projected
from models.training.schedules import schedules

WEIGHTS = ("start_from", "weights_file", "pretrained")  # from trained weights, a blank rate is lower
COMMON = (
    *("schedule", "warmup", "warmup_percent", "warmup_start", "learning_rate", "optimizer", "network", "epochs"),
    *WEIGHTS,
)
MOST_POINTS, MOST_POLICIES = 2001, 20


def listed() -> list[dict[str, Any]]:
    """Every schedule: ``name``, ``title``, ``help`` and the JSON schema of each of its ``options``."""
    described = schema(TrainOptions)["properties"]
    names = described["schedule"]["enum"]
    return [
        {
            "name": name,
            "title": schedules[name].title,
            "help": schedules[name].help,
            "options": {field: described[field] for field in _own(name)},
        }
        for name in names
    ]


def planned(ctx: Context, row: JobRow, points: int = 201) -> dict[str, Any]:
    """The rate of a training over all its steps, with what was changed by hand and what followed from its results.

    ``{"steps", "rates"}``, equal to the curve ``learning_rate`` at steps that are done; empty before there is a plan.
    """
    state = ctx.states.get(row.id)
    plan = state.artifacts.get("plan") or {}
    steps = int(plan.get("steps") or 0)
    if not steps:
        return {"steps": [], "rates": []}
    options = completed(parse(TrainOptions, job_of(ctx, row).options))
    changes = [Change(int(act["step"]), float(act["scale"])) for act in state.acts if "scale" in act]
    shown = sorted({1 + round((steps - 1) * index / (points - 1)) for index in range(points)})
    told = [(int(event["step"]), event["values"]) for event in state.metrics]
    rates = []
    for step in shown:
        course = Course(options, steps, [values for at, values in told if at < step], changes)
        rates.append(course.rate(step))
    return {"steps": shown, "rates": rates}


def usual() -> dict[str, dict[str, float | None]]:
    """What a blank rate (None: the network's own) and weight decay mean for each optimizer."""
    return {part.name: {"rate": part.options.rate, "decay": part.options.decay} for part in optimizers}


def project(policies: Sequence[Mapping[str, Any]], points: int = 201) -> list[dict[str, Any]]:
    """The planned rates of each policy (training options; what has nothing to do with the rate is passed over).

    Each answer has ``percent`` [points], ``rates`` [points], ``title``, and ``follows_results``: the rate then depends
    on what will be measured, and only its beginning is known. Raises InvalidOptions naming the wrong fields.
    """
    if not 0 < len(policies) <= MOST_POLICIES or not 2 <= points <= MOST_POINTS:
        raise InvalidOptions({"policies": [f"Give 1 to {MOST_POLICIES} policies and 2 to {MOST_POINTS} points."]})
    return [_projection(options_of(values), points) for values in policies]


def words(options: Mapping[str, Any]) -> dict[str, str]:
    """Optimizer and schedule of a job's options in words: {"optimizer": "AdamW", "schedule": "Step down (...)"}."""
    optimizer, schedule = (str(options.get(key, "")) for key in ("optimizer", "schedule"))
    described = schema(TrainOptions)["properties"]
    said = [
        f"{described[name]['title'][0].lower()}{described[name]['title'][1:]} {_shown(options[name], described[name])}"
        for name in _own(schedule)
        if name in options and not described[name].get("advanced")
    ]
    warm = f", {options['warmup_percent']:g} % warm-up" if options.get("warmup", "none") != "none" else ""
    title = schedules[schedule].title if schedule in schedules else schedule
    return {
        "optimizer": optimizers[optimizer].title if optimizer in optimizers else optimizer,
        "schedule": (f"{title} ({', '.join(said)})" if said else title) + warm,
    }


def _shown(value: Any, spec: Mapping[str, Any]) -> str:
    text = f"{value:g}" if isinstance(value, float) else spec.get("labels", {}).get(str(value), str(value))
    return f"{text} {spec['unit']}" if "unit" in spec else text


def options_of(values: Mapping[str, Any]) -> TrainOptions:
    """The options that decide the rate, everything else at its default. Raises InvalidOptions."""
    wanted = {*COMMON, *_own(str(values.get("schedule") or "step"))}
    kept = {name: value for name, value in values.items() if name in wanted}
    return completed(parse(TrainOptions, {**kept, "dataset": "-"}))


def _projection(options: TrainOptions, points: int) -> dict[str, Any]:
    return {
        "title": schedules[options.schedule].title,
        "percent": [100 * index / (points - 1) for index in range(points)],
        "rates": projected(options, points),
        "follows_results": follows_results(options),
        "epochs": options.epochs,
    }


def _own(name: str) -> list[str]:
    """The options of one schedule; none for an unknown name."""
    return schedules[name].fields if name in schedules else []
