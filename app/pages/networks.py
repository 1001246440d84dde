"""Networks: the library with saved networks, the page where source and graph stand side by side, and what changed."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Blueprint, render_template, request, url_for

from app.auth import current
from app.extensions import context
from app.pages import ROWS, allowed, number, page_numbers, pages_of
from app.services import designs, jobs, models, networks
from app.services.asked import class_names, input_shape
from app.services.context import Context
from app.services.networks import Images
from data.errors import UserError
from jobs.permissions import Principal, can
from jobs.store import Listing
from models.networks import networks as library

blueprint = Blueprint("networks", __name__)
CHOICES = 100
START = '''"""A network of your own: two convolutions and a linear layer."""

import torch.nn.functional as F
from torch import nn


class Net(nn.Module):
    def __init__(self, channels, classes):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(32, classes)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.max_pool2d(x, 2)
        x = F.relu(self.conv2(x))
        x = self.pool(x).flatten(1)
        return self.fc(x)
'''


@blueprint.get("/networks")
def index() -> str:
    """The library, and saved networks page by page."""
    text, page = request.args.get("q", "").strip(), number(request.args.get("p"), 1, 1, 1_000_000)
    listing = Listing(type=designs.TYPE, text=text, sort="-created", limit=ROWS, offset=(page - 1) * ROWS)
    rows, total = jobs.list_jobs(context(), current(), listing)
    pages = pages_of(total, ROWS)
    return render_template(
        "networks/index.html",
        library=models.networks(context()), broken=_broken(), total=total,
        rows=[jobs.brief(designs.listed(context(), row)) for row in rows], q=text,
        page=page, numbers=page_numbers(page, pages), pages=pages, may_save=can(current(), "create"),
    )  # fmt: skip


@blueprint.get("/networks/new")
def new() -> str:
    """A new network: a small one to begin with, or a copy of one of the library or of a job (``?from=``)."""
    begin = request.args.get("from", "").strip()
    if not begin:
        return _editor({"source": START, "title": "New network", "images": Images(3, 32, 32, 10)}, {})
    found = designs.beginning(context(), current(), begin)
    more = {"name": begin} if begin in library else {"job": begin}
    return _editor({**found, "title": f"Copy of {found['title']}"}, {**more, "copied": True})


@blueprint.get("/networks/<name>")
def show(name: str) -> str:
    """A network of the library, or a saved one by its id (``?version=`` an older version)."""
    if name in library:
        return _editor(designs.beginning(context(), current(), name), {"name": name})
    row = designs.find(context(), current(), name)
    wanted = request.args.get("version", "")
    newest = designs.version(context(), row)
    chosen = designs.version(context(), row, int(wanted)) if wanted.isdigit() else newest
    begin = {"source": chosen["source"], "title": row.name, "images": designs.images_of(chosen)}
    own = {"id": row.id, "version": newest["number"], "shown": chosen["number"], "edit": can(current(), "edit", row)}
    return _editor(begin, own, row)


@blueprint.get("/networks/<job_id>/changes")
def changes(job_id: str) -> str:
    """Versions of a saved network, and what changed between two of them in terms of layers."""
    row = designs.find(context(), current(), job_id)
    found = designs.versions(context(), row)
    last = found[-1]["number"]
    after = number(request.args.get("after"), last, 1, last)
    before = number(request.args.get("before"), max(after - 1, 1), 1, last)
    sides = [next(version for version in found if version["number"] == wanted) for wanted in (before, after)]
    said, difference = "", None
    try:
        images = designs.images_of(sides[1])
        difference = networks.compare(context(), current(), sides[0]["source"], sides[1]["source"], images)
    except UserError as error:
        said = f"These versions cannot be compared by their layers: {error}"
    return render_template(
        "networks/changes.html",
        job=jobs.brief(row), versions=found[::-1], before=before, after=after, difference=difference, said=said,
        notes=row.notes, may=allowed(current(), row),
    )  # fmt: skip


def _editor(begin: dict[str, Any], own: dict[str, Any], row: Any = None) -> str:
    """The page with both sides; ``own`` says whose source it is."""
    who, ctx = current(), context()
    pages = {
        "show": url_for("networks.show", name="NAME"),
        "train": url_for("models.new", network="ID"),
    }
    may = {"save": can(who, "create"), "edit": bool(own.get("edit")), "measure": networks.may_measure(ctx, who)}
    data = {
        **{key: own.get(key) for key in ("id", "name", "job", "version", "shown")},
        "source": begin["source"], "title": begin["title"], "images": asdict(begin["images"]), "may": may,
        "pages": pages, "user": who.name if who else "",
    }  # fmt: skip
    return render_template(
        "networks/edit.html",
        data=data, title=begin["title"], may=may, job=jobs.brief(row) if row is not None else None,
        copied=own.get("copied"), datasets=_datasets(ctx, who),
    )  # fmt: skip


def _datasets(ctx: Context, who: Principal | None) -> list[dict[str, Any]]:
    """What may be chosen as the images to draw for: each dataset's name and sizes."""
    rows, _ = jobs.list_jobs(ctx, who, Listing(type="dataset", limit=CHOICES))
    found = []
    for row in rows:
        if row.status in ("Error", "Aborted") or row.broken:
            continue
        channels, height, width = input_shape(ctx, row, None)
        classes = max(2, len(class_names(ctx, row)))
        sizes = {"channels": channels, "height": height, "width": width, "classes": classes}
        found.append({"id": row.id, "name": row.name, "images": sizes})
    return found


def _broken() -> dict[str, str]:
    """Files of the library that do not load, each with its reason."""
    list(library)
    return dict(library.broken)
