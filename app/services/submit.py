"""Making a job of any type out of validated options: the one place that writes to the job folder and the database."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from app.services.context import Conflict, Context, StorageFull
from app.services.jobs import LABELS, Label
from data.errors import InvalidOptions, UserError
from data.options import parse, plain
from jobs.folder import JobFolder
from jobs.job import Job, Needs, new_id
from jobs.label import join_tags
from jobs.permissions import Principal
from jobs.tables import JobRow

T = TypeVar("T")


@dataclass(frozen=True)
class Order:
    """What is to be made: the job's type and task, its options, what it waits for and needs, and whose trial it is."""

    type: str
    task: str
    options: Any
    parents: tuple[str, ...] = ()
    needs: Needs = field(default_factory=Needs)
    prepare: Callable[[JobFolder], None] | None = None
    sweep: str = ""


def parse_form(cls: type[T], values: Mapping[str, Any], default_name: Callable[[T], str]) -> tuple[T, Label]:
    """Split form values into the options ``cls`` and the job's label; wrong fields of both are reported together."""
    labels = {key: values[key] for key in LABELS if key in values}
    wrong: dict[str, list[str]] = {}
    options = collect(wrong, lambda: parse(cls, {key: value for key, value in values.items() if key not in LABELS}))
    if not str(labels.get("name") or "").strip():
        labels["name"] = default_name(options)[:500] if options is not None else "-"
    label = collect(wrong, lambda: parse(Label, labels))
    if options is None or label is None:
        raise InvalidOptions(wrong)
    return options, label


def submit(ctx: Context, who: Principal, order: Order, label: Label, form: Mapping[str, Any]) -> JobRow:
    """Write the job folder, then the row; the scheduler takes it from there. Raises StorageFull in words."""
    job = Job(
        id=new_id(),
        type=order.type,
        task=order.task,
        name=label.name,
        options=plain(order.options),
        form={key: value for key, value in form.items() if key not in LABELS},
        owner=who.name,
        group=label.group,
        parents=order.parents,
        needs=order.needs,
        created=time.time(),
        sweep=order.sweep,
    )
    return _create(ctx, job, label, order)


def _create(ctx: Context, job: Job, label: Label, order: Order) -> JobRow:
    try:
        tags = join_tags([label.tags])
        return ctx.store.create(job, label.visibility, order.prepare, notes=label.notes, tags=tags)
    except FileExistsError:
        raise Conflict("Another job was made in this very moment.", hint="Please try again.") from None
    except OSError as error:
        raise StorageFull(
            f"The job could not be written to {ctx.store.root}: {error.strerror or error}.",
            hint="Free some space or make the folder writable for the server, then try again.",
        ) from error


def collect(wrong: dict[str, list[str]], work: Callable[[], T], field: str | None = None) -> T | None:
    """The result of ``work``, or None with its complaints added to ``wrong``, under ``field`` where that is given."""
    try:
        return work()
    except UserError as error:
        if isinstance(error, InvalidOptions) and field is None:
            wrong.update(error.fields)
        else:
            wrong.setdefault(field or error.field or "options", []).append(str(error))
    return None
