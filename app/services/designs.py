"""Saved networks: jobs of the type "network" that are Done at birth, whose folder keeps every version of the source."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from app.services import networks
from app.services.context import Conflict, Context, NotFound, StorageFull, find_job, require
from app.services.networks import LONGEST, Images
from app.services.submit import Order, parse_form, submit
from data.errors import UserError
from data.options import option, plain
from data.whole import write_whole
from jobs.folder import EventLog, JobFolder
from jobs.job import Status, is_id
from jobs.permissions import Principal
from jobs.tables import JobRow
from models.networks import networks as library

TYPE = "network"
KEPT = 10_000
"""Versions of one network; each is a small file."""


@dataclass(frozen=True, kw_only=True)
class Beginning:
    """What is kept of a new network beside its source: where it came from, and the images it was drawn for."""

    begun_from: Annotated[
        str | None, option("Begun from", "The network of the library, or the job, that it was copied from.")
    ] = None
    channels: Annotated[int, option("Channels", ge=1, le=4096)] = 3
    height: Annotated[int, option("Height", unit="px", ge=1, le=8192)] = 224
    width: Annotated[int, option("Width", unit="px", ge=1, le=8192)] = 224
    classes: Annotated[int, option("Classes", ge=1, le=100_000)] = 10

    @property
    def images(self) -> Images:
        """What it was drawn for when it was saved."""
        return Images(self.channels, self.height, self.width, self.classes)


def create(ctx: Context, who: Principal | None, values: Mapping[str, Any]) -> JobRow:
    """Save a network under a name of its own. Raises InvalidOptions, NotAllowed, StorageFull.

    A source that is not finished, or no Python at all, is saved as it is: nothing is run.
    """
    who = require(who, "create")
    source = str(values.get("source") or "")
    _check_length(source)
    begun, label = parse_form(Beginning, {k: v for k, v in values.items() if k != "source"}, lambda _: "Network")
    first = _version(1, source, who, "", begun.images)

    def prepare(folder: JobFolder) -> None:
        (folder.artifacts / "versions").mkdir()
        _write(folder, first)
        EventLog(folder.events_path).append("status", status=Status.DONE.value)

    row = submit(ctx, who, Order(type=TYPE, task="", options=begun, prepare=prepare), label, plain(begun))
    return _refresh(ctx, row, first)


def find(ctx: Context, who: Principal | None, job_id: str) -> JobRow:
    """A saved network that ``who`` may see. Raises NotFound."""
    return find_job(ctx, who, job_id, TYPE)


def versions(ctx: Context, row: JobRow) -> list[dict[str, Any]]:
    """Every version, oldest first: ``number``, ``source``, ``author``, ``created``, ``note``, sizes and totals."""
    folder = ctx.store.folder(row.id).artifacts / "versions"
    found = []
    for path in sorted(folder.glob("*.json")):
        try:
            found.append(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            raise Conflict(f"{row.name} is damaged: {path} cannot be read: {error}.") from None
    if not found:
        raise NotFound(f"The source of {row.name} is no longer on the disk.")
    return found


def version(ctx: Context, row: JobRow, number: int | None = None) -> dict[str, Any]:
    """One version; the newest where none is named. Raises NotFound."""
    found = versions(ctx, row)
    chosen = found[-1] if number is None else next((one for one in found if one["number"] == number), None)
    if chosen is None:
        raise NotFound(f"{row.name} has no version {number}; the newest is {found[-1]['number']}.")
    return chosen


def save(ctx: Context, who: Principal | None, row: JobRow, values: Mapping[str, Any]) -> dict[str, Any]:
    """Keep ``values["source"]`` as the version after ``values["base"]``. The same source makes no new version.

    Raises Conflict where somebody saved another version since, so that nobody's work is overwritten.
    """
    who = require(who, "edit", row)
    source, latest = str(values["source"]), version(ctx, row)
    _check_length(source)
    if source == latest["source"]:
        return latest
    if int(values["base"]) != latest["number"] or latest["number"] >= KEPT:
        raise Conflict(
            f"{latest['author']} saved version {latest['number']} of {row.name} after you had opened version "
            f"{values['base']}. Yours was not saved, so that nothing is lost.",
            hint="Save yours as a new network, or open the newest version and do your change there.",
        )
    images = Images(**{name: int(values[name]) for name in ("channels", "height", "width", "classes")})
    made = _version(latest["number"] + 1, source, who, str(values.get("note") or ""), images)
    folder = ctx.store.folder(row.id)
    try:
        _write(folder, made)
    except FileExistsError:
        return save(ctx, who, row, values)  # somebody was faster: the check above now says so
    except OSError as error:
        raise StorageFull(f"The version could not be written to {folder.path}: {error.strerror or error}.") from error
    _refresh(ctx, row, made)
    return made


def source_to_train(ctx: Context, who: Principal | None, name: str) -> str | None:
    """The newest source of a saved network by its id, or of one version as "id@3"; None for any other name.

    Raises NotFound where there is no such network that ``who`` may see.
    """
    job_id, _, number = name.partition("@")
    if not is_id(job_id):
        return None
    row = find(ctx, who, job_id)
    return str(version(ctx, row, int(number) if number.isdigit() else None)["source"])


def beginning(ctx: Context, who: Principal | None, name: str) -> dict[str, Any]:
    """Where to start from: ``source``, ``title`` and ``images`` of a network of the library, a saved network or a
    model (by id). Raises NotFound."""
    if name in library:
        found = library[name]
        images = Images(1 if name == "lenet" else 3, found.size, found.size)
        return {"source": found.source, "title": found.title, "images": images}
    row = find_job(ctx, who, name)
    if row.type == TYPE:
        newest = version(ctx, row)
        return {"source": newest["source"], "title": row.name, "images": images_of(newest)}
    return {"source": networks.source_of_job(ctx, who, name)[-1], "title": row.name, "images": _trained(ctx, row)}


def images_of(saved: Mapping[str, Any]) -> Images:
    """What a version was drawn for when it was saved."""
    return Images(**{name: int(saved[name]) for name in ("channels", "height", "width", "classes")})


def _trained(ctx: Context, row: JobRow) -> Images:
    """What a model sees, as far as its folder tells."""
    model = ctx.states.get(row.id).artifacts.get("model") or {}
    sizes = {name: int(model[name]) for name in ("channels", "height", "width") if name in model}
    classes = len(model.get("classes", ()))
    return Images(**sizes, **({"classes": classes} if classes else {}))


def _check_length(source: str) -> None:
    if len(source) > LONGEST:
        raise UserError(f"The source has {len(source):,} characters; up to {LONGEST:,} are kept.", field="source")


def _version(number: int, source: str, who: Principal, note: str, images: Images) -> dict[str, Any]:
    known = networks.totals(source, images) or {}
    costs = {name: known.get(name) for name in ("parameters", "flops")}
    return {
        "number": number,
        "source": source,
        "author": who.name,
        "created": time.time(),
        "note": note.strip()[:500],
        **vars(images),
        **costs,
    }


def _write(folder: JobFolder, made: Mapping[str, Any]) -> None:
    """Write a version aside, then claim its number with a link: two who save at once cannot both have it."""
    folder_of_versions = folder.artifacts / "versions"
    target = folder_of_versions / f"{made['number']:05d}.json"
    aside = folder_of_versions / f".{made['number']}.{os.getpid()}.{time.time_ns()}"
    try:
        aside.write_text(json.dumps(made), encoding="utf-8")
        os.link(aside, target)
    finally:
        aside.unlink(missing_ok=True)
    write_whole(folder.artifacts / "network.py", str(made["source"]).encode())  # for people who look into the folder


def listed(ctx: Context, row: JobRow) -> JobRow:
    """The row with what lists show of its newest version; a database made anew from the folders does not know it."""
    if row.broken or "versions" in (row.summary or {}):
        return row
    try:
        return _refresh(ctx, row, version(ctx, row))
    except UserError:
        return row  # its page says what is damaged


def _refresh(ctx: Context, row: JobRow, newest: Mapping[str, Any]) -> JobRow:
    """What lists show of it."""
    keys = ("parameters", "flops", "channels", "height", "width", "classes", "author")
    summary = {**{key: newest[key] for key in keys}, "versions": newest["number"], "updated": newest["created"]}
    ctx.store.record(row.id, ctx.store.folder(row.id).state(), summary)
    return ctx.store.get(row.id, anyone=True) or row
