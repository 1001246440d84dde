"""Sweeps: several models of one recipe, made from one form: every combination of some values, or a search for the best.

A sweep is a job of its own that keeps what is varied; its models ("trials") are ordinary jobs that name it in job.json.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.services import models, weights
from app.services.asked import Asked, asked, try_network
from app.services.context import Context, require
from app.services.jobs import Label
from app.services.submit import Order, submit
from data.errors import InvalidOptions
from data.files import counted
from data.options import parse, plain
from jobs.folder import EventLog, JobFolder
from jobs.job import Needs, Status
from jobs.permissions import Principal
from jobs.tables import JobRow
from models.sweeps.options import SearchOptions, SweepOptions, trial_name
from models.sweeps.space import Space, check_values, combinations, count, read_space
from models.train_options import TrainOptions, completed

TYPE = "sweep"
DIGITS_LISTS = ("learning_rate", "batch_size")
MOST = 200
"""Models of one sweep; a grid grows quickly, and each of its models is trained to the end."""


def create(ctx: Context, who: Principal | None, values: Mapping[str, Any]) -> JobRow:
    """A sweep from ``values``: ``model`` (the form of a model), ``vary`` (option -> values or range) and, where the
    best are to be searched for, ``search`` (SearchOptions). Every combination is checked before a model is made.

    Raises InvalidOptions naming every wrong field (those of ``vary`` by the option's name), NotAllowed, StorageFull.
    """
    who = require(who, "create")
    searched = values.get("search")
    space = read_space(values.get("vary") or {}, ranges=searched is not None)
    _check_size(space, searched=searched is not None)
    model = dict(values["model"])
    check_values(space, model)
    if searched is not None:
        return _search(ctx, who, model, space, parse(SearchOptions, searched))
    grid = combinations(space)
    named = str(model.get("name") or "").strip() or asked(ctx, who, {**model, **grid[0]}).label.name
    wanted = [{**model, **values, "name": trial_name(named, values)} for values in grid]
    return make(ctx, who, {**model, "name": named}, space, [*zip(grid, wanted, strict=True)])


def make(
    ctx: Context,
    who: Principal,
    model: Mapping[str, Any],
    space: Space,
    wanted: list[tuple[dict[str, Any], dict[str, Any]]],
) -> JobRow:
    """A sweep of these models, as pairs of what is varied and all form values; made as a whole or not at all.

    Where the form names no seed all of them get the same, and where it names no group they get the sweep's name.
    """
    checked = [asked(ctx, who, values) for _, values in wanted]
    _try(ctx, who, checked)
    first = checked[0]
    seed = {} if "seed" in space else {"seed": completed(first.options).seed}
    label = replace(first.label, name=str(model["name"]), group=first.label.group or str(model["name"])[:200])
    row = _sweep(
        ctx, who, label, SweepOptions(model=dict(model), space=_plain(space), curve=first.options.watched_curve)
    )
    made = [row]
    log = EventLog(ctx.store.folder(row.id).events_path)
    try:
        for number, ((varied, values), one) in enumerate(zip(wanted, checked, strict=True), 1):
            one = replace(one, options=replace(one.options, **seed), label=replace(one.label, group=label.group))
            trial = models.make(ctx, who, one, {**values, **seed}, sweep=row.id)
            made.append(trial)
            log.append("trial", number=number, id=trial.id, values=_told(one.options, varied))
    except BaseException:
        for one_made in made:
            ctx.store.edit(one_made.id, delete_requested=True)
        raise
    return row


def of_digits(ctx: Context, who: Principal | None, name: str, wanted: list[dict[str, Any]]) -> JobRow:
    """A sweep of models that DIGITS's form has expanded already: its comma lists of rates and batch sizes.

    Raises as :func:`create` does.
    """
    who = require(who, "create")
    lists = {option: list(dict.fromkeys(values[option] for values in wanted)) for option in DIGITS_LISTS}
    space = read_space({option: values for option, values in lists.items() if len(values) > 1}, ranges=False)
    _check_size(space, searched=False)
    return make(ctx, who, {**wanted[0], "name": name}, space, [({key: v[key] for key in space}, v) for v in wanted])


def models_of(ctx: Context, row: JobRow) -> list[JobRow]:
    """The models of a sweep in the order of their numbers; those that are gone are left out."""
    told = sorted(ctx.states.get(row.id).trials.items())
    rows = ctx.store.briefly(str(trial["id"]) for _, trial in told)
    return [rows[str(trial["id"])] for _, trial in told if str(trial["id"]) in rows]


def size(values: Mapping[str, Any]) -> dict[str, Any]:
    """What a form would make, in words, before it is sent: ``models`` and ``words``. Raises InvalidOptions."""
    searched = values.get("search")
    space = read_space(values.get("vary") or {}, ranges=searched is not None)
    if not space:
        return {"models": 1, "words": ""}
    _check_size(space, searched=searched is not None)
    check_values(space, values.get("model") or {})
    if searched is not None:
        trials = parse(SearchOptions, searched).trials
        most = counted(trials, "model")
        words = f"Up to {most} will be trained, each chosen by what the ones before it showed."
        return {"models": trials, "words": words}
    parts = " × ".join(f"{len(one.ends)} {name.replace('_', ' ')}s" for name, one in space.items())
    return {"models": count(space), "words": f"{counted(count(space), 'model')} will be trained: {parts}."}


def _check_size(space: Space, *, searched: bool) -> None:
    if not space:
        raise InvalidOptions({"vary": ["Say which options are to be varied, and give their values."]})
    if not searched and (number := count(space)) > MOST:
        longest = max(space, key=lambda name: len(space[name].ends))
        raise InvalidOptions(
            {longest: [f"This would be {number:,} models; up to {MOST} are made at once. Leave out some values."]}
        )


def _try(ctx: Context, who: Principal, wanted: list[Asked]) -> None:
    """Try each different network (and its starting weights) once, in an inspector."""
    seen = set()
    for one in wanted:
        key = (one.source, *one.shape.values())
        if key not in seen:
            seen.add(key)
            try_network(ctx, one)
            weights.try_weights(ctx, who, one)


def _search(ctx: Context, who: Principal, model: dict[str, Any], space: Space, search: SearchOptions) -> JobRow:
    """A search: its worker chooses the values, and the scheduler makes the models that it asks for.

    What can be tried beforehand is: every network, with the first value of everything else.
    """
    first = {name: values.ends[0] for name, values in space.items()}
    networks = space["network"].ends if "network" in space else ({**model, **first}.get("network", "lenet"),)
    checked = {str(name): asked(ctx, who, {**model, **first, "network": name}) for name in networks}
    _try(ctx, who, [*checked.values()])
    one = next(iter(checked.values()))
    label = replace(one.label, group=one.label.group or one.label.name[:200])
    seed = {} if "seed" in space else {"seed": completed(one.options).seed}
    options = SweepOptions(
        model={
            **model,
            **seed,
            "name": label.name,
            "group": label.group,
            "visibility": label.visibility,
            "evaluate": False,
        },
        space=_plain(space),
        curve=one.options.watched_curve,
        search=search,
        sources={name: each.source for name, each in checked.items()},
        needs=plain(models.needs_of(ctx, one.options)),
    )
    order = Order(TYPE, "search_models", options, parents=(one.dataset.id,), needs=Needs(slots=0))
    return submit(ctx, who, order, label, {"model": model, "vary": _plain(space), "search": plain(search)})


def _sweep(ctx: Context, who: Principal, label: Label, options: SweepOptions) -> JobRow:
    """The job of a grid: it is Done when it is made, for its models do the work."""

    def prepare(folder: JobFolder) -> None:
        EventLog(folder.events_path).append("status", status=Status.DONE.value)

    order = Order(TYPE, "", options, prepare=prepare)
    return submit(ctx, who, order, label, {"model": options.model, "vary": options.space})


def _plain(space: Space) -> dict[str, Any]:
    return {name: values.to_dict() for name, values in space.items()}


def _told(options: TrainOptions, varied: Mapping[str, Any]) -> dict[str, Any]:
    """What is varied, as the model has it: numbers, not the texts of a form."""
    return {name: getattr(options, name) for name in varied}
